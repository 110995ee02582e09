"""From exact rationals to the decimals of FOCUS, never through a float (NumericFormat).

A number that ends within the digits of its column is written exactly. One that does not (a third of an hour)
is rounded once, ties away from zero, at the column's last digit. Its exact value stays beside it, in
`x_CrexExactAmount` and `x_CrexExactQuantity`.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from crex.decimals import round_half_away
from crex.errors import CrexError
from crex.focus.columns import PRECISION, Column


def scaled(value: Fraction, column: Column) -> int:
    """Returns a number in units of the last digit of its column.

    Raises:
        CrexError: LIMIT: it has more digits than DECIMAL(38) holds.
    """
    units = round_half_away(value, column.scale)
    if abs(units) >= 10**PRECISION:
        raise CrexError(
            "LIMIT",
            f"A value of {column.name} has more than {PRECISION - column.scale} digits before the point, "
            "more than the column holds. Bill in a larger unit, or export as csv or json: no bound there.",
        )
    return units


def decimal_text(value: Fraction, column: Column) -> str:
    """Returns a number as text: without exponent, always with a point.

    Readers that guess types take a column of `2` and `3` for integers; FOCUS wants decimals.
    """
    units = scaled(value, column)
    whole, fraction = divmod(abs(units), 10**column.scale)
    digits = f"{fraction:0{column.scale}d}".rstrip("0") or "0"
    return f"{'-' if units < 0 else ''}{whole}.{digits}"


def decimal_value(value: Fraction, column: Column) -> Decimal:
    """Returns a number as the same decimal, for a column of type DECIMAL."""
    sign, digits = (1, -scaled(value, column)) if value < 0 else (0, scaled(value, column))
    return Decimal((sign, tuple(map(int, str(digits))), -column.scale))


def exact_text(value: Fraction) -> str:
    """Returns a number as numerator `/` denominator, in lowest terms."""
    return f"{value.numerator}/{value.denominator}"
