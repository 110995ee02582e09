"""The importer `redfish`: trees in every layout, whole, at odds with themselves and damaged."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from crex.describe.importing import Imported
from crex.describe.redfish import IMPORTER
from crex.describe.redfish_tree import MOST_LINKED
from crex.describe.report import Kind
from crex.describe.sources import Source, open_sources
from crex.v1 import (
    Accelerator,
    ComputeResource,
    Cpu,
    DeviceMemory,
    Memory,
    NetworkInterface,
    NodeClass,
    PciId,
    Provenance,
    StorageTier,
    Virtualization,
)
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import check_sound, documents_of

GIB = 1 << 30
MIB = 1 << 20
SYSTEM = "/redfish/v1/Systems/1"
Json = dict[str, Any]
ENABLED: Json = {"State": "Enabled", "Health": "OK"}


def resource(kind: str, uri: str, **members: Any) -> Json:
    """A resource of a kind at an address."""
    return {
        "@odata.type": f"#{kind}.v1_9_0.{kind}",
        "@odata.id": uri,
        "Id": uri.rpartition("/")[2],
        **members,
    }


def link(uri: str) -> Json:
    """A link."""
    return {"@odata.id": uri}


def collection(kind: str, uri: str, *members: Json) -> list[Json]:
    """A collection, with the resources that it has as members."""
    named = [link(one["@odata.id"]) for one in members]
    whole = {
        "@odata.type": f"#{kind}Collection.{kind}Collection",
        "@odata.id": uri,
        "Members": named,
        "Members@odata.count": len(named),
    }
    return [whole, *members]


def cpu(number: int, **members: Any) -> Json:
    """A CPU of 16 cores and 32 threads."""
    stated = {
        "ProcessorType": "CPU",
        "InstructionSet": "x86-64",
        "Manufacturer": "Intel(R) Corporation",
        "Model": "Xeon Nine",
        "Socket": f"CPU {number}",
        "BaseSpeedMHz": 2100,
        "MaxSpeedMHz": 4000,
        "TotalCores": 16,
        "TotalThreads": 32,
        "Status": ENABLED,
    }
    return resource("Processor", f"{SYSTEM}/Processors/CPU{number}", **{**stated, **members})


def gpu(number: int, **members: Any) -> Json:
    """A GPU of 80 GiB, as a processor."""
    stated = {
        "ProcessorType": "GPU",
        "Manufacturer": "NVIDIA Corporation",
        "Model": "H100 80GB HBM3",
        "MemorySummary": {"TotalMemorySizeMiB": 81920, "ECCModeEnabled": True},
        "TDPWatts": 700,
        "Status": ENABLED,
    }
    return resource("Processor", f"{SYSTEM}/Processors/GPU{number}", **{**stated, **members})


def module(number: int, **members: Any) -> Json:
    """A memory module of 32 GiB."""
    stated = {
        "CapacityMiB": 32768,
        "MemoryType": "DRAM",
        "MemoryDeviceType": "DDR5",
        "ErrorCorrection": "MultiBitECC",
        "Status": ENABLED,
    }
    return resource("Memory", f"{SYSTEM}/Memory/DIMM{number}", **{**stated, **members})


def drive(number: int, **members: Any) -> Json:
    """An NVMe drive of 1.92 TB."""
    stated = {
        "CapacityBytes": 1_920_383_410_176,
        "BlockSizeBytes": 512,
        "MediaType": "SSD",
        "Protocol": "NVMe",
        "Status": ENABLED,
    }
    return resource("Drive", f"/redfish/v1/Chassis/1/Drives/{number}", **{**stated, **members})


def port(number: int, **members: Any) -> Json:
    """An Ethernet port that runs at 25 Gbit/s."""
    stated = {
        "PortProtocol": "Ethernet",
        "LinkStatus": "LinkUp",
        "CurrentSpeedGbps": 25,
        "MaxSpeedGbps": 100,
        "Status": ENABLED,
    }
    place = f"/redfish/v1/Chassis/1/NetworkAdapters/NIC/Ports/{number}"
    return resource("Port", place, **{**stated, **members})


def interface(number: int, **members: Any) -> Json:
    """An Ethernet interface that runs at 1 Gbit/s."""
    stated = {"SpeedMbps": 1000, "LinkStatus": "LinkUp", "Status": ENABLED}
    return resource("EthernetInterface", f"{SYSTEM}/EthernetInterfaces/{number}", **{**stated, **members})


def function(number: int, **members: Any) -> Json:
    """A PCIe function of a GPU."""
    stated = {
        "FunctionType": "Physical",
        "DeviceClass": "ProcessingAccelerators",
        "VendorId": "0x10DE",
        "DeviceId": "0x2330",
        "SubsystemVendorId": "0x10de",
        "SubsystemId": "0x16C1",
        "Status": ENABLED,
    }
    place = f"/redfish/v1/Chassis/1/PCIeDevices/{number}/PCIeFunctions/0"
    return resource("PCIeFunction", place, **{**stated, **members})


def machine(
    *,
    processors: Sequence[Json] | None = (cpu(1), cpu(2)),
    modules: Sequence[Json] | None = (module(1), module(2)),
    drives: Sequence[Json] = (),
    ports: Sequence[Json] = (),
    interfaces: Sequence[Json] = (),
    functions: Sequence[Json] = (),
    **members: Any,
) -> list[Json]:
    """The resources of a service with one system; None: the system does not link to such parts."""
    system = resource("ComputerSystem", SYSTEM, HostName="node-1.example.org", SystemType="Physical")
    system["ProcessorSummary"] = {"Count": 2, "CoreCount": 32, "LogicalProcessorCount": 64}
    system["MemorySummary"] = {"TotalSystemMemoryGiB": 64}
    parts: list[Json] = []

    def hang(name: str, kind: str, several: Sequence[Json]) -> None:
        system[name] = link(f"{SYSTEM}/{name}")
        parts.extend(collection(kind, f"{SYSTEM}/{name}", *several))

    if processors is not None:
        hang("Processors", "Processor", processors)
    if modules is not None:
        hang("Memory", "Memory", modules)
    if drives:
        named = [link(one["@odata.id"]) for one in drives]
        hang("Storage", "Storage", [resource("Storage", f"{SYSTEM}/Storage/1", Drives=named)])
        parts.extend(drives)
    if ports:
        adapter = "/redfish/v1/Chassis/1/NetworkAdapters/NIC"
        owned = {"NetworkAdapter": link(adapter)}
        owner = resource("NetworkInterface", f"{SYSTEM}/NetworkInterfaces/NIC", Links=owned)
        hang("NetworkInterfaces", "NetworkInterface", [owner])
        parts.append(resource("NetworkAdapter", adapter, Ports=link(f"{adapter}/Ports")))
        parts.extend(collection("Port", f"{adapter}/Ports", *ports))
    if interfaces:
        hang("EthernetInterfaces", "EthernetInterface", interfaces)
    for one in functions:
        place = one["@odata.id"].rpartition("/")[0]
        device = resource("PCIeDevice", place.rpartition("/")[0], PCIeFunctions=link(place))
        system.setdefault("PCIeDevices", []).append(link(device["@odata.id"]))
        parts.extend([device, *collection("PCIeFunction", place, one)])
    return [*collection("ComputerSystem", "/redfish/v1/Systems", {**system, **members}), *parts]


def lines(resources: Sequence[object], name: str = "tree.jsonl") -> Source:
    """Resources as JSON Lines."""
    return Source(name, "".join(json.dumps(one) + "\n" for one in resources).encode())


def read(resources: Sequence[object]) -> Imported:
    """Imports the resources of one service."""
    imported = IMPORTER.read([lines(resources)])
    mutations.check_books(imported)
    for draft in imported.drafts:
        check_sound(draft)
    return imported


def node(imported: Imported) -> NodeClass:
    """Gives the only node of an import."""
    (draft,) = imported.drafts
    assert isinstance(draft.body, ComputeResource)
    return draft.body.node


def findings(imported: Imported, what: str) -> list[str]:
    """Gives what findings say of a thing."""
    return [one.why for one in imported.findings if one.what == what]


def left(imported: Imported) -> list[str]:
    """Gives the reasons for which rows are left out."""
    return [one.why for one in imported.left_out]


def memory_of(imported: Imported) -> int | None:
    """Gives the capacity of the memory of the only node, where it is stated."""
    found = node(imported)
    return found.memory.capacity_bytes if found.HasField("memory") else None


def test_a_whole_machine_is_told_exactly() -> None:
    """Every figure that a tree states is in the document, in its unit, with the field that it is from."""
    imported = read(
        machine(
            processors=[cpu(1), cpu(2), gpu(1), gpu(2)],
            drives=[drive(1), drive(2), drive(3, MediaType="HDD", Protocol="SATA")],
            ports=[port(1), port(2, PortProtocol="InfiniBand", CurrentSpeedGbps=400)],
            Manufacturer="Contoso",
            Model="3500",
            SKU="8675309",
        )
    )
    (draft,) = imported.drafts
    assert (draft.name, draft.count, draft.part_of) == ("node-1", 1, "")
    assert draft.rows == (f"tree.jsonl: line 2: $ ({SYSTEM})",)
    drives = Provenance(basis="nominal", method="Drive: `CapacityBytes`, `MediaType`, `Protocol`")
    rates = Provenance(basis="nominal", method="`CurrentSpeedGbps` of Port")
    expected = ComputeResource(
        kind="node-class",
        display_names={"en": "Contoso 3500"},
        node=NodeClass(
            cpu=Cpu(
                isa="x86-64",
                vendor="intel",
                model="Xeon Nine",
                sockets=2,
                physical_cores=32,
                threads_per_core=2,
                schedulable_cpus=64,
                base_mhz=2100,
                provenance=Provenance(
                    basis="nominal",
                    method="schedulable_cpus: `ProcessorSummary.LogicalProcessorCount` of ComputerSystem; "
                    "isa, vendor, model: Processor; sockets, cores: Processor, `TotalCores`",
                ),
            ),
            memory=Memory(
                capacity_bytes=64 * GIB,
                type="ddr5",
                ecc=True,
                provenance=Provenance(
                    basis="nominal",
                    method="`MemorySummary.TotalSystemMemoryGiB` of ComputerSystem, equal to the sum of "
                    "`CapacityMiB` of Memory; type: `MemoryDeviceType`; ecc: `ErrorCorrection`",
                ),
            ),
            accelerators=[
                Accelerator(
                    accelerator_class="gpu",
                    vendor="nvidia",
                    product="H100 80GB HBM3",
                    count=2,
                    memory=DeviceMemory(capacity_bytes=80 * GIB, ecc=True),
                    provenance=Provenance(
                        basis="nominal",
                        method="Processor: `ProcessorType`, `Manufacturer`, `Model`, `MemorySummary`, "
                        "`ProcessorMemory`",
                    ),
                )
            ],
            storage=[
                StorageTier(medium="nvme-ssd", capacity_bytes=1_920_383_410_176, count=2, provenance=drives),
                StorageTier(medium="hdd", capacity_bytes=1_920_383_410_176, count=1, provenance=drives),
            ],
            network=[
                NetworkInterface(technology="ethernet", count=1, bits_per_s=25_000_000_000, provenance=rates),
                NetworkInterface(
                    technology="infiniband", count=1, bits_per_s=400_000_000_000, provenance=rates
                ),
            ],
            virtualization=Virtualization(
                kind="bare-metal",
                provenance=Provenance(basis="nominal", method="`SystemType` of ComputerSystem"),
            ),
        ),
    )
    assert draft.body == expected
    assert imported.findings == ()
    assert imported.left_out == ()


def test_every_layout_gives_the_same(tmp_path: Path) -> None:
    """A folder, lines with and without paths, single files, a list and an expanded tree say the same."""
    resources = machine(drives=[drive(1)], ports=[port(1)])
    (whole,) = read(resources).drafts
    folder = tmp_path / "service"
    for one in resources:
        place = folder / one["@odata.id"].removeprefix("/") / "index.json"
        place.parent.mkdir(parents=True)
        place.write_text(json.dumps(one), encoding="utf-8-sig")
    paths = [{"path": f"x{one['@odata.id'][11:]}/index.json", "doc": one} for one in resources]
    singles = [Source(f"{number}.json", json.dumps(one).encode()) for number, one in enumerate(resources)]
    by_uri = {one["@odata.id"]: one for one in resources}

    def expand(value: object) -> object:
        if isinstance(value, list):
            return [expand(one) for one in value]
        if isinstance(value, dict):
            target = by_uri.get(value.get("@odata.id", "")) if len(value) == 1 else value
            return {name: expand(one) for name, one in (target or value).items()}
        return value

    expanded = json.dumps(expand(resources[0])).encode()
    for sources in (
        open_sources([folder]),
        open_sources([folder / "redfish" / "v1"]),
        [lines(paths)],
        singles,
        [Source("list.json", json.dumps(resources).encode())],
        [Source("expanded.json", b"\xef\xbb\xbf" + expanded)],
        [Source("expanded.json", json.dumps(expand(resources[0]), indent=1).replace("\n", "\r\n").encode())],
    ):
        imported = IMPORTER.read(sources)
        mutations.check_books(imported)
        assert [draft.body for draft in imported.drafts] == [whole.body]
        assert (imported.rows, imported.findings) == (1, ())


def test_equal_systems_are_one_draft_with_their_number(tmp_path: Path) -> None:
    """Several services have the same addresses: each is read by itself, and equal machines are counted."""
    for name in ("a", "b", "c"):
        changed: Json = {"HostName": name, "SerialNumber": name, "UUID": name}
        more: Json = {"modules": [module(1)], "MemorySummary": {"TotalSystemMemoryGiB": 32}}
        for one in machine(**changed, **(more if name == "b" else {})):
            place = tmp_path / "all" / name / one["@odata.id"][1:] / "index.json"
            place.parent.mkdir(parents=True)
            place.write_text(json.dumps(one))
    expected = [("a", 2, 64 * GIB), ("b", 1, 32 * GIB)]
    apart = [tmp_path / "all" / name for name in "abc"]
    packed = [lines(machine(HostName=name, SerialNumber=name), f"{name}.jsonl") for name in "ac"]
    for sources in (open_sources([tmp_path / "all"]), open_sources(apart)):
        imported = IMPORTER.read(sources)
        mutations.check_books(imported)
        found = [(one.name, one.count, one.body.node.memory.capacity_bytes) for one in imported.drafts]  # type: ignore[union-attr]
        assert found == expected
    (draft,) = IMPORTER.read(packed).drafts
    assert (draft.name, draft.count, len(draft.rows)) == ("a", 2, 2)
    names = [made.document.header.id for made in documents_of(IMPORTER.read(packed)).made]
    assert "crex://p.example.cn/site/zhongwei-1/node-class/a" in names
    assert len(names) == 3  # with the site, and the pool of two


def test_systems_in_one_heap_do_not_get_each_others_parts() -> None:
    """Files of several services without folders: every system is told by what it says itself."""
    sources = []
    for name in ("a", "b"):
        sources += [
            Source(f"{name}{index}.json", json.dumps(one).encode())
            for index, one in enumerate(machine(HostName=name, SerialNumber=name, processors=[cpu(1)]))
        ]
    imported = IMPORTER.read(sources)
    mutations.check_books(imported)
    (draft,) = imported.drafts
    assert (draft.count, node(imported).HasField("cpu")) == (2, False)
    assert memory_of(imported) == 64 * GIB
    assert len([one for one in imported.findings if one.what == "parts of a system"]) == 2


def test_a_system_that_is_told_twice_counts_once() -> None:
    """The same machine in two files is one; the second row says where it is told already."""
    imported = IMPORTER.read([lines(machine(UUID="u"), "a.jsonl"), lines(machine(UUID="u"), "b.jsonl")])
    mutations.check_books(imported)
    assert (imported.rows, [draft.count for draft in imported.drafts]) == (2, [1])
    assert left(imported) == [f"it is told already: a.jsonl: line 2: $ ({SYSTEM})"]


def test_a_resource_counts_more_than_a_copy_of_it_elsewhere() -> None:
    """A collection may hold its members with some of their properties only; the whole ones are read."""
    resources = machine(SerialNumber="s")
    short = {name: resources[1][name] for name in ("@odata.id", "@odata.type", "Id")}
    resources[0] = {**resources[0], "Members": [short]}
    (draft,) = read(machine(SerialNumber="s")).drafts
    imported = read(resources)
    assert [one.body for one in imported.drafts] == [draft.body]
    assert left(imported) == [f"it is told already: tree.jsonl: line 2: $ ({SYSTEM})"]


# The number of CPUs


@pytest.mark.parametrize(
    ("summary", "change", "expected"),
    [
        ({"LogicalProcessorCount": 64}, {}, (64, 2, "nominal")),
        # Threads can be disabled: the firmware's number counts, and the report says that there are more.
        ({"LogicalProcessorCount": 32}, {}, (32, 2, "nominal")),
        ({}, {}, (64, 2, "estimated")),
        ({"LogicalProcessorCount": 60}, {"TotalThreads": None}, (60, 0, "nominal")),
        ({"LogicalProcessorCount": "64"}, {}, (64, 2, "nominal")),
        # Cores that differ in their threads have no number of threads per core.
        ({"LogicalProcessorCount": 40}, {"TotalThreads": 20}, (40, 0, "nominal")),
        ({"LogicalProcessorCount": 65}, {}, None),
        ({"ThreadingEnabled": False}, {}, None),
        ({}, {"TotalEnabledCores": 12}, None),
        ({}, {"TotalThreads": None}, None),
        ({}, {"TotalThreads": 0}, None),
        ({"LogicalProcessorCount": 1 << 60}, {"TotalThreads": -1}, None),
    ],
)
def test_cpus_that_can_be_scheduled_on_are_the_logical_ones(
    summary: Json, change: Json, expected: tuple[int, int, str] | None
) -> None:
    """What the firmware hands out counts; threads alone are an inference, unless some may be disabled."""
    imported = read(machine(processors=[cpu(1, **change), cpu(2, **change)], ProcessorSummary=summary))
    found = node(imported)
    if expected is None:
        assert not found.HasField("cpu")
        assert findings(imported, "node.cpu")
        return
    assert (
        found.cpu.schedulable_cpus,
        found.cpu.threads_per_core,
        found.cpu.provenance.basis,
    ) == expected
    if expected[0] == 32:
        assert findings(imported, "CPUs") == ["its firmware enables 32 of 64 threads"]


@pytest.mark.parametrize(
    ("change", "isa"),
    [
        ({"InstructionSet": "ARM-A64", "Manufacturer": "Ampere(R)"}, "aarch64"),
        ({"InstructionSet": "RV64"}, "riscv64"),
        ({"InstructionSet": "x86"}, "x86-32"),
        # Neither word size nor byte order; nothing; an architecture is no instruction set.
        ({"InstructionSet": "PowerISA"}, None),
        ({"InstructionSet": "OEM"}, None),
        ({"InstructionSet": None, "ProcessorArchitecture": "x86"}, None),
        ({"InstructionSet": ["x86-64"]}, None),
    ],
)
def test_an_instruction_set_is_never_guessed(change: Json, isa: str | None) -> None:
    """Without one instruction set there is no `cpu`, and the rest of the node is told all the same."""
    imported = read(machine(processors=[cpu(1, **change), cpu(2, **change)]))
    found = node(imported)
    assert (found.cpu.isa if found.HasField("cpu") else None) == isa
    assert found.memory.capacity_bytes == 64 * GIB
    assert bool(findings(imported, "node.cpu")) == (isa is None)


def test_processors_of_two_instruction_sets_have_none() -> None:
    """A system of two kinds of CPUs is not told by one of them."""
    imported = read(machine(processors=[cpu(1), cpu(2, InstructionSet="ARM-A64")]))
    assert findings(imported, "node.cpu") == [
        "`InstructionSet` of its CPUs says ARM-A64, x86-64, from which no one instruction set follows"
    ]


@pytest.mark.parametrize(
    ("processors", "why"),
    [
        (None, "it links to no processors; a summary does not state the instruction set"),
        ([gpu(1)], "none of its processors is a CPU that is there and enabled"),
        ([cpu(1), cpu(2, ProcessorType=None)], "does not say whether it is a CPU"),
        ([cpu(1, Status={"State": "Disabled"})], "none of its processors is a CPU that is there and enabled"),
    ],
)
def test_without_all_its_processors_a_cpu_is_not_told(processors: list[Json] | None, why: str) -> None:
    """The CPU is told whole or not at all."""
    imported = read(machine(processors=processors))
    assert not node(imported).HasField("cpu")
    assert why in findings(imported, "node.cpu")[0]


def test_a_processor_that_is_missing_takes_the_cpu_with_it() -> None:
    """A sum over the processors that happen to be in the input would be a wrong figure."""
    resources = [one for one in machine() if not one["@odata.id"].endswith("CPU2")]
    imported = read(resources)
    assert not node(imported).HasField("cpu")
    assert findings(imported, "node.cpu") == ["not all of its processors could be read"]
    assert findings(imported, "1 of 2 Processor") == [f"{SYSTEM}/Processors/CPU2 is not in the input"]


@pytest.mark.parametrize(
    ("summary", "change", "shape", "what"),
    [
        ({"Count": 4}, {}, (0, 32, 2), "node.cpu.sockets"),
        ({}, {"Socket": "CPU 1"}, (0, 32, 2), "node.cpu.sockets"),
        ({"CoreCount": 48}, {}, (2, 0, 0), "node.cpu.physical_cores"),
        ({"CoreCount": 24}, {"TotalEnabledCores": 12}, (2, 32, 2), ""),
        ({}, {"TotalCores": None}, (2, 0, 0), "node.cpu.physical_cores"),
        ({}, {"BaseSpeedMHz": None}, (2, 32, 2), "node.cpu.base_mhz"),
        ({}, {"Model": None}, (2, 32, 2), "node.cpu.model"),
        ({}, {"Manufacturer": "Contoso"}, (2, 32, 2), "node.cpu.vendor"),
        ({}, {"ProcessorId": {"VendorId": "AuthenticAMD"}}, (2, 32, 2), "node.cpu.vendor"),
    ],
)
def test_sources_that_disagree_state_neither(
    summary: Json, change: Json, shape: tuple[int, int, int], what: str
) -> None:
    """Sockets and cores stand in the summary and in the processors; where these differ, neither is told."""
    summary = {"LogicalProcessorCount": 48, **summary}
    imported = read(machine(processors=[cpu(1, **change), cpu(2, **change)], ProcessorSummary=summary))
    found = node(imported).cpu
    assert (found.sockets, found.physical_cores, found.threads_per_core) == shape
    assert not what or findings(imported, what)
    assert found.base_mhz == (0 if what == "node.cpu.base_mhz" else 2100)


def test_the_largest_clock_is_no_base_clock() -> None:
    """`MaxSpeedMHz` and `OperatingSpeedMHz` are not taken for the clock that a processor always has."""
    change = {"BaseSpeedMHz": None, "MaxSpeedMHz": 4000, "OperatingSpeedMHz": 3000}
    imported = read(machine(processors=[cpu(1, **change), cpu(2, **change)]))
    assert not node(imported).cpu.HasField("base_mhz")


# Memory


@pytest.mark.parametrize(
    ("total", "modules", "expected"),
    [
        (64, [module(1), module(2)], 64 * GIB),
        ("64", [module(1), module(2)], 64 * GIB),
        (31.5, None, 63 * GIB // 2),
        # Taken as gigabytes and converted: no sum of modules is 59.604672 GiB. The modules are believed.
        (59.604672, [module(1), module(2)], 64 * GIB),
        (59.604672, None, None),
        # Gigabytes where GiB should be, and what mirroring leaves: neither source is believed.
        (68, [module(1), module(2)], None),
        (32, [module(1), module(2)], None),
        (None, [module(1), module(2)], 64 * GIB),
        (None, [module(1), module(2, CapacityMiB=None)], None),
        (32, [module(1), module(2, Status={"State": "Absent"}, CapacityMiB=None)], 32 * GIB),
        (32, [module(1), module(2, CapacityMiB=0)], 32 * GIB),
        (32, [module(1), module(2, Status={"State": "Disabled"})], 32 * GIB),
        # Persistent memory may be main memory, or beside it: there is no sum.
        (64, [module(1), module(2, MemoryType="IntelOptane")], 64 * GIB),
        (None, [module(1), module(2, MemoryType="IntelOptane")], None),
        (0, None, None),
        (-64, None, None),
        (1e30, None, None),
        ([64], None, None),
        (True, None, None),
    ],
)
def test_memory_is_gib_against_the_sum_of_modules(
    total: object, modules: list[Json] | None, expected: int | None
) -> None:
    """The summary is in GiB; it stands only where the modules do not contradict it."""
    imported = read(machine(modules=modules, MemorySummary={"TotalSystemMemoryGiB": total}))
    assert memory_of(imported) == expected
    if expected is None:
        assert findings(imported, "node.memory")


def test_what_modules_say_of_themselves_is_told_where_all_say_the_same() -> None:
    """Type and error correction are those of all modules, or not told."""
    for change, type_, ecc in (
        ({"MemoryDeviceType": "DDR4"}, "", True),
        ({"ErrorCorrection": "NoECC"}, "ddr5", None),
        ({"ErrorCorrection": None, "MemoryDeviceType": "OEM"}, "", None),
    ):
        found = node(read(machine(modules=[module(1), module(2, **change)]))).memory
        assert (found.type, found.ecc if found.HasField("ecc") else None) == (type_, ecc)
    for said, ecc in (("NoECC", False), ("SingleBitECC", True), ("AddressParity", None)):
        both = [module(1, ErrorCorrection=said), module(2, ErrorCorrection=said)]
        found = node(read(machine(modules=both))).memory
        assert (found.ecc if found.HasField("ecc") else None) == ecc


def test_memory_of_a_gpu_is_no_main_memory() -> None:
    """A module that belongs to a processor of another type is not in the sum."""
    owner: Json = {"Links": {"Processors": [link(f"{SYSTEM}/Processors/GPU1")]}}
    main: Json = {"Links": {"Processors": [link(f"{SYSTEM}/Processors/CPU1")]}}
    modules = [module(1, **main), module(2, **main), module(3, MemoryDeviceType="HBM3", **owner)]
    imported = read(machine(processors=[cpu(1), cpu(2), gpu(1)], modules=modules))
    assert (memory_of(imported), node(imported).memory.type) == (64 * GIB, "ddr5")
    assert findings(imported, "a memory module") == ["it is memory of a processor of type GPU"]
    lost = machine(processors=[cpu(1), cpu(2)], modules=modules, MemorySummary={})
    assert memory_of(read(lost)) is None


def test_a_total_is_not_believed_where_what_may_contradict_it_is_lost(tmp_path: Path) -> None:
    """Of a system by itself the total is told; where its modules may have been there and are lost, not."""
    alone = [Source("system.json", json.dumps(machine()[1]).encode())]
    assert memory_of(IMPORTER.read(alone)) == 64 * GIB
    assert findings(IMPORTER.read(alone), "a comparison of node.memory")
    text = lines(machine()).data
    for cut in (text.rindex(b"CapacityMiB"), text.rindex(b"\n", 0, -1) + 1):
        imported = IMPORTER.read([Source("tree.jsonl", text[:cut])])
        assert memory_of(imported) is None
        assert "missing or broken in the input" in findings(imported, "node.memory")[0]
    for one in machine():
        place = tmp_path / one["@odata.id"][1:] / "index.json"
        place.parent.mkdir(parents=True)
        place.write_text(json.dumps(one) if "DIMM2" not in one["@odata.id"] else "{")
    assert memory_of(IMPORTER.read(open_sources([tmp_path]))) is None
    (tmp_path / "redfish/v1/Systems/1/Memory/DIMM2/index.json").unlink()
    (tmp_path / "notes.txt").write_text("not JSON")
    assert memory_of(IMPORTER.read(open_sources([tmp_path]))) == 64 * GIB


# Accelerators


def test_a_graphics_controller_is_no_accelerator() -> None:
    """What only shows a picture does not compute."""
    shown = resource("GraphicsController", f"{SYSTEM}/GraphicsControllers/1", Model="Big GPU")
    linked: Json = {"GraphicsControllers": link(f"{SYSTEM}/GraphicsControllers")}
    resources = machine(**linked)
    resources += collection("GraphicsController", f"{SYSTEM}/GraphicsControllers", shown)
    assert list(node(read(resources)).accelerators) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"ProcessorType": "Partition"}, "it is a partition of a processor, never counted"),
        ({"ProcessorType": "Core"}, "it is a core of a processor, never counted"),
        ({"ProcessorType": "Accelerator"}, "its type is 'Accelerator', which does not say what it is"),
        ({"ProcessorType": "OEM"}, "its type is 'OEM', which does not say what it is"),
        ({"Manufacturer": None}, "it names no maker"),
        ({"Manufacturer": "Board Maker Ltd."}, "'Board Maker Ltd.' is a maker without a token"),
        ({"Model": None}, "it states no model, and no PCIe identifiers"),
        ({"Model": 100}, "it states no model, and no PCIe identifiers"),
    ],
)
def test_what_is_no_whole_known_device_is_not_counted(change: Json, why: str) -> None:
    """A slice, a thing of an unknown class, and one of an unknown maker are findings, never devices."""
    imported = read(machine(processors=[cpu(1), cpu(2), gpu(1, **change)]))
    assert list(node(imported).accelerators) == []
    assert why in findings(imported, "an accelerator") + findings(imported, "a processor")


@pytest.mark.parametrize(
    ("summary", "parts", "expected"),
    [
        ({"TotalMemorySizeMiB": 81920}, [], (80 * GIB, "")),
        ({}, [("HBM3", 40960), ("HBM3", 40960), ("L2Cache", 50)], (80 * GIB, "hbm3")),
        ({"TotalMemorySizeMiB": 81920}, [("HBM3", 81920)], (80 * GIB, "hbm3")),
        ({"TotalMemorySizeMiB": 81920}, [("HBM3", 81559)], None),
        ({}, [("HBM3", 40960), ("HBM3", None)], None),
        ({}, [("HBM2E", 40960), ("DDR4", 40960)], (80 * GIB, "")),
        ({"TotalMemorySizeMiB": 0}, [], None),
        ({"TotalMemorySizeMiB": "N/A"}, [], None),
    ],
)
def test_memory_of_a_device_has_two_sources(
    summary: Json, parts: list[tuple[str, int | None]], expected: tuple[int, str] | None
) -> None:
    """A device's total is held against what its parts add up to; caches are none of it."""
    listed = [{"MemoryType": kind, "CapacityMiB": size} for kind, size in parts]
    device = gpu(1, MemorySummary=summary, ProcessorMemory=listed)
    imported = read(machine(processors=[cpu(1), cpu(2), device]))
    (found,) = node(imported).accelerators
    if expected is None:
        assert not found.HasField("memory")
        assert findings(imported, "memory of an accelerator")
    else:
        assert (found.memory.capacity_bytes, found.memory.type) == expected


def test_identifiers_tell_a_device() -> None:
    """PCIe identifiers are those of the functions that a device is linked to; they name maker and product."""
    linked = {"Links": {"PCIeFunctions": [link(function(1)["@odata.id"])]}}
    unnamed = gpu(1, Manufacturer="Board Maker", Model=None, **linked)
    imported = read(machine(processors=[cpu(1), cpu(2), unnamed], functions=[function(1)]))
    (found,) = node(imported).accelerators
    assert (found.vendor, found.product, found.count) == ("nvidia", "PCI 10de:2330", 1)
    assert found.pci == PciId(vendor="10de", device="2330", subvendor="10de", subdevice="16c1")
    device = {"Links": {"PCIeDevice": link("/redfish/v1/Chassis/1/PCIeDevices/1")}}
    amd = gpu(1, Manufacturer="Advanced Micro Devices, Inc. [AMD/ATI]", **device)
    imported = read(machine(processors=[cpu(1), cpu(2), amd], functions=[function(1)]))
    assert [one.vendor for one in node(imported).accelerators] == ["nvidia"]
    assert findings(imported, "vendor of an accelerator")


def test_devices_on_the_bus_count_where_none_is_a_processor() -> None:
    """A PCIe function of a known accelerator is one, once a device; a slice, a NIC, a stranger is none."""
    functions = [
        function(1),
        function(2),
        function(3, FunctionType="Virtual"),
        function(4, DeviceClass="NetworkController"),
        function(5, VendorId="0xABCD", DeviceId="0xABCD"),
        function(6, VendorId="0xFFFF"),
        function(7, Status={"State": "Absent"}),
    ]
    imported = read(machine(functions=functions))
    (found,) = node(imported).accelerators
    assert (found.accelerator_class, found.vendor, found.count) == ("gpu", "nvidia", 2)
    assert found.provenance.basis == "estimated"
    assert findings(imported, "a PCIe function") == ["it is a slice (SR-IOV) of a device"]
    assert len(findings(imported, "a ProcessingAccelerators")) == 2


def test_a_device_that_is_processor_and_function_counts_once() -> None:
    """Where devices are told as processors, functions may be the same ones, and are not added."""
    imported = read(machine(processors=[cpu(1), cpu(2), gpu(1)], functions=[function(1), function(2)]))
    assert [one.count for one in node(imported).accelerators] == [1]
    assert findings(imported, "2 accelerators on PCIe")


# Drives and networks


@pytest.mark.parametrize(
    ("change", "medium"),
    [
        ({}, "nvme-ssd"),
        ({"Protocol": "SAS"}, "sas-ssd"),
        ({"Protocol": "SATA"}, "sata-ssd"),
        # PCIe carries NVMe and other things.
        ({"Protocol": "PCIe"}, "ssd"),
        ({"Protocol": None}, "ssd"),
        ({"MediaType": "SMR", "Protocol": "SATA"}, "hdd"),
        ({"BlockSizeBytes": None}, "nvme-ssd"),
        ({"Status": {"State": "StandbyOffline"}}, "nvme-ssd"),
        ({"Status": {"State": "StandbySpare"}}, None),
        ({"Status": {"State": "Absent"}}, None),
        ({"MediaType": None}, None),
        ({"Protocol": "USB"}, None),
        ({"Protocol": "iSCSI"}, None),
        # Gigabytes where bytes should be, with and without a size of blocks to tell.
        ({"CapacityBytes": 1920}, None),
        ({"CapacityBytes": 1920, "BlockSizeBytes": None}, None),
        ({"CapacityBytes": None}, None),
        ({"CapacityBytes": 1e30}, None),
        ({"CapacityBytes": -512}, None),
    ],
)
def test_drives_are_told_by_medium_and_protocol(change: Json, medium: str | None) -> None:
    """A drive counts if it is there, in the machine, of a known medium, and its size is one in bytes."""
    imported = read(machine(drives=[drive(1, **change)]))
    assert [one.medium for one in node(imported).storage] == ([medium] if medium else [])
    absent = change == {"Status": {"State": "Absent"}}
    assert bool(imported.findings) == (medium is None and not absent)


def test_a_drive_counts_once() -> None:
    """A drive behind two controllers is one; volumes and devices of SimpleStorage are none."""
    named = [link(drive(1)["@odata.id"])]
    resources = machine(
        Storage=link(f"{SYSTEM}/Storage"), SimpleStorage=link(f"{SYSTEM}/SimpleStorage"), modules=None
    )
    resources += collection(
        "Storage",
        f"{SYSTEM}/Storage",
        resource("Storage", f"{SYSTEM}/Storage/1", Drives=named, Volumes=link(f"{SYSTEM}/Storage/1/Volumes")),
        resource("Storage", f"{SYSTEM}/Storage/2", Drives=[*named, *named]),
        resource("Storage", f"{SYSTEM}/Storage/3", Volumes=link(f"{SYSTEM}/Storage/3/Volumes")),
    )
    devices = [{"Name": "Bay 1", "CapacityBytes": 8 * 10**12}, {"Status": {"State": "Absent"}}]
    resources += collection(
        "SimpleStorage",
        f"{SYSTEM}/SimpleStorage",
        resource("SimpleStorage", f"{SYSTEM}/SimpleStorage/1", Devices=devices),
    )
    imported = read([*resources, drive(1)])
    assert [(one.medium, one.count) for one in node(imported).storage] == [("nvme-ssd", 1)]
    assert findings(imported, "Drive") == ["/redfish/v1/Chassis/1/Drives/1 is named twice; it counts once"]
    assert len(findings(imported, "volumes")) == 1
    assert len(findings(imported, "1 storage devices")) == 1


def test_a_part_of_two_systems_counts_in_none() -> None:
    """Bytes that two systems share are no one's; each is told what is its own."""
    resources = machine(drives=[drive(1), drive(2)])
    other = resource("ComputerSystem", "/redfish/v1/Systems/2", Storage=link("/redfish/v1/Systems/2/Storage"))
    named = [link(drive(2)["@odata.id"])]
    storage = resource("Storage", "/redfish/v1/Systems/2/Storage/1", Drives=named)
    resources += [other, *collection("Storage", "/redfish/v1/Systems/2/Storage", storage)]
    imported = read(resources)
    assert [one.count for one in node(imported).storage] == [1]
    assert findings(imported, "Drive /redfish/v1/Chassis/1/Drives/2") == [
        "more than one system links to it; it is counted in none"
    ]
    assert left(imported) == ["nothing that it has could be stated; the findings say why"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("ethernet", 25 * 10**9)),
        ({"CurrentSpeedGbps": 0.1}, ("ethernet", 10**8)),
        ({"LinkStatus": None}, ("ethernet", 25 * 10**9)),
        ({"PortProtocol": None, "LinkNetworkTechnology": "InfiniBand"}, ("infiniband", 25 * 10**9)),
        # A port without a link has no rate; what it is capable of is none.
        ({"LinkStatus": "LinkDown"}, ("ethernet", 0)),
        ({"CurrentSpeedGbps": 0}, ("ethernet", 0)),
        ({"CurrentSpeedGbps": None}, ("ethernet", 0)),
        ({"CurrentSpeedGbps": -1}, ("ethernet", 0)),
        ({"CurrentSpeedGbps": 1e20}, ("ethernet", 0)),
        ({"PortProtocol": "FC"}, None),
        ({"PortProtocol": None}, None),
        ({"PortType": "ManagementPort"}, None),
        ({"Status": {"State": "Absent"}}, None),
    ],
)
def test_ports_are_told_with_the_rate_of_their_link(change: Json, expected: tuple[str, int] | None) -> None:
    """The rate is the one that is negotiated; a logical interface of the same hardware is not added."""
    imported = read(machine(ports=[port(1, **change)], interfaces=[interface(1)]))
    found = [(one.technology, one.bits_per_s) for one in node(imported).network]
    assert found == ([expected] if expected else [])


def test_older_ports_state_megabits() -> None:
    """`NetworkPort`, which came before `Port`, has its rate in Mbit/s."""
    resources = [one for one in machine(ports=[port(1)]) if one.get("Id") != "NIC"]
    adapter = "/redfish/v1/Chassis/1/NetworkAdapters/NIC"
    older = resource(
        "NetworkPort",
        f"{adapter}/NetworkPorts/1",
        ActiveLinkTechnology="Ethernet",
        LinkStatus="Up",
        CurrentLinkSpeedMbps=10000,
    )
    owner = {"Links": {"NetworkAdapter": link(adapter)}}
    resources += [
        resource("NetworkInterface", f"{SYSTEM}/NetworkInterfaces/NIC", **owner),
        resource("NetworkAdapter", adapter, NetworkPorts=link(f"{adapter}/NetworkPorts")),
        *collection("NetworkPort", f"{adapter}/NetworkPorts", older),
    ]
    assert [one.bits_per_s for one in node(read(resources)).network] == [10**10]


def test_logical_interfaces_are_told_where_no_adapter_is_named() -> None:
    """Of Ethernet interfaces, those of software and that to the management processor are left out."""
    imported = read(
        machine(
            interfaces=[
                interface(1, PermanentMACAddress="02:00:00:00:00:01"),
                interface(2, PermanentMACAddress="02:00:00:00:00:02", EthernetInterfaceType="Physical"),
                interface(3, EthernetInterfaceType="Virtual"),
                interface(4, Links={"HostInterface": link("/redfish/v1/Managers/1/HostInterfaces/1")}),
                interface(5, PermanentMACAddress="02:00:00:00:00:01"),
                interface(6, LinkStatus="NoLink", PermanentMACAddress="02:00:00:00:00:06"),
            ]
        )
    )
    assert [(one.count, one.bits_per_s) for one in node(imported).network] == [(2, 10**9), (1, 0)]
    assert findings(imported, "an Ethernet interface") == [
        "it is made by software",
        "it leads to the management processor",
        "an interface with the address 02:00:00:00:00:01 is counted already",
    ]


# What is a node, and what is none


def test_a_virtual_machine_is_told_as_one() -> None:
    """Its topology, media, rates and devices are as a hypervisor presents them, and are not told as true."""
    imported = read(
        machine(
            processors=[cpu(1), cpu(2), gpu(1)],
            drives=[drive(1)],
            interfaces=[interface(1)],
            SystemType="Virtual",
        )
    )
    found = node(imported)
    assert found.virtualization.kind == "virtual-machine"
    assert (found.cpu.schedulable_cpus, found.cpu.sockets, found.cpu.physical_cores) == (64, 0, 0)
    assert (found.memory.capacity_bytes, found.memory.type) == (64 * GIB, "")
    assert [one.medium for one in found.storage] == ["virtual-disk"]
    assert [one.bits_per_s for one in found.network] == [0]
    assert list(found.accelerators) == []
    assert findings(imported, "1 accelerators")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"SystemType": "DPU"}, "it is a data processing unit, a part of another system"),
        ({"SystemType": "OS"}, "it is an operating system, not what it runs on"),
        ({"Status": {"State": "Absent"}}, "its state is 'Absent': it is not there"),
        ({"Name@Redfish.RequiredOnCreate": True}, "it only says how a system may be composed"),
    ],
)
def test_what_is_no_node_is_left_out(members: Json, why: str) -> None:
    """Templates, parts of systems and what is not there are rows with their reason."""
    assert left(read(machine(**members))) == [why]


def test_a_composed_system_is_a_node_and_a_block_is_none() -> None:
    """Blocks are what systems are composed of; what the system has of them is told with it."""
    block = resource("ResourceBlock", "/redfish/v1/CompositionService/ResourceBlocks/1", Processors=[])
    imported = read([*machine(SystemType="Composed"), block, {**block, "@odata.id": "/redfish/v1/x"}])
    assert node(imported).cpu.schedulable_cpus == 64
    assert not node(imported).HasField("virtualization")
    assert len(findings(imported, "2 × ResourceBlock")) == 1


def test_a_board_of_accelerators_without_cpus_is_reported() -> None:
    """Some services tell the GPUs of a machine as a system of their own; the report says so."""
    imported = read(machine(processors=[gpu(1)], modules=None, MemorySummary={}))
    assert [one.count for one in node(imported).accelerators] == [1]
    assert findings(imported, "the system around it")


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"HostName": ""}, "1"),
        ({"HostName": None, "Id": "System.Embedded.1"}, "system"),
        ({"HostName": "  ", "Id": None}, "1"),
        ({"HostName": 7, "Id": "节点"}, "1"),
        ({"HostName": "Web_483.example.org"}, "web-483"),
    ],
)
def test_names_come_from_the_host_or_the_resource(members: Json, name: str) -> None:
    """A name is the host's, else that of the resource, made valid."""
    (draft,) = read(machine(**members)).drafts
    assert draft.name == name


# Links and lists


def test_a_link_to_a_thing_of_another_type_is_not_followed() -> None:
    """A collection that names itself, or its system, does not make parts of them."""
    resources = machine()
    processors = next(one for one in resources if one["@odata.id"].endswith("/Processors"))
    processors["Members"] = [link(SYSTEM), link(f"{SYSTEM}/Processors")]
    imported = read(resources)
    assert not node(imported).HasField("cpu")
    (why,) = findings(imported, "2 of 2 Processor")
    assert why == (
        f"{SYSTEM} is a ComputerSystem, not a Processor; "
        f"{SYSTEM}/Processors is a ProcessorCollection, not a Processor"
    )


@pytest.mark.parametrize(
    ("count", "stated", "why"),
    [
        (1, True, "it is said to have 1 elements and has 2; the list is believed"),
        (3, False, "it is said to have 3 elements and has 2; the rest is not in the input"),
    ],
)
def test_a_list_that_is_not_as_long_as_it_says_is_reported(count: int, stated: bool, why: str) -> None:
    """A list that is longer than its count is believed; of one that is shorter, something is missing."""
    resources = machine()
    processors = next(one for one in resources if one["@odata.id"].endswith("/Processors"))
    processors["Members@odata.count"] = count
    imported = read(resources)
    assert node(imported).HasField("cpu") == stated
    assert [one.kind for one in imported.findings if one.why == why] == [Kind.CONTRADICTION]


def test_a_list_that_goes_on_elsewhere_is_not_whole() -> None:
    """The next page of a collection is not in the input, so no sum over it is told."""
    resources = machine(MemorySummary={})
    memory = next(one for one in resources if one["@odata.id"].endswith("/Memory"))
    memory["Members@odata.nextLink"] = f"{SYSTEM}/Memory?$skip=2"
    assert memory_of(read(resources)) is None


@pytest.mark.parametrize("value", ["text", 7, None, [], {}, [None], [[]], [{}], True, {"@odata.id": 7}])
@pytest.mark.parametrize(
    "name",
    ["Processors", "Memory", "Storage", "ProcessorSummary", "MemorySummary", "Status", "SystemType", "Links"],
)
def test_members_of_other_types_end_in_a_report(name: str, value: object) -> None:
    """Whatever stands in the place of a link or an object, nothing is invented."""
    changed: Json = {name: value}
    imported = IMPORTER.read([lines(machine(drives=[drive(1)], **changed))])
    mutations.check_books(imported)
    assert imported.rows == 1
    whole = set(mutations.figures(read(machine(drives=[drive(1)])).drafts))
    assert not set(mutations.figures(imported.drafts)) - whole


def test_huge_lists_are_capped() -> None:
    """What goes beyond any machine is not read, and the report says so."""
    resources = machine()
    processors = next(one for one in resources if one["@odata.id"].endswith("/Processors"))
    processors["Members"] = [link(f"{SYSTEM}/Processors/CPU1")] * (MOST_LINKED + 5)
    imported = read(resources)
    assert not node(imported).HasField("cpu")
    assert any(f"5 beyond the first {MOST_LINKED} are not read" in one.why for one in imported.findings)


def test_a_resource_that_lies_elsewhere_than_it_says_is_found_where_it_lies() -> None:
    """Copied files with the address of another one are common in mockups; links lead to where they lie."""
    resources = machine(HostName="a")
    paths: list[Json] = [{"path": f"m{one['@odata.id'][11:]}/index.json", "doc": one} for one in resources]
    moved = next(one for one in paths if one["path"].endswith("Systems/1/Memory/index.json"))
    moved["doc"] = {**moved["doc"], "@odata.id": "/redfish/v1/Systems/9/Memory"}
    imported = read(paths)
    assert memory_of(imported) == 64 * GIB
    assert findings(imported, "@odata.id") == [
        f"it says /redfish/v1/Systems/9/Memory and lies at {SYSTEM}/Memory; the latter is believed"
    ]


def test_of_two_files_at_one_address_the_first_is_believed() -> None:
    """Where one address has two contents, the report says so."""
    paths: list[Json] = [{"path": f"m{one['@odata.id'][11:]}/index.json", "doc": one} for one in machine()]
    again = {"path": "m/Systems/1/Memory/DIMM2/index.json", "doc": module(2, CapacityMiB=1)}
    imported = read([*paths, again])
    assert memory_of(imported) == 64 * GIB
    assert "lies at /redfish/v1/Systems/1/Memory/DIMM2, too, and differs" in findings(imported, "Memory")[0]


def test_a_system_that_is_only_named_is_a_row() -> None:
    """What a collection names and the input lacks is left out, not forgotten."""
    imported = read(collection("ComputerSystem", "/redfish/v1/Systems", {"@odata.id": SYSTEM})[:1])
    assert left(imported) == [f"a system is named; {SYSTEM} is not in the input"]
    many = collection("ComputerSystem", "/redfish/v1/Systems", *[{"@odata.id": SYSTEM}] * (MOST_LINKED + 9))
    assert left(read(many[:1]))[-1] == "it and 8 after it are not looked for"
    wrong = [*collection("ComputerSystem", "/redfish/v1/Systems", {"@odata.id": drive(1)["@odata.id"]})[:1]]
    assert left(read([*wrong, drive(1)])) == ["it is a Drive, no ComputerSystem"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"{", "it is not JSON"),
        (b"<html>401</html>", "it is not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"7", "it is the number 7, no Redfish resource"),
        (b'{"Name": "System"}', "it states no @odata.type; it is no Redfish resource"),
        (b'{"@odata.type": 7}', "its @odata.type is the number 7, which is none of Redfish"),
        (b'{"@odata.type": "ComputerSystem"}', "which is none of Redfish"),
        (
            b'{"error": {"message": "No valid session"}}',
            "it is an answer of a service that failed: No valid session",
        ),
        (json.dumps(drive(1)).encode(), "none of its 1 Redfish resources is a ComputerSystem"),
    ],
)
def test_files_without_a_system_are_left_out(data: bytes, why: str) -> None:
    """Each file that cannot be read, or is no Redfish resource, is a row with its reason."""
    imported = IMPORTER.read([Source("f.json", data)])
    mutations.check_books(imported)
    assert imported.rows == 1
    assert why in left(imported)[0]


def test_nothing_comes_of_nothing() -> None:
    """Without a source there are no rows; a source that could not be opened is one."""
    assert IMPORTER.read([]).rows == 0
    assert left(IMPORTER.read([Source("f.json", b"", "it is gone")])) == ["it is gone"]


def test_parts_of_no_system_are_reported() -> None:
    """A processor that no system links to is told nowhere; its threads and cores are no news."""
    stray = cpu(9)
    thread = resource("Processor", f"{SYSTEM}/Processors/CPU1/SubProcessors/1", ProcessorType="Thread")
    imported = read([*machine(), stray, thread, drive(7)])
    assert findings(imported, "1 × Processor")
    assert findings(imported, "1 × Drive")
    assert not findings(imported, "2 × Processor")


# Damage


def test_damaged_trees_end_in_a_report() -> None:
    """Whatever is cut off or changed, nothing is invented and nothing goes missing silently."""
    resources = machine(
        processors=[cpu(1), cpu(2), gpu(1)],
        drives=[drive(1), drive(2, Protocol="SAS", CapacityBytes=960_197_124_096)],
        ports=[port(1)],
        functions=[function(1)],
    )
    mutations.check_damaged(IMPORTER, [lines(resources)], check_sound, seed=11, pieces=400)
    single = [Source(f"{index}.json", json.dumps(one).encode()) for index, one in enumerate(resources)]
    mutations.check_damaged(IMPORTER, single, check_sound, seed=12, pieces=10)


def test_what_contradicts_itself_is_not_told_by_half_when_it_is_cut() -> None:
    """A total that modules contradict is not told either where the modules are what was cut off."""
    resources = machine(MemorySummary={"TotalSystemMemoryGiB": 48})
    text = lines(resources).data
    assert not node(IMPORTER.read([Source("tree.jsonl", text)])).HasField("memory")
    ends = [index for index in range(len(text)) if text[index : index + 1] == b"\n"]
    for end in ends[5:]:
        for cut in (end - 40, end - 1, end, end + 1):
            imported = IMPORTER.read([Source("tree.jsonl", text[:cut])])
            assert all(not one.body.node.HasField("memory") for one in imported.drafts)  # type: ignore[union-attr]


# Real trees

MOCKUPS: dict[str, tuple[int, list[tuple[str, int]], dict[str, int]]] = {
    "public-rackmount1": (3, [("web483", 1)], {"it states no @odata.type; it is no Redfish resource": 2}),
    "public-tower": (2, [("devrender2", 1)], {"it states no @odata.type; it is no Redfish resource": 1}),
    "public-telemetry": (3, [("web-srv344", 1)], {"it states no @odata.type; it is no Redfish resource": 2}),
    "public-composability": (
        8,
        [
            ("composed-system", 1),
            ("composed-system", 1),
            ("systemafteraddresourceaction", 1),
            ("systemafterresourceblock", 2),
        ],
        {
            "it states no @odata.type; it is no Redfish resource": 2,
            "it only says how a system may be composed": 1,
        },
    ),
    "DSP2046-examples": (
        124,
        [],
        {
            "it states no @odata.type; it is no Redfish resource": 123,
            # 96 GiB by its summary alone; its modules, like all its parts, are not among the examples.
            "nothing that it has could be stated; the findings say why": 1,
        },
    ),
}


@pytest.fixture(scope="module")
def mockup(real_data: Path) -> Callable[[str], Imported]:
    """Imports a public mockup by its name."""

    def read_mockup(name: str) -> Imported:
        imported = IMPORTER.read(open_sources([real_data / "redfish-mockups" / f"{name}.jsonl.gz"]))
        mutations.check_books(imported)
        for draft in imported.drafts:
            check_sound(draft)
        return imported

    return read_mockup


@pytest.mark.parametrize("name", MOCKUPS)
def test_public_mockups_give_their_systems(mockup: Callable[[str], Imported], name: str) -> None:
    """Every system of DMTF's mockups is described or left out, for the reasons that its files show."""
    rows, drafts, reasons = MOCKUPS[name]
    imported = mockup(name)
    assert imported.rows == rows
    assert [(draft.name, draft.count) for draft in imported.drafts] == drafts
    assert Counter(left(imported)) == reasons


def test_the_rack_server_is_told(mockup: Callable[[str], Imported]) -> None:
    """One of two sockets is empty, one of four slots, and an FPGA is no CPU."""
    imported = mockup("public-rackmount1")
    found = node(imported)
    assert (found.cpu.schedulable_cpus, found.cpu.physical_cores, found.cpu.threads_per_core) == (16, 8, 2)
    assert (found.cpu.vendor, found.cpu.isa, found.cpu.HasField("sockets")) == ("intel", "x86-64", False)
    assert (found.memory.capacity_bytes, found.memory.type, found.memory.ecc) == (96 * GIB, "ddr4", True)
    assert [(one.accelerator_class, one.vendor, one.count) for one in found.accelerators] == [
        ("fpga", "intel", 1)
    ]
    assert found.accelerators[0].memory == DeviceMemory(capacity_bytes=512 * MIB, type="hbm2")
    assert [(one.count, one.bits_per_s) for one in found.network] == [(2, 10**9)]
    assert list(found.storage) == []
    assert findings(imported, "node.cpu.sockets") == [
        "`ProcessorSummary.Count` says 2, 1 CPUs are there; neither is stated"
    ]
    assert len(findings(imported, "2 storage devices")) == 1
    assert len(findings(imported, "an Ethernet interface")) == 2


def test_the_workstation_is_told(mockup: Callable[[str], Imported]) -> None:
    """Eight CPUs whose cores and threads are processors too, two GPUs, ten drives of eighteen bays."""
    imported = mockup("public-tower")
    found = node(imported)
    shape = (found.cpu.sockets, found.cpu.physical_cores, found.cpu.threads_per_core)
    assert (found.cpu.schedulable_cpus, *shape) == (256, 8, 128, 2)
    assert (found.memory.capacity_bytes, found.memory.type, found.memory.ecc) == (1024 * GIB, "ddr4", True)
    (device,) = found.accelerators
    assert (device.vendor, device.count, device.memory.capacity_bytes) == ("nvidia", 2, 11264 * MIB)
    assert [(one.medium, one.count, one.capacity_bytes) for one in found.storage] == [
        ("nvme-ssd", 6, 1 << 50),
        ("hdd", 4, 20_266_198_323_167_230),
    ]
    assert [(one.technology, one.count, one.bits_per_s) for one in found.network] == [("ethernet", 2, 10**10)]
    assert len(findings(imported, "@odata.id")) == 3
    assert len(findings(imported, "volumes")) == 1
    assert not any("×" in one.what for one in imported.findings)


def test_the_server_of_the_telemetry_mockup_contradicts_itself(
    mockup: Callable[[str], Imported],
) -> None:
    """Its summary says 256 logical processors, its two CPUs have 28 threads: no CPU is told."""
    imported = mockup("public-telemetry")
    found = node(imported)
    assert not found.HasField("cpu")
    assert (found.memory.capacity_bytes, found.memory.ecc) == (16 * GIB, True)
    (why,) = findings(imported, "node.cpu")
    assert why.endswith("says 256, its CPUs have 28 threads in all; neither is stated")


def test_composed_systems_have_what_is_theirs_alone(mockup: Callable[[str], Imported]) -> None:
    """A drive of two systems is in none; a collection with a wrong count and wrong addresses is read."""
    imported = mockup("public-composability")
    told = [
        (
            draft.body.node.cpu.schedulable_cpus,
            draft.body.node.cpu.provenance.basis,
            draft.body.node.memory.capacity_bytes // GIB,
            sum(one.count for one in draft.body.node.storage),
            sum(one.count for one in draft.body.node.network),
        )
        for draft in imported.drafts
        if isinstance(draft.body, ComputeResource)
    ]
    assert told == [
        (32, "estimated", 32, 1, 1),
        (32, "estimated", 32, 0, 2),
        (16, "estimated", 8, 2, 1),
        (16, "estimated", 8, 1, 0),
    ]
    assert findings(imported, "Members") == ["it is said to have 2 elements and has 5; the list is believed"]
    assert len(findings(imported, "@odata.id")) == 4
    assert findings(imported, "13 × ResourceBlock")
    assert findings(imported, "1 × Processor")
    assert findings(imported, "2 × Drive")


SINGLE: dict[str, tuple[int, str]] = {
    "base.json": (0, "none of its 1 Redfish resources is a ComputerSystem"),
    "dell/dell_systems.json": (0, "nothing that it has could be stated; the findings say why"),
    "dell/dell_systemsinvalid.json": (0, "it is not JSON: Expecting ',' delimiter: line 55 column 3"),
    "dell/dell_available_systems.json": (0, "a system is named; /redfish/v1/Systems/System.Embedded.1"),
    "dell/dell_chassis.json": (0, "none of its 1 Redfish resources is a ComputerSystem"),
    "dell/dell_chassisinvalid.json": (0, "it is not JSON"),
    "hp/hp_systems.json": (384 * GIB, ""),
    "hp/hp_systems_nolink.json": (384 * GIB, ""),
    "hp/hp_systemsinvalid.json": (0, "it is not JSON"),
    "hp/hp_available_systems.json": (0, "a system is named; /redfish/v1/Systems/1 is not in the input"),
    "hp/hp_chassis.json": (0, "it states no @odata.type; it is no Redfish resource"),
    "hp/storage_subsys/hp_storage_drive0.json": (0, "none of its 1 Redfish resources is a ComputerSystem"),
}


@pytest.mark.parametrize("name", SINGLE)
def test_single_answers_of_real_machines_are_read(real_data: Path, name: str) -> None:
    """A system by itself states its memory, where the figure is one; it never states its CPUs."""
    capacity, why = SINGLE[name]
    imported = IMPORTER.read(open_sources([real_data / "telegraf-testdata/redfish/testdata" / name]))
    mutations.check_books(imported)
    assert imported.rows == 1
    if capacity:
        assert memory_of(imported) == capacity
        assert not node(imported).HasField("cpu")
    else:
        assert why in left(imported)[0]


def test_gigabytes_that_were_converted_are_not_told(real_data: Path) -> None:
    """A server of 512 GiB says 476.837376: no whole number of MiB, so not told."""
    folder = real_data / "telegraf-testdata/redfish/testdata/dell"
    imported = IMPORTER.read(open_sources([folder / "dell_systems.json"]))
    (why,) = findings(imported, "TotalSystemMemoryGiB")
    assert why.startswith("476.837376 GiB is no whole number of MiB above 0, as every sum of modules is")


def test_a_heap_of_real_answers_is_joined_by_address(real_data: Path) -> None:
    """Of one server's answers, a drive is found by its links, and its size in gigabytes is not told."""
    imported = IMPORTER.read(open_sources([real_data / "telegraf-testdata/redfish/testdata/hp"]))
    mutations.check_books(imported)
    assert (imported.rows, [(one.name, one.count) for one in imported.drafts]) == (7, [("tpa-hostname", 1)])
    assert memory_of(imported) == 384 * GIB
    assert findings(imported, "a drive") == ["its capacity, 1600, is no multiple of its blocks of 512 bytes"]
    assert sorted(why.partition(":")[0] for why in left(imported)) == [
        *["it is not JSON"] * 3,
        "it is told already",
        *["it states no @odata.type; it is no Redfish resource"] * 2,
    ]


@pytest.mark.parametrize("name", MOCKUPS)
def test_damaged_mockups_end_in_a_report(real_data: Path, name: str) -> None:
    """Whatever is cut off or changed in DMTF's mockups, nothing is invented."""
    sources = open_sources([real_data / "redfish-mockups" / f"{name}.jsonl.gz"])
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=13, pieces=20)


def test_damaged_answers_of_real_machines_end_in_a_report(real_data: Path) -> None:
    """Whatever is cut off or changed in the answers of one server, nothing is invented."""
    folder = real_data / "telegraf-testdata/redfish/testdata/hp"
    names = ["hp_systems.json", "hp_storage.json", "storage_subsys/hp_storage_de043000.json"]
    sources = open_sources([folder / name for name in names])
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=14, pieces=100)
