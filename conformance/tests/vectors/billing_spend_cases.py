"""Commitments to spend an amount in each period: which lines they cover, and what is left of them."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.billing_cases import (
    AT_THREE,
    AT_TWO,
    MARCH,
    Case,
    Value,
    component,
    counted,
    gpu,
    held,
    plan,
    tokens,
)
from conformance.tests.vectors.billing_commitment_cases import hourly, used
from conformance.tests.vectors.billing_inputs import account, lease
from conformance.tests.vectors.billing_lines import Line
from conformance.tests.vectors.billing_sum_cases import OF_ACCOUNT, summed
from conformance.tests.vectors.one_change import GONE

FACTOR: Final = ("commitment:spend", "9/10")
FIFTY_HOURS: Final = held(end="2026-03-12T03:00:00Z")
SPENT: Final = "plans[0].plan.commitments[0]"
MIDDLE: Final = "2026-03-16T12:00:00Z"


def spend(amount: str = "100", price: str = "90", eligible: str = "gpu", **members: Any) -> Value:
    """A commitment to spend 100 in a period for 90."""
    return {
        "id": "spend",
        "kind": "COMMITMENT_KIND_PERIOD_SPEND",
        "amount": amount,
        "price": price,
        "eligible": eligible.split(),
        **members,
    }


def covered(of: str, tier: int, quantity: str, exact: str, amount: str, lease: str = "l1") -> Line:
    """What the spend paid for."""
    return Line(of, tier, quantity, exact, amount, lease, commitment="spend:used", factors=[FACTOR])


def left(quantity: str, exact: str, amount: str) -> Line:
    """What of it was not spent."""
    return Line("spend:eur", 0, quantity, exact, amount, "", commitment="spend:unused")


PARTIAL: Final = Case(
    "spend-that-covers-part-of-a-line",
    ["RATE-COMMITMENT-4", "RATE-FACTOR-1"],
    "50 h x 2.99 = 149.50, of which 100 are committed: they pay for 100 x 3600 / 2.99 = 36000000/299 "
    "unit-seconds, at 90/100 of the price: 90.00. The rest of the 180000, 17820000/299, costs 49.50. Sum "
    "139.50; a quantity rounded to seconds, 120401, gives other digits.",
    account(plan(gpu(), commitments=[spend()]), lease("l1", FIFTY_HOURS)),
    [covered("gpu", 1, "36000000/299", "90", "90.00"), Line("gpu", 1, "17820000/299", "49.5", "49.50")],
    "139.50",
)
TWO: Final = Case(
    "spend-on-two-components",
    ["RATE-COMMITMENT-4", "RATE-COMMITMENT-2"],
    "Components in the order of the list: first the tokens, 70 x 1, whole: 70 x 9/10 = 63.00; then 30 of "
    "the 149.50 of units: 30 x 3600 / 2.99 = 10800000/299 at 27.00; the rest, 43020000/299, 119.50. By the "
    "bytes of keys gpu would come first.",
    account(
        plan(tokens("1"), gpu(), commitments=[spend(eligible="gpu tokens")]),
        lease("l1", FIFTY_HOURS, counted("70")),
    ),
    [
        covered("tokens", 1, "70", "63", "63.00"),
        covered("gpu", 1, "10800000/299", "27", "27.00"),
        Line("gpu", 1, "43020000/299", "119.5", "119.50"),
    ],
    "209.50",
)
LEASES: Final = Case(
    "spend-on-two-leases",
    ["RATE-COMMITMENT-4"],
    "Leases by name: l1 uses 80 x 1, covered whole: 72.00; of l2's 50 x 1 the remaining 20 are covered: "
    "18.00, and 30 x 1 = 30.00 are beyond.",
    account(
        plan(tokens("1"), commitments=[spend(eligible="tokens")]),
        lease("l2", counted("50")),
        lease("l1", counted("80")),
    ),
    [
        covered("tokens", 1, "80", "72", "72.00"),
        covered("tokens", 1, "20", "18", "18.00", "l2"),
        Line("tokens", 1, "30", "30", "30.00", "l2"),
    ],
    "120.00",
)
BONUS: Final = component("bonus", "COUNT", "bonus:token", "1", "-1")
CASES: Final[list[Case]] = [
    PARTIAL,
    PARTIAL.but(
        "spend-that-is-not-used-up",
        "RATE-COMMITMENT-4",
        "leases[0].records[0].end",
        "2026-03-10T11:00:00Z",
        [covered("gpu", 1, "36000", "26.91", "26.91"), left("70.1", "63.09", "63.09")],
        "90.00",
        "10 h x 2.99 = 29.90, all covered: x 9/10 = 26.91. 70.1 of the spend are left: 70.1 x 90 / 100 = "
        "63.09. Together the 90.00 that it costs.",
    ),
    PARTIAL.but(
        "spend-without-use",
        "RATE-COMMITMENT-4",
        "leases[0].records[0].quantity",
        "0",
        [left("100", "90", "90.00")],
        "90.00",
        "Nothing is used: 100 x 90 / 100 = 90.00 is owed all the same.",
    ),
    PARTIAL.but(
        "spend-that-is-met-exactly",
        "RATE-COMMITMENT-4 RATE-ZERO-1",
        f"{SPENT}.amount",
        "149.5",
        [
            Line(
                *("gpu", 1, "180000", "90", "90.00"),
                commitment="spend:used",
                factors=[("commitment:spend", "180/299")],
            )
        ],
        "90.00",
        "149.5 are committed and 149.50 used: all is covered, x 90 / 149.5 = 180/299: 90.00. Nothing is "
        "left, and no line of zero is stated.",
    ),
    PARTIAL.but(
        "spend-for-a-share-of-the-period",
        "RATE-COMMITMENT-4",
        f"{SPENT}.term",
        {"start": MIDDLE, "end": MARCH[1]},
        [covered("gpu", 1, "18000000/299", "45", "45.00"), Line("gpu", 1, "35820000/299", "99.5", "99.50")],
        "144.50",
        "In force for 15.5 of 31 days, half: 50 are committed. 50 x 3600 / 2.99 = 18000000/299 at 45.00; "
        "the rest 99.50. It covers lines of the period, also what was used before it came into force.",
    ),
    PARTIAL.but(
        "spend-of-no-price",
        "RATE-COMMITMENT-4 PRICE-COMMITMENT-2",
        f"{SPENT}.price",
        "0",
        [
            Line(
                *("gpu", 1, "36000000/299", "0", "0.00"),
                commitment="spend:used",
                factors=[("commitment:spend", "0")],
            ),
            Line("gpu", 1, "17820000/299", "49.5", "49.50"),
        ],
        "49.50",
        "100 of use for nothing: the covered part is stated at 0.00, 49.50 are beyond.",
    ),
    TWO,
    TWO.but(
        "spend-on-one-of-two-components",
        "RATE-COMMITMENT-4",
        f"{SPENT}.eligible",
        ["tokens"],
        [
            covered("tokens", 1, "70", "63", "63.00"),
            Line("gpu", 1, "180000", "149.5", "149.50"),
            left("30", "27", "27.00"),
        ],
        "239.50",
        "Only tokens are eligible: 63.00; 30 are left, 27.00; the units cost 149.50.",
    ),
    LEASES,
    Case(
        "spend-on-the-account-first",
        ["RATE-COMMITMENT-4", "RATE-ACCUMULATOR-1"],
        "The component of the account stands first in the list and is covered first, 60 + 30 = 90 of 100 by "
        "81.00; 10 of the 40 tokens, 9.00; the other 30 cost 30.00.",
        account(
            plan(
                component("input", "COUNT", "input-token:token", "1", "1") | {"accumulator": OF_ACCOUNT},
                tokens("1"),
                commitments=[spend(eligible="input tokens")],
            ),
            lease("l1", counted("60", of="input-token:token"), counted("40", AT_TWO, AT_THREE, 2)),
            lease("l2", counted("30", of="input-token:token")),
        ),
        [
            covered("input", 1, "90", "81", "81.00", ""),
            covered("tokens", 1, "10", "9", "9.00"),
            Line("tokens", 1, "30", "30", "30.00"),
        ],
        "120.00",
    ),
    Case(
        "spend-by-ascending-tier",
        ["RATE-COMMITMENT-4", "RATE-TIER-1"],
        "100 x 0.1 = 10.00 and 900 x 0.08 = 72.00; 46 are committed: tier 1 whole, 10 x 9/10 = 9.00, then "
        "36 of tier 2: 450 at 36 x 9/10 = 32.40; the other 450 cost 36.00.",
        account(
            plan(summed(), commitments=[spend("46", "41.4", "tokens")]),
            lease("l1", counted("1000")),
        ),
        [
            covered("tokens", 1, "100", "9", "9.00"),
            covered("tokens", 2, "450", "32.4", "32.40"),
            Line("tokens", 2, "450", "36", "36.00"),
        ],
        "77.40",
    ),
    Case(
        "spend-on-nothing-below-zero",
        ["RATE-COMMITMENT-4"],
        "The bonus is -5.00: it is not covered, and does not raise what is left. 95 of use x 9/10 = 85.50; "
        "5 left: 4.50; 85.50 + 4.50 - 5.00 = 85.00.",
        account(
            plan(BONUS, tokens("1"), commitments=[spend(eligible="bonus tokens")]),
            lease("l1", counted("95"), counted("5", AT_TWO, AT_THREE, 2, "bonus:token")),
        ),
        [
            Line("bonus", 1, "5", "-5", "-5.00"),
            covered("tokens", 1, "95", "85.5", "85.50"),
            left("5", "4.5", "4.50"),
        ],
        "85.00",
    ),
    Case(
        "spend-after-committed-hours",
        ["RATE-COMMITMENT-4", "RATE-COMMITMENT-2"],
        "Of two units from 01:00 to 03:00 one is committed by the hour: 7200 x 1 / 3600 = 2.00. The other, "
        "2 h x 2.99 = 5.98, is spent: x 9/10 = 5.382: 5.38. What hours cover is not spent: 94.02 are left, "
        "x 90 / 100 = 84.618: 84.62.",
        account(
            plan(gpu(), commitments=[spend(), hourly("base", "1", "1", priority=1)]),
            lease("l1", held("2", end=AT_THREE)),
        ),
        [
            used("7200", "2", "2.00"),
            covered("gpu", 1, "7200", "5.382", "5.38"),
            left("94.02", "84.618", "84.62"),
        ],
        "92.00",
    ),
    Case(
        "percentage-of-what-is-not-spent-on",
        ["RATE-PERCENT-1", "RATE-COMMITMENT-4"],
        "10 % off: the covered 100 cost 90.00 and are not lowered again; the other 49.50 x 9/10 = 44.55. "
        "Percent before the spend would leave 34.55 beyond it.",
        account(
            plan(
                gpu(),
                commitments=[spend()],
                credits=[{"id": "loyal", "kind": "CREDIT_KIND_PERCENT", "percent": "10"}],
            ),
            lease("l1", FIFTY_HOURS),
        ),
        [
            covered("gpu", 1, "36000000/299", "90", "90.00"),
            Line("gpu", 1, "17820000/299", "44.55", "44.55", factors=[("credit:loyal", "9/10")]),
        ],
        "134.55",
    ),
    PARTIAL.but(
        "spend-beside-another-spend",
        "RATE-COMMITMENT-4 RATE-COMMITMENT-2",
        "plans[0].plan.commitments[1]",
        {**spend("100", "80"), "id": "then"},
        [
            covered("gpu", 1, "36000000/299", "90", "90.00"),
            Line(
                *("gpu", 1, "17820000/299", "39.6", "39.60"),
                commitment="then:used",
                factors=[("commitment:then", "4/5")],
            ),
            Line("spend:eur", 0, "50.5", "40.4", "40.40", "", commitment="then:unused"),
        ],
        "170.00",
        "spend comes before then, by the bytes of their names: it covers 100 for 90.00. What it covers no "
        "other covers again; the rest, 49.50, is covered by then at 80/100: 39.60, and 50.5 are left: 40.40.",
    ),
    PARTIAL.refused(
        "spend-of-two-terms",
        "PRICE-COMMITMENT-4",
        "SCHEMA",
        SPENT,
        spend(termMonths=12, term={"start": MARCH[0], "end": MARCH[1]}),
        "A year, or March?",
    ),
    PARTIAL.refused(
        "spend-on-nothing",
        "PRICE-COMMITMENT-3",
        "SCHEMA",
        f"{SPENT}.eligible",
        GONE,
        "A commitment that covers nothing is only a fee.",
    ),
]
