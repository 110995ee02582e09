"""Tiers by volume, packages, flat prices, and currencies of other digits."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.billing_amount_cases import STEPS, of_tokens, rounding
from conformance.tests.vectors.billing_cases import (
    AT_THREE,
    AT_TWO,
    Case,
    Value,
    component,
    counted,
    plan,
    tokens,
    use,
)
from conformance.tests.vectors.billing_lines import Line

MODEL: Final = "plan.components[0].model"
QUANTITY: Final = "records[0].quantity"


def tiered(model: str, *tiers: tuple[str, str] | str, **members: Any) -> Value:
    """Tokens in tiers of a model."""
    value = component("tokens", "COUNT", "output-token:token", "1", *tiers)
    return value | {"model": f"TIER_MODEL_{model}", **members}


def line(tier: int, quantity: str, exact: str, amount: str) -> Line:
    """A line of the tiered tokens."""
    return Line("tokens", tier, quantity, exact, amount)


VOLUME: Final = Case(
    "volume-at-the-bound-of-a-tier",
    ["RATE-VOLUME-1", "PRICE-TIER-2"],
    "100 lies in the tier up to 100, the bound included: 100 x 0.1 = 10.00.",
    use(plan(tiered("VOLUME", *STEPS)), counted("100")),
    [line(1, "100", "10", "10.00")],
    "10.00",
)
PACKAGES: Final = use(
    plan(tokens("1", "0.1") | {"model": "TIER_MODEL_PACKAGE"}),
    counted("0.1"),
    counted("0.2", AT_TWO, AT_THREE, 2),
)
PACKAGE: Final = Case(
    "package-that-is-begun",
    ["RATE-PACKAGE-1"],
    "11 tokens in packages of 10: 2 packages, 20 tokens; 20 x 3 / 10 = 6.00. By the token they are 3.30.",
    use(plan(tokens("3", "10") | {"model": "TIER_MODEL_PACKAGE"}), counted("11")),
    [line(1, "20", "6", "6.00")],
    "6.00",
)
FLAT_TIERS: Final = tiered("GRADUATED", *STEPS)
FLAT_TIERS["tiers"][0]["flatPrice"] = "5"
FLAT_TIERS["tiers"][1]["flatPrice"] = "20"
FLAT: Final = Case(
    "flat-price-of-each-tier",
    ["RATE-FLAT-1", "RATE-AMOUNT-1"],
    "Tier 1: 100 x 0.1 + 5 = 15.00; tier 2: 20 x 0.08 + 20 = 21.60. Sum 36.60. Once for the whole component "
    "it would be 16.60 or 31.60.",
    use(plan(FLAT_TIERS), counted("100"), counted("20", AT_TWO, AT_THREE, 2)),
    [line(1, "100", "15", "15.00"), line(2, "20", "21.6", "21.60")],
    "36.60",
)
FLAT_UNIT: Final = Case(
    "flat-price-of-one-tier",
    ["RATE-FLAT-1", "PRICE-ACCUMULATOR-1"],
    "3 x 0.5 + 1.25 = 2.75.",
    use(
        plan(
            tokens("0.5")
            | {
                "tiers": [{"unitPrice": "0.5", "flatPrice": "1.25"}],
                "accumulator": {"scope": "ACCUMULATOR_SCOPE_LEASE", "reset": "ACCUMULATOR_RESET_PERIOD"},
            }
        ),
        counted("3"),
    ),
    [line(1, "3", "2.75", "2.75")],
    "2.75",
)
SERIES: Final = {
    "id": "crex://market.example/price-series/spot",
    "publisher": "market.example",
    "maxUnitPrice": "5",
}
CASES: Final[list[Case]] = [
    VOLUME,
    VOLUME.but(
        "volume-just-above-the-bound-of-a-tier",
        "RATE-VOLUME-1 RATE-EXACT-1",
        QUANTITY,
        "100.000001",
        [line(2, "100.000001", "8.00000008", "8.00")],
        "8.00",
        "All of it lies beyond 100: 100.000001 x 0.08 = 8.00000008: 8.00, less than 100 cost. Graduated it "
        "is 10.00.",
    ),
    VOLUME.but(
        "volume-in-the-last-tier",
        "RATE-VOLUME-1 RATE-ROUND-1",
        QUANTITY,
        "1000.5",
        [line(3, "1000.5", "50.025", "50.03")],
        "50.03",
        "1000.5 x 0.05 = 50.025: 50.03. Graduated it is 82.03.",
    ),
    VOLUME.but(
        "volume-of-the-sum",
        "RATE-VOLUME-1 RATE-SUM-1",
        "records[1]",
        counted("20", AT_TWO, AT_THREE, 2),
        [line(2, "120", "9.6", "9.60")],
        "9.60",
        "100 + 20 = 120: 120 x 0.08 = 9.60. Record by record it is 10.00 + 2.00.",
    ),
    Case(
        "three-packages-not-four",
        ["RATE-PACKAGE-1", "RATE-EXACT-1"],
        "0.1 + 0.2 = 0.3, which is 3 packages of 0.1: 0.3 x 1 / 0.1 = 3.00. In floats the sum is "
        "0.30000000000000004: 4 packages.",
        PACKAGES,
        [line(1, "0.3", "3", "3.00")],
        "3.00",
    ),
    PACKAGE,
    PACKAGE.but(
        "package-that-is-full",
        "RATE-PACKAGE-1",
        QUANTITY,
        "10",
        [line(1, "10", "3", "3.00")],
        "3.00",
        "10 tokens are one package: 3.00. Who always begins another bills 6.00.",
    ),
    PACKAGE.refused(
        "package-with-two-tiers",
        "PRICE-TIER-1",
        "SCHEMA",
        "plan.components[0].tiers",
        [{"upTo": "10", "unitPrice": "3"}, {"unitPrice": "2"}],
        "Which price has the package that lies in both?",
    ),
    PACKAGE.refused(
        "package-with-a-flat-price",
        "PRICE-TIER-3",
        "SCHEMA",
        "plan.components[0].tiers[0].flatPrice",
        "1",
        "A package has a price already.",
    ),
    FLAT,
    FLAT.but(
        "flat-price-of-a-tier-not-reached",
        "RATE-FLAT-1 RATE-ZERO-1",
        "records[1].quantity",
        "0",
        [line(1, "100", "15", "15.00")],
        "15.00",
        "100 x 0.1 + 5 = 15.00. No line of tier 2 is stated, so its 20 is not charged.",
    ),
    FLAT.but(
        "flat-price-by-volume",
        "RATE-FLAT-1 RATE-VOLUME-1",
        MODEL,
        "TIER_MODEL_VOLUME",
        [line(2, "120", "29.6", "29.60")],
        "29.60",
        "120 x 0.08 + 20 = 29.60: only the tier in which the total lies has a line, and so a flat price.",
    ),
    FLAT_UNIT,
    FLAT_UNIT.but(
        "flat-price-without-use",
        "RATE-FLAT-1 RATE-ZERO-1",
        QUANTITY,
        "0",
        [],
        "0.00",
        "Without a quantity there is no line, and so no flat price: 0.00, not 1.25.",
    ),
    FLAT_UNIT.refused(
        "flat-price-over-a-term",
        "PRICE-TIER-3",
        "SCHEMA",
        "plan.components[0].accumulator.reset",
        "ACCUMULATOR_RESET_TERM",
        "In which period of the term would it be charged?",
    ),
    FLAT_UNIT.refused(
        "flat-price-beside-a-series",
        "PRICE-TIER-3",
        "SCHEMA",
        "plan.components[0].priceSeries",
        SERIES,
        "A line of a series states no price to which it could be added.",
    ),
    rounding(
        "unit-of-account-of-four-digits",
        "0.00001",
        "5",
        "0.00005",
        "0.0001",
        "5 x 0.00001 = 0.00005; the unidad de fomento has four digits: 0.0001. With two it is 0.00.",
        "CLF",
    ),
    Case(
        "product-of-57-digits",
        ["RATE-EXACT-1", "RATE-AMOUNT-1"],
        "q = 123456789012345678.123456789012 has 30 digits, p = 987654321098765.432109876543 has 27. With "
        "q' = q x 10^12 and p' = p x 10^12 the product q' x p' has 57 digits: "
        "121932631137021794458009448544240207385299192370518945516; / 10^24 / 10^17 = "
        "1219326311370217.94458009... : 1219326311370217.94. A double holds 16 of the 57, a decimal of 28 "
        "digits 28.",
        of_tokens(
            "987654321098765.432109876543", "123456789012345678.123456789012", per="100000000000000000"
        ),
        [
            line(
                1,
                "123456789012345678.123456789012",
                "121932631137021794458009448544240207385299192370518945516/1"
                "00000000000000000000000000000000000000000",
                "1219326311370217.94",
            )
        ],
        "1219326311370217.94",
    ),
]
