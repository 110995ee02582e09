"""Windows of local time, days and dates: when a component applies."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.billing_cases import (
    AT_TWO,
    Case,
    Value,
    counted,
    gpu,
    held,
    plan,
    tokens,
    use,
)
from conformance.tests.vectors.billing_lines import Line
from conformance.tests.vectors.one_change import GONE

BERLIN: Final = ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z")
BERLIN_OFFSETS: Final = [("2026-09-29T22:00:00Z", 7200), ("2026-10-25T01:00:00Z", 3600)]


def only(identifier: str, price: str, **restrictions: Any) -> Value:
    """Units held at another price by the hour, under restrictions."""
    return gpu(price) | {"id": identifier, "restrictions": restrictions}


def window(start: str, end: str, **further: Any) -> Value:
    """Units held within a window of local time, at 1 an hour."""
    return only("window", "1", localStart=start, localEnd=end, **further)


def hours(identifier: str, count: str, price: str, amount: str) -> Line:
    """A line of so many hours of one unit; `exact` is price times hours."""
    seconds = str(int(float(count) * 3600))
    return Line(identifier, 1, seconds, amount, f"{float(amount):.2f}")


NIGHT: Final = Case(
    "window-over-midnight",
    ["RATE-WINDOW-1", "RATE-COMPONENT-1"],
    "Held from Thursday 20:00 to Saturday 08:00, 36 h. 22:00 to 06:00 goes on over midnight: 8 h in the "
    "night to Friday, 8 h in the night to Saturday: 16 h x 1 = 16.00; 20 h x 2.99 = 59.80. A test of start "
    "<= t < end holds never.",
    use(
        plan(window("22:00", "06:00"), gpu()),
        held("1", "2026-03-12T20:00:00Z", "2026-03-14T08:00:00Z"),
    ),
    [hours("window", "16", "1", "16"), hours("gpu", "20", "2.99", "59.8")],
    "75.80",
)
COUNT: Final = Case(
    "count-up-to-a-window",
    ["RATE-CUT-2", "RATE-WINDOW-1"],
    "The count from 01:00 to 02:00 ends as the window begins: 7 x 1 = 7.00, and 5 x 0.5 = 2.50 within it.",
    use(
        plan(
            tokens("0.5") | {"id": "night", "restrictions": {"localStart": "02:00", "localEnd": "03:00"}},
            tokens("1"),
        ),
        counted("7"),
        counted("5", AT_TWO, "2026-03-10T03:00:00Z", 2),
    ),
    [Line("night", 1, "5", "2.5", "2.50"), Line("tokens", 1, "7", "7", "7.00")],
    "9.50",
)
SATURDAYS: Final = Case(
    "count-up-to-a-window-of-another-day",
    ["RATE-CUT-2", "RATE-CUT-1"],
    "The window from 02:00 to 03:00 is cheaper on Saturdays; on Tuesday the count ends as it begins: 7 x 1 "
    "= 7.00.",
    use(
        plan(
            tokens("0.5")
            | {"id": "night", "restrictions": {"localStart": "02:00", "localEnd": "03:00", "days": ["sat"]}},
            tokens("1"),
        ),
        counted("7"),
    ),
    [Line("tokens", 1, "7", "7", "7.00")],
    "7.00",
)
DATES: Final = Case(
    "dates-of-the-place",
    ["RATE-WINDOW-1", "RATE-CUT-1"],
    "In Tokyo, UTC+9, 20 March lasts from 19 March 15:00 to 20 March 15:00 UTC. Held from 12:00 to 18:00 UTC "
    "of the 19th: 3 h x 2.99 = 8.97 before it and 3 h x 1 = 3.00 on it. By the date of UTC none is on it.",
    use(
        plan(only("holiday", "1", localDates=["2026-03-20"]), gpu(), zone="Asia/Tokyo"),
        held("1", "2026-03-19T12:00:00Z", "2026-03-19T18:00:00Z"),
        period=("2026-02-28T15:00:00Z", "2026-03-31T15:00:00Z"),
        offsets=[("2026-02-27T15:00:00Z", 32400)],
    ),
    [hours("holiday", "3", "1", "3"), hours("gpu", "3", "2.99", "8.97")],
    "11.97",
)
RESTRICTIONS: Final = "plan.components[0].restrictions"
CASES: Final[list[Case]] = [
    NIGHT,
    NIGHT.but(
        "days-after-midnight",
        "RATE-WINDOW-1",
        f"{RESTRICTIONS}.days",
        ["fri"],
        [hours("window", "8", "1", "8"), hours("gpu", "28", "2.99", "83.72")],
        "91.72",
        "The day is that of each instant: on Friday 00:00 to 06:00 and 22:00 to 24:00, 8 h x 1 = 8.00; 28 h "
        "x 2.99 = 83.72. Who takes the day on which the window began bills the night to Saturday as one.",
    ),
    NIGHT.but(
        "window-up-to-midnight",
        "RATE-WINDOW-1",
        f"{RESTRICTIONS}.localEnd",
        "24:00",
        [hours("window", "4", "1", "4"), hours("gpu", "32", "2.99", "95.68")],
        "99.68",
        "22:00 to 24:00 on Thursday and Friday: 4 h x 1 = 4.00; 32 h x 2.99 = 95.68. 24:00 is the end of the "
        "day, not 00:00 of the same.",
    ),
    NIGHT.but(
        "window-without-a-start",
        "RATE-WINDOW-1",
        RESTRICTIONS,
        {"localEnd": "06:00"},
        [hours("window", "12", "1", "12"), hours("gpu", "24", "2.99", "71.76")],
        "83.76",
        "Without a start a window begins at 00:00: 6 h on Friday and 6 h on Saturday: 12.00; 24 h x 2.99 = "
        "71.76.",
    ),
    NIGHT.but(
        "use-outside-every-window",
        "RATE-UNPRICED-1 RATE-COMPONENT-1",
        "plan.components[1]",
        GONE,
        [hours("window", "16", "1", "16"), Line("compute-unit:unit", 0, "72000", "0", "0.00")],
        "16.00",
        "16 h x 1 = 16.00. In the other 20 h no restriction holds: 72000 unit-seconds at 0, since a TIME "
        "component has the dimension and unit.",
    ),
    NIGHT.refused(
        "offsets-that-are-not-reached",
        "RATE-ZONE-1",
        "SCHEMA",
        "tz_transitions[0].utc",
        "2026-03-13T00:00:00Z",
        "The use begins on 12 March, before the first offset that is stated: a local time there would be a "
        "guess.",
    ),
    NIGHT.refused(
        "window-that-ends-where-it-begins",
        "PRICE-WINDOW-1",
        "SCHEMA",
        f"{RESTRICTIONS}.localEnd",
        "22:00",
        "One reader takes it for never, another for the whole day.",
    ),
    COUNT,
    COUNT.refused(
        "count-across-a-window",
        "RATE-CUT-2 RATE-CUT-1",
        "CUT_REQUIRED",
        f"{RESTRICTIONS}.localStart",
        "01:59",
        "The window begins a minute before the count ends: how much of it lies within cannot be told.",
    ),
    SATURDAYS,
    SATURDAYS.refused(
        "count-across-a-window-of-another-day",
        "RATE-CUT-1 RATE-CUT-2",
        "CUT_REQUIRED",
        "records[0].end",
        "2026-03-10T02:00:00.001Z",
        "Each restriction is looked at by itself: at 02:00 the window begins to hold, though it is Tuesday "
        "and the price would be the same. A cut that depends on the others would depend on what they become.",
    ),
    Case(
        "count-across-a-change-of-the-clocks",
        ["RATE-CUT-1", "RATE-CUT-2"],
        "From 00:30 to 01:30 UTC the clocks show 02:30 to 03:00 and 02:00 to 02:30: the window holds "
        "throughout, and that the clocks change cuts nothing. 7 x 0.5 = 3.50.",
        use(
            plan(
                tokens("0.5") | {"restrictions": {"localStart": "02:00", "localEnd": "03:00"}},
                zone="Europe/Berlin",
            ),
            counted("7", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
            period=BERLIN,
            offsets=BERLIN_OFFSETS,
        ),
        [Line("tokens", 1, "7", "3.5", "3.50")],
        "3.50",
    ),
    DATES,
    DATES.but(
        "dates-that-fall-on-a-day",
        "RATE-WINDOW-1 RATE-RESTRICTION-1",
        RESTRICTIONS,
        {"localDates": ["2026-03-19", "2026-03-20"], "days": ["thu"]},
        [hours("holiday", "3", "1", "3"), hours("gpu", "3", "2.99", "8.97")],
        "11.97",
        "Both must hold: of the two dates only the 19th is a Thursday, and it ends at 15:00 UTC. 3 h x 1 = "
        "3.00, 3 h x 2.99 = 8.97. With either alone all 6 h, or other hours, would be cheap.",
    ),
    DATES.but(
        "date-a-day-after-the-plan",
        "PRICE-WINDOW-1",
        "plan.effectiveEnd",
        "2026-03-19T18:00:00Z",
        [hours("holiday", "3", "1", "3"), hours("gpu", "3", "2.99", "8.97")],
        "11.97",
        "The plan ends on 19 March by UTC and on the 20th in Tokyo. A reader without a time zone database "
        "allows a day on both sides; the plan holds until 18:00, as does the use.",
    ),
    DATES.refused(
        "dates-that-never-fall",
        "PRICE-WINDOW-1",
        "SCHEMA",
        f"{RESTRICTIONS}.days",
        ["mon"],
        "20 March 2026 is a Friday: the restrictions never hold, so the price was misspelt.",
    ),
    DATES.refused(
        "date-before-the-plan",
        "PRICE-WINDOW-1",
        "SCHEMA",
        f"{RESTRICTIONS}.localDates",
        ["2025-12-30"],
        "The plan applies from 1 January; 31 December would still be a day to spare.",
    ),
]
