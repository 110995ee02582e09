"""Links, lists and files of Redfish trees: lost, doubled, endless, damaged."""

from __future__ import annotations

import json

import pytest

from crex.describe.redfish import IMPORTER
from crex.describe.redfish_tree import MOST_LINKED
from crex.describe.report import Kind
from crex.describe.sources import Source
from sdk.tests.describe import mutations
from sdk.tests.describe.redfish_service import (
    GIB,
    SYSTEM,
    Json,
    collection,
    cpu,
    drive,
    findings,
    function,
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
    resource,
)
from sdk.tests.describe.sound import check_sound


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
