"""Prices and exchange rates that move with time: steps 7 and 15 of `rate/1`."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from conformance.tests.independent import forms
from conformance.tests.independent.bill import Bill, Plan, Value, ms
from conformance.tests.independent.refusal import Refused

Stretch = tuple[int, int, Fraction]  # from, until, value


def points(bill: Bill, plan: Plan, component: Value) -> Iterator[int]:
    """The instants of a component's series, each of which cuts."""
    if "priceSeries" in component:
        yield from (start for start, _, _ in _prices(bill, plan, component))


def covered(bill: Bill, plan: Plan, component: Value, left: int, right: int) -> None:
    """Refuses use of an instant, or of [left, right), that the series does not reach throughout.

    Raises:
        Refused: INCOMPLETE.
    """
    at = left
    for start, end, _ in sorted(_prices(bill, plan, component)):
        if start <= at < end:
            at = max(at, end)
    if at < right or at == left:
        raise Refused("INCOMPLETE", "a point is missing")


def price(bill: Bill, plan: Plan, component: Value, at: int) -> Fraction:
    """The price at an instant: the point's and the tier's, and never more than the greatest."""
    found = next(value for start, end, value in _prices(bill, plan, component) if start <= at < end)
    total = found + Fraction(component["tiers"][0]["unitPrice"])
    return min(total, Fraction(component["priceSeries"]["maxUnitPrice"]))


def rate(bill: Bill) -> Fraction | None:
    """The exchange rate of the governing plan at the first instant of the period, if it states one.

    Raises:
        Refused: The rate is missing (INCOMPLETE), or the series is of other currencies (TERMS).
    """
    plan = bill.governing.value
    if "exchange" not in plan:
        return None
    wanted = (plan["currency"], plan["exchange"]["currency"])
    for start, end, value in _stretches(bill, plan["exchange"]["series"], *wanted):
        if start <= bill.begin < end:
            return value
    raise Refused("INCOMPLETE", "there is no rate for the first instant")


def _prices(bill: Bill, plan: Plan, component: Value) -> list[Stretch]:
    return _stretches(bill, component["priceSeries"]["id"], "", plan.value["currency"])


def _stretches(bill: Bill, identifier: str, base: str, currency: str) -> list[Stretch]:
    """The stretches of a series over its revisions, each with its value (SERIES-REVISION-1)."""
    found: list[Stretch] = []
    for it in bill.series:
        if it["header"]["id"] != identifier:
            continue
        if it.get("baseCurrency", "") != base or it["currency"] != currency:
            raise Refused("TERMS", "a series of other currencies")
        starts = [ms(point["start"]) for point in it["points"]] + [ms(it["interval"]["end"])]
        values = [
            forms.rational(point["rate"]) if base else Fraction(point["unitPrice"]) for point in it["points"]
        ]
        found += [(start, end, value) for (start, end), value in zip(pairwise(starts), values, strict=True)]
    found.sort()
    for earlier in found:
        for later in found:
            apart = earlier[1] <= later[0] or later[1] <= earlier[0]
            if not apart and earlier[2] != later[2]:
                raise Refused("CONFLICT", "two revisions state two values for one instant")
    return found
