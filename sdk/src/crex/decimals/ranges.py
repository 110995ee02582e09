"""Ranges of integers as regular expressions over their canonical decimal text.

A JSON Schema can bound a JSON number, but int64 travels as text; a pattern is the only way to state its
range.
"""

from __future__ import annotations

from functools import cache

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1


def _digit(low: int, high: int) -> str:
    if low == high:
        return str(low)
    return f"[{low}-{high}]" if high > low + 1 else f"[{low}{high}]"


def _any_digits(count: int) -> str:
    return "" if count == 0 else "[0-9]" if count == 1 else f"[0-9]{{{count}}}"


def _same_length(low: str, high: str) -> list[str]:
    """Gives alternatives that match exactly the digit texts from `low` to `high`, both of one length."""
    if low == high:
        return [low]
    rest = len(low) - 1
    if low[1:] == "0" * rest and high[1:] == "9" * rest:
        return [_digit(int(low[0]), int(high[0])) + _any_digits(rest)]
    if low[0] == high[0]:
        return [low[0] + tail for tail in _same_length(low[1:], high[1:])]
    found: list[str] = []
    first, last = int(low[0]), int(high[0])
    if low[1:] != "0" * rest:
        found += [low[0] + tail for tail in _same_length(low[1:], "9" * rest)]
        first += 1
    whole_last = high[1:] == "9" * rest
    middle_end = last if whole_last else last - 1
    if first <= middle_end:
        found.append(_digit(first, middle_end) + _any_digits(rest))
    if not whole_last:
        found += [high[0] + tail for tail in _same_length("0" * rest, high[1:])]
    return found


def _positive(low: int, high: int) -> list[str]:
    """Gives alternatives for the integers from `low` ≥ 1 to `high`; lengths that occur in full become one."""
    found: list[str] = []
    first_full, after_full = len(str(low)), len(str(high))
    if low != 10 ** (first_full - 1):
        found += _same_length(str(low), str(min(high, 10**first_full - 1)))
        first_full += 1
    if high == 10**after_full - 1:
        after_full += 1
    if first_full < after_full:
        least, most = first_full - 1, after_full - 2
        found.append("[1-9]" + (_any_digits(least) if least == most else f"[0-9]{{{least},{most}}}"))
    if first_full <= after_full == len(str(high)):
        found += _same_length(str(max(low, 10 ** (after_full - 1))), str(high))
    return found


@cache
def range_pattern(low: int, high: int) -> str:
    """Gives a pattern that matches exactly the canonical decimal texts of the integers from `low` to `high`.

    Canonical: no leading zeros, no plus sign, no "-0". The pattern is a group, without anchors, and means
    the same in ECMA-262, Python and Rust.

    Args:
        low: Least integer, inclusive.
        high: Greatest integer, inclusive; not below `low`.

    Raises:
        ValueError: The range is empty.
    """
    if low > high:
        raise ValueError(f"the range from {low} to {high} is empty")
    alternatives: list[str] = []
    if low <= 0 <= high:
        alternatives.append("0")
    if high >= 1:
        alternatives += _positive(max(low, 1), high)
    if low <= -1:
        alternatives += [f"-{text}" for text in _positive(max(1, -high), -low)]
    return f"(?:{'|'.join(alternatives)})"
