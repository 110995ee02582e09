"""Exact numbers: decimals, amounts of money, rationals and integers without bound. Nothing here is a float.

`scalars` reads and writes the texts, `shown` tells any number to people, `money` knows minor units,
`currencies` holds the facts of ISO 4217, `ranges` turns integer ranges into patterns.
"""

from crex.decimals.currencies import EXPONENTS, WITHOUT_MINOR_UNIT, exponent
from crex.decimals.money import Money
from crex.decimals.ranges import INT64_MAX, INT64_MIN, range_pattern
from crex.decimals.scalars import (
    BIGINT_DIGITS,
    BIGINT_PATTERN,
    DECIMAL_PATTERN,
    fixed_point,
    format_decimal,
    format_rational,
    is_decimal,
    parse_bigint,
    parse_decimal,
    parse_rational,
    round_half_away,
)
from crex.decimals.shown import counted, show

__all__ = [
    "BIGINT_DIGITS",
    "BIGINT_PATTERN",
    "DECIMAL_PATTERN",
    "EXPONENTS",
    "INT64_MAX",
    "INT64_MIN",
    "WITHOUT_MINOR_UNIT",
    "Money",
    "counted",
    "exponent",
    "fixed_point",
    "format_decimal",
    "format_rational",
    "is_decimal",
    "parse_bigint",
    "parse_decimal",
    "parse_rational",
    "range_pattern",
    "round_half_away",
    "show",
]
