"""Dividing amounts by the largest remainder, and taxes on sums."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.rating.adjustments import allocate


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        (10000, [5000, 5000, 5000], [3334, 3333, 3333]),
        (1, [1, 1], [1, 0]),
        (5, [1, 2, 3], [1, 2, 2]),
        (3, [0, 7, 0], [0, 3, 0]),
        (0, [1, 2], [0, 0]),
        (6, [1, 2, 3], [1, 2, 3]),
        (0, [], []),
        (2, [1, 1, 1], [1, 1, 0]),
    ],
)
def test_allocation(amount: int, weights: list[int], shares: list[int]) -> None:
    """The largest remainder comes first; of equal ones the first key (RATE-ALLOCATE-1)."""
    assert allocate(amount, weights) == shares


weights = st.lists(st.integers(0, 10**20), min_size=1, max_size=8).filter(any)


@given(weights, st.integers(0, 10**6))
def test_shares_sum_and_are_near(weights: list[int], part: int) -> None:
    """Shares sum to the amount, each less than one from its exact part, none above its weight."""
    amount = sum(weights) * part // 10**6
    shares = allocate(amount, weights)
    assert sum(shares) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(amount * weight, sum(weights))) < 1
        assert 0 <= share <= weight
