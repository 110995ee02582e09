"""Ranges as patterns: exactly the canonical texts of exactly the integers in the range."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.decimals import INT64_MAX, INT64_MIN, range_pattern

EDGES = [
    -1001,
    -1000,
    -999,
    -101,
    -100,
    -99,
    -12,
    -10,
    -9,
    -1,
    0,
    1,
    8,
    9,
    10,
    11,
    99,
    100,
    101,
    254,
    999,
    1000,
]
WRONG = ["", "-", "00", "01", "-0", "-01", "+1", "1.0", "1e0", " 1", "1 ", "1\n", "٥", "１"]
integers = st.integers(INT64_MIN, INT64_MAX)


def test_small_ranges_match_exactly_their_integers() -> None:
    """Every range between two edges matches, of all integers up to four digits, exactly those in it."""
    for low in EDGES:
        for high in (edge for edge in EDGES if edge >= low):
            pattern = re.compile(range_pattern(low, high))
            matched = {value for value in range(-1100, 1101) if pattern.fullmatch(str(value))}
            assert matched == set(range(low, high + 1)), (low, high)


@pytest.mark.parametrize("text", WRONG)
def test_other_spellings_match_no_range(text: str) -> None:
    """A text that is not the canonical spelling of an integer matches no range."""
    assert re.fullmatch(range_pattern(INT64_MIN, INT64_MAX), text) is None


@given(low=integers, high=integers, value=integers)
def test_any_range_agrees_with_comparison(low: int, high: int, value: int) -> None:
    """For any range of int64, matching the text is the same as comparing the integer, at the edges too."""
    low, high = min(low, high), max(low, high)
    pattern = re.compile(range_pattern(low, high))
    for candidate in (value, low, high, low - 1, high + 1):
        assert (pattern.fullmatch(str(candidate)) is not None) == (low <= candidate <= high)


def test_an_empty_range_is_refused() -> None:
    """A range whose low end is above its high end is a mistake of the caller."""
    with pytest.raises(ValueError, match="from 2 to 1 is empty"):
        range_pattern(2, 1)
