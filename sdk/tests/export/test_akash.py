"""Attributes of Akash providers: what all machines at a site have in common, and models of GPUs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from crex.export.akash import EXPORTER
from crex.export.akash_lists import MODELS, REGIONS
from crex.export.exporting import Exported
from crex.registry import accelerators
from crex.v1 import (
    Accelerator,
    AcceleratorRuntime,
    ComputeResource,
    Cpu,
    DeviceMemory,
    Memory,
    PartitionProfile,
    PciId,
    StorageTier,
)
from sdk.tests.export.described import (
    ESTIMATED,
    GIB,
    MIB,
    NODE_ID,
    SITE_ID,
    gpu,
    header,
    left,
    only,
    resource,
    site,
    whats,
    whys,
    write,
)
from sdk.tests.export.targets import check_akash

MEMORY = ("node.memory", "node.memory.type", "node.memory.ecc")
H100 = "capabilities/gpu/vendor/nvidia/model/h100"
CUDA = AcceleratorRuntime(family="cuda", version="12.4")


def _attributes(exported: Exported) -> dict[str, str]:
    value = only(exported)
    check_akash(value)
    return {one["key"]: one["value"] for one in value["attributes"]}


def _node(name: str = "gpu-1", **members: Any) -> ComputeResource:
    told = {
        "cpu": Cpu(isa="x86-64", vendor="amd", schedulable_cpus=128),
        "memory": Memory(capacity_bytes=512 * GIB, type="ddr5", ecc=True),
    }
    return resource(f"{SITE_ID}/node-class/{name}", **{**told, **members})


def test_a_site_with_gpus() -> None:
    """What a provider can say of its machines, in the words of Akash and in its form."""
    exported = write(EXPORTER, _node(accelerators=[gpu(8, runtime=CUDA)]), site())
    assert only(exported) == {
        "attributes": [
            {"key": "location-region", "value": "as-east"},
            {"key": "country", "value": "CN"},
            {"key": "capabilities/cpu", "value": "amd"},
            {"key": "capabilities/cpu/arch", "value": "x86-64"},
            {"key": "capabilities/memory", "value": "ddr5ecc"},
            {"key": "capabilities/gpu", "value": "nvidia"},
            {"key": "cuda", "value": "12.4"},
            {"key": H100, "value": "true"},
            {"key": f"{H100}/ram/80Gi", "value": "true"},
            {"key": f"{H100}/interface/sxm", "value": "true"},
            {"key": f"{H100}/ram/80Gi/interface/sxm", "value": "true"},
            {"key": "crex/site", "value": f"{SITE_ID}@1"},
            {"key": "crex/resource/1", "value": f"{NODE_ID}@1"},
        ]
    }
    assert whats(exported) == [
        "subdivision",
        "node.cpu.schedulableCpus",
        "node.memory.capacityBytes",
        "node.accelerators.product",
        "node.accelerators.architecture",
        "node.accelerators.pci",
        "node.accelerators.count",
        "node.accelerators.provenance",
    ]


def test_values_are_texts() -> None:
    """Values that YAML could take for a number or for true are quoted."""
    exported = write(
        EXPORTER, _node(accelerators=[gpu(8, runtime=CUDA)]), site(country="NO", subdivision=None)
    )
    (text,) = exported.files.values()
    assert b"value: 'true'" in text
    assert b"value: '12.4'" in text
    assert b"value: 'NO'" in text
    assert _attributes(exported)["country"] == "NO"


@pytest.mark.parametrize(
    ("members", "missing"),
    [
        ({"memory": None}, {"/ram/80Gi", "/ram/80Gi/interface/sxm"}),
        ({"form_factor": None}, {"/interface/sxm", "/ram/80Gi/interface/sxm"}),
        ({"memory": None, "form_factor": None}, {"/ram/80Gi", "/interface/sxm", "/ram/80Gi/interface/sxm"}),
    ],
)
def test_memory_and_interface_as_the_document_states_them(members: dict[str, Any], missing: set[str]) -> None:
    """What the document does not state of a GPU is not taken from Akash's list of models."""
    exported = write(EXPORTER, _node(accelerators=[gpu(1, **members)]), site())
    said = {key.removeprefix(H100) for key in _attributes(exported) if key.startswith(H100)}
    assert said == {"", "/ram/80Gi", "/interface/sxm", "/ram/80Gi/interface/sxm"} - missing


@pytest.mark.parametrize(
    ("size", "fits"),
    [
        (80 * GIB, True),
        (81559 * MIB, True),
        (80 * GIB * 88 // 100 + 1, True),
        (80 * GIB + 1, False),
        (40 * GIB, False),
        (80 * GIB * 88 // 100 - 1, False),
    ],
)
def test_a_model_with_another_memory(size: int, fits: bool) -> None:
    """A device whose memory cannot be that of the model of its PCI identifiers is none of that model."""
    memory = DeviceMemory(capacity_bytes=size)
    exported = write(EXPORTER, _node(accelerators=[gpu(1, memory=memory)]), site())
    assert (f"{H100}/ram/80Gi" in _attributes(exported)) == fits
    assert (H100 in _attributes(exported)) == fits
    if fits and size != 80 * GIB:
        (why,) = whys(exported, "node.accelerators.memory.capacityBytes")
        assert why == f"the key says 80Gi, Akash's name of a device that reports {size} bytes"
    if not fits:
        (why,) = whys(exported, "node.accelerators")
        assert why == f"PCI 10de:2330 is a h100 of 80 GiB there, and this has {size} bytes"


def test_an_interface_that_is_contradicted() -> None:
    """Where document and list differ in the interface, none is stated."""
    exported = write(EXPORTER, _node(accelerators=[gpu(1, form_factor="pcie")]), site())
    assert [key for key in _attributes(exported) if key.startswith(H100)] == [H100, f"{H100}/ram/80Gi"]
    assert whys(exported, "node.accelerators.formFactor") == [
        "it is pcie, and sxm in Akash's list of devices"
    ]


@pytest.mark.parametrize(
    ("accelerator", "part"),
    [
        (gpu(1, pci=None), "it states no PCI identifiers"),
        (
            gpu(1, pci=PciId(vendor="10de", device="ffff")),
            "no model of Akash is known here for PCI 10de:ffff",
        ),
        (gpu(1, vendor="amd"), "PCI 10de:2330 is of nvidia there, and this is said to be of amd"),
        (gpu(1, provenance=ESTIMATED), "it is estimated"),
        (gpu(1, accelerator_class="fpga"), "Akash has GPUs only"),
    ],
)
def test_a_device_without_a_model(accelerator: Accelerator, part: str) -> None:
    """A model is never told from a product's name, nor where anything speaks against it."""
    exported = write(EXPORTER, _node(accelerators=[accelerator]), site())
    assert not [key for key in _attributes(exported) if "/model/" in key]
    assert part in "".join(whys(exported, "node.accelerators"))


def test_partitions_are_no_gpus() -> None:
    """Profiles by which a GPU can be cut add no attribute (EXPORT-SLICE-1)."""
    whole = write(EXPORTER, _node(accelerators=[gpu(1)]), site())
    cut = write(
        EXPORTER, _node(accelerators=[gpu(1, partition_profiles=[PartitionProfile(name="1g.10gb")])]), site()
    )
    assert whole.files == cut.files
    assert len(whys(cut, "node.accelerators.partitionProfiles")) == 1


@pytest.mark.parametrize(
    ("memory", "value", "part"),
    [
        (Memory(capacity_bytes=1, type="ddr4", ecc=True), "ddr4ecc", ""),
        (Memory(capacity_bytes=1, type="ddr4", ecc=False), "ddr4", ""),
        (Memory(capacity_bytes=1, type="ddr4"), None, "only one of them is stated"),
        (Memory(capacity_bytes=1, type="hbm3", ecc=True), None, "Akash has no value for hbm3ecc"),
        (Memory(capacity_bytes=1, type="ddr4", ecc=True, provenance=ESTIMATED), None, "it is estimated"),
        (Memory(capacity_bytes=1, ecc=True), None, "only one of them is stated"),
        (Memory(capacity_bytes=1), None, ""),
    ],
)
def test_types_of_memory(memory: Memory, value: str | None, part: str) -> None:
    """A type of memory says whether it corrects errors; where nobody says so there is none."""
    exported = write(EXPORTER, _node(memory=memory), site())
    assert _attributes(exported).get("capabilities/memory") == value
    said = [one.why for one in exported.findings if one.what in MEMORY]
    assert all(part in why for why in said)
    assert bool(said) == bool(part)


@pytest.mark.parametrize(
    ("isa", "value"),
    [("aarch64", "arm-64"), ("armv7", "arm"), ("x86-32", "x86"), ("riscv64", None), ("arm-64", None)],
)
def test_instruction_sets(isa: str, value: str | None) -> None:
    """Instruction sets have the names that Akash gives them, and the others none."""
    exported = write(EXPORTER, _node(cpu=Cpu(isa=isa, vendor="hygon", schedulable_cpus=1)), site())
    assert _attributes(exported).get("capabilities/cpu/arch") == value
    assert bool(whys(exported, "node.cpu.isa")) == (value is None)
    assert whys(exported, "node.cpu.vendor") == ["Akash has no value for hygon"]


def test_machines_that_differ() -> None:
    """An attribute of one value is stated where all machines at the site agree, models where any has one."""
    one = _node("a", accelerators=[gpu(8, runtime=CUDA)])
    other = _node(
        "b",
        cpu=Cpu(isa="x86-64", vendor="intel", schedulable_cpus=8),
        memory=None,
        accelerators=[gpu(2, pci=PciId(vendor="10de", device="2235"), form_factor="pcie", memory=None)],
    )
    plain = _node("c", cpu=None)
    exported = write(EXPORTER, one, other, plain, site())
    assert list(_attributes(exported)) == [
        "location-region",
        "country",
        "capabilities/gpu",
        H100,
        f"{H100}/ram/80Gi",
        f"{H100}/interface/sxm",
        f"{H100}/ram/80Gi/interface/sxm",
        "capabilities/gpu/vendor/nvidia/model/a40",
        "capabilities/gpu/vendor/nvidia/model/a40/interface/pcie",
        "crex/site",
        "crex/resource/1",
        "crex/resource/2",
        "crex/resource/3",
    ]
    assert set(whys(exported, "node.cpu.vendor")) == {
        "capabilities/cpu has one value, and classes of nodes say amd, intel"
    }
    for what, key in (
        ("node.cpu.isa", "capabilities/cpu/arch"),
        ("node.memory.type", "capabilities/memory"),
        ("node.memory.ecc", "capabilities/memory"),
        ("node.accelerators.runtime.version", "cuda"),
    ):
        assert set(whys(exported, what)) == {
            f"{key} is stated only where all classes of nodes at the site say it"
        }


def test_gpus_of_one_node_that_differ() -> None:
    """Two makers or versions on one node leave the attribute out; Akash wants one model on a node."""
    mi100 = Accelerator(
        accelerator_class="gpu",
        vendor="amd",
        product="MI100",
        pci=PciId(vendor="1002", device="738c"),
        count=1,
        runtime=AcceleratorRuntime(family="rocm", version="6.1"),
    )
    exported = write(EXPORTER, _node(accelerators=[gpu(1, runtime=CUDA), mi100]), site())
    said = _attributes(exported)
    assert "capabilities/gpu" not in said
    assert "cuda" not in said
    assert {H100, "capabilities/gpu/vendor/amd/model/mi100"} <= set(said)
    assert whys(exported, "node.accelerators.vendor") == ["not all of its GPUs state the same: amd, nvidia"]
    assert whys(exported, "node.accelerators.runtime.version") == ["not all of its GPUs state the same: 12.4"]
    assert whys(exported, "node.accelerators.runtime") == ["Akash knows CUDA of GPUs only"]
    assert whys(exported, "node.accelerators") == [
        "Akash wants one model of GPUs on a node; how these are shared out is not stated"
    ]


def test_each_site_makes_a_provider() -> None:
    """Machines at two sites, or of two authorities at one, are those of two providers."""
    other = "crex://p.example.cn/site/s-2"
    elsewhere = _node("b", accelerators=[gpu(1)])
    elsewhere.site_id = other
    guest = _node("c")
    guest.header.CopyFrom(header("crex://q.example.cn/node-class/c"))
    exported = write(
        EXPORTER, _node("a"), elsewhere, guest, site(), site(other, country="DE", subdivision=None)
    )
    assert len(exported.files) == 3
    regions = [yaml.safe_load(data)["attributes"][0]["value"] for data in exported.files.values()]
    assert sorted(regions) == ["as-east", "as-east", "eu-central"]


@pytest.mark.parametrize(
    ("country", "subdivision", "region"),
    [
        ("US", "US-CA", "na-us-west"),
        ("CA", "CA-NU", "na-ca-north"),
        ("NU", None, "oc-pol"),
        ("US", None, None),
        ("US", "US-PR", None),
        ("VE", None, None),
        ("MX", None, None),
        (None, None, None),
    ],
)
def test_regions(country: str | None, subdivision: str | None, region: str | None) -> None:
    """A region is that which Akash's own list gives a country or subdivision, where it gives exactly one."""
    exported = write(EXPORTER, _node(), site(country=country, subdivision=subdivision))
    assert _attributes(exported).get("location-region") == region
    assert len(whys(exported, "country")) == (0 if region else 1)


def test_nothing_that_an_attribute_can_say() -> None:
    """A node of which no attribute says anything is left out."""
    exported = write(EXPORTER, resource(storage=[StorageTier(medium="hdd", capacity_bytes=1)]))
    assert "no attribute can be stated of it" in left(exported)[f"{NODE_ID}@1"]


def test_models_are_those_of_the_registry() -> None:
    """Every model that is named stands in the registry, with that memory and form factor."""
    for pci, model in MODELS.items():
        vendor, _, device = pci.partition(":")
        assert model.vendor == accelerators.maker(vendor)
        (entry, *_) = accelerators.by_pci(vendor, device)
        assert entry.members["formFactor"] == model.form_factor
        assert entry.members["memory"]["capacityBytes"] == str(model.gib * GIB)


def test_regions_are_of_countries() -> None:
    """Every place in the list of regions is a country, or a subdivision of one that is divided."""
    for place in REGIONS:
        country, dash, rest = place.partition("-")
        assert len(country) == 2
        assert bool(dash) == (country in ("CA", "US"))
        assert not dash or len(rest) == 2


def test_the_form_is_that_of_real_providers(real_data: Path) -> None:
    """What Akash's own test data has as attributes is of the form that is written here."""
    for path in sorted((real_data / "akash" / "provider").glob("*.yaml")):
        value = yaml.safe_load(path.read_text("utf-8"))
        check_akash({"attributes": value["attributes"]})
