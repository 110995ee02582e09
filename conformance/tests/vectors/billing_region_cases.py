"""Regions and modes of offers: to whom a component applies."""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.billing_cases import (
    Case,
    component,
    counted,
    gpu,
    held,
    plan,
    use,
)
from conformance.tests.vectors.billing_lines import Line
from conformance.tests.vectors.billing_window_cases import RESTRICTIONS, hours, only
from conformance.tests.vectors.one_change import GONE

SOLD: Final = use(plan(only("near", "1", region="eu-west"), gpu()), held())
SOLD["lease"]["region"] = "eu-west"
REGION: Final = Case(
    "region-of-the-offer",
    ["RATE-RESTRICTION-1"],
    "The offer's terms name eu-west, so the first component applies: 1 h x 1 = 1.00.",
    SOLD,
    [hours("near", "1", "1", "1")],
    "1.00",
)
SPOT_PLAN: Final = plan(
    only("spot", "1", interruptible=True), only("firm", "2", interruptible=False), gpu("2.99")
)
SPOT: Final = use(SPOT_PLAN, held())
SPOT["lease"]["interruptible"] = True
INTERRUPTIBLE: Final = Case(
    "offer-of-mode-spot",
    ["RATE-RESTRICTION-1"],
    "The offer's mode is spot: the first component applies, 1 h x 1 = 1.00.",
    SPOT,
    [hours("spot", "1", "1", "1")],
    "1.00",
)
CASES: Final[list[Case]] = [
    REGION,
    REGION.but(
        "region-that-is-another",
        "RATE-RESTRICTION-1",
        "lease.region",
        "eu-west-2",
        [hours("gpu", "1", "2.99", "2.99")],
        "2.99",
        "eu-west-2 is not eu-west: regions are compared byte for byte, not by their beginnings. 2.99.",
    ),
    REGION.but(
        "region-that-is-not-named",
        "RATE-RESTRICTION-1",
        "lease.region",
        GONE,
        [hours("gpu", "1", "2.99", "2.99")],
        "2.99",
        "The offer names no region: the restriction does not hold. 2.99.",
    ),
    INTERRUPTIBLE,
    INTERRUPTIBLE.but(
        "offer-of-another-mode",
        "RATE-RESTRICTION-1",
        "lease.interruptible",
        False,
        [hours("firm", "1", "2", "2")],
        "2.00",
        "interruptible: false asks that the offer is not of mode spot; it does not mean that nothing is "
        "asked. 1 h x 2 = 2.00.",
    ),
    INTERRUPTIBLE.but(
        "offer-of-mode-spot-at-firm-prices",
        "RATE-RESTRICTION-1",
        f"{RESTRICTIONS}.interruptible",
        False,
        [hours("gpu", "1", "2.99", "2.99")],
        "2.99",
        "Both components ask that the offer is not of mode spot, and it is: the third applies, 1 h x 2.99 = "
        "2.99.",
    ),
    Case(
        "dimension-that-is-not-registered",
        ["PRICE-UNIT-1", "PRICE-DIMENSION-1"],
        "Whoever writes a plan uses registered tokens; whoever reads one takes any: 7 x 1 = 7.00.",
        use(
            plan(component("frobs", "COUNT", "frobnication:frob", "1", "1")),
            counted("7", of="frobnication:frob"),
        ),
        [Line("frobs", 1, "7", "7", "7.00")],
        "7.00",
    ),
]
