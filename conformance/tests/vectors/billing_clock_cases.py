"""Windows across a change of the clocks: in Berlin, on Lord Howe, in New York and in Santiago."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from conformance.tests.vectors.billing_cases import Case, Value, gpu, held, plan, use
from conformance.tests.vectors.billing_lines import Line
from conformance.tests.vectors.billing_window_cases import BERLIN, BERLIN_OFFSETS, hours, only, window

SPRING: Final = ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")
SPRING_OFFSETS: Final = [("2026-02-27T23:00:00Z", 3600), ("2026-03-29T01:00:00Z", 7200)]


def clocks(
    name: str,
    zone: str,
    currency: str,
    period: tuple[str, str],
    offsets: Sequence[tuple[str, int]],
    of: Value,
    used: tuple[str, str],
    lines: Sequence[Line],
    net: str,
    why: str,
) -> Case:
    """One unit held across a change of the clocks, under a window and else at 2.99 an hour."""
    prices = plan(of, gpu(), currency=currency, zone=zone)
    given = use(prices, held("1", *used), period=period, offsets=offsets)
    return Case(name, ["RATE-WINDOW-1", "RATE-CUT-1"], why, given, lines, net)


CASES: Final[list[Case]] = [
    clocks(
        "window-that-lasts-two-hours",
        "Europe/Berlin",
        "EUR",
        BERLIN,
        BERLIN_OFFSETS,
        window("02:00", "03:00"),
        ("2026-10-24T22:00:00Z", "2026-10-25T04:00:00Z"),
        [hours("window", "2", "1", "2"), hours("gpu", "4", "2.99", "11.96")],
        "13.96",
        "From 00:00 to 05:00 local time are 6 h: at 01:00 UTC the clocks go from 03:00 back to 02:00. 02:00 "
        "to 03:00 is shown from 00:00 to 02:00 UTC: 2 h x 1 = 2.00; 4 h x 2.99 = 11.96. A window converted "
        "to UTC lasts one hour: 1.00 + 14.95 = 15.95.",
    ),
    clocks(
        "window-that-is-skipped",
        "Europe/Berlin",
        "EUR",
        SPRING,
        SPRING_OFFSETS,
        window("02:00", "03:00"),
        ("2026-03-28T23:00:00Z", "2026-03-29T03:00:00Z"),
        [hours("gpu", "4", "2.99", "11.96")],
        "11.96",
        "From 00:00 to 05:00 local time are 4 h: at 01:00 UTC the clocks go from 02:00 to 03:00, so no "
        "instant shows a time in the window: 4 x 2.99 = 11.96. Converted to UTC the window would last an "
        "hour: 9.97.",
    ),
    clocks(
        "window-of-a-repeated-half-hour",
        "Australia/Lord_Howe",
        "AUD",
        ("2026-03-31T13:00:00Z", "2026-04-30T13:30:00Z"),
        [("2026-03-30T13:00:00Z", 39600), ("2026-04-04T15:00:00Z", 37800)],
        window("01:30", "02:00"),
        ("2026-04-04T13:00:00Z", "2026-04-04T17:00:00Z"),
        [hours("window", "1", "1", "1"), hours("gpu", "3", "2.99", "8.97")],
        "9.97",
        "At 15:00 UTC the clocks go from 02:00 back to 01:30. 01:30 to 02:00 is shown from 14:30 to 15:30 "
        "UTC: 1 h x 1 = 1.00; the other 3 h x 2.99 = 8.97. Once only, it is half an hour: 0.50 + 10.465.",
    ),
    clocks(
        "window-that-new-york-repeats",
        "America/New_York",
        "USD",
        ("2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z"),
        [("2026-10-31T04:00:00Z", -14400), ("2026-11-01T06:00:00Z", -18000)],
        window("01:00", "02:00"),
        ("2026-11-01T04:00:00Z", "2026-11-01T08:00:00Z"),
        [hours("window", "2", "1", "2"), hours("gpu", "2", "2.99", "5.98")],
        "7.98",
        "At 06:00 UTC the clocks go from 02:00 back to 01:00: the window is shown from 05:00 to 07:00 UTC, "
        "2 h x 1 = 2.00, and 2 h x 2.99 = 5.98.",
    ),
    clocks(
        "window-over-a-midnight-that-is-skipped",
        "America/Santiago",
        "USD",
        ("2026-09-01T04:00:00Z", "2026-10-01T03:00:00Z"),
        [("2026-08-31T04:00:00Z", -14400), ("2026-09-06T04:00:00Z", -10800)],
        window("23:00", "01:00", days=["sat"]),
        ("2026-09-06T02:00:00Z", "2026-09-06T06:00:00Z"),
        [hours("window", "1", "1", "1"), hours("gpu", "3", "2.99", "8.97")],
        "9.97",
        "At 04:00 UTC the clocks go from 24:00 on Saturday 5 September to 01:00 on Sunday. Of 23:00 to "
        "01:00 only 03:00 to 04:00 UTC is shown: 1 h x 1 = 1.00; 22:00 to 23:00 and 01:00 to 03:00 are 3 h "
        "x 2.99 = 8.97.",
    ),
    clocks(
        "day-of-25-hours",
        "Asia/Beirut",
        "USD",
        ("2026-09-30T21:00:00Z", "2026-10-31T22:00:00Z"),
        [("2026-09-29T21:00:00Z", 10800), ("2026-10-24T21:00:00Z", 7200)],
        window("23:00", "24:00", days=["sat"]),
        ("2026-10-24T18:00:00Z", "2026-10-24T23:00:00Z"),
        [hours("window", "2", "1", "2"), hours("gpu", "3", "2.99", "8.97")],
        "10.97",
        "At 21:00 UTC the clocks go from 24:00 on Saturday back to 23:00: the last hour of Saturday is "
        "shown from 20:00 to 22:00 UTC, 2 h x 1 = 2.00; 3 h x 2.99 = 8.97. By the calendar alone the second "
        "is Sunday's.",
    ),
    clocks(
        "date-that-begins-after-a-skipped-midnight",
        "America/Santiago",
        "USD",
        ("2026-09-01T04:00:00Z", "2026-10-01T03:00:00Z"),
        [("2026-08-31T04:00:00Z", -14400), ("2026-09-06T04:00:00Z", -10800)],
        only("window", "1", localDates=["2026-09-06"]),
        ("2026-09-06T02:00:00Z", "2026-09-07T04:00:00Z"),
        [hours("window", "23", "1", "23"), hours("gpu", "3", "2.99", "8.97")],
        "31.97",
        "6 September begins at 01:00, 04:00 UTC, and ends at 03:00 UTC of the 7th: 23 h x 1 = 23.00; two "
        "hours before and one after it x 2.99 = 8.97. By one offset for the whole day it lasts 24 h.",
    ),
]
