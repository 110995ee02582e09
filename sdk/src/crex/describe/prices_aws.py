"""AWS: the price list of a service (the bulk API's offer file).

It has products, and terms by product: prices on demand, with ranges that are tiers, and reserved ones, which
are commitments to one instance for one or three years: a price by the hour, a sum upfront, or both. What use
beyond the reserved instance costs, the price on demand of the same product says.

A GB-month of a volume is a gibibyte for a calendar month: volumes are sized in GiB (EBS API, `size`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from crex.describe.members import Members, as_number
from crex.describe.price_plans import (
    COMMITMENT,
    HOUR,
    NO_CURRENCY,
    Band,
    Plans,
    Term,
    UnpricedError,
    currency_of,
    name_of,
    plan_by_time,
    plan_of,
    price_of,
    reserve,
    start_of,
    tiers_of,
    unit_of,
)
from crex.describe.price_units import Measure
from crex.describe.values import clean
from crex.v1 import ComponentKind

_ON_DEMAND: Final = "OnDemand"
_RESERVED: Final = "Reserved"
_ENDLESS: Final = "Inf"
_HOUR: Final = "hrs"
_UPFRONT: Final = "quantity"
_MONTHS: Final = {"1yr": 12, "3yr": 36}
_VOLUME: Final = re.compile(r"(?:.*-)?EBS:VolumeUsage(?:\..*)?")
_MONTH_OF_VOLUME: Final = "gb-mo"


def recognises(value: object) -> bool:
    """Tells whether a value of JSON is an offer file."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("products"), dict)
        and isinstance(value.get("terms"), dict)
    )


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
                if kind == _ON_DEMAND:
                    _term(row, (sku, code), term, product, plans)
                elif kind == _RESERVED:
                    _reserved(row, (sku, code), term, terms, plans)
                else:
                    raise UnpricedError(f"terms of the kind {clean(kind, 40) or ''!r} are not known here")
            except UnpricedError as why:
                plans.leave_out(row, str(why))
    for sku in products.names():
        if sku not in told:
            plans.leave_out(plans.row(products.place(sku)), "it states no price")


def _terms(terms: Members, kind: str) -> Iterator[tuple[str, str, Members]]:
    by_product = terms.mapping(kind)
    for sku, codes in by_product.mappings_by_name() if by_product is not None else ():
        for code, term in codes.mappings_by_name():
            yield sku, code, term


def _term(row: str, key: tuple[str, str], term: Members, product: Members | None, plans: Plans) -> None:
    sku = clean(key[0])
    if sku is None:
        raise UnpricedError("it has no SKU")
    lines = _lines(term)
    measure = _measure(lines, product)
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
            plan = plan_of(sku, currency_of(currency), measure, bands, start)
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


def _measure(lines: list[Members], product: Members | None) -> Measure:
    units = {line.text("unit") or "" for line in lines}
    if len(units) > 1:
        raise UnpricedError("its tiers are in several units")
    text = units.pop()
    volume = _VOLUME.fullmatch(_attribute(product, "usagetype")) is not None
    if volume and text.casefold() == _MONTH_OF_VOLUME:
        return Measure(
            "storage", "gibibyte", ComponentKind.COMPONENT_KIND_GAUGE_TIME, Fraction(1), month=True
        )
    return unit_of(text)[1]


def _attribute(product: Members | None, name: str) -> str:
    attributes = product.mapping("attributes") if product is not None else None
    return (attributes.text(name) if attributes is not None else None) or ""


def _reserved(row: str, key: tuple[str, str], term: Members, terms: Members, plans: Plans) -> None:
    sku = clean(key[0])
    if sku is None:
        raise UnpricedError("it has no SKU")
    attributes = term.mapping("termAttributes")
    length = (attributes.text("LeaseContractLength") if attributes is not None else None) or ""
    months = _MONTHS.get(length)
    if months is None:
        raise UnpricedError(COMMITMENT)
    stated = _lines(term)
    lines = {(line.text("unit") or "").casefold(): line for line in stated}
    if set(lines) - {_HOUR, _UPFRONT} or len(lines) != len(stated):
        raise UnpricedError("its prices are not one by the hour, one upfront, or both")
    start = start_of(term.raw("effectiveDate"))
    currencies = sorted({currency for line in lines.values() for currency in _prices(line).names()})
    if not currencies:
        raise UnpricedError(NO_CURRENCY)
    for currency in currencies:
        try:
            beyond = _on_demand(key[0], currency, terms)
            price, upfront = (
                price_of(_prices(lines[unit]).raw(currency)) if unit in lines else Fraction(0)
                for unit in (_HOUR, _UPFRONT)
            )
            plan = plan_by_time(sku, currency_of(currency), HOUR, beyond, start)
            plan = reserve(plan, Term(months=months, price=price, upfront=upfront))
        except UnpricedError as why:
            plans.leave_out(row, str(why))
            continue
        parts = (sku, key[1].rpartition(".")[2], *((currency,) if len(currencies) > 1 else ()))
        plans.add(row, ("aws", *key, currency), name_of(*parts), plan)


def _on_demand(sku: str, currency: str, terms: Members) -> list[Band]:
    """Gives the price on demand by the hour of a product.

    Raises:
        UnpricedError: The file does not state one, or several.
    """
    by_product = terms.mapping(_ON_DEMAND)
    codes = by_product.mapping(sku) if by_product is not None else None
    found = [codes.mapping(code) for code in codes.names()] if codes is not None else []
    if len(found) == 1 and found[0] is not None:
        lines = _lines(found[0])
        if all((line.text("unit") or "").casefold() == _HOUR for line in lines):
            bands = tiers_of([_band(line, currency) for line in lines])
            if any(band.price for band in bands):
                return bands
    raise UnpricedError("what use beyond the reserved instance costs, the file does not state")


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
    return _attribute(product, "capacitystatus") not in ("", "Used")
