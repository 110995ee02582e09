"""Public mockups and answers of real machines, whole and damaged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from crex.describe.importing import Imported
from crex.describe.redfish import IMPORTER
from crex.describe.sources import open_sources
from crex.v1 import (
    ComputeResource,
    DeviceMemory,
)
from sdk.tests.describe import mutations
from sdk.tests.describe.redfish_service import (
    GIB,
    MIB,
    findings,
    left,
    memory_of,
    node,
)
from sdk.tests.describe.sound import check_sound

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
