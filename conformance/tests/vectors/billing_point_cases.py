"""Points and revisions of series: which contradict, and which a reader refuses."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.billing_cases import (
    AT_ONE,
    AT_THREE,
    AT_TWO,
    Case,
    held,
    plan,
    use,
)
from conformance.tests.vectors.billing_series_cases import DAY, MOVES, SPOT, series, spot
from conformance.tests.vectors.one_change import GONE

SPLIT: Final = Case(
    "two-revisions-that-follow-each-other",
    ["SERIES-REVISION-1", "RATE-SERIES-1"],
    "Revision 1 covers the time to 02:00, revision 2 the time after it: 1 + 3 = 4.00.",
    use(
        plan(SPOT),
        held(end=AT_THREE),
        series=[
            series((DAY[0], "1"), interval=(DAY[0], AT_TWO)),
            series((AT_TWO, "3"), interval=(AT_TWO, DAY[1]), revision="2"),
        ],
    ),
    [spot("7200", "4", "4.00")],
    "4.00",
)
MALFORMED: Final[list[tuple[str, str, str, Any, str]]] = [
    (
        "points-that-do-not-ascend",
        "SERIES-POINT-1",
        "points[1].start",
        DAY[0],
        "Two prices for one instant.",
    ),
    (
        "series-that-begins-before-its-points",
        "SERIES-POINT-1",
        "interval.start",
        "2026-03-09T23:00:00Z",
        "For its first hour it states nothing, though it says that it covers it.",
    ),
    ("point-after-the-series", "SERIES-POINT-1", "interval.end", AT_TWO, "The point of 02:00 holds never."),
    (
        "rate-in-a-series-of-prices",
        "SERIES-POINT-2",
        "points[1]",
        {"start": AT_TWO, "rate": {"num": "3", "den": "1"}},
        "A rate is no price.",
    ),
    (
        "point-without-a-price",
        "SERIES-POINT-2",
        "points[1].unitPrice",
        GONE,
        "It would be free, or undefined.",
    ),
]
CASES: Final[list[Case]] = [
    MOVES.refused(
        "series-in-another-currency",
        "RATE-SERIES-1",
        "TERMS",
        "series[0].currency",
        "USD",
        "3 USD are not 3 EUR; the plan converts nothing.",
    ),
    MOVES.refused(
        "rates-in-place-of-prices",
        "RATE-SERIES-1",
        "TERMS",
        "series[0]",
        series((DAY[0], {"num": "1", "den": "1"}), baseCurrency="USD"),
        "A series of exchange rates prices nothing.",
    ),
    *(
        MOVES.refused(name, requirement, "SCHEMA", f"series[0].{where}", value, why)
        for name, requirement, where, value, why in MALFORMED
    ),
    SPLIT,
    SPLIT.but(
        "two-revisions-that-agree",
        "SERIES-REVISION-1",
        "series[1]",
        series((AT_ONE, "1"), (AT_TWO, "3"), interval=(AT_ONE, DAY[1]), revision="2"),
        [spot("7200", "4", "4.00")],
        "4.00",
        "From 01:00 to 02:00 both state 1: they agree, and the hour counts once.",
    ),
    SPLIT.refused(
        "two-revisions-that-differ",
        "SERIES-REVISION-1",
        "CONFLICT",
        "series[1]",
        series((AT_ONE, "2"), (AT_TWO, "3"), interval=(AT_ONE, DAY[1]), revision="2"),
        "From 01:00 to 02:00 one says 1, the other 2. Neither the later nor the cheaper is right: a "
        "publisher that contradicts itself is no source.",
    ),
    MOVES.refused(
        "series-with-tiers",
        "PRICE-SERIES-1",
        "SCHEMA",
        "plan.components[0].model",
        "TIER_MODEL_VOLUME",
        "A tier would have as many prices as the series has points.",
    ),
    MOVES.refused(
        "series-of-another-authority",
        "PRICE-SERIES-1",
        "SCHEMA",
        "plan.components[0].priceSeries.publisher",
        "broker.example",
        "The series lies under market.example: nobody else can sign it.",
    ),
]
