"""Vectors of what an offer asks of its buyer, and of what the buyer states; derived by hand."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.matching_cases import Case, rejected
from conformance.tests.vectors.matching_demand_cases import candidate, candidates, search, timed
from conformance.tests.vectors.matching_documents import (
    Value,
    all_of,
    constraint,
    decimal,
    element,
    group,
    instant,
    negation,
)
from conformance.tests.vectors.matching_match_cases import asked, entry
from conformance.tests.vectors.one_change import GONE

_ASKS = "offers[0].offer.offerConstraints"
_RULES = ["MATCH-TERMS-1"]
_YES, _NO = candidates(candidate("x")), candidates()


def asking(condition: Value, **demand: Any) -> Value:
    """Gives the input of a search with one offer that asks something of its buyer."""
    return asked(None, entry("x", offerConstraints=condition), **demand)


def stating(name: str, *values: str) -> Value:
    """Gives a property of the consumer."""
    return {"name": name, "values": list(values)}


def _purpose(op: str, *values: str) -> Value:
    return element(
        "properties", all_of(constraint("name", "EQ", "end-use"), constraint("values", op, *values))
    )


_purposes = search(
    "offer-asks-for-a-purpose",
    _RULES,
    "Research is one of the two purposes.",
    asking(_purpose("IN", "research", "teaching"), properties=[stating("end-use", "research")]),
    _YES,
)
_other = _purposes.but(
    "offer-asks-for-another-purpose",
    _RULES,
    "demand.properties[0].values",
    ["trade"],
    _NO,
    "Trade is none of them.",
)
_AT_DAYBREAK = constraint("start", "GE", {"time": "2026-03-01T12:00:00Z"})


def _unmet(name: str, where: str, value: Any, why: str) -> Case:
    return _purposes.but(name, _RULES, where, value, _NO, why)


PROPERTY_CASES: Final = [
    _purposes,
    _other,
    _other.but(
        "offer-asks-for-one-of-two-purposes",
        _RULES,
        "demand.properties[0].values",
        ["trade", "teaching"],
        _YES,
        "One of the values of one property is enough.",
    ),
    _unmet(
        "offer-asks-what-the-demand-does-not-state",
        "demand.properties",
        GONE,
        "What a consumer does not state of itself is not known, and never TRUE.",
    ),
    _unmet(
        "offer-asks-of-one-property",
        "demand.properties",
        [stating("end-use", "trade"), stating("sector", "research")],
        "One property has the name, another the value: neither is what was asked.",
    ),
    _unmet(
        "offer-excludes-a-purpose",
        _ASKS,
        negation(_purpose("EQ", "weapons")),
        "The list of properties is open: that no property says so is not known.",
    ),
    _purposes.but(
        "demand-states-a-property-twice",
        ["DEMAND-PROPERTY-1"],
        "demand.properties[1]",
        stating("end-use", "teaching"),
        rejected(),
        "Research, or teaching, or both?",
    ),
    _unmet(
        "offer-asks-for-a-purpose-that-differs",
        _ASKS,
        _purpose("NE", "research"),
        "The only purpose that is stated does not differ; others are not known.",
    ),
]


def _row(name: str, condition: Value, why: str, **demand: Any) -> Case:
    return search(name, _RULES, why, asking(condition, **demand), _YES)


_few = _row("offer-sells-few", constraint("count", "LE", 4), "Four are four.", count="4")
_long = _row(
    "offer-sells-long", constraint("duration", "GE", decimal("86400")), "A day has 86400 seconds.", count="4"
)
_start = _row("offer-sells-from", _AT_DAYBREAK, "A demand for a duration begins at the search.")
_end = _row(
    "offer-sells-until",
    constraint("end", "LE", {"time": "2026-03-02T12:00:00Z"}),
    "A day after the search is the end.",
)
_dollars = _row("offer-sells-for-dollars", constraint("currency", "EQ", "USD"), "The demand is in dollars.")
_no_egress = _row(
    "offer-sells-without-egress",
    negation(constraint("quantities.dimension", "EQ", "egress")),
    "The list of quantities is closed: none is demanded.",
)
_GIGABYTES = {"dimension": "egress", "quantity": "5", "unit": "gigabyte"}
_five = _row(
    "offer-sells-little-egress",
    element(
        "quantities",
        all_of(
            constraint("dimension", "EQ", "egress"),
            constraint("unit", "EQ", "gigabyte"),
            constraint("quantity", "LE", decimal("5")),
        ),
    ),
    "Five gigabytes are not more than five.",
    quantities=[_GIGABYTES],
)
_interval = search(
    "offer-sells-an-interval",
    _RULES,
    "An interval has its own start, and a length.",
    timed(
        {"interval": {"start": instant("10"), "end": instant("11")}},
        None,
        entry(
            "x",
            offerConstraints=all_of(
                constraint("start", "EQ", {"time": instant("10")}),
                constraint("duration", "EQ", decimal("86400")),
            ),
        ),
    ),
    _YES,
)

DEMAND_CASES: Final = [
    _few,
    _few.but("offer-sells-fewer", _RULES, "demand.count", "5", _NO, "Five are more than four."),
    _long,
    _long.but(
        "offer-sells-longer", _RULES, "demand.duration", "86399.999s", _NO, "A millisecond less is less."
    ),
    _start,
    _start.but(
        "offer-sells-from-a-later-instant",
        _RULES,
        f"{_ASKS}.constraint.values[0].time",
        "2026-03-01T12:00:00.001Z",
        _NO,
        "A millisecond too early.",
    ),
    _end,
    _end.but("offer-sells-until-an-earlier-instant", _RULES, "demand.duration", "86401s", _NO, "Too long."),
    _dollars,
    _dollars.but(
        "offer-sells-for-dollars-only", _RULES, "demand.currency", "EUR", _NO, "The demand is in euros."
    ),
    _dollars.but(
        "offer-sells-for-a-currency-that-is-not-stated",
        ["MATCH-TERMS-1", "REQ-MISSING-1"],
        "demand.currency",
        GONE,
        _NO,
        "A demand in any currency does not say that it is in dollars.",
    ),
    _no_egress,
    _no_egress.but(
        "offer-sells-no-egress", _RULES, "demand.quantities", [_GIGABYTES], _NO, "Egress is demanded."
    ),
    _five,
    _five.but(
        "offer-sells-less-egress",
        _RULES,
        "demand.quantities[0].quantity",
        "5.000000000001",
        _NO,
        "Quantities are compared as exact decimals.",
    ),
    _interval,
    _interval.but(
        "offer-sells-another-interval",
        _RULES,
        "demand.interval.start",
        "2026-03-10T00:00:00.001Z",
        _NO,
        "It begins a millisecond later, and is a millisecond shorter.",
    ),
]

_two = search(
    "offer-beside-another",
    ["MATCH-TERMS-1"],
    "Both sell one unit.",
    asked(None, entry("a", offerConstraints=constraint("count", "GE", 1)), entry("b")),
    candidates(candidate("a"), candidate("b")),
)


def _unusable(name: str, condition: Value, why: str) -> Case:
    expect = candidates(candidate("b"))
    return _two.but(name, ["OFFER-DEMAND-2", "MATCH-TERMS-1"], _ASKS, condition, expect, why)


UNUSABLE_CASES: Final = [
    _two,
    _unusable(
        "offer-asks-of-itself",
        constraint("cpu.isa", "EQ", "x86-64"),
        "Its processors have no path here, though it has them. The search goes on without the offer.",
    ),
    _unusable(
        "offer-asks-for-a-price",
        constraint("price", "LE", decimal("100")),
        "A demand has no price of its own.",
    ),
    _unusable(
        "offer-asks-for-devices",
        group(1),
        "A demand has no devices.",
    ),
    _unusable(
        "offer-asks-for-a-basis",
        constraint("count", "GE", 1, acceptedBases=["sla"]),
        "What a demand states has no basis.",
    ),
]

_told = _few.but(
    "offer-constraints-are-a-condition",
    ["MATCH-TERMS-1", "EXPLAIN-FOUND-1", "EXPLAIN-RELAX-1"],
    "demand.count",
    "6",
    {
        "outcome": "ok",
        "reasons": [],
        "output": {
            "candidates": [],
            "explanation": {
                "rejections": [{"constraint": "offer.offer_constraints", "unstated": False}],
                "constraints": [{"constraint": "offer.offer_constraints", "failsAlone": "1", "fails": "1"}],
                "relaxation": None,
            },
        },
    },
    "What an offer asks is told as one condition, and no change of the demand is offered for it.",
)

CASES: Final = [*PROPERTY_CASES, *DEMAND_CASES, *UNUSABLE_CASES, _told]
