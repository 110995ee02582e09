"""The greatest and the least of a bill."""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.billing_cases import (
    MARCH,
    Case,
    event,
    gpu,
    held,
    plan,
    tokens,
    use,
)
from conformance.tests.vectors.billing_credit_cases import HOUR, coupon, euro, lowered
from conformance.tests.vectors.billing_inputs import account, lease
from conformance.tests.vectors.billing_lines import Closing, Line
from conformance.tests.vectors.billing_share_cases import three
from conformance.tests.vectors.billing_sum_cases import OF_ACCOUNT

MADE, RECORDS, LINES = three("100", "30", "20")
MINIMUM: Final = Line("minimum:period", 0, "1", "2.01", "2.01", adjustment="minimum")


GREATEST: Final = Case(
    "bill-above-its-maximum",
    ["RATE-MAXIMUM-1", "RATE-ALLOCATE-1"],
    "100.00 + 30.00 + 20.00 = 150.00, at most 100.00: 50.00 are taken off in proportion 10 : 3 : 2, "
    "33.333..., 10 and 6.666...: 33.33, 10.00 and 6.66 rounded down, and one cent more by the largest "
    "remainder: 6.67.",
    use(plan(*MADE, maximum=euro("100.00")), *RECORDS),
    [
        *LINES,
        lowered("a", 1, "-33.33", "maximum"),
        lowered("b", 1, "-10.00", "maximum"),
        lowered("c", 1, "-6.67", "maximum"),
    ],
    "100.00",
)
LEAST: Final = Case(
    "bill-below-its-minimum",
    ["RATE-MINIMUM-1"],
    "2.99 is 2.01 short of 5.00: one line more, of the lease.",
    use(plan(gpu(), minimum=euro("5.00")), held()),
    [HOUR, MINIMUM],
    "5.00",
)


CASES: Final[list[Case]] = [
    GREATEST,
    GREATEST.but(
        "bill-at-its-maximum",
        "RATE-MAXIMUM-1 RATE-ZERO-1",
        "plan.maximum",
        euro("150.00"),
        LINES,
        "150.00",
        "150.00 is no more than 150.00: nothing is taken off, and no line of zero is stated.",
    ),
    GREATEST.but(
        "maximum-of-nothing",
        "RATE-MAXIMUM-1 PRICE-MINIMUM-1",
        "plan.maximum",
        euro("0.00"),
        [
            *LINES,
            lowered("a", 1, "-100.00", "maximum"),
            lowered("b", 1, "-30.00", "maximum"),
            lowered("c", 1, "-20.00", "maximum"),
        ],
        "0.00",
        "At most 0.00: every line is taken back.",
    ),
    LEAST,
    LEAST.but(
        "bill-at-its-minimum",
        "RATE-MINIMUM-1 RATE-ZERO-1",
        "plan.minimum",
        euro("2.99"),
        [HOUR],
        "2.99",
        "2.99 is not short of 2.99: no line of zero.",
    ),
    LEAST.but(
        "minimum-of-an-idle-lease",
        "RATE-MINIMUM-1",
        "records",
        [],
        [Line("minimum:period", 0, "1", "5", "5.00", adjustment="minimum")],
        "5.00",
        "The lease has active time in the period, though nothing is used: 5.00.",
    ),
    LEAST.but(
        "coupon-on-a-minimum",
        "RATE-ADJUSTMENT-1 RATE-FIXED-1 RATE-ALLOCATE-1",
        "plan.credits",
        [coupon("1.00")],
        [
            HOUR,
            MINIMUM,
            lowered("gpu", 1, "-0.60"),
            Line("minimum:period", 0, "1", "-0.4", "-0.40", adjustment="coupon"),
        ],
        "4.00",
        "The minimum comes first, 2.99 + 2.01 = 5.00, and the coupon lowers both lines: 100 x 299/500 = "
        "59.8 and 100 x 201/500 = 40.2, 59 and 40 rounded down, the one that remains to 59.8: 0.60 and "
        "0.40. With the coupon first the minimum takes it back: 5.00.",
        closings=[Closing("credit:coupon", "100")],
    ),
    LEAST.refused(
        "minimum-in-another-currency",
        "PRICE-MINIMUM-1",
        "SCHEMA",
        "plan.minimum",
        {"currency": "USD", "amount": "5.00"},
        "5 USD are not 5 EUR.",
    ),
    LEAST.refused(
        "bill-of-less-than-nothing",
        "PRICE-MINIMUM-1",
        "SCHEMA",
        "plan.minimum",
        euro("-5.00"),
        "A minimum below zero binds nobody.",
    ),
    LEAST.refused(
        "maximum-below-the-minimum",
        "PRICE-MINIMUM-1",
        "SCHEMA",
        "plan.maximum",
        euro("4.99"),
        "No bill can keep both.",
    ),
    Case(
        "minimum-of-a-lease-that-ended",
        ["RATE-MINIMUM-1"],
        "Terminated as the period begins: no active time in March, and no minimum.",
        use(
            plan(gpu(), minimum=euro("5.00")),
            events=[event("ACTIVATED", "2026-02-01T00:00:00Z"), event("TERMINATED", MARCH[0])],
        ),
        [],
        "0.00",
    ),
    Case(
        "minimum-of-an-account",
        ["RATE-MINIMUM-1"],
        "Two leases at 2.99: 5.98, 4.02 short of 10.00, on one line of the account. Lease by lease it is "
        "7.01 twice.",
        account(
            plan(gpu(), tokens("1") | {"accumulator": OF_ACCOUNT}, minimum=euro("10.00")),
            lease("l1", held()),
            lease("l2", held()),
        ),
        [
            HOUR,
            Line("gpu", 1, "3600", "2.99", "2.99", "l2"),
            Line("minimum:period", 0, "1", "4.02", "4.02", "", adjustment="minimum"),
        ],
        "10.00",
    ),
]
