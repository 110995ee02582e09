"""The importer `mlperf`: descriptions of both ages, tables of results, odd and damaged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crex.describe.importing import Imported
from crex.describe.mlperf import IMPORTER
from crex.describe.sources import Source
from crex.v1 import ComputeResource
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import check_sound

GIB = 1 << 30
SYSTEM: dict[str, Any] = {
    "submitter": "Example Org",
    "division": "closed",
    "status": "available",
    "system_name": "Example-H100x8",
    "number_of_nodes": "1",
    "host_processors_per_node": "2",
    "host_processor_model_name": "Intel(R) Xeon(R) Platinum 8480+",
    "host_processor_core_count": "56",
    "host_memory_capacity": "2 TB",
    "accelerators_per_node": "8",
    "accelerator_model_name": "NVIDIA H100-SXM-80GB",
    "accelerator_memory_capacity": "80 GB",
}
NEWER: dict[str, Any] = {
    "system_name": "Example-new",
    "submitter_org_names": "Example Org",
    "node_types": [
        {
            "number_of_nodes": 4,
            "host_processor_model_name": "AMD EPYC 9654",
            "host_processors_per_node": 2,
            "host_processor_vcpu_count": 384,
            "host_memory_capacity": "1.5TiB",
            "accelerator_info": [
                {
                    "accelerator_model_name": "AMD Instinct MI300X",
                    "accelerators_per_node": 8,
                    "accelerator_memory_capacity": "192GiB",
                }
            ],
        }
    ],
}
HEAD = "Organization,Division,SystemName,Platform,MlperfModel,Scenario,Result,Accuracy,errors,version,Units"
LINE = "Example Org,closed,Example-H100x8,p,llama2-70b-99.9,Offline,23112.5,x,0,v4.0,Tokens/s"


def read(*systems: object, table: str = "") -> Imported:
    """Imports descriptions and a table, and checks the books."""
    sources = [Source(f"s{at}.json", json.dumps(one).encode()) for at, one in enumerate(systems)]
    if table:
        sources.append(Source("results.csv", table.encode()))
    imported = IMPORTER.read(sources)
    mutations.check_books(imported)
    for draft in imported.drafts:
        check_sound(draft)
    return imported


def results(*lines: str, head: str = HEAD) -> str:
    """Writes a table of results."""
    return "\n".join([head, *lines, ""])


def body(imported: Imported, at: int = 0) -> ComputeResource:
    """Gives the body of a draft."""
    found = imported.drafts[at].body
    assert isinstance(found, ComputeResource)
    return found


def whys(imported: Imported) -> str:
    """Gives every reason and remark."""
    return " | ".join([*(one.why for one in imported.left_out), *(one.why for one in imported.findings)])


def test_gigabytes_are_not_stated() -> None:
    """Neither 80 GB nor 2 TB says what it counts, so neither is stated (GB and GiB: trap 2)."""
    imported = read(SYSTEM)
    (device,) = body(imported).node.accelerators
    assert (device.vendor, device.accelerator_class, device.count) == ("nvidia", "gpu", 8)
    assert device.product == "NVIDIA H100-SXM-80GB"
    assert device.provenance.basis == "estimated"
    assert not device.HasField("memory")
    assert not body(imported).node.HasField("memory")
    assert whys(imported).count("10^9 or 2^30") == 2


def test_cores_are_no_cpus() -> None:
    """A number of cores, per processor or per node, is not how many CPUs can be scheduled on (trap 1)."""
    imported = read(SYSTEM)
    assert not body(imported).node.HasField("cpu")
    assert "cores are no such count" in whys(imported)


@pytest.mark.parametrize(("processors", "cpus"), [("2", 0), ("", 0), ("1", 112)])
def test_virtual_cpus_of_one_processor_are_not_those_of_a_node(processors: str, cpus: int) -> None:
    """Where a node has two, older descriptions may count those of one: nothing is stated (trap 6)."""
    stated = {"host_processor_vcpu_count": "112", "host_processors_per_node": processors}
    imported = read({**SYSTEM, **stated})
    assert body(imported).node.cpu.schedulable_cpus == cpus
    assert cpus or "112 are stated, of one processor or of all" in whys(imported)


def test_newer_descriptions_say_more() -> None:
    """Binary units are exact, virtual CPUs are counted, and equal nodes have their number."""
    imported = read(NEWER)
    node = body(imported).node
    assert (node.cpu.isa, node.cpu.schedulable_cpus, node.cpu.sockets) == ("x86-64", 384, 2)
    assert node.memory.capacity_bytes == 1536 * GIB
    assert node.accelerators[0].memory.capacity_bytes == 192 * GIB
    assert imported.drafts[0].count == 4


def test_a_result_joins_its_system() -> None:
    """A result has its round, the day of that, its division, and how many nodes ran."""
    imported = read(SYSTEM, table=results(LINE))
    (result,) = body(imported).benchmarks
    assert (result.suite, result.version, result.metric) == (
        "mlperf-inference",
        "4.0",
        "llama2-70b-99-9-offline",
    )
    assert (result.value, result.unit, result.division) == ("23112.5", "tokens-per-s", "closed")
    assert result.published_at.ToJsonString() == "2024-03-27T00:00:00Z"
    assert result.scope.count == 1
    assert imported.drafts[0].rows == ("s0.json: $", "results.csv: line 2")


def test_training_is_in_minutes() -> None:
    """A time to train is better when it is less."""
    line = LINE.replace("llama2-70b-99.9,Offline,23112.5", "llama2_70b_lora,,2.18").replace(
        "Tokens/s", "Minutes"
    )
    (result,) = body(read(SYSTEM, table=results(line))).benchmarks
    assert (result.suite, result.metric, result.unit) == (
        "mlperf-training",
        "llama2-70b-lora-time-to-train",
        "min",
    )
    assert not result.higher_is_better


def test_a_summary_in_json_says_the_same() -> None:
    """The checker's summary is also read as JSON."""
    names, cells = HEAD.split(","), LINE.split(",")
    summary = [dict(zip(names, cells, strict=True)) | {"Result": 23112.5}]
    assert body(read(SYSTEM, summary)).benchmarks == body(read(SYSTEM, table=results(LINE))).benchmarks


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("Tokens/s", "Watts", "its unit 'Watts' is not known"),
        ("23112.5", "N/A", "is no number"),
        ("23112.5", "-5", "is no number"),
        ("v4.0", "v9.9", "nothing is known of a round"),
        ("v4.0", "", "nothing is known of a round"),
        (",0,v4.0", ",2,v4.0", "found errors"),
        ("Offline", "", "of which model and scenario"),
        ("Example-H100x8", "Example-H100", "no description of the system 'Example-H100'"),
        ("Example Org", "Other Org", "no description"),
    ],
)
def test_results_that_cannot_be_told(before: str, after: str, why: str) -> None:
    """A result in an unknown unit, of an unknown round or of another system is left out with the reason."""
    imported = read(SYSTEM, table=results(LINE.replace(before, after)))
    assert not body(imported).benchmarks
    assert why in whys(imported)


def test_a_result_that_was_inferred_is_no_measurement() -> None:
    """The checker marks results that it took from another scenario; one that it did not stands."""
    table = "\n".join([f"{HEAD},inferred", f"{LINE},1", f"{LINE.replace('Offline', 'Server')},0", ""])
    imported = read(SYSTEM, table=table)
    assert [one.metric for one in body(imported).benchmarks] == ["llama2-70b-99-9-server"]
    assert "the checker inferred it" in whys(imported)


@pytest.mark.parametrize(
    ("nodes", "devices", "told"), [("1", "8", 1), ("", "N/A", 1), ("2", "8", 0), ("1", "4", 0)]
)
def test_a_result_of_other_hardware_is_not_of_this_system(nodes: str, devices: str, told: int) -> None:
    """Where a table says on what a result was run, that is compared with the description."""
    table = f"{HEAD},number_of_nodes,accelerators_per_node\n{LINE},{nodes},{devices}\n"
    imported = read(SYSTEM, table=table)
    assert len(body(imported).benchmarks) == told
    assert told or "the description in s0.json: $ says otherwise" in whys(imported)


def test_the_same_machines_are_no_two_pools() -> None:
    """Two descriptions of equal nodes by one submitter may be of the same machines: nobody counts them."""
    imported = read(SYSTEM, {**SYSTEM, "system_name": "Example-H100x8_n64", "number_of_nodes": "64"})
    assert [draft.count for draft in imported.drafts] == [None, None]
    assert "may be the same machines" in whys(imported)
    other = read(SYSTEM, {**SYSTEM, "submitter": "Other Org", "number_of_nodes": "64"})
    assert [draft.count for draft in other.drafts] == [1, 64]


def test_a_result_is_told_once() -> None:
    """Two results in one metric are one too many; the first stays."""
    imported = read(SYSTEM, table=results(LINE, LINE.replace("23112.5", "1")))
    assert [one.value for one in body(imported).benchmarks] == ["23112.5"]
    assert "is told already" in whys(imported)


def test_a_result_of_several_kinds_of_nodes_has_no_place() -> None:
    """A system of two kinds of nodes has results of its whole, which is in no document."""
    two = {**NEWER, "node_types": NEWER["node_types"] * 2}
    imported = read(two, table=results(LINE.replace("Example-H100x8", "Example-new")))
    assert len(imported.drafts) == 2
    assert "several descriptions" in whys(imported)


def test_long_floats_are_rounded_to_what_can_be_stated() -> None:
    """What a program printed with too many digits is rounded half away from zero to twelve."""
    imported = read(SYSTEM, table=results(LINE.replace("23112.5", "0.12345678901250000001")))
    assert body(imported).benchmarks[0].value == "0.123456789013"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"accelerator_model_name": "T4"}, "does not tell its maker"),
        ({"accelerators_per_node": "N/A"}, "does not say how many"),
        ({"accelerators_per_node": "eight"}, "does not say how many"),
        ({"accelerator_model_name": "NVIDIA H100 MIG 1x1g.10gb"}, "is a slice of a device"),
        ({"accelerator_model_name": "NVIDIA A100-SXM-80GB (7x1g.10gb MIG)"}, "is a slice of a device"),
        ({"accelerator_model_name": "NVIDIA A30-1x1g.6gb"}, "is a slice of a device"),
        ({"accelerator_model_name": "AMD Instinct MI300X-NPS4-CPX-192GB"}, "is a slice of a device"),
        ({"accelerator_model_name": "NVIDIA A100-40C vGPU"}, "is a slice of a device"),
    ],
)
def test_accelerators_that_are_not_certain(changes: dict[str, Any], why: str) -> None:
    """A name that does not tell its maker, a count that is none and a slice are left out."""
    imported = read({**SYSTEM, **changes, "host_memory_capacity": "2TiB"})
    assert not body(imported).node.accelerators
    assert why in whys(imported)


@pytest.mark.parametrize(
    "value",
    [[], {}, 7, None, "text", [[]], [7], {"system_name": "a"}, {"system_name": "a", "node_types": []}],
)
def test_what_is_no_description_is_left_out(value: object) -> None:
    """Other values end in a report."""
    imported = read(value)
    assert not imported.drafts
    assert imported.left_out


@pytest.mark.parametrize("value", [None, True, 7, -1, 1.5, "N/A", [], {}, "9" * 30])
def test_odd_types_at_every_place_end_in_a_report(value: object) -> None:
    """Whatever stands in the place of a member, nothing is invented."""
    for name in SYSTEM:
        read({**SYSTEM, name: value}, table=results(LINE))


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "<html>", HEAD, HEAD + "\nx,y\n"])
def test_tables_without_results(text: str) -> None:
    """A table that states no result is a report."""
    imported = IMPORTER.read([Source("results.csv", text.encode())])
    mutations.check_books(imported)
    assert not imported.drafts


def test_a_column_that_is_there_twice_is_not_read() -> None:
    """Of two columns of results nobody says which one is true."""
    imported = read(SYSTEM, table=results(f"{LINE},1", head=f"{HEAD},Result"))
    assert not body(imported).benchmarks
    assert "several columns result" in whys(imported)


def test_damaged_inputs_end_in_a_report() -> None:
    """Cut anywhere they give no figure that the whole does not; changed anywhere they stay sound."""
    sources = [
        Source("a.json", json.dumps(SYSTEM).encode()),
        Source("b.json", json.dumps(NEWER).encode()),
        Source("results.csv", results(LINE, LINE.replace("Offline", "Server")).encode()),
    ]
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=4, pieces=300)
