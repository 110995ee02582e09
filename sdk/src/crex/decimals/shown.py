"""Numbers for people: a decimal where it ends, else a fraction with an approximation; counts of things."""

from __future__ import annotations

from fractions import Fraction

from crex.decimals.scalars import fixed_point, round_half_away

# Digits that a decimal may have before it is shown as a fraction with an approximation.
_DIGITS = 30
_APPROXIMATE = 9


def show(value: Fraction) -> str:
    """Returns a number for people: its decimal where that ends, else the fraction and an approximation."""
    digits = _decimal_digits(value.denominator)
    if digits is not None and digits <= _DIGITS:
        return fixed_point(value.numerator * 10**digits // value.denominator, digits)
    nearest = round_half_away(value, _APPROXIMATE)
    return f"{value.numerator}/{value.denominator} (≈ {fixed_point(nearest, _APPROXIMATE)})"


def counted(number: int, one: str, many: str = "") -> str:
    """Says how many there are of something, such as `1 line` and `2 lines`.

    Args:
        number: How many.
        one: What one of them is called.
        many: What several are called; nothing: the same with an s.
    """
    return f"{number} {one}" if number == 1 else f"{number} {many or f'{one}s'}"


def _decimal_digits(denominator: int) -> int | None:
    """Returns how many digits the decimal of a fraction has; nothing where it never ends."""
    twos = fives = 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    return max(twos, fives) if denominator == 1 else None
