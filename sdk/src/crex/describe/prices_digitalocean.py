"""DigitalOcean's list of products and prices.

A rate is by the second of one item. Most have a least and a greatest amount for a month, or a least and a
greatest use; such a price is not what its rate alone says, and a plan of this version cannot state the rest.
"""

from __future__ import annotations

import re
from typing import Final

from crex.describe.members import Members, as_number
from crex.describe.price_plans import (
    BY_MONTH,
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Plans,
    UnpricedError,
    currency_of,
    flat,
    name_of,
    plan_by_time,
    price_of,
    start_of,
)
from crex.describe.values import clean
from crex.v1 import PricePlan

_SECONDS: Final = {
    "ITEM_PER_SECOND": SECOND,
    "ITEM_PER_MINUTE": MINUTE,
    "ITEM_PER_HOUR": HOUR,
    "ITEM_PER_DAY": DAY,
}
_BOUNDS: Final = ("minAmount", "maxAmount", "minUsage", "maxUsage")
_MONTH: Final = re.compile(r".*PER_MONTH")


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
                plan = _plan(sku, product, price)
            except UnpricedError as why:
                plans.leave_out(row, str(why))
                continue
            own = name_of(sku) if region == "global" else name_of(sku, region)
            plans.add(row, ("digitalocean", sku, region, plan.currency), own, plan)
            plans.note_scope(row, plan)


def _plan(sku: str, product: Members, price: Members) -> PricePlan:
    unit = price.text("unit") or ""
    if _MONTH.fullmatch(unit):
        raise UnpricedError(BY_MONTH)
    if unit not in _SECONDS:
        raise UnpricedError(f"for its unit {clean(unit, 40) or ''!r} no dimension and unit are registered")
    bounds = [name for name in _BOUNDS if price.has(name) and as_number(price.raw(name)) != 0]
    if bounds:
        raise UnpricedError(f"it has {', '.join(bounds)}, which a plan of this version cannot state")
    currency, rate = currency_of(price.raw("currency")), price_of(price.raw("rate"))
    return plan_by_time(sku, currency, _SECONDS[unit], flat(rate), start_of(product.raw("effectiveAt")))
