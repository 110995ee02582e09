"""Vectors of one requirement on one offer: three values, lists, versions, and which values count.

Every truth is derived by hand from the requirements named beside it.
"""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.matching_cases import EVALUATE, FALSE, GONE, TRUE, UNKNOWN, Case
from conformance.tests.vectors.matching_documents import (
    ACCELERATORS,
    GIB,
    RATES,
    all_of,
    any_of,
    claim,
    constraint,
    decimal,
    device,
    element,
    energy,
    negation,
    offer,
    presented,
    rate,
    resource,
    site,
)

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
    _capacity.but(
        "integer-beyond-floats",
        ["REQ-VALUE-1"],
        "requirement.constraint",
        constraint(CAPACITY, "EQ", 80 * GIB + 1)["constraint"],
        FALSE,
        "Integers are exact: one byte more is another value.",
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
    case(
        "ne-through-a-list-asks-for-one-element",
        ["REQ-NE-1"],
        "One element differs: that is what NE through a list asks.",
        presented(constraint(VENDOR, "NE", "nvidia"), resource(device("nvidia"), device("amd"))),
    ).but(
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
    case(
        "offers-are-complete",
        ["REQ-CLOSED-1"],
        "The offer names ssh.",
        presented(constraint("offer.interfaces", "EQ", "ssh")),
    ).but(
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

_BF16 = [rate("bf16", 989_400_000), rate("bf16", 1_978_900_000, sparsity="2-4")]
_dense = case(
    "rate-dense",
    ["REQ-DENSE-1", "DESC-RATE-3"],
    "The dense rate is at least 900 TFLOPS.",
    presented(
        constraint("accelerators.rates.mops_per_s", "GE", 900_000_000),
        resource(device(rates=_BF16), closed=(ACCELERATORS, RATES)),
    ),
)
_FAST = constraint("mops_per_s", "GE", 1_500_000_000)
_element_rate = case(
    "rate-sparse-when-asked-for",
    ["REQ-DENSE-1"],
    "Who asks for 2:4 sparsity of the same rate gets it.",
    presented(
        element("accelerators.rates", all_of(_FAST, constraint("sparsity", "EQ", "2-4"))),
        resource(device(rates=_BF16), closed=(ACCELERATORS, RATES)),
    ),
)
DENSE_CASES: Final = [
    _dense,
    _dense.but(
        "rate-sparse-is-passed-over",
        ["REQ-DENSE-1", "DESC-RATE-3"],
        "requirement.constraint.values[0].integer",
        "1500000000",
        FALSE,
        "The marketed rate is sparse; a condition that does not say means dense.",
    ),
    _dense.but(
        "rate-only-sparse-stated",
        ["REQ-DENSE-1", "REQ-OPEN-1"],
        "resource",
        resource(device(rates=_BF16[1:]), closed=(ACCELERATORS,)),
        UNKNOWN,
        "The dense rate is not stated.",
    ),
    _element_rate,
    _element_rate.but(
        "rate-element-without-sparsity",
        ["REQ-DENSE-1"],
        "requirement.element.requirement",
        _FAST,
        FALSE,
        "An Element that does not speak of sparsity sees dense rates only.",
    ),
    _element_rate.but(
        "sparsity-beside-a-rate",
        ["REQ-DENSE-1", "REQ-ELEMENT-1"],
        "requirement",
        all_of(
            constraint("accelerators.rates.sparsity", "EQ", "2-4"),
            constraint("accelerators.rates.mops_per_s", "GE", 1_500_000_000),
        ),
        FALSE,
        "Two conditions may hold of two rates, so the first does not qualify the second.",
    ),
]

_basis = case(
    "basis-accepted",
    ["REQ-BASIS-1"],
    "The device is measured by its provider, and so is its memory.",
    presented(
        constraint(CAPACITY, "GE", 80 * GIB, acceptedBases=["measured-provider"]),
        resource(
            device(
                provenance={"basis": "measured-provider"}, rates=[rate("fp64", 60_000_000, basis="estimated")]
            ),
            closed=(ACCELERATORS, RATES),
        ),
    ),
)
_pue = case(
    "pue-metered",
    ["REQ-BASIS-1", "DESC-ENERGY-1"],
    "A metered PUE of 1.15.",
    presented(
        constraint("site.energy.value_micro", "LE", 1_200_000, acceptedBases=["metered"]),
        site=site(energy=[energy(1_150_000)], closedLists=["energy"]),
    ),
)
_claim = case(
    "claim-holds",
    ["REQ-CLAIM-1"],
    "Valid now, and of this site.",
    presented(
        constraint("site.compliance.scheme", "EQ", "iso-27001", acceptedAssurance=["certified"]),
        site=site(compliance=[claim()], closedLists=["compliance"]),
    ),
)
EVIDENCE_CASES: Final = [
    _basis,
    _basis.but(
        "basis-not-accepted",
        ["REQ-BASIS-1"],
        f"{FIRST}.provenance.basis",
        "estimated",
        UNKNOWN,
        "A value on another basis counts as missing, not as false.",
    ),
    _basis.but(
        "basis-not-stated",
        ["REQ-BASIS-1"],
        f"{FIRST}.provenance",
        GONE,
        UNKNOWN,
        "A basis that is not stated is not accepted.",
    ),
    _basis.but(
        "basis-of-the-nearest-message",
        ["REQ-BASIS-1"],
        "requirement.constraint",
        constraint("accelerators.rates.mops_per_s", "GE", 1, acceptedBases=["measured-provider"])[
            "constraint"
        ],
        UNKNOWN,
        "A rate has its own basis, whatever that of its device is.",
    ),
    _pue,
    _pue.but(
        "pue-by-design",
        ["REQ-BASIS-1", "DESC-ENERGY-1"],
        "site.energy[0].basis",
        "design",
        UNKNOWN,
        "What a building was designed for is not what it uses.",
    ),
    _claim,
    _claim.but(
        "claim-expired",
        ["REQ-CLAIM-1", "DESC-COMPLIANCE-1"],
        "site.compliance[0].valid.end",
        "2026-03-01T12:00:00Z",
        UNKNOWN,
        "Validity ends before its end: after it a claim says nothing, also in a complete list.",
    ),
    _claim.but(
        "claim-of-another-site",
        ["REQ-CLAIM-1"],
        "site.compliance[0].scopeIds[0]",
        "crex://p.example.cn/site/b",
        UNKNOWN,
        "The certificate covers another building.",
    ),
    _claim.but(
        "claim-self-declared",
        ["REQ-BASIS-1", "DESC-COMPLIANCE-1"],
        "site.compliance[0].assurance",
        "self-declared",
        UNKNOWN,
        "Self-declared is not certified.",
    ),
]

_ONE = all_of(constraint("vendor", "EQ", "nvidia"), constraint("memory.capacity", "GE", 80 * GIB))
_element = case(
    "element-satisfies-both",
    ["REQ-ELEMENT-1"],
    "One device has both.",
    presented(element("accelerators", _ONE), resource(device(), device("amd", gib=192))),
)
_jurisdiction = case(
    "jurisdiction-is-not-geography",
    ["DESC-JURISDICTION-1", "REQ-OPEN-1"],
    "All jurisdictions are stated, and the law of the US is none of them.",
    presented(
        negation(constraint("site.legal_jurisdictions", "EQ", "US")),
        site=site(country="SG", legalJurisdictions=["SG"], closedLists=["legalJurisdictions"]),
    ),
)
_duration = case(
    "duration-in-seconds",
    ["REQ-VALUE-1"],
    "5400 s are at least 5400 s.",
    presented(
        constraint("offer.terms.max_duration", "GE", decimal("5400")),
        offer=offer(terms={"mode": "on-demand", "maxDuration": "5400s"}),
    ),
)
ELEMENT_CASES: Final = [
    _element,
    _element.but(
        "element-with-half-of-it",
        ["REQ-ELEMENT-1"],
        "resource.node.accelerators[0].memory.capacityBytes",
        str(40 * GIB),
        FALSE,
        "One device is of the maker, another has the memory: neither is both.",
    ),
    _element.but(
        "element-in-an-open-list",
        ["REQ-ELEMENT-1", "REQ-OPEN-1"],
        "resource",
        resource(device(gib=40), closed=()),
        UNKNOWN,
        "There may be such a device among those that are not stated.",
    ),
    case(
        "not-inside-an-element",
        ["REQ-ELEMENT-1"],
        "One device of another maker is asked for, and there is one.",
        presented(
            element("accelerators", negation(constraint("vendor", "EQ", "nvidia"))),
            resource(device(), device("amd")),
        ),
    ),
    _jurisdiction,
    _jurisdiction.but(
        "jurisdiction-of-a-foreign-parent",
        ["DESC-JURISDICTION-1"],
        "site.legalJurisdictions",
        ["SG", "US"],
        FALSE,
        "A site in Singapore can stand under the law of the US.",
    ),
    _duration,
    _duration.but(
        "duration-too-short",
        ["REQ-VALUE-1"],
        "offer.terms.maxDuration",
        "5399.999s",
        FALSE,
        "One millisecond less is less.",
    ),
]

CASES: Final = [
    *CAPACITY_CASES, *NEGATION_CASES, *KLEENE_CASES, *LIST_CASES, *VERSION_CASES, *DENSE_CASES, *EVIDENCE_CASES,
    *ELEMENT_CASES,
]  # fmt: skip
