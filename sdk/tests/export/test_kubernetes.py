"""ResourceSlices: what is written of accelerators, within the limits of the API."""

from __future__ import annotations

from typing import Any

import pytest

from crex.export.exporting import Exported, stem
from crex.export.kubernetes import EXPORTER, quantity
from crex.v1 import (
    Accelerator,
    AcceleratorRuntime,
    Cpu,
    DeviceMemory,
    Memory,
    PartitionProfile,
    PciId,
)
from sdk.tests.export.described import (
    ESTIMATED,
    GIB,
    MIB,
    NODE_ID,
    SITE_ID,
    gpu,
    left,
    only,
    pool,
    rate,
    resource,
    site,
    whats,
    whys,
    write,
)
from sdk.tests.export.targets import check_kubernetes


def _export(*accelerators: Accelerator, identifier: str = NODE_ID) -> Exported:
    exported = write(
        EXPORTER, resource(identifier, 7, accelerators=accelerators), site(), pool(1, identifier)
    )
    for value in exported.files:
        assert value.endswith(".json")
    return exported


def _devices(exported: Exported) -> list[Any]:
    value = only(exported)
    check_kubernetes(value)
    return [device for one in value["items"] for device in one["spec"]["devices"]]


def test_a_node_with_two_kinds_of_devices() -> None:
    """Every device is told with what its document says of it, and nothing else."""
    whole = gpu(
        1,
        pci=PciId(vendor="10de", device="2330", subvendor="10de", subdevice="16c1"),
        memory=DeviceMemory(
            capacity_bytes=81559 * MIB,
            usable_bytes=80 * 10**9,
            type="hbm3",
            ecc=True,
            bandwidth_bytes_per_s=3350 * 10**9,
        ),
        rates=[rate(1978 * 10**6, "2-4"), rate(989 * 10**6)],
        tdp_watts=700,
        runtime=AcceleratorRuntime(family="cuda", version="12.4"),
    )
    bare = Accelerator(accelerator_class="npu", vendor="huawei", product="昇腾 910B", count=1)
    exported = _export(whole, bare)
    unique = stem(NODE_ID)
    place = {
        "resource": {"string": NODE_ID},
        "revision": {"int": 7},
        "site": {"string": SITE_ID},
        "country": {"string": "CN"},
        "subdivision": {"string": "CN-NX"},
    }
    assert only(exported) == {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {
                "apiVersion": "resource.k8s.io/v1",
                "kind": "ResourceSlice",
                "metadata": {
                    "name": f"{unique}-0",
                    "annotations": {"crex.p.example.cn/id": NODE_ID, "crex.p.example.cn/revision": "7"},
                },
                "spec": {
                    "driver": "crex.p.example.cn",
                    "pool": {
                        "name": "p.example.cn/site/zhongwei-1/node-class/gpu-1",
                        "generation": 7,
                        "resourceSliceCount": 1,
                    },
                    "nodeSelector": {
                        "nodeSelectorTerms": [
                            {
                                "matchExpressions": [
                                    {
                                        "key": "crex.p.example.cn/resource",
                                        "operator": "In",
                                        "values": [unique],
                                    }
                                ]
                            }
                        ]
                    },
                    "devices": [
                        {
                            "name": "gpu-0",
                            "attributes": {
                                "type": {"string": "gpu"},
                                "vendor": {"string": "nvidia"},
                                "productName": {"string": "NVIDIA H100 80GB HBM3"},
                                "architecture": {"string": "hopper"},
                                "formFactor": {"string": "sxm"},
                                "vendorID": {"string": "0x10de"},
                                "deviceID": {"string": "0x2330"},
                                "subsystemVendorID": {"string": "0x10de"},
                                "subsystemID": {"string": "0x16c1"},
                                "tdpWatts": {"int": 700},
                                "runtimeFamily": {"string": "cuda"},
                                "runtimeVersion": {"string": "12.4"},
                                "basis": {"string": "nominal"},
                                "memoryType": {"string": "hbm3"},
                                "memoryEcc": {"bool": True},
                                "memoryBandwidthBytesPerS": {"int": 3350000000000},
                                **place,
                                "bf16_matrix_dense_mops": {"int": 989000000},
                                "bf16_matrix_2_4_mops": {"int": 1978000000},
                            },
                            "capacity": {
                                "memory": {"value": "81559Mi"},
                                "usableMemory": {"value": "78125000Ki"},
                            },
                        },
                        {
                            "name": "npu-1",
                            "attributes": {
                                "type": {"string": "npu"},
                                "vendor": {"string": "huawei"},
                                "productName": {"string": "昇腾 910B"},
                                **place,
                            },
                        },
                    ],
                },
            }
        ],
    }
    assert whats(exported) == ["node.accelerators.rates.provenance"]


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (128, [128]), (129, [128, 1]), (300, [128, 128, 44]), (4096, [128] * 32)]
)
def test_a_pool_has_as_many_slices_as_it_says(count: int, sizes: list[int]) -> None:
    """No slice has more than 128 devices, and each says how many there are (EXPORT-LIMIT-1)."""
    exported = _export(gpu(count))
    assert [len(one["spec"]["devices"]) for one in only(exported)["items"]] == sizes
    assert len(_devices(exported)) == count


@pytest.mark.parametrize("count", [4097, 2**62])
def test_more_devices_than_a_node_can_have(count: int) -> None:
    """A document with absurdly many devices is left out before anything is made of it (EXPORT-LIMIT-1)."""
    exported = _export(gpu(count), gpu(1))
    assert left(exported)[f"{NODE_ID}@7"] == (f"its nodes have {count + 1} devices; at most 4096 are written")


def test_no_accelerators() -> None:
    """A node without accelerators has nothing that a ResourceSlice lists."""
    node = resource(memory=Memory(capacity_bytes=GIB))
    exported = write(EXPORTER, node, site(), pool(2))
    assert left(exported)[f"{NODE_ID}@1"] == (
        "it states no accelerators, and a ResourceSlice lists nothing else"
    )
    assert left(exported)[f"{SITE_ID}/pool/gpu-1@1"] == "the class that it counts is not written"


def test_a_rate_with_sparsity_is_never_a_dense_one() -> None:
    """A device that states only a rate with 2:4 sparsity has no dense rate (EXPORT-RATE-1)."""
    (device,) = _devices(_export(gpu(1, rates=[rate(2 * 10**9, "2-4")])))
    rates = {name: told for name, told in device["attributes"].items() if name.endswith("_mops")}
    assert rates == {"bf16_matrix_2_4_mops": {"int": 2 * 10**9}}


def test_of_several_rates_the_lowest_is_said() -> None:
    """Rates that differ in accumulator or clock count with the lowest, with a remark (EXPORT-RATE-1)."""
    rates = [
        rate(660, accumulate_format="fp32"),
        rate(1320, accumulate_format="bf16"),
        rate(700, clock_mhz=9),
    ]
    exported = _export(gpu(1, rates=rates))
    (device,) = _devices(exported)
    assert device["attributes"]["bf16_matrix_dense_mops"] == {"int": 660}
    assert whys(exported, "node.accelerators.rates") == [
        "bf16 matrix dense is stated 3 times, 660, 1320, 700 mops; the lowest is written"
    ]


def test_an_estimated_rate_is_not_said() -> None:
    """A rate that was inferred has no place where it could say so (EXPORT-BASIS-1)."""
    exported = _export(gpu(1, rates=[rate(660, provenance=ESTIMATED)]))
    (device,) = _devices(exported)
    assert "bf16_matrix_dense_mops" not in device["attributes"]
    assert whys(exported, "node.accelerators.rates") == [
        "bf16 matrix dense is estimated, which the target cannot say of it"
    ]


def test_an_estimated_device_says_so() -> None:
    """What is known of a device by inference only is marked as estimated (EXPORT-BASIS-1)."""
    (device,) = _devices(_export(gpu(1, provenance=ESTIMATED)))
    assert device["attributes"]["basis"] == {"string": "estimated"}


@pytest.mark.parametrize(
    ("number_format", "unit"),
    [
        ("p.example.cn/log8", "matrix"),
        ("bf16", "tensor"),
        ("4bit", "matrix"),
        ("a-format-with-a-very-long-name", "vector"),
    ],
)
def test_a_rate_that_no_attribute_can_name(number_format: str, unit: str) -> None:
    """A rate whose name would be none, or could be that of another one, is reported (EXPORT-LIMIT-1)."""
    exported = _export(gpu(1, rates=[rate(1, number_format=number_format, unit=unit)]))
    (device,) = _devices(exported)
    assert not [name for name in device["attributes"] if name.endswith("_mops")]
    assert whys(exported, "node.accelerators.rates") == [
        f"{number_format} {unit} dense has no name that is an identifier of at most 32 characters"
    ]


def test_only_32_names() -> None:
    """Rates that do not fit beside the other attributes are reported, dense ones last (EXPORT-LIMIT-1)."""
    formats = [f"f{number}" for number in range(30)]
    rates = [rate(1, "2-4", one) for one in formats] + [rate(1, "dense", one) for one in formats]
    exported = _export(gpu(1, rates=rates))
    (device,) = _devices(exported)
    said = [name for name in device["attributes"] if name.endswith("_mops")]
    assert len(device["attributes"]) + len(device["capacity"]) == 32
    assert said == [f"f{number}_matrix_dense_mops" for number in range(len(said))]
    reported = [one for one in exported.findings if "at most 32 attributes" in one.why]
    assert len(said) + len(reported) == len(rates)


def test_texts_are_never_shortened() -> None:
    """A text of more than 64 bytes is left out and reported, one of 64 is stated (EXPORT-LIMIT-1)."""
    longest, longer = "昇" * 21 + "x", "昇" * 21 + "xy"
    (device,) = _devices(_export(gpu(1, product=longest)))
    assert device["attributes"]["productName"] == {"string": longest}
    exported = _export(gpu(1, product=longer))
    (device,) = _devices(exported)
    assert "productName" not in device["attributes"]
    assert whys(exported, "node.accelerators.product") == [
        "it has 65 bytes, and the value of the attribute productName at most 64"
    ]


def test_a_name_that_is_too_long_for_an_attribute_stands_in_an_annotation() -> None:
    """The document is named even where no attribute can hold its name (EXPORT-ORIGIN-1)."""
    identifier = f"crex://p.example.cn/site/{'s' * 60}/node-class/n"
    exported = _export(gpu(1), identifier=identifier)
    (device,) = _devices(exported)
    assert "resource" not in device["attributes"]
    (one,) = only(exported)["items"]
    assert one["metadata"]["annotations"]["crex.p.example.cn/id"] == identifier


def test_partitions_are_no_devices() -> None:
    """Profiles by which a device can be cut are reported, and add no device (EXPORT-SLICE-1)."""
    exported = _export(gpu(1, partition_profiles=[PartitionProfile(name="1g.10gb")]))
    assert len(_devices(exported)) == 1
    assert whys(exported, "node.accelerators.partitionProfiles") == [
        "the partition 1g.10gb is no device; the driver that cuts it publishes it"
    ]


def test_what_a_slice_has_no_place_for() -> None:
    """Everything else of the document is named in the report (EXPORT-SAY-1)."""
    node = resource(
        accelerators=[gpu()],
        cpu=Cpu(isa="x86-64", schedulable_cpus=128),
        memory=Memory(capacity_bytes=GIB),
    )
    node.software.add(name="linux")
    exported = write(EXPORTER, node, site(hub="ningxia"), pool(1))
    why = "a ResourceSlice has no place for it"
    assert [(one.what, one.where, one.why) for one in exported.findings] == [
        ("node.cpu", f"{NODE_ID}@1", why),
        ("node.memory", f"{NODE_ID}@1", why),
        ("software", f"{NODE_ID}@1", why),
        ("hub", f"{SITE_ID}@1", why),
    ]


@pytest.mark.parametrize(("units", "part"), [(None, "how many there are is not stated"), (5, "there are 5")])
def test_devices_of_one_node_for_several(units: int | None, part: str) -> None:
    """Where there are several nodes, or nobody says, the slices claim no more devices than one node has."""
    exported = write(EXPORTER, resource(accelerators=[gpu(8)]), site(), pool(units))
    assert len(_devices(exported)) == 8
    (why,) = whys(exported, "nodes")
    assert why.startswith(part)


@pytest.mark.parametrize("name", ["a_b", "a..b", "a.-b", "a-.b"])
def test_a_name_that_no_pool_can_have(name: str) -> None:
    """A pool whose name would be no DNS subdomain has a name that is made for it (EXPORT-LIMIT-1)."""
    identifier = f"{SITE_ID}/node-class/{name}"
    exported = _export(gpu(1), identifier=identifier)
    assert len(_devices(exported)) == 1
    assert only(exported)["items"][0]["spec"]["pool"]["name"] == stem(identifier)


def test_an_authority_that_no_driver_can_be_named_by() -> None:
    """Where the name of the driver would be too long nothing is written (EXPORT-LIMIT-1)."""
    identifier = f"crex://{'a' * 60}.example.cn/node-class/n"
    exported = _export(gpu(1), identifier=identifier)
    assert "would be longer than 63 characters" in left(exported)[f"{identifier}@7"]


@pytest.mark.parametrize("kind", ["p.example.cn/ip-core", "x" * 63])
def test_a_class_that_no_device_can_be_named_by(kind: str) -> None:
    """A device whose class is no part of a DNS label is just a device; its type is told all the same."""
    (device,) = _devices(_export(gpu(1, accelerator_class=kind)))
    assert device["name"] == "device-0"
    assert device["attributes"]["type"] == {"string": kind}


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0"),
        (1, "1"),
        (1023, "1023"),
        (1024, "1Ki"),
        (80 * GIB, "80Gi"),
        (81559 * MIB, "81559Mi"),
        (80 * 10**9, "78125000Ki"),
        (10**9 + 1, "1000000001"),
        (2**60, "1Ei"),
        (2**63 - 1, "9223372036854775807"),
    ],
)
def test_quantities_are_exact(size: int, text: str) -> None:
    """Bytes are written in the largest binary unit of which they are a whole number, never rounded."""
    assert quantity(size) == text
