"""The models of tiers, from an opening on: each unit by the tier in which it lies, asked unit by unit."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.rating import Component
from crex.rating.component import Steps
from crex.rating.quantities import billed
from crex.rating.tiers import amount_of, parts
from crex.v1 import PriceComponent, TierModel
from sdk.tests.rating.samples import counted


def made(model: str, tiers: list[tuple[str | None, str]], per: str = "1") -> Component:
    """A component of a model."""
    message: PriceComponent = counted(tiers, id="c", per=per)
    message.model = TierModel.Value(f"TIER_MODEL_{model}")
    return Component.of(message)


THREE: list[tuple[str | None, str]] = [("100", "0.1"), ("1000", "0.08"), (None, "0.05")]


def amount(component: Component, quantity: str, opening: str = "0") -> Fraction:
    """What a quantity comes to."""
    found = parts(component, Fraction(quantity), Fraction(opening))
    return sum((amount_of(component, part) for part in found), Fraction(0))


@pytest.mark.parametrize(
    ("quantity", "graduated", "volume"),
    [
        ("100", "10", "10"),
        ("100.000001", "10.00000008", "8.00000008"),
        ("1000.5", "82.025", "50.025"),
        ("0", "0", "0"),
    ],
)
def test_graduated_and_volume(quantity: str, graduated: str, volume: str) -> None:
    """A bound belongs to the tier that it ends (RATE-TIER-1, RATE-VOLUME-1)."""
    assert amount(made("GRADUATED", THREE), quantity) == Fraction(graduated)
    assert amount(made("VOLUME", THREE), quantity) == Fraction(volume)


def test_packages() -> None:
    """⌈(0.1 + 0.2) ÷ 0.1⌉ is 3; a package that was begun before is paid (RATE-PACKAGE-1)."""
    packages = made("PACKAGE", [(None, "1")], per="0.1")
    assert [part.quantity for part in parts(packages, Fraction("0.1") + Fraction("0.2"))] == [Fraction("0.3")]
    assert parts(packages, Fraction("0.02"), Fraction("0.05")) == []
    assert amount(packages, "0.06", "0.05") == 1


def test_a_flat_price_is_added_once_a_tier() -> None:
    """Each tier that has a part adds its fixed amount (RATE-FLAT-1)."""
    message = counted([("10", "1"), (None, "2")], id="c")
    message.tiers[0].flat_price, message.tiers[1].flat_price = "5", "7"
    component = Component.of(message)
    assert [amount_of(component, part) for part in parts(component, Fraction(10))] == [15]
    assert [amount_of(component, part) for part in parts(component, Fraction(12))] == [15, 11]


@given(st.integers(0, 60), st.integers(0, 60), st.sets(st.integers(1, 50), max_size=3))
def test_graduated_unit_by_unit(opening: int, quantity: int, bounds: set[int]) -> None:
    """Each unit is priced by the tier in which it lies, counted from the opening."""
    ends: list[int | None] = [*sorted(bounds), None]
    component = made("GRADUATED", [(None if end is None else str(end), "1") for end in ends])
    expected: dict[int, int] = {}
    for unit in range(opening + 1, opening + quantity + 1):
        number = next(n for n, end in enumerate(ends, 1) if end is None or unit <= end)
        expected[number] = expected.get(number, 0) + 1
    found = parts(component, Fraction(quantity), Fraction(opening))
    assert {part.number: part.quantity for part in found} == expected


@given(st.fractions(0, 100), st.fractions(Fraction(1, 50), 9), st.fractions(0, 9))
def test_steps(quantity: Fraction, step: Fraction, minimum: Fraction) -> None:
    """Billed is the least multiple of the step that is not below, or the minimum (RATE-GRANULARITY-1)."""
    found = billed(quantity, Steps(step, minimum))
    assert found == (max(minimum, ceil(quantity / step) * step) if quantity else 0)
    assert found >= quantity


def test_tiers_of_one_price() -> None:
    """A UNIT component has one tier without end."""
    assert amount(made("UNIT", [(None, "-0.5")]), "3") == Fraction("-1.5")
