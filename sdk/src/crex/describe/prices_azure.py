"""Azure: exports of cost and usage (CSV), whose lines state the price of a meter beside what was used.

Names of columns differ between agreements, and where they are translated the original stands in brackets.
`EffectivePrice` is an average over a period and no price. A unit such as "100 Hours" does not tell whether
the price is of one hour or of a hundred: nothing is taken from such a line. A price must also account for
the cost that the line states.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

from crex.describe.members import as_number
from crex.describe.price_plans import (
    COMMITMENT,
    Plans,
    UnpricedError,
    currency_of,
    flat,
    name_of,
    plan_of,
    price_of,
    unit_of,
)
from crex.describe.price_tables import read_rows
from crex.describe.price_units import Measure
from crex.describe.sources import Source
from crex.describe.values import clean
from crex.v1 import PricePlan

COLUMNS: Final = frozenset({"metercategory", "consumedservice"})
_PRICES: Final = ("unitprice", "resourcerate", "paygprice")
_QUANTITIES: Final = ("quantity", "usagequantity")
_COSTS: Final = ("costinbillingcurrency", "pretaxcost", "cost")
_CURRENCIES: Final = ("pricingcurrency", "billingcurrency", "billingcurrencycode", "currency")
_UNITS: Final = ("unitofmeasure",)
_MODELS: Final = {
    "reservation": COMMITMENT,
    "savingsplan": COMMITMENT,
    "spot": "it is a price of spot capacity",
}

# A comma between groups of three; with one comma alone it could as well be the point of another country.
_GROUPED: Final = re.compile(r"[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+\.[0-9]+|(?:,[0-9]{3}){2,})")


def read(source: Source, plans: Plans) -> None:
    """Reads an export; a row is a line. Lines of one meter at one price are one plan."""
    for row, cells in read_rows(source, plans):
        try:
            meter = clean(cells.get("meterid"))
            plan = _plan(meter, cells, row, plans)
        except UnpricedError as why:
            plans.leave_out(row, str(why))
            continue
        plans.add(row, ("azure", meter or "", plan.currency), name_of(meter or ""), plan)
        plans.note_scope(row, plan)


def _plan(meter: str | None, cells: Mapping[str, str], row: str, plans: Plans) -> PricePlan:
    stated = next((cells[name] for name in _PRICES if cells.get(name)), "")
    if not stated:
        raise UnpricedError("it states a cost, and no price")
    if cells.get("chargetype", "").lower() not in ("", "usage"):
        raise UnpricedError(f"it is a charge of the type {cells['chargetype'][:40]}, not of use")
    if cells.get("reservationid"):
        raise UnpricedError(COMMITMENT)
    model = cells.get("pricingmodel", "").lower().replace(" ", "")
    if model in _MODELS:
        raise UnpricedError(_MODELS[model])
    if meter is None:
        raise UnpricedError("it names no meter")
    currencies = {name: cells[name] for name in _CURRENCIES if cells.get(name)}
    if len(set(currencies.values())) > 1:
        raise UnpricedError("it names several currencies, and not which of them the price is in")
    currency = currency_of(next(iter(currencies.values()), None))
    measure = _measure(_first(cells, _UNITS))
    price = price_of(_number(stated))
    _check_cost(price, cells, row, plans)
    return plan_of(meter, currency, measure, flat(price))


def _first(cells: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((cells[name] for name in names if cells.get(name)), "")


def _number(text: str) -> str | Decimal:
    """Takes the commas out of a number that certainly has them between groups of three."""
    return text.replace(",", "") if _GROUPED.fullmatch(text) else text


def _measure(text: str) -> Measure:
    """Reads a unit; only a price of one of it passes.

    Raises:
        UnpricedError: It cannot be read, leaves open what is priced, or nobody can tell of how much.
    """
    unit, measure = unit_of(text)
    if unit.size * unit.times != 1:
        raise UnpricedError(f"whether it is of {clean(text, 40)} or of one, the export does not say")
    return measure


def _check_cost(price: Fraction, cells: Mapping[str, str], row: str, plans: Plans) -> None:
    """Holds a price against the quantity and the cost of its line."""
    quantity, cost = (as_number(_number(_first(cells, names))) for names in (_QUANTITIES, _COSTS))
    if quantity is None or cost is None:
        return
    # A cost is rounded to the digits that it shows; a cost of nothing is nothing.
    leeway = Fraction(Decimal((0, (5,), _last_digit(cost) - 1))) if cost else 0
    if abs(price * Fraction(quantity) - Fraction(cost)) > leeway:
        why = f"{quantity} at {_first(cells, _PRICES)} are not its cost of {cost}"
        plans.books.report.contradict("unit price", row, why)
        raise UnpricedError(
            "its price does not account for its cost: a discount, a tier or a credit is in it"
        )


def _last_digit(number: Decimal) -> int:
    """Gives the power of ten of the last digit that a number shows."""
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
