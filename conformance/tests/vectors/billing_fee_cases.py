"""Base fees and setup."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from conformance.tests.vectors.billing_cases import (
    AT_ONE,
    AT_THREE,
    AT_TWO,
    LATER_SHA256,
    PLAN_SHA256,
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
from conformance.tests.vectors.billing_inputs import account, lease
from conformance.tests.vectors.billing_lines import Line
from conformance.tests.vectors.billing_tier_cases import SERIES
from conformance.tests.vectors.one_change import GONE


def fee(price: str = "10", kind: str = "FLAT", identifier: str = "base", **members: Any) -> Value:
    """A base fee, or setup."""
    return component(identifier, kind, f"{identifier}:fee", "1", price) | members


def base(amount: str = "10.00", lease: str = "l1", identifier: str = "base") -> Line:
    """The line of a fee."""
    return Line(identifier, 1, "1", amount, amount, lease)


FEE: Final = Case(
    "base-fee-of-a-lease",
    ["RATE-FLAT-2", "RATE-ZERO-1"],
    "The lease has active time in March and no use: 1 x 10 / 1 = 10.00.",
    use(plan(fee(), gpu())),
    [base()],
    "10.00",
)
UNUSED: Final = "2026-04-01T00:00:00Z"
SHARED: Final = {"scope": "ACCUMULATOR_SCOPE_ACCOUNT", "reset": "ACCUMULATOR_RESET_PERIOD"}
TWO_FEES: Final = Case(
    "base-fee-of-each-lease",
    ["RATE-FLAT-2", "RATE-ACCUMULATOR-1"],
    "Two leases with active time: 10.00 each, 20.00, though the tokens of both are one sum.",
    account(plan(fee(), tokens("1") | {"accumulator": SHARED}), lease("l1"), lease("l2")),
    [base(), base(lease="l2")],
    "20.00",
)
_EARLIER: Final = plan(fee() | {"accumulator": SHARED}, effectiveEnd=AT_TWO)
TWO_PLANS: Final = Case(
    "base-fee-of-the-account-under-two-plans",
    ["RATE-FLAT-2"],
    "The first lease has active time from 1 March, under the earlier plan; the second from 02:00 on 10 "
    "March, under the later one. One fee for the bill, by the plan in force when active time begins: 10.00. "
    "Once a plan, it is 22.00.",
    account(
        _EARLIER,
        lease("l1"),
        lease("l2", region="north") | {"service_events": [event("ACTIVATED", AT_TWO)]},
        plans=[
            {"plan": _EARLIER, "sha256": PLAN_SHA256},
            {
                "plan": plan(
                    fee("12") | {"accumulator": SHARED},
                    header={**_EARLIER["header"], "id": _EARLIER["header"]["id"].replace("p1", "p2")},
                    effectiveStart=AT_TWO,
                    supersedes={"id": _EARLIER["header"]["id"], "revision": "1", "sha256": PLAN_SHA256},
                ),
                "sha256": LATER_SHA256,
            },
        ],
    ),
    [base(lease="")],
    "10.00",
)
SETUP: Final = Case(
    "setup-in-the-period-of-activation",
    ["RATE-ONEOFF-1"],
    "Activated on 10 March: 1 x 25 = 25.00, and 1 h x 2.99 = 2.99.",
    use(plan(fee("25", "ONE_OFF", "setup"), gpu()), held(), events=[event("ACTIVATED", AT_ONE)]),
    [base("25.00", identifier="setup"), Line("gpu", 1, "3600", "2.99", "2.99")],
    "27.99",
)
REFUSED: Final[list[tuple[str, str, Any, str]]] = [
    ("base-fee-in-steps", "granularity", {"step": "1"}, "It is charged once: there is nothing to step."),
    ("base-fee-by-the-month", "timeUnit", "month", "It is charged once a period already."),
    ("base-fee-by-a-series", "priceSeries", SERIES, "At which instant of the period would it be priced?"),
    (
        "base-fee-in-a-window",
        "restrictions",
        {"localStart": "08:00"},
        "A fee of a period has no time of day.",
    ),
    (
        "base-fee-on-some-days",
        "restrictions",
        {"days": ["mon"]},
        "Is it due where the period begins on a Tuesday?",
    ),
    (
        "base-fee-on-some-dates",
        "restrictions",
        {"localDates": ["2026-03-10"]},
        "A fee of a period has no date.",
    ),
    ("base-fee-by-volume", "model", "TIER_MODEL_VOLUME", "Its quantity is always 1."),
    (
        "base-fee-with-a-flat-price",
        "tiers",
        [{"unitPrice": "10", "flatPrice": "1"}],
        "Its price is flat already.",
    ),
]
CASES: Final[list[Case]] = [
    FEE,
    FEE.but(
        "base-fee-without-active-time",
        "RATE-FLAT-2",
        "service_events[0]",
        GONE,
        [],
        "0.00",
        "The lease was never activated: no fee for nothing.",
    ),
    FEE.but(
        "base-fee-of-nothing",
        "RATE-FLAT-2 RATE-ZERO-1",
        "plan.components[0].tiers[0].unitPrice",
        "0",
        [base("0.00")],
        "0.00",
        "Its quantity is 1, so the line is stated though it comes to 0.00.",
    ),
    FEE.but(
        "base-fee-for-two",
        "RATE-FLAT-2 RATE-AMOUNT-1",
        "plan.components[0].perQuantity",
        "2",
        [Line("base", 1, "1", "5", "5.00")],
        "5.00",
        "A price of 10 per 2: 1 x 10 / 2 = 5.00.",
    ),
    FEE.but(
        "first-base-fee-that-holds",
        "RATE-FLAT-2 RATE-RESTRICTION-1",
        "plan.components",
        [
            fee(restrictions={"region": "eu-west"}),
            component("elsewhere", "FLAT", "base:fee", "1", "7"),
            component("last", "FLAT", "base:fee", "1", "3"),
        ],
        [base("7.00", identifier="elsewhere")],
        "7.00",
        "The first asks for a region that the offer does not name; the second holds: 7.00. All that hold "
        "come to 10.00.",
    ),
    FEE.but(
        "use-in-the-unit-of-a-fee",
        "RATE-COMPONENT-1 RATE-UNPRICED-1",
        "records[0]",
        counted("4", of="base:fee"),
        [base(), Line("base:fee", 0, "4", "0", "0.00")],
        "10.00",
        "A fee prices no record: 4 is listed at 0 beside the fee. Who applies it bills 40.00 more.",
    ),
    *(
        FEE.refused(
            name,
            "PRICE-TIER-3" if where == "tiers" else "PRICE-FLAT-1",
            "SCHEMA",
            f"plan.components[0].{where}",
            value,
            why,
        )
        for name, where, value, why in REFUSED
    ),
    TWO_FEES,
    TWO_FEES.but(
        "base-fee-of-the-account",
        "RATE-FLAT-2",
        "plans[0].plan.components[0].accumulator",
        SHARED,
        [base(lease="")],
        "10.00",
        "One fee for the bill that has such a lease: 10.00, of the account.",
    ),
    TWO_FEES.but(
        "base-fee-of-the-lease-in-use",
        "RATE-FLAT-2",
        "leases[1].service_events",
        [event("ACTIVATED", UNUSED)],
        [base()],
        "10.00",
        "The second lease is activated as April begins: no active time in March, no fee.",
    ),
    TWO_PLANS,
    TWO_PLANS.but(
        "base-fee-of-the-account-by-another-name",
        "RATE-FLAT-2",
        "plans[1].plan.components[0].id",
        "dearer",
        [base(lease="")],
        "10.00",
        "The later plan calls its fee otherwise. There is one fee for the bill all the same: 10.00, not "
        "22.00.",
    ),
    TWO_PLANS.but(
        "base-fee-of-the-account-where-use-begins-later",
        "RATE-FLAT-2",
        "leases[0].service_events",
        [event("ACTIVATED", AT_THREE)],
        [replace(base("12.00", lease=""), plan=1)],
        "12.00",
        "The first active time begins at 02:00, under the later plan: its fee of 12.00.",
    ),
    TWO_PLANS.but(
        "base-fee-of-the-account-for-a-later-lease",
        "RATE-FLAT-2 RATE-RESTRICTION-1",
        "plans[0].plan.components[0].restrictions",
        {"region": "north"},
        [base(lease="")],
        "10.00",
        "Only the second lease is in the north, and it begins under the later plan. The fee is asked for "
        "once, of the plan in force as active time begins, for each lease: 10.00, not 12.00.",
    ),
    TWO_PLANS.but(
        "base-fee-of-the-account-that-a-later-plan-adds",
        "RATE-FLAT-2",
        "plans[0].plan.components[0]",
        gpu(),
        [],
        "0.00",
        "The plan in force as active time begins has no fee, so this bill has none. The next has: 12.00.",
    ),
    SETUP,
    SETUP.but(
        "setup-in-the-period-after",
        "RATE-ONEOFF-1",
        "service_events[0].at",
        "2026-02-28T23:59:59.999Z",
        [Line("gpu", 1, "3600", "2.99", "2.99")],
        "2.99",
        "Activated a millisecond before March: setup is on the bill of February.",
    ),
    SETUP.but(
        "setup-under-a-plan-that-had-ended",
        "RATE-ONEOFF-1",
        "plan.effectiveStart",
        AT_TWO,
        [Line("compute-unit:unit", 0, "3600", "0", "0.00")],
        "0.00",
        "Activated at 01:00; the plan is in force from 02:00: it prices neither setup nor the use before.",
    ),
    SETUP.refused(
        "setup-of-an-account",
        "PRICE-FLAT-1",
        "SCHEMA",
        "plan.components[0].accumulator",
        SHARED,
        "Setup is of one lease, and the only one that is summed.",
    ),
    Case(
        "base-fee-by-the-plan-of-its-beginning",
        ["RATE-FLAT-2"],
        "The plan ends on 10 March at 03:00, after the active time of March began: 10.00, not a share of it.",
        use(plan(fee(), gpu(), effectiveEnd=AT_THREE), held()),
        [base(), Line("gpu", 1, "3600", "2.99", "2.99")],
        "12.99",
    ),
]
