"""Prices by the month, and levels that are held."""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.billing_cases import (
    MARCH,
    Case,
    component,
    counted,
    event,
    gpu,
    held,
    plan,
    tokens,
    use,
)
from conformance.tests.vectors.billing_lines import Line

FEBRUARY: Final = ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")
OCTOBER: Final = ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z")
STORED: Final = "storage:gibibyte"
MONTHLY: Final = gpu("100", "1") | {"timeUnit": "month"}


MONTH: Final = Case(
    "month-of-february",
    ["RATE-MONTH-1", "PRICE-MONTH-1"],
    "8 units for all of February: 8 x 1 month x 100 = 800.00, as in a month of 31 days. By a month of 730 h "
    "it is 672/730 x 800 = 736.44.",
    use(plan(MONTHLY), held("8", *FEBRUARY), period=FEBRUARY, offsets=[("2026-01-31T00:00:00Z", 0)]),
    [Line("gpu", 1, "8", "800", "800.00")],
    "800.00",
)
TEN_DAYS: Final = Case(
    "ten-days-of-a-month",
    ["RATE-MONTH-1", "RATE-EXACT-1"],
    "1 unit for 10 of the 31 days of March: 10/31 month x 100 = 1000/31 = 32.258...: 32.26. By 30 days it is "
    "33.33.",
    use(plan(MONTHLY), held("1", MARCH[0], "2026-03-11T00:00:00Z")),
    [Line("gpu", 1, "10/31", "1000/31", "32.26")],
    "32.26",
)
CLOSED: Final = use(
    plan(MONTHLY),
    held("1", MARCH[0], "2026-03-11T00:00:00Z"),
    period=(MARCH[0], "2026-03-11T00:00:00Z"),
    events=[event("ACTIVATED", MARCH[0]), event("TERMINATED", "2026-03-11T00:00:00Z")],
    whole_period={"start": MARCH[0], "end": MARCH[1]},
)
LEVEL: Final = Case(
    "level-above-what-is-leased",
    ["RATE-QUANTITY-1", "RATE-SUM-1", "PRICE-KIND-1"],
    "1000 GiB stored for an hour: 3600000 GiB-seconds x 0.0001 / 3600 = 0.10. A level is not bounded by the "
    "8 units that are leased.",
    use(plan(component("stored", "GAUGE_TIME", STORED, "3600", "0.0001")), counted("1000", of=STORED)),
    [Line("stored", 1, "3600000", "0.1", "0.10")],
    "0.10",
)
CASES: Final[list[Case]] = [
    MONTH,
    Case(
        "month-of-745-hours",
        ["RATE-MONTH-1"],
        "8 units for all of October in Berlin, 745 h: 8 x 1 month x 100 = 800.00. Per 744 h it is 801.08.",
        use(
            plan(MONTHLY, zone="Europe/Berlin"),
            held("8", *OCTOBER),
            period=OCTOBER,
            offsets=[("2026-09-29T22:00:00Z", 7200), ("2026-10-25T01:00:00Z", 3600)],
        ),
        [Line("gpu", 1, "8", "800", "800.00")],
        "800.00",
    ),
    TEN_DAYS,
    Case(
        "month-that-is-closed-early",
        ["RATE-MONTH-1", "RATE-PERIOD-1"],
        "Released on 11 March: the bill ends there, and still 10 of the 31 days are 10/31 month: 32.26. As a "
        "share of the bill's own period it is a whole month: 100.00.",
        CLOSED,
        [Line("gpu", 1, "10/31", "1000/31", "32.26")],
        "32.26",
    ),
    TEN_DAYS.refused(
        "time-unit-of-a-count",
        "PRICE-MONTH-1",
        "SCHEMA",
        "plan.components[1]",
        tokens("1") | {"timeUnit": "month"},
        "A count has no time that could be counted in months.",
    ),
    TEN_DAYS.refused(
        "two-time-units-of-one-unit",
        "PRICE-MONTH-1",
        "SCHEMA",
        "plan.components[1]",
        gpu() | {"id": "hourly"},
        "One record would be a share of the month and a number of seconds.",
    ),
    LEVEL,
    LEVEL.refused(
        "units-above-what-is-leased",
        "RATE-QUANTITY-1",
        "USAGE_OUT_OF_BOUNDS",
        "plan.components[0].kind",
        "COMPONENT_KIND_TIME",
        "Held as units, 1000 are more than the 8 that are leased.",
    ),
    LEVEL.but(
        "level-across-the-end-of-the-plan",
        "RATE-SPLIT-1 RATE-UNPRICED-1",
        "plan.effectiveEnd",
        "2026-03-10T01:30:00Z",
        [
            Line("stored", 1, "1800000", "0.05", "0.05"),
            Line(STORED, 0, "1800000", "0", "0.00"),
        ],
        "0.05",
        "A level is held, so it is split where the plan ends, not refused: half an hour is 0.05; the other "
        "half is listed in GiB-seconds.",
    ),
]
