"""A line's arithmetic, spelled out so that a person can follow it with pencil and paper."""

from __future__ import annotations

from fractions import Fraction

from crex.decimals import exponent, parse_rational, round_half_away
from crex.v1 import InvoiceLine, Rational

# Digits that a decimal may have before it is shown as a fraction with an approximation.
_DIGITS = 30
_APPROXIMATE = 9


def exact(value: Rational) -> Fraction:
    """Returns the number of a message.

    Raises:
        InvalidScalar: It is not a rational in lowest terms (SCALAR-RATIONAL-1).
    """
    return parse_rational(value.num, value.den)


def show(value: Fraction) -> str:
    """Returns a number for people: its decimal where that ends, else the fraction and an approximation."""
    digits = _decimal_digits(value.denominator)
    if digits is not None and digits <= _DIGITS:
        return _point(value.numerator * 10**digits // value.denominator, digits)
    nearest = round_half_away(value, _APPROXIMATE)
    return f"{value.numerator}/{value.denominator} (≈ {_point(nearest, _APPROXIMATE)})"


def equation(line: InvoiceLine, unit: str | None = None) -> str:
    """Returns the arithmetic of a line: quantity × price ÷ divisor = exact amount → amount.

    Args:
        line: The line.
        unit: Unit of the quantity for people, such as `unit·s`; the line's own where none is given.
    """
    shown = unit or line.unit
    quantity = f"{show(exact(line.quantity))} {shown}"
    total = f"{line.amount.amount} {line.amount.currency}"
    if line.unpriced:
        return f"{quantity}, which no component prices → {total}"
    amount = exact(line.exact_amount)
    text = f"{quantity} × {line.unit_price} {line.amount.currency} ÷ {line.per_quantity} {shown}"
    return f"{text} = {show(amount)} → {total}"


def rounding(line: InvoiceLine) -> str:
    """Returns how the exact amount of a line became its amount, for people."""
    amount, digits = exact(line.exact_amount), exponent(line.amount.currency)
    scaled = abs(amount) * 10**digits
    if scaled.denominator == 1:
        return "exact; nothing is rounded"
    if scaled.denominator == 2:
        return f"a tie, rounded away from zero to {digits} digits"
    part = scaled - scaled.numerator // scaled.denominator
    return f"rounded {'up' if part > Fraction(1, 2) else 'down'} in size to {digits} digits"


def _decimal_digits(denominator: int) -> int | None:
    """Returns how many digits the decimal of a fraction has; nothing where it never ends."""
    twos = fives = 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    return max(twos, fives) if denominator == 1 else None


def _point(scaled: int, digits: int) -> str:
    whole, fraction = divmod(abs(scaled), 10**digits)
    sign = "-" if scaled < 0 else ""
    return f"{sign}{whole}.{fraction:0{digits}d}" if digits else f"{sign}{whole}"
