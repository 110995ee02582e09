"""Price series: their rules, and what several revisions say together."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import orjson
import pytest

from crex.documents import convert, reader
from crex.documents.times import parse_time, to_ms
from crex.errors import RatingError
from crex.rating import Series
from crex.rating.series import Curve, curve_of, series_violations
from crex.v1 import PriceSeries
from sdk.tests.rating.full_plan import RATES, SERIES

HOURS = [f"2026-03-01T0{hour}:00:00Z" for hour in range(10)]


def body(*prices: tuple[int, str], start: int = 0, end: int = 4, **members: Any) -> dict[str, Any]:
    """A series of prices by hour."""
    return {
        "header": {
            "id": SERIES,
            "revision": "1",
            "issuer": "index.example",
            "issuedAt": "2026-03-01T00:00:00Z",
        },
        "currency": "EUR",
        "interval": {"start": HOURS[start], "end": HOURS[end]},
        "points": [{"start": HOURS[hour], "unitPrice": price} for hour, price in prices],
        **members,
    }


def message(of: dict[str, Any]) -> PriceSeries:
    """A body as a message."""
    return convert.to_message(reader.read(orjson.dumps(of), PriceSeries), PriceSeries)


def series(*prices: tuple[int, str], **more: Any) -> Series:
    """A series of prices by hour, ready for rating."""
    return Series.of(message(body(*prices, **more)))


def at(hour: int) -> int:
    """An hour in milliseconds since 1970."""
    return to_ms(parse_time(HOURS[hour]))


RATE = {"start": HOURS[0], "rate": {"num": "3", "den": "2"}}
ZERO = {"start": HOURS[0], "rate": {"num": "0", "den": "1"}}


@pytest.mark.parametrize(
    ("of", "path", "requirement"),
    [
        (body((1, "1")), "$.points[0].start", "SERIES-POINT-1"),
        (body((0, "1"), (2, "2"), (2, "3")), "$.points[2].start", "SERIES-POINT-1"),
        (body((0, "1"), (4, "2")), "$.points[1].start", "SERIES-POINT-1"),
        (body(points=[{"start": HOURS[0]}]), "$.points[0]", "SERIES-POINT-2"),
        (body(points=[{**RATE, "unitPrice": "1"}]), "$.points[0].rate", "SERIES-POINT-2"),
        (body((0, "1"), baseCurrency="USD"), "$.points[0].unitPrice", "SERIES-POINT-2"),
        (body(points=[ZERO], baseCurrency="USD"), "$.points[0].rate", "SERIES-POINT-2"),
    ],
)
def test_a_broken_rule_is_named(of: dict[str, Any], path: str, requirement: str) -> None:
    """A series that breaks a rule is refused with the path, the requirement and a fix."""
    found = list(series_violations(message(of)))
    assert (found[0].path, found[0].requirement) == (path, requirement)
    assert found[0].fix
    with pytest.raises(RatingError) as refused:
        Series.of(message(of))
    assert refused.value.reason == "SCHEMA"


def test_a_point_holds_until_the_next() -> None:
    """A value holds from its point to the next one, and to the end of the interval; nowhere else."""
    curve = Curve.of(SERIES, [series((0, "1"), (2, "-0.5"))])
    assert [curve.at(at(hour)) for hour in range(4)] == [1, 1, Fraction(-1, 2), Fraction(-1, 2)]
    assert (curve.at(at(0) - 1), curve.at(at(4) - 1), curve.at(at(4))) == (None, Fraction(-1, 2), None)


def test_revisions_are_read_together() -> None:
    """Revisions of intervals of their own make one function, with a hole where none says anything."""
    revisions = [series((5, "3"), start=5, end=6), series((0, "1"), (2, "2"))]
    curve = Curve.of(SERIES, revisions)
    assert [curve.at(at(hour)) for hour in range(7)] == [1, 1, 2, 2, None, 3, None]


def test_revisions_that_agree_where_they_overlap() -> None:
    """Where two revisions state one value for an instant, by whatever points, nothing is wrong."""
    revisions = [series((0, "1"), (2, "2")), series((1, "1"), (2, "2"), (3, "2"), (4, "5"), start=1, end=5)]
    curve = Curve.of(SERIES, revisions)
    assert [curve.at(at(hour)) for hour in range(5)] == [1, 1, 2, 2, 5]


def test_revisions_that_contradict_each_other() -> None:
    """Two values for one instant leave no price (SERIES-REVISION-1)."""
    with pytest.raises(RatingError) as refused:
        Curve.of(SERIES, [series((0, "1")), series((3, "2"), start=3, end=5)])
    assert refused.value.reason == "CONFLICT"


@pytest.mark.parametrize(
    ("publisher", "currency", "base"),
    [("other.example", "EUR", None), ("index.example", "USD", None), ("index.example", "EUR", "USD")],
)
def test_a_series_that_was_not_agreed(publisher: str, currency: str, base: str | None) -> None:
    """A series of another publisher, or of other currencies, is refused (SERIES-REVISION-1)."""
    with pytest.raises(RatingError) as refused:
        curve_of(SERIES, publisher, [series((0, "1"))], currency=currency, base_currency=base)
    assert refused.value.reason == "TERMS"


def test_series_of_other_names_are_left_alone() -> None:
    """Of the series of a bill only those of the name are read."""
    curve = curve_of(RATES, "index.example", [series((0, "1"))], currency="EUR")
    assert curve.at(at(0)) is None


def test_exchange_rates_are_exact() -> None:
    """Rates are rationals."""
    rates = Series.of(message(body(points=[RATE], baseCurrency="USD")))
    curve = curve_of(SERIES, "index.example", [rates], currency="EUR", base_currency="USD")
    assert curve.at(at(0)) == Fraction(3, 2)


def test_one_revision_again_says_nothing_new() -> None:
    """A revision that comes twice, and points of one price, change no value."""
    once = series((0, "1"), (1, "1"), (2, "3"))
    assert Curve.of(SERIES, [once, once]) == Curve.of(SERIES, [once])
