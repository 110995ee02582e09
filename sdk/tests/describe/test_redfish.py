"""Systems of Redfish: processors and memory, each figure against its second source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crex.describe.redfish import IMPORTER
from crex.describe.sources import Source, open_sources
from crex.v1 import (
    Accelerator,
    ComputeResource,
    Cpu,
    DeviceMemory,
    Memory,
    NetworkInterface,
    NodeClass,
    Provenance,
    StorageTier,
    Virtualization,
)
from sdk.tests.describe import mutations
from sdk.tests.describe.redfish_service import (
    GIB,
    SYSTEM,
    Json,
    cpu,
    drive,
    findings,
    gpu,
    left,
    lines,
    link,
    machine,
    memory_of,
    module,
    node,
    port,
    read,
)
from sdk.tests.describe.sound import documents_of


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


@pytest.mark.parametrize("kind", [["Core"], {"Core": "Core"}, 5, None])
def test_a_processor_of_no_readable_type_ends_in_a_report(kind: object) -> None:
    """A processor that no system links to may state anything as its type."""
    stray = {**cpu(9), "@odata.id": "/redfish/v1/Processors/9", "ProcessorType": kind}
    imported = read([*machine(), stray])
    assert findings(imported, "1 × Processor")


def test_equal_systems_that_nothing_tells_apart_are_not_counted() -> None:
    """Two files may tell one machine twice: without UUID and serial number there is no number of machines."""
    imported = IMPORTER.read([lines(machine(), "a.jsonl"), lines(machine(UUID="u"), "b.jsonl")])
    mutations.check_books(imported)
    assert (imported.rows, [draft.count for draft in imported.drafts]) == (2, [None])
    assert findings(imported, "number of machines") == [
        "not all equal systems of several services state a UUID or serial number: some may be one"
    ]


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
