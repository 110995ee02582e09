"""Time: units held, periods of every length, cuts, and what may be claimed."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.billing_cases import (
    AT_ONE,
    AT_THREE,
    AT_TWO,
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
from conformance.tests.vectors.billing_lines import LEASE, Line
from conformance.tests.vectors.one_change import GONE

GPU_HOUR: Final = plan(gpu())
ONE_HOUR: Final = Line("gpu", 1, "3600", "2.99", "2.99")
SECOND: Final = {"repeat": {"count": 3600, "step_ms": 1000, "record": held(end="2026-03-10T01:00:01Z")}}

HOUR: Final = Case(
    "hour-of-one-unit",
    ["RATE-AMOUNT-1", "RATE-TOTAL-1", "RATE-COMPONENT-1", "RATE-DIGEST-1"],
    "1 unit x 3600 s = 3600 unit-seconds; 3600 x 2.99 / 3600 = 2.99. The plainest bill there is.",
    use(GPU_HOUR, held()),
    [ONE_HOUR],
    "2.99",
)
TWO_METERS: Final = Case(
    "two-meters-hold-all-units",
    ["RATE-QUANTITY-1", "RATE-SUM-1"],
    "Meters a and b hold 4 units each at once: 8, as many as are leased. 2 x 4 x 3600 = 28800 "
    "unit-seconds; 28800 x 2.99 / 3600 = 8 x 2.99 = 23.92. A check with >= refuses a lease that is fully "
    "used.",
    use(GPU_HOUR, held("4", meterId="a"), held("4", meterId="b")),
    [Line("gpu", 1, "28800", "23.92", "23.92")],
    "23.92",
)
WITHIN: Final = Case(
    "count-up-to-the-end-of-the-period",
    ["RATE-CUT-2"],
    "The record ends as the period ends; the end is exclusive, so it lies within. 7 x 1 = 7.00. A check "
    "with >= refuses the last reading of every month.",
    use(plan(tokens("1")), counted("7", "2026-03-31T23:00:00Z", "2026-04-01T00:00:00Z")),
    [Line("tokens", 1, "7", "7", "7.00")],
    "7.00",
)
ENDS: Final = Case(
    "plan-ends-within-the-use",
    ["RATE-CUT-1", "RATE-COMPONENT-1", "RATE-UNPRICED-1", "RATE-SPLIT-1"],
    "The plan ends at 02:00, the record runs from 01:00 to 03:00. First part: 3600 x 2.99 / 3600 = 2.99. "
    "The second is listed: 3600 unit-seconds, since a TIME component has that dimension and unit, at 0.",
    use(plan(gpu(), effectiveEnd=AT_TWO), held(end=AT_THREE)),
    [Line("compute-unit:unit", 0, "3600", "0", "0.00"), ONE_HOUR],
    "2.99",
)
TERMINATED: Final = Case(
    "use-until-termination",
    ["RATE-ACTIVE-1"],
    "The lease ends at 02:00, where the record ends; the end is exclusive: 3600 x 2.99 / 3600 = 2.99.",
    use(GPU_HOUR, held(), events=[event("ACTIVATED", AT_ONE), event("TERMINATED", AT_TWO)]),
    [ONE_HOUR],
    "2.99",
)


def whole_period(
    name: str,
    zone: str,
    currency: str,
    period: tuple[str, str],
    offsets: list[tuple[str, int]],
    hours: str,
    line: tuple[str, str],
    why: str,
) -> Case:
    """Eight units held throughout a period."""
    amount, exact = line
    seconds = 8 * round(float(hours) * 3600)
    return Case(
        name,
        ["RATE-SUM-1", "RATE-AMOUNT-1", "RATE-EXACT-1"],
        f"{hours} h x 3600 s x 8 units = {seconds} unit-seconds; {hours} x 8 x 2.99 = {exact}. {why}",
        use(plan(gpu(), currency=currency, zone=zone), held("8", *period), period=period, offsets=offsets),
        [Line("gpu", 1, str(seconds), exact, amount)],
        amount,
    )


PERIODS: Final = [
    whole_period(
        "berlin-october-of-745-hours",
        "Europe/Berlin",
        "EUR",
        ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
        [("2026-09-29T22:00:00Z", 7200), ("2026-10-25T01:00:00Z", 3600)],
        "745",
        ("17820.40", "17820.4"),
        "A month of 744 h gives 17796.48; a price a second of nine digits, 0.000830556, gives 17820.41.",
    ),
    whole_period(
        "berlin-march-of-743-hours",
        "Europe/Berlin",
        "EUR",
        ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
        [("2026-02-27T23:00:00Z", 3600), ("2026-03-29T01:00:00Z", 7200)],
        "743",
        ("17772.56", "17772.56"),
        "An hour is skipped: a month of 744 h gives 17796.48.",
    ),
    whole_period(
        "new-york-november-of-721-hours",
        "America/New_York",
        "USD",
        ("2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z"),
        [("2026-10-31T04:00:00Z", -14400), ("2026-11-01T06:00:00Z", -18000)],
        "721",
        ("17246.32", "17246.32"),
        "The clocks go back on the first day itself, two hours after the period began.",
    ),
    whole_period(
        "lord-howe-april-of-720-and-a-half-hours",
        "Australia/Lord_Howe",
        "AUD",
        ("2026-03-31T13:00:00Z", "2026-04-30T13:30:00Z"),
        [("2026-03-30T13:00:00Z", 39600), ("2026-04-04T15:00:00Z", 37800)],
        "720.5",
        ("17234.36", "17234.36"),
        "Here the clocks go back by half an hour; who counts whole hours bills 720 or 721.",
    ),
    whole_period(
        "santiago-period-from-a-skipped-midnight",
        "America/Santiago",
        "USD",
        ("2026-09-06T04:00:00Z", "2026-10-06T03:00:00Z"),
        [("2026-09-05T04:00:00Z", -14400), ("2026-09-06T04:00:00Z", -10800)],
        "719",
        ("17198.48", "17198.48"),
        "The clocks skip midnight of 6 September: the period begins at 01:00, the first instant after the "
        "gap.",
    ),
    whole_period(
        "havana-period-from-the-earlier-midnight",
        "America/Havana",
        "USD",
        ("2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z"),
        [("2026-10-31T04:00:00Z", -14400), ("2026-11-01T05:00:00Z", -18000)],
        "721",
        ("17246.32", "17246.32"),
        "The clocks show midnight of 1 November twice: the earlier one begins the period.",
    ),
]


def _accepted() -> list[Case]:
    across = use(GPU_HOUR, held(start="2026-02-28T22:00:00Z", end="2026-03-01T01:00:00Z"))
    across["service_events"] = [event("ACTIVATED", "2026-02-28T22:00:00Z")]
    outside = use(plan(tokens("1")), counted("7", "2026-02-28T22:00:00Z", MARCH[0]), counted("3", seq=2))
    outside["service_events"] = [event("ACTIVATED", "2026-02-28T22:00:00Z")]
    ended = use(GPU_HOUR, held(), events=[event("ACTIVATED", AT_ONE), event("TERMINATED", AT_THREE)])
    ended["lease"]["interval"] = {"start": AT_ONE, "end": AT_TWO}
    begun = use(GPU_HOUR, held(), events=[event("ACTIVATED", "2026-03-10T00:30:00Z")])
    begun["lease"]["interval"] = {"start": AT_ONE, "end": AT_TWO}
    terminated_late = Case(
        "terminated-after-the-end-of-the-lease",
        ["RATE-ACTIVE-1"],
        "TERMINATED comes at 03:00, the lease ended at 02:00, where the record ends: 3600 x 2.99 / 3600 = "
        "2.99.",
        ended,
        [ONE_HOUR],
        "2.99",
    )
    activated_early = Case(
        "activated-before-the-start-of-the-lease",
        ["RATE-ACTIVE-1"],
        "ACTIVATED at 00:30, the lease begins at 01:00, where the record begins: 3600 x 2.99 / 3600 = 2.99.",
        begun,
        [ONE_HOUR],
        "2.99",
    )
    return [
        terminated_late,
        terminated_late.refused(
            "use-between-end-and-termination",
            "RATE-ACTIVE-1",
            "USAGE_OUT_OF_BOUNDS",
            "records[0].end",
            "2026-03-10T02:00:00.001Z",
            "The active time is cut to the lease's interval: what a provider leaves running is not sold.",
        ),
        activated_early,
        activated_early.refused(
            "use-between-activation-and-start",
            "RATE-ACTIVE-1",
            "USAGE_OUT_OF_BOUNDS",
            "records[0].start",
            "2026-03-10T00:59:59.999Z",
            "Delivered early is a courtesy: the lease, and so the bill, begins at 01:00.",
        ),
        Case(
            "hour-of-one-second-records",
            ["RATE-SUM-1", "RATE-ROUND-1", "RATE-DIGEST-1"],
            "3600 records of 1 s: 3600 unit-seconds x 2.99 / 3600 = 2.99. One second costs 0.00083: who "
            "rounds each record bills 0.00. The digest is that of hour-of-one-unit.",
            use(GPU_HOUR, SECOND),
            [ONE_HOUR],
            "2.99",
        ),
        Case(
            "two-meters-are-one-sum",
            ["RATE-SUM-1", "RATE-ROUND-1"],
            "Two meters of 20 minutes: 2 x 1200 = 2400; 2400 x 2.99 / 3600 = 1.99333... = 299/150, so "
            "1.99. A line for each meter would be 1.00 + 1.00.",
            use(GPU_HOUR, *(held(end="2026-03-10T01:20:00Z", meterId=meter) for meter in "ab")),
            [Line("gpu", 1, "2400", "299/150", "1.99")],
            "1.99",
        ),
        Case(
            "half-a-unit-for-a-millisecond",
            ["RATE-SUM-1", "RATE-EXACT-1"],
            "0.5 x 1 ms = 0.0005 unit-seconds; at 1000 a second 0.5 = 0.50. Whole seconds would make it "
            "nothing.",
            use(plan(gpu("1000", "1")), held("0.5", end="2026-03-10T01:00:00.001Z")),
            [Line("gpu", 1, "1/2000", "1/2", "0.50")],
            "0.50",
        ),
        Case(
            "use-across-the-start-of-the-period",
            ["RATE-SPLIT-1", "RATE-CUT-1"],
            "Of the record from 22:00 to 01:00 one hour lies in March: 3600 x 2.99 / 3600 = 2.99. The two "
            "before it belong to another bill, and are no unpriced use either.",
            across,
            [ONE_HOUR],
            "2.99",
        ),
        Case(
            "count-of-the-period-before",
            ["RATE-SPLIT-1"],
            "The first record ends as the period begins: another bill. The second: 3 x 1 = 3.00.",
            outside,
            [Line("tokens", 1, "3", "3", "3.00")],
            "3.00",
        ),
        Case(
            "count-of-the-period-after",
            ["RATE-SPLIT-1", "USAGE-INTERVAL-1"],
            "The second record is of the instant at which the period ends; the end is exclusive, so it "
            "belongs to the next bill. 3 x 1 = 3.00.",
            use(plan(tokens("1")), counted("3"), counted("4", MARCH[1], MARCH[1], 2)),
            [Line("tokens", 1, "3", "3", "3.00")],
            "3.00",
        ),
        Case(
            "count-of-an-instant-within-another",
            ["RATE-OVERLAP-1"],
            "One count from 01:00 to 02:00 and one of the instant 01:30: an instant overlaps nothing. 2 + "
            "3 = 5.00.",
            use(
                plan(tokens("1")),
                counted("2"),
                counted("3", "2026-03-10T01:30:00Z", "2026-03-10T01:30:00Z", 2),
            ),
            [Line("tokens", 1, "5", "5", "5.00")],
            "5.00",
        ),
        Case(
            "count-of-an-instant",
            ["USAGE-INTERVAL-1", "RATE-OVERLAP-1"],
            "Two counted events at one instant: they have no length, so they overlap nothing. 2 + 3 = 5; 5 "
            "x 1 = 5.00.",
            use(plan(tokens("1")), counted("2", AT_ONE, AT_ONE), counted("3", AT_ONE, AT_ONE, 2)),
            [Line("tokens", 1, "5", "5", "5.00")],
            "5.00",
        ),
        Case(
            "never-activated-never-used",
            ["RATE-ACTIVE-1", "RATE-ZERO-1", "RATE-TOTAL-1"],
            "No ACTIVATED, no records: no lines, and their sum is 0.00, with the digits of the currency.",
            use(GPU_HOUR, events=[]),
            [],
            "0.00",
        ),
        Case(
            "first-component-wins",
            ["RATE-COMPONENT-1"],
            "Two components price the same dimension and unit: the first in the list does. 3600 x 2.99 / "
            "3600 = 2.99. The cheaper or the last would be 1.00, both together 3.99.",
            use(plan(gpu(), component("cheap", "TIME", "compute-unit:unit", "3600", "1")), held()),
            [ONE_HOUR],
            "2.99",
        ),
        Case(
            "use-that-nothing-prices",
            ["RATE-UNPRICED-1", "PRICE-DIMENSION-1"],
            "No component has dimension memory: 64 is listed as stated, at 0, not multiplied by seconds "
            "and not lost. The unit of time is 2.99.",
            use(GPU_HOUR, held(), counted("64", of="memory:gibibyte")),
            [ONE_HOUR, Line("memory:gibibyte", 0, "64", "0", "0.00")],
            "2.99",
        ),
        Case(
            "units-are-compared-byte-for-byte",
            ["PRICE-DIMENSION-1", "RATE-UNPRICED-1"],
            "The plan prices gibibyte, the record counts gigabyte: 10 unpriced, 0.00. Who converts or "
            "ignores units bills.",
            use(
                plan(component("egress", "COUNT", "egress:gibibyte", "1", "0.09")),
                counted("10", of="egress:gigabyte"),
            ),
            [Line("egress:gigabyte", 0, "10", "0", "0.00")],
            "0.00",
        ),
        Case(
            "idle-time-makes-no-line",
            ["RATE-ZERO-1"],
            "0 units x 3600 s = 0: no line. The net total is 0.00.",
            use(GPU_HOUR, held("0")),
            [],
            "0.00",
        ),
        Case(
            "plan-begins-within-the-use",
            ["RATE-CUT-1", "RATE-UNPRICED-1"],
            "The plan begins at 02:00: 3600 unit-seconds before it are unpriced, the 3600 after it cost "
            "2.99.",
            use(plan(gpu()) | {"effectiveStart": AT_TWO}, held(end=AT_THREE)),
            [Line("compute-unit:unit", 0, "3600", "0", "0.00"), ONE_HOUR],
            "2.99",
        ),
    ]


def _refused() -> list[Case]:
    late = "2026-03-31T23:59:59.999Z"
    count_of_the_plan = Case(
        "count-up-to-the-end-of-the-plan",
        ["RATE-CUT-2"],
        "The count ends as the plan ends: 7 x 1 = 7.00.",
        use(plan(tokens("1"), effectiveEnd=AT_TWO), counted("7")),
        [Line("tokens", 1, "7", "7", "7.00")],
        "7.00",
    )
    memory = Case(
        "unpriced-count-within-the-period",
        ["RATE-UNPRICED-1"],
        "No component prices memory; the count lies within the period: 64 at 0.",
        use(GPU_HOUR, counted("64", late, MARCH[1], of="memory:gibibyte")),
        [Line("memory:gibibyte", 0, "64", "0", "0.00")],
        "0.00",
    )
    end: Any = "records[0].end"
    return [
        WITHIN.refused(
            "count-across-the-end-of-the-period",
            "RATE-CUT-2",
            "CUT_REQUIRED",
            end,
            "2026-04-01T00:00:00.001Z",
            "How much of a count lies on either side of a cut cannot be told; who divides it by time "
            "invents usage.",
        ),
        count_of_the_plan,
        count_of_the_plan.refused(
            "count-across-the-end-of-the-plan",
            "RATE-CUT-2",
            "CUT_REQUIRED",
            end,
            "2026-03-10T02:00:00.001Z",
            "The end of the plan is a cut too; who cuts at periods alone bills use after the plan ended.",
        ),
        memory,
        memory.refused(
            "unpriced-count-across-the-end-of-the-period",
            "RATE-CUT-2",
            "CUT_REQUIRED",
            end,
            "2026-04-01T00:00:00.001Z",
            "Any record that no TIME component prices is refused across a cut, the unpriced too.",
        ),
        TWO_METERS.refused(
            "more-units-than-leased",
            "RATE-QUANTITY-1",
            "USAGE_OUT_OF_BOUNDS",
            "records[1].quantity",
            "4.000000000001",
            "4 + 4.000000000001 units at once are more than 8. Each meter alone claims less, so both must "
            "be added.",
        ),
        TERMINATED.refused(
            "use-after-termination",
            "RATE-ACTIVE-1",
            "USAGE_OUT_OF_BOUNDS",
            end,
            "2026-03-10T02:00:00.001Z",
            "One millisecond after TERMINATED. Refuse it; cutting it silently hides a wrong meter.",
        ),
        TERMINATED.refused(
            "use-before-activation",
            "RATE-ACTIVE-1",
            "USAGE_OUT_OF_BOUNDS",
            "records[0].start",
            "2026-03-10T00:59:59.999Z",
            "One millisecond before ACTIVATED: nobody pays for the time in which a lease is set up.",
        ),
        HOUR.refused(
            "use-after-the-end-of-the-lease",
            "RATE-ACTIVE-1",
            "USAGE_OUT_OF_BOUNDS",
            "lease.interval.end",
            "2026-03-10T01:59:59.999Z",
            "Without TERMINATED the active time ends with the lease's interval.",
        ),
        HOUR.refused(
            "use-of-a-lease-never-activated",
            "RATE-ACTIVE-1",
            "USAGE_OUT_OF_BOUNDS",
            "service_events[0]",
            GONE,
            "Without ACTIVATED the active time is empty, so no record lies within it.",
        ),
        HOUR.refused(
            "record-of-another-lease",
            "RATE-LEASE-1",
            "USAGE_OUT_OF_BOUNDS",
            "records[0].lease",
            LEASE.replace("l1", "l2"),
            "A bill of one lease must not take the use of another.",
        ),
        TERMINATED.refused(
            "activated-twice",
            "BATCH-EVENT-1",
            "CONFLICT",
            "service_events[1]",
            event("ACTIVATED", AT_TWO),
            "Two beginnings: whichever is taken, somebody can say that it was the other.",
        ),
    ]


CASES: Final[list[Case]] = [HOUR, TWO_METERS, WITHIN, ENDS, TERMINATED, *PERIODS, *_accepted(), *_refused()]
