"""Usage that comes late or is corrected, and the notes that it leads to."""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.billing_amount_cases import STEPS
from conformance.tests.vectors.billing_cases import (
    AT_THREE,
    AT_TWO,
    counted,
    gpu,
    held,
    plan,
    tokens,
    use,
)
from conformance.tests.vectors.billing_commitment_cases import hourly, unused, used
from conformance.tests.vectors.billing_credit_cases import coupon, euro, lowered
from conformance.tests.vectors.billing_inputs import account, lease
from conformance.tests.vectors.billing_lines import Line, Tax
from conformance.tests.vectors.billing_notes import CorrectionCase, Note, again, later, less
from conformance.tests.vectors.billing_sum_cases import OF_ACCOUNT, summed
from conformance.tests.vectors.billing_tax_cases import DIMES, ONE_OF_EACH, dimes, rule, taxed
from conformance.tests.vectors.billing_tier_cases import tiered


def dime_tax(base: str, exact: str, amount: str) -> Tax:
    """The tax on lines of 0.10, or a difference of it."""
    return Tax("standard", "de", "0.05", base, exact, amount)


TAX: Final = {
    net: dime_tax(net, exact, amount)
    for net, exact, amount in (("0.20", "0.01", "0.01"), ("0.10", "0.005", "0.01"))
}
NOTES: Final = CorrectionCase(
    "three-notes-that-refund-the-tax",
    ["RATE-CORRECT-2", "RATE-CORRECT-1"],
    "Billed: 3 x 0.10, tax 0.015: 0.02. Each list takes one line back. Owed after the first: 0.20, tax "
    "0.01; after the second: 0.10, tax 0.005: 0.01; after the third: nothing, no tax. The notes refund 0.02 "
    "- 0.01 = 0.01, 0.01 - 0.01 = 0.00 and 0.01 - 0 = 0.01: 0.02 in all, as was paid. Taxed note by note, "
    "-0.005 is -0.01 each time: 0.03.",
    later(
        use(plan(*dimes(), taxes=[rule("0.05")]), *ONE_OF_EACH),
        *([again(record, "2", quantity="0")] for record in ONE_OF_EACH),
    ),
    [
        Note(
            [less(DIMES[0])],
            "-0.11",
            DIMES[1:],
            "0.21",
            [dime_tax("-0.10", "-0.005", "-0.01")],
            [TAX["0.20"]],
            "-0.10",
            "0.20",
        ),
        Note(
            [less(DIMES[1])],
            "-0.10",
            DIMES[2:],
            "0.11",
            [dime_tax("-0.10", "-0.005", "0.00")],
            [TAX["0.10"]],
            "-0.10",
            "0.10",
        ),
        Note([less(DIMES[2])], "-0.11", [], "0.00", [dime_tax("-0.10", "-0.005", "-0.01")], [], "-0.10"),
    ],
)
HUNDRED: Final = Line("tokens", 1, "100", "10", "10.00")
BEYOND: Final = Line("tokens", 2, "100.000001", "8.00000008", "8.00")
LATE: Final = counted("0.000001", AT_TWO, AT_THREE, meterId="late")
CROSSES: Final = CorrectionCase(
    "late-event-that-crosses-a-tier",
    ["RATE-CORRECT-1", "RATE-VOLUME-1"],
    "Billed: 100 x 0.1 = 10.00. A millionth of a token came late: all 100.000001 now lie in the second "
    "tier, x 0.08 = 8.00. The line of tier 1 is taken back, -10.00, and one of tier 2 is stated, 8.00: a "
    "credit of 2.00, though more was used.",
    later(use(plan(tiered("VOLUME", *STEPS)), counted("100")), [LATE]),
    [Note([less(HUNDRED), BEYOND], "-2.00", [BEYOND], "8.00")],
)
HOUR: Final = Line("gpu", 1, "3600", "2.99", "2.99")
HALF: Final = Line("gpu", 1, "1800", "1.495", "1.50")
TWENTY: Final = held(end="2026-03-10T01:20:00Z")
SERIAL: Final = CorrectionCase(
    "late-event-after-two-corrections",
    ["RATE-CORRECT-1", "RATE-REVISION-1", "RATE-ROUND-1"],
    "Billed: 1 h, 2.99. Corrected to 20 min: 1200 x 2.99 / 3600 = 299/300: 1.00, a note of -1.99. Corrected "
    "to 40 min: 299/150: 1.99, a note of 0.99. 20 min came late under a meter of their own: 3600, 2.99, a "
    "note of 1.00. Each note is the difference of rounded amounts: rounding 299/300 by itself gives 1.00 "
    "twice, and 3.00 in all.",
    later(
        use(plan(gpu()), held()),
        [again(TWENTY, "2")],
        [again(held(end="2026-03-10T01:40:00Z"), "3")],
        [held(start="2026-03-10T01:40:00Z", meterId="late")],
    ),
    [
        Note(
            [Line("gpu", 1, "-2400", "-299/150", "-1.99")],
            "-1.99",
            [Line("gpu", 1, "1200", "299/300", "1.00")],
            "1.00",
        ),
        Note(
            [Line("gpu", 1, "1200", "299/300", "0.99")],
            "0.99",
            [Line("gpu", 1, "2400", "299/150", "1.99")],
            "1.99",
        ),
        Note([Line("gpu", 1, "1200", "299/300", "1.00")], "1.00", [HOUR], "2.99"),
    ],
)
HORIZON: Final = CorrectionCase(
    "correction-at-the-horizon",
    ["RATE-CORRECT-3"],
    "The horizon is 30 days, 2592000 s, after 1 April: 1 May 00:00. It comes at that instant, and counts: "
    "half an hour, 1.495: 1.50, a note of -1.49.",
    later(
        use(plan(gpu()), held()),
        [again(held(end="2026-03-10T01:30:00Z"), "2")],
        received_at="2026-05-01T00:00:00Z",
        correction_horizon_s="2592000",
    ),
    [Note([Line("gpu", 1, "-1800", "-1.495", "-1.49")], "-1.49", [HALF], "1.50")],
)
CASES: Final[list[CorrectionCase]] = [
    NOTES,
    CROSSES,
    CROSSES.but(
        "late-event-that-graduates",
        "RATE-CORRECT-1 RATE-TIER-1",
        "plan.components[0].model",
        "TIER_MODEL_GRADUATED",
        [
            Note(
                [Line("tokens", 2, "1/1000000", "0.00000008", "0.00")],
                "0.00",
                [HUNDRED, Line("tokens", 2, "1/1000000", "0.00000008", "0.00")],
                "10.00",
            )
        ],
        "The first tier stays as it was and makes no line; the second has a line of 0.00, for its quantity "
        "differs. A note of zero is a credit note.",
    ),
    SERIAL,
    SERIAL.but(
        "correction-that-changes-nothing",
        "RATE-CORRECT-1",
        "later",
        [[again(held(), "2")], [held()]],
        [],
        "A revision that states the same, and a record that came again: nothing differs, so no note is made.",
    ),
    SERIAL.but(
        "full-credit",
        "RATE-CORRECT-1 RATE-ZERO-1",
        "later",
        [[again(held("0"), "2")]],
        [Note([less(HOUR)], "-2.99", [], "0.00")],
        "Nothing was held: -2.99. Invoice and note sum to zero, exactly, in quantity, exact and rounded "
        "amount.",
    ),
    SERIAL.but(
        "correction-that-claims-too-much",
        "RATE-QUANTITY-1 RATE-CORRECT-1",
        "later[2][0].quantity",
        "9",
        [],
        "A late record keeps the rules of any other: 9 units are more than the 8 that are leased.",
        "USAGE_OUT_OF_BOUNDS",
    ),
    SERIAL.but(
        "correction-of-one-revision-twice",
        "RATE-CONFLICT-1 RATE-CORRECT-1",
        "later[1][0].revision",
        "2",
        [],
        "Revision 2 was another record's already: which one was billed cannot be told.",
        "CONFLICT",
    ),
    HORIZON,
    HORIZON.but(
        "correction-beyond-the-horizon",
        "RATE-CORRECT-3",
        "received_at",
        "2026-05-01T00:00:00.001Z",
        [],
        "A millisecond after the horizon: what was billed stands.",
        "TERMS",
    ),
    CorrectionCase(
        "correction-of-a-lease-of-an-account",
        ["RATE-CORRECT-1", "RATE-ACCUMULATOR-1"],
        "Billed: 60 + 60 tokens, 100 x 0.1 = 10.00 and 20 x 0.08 = 1.60. l2 used 30: the account 90, all in "
        "tier 1: 9.00. The line of tier 1 loses 10 tokens, 1.00; that of tier 2 is taken back.",
        later(
            account(plan(summed(OF_ACCOUNT)), lease("l1", counted("60")), lease("l2", counted("60"))),
            [again(counted("30", lease="l2"), "2")],
        ),
        [
            Note(
                [Line("tokens", 1, "-10", "-1", "-1.00", ""), Line("tokens", 2, "-20", "-1.6", "-1.60", "")],
                "-2.60",
                [Line("tokens", 1, "90", "9", "9.00", "")],
                "9.00",
            )
        ],
    ),
    CorrectionCase(
        "correction-below-a-minimum",
        ["RATE-CORRECT-1", "RATE-MINIMUM-1"],
        "Billed: 7.00, above the minimum of 5.00. Corrected to 2.00, so 3.00 are "
        "short: lines of -5.00 and 3.00, a credit of 2.00.",
        later(use(plan(tokens("1"), minimum=euro("5.00")), counted("7")), [again(counted("2"), "2")]),
        [
            Note(
                [
                    Line("tokens", 1, "-5", "-5", "-5.00"),
                    Line("minimum:period", 0, "1", "3", "3.00", adjustment="minimum"),
                ],
                "-2.00",
                [
                    Line("tokens", 1, "2", "2", "2.00"),
                    Line("minimum:period", 0, "1", "3", "3.00", adjustment="minimum"),
                ],
                "5.00",
            )
        ],
    ),
    CorrectionCase(
        "correction-of-what-a-coupon-took",
        ["RATE-CORRECT-1", "RATE-FIXED-1"],
        "Billed: 7.00 less a coupon of 5.00. Corrected to 3.00 the coupon takes 3.00: the line loses 4.00, "
        "and the coupon's share, of quantity 1 as before, gives 2.00 back: a credit of 2.00.",
        later(use(plan(tokens("1"), credits=[coupon("5.00")]), counted("7")), [again(counted("3"), "2")]),
        [
            Note(
                [
                    Line("tokens", 1, "-4", "-4", "-4.00"),
                    Line("tokens", 1, "0", "2", "2.00", adjustment="coupon"),
                ],
                "-2.00",
                [Line("tokens", 1, "3", "3", "3.00"), lowered("tokens", 1, "-3.00")],
                "0.00",
            )
        ],
    ),
    CorrectionCase(
        "correction-of-a-commitment",
        ["RATE-CORRECT-1", "RATE-COMMITMENT-3"],
        "Billed: two hours committed, both unused: 7200 x 1 / 3600 = 2.00. An hour came late: 1.00 used and "
        "1.00 unused. The note takes 3600 of the unused, -1.00, and states the used, 1.00: a credit note of "
        "0.00, for the lines differ.",
        later(account(plan(gpu(), commitments=[hourly("base", "1", "1")]), lease("l1")), [held()]),
        [
            Note(
                [used("3600", "1", "1.00"), unused("-3600", "-1", "-1.00")],
                "0.00",
                [used("3600", "1", "1.00"), unused("3600", "1", "1.00")],
                "2.00",
            )
        ],
    ),
    CorrectionCase(
        "correction-of-a-price-with-tax",
        ["RATE-CORRECT-2", "RATE-TAX-2"],
        "Billed: 5.00 with 5.2 %: 4.75 and 0.25. Corrected to 4.00: 4 / 1.052 = 3.8022...: 3.80 and 0.20; "
        "exactly 52/263. The note: -0.95 net, tax -0.05, exactly 52/263 - 65/263 = -13/263.",
        later(
            use(plan(taxed(tokens("1")), taxIncluded=True, taxes=[rule("0.052")]), counted("5")),
            [again(counted("4"), "2")],
        ),
        [
            Note(
                [Line("tokens", 1, "-1", "-1", "-1.00")],
                "-1.00",
                [Line("tokens", 1, "4", "4", "4.00")],
                "4.00",
                [Tax("standard", "de", "0.052", "-0.95", "-13/263", "-0.05")],
                [Tax("standard", "de", "0.052", "3.80", "52/263", "0.20")],
                "-0.95",
                "3.80",
            )
        ],
    ),
]
