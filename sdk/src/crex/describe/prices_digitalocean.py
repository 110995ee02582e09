"""DigitalOcean's list of products and prices.

A rate is by the second, minute, hour or day of one item, or by its calendar month. Most have a least and a
greatest use, in seconds, and a least and a greatest amount: of one item, while the bounds of a plan are of a
bill and those of a component of all units of a lease. So such a plan holds for leases of one item, and the
report says so. Where one bound makes another one idle, the report says that, too.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from crex.decimals import Money, exponent, show
from crex.describe.members import Members, as_number
from crex.describe.price_plans import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Band,
    Plans,
    UnpricedError,
    currency_of,
    decimal_of,
    flat,
    name_of,
    plan_of,
    price_of,
    start_of,
    tiers_of,
)
from crex.describe.price_units import Measure
from crex.describe.values import clean
from crex.errors import CrexError
from crex.v1 import ComponentKind, Granularity, PricePlan
from crex.v1 import Money as MoneyMessage

_SECONDS: Final = {
    "ITEM_PER_SECOND": SECOND,
    "ITEM_PER_MINUTE": MINUTE,
    "ITEM_PER_HOUR": HOUR,
    "ITEM_PER_DAY": DAY,
}
_MONTH: Final = "ITEM_PER_MONTH"
_BOUNDS: Final = ("minUsage", "maxUsage", "minAmount", "maxAmount")
# A granularity has a step; this one is the finest time that a record can state, and changes nothing.
_FINEST: Final = "0.001"


def recognises(value: object) -> bool:
    """Tells whether a value of JSON is such a list."""
    products = value.get("products") if isinstance(value, dict) else None
    return isinstance(products, list) and any(isinstance(one, dict) and "prices" in one for one in products)


def read(name: str, value: object, plans: Plans) -> None:
    """Reads the products of a list; a row is a price of a product."""
    answer = Members.of(value, f"{name}: $", plans.books.report)
    for product in answer.mappings("products") if answer is not None else ():
        prices = product.mappings("prices")
        if not prices:
            plans.leave_out(plans.row(product.where), "it states no price")
        for price in prices:
            row = plans.row(price.where)
            region = clean(price.text("region")) or "global"
            try:
                sku = clean(product.text("sku"))
                if sku is None:
                    raise UnpricedError("it has no SKU")
                plan = _plan(row, sku, product, price, plans)
            except UnpricedError as why:
                plans.leave_out(row, str(why))
                continue
            own = name_of(sku) if region == "global" else name_of(sku, region)
            plans.add(row, ("digitalocean", sku, region, plan.currency), own, plan)
            # Its one bound of use is of one item, which the list does say.
            if len(plan.components[0].tiers) == 1:
                plans.note_scope(row, plan)


def _plan(row: str, sku: str, product: Members, price: Members, plans: Plans) -> PricePlan:
    unit = price.text("unit") or ""
    month = unit == _MONTH
    if not month and unit not in _SECONDS:
        raise UnpricedError(f"what its unit {clean(unit, 40) or ''!r} stands for is not known here")
    currency, rate = currency_of(price.raw("currency")), price_of(price.raw("rate"))
    bounds = {name: _bound(price, name) for name in _BOUNDS}
    least, most = bounds["minUsage"], bounds["maxUsage"]
    if month and (least or most):
        raise UnpricedError("its rate is by the month, and its bounds of use are in seconds")
    length = Fraction(1 if month else _SECONDS[unit])
    measure = Measure("compute-unit", "unit", ComponentKind.COMPONENT_KIND_TIME, length, month)
    if most:
        # What is used beyond the greatest use that is charged costs nothing.
        reached = most / length
        bands = tiers_of([Band(Fraction(0), reached, rate), Band(reached, None, Fraction(0))])
    else:
        bands = flat(rate)
    plan = plan_of(sku, currency, measure, bands, start_of(product.raw("effectiveAt")))
    if least:
        granularity = Granularity(step=_FINEST, minimum=decimal_of(least, "its least use"))
        plan.components[0].granularity.CopyFrom(granularity)
    low, high = bounds["minAmount"], bounds["maxAmount"]
    if low:
        plan.minimum.CopyFrom(_money(currency, low, "minAmount"))
    if high:
        plan.maximum.CopyFrom(_money(currency, high, "maxAmount"))
    if any(bounds.values()):
        _note_bounds(row, bounds, rate / length, plans)
    return plan


def _bound(price: Members, name: str) -> Fraction:
    """Gives a bound; 0 where there is none.

    Raises:
        UnpricedError: It is no number, or below zero.
    """
    if not price.has(name):
        return Fraction(0)
    number = as_number(price.raw(name))
    if number is None or number < 0:
        raise UnpricedError(f"its {name} is no number from 0")
    return Fraction(number)


def _money(currency: str, amount: Fraction, name: str) -> MoneyMessage:
    """Gives an amount with the digits of its currency.

    Raises:
        UnpricedError: It has more, or is larger than any amount may be.
    """
    if (amount * 10 ** exponent(currency)).denominator != 1:
        raise UnpricedError(f"its {name} has more digits than {currency} has")
    try:
        money = Money.rounded(currency, amount)
    except CrexError:
        raise UnpricedError(f"its {name} is larger than a plan can state") from None
    return MoneyMessage(currency=currency, amount=money.amount)


def _note_bounds(row: str, bounds: dict[str, Fraction], rate: Fraction, plans: Plans) -> None:
    report = plans.books.report
    named = ", ".join(name for name in _BOUNDS if bounds[name])
    why = "they are of one item: sell at this plan one item a lease (maxQuantity 1)"
    report.limit(named, row, why)
    low, high = bounds["minAmount"], bounds["maxAmount"]
    if bounds["maxUsage"] and high and rate * bounds["maxUsage"] < high:
        reached = show(rate * bounds["maxUsage"])
        report.contradict("maxAmount", row, f"it is never reached: maxUsage at this rate costs {reached}")
    if bounds["minUsage"] and low and rate * bounds["minUsage"] < low:
        reached = show(rate * bounds["minUsage"])
        report.contradict("minUsage", row, f"it costs {reached}, less than minAmount: the amount is charged")
    if high and high < low:
        raise UnpricedError("its maxAmount is below its minAmount")
