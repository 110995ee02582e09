"""Terms of commitments: when they are in force, upfront prices, and commitments that a reader refuses."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.billing_cases import (
    AT_ONE,
    AT_THREE,
    AT_TWO,
    Case,
    gpu,
    held,
    plan,
    tokens,
)
from conformance.tests.vectors.billing_commitment_cases import HALF_PAST, hourly, unused, used
from conformance.tests.vectors.billing_fee_cases import fee
from conformance.tests.vectors.billing_inputs import account, lease
from conformance.tests.vectors.billing_lines import Line
from conformance.tests.vectors.billing_month_cases import FEBRUARY, MONTHLY
from conformance.tests.vectors.billing_tier_cases import SERIES
from conformance.tests.vectors.billing_window_cases import only
from conformance.tests.vectors.one_change import GONE

PLAN: Final = "plans[0].plan"
FIRST: Final = f"{PLAN}.commitments[0]"
UPFRONT: Final = Line("commitment:term", 0, "1", "50", "50.00", "", commitment="base:upfront")
BEGINS: Final = Case(
    "commitment-that-is-paid-upfront",
    ["RATE-COMMITMENT-5"],
    "It comes into force on 10 March: 1 x 50 = 50.00, once; two hours are covered: 7200 x 0.5 / 3600 = 1.00.",
    account(
        plan(gpu(), commitments=[hourly("base", "1", "0.5", upfrontPrice="50")]),
        lease("l1", held(end=AT_THREE)),
    ),
    [UPFRONT, used("7200", "1", "1.00")],
    "51.00",
)
RESERVED: Final = Case(
    "price-while-a-commitment-is-in-force",
    ["RATE-RESTRICTION-1", "RATE-CUT-1"],
    "The commitment is in force from 01:30 to 03:00; while it is, reserved applies, which it does not "
    "cover: held from 01:00 to 02:00: 1800 x 1 / 3600 = 0.50 and 1800 x 2.99 / 3600 = 1.495: 1.50. Of 5400 "
    "that are committed to gpu, 1800 of its first hour are covered: 0.25; 3600 x 0.5 / 3600 = 0.50 are "
    "unused.",
    account(
        plan(
            only("reserved", "1", commitmentId="base"),
            gpu(),
            commitments=[hourly("base", "1", "0.5", term={"start": HALF_PAST, "end": AT_THREE})],
        ),
        lease("l1", held()),
    ),
    [
        Line("reserved", 1, "1800", "0.5", "0.50"),
        used("1800", "0.25", "0.25"),
        unused("3600", "0.5", "0.50"),
    ],
    "1.25",
)
MONTHS: Final = Case(
    "commitment-of-calendar-months",
    ["RATE-COMMITMENT-1", "RATE-COMMITMENT-3"],
    "The lease begins on 31 January; one month of UTC later is the last day of February, the 28th, 00:00. Of "
    "February 27 days are 648 h: 648 x 3600 = 2332800 unused x 0.1 / 3600 = 64.80. By 30 days it ends on 2 "
    "March: 672 h, 67.20.",
    account(
        plan(gpu(), commitments=[hourly("base", "1", "0.1", term=None, termMonths=1)]),
        lease("l1", interval={"start": "2026-01-31T00:00:00Z", "end": "2026-07-01T00:00:00Z"}),
        period=FEBRUARY,
        offsets=[("2026-01-31T00:00:00Z", 0)],
    ),
    [unused("2332800", "64.8", "64.80")],
    "64.80",
)
WHOLE: Final = Case(
    "commitment-as-long-as-its-leases",
    ["RATE-COMMITMENT-1"],
    "Without a term it is in force from the earliest start of a lease, 10 March 01:00, to the latest end, "
    "03:00: 7200, of which l1 uses 3600 x 0.5 / 3600 = 0.50; 0.50 are unused.",
    account(
        plan(gpu(), commitments=[hourly("base", "1", "0.5", term=None)]),
        lease("l1", held(), start=AT_ONE, interval={"start": AT_ONE, "end": AT_TWO}),
        lease("l2", start=AT_TWO, interval={"start": AT_TWO, "end": AT_THREE}),
    ),
    [used("3600", "0.5", "0.50"), unused("3600", "0.5", "0.50")],
    "1.00",
)
MALFORMED: Final[list[tuple[str, str, str, Any, str]]] = [
    (
        "two-commitments-of-one-identifier",
        "PRICE-COMMITMENT-1",
        "commitments[1]",
        hourly("base", "2", "1"),
        "Their lines would have one key.",
    ),
    ("commitment-to-nothing", "PRICE-COMMITMENT-2", "commitments[0].amount", "0", "Nothing is bound."),
    (
        "commitment-at-less-than-nothing",
        "PRICE-COMMITMENT-2",
        "commitments[0].price",
        "-1",
        "A fee for waste.",
    ),
    (
        "commitment-per-nothing",
        "PRICE-COMMITMENT-2",
        "commitments[0].perQuantity",
        "0",
        "A division by zero.",
    ),
    (
        "commitment-without-a-divisor",
        "PRICE-COMMITMENT-2",
        "commitments[0].perQuantity",
        GONE,
        "0.5 for an hour, or for a second?",
    ),
    (
        "commitment-to-spend-with-a-divisor",
        "PRICE-COMMITMENT-2",
        "commitments[0].kind",
        "COMMITMENT_KIND_PERIOD_SPEND",
        "Its price is for its amount, so a second divisor contradicts it.",
    ),
    (
        "upfront-price-below-zero",
        "PRICE-COMMITMENT-2",
        "commitments[0].upfrontPrice",
        "-50",
        "A commitment pays nobody.",
    ),
    (
        "commitment-to-a-component-that-is-not-there",
        "PRICE-COMMITMENT-3",
        "commitments[0].eligible",
        ["gpus"],
        "It covers nothing, for the name is misspelt.",
    ),
    (
        "commitment-to-a-series",
        "PRICE-COMMITMENT-3",
        "components[0].priceSeries",
        SERIES,
        "What is covered has the commitment's price, and what is not has many.",
    ),
    (
        "commitment-to-a-fee",
        "PRICE-COMMITMENT-3",
        "components[0]",
        fee(identifier="gpu"),
        "A fee has no use that could be covered.",
    ),
    (
        "commitment-to-a-flat-price",
        "PRICE-COMMITMENT-3",
        "components[0].tiers[0].flatPrice",
        "1",
        "Is the flat price due where all is covered?",
    ),
    (
        "hours-of-a-price-by-the-month",
        "PRICE-COMMITMENT-3",
        "components[0]",
        MONTHLY,
        "An hour is no fixed share of a month.",
    ),
    (
        "commitment-that-ends-as-it-begins",
        "SCALAR-INTERVAL-1",
        "commitments[0].term.end",
        AT_ONE,
        "A term of no time binds nobody.",
    ),
    (
        "commitment-with-two-terms",
        "PRICE-COMMITMENT-4",
        "commitments[0].termMonths",
        12,
        "Which of the two holds?",
    ),
]
TWO_KINDS: Final = account(
    plan(gpu(), tokens("1"), commitments=[hourly("base", "1", "0.5", upfrontPrice="50")]),
    lease("l1", held(end=AT_THREE)),
)
BESIDE: Final = Case(
    "commitment-beside-another-component",
    ["RATE-COMMITMENT-3"],
    "The commitment covers the units, 1.00 and 50.00 upfront; the plan prices tokens too.",
    TWO_KINDS,
    [UPFRONT, used("7200", "1", "1.00")],
    "51.00",
)
CASES: Final[list[Case]] = [
    BEGINS,
    BEGINS.but(
        "commitment-that-was-paid-upfront",
        "RATE-COMMITMENT-5",
        f"{FIRST}.term.start",
        "2026-02-28T23:00:00Z",
        [used("7200", "1", "1.00"), unused("781200", "108.5", "108.50")],
        "109.50",
        "It came into force an hour before March: upfront is on the bill of February. From 1 March to 10 "
        "March 03:00 are 219 h; 2 are used, 1.00; 217 x 3600 = 781200 unused x 0.5 / 3600 = 108.50.",
    ),
    BEGINS.but(
        "commitment-of-a-plan-that-begins",
        "RATE-COMMITMENT-5 RATE-COMMITMENT-1",
        f"{PLAN}.effectiveStart",
        AT_TWO,
        [UPFRONT, used("3600", "0.5", "0.50"), Line("compute-unit:unit", 0, "3600", "0", "0.00")],
        "50.50",
        "It is in force only while its plan is, from 02:00: 3600 are covered, 0.50. The hour before has no "
        "price, and is not unused.",
    ),
    RESERVED,
    RESERVED.refused(
        "price-of-a-commitment-that-is-not-there",
        "PRICE-RESTRICTION-1",
        "SCHEMA",
        f"{PLAN}.components[0].restrictions.commitmentId",
        "bass",
        "The restriction would hold never, for the name is misspelt.",
    ),
    MONTHS,
    MONTHS.but(
        "commitment-that-has-ended",
        "RATE-COMMITMENT-1",
        "leases[0].interval.start",
        "2026-01-01T00:00:00Z",
        [],
        "0.00",
        "From 1 January one month ends on 1 February, as the period begins: nothing is in force.",
    ),
    WHOLE,
    Case(
        "hour-across-the-start-of-the-period",
        ["RATE-COMMITMENT-1", "RATE-COMMITMENT-3"],
        "In Kolkata, UTC+5:30, March begins at 18:30 UTC, within an hour of UTC. The commitment is in force "
        "from 18:00 to 20:00; of its first hour 1800 s lie in March, so 1800 + 3600 = 5400 are committed: "
        "unused 5400 x 1 / 3600 = 1.50. The half hour before is on the bill of February.",
        account(
            plan(
                gpu(),
                currency="INR",
                zone="Asia/Kolkata",
                commitments=[
                    hourly(
                        "base",
                        "1",
                        "1",
                        term={"start": "2026-02-28T18:00:00Z", "end": "2026-02-28T20:00:00Z"},
                    )
                ],
            ),
            lease("l1", start="2026-02-28T18:30:00Z"),
            period=("2026-02-28T18:30:00Z", "2026-03-31T18:30:00Z"),
            offsets=[("2026-02-27T18:30:00Z", 19800)],
        ),
        [unused("5400", "1.5", "1.50")],
        "1.50",
    ),
    *(
        BEGINS.refused(name, requirement, "SCHEMA", f"{PLAN}.{where}", value, why)
        for name, requirement, where, value, why in MALFORMED
    ),
    BESIDE,
    BESIDE.refused(
        "commitment-to-units-and-tokens",
        "PRICE-COMMITMENT-3",
        "SCHEMA",
        f"{FIRST}.eligible",
        ["gpu", "tokens"],
        "Units and tokens have no sum that an hour could have.",
    ),
]
