"""The text scalars: exact decimals, integers without bound, rationals; never a float (scalars.md).

Each has one spelling per value, so that equal values are equal bytes.
"""

from __future__ import annotations

import re
from fractions import Fraction

from crex.errors import InvalidScalar, Violation

# Digits that a decimal may have before and after its point.
INTEGER_DIGITS = 18
FRACTION_DIGITS = 12

# Digits that a reader accepts in one integer text. The value has no bound by itself; reading decimal text
# costs time quadratic in its length, and 4,096 digits are far beyond any sum of money times time.
BIGINT_DIGITS = 4096

DECIMAL_PATTERN = "(?:0|-?(?:[1-9][0-9]{0,17}(?:\\.[0-9]{0,11}[1-9])?|0\\.[0-9]{0,11}[1-9]))"
BIGINT_PATTERN = "(?:0|-?[1-9][0-9]{0,4095})"

_DECIMAL = re.compile(DECIMAL_PATTERN)
_BIGINT = re.compile(BIGINT_PATTERN)
_SCALE = 10**FRACTION_DIGITS
_LIMIT = 10 ** (INTEGER_DIGITS + FRACTION_DIGITS)


def parse_decimal(text: str) -> Fraction:
    """Reads a decimal.

    Raises:
        InvalidScalar: The text is not `0` or `[-]int[.frac]` with at most 18 and 12 digits, without exponent,
            trailing zeros or "-0" (SCALAR-DECIMAL-1).
    """
    if _DECIMAL.fullmatch(text) is None:
        raise _refused(
            text, "a decimal", 'write it like "0", "-3.5" or "2.99": no exponent, no trailing zeros'
        )
    whole, _, fraction = text.partition(".")
    return Fraction(int(whole + fraction), 10 ** len(fraction))


def is_decimal(text: str) -> bool:
    """Tells whether a text is a decimal (SCALAR-DECIMAL-1)."""
    return _DECIMAL.fullmatch(text) is not None


def format_decimal(value: Fraction | int) -> str:
    """Writes a number as a decimal, exactly.

    Raises:
        InvalidScalar: It has more than 18 integer or 12 fraction digits, or no finite decimal form at all
            (SCALAR-DECIMAL-1). Nothing is rounded: use `round_half_away` first where rounding is meant.
    """
    scaled = Fraction(value) * _SCALE
    if scaled.denominator != 1 or abs(scaled.numerator) >= _LIMIT:
        raise _refused(
            str(value), "a number of at most 18 + 12 decimal digits", "round it where a rule says so"
        )
    units = scaled.numerator
    sign = "-" if units < 0 else ""
    whole, fraction = divmod(abs(units), _SCALE)
    digits = f"{fraction:0{FRACTION_DIGITS}d}".rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def fixed_point(units: int, digits: int) -> str:
    """Writes a number of units of 10^-digits with exactly so many digits after the point."""
    if digits == 0:
        return str(units)
    whole, fraction = divmod(abs(units), 10**digits)
    return f"{'-' if units < 0 else ''}{whole}.{fraction:0{digits}d}"


def parse_bigint(text: str) -> int:
    """Reads an integer without bound.

    Raises:
        InvalidScalar: The text is not canonical (no sign but "-", no leading zeros, no "-0") or has more
            than 4,096 digits (SCALAR-BIGINT-1).
    """
    if _BIGINT.fullmatch(text) is None:
        raise _refused(text, "an integer", 'write it like "0", "-12" or "345"', "SCALAR-BIGINT-1")
    return int(text)


def parse_rational(num: str, den: str) -> Fraction:
    """Reads a rational from its two members.

    Raises:
        InvalidScalar: A member is not an integer text, `den` is not above zero, or the two have a common
            factor (SCALAR-RATIONAL-1).
    """
    numerator, denominator = parse_bigint(num), parse_bigint(den)
    if denominator <= 0:
        raise _refused(den, "a denominator above zero", "carry the sign in num", "SCALAR-RATIONAL-1")
    value = Fraction(numerator, denominator)
    if value.denominator != denominator:
        fix = f"divide both by their common factor: {value.numerator}/{value.denominator}"
        raise _refused(f"{num}/{den}", "in lowest terms", fix, "SCALAR-RATIONAL-1")
    return value


def format_rational(value: Fraction | int) -> tuple[str, str]:
    """Writes a number as the members `num` and `den` of a Rational, in lowest terms."""
    return str(value.numerator), str(value.denominator)


def round_half_away(value: Fraction | int, digits: int = 0) -> int:
    """Rounds to a number of decimal digits, ties away from zero.

    Away from zero, so that a credit mirrors its charge (rate/1, step 17).

    Args:
        value: Exact value.
        digits: Decimal digits to keep.

    Returns:
        The rounded value in units of 10^-digits.
    """
    numerator, denominator = value.numerator, value.denominator
    if digits >= 0:
        numerator *= 10**digits
    else:
        denominator *= 10**-digits
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return rounded if numerator >= 0 else -rounded


def _refused(text: str, what: str, fix: str, requirement: str = "SCALAR-DECIMAL-1") -> InvalidScalar:
    shown = text if len(text) <= 60 else text[:57] + "..."
    message = f"{shown!r} is not {what}"
    return InvalidScalar("SCHEMA", message, violations=[Violation("$", message, requirement, fix)])
