"""Vectors at the edges: values that no document states, aliases, demands that are only just usable.

Every answer is derived by hand from the requirements named beside it.
"""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.matching_cases import EVALUATE, FALSE, TRUE, Case, output, rejected
from conformance.tests.vectors.matching_demand_cases import candidate, candidates, rate_of, search
from conformance.tests.vectors.matching_documents import (
    P,
    Value,
    all_of,
    available,
    constraint,
    decimal,
    element,
    negation,
    presented,
    resource,
)
from conformance.tests.vectors.matching_match_cases import asked, entry, known, unknown
from conformance.tests.vectors.one_change import GONE


def case(name: str, requirements: list[str], why: str, given: Value) -> Case:
    """Gives a vector that begins a row, and whose answer is TRUE."""
    return Case(name, requirements, why, EVALUATE, given, TRUE)


_DISK: Final[Value] = {
    "medium": "nvme-ssd",
    "capacityBytes": "1000000000000",
    "readIops": "1000000",
    "blockBytes": "4096",
    "queueDepth": "32",
    "readBytesPerS": "7000000000",
}
_alias = case(
    "alias-of-a-rate-of-bytes",
    ["REQ-ALIAS-1"],
    "`read` is `read_bytes_per_s` without its unit; operations per second have no alias.",
    presented(
        constraint("storage.read", "GE", 7_000_000_000), resource(storage=[_DISK], closed=("node.storage",))
    ),
)
_REQUIREMENT = "requirement"
ALIAS_CASES: Final = [
    _alias,
    _alias.but(
        "alias-beside-operations",
        ["REQ-ALIAS-1"],
        "resource.node.storage[0].readBytesPerS",
        "6999999999",
        FALSE,
        "The alias is that of the bytes: what is read of operations does not matter.",
    ),
    _alias.but(
        "alias-that-is-none",
        ["REQ-ALIAS-1", "REQ-PATH-1"],
        _REQUIREMENT,
        constraint("storage.iops", "GE", 1),
        rejected(),
        "No field is called so.",
    ),
    _alias.but(
        "alias-in-an-element",
        ["REQ-ALIAS-1", "REQ-ELEMENT-1"],
        _REQUIREMENT,
        element("storage", all_of(constraint("read", "GE", 1), constraint("capacity", "LT", 10**12))),
        FALSE,
        "Aliases hold inside an element too; the capacity is not below a terabyte.",
    ),
]

_token = case(
    "value-that-documents-state",
    ["REQ-VALUE-2"],
    "A token and a country.",
    presented(
        all_of(constraint("cpu.isa", "NE", "riscv64"), constraint("site.country", "NE", "NO")),
    ),
)


def _unstatable(name: str, condition: Value, why: str) -> Case:
    return _token.but(name, ["REQ-VALUE-2"], _REQUIREMENT, condition, rejected(), why)


VALUE_CASES: Final = [
    _token,
    _unstatable(
        "value-in-capitals",
        constraint("accelerators.vendor", "NE", "NVIDIA"),
        "Tokens are lowercase: it would be true of every maker, nvidia included.",
    ),
    _unstatable(
        "value-among-others",
        constraint("site.country", "IN", "CN", "Singapore"),
        "Every value counts, not the first alone.",
    ),
    _unstatable(
        "value-of-a-jurisdiction",
        constraint("site.legal_jurisdictions", "HAS_ANY", "eu"),
        "Jurisdictions are in capitals.",
    ),
    _unstatable("value-of-a-currency", constraint("offer.currency", "EQ", "US$"), "A currency has a code."),
    _unstatable(
        "value-of-sparsity",
        element("accelerators.rates", constraint("sparsity", "EQ", "2:4")),
        "It is written 2-4.",
    ),
    _token.but(
        "basis-of-a-site",
        ["REQ-BASIS-2"],
        _REQUIREMENT,
        constraint("site.hub", "EQ", "guizhou", acceptedBases=["sla"]),
        rejected(),
        "Where a site stands has no basis.",
    ),
    _token.but(
        "assurance-of-a-service-level",
        ["REQ-BASIS-2"],
        _REQUIREMENT,
        constraint("service_levels.target_ppm", "GE", 999_000, acceptedAssurance=["certified"]),
        rejected(),
        "A promise is no claim of compliance.",
    ),
]

_exists = case(
    "availability-exists",
    ["REQ-EXISTS-1", "AVAIL-CLOSED-1"],
    "There is an entry.",
    presented(constraint("availability", "EXISTS"), availability=[available("02", "10")]),
)
_uncovered = search(
    "not-covered-by-availability",
    ["REQ-COVERS-1", "AVAIL-CLOSED-1", "REQ-KLEENE-1"],
    "The list is complete: that it does not cover the demand is known.",
    asked(
        negation(constraint("availability", "COVERS_INTERVAL")),
        {**entry("x"), "availability": [available("02", "10")]},
    ),
    candidates(candidate("x")),
)
AVAILABILITY_CASES: Final = [
    _exists,
    _exists.but(
        "availability-exists-not",
        ["REQ-EXISTS-1", "AVAIL-CLOSED-1"],
        "availability",
        [],
        FALSE,
        "The list is complete and empty.",
    ),
    _uncovered,
    _uncovered.but(
        "not-known-to-be-uncovered",
        ["AVAIL-CLOSED-1"],
        "offers[0].availability",
        GONE,
        candidates(),
        "Whether what is not known covers the demand is not known.",
    ),
]

_plain = search(
    "demand-states-a-dimension-in-two-units",
    ["DEMAND-QUANTITY-1", "DEMAND-PRICE-2"],
    "In two units it is stated twice, and may be; the plan prices neither.",
    asked(
        None,
        entry("x"),
        quantities=[
            {"dimension": "egress", "quantity": "5", "unit": unit} for unit in ("gigabyte", "gibibyte")
        ],
    ),
    candidates(unknown("x")),
)
_RELAXED: Final[Value] = {
    "candidates": [],
    "explanation": {
        "rejections": [{"offerId": f"{P}/offer/x", "constraint": "price <= 500", "gap": "11.6488"}],
        "relaxation": {"constraint": "price <= 500", "relaxed": "price <= 511.65", "wouldMatch": "1"},
    },
}
_bounded = search(
    "price-bound-in-another-currency",
    ["DEMAND-FX-1", "DEMAND-PRICE-1"],
    "71.76 × 7.13 = 511.6488, within 512.",
    asked(
        constraint("price", "LE", decimal("512")),
        entry("x"),
        currency="CNY",
        fx=[rate_of("USD", "713", "100")],
    ),
    candidates(known("x", "511.65", "639561", "1250", "CNY")),
)
_negated = search(
    "price-under-not",
    ["DEMAND-PRICE-1", "REQ-KLEENE-1"],
    "71.76 is not above 80.",
    asked(negation(constraint("price", "GT", decimal("80"))), entry("x")),
    candidates(known("x", "71.76", "1794", "25")),
)


def _unusable(base: Case, name: str, requirement: str, where: str, value: Any, why: str) -> Case:
    return base.but(name, [requirement], where, value, rejected(), why)


DEMAND_CASES: Final = [
    _plain,
    _unusable(
        _plain,
        "demand-states-a-dimension-twice-of-three",
        "DEMAND-QUANTITY-1",
        "demand.quantities[2]",
        {"dimension": "egress", "quantity": "7", "unit": "gigabyte"},
        "Not next to each other, and of another quantity: still twice.",
    ),
    _unusable(
        _plain,
        "demand-of-less-than-nothing",
        "DEMAND-COUNT-1",
        "demand.count",
        "-1",
        "Nobody sells a negative number.",
    ),
    _bounded,
    _bounded.but(
        "price-bound-relaxed-in-the-demands-currency",
        ["EXPLAIN-RELAX-1", "EXPLAIN-GAP-1", "DEMAND-FX-1"],
        "demand.requirement.constraint.values[0].decimal",
        "500",
        output(_RELAXED),
        "The next whole fen beyond 511.6488 is 511.65, in the currency of the demand.",
    ),
    _negated,
    _unusable(
        _negated,
        "price-under-not-without-currency",
        "DEMAND-CURRENCY-2",
        "demand.currency",
        GONE,
        "However deep it stands, it compares a price.",
    ),
]

CASES: Final = [*ALIAS_CASES, *VALUE_CASES, *AVAILABILITY_CASES, *DEMAND_CASES]
