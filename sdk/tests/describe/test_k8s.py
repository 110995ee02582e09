"""The importer `k8s`: Nodes, ResourceSlices and NodeFeatures, whole, at odds and damaged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from crex.describe.importing import Imported
from crex.describe.k8s import IMPORTER
from crex.describe.k8s_quantity import quantity
from crex.describe.sources import Source, open_sources
from crex.v1 import Accelerator, AcceleratorRuntime, ComputeResource, DeviceMemory, Provenance
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import check_sound, documents_of

GIB = 1 << 30
MIB = 1 << 20
GPU_LABELS = {
    "nvidia.com/gpu.count": "8",
    "nvidia.com/gpu.family": "ampere",
    "nvidia.com/gpu.memory": "81920",
    "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB",
    "nvidia.com/gpu.replicas": "1",
    "nvidia.com/cuda.runtime-version.full": "12.4",
    "nvidia.com/cuda.driver-version.full": "550.54.15",
}


def node(
    name: str = "worker-1",
    *,
    labels: Mapping[str, str] | None = None,
    capacity: Mapping[str, object] | None = None,
    allocatable: Mapping[str, object] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A Node object with eight CPUs of which not all can be had."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "uid": f"uid-{name}", "labels": dict(labels or {}), **more},
        "spec": {},
        "status": {
            "capacity": {"cpu": "8", "memory": "32Gi", **(capacity or {})},
            "allocatable": {"cpu": "7910m", "memory": "31000Mi", **(allocatable or capacity or {})},
            "nodeInfo": {
                "architecture": "amd64",
                "operatingSystem": "linux",
                "kernelVersion": "6.8.0-31-generic",
                "kubeletVersion": "v1.34.1",
                "containerRuntimeVersion": "containerd://1.7.2",
            },
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def device(name: str, kind: str = "gpu", memory: str = "80Gi", **attributes: str) -> dict[str, Any]:
    """A device as NVIDIA's driver publishes it."""
    told = {"type": kind, "productName": "NVIDIA A100-SXM4-80GB", "architecture": "Ampere", **attributes}
    return {
        "name": name,
        "attributes": {key: {"string": value} for key, value in told.items()}
        | {"cudaDriverVersion": {"version": "13.0.0"}},
        "capacity": {"memory": {"value": memory}},
    }


def resource_slice(
    *devices: dict[str, Any],
    name: str = "slice-1",
    node_name: str | None = "worker-1",
    version: str = "v1",
    driver: str = "gpu.nvidia.com",
    generation: int = 1,
    total: int = 1,
    pool: str = "worker-1",
    **more: Any,
) -> dict[str, Any]:
    """A ResourceSlice."""
    return {
        "apiVersion": f"resource.k8s.io/{version}",
        "kind": "ResourceSlice",
        "metadata": {"name": name},
        "spec": {
            "driver": driver,
            "pool": {"name": pool, "generation": generation, "resourceSliceCount": total},
            "devices": list(devices),
            **({"nodeName": node_name} if node_name else {}),
            **more,
        },
    }


def feature(
    name: str = "worker-1",
    *,
    about: str | None = "worker-1",
    labels: Mapping[str, str] | None = None,
    **sets: Any,
) -> dict[str, Any]:
    """A NodeFeature object; `sets` are its flags and attributes."""
    return {
        "apiVersion": "nfd.k8s-sigs.io/v1alpha1",
        "kind": "NodeFeature",
        "metadata": {"name": name, "labels": {"nfd.node.kubernetes.io/node-name": about} if about else {}},
        "spec": {"features": sets, "labels": dict(labels or {})},
    }


def read(*objects: object) -> Imported:
    """Imports objects as one list, in the form of kubectl."""
    whole = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    imported = IMPORTER.read([Source("all.json", json.dumps(whole).encode())])
    mutations.check_books(imported)
    assert documents_of(imported).left_out == imported.left_out
    return imported


def resource(imported: Imported, index: int = 0) -> ComputeResource:
    """The resource of a draft."""
    body = imported.drafts[index].body
    assert isinstance(body, ComputeResource)
    return body


def devices(imported: Imported) -> list[tuple[str, int, int | None]]:
    """Product, count and memory of every accelerator of the first draft."""
    return [
        (one.product, one.count, one.memory.capacity_bytes if one.HasField("memory") else None)
        for one in resource(imported).node.accelerators
    ]


def whys(imported: Imported, part: str) -> str:
    """Why things are not stated whose name has this part."""
    return "\n".join(one.why for one in imported.findings if part in one.what)


def left(imported: Imported) -> list[str]:
    """Why rows were left out."""
    return [one.why for one in imported.left_out]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8", 8),
        ("7910m", Fraction(791, 100)),
        ("1Ki", 1024),
        ("1k", 1000),
        ("128974848", 128974848),
        ("129e6", 129_000_000),
        ("129M", 129_000_000),
        ("128974848000m", 128974848),
        ("123Mi", 123 << 20),
        ("1E", 10**18),
        ("1E3", 1000),
        ("1e-3", Fraction(1, 1000)),
        ("1Ei", 1 << 60),
        ("1.5Gi", 3 << 29),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("+5", 5),
        ("-1", -1),
        ("100n", Fraction(1, 10**7)),
        (8, 8),
        (0.5, Fraction(1, 2)),
        ("1KB", None),
        ("1K", None),
        ("1ki", None),
        ("1 Gi", None),
        ("1e", None),
        ("1_000", None),
        ("N/A", None),
        ("", None),
        ("1e999999999", None),
        (True, None),
        ([], None),
    ],
)
def test_quantities_follow_the_grammar_of_kubernetes(text: object, expected: Fraction | int | None) -> None:
    """A quantity is exact, and what the grammar does not have is none."""
    assert quantity(text) == expected


def test_a_node_states_what_can_be_scheduled_and_what_there_is() -> None:
    """CPUs are those that are allocatable, rounded down; memory has its capacity and what of it is usable."""
    imported = read(node())
    (draft,) = imported.drafts
    body = resource(imported)
    assert (draft.name, draft.count, imported.rows) == ("worker-1", 1, 1)
    assert draft.rows == ("all.json: $.items[0] (Node worker-1)",)
    assert body.kind == "node-class"
    assert (body.node.cpu.isa, body.node.cpu.schedulable_cpus) == ("x86-64", 7)
    assert (body.node.memory.capacity_bytes, body.node.memory.usable_bytes) == (32 * GIB, 31000 * MIB)
    assert body.node.cpu.provenance.basis == body.node.memory.provenance.basis == "nominal"
    assert not body.node.cpu.HasField("allocation")
    assert [(one.name, one.version) for one in body.software] == [
        ("containerd", "1.7.2"),
        ("kubelet", "v1.34.1"),
        ("linux", "6.8.0-31-generic"),
    ]
    assert whys(imported, "cpu") == "7.91 of 8.0 CPUs can be given to work; 7 are stated"


def test_allocatable_defaults_to_capacity() -> None:
    """A node that states no allocatable resources can give all that it has."""
    made = node()
    del made["status"]["allocatable"]
    body = resource(read(made))
    assert body.node.cpu.schedulable_cpus == 8
    assert body.node.memory.usable_bytes == 32 * GIB


@pytest.mark.parametrize(
    ("name", "isa"),
    [
        ("amd64", "x86-64"),
        ("arm64", "aarch64"),
        ("riscv64", "riscv64"),
        ("loong64", "loongarch64"),
        ("386", "x86-32"),
    ],
)
def test_architectures_are_named_as_go_names_them(name: str, isa: str) -> None:
    """Every architecture of Kubernetes that names one instruction set gives its token."""
    made = node()
    made["status"]["nodeInfo"]["architecture"] = name
    assert resource(read(made)).node.cpu.isa == isa


@pytest.mark.parametrize(("name", "why"), [("arm", "no instruction set"), (None, "it states none")])
def test_processors_of_an_unknown_kind_are_left_out(name: str | None, why: str) -> None:
    """Without an instruction set there are no processors, and the memory is still stated."""
    made = node()
    made["status"]["nodeInfo"]["architecture"] = name
    imported = read(made)
    assert not resource(imported).node.HasField("cpu")
    assert resource(imported).node.memory.capacity_bytes == 32 * GIB
    assert why in whys(imported, "architecture")
    assert "7 CPUs" in whys(imported, "cpu")


def test_two_architectures_of_one_node_are_a_contradiction() -> None:
    """A label that says another architecture than the node itself makes both unbelieved."""
    imported = read(node(labels={"kubernetes.io/arch": "arm64"}))
    assert not resource(imported).node.HasField("cpu")
    assert "'amd64', its label 'arm64'" in whys(imported, "architecture")


def test_more_allocatable_than_there_is_is_a_contradiction() -> None:
    """Neither number of CPUs is stated, and of the memory only its capacity."""
    imported = read(node(allocatable={"cpu": "9", "memory": "33Gi"}))
    body = resource(imported)
    assert not body.node.HasField("cpu")
    assert not body.node.memory.HasField("usable_bytes")
    assert "9.0 of 8.0" in whys(imported, "cpu")


def test_equal_nodes_are_told_once_with_their_number() -> None:
    """Three nodes of which two are equal make two drafts."""
    imported = read(node("b.example"), node("a"), node("c", capacity={"memory": "64Gi"}))
    assert [(draft.name, draft.count, len(draft.rows)) for draft in imported.drafts] == [
        ("b-example", 2, 2),
        ("c", 1, 1),
    ]


def test_names_are_valid_and_not_taken_twice() -> None:
    """Names that become the same token are numbered."""
    long = "a" * 80
    imported = read(
        node("n.1"), node("n-1", capacity={"memory": "1Gi"}), node(long, capacity={"memory": "2Gi"})
    )
    assert [draft.name for draft in imported.drafts] == ["n-1", "n-1-2", "a" * 60]


def test_labels_of_gpus_give_whole_devices() -> None:
    """Product, count and memory per device come from the labels of GPU feature discovery; MB there is MiB."""
    imported = read(node(labels=GPU_LABELS, capacity={"nvidia.com/gpu": "8"}))
    (found,) = resource(imported).node.accelerators
    assert found == Accelerator(
        accelerator_class="gpu",
        vendor="nvidia",
        product="NVIDIA-A100-SXM4-80GB",
        architecture="ampere",
        count=8,
        memory=DeviceMemory(capacity_bytes=81920 * MIB),
        runtime=AcceleratorRuntime(family="cuda", version="12.4"),
        provenance=Provenance(basis="nominal", method="labels nvidia.com/gpu.* of Node"),
    )
    assert ("nvidia-driver", "550.54.15") in [(one.name, one.version) for one in resource(imported).software]


def test_shares_of_time_are_never_gpus() -> None:
    """Two GPUs that are advertised as ten each are two."""
    labels = GPU_LABELS | {
        "nvidia.com/gpu.count": "2",
        "nvidia.com/gpu.replicas": "10",
        "nvidia.com/gpu.product": "Tesla-T4-SHARED",
        "nvidia.com/gpu.memory": "15360",
    }
    imported = read(node(labels=labels, capacity={"nvidia.com/gpu": "20"}))
    assert devices(imported) == [("Tesla-T4", 2, 15360 * MIB)]
    assert "10 shares (time-slicing)" in whys(imported, "shares of nvidia.com/gpu")
    renamed = read(node(labels=labels, capacity={"nvidia.com/gpu.shared": "20"}))
    assert devices(renamed) == [("Tesla-T4", 2, 15360 * MIB)]


def test_an_advertised_number_without_labels_is_no_number_of_gpus() -> None:
    """Where no label says what a unit is, nothing is counted."""
    imported = read(node(capacity={"nvidia.com/gpu": "8", "nvidia.com/gpu.shared": "4"}))
    assert devices(imported) == []
    assert whys(imported, "nvidia.com/gpu") == "it has 8, and no label says which product they are"


def test_labels_and_advertised_devices_that_differ_are_a_contradiction() -> None:
    """Labels speak of one product; a node that advertises more has others, and none are stated."""
    imported = read(node(labels=GPU_LABELS, capacity={"nvidia.com/gpu": "10"}))
    assert devices(imported) == []
    assert "the node advertises 10" in whys(imported, "nvidia.com/gpu")


def test_devices_that_cannot_be_allocated_are_still_there() -> None:
    """A device that is not healthy is part of the node; the report says how many can be had."""
    imported = read(
        node(labels=GPU_LABELS, capacity={"nvidia.com/gpu": "8"}, allocatable={"nvidia.com/gpu": "7"})
    )
    assert devices(imported)[0][1] == 8
    assert "7 of 8 can be given to work" in whys(imported, "nvidia.com/gpu")


def test_mig_slices_of_the_strategy_single_are_partitions() -> None:
    """Labels that speak of slices give a partition and no GPU, though nvidia.com/gpu is advertised."""
    labels = {
        "nvidia.com/mig.strategy": "single",
        "nvidia.com/gpu.count": "56",
        "nvidia.com/gpu.memory": "5120",
        "nvidia.com/gpu.product": "A100-SXM4-40GB-MIG-1g.5gb",
        "nvidia.com/gpu.slices.gi": "1",
    }
    imported = read(node(labels=labels, capacity={"nvidia.com/gpu": "56"}))
    whole, part = imported.drafts
    assert devices(imported) == []
    assert (part.name, part.part_of, part.count) == ("worker-1-1g-5gb", whole.name, 56)
    assert resource(imported, 1).kind == "partition-class"
    assert resource(imported, 1).partition.profile == "1g.5gb"
    assert part.rows == whole.rows
    odd = read(node(labels=labels, capacity={"nvidia.com/gpu": "55"}))
    assert odd.drafts[1].count is None
    assert "labels count 56 slices 1g.5gb, the node advertises 55" in whys(odd, "nvidia.com/gpu")


def test_mig_slices_of_the_strategy_mixed_are_partitions_of_counted_gpus() -> None:
    """Labels count all GPUs of the product, also those that are cut; slices are partitions of them."""
    labels = GPU_LABELS | {
        "nvidia.com/mig.strategy": "mixed",
        "nvidia.com/mig-3g.40gb.count": "2",
        "nvidia.com/mig-3g.40gb.memory": "40192",
        "nvidia.com/mig-3g.40gb.multiprocessors": "42",
        "nvidia.com/mig-3g.40gb.product": "NVIDIA-A100-SXM4-80GB-MIG-3g.40gb",
    }
    imported = read(node(labels=labels, capacity={"nvidia.com/gpu": "7", "nvidia.com/mig-3g.40gb": "2"}))
    assert devices(imported) == [("NVIDIA-A100-SXM4-80GB", 8, 80 * GIB)]
    (profile,) = resource(imported).node.accelerators[0].partition_profiles
    assert (profile.name, profile.usable_memory_bytes, profile.compute_units, profile.isolation) == (
        "3g.40gb",
        40192 * MIB,
        42,
        "hardware",
    )
    assert [(one.name, one.count) for one in imported.drafts] == [("worker-1", 1), ("worker-1-3g-40gb", 2)]


def test_an_inconsistent_mig_layout_states_nothing() -> None:
    """A product that is said to be MIG-INVALID is none."""
    labels = GPU_LABELS | {"nvidia.com/gpu.product": "A100-MIG-INVALID", "nvidia.com/gpu.count": "0"}
    imported = read(node(labels=labels))
    assert devices(imported) == []
    assert "inconsistent" in whys(imported, "nvidia.com/gpu")


@pytest.mark.parametrize(
    ("labels", "counted"),
    [
        ({"amd.com/compute-memory-partition": "spx_nps1"}, 8),
        ({"amd.com/compute-partitioning-supported": "false"}, 8),
        ({"amd.com/compute-memory-partition": "cpx_nps4"}, 0),
        ({}, 0),
    ],
)
def test_amd_devices_are_counted_where_they_are_whole(labels: dict[str, str], counted: int) -> None:
    """AMD's plugin advertises partitions under the name of devices; only a label tells them apart."""
    told = {
        "amd.com/gpu.product-name": "AMD_Instinct_MI300X_OAM",
        "amd.com/gpu.device-id": "74a1",
        "amd.com/gpu.vram": "192G",
        **labels,
    }
    imported = read(node(labels=told, capacity={"amd.com/gpu": "8"}))
    found = resource(imported).node.accelerators
    assert [(one.product, one.count) for one in found] == [("AMD_Instinct_MI300X_OAM", 8)] * bool(counted)
    for one in found:
        assert (one.pci.vendor, one.pci.device) == ("1002", "74a1")
        assert not one.HasField("memory")
        assert "not exact" in whys(imported, "memory of AMD")


def test_amd_partitions_are_partitions() -> None:
    """A resource that is named after a partitioning gives partitions."""
    imported = read(node(capacity={"amd.com/cpx_nps4": "64"}))
    assert [(one.name, one.count, one.part_of) for one in imported.drafts[1:]] == [
        ("worker-1-cpx-nps4", 64, "worker-1")
    ]


def test_other_plugins_are_read_where_a_label_names_the_product() -> None:
    """Neural processors whose product a label names are stated; slices beside them make them unknown."""
    labels = {"node.kubernetes.io/npu.chip.name": "910B3"}
    imported = read(node(labels=labels, capacity={"huawei.com/Ascend910": "8"}))
    (found,) = resource(imported).node.accelerators
    assert (found.accelerator_class, found.vendor, found.product, found.count) == (
        "npu",
        "huawei",
        "910B3",
        8,
    )
    cut = read(node(labels=labels, capacity={"huawei.com/Ascend910": "7", "huawei.com/Ascend910-2c": "4"}))
    assert devices(cut) == []
    assert "slices or shares" in whys(cut, "huawei.com/Ascend910")


def test_devices_that_a_scheduler_shares_are_not_counted() -> None:
    """Where an annotation says that units are shares, they are no devices."""
    made = node(
        labels={"cloud.google.com/gke-tpu-accelerator": "tpu-v5p-slice"},
        capacity={"google.com/tpu": "4"},
        annotations={"hami.io/node-tpu-register": "..."},
    )
    assert devices(read(made)) == []
    del made["metadata"]["annotations"]
    assert devices(read(made)) == [("tpu-v5p-slice", 4, None)]


def test_resources_of_which_nothing_is_known_are_reported_once() -> None:
    """Storage, huge pages and foreign resources have their findings, however many nodes have them."""
    more = {"ephemeral-storage": "100Gi", "hugepages-1Gi": "4Gi", "example.com/thing": "3"}
    imported = read(node("a", capacity=more), node("b", capacity=more))
    assert sorted((one.what, one.where) for one in imported.findings if "of Node" in one.where) == [
        ("example.com/thing", "status.capacity of Node"),
        ("hugepages-1Gi", "status.capacity of Node"),
        ("storage", "status.capacity `ephemeral-storage` of Node"),
    ]


def test_a_state_does_not_change_what_a_node_is() -> None:
    """A node that is cordoned and not ready is described, and the report says so."""
    made = node()
    made["spec"]["unschedulable"] = True
    made["status"]["conditions"][0]["status"] = "Unknown"
    imported = read(made)
    assert len(imported.drafts) == 1
    assert "takes no new work" in whys(imported, "node")
    assert "Ready is 'Unknown'" in whys(imported, "node")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"labels": {"type": "virtual-kubelet"}}, "a service"),
        ({"annotations": {"kwok.x-k8s.io/node": "fake"}}, "simulated"),
    ],
)
def test_nodes_behind_which_is_no_machine_are_left_out(changes: dict[str, Any], why: str) -> None:
    """A node that stands for a service, or is simulated, is no supply; nor is what is said about it."""
    imported = read(node(**changes), feature(labels={"cpu-security.sgx.enabled": "true"}))
    assert not imported.drafts
    assert why in left(imported)[0]
    assert left(imported)[1] == "it is about worker-1, which is no machine"


@pytest.mark.parametrize("version", ["v1", "v1beta2", "v1beta1", "v1alpha3"])
def test_slices_of_every_version_say_the_same(version: str) -> None:
    """Devices are read with and without `basic`, capacities with and without an object around them."""
    made = [device(f"gpu-{number}", uuid=f"GPU-{number}") for number in range(4)]
    if version in ("v1beta1", "v1alpha3"):
        made = [{"name": one["name"], "basic": {k: v for k, v in one.items() if k != "name"}} for one in made]
    if version == "v1alpha3":
        for one in made:
            one["basic"]["capacity"] = {"memory": "80Gi"}
    imported = read(resource_slice(*made, version=version))
    (found,) = resource(imported).node.accelerators
    assert found == Accelerator(
        accelerator_class="gpu",
        vendor="nvidia",
        product="NVIDIA A100-SXM4-80GB",
        architecture="ampere",
        count=4,
        memory=DeviceMemory(capacity_bytes=80 * GIB),
        runtime=AcceleratorRuntime(family="cuda", version="13.0.0"),
        provenance=Provenance(basis="nominal", method="spec.devices of ResourceSlice, driver gpu.nvidia.com"),
    )
    assert imported.drafts[0].name == "worker-1"


def test_slices_join_their_node() -> None:
    """Node, slices and features of one name make one draft that stands for all their rows."""
    imported = read(
        node(),
        resource_slice(device("gpu-0", uuid="a"), total=2),
        resource_slice(device("gpu-1", uuid="b"), name="slice-2", total=2),
        feature(labels={"cpu-model.vendor_id": "Intel"}),
    )
    (draft,) = imported.drafts
    assert len(draft.rows) == imported.rows == 4
    assert devices(imported) == [("NVIDIA A100-SXM4-80GB", 2, 80 * GIB)]
    assert resource(imported).node.cpu.vendor == "intel"


def test_a_pool_that_is_not_complete_says_nothing() -> None:
    """Slices of an old generation, and of a pool of which one is missing, are left out."""
    old = read(
        resource_slice(device("gpu-0"), generation=1),
        resource_slice(device("gpu-0", memory="40Gi"), name="slice-2", generation=2),
    )
    assert devices(old) == [("NVIDIA A100-SXM4-80GB", 1, 40 * GIB)]
    assert left(old) == ["generation 1 of its pool; there is 2"]
    missing = read(resource_slice(device("gpu-0"), total=3))
    assert not missing.drafts
    assert left(missing) == ["its pool is not complete: it has 3 slices, of which 1 are here"]


def test_mig_devices_of_slices_are_partitions_of_the_devices_they_name() -> None:
    """Three slices of two GPUs are two GPUs, inferred, and partitions of them; never five."""
    cut = [
        device("m-0", "mig", "4864Mi", profile="1g.5gb", parentUUID="GPU-a"),
        device("m-1", "mig", "4864Mi", profile="1g.5gb", parentUUID="GPU-a"),
        device("m-2", "mig", "4864Mi", profile="1g.5gb", parentUUID="GPU-b"),
    ]
    for one in cut:
        one["capacity"]["multiprocessors"] = {"value": "14"}
    imported = read(resource_slice(device("gpu-0", uuid="GPU-c"), *cut))
    whole, inferred = resource(imported).node.accelerators
    assert (whole.count, whole.memory.capacity_bytes, len(whole.partition_profiles)) == (1, 80 * GIB, 0)
    assert (inferred.count, inferred.HasField("memory"), inferred.provenance.basis) == (2, False, "estimated")
    (profile,) = inferred.partition_profiles
    assert (profile.name, profile.usable_memory_bytes, profile.compute_units, profile.isolation) == (
        "1g.5gb",
        4864 * MIB,
        14,
        "hardware",
    )
    part = imported.drafts[1]
    assert (part.name, part.count, part.part_of) == ("worker-1-1g-5gb", 3, "worker-1")


def test_possible_partitions_of_a_whole_device_have_no_number() -> None:
    """Partitions that draw on common counters exclude each other; the device is one, with their profiles."""
    possible = device("m-0", "mig", "4864Mi", profile="1g.5gb", parentUUID="GPU-a")
    possible["consumesCounters"] = [{"counterSet": "gpu-0", "counters": {}}]
    imported = read(resource_slice(device("gpu-0", uuid="GPU-a"), possible))
    (found,) = resource(imported).node.accelerators
    assert (found.count, [one.name for one in found.partition_profiles]) == (1, ["1g.5gb"])
    assert imported.drafts[1].count is None


def test_a_device_for_passing_on_is_not_a_second_device() -> None:
    """The same place on the bus is the same device, however it is offered."""
    bus = {"resource.kubernetes.io/pciBusID": "0000:65:00.0"}
    passed = device("gpu-vfio-0", "vfio", **bus, vendorID="0x10de", deviceID="0x20b0")
    imported = read(resource_slice(passed, device("gpu-0", uuid="GPU-a", **bus)))
    assert devices(imported) == [("NVIDIA A100-SXM4-80GB", 1, 80 * GIB)]
    alone = read(resource_slice(passed))
    (found,) = resource(alone).node.accelerators
    assert (found.count, found.pci.vendor, found.pci.device) == (1, "10de", "20b0")


def test_amd_slices_know_whole_devices_partitions_and_an_unknown_memory() -> None:
    """AMD's driver writes 0 for a memory that it cannot read, and partitions have types of their own."""
    whole = {
        "name": "gpu-0-128",
        "attributes": {
            "type": {"string": "amdgpu"},
            "productName": {"string": "AMD_Instinct_MI300X_OAM"},
            "deviceID": {"string": "0x74a1"},
        },
        "capacity": {"memory": {"value": "0"}},
    }
    cut = {
        "name": "gpu-1-129",
        "attributes": {
            "type": {"string": "amdgpu-partition"},
            "productName": {"string": "AMD_Instinct_MI300X_OAM"},
            "deviceID": {"string": "0x74a1"},
            "partitionProfile": {"string": "cpx_nps4"},
            "resource.kubernetes.io/pciBusID": {"string": "0000:19:00.0"},
        },
        "capacity": {"memory": {"value": "24Gi"}, "computeUnits": {"value": "38"}},
    }
    imported = read(resource_slice(whole, cut, driver="gpu.amd.com"))
    first, second = resource(imported).node.accelerators
    assert (first.HasField("memory"), first.pci.vendor, first.pci.device) == (False, "1002", "74a1")
    assert "it states 0" in whys(imported, "memory of AMD")
    assert second.partition_profiles[0].usable_memory_bytes == 24 * GIB
    assert [draft.name for draft in imported.drafts] == ["worker-1", "worker-1-cpx-nps4"]


def test_devices_of_an_unknown_driver_are_left_out() -> None:
    """What attributes mean depends on the driver; one that is not known says nothing."""
    imported = read(resource_slice(device("gpu-0"), driver="gpu.example.com"))
    assert not imported.drafts
    assert "'gpu.example.com'" in whys(imported, "devices")


def test_a_slice_without_devices_is_left_out() -> None:
    """A slice that only holds the counters of its pool lists none; the pool is complete with it."""
    counters = resource_slice(name="counters", total=2, sharedCounters=[{"name": "gpu-0", "counters": {}}])
    imported = read(counters, resource_slice(device("gpu-0"), total=2))
    assert left(imported) == ["it lists 0 devices, and not 1 to 128"]
    assert devices(imported) == [("NVIDIA A100-SXM4-80GB", 1, 80 * GIB)]


def test_devices_of_no_single_node_are_left_out() -> None:
    """Devices for all nodes are nobody's; a device may name its own node."""
    for_all = read(resource_slice(device("gpu-0"), node_name=None, allNodes=True))
    assert left(for_all) == ["its devices belong to no single node"]
    own = [device("gpu-0") | {"nodeName": "a"}, device("gpu-1", memory="40Gi") | {"nodeName": "b"}]
    imported = read(resource_slice(*own, node_name=None, perDeviceNodeSelection=True))
    assert [(draft.name, draft.rows) for draft in imported.drafts] == [
        (name, ("all.json: $.items[0] (ResourceSlice slice-1)",)) for name in "ab"
    ]


def test_a_label_is_the_second_source_of_what_slices_say() -> None:
    """Equal figures of slices and labels are one statement; of different memories neither is stated."""
    slices = resource_slice(*(device(f"gpu-{number}", uuid=str(number)) for number in range(8)))
    assert devices(read(node(labels=GPU_LABELS), slices)) == [("NVIDIA A100-SXM4-80GB", 8, 80 * GIB)]
    odd = read(
        node(labels=GPU_LABELS | {"nvidia.com/gpu.memory": "40960", "nvidia.com/gpu.count": "4"}), slices
    )
    assert devices(odd) == [("NVIDIA A100-SXM4-80GB", 8, None)]
    assert "neither is stated" in whys(odd, "memory of NVIDIA")
    assert "slices publish 8, the Node tells of 4" in whys(odd, "devices of nvidia")


def test_features_say_more_of_a_node() -> None:
    """Maker, level, hypervisor, protected execution and distribution come from node-feature-discovery."""
    flags = (
        "CMOV CMPXCHG8 X87 FXSR MMX SYSCALL SSE SSE2 CX16 LAHF POPCNT SSE3 SSE4 SSE42 SSSE3 AVX AVX2 BMI1 "
        "BMI2 F16C FMA3 LZCNT MOVBE OSXSAVE HYPERVISOR"
    )
    imported = read(
        node(labels={"feature.node.kubernetes.io/cpu-security.sev.snp.enabled": "true"}),
        feature(
            flags={"cpu.cpuid": {"elements": {name: {} for name in flags.split()}}},
            attributes={
                "cpu.model": {"elements": {"vendor_id": "AMD"}},
                "system.osrelease": {"elements": {"ID": "ubuntu"}},
            },
            labels={"system-os_release.ID": "Ubuntu", "system-os_release.VERSION_ID": "24.04"},
        ),
    )
    body = resource(imported)
    assert (body.node.cpu.vendor, body.node.cpu.isa_level) == ("amd", "x86-64-v3")
    assert not body.node.cpu.enabled_features
    assert "words of its own" in whys(imported, "cpu.enabledFeatures")
    assert body.node.virtualization.kind == "virtual-machine"
    assert [(one.technology, one.role) for one in body.node.tee] == [("amd-sev-snp", "host")]
    assert ("ubuntu", "24.04") in [(one.name, one.version) for one in body.software]


def test_a_feature_object_later_in_order_stands_before_an_earlier_one() -> None:
    """Of two objects about one node the one whose name is later says what holds."""
    imported = read(
        node(),
        feature("z", labels={"feature.node.kubernetes.io/cpu-model.vendor_id": "Hygon"}),
        feature("a", labels={"cpu-model.vendor_id": "AMD"}),
    )
    assert resource(imported).node.cpu.vendor == "hygon"


def test_a_label_that_differs_from_its_feature_object_is_a_contradiction() -> None:
    """Neither the Node nor its NodeFeature is believed where they differ."""
    imported = read(
        node(labels={"feature.node.kubernetes.io/cpu-model.vendor_id": "Intel"}),
        feature(labels={"cpu-model.vendor_id": "AMD"}),
    )
    assert not resource(imported).node.cpu.HasField("vendor")
    assert "neither is stated" in whys(imported, "cpu-model.vendor_id")


def test_features_of_an_unknown_node_that_say_nothing_of_devices_are_left_out() -> None:
    """A kernel without a machine is no supply; an object that names no node is about nothing."""
    imported = read(feature(labels={"kernel-version.full": "6.8.0"}), feature("b", about=None))
    assert not imported.drafts
    assert left(imported) == [
        "it names no node (label nfd.node.kubernetes.io/node-name)",
        "the node 'worker-1' is not in this input, and this says nothing of its devices",
    ]


def test_what_is_no_supply_is_left_out_with_the_reason() -> None:
    """Claims, classes and workloads are not what there is."""
    imported = read(
        {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {"name": "c"}},
        {"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": "d"}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "e"}},
        {"metadata": {"name": "f"}},
        ["no object"],
    )
    assert left(imported) == [
        "a claim is what somebody asks for, not what there is",
        "a device class is a way to ask for devices, not a device",
        "a Deployment of apps/v1 does not say what a node has",
        "it states no kind; it is no Kubernetes object",
        "it is a list, no Kubernetes object",
    ]


def test_the_same_object_twice_is_one() -> None:
    """A node that is in two files is counted once; another node of its name is of another cluster."""
    other = node() | {"metadata": {"name": "worker-1", "uid": "other"}}
    imported = read(node(), node(), other, resource_slice(device("g")), resource_slice(device("g")))
    assert [draft.count for draft in imported.drafts] == [1]
    first = "all.json: $.items[0] (Node worker-1)"
    assert left(imported) == [
        f"it is told twice; the first is {first}",
        f"another node has this name ({first}); read each cluster by itself",
        "it is told twice; the first is all.json: $.items[3] (ResourceSlice slice-1)",
    ]


def test_lists_of_one_kind_need_no_kind_in_their_elements() -> None:
    """The API's own lists name the kind once; YAML and an array of objects are read as well."""
    bare = {key: value for key, value in node().items() if key not in ("kind", "apiVersion")}
    listed = {"apiVersion": "v1", "kind": "NodeList", "items": [bare, 7]}
    imported = IMPORTER.read([Source("l.json", json.dumps(listed).encode())])
    assert (len(imported.drafts), left(imported)) == (1, ["it is the number 7, no Kubernetes object"])
    imported = IMPORTER.read([Source("a.json", json.dumps([node("a"), node("b")]).encode())])
    assert [draft.count for draft in imported.drafts] == [2]
    yaml = (
        "---\napiVersion: v1\nkind: Node\nmetadata: {name: y}\nstatus:\n  capacity: {cpu: 4, memory: 8Gi}\n"
    )
    yaml += "  nodeInfo: {architecture: arm64}\n---\n# nothing\n"
    imported = IMPORTER.read([Source("y.yaml", yaml.encode())])
    assert (imported.rows, resource(imported).node.cpu.schedulable_cpus) == (1, 4)


def test_a_yaml_text_that_ends_within_a_line_is_not_believed() -> None:
    """`memory: 8` may have been `memory: 8Gi`."""
    yaml = "kind: Node\nmetadata: {name: y}\nstatus:\n  capacity:\n    memory: 8"
    assert "may be cut" in left(IMPORTER.read([Source("y.yaml", yaml.encode())]))[0]


@pytest.mark.parametrize("value", [None, True, 7, -1, 1.5, "N/A", "1e400", [], {}, [[]], {"a": {"b": []}}])
def test_odd_types_at_every_place_end_in_a_report(value: object) -> None:
    """Whatever stands at whatever place of the objects, the rest is read and the books close."""
    whole = [
        node(labels=GPU_LABELS, capacity={"nvidia.com/gpu": "8"}),
        resource_slice(device("gpu-0", uuid="a"), device("m", "mig", profile="1g.5gb", parentUUID="a")),
        feature(attributes={"cpu.model": {"elements": {"vendor_id": "AMD"}}}, labels={"a": "b"}),
    ]

    def places(at: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        inner = at.items() if isinstance(at, dict) else enumerate(at) if isinstance(at, list) else ()
        return [path, *(found for key, below in inner for found in places(below, (*path, key)))]

    for path in places(whole)[1:]:
        changed = json.loads(json.dumps(whole))
        at = changed
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        read(*changed)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"{", "it is not JSON"),
        (b"a: [", "it is not YAML"),
        (b"No resources found\n", "it is the text 'No resources found'"),
        (b'{"kind": "List", "items": []}', "the list is empty"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_files_that_hold_no_objects_are_left_out(data: bytes, why: str) -> None:
    """Each file that cannot be read, or has nothing in it, is a row with its reason."""
    imported = IMPORTER.read([Source("f", data)])
    assert imported.rows == 1
    assert why in left(imported)[0]
    assert left(IMPORTER.read([Source("kubectl get nodes", b"", "kubectl is not there")])) == [
        "kubectl is not there"
    ]


def test_real_objects_give_what_they_say(real_data: Path) -> None:
    """Of the public examples none describes a machine: claims, workloads, and features without a node."""
    folder = real_data / "k8s-dra-nfd"
    imported = IMPORTER.read(open_sources(sorted(folder.glob("*.yaml"))))
    mutations.check_books(imported)
    assert (imported.rows, len(imported.drafts)) == (17, 0)
    assert sorted(left(imported)) == sorted(
        [
            *["a claim is what somebody asks for, not what there is"] * 4,
            "a device class is a way to ask for devices, not a device",
            *["a Namespace of v1 does not say what a node has"] * 4,
            *["a Pod of v1 does not say what a node has"] * 3,
            "a Deployment of apps/v1 does not say what a node has",
            *["it names no node (label nfd.node.kubernetes.io/node-name)"] * 3,
            "the node 'example-node' is not in this input, and this says nothing of its devices",
        ]
    )


def test_real_devices_of_the_reference_are_read(real_data: Path) -> None:
    """The devices that NVIDIA's reference shows give a GPU, a partition of it, and no second GPU."""
    text = (real_data / "k8s-dra-nfd" / "resourceslice-attributes.md").read_text()
    blocks = [block.partition("```")[0] for block in text.split("```yaml\n")[1:]]
    listed = "".join("".join(f"  {line}\n" for line in block.splitlines()) for block in blocks)
    head = (
        "apiVersion: resource.k8s.io/v1\nkind: ResourceSlice\nmetadata: {name: s}\nspec:\n"
        "  driver: gpu.nvidia.com\n  nodeName: example-node\n"
        "  pool: {name: example-node, generation: 1, resourceSliceCount: 1}\n  devices:\n"
    )
    features = (real_data / "k8s-dra-nfd" / "nfd-nodefeature.yaml").read_bytes()
    sources = [Source("slices.yaml", (head + listed).encode()), Source("features.yaml", features)]
    imported = IMPORTER.read(sources)
    mutations.check_books(imported)
    assert devices(imported) == [("NVIDIA A100-PCIE-40GB", 1, 40 * GIB)]
    (found,) = resource(imported).node.accelerators
    assert [(one.name, one.usable_memory_bytes, one.compute_units) for one in found.partition_profiles] == [
        ("1g.5gb", 4864 * MIB, 14)
    ]
    assert [(draft.name, draft.count) for draft in imported.drafts] == [
        ("example-node", 1),
        ("example-node-1g-5gb", 1),
    ]
    software = [(one.name, one.version) for one in resource(imported).software]
    assert software == [("linux", "6.3.13-linuxkit"), ("ubuntu", "22.04")]
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=5, pieces=60)


def test_damaged_inputs_end_in_a_report() -> None:
    """Whatever is cut off or changed, nothing is invented and nothing goes missing silently."""
    objects = [
        node(labels=GPU_LABELS, capacity={"nvidia.com/gpu": "8"}),
        node(
            "worker-2", labels={"amd.com/compute-memory-partition": "spx_nps1"}, capacity={"amd.com/gpu": "8"}
        ),
        feature(labels={"cpu-model.vendor_id": "AMD", "cpu-security.sgx.enabled": "true"}),
        resource_slice(
            device("gpu-0", uuid="a"), device("m", "mig", "4Gi", profile="1g.5gb", parentUUID="a")
        ),
    ]
    listed = Source("all.json", json.dumps({"kind": "List", "items": objects}, indent=1).encode())
    mutations.check_damaged(IMPORTER, [listed], check_sound, seed=6, pieces=300)
    import yaml

    stream = "".join(yaml.safe_dump(one, explicit_start=True) for one in objects)
    mutations.check_damaged(IMPORTER, [Source("all.yaml", stream.encode())], check_sound, seed=7, pieces=120)
