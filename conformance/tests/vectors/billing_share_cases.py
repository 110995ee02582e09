"""How an adjustment is divided among lines."""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.billing_cases import (
    Case,
    Value,
    component,
    counted,
    plan,
    use,
)
from conformance.tests.vectors.billing_credit_cases import coupon, lowered
from conformance.tests.vectors.billing_lines import Closing, Line


def three(*prices: str) -> tuple[list[Value], list[Value], list[Line]]:
    """Components a, b and c at three prices, one of each used, and their lines."""
    made = [
        component(it, "COUNT", f"{it}-token:token", "1", price)
        for it, price in zip("abc", prices, strict=True)
    ]
    records = [counted("1", seq=number, of=f"{it}-token:token") for number, it in enumerate("abc", 1)]
    lines = [Line(it, 1, "1", price, f"{float(price):.2f}") for it, price in zip("abc", prices, strict=True)]
    return made, records, lines


def divided(
    name: str, prices: tuple[str, str, str], amount: str, shares: tuple[str, str, str], net: str, why: str
) -> Case:
    """A fixed credit that is divided among three lines."""
    made, records, lines = three(*prices)
    given = use(plan(*made, credits=[coupon(amount)]), *records)
    lowers = [lowered(it, 1, share) for it, share in zip("abc", shares, strict=True) if share]
    used = str(round(float(amount) * 100))
    closings = [Closing("credit:coupon", used)]
    return Case(
        name, ["RATE-ALLOCATE-1", "RATE-FIXED-1"], why, given, [*lines, *lowers], net, closings=closings
    )


CASES: Final[list[Case]] = [
    divided(
        "hundred-among-three-equal-lines",
        ("100", "100", "100"),
        "100.00",
        ("-33.34", "-33.33", "-33.33"),
        "200.00",
        "10000 cents among three nets of 10000 are 3333 1/3 each: 3333 rounded down, and the one that "
        "remains goes to the first key, a: 33.34, 33.33, 33.33. Rounded each for itself they sum to 99.99.",
    ),
    divided(
        "largest-remainder-is-not-the-first",
        ("10", "20", "30"),
        "1.00",
        ("-0.17", "-0.33", "-0.50"),
        "59.00",
        "100 cents in proportion 1 : 2 : 3 are 16 2/3, 33 1/3 and 50: 16 + 33 + 50 = 99, and the one that "
        "remains goes to the largest remainder, 2/3: 17, 33, 50.",
    ),
    divided(
        "remainder-for-the-last-line",
        ("10", "30", "20"),
        "0.01",
        ("", "-0.01", ""),
        "59.99",
        "One cent: 1/6, 1/2 and 1/3, all rounded down to 0. The largest remainder takes it; shares of zero "
        "are no lines.",
    ),
    divided(
        "halves-that-are-not-all-rounded-up",
        ("10", "10", "20"),
        "0.06",
        ("-0.02", "-0.01", "-0.03"),
        "39.94",
        "1 1/2, 1 1/2 and 3 cents: 1, 1 and 3 rounded down, and the one that remains to the first of equal "
        "remainders. Rounded each for itself, 2 + 2 + 3 is a cent too much.",
    ),
    divided(
        "line-below-zero-takes-no-share",
        ("10", "-2", "10"),
        "1.00",
        ("-0.50", "", "-0.50"),
        "17.00",
        "Only nets above zero take a share: 0.50 each of the two of 10.00. The line of -2.00 is not raised.",
    ),
]
