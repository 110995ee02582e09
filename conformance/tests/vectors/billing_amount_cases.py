"""Amounts: rounding, tiers, granularity, and numbers that floating point cannot hold."""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.billing_cases import (
    AT_THREE,
    AT_TWO,
    Case,
    component,
    counted,
    gpu,
    held,
    plan,
    tokens,
    use,
)
from conformance.tests.vectors.billing_lines import Line
from conformance.tests.vectors.one_change import GONE

STEPS: Final = ("100", "0.1"), ("1000", "0.08"), "0.05"
QUANTITY: Final = "records[0].quantity"


def of_tokens(
    price: str, quantity: str, currency: str = "EUR", per: str = "1", **steps: str
) -> dict[str, object]:
    """One count of tokens at one price."""
    return use(plan(tokens(price, per, **steps), currency=currency), counted(quantity))


def rounding(
    name: str, price: str, quantity: str, exact: str, amount: str, why: str, currency: str = "EUR"
) -> Case:
    """One count whose amount is rounded."""
    line = Line("tokens", 1, quantity, exact, amount)
    return Case(name, ["RATE-ROUND-1"], why, of_tokens(price, quantity, currency), [line], amount)


def tiered(tier: int, quantity: str, exact: str, amount: str) -> Line:
    """A line of the tiered tokens."""
    return Line("tokens", tier, quantity, exact, amount)


ROUNDING: Final = [
    rounding(
        "tie-away-from-zero",
        "0.737",
        "5",
        "3.685",
        "3.69",
        "5 x 0.737 = 3.685, rounded away from zero 3.69. Half-even gives 3.68, and so does a float: 3.685 is "
        "3.68499999... there.",
    ),
    rounding(
        "just-below-a-tie",
        "0.736999999999",
        "5",
        "3.684999999995",
        "3.68",
        "5 x 0.736999999999 = 3.684999999995, below the tie: 3.68. Rounding to three digits first makes it "
        "3.685, then 3.69: each line is rounded once.",
    ),
    rounding(
        "yen-tie", "0.3", "5", "1.5", "2", "5 x 0.3 = 1.5; the yen has no minor unit: 2, not 1.50.", "JPY"
    ),
    rounding(
        "dinar-tie",
        "0.0003",
        "5",
        "0.0015",
        "0.002",
        "5 x 0.0003 = 0.0015; the dinar of Kuwait has three digits: 0.002, not 0.00.",
        "KWD",
    ),
    rounding("eighth", "0.125", "1", "1/8", "0.13", "1 x 0.125 = 0.125: 0.13. Half-even gives 0.12."),
    rounding(
        "below-half-a-cent",
        "0.0049",
        "1",
        "0.0049",
        "0.00",
        "1 x 0.0049 = 0.0049: 0.00. The line stays, since its quantity is not zero. Who rounds up bills "
        "0.01.",
    ),
    Case(
        "tie-below-zero",
        ["RATE-ROUND-1", "PRICE-PRICE-1", "RATE-TOTAL-1"],
        "5 x -0.737 = -3.685, rounded away from zero -3.69; 1 x 10 = 10.00; 10.00 - 3.69 = 6.31. Rounding "
        "halves up gives -3.68 and 6.32: a credit would not mirror its charge.",
        use(
            plan(tokens("10"), component("bonus", "COUNT", "bonus:token", "1", "-0.737")),
            counted("1"),
            counted("5", seq=2, of="bonus:token"),
        ),
        [Line("bonus", 1, "5", "-3.685", "-3.69"), Line("tokens", 1, "1", "10", "10.00")],
        "6.31",
    ),
    rounding(
        "zero-has-no-sign",
        "-0.001",
        "1",
        "-0.001",
        "0.00",
        "1 x -0.001 = -0.001: 0.00. Money is never -0.00; the exact amount keeps its sign.",
    ),
    Case(
        "each-line-is-rounded-not-the-total",
        ["RATE-ROUND-1", "RATE-TOTAL-1"],
        "Two lines of 1 x 0.005 = 0.005, each 0.01; 0.01 + 0.01 = 0.02. Rounding only the total gives 0.01.",
        use(
            plan(tokens("0.005"), component("input", "COUNT", "input-token:token", "1", "0.005")),
            counted("1"),
            counted("1", seq=2, of="input-token:token"),
        ),
        [Line("input", 1, "1", "0.005", "0.01"), Line("tokens", 1, "1", "0.005", "0.01")],
        "0.02",
    ),
    Case(
        "third",
        ["RATE-AMOUNT-1"],
        "1 x 1 / 3 = 1/3, exactly, and 0.33. No decimal states the exact amount.",
        of_tokens("1", "1", per="3"),
        [Line("tokens", 1, "1", "1/3", "0.33")],
        "0.33",
    ),
    Case(
        "lowest-terms",
        ["RATE-AMOUNT-1", "SCALAR-RATIONAL-1"],
        "20 minutes: 1200 x 2.99 / 3600 = 3588/3600 = 299/300 = 0.99667: 1.00. The rational is in lowest "
        "terms.",
        use(plan(gpu()), held(end="2026-03-10T01:20:00Z")),
        [Line("gpu", 1, "1200", "299/300", "1.00")],
        "1.00",
    ),
]
NUMBERS: Final = [
    Case(
        "quantity-beyond-a-double",
        ["RATE-EXACT-1"],
        "2^53 + 1 = 9007199254740993; x 0.01 = 90071992547409.93. A double holds 9007199254740992 at best: "
        "...09.92.",
        of_tokens("0.01", "9007199254740993"),
        [Line("tokens", 1, "9007199254740993", "90071992547409.93", "90071992547409.93")],
        "90071992547409.93",
    ),
    Case(
        "price-of-twelve-digits",
        ["PRICE-PRICE-1", "RATE-EXACT-1"],
        "5000000000 x 0.000000000001 = 0.005: 0.01. A price kept to nine digits is 0, and so is the bill.",
        of_tokens("0.000000000001", "5000000000"),
        [Line("tokens", 1, "5000000000", "0.005", "0.01")],
        "0.01",
    ),
    Case(
        "thirty-digits-by-thirty-digits",
        ["RATE-EXACT-1", "RATE-AMOUNT-1"],
        "0.999999999999 x 999999999999999999.999999999999 / 1000000000000: with a = 10^12 - 1 and b = "
        "10^30 - 1 the exact amount is a x b / 10^36, a number of 42 digits; it is 999999.999999, less "
        "10^-24: 1000000.00.",
        of_tokens("999999999999999999.999999999999", "0.999999999999", per="1000000000000"),
        [
            Line(
                "tokens",
                1,
                "0.999999999999",
                "999999999998999999999999999999000000000001/1000000000000000000000000000000000000",
                "1000000.00",
            )
        ],
        "1000000.00",
    ),
]
LARGEST: Final = Case(
    "largest-amount",
    ["RATE-EXACT-1"],
    "999999999999999999 x 1 = 999999999999999999.00, the most that money can state.",
    of_tokens("1", "999999999999999999"),
    [Line("tokens", 1, "999999999999999999", "999999999999999999", "999999999999999999.00")],
    "999999999999999999.00",
)
LARGEST_TOTAL: Final = Case(
    "largest-total",
    ["RATE-EXACT-1", "RATE-TOTAL-1"],
    "999999999999999999 x 1 and 0 x 1: the second makes no line, so the total is 999999999999999999.00.",
    use(
        plan(tokens("1"), component("input", "COUNT", "input-token:token", "1", "1")),
        counted("999999999999999999"),
        counted("0", seq=2, of="input-token:token"),
    ),
    [Line("tokens", 1, "999999999999999999", "999999999999999999", "999999999999999999.00")],
    "999999999999999999.00",
)
LIMITS: Final = [
    LARGEST,
    LARGEST_TOTAL,
    LARGEST_TOTAL.refused(
        "total-beyond-money",
        "RATE-EXACT-1",
        "LIMIT",
        "records[1].quantity",
        "1",
        "Each line can be stated, their sum 1000000000000000000.00 cannot.",
    ),
    LARGEST.refused(
        "amount-beyond-money",
        "RATE-EXACT-1",
        "LIMIT",
        "plan.components[0].tiers[0].unitPrice",
        "2",
        "2 x 999999999999999999 has 19 integer digits. Saturating at the largest amount bills half of it.",
    ),
]
BOUND: Final = Case(
    "quantity-at-the-bound-of-a-tier",
    ["RATE-TIER-1", "PRICE-TIER-2"],
    "100 at 0.1 up to 100, the bound included: 10.00, and no line of 0 in the next tier.",
    use(plan(component("tokens", "COUNT", "output-token:token", "1", *STEPS)), counted("100")),
    [tiered(1, "100", "10", "10.00")],
    "10.00",
)
TIERS: Final = [
    BOUND,
    BOUND.but(
        "quantity-just-above-the-bound-of-a-tier",
        "RATE-TIER-1 RATE-EXACT-1",
        QUANTITY,
        "100.000001",
        [tiered(1, "100", "10", "10.00"), tiered(2, "1/1000000", "0.00000008", "0.00")],
        "10.00",
        "100 x 0.1 = 10.00; 0.000001 x 0.08 = 0.00000008: 0.00, a line of its own. All at the tier reached "
        "gives 8.00.",
    ),
    BOUND.but(
        "quantity-in-the-last-tier",
        "RATE-TIER-1 RATE-ROUND-1",
        QUANTITY,
        "1000.5",
        [
            tiered(1, "100", "10", "10.00"),
            tiered(2, "900", "72", "72.00"),
            tiered(3, "1/2", "0.025", "0.03"),
        ],
        "82.03",
        "100 x 0.1 = 10.00; 900 x 0.08 = 72.00; 0.5 x 0.05 = 0.025: 0.03. Sum 82.03; all at the last tier "
        "gives 50.03.",
    ),
    BOUND.but(
        "tiers-apply-to-the-sum",
        "RATE-TIER-1 RATE-SUM-1",
        "records[1]",
        counted("20", AT_TWO, AT_THREE, 2),
        [tiered(1, "100", "10", "10.00"), tiered(2, "20", "1.6", "1.60")],
        "11.60",
        "100 + 20 = 120: 100 x 0.1 = 10.00 and 20 x 0.08 = 1.60, 11.60. Tiers anew for each record give "
        "12.00.",
    ),
    Case(
        "free-tier",
        ["RATE-TIER-1", "RATE-ZERO-1"],
        "10 at 0 = 0.00, stated since its quantity is not zero; 5 x 0.2 = 1.00.",
        use(plan(component("tokens", "COUNT", "output-token:token", "1", ("10", "0"), "0.2")), counted("15")),
        [tiered(1, "10", "0", "0.00"), tiered(2, "5", "1", "1.00")],
        "1.00",
    ),
    Case(
        "tiers-of-unit-seconds",
        ["RATE-TIER-1", "PRICE-TIER-2"],
        "8 units x 4 h = 115200 unit-seconds. 86400 (24 unit-hours) x 2.99 / 3600 = 71.76; 28800 x 1.995 / "
        "3600 = 15.96. Sum 87.72. Bounds are in the billed quantity: as hours, all would lie in the last "
        "tier: 63.84.",
        use(
            plan(component("gpu", "TIME", "compute-unit:unit", "3600", ("86400", "2.99"), "1.995")),
            held("8", end="2026-03-10T05:00:00Z"),
        ),
        [Line("gpu", 1, "86400", "71.76", "71.76"), Line("gpu", 2, "28800", "15.96", "15.96")],
        "87.72",
    ),
    Case(
        "ten-tiers-in-the-order-of-keys",
        ["RATE-KEY-1", "RATE-DIGEST-1", "RATE-TIER-1"],
        "Ten tiers of 1 at 1, 2, ... 10: 1 + 2 + ... + 10 = 55.00. Lines come by the bytes of their keys, "
        "and in ASCII '0' is below '|': tier 10 stands before tier 1. Sorted by number they give another "
        "digest.",
        use(
            plan(
                component(
                    "tokens",
                    "COUNT",
                    "output-token:token",
                    "1",
                    *((str(bound), str(bound)) for bound in range(1, 10)),
                    "10",
                )
            ),
            counted("10"),
        ),
        [tiered(tier, "1", str(tier), f"{tier}.00") for tier in (10, *range(1, 10))],
        "55.00",
    ),
]
UNSTEPPED: Final = Case(
    "energy-without-steps",
    ["RATE-AMOUNT-1", "RATE-ROUND-1"],
    "20.45 x 0.25 = 5.1125: 5.11.",
    of_tokens("0.25", "20.45"),
    [tiered(1, "20.45", "5.1125", "5.11")],
    "5.11",
)
MINIMUM: Final = Case(
    "minimum-of-ten",
    ["RATE-GRANULARITY-1"],
    "3 in steps of 1 is 3, below the minimum 10: 10 x 0.5 = 5.00.",
    of_tokens("0.5", "3", step="1", minimum="10"),
    [tiered(1, "10", "5", "5.00")],
    "5.00",
)
GRANULARITY: Final = [
    UNSTEPPED,
    UNSTEPPED.but(
        "energy-in-steps-of-a-tenth",
        "RATE-GRANULARITY-1 RATE-ROUND-1",
        "plan.components[0].granularity",
        {"step": "0.1"},
        [tiered(1, "20.5", "5.125", "5.13")],
        "5.13",
        "20.45 / 0.1 = 204.5, up to 205 steps: 20.5; 20.5 x 0.25 = 5.125: 5.13.",
    ),
    Case(
        "three-tenths-are-three-steps",
        ["RATE-GRANULARITY-1", "RATE-EXACT-1"],
        "0.1 + 0.2 = 0.3 = 3 steps of 0.1: 0.3 x 1 / 0.1 = 3.00. In floats the sum is 0.30000000000000004: "
        "4 steps.",
        use(
            plan(tokens("1", "0.1", step="0.1")),
            counted("0.1"),
            counted("0.2", AT_TWO, AT_THREE, 2),
        ),
        [tiered(1, "0.3", "3", "3.00")],
        "3.00",
    ),
    Case(
        "steps-once-a-period",
        ["RATE-GRANULARITY-1"],
        "Two records of 61 s: 122 unit-seconds, up to 3 minutes: 180; 180 x 0.6 / 60 = 1.80. Steps for "
        "each record give 2 x 120 = 240: 2.40.",
        use(
            plan(gpu("0.6", "60", step="60")),
            held(end="2026-03-10T01:01:01Z"),
            held(start=AT_TWO, end="2026-03-10T02:01:01Z", seq=2),
        ),
        [Line("gpu", 1, "180", "1.8", "1.80")],
        "1.80",
    ),
    MINIMUM,
    MINIMUM.but(
        "minimum-of-no-use",
        "RATE-GRANULARITY-1 RATE-ZERO-1",
        QUANTITY,
        "0",
        [],
        "0.00",
        "A sum of zero stays zero: a minimum is the least that is billed of a use, not a fee for none.",
    ),
    MINIMUM.but(
        "minimum-that-is-no-multiple-of-the-step",
        "RATE-GRANULARITY-1",
        "plan.components[0].granularity.minimum",
        "10.5",
        [tiered(1, "10.5", "5.25", "5.25")],
        "5.25",
        "max(10.5, 3) = 10.5, not stepped up to 11: 10.5 x 0.5 = 5.25.",
    ),
    MINIMUM.but(
        "minimum-exceeded",
        "RATE-GRANULARITY-1",
        QUANTITY,
        "10.2",
        [tiered(1, "11", "5.5", "5.50")],
        "5.50",
        "10.2 in steps of 1 is 11, above the minimum: 11 x 0.5 = 5.50.",
    ),
    MINIMUM.but(
        "use-below-a-minimum-that-is-left-out",
        "RATE-GRANULARITY-1",
        "plan.components[0].granularity.minimum",
        GONE,
        [tiered(1, "3", "1.5", "1.50")],
        "1.50",
        "Without a minimum, 3 in steps of 1 is 3: 3 x 0.5 = 1.50.",
    ),
    Case(
        "steps-before-tiers",
        ["RATE-GRANULARITY-1", "RATE-TIER-1"],
        "100.2 in steps of 1 is 101: 100 x 0.1 = 10.00 and 1 x 0.08 = 0.08, 10.08. Tiers first bill 0.2 x "
        "0.08 = 0.016.",
        use(
            plan(component("tokens", "COUNT", "output-token:token", "1", *STEPS, step="1")), counted("100.2")
        ),
        [tiered(1, "100", "10", "10.00"), tiered(2, "1", "0.08", "0.08")],
        "10.08",
    ),
]
CASES: Final[list[Case]] = [*ROUNDING, *NUMBERS, *LIMITS, *TIERS, *GRANULARITY]
