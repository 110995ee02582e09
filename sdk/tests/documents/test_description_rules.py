"""Rules that relate members: every contradiction is found at its place, and nothing else is."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from crex import v1
from crex.documents import reader, semantics
from crex.errors import DocumentError

PAGE = Path(__file__).parents[3] / "proto/spec/description.md"


def example() -> dict[str, Any]:
    """Gives the example of the specification."""
    match = re.search(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert match
    value: dict[str, Any] = json.loads(match[1])
    return value


def set_at(value: Any, path: str, content: object) -> None:
    """Sets the member at a path of names and indices, making objects and lists on the way."""
    *outer, last = path.split(".")
    for name in outer:
        if name.isdigit():
            while len(value) <= int(name):
                value.append({})
            value = value[int(name)]
        else:
            value = value.setdefault(name, [] if name in ("accelerators", "partitionProfiles") else {})
    value[last] = content


def test_the_example_of_the_specification_is_valid() -> None:
    """The page shows a document that the strict reader and the rules accept."""
    value = reader.read(json.dumps(example()).encode(), v1.ComputeResource)
    assert semantics.violations(value, v1.ComputeResource) == []


RATE = {
    "numberFormat": "bf16",
    "unit": "matrix",
    "sparsity": "dense",
    "mopsPerS": "2",
    "provenance": {"basis": "nominal"},
}
DEVICE = {"acceleratorClass": "gpu", "vendor": "nvidia", "product": "X", "count": "1"}


@pytest.mark.parametrize(
    ("members", "place", "requirement"),
    [
        ({"kind": "pool"}, "$.kind", "DESC-KIND-1"),
        (
            {
                "relations": [
                    {"kind": "part-of", "target": "crex://p.example.cn/site/zhongwei-1/node-class/vm-7"}
                ]
            },
            "$.relations[0].target",
            "DESC-SELF-1",
        ),
        ({"node.numa": [{"count": "2", "memoryBytes": "12638257153"}]}, "$.node.numa", "DESC-NUMA-1"),
        ({"node.numa": [{"count": "2", "schedulableCpus": "2"}]}, "$.node.numa", "DESC-NUMA-1"),
        (
            {
                "node.accelerators": [
                    {**DEVICE, "rates": [RATE, {**RATE, "sparsity": "2-4", "mopsPerS": "1"}]}
                ]
            },
            "$.node.accelerators[0].rates[1].mopsPerS",
            "DESC-RATE-4",
        ),
        (
            {"node.cpu.rates": [RATE, {**RATE, "mopsPerS": "3"}]},
            "$.node.cpu.rates[1].mopsPerS",
            "DESC-RATE-5",
        ),
        (
            {"node.accelerators": [{**DEVICE, "partitionProfiles": [{"name": "a"}, {"name": "a"}]}]},
            "$.node.accelerators[0].partitionProfiles[1].name",
            "DESC-PROFILE-1",
        ),
        ({"node.cpu.sockets": "4", "node.cpu.physicalCores": "2"}, "$.node.cpu.sockets", "DESC-CPU-4"),
        (
            {"node.cpu.physicalCores": "1", "node.cpu.threadsPerCore": "1"},
            "$.node.cpu.schedulableCpus",
            "DESC-CPU-4",
        ),
        ({"node.memory.usableBytes": "25276514305"}, "$.node.memory.usableBytes", "DESC-BYTES-2"),
        (
            {"node.accelerators": [{**DEVICE, "memory": {"capacityBytes": "1", "usableBytes": "2"}}]},
            "$.node.accelerators[0].memory.usableBytes",
            "DESC-BYTES-2",
        ),
        (
            {
                "node.accelerators": [
                    {
                        **DEVICE,
                        "memory": {"capacityBytes": "1"},
                        "partitionProfiles": [{"name": "a"}, {"name": "b", "usableMemoryBytes": "2"}],
                    }
                ]
            },
            "$.node.accelerators[0].partitionProfiles[1].usableMemoryBytes",
            "DESC-BYTES-2",
        ),
        (
            {
                "node.storage": [
                    {"medium": "hdd", "capacityBytes": "1", "readIops": "5", "blockBytes": "4096"}
                ]
            },
            "$.node.storage[0].readIops",
            "DESC-STORAGE-2",
        ),
        ({"closedLists": ["node.cpu"]}, "$.closedLists[0]", "DESC-CLOSED-2"),
        ({"closedLists": ["displayNames.en"]}, "$.closedLists[0]", "DESC-CLOSED-2"),
        ({"closedLists": ["node.accelerators", "accelerators"]}, "$.closedLists[1]", "DESC-CLOSED-2"),
    ],
)
def test_contradictions_of_a_resource_are_found(
    members: dict[str, Any], place: str, requirement: str
) -> None:
    """Each altered example breaks exactly one rule, at the place that was altered."""
    value = deepcopy(example())
    for path, content in members.items():
        set_at(value, path, content)
    with pytest.raises(DocumentError) as refused:
        reader.read(json.dumps(value).encode(), v1.ComputeResource)
    (violation,) = refused.value.violations
    assert (violation.path, violation.requirement) == (place, requirement)
    assert violation.fix


def test_rules_reach_into_a_slice() -> None:
    """What one slice contains is held to the same rules as a whole node."""
    value = deepcopy(example())
    contents = value.pop("node")
    contents["memory"]["usableBytes"] = "99999999999"
    value |= {
        "kind": "partition-class",
        "partition": {"ofResource": "crex://p.example.cn/node-class/whole", "contents": contents},
    }
    value["closedLists"] = ["partition.contents.accelerators"]
    (violation,) = semantics.violations(value, v1.ComputeResource)
    assert violation.path == "$.partition.contents.memory.usableBytes"


def test_a_class_of_nodes_is_one_member() -> None:
    """A cluster may name no class of nodes, but none twice (DESC-CLUSTER-1)."""
    value = {**example(), "kind": "cluster", "cluster": {}, "closedLists": []}
    del value["node"]
    assert semantics.violations(value, v1.ComputeResource) == []
    member = {"resource": "crex://p.example.cn/node-class/a", "count": "2"}
    value["cluster"] = {"members": [member, {**member, "count": "3"}]}
    (violation,) = semantics.violations(value, v1.ComputeResource)
    assert (violation.path, violation.requirement) == ("$.cluster.members[1].resource", "DESC-CLUSTER-1")


def test_a_private_kind_may_have_any_body() -> None:
    """Only the five registered kinds are tied to a body."""
    value = {**example(), "kind": "p.example.cn/rack"}
    assert semantics.violations(value, v1.ComputeResource) == []


@pytest.mark.parametrize(
    ("members", "place", "requirement"),
    [
        ({"country": "CN", "subdivision": "US-CA"}, "$.subdivision", "DESC-COUNTRY-2"),
        ({"latitudeMicrodegrees": 37500000}, "$.latitudeMicrodegrees", "DESC-POSITION-1"),
        ({"longitudeMicrodegrees": 0}, "$.longitudeMicrodegrees", "DESC-POSITION-1"),
        ({"closedLists": ["country"]}, "$.closedLists[0]", "DESC-CLOSED-2"),
    ],
)
def test_contradictions_of_a_site_are_found(members: dict[str, Any], place: str, requirement: str) -> None:
    """A site in two countries, on half a position, or with a list that is none, is refused at that place."""
    (violation,) = semantics.violations(members, v1.Site)
    assert (violation.path, violation.requirement) == (place, requirement)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"subdivision": "US-CA"},
        {"country": "CN", "subdivision": "CN-NX"},
        {"latitudeMicrodegrees": 0, "longitudeMicrodegrees": 0},
        {"closedLists": ["energy", "compliance", "legalJurisdictions"]},
    ],
)
def test_a_site_that_says_little_contradicts_nothing(members: dict[str, Any]) -> None:
    """What is absent is unknown, and the corner of the map is a place."""
    assert semantics.violations(members, v1.Site) == []
