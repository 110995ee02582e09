"""Prices that move with time: points, margins, the greatest price, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from conformance.tests.vectors.billing_cases import (
    AT_THREE,
    AT_TWO,
    Case,
    Value,
    component,
    counted,
    gpu,
    held,
    plan,
    tokens,
    use,
)
from conformance.tests.vectors.billing_lines import Line
from conformance.tests.vectors.billing_tier_cases import SERIES
from conformance.tests.vectors.billing_window_cases import BERLIN, BERLIN_OFFSETS

DAY: Final = ("2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z")
SPOT: Final = gpu("0") | {"priceSeries": SERIES}


def series(
    *points: tuple[str, Any], interval: tuple[str, str] = DAY, revision: str = "1", **members: Any
) -> Value:
    """A price series of a market; of exchange rates where members name a base currency."""
    member = "rate" if "baseCurrency" in members else "unitPrice"
    return {
        "header": {
            "id": SERIES["id"],
            "revision": revision,
            "issuer": SERIES["publisher"],
            "issuedAt": "2026-03-09T00:00:00Z",
        },
        "currency": "EUR",
        "interval": {"start": interval[0], "end": interval[1]},
        "points": [{"start": start, member: value} for start, value in points],
        **members,
    }


def spot(quantity: str, exact: str, amount: str) -> Line:
    """The line of the units that a series prices."""
    return Line("gpu", 1, quantity, exact, amount)


MOVES: Final = Case(
    "price-that-moves-within-the-use",
    ["RATE-SERIES-1", "RATE-CUT-1"],
    "Held from 01:00 to 03:00; the point of 00:00 is 1 an hour, that of 02:00 is 3: 3600 x 1 / 3600 + 3600 "
    "x 3 / 3600 = 4.00, on one line. At the first price it is 2.00, at the last 6.00.",
    use(plan(SPOT), held(end=AT_THREE), series=[series((DAY[0], "1"), (AT_TWO, "3"))]),
    [spot("7200", "4", "4.00")],
    "4.00",
)
PRICE: Final = "series[0].points[1].unitPrice"
CLAMPED: Final = "plan.components[0].tiers[0].unitPrice"
IDLE: Final = Case(
    "series-that-nothing-needs",
    ["RATE-SERIES-1", "RATE-ZERO-1"],
    "Nothing was held, so no point is needed, and none is there: no line, 0.00.",
    use(plan(SPOT), held("0"), series=[]),
    [],
    "0.00",
)
COUNTED: Final = Case(
    "count-up-to-a-point",
    ["RATE-CUT-2", "RATE-SERIES-1"],
    "7 x 1 = 7.00 up to the point of 02:00.",
    use(
        plan(tokens("0") | {"priceSeries": SERIES}),
        counted("7"),
        series=[series((DAY[0], "1"), (AT_TWO, "3"))],
    ),
    [Line("tokens", 1, "7", "7", "7.00")],
    "7.00",
)
STORED: Final = component("stored", "GAUGE_TIME", "storage:gibibyte", "3600", "0.5") | {"priceSeries": SERIES}
REPEATED: Final[Sequence[tuple[str, str]]] = [
    ("2026-10-25T00:00:00Z", "1"),
    ("2026-10-25T01:00:00Z", "3"),
    ("2026-10-25T02:00:00Z", "4"),
]
CASES: Final[list[Case]] = [
    MOVES,
    Case(
        "spot-over-a-repeated-hour",
        ["RATE-SERIES-1", "RATE-CUT-1"],
        "In Berlin the clocks show 02:00 to 03:00 twice on 25 October: from 00:00 UTC at 1 and from 01:00 "
        "UTC at 3: 1 + 3 = 4.00. Prices kept by local time know one for both: 2.00 or 6.00.",
        use(
            plan(SPOT, zone="Europe/Berlin"),
            held("1", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"),
            period=BERLIN,
            offsets=BERLIN_OFFSETS,
            series=[series(*REPEATED, interval=("2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z"))],
        ),
        [spot("7200", "4", "4.00")],
        "4.00",
    ),
    MOVES.but(
        "price-above-the-greatest",
        "RATE-SERIES-2",
        PRICE,
        "7.5",
        [spot("7200", "6", "6.00")],
        "6.00",
        "7.5 is above the greatest price, 5: 1 + 5 = 6.00. The buyer signed for no more; a refusal would "
        "leave use that nobody can bill.",
    ),
    MOVES.but(
        "price-with-a-margin",
        "RATE-SERIES-1",
        CLAMPED,
        "0.5",
        [spot("7200", "5", "5.00")],
        "5.00",
        "The tier's 0.5 is added to each point: 1.5 + 3.5 = 5.00.",
    ),
    MOVES.but(
        "margin-above-the-greatest",
        "RATE-SERIES-2",
        CLAMPED,
        "2.5",
        [spot("7200", "8.5", "8.50")],
        "8.50",
        "1 + 2.5 = 3.5; 3 + 2.5 = 5.5 is above the greatest unit price that is charged, 5: 3.5 + 5 = 8.50. "
        "Who asks the point alone bills 9.00.",
    ),
    MOVES.but(
        "price-below-zero",
        "RATE-SERIES-1 PRICE-PRICE-1",
        PRICE,
        "-0.25",
        [spot("7200", "0.75", "0.75")],
        "0.75",
        "1 - 0.25 = 0.75: electricity has prices below zero at times.",
    ),
    MOVES.but(
        "steps-go-to-the-last-segment",
        "RATE-GRANULARITY-2 RATE-SERIES-1",
        "plan.components[0].granularity",
        {"step": "5400"},
        [spot("10800", "7", "7.00")],
        "7.00",
        "7200 becomes 2 x 5400 = 10800; the 3600 that steps add go to the last segment, at 3: 1 + 2 x 3 = "
        "7.00. Given to the first it is 5.00, in proportion 6.00, left out 4.00.",
    ),
    MOVES.but(
        "use-that-ends-as-the-series-ends",
        "RATE-SERIES-1",
        "series[0].interval.end",
        AT_THREE,
        [spot("7200", "4", "4.00")],
        "4.00",
        "The series ends at 03:00, as the use does: 4.00.",
    ),
    MOVES.refused(
        "use-beyond-the-series",
        "RATE-SERIES-1",
        "INCOMPLETE",
        "series[0].interval.end",
        "2026-03-10T02:59:59.999Z",
        "For the last millisecond there is no price. The last one known is not the one that holds.",
    ),
    IDLE,
    IDLE.refused(
        "series-that-is-not-there",
        "RATE-SERIES-1",
        "INCOMPLETE",
        "records[0].quantity",
        "1",
        "Use without a price by the series that prices it: not the greatest price, and not nothing.",
    ),
    COUNTED,
    COUNTED.refused(
        "count-across-a-point",
        "RATE-CUT-2 RATE-CUT-1",
        "CUT_REQUIRED",
        "records[0].end",
        "2026-03-10T02:00:00.001Z",
        "How much of it was used at 1 and how much at 3 cannot be told.",
    ),
    Case(
        "one-series-for-two-components",
        ["RATE-SERIES-1"],
        "A unit and 10 GiB for an hour, both by the point of 1: 1 x 1 = 1.00, and 36000 x (1 + 0.5) / 3600 = "
        "15.00.",
        use(
            plan(
                SPOT,
                STORED,
            ),
            held(),
            counted("10", of="storage:gibibyte"),
            series=[series((DAY[0], "1"))],
        ),
        [spot("3600", "1", "1.00"), Line("stored", 1, "36000", "15", "15.00")],
        "16.00",
    ),
]
