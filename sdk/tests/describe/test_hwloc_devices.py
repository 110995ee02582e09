"""The importer `hwloc`: GPUs and what only looks like one, links between them, disks, network cards."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crex.v1 import Fabric
from sdk.tests.describe.topologies import device, function, gpu, info, matrix, node, read, topology, whys

AFTER = info("Architecture", "x86_64")
MODEL = info("GPUModel", "NVIDIA H100")
H100 = "0302 [10de:2330] [0000:0000] a1"


def test_two_names_of_one_function_are_one_device() -> None:
    """What CUDA and NVML name alike is counted once, and a name without a function not at all."""
    imported = read(topology(inner=gpu(1) + device("cuda9", MODEL)))
    assert [one.count for one in node(imported).accelerators] == [1]
    assert "it lies at no PCI function" in whys(imported)


@pytest.mark.parametrize(
    ("inner", "why"),
    [
        (gpu(1, model="NVIDIA A100-SXM4-40GB MIG 1g.5gb"), "a slice of a device"),
        (gpu(1, model="NVIDIA A40-48Q"), "a slice of a device"),
        (function(1, device("cuda0", MODEL) + device("cuda1", MODEL), H100), "these are slices of it"),
        (function(1, device("rsmi0", MODEL) + device("rsmi1", MODEL), H100), "these are slices of it"),
        (function(1, device("opencl0d0", MODEL, info("OpenCLDeviceType", "Accelerator")), H100), "no GPU"),
        (function(1, device("ze0", MODEL, info("LevelZeroDeviceType", "FPGA")), H100), "no GPU"),
        (function(1, device("cuda0", MODEL) + device("nvml0", info("GPUModel", "T4")), H100), "not certain"),
        (function(1, device("cuda0", MODEL), "0302 [1234:2330] a1"), "not certain"),
        (function(1, device("cuda0", MODEL), "N/A"), "not certain"),
    ],
)
def test_what_is_no_whole_known_gpu(inner: str, why: str) -> None:
    """Slices, other devices and what nobody names for certain are never counted as GPUs (trap 7)."""
    imported = read(topology(inner=inner))
    assert not node(imported).accelerators
    assert why in whys(imported)


def test_functions_that_no_library_names_are_reported() -> None:
    """They may be devices, displays or virtual functions, and are told by number; a console is none."""
    virtual = "".join(function(bus, "", "0302 [10de:2330] [10de:16c1] a1") for bus in range(2, 18))
    console = function(1, "", "0300 [1a03:2000] [1028:0518] 21")
    imported = read(topology(inner=gpu(1) + virtual + console))
    assert [one.count for one in node(imported).accelerators] == [1]
    (what,) = [one.what for one in imported.findings]
    assert what == "node.accelerators: 16 PCI functions 10de:2330"


def test_a_device_of_several_platforms_of_opencl() -> None:
    """Two platforms that name one function are one device."""
    names = device("opencl0d0", MODEL, info("OpenCLDeviceType", "GPU")) + device("opencl1d0", MODEL)
    (one,) = node(read(topology(inner=function(1, names, H100)))).accelerators
    assert (one.count, one.pci.HasField("subvendor"), one.HasField("memory")) == (1, False, False)


def test_parts_that_level_zero_names_are_no_devices() -> None:
    """A device includes the memory of its parts, which are named beside it."""
    part = device("ze0.0", info("LevelZeroSubdeviceID", 0), info("LevelZeroHBMSize", "67108864KiB"))
    whole = device(
        "ze0",
        info("LevelZeroModel", "Intel(R) Data Center GPU Max 1550"),
        info("LevelZeroDeviceType", "GPU"),
        info("LevelZeroHBMSize", "134217728KiB"),
    )
    (one,) = node(read(topology(inner=function(1, whole + part, "0380 [8086:0bd5] 2f")))).accelerators
    assert (one.vendor, one.product, one.count) == ("intel", "Intel(R) Data Center GPU Max 1550", 1)
    assert one.memory.capacity_bytes == 128 << 30


def test_memory_of_a_device_that_is_not_certain() -> None:
    """Libraries that differ, and a size that no product with these identifiers has, leave it out."""
    named = MODEL + info("CUDAGlobalMemorySize", "83035776KiB")
    other = MODEL + info("RSMIVRAMSize", "83035777KiB")
    imported = read(topology(inner=function(1, device("cuda0", named) + device("rsmi0", other), H100)))
    assert not node(imported).accelerators[0].HasField("memory")
    assert "libraries differ in how much it has" in whys(imported)
    imported = read(topology(inner=gpu(1, memory=183035776)))
    assert not node(imported).accelerators[0].HasField("memory")
    assert "no product with its identifiers has" in whys(imported)


def fabrics(*matrices: str, gpus: int = 4) -> tuple[list[Fabric], str]:
    """Gives the fabrics of a machine, and what is said of them."""
    inner = "".join(gpu(bus) for bus in range(1, gpus + 1))
    imported = read(topology(inner=inner, after=AFTER + "".join(matrices)))
    return list(node(imported).fabrics), whys(imported)


def mesh(rate: int, gpus: int = 4, itself: int = 1000000) -> list[list[object]]:
    """Gives links that join each GPU to each other one."""
    return [[itself if one == two else rate for two in range(gpus)] for one in range(gpus)]


INDEXES = [str(at) for at in range(4)]


@pytest.mark.parametrize("itself", [1000000, 0])
def test_links_of_one_direction_are_added_up(itself: int) -> None:
    """MB/s of every link but that to itself, in bits; a mesh is all to all (trap 9)."""
    ((one,), _) = fabrics(matrix("NVLinkBandwidth", INDEXES, mesh(100000, itself=itself), "OSDev"))
    assert (one.technology, one.scope, one.topology, one.domain_size) == ("nvlink", "node", "all-to-all", 4)
    assert one.endpoint_bits_per_s == 3 * 100 * 8 * 10**9


def test_links_through_switches_have_a_rate_and_no_topology() -> None:
    """What a switch joins is not in the matrix."""
    indexes = ["OSDev:1", "OSDev:2", "PCIDev:3", "PCIDev:4"]
    rows = [[0, 0, 25000, 25000], [0, 0, 25000, 25000], [25000, 25000, 0, 0], [25000, 25000, 0, 0]]
    ((one,), why) = fabrics(matrix("NVLinkBandwidth", indexes, rows), gpus=2)
    assert (one.endpoint_bits_per_s, one.HasField("topology")) == (50 * 8 * 10**9, False)
    assert "each of 2 GPUs is joined to every other" in why


@pytest.mark.parametrize(
    ("name", "technology"), [("XGMIBandwidth", "infinity-fabric"), ("XeLinkBandwidth", "xe-link")]
)
def test_links_whose_rate_hwloc_does_not_know(name: str, technology: str) -> None:
    """That they are there is stated, and no rate."""
    ((one,), why) = fabrics(matrix(name, INDEXES, mesh(100000), "OSDev"))
    assert (one.technology, one.HasField("endpoint_bits_per_s")) == (technology, False)
    assert "hwloc does not know it" in why


def test_links_that_differ_between_the_gpus() -> None:
    """Then no rate is stated, and no topology."""
    rows = mesh(100000)
    rows[0][1] = rows[1][0] = 50000
    ((one,), why) = fabrics(matrix("NVLinkBandwidth", INDEXES, rows, "OSDev"))
    assert not one.HasField("endpoint_bits_per_s")
    assert not one.HasField("topology")
    assert "it differs between the GPUs" in why


@pytest.mark.parametrize(
    ("indexes", "rows", "why"),
    [
        (INDEXES, mesh(100)[:3], "not of as many objects"),
        (INDEXES, [["many"] * 4] * 4, "holds what is no number"),
        (
            INDEXES,
            [[0, 1, 1, 1], [2, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0]],
            "in one direction than in the other",
        ),
        (["PCIDev:1", "OSDev:2", "OSDev:3", "OSDev:4"], mesh(100), "does not begin with the GPUs"),
        ([], [], "not of as many objects"),
    ],
)
def test_what_is_no_matrix_of_links(
    indexes: Sequence[str], rows: Sequence[Sequence[object]], why: str
) -> None:
    """It is left out with the reason."""
    found, whys_ = fabrics(matrix("NVLinkBandwidth", indexes, rows))
    assert not found
    assert why in whys_


def test_matrices_that_say_nothing_of_links() -> None:
    """No link is no fabric, other distances are none, and of two alike the first stands."""
    assert fabrics(matrix("NVLinkBandwidth", INDEXES, mesh(0), "OSDev"))[0] == []
    assert fabrics(matrix("NUMALatency", INDEXES, mesh(10), "NUMANode"))[0] == []
    twice = matrix("NVLinkBandwidth", INDEXES, mesh(100000), "OSDev")
    found, why = fabrics(twice, twice)
    assert len(found) == 1
    assert "it is there twice" in why
    assert not node(read(topology(after=AFTER + twice))).fabrics  # without a GPU


def disk(name: str, size: object = "1953514584KiB") -> str:
    """Writes a disk."""
    return device(name, info("Size", size))


def test_disks_are_told_where_their_name_tells_the_medium() -> None:
    """An NVMe name is flash, which is inferred; `sda` may be anything. Sizes are kibibytes (trap 2)."""
    imported = read(topology(inner=disk("nvme0n1") + disk("nvme1n1", 1953514584) + disk("sda")))
    (tier,) = node(imported).storage
    assert (tier.medium, tier.count, tier.capacity_bytes) == ("nvme-ssd", 2, 1953514584 * 1024)
    assert (tier.provenance.basis, tier.HasField("locality")) == ("estimated", False)
    assert "nothing tells its medium" in whys(imported)


def test_a_disk_of_a_hypervisor_is_no_flash() -> None:
    """Its maker on the bus tells that it is virtual, whatever its name says."""
    (tier,) = node(read(topology(inner=function(1, disk("nvme0n1"), "0108 [1d0f:8061] 00")))).storage
    assert tier.medium == "virtual-disk"
    (tier,) = node(read(topology(inner=function(1, disk("nvme0n1"), "0108 [144d:a80a] 00")))).storage
    assert tier.medium == "nvme-ssd"


@pytest.mark.parametrize("size", ["0KiB", "many", "1.5KiB", "100GB", ""])
def test_a_disk_without_a_size_is_left_out(size: str) -> None:
    """So is one of an unknown unit."""
    imported = read(topology(inner=disk("nvme0n1", size)))
    assert not node(imported).storage
    assert "or its size" in whys(imported)


def test_more_kinds_of_disks_than_a_document_holds() -> None:
    """The first ones are stated, and nothing else is lost."""
    imported = read(topology(inner="".join(disk(f"nvme{at}n1", 1000 + at) for at in range(70))))
    assert len(node(imported).storage) == 64
    assert "there are 70 kinds; a document holds 64, the first" in whys(imported)


def test_network_cards_are_reported() -> None:
    """Their number is told, and why they are not stated."""
    cards = device("eth0", info("Address", "00:00:00:00:00:01")) + device(
        "mlx5_0", info("NodeGUID", "1:2:3:4")
    )
    imported = read(topology(inner=cards))
    assert not node(imported).network
    assert "there are 1 network interfaces and 1 RDMA devices" in whys(imported)
