"""Billing periods: which one holds an instant, by the clocks of a place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from conformance.tests.vectors.one_change import changed


@dataclass(frozen=True)
class PeriodCase:
    """One vector of `billing.period`.

    Attributes:
        id: Stable name, and the name of its file.
        why: How the clocks run there, and the mistake that it catches.
        input: Time zone, offsets, anchor day and the instant.
        period: The start and the end of the period.
        base: The vector that it is one change away from; empty where it begins a row.
        change: The change.
    """

    id: str
    why: str
    input: dict[str, Any]
    period: tuple[str, str]
    base: str = ""
    change: str = ""

    def as_json(self) -> bytes:
        """The vector's file."""
        value = {
            "id": self.id,
            "requirements": ["RATE-PERIOD-1"],
            "op": "billing.period",
            "base": self.base,
            "change": self.change,
            "input": self.input,
            "expect": {
                "outcome": "ok",
                "reasons": [],
                "period": dict(zip(("start", "end"), self.period, strict=True)),
            },
            "why": self.why,
        }
        return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()

    def but(
        self,
        id: str,  # noqa: A002 - the member's name
        where: str,
        value: Any,
        period: tuple[str, str],
        why: str,
    ) -> PeriodCase:
        """Gives the vector that is one change away."""
        given, change = changed(self.input, where, value)
        return PeriodCase(id, why, given, period, self.id, change)


def asked(zone: str, offsets: Sequence[tuple[str, int]], day: int, at: str) -> dict[str, Any]:
    """The input: an instant, the anchor day, and the offsets of a time zone around them."""
    return {
        "tz_transitions": [{"timeZone": zone, "utc": utc, "offsetS": offset} for utc, offset in offsets],
        "anchor_day": day,
        "at": at,
    }


BERLIN: Final = [
    ("2025-10-26T01:00:00Z", 3600),
    ("2026-03-29T01:00:00Z", 7200),
    ("2026-10-25T01:00:00Z", 3600),
    ("2027-03-28T01:00:00Z", 7200),
]
SANTIAGO: Final = [
    ("2026-04-05T03:00:00Z", -14400),
    ("2026-09-06T04:00:00Z", -10800),
    ("2027-04-04T03:00:00Z", -14400),
]
HAVANA: Final = [
    ("2026-03-08T05:00:00Z", -14400),
    ("2026-11-01T05:00:00Z", -18000),
    ("2027-03-14T05:00:00Z", -14400),
]
OCTOBER: Final = ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z")
NOVEMBER_IN_HAVANA: Final = ("2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z")
IN_BERLIN: Final = PeriodCase(
    "period-of-october-in-berlin",
    "1 October 00:00 at UTC+2 is 30 September 22:00 UTC; 1 November 00:00 at UTC+1 is 31 October 23:00 "
    "UTC: 745 h. The offset of the start does not hold at the end.",
    asked("Europe/Berlin", BERLIN, 1, "2026-10-15T12:00:00Z"),
    OCTOBER,
)
IN_HAVANA: Final = PeriodCase(
    "period-from-a-midnight-shown-twice",
    "At 05:00 UTC the clocks go from 01:00 back to 00:00, so they show midnight at 04:00 and at 05:00 UTC: "
    "the earlier counts. 1 December 00:00 at UTC-5 is 05:00 UTC.",
    asked("America/Havana", HAVANA, 1, "2026-11-15T12:00:00Z"),
    NOVEMBER_IN_HAVANA,
)
IN_SANTIAGO: Final = PeriodCase(
    "period-from-a-midnight-that-is-skipped",
    "At 04:00 UTC the clocks go from 24:00 of 5 September to 01:00 of the 6th: there is no midnight, so "
    "the period begins with the first instant after the gap. 6 October 00:00 at UTC-3 is 03:00 UTC.",
    asked("America/Santiago", SANTIAGO, 6, "2026-09-20T12:00:00Z"),
    ("2026-09-06T04:00:00Z", "2026-10-06T03:00:00Z"),
)
CASES: Final[list[PeriodCase]] = [
    IN_BERLIN,
    IN_BERLIN.but(
        "period-at-its-first-instant",
        "at",
        OCTOBER[0],
        OCTOBER,
        "The start belongs to the period. By the calendar of UTC it is still September.",
    ),
    IN_BERLIN.but(
        "period-before-its-first-instant",
        "at",
        "2026-09-30T21:59:59.999Z",
        ("2026-08-31T22:00:00Z", OCTOBER[0]),
        "One millisecond earlier is 30 September 23:59:59.999 there: the period before, 720 h at UTC+2.",
    ),
    IN_BERLIN.but(
        "period-at-its-end",
        "at",
        OCTOBER[1],
        (OCTOBER[1], "2026-11-30T23:00:00Z"),
        "The end does not belong to the period: it begins the next, 720 h at UTC+1.",
    ),
    IN_BERLIN.but(
        "period-of-march-in-berlin",
        "at",
        "2026-03-15T12:00:00Z",
        ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
        "1 March 00:00 at UTC+1 to 1 April 00:00 at UTC+2: 743 h.",
    ),
    IN_BERLIN.but(
        "period-by-an-anchor-day",
        "anchor_day",
        25,
        ("2026-09-24T22:00:00Z", "2026-10-24T22:00:00Z"),
        "25 September to 25 October, both at UTC+2: the clocks go back three hours after the end. 720 h.",
    ),
    PeriodCase(
        "period-that-ends-in-february",
        "Anchor day 31, 10 February: 31 January 00:00 to the last of February, the 28th, both at UTC+1. "
        "Who lets 31 February run over ends it on 3 March.",
        asked("Europe/Berlin", BERLIN, 31, "2026-02-10T12:00:00Z"),
        ("2026-01-30T23:00:00Z", "2026-02-27T23:00:00Z"),
    ),
    PeriodCase(
        "period-that-begins-in-february",
        "Anchor day 31, 15 March: from 28 February 00:00 at UTC+1 to 31 March 00:00 at UTC+2. The day is "
        "clamped in each month anew, and does not stay the 28th.",
        asked("Europe/Berlin", BERLIN, 31, "2026-03-15T12:00:00Z"),
        ("2026-02-27T23:00:00Z", "2026-03-30T22:00:00Z"),
    ),
    PeriodCase(
        "period-that-ends-on-a-leap-day",
        "Anchor day 30, 10 February 2028: 30 January to 29 February, both at UTC.",
        asked("Etc/UTC", [("2027-01-01T00:00:00Z", 0)], 30, "2028-02-10T12:00:00Z"),
        ("2028-01-30T00:00:00Z", "2028-02-29T00:00:00Z"),
    ),
    IN_SANTIAGO,
    IN_SANTIAGO.but(
        "period-to-a-midnight-that-is-skipped",
        "at",
        "2026-08-20T12:00:00Z",
        ("2026-08-06T04:00:00Z", "2026-09-06T04:00:00Z"),
        "6 August 00:00 at UTC-4 is 04:00 UTC; the end is where the next begins, so that periods leave no "
        "hour out.",
    ),
    IN_HAVANA,
    IN_HAVANA.but(
        "period-between-two-midnights",
        "at",
        "2026-11-01T04:30:00Z",
        NOVEMBER_IN_HAVANA,
        "Half an hour after the earlier midnight and before the later one: already November.",
    ),
    IN_HAVANA.but(
        "period-to-a-midnight-shown-twice",
        "at",
        "2026-10-15T12:00:00Z",
        ("2026-10-01T04:00:00Z", "2026-11-01T04:00:00Z"),
        "October ends at the earlier midnight: 744 h at UTC-4. With the later one an hour would be billed "
        "twice.",
    ),
    PeriodCase(
        "period-where-clocks-move-by-half-an-hour",
        "1 April 00:00 at UTC+11 is 13:00 UTC the day before; 1 May 00:00 at UTC+10:30 is 13:30 UTC: 720.5 "
        "h.",
        asked(
            "Australia/Lord_Howe",
            [
                ("2025-10-04T15:30:00Z", 39600),
                ("2026-04-04T15:00:00Z", 37800),
                ("2026-10-03T15:30:00Z", 39600),
            ],
            1,
            "2026-04-15T12:00:00Z",
        ),
        ("2026-03-31T13:00:00Z", "2026-04-30T13:30:00Z"),
    ),
    PeriodCase(
        "period-from-a-day-that-is-skipped",
        "Samoa left out 30 December 2011: at 10:00 UTC the clocks went from 24:00 of the 29th to 00:00 of "
        "the 31st, from UTC-10 to UTC+14. The period begins with the first instant after the gap; 30 "
        "January 00:00 at UTC+14 is 29 January 10:00 UTC: 720 h.",
        asked(
            "Pacific/Apia",
            [
                ("2011-09-24T14:00:00Z", -36000),
                ("2011-12-30T10:00:00Z", 50400),
                ("2012-03-31T14:00:00Z", 46800),
            ],
            30,
            "2012-01-15T12:00:00Z",
        ),
        ("2011-12-30T10:00:00Z", "2012-01-29T10:00:00Z"),
    ),
]
