"""Vectors of one requirement on one offer: three values, lists, versions, and which values count.

Every truth is derived by hand from the requirements named beside it.
"""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.matching_cases import EVALUATE, FALSE, TRUE, UNKNOWN, Case
from conformance.tests.vectors.matching_documents import (
    ACCELERATORS,
    GIB,
    RATES,
    all_of,
    any_of,
    constraint,
    device,
    negation,
    presented,
    rate,
    resource,
)
from conformance.tests.vectors.one_change import GONE

CAPACITY = "accelerators.memory.capacity"
VENDOR = "accelerators.vendor"
ARCHITECTURE = "accelerators.architecture"
FIRST = "resource.node.accelerators[0]"
IS_NVIDIA = constraint(VENDOR, "EQ", "nvidia")
KNOWN_TRUE, KNOWN_FALSE = constraint("cpu.isa", "EQ", "x86-64"), constraint("cpu.isa", "EQ", "aarch64")
UNSTATED = constraint("cpu.isa_level", "EQ", "x86-64-v3")


def case(id: str, requirements: list[str], why: str, asked: dict[str, object]) -> Case:  # noqa: A002
    """Gives a vector that begins a row, and whose answer is TRUE."""
    return Case(id, requirements, why, EVALUATE, asked, TRUE)


_capacity = case(
    "capacity-at-least",
    ["REQ-LIST-1", "REQ-ALIAS-1"],
    "Through a list, by an alias: 80 GiB is at least 80 GiB.",
    presented(constraint(CAPACITY, "GE", 80 * GIB)),
)
_too_small = _capacity.but(
    "capacity-too-small",
    ["REQ-LIST-1"],
    "requirement.constraint.values[0].integer",
    str(141 * GIB),
    FALSE,
    "The only element of a complete list has less.",
)
CAPACITY_CASES: Final = [
    _capacity,
    _too_small,
    _capacity.but(
        "gb-is-not-gib",
        ["DESC-BYTES-1", "REQ-LIST-1"],
        f"{FIRST}.memory.capacityBytes",
        str(80 * 10**9),
        FALSE,
        "80 GB is less than 80 GiB; who reads one as the other sells too little memory.",
    ),
    _capacity.but(
        "memory-is-per-device",
        ["DESC-COUNT-1", "REQ-LIST-1"],
        "requirement.constraint.values[0].integer",
        str(640 * GIB),
        FALSE,
        "Eight devices of 80 GiB are no device of 640 GiB: figures are never multiplied by count.",
    ),
    _capacity.but(
        "greater-is-strict",
        ["REQ-OP-1"],
        "requirement.constraint.op",
        "CONSTRAINT_OPERATOR_GT",
        FALSE,
        "80 GiB is not more than 80 GiB.",
    ),
    _too_small.but(
        "false-from-an-open-list-is-unknown",
        ["REQ-OPEN-1", "DESC-CLOSED-1"],
        "resource.closedLists",
        GONE,
        UNKNOWN,
        "The document does not say that it names all its accelerators.",
    ),
    _capacity.but(
        "capacity-not-stated",
        ["REQ-MISSING-1"],
        f"{FIRST}.memory",
        GONE,
        UNKNOWN,
        "An element that does not state its memory may have it.",
    ),
    case(
        "integer-beyond-floats",
        ["REQ-VALUE-1"],
        "2^53 + 1 is more than 2^53; as floats both are the same.",
        presented(
            constraint("memory.capacity", "GT", 2**53), resource(memory={"capacityBytes": str(2**53 + 1)})
        ),
    ),
]

_ne = case(
    "ne-over-a-value-that-differs",
    ["REQ-NE-1"],
    "cdna3 is not hopper.",
    presented(
        constraint(ARCHITECTURE, "NE", "hopper"),
        resource(device("amd", architecture="cdna3"), closed=(ACCELERATORS,)),
    ),
)
_not_eq = case(
    "not-over-a-complete-list",
    ["REQ-KLEENE-1", "REQ-OPEN-1"],
    "A complete list without nvidia holds no nvidia.",
    presented(negation(IS_NVIDIA), resource(device("amd"))),
)
_ne_list = case(
    "ne-through-a-list-asks-for-one-element",
    ["REQ-NE-1"],
    "One element differs: that is what NE through a list asks.",
    presented(constraint(VENDOR, "NE", "nvidia"), resource(device("nvidia"), device("amd"))),
)
NEGATION_CASES: Final = [
    _ne,
    _ne.but(
        "ne-over-a-missing-value",
        ["REQ-MISSING-1"],
        f"{FIRST}.architecture",
        GONE,
        UNKNOWN,
        "What is not stated is not different either.",
    ),
    _ne.but(
        "ne-over-an-equal-value",
        ["REQ-NE-1"],
        f"{FIRST}.architecture",
        "hopper",
        FALSE,
        "hopper is hopper.",
    ),
    _not_eq,
    _not_eq.but(
        "not-over-an-open-list",
        ["REQ-OPEN-1", "DESC-CLOSED-1"],
        "resource.closedLists",
        GONE,
        UNKNOWN,
        "A document that merely names another device does not say that it has no nvidia.",
    ),
    _not_eq.but(
        "not-over-a-list-that-has-it",
        ["REQ-KLEENE-1"],
        f"{FIRST}.vendor",
        "nvidia",
        FALSE,
        "It has one.",
    ),
    _not_eq.but(
        "not-over-one-of-two",
        ["REQ-LIST-1", "REQ-NE-1"],
        "resource.node.accelerators[1]",
        device("nvidia"),
        FALSE,
        "`not (vendor = nvidia)` is about every element, unlike `vendor != nvidia`.",
    ),
    _ne_list,
    _ne_list.but(
        "ne-where-all-elements-are-equal",
        ["REQ-NE-1"],
        "resource.node.accelerators[1].vendor",
        "nvidia",
        FALSE,
        "No element differs.",
    ),
    case(
        "not-in-over-a-stated-value",
        ["REQ-MISSING-1", "REQ-OP-1"],
        "x86-64 is not among them.",
        presented(constraint("cpu.isa", "NOT_IN", "aarch64", "riscv64")),
    ),
    case(
        "a-closed-list-that-is-absent-is-empty",
        ["REQ-OPEN-1", "DESC-CLOSED-1"],
        "Known to have no accelerator, hence no nvidia.",
        presented(negation(IS_NVIDIA), resource(closed=(ACCELERATORS,))),
    ),
]

_kleene = case(
    "unknown-or-true",
    ["REQ-KLEENE-1"],
    "TRUE decides a disjunction.",
    presented(any_of(UNSTATED, KNOWN_TRUE)),
)
_both = case(
    "true-and-true",
    ["REQ-KLEENE-1"],
    "Both are.",
    presented(all_of(KNOWN_TRUE, constraint("kind", "EQ", "node-class"))),
)
KLEENE_CASES: Final = [
    _kleene,
    _kleene.but(
        "unknown-or-false",
        ["REQ-KLEENE-1"],
        "requirement.anyOf.requirements[1]",
        KNOWN_FALSE,
        UNKNOWN,
        "FALSE does not decide a disjunction.",
    ),
    _both,
    _both.but(
        "true-and-unknown",
        ["REQ-KLEENE-1"],
        "requirement.allOf.requirements[1]",
        UNSTATED,
        UNKNOWN,
        "UNKNOWN does not match.",
    ),
    _both.but(
        "true-and-false",
        ["REQ-KLEENE-1"],
        "requirement.allOf.requirements[1]",
        KNOWN_FALSE,
        FALSE,
        "FALSE decides a conjunction.",
    ),
    Case(
        "unknown-and-false",
        ["REQ-KLEENE-1"],
        "FALSE decides a conjunction also beside UNKNOWN.",
        EVALUATE,
        presented(all_of(UNSTATED, KNOWN_FALSE)),
        FALSE,
    ),
    Case(
        "not-unknown",
        ["REQ-KLEENE-1"],
        "UNKNOWN has no opposite.",
        EVALUATE,
        presented(negation(UNSTATED)),
        UNKNOWN,
    ),
]

_nested = case(
    "list-in-a-list",
    ["REQ-LIST-1"],
    "Any rate of any accelerator.",
    presented(
        constraint("accelerators.rates.number_format", "EQ", "fp64"),
        resource(device(rates=[rate("fp64", 67_000_000)]), closed=(ACCELERATORS, RATES)),
    ),
)
_no_fp8 = _nested.but(
    "list-in-a-list-both-closed",
    ["REQ-OPEN-1"],
    "requirement.constraint.values[0].text",
    "fp8-e4m3",
    FALSE,
    "Both lists are complete.",
)
_exists = case(
    "exists-stated",
    ["REQ-EXISTS-1"],
    "An element is stated.",
    presented(
        constraint("accelerators", "EXISTS"), resource(device(), closed=(ACCELERATORS, "node.storage"))
    ),
)
_has = case(
    "has-all",
    ["REQ-HAS-1"],
    "The list names both.",
    presented(
        constraint("cpu.enabled_features", "HAS_ALL", "avx2", "avx512f"),
        resource(
            closed=("node.cpu.enabledFeatures",),
            cpu={"isa": "x86-64", "schedulableCpus": "8", "enabledFeatures": ["avx2", "avx512f", "bmi2"]},
        ),
    ),
)
_has_not = _has.but(
    "has-all-but-one",
    ["REQ-HAS-1"],
    "requirement.constraint.values[1].text",
    "amx_tile",
    FALSE,
    "One of them is known not to be there.",
)
_offers = case(
    "offers-are-complete",
    ["REQ-CLOSED-1"],
    "The offer names ssh.",
    presented(constraint("offer.interfaces", "EQ", "ssh")),
)
LIST_CASES: Final = [
    _nested,
    _no_fp8,
    _no_fp8.but(
        "list-in-a-list-inner-open",
        ["REQ-OPEN-1"],
        "resource.closedLists",
        [ACCELERATORS],
        UNKNOWN,
        "The devices are all named, their rates are not.",
    ),
    _no_fp8.but(
        "list-in-a-list-outer-open",
        ["REQ-OPEN-1"],
        "resource.closedLists",
        [RATES],
        UNKNOWN,
        "The rates of the named devices are, but there may be other devices.",
    ),
    _exists,
    _exists.but(
        "exists-in-a-closed-empty-list",
        ["REQ-EXISTS-1", "REQ-OPEN-1"],
        "requirement.constraint.path",
        "storage",
        FALSE,
        "A complete list that names nothing holds nothing.",
    ),
    _exists.but(
        "exists-in-an-open-empty-list",
        ["REQ-EXISTS-1", "REQ-OPEN-1"],
        "requirement.constraint.path",
        "network",
        UNKNOWN,
        "EXISTS is TRUE or UNKNOWN on open data.",
    ),
    _exists.but(
        "exists-a-scalar-that-is-absent",
        ["REQ-EXISTS-1", "REQ-MISSING-1"],
        "requirement.constraint.path",
        "cpu.vendor",
        UNKNOWN,
        "A processor has a maker, whether it is stated or not.",
    ),
    _exists.but(
        "exists-in-elements-without-the-value",
        ["REQ-EXISTS-1", "REQ-MISSING-1"],
        "requirement.constraint.path",
        ARCHITECTURE,
        UNKNOWN,
        "The list is complete, its element is not.",
    ),
    _has,
    _has_not,
    _has_not.but(
        "has-all-in-an-open-list",
        ["REQ-HAS-1", "REQ-OPEN-1"],
        "resource.closedLists",
        GONE,
        UNKNOWN,
        "The list may go on.",
    ),
    _has_not.but(
        "has-any",
        ["REQ-HAS-1"],
        "requirement.constraint.op",
        "CONSTRAINT_OPERATOR_HAS_ANY",
        TRUE,
        "One of the two is enough.",
    ),
    _offers,
    _offers.but(
        "offers-name-all-they-sell",
        ["REQ-CLOSED-1"],
        "offer.interfaces[0]",
        "kubernetes",
        FALSE,
        "An interface that an offer does not name is not sold; the list of an offer needs no closing.",
    ),
]

_version = case(
    "version-number-by-number",
    ["REQ-VERSION-1"],
    "12.10 is above 12.9, though the text is not.",
    presented(
        constraint("accelerators.runtime.version", "VERSION_GE", "12.9"),
        resource(device(runtime={"family": "cuda", "version": "12.10"})),
    ),
)
_AT = f"{FIRST}.runtime.version"
VERSION_CASES: Final = [
    _version,
    _version.but(
        "version-below", ["REQ-VERSION-1"], _AT, "9.99", FALSE, "9 is below 12, though the text is not."
    ),
    _version.but(
        "version-goes-on-after-equal-numbers",
        ["REQ-VERSION-1"],
        _AT,
        "12.9-rc1",
        UNKNOWN,
        "A release candidate is below, a build above; the text does not say which it is.",
    ),
    _version.but(
        "version-without-numbers",
        ["REQ-VERSION-1"],
        _AT,
        "r550",
        UNKNOWN,
        "A text that does not begin with numbers cannot be compared.",
    ),
    _version.but(
        "version-goes-on-below",
        ["REQ-VERSION-1"],
        _AT,
        "12.8-5.el9",
        FALSE,
        "Where the numbers decide, what follows does not matter.",
    ),
]

CASES: Final = [*CAPACITY_CASES, *NEGATION_CASES, *KLEENE_CASES, *LIST_CASES, *VERSION_CASES]
