"""Decimals, integers and rationals: one spelling per value, and the way there and back."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.decimals import (
    format_decimal,
    format_rational,
    is_decimal,
    parse_bigint,
    parse_decimal,
    parse_rational,
    round_half_away,
)
from crex.errors import InvalidScalar

GOOD_DECIMALS = {
    "0": Fraction(0),
    "5": Fraction(5),
    "-5": Fraction(-5),
    "2.99": Fraction(299, 100),
    "-0.5": Fraction(-1, 2),
    "0.000000000001": Fraction(1, 10**12),
    "999999999999999999.999999999999": Fraction(10**30 - 1, 10**12),
}
BAD_DECIMALS = [
    "", "-", "-0", "00", "05", "+5", ".5", "5.", "5.0", "1.50", "0.0", "-0.0", "1e2", "1E2", "1_000",
    "٥", "５", " 1",
    "1 ", "1\n", "0x1", "NaN", "Infinity", "1,5", "1000000000000000000", "0.0000000000001",
]  # fmt: skip
fractions = st.fractions()


@pytest.mark.parametrize(("text", "value"), GOOD_DECIMALS.items())
def test_a_decimal_reads_and_writes(text: str, value: Fraction) -> None:
    """Each decimal reads as its value, and the value writes as the same text (SCALAR-DECIMAL-1)."""
    assert parse_decimal(text) == value
    assert format_decimal(value) == text
    assert is_decimal(text)


@pytest.mark.parametrize("text", BAD_DECIMALS)
def test_any_other_spelling_is_refused(text: str) -> None:
    """A text that is not the one spelling of a decimal is refused with its requirement and a fix."""
    with pytest.raises(InvalidScalar) as refused:
        parse_decimal(text)
    assert refused.value.violations[0].requirement == "SCALAR-DECIMAL-1"
    assert refused.value.violations[0].fix
    assert not is_decimal(text)


@given(st.integers(-(10**30) + 1, 10**30 - 1))
def test_every_decimal_survives_the_round_trip(units: int) -> None:
    """Every number of at most 18 + 12 digits writes and reads back exactly."""
    value = Fraction(units, 10**12)
    assert parse_decimal(format_decimal(value)) == value


@pytest.mark.parametrize(
    "value", [Fraction(1, 3), Fraction(10**18), Fraction(1, 10**13), Fraction(-(10**18))]
)
def test_nothing_is_rounded_in_silence(value: Fraction) -> None:
    """A number without an exact decimal of that size is refused rather than rounded."""
    with pytest.raises(InvalidScalar):
        format_decimal(value)


def test_a_bigint_has_no_bound_but_length() -> None:
    """An integer beyond 64 bits reads exactly; one of more than 4,096 digits is refused (SCALAR-BIGINT-1)."""
    assert parse_bigint("-" + "9" * 57) == -(10**57) + 1
    assert parse_bigint("1" + "0" * 4095) == 10**4095
    with pytest.raises(InvalidScalar):
        parse_bigint("1" + "0" * 4096)


@pytest.mark.parametrize("text", ["", "-0", "01", "+1", "1.0", "1e3", "1_000", "٥", "1\n"])
def test_other_integers_are_refused(text: str) -> None:
    """A text that is not canonical is no integer (SCALAR-BIGINT-1)."""
    with pytest.raises(InvalidScalar) as refused:
        parse_bigint(text)
    assert refused.value.violations[0].requirement == "SCALAR-BIGINT-1"


@given(fractions)
def test_every_rational_survives_the_round_trip(value: Fraction) -> None:
    """Every fraction writes as a pair in lowest terms and reads back exactly."""
    assert parse_rational(*format_rational(value)) == value


@pytest.mark.parametrize(("num", "den"), [("2", "4"), ("1", "0"), ("1", "-2"), ("0", "2"), ("1", "02")])
def test_a_rational_has_one_spelling(num: str, den: str) -> None:
    """A pair that is not in lowest terms with a positive denominator is refused."""
    with pytest.raises(InvalidScalar):
        parse_rational(num, den)


@pytest.mark.parametrize(
    ("value", "digits", "rounded"),
    [("3.685", 2, 369), ("-3.685", 2, -369), ("1.5", 0, 2), ("-1.5", 0, -2), ("0.0015", 3, 2), ("2.4", 0, 2)],
)
def test_ties_go_away_from_zero(value: str, digits: int, rounded: int) -> None:
    """A tie is rounded away from zero, so that a credit mirrors its charge."""
    assert round_half_away(parse_decimal(value), digits) == rounded


@given(fractions, st.integers(0, 12))
def test_rounding_mirrors_and_stays_near(value: Fraction, digits: int) -> None:
    """Rounding is symmetric about zero and never moves a value by more than half a unit."""
    rounded = round_half_away(value, digits)
    assert round_half_away(-value, digits) == -rounded
    assert abs(Fraction(rounded, 10**digits) - value) * 2 <= Fraction(1, 10**digits)
