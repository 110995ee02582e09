"""SKUs of Google's Cloud Billing Catalog API (`services.skus.list`).

A price is `units` and `nanos` of a currency for one `usageUnit`; `displayQuantity` is for showing it and
changes nothing. A tier begins at `startUsageAmount` and ends where the next begins. Of what a gibibyte is,
the resource group of the SKU says. `mo` is a calendar month where no base unit gives it a length.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

from crex.describe.members import Members, as_number, as_whole
from crex.describe.price_plans import (
    COMMITMENT,
    DAY,
    HOUR,
    MINUTE,
    NO_SPOT,
    SECOND,
    Band,
    Plans,
    Term,
    UnpricedError,
    currency_of,
    name_of,
    plan_of,
    reserve,
    start_of,
    tiers_of,
)
from crex.describe.price_units import Measure
from crex.describe.values import clean
from crex.v1 import ComponentKind, PricePlan

_SECONDS: Final = {"s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}
_ON_DEMAND, _SPOT = "OnDemand", "Preemptible"
_MONTHS: Final = {"Commit1Yr": 12, "Commit3Yr": 36}
_GIBIBYTE: Final = 2**30
# Dimensions of what is priced by the gibibyte, by resource group; the rest of the groups says too little.
_HELD: Final = {
    "RAM": "memory",
    "SSD": "storage",
    "PDStandard": "storage",
    "LocalSSD": "storage",
    "StandardStorage": "storage",
    "RegionalStorage": "storage",
    "MultiRegionalStorage": "storage",
    "NearlineStorage": "storage",
    "ColdlineStorage": "storage",
    "ArchiveStorage": "storage",
}
_SENT: Final = {"PremiumInternetEgress": "egress", "StandardInternetEgress": "egress"}
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
    months = _MONTHS.get(usage or "")
    if months is None and usage is not None and usage.startswith("Commit"):
        raise UnpricedError(COMMITMENT)
    if months is None and usage not in (_ON_DEMAND, _SPOT):
        raise UnpricedError(f"how it is consumed ({clean(usage, 40) or 'not stated'}) is not known here")
    infos = sku.mappings("pricingInfo")
    if len(infos) != 1:
        raise UnpricedError(f"it has {len(infos)} prices over time" if infos else "it states no price")
    info = infos[0]
    expression = info.mapping("pricingExpression")
    if expression is None:
        raise UnpricedError("it states no price")
    group = (category.text("resourceGroup") if category is not None else None) or ""
    measure = _measure(expression, group, plans)
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
    plan = plan_of(number, currencies.pop(), measure, tiers, start)
    if months is None:
        return plan
    if measure.dimension != "compute-unit" or measure.per != HOUR or len(tiers) != 1:
        raise UnpricedError("a commitment to something else than things by the hour at one price")
    return reserve(plan, Term(months=months, price=tiers[0].price))


def _measure(expression: Members, group: str, plans: Plans) -> Measure:
    """Reads the usage unit, and holds it against the base unit where that is stated.

    Raises:
        UnpricedError: A plan cannot state it, or the two contradict each other.
    """
    unit = expression.text("usageUnit") or ""
    data, _, time = unit.partition(".") if unit.startswith("GiBy") else ("", "", unit)
    if data not in ("", "GiBy") or (time and time != "mo" and time not in _SECONDS):
        raise UnpricedError(f"what its usage unit {clean(unit, 40) or ''!r} is for is not known here")
    if not unit:
        raise UnpricedError("it states no usage unit")
    _check_base(expression, unit, data, time, plans)
    month = time == "mo"
    length = Fraction(1 if month else _SECONDS.get(time, 1))
    if not data:
        return Measure("compute-unit", "unit", ComponentKind.COMPONENT_KIND_TIME, length, month)
    known = _HELD if time else _SENT
    if group not in known:
        raise UnpricedError(
            f"of what it is a gibibyte, its group {clean(group, 40) or ''!r} does not say for sure"
        )
    kind = ComponentKind.COMPONENT_KIND_GAUGE_TIME if time else ComponentKind.COMPONENT_KIND_COUNT
    return Measure(known[group], "gibibyte", kind, length, month)


def _check_base(expression: Members, unit: str, data: str, time: str, plans: Plans) -> None:
    base = expression.text("baseUnit")
    factor = as_number(expression.raw("baseUnitConversionFactor"))
    # What a base unit is in bytes or seconds; where none is stated, the factor is in these.
    bases = {"By.s" if time else "By": 1} if data else _SECONDS
    # A month has no length: where the base unit gives it one, which of the two holds is open.
    length = _SECONDS.get(time or "s")
    if base is None or base in bases:
        wanted = None if length is None else length * (_GIBIBYTE if data else 1)
        if factor is None or factor * bases.get(base or "", 1) == wanted:
            return
    why = f"it says that {clean(unit, 40)} is {factor} of {clean(base, 40)}; neither is believed"
    plans.books.report.contradict("usage unit", expression.where, why)
    raise UnpricedError("its usage unit and its base unit contradict each other")


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
