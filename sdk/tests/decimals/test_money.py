"""Money: exactly the digits of the currency, and currencies as ISO 4217 lists them."""

import csv
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.decimals import EXPONENTS, WITHOUT_MINOR_UNIT, Money, exponent
from crex.errors import InvalidScalar

GOOD = [("EUR", "17820.40", 1782040), ("JPY", "2", 2), ("KWD", "0.002", 2), ("CLF", "-1.0000", -10000)]
BAD = [
    ("EUR", "1"), ("EUR", "1.5"), ("EUR", "1.500"), ("JPY", "2.0"), ("JPY", "2.00"), ("KWD", "0.02"),
    ("EUR", "-0.00"), ("JPY", "-0"), ("EUR", "01.00"), ("EUR", "+1.00"), ("EUR", "1e2"), ("EUR", ".50"),
    ("EUR", ""),
]  # fmt: skip


@pytest.mark.parametrize(("currency", "amount", "minor"), GOOD)
def test_an_amount_reads_and_writes(currency: str, amount: str, minor: int) -> None:
    """An amount with the currency's digits reads as minor units and writes the same (SCALAR-MONEY-1)."""
    money = Money.parse(currency, amount)
    assert money == Money(currency, minor)
    assert money.amount == amount
    assert money.value == Fraction(amount)


@pytest.mark.parametrize(("currency", "amount"), BAD)
def test_an_amount_with_other_digits_is_refused(currency: str, amount: str) -> None:
    """An amount with more, fewer or oddly written digits is refused (SCALAR-MONEY-1)."""
    with pytest.raises(InvalidScalar) as refused:
        Money.parse(currency, amount)
    assert refused.value.violations[0].requirement == "SCALAR-MONEY-1"


@pytest.mark.parametrize("currency", ["XAU", "XXX", "XTS", "DEM", "BGN", "eur", "EURO", ""])
def test_a_currency_without_minor_unit_is_refused(currency: str) -> None:
    """Metals, testing codes, withdrawn and unknown codes are refused with the reason (SCALAR-CURRENCY-1)."""
    with pytest.raises(InvalidScalar) as refused:
        Money.parse(currency, "1")
    assert refused.value.violations[0].requirement == "SCALAR-CURRENCY-1"
    assert ("minor unit" in refused.value.message) == (currency in WITHOUT_MINOR_UNIT)


@given(st.sampled_from(sorted(EXPONENTS)), st.integers(-(10**18) + 1, 10**18 - 1))
def test_every_amount_survives_the_round_trip(currency: str, minor: int) -> None:
    """Every number of minor units writes and reads back exactly, in every currency."""
    money = Money(currency, minor)
    assert Money.parse(currency, money.amount) == money


def test_money_adds_in_one_currency_only() -> None:
    """Amounts of one currency add, subtract and negate exactly; two currencies do not meet."""
    first, second = Money.parse("EUR", "0.10"), Money.parse("EUR", "0.20")
    assert first + second == Money.parse("EUR", "0.30")
    assert first - second == -Money.parse("EUR", "0.10")
    with pytest.raises(InvalidScalar, match="pinned rate"):
        first + Money.parse("JPY", "1")


def test_rounding_gives_money_of_the_currency() -> None:
    """An exact value rounds to the minor unit of its currency, ties away from zero."""
    assert str(Money.rounded("EUR", Fraction(3685, 1000))) == "3.69 EUR"
    assert str(Money.rounded("JPY", Fraction(-3, 2))) == "-2 JPY"


def test_an_amount_beyond_18_digits_is_refused() -> None:
    """An amount of more than 18 integer digits is refused, however it is made."""
    with pytest.raises(InvalidScalar):
        Money("JPY", 10**18)
    with pytest.raises(InvalidScalar):
        Money.parse("JPY", "1" + "0" * 18)


def test_the_table_is_that_of_iso_4217(real_data: Path) -> None:
    """Our table has the active codes and minor units of the published list, no more and no fewer."""
    with (real_data / "code-lists" / "iso4217_codes-all.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["AlphabeticCode"] and not row["WithdrawalDate"]]
    published = {row["AlphabeticCode"]: row["MinorUnit"] for row in rows}
    assert {code for code, unit in published.items() if unit == "-"} == WITHOUT_MINOR_UNIT
    assert {code: int(unit) for code, unit in published.items() if unit != "-"} == EXPONENTS


def test_the_table_has_every_exponent() -> None:
    """The table knows currencies of zero, two, three and four digits."""
    assert [exponent(code) for code in ("JPY", "CNY", "KWD", "UYW")] == [0, 2, 3, 4]
