"""AWS: reserved offerings, a map of `type/region` to one number.

The number is a price by the hour: the share of what is paid for a reserved term, computed in binary floating
point, with all the digits that this leaves. They are what the list states, so a plan states every one of
them, and none is rounded. The list says neither for how long an instance is reserved nor in which currency.
How long, its numbers show: all of them are whole sums divided by the hours of three years of 365 days, to the
last bits of a float, or by those of one. The currency is that of an opencost configuration of the same input.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from crex.describe.members import as_number
from crex.describe.price_plans import (
    COMMITMENT,
    CURRENCY_BESIDE,
    HOUR,
    Plans,
    Term,
    UnpricedError,
    flat,
    name_of,
    plan_by_time,
    price_of,
    reserve,
)
from crex.describe.values import clean

_OFFERING: Final = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+/[a-z]{2}(?:-[a-z]+)+-[0-9]+")
_HOURS_OF_A_YEAR: Final = 8760
# Two units in the last place of a float of 53 bits.
_LEEWAY: Final = Fraction(1, 2**51)
# Of sums for three years every third is whole for one as well; so many are so by chance once in 10^9.
_ENOUGH: Final = 20


def recognises(value: object) -> bool:
    """Tells whether a value of JSON is such a map: most of its names are type and region."""
    if not isinstance(value, dict) or not value:
        return False
    return sum(_OFFERING.fullmatch(str(name)) is not None for name in value) * 2 > len(value)


def read(name: str, value: object, plans: Plans) -> None:
    """Reads a map of reserved offerings; a row is one of them."""
    offerings = value if isinstance(value, dict) else {}
    months = _months(offerings.values())
    for offering, price in offerings.items():
        row = plans.row(f"{name}: $[{clean(str(offering), 80) or ''!r}]")
        try:
            if _OFFERING.fullmatch(str(offering)) is None:
                raise UnpricedError("its name is not a type and a region")
            hourly = price_of(price)
            if not months or not hourly:
                raise UnpricedError(COMMITMENT)
            if len(plans.currencies) != 1:
                many = "the configurations of the input state several currencies"
                raise UnpricedError(many if plans.currencies else CURRENCY_BESIDE)
            (currency,) = plans.currencies
            plan = reserve(
                plan_by_time(str(offering), currency, HOUR, flat(hourly)), Term(months=months, price=hourly)
            )
        except UnpricedError as why:
            plans.leave_out(row, str(why))
            continue
        plans.add(row, ("aws reserved", str(offering), currency), name_of(str(offering)), plan)
    if months:
        shown = (
            f"every number is a whole sum divided by {months // 12 * _HOURS_OF_A_YEAR} hours, to the last bit"
        )
        plans.books.report.limit(f"a term of {months} months", name, shown)
        beyond = "the list does not say it; a plan charges it at the price of the reserved one"
        plans.books.report.leave_out("what use beyond one reserved instance costs", name, beyond)


def _months(prices: Iterable[object]) -> int:
    """Gives the length of the term that all numbers show; 0 where they do not."""
    numbers = [Fraction(number) for number in map(as_number, prices) if number is not None]
    if not numbers or len(numbers) < _ENOUGH:
        return 0
    for years in (1, 3):
        hours = years * _HOURS_OF_A_YEAR
        sums = [number * hours for number in numbers]
        if all(abs(one - round(one)) <= one * _LEEWAY for one in sums):
            return years * 12
    return 0
