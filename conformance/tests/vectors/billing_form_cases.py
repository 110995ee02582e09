"""Plans and records that are not in strict form, or break a constraint of the contract."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.billing_cases import (
    Case,
    component,
    counted,
    plan,
    use,
)
from conformance.tests.vectors.billing_lines import Line
from conformance.tests.vectors.one_change import GONE

GOOD: Final = Case(
    "plan-with-tiers-and-steps",
    ["RATE-STRICT-1", "RATE-TIER-1", "RATE-GRANULARITY-1"],
    "11.5 in steps of 1 is 12: 10 x 0.5 = 5.00 and 2 x 0.25 = 0.50. Sum 5.50. Plan and record keep every "
    "rule; those that follow break one each.",
    use(
        plan(
            component(
                "tokens", "COUNT", "output-token:token", "1", ("10", "0.5"), "0.25", step="1", minimum="2"
            ),
            effectiveEnd="2027-01-01T00:00:00Z",
        ),
        counted("11.5"),
    ),
    [Line("tokens", 1, "10", "5", "5.00"), Line("tokens", 2, "2", "0.5", "0.50")],
    "5.50",
)
RECORD: Final[list[tuple[str, str, str, Any, str]]] = [
    (
        "quantity-with-an-exponent",
        "SCALAR-DECIMAL-1",
        "quantity",
        "1e2",
        "Decimal libraries read 1e2 as 100.",
    ),
    ("quantity-with-a-trailing-zero", "SCALAR-DECIMAL-1", "quantity", "1.50", "One number has one spelling."),
    ("quantity-of-minus-zero", "SCALAR-DECIMAL-1", "quantity", "-0", "Zero has no sign; parsers accept it."),
    ("quantity-with-a-plus", "SCALAR-DECIMAL-1", "quantity", "+1", "Python's int and float accept it."),
    ("quantity-as-a-number", "SCALAR-DECIMAL-1", "quantity", 1, "A JSON number goes through floating point."),
    (
        "quantity-in-other-digits",
        "SCALAR-DECIMAL-1",
        "quantity",
        "٥",
        "Arabic-Indic five is a digit to Unicode.",
    ),
    (
        "quantity-of-thirteen-digits",
        "SCALAR-DECIMAL-1",
        "quantity",
        "0.0000000000001",
        "Twelve digits at most.",
    ),
    ("quantity-below-zero", "RATE-NEGATIVE-1 USAGE-QUANTITY-1", "quantity", "-1", "Credits are no usage."),
    (
        "end-before-start",
        "USAGE-INTERVAL-1",
        "end",
        "2026-03-10T00:59:59.999Z",
        "Its length is below zero, and would bill less than nothing.",
    ),
    (
        "number-zero",
        "USAGE-SEQ-1",
        "seq",
        "0",
        "Numbers begin at 1; with 0 a gap could hide before the first.",
    ),
    ("record-without-meter", "USAGE-METER-1", "meterId", GONE, "Without a meter a record has no key."),
    ("record-with-an-unknown-member", "RATE-STRICT-1", "discount", "1", "What is not understood may matter."),
    (
        "start-with-an-offset",
        "SCALAR-TIME-1",
        "start",
        "2026-03-10T02:00:00+01:00",
        "The same instant, in another spelling: records are compared by their bytes.",
    ),
]
PLAN: Final[list[tuple[str, str, str, Any, str]]] = [
    (
        "currency-without-minor-unit",
        "PRICE-CURRENCY-1",
        "currency",
        "XAU",
        "Gold has no minor unit to round to.",
    ),
    (
        "plan-that-ends-as-it-begins",
        "PRICE-EFFECTIVE-1",
        "effectiveEnd",
        "2026-01-01T00:00:00Z",
        "A plan that never applies prices nothing.",
    ),
    ("plan-without-a-zone", "PRICE-ZONE-1", "timeZone", GONE, "Its periods would begin nowhere."),
    ("plan-without-components", "PRICE-COMPONENT-1", "components", [], "It could price nothing."),
    ("price-per-nothing", "PRICE-PER-1", "components[0].perQuantity", "0", "A division by zero."),
    (
        "price-per-less-than-nothing",
        "PRICE-PER-1",
        "components[0].perQuantity",
        "-1",
        "It turns the sign round.",
    ),
    (
        "one-price-with-two-tiers",
        "PRICE-TIER-1",
        "components[0].model",
        "TIER_MODEL_UNIT",
        "UNIT has one tier; which of two would it be?",
    ),
    (
        "tiers-without-an-open-end",
        "PRICE-TIER-2",
        "components[0].tiers[1].upTo",
        "20",
        "21 would have no price.",
    ),
    (
        "tiers-that-do-not-ascend",
        "PRICE-TIER-2",
        "components[0].tiers[2]",
        {"unitPrice": "0.1"},
        "Two open ends.",
    ),
    ("first-tier-up-to-zero", "PRICE-TIER-2", "components[0].tiers[0].upTo", "0", "The tier holds nothing."),
    ("step-of-zero", "PRICE-GRANULARITY-1", "components[0].granularity.step", "0", "A division by zero."),
    (
        "minimum-below-zero",
        "PRICE-GRANULARITY-1",
        "components[0].granularity.minimum",
        "-1",
        "It is no least quantity.",
    ),
    (
        "two-components-of-one-identifier",
        "PRICE-COMPONENT-2",
        "components[1]",
        component("tokens", "COUNT", "input-token:token", "1", "1"),
        "Two lines would have one key.",
    ),
    (
        "two-kinds-of-one-unit",
        "PRICE-KIND-1",
        "components[1]",
        component("held", "TIME", "output-token:token", "1", "1"),
        "The same record would be multiplied by seconds, or not.",
    ),
    (
        "kind-of-a-later-edition",
        "RATE-STRICT-1",
        "components[0].kind",
        "COMPONENT_KIND_AUCTION",
        "A kind that is not known must not be skipped: the bill would lack it.",
    ),
    (
        "price-with-an-exponent",
        "SCALAR-DECIMAL-1 PRICE-PRICE-1",
        "components[0].tiers[0].unitPrice",
        "5e-1",
        "Prices are used as written; this is no spelling of 0.5.",
    ),
]
CASES: Final[list[Case]] = [
    GOOD,
    *(
        GOOD.refused(name, requirement, "SCHEMA", f"records[0].{where}", value, why)
        for name, requirement, where, value, why in RECORD
    ),
    *(
        GOOD.refused(name, requirement, "SCHEMA", f"plan.{where}", value, why)
        for name, requirement, where, value, why in PLAN
    ),
]
