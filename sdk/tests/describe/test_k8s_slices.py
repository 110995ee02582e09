"""Devices as drivers publish them in ResourceSlices, and features as NFD finds them."""

from __future__ import annotations

import pytest

from crex.v1 import Accelerator, AcceleratorRuntime, DeviceMemory, Provenance
from sdk.tests.describe.clusters import (
    GIB,
    GPU_LABELS,
    MIB,
    device,
    devices,
    feature,
    left,
    node,
    read,
    resource,
    resource_slice,
    whys,
)


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
        node(labels=GPU_LABELS | {"nvidia.com/gpu.memory": "80000", "nvidia.com/gpu.count": "4"}), slices
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
