"""Amounts in the units of the contract: exact, or refused."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex import amounts
from crex.errors import InvalidScalar


@pytest.mark.parametrize(
    ("made", "is_"),
    [
        (amounts.gib(80), 85_899_345_920),
        (amounts.gb(80), 80_000_000_000),
        (amounts.tib("1.5"), 1_649_267_441_664),
        (amounts.pflops(2), 2_000_000_000),
        (amounts.tflops("989.4"), 989_400_000),
        (amounts.gflops(Fraction(1, 2)), 500),
        (amounts.eflops(Decimal("1.1")), 1_100_000_000_000),
        (amounts.gbit_per_s(400), 400_000_000_000),
        (amounts.gb_per_s(50), 50_000_000_000),
        (amounts.tb_per_s("3.35"), 3_350_000_000_000),
        (amounts.ghz("2.45"), 2450),
        (amounts.kilowatts("10.2"), 10_200),
        (amounts.milliseconds(20), 20_000),
        (amounts.percent("99.95"), 999_500),
        (amounts.degrees("-33.8688"), -33_868_800),
        (amounts.micro("1.15"), 1_150_000),
        (amounts.gib("80.50"), 86_436_216_832),
    ],
)
def test_an_amount_is_what_its_name_says(made: int, is_: int) -> None:
    """Each helper gives the whole number that its field holds."""
    assert made == is_


def test_gb_and_gib_are_two_things() -> None:
    """80 GB and 80 GiB differ by what a binary prefix adds."""
    assert amounts.gib(80) - amounts.gb(80) == 5_899_345_920


def test_bits_and_bytes_are_two_things() -> None:
    """400 Gbit/s are 50 GB/s in other words, and the numbers of both fields differ by eight."""
    assert amounts.gbit_per_s(400) == 8 * amounts.gb_per_s(50)


@pytest.mark.parametrize("amount", [1.979, True, None, b"1"])
def test_a_float_is_refused(amount: object) -> None:
    """What is not exact is no amount (ADR 0008)."""
    with pytest.raises(TypeError, match="not exact"):
        amounts.pflops(amount)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "1e3", "1_000", "٥", "1.", ".5", " 1", "1 ", "NaN", "1,5", "9" * 40])
def test_a_text_that_is_no_number_is_refused(text: str) -> None:
    """Only digits and one point are read."""
    with pytest.raises(InvalidScalar, match="no number"):
        amounts.gib(text)


def test_what_is_not_whole_is_refused() -> None:
    """A third of a kibibyte is no number of bytes, and nothing is rounded."""
    with pytest.raises(InvalidScalar, match="no whole number of bytes"):
        amounts.kib(Fraction(1, 3))


def test_what_ends_the_field_is_refused() -> None:
    """An amount beyond 64 bits fits no field."""
    with pytest.raises(InvalidScalar, match="beyond 64 bits"):
        amounts.pib(10**6)


@given(st.integers(-(10**6), 10**6))
def test_spellings_of_one_number_agree(number: int) -> None:
    """Integer, text, Decimal and Fraction of one number give one amount."""
    spellings = (number, str(number), Decimal(number), Fraction(number))
    assert {amounts.mib(one) for one in spellings} == {number * 2**20}
