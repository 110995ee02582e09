"""Taxes: on sums of rounded lines, on top of prices or within them, by category and jurisdiction."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.billing_cases import (
    Case,
    Value,
    component,
    counted,
    gpu,
    held,
    plan,
    tokens,
    use,
)
from conformance.tests.vectors.billing_credit_cases import HOUR, coupon, euro, lowered, percent
from conformance.tests.vectors.billing_lines import Closing, Line, Tax

RULE: Final = "plan.taxes[0]"


def rule(rate: str, category: str = "standard", jurisdiction: str = "de", **members: str) -> Value:
    """A tax rule."""
    return {"category": category, "rate": rate, "jurisdiction": jurisdiction, **members}


def taxed(value: Value, category: str = "standard") -> Value:
    """A component of a tax category."""
    return {**value, "taxCategory": category}


def dimes() -> list[Value]:
    """Three components at 0.10."""
    return [taxed(component(it, "COUNT", f"{it}-token:token", "1", "0.1")) for it in "abc"]


DIMES: Final = [Line(it, 1, "1", "0.1", "0.10") for it in "abc"]
ONE_OF_EACH: Final = [counted("1", seq=number, of=f"{it}-token:token") for number, it in enumerate("abc", 1)]
THREE: Final = Case(
    "tax-on-the-sum-of-three-lines",
    ["RATE-TAX-1", "RATE-TOTAL-1", "RATE-DIGEST-1"],
    "3 x 0.10 = 0.30; 0.30 x 0.05 = 0.015: 0.02. Line by line it is 0.005: 0.01 three times, 0.03. Total "
    "0.32.",
    use(plan(*dimes(), taxes=[rule("0.05")]), *ONE_OF_EACH),
    DIMES,
    "0.30",
    taxes=[Tax("standard", "de", "0.05", "0.30", "0.015", "0.02")],
    total="0.32",
)
INCLUDED: Final = Case(
    "tax-that-prices-include",
    ["RATE-TAX-2", "RATE-TOTAL-1"],
    "5.00 includes 5.2 %: 5 / 1.052 = 4.7528...: 4.75, and the tax is 5.00 - 4.75 = 0.25; exactly 5 x 0.052 "
    "/ 1.052 = 65/263. Net 4.75, total 5.00. 5.2 % on top would be 0.26.",
    use(plan(taxed(tokens("1")), taxIncluded=True, taxes=[rule("0.052")]), counted("5")),
    [Line("tokens", 1, "5", "5", "5.00")],
    "4.75",
    taxes=[Tax("standard", "de", "0.052", "4.75", "65/263", "0.25")],
    total="5.00",
)
TWO: Final = Case(
    "taxes-of-two-categories",
    ["RATE-TAX-1", "RATE-DIGEST-1"],
    "Units 2.99 x 0.19 = 0.5681: 0.57; tokens 7.00 x 0.07 = 0.49. Net 9.99, total 11.05. Taxes come by the "
    "bytes of their keys: reduced before standard.",
    use(
        plan(
            taxed(gpu()),
            taxed(tokens("1"), "reduced"),
            taxes=[rule("0.19"), rule("0.07", "reduced")],
        ),
        held(),
        counted("7"),
    ),
    [HOUR, Line("tokens", 1, "7", "7", "7.00")],
    "9.99",
    taxes=[
        Tax("reduced", "de", "0.07", "7.00", "0.49", "0.49"),
        Tax("standard", "de", "0.19", "2.99", "0.5681", "0.57"),
    ],
    total="11.05",
)
PLAIN: Final = Case(
    "tax-on-units",
    ["RATE-TAX-1"],
    "2.99 x 0.19 = 0.5681: 0.57. Total 3.56.",
    use(plan(taxed(gpu()), taxes=[rule("0.19")]), held()),
    [HOUR],
    "2.99",
    taxes=[Tax("standard", "de", "0.19", "2.99", "0.5681", "0.57")],
    total="3.56",
)
MALFORMED: Final[list[tuple[str, str, Any, str]]] = [
    ("tax-below-zero", "[0].rate", "-0.19", "The state would pay for use."),
    ("exemption-that-is-taxed", "[0].exemptionCode", "AE", "Exempt, or 19 %?"),
    ("two-taxes-of-one-key", "[1]", rule("0.19"), "The same tax twice: a slip, or 38 %?"),
]
CASES: Final[list[Case]] = [
    THREE,
    THREE.but(
        "coupon-lowers-the-tax",
        "RATE-TAX-1 RATE-FIXED-1",
        "plan.credits",
        [coupon("0.10")],
        [*DIMES, lowered("a", 1, "-0.04"), lowered("b", 1, "-0.03"), lowered("c", 1, "-0.03")],
        "0.20",
        "10 cents among three lines of 10: 3 1/3 each, so 4, 3 and 3. The lowered lines have their "
        "category: 0.20 x 0.05 = 0.01. On 0.30 the tax is 0.02.",
        taxes=[Tax("standard", "de", "0.05", "0.20", "0.01", "0.01")],
        total="0.21",
        closings=[Closing("credit:coupon", "10")],
    ),
    INCLUDED,
    INCLUDED.but(
        "tax-on-top-of-prices",
        "RATE-TAX-1 RATE-TAX-2",
        "plan.taxIncluded",
        False,
        [Line("tokens", 1, "5", "5", "5.00")],
        "5.00",
        "5.00 x 0.052 = 0.26, on top: 5.26.",
        taxes=[Tax("standard", "de", "0.052", "5.00", "0.26", "0.26")],
        total="5.26",
    ),
    INCLUDED.but(
        "tax-that-a-credit-includes",
        "RATE-TAX-2 RATE-ROUND-1",
        "plan.components[0].tiers[0].unitPrice",
        "-1",
        [Line("tokens", 1, "5", "-5", "-5.00")],
        "-4.75",
        "-5 / 1.052 = -4.7528...: -4.75, and -5.00 + 4.75 = -0.25: a credit mirrors its charge.",
        taxes=[Tax("standard", "de", "0.052", "-4.75", "-65/263", "-0.25")],
        total="-5.00",
    ),
    INCLUDED.but(
        "tax-that-prices-in-two-categories-include",
        "RATE-TAX-2 RATE-TOTAL-1",
        "plan.components",
        [taxed(tokens("1")), taxed(component("other", "COUNT", "other:token", "1", "1"), "other")],
        [Line("tokens", 1, "5", "5", "5.00")],
        "4.75",
        "The second component has no use and its category no rule: as before.",
        taxes=[Tax("standard", "de", "0.052", "4.75", "65/263", "0.25")],
        total="5.00",
    ),
    INCLUDED.refused(
        "two-taxes-in-one-price",
        "PRICE-TAX-1",
        "SCHEMA",
        "plan.taxes[1]",
        rule("0.01", jurisdiction="de-by"),
        "Which share of the price is which tax cannot be told.",
    ),
    TWO,
    TWO.but(
        "category-without-a-rule",
        "RATE-TAX-1 PRICE-TAX-1",
        f"{RULE}.category",
        "luxury",
        [HOUR, Line("tokens", 1, "7", "7", "7.00")],
        "9.99",
        "No line has the category luxury, and standard has no rule: only the tokens bear 0.49. Total 10.48.",
        taxes=[Tax("reduced", "de", "0.07", "7.00", "0.49", "0.49")],
        total="10.48",
    ),
    TWO.but(
        "two-categories-at-one-rate",
        "RATE-TAX-1",
        "plan.taxes[1].rate",
        "0.19",
        [HOUR, Line("tokens", 1, "7", "7", "7.00")],
        "9.99",
        "Category by category: 0.57 and 7.00 x 0.19 = 1.33, 1.90 in all. One sum of 9.99 gives 1.8981: 1.90 "
        "as well, but one tax, and another digest.",
        taxes=[
            Tax("reduced", "de", "0.19", "7.00", "1.33", "1.33"),
            Tax("standard", "de", "0.19", "2.99", "0.5681", "0.57"),
        ],
        total="11.89",
    ),
    PLAIN,
    PLAIN.but(
        "two-jurisdictions",
        "RATE-TAX-1",
        "plan.taxes[1]",
        rule("0.045", jurisdiction="us-ny"),
        [HOUR],
        "2.99",
        "Each taxes the same 2.99: 0.57, and 2.99 x 0.045 = 0.13455: 0.13. Total 3.69.",
        taxes=[
            Tax("standard", "de", "0.19", "2.99", "0.5681", "0.57"),
            Tax("standard", "us-ny", "0.045", "2.99", "0.13455", "0.13"),
        ],
        total="3.69",
    ),
    PLAIN.but(
        "exemption",
        "RATE-TAX-1 PRICE-TAX-1",
        RULE,
        rule("0", exemptionCode="AE"),
        [HOUR],
        "2.99",
        "Reverse charge: 0, and the reason is stated beside what it is on. Total 2.99.",
        taxes=[Tax("standard", "de", "0", "2.99", "0", "0.00", "AE")],
        total="2.99",
    ),
    PLAIN.but(
        "tax-on-nothing",
        "RATE-TAX-1 RATE-ZERO-1",
        "plan.components[0].tiers[0].unitPrice",
        "0",
        [Line("gpu", 1, "3600", "0", "0.00")],
        "0.00",
        "A line of 0.00 has the category, so its tax is stated: 0.00 on 0.00.",
        taxes=[Tax("standard", "de", "0.19", "0.00", "0", "0.00")],
        total="0.00",
    ),
    PLAIN.but(
        "tax-without-lines",
        "RATE-TAX-1",
        "records[0].quantity",
        "0",
        [],
        "0.00",
        "No line has the category: no tax is stated.",
        total="0.00",
    ),
    PLAIN.but(
        "tax-on-what-a-percentage-leaves",
        "RATE-TAX-1 RATE-PERCENT-1",
        "plan.credits",
        [percent("off", "10")],
        [Line("gpu", 1, "3600", "2.691", "2.69", factors=[("credit:off", "9/10")])],
        "2.69",
        "The rounded line is taxed: 2.69 x 0.19 = 0.5111: 0.51; the exact 2.691 is not what is owed.",
        taxes=[Tax("standard", "de", "0.19", "2.69", "0.5111", "0.51")],
        total="3.20",
    ),
    PLAIN.but(
        "minimum-without-a-tax-category",
        "RATE-TAX-1 RATE-MINIMUM-1",
        "plan.minimum",
        euro("5.00"),
        [HOUR, Line("minimum:period", 0, "1", "2.01", "2.01", adjustment="minimum")],
        "5.00",
        "The line of the minimum has no component, and the plan names no category for such: only 2.99 is "
        "taxed, 0.57.",
        taxes=[Tax("standard", "de", "0.19", "2.99", "0.5681", "0.57")],
        total="5.57",
    ),
    Case(
        "minimum-with-a-tax-category",
        ["RATE-TAX-1", "RATE-MINIMUM-1"],
        "The plan's adjustmentTaxCategory is standard, so 2.99 + 2.01 = 5.00 is taxed: 0.95.",
        use(
            plan(
                taxed(gpu()),
                taxes=[rule("0.19")],
                minimum=euro("5.00"),
                adjustmentTaxCategory="standard",
            ),
            held(),
        ),
        [HOUR, Line("minimum:period", 0, "1", "2.01", "2.01", adjustment="minimum")],
        "5.00",
        taxes=[Tax("standard", "de", "0.19", "5.00", "0.95", "0.95")],
        total="5.95",
    ),
    Case(
        "tax-on-what-nothing-prices",
        ["RATE-TAX-1", "RATE-UNPRICED-1"],
        "The plan's adjustmentTaxCategory is for lines of no component that cost something; use that is "
        "unpriced has none, so no line has a category and no tax is stated, not even 0.00.",
        use(
            plan(taxed(gpu()), taxes=[rule("0.19")], adjustmentTaxCategory="standard"),
            counted("64", of="memory:gibibyte"),
        ),
        [Line("memory:gibibyte", 0, "64", "0", "0.00")],
        "0.00",
    ),
    Case(
        "tax-in-yen",
        ["RATE-TAX-1", "RATE-ROUND-1"],
        "105 yen x 0.1 = 10.5: 11, away from zero; half to even gives 10. Total 116.",
        use(plan(taxed(tokens("1")), currency="JPY", taxes=[rule("0.1", jurisdiction="jp")]), counted("105")),
        [Line("tokens", 1, "105", "105", "105")],
        "105",
        taxes=[Tax("standard", "jp", "0.1", "105", "10.5", "11")],
        total="116",
    ),
    *(
        PLAIN.refused(name, "PRICE-TAX-1", "SCHEMA", f"plan.taxes{where}", value, why)
        for name, where, value, why in MALFORMED
    ),
]
