"""A plan that gives way to another: what is carried, and which plans may not supersede."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.billing_cases import (
    AT_THREE,
    AT_TWO,
    LATER_SHA256,
    Case,
    counted,
    gpu,
    held,
    plan,
    tokens,
)
from conformance.tests.vectors.billing_fee_cases import fee
from conformance.tests.vectors.billing_inputs import succeeded
from conformance.tests.vectors.billing_lines import LEASE, Closing, Line, Tax
from conformance.tests.vectors.billing_sum_cases import TERM, summed
from conformance.tests.vectors.one_change import GONE

PERIODIC: Final = {"scope": "ACCUMULATOR_SCOPE_LEASE", "reset": "ACCUMULATOR_RESET_PERIOD"}
CARRY: Final = "plans[1].plan.components[0].accumulator.carryOnRevision"


def line(tier: int, quantity: str, exact: str, amount: str, plan: int = 0) -> Line:
    """A line of the tiered tokens."""
    return Line("tokens", tier, quantity, exact, amount, plan=plan)


SUCCEEDED: Final = Case(
    "plan-that-gives-way-to-another",
    ["RATE-CARRY-1", "RATE-CUT-1", "PRICE-SUPERSEDES-1"],
    "60 tokens under each plan: the later one opens at zero, so each has 60 x 0.1 = 6.00. As one sum they "
    "are 11.60.",
    succeeded(
        plan(summed(PERIODIC)),
        AT_TWO,
        counted("60"),
        counted("60", AT_TWO, AT_THREE, 2),
    ),
    [line(1, "60", "6", "6.00"), line(1, "60", "6", "6.00", 1)],
    "12.00",
)
OF_TERM: Final = Case(
    "plan-that-gives-way-within-a-term",
    ["RATE-OPENING-1", "RATE-CARRY-1"],
    "The earlier plan opens at 90: 10 x 0.1 = 1.00 and 50 x 0.08 = 4.00. The later one carries nothing and "
    "opens at zero: 60 x 0.1 = 6.00. It is the later one that stands at 60.",
    succeeded(plan(summed(TERM)), AT_TWO, counted("60"), counted("60", AT_TWO, AT_THREE, 2))
    | {"openings": [{"component": "tokens", "lease": LEASE, "value": {"num": "90", "den": "1"}}]},
    [line(1, "10", "1", "1.00"), line(2, "50", "4", "4.00"), line(1, "60", "6", "6.00", 1)],
    "11.00",
    closings=[Closing("tokens", "60", "l1")],
)
DEARER: Final = Case(
    "price-that-rises-with-the-plan",
    ["RATE-COMPONENT-1", "RATE-SPLIT-1", "RATE-CUT-1"],
    "Held from 01:00 to 03:00, the price rises at 02:00: 3600 x 2.99 / 3600 = 2.99 and 3600 x 3.5 / 3600 = "
    "3.50, each with its own plan in its key.",
    succeeded(plan(gpu()), AT_TWO, held(end=AT_THREE), components=[gpu("3.5")]),
    [Line("gpu", 1, "3600", "2.99", "2.99"), Line("gpu", 1, "3600", "3.5", "3.50", plan=1)],
    "6.49",
)
TAXED: Final = plan(
    gpu() | {"taxCategory": "standard"},
    taxes=[{"category": "standard", "rate": "0.19", "jurisdiction": "de"}],
)
REFUSED: Final[list[tuple[str, str, Any, str]]] = [
    (
        "plan-that-pins-another",
        "supersedes.sha256",
        LATER_SHA256,
        "It pins other bytes than those of the plan before it: which one did the buyer sign for?",
    ),
    (
        "plan-that-pins-another-revision",
        "supersedes.revision",
        "2",
        "Another revision is another plan.",
    ),
    ("plan-that-supersedes-nothing", "supersedes", GONE, "Two plans that know nothing of each other."),
    (
        "plan-that-begins-before-the-other-ends",
        "effectiveStart",
        "2026-03-10T01:59:59.999Z",
        "For a millisecond two prices hold. A provider could so change a price under a buyer.",
    ),
    ("plan-in-another-currency", "currency", "USD", "One bill has one currency."),
    ("plan-in-another-zone", "timeZone", "Europe/Berlin", "Its periods would begin at other instants."),
    ("plan-that-begins-to-include-tax", "taxIncluded", True, "One total cannot mean both."),
    (
        "plan-that-counts-what-was-held",
        "components[0].kind",
        "COMPONENT_KIND_GAUGE_TIME",
        "One record would be split and bounded in one way before 02:00 and in another after it.",
    ),
    (
        "plan-that-counts-in-months",
        "components[0].timeUnit",
        "month",
        "Its time unit is another than that of the plan before it.",
    ),
    (
        "plan-billed-in-another-currency",
        "exchange",
        {"currency": "USD", "series": "crex://ecb.example/price-series/usd", "publisher": "ecb.example"},
        "The billed currency must be that of the plan before it, whatever the rate.",
    ),
]
CASES: Final[list[Case]] = [
    SUCCEEDED,
    SUCCEEDED.but(
        "sum-that-is-carried",
        "RATE-CARRY-1 RATE-TIER-1",
        CARRY,
        True,
        [line(1, "60", "6", "6.00"), line(1, "40", "4", "4.00", 1), line(2, "20", "1.6", "1.60", 1)],
        "11.60",
        "The later plan opens where the earlier closed, at 60: 40 x 0.1 = 4.00 and 20 x 0.08 = 1.60; with "
        "the 6.00 before, 11.60.",
    ),
    SUCCEEDED.but(
        "sum-that-only-the-earlier-plan-carries",
        "RATE-CARRY-1",
        "plans[0].plan.components[0].accumulator.carryOnRevision",
        True,
        [line(1, "60", "6", "6.00"), line(1, "60", "6", "6.00", 1)],
        "12.00",
        "It is the plan that begins which says whether it carries: 6.00 + 6.00.",
    ),
    SUCCEEDED.but(
        "component-of-another-name",
        "RATE-CARRY-1",
        "plans[1].plan.components[0]",
        summed(PERIODIC | {"carryOnRevision": True}) | {"id": "answers"},
        [line(1, "60", "6", "6.00"), Line("answers", 1, "60", "6", "6.00", plan=1)],
        "12.00",
        "A sum is carried to the component of the same identifier, and there is none: 60 x 0.1 = 6.00.",
    ),
    OF_TERM,
    OF_TERM.but(
        "term-that-is-carried",
        "RATE-OPENING-1 RATE-CARRY-1",
        CARRY,
        True,
        [line(1, "10", "1", "1.00"), line(2, "50", "4", "4.00"), line(2, "60", "4.8", "4.80", 1)],
        "9.80",
        "The earlier plan closes at 150, where the later one opens: 60 x 0.08 = 4.80. It closes at 210.",
        closings=[Closing("tokens", "210", "l1")],
    ),
    DEARER,
    DEARER.but(
        "plan-that-begins-later",
        "PRICE-SUPERSEDES-1 RATE-UNPRICED-1",
        "plans[1].plan.effectiveStart",
        "2026-03-10T02:30:00Z",
        [
            Line("gpu", 1, "3600", "2.99", "2.99"),
            Line("compute-unit:unit", 0, "1800", "0", "0.00"),
            Line("gpu", 1, "1800", "1.75", "1.75", plan=1),
        ],
        "4.74",
        "Between the plans nothing is in force: half an hour is listed at 0, under the governing plan. 2.99 "
        "+ 1800 x 3.5 / 3600 = 1.75.",
    ),
    *(
        DEARER.refused(name, "PRICE-SUPERSEDES-1", "TERMS", f"plans[1].plan.{where}", value, why)
        for name, where, value, why in REFUSED
    ),
    DEARER.refused(
        "plan-that-follows-one-without-end",
        "PRICE-SUPERSEDES-1",
        "TERMS",
        "plans[0].plan.effectiveEnd",
        GONE,
        "The earlier plan says nowhere that it will end.",
    ),
    Case(
        "taxes-of-the-governing-plan",
        ["RATE-TAX-1", "RATE-ADJUSTMENT-1"],
        "2.99 under the earlier plan and 2.99 under the later: 5.98 x 0.19 = 1.1362: 1.14, by the rule of "
        "the plan in force as the period begins. The later plan's 0.07 does not apply.",
        succeeded(
            TAXED,
            AT_TWO,
            held(end=AT_THREE),
            taxes=[{"category": "standard", "rate": "0.07", "jurisdiction": "de"}],
        ),
        [Line("gpu", 1, "3600", "2.99", "2.99"), Line("gpu", 1, "3600", "2.99", "2.99", plan=1)],
        "5.98",
        taxes=[Tax("standard", "de", "0.19", "5.98", "1.1362", "1.14")],
        total="7.12",
    ),
    Case(
        "percentage-of-the-plan-of-the-line",
        ["RATE-PERCENT-1"],
        "Only the later plan gives 10 %: 2.99 before 02:00, 2.99 x 9/10 = 2.691: 2.69 after it.",
        succeeded(
            plan(gpu()),
            AT_TWO,
            held(end=AT_THREE),
            credits=[{"id": "loyal", "kind": "CREDIT_KIND_PERCENT", "percent": "10"}],
        ),
        [
            Line("gpu", 1, "3600", "2.99", "2.99"),
            Line("gpu", 1, "3600", "2.691", "2.69", plan=1, factors=[("credit:loyal", "9/10")]),
        ],
        "5.68",
    ),
    Case(
        "base-fee-under-two-plans",
        ["RATE-FLAT-2"],
        "Active time in March begins under the earlier plan: one fee of 10.00 by it, and none by the later.",
        succeeded(plan(fee(), tokens("1")), AT_TWO, counted("7", AT_TWO, AT_THREE)),
        [Line("base", 1, "1", "10", "10.00"), Line("tokens", 1, "7", "7", "7.00", plan=1)],
        "17.00",
    ),
]
