"""Percentages and fixed credits, the greatest and the least of a bill, and how adjustments are divided."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.billing_cases import (
    AT_THREE,
    MARCH,
    Case,
    Value,
    counted,
    gpu,
    held,
    plan,
    tokens,
    use,
)
from conformance.tests.vectors.billing_lines import Closing, Line
from conformance.tests.vectors.one_change import GONE

HOUR: Final = Line("gpu", 1, "3600", "2.99", "2.99")
CREDIT: Final = "plan.credits[0]"


def euro(amount: str) -> Value:
    """Money."""
    return {"currency": "EUR", "amount": amount}


def percent(identifier: str, value: str, **members: Any) -> Value:
    """A percentage off."""
    return {"id": identifier, "kind": "CREDIT_KIND_PERCENT", "percent": value, **members}


def coupon(amount: str, identifier: str = "coupon", **members: Any) -> Value:
    """A fixed credit."""
    return {"id": identifier, "kind": "CREDIT_KIND_FIXED", "amount": euro(amount), **members}


def lowered(
    of: str, tier: int, amount: str, by: str = "coupon", lease: str = "l1", commitment: str = ""
) -> Line:
    """An adjustment of a line; `amount` is below zero."""
    return Line(of, tier, "1", amount, amount, lease, adjustment=by, commitment=commitment)


TWO_OFF: Final = Case(
    "two-percentages",
    ["RATE-PERCENT-1", "RATE-FACTOR-1"],
    "10 % and 20 % off 1.35: 1.35 x 9/10 x 8/10 = 0.972: 0.97. Added to 30 % it is 0.945: 0.95; rounded in "
    "between, 1.22 x 8/10 = 0.976: 0.98.",
    use(
        plan(tokens("1.35"), credits=[percent("b", "20", priority=2), percent("a", "10", priority=1)]),
        counted("1"),
    ),
    [Line("tokens", 1, "1", "0.972", "0.97", factors=[("credit:a", "9/10"), ("credit:b", "4/5")])],
    "0.97",
)
BASIS: Final = Case(
    "percentage-of-one-component",
    ["RATE-PERCENT-1"],
    "10 % off the units: 2.99 x 9/10 = 2.691: 2.69; the tokens stay at 7.00.",
    use(plan(gpu(), tokens("1"), credits=[percent("off", "10", basis=["gpu"])]), held(), counted("7")),
    [
        Line("gpu", 1, "3600", "2.691", "2.69", factors=[("credit:off", "9/10")]),
        Line("tokens", 1, "7", "7", "7.00"),
    ],
    "9.69",
)
ABOVE: Final = Case(
    "coupon-above-the-bill",
    ["RATE-FIXED-1", "RATE-TOTAL-1"],
    "The bill is 5.98, the coupon 10.00: it lowers the line by 5.98 to 0.00, never below. 598 of its 1000 "
    "cents are used; 4.02 stay for the next bill.",
    use(plan(gpu(), credits=[coupon("10.00")]), held(end=AT_THREE)),
    [Line("gpu", 1, "7200", "5.98", "5.98"), lowered("gpu", 1, "-5.98")],
    "0.00",
    closings=[Closing("credit:coupon", "598")],
)
CARRIED: Final = ABOVE.but(
    "coupon-that-was-used-before",
    "RATE-FIXED-1 RATE-OPENING-1",
    "openings",
    [{"credit": "coupon", "value": {"num": "598", "den": "1"}}],
    [Line("gpu", 1, "7200", "5.98", "5.98"), lowered("gpu", 1, "-4.02")],
    "1.96",
    "598 of 1000 cents were used before: 4.02 are left, 5.98 - 4.02 = 1.96. It closes at 1000.",
    closings=[Closing("credit:coupon", "1000")],
)
TWO_COUPONS: Final = Case(
    "two-coupons",
    ["RATE-ADJUSTMENT-1", "RATE-FIXED-1"],
    "By priority b first: 5.98 - 4.00 = 1.98, of which a takes what is left, 1.98 of its 3.00.",
    use(
        plan(gpu(), credits=[coupon("3.00", "a", priority=2), coupon("4.00", "b", priority=1)]),
        held(end=AT_THREE),
    ),
    [
        Line("gpu", 1, "7200", "5.98", "5.98"),
        lowered("gpu", 1, "-1.98", "a"),
        lowered("gpu", 1, "-4.00", "b"),
    ],
    "0.00",
    closings=[Closing("credit:a", "198"), Closing("credit:b", "400")],
)
EXPIRES: Final = Case(
    "coupon-that-expires-within-the-period",
    ["RATE-EXPIRE-1"],
    "It expires a millisecond after the period begins, and lowers the bill: 5.98 - 1.00 = 4.98.",
    use(plan(gpu(), credits=[coupon("1.00", expires="2026-03-01T00:00:00.001Z")]), held(end=AT_THREE)),
    [Line("gpu", 1, "7200", "5.98", "5.98"), lowered("gpu", 1, "-1.00")],
    "4.98",
    closings=[Closing("credit:coupon", "100")],
)
MALFORMED: Final[list[tuple[str, str, str, Any, str]]] = [
    (
        "two-credits-of-one-identifier",
        "PRICE-CREDIT-1",
        "[1]",
        coupon("1.00"),
        "Two lines would have one key.",
    ),
    (
        "credit-called-minimum",
        "PRICE-CREDIT-1",
        "[0].id",
        "minimum",
        "Its lines would be those of the minimum.",
    ),
    (
        "credit-of-a-component-that-is-not-there",
        "PRICE-CREDIT-1",
        "[0].basis",
        ["gpus"],
        "It lowers nothing.",
    ),
    ("coupon-of-a-percentage", "PRICE-CREDIT-2", "[0].percent", "10", "10 %, or 10.00?"),
    ("coupon-of-no-amount", "PRICE-CREDIT-2", "[0].amount", GONE, "It says not how much."),
    ("coupon-of-nothing", "PRICE-CREDIT-2", "[0].amount", euro("0.00"), "It lowers nothing."),
    (
        "coupon-in-another-currency",
        "PRICE-CREDIT-2",
        "[0].amount",
        {"currency": "USD", "amount": "10.00"},
        "10 USD are not 10 EUR.",
    ),
    ("coupon-of-other-digits", "SCALAR-MONEY-1", "[0].amount", euro("10.0"), "One amount has one spelling."),
    ("coupon-with-a-cap", "PRICE-CREDIT-2", "[0].cap", euro("5.00"), "Its amount bounds it already."),
    (
        "percentage-above-100",
        "PRICE-CREDIT-2",
        "[0]",
        percent("coupon", "100.1"),
        "The buyer would be paid for use.",
    ),
    ("percentage-below-zero", "PRICE-CREDIT-2", "[0]", percent("coupon", "-1"), "It is a charge."),
]
CASES: Final[list[Case]] = [
    TWO_OFF,
    TWO_OFF.but(
        "percentage-of-everything",
        "RATE-PERCENT-1 RATE-ZERO-1",
        "plan.credits[1].percent",
        "100",
        [Line("tokens", 1, "1", "0", "0.00", factors=[("credit:a", "0"), ("credit:b", "4/5")])],
        "0.00",
        "1.35 x 0 x 8/10 = 0: the line stays, for its quantity is not zero.",
    ),
    BASIS,
    BASIS.but(
        "percentage-of-every-line",
        "RATE-PERCENT-1",
        f"{CREDIT}.basis",
        GONE,
        [
            Line("gpu", 1, "3600", "2.691", "2.69", factors=[("credit:off", "9/10")]),
            Line("tokens", 1, "7", "6.3", "6.30", factors=[("credit:off", "9/10")]),
        ],
        "8.99",
        "Without a basis all lines are lowered: 2.69 and 7 x 9/10 = 6.30.",
    ),
    BASIS.but(
        "percentage-of-a-flat-price",
        "RATE-PERCENT-1 RATE-FLAT-1 RATE-AMOUNT-1",
        "plan.components[0].tiers[0].flatPrice",
        "5",
        [
            Line("gpu", 1, "3600", "7.191", "7.19", factors=[("credit:off", "9/10")]),
            Line("tokens", 1, "7", "7", "7.00"),
        ],
        "14.19",
        "The flat price is part of the amount that is lowered: (2.99 + 5) x 9/10 = 7.191: 7.19, not 2.691 + "
        "5.",
    ),
    ABOVE,
    CARRIED,
    ABOVE.but(
        "coupon-that-was-used-up",
        "RATE-FIXED-1 RATE-ZERO-1",
        "openings",
        [{"credit": "coupon", "value": {"num": "1000", "den": "1"}}],
        [Line("gpu", 1, "7200", "5.98", "5.98")],
        "5.98",
        "Nothing is left: no adjustment of zero is stated. It stays at 1000; who forgets that gives it "
        "again.",
        closings=[Closing("credit:coupon", "1000")],
    ),
    ABOVE.but(
        "coupon-that-was-used-beyond-its-amount",
        "RATE-FIXED-1 RATE-OPENING-1",
        "openings",
        [{"credit": "coupon", "value": {"num": "1200", "den": "1"}}],
        [Line("gpu", 1, "7200", "5.98", "5.98")],
        "5.98",
        "1200 cents were used, under a plan that granted more; this one grants 1000. Nothing is left, and "
        "2.00 are not taken back: 5.98. It stays at 1200.",
        closings=[Closing("credit:coupon", "1200")],
    ),
    TWO_COUPONS,
    TWO_COUPONS.but(
        "two-coupons-of-one-priority",
        "RATE-ADJUSTMENT-1",
        "plan.credits[0].priority",
        1,
        [
            Line("gpu", 1, "7200", "5.98", "5.98"),
            lowered("gpu", 1, "-3.00", "a"),
            lowered("gpu", 1, "-2.98", "b"),
        ],
        "0.00",
        "Of one priority, a comes before b: 3.00, then 2.98 of 4.00.",
        closings=[Closing("credit:a", "300"), Closing("credit:b", "298")],
    ),
    EXPIRES,
    EXPIRES.but(
        "coupon-that-expires-as-the-period-begins",
        "RATE-EXPIRE-1",
        f"{CREDIT}.expires",
        MARCH[0],
        [Line("gpu", 1, "7200", "5.98", "5.98")],
        "5.98",
        "It is not after the first instant of the period, so it does not apply: 5.98.",
    ),
    BASIS.but(
        "percentage-that-has-expired",
        "RATE-EXPIRE-1 RATE-PERCENT-1",
        f"{CREDIT}.expires",
        MARCH[0],
        [HOUR, Line("tokens", 1, "7", "7", "7.00")],
        "9.99",
        "Expired, it multiplies nothing: 2.99 + 7.00.",
    ),
    Case(
        "coupon-of-one-component",
        ["RATE-FIXED-1"],
        "Its basis is the units: 2.99 of its 10.00 are used, and the tokens stay at 7.00.",
        use(plan(gpu(), tokens("1"), credits=[coupon("10.00", basis=["gpu"])]), held(), counted("7")),
        [HOUR, lowered("gpu", 1, "-2.99"), Line("tokens", 1, "7", "7", "7.00")],
        "7.00",
        closings=[Closing("credit:coupon", "299")],
    ),
    *(
        ABOVE.refused(name, requirement, "SCHEMA", f"plan.credits{where}", value, why)
        for name, requirement, where, value, why in MALFORMED
    ),
]
