"""What is summed: granularity by scope, accumulators of leases and of an account, and openings of a term."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.billing_amount_cases import STEPS
from conformance.tests.vectors.billing_cases import (
    AT_THREE,
    MARCH,
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
from conformance.tests.vectors.billing_inputs import account, lease
from conformance.tests.vectors.billing_lines import LEASE, Closing, Line
from conformance.tests.vectors.billing_window_cases import window

TERM: Final = {"scope": "ACCUMULATOR_SCOPE_LEASE", "reset": "ACCUMULATOR_RESET_TERM"}
OF_ACCOUNT: Final = {"scope": "ACCUMULATOR_SCOPE_ACCOUNT", "reset": "ACCUMULATOR_RESET_PERIOD"}
SCOPE: Final = "plan.components[1].granularity.scope"
SEGMENT: Final = "GRANULARITY_SCOPE_SEGMENT"


def summed(accumulator: Value | None = None, **members: Any) -> Value:
    """Tokens at 0.1 up to 100, then 0.08 up to 1000, then 0.05."""
    value = component("tokens", "COUNT", "output-token:token", "1", *STEPS) | members
    return value | ({"accumulator": accumulator} if accumulator else {})


def line(tier: int, quantity: str, exact: str, amount: str, lease: str = "l1") -> Line:
    """A line of these tokens."""
    return Line("tokens", tier, quantity, exact, amount, lease)


ENERGY: Final = component("energy", "COUNT", "energy:kilowatt-hour", "1", "0.25")
SEGMENTS: Final = Case(
    "steps-once-for-two-segments",
    ["RATE-GRANULARITY-1"],
    "The window of another component from 02:00 to 03:00 divides the use into two segments of 10.25; steps "
    "apply to their sum: 20.5 = 205 x 0.1, 20.5 x 0.25 = 5.125: 5.13.",
    use(
        plan(
            ENERGY | {"id": "night", "restrictions": {"localStart": "02:00", "localEnd": "03:00"}},
            ENERGY | {"granularity": {"step": "0.1"}},
        ),
        counted("10.25", of="energy:kilowatt-hour"),
        counted("10.25", AT_THREE, "2026-03-10T04:00:00Z", 2, of="energy:kilowatt-hour"),
    ),
    [Line("energy", 1, "20.5", "5.125", "5.13")],
    "5.13",
)
OVER_MIDNIGHT: Final = Case(
    "steps-of-a-segment-over-midnight",
    ["RATE-GRANULARITY-1", "RATE-CUT-1"],
    "22:00 to 06:00 is one segment: a window that goes on over midnight is not cut there. 23:30 to 00:15 is "
    "2700 unit-seconds, one step of 3600: 3600 x 1 / 3600 = 1.00. Cut at midnight it is two steps: 2.00.",
    use(
        plan(window("22:00", "06:00") | {"granularity": {"step": "3600", "scope": SEGMENT}}, gpu()),
        held("1", "2026-03-10T23:30:00Z", "2026-03-11T00:15:00Z"),
    ),
    [Line("window", 1, "3600", "1", "1.00")],
    "1.00",
)
SIX_SECONDS: Final = held(end="2026-03-10T01:00:06Z")
TWO_LEASES: Final = Case(
    "six-seconds-of-two-leases",
    ["RATE-ACCUMULATOR-1", "RATE-ROUND-1"],
    "Each lease: 6 x 2.99 / 3600 = 0.00498...: 0.00. 0.00 + 0.00 = 0.00. The tokens make it a bill of the "
    "account; the units are summed by lease.",
    account(
        plan(gpu(), tokens("1") | {"accumulator": OF_ACCOUNT}),
        lease("l1", SIX_SECONDS),
        lease("l2", SIX_SECONDS),
    ),
    [Line("gpu", 1, "6", "299/60000", "0.00"), Line("gpu", 1, "6", "299/60000", "0.00", "l2")],
    "0.00",
)
STEPPED: Final = gpu(step="60") | {"accumulator": OF_ACCOUNT}
OPENED: Final = Case(
    "opening-of-a-term",
    ["RATE-OPENING-1", "RATE-TIER-1"],
    "It stood at 90: the first 10 of 20 are still up to 100, 10 x 0.1 = 1.00, the others 10 x 0.08 = 0.80. "
    "Sum 1.80; from zero it is 2.00. It closes at 90 + 20 = 110.",
    use(
        plan(summed(TERM)),
        counted("20"),
        openings=[{"component": "tokens", "lease": LEASE, "value": {"num": "90", "den": "1"}}],
    ),
    [line(1, "10", "1", "1.00"), line(2, "10", "0.8", "0.80")],
    "1.80",
    closings=[Closing("tokens", "110", "l1")],
)
VALUE: Final = "openings[0].value"
CASES: Final[list[Case]] = [
    SEGMENTS,
    SEGMENTS.but(
        "steps-for-each-segment",
        "RATE-GRANULARITY-1",
        SCOPE,
        SEGMENT,
        [Line("energy", 1, "20.6", "5.15", "5.15")],
        "5.15",
        "10.25 becomes 10.3 in each segment: 20.6 x 0.25 = 5.15.",
    ),
    SEGMENTS.but(
        "steps-of-a-lease-and-period",
        "RATE-GRANULARITY-1",
        SCOPE,
        "GRANULARITY_SCOPE_LEASE_PERIOD",
        [Line("energy", 1, "20.5", "5.125", "5.13")],
        "5.13",
        "That is the scope that holds where none is stated: 5.13.",
    ),
    OVER_MIDNIGHT,
    OVER_MIDNIGHT.but(
        "steps-of-a-segment-of-each-day",
        "RATE-GRANULARITY-1 RATE-CUT-1",
        "plan.components[0].restrictions.localDates",
        ["2026-03-10", "2026-03-11"],
        [Line("window", 1, "3600", "1", "1.00")],
        "1.00",
        "Both dates are listed: at midnight nothing begins or ceases to hold, so it is still one segment: "
        "1.00.",
    ),
    Case(
        "steps-of-two-nights",
        ["RATE-GRANULARITY-1"],
        "Two nights are two segments: 2 x one step of 3600 for 61 s each: 7200 x 1 / 3600 = 2.00. Once for "
        "the period it is 1.00, record by record 3.00.",
        use(
            plan(window("22:00", "06:00") | {"granularity": {"step": "3600", "scope": SEGMENT}}, gpu()),
            held("1", "2026-03-10T23:30:00Z", "2026-03-10T23:31:01Z"),
            held("1", "2026-03-11T00:15:00Z", "2026-03-11T00:16:01Z", 2),
            held("1", "2026-03-11T23:30:00Z", "2026-03-11T23:31:01Z", 3),
        ),
        [Line("window", 1, "7200", "2", "2.00")],
        "2.00",
    ),
    TWO_LEASES,
    TWO_LEASES.but(
        "six-seconds-of-an-account",
        "RATE-ACCUMULATOR-1 RATE-ROUND-1",
        "plans[0].plan.components[0].accumulator",
        OF_ACCOUNT,
        [Line("gpu", 1, "12", "299/30000", "0.01", "")],
        "0.01",
        "12 x 2.99 / 3600 = 0.00996...: 0.01, on one line of the account. Lease by lease it is 0.00.",
    ),
    Case(
        "steps-before-the-sum-of-an-account",
        ["RATE-ACCUMULATOR-1", "RATE-GRANULARITY-1"],
        "6 s of each lease become a minute before they are summed: 120 x 2.99 / 3600 = 0.09966...: 0.10. "
        "Stepped as one sum, 12 s are one minute: 0.05.",
        account(plan(STEPPED), lease("l1", SIX_SECONDS), lease("l2", SIX_SECONDS)),
        [Line("gpu", 1, "120", "299/3000", "0.10", "")],
        "0.10",
    ),
    Case(
        "tiers-of-an-account",
        ["RATE-ACCUMULATOR-1", "RATE-TIER-1"],
        "60 tokens of each lease are 120 of the account: 100 x 0.1 = 10.00 and 20 x 0.08 = 1.60. Lease by "
        "lease it is 6.00 + 6.00.",
        account(plan(summed(OF_ACCOUNT)), lease("l1", counted("60")), lease("l2", counted("60"))),
        [line(1, "100", "10", "10.00", ""), line(2, "20", "1.6", "1.60", "")],
        "11.60",
    ),
    OPENED,
    OPENED.but(
        "opening-that-is-not-stated",
        "RATE-OPENING-1",
        "openings",
        [],
        [line(1, "20", "2", "2.00")],
        "2.00",
        "What is not stated opens at zero: 20 x 0.1 = 2.00.",
        closings=[Closing("tokens", "20", "l1")],
    ),
    OPENED.but(
        "opening-of-another-lease",
        "RATE-OPENING-1",
        "openings[0].lease",
        LEASE.replace("l1", "l2"),
        [line(1, "20", "2", "2.00")],
        "2.00",
        "Of scope LEASE an opening belongs to a lease, and this is another's: 20 x 0.1 = 2.00.",
        closings=[Closing("tokens", "20", "l1")],
    ),
    OPENED.but(
        "opening-of-a-sum-by-the-period",
        "RATE-OPENING-1",
        "plan.components[0].accumulator.reset",
        "ACCUMULATOR_RESET_PERIOD",
        [line(1, "20", "2", "2.00")],
        "2.00",
        "A sum that resets with the period opens at zero, whatever is stated, and states no closing.",
    ),
    OPENED.but(
        "opening-at-the-bound-of-a-tier",
        "RATE-OPENING-1 RATE-TIER-1",
        VALUE,
        {"num": "100", "den": "1"},
        [line(2, "20", "1.6", "1.60")],
        "1.60",
        "100 were priced before, the bound included: all 20 lie beyond, 20 x 0.08 = 1.60, and there is no "
        "line of tier 1.",
        closings=[Closing("tokens", "120", "l1")],
    ),
    OPENED.but(
        "opening-by-volume",
        "RATE-OPENING-1 RATE-VOLUME-1",
        "plan.components[0].model",
        "TIER_MODEL_VOLUME",
        [line(2, "20", "1.6", "1.60")],
        "1.60",
        "90 + 20 lies beyond 100: the 20 of this bill x 0.08 = 1.60. What was billed before is not priced "
        "again.",
        closings=[Closing("tokens", "110", "l1")],
    ),
    OPENED.but(
        "opening-without-use",
        "RATE-OPENING-1 RATE-ZERO-1",
        "records[0].quantity",
        "0",
        [],
        "0.00",
        "Nothing is used, and it still stands at 90; a bill that states no closing would begin anew.",
        closings=[Closing("tokens", "90", "l1")],
    ),
    OPENED.but(
        "opening-of-a-plan-that-begins",
        "RATE-OPENING-1",
        "plan.effectiveStart",
        MARCH[0],
        [line(1, "20", "2", "2.00")],
        "2.00",
        "The plan began not before the period and carries nothing: it opens at zero, whatever stood before.",
        closings=[Closing("tokens", "20", "l1")],
    ),
    Case(
        "opening-of-packages",
        ["RATE-OPENING-1", "RATE-PACKAGE-1"],
        "It stood at 25, within the third package of 10. 3 more reach 28, no further package: nothing is "
        "billed, and it closes at 28. Without the opening a package is billed again.",
        use(
            plan(tokens("3", "10") | {"model": "TIER_MODEL_PACKAGE", "accumulator": TERM}),
            counted("3"),
            openings=[{"component": "tokens", "lease": LEASE, "value": {"num": "25", "den": "1"}}],
        ),
        [],
        "0.00",
        closings=[Closing("tokens", "28", "l1")],
    ),
    Case(
        "opening-of-an-account",
        ["RATE-OPENING-1", "RATE-ACCUMULATOR-1"],
        "The account stood at 90; 15 and 5 tokens of two leases reach 110: 10 x 0.1 = 1.00, 10 x 0.08 = "
        "0.80.",
        account(
            plan(summed({**TERM, "scope": "ACCUMULATOR_SCOPE_ACCOUNT"})),
            lease("l1", counted("15")),
            lease("l2", counted("5")),
            openings=[{"component": "tokens", "value": {"num": "90", "den": "1"}}],
        ),
        [line(1, "10", "1", "1.00", ""), line(2, "10", "0.8", "0.80", "")],
        "1.80",
        closings=[Closing("tokens", "110")],
    ),
    OPENED.refused(
        "sum-over-a-term-at-one-price",
        "PRICE-ACCUMULATOR-1",
        "SCHEMA",
        "plan.components[0]",
        tokens("0.1") | {"accumulator": TERM},
        "One price for all makes the sum pointless: the plan probably means tiers.",
    ),
    Case(
        "numbers-from-where-the-last-period-ended",
        ["RATE-COMPLETE-1", "USAGE-SEQ-1"],
        "The batches before ended at number 4, so 5 is the first of March and all are there: 2.99. Counted "
        "from 1, four are missing.",
        use(plan(gpu()), held(seq=5), first_seq={"units": "5"}),
        [Line("gpu", 1, "3600", "2.99", "2.99")],
        "2.99",
    ),
]
