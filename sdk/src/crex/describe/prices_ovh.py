"""OVHcloud's catalogue of a product (`/order/catalog/public/cloud`).

Prices are whole numbers of 10^-8 of the catalogue's currency. What an addon's price is for, the line of the
invoice says ("b2-7 - Hourly"); of what quantity a price of storage is, nothing says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Type:
    """A type of prices of single things that are held.

    Attributes:
        product: Product of which one is priced.
        interval: Time that such a price states.
        called: What the line of the invoice says, where it states none.
        measure: What a component prices.
    """

    product: str
    interval: str
    called: re.Pattern[str]
    measure: Measure


_TYPES: Final = {
    "consumption": _Type("publiccloud-instance", "hour", re.compile(r".* - Hourly"), held(HOUR)),
    "monthly.postpaid": _Type(
        "publiccloud-instance-monthly",
        "month",
        re.compile(r".* - Monthly"),
        Measure("compute-unit", "unit", ComponentKind.COMPONENT_KIND_TIME, Fraction(1), month=True),
    ),
}


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
    stated = price.text("type") or ""
    kind = _TYPES.get(stated)
    if kind is None:
        raise UnpricedError(f"what a price of the type {clean(stated, 40) or ''!r} is for is not known here")
    if (as_whole(price.raw("commitment")) or 0) > 0:
        raise UnpricedError(COMMITMENT)
    product = addon.text("product") or ""
    if product != kind.product:
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
    return plan_of(code, currency, kind.measure, flat(Fraction(amount, _SCALE)))


def _interval(addon: Members, price: Members, kind: _Type) -> bool:
    """Tells whether a price is by the time of its type: by its interval, else by its line of the invoice."""
    unit = price.text("intervalUnit") or "none"
    if unit != "none":
        return unit == kind.interval and as_whole(price.raw("interval")) == 1
    return kind.called.fullmatch(addon.text("invoiceName") or "") is not None
