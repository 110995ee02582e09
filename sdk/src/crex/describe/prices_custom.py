"""OpenCost: prices of a configuration (JSON), and its CSV of custom prices (`MarketPriceHourly`).

Both state prices by the hour: of a vCPU, a GPU, a node, a gibibyte of memory or of a volume; the first also
of a gibibyte that is sent. The CSV has no column for the currency: it is that of the configuration, where one
of the same input states it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from crex.decimals import EXPONENTS
from crex.describe.members import Members, as_number
from crex.describe.price_plans import (
    CURRENCY_BESIDE,
    HOUR,
    NO_SPOT,
    Plans,
    UnpricedError,
    currency_of,
    flat,
    name_of,
    plan_of,
    price_of,
)
from crex.describe.price_tables import read_rows
from crex.describe.price_units import Measure, held
from crex.describe.sources import Source
from crex.describe.values import clean
from crex.v1 import ComponentKind

COLUMNS: Final = frozenset({"assetclass", "marketpricehourly"})
_GAUGE: Final = ComponentKind.COMPONENT_KIND_GAUGE_TIME
_UNIT: Final = held(HOUR)
_MEMORY: Final = Measure("memory", "gibibyte", _GAUGE, Fraction(HOUR))
_STORAGE: Final = Measure("storage", "gibibyte", _GAUGE, Fraction(HOUR))
_EGRESS: Final = Measure("egress", "gibibyte", ComponentKind.COMPONENT_KIND_COUNT, Fraction(1))
_BALANCER: Final = "of how much use of a load balancer it is the price, the configuration does not say"
# Names of prices in a configuration: what one is the price of, or why it makes no plan.
_PRICES: Final[dict[str, Measure | str]] = {
    "CPU": _UNIT,
    "spotCPU": _UNIT,
    "GPU": _UNIT,
    "spotGPU": _UNIT,
    "RAM": _MEMORY,
    "spotRAM": _MEMORY,
    "storage": _STORAGE,
    "zoneNetworkEgress": _EGRESS,
    "regionNetworkEgress": _EGRESS,
    "internetNetworkEgress": _EGRESS,
    "firstFiveForwardingRulesCost": _BALANCER,
    "additionalForwardingRuleCost": _BALANCER,
    "LBIngressDataCost": _BALANCER,
    "defaultLBPrice": _BALANCER,
}
_SPOT: Final = "spot"
_DISCOUNTS: Final = ("discount", "negotiatedDiscount")
_NO_DISCOUNT: Final = frozenset({"", "0", "0%"})
_HELD: Final = {"node": _UNIT, "gpu": _UNIT, "pv": _STORAGE}


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
            measure, amount = _amount(stated, price)
            sku = f"{provider} {price}"
            plan = plan_of(sku, currency_of(currency), measure, flat(amount))
        except UnpricedError as why:
            plans.leave_out(row, str(why))
            continue
        plans.add(row, ("opencost", name, price), name_of(sku), plan)
        plans.note_scope(row, plan)
    for discount in _DISCOUNTS:
        if (stated.text(discount) or "") not in _NO_DISCOUNT:
            report.leave_out(discount, stated.place(discount), "prices are stated as they are before it")


def _amount(stated: Members, name: str) -> tuple[Measure, Fraction]:
    if stated.has("customPricesEnabled") and stated.raw("customPricesEnabled") not in (True, "true"):
        raise UnpricedError("customPricesEnabled does not say true, so its prices do not apply")
    currency_of(stated.raw("currencyCode"))
    measure = _PRICES[name]
    if isinstance(measure, str):
        raise UnpricedError(measure)
    amount = price_of(stated.raw(name))
    if name.startswith(_SPOT):
        if amount == 0:
            raise UnpricedError(NO_SPOT)
        if amount == as_number(stated.raw(name.removeprefix(_SPOT))):
            raise UnpricedError("it is the price on demand, which is also what stands where none is known")
    return measure, amount


def read_csv(source: Source, plans: Plans) -> None:
    """Reads custom prices; a row is a line. EndTimestamp and Version have no meaning."""
    for row, cells in read_rows(source, plans):
        kind, field, name, region = (
            cells.get(column, "") for column in ("assetclass", "instanceidfield", "instanceid", "region")
        )
        try:
            if len(plans.currencies) != 1:
                many = "the configurations of the input state several currencies"
                raise UnpricedError(many if plans.currencies else CURRENCY_BESIDE)
            (currency,) = plans.currencies
            if not name:
                raise UnpricedError("it names no instance")
            measure = _HELD.get(kind.lower())
            if measure is None:
                raise UnpricedError(f"its AssetClass is {kind[:40]!r}")
            plan = plan_of(name, currency, measure, flat(price_of(cells["marketpricehourly"])))
        except UnpricedError as why:
            plans.leave_out(row, str(why))
            continue
        plans.add(row, ("opencost csv", kind.lower(), field, name, region), name_of(name, region), plan)
        plans.note_scope(row, plan)
