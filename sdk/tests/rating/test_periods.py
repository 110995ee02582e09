"""Billing periods: local months as the clocks of their zone show them."""

from datetime import date, datetime
from fractions import Fraction

import pytest

from crex.documents.times import format_time, from_ms, parse_time, to_ms
from crex.errors import RatingError
from crex.rating import Zone, billing_period, period_at, tz_transitions, zone_between


def bounds(zone: str, instant: str, anchor_day: int = 1) -> tuple[str, str, Fraction]:
    """Start, end and hours of the period of an instant."""
    period, _ = period_at(zone, parse_time(instant), anchor_day)
    return (
        format_time(from_ms(period.start_ms)),
        format_time(from_ms(period.end_ms)),
        period.seconds / 3600,
    )


@pytest.mark.parametrize(
    ("zone", "instant", "anchor_day", "expected"),
    [
        ("Europe/Berlin", "2026-10-10T00:00:00Z", 1, ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", 745)),
        ("Europe/Berlin", "2026-03-10T00:00:00Z", 1, ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z", 743)),
        ("Asia/Shanghai", "2026-06-10T00:00:00Z", 1, ("2026-05-31T16:00:00Z", "2026-06-30T16:00:00Z", 720)),
        (
            "America/New_York",
            "2026-11-10T00:00:00Z",
            1,
            ("2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z", 721),
        ),
        # Lord Howe goes back by half an hour.
        (
            "Australia/Lord_Howe",
            "2026-04-10T00:00:00Z",
            1,
            ("2026-03-31T13:00:00Z", "2026-04-30T13:30:00Z", Fraction(1441, 2)),
        ),
        # The 31st is clamped to the month's end.
        ("Asia/Shanghai", "2026-02-27T15:59:59Z", 31, ("2026-01-30T16:00:00Z", "2026-02-27T16:00:00Z", 672)),
        ("Asia/Shanghai", "2026-02-27T16:00:00Z", 31, ("2026-02-27T16:00:00Z", "2026-03-30T16:00:00Z", 744)),
        ("UTC", "2028-02-29T00:00:00Z", 30, ("2028-02-29T00:00:00Z", "2028-03-30T00:00:00Z", 720)),
        # The year turns.
        ("UTC", "2026-12-31T23:59:59.999Z", 15, ("2026-12-15T00:00:00Z", "2027-01-15T00:00:00Z", 744)),
        # In Santiago the clocks jump from 24:00 of 5 September to 01:00: the day begins after the gap.
        (
            "America/Santiago",
            "2026-09-10T00:00:00Z",
            6,
            ("2026-09-06T04:00:00Z", "2026-10-06T03:00:00Z", 719),
        ),
        # In Havana 1 November has two midnights: it begins at the earlier.
        ("America/Havana", "2026-11-01T04:00:00Z", 1, ("2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z", 721)),
        ("America/Havana", "2026-11-01T03:59:59Z", 1, ("2026-10-01T04:00:00Z", "2026-11-01T04:00:00Z", 744)),
    ],
)
def test_periods(zone: str, instant: str, anchor_day: int, expected: tuple[str, str, Fraction]) -> None:
    """A period runs from local midnight on the anchor day to the next (RATE-PERIOD-1)."""
    assert bounds(zone, instant, anchor_day) == expected


def test_an_instant_between_two_midnights_of_one_day() -> None:
    """After the clocks of Havana went back, the instant still belongs to the period that has begun."""
    assert bounds("America/Havana", "2026-11-01T04:30:00Z")[0] == "2026-11-01T04:00:00Z"
    assert bounds("America/Havana", "2026-11-01T05:00:00Z")[0] == "2026-11-01T04:00:00Z"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Santiago", "America/Havana", "UTC"])
@pytest.mark.parametrize("anchor_day", [1, 6, 31])
def test_periods_follow_each_other(zone: str, anchor_day: int) -> None:
    """Each period begins where the one before ended, whatever the clocks do."""
    at = parse_time("2026-01-15T12:00:00Z")
    period, _ = period_at(zone, at, anchor_day)
    for _ in range(14):
        following, _ = period_at(zone, from_ms(period.end_ms), anchor_day)
        before, _ = period_at(zone, from_ms(period.end_ms - 1), anchor_day)
        assert (before, following.start_ms) == (period, period.end_ms)
        period = following


def test_pinned_offsets_suffice() -> None:
    """The offsets that an invoice pins give the period again, without any database (RATE-ZONE-1)."""
    for zone, anchor_day in [("America/Santiago", 6), ("America/Havana", 1), ("Europe/Berlin", 25)]:
        period, offsets = period_at(zone, parse_time("2026-10-20T00:00:00Z"), anchor_day)
        pinned = Zone.of(tz_transitions(offsets))
        assert billing_period(period.start_ms, anchor_day, pinned) == period
        assert pinned.from_ms[0] <= period.start_ms - 86_400_000


def test_changes_are_found_to_the_second() -> None:
    """The change to summer time in Berlin lies at 01:00 UTC on 29 March 2026."""
    zone = zone_between(
        "Europe/Berlin", parse_time("2026-03-01T00:30:00Z"), parse_time("2026-04-01T00:00:00Z")
    )
    assert zone.from_ms[1:] == (to_ms(parse_time("2026-03-29T01:00:00Z")),)
    assert zone.offset_ms == (3_600_000, 7_200_000)


def test_local_time() -> None:
    """Local time is told by pinned offsets; before the first of them there is none."""
    zone = zone_between(
        "Asia/Shanghai", parse_time("2026-03-01T00:00:00Z"), parse_time("2026-03-02T00:00:00Z")
    )
    assert zone.local(to_ms(parse_time("2026-03-01T20:00:00Z"))) == datetime(2026, 3, 2, 4)  # noqa: DTZ001 - a clock reading
    with pytest.raises(RatingError, match="no pinned offset"):
        zone.offset_at(to_ms(parse_time("2026-02-28T23:59:59Z")))


def test_offsets_that_do_not_reach() -> None:
    """A midnight beyond the pinned offsets is refused, not guessed."""
    zone = zone_between(
        "Asia/Shanghai", parse_time("2026-03-02T00:00:00Z"), parse_time("2026-03-03T00:00:00Z")
    )
    with pytest.raises(RatingError, match="do not reach"):
        zone.midnight(date(2026, 3, 1))


def test_an_unknown_zone() -> None:
    """A zone that this machine does not know is named (PRICE-ZONE-1)."""
    with pytest.raises(RatingError, match="Mars/Olympus"):
        period_at("Mars/Olympus", parse_time("2026-03-02T00:00:00Z"), 1)
