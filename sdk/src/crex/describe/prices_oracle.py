"""Oracle's list of parts and prices (`/cetools/api/v1/products/`).

A part has a metric, such as "OCPU Per Hour", and prices for a currency, in ranges of the metric where there
are several. A range whose end is nines throughout has none; a range at 0 is what is free.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from crex.describe.members import Members, as_number
from crex.describe.price_plans import (
    BY_MONTH,
    COMMITMENT,
    HOUR,
    Band,
    Plans,
    UnpricedError,
    currency_of,
    name_of,
    plan_by_time,
    price_of,
    tiers_of,
)
from crex.describe.values import clean
from crex.v1 import PricePlan

# Metrics of single things that are held for an hour. All others count bytes, bits, events, users or packs of
# them, or hours of something that is used and not held.
_HELD: Final = frozenset(
    {
        "cluster per hour",
        "ecpu per hour",
        "gpu per hour",
        "host cpu core per hour",
        "hosted environment per hour",
        "instance per hour",
        "load balancer hour",
        "node per hour",
        "ocpu per hour",
        "port hour",
        "virtual node per hour",
        "virtual private vault per hour",
    }
)
# Metrics that name a month and count what is used in it, whenever that is.
_USED: Final = ("1", "5", "gb storage retrieved", "gigabyte outbound data transfer")
_ENDLESS: Final = frozenset({Fraction(999_999_999), Fraction(999_999_999_999_999)})
_AS_YOU_GO: Final = "PAY_AS_YOU_GO"


def recognises(value: object) -> bool:
    """Tells whether a value of JSON is such a list."""
    items = value.get("items") if isinstance(value, dict) else None
    return isinstance(items, list) and any(isinstance(one, dict) and "partNumber" in one for one in items)


def read(name: str, value: object, plans: Plans) -> None:
    """Reads the parts of a list; a row is a part."""
    items = value["items"] if isinstance(value, dict) else []
    for index, item in enumerate(items):
        row = plans.row(f"{name}: $.items[{index}]")
        members = Members.of(item, row, plans.books.report)
        if members is None:
            plans.leave_out(row, "it is no object")
            continue
        try:
            _part(row, members, plans)
        except UnpricedError as why:
            plans.leave_out(row, str(why))


def _part(row: str, part: Members, plans: Plans) -> None:
    number = clean(part.text("partNumber"))
    if number is None:
        raise UnpricedError("it has no part number")
    _check_metric(part.text("metricName") or "")
    currencies = part.mappings("currencyCodeLocalizations")
    if not currencies:
        raise UnpricedError("it states no price")
    for one in currencies:
        try:
            plan = _plan(number, one)
        except UnpricedError as why:
            plans.leave_out(row, str(why))
            continue
        plans.add(row, ("oracle", number, plan.currency), _name(number, plan.currency, currencies), plan)
        plans.note_scope(row, plan)


def _name(number: str, currency: str, currencies: list[Members]) -> str:
    return name_of(number, currency) if len(currencies) > 1 else name_of(number)


def _check_metric(metric: str) -> None:
    """Lets only a metric pass that is held by the hour.

    Raises:
        UnpricedError: It is another.
    """
    known = " ".join(metric.lower().split())
    if known in _HELD:
        return
    if "per month" in known and not known.startswith(_USED):
        raise UnpricedError(BY_MONTH)
    raise UnpricedError(f"for its metric {clean(metric, 80) or ''!r} no dimension and unit are registered")


def _plan(number: str, stated: Members) -> PricePlan:
    currency = currency_of(stated.raw("currencyCode"))
    prices = stated.mappings("prices")
    models = {one.text("model") for one in prices}
    if models - {_AS_YOU_GO}:
        others = ", ".join(sorted(clean(model, 40) or "?" for model in models - {_AS_YOU_GO}))
        raise UnpricedError(f"{COMMITMENT}: it has prices of the model {others}")
    return plan_by_time(number, currency, HOUR, tiers_of([_band(one) for one in prices]))


def _band(price: Members) -> Band:
    amount = price_of(price.raw("value"))
    if not price.has("rangeMin") and not price.has("rangeMax"):
        return Band(Fraction(0), None, amount)
    low, high = (as_number(price.raw(name)) for name in ("rangeMin", "rangeMax"))
    if low is None or high is None:
        raise UnpricedError("a range of it has no beginning or no end that is a number")
    end = Fraction(high)
    return Band(Fraction(low), None if end in _ENDLESS else end, amount)
