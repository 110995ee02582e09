"""What Kubernetes says of nodes and of the devices that its plugins count."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from crex.describe.k8s_quantity import quantity
from crex.v1 import Accelerator, AcceleratorRuntime, DeviceMemory, Provenance
from sdk.tests.describe.clusters import (
    GIB,
    GPU_LABELS,
    MIB,
    devices,
    feature,
    left,
    node,
    read,
    resource,
    whys,
)


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


@pytest.mark.parametrize(
    ("product", "mebibytes", "stated"),
    [
        ("NVIDIA-A100-SXM4-80GB", 81920, True),
        ("NVIDIA-A100-SXM4-80GB", 81_251, True),
        ("NVIDIA-A100-SXM4-80GB", 1, False),
        ("NVIDIA-A100-SXM4-80GB", 80, False),
        ("NVIDIA-A100-SXM4-80GB", 83_886_080, False),
        ("NVIDIA-GH200-480GB", 97_871, True),
        ("NVIDIA-L4", 23_034, True),
    ],
)
def test_a_size_in_the_name_of_a_product_is_the_second_source(
    product: str, mebibytes: int, stated: bool
) -> None:
    """A label in other units than MiB, or of somebody's hand, does not become a memory."""
    labels = GPU_LABELS | {"nvidia.com/gpu.product": product, "nvidia.com/gpu.memory": str(mebibytes)}
    imported = read(node(labels=labels, capacity={"nvidia.com/gpu": "8"}))
    assert devices(imported) == [(product, 8, mebibytes * MIB if stated else None)]
    assert stated or "another size; none is stated" in whys(imported, f"memory of {product}")


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
