"""Vectors of which values count (dense rates, bases, claims) and of conditions on one element.

Every truth is derived by hand from the requirements named beside it.
"""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.matching_cases import FALSE, UNKNOWN
from conformance.tests.vectors.matching_documents import (
    ACCELERATORS,
    GIB,
    RATES,
    all_of,
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
from conformance.tests.vectors.matching_truth_cases import CAPACITY, FIRST, case
from conformance.tests.vectors.one_change import GONE

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
_only_sparse = _dense.but(
    "rate-only-sparse-there",
    ["REQ-DENSE-1", "REQ-OPEN-1"],
    f"{FIRST}.rates",
    _BF16[1:],
    FALSE,
    "Of a complete list of sparse rates it is known that it holds no dense one.",
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
    _only_sparse,
    _only_sparse.but(
        "rate-only-sparse-stated",
        ["REQ-DENSE-1", "REQ-OPEN-1"],
        "resource.closedLists",
        [ACCELERATORS],
        UNKNOWN,
        "The dense rate may be among those that are not stated.",
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
_half = _element.but(
    "element-with-half-of-it",
    ["REQ-ELEMENT-1"],
    f"{FIRST}.memory.capacityBytes",
    str(40 * GIB),
    FALSE,
    "One device is of the maker, another has the memory: neither is both.",
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
    _half,
    _half.but(
        "element-in-an-open-list",
        ["REQ-ELEMENT-1", "REQ-OPEN-1"],
        "resource.closedLists",
        GONE,
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

CASES: Final = [*DENSE_CASES, *EVIDENCE_CASES, *ELEMENT_CASES]
