"""OVHcloud's catalogue of a product (`/order/catalog/public/cloud`).

Prices are whole numbers of 10^-8 of the catalogue's currency. What an addon's price is for, the line of the
invoice says ("b2-7 - Hourly"); of what quantity a price of storage is, nothing says.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from crex.describe.members import Members, as_whole, kind_of
from crex.describe.price_plans import (
    COMMITMENT,
    HOUR,
    Plans,
    UnpricedError,
    currency_of,
    flat,
    name_of,
    plan_of,
)
from crex.describe.price_units import Measure, held
from crex.describe.values import clean
from crex.v1 import ComponentKind, PricePlan

_SCALE: Final = 10**8
_MOST: Final = 10**18
# Products of which one is priced, by the type of the price, and what the invoice then calls it.
_HELD: Final = {"consumption": "publiccloud-instance", "monthly.postpaid": "publiccloud-instance-monthly"}
_CALLED: Final = {"consumption": re.compile(r".* - Hourly"), "monthly.postpaid": re.compile(r".* - Monthly")}
_INTERVALS: Final = {"consumption": "hour", "monthly.postpaid": "month"}
_MONTH: Final = Measure("compute-unit", "unit", ComponentKind.COMPONENT_KIND_TIME, Fraction(1), month=True)


def recognises(value: object) -> bool:
    """Tells whether a value of JSON is such a catalogue."""
    return isinstance(value, dict) and isinstance(value.get("addons"), list)


def read(name: str, value: object, plans: Plans) -> None:
    """Reads the addons of a catalogue; a row is a price of an addon."""
    report = plans.books.report
    catalogue = Members.of(value, f"{name}: $", report)
    if catalogue is None:
        return
    locale = catalogue.mapping("locale")
    currency = locale.raw("currencyCode") if locale is not None else None
    for addon in catalogue.mappings("addons"):
        prices = addon.mappings("pricings")
        if not prices:
            plans.leave_out(plans.row(addon.where), "it states no price")
        for price in prices:
            row = plans.row(price.where)
            try:
                code = clean(addon.text("planCode"))
                if code is None:
                    raise UnpricedError("it has no planCode")
                plan = _plan(code, addon, price, currency_of(currency))
            except UnpricedError as why:
                plans.leave_out(row, str(why))
                continue
            plans.add(row, ("ovh", code, plan.currency), name_of(code), plan)
            plans.note_scope(row, plan)


def _plan(code: str, addon: Members, price: Members, currency: str) -> PricePlan:
    kind = price.text("type") or ""
    if kind not in _HELD:
        raise UnpricedError(f"what a price of the type {clean(kind, 40) or ''!r} is for is not known here")
    if (as_whole(price.raw("commitment")) or 0) > 0:
        raise UnpricedError(COMMITMENT)
    product = addon.text("product") or ""
    if product != _HELD[kind]:
        raise UnpricedError(
            f"of how much of {clean(product, 60) or 'it'} the price is, the catalogue does not say"
        )
    if not _interval(addon, price, kind):
        raise UnpricedError("for how long the price is, the catalogue does not say")
    quantity = price.mapping("quantity")
    if quantity is not None and (as_whole(quantity.raw("min")) not in (None, 0, 1) or quantity.has("max")):
        raise UnpricedError(
            "the price is of a range of quantities, and a plan of this version has no such tier"
        )
    amount = as_whole(price.raw("price"), high=_MOST)
    if amount is None:
        raise UnpricedError(f"its price is {kind_of(price.raw('price'))}, not a whole number of 10^-8")
    measure = held(HOUR) if kind == "consumption" else _MONTH
    return plan_of(code, currency, measure, flat(Fraction(amount, _SCALE)))


def _interval(addon: Members, price: Members, kind: str) -> bool:
    """Tells whether a price is by the time of its type: by its interval, else by its line of the invoice."""
    unit = price.text("intervalUnit") or "none"
    if unit != "none":
        return unit == _INTERVALS[kind] and as_whole(price.raw("interval")) == 1
    return _CALLED[kind].fullmatch(addon.text("invoiceName") or "") is not None
