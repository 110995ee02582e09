"""Vectors of matching: prices, order, terms and explanations, every number worked out by hand."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.matching_cases import MATCH, Case, output, rejected
from conformance.tests.vectors.matching_documents import (
    GIB,
    P,
    Value,
    all_of,
    constraint,
    decimal,
    device,
    element,
    negation,
    offer,
    plan,
    resource,
    site,
)
from conformance.tests.vectors.one_change import GONE

DAY = "86400s"


def entry(name: str, described: Value | None = None, **more: Any) -> Value:
    """Gives one offer with its documents; further arguments are `priced`, `at`, and members of the offer."""
    priced, at = more.pop("priced", None), more.pop("at", None)
    return {
        "offer": offer(name, **more),
        "resource": resource(device()) if described is None else described,
        "site": site() if at is None else at,
        "plan": plan() if priced is None else priced,
    }


def asked(requirement: Value | None, *offers: Value, currency: str = "USD", **more: Any) -> Value:
    """Gives the input of a `demand.match`: a demand for one unit and a day, and the offers."""
    demand: Value = {"duration": DAY, "count": "1", "currency": currency, **more}
    if not currency:
        del demand["currency"]
    if requirement is not None:
        demand["requirement"] = requirement
    return {"demand": demand, "offers": list(offers)}


def known(name: str, amount: str, num: str, den: str = "1", currency: str = "USD") -> Value:
    """Gives a candidate of known price."""
    return {
        "offerId": f"{P}/offer/{name}",
        "price": {"currency": currency, "amount": amount},
        "exactPrice": {"num": num, "den": den},
    }


def unknown(name: str) -> Value:
    """Gives a candidate of unknown price."""
    return {"offerId": f"{P}/offer/{name}", "price": None}


def _explained(candidates: list[Value], **explanation: Any) -> Value:
    return output({"candidates": candidates, "explanation": explanation})


def _case(id: str, requirements: list[str], why: str, given: Value, expect: Value) -> Case:  # noqa: A002
    return Case(id, requirements, why, MATCH, given, expect)


# One unit for a day at 2.99 an hour: 24 × 2.99 = 71.76 = 1794/25.
_ONE = known("x", "71.76", "1794", "25")
_price = _case(
    "price-of-a-day",
    ["DEMAND-PRICE-1"],
    "24 hours at 2.99 are 71.76; the exact price is 1794/25.",
    asked(None, entry("x")),
    _explained([_ONE], considered="1", matched="1"),
)
_bounded = _case(
    "price-within-a-bound",
    ["DEMAND-PRICE-1", "REQ-OP-1"],
    "71.76 is not above 71.76.",
    asked(constraint("price", "LE", decimal("71.76")), entry("x")),
    output({"candidates": [_ONE]}),
)
PRICE_CASES: Final = [
    _price,
    _price.but(
        "price-of-eight-for-a-month",
        ["DEMAND-PRICE-1"],
        "demand",
        {"duration": "2682000s", "count": "8", "currency": "USD"},
        output({"candidates": [known("x", "17820.40", "89102", "5")]}),
        "8 units × 745 h × 2.99 = 17820.40; a price per second with nine digits would give 17820.41.",
    ),
    _price.but(
        "price-in-another-currency",
        ["DEMAND-CURRENCY-1"],
        "demand.currency",
        "EUR",
        output({"candidates": [unknown("x")]}),
        "Nothing is converted, and an unknown price is not 0.",
    ),
    _price.but(
        "price-of-a-dimension-without-price",
        ["DEMAND-PRICE-2"],
        "demand.quantities",
        [{"dimension": "egress", "quantity": "5", "unit": "gigabyte"}],
        output({"candidates": [unknown("x")]}),
        "What the plan does not price is not free.",
    ),
    _price.but(
        "price-after-the-plan-ends",
        ["DEMAND-PRICE-2"],
        "offers[0].plan.effectiveEnd",
        "2026-03-02T11:59:59Z",
        output({"candidates": [unknown("x")]}),
        "The plan ends a second before the demand does.",
    ),
    _bounded,
    _bounded.but(
        "price-above-a-bound",
        ["DEMAND-PRICE-1"],
        "demand.requirement.constraint.values[0].decimal",
        "71.75",
        output({"candidates": []}),
        "71.76 is more than 71.75.",
    ),
    _bounded.but(
        "price-unknown-within-no-bound",
        ["DEMAND-PRICE-2"],
        "offers[0].plan.currency",
        "EUR",
        output({"candidates": []}),
        "A price that is not known is below no bound.",
    ),
    _bounded.but(
        "price-bound-without-currency",
        ["DEMAND-CURRENCY-2"],
        "demand.currency",
        GONE,
        rejected(),
        "71.76 of what?",
    ),
]

_order = _case(
    "order-by-price-then-name",
    ["MATCH-ORDER-1"],
    "0.5 before 1; equal prices by name; the price in EUR is not known and comes last.",
    asked(
        None,
        entry("d", priced=plan("1")),
        entry("c", priced=plan("0.1", currency="EUR")),
        entry("b", priced=plan("0.5")),
        entry("a", priced=plan("1")),
    ),
    output({"candidates": [known("b", "12.00", "12"), known("a", "24.00", "24"), known("d", "24.00", "24"),
                           unknown("c")]}),
)  # fmt: skip
ORDER_CASES: Final = [
    _order,
    _order.but(
        "order-without-currency",
        ["MATCH-ORDER-1"],
        "demand.currency",
        GONE,
        output({"candidates": [known("c", "2.40", "12", "5", "EUR"), known("b", "12.00", "12"),
                               known("a", "24.00", "24"), known("d", "24.00", "24")]}),
        "Prices of different currencies are not compared: EUR before USD, by code.",
    ),
    _case(
        "order-by-exact-price",
        ["MATCH-ORDER-1"],
        "2.98 and 2.99 an hour round alike over one second, and are not alike.",
        asked(None, entry("a", priced=plan("2.99")), entry("b", priced=plan("2.98")), duration="1s"),
        output({"candidates": [known("b", "0.00", "149", "180000"), known("a", "0.00", "299", "360000")]}),
    ),
]  # fmt: skip

_terms = _case(
    "terms-admit",
    ["MATCH-TERMS-1"],
    "8 is a multiple of 4 from 4 to 16; a day is between an hour and two days.",
    asked(
        None,
        entry(
            "x",
            minQuantity="4",
            maxQuantity="16",
            stepQuantity="4",
            terms={"mode": "on-demand", "minDuration": "3600s", "maxDuration": "172800s"},
        ),
        count="8",
    ),
    output({"candidates": [known("x", "574.08", "14352", "25")]}),
)


def _not_admitted(id: str, where: str, value: str, constraint_: str, gap: str, why: str) -> Case:  # noqa: A002
    rejection = {"constraint": constraint_, "gap": gap, "unstated": False}
    expect = _explained([], matched="0", rejections=[rejection])
    return _terms.but(id, ["MATCH-TERMS-1", "EXPLAIN-GAP-1"], where, value, expect, why)


TERMS_CASES: Final = [
    _terms,
    _not_admitted("terms-too-few", "demand.count", "2", "demand.count = 2", "2", "The least is 4."),
    _not_admitted(
        "terms-no-multiple", "demand.count", "9", "demand.count = 9", "1", "9 is no multiple of 4."
    ),
    _not_admitted("terms-too-many", "demand.count", "20", "demand.count = 20", "4", "The most is 16."),
    _not_admitted(
        "terms-too-long",
        "demand.duration",
        "172801s",
        "demand.duration = 172801s",
        "1s",
        "Two days are the longest.",
    ),
    _terms.but(
        "terms-expired",
        ["MATCH-TERMS-1"],
        "offers[0].offer.header.validUntil",
        "2026-03-01T12:00:00Z",
        _explained([], matched="0", rejections=[{"constraint": "offer.valid_until > 2026-03-01T12:00:00Z"}]),
        "The end of validity is exclusive.",
    ),
    _terms.but(
        "demand-of-nothing", ["DEMAND-COUNT-1"], "demand.count", "0", rejected(), "Nothing is nothing to buy."
    ),
    _terms.but(
        "demand-without-time", ["DEMAND-TIME-1"], "demand.duration", GONE, rejected(), "For how long?"
    ),
    _terms.but(
        "demand-of-no-time", ["DEMAND-TIME-1"], "demand.duration", "0s", rejected(), "No time at all."
    ),
    _terms.but(
        "demand-states-a-dimension-twice",
        ["DEMAND-QUANTITY-1"],
        "demand.quantities",
        [{"dimension": "egress", "quantity": "5", "unit": "gigabyte"}] * 2,
        rejected(),
        "Twice as much, or said twice?",
    ),
]

# a: 80 GiB in CN. b: 40 GiB in SG. c: 64 GiB of another maker in CN. d: states no accelerator, in CN.
# e: 96 GiB in CN, sold four at a time.
_SHOP = (
    entry("a", resource(device(gib=80), closed=())),
    entry("b", resource(device(gib=40), closed=()), at=site(country="SG")),
    entry("c", resource(device("amd", gib=64), closed=())),
    entry("d", resource(closed=())),
    entry("e", resource(device(gib=96), closed=()), minQuantity="4", stepQuantity="4"),
)
_LARGE = constraint("accelerators.memory.capacity", "GE", 80 * GIB)
_IN_CN = constraint("site.country", "EQ", "CN")
_AT_LEAST = "accelerators.memory.capacity >= 80GiB"


def _rejection(name: str, constraint_: str, found: str, gap: str, *, unstated: bool = False) -> Value:
    return {
        "offerId": f"{P}/offer/{name}",
        "constraint": constraint_,
        "found": found,
        "gap": gap,
        "unstated": unstated,
    }


_explain = _case(
    "explain-five-offers",
    ["EXPLAIN-FOUND-1", "EXPLAIN-GAP-1", "EXPLAIN-COUNT-1"],
    "c, d and e fail one condition each, b two; d states nothing, the open lists of b and c state a value.",
    asked(all_of(_LARGE, _IN_CN), *_SHOP),
    _explained(
        [known("a", "71.76", "1794", "25")],
        considered="5",
        matched="1",
        rejections=[
            _rejection("c", _AT_LEAST, "64GiB", "16GiB"),
            _rejection("d", _AT_LEAST, "", "", unstated=True),
            _rejection("e", "demand.count = 1", "at least 4, in steps of 4", "3"),
            _rejection("b", _AT_LEAST, "40GiB", "40GiB"),
        ],
        constraints=[
            {"constraint": _AT_LEAST, "failsAlone": "2", "fails": "3", "unstated": "1"},
            {"constraint": "site.country = CN", "failsAlone": "0", "fails": "1", "unstated": "0"},
            {"constraint": "demand.count = 1", "failsAlone": "1", "fails": "1", "unstated": "0"},
        ],
        relaxation=None,
    ),
)


def _relaxed(id: str, requirement: Value, before: str, after: str, matches: int, why: str) -> Case:  # noqa: A002
    relaxation = {"constraint": before, "relaxed": after, "wouldMatch": str(matches)}
    expect = _explained([], matched="0", relaxation=relaxation)
    return _explain.but(id, ["EXPLAIN-RELAX-1"], "demand.requirement", requirement, expect, why)


EXPLAIN_CASES: Final = [
    _explain,
    _relaxed(
        "relax-to-the-nearest-bound",
        constraint("accelerators.memory.capacity", "GE", 100 * GIB),
        "accelerators.memory.capacity >= 100GiB",
        _AT_LEAST,
        1,
        "80 GiB of offer a are nearest; the 96 GiB of e do not count, because e fails the quantity too.",
    ),
    _relaxed(
        "relax-one-constraint-of-an-element",
        element(
            "accelerators",
            all_of(constraint("vendor", "EQ", "amd"), constraint("memory.capacity", "GE", 80 * GIB)),
        ),
        "accelerators{vendor = amd and memory.capacity >= 80GiB}",
        "accelerators{vendor = amd and memory.capacity >= 64GiB}",
        1,
        "A bound comes before another maker.",
    ),
    _relaxed(
        "relax-the-price",
        all_of(constraint("cpu.schedulable_cpus", "GE", 64), constraint("price", "LE", decimal("71"))),
        "price <= 71",
        "price <= 71.76",
        4,
        "a, b, c and d cost 71.76.",
    ),
    _relaxed(
        "relax-by-one-more-value",
        constraint("site.country", "EQ", "DE"),
        "site.country = DE",
        "site.country in [DE, CN]",
        3,
        "CN wins three offers, SG one.",
    ),
    _relaxed(
        "relax-by-leaving-out",
        negation(constraint("cpu.isa", "EQ", "x86-64")),
        "not (cpu.isa = x86-64)",
        "",
        4,
        "Under `not` nothing is changed.",
    ),
    _explain.but(
        "relax-nothing",
        ["EXPLAIN-RELAX-1"],
        "demand.requirement",
        all_of(constraint("cpu.schedulable_cpus", "GE", 128), constraint("price", "LE", decimal("71"))),
        _explained([], matched="0", relaxation=None),
        "Every offer fails both: no single change helps.",
    ),
]

CASES: Final = [*PRICE_CASES, *ORDER_CASES, *TERMS_CASES, *EXPLAIN_CASES]
