"""Units of price lists: how they are read, and which of all that a cloud prints cannot be."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from crex import registry
from crex.describe.price_units import UnreadableUnitError, measure_of, read_unit
from crex.describe.price_words import THINGS, WORKED

# Of the units of the FinOps toolkit's list, those that say too little: what they stand for is not in them.
UNREADABLE = {
    *("1 Concurrent DVC", "1 Cubic Meter/Month", "1 Daily Pack", "1 Gb", "1 Key Use", "1 Maps", "1000 APIs"),
    *("1000 MAUS", "1000 MAUs", "10000 1,000s", "10000 Faces", "10000 Virtual User Minutes", "10000s"),
    *("CallingMinutes", "Gb / Month", "Text", "Unassigned", "print job"),
}
# Where the list says otherwise than the unit: a million of something is not one of a million.
OTHERWISE = {"1 Million"}


@pytest.mark.parametrize(
    ("text", "size", "thing", "time", "times", "free"),
    [
        ("10,000 Requests per Month (first 50,000 free)", 10000, "request", "month", 1, 50000),
        ("1 小时", 1, "unit", "hour", 1, 0),
        ("1 GB/hora", 1, "gigabyte", "hour", 1, 0),
        ("1 GB/月", 1, "gigabyte", "month", 1, 0),
        ("1\u00a0GB/mes", 1, "gigabyte", "month", 1, 0),
        ("GB-Months", 1, "gigabyte", "month", 1, 0),
        ("GB Months", 1, "gigabyte", "month", 1, 0),
        ("GB/Month", 1, "gigabyte", "month", 1, 0),
        ("1/10 Days", 1, "unit", "day", 10, 0),
        ("1 Daily Connection", 1, "connection", "day", 1, 0),
        ("102400 TiB/Hour", 102400, "tebibyte", "hour", 1, 0),
        ("1B", 10**9, "unit", "", 1, 0),
        ("1 MB", 1, "megabyte", "", 1, 0),
        ("1M/Month", 10**6, "unit", "month", 1, 0),
        ("10K Transactions", 10000, "transaction", "", 1, 0),
        ("1 1 Hour", 1, "unit", "hour", 1, 0),
        ("Minute(s)", 1, "unit", "minute", 1, 0),
        ("Gigabyte (GB) of Data Processed", 1, "gigabyte of data-processed", "", 1, 0),
    ],
)
def test_a_unit_is_read(text: str, size: int, thing: str, time: str, times: int, free: int) -> None:
    """A number, a thing and a time are read, whatever the language and the marks between them."""
    unit = read_unit(text)
    assert (unit.size, unit.thing.name, unit.time, unit.times, unit.free) == (size, thing, time, times, free)


@pytest.mark.parametrize(
    "text",
    [
        *("0 Hours", "1/0 Days", "-1 Hour", "1.5 Hours", "1,00 Hours", "furlong", "1 Hour of", "x" * 500),
        *("1 GB (500 Videos)", "per", "/", "10 / Hour / Day", "1 Gb", "10 Mb/Month"),
    ],
)
def test_what_is_no_unit_is_refused(text: str) -> None:
    """Zeros, signs, fractions, unknown words and bits that may be bytes are refused."""
    with pytest.raises(UnreadableUnitError):
        read_unit(text)


def test_a_gigabyte_is_what_its_seller_says() -> None:
    """Nothing makes 10^9 or 2^30 bytes of a gigabyte but the seller's documentation."""
    unit = read_unit("1 GB/Hour")
    with pytest.raises(UnreadableUnitError, match="1000 or 1024 to the power of 3"):
        measure_of(unit, dimension="storage")
    assert measure_of(unit, dimension="storage", data="binary").unit == "gibibyte"
    assert measure_of(unit, dimension="storage", data="decimal").unit == "gigabyte"
    assert measure_of(read_unit("1 GiB/Hour"), dimension="storage").unit == "gibibyte"


def test_every_thing_is_registered() -> None:
    """Dimensions and units of the words are tokens of the registries."""
    dimensions, units = registry.load("dimensions").entries, registry.load("units").entries
    for thing in (*THINGS.values(), *WORKED.values()):
        assert not thing.dimension or thing.dimension in dimensions
        assert thing.unit in units


def test_all_units_of_a_cloud(real_data: Path) -> None:
    """Of all units that Azure prints, what is read agrees with the FinOps toolkit; the rest is known."""
    with (real_data / "finops-toolkit" / "PricingUnits.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    unreadable = set()
    for row in rows:
        text = row["UnitOfMeasure"]
        try:
            unit = read_unit(text)
        except UnreadableUnitError:
            unreadable.add(text)
            continue
        if text in OTHERWISE:
            continue
        told = read_unit(f"1 {row['DistinctUnits']}")
        assert unit.size == int(row["PricingBlockSize"]), text
        assert (unit.thing, unit.time, unit.times) == (told.thing, told.time, told.times), text
    assert unreadable == UNREADABLE
    assert len(rows) - len(unreadable) == 365
