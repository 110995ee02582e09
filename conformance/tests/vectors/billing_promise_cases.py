"""Promised levels of service, and outages."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.billing_cases import (
    MARCH,
    Case,
    Value,
    counted,
    event,
    gpu,
    held,
    plan,
    tokens,
    use,
)
from conformance.tests.vectors.billing_credit_cases import coupon, euro, lowered
from conformance.tests.vectors.billing_inputs import account, lease
from conformance.tests.vectors.billing_lines import Closing, Line
from conformance.tests.vectors.billing_sum_cases import OF_ACCOUNT
from conformance.tests.vectors.one_change import GONE

HUNDRED_HOURS: Final = ("2026-03-10T00:00:00Z", "2026-03-14T04:00:00Z")


def promise(*thresholds: tuple[str, str], **members: Any) -> Value:
    """A promised uptime."""
    stated = [{"below": below, "percent": percent} for below, percent in thresholds]
    return {
        "id": "uptime",
        "kind": "CREDIT_KIND_SLA",
        "sla": {"metric": "uptime", "thresholds": stated},
        **members,
    }


def outage(start: str, end: str) -> Value:
    """An outage."""
    return event("OUTAGE", start, end)


PROMISE: Final = promise(("0.99", "10"), ("0.95", "25"))


def served(*outages: Value, credit: Value = PROMISE) -> Value:
    """A lease of 100 hours in which a unit is held throughout, at 1 an hour, and what failed of it."""
    return use(
        plan(gpu("1"), credits=[credit]),
        held("1", *HUNDRED_HOURS),
        events=[event("ACTIVATED", HUNDRED_HOURS[0]), *outages, event("TERMINATED", HUNDRED_HOURS[1])],
    )


HUNDRED: Final = Line("gpu", 1, "360000", "100", "100.00")
EXACTLY: Final = Case(
    "uptime-exactly-at-the-threshold",
    ["RATE-SLA-1"],
    "Out for 1 of 100 h: 99/100 is not below 0.99. No credit: 100.00. With doubles 1 - 0.01 is compared "
    "with 0.99, and the answer hangs on rounding.",
    served(outage("2026-03-11T00:00:00Z", "2026-03-11T01:00:00Z")),
    [HUNDRED],
    "100.00",
)
OVERLAPPING: Final = Case(
    "outages-that-overlap",
    ["RATE-SLA-1", "BATCH-OUTAGE-1"],
    "Out from 00:00 to 03:00 and from 02:00 to 05:00: 5 h, not 6. 95/100 is below 0.99 and not below 0.95: "
    "10 %, 10.00. Added up, 94/100 is worth 25.00.",
    served(
        outage("2026-03-11T00:00:00Z", "2026-03-11T03:00:00Z"),
        outage("2026-03-11T02:00:00Z", "2026-03-11T05:00:00Z"),
    ),
    [HUNDRED, lowered("gpu", 1, "-10.00", "uptime")],
    "90.00",
)
BROKEN: Final = [outage("2026-03-11T00:00:00Z", "2026-03-11T10:00:00Z")]


def two_leases(credit: Value) -> Value:
    """Two leases in an account: both 100 h at 1 an hour, the first out for 10 h and the second for 2."""
    events = event("ACTIVATED", HUNDRED_HOURS[0]), event("TERMINATED", HUNDRED_HOURS[1])
    short = outage("2026-03-11T00:00:00Z", "2026-03-11T02:00:00Z")
    unit = held("1", *HUNDRED_HOURS)
    return account(
        plan(gpu("1"), tokens("1") | {"accumulator": OF_ACCOUNT}, credits=[credit]),
        lease("l1", unit, counted("40"), service_events=[events[0], *BROKEN, events[1]]),
        lease("l2", unit, service_events=[events[0], short, events[1]]),
    )


OF_ACCOUNT_LINE: Final = Line("tokens", 1, "40", "40", "40.00", "")
TWO: Final = Case(
    "promise-to-two-leases",
    ["RATE-SLA-2"],
    "l1 is out for 10 of 100 h: 25 % of its 100.00 = 25.00; l2 for 2: 10 % of 100.00 = 10.00. The tokens "
    "are of the account and in no lease's sum: who takes 25 % of all lines credits more.",
    two_leases(PROMISE),
    [
        HUNDRED,
        lowered("gpu", 1, "-25.00", "uptime"),
        Line("gpu", 1, "360000", "100", "100.00", "l2"),
        lowered("gpu", 1, "-10.00", "uptime", "l2"),
        OF_ACCOUNT_LINE,
    ],
    "205.00",
)
EVENTS: Final = "service_events"
MALFORMED: Final[list[tuple[str, str, str, Any, str]]] = [
    ("promise-of-nothing", "PRICE-CREDIT-3", "sla.thresholds[1].below", "0", "No share is below 0."),
    ("promise-of-more-than-all", "PRICE-CREDIT-3", "sla.thresholds[0].below", "1.01", "No share reaches it."),
    (
        "thresholds-that-ascend",
        "PRICE-CREDIT-3",
        "sla.thresholds[1].below",
        "0.995",
        "Which of the two is worse?",
    ),
    (
        "percentages-that-descend",
        "PRICE-CREDIT-3",
        "sla.thresholds[1].percent",
        "5",
        "Worse would be worth less.",
    ),
    (
        "percentage-of-more-than-all",
        "PRICE-CREDIT-3",
        "sla.thresholds[1].percent",
        "101",
        "More than was paid.",
    ),
    ("promise-of-an-amount", "PRICE-CREDIT-2", "amount", euro("5.00"), "5.00, or a percentage?"),
    (
        "cap-in-another-currency",
        "PRICE-CREDIT-2",
        "cap",
        {"currency": "USD", "amount": "5.00"},
        "USD are not EUR.",
    ),
    ("cap-of-nothing", "PRICE-CREDIT-2", "cap", euro("0.00"), "The promise would be worth nothing."),
]
CASES: Final[list[Case]] = [
    EXACTLY,
    EXACTLY.but(
        "uptime-just-below-the-threshold",
        "RATE-SLA-1 RATE-SLA-2",
        f"{EVENTS}[1].until",
        "2026-03-11T01:00:00.001Z",
        [HUNDRED, lowered("gpu", 1, "-10.00", "uptime")],
        "90.00",
        "A millisecond more: 1 - 3600001/360000000 is below 0.99. 10 % of 100.00 = 10.00.",
    ),
    EXACTLY.but(
        "uptime-below-two-thresholds",
        "RATE-SLA-1",
        f"{EVENTS}[1].until",
        "2026-03-11T06:00:00Z",
        [HUNDRED, lowered("gpu", 1, "-25.00", "uptime")],
        "75.00",
        "Out for 6 of 100 h: 0.94 is below 0.99 and below 0.95. The lowest counts, 25 %; both together are "
        "35.00.",
    ),
    EXACTLY.but(
        "outage-beyond-the-active-time",
        "RATE-SLA-1",
        f"{EVENTS}[1]",
        outage("2026-03-14T03:00:00Z", "2026-03-14T20:00:00Z"),
        [HUNDRED],
        "100.00",
        "Of the outage 1 h lies within the active time, which ends at 04:00: 99/100, no credit. With all 17 "
        "h it is 25.00.",
    ),
    EXACTLY.refused(
        "outage-without-an-end",
        "BATCH-OUTAGE-1",
        "CONFLICT",
        f"{EVENTS}[1].until",
        GONE,
        "Whether it lasted a second or until the end decides what is owed.",
    ),
    EXACTLY.refused(
        "outage-before-activation",
        "BATCH-OUTAGE-1",
        "CONFLICT",
        f"{EVENTS}[1]",
        outage("2026-03-09T00:00:00Z", "2026-03-10T01:00:00Z"),
        "What was not delivered yet cannot fail.",
    ),
    OVERLAPPING,
    OVERLAPPING.but(
        "promise-with-a-cap",
        "RATE-SLA-2",
        "plan.credits[0].cap",
        euro("7.50"),
        [HUNDRED, lowered("gpu", 1, "-7.50", "uptime")],
        "92.50",
        "10.00, but no more than 7.50.",
    ),
    OVERLAPPING.but(
        "promise-that-has-expired",
        "RATE-EXPIRE-1 RATE-SLA-1",
        "plan.credits[0].expires",
        MARCH[0],
        [HUNDRED],
        "100.00",
        "It is not after the first instant of the period: no credit.",
    ),
    OVERLAPPING.but(
        "coupon-before-the-promise",
        "RATE-ADJUSTMENT-1 RATE-SLA-2",
        "plan.credits[1]",
        coupon("33.33"),
        [HUNDRED, lowered("gpu", 1, "-33.33"), lowered("gpu", 1, "-6.67", "uptime")],
        "60.00",
        "The coupon comes first: 100.00 - 33.33 = 66.67, of which 10 % are 6.667: 6.67. In the other order "
        "it is 10.00.",
        closings=[Closing("credit:coupon", "3333")],
    ),
    OVERLAPPING.but(
        "promise-of-a-component-that-is-not-used",
        "RATE-SLA-2",
        "plan",
        plan(gpu("1"), tokens("1"), credits=[{**PROMISE, "basis": ["tokens"]}]),
        [HUNDRED],
        "100.00",
        "Only tokens are in its basis, and none were used: nothing to credit.",
    ),
    TWO,
    TWO.but(
        "cap-of-two-leases",
        "RATE-SLA-2",
        "plans[0].plan.credits[0].cap",
        euro("30.00"),
        [
            HUNDRED,
            lowered("gpu", 1, "-25.00", "uptime"),
            Line("gpu", 1, "360000", "100", "100.00", "l2"),
            lowered("gpu", 1, "-5.00", "uptime", "l2"),
            OF_ACCOUNT_LINE,
        ],
        "210.00",
        "The cap is of the bill: 25.00 for l1, and the 5.00 that are left for l2. By lease it is 25.00 + "
        "10.00.",
    ),
    *(
        EXACTLY.refused(name, requirement, "SCHEMA", f"plan.credits[0].{where}", value, why)
        for name, requirement, where, value, why in MALFORMED
    ),
]
