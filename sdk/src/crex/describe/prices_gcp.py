"""SKUs of Google's Cloud Billing Catalog API (`services.skus.list`).

A price is `units` and `nanos` of a currency for one `usageUnit`; `displayQuantity` is for showing it and
changes nothing. A tier begins at `startUsageAmount` and ends where the next begins.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

from crex.describe.members import Members, as_number, as_whole
from crex.describe.price_plans import (
    BY_MONTH,
    COMMITMENT,
    DAY,
    HOUR,
    MINUTE,
    NO_SPOT,
    SECOND,
    Band,
    Plans,
    UnpricedError,
    currency_of,
    name_of,
    plan_by_time,
    start_of,
    tiers_of,
)
from crex.describe.values import clean
from crex.v1 import PricePlan

_SECONDS: Final = {"s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}
_ON_DEMAND, _SPOT = "OnDemand", "Preemptible"
_NANOS: Final = 10**9
_MOST_UNITS: Final = 2**63 - 1


def recognises(value: object) -> bool:
    """Tells whether a value of JSON is an answer with SKUs."""
    return isinstance(value, dict) and isinstance(value.get("skus"), list)


def read(name: str, value: object, plans: Plans) -> None:
    """Reads the SKUs of an answer; a row is a SKU."""
    report = plans.books.report
    answer = Members.of(value, f"{name}: $", report)
    if answer is None:
        return
    for index, item in enumerate(answer.items("skus")):
        row = plans.row(f"{name}: $.skus[{index}]")
        sku = Members.of(item, row, report)
        if sku is None:
            plans.leave_out(row, "it is no object")
            continue
        try:
            number = clean(sku.text("skuId"))
            if number is None:
                raise UnpricedError("it has no skuId")
            plan = _plan(number, sku, plans)
        except UnpricedError as why:
            plans.leave_out(row, str(why))
            continue
        plans.add(row, ("gcp", number, plan.currency), name_of(number), plan)
        plans.note_scope(row, plan)
    if answer.text("nextPageToken"):
        report.leave_out("further SKUs", name, "the answer has a nextPageToken: there are more pages")


def _plan(number: str, sku: Members, plans: Plans) -> PricePlan:
    category = sku.mapping("category")
    usage = category.text("usageType") if category is not None else None
    if usage is not None and usage.startswith("Commit"):
        raise UnpricedError(COMMITMENT)
    if usage not in (_ON_DEMAND, _SPOT):
        raise UnpricedError(f"how it is consumed ({clean(usage, 40) or 'not stated'}) is not known here")
    infos = sku.mappings("pricingInfo")
    if len(infos) != 1:
        raise UnpricedError(f"it has {len(infos)} prices over time" if infos else "it states no price")
    info = infos[0]
    expression = info.mapping("pricingExpression")
    if expression is None:
        raise UnpricedError("it states no price")
    seconds = _seconds(expression, plans)
    rates = expression.mappings("tieredRates")
    _check_scope(info, rates)
    prices = [_rate(rate) for rate in rates]
    currencies = {currency for _, currency, _ in prices}
    if len(currencies) > 1:
        raise UnpricedError("its tiers are in several currencies")
    prices.sort()
    ends = [*(start for start, _, _ in prices[1:]), None]
    tiers = tiers_of(Band(low, high, price) for (low, _, price), high in zip(prices, ends, strict=False))
    if usage == _SPOT and not any(tier.price for tier in tiers):
        raise UnpricedError(NO_SPOT)
    start = start_of(info.raw("effectiveTime"))
    return plan_by_time(number, currencies.pop(), seconds, tiers, start)


def _seconds(expression: Members, plans: Plans) -> int:
    """Gives the length of the usage unit, held against the base unit where that is stated.

    Raises:
        UnpricedError: It is no unit of time, or the two contradict each other.
    """
    unit = expression.text("usageUnit") or ""
    if unit == "mo" or unit.endswith(".mo"):
        raise UnpricedError(BY_MONTH)
    if unit not in _SECONDS:
        raise UnpricedError(
            f"for its usage unit {clean(unit, 40) or ''!r} no dimension and unit are registered"
        )
    base = expression.text("baseUnit")
    factor = as_number(expression.raw("baseUnitConversionFactor"))
    stated = None if factor is None else factor * _SECONDS.get(base or "s", 0)
    if base not in (None, *_SECONDS) or (stated is not None and stated != _SECONDS[unit]):
        why = f"it says that {unit} is {factor} of {clean(base, 40)}; neither is believed"
        plans.books.report.contradict("usage unit", expression.where, why)
        raise UnpricedError("its usage unit and its base unit contradict each other")
    return _SECONDS[unit]


def _check_scope(info: Members, rates: list[Members]) -> None:
    """Lets no tiers pass that are stated to count otherwise than a plan counts.

    Raises:
        UnpricedError: They are.
    """
    aggregation = info.mapping("aggregationInfo")
    if aggregation is None or len(rates) < 2:
        return
    level, interval = (
        clean(aggregation.text(name), 40) for name in ("aggregationLevel", "aggregationInterval")
    )
    raise UnpricedError(
        f"its tiers count by {level} and {interval}; a plan counts by lease and billing period"
    )


def _rate(rate: Members) -> tuple[Fraction, str, Fraction]:
    """Gives where a tier begins, its currency and its price."""
    start = as_number(rate.raw("startUsageAmount"))
    money = rate.mapping("unitPrice")
    if start is None or money is None:
        raise UnpricedError("a tier of it has no beginning or no price")
    units = as_whole(money.raw("units"), high=_MOST_UNITS)
    nanos = as_whole(money.raw("nanos"), high=_NANOS - 1)
    if units is None or nanos is None:
        raise UnpricedError("its price has not both units and nanos, neither below zero")
    price = Fraction(units) + Fraction(nanos, _NANOS)
    return Fraction(Decimal(start)), currency_of(money.raw("currencyCode")), price
