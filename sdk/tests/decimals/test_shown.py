"""Numbers for people."""

from __future__ import annotations

from fractions import Fraction

import pytest

from crex.decimals import counted, show


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 lines"), (1, "1 line"), (2, "2 lines"), (10**30, f"{10**30} lines")]
)
def test_things_are_counted(number: int, text: str) -> None:
    """One of a thing is not called as several are."""
    assert counted(number, "line") == text
    assert counted(1, "batch", "batches") == "1 batch"
    assert counted(2, "batch", "batches") == "2 batches"


def test_a_number_is_shown() -> None:
    """A decimal where it ends, else a fraction and about how much it is."""
    assert show(Fraction(-5, 4)) == "-1.25"
    assert show(Fraction(2, 3)) == "2/3 (≈ 0.666666667)"
