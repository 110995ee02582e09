"""Where steps meet: commitments with taxes, coupons and early closes, outages and plans of other periods."""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.billing_cases import (
    AT_ONE,
    AT_THREE,
    AT_TWO,
    MARCH,
    Case,
    Value,
    component,
    counted,
    event,
    gpu,
    held,
    plan,
    tokens,
    use,
)
from conformance.tests.vectors.billing_commitment_cases import hourly, unused, used
from conformance.tests.vectors.billing_credit_cases import coupon, euro, lowered
from conformance.tests.vectors.billing_inputs import account, lease, succeeded
from conformance.tests.vectors.billing_lines import LEASE, Closing, Line, Tax
from conformance.tests.vectors.billing_promise_cases import HUNDRED, HUNDRED_HOURS, PROMISE, outage
from conformance.tests.vectors.billing_spend_cases import covered, left, spend
from conformance.tests.vectors.billing_sum_cases import TERM, summed
from conformance.tests.vectors.billing_tax_cases import rule, taxed

FIRST_HOURS: Final = (MARCH[0], "2026-03-01T02:00:00Z")
OF_MARCH: Final = {"start": MARCH[0], "end": MARCH[1]}
UPFRONT: Final = Line("commitment:term", 0, "1", "50", "50.00", "", commitment="base:upfront")


def closed(prices: Value, *records: Value, end: str) -> Value:
    """The bill of an account whose lease was terminated within March, and which is closed there."""
    events = [event("ACTIVATED", MARCH[0]), event("TERMINATED", end)]
    return account(
        prices,
        lease("l1", *records, service_events=events),
        period=(MARCH[0], end),
        whole_period=OF_MARCH,
    )


COMMITTED: Final = plan(
    taxed(gpu()),
    commitments=[hourly("base", "1", "1", upfrontPrice="50")],
    taxes=[rule("0.1"), rule("0.05", "reduced")],
    adjustmentTaxCategory="reduced",
)
TAXED: Final = Case(
    "taxes-of-a-commitment",
    ["RATE-TAX-1", "RATE-COMMITMENT-3", "RATE-COMMITMENT-5"],
    "Used: 3600 x 1 / 3600 = 1.00, in the category of its component, x 0.1 = 0.10. Unused 1.00 and upfront "
    "50.00 have no component: 51.00 x 0.05 = 2.55. Net 52.00, total 54.65.",
    account(COMMITTED, lease("l1", held())),
    [UPFRONT, used("3600", "1", "1.00"), unused("3600", "1", "1.00")],
    "52.00",
    taxes=[
        Tax("reduced", "de", "0.05", "51.00", "2.55", "2.55"),
        Tax("standard", "de", "0.1", "1.00", "0.1", "0.10"),
    ],
    total="54.65",
)
ENDED: Final = succeeded(
    plan(summed(TERM)),
    MARCH[0],
    counted("20"),
    components=[summed(TERM | {"carryOnRevision": True})],
)
ENDED["openings"] = [{"component": "tokens", "lease": LEASE, "value": {"num": "90", "den": "1"}}]
CARRIED: Final = Case(
    "sum-that-is-carried-from-the-period-before",
    ["RATE-OPENING-1", "RATE-CARRY-1"],
    "The earlier plan ended as March began; the later carries, and opens where the input says it stood, at "
    "90: 10 x 0.1 = 1.00 and 10 x 0.08 = 0.80. It closes at 110.",
    ENDED,
    [
        Line("tokens", 1, "10", "1", "1.00", plan=1),
        Line("tokens", 2, "10", "0.8", "0.80", plan=1),
    ],
    "1.80",
    closings=[Closing("tokens", "110", "l1")],
)
FEBRUARY: Final = use(
    plan(gpu("1"), credits=[PROMISE]),
    held("1", *HUNDRED_HOURS),
    events=[
        event("ACTIVATED", "2026-02-20T00:00:00Z"),
        outage("2026-02-25T00:00:00Z", "2026-03-01T01:00:00Z"),
        event("TERMINATED", HUNDRED_HOURS[1]),
    ],
)
CASES: Final[list[Case]] = [
    TAXED,
    TAXED.but(
        "coupon-on-a-commitment",
        "RATE-ALLOCATE-1 RATE-FIXED-1 RATE-KEY-1 RATE-TAX-1",
        "plans[0].plan.credits",
        [coupon("26.00")],
        [
            UPFRONT,
            used("3600", "1", "1.00"),
            unused("3600", "1", "1.00"),
            lowered("commitment:term", 0, "-25.00", lease="", commitment="base:upfront"),
            lowered("gpu", 0, "-0.50", commitment="base:used"),
            lowered("compute-unit:unit", 0, "-0.50", lease="", commitment="base:unused"),
        ],
        "26.00",
        "26.00 among 50.00, 1.00 and 1.00: half of each. An adjustment has the commitment part of the line "
        "that it lowers, in its key too, and its tax category: 25.50 x 0.05 = 1.275: 1.28 and 0.50 x 0.1 = "
        "0.05.",
        taxes=[
            Tax("reduced", "de", "0.05", "25.50", "1.275", "1.28"),
            Tax("standard", "de", "0.1", "0.50", "0.05", "0.05"),
        ],
        total="27.33",
        closings=[Closing("credit:coupon", "2600")],
    ),
    Case(
        "spend-of-a-period-that-is-closed-early",
        ["RATE-COMMITMENT-4", "RATE-PERIOD-1"],
        "The bill is closed on 11 March; the spend is in force for the whole period, until the lease's "
        "interval ends, and so whole: 40 x 9/10 = 36.00, and 60 left x 90 / 100 = 54.00. A share of 10/31 "
        "would leave nothing.",
        closed(
            plan(tokens("1"), commitments=[spend(eligible="tokens")]),
            counted("40"),
            end="2026-03-11T00:00:00Z",
        ),
        [covered("tokens", 1, "40", "36", "36.00"), left("60", "54", "54.00")],
        "90.00",
    ),
    Case(
        "committed-hours-of-a-period-that-is-closed-early",
        ["RATE-COMMITMENT-3", "RATE-PERIOD-1"],
        "The bill is closed at 02:00 on 1 March: its hours are two, of which one is used, 1.00, and one is "
        "not, 1.00. The other hours of March are on no bill of this period.",
        closed(
            plan(gpu(), commitments=[hourly("base", "1", "1", term=OF_MARCH)]),
            held("1", MARCH[0], "2026-03-01T01:00:00Z"),
            end=FIRST_HOURS[1],
        ),
        [used("3600", "1", "1.00"), unused("3600", "1", "1.00")],
        "2.00",
    ),
    CARRIED,
    CARRIED.but(
        "sum-that-is-not-carried-from-the-period-before",
        "RATE-OPENING-1 RATE-CARRY-1",
        "plans[1].plan.components[0].accumulator.carryOnRevision",
        False,
        [Line("tokens", 1, "20", "2", "2.00", plan=1)],
        "2.00",
        "Without carryOnRevision a plan that begins with the period opens at zero: 20 x 0.1 = 2.00.",
        closings=[Closing("tokens", "20", "l1")],
    ),
    Case(
        "outage-of-the-period-before",
        ["RATE-SLA-1"],
        "Active in March from 1 March 00:00 to 14 March 04:00, 316 h, of which 1 h was out: 315/316 is not "
        "below 0.99. The four days of February are on another bill; with them 97 of 532 h were out.",
        FEBRUARY,
        [HUNDRED],
        "100.00",
    ),
    Case(
        "steps-of-segments-in-committed-hours",
        ["RATE-GRANULARITY-1", "RATE-GRANULARITY-2", "RATE-COMMITMENT-1"],
        "A committed hour is no segment: 01:00 to 02:30 is one, 5400, in steps of 7200: 7200. The 1800 go "
        "to its last hour, in which 3600 are then used: all is covered, 7200 x 1 / 3600 = 2.00. Stepped "
        "hour by hour it is 14400.",
        account(
            plan(
                gpu() | {"granularity": {"step": "7200", "scope": "GRANULARITY_SCOPE_SEGMENT"}},
                commitments=[hourly("base", "1", "1")],
            ),
            lease("l1", held(end="2026-03-10T02:30:00Z")),
        ),
        [used("7200", "2", "2.00")],
        "2.00",
    ),
    Case(
        "maximum-of-a-bill-with-a-bonus",
        ["RATE-MAXIMUM-1", "RATE-ALLOCATE-1"],
        "10.00 - 2.00 = 8.00, 3.00 above 5.00. Only the line above zero is lowered: 10.00 - 3.00 - 2.00 = "
        "5.00.",
        use(
            plan(component("bonus", "COUNT", "bonus:token", "1", "-1"), tokens("1"), maximum=euro("5.00")),
            counted("2", of="bonus:token"),
            counted("10", AT_TWO, AT_THREE, 2),
        ),
        [
            Line("bonus", 1, "2", "-2", "-2.00"),
            Line("tokens", 1, "10", "10", "10.00"),
            lowered("tokens", 1, "-3.00", "maximum"),
        ],
        "5.00",
    ),
    Case(
        "total-below-zero",
        ["RATE-TOTAL-1", "RATE-TAX-1"],
        "2 x -1 = -2.00, tax -2.00 x 0.19 = -0.38: -2.38 is rated as it stands, though no invoice states it.",
        use(
            plan(taxed(component("bonus", "COUNT", "bonus:token", "1", "-1")), taxes=[rule("0.19")]),
            counted("2", AT_ONE, of="bonus:token"),
        ),
        [Line("bonus", 1, "2", "-2", "-2.00")],
        "-2.00",
        taxes=[Tax("standard", "de", "0.19", "-2.00", "-0.38", "-0.38")],
        total="-2.38",
    ),
]
