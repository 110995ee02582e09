"""AWS: the price list of a service (the bulk API's offer file), and reserved offerings by type and region.

An offer file has products, and terms by product: prices on demand, and reserved ones, which are commitments.
A map of `type/region` to one number is an hourly share of what is paid for a reserved term: computed, with a
float's leftovers, and in no stated currency.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from crex.describe.members import Members, as_number
from crex.describe.price_plans import (
    BY_MONTH,
    COMMITMENT,
    HOUR,
    NO_CURRENCY,
    SECOND,
    Band,
    Plans,
    UnpricedError,
    currency_of,
    name_of,
    plan_by_time,
    price_of,
    start_of,
    tiers_of,
)
from crex.describe.values import clean

_SECONDS: Final = {
    "hrs": HOUR,
    "hr": HOUR,
    "hours": HOUR,
    "hour": HOUR,
    "vcpu-hours": HOUR,
    "seconds": SECOND,
    "second": SECOND,
}
_BY_MONTH: Final = re.compile(r"(?:.*-)?(?:mo|month|months)", re.IGNORECASE)
_ON_DEMAND: Final = "OnDemand"
_ENDLESS: Final = "Inf"
_OFFERING: Final = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+/[a-z]{2}(?:-[a-z]+)+-[0-9]+")


def recognises(value: object) -> bool:
    """Tells whether a value of JSON is an offer file."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("products"), dict)
        and isinstance(value.get("terms"), dict)
    )


def recognises_offerings(value: object) -> bool:
    """Tells whether a value of JSON is a map of reserved offerings: most of its names are type and region."""
    if not isinstance(value, dict) or not value:
        return False
    return sum(_OFFERING.fullmatch(str(name)) is not None for name in value) * 2 > len(value)


def read_offerings(name: str, value: object, plans: Plans) -> None:
    """Reads a map of reserved offerings; a row is one of them, and none makes a plan."""
    for offering in value if isinstance(value, dict) else ():
        row = plans.row(f"{name}: $[{clean(str(offering), 80) or ''!r}]")
        plans.leave_out(row, f"{COMMITMENT}, and {NO_CURRENCY}")


def read(name: str, value: object, plans: Plans) -> None:
    """Reads an offer file; a row is a term of a product, or a product without any."""
    report = plans.books.report
    file = Members.of(value, f"{name}: $", report)
    products = file.mapping("products") if file is not None else None
    terms = file.mapping("terms") if file is not None else None
    if products is None or terms is None:
        return
    told: set[str] = set()
    for kind in terms.names():
        for sku, code, term in _terms(terms, kind):
            told.add(sku)
            row = plans.row(term.where)
            product = products.mapping(sku) if products.has(sku) else None
            try:
                if kind != _ON_DEMAND:
                    raise UnpricedError(COMMITMENT)
                _term(row, (sku, code), term, product, plans)
            except UnpricedError as why:
                plans.leave_out(row, str(why))
    for sku in products.names():
        if sku not in told:
            plans.leave_out(plans.row(products.place(sku)), "it states no price")


def _terms(terms: Members, kind: str) -> Iterator[tuple[str, str, Members]]:
    by_product = terms.mapping(kind)
    for sku in by_product.names() if by_product is not None else ():
        codes = by_product.mapping(sku) if by_product is not None else None
        for code in codes.names() if codes is not None else ():
            term = codes.mapping(code) if codes is not None else None
            if term is not None:
                yield sku, code, term


def _term(row: str, key: tuple[str, str], term: Members, product: Members | None, plans: Plans) -> None:
    sku = clean(key[0])
    if sku is None:
        raise UnpricedError("it has no SKU")
    lines = _lines(term)
    seconds = _seconds(lines)
    start = start_of(term.raw("effectiveDate"))
    currencies = sorted({currency for line in lines for currency in _prices(line).names()})
    if not currencies:
        raise UnpricedError(NO_CURRENCY)
    elsewhere = product is not None and _elsewhere(product)
    for currency in currencies:
        try:
            bands = tiers_of([_band(line, currency) for line in lines])
            if elsewhere and not any(band.price for band in bands):
                raise UnpricedError("its price of 0 is of capacity that is charged under another SKU")
            plan = plan_by_time(sku, currency_of(currency), seconds, bands, start)
        except UnpricedError as why:
            plans.leave_out(row, str(why))
            continue
        name = name_of(sku, currency) if len(currencies) > 1 else name_of(sku)
        plans.add(row, ("aws", *key, currency), name, plan)
        plans.note_scope(row, plan)


def _lines(term: Members) -> list[Members]:
    """Gives the price dimensions of a term: one, or one for each tier."""
    dimensions = term.mapping("priceDimensions")
    found = [dimensions.mapping(code) for code in dimensions.names()] if dimensions is not None else []
    lines = [line for line in found if line is not None]
    if not lines or len(lines) != len(found):
        raise UnpricedError("it states no price, or not all of it can be read")
    if any(line.items("appliesTo") for line in lines):
        raise UnpricedError("it applies only together with another price")
    return lines


def _prices(line: Members) -> Members:
    prices = line.mapping("pricePerUnit")
    if prices is None:
        raise UnpricedError("it states no price")
    return prices


def _seconds(lines: list[Members]) -> int:
    units = {line.text("unit") or "" for line in lines}
    if len(units) > 1:
        raise UnpricedError("its tiers are in several units")
    unit = units.pop()
    if _BY_MONTH.fullmatch(unit):
        raise UnpricedError(BY_MONTH)
    seconds = _SECONDS.get(unit.lower())
    if seconds is None:
        raise UnpricedError(f"for its unit {clean(unit, 40) or ''!r} no dimension and unit are registered")
    return seconds


def _band(line: Members, currency: str) -> Band:
    low = as_number(line.raw("beginRange"))
    end = line.raw("endRange")
    high = None if end == _ENDLESS else as_number(end)
    if low is None or (high is None and end != _ENDLESS):
        raise UnpricedError("a range of it has no beginning or no end that is a number")
    price = _prices(line).raw(currency)
    return Band(Fraction(low), None if high is None else Fraction(high), price_of(price))


def _elsewhere(product: Members) -> bool:
    """Tells whether it stands for reserved capacity, whose hours are charged under another SKU."""
    attributes = product.mapping("attributes")
    status = attributes.text("capacitystatus") if attributes is not None else None
    return status not in (None, "Used")
