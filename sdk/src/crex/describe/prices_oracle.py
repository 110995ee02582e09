"""Oracle's list of parts and prices (`/cetools/api/v1/products/`).

A part has a metric, such as "OCPU Per Hour", and prices for a currency, in ranges of the metric where there
are several. A range whose end is nines throughout has none; a range at 0 is what is free. Oracle's gigabyte
is 1073741824 bytes, as its Key Billing Terminology states.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from crex.describe.members import Members, as_number
from crex.describe.price_plans import (
    COMMITMENT,
    Band,
    Plans,
    UnpricedError,
    currency_of,
    name_of,
    plan_of,
    price_of,
    tiers_of,
    unit_of,
)
from crex.describe.price_units import Measure, UnitOfMeasure
from crex.describe.values import clean
from crex.v1 import PricePlan

# What the name of a part ends in, where its metric says gigabytes and not of what.
_NAMED: Final = ("memory", "storage")
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
    unit, measure = _measure(part)
    currencies = part.mappings("currencyCodeLocalizations")
    if not currencies:
        raise UnpricedError("it states no price")
    for one in currencies:
        try:
            plan = _plan(number, unit, measure, one)
        except UnpricedError as why:
            plans.leave_out(row, str(why))
            continue
        plans.add(row, ("oracle", number, plan.currency), _name(number, plan.currency, currencies), plan)
        plans.note_scope(row, plan, unit.size)


def _name(number: str, currency: str, currencies: list[Members]) -> str:
    return name_of(number, currency) if len(currencies) > 1 else name_of(number)


def _measure(part: Members) -> tuple[UnitOfMeasure, Measure]:
    """Reads the metric of a part.

    Raises:
        UnpricedError: It cannot be read, or leaves open what is priced.
    """
    # The name is also for people: only its last word counts, and only where the metric says no more.
    last = (part.text("displayName") or "").casefold().rpartition(" ")[2]
    return unit_of(part.text("metricName") or "", dimension=last if last in _NAMED else "", data="binary")


def _plan(number: str, unit: UnitOfMeasure, measure: Measure, stated: Members) -> PricePlan:
    currency = currency_of(stated.raw("currencyCode"))
    prices = stated.mappings("prices")
    models = {one.text("model") for one in prices}
    if models - {_AS_YOU_GO}:
        others = ", ".join(sorted(clean(model, 40) or "?" for model in models - {_AS_YOU_GO}))
        raise UnpricedError(f"{COMMITMENT}: it has prices of the model {others}")
    bands = tiers_of([_band(one) for one in prices])
    _check_free(unit, bands)
    return plan_of(number, currency, measure, bands)


def _check_free(unit: UnitOfMeasure, bands: Sequence[Band]) -> None:
    """Holds what a metric says is free against the ranges at 0.

    Raises:
        UnpricedError: The two contradict each other.
    """
    if unit.free and (bands[0].price or bands[0].high != Fraction(unit.free, unit.size)):
        raise UnpricedError(f"its metric says that {unit.free} are free, and its ranges say otherwise")


def _band(price: Members) -> Band:
    amount = price_of(price.raw("value"))
    if not price.has("rangeMin") and not price.has("rangeMax"):
        return Band(Fraction(0), None, amount)
    low, high = (as_number(price.raw(name)) for name in ("rangeMin", "rangeMax"))
    if low is None or high is None:
        raise UnpricedError("a range of it has no beginning or no end that is a number")
    end = Fraction(high)
    return Band(Fraction(low), None if end in _ENDLESS else end, amount)
