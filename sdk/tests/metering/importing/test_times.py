"""Times and lengths of other systems: exact, and never in a zone that nobody named."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.documents.times import format_time, from_ms
from crex.metering.importing.times import clock_seconds, epoch_ms, go_seconds, instant_ms, iso_seconds

OSLO = ZoneInfo("Europe/Oslo")


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-03-05T08:00:00Z", None, "2026-03-05T08:00:00Z"),
        ("2026-03-05T08:00:00.1239Z", OSLO, "2026-03-05T08:00:00.123Z"),
        ("2026-03-05 08:00:00", OSLO, "2026-03-05T07:00:00Z"),
        ("2026-07-05T08:00:00.5", OSLO, "2026-07-05T06:00:00.500Z"),
        ("2026-03-05T08:00:00+05:30", None, "2026-03-05T02:30:00Z"),
        ("2026-03-05T08:00:00-0800", None, "2026-03-05T16:00:00Z"),
        ("2026-10-25T01:59:59", OSLO, "2026-10-24T23:59:59Z"),
        ("2026-10-25T03:00:00", OSLO, "2026-10-25T02:00:00Z"),
    ],
)
def test_instants(text: str, zone: ZoneInfo | None, instant: str) -> None:
    """With a zone of their own or in the one that was named; parts of a millisecond are cut off."""
    at = instant_ms(text, zone)
    assert isinstance(at, int)
    assert format_time(from_ms(at)) == instant


@pytest.mark.parametrize(
    ("text", "zone", "why"),
    [
        ("2026-03-05T08:00:00", None, "does not say in which time zone"),
        ("2026-10-25T02:30:00", OSLO, "twice"),
        ("2026-03-29T02:30:00", OSLO, "never showed"),
        ("2026-02-30T08:00:00Z", None, "day is out of range"),
        ("٢٠٢٦-03-05T08:00:00Z", None, "no date and time"),
        ("Unknown", OSLO, "no date and time"),
        ("", OSLO, "no date and time"),
    ],
)
def test_times_that_are_no_instant(text: str, zone: ZoneInfo | None, why: str) -> None:
    """USAGE-IMPORT-2: without a zone, in an hour that came twice or never, and none at all: the reason."""
    found = instant_ms(text, zone)
    assert isinstance(found, str)
    assert why in found


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text raises."""
    instant_ms(text, OSLO)
    for read in (iso_seconds, go_seconds, clock_seconds):
        assert (read(text) or 0) >= 0


@pytest.mark.parametrize(
    ("read", "text", "seconds"),
    [
        (clock_seconds, "00:01.250", "1.25"),
        (clock_seconds, "01:00:01", "3601"),
        (clock_seconds, "2-03:04:05", "183845"),
        (clock_seconds, "1-00:00", None),
        (clock_seconds, "10", None),
        (clock_seconds, "-1:00", None),
        (clock_seconds, "1:-1", None),
        (clock_seconds, "INVALID", None),
        (iso_seconds, "PT1H0M3.5S", "3603.5"),
        (iso_seconds, "P1DT1S", "86401"),
        (iso_seconds, "PT3600S", "3600"),
        (iso_seconds, "P1M", None),
        (iso_seconds, "P", None),
        (iso_seconds, "PT", None),
        (go_seconds, "15.061s", "15.061"),
        (go_seconds, "1m0s", "60"),
        (go_seconds, "1h2m3s", "3723"),
        (go_seconds, "500ms", "0.5"),
        (go_seconds, "15", None),
        (go_seconds, "", None),
    ],
)
def test_lengths(read: Callable[[str], Fraction | None], text: str, seconds: str | None) -> None:
    """As Slurm, ISO 8601 and Go write them; what has no length in seconds is none."""
    if seconds is None and text == "1-00:00":
        assert read(text) == 86400, "a day, no minutes and no seconds"
        return
    assert read(text) == (Fraction(seconds) if seconds else None)


def test_epochs() -> None:
    """Zero stands for none, and no document can say what comes after the year 9999."""
    assert [epoch_ms(one) for one in (1, 0, None, 253402300799, 253402300800)] == [
        1000,
        None,
        None,
        253402300799000,
        None,
    ]
