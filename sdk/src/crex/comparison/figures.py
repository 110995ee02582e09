"""Numbers as people read them: amounts, lengths, positions on a chart; of exact ones, without a float."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from crex.decimals import exponent, fixed_point, format_decimal, round_half_away
from crex.errors import CrexError

_HOUR_MS: Final = 3_600_000
_MINUTE_MS: Final = 60_000
_SECOND_MS: Final = 1000


def amount(currency: str, value: Fraction) -> str:
    """Writes an amount, rounded to the digits of its currency, ties away from zero."""
    digits = exponent(currency)
    return fixed_point(round_half_away(value, digits), digits)


def exact(value: Fraction) -> str:
    """Writes an exact number: as a decimal where it has one of at most 12 digits, else as a quotient."""
    try:
        return format_decimal(value)
    except CrexError:
        return f"{value.numerator}/{value.denominator}"


def length(milliseconds: int) -> str:
    """Writes a length of time in hours, minutes and seconds, such as `9131 h 46 min 21 s`."""
    hours, rest = divmod(milliseconds, _HOUR_MS)
    minutes, rest = divmod(rest, _MINUTE_MS)
    seconds = exact(Fraction(rest, _SECOND_MS))
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    parts.append(f"{seconds} s" if seconds != "0" else "")
    return " ".join(part for part in parts if part) or "0 h"


def hours(milliseconds: int) -> str:
    """Writes a length of time in hours, to a tenth."""
    tenths = round_half_away(Fraction(milliseconds, _HOUR_MS), 1)
    return f"{tenths // 10}.{tenths % 10} h" if tenths % 10 else f"{tenths // 10} h"


def place(value: Fraction, low: Fraction, high: Fraction, steps: int) -> int:
    """Returns the nearest of `steps` + 1 places, from 0, for a value in [low, high]."""
    if high == low:
        return 0
    return round_half_away((value - low) / (high - low) * steps)
