"""Figures beside what a resource declares: which are compared, and when a measurement contradicts."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex import v1
from crex.attest.declared import NOTHING, TOLERANCE, declarations, queue_depth
from crex.attest.figures import Figure, rounded
from crex.decimals import format_decimal, parse_decimal
from crex.documents import reader

EXAMPLES = Path(__file__).parents[3] / "schemas/examples/valid"
RATE = {"numberFormat": "fp64", "unit": "vector", "sparsity": "dense", "mopsPerS": "100000"}
TIER = {
    "medium": "nvme-ssd", "capacityBytes": "1", "readIops": "1000", "writeIops": "800", "blockBytes": "4096",
    "queueDepth": "4", "readBytesPerS": "3000000000", "writeBytesPerS": "2000000000",
}  # fmt: skip


def basis(token: str) -> dict[str, Any]:
    """Gives a provenance."""
    return {"provenance": {"basis": token}}


def resource(**node: Any) -> dict[str, Any]:
    """Gives a node class with what it declares."""
    value: dict[str, Any] = json.loads((EXAMPLES / "compute-resource.gpu-node.json").read_text("utf-8"))
    value["kind"], value["node"] = "node-class", node
    for name in ("partition", "cluster", "pool", "service", "closedLists", "energy", "benchmarks"):
        value.pop(name, None)
    reader.check(value, v1.ComputeResource)
    return value


def figure(metric: str, value: object, number_format: str = "") -> Figure:
    """Gives a figure of one sample."""
    return Figure(metric, "gops", (Fraction(str(value)),), number_format)


def test_each_declaration_is_found_with_its_path() -> None:
    """Memory, dense rates of CPUs and devices, and the rates of one tier are held against figures."""
    accelerator = {"acceleratorClass": "gpu", "vendor": "nvidia", "product": "x", "count": "8"}
    value = resource(
        cpu={"isa": "x86-64", "schedulableCpus": "2", "rates": [{**RATE, **basis("nominal")}]},
        memory={"capacityBytes": "1", "bandwidthBytesPerS": "50000000000"},
        accelerators=[{**accelerator, "rates": [{**RATE, "numberFormat": "fp16", **basis("nominal")}]}],
        storage=[TIER],
    )
    found = declarations(value, 2)
    assert found.notes == ()
    assert {key: (format_decimal(one.value), one.path) for key, one in found.declarations.items()} == {
        ("memory-copy", ""): ("50", "$.node.memory.bandwidthBytesPerS"),
        ("memory-triad", ""): ("50", "$.node.memory.bandwidthBytesPerS"),
        ("dense-matrix", "fp64"): ("100", "$.node.cpu.rates[0].mopsPerS"),
        ("dense-matrix-device", "fp16"): ("100", "$.node.accelerators[0].rates[0].mopsPerS"),
        ("read-iops", ""): ("1000", "$.node.storage[0].readIops"),
        ("write-iops", ""): ("800", "$.node.storage[0].writeIops"),
        ("read-bandwidth", ""): ("3000", "$.node.storage[0].readBytesPerS"),
        ("write-bandwidth", ""): ("2000", "$.node.storage[0].writeBytesPerS"),
    }


@pytest.mark.parametrize(
    ("token", "share"),
    [
        ("nominal", "0.5"),
        ("estimated", "0.5"),
        ("sla", "0.9"),
        ("measured-provider", "0.9"),
        ("x.example/y", "0.5"),
    ],
)
def test_a_measurement_contradicts_below_a_share(token: str, share: str) -> None:
    """Less than the share contradicts, and exactly the share does not (BENCH-TOLERANCE-1)."""
    value = resource(memory={"capacityBytes": "1", "bandwidthBytesPerS": "100000000000", **basis(token)})
    found = declarations(value, 2)
    least = Fraction(share) * 100
    for amount, contradicts in ((least, False), (least - Fraction(1, 10), True), (100, False), (300, False)):
        result = found.result(figure("memory-copy", amount))
        assert (result.contradicts, result.declared) == (contradicts, "100")
        assert result.declared_at == "$.node.memory.bandwidthBytesPerS"
    assert set(TOLERANCE.values()) == {Fraction(1, 2), Fraction(9, 10)}


def test_a_figure_that_nobody_declares_stands_alone() -> None:
    """Without a declaration a figure has no verdict (BENCH-DECLARED-1)."""
    result = declarations(resource(memory={"capacityBytes": "1"}), 2).result(figure("memory-copy", 3))
    assert not result.HasField("contradicts")
    assert not result.HasField("declared")
    assert not NOTHING.result(figure("memory-copy", 3)).HasField("declared_at")


def test_a_part_of_a_node_is_not_held_against_the_whole() -> None:
    """Measured on fewer CPUs than declared, memory and CPUs are not compared, and that is said."""
    cpu = {"isa": "x86-64", "schedulableCpus": "64", "rates": [{**RATE, **basis("nominal")}]}
    value = resource(cpu=cpu, memory={"capacityBytes": "1", "bandwidthBytesPerS": "5"}, storage=[TIER])
    found = declarations(value, 2)
    assert {metric for metric, _ in found.declarations} == {
        "read-iops", "write-iops", "read-bandwidth", "write-bandwidth",
    }  # fmt: skip
    assert "2 of the 64 CPUs" in found.notes[0]


def test_loopback_is_never_compared() -> None:
    """What a resource declares of its interfaces says nothing about its loopback (BENCH-LOOPBACK-1)."""
    found = declarations(resource(network=[{"technology": "ethernet", "bitsPerS": "400000000000"}]), 2)
    assert found.declarations == {}
    assert not found.result(figure("loopback-throughput", 1)).HasField("declared")


def test_the_dense_rate_of_the_matrix_unit_counts() -> None:
    """Of one format the matrix unit's rate is compared; a sparse one never is."""
    rates = [
        {**RATE, **basis("nominal")},
        {**RATE, "unit": "matrix", "mopsPerS": "200000", **basis("nominal")},
        {**RATE, "unit": "matrix", "sparsity": "2-4", "mopsPerS": "400000", **basis("nominal")},
    ]
    found = declarations(resource(cpu={"isa": "x86-64", "schedulableCpus": "2", "rates": rates}), 2)
    assert found.declarations["dense-matrix", "fp64"].path == "$.node.cpu.rates[1].mopsPerS"


def test_what_is_not_comparable_is_said() -> None:
    """Several tiers, several kinds of devices, another block size: each is a note, and no comparison."""
    accelerator = {"acceleratorClass": "gpu", "vendor": "nvidia", "product": "x", "count": "1"}
    value = resource(accelerators=[accelerator, {**accelerator, "product": "y"}], storage=[TIER, TIER])
    assert len(declarations(value, 2).notes) == 2
    other = declarations(resource(storage=[{**TIER, "blockBytes": "8192"}]), 2)
    assert {metric for metric, _ in other.declarations} == {"read-bandwidth", "write-bandwidth"}
    assert [note.split(" ")[0] for note in other.notes] == [
        "$.node.storage[0].readIops",
        "$.node.storage[0].writeIops",
    ]


def test_a_resource_without_a_node() -> None:
    """A resource of another kind has nothing to compare, and that is said."""
    value = resource(memory={"capacityBytes": "1"})
    value.pop("node")
    assert declarations(value, 2).notes == ("the resource describes no node; nothing is compared",)


@pytest.mark.parametrize(
    ("depth", "block", "found"),
    [("32", "4096", 32), ("32", "8192", 4), ("100000", "4096", 4), (None, "4096", 4)],
)
def test_the_queue_is_the_declared_one(depth: str | None, block: str, found: int) -> None:
    """Operations are measured at the queue depth for which they are declared, within reason."""
    tier = {**copy.deepcopy(TIER), "blockBytes": block, "queueDepth": depth}
    if depth is None:
        for name in ("queueDepth", "readIops", "writeIops"):
            tier.pop(name)
    assert queue_depth(resource(storage=[tier])) == found


@given(st.lists(st.fractions(min_value=0, max_value=10**15), min_size=1, max_size=9))
def test_a_figure_is_always_a_valid_result(samples: list[Fraction]) -> None:
    """Whatever the samples, the median lies between least and greatest as written (BENCH-RESULT-1)."""
    made = Figure("memory-copy", "gb-per-s", tuple(samples)).message()
    low, value, high = (parse_decimal(text) for text in (made.min, made.value, made.max))
    assert low <= value <= high
    assert made.samples == len(samples)


@given(st.fractions(min_value=0, max_value=10**17))
def test_rounding_keeps_four_digits(value: Fraction) -> None:
    """A figure keeps four significant digits: it is off by at most one in two thousand, or by 10^-9."""
    assert abs(rounded(value) - value) <= max(value / 2000, Fraction(1, 10**9))
