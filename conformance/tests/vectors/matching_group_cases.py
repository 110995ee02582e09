"""Vectors of device groups, and of requirements that have to be refused; derived by hand like the others."""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.matching_cases import (
    EVALUATE,
    FALSE,
    TRUE,
    UNKNOWN,
    Case,
    rejected,
)
from conformance.tests.vectors.matching_documents import (
    GIB,
    P,
    Value,
    all_of,
    any_of,
    constraint,
    decimal,
    device,
    element,
    group,
    header,
    negation,
    presented,
    resource,
)
from conformance.tests.vectors.one_change import GONE

FIRST = "resource.node.accelerators[0]"
LARGE = constraint("memory.capacity", "GE", 80 * GIB)
DISK = {"medium": "hdd", "capacityBytes": "1000000000000"}


def case(id: str, requirements: list[str], why: str, asked: Value) -> Case:  # noqa: A002 - the member's name
    """Gives a vector that begins a row, and whose answer is TRUE."""
    return Case(id, requirements, why, EVALUATE, asked, TRUE)


_group = case(
    "group-counts-devices",
    ["REQ-GROUP-1", "REQ-GROUP-5"],
    "Two and six are eight.",
    presented(group(8), resource(device(count=2), device("amd", count=6))),
)
_nine = _group.but(
    "group-of-one-more",
    ["REQ-GROUP-1", "REQ-GROUP-5"],
    "requirement.deviceGroup.count",
    "9",
    FALSE,
    "Eight are not nine, and the list is complete.",
)
_hopper = case(
    "group-certain-and-possible",
    ["REQ-GROUP-5"],
    "Four certainly are.",
    presented(
        group(4, constraint("architecture", "EQ", "hopper")),
        resource(device(count=4, architecture="hopper"), device(count=4)),
    ),
)
_same = case(
    "group-same",
    ["REQ-GROUP-2"],
    "Four of one maker.",
    presented(group(4, same=["vendor"]), resource(device(count=4), device("amd", count=4))),
)
_same_unstated = case(
    "group-same-unstated",
    ["REQ-GROUP-5"],
    "Four state one architecture.",
    presented(
        group(4, same=["architecture"]), resource(device(count=4, architecture="hopper"), device(count=4))
    ),
)
_distinct = case(
    "group-distinct",
    ["REQ-GROUP-2"],
    "One device of each of two makers.",
    presented(group(2, distinct=["vendor"]), resource(device(count=4), device("amd", count=4))),
)
_together = case(
    "groups-take-disjoint-devices",
    ["REQ-GROUP-4"],
    "Five and three are eight.",
    presented(all_of(group(5), group(3, constraint("vendor", "EQ", "nvidia")))),
)
_greedy = case(
    "groups-leave-what-others-need",
    ["REQ-GROUP-4", "REQ-GROUP-5"],
    "Giving the first group the large devices would leave none for the second; another way does.",
    presented(all_of(group(2), group(2, LARGE)), resource(device(count=2), device(count=2, gib=40))),
)
_disks = case(
    "disk-without-count-is-one",
    ["REQ-GROUP-1"],
    "One and three disks are four.",
    presented(
        group(4, path="storage"),
        resource(storage=[DISK, {**DISK, "count": "3"}], closed=("node.storage",)),
    ),
)
_PROFILES = [{"name": "1g.10gb", "usableMemoryBytes": str(10 * GIB), "isolation": "hardware"}]
_whole = case(
    "device-that-can-be-cut",
    ["REQ-GROUP-1", "DESC-COUNT-1"],
    "It is one device.",
    presented(group(1), resource(device(count=1, partitionProfiles=_PROFILES))),
)
_SLICE = {
    "header": header("partition-class/m"),
    "kind": "partition-class",
    "siteId": f"{P}/site/a",
    "partition": {
        "ofResource": f"{P}/node-class/n",
        "profile": "1g.10gb",
        "contents": {"cpu": {"isa": "x86-64", "schedulableCpus": "8"}},
    },
    "closedLists": ["partition.contents.accelerators"],
}
GROUP_CASES: Final = [
    _group,
    _nine,
    _nine.but(
        "group-in-an-open-list",
        ["REQ-GROUP-5", "REQ-OPEN-1"],
        "resource.closedLists",
        GONE,
        UNKNOWN,
        "There may be a ninth.",
    ),
    _hopper,
    _hopper.but(
        "group-possible-only",
        ["REQ-GROUP-5"],
        "requirement.deviceGroup.count",
        "8",
        UNKNOWN,
        "Four more may be.",
    ),
    _hopper.but(
        "group-impossible",
        ["REQ-GROUP-5"],
        "requirement.deviceGroup.count",
        "9",
        FALSE,
        "Eight at most are.",
    ),
    _same,
    _same.but(
        "group-same-does-not-add-up",
        ["REQ-GROUP-2"],
        "requirement.deviceGroup.count",
        "8",
        FALSE,
        "Four of each maker are no eight of one.",
    ),
    _same_unstated,
    _same_unstated.but(
        "group-same-may-be-any-class",
        ["REQ-GROUP-5"],
        "requirement.deviceGroup.count",
        "8",
        UNKNOWN,
        "The others may be of that architecture.",
    ),
    _distinct,
    _distinct.but(
        "group-distinct-takes-one-of-a-value",
        ["REQ-GROUP-2"],
        "requirement.deviceGroup.count",
        "3",
        FALSE,
        "Devices of one element have one value.",
    ),
    _together,
    _together.but(
        "groups-do-not-share",
        ["REQ-GROUP-4"],
        "requirement.allOf.requirements[1].deviceGroup.count",
        "4",
        FALSE,
        "Five and four are nine, and no device is counted twice.",
    ),
    _together.but(
        "groups-stand-together-in-nested-conjunctions",
        ["REQ-GROUP-4"],
        "requirement.allOf.requirements[1]",
        all_of(constraint("cpu.isa", "EQ", "x86-64"), group(4)),
        FALSE,
        "A bracket does not multiply devices.",
    ),
    _greedy,
    _greedy.but(
        "groups-do-not-fit",
        ["REQ-GROUP-4", "REQ-GROUP-5"],
        "requirement.allOf.requirements[0].deviceGroup.count",
        "3",
        FALSE,
        "Three and two large ones are five of four.",
    ),
    _disks,
    _disks.but(
        "disks-are-counted-once",
        ["REQ-GROUP-1"],
        "requirement.deviceGroup.count",
        "5",
        FALSE,
        "Four disks are no five.",
    ),
    _whole,
    _whole.but(
        "slices-are-not-counted",
        ["REQ-GROUP-1", "DESC-COUNT-1"],
        "requirement.deviceGroup.count",
        "7",
        FALSE,
        "What a device could be cut into is not counted.",
    ),
    _whole.but(
        "a-slice-is-no-device",
        ["REQ-GROUP-1", "DESC-COUNT-1"],
        "resource",
        _SLICE,
        FALSE,
        "A slice of a device is a resource of its own kind, not a device.",
    ),
]

_plain = case(
    "requirement-usable",
    ["REQ-PATH-1", "REQ-OP-1", "REQ-VALUE-1"],
    "A requirement that can be used.",
    presented(constraint("accelerators.vendor", "EQ", "nvidia")),
)
_WHOLE = "requirement"


def _refused(id: str, requirement: str, value: Value, why: str, reason: str = "SCHEMA") -> Case:  # noqa: A002
    return _plain.but(id, [requirement], _WHOLE, value, rejected(reason), why)


def _chain(levels: int) -> Value:
    value = constraint("cpu.isa", "EQ", "x86-64")
    for _ in range(levels - 1):
        value = negation(value)
    return value


_ISA = constraint("cpu.isa", "EQ", "x86-64")
REFUSED_CASES: Final = [
    _plain,
    _refused("path-unknown", "REQ-PATH-1", constraint("gpu.memory", "EXISTS"), "A path that does not exist."),
    _refused(
        "path-in-lower-camel-case",
        "REQ-PATH-1",
        constraint("cpu.schedulableCpus", "GE", 1),
        "Paths are written as fields are, not as JSON members are.",
    ),
    _refused(
        "path-out-of-an-element",
        "REQ-ELEMENT-1",
        element("accelerators", constraint("site.country", "EQ", "CN")),
        "Inside an Element, paths begin at the element.",
    ),
    _refused(
        "element-of-no-list",
        "REQ-ELEMENT-1",
        element("cpu", _ISA),
        "A message that is no list has no elements.",
    ),
    _refused(
        "order-of-texts",
        "REQ-OP-1",
        constraint("cpu.isa", "GE", "x86-64"),
        "Texts have no order.",
    ),
    _refused("version-order-of-texts", "REQ-OP-1", constraint("cpu.isa", "VERSION_GE", "8"), "No version."),
    _refused(
        "has-any-of-one-value",
        "REQ-OP-1",
        constraint("site.country", "HAS_ANY", "CN"),
        "A path that leads through no list has one value.",
    ),
    _refused(
        "display-text-compared",
        "REQ-DISPLAY-1",
        constraint("accelerators.product", "EQ", "NVIDIA A100"),
        "A product's name is for people.",
    ),
    _refused("no-value", "REQ-VALUE-1", constraint("cpu.isa", "EQ"), "EQ takes one value."),
    _refused(
        "two-values", "REQ-VALUE-1", constraint("cpu.isa", "EQ", "x86-64", "aarch64"), "EQ takes one value."
    ),
    _refused(
        "exists-with-a-value", "REQ-VALUE-1", constraint("cpu.isa", "EXISTS", "x86-64"), "EXISTS takes none."
    ),
    _refused("empty-in", "REQ-VALUE-1", constraint("cpu.isa", "IN"), "IN takes at least one value."),
    _refused(
        "text-for-an-integer",
        "REQ-VALUE-1",
        constraint("cpu.schedulable_cpus", "GE", "8"),
        'The text "8" is not the number 8.',
    ),
    _refused(
        "decimal-for-an-integer",
        "REQ-VALUE-1",
        constraint("cpu.schedulable_cpus", "GE", decimal("8")),
        "One kind of value for each type.",
    ),
    _refused(
        "value-that-no-document-states",
        "REQ-VALUE-2",
        constraint("site.country", "NE", "China"),
        "It would be true of every site that states its country.",
    ),
    _refused(
        "version-with-a-suffix-required",
        "REQ-VERSION-1",
        constraint("accelerators.runtime.version", "VERSION_GE", "12.4-rc1"),
        "What follows the numbers has no order.",
    ),
    _refused(
        "basis-where-none-can-be-stated",
        "REQ-BASIS-2",
        constraint("site.country", "EQ", "CN", acceptedBases=["nominal"]),
        "It would never match.",
    ),
    _refused(
        "assurance-outside-claims",
        "REQ-BASIS-2",
        constraint("cpu.isa", "EQ", "x86-64", acceptedAssurance=["certified"]),
        "It would never match.",
    ),
    _refused(
        "group-under-not", "REQ-GROUP-3", negation(any_of(_ISA, group(8))), "Devices could not be kept apart."
    ),
    _refused(
        "group-of-no-devices",
        "REQ-GROUP-1",
        group(2, path="software"),
        "Only accelerators, storage and network hold devices.",
    ),
    _refused(
        "group-inside-an-element",
        "REQ-GROUP-1",
        element("accelerators", group(2)),
        "Devices hold no devices.",
    ),
    _refused(
        "group-same-of-a-list",
        "REQ-GROUP-2",
        group(2, same=["rates.number_format"]),
        "A device has several rates.",
    ),
    _refused(
        "five-groups", "REQ-GROUP-4", all_of(*(group(1) for _ in range(5))), "At most 4 stand together."
    ),
    _refused("nine-levels", "REQ-LIMIT-1", _chain(9), "At most 8 levels.", "FILTER_TOO_COMPLEX"),
    _refused(
        "65-nodes",
        "REQ-LIMIT-1",
        any_of(*[_ISA] * 64),
        "The disjunction is a node too.",
        "FILTER_TOO_COMPLEX",
    ),
    Case(
        "eight-levels",
        ["REQ-LIMIT-1"],
        "Seven negations of a true one.",
        EVALUATE,
        presented(_chain(8)),
        FALSE,
    ),
    case(
        "64-nodes", ["REQ-LIMIT-1"], "63 conditions and their disjunction.", presented(any_of(*[_ISA] * 63))
    ),
    case(
        "alias-and-field",
        ["REQ-ALIAS-1"],
        "The alias and the field are the same values in the same unit.",
        presented(
            all_of(
                constraint("accelerators.memory.capacity", "EQ", 80 * GIB),
                constraint("accelerators.memory.capacity_bytes", "EQ", 80 * GIB),
                constraint("network.rate", "EQ", 400 * 10**9),
                constraint("network.bits_per_s", "EQ", 400 * 10**9),
            ),
            resource(device(), network=[{"technology": "ethernet", "bitsPerS": str(400 * 10**9)}]),
        ),
    ),
    case(
        "display-text-exists",
        ["REQ-DISPLAY-1"],
        "Whether a name is stated can be asked.",
        presented(constraint("accelerators.product", "EXISTS")),
    ),
]

CASES: Final = [*GROUP_CASES, *REFUSED_CASES]
