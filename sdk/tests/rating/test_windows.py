"""Windows, days and dates: by the local time of each instant, across changes of the clocks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crex.documents.times import from_ms, parse_time
from crex.metering import Span
from crex.rating import Zone, zone_between
from crex.rating.windows import Restrictions, changes
from crex.v1 import Restrictions as Message

MINUTE_MS = 60_000


def local(**members: Any) -> Restrictions:
    """Restrictions of local time."""
    return Restrictions.of(Message(**members))


def around(zone: str, day: str) -> tuple[Zone, Span]:
    """Pinned offsets, and three days around a date."""
    middle = parse_time(f"{day}T12:00:00Z")
    start, end = middle - timedelta(days=1.5), middle + timedelta(days=1.5)
    return zone_between(zone, start - timedelta(days=1), end), Span.between(start, end)


def minutes(rules: Restrictions, zone: Zone, span: Span) -> int:
    """Counts the minutes of a span in which all rules hold, one by one."""
    return sum(rules.hold_at(at, zone) for at in range(span.start_ms, span.end_ms, MINUTE_MS))


@pytest.mark.parametrize(
    ("zone", "day", "members", "expected"),
    [
        ("Europe/Berlin", "2026-10-25", {"local_start": "02:00", "local_end": "03:00"}, 2 * 60 + 2 * 60),
        ("Europe/Berlin", "2026-03-29", {"local_start": "02:00", "local_end": "03:00"}, 2 * 60),
        ("Australia/Lord_Howe", "2026-04-04", {"local_start": "01:30", "local_end": "02:00"}, 3 * 30 + 30),
        ("Europe/Berlin", "2026-10-25", {"local_dates": ["2026-10-25"]}, 25 * 60),
        ("Europe/Berlin", "2026-03-29", {"days": ["sun"]}, 23 * 60),
        ("America/Santiago", "2026-09-06", {"local_end": "01:00"}, 2 * 60),
        ("Etc/UTC", "2026-03-04", {"local_start": "22:00", "local_end": "06:00", "days": ["wed"]}, 8 * 60),
    ],
)
def test_minutes_of_a_window(zone: str, day: str, members: dict[str, Any], expected: int) -> None:
    """A window lasts two hours on the day of going back over it, none where it is skipped."""
    offsets, span = around(zone, day)
    assert minutes(local(**members), offsets, span) == expected


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"])
@pytest.mark.parametrize("day", ["2026-03-29", "2026-04-05", "2026-09-06", "2026-10-25"])
@pytest.mark.parametrize(
    "members",
    [
        {"local_start": "00:00", "local_end": "02:30"},
        {"local_start": "22:15", "local_end": "02:30"},
        {"local_start": "02:00"},
        {"days": ["sun", "tue"]},
        {"local_dates": ["2026-03-29", "2026-04-04", "2026-09-05", "2026-10-26"]},
    ],
)
def test_changes_against_every_minute(zone: str, day: str, members: dict[str, Any]) -> None:
    """Cuts are exactly the minutes at which a rule changes, by a time zone database asked for each."""
    offsets, span = around(zone, day)
    rules, info = local(**members), ZoneInfo(zone)

    def holds(instant: int) -> bool:
        there: datetime = from_ms(instant).astimezone(info)
        ms = (there.replace(tzinfo=None) - datetime(1970, 1, 1)) // timedelta(milliseconds=1)  # noqa: DTZ001
        return all(rule.holds(ms) for rule in rules.local)

    each = range(span.start_ms + MINUTE_MS, span.end_ms, MINUTE_MS)
    expected = [at for at in each if holds(at) != holds(at - MINUTE_MS)]
    assert list(changes(rules.local, offsets, span)) == expected


def test_days_are_those_of_local_time_after_midnight() -> None:
    """In a window that goes on over midnight, the day is that of the instant itself (RATE-WINDOW-1)."""
    offsets, span = around("Etc/UTC", "2026-03-04")  # a Wednesday
    rules = local(local_start="22:00", local_end="06:00", days=["wed"])
    held = [at for at in range(span.start_ms, span.end_ms, MINUTE_MS) if rules.hold_at(at, offsets)]
    assert from_ms(held[0]) == parse_time("2026-03-04T00:00:00Z")
    assert from_ms(held[-1]) == parse_time("2026-03-04T23:59:00Z")


def test_region_and_mode() -> None:
    """A region that is not named is not the one that is asked for."""
    rules = local(region="north", interruptible=False)
    assert rules.hold_for("north", interruptible=False)
    assert not rules.hold_for(None, interruptible=False)
    assert not rules.hold_for("north", interruptible=True)
    assert local().hold_for(None, interruptible=True)
