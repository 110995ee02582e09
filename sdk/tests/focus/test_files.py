from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from datetime import UTC
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.errors import CrexError
from crex.focus import COLUMNS, Column, Kind, Row, csv_lines, rows, write_parquet
from crex.focus.csv_file import plain_text
from crex.focus.numbers import decimal_text, decimal_value, exact_text
from crex.focus.parquet_file import schema
from sdk.tests.focus import samples
from sdk.tests.focus.samples import bill, component, line, plan

COST = next(column for column in COLUMNS if column.name == "EffectiveCost")
QUANTITY = next(column for column in COLUMNS if column.name == "PricingQuantity")


def everything() -> list[Row]:
    """Rows of all the bills."""
    makers = (samples.usage_bill, samples.fee_bill, samples.committed_bill, samples.credit_note)
    return [row for make in makers for row in rows(make())]


def parsed(found: Sequence[Row]) -> list[dict[str, str]]:
    """The CSV as a reader sees it."""
    return list(csv.DictReader(io.StringIO("".join(csv_lines(found)), newline="")))


def table(found: Sequence[Row]) -> list[dict[str, Any]]:
    """The Parquet as a reader sees it."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    write_parquet(found, buffer)
    read: list[dict[str, Any]] = pq.read_table(io.BytesIO(buffer.getvalue())).to_pylist()
    return read


def test_csv_has_the_columns() -> None:
    """The heading is the columns in their order, ours last."""
    assert list(parsed(everything())[0]) == [column.name for column in COLUMNS]


def test_csv_sums_to_the_totals() -> None:
    """Whoever adds up the CSV's billed costs as decimals finds the invoice's total."""
    total = sum(Decimal(row["BilledCost"]) for row in parsed(rows(samples.committed_bill())))
    assert total == Decimal("22193.00")


def test_texts_are_quoted_and_nulls_are_not() -> None:
    """NULL stands bare, texts in quotes: an account called NULL is not taken for none."""
    made = bill(plan(samples.GPU), [samples.GPU_LINE], "17820.40", account="NULL")
    second = "".join(csv_lines(rows(made))).splitlines()[1]
    assert second.startswith('NULL,17820.4,"consumer.example/NULL","NULL","Account","EUR"')


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "+1", "-2+3", "@a", "\tb", "＝1", " =1", "|cmd"])
def test_formulas_are_defused(text: str) -> None:
    """A spreadsheet computes no text of the seller or the buyer."""
    priced = plan(component("gpu", "compute-unit", "unit", samples.TIME, "2.99", per="3600", sku_id=text))
    (row,) = parsed(rows(bill(priced, [samples.GPU_LINE], "17820.40")))
    assert row["SkuId"] == f"'{text}"


def test_negative_rationals_stay_as_they_are() -> None:
    """A rational below zero begins like a formula and is none."""
    assert parsed(rows(samples.credit_note()))[0]["x_CrexExactAmount"] == "-299/1"


def test_parquet_has_decimals_and_times() -> None:
    """Amounts are DECIMAL, instants are UTC, and nothing is a float."""
    types = {field.name: str(field.type) for field in schema()}
    assert types["BilledCost"] == "decimal128(38, 18)"
    assert types["PricingQuantity"] == "decimal128(38, 15)"
    assert types["ChargePeriodStart"] == "timestamp[ms, tz=UTC]"
    assert not [name for name, of in types.items() if of in ("float", "double", "halffloat")]


def test_both_files_have_the_same_cells() -> None:
    """Parquet and CSV of a bill say the same, digit by digit."""
    found = everything()
    for made, text, cells in zip(found, parsed(found), table(found), strict=True):
        for column in COLUMNS:
            cell = cells[column.name]
            if isinstance(cell, Decimal):
                assert cell == Decimal(text[column.name])
            elif column.kind is Kind.TIME:
                assert f"{cell.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" == text[column.name]
            else:
                assert cell == plain_text(made[column.name], column)


def test_parquet_of_no_rows_has_columns() -> None:
    """A bill without lines is a file with the columns."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    write_parquet([], buffer)
    assert pq.read_table(io.BytesIO(buffer.getvalue())).schema.names == [column.name for column in COLUMNS]


def test_without_pyarrow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed, the error names it."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CrexError, match=r"crex-protocol\[parquet\]"):
        write_parquet([], io.BytesIO())


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        ("0", COST, "0.0"),
        ("3", COST, "3.0"),
        ("-299/50", COST, "-5.98"),
        ("1/3", COST, "0.333333333333333333"),
        ("2/3", COST, "0.666666666666666667"),
        ("-2/3", QUANTITY, "-0.666666666666667"),
        ("1/10000000000000000000", COST, "0.0"),
        ("999999999999999999.999", COST, "999999999999999999.999"),
    ],
)
def test_numbers_end_at_the_columns_last_digit(value: str, column: Column, text: str) -> None:
    """A number that ends is exact; another is rounded once, ties away from zero."""
    assert decimal_text(Fraction(value), column) == text
    assert Decimal(text) == decimal_value(Fraction(value), column)


@given(st.fractions(min_value=-(10**18), max_value=10**18))
def test_numbers_are_near(value: Fraction) -> None:
    """A written number is within half a unit of the last digit, without exponent, and the same twice."""
    text = decimal_text(value, COST)
    assert abs(Fraction(text) - value) <= Fraction(1, 2 * 10**18)
    assert "e" not in text.lower()
    assert Fraction(decimal_value(value, COST)) == Fraction(text)
    assert Fraction(exact_text(value)) == value


def test_numbers_too_large_are_refused() -> None:
    """A number that its column cannot hold is refused, never cut."""
    with pytest.raises(CrexError, match="more than 20 digits") as caught:
        decimal_text(Fraction(10**20), COST)
    assert caught.value.reason == "LIMIT"


def test_a_petabyte_for_a_month_fits() -> None:
    """Byte-seconds of a petabyte in a month are 22 digits, and fit."""
    held = line(
        "disk", "storage", "byte", str(10**15 * 2682000), "2.5", "2.50", unit_price="1", per_quantity="1"
    )
    priced = plan(component("disk", "storage", "byte", samples.TIME, "1", per=str(10**17)))
    (row,) = parsed(rows(bill(priced, [held], "2.50")))
    assert (row["ConsumedQuantity"], row["ConsumedUnit"]) == ("2682000000000000000000.0", "B-Seconds")
