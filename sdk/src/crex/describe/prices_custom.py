"""OpenCost: prices of a configuration (JSON), and its CSV of custom prices (`MarketPriceHourly`).

Both state prices by the hour: of a vCPU, a GPU, a node; and of a gibibyte, which has no registered unit. The
CSV has no column for the currency: it is that of the configuration, where one of the same input states it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from crex.decimals import EXPONENTS
from crex.describe.members import Members, as_number
from crex.describe.price_plans import (
    HOUR,
    NO_CURRENCY,
    NO_SPOT,
    Plans,
    UnpricedError,
    currency_of,
    flat,
    name_of,
    plan_by_time,
    price_of,
)
from crex.describe.price_tables import read_rows
from crex.describe.sources import Source
from crex.describe.values import clean

COLUMNS: Final = frozenset({"assetclass", "marketpricehourly"})
_GIBIBYTES: Final = "it is a price of a gibibyte, for which no dimension and unit are registered"
_BALANCER: Final = "of how much use of a load balancer it is the price, the configuration does not say"
# Names of prices in a configuration: why one makes no plan; empty: it is by the hour of one thing.
_PRICES: Final = {
    "CPU": "",
    "spotCPU": "",
    "GPU": "",
    "spotGPU": "",
    "RAM": _GIBIBYTES,
    "spotRAM": _GIBIBYTES,
    "storage": _GIBIBYTES,
    "zoneNetworkEgress": _GIBIBYTES,
    "regionNetworkEgress": _GIBIBYTES,
    "internetNetworkEgress": _GIBIBYTES,
    "firstFiveForwardingRulesCost": _BALANCER,
    "additionalForwardingRuleCost": _BALANCER,
    "LBIngressDataCost": _BALANCER,
    "defaultLBPrice": _BALANCER,
}
_SPOT: Final = "spot"
_DISCOUNTS: Final = ("discount", "negotiatedDiscount")
_NO_DISCOUNT: Final = frozenset({"", "0", "0%"})
_HELD: Final = frozenset({"node", "gpu"})


def recognises(value: object) -> bool:
    """Tells whether a value of JSON is a configuration: it has prices of processors and of memory."""
    return isinstance(value, dict) and "CPU" in value and "RAM" in value


def read(name: str, value: object, plans: Plans) -> None:
    """Reads a configuration; a row is a price that it states."""
    report = plans.books.report
    stated = Members.of(value, f"{name}: $", report)
    if stated is None:
        return
    currency = stated.raw("currencyCode")
    if isinstance(currency, str) and currency in EXPONENTS:
        plans.currencies.add(currency)
    provider = clean(stated.text("provider")) or "custom"
    for price in _PRICES:
        if stated.raw(price) in (None, ""):
            continue
        row = plans.row(stated.place(price))
        try:
            amount = _amount(stated, price)
            sku = f"{provider} {price}"
            plan = plan_by_time(sku, currency_of(currency), HOUR, flat(amount))
        except UnpricedError as why:
            plans.leave_out(row, str(why))
            continue
        plans.add(row, ("opencost", name, price), name_of(sku), plan)
        plans.note_scope(row, plan)
    for discount in _DISCOUNTS:
        if (stated.text(discount) or "") not in _NO_DISCOUNT:
            report.leave_out(discount, stated.place(discount), "prices are stated as they are before it")


def _amount(stated: Members, name: str) -> Fraction:
    if stated.has("customPricesEnabled") and stated.raw("customPricesEnabled") not in (True, "true"):
        raise UnpricedError("customPricesEnabled does not say true, so its prices do not apply")
    currency_of(stated.raw("currencyCode"))
    if _PRICES[name]:
        raise UnpricedError(_PRICES[name])
    amount = price_of(stated.raw(name))
    if name.startswith(_SPOT):
        if amount == 0:
            raise UnpricedError(NO_SPOT)
        if amount == as_number(stated.raw(name.removeprefix(_SPOT))):
            raise UnpricedError("it is the price on demand, which is also what stands where none is known")
    return amount


def read_csv(source: Source, plans: Plans) -> None:
    """Reads custom prices; a row is a line. EndTimestamp and Version have no meaning."""
    for row, cells in read_rows(source, plans):
        kind, field, name, region = (
            cells.get(column, "") for column in ("assetclass", "instanceidfield", "instanceid", "region")
        )
        try:
            if len(plans.currencies) != 1:
                many = "the configurations of the input state several currencies"
                raise UnpricedError(many if plans.currencies else NO_CURRENCY)
            (currency,) = plans.currencies
            if not name:
                raise UnpricedError("it names no instance")
            if kind.lower() not in _HELD:
                raise UnpricedError(
                    _GIBIBYTES if kind.lower() == "pv" else f"its AssetClass is {kind[:40]!r}"
                )
            price = flat(price_of(cells["marketpricehourly"]))
            plan = plan_by_time(name, currency, HOUR, price)
        except UnpricedError as why:
            plans.leave_out(row, str(why))
            continue
        plans.add(row, ("opencost csv", kind.lower(), field, name, region), name_of(name, region), plan)
        plans.note_scope(row, plan)
