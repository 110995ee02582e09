"""Times and durations: one spelling, exact milliseconds, and the way there and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.documents.times import (
    DURATION_SECONDS_MAX,
    SystemClock,
    format_duration,
    format_time,
    from_ms,
    parse_duration,
    parse_time,
    to_ms,
)
from crex.errors import InvalidScalar

GOOD = {
    "1970-01-01T00:00:00Z": 0,
    "1969-12-31T23:59:59.999Z": -1,
    "2026-11-23T15:27:00.250Z": 1795447620250,
    "0001-01-01T00:00:00Z": -62135596800000,
    "9999-12-31T23:59:59.999Z": 253402300799999,
}


@pytest.mark.parametrize(("text", "milliseconds"), GOOD.items())
def test_a_time_reads_and_writes(text: str, milliseconds: int) -> None:
    """A time reads as its milliseconds since 1970 and writes as the same text (SCALAR-TIME-1)."""
    assert to_ms(parse_time(text)) == milliseconds
    assert format_time(from_ms(milliseconds)) == text


@given(st.integers(min(GOOD.values()), max(GOOD.values())))
def test_every_millisecond_survives_the_round_trip(milliseconds: int) -> None:
    """Every millisecond of the years 1 to 9999 writes and reads back exactly."""
    assert to_ms(parse_time(format_time(from_ms(milliseconds)))) == milliseconds


@pytest.mark.parametrize(
    "text", ["", "2026-02-30T00:00:00Z", "2026-03-01T00:00:00.000Z", "2026-03-01T00:00:00+08:00"]
)
def test_another_spelling_is_no_time(text: str) -> None:
    """A text that is not the one spelling of a time is refused with requirement and fix."""
    with pytest.raises(InvalidScalar) as refused:
        parse_time(text)
    assert refused.value.violations[0].requirement == "SCALAR-TIME-1"
    assert refused.value.violations[0].fix


def test_a_time_is_written_in_utc_and_never_rounded() -> None:
    """Another zone is converted; a time without zone or with microseconds is refused (DOC-TIME-1)."""
    shanghai = timezone(timedelta(hours=8))
    assert format_time(datetime(2026, 3, 1, 8, tzinfo=shanghai)) == "2026-03-01T00:00:00Z"
    with pytest.raises(InvalidScalar, match="zone"):
        format_time(datetime(2026, 3, 1))  # noqa: DTZ001 - that is the point
    with pytest.raises(InvalidScalar, match="milliseconds"):
        format_time(datetime(2026, 3, 1, microsecond=1, tzinfo=UTC))


@given(st.integers(0, DURATION_SECONDS_MAX * 1000))
def test_every_duration_survives_the_round_trip(milliseconds: int) -> None:
    """Every duration up to ten thousand years writes and reads back exactly (SCALAR-DURATION-1)."""
    value = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(value)) == value


@pytest.mark.parametrize(
    "text", ["", "1", "-1s", "1.0s", "1.000s", "01s", "1.5s", "1m", "1e3s", "315576000001s"]
)
def test_another_spelling_is_no_duration(text: str) -> None:
    """A text that is not canonical seconds is refused."""
    with pytest.raises(InvalidScalar) as refused:
        parse_duration(text)
    assert refused.value.violations[0].requirement == "SCALAR-DURATION-1"


@pytest.mark.parametrize(
    "value", [timedelta(seconds=-1), timedelta(microseconds=1), timedelta(seconds=DURATION_SECONDS_MAX + 1)]
)
def test_what_is_no_duration_is_not_written(value: timedelta) -> None:
    """A negative, finer or longer duration is refused."""
    with pytest.raises(InvalidScalar):
        format_duration(value)


def test_the_system_clock_gives_whole_milliseconds_in_utc() -> None:
    """The clock's time can be written as it is."""
    assert format_time(SystemClock().now()).endswith("Z")
