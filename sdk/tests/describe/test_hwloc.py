"""The importer `hwloc`: topologies of every version, restricted, odd, real and damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crex.describe.hwloc import IMPORTER
from crex.describe.importing import Imported
from crex.describe.sources import Source, open_sources
from crex.v1 import ComputeResource, NodeClass
from sdk.tests.describe import mutations, trees
from sdk.tests.describe.sound import check_sound
from sdk.tests.describe.trees import Describe, why

GIB = 1 << 30
INFOS = (
    '<info name="CPUVendor" value="AuthenticAMD"/><info name="CPUFamilyNumber" value="25"/>'
    '<info name="CPUModelNumber" value="1"/><info name="CPUModel" value="AMD EPYC Example   "/>'
)
GPU = (
    '<object type="PCIDev" pci_busid="0000:0{n}:00.0" pci_type="0302 [10de:2330] [10de:16c1] a1">'
    '<object type="OSDev" name="cuda{n}"><info name="GPUModel" value="NVIDIA H100"/>'
    '<info name="CUDAGlobalMemorySize" value="83035776"/></object>'
    '<object type="OSDev" name="nvml{n}"><info name="GPUModel" value="NVIDIA H100"/></object></object>'
)


def core(number: int, *cpus: int) -> str:
    """Writes a core with its CPUs."""
    units = "".join(f'<object type="PU" os_index="{cpu}"/>' for cpu in cpus)
    return f'<object type="Core" os_index="{number}">{units}</object>'


def topology(
    *,
    cpuset: str = "0x0000000f",
    machine: str = "",
    memory: str = f'local_memory="{64 * GIB}"',
    infos: str = INFOS,
    inner: str = "",
    after: str = '<info name="Architecture" value="x86_64"/><info name="HostName" value="node-7.example"/>',
    cores: str = core(0, 0, 1) + core(1, 2, 3),
) -> str:
    """Writes a machine of one package, two cores and four CPUs."""
    return (
        '<?xml version="1.0"?><!DOCTYPE topology SYSTEM "hwloc2.dtd"><topology version="2.0">'
        f'<object type="Machine" cpuset="{cpuset}" complete_cpuset="{cpuset}" '
        f'allowed_cpuset="{cpuset}" {machine}>'
        f'<object type="Package" os_index="0" cpuset="{cpuset}">{infos}'
        f'<object type="NUMANode" os_index="0" cpuset="{cpuset}" {memory}/>{cores}</object>{inner}'
        f"</object>{after}</topology>"
    )


def read(text: str, name: str = "machine.xml") -> Imported:
    """Imports a topology and checks the books."""
    imported = IMPORTER.read([Source(name, text.encode())])
    mutations.check_books(imported)
    for draft in imported.drafts:
        check_sound(draft)
    return imported


def node(imported: Imported) -> NodeClass:
    """Gives the node of the only draft."""
    (draft,) = imported.drafts
    assert isinstance(draft.body, ComputeResource)
    return draft.body.node


def whys(imported: Imported) -> str:
    """Gives every reason and remark."""
    return " | ".join([*(one.why for one in imported.left_out), *(one.why for one in imported.findings)])


def test_a_whole_machine() -> None:
    """CPUs, cores, sockets, memory in bytes, its domains and devices, each from its objects."""
    made = node(read(topology(inner=GPU.format(n=1) + GPU.format(n=2))))
    cpu = made.cpu
    assert (cpu.isa, cpu.vendor, cpu.model) == ("x86-64", "amd", "AMD EPYC Example")
    assert (cpu.sockets, cpu.physical_cores, cpu.threads_per_core, cpu.schedulable_cpus) == (1, 2, 2, 4)
    assert cpu.provenance.basis == "nominal"
    assert made.memory.capacity_bytes == 64 * GIB
    (domain,) = made.numa
    assert (domain.count, domain.schedulable_cpus, domain.memory_bytes) == (1, 4, 64 * GIB)
    (device,) = made.accelerators
    assert (device.vendor, device.product, device.count) == ("nvidia", "NVIDIA H100", 2)
    assert (device.pci.device, device.pci.subdevice) == ("2330", "16c1")
    assert device.memory.capacity_bytes == 83035776 * 1024  # hwloc counts KiB (trap 2)


def test_two_names_of_one_function_are_one_device() -> None:
    """What CUDA and NVML name alike is counted once, and a name without a function not at all."""
    loose = '<object type="OSDev" name="cuda9"><info name="GPUModel" value="NVIDIA H100"/></object>'
    imported = read(topology(inner=GPU.format(n=1) + loose))
    assert [one.count for one in node(imported).accelerators] == [1]
    assert "no PCI function" in whys(imported)


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"machine": 'x="1"', "cpuset": "0x0000000f"}, ""),
        (
            {"cpuset": "0x0000f00f", "cores": core(0, 0, 1) + core(1, 2, 3) + core(2, 12, 13, 14, 15)},
            "restricted",
        ),
    ],
)
def test_a_restricted_topology_says_nothing_of_all_cores(attributes: dict[str, str], why: str) -> None:
    """Where numbers of CPUs are missing, only those that are there are stated."""
    imported = read(topology(**attributes))
    assert node(imported).cpu.HasField("physical_cores") == (not why)
    assert why in whys(imported)


def test_offline_and_forbidden_cpus_are_none() -> None:
    """CPUs outside of the allowed set are not counted, and cores are left out."""
    text = topology().replace('allowed_cpuset="0x0000000f"', 'allowed_cpuset="0x00000003"')
    imported = read(text)
    assert node(imported).cpu.schedulable_cpus == 2
    assert not node(imported).cpu.HasField("physical_cores")
    assert node(imported).numa[0].schedulable_cpus == 2
    offline = topology().replace('complete_cpuset="0x0000000f"', 'complete_cpuset="0x000000ff"')
    assert not node(read(offline)).cpu.HasField("physical_cores")


def test_a_set_and_a_list_that_differ_are_a_contradiction() -> None:
    """Where the set has more CPUs than are listed, no processor is stated."""
    imported = read(topology(cpuset="0x000000ff"))
    assert not node(imported).HasField("cpu")
    assert "8 CPUs, and 4 are listed" in whys(imported)


@pytest.mark.parametrize(
    ("infos", "isa", "basis"),
    [
        (INFOS, "x86-64", "estimated"),
        (INFOS.replace("25", "6"), None, ""),  # before 64 bits
        (INFOS.replace("AuthenticAMD", "GenuineIntel").replace("25", "6"), None, ""),
        ("", None, ""),
    ],
)
def test_an_instruction_set_that_is_not_named(infos: str, isa: str | None, basis: str) -> None:
    """Without Architecture it is inferred from a processor that has one only, and never otherwise."""
    made = node(read(topology(infos=infos, after="")))
    assert (made.cpu.isa or None) == isa
    assert made.cpu.provenance.basis == basis


def test_memory_that_shares_its_cpus_counts_them_once() -> None:
    """A second domain at the same CPUs, such as HBM, adds memory and no CPUs; its kind is a guess."""
    hbm = f'<object type="NUMANode" os_index="1" cpuset="0x0000000f" subtype="HBM" local_memory="{GIB}"/>'
    made = node(read(topology(inner=hbm)))
    assert [(one.schedulable_cpus, one.memory_bytes) for one in made.numa] == [(4, 64 * GIB), (0, GIB)]
    assert not any(one.HasField("memory_type") for one in made.numa)
    assert made.memory.capacity_bytes == 65 * GIB


@pytest.mark.parametrize("memory", ["", 'local_memory="many"', 'local_memory="-1"', 'local_memory="0"'])
def test_a_domain_without_memory_leaves_it_out(memory: str) -> None:
    """Memory is stated where every domain states its own."""
    imported = read(topology(memory=memory))
    assert not node(imported).HasField("memory")
    assert "not every memory domain" in whys(imported)


def test_disks_are_told_where_their_name_tells_the_medium() -> None:
    """An NVMe name is flash; `sda` may be anything."""
    disks = "".join(
        f'<object type="OSDev" name="{name}"><info name="Size" value="1953514584"/></object>'
        for name in ("nvme0n1", "nvme1n1", "sda")
    )
    imported = read(topology(inner=disks))
    (tier,) = node(imported).storage
    assert (tier.medium, tier.count, tier.capacity_bytes) == ("nvme-ssd", 2, 1953514584 * 1024)
    assert "nothing tells its medium" in whys(imported)


def test_cores_that_differ_have_no_number_of_threads() -> None:
    """Hybrid processors have cores of one and of two threads."""
    made = node(read(topology(cores=core(0, 0, 1) + core(1, 2) + core(2, 3)))).cpu
    assert (made.physical_cores, made.HasField("threads_per_core")) == (3, False)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b"<topology/>",
        b"<other/>",
        b'<!DOCTYPE t [<!ENTITY a "b">]><topology/>',
        topology().encode()[:-20],
        topology(cpuset="0xf...f,0x00000000", infos="", after="", memory="").encode(),
    ],
)
def test_what_is_no_topology_is_left_out(data: bytes) -> None:
    """Other documents, entities, cut texts and endless sets are one row with the reason."""
    imported = IMPORTER.read([Source("machine.xml", data)])
    mutations.check_books(imported)
    assert (imported.rows, len(imported.left_out)) == (1, 1)


# CPUs, cores, memory in bytes, GPUs; None where the file does not state it.
REAL: dict[str, tuple[int, int | None, int | None, list[tuple[str, int]]]] = {
    "192em64t-24n8c2t.xml.gz": (384, 192, 798447374336, []),
    "64intel64-heteromem.xml": (64, 16, 12 * GIB, []),
    "AMD-19h-Zen3-2xEpyc-7763.xml": (128, 128, None, []),
    "Hygon-Dhyana-32cores.xml": (64, 32, None, []),
    "Intel-ArrowLake-CoreUltra5-225U.xml": (14, 12, None, []),
    "nvidiaDGX2.xml": (4, None, 1621972275200, [("Tesla V100-SXM3-32GB-H", 16)]),
    "power8gpudistances.xml": (16, None, 137007529984, [("Tesla P100-SXM2-16GB", 4)]),
}


@pytest.mark.parametrize("name", REAL)
def test_real_machines_are_read(name: str, real_data: Path) -> None:
    """Every recorded topology is described by what its file states."""
    cpus, cores, memory, gpus = REAL[name]
    imported = IMPORTER.read(open_sources([real_data / "hwloc-xml" / name]))
    made = node(imported)
    check_sound(imported.drafts[0])
    assert made.cpu.schedulable_cpus == cpus
    assert (made.cpu.physical_cores or None) == cores
    assert (made.memory.capacity_bytes or None) == memory
    assert [(one.product, one.count) for one in made.accelerators] == gpus
    assert bool(made.fabrics) == bool(gpus)


@pytest.mark.parametrize("name", ["16em64t-4s2c2t-offlines.xml", "fakecpukinds.xml"])
def test_real_topologies_that_say_nothing(name: str, real_data: Path) -> None:
    """Files without instruction set and memory are left out."""
    imported = IMPORTER.read(open_sources([real_data / "hwloc-xml" / name]))
    assert [one.why for one in imported.left_out] == ["nothing of it can be stated"]


def test_damaged_topologies_end_in_a_report() -> None:
    """Cut anywhere they give nothing; changed anywhere they stay sound."""
    source = Source("machine.xml", topology(inner=GPU.format(n=1)).encode())
    mutations.check_damaged(IMPORTER, [source], check_sound, seed=5, pieces=500)


def test_damaged_real_topologies_end_in_a_report(real_data: Path) -> None:
    """The same of recorded files."""
    names = ["nvidiaDGX2.xml", "power8gpudistances.xml", "64intel64-heteromem.xml", "fakecpukinds.xml"]
    sources: Any = open_sources([real_data / "hwloc-xml" / name for name in names])
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=6, pieces=40)


def test_a_host_is_held_against_it(describe: Describe) -> None:
    """Where hwloc sees other cores than the kernel's files, the host's report says so; else it is silent."""
    command = " ".join(IMPORTER.commands[0])
    server = trees.smt_server()  # two sockets, eight cores, sixteen CPUs
    agreed = "".join(core(number, number, number + 8) for number in range(8))
    sockets = '<object type="Package" os_index="1" cpuset="0x0"/>'
    same = describe(
        server.with_answers({command: topology(cpuset="0x0000ffff", cores=agreed, inner=sockets)})
    )
    assert not why(same, "node.cpu")
    other = describe(server.with_answers({command: topology(cpuset="0x0000ffff", cores=agreed)}))
    assert why(other, "node.cpu.sockets") == "it says 1, and the kernel's files 2; they are believed"
    gpus = topology(cpuset="0x0000ffff", cores=agreed, inner=sockets + GPU.format(n=1))
    assert "1 GPUs, and 0 are described" in why(
        describe(server.with_answers({command: gpus})), "accelerators"
    )
    assert not why(describe(server.with_answers({command: "nonsense"})), "node.cpu")
