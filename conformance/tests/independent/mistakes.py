"""Mistakes that a rater makes: what the second calculation says rightly, and what it says with the mistake.

Each is (module, right text, mistaken text); the right text occurs once in the module. These are of amounts
and of what is summed and tiered.
"""

from __future__ import annotations

from typing import Final

_HALVES = "(2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)"
_MINIMUM = "scope[-1].quantity += max(least, whole) - quantity"
_SIGN = "Fraction(whole if exact > 0 else -whole, scale)"
_STEP = "if granularity is not None and cell.quantity > 0:"

AMOUNTS: Final[dict[str, tuple[str, str, str]]] = {
    "half to even": ("lines", _HALVES, "round(scaled)"),
    "rounding down": ("lines", _HALVES, "int(scaled)"),
    "rounding up": ("lines", _HALVES, "-(-scaled // 1)"),
    "halves up, negatives too": ("lines", _SIGN, "Fraction((2 * exact * scale + 1) // 2, scale)"),
    "two digits in every currency": ("lines", "scale = 10 ** forms.MINOR_DIGITS[currency]", "scale = 100"),
    "three digits at most": (
        "lines",
        "scale = 10 ** forms.MINOR_DIGITS[currency]",
        "scale = 10 ** min(3, forms.MINOR_DIGITS[currency])",
    ),
    "only the total is rounded": (
        "taxes",
        "net = sum((lines.rounded(line.exact, bill.billed) for line in found), Fraction(0))",
        "net = lines.rounded(sum((line.exact for line in found), Fraction(0)), bill.billed)",
    ),
    "quantities as floats": (
        "use",
        'amount = Fraction(record["quantity"])',
        'amount = Fraction(float(record["quantity"]))',
    ),
    "cells as floats": (
        "use",
        "cell.quantity += amount",
        "cell.quantity = Fraction(float(cell.quantity) + float(amount))",
    ),
    "sums as floats": (
        "quantities",
        "quantity = sum((cell.quantity for cell in summed), Fraction(0))",
        "quantity = Fraction(sum(float(cell.quantity) for cell in summed))",
    ),
    "prices as floats": (
        "quantities",
        'quantity * Fraction(tier["unitPrice"])',
        'quantity * Fraction(float(tier["unitPrice"]))',
    ),
    "prices of nine digits": (
        "quantities",
        'quantity * Fraction(tier["unitPrice"])',
        'quantity * round(Fraction(tier["unitPrice"]), 9)',
    ),
    "exact amounts as floats": (
        "lines",
        '"exact_amount": ratio(line.exact)',
        '"exact_amount": ratio(Fraction(float(line.exact)))',
    ),
    "a price a second": (
        "quantities",
        'quantity * Fraction(tier["unitPrice"]) / Fraction(component["perQuantity"])',
        'quantity * round(Fraction(tier["unitPrice"]) / Fraction(component["perQuantity"]), 9)',
    ),
    "whole seconds": ("use", "return Fraction(length, 1000)", "return Fraction(length // 1000)"),
    "rounding per record": (
        "use",
        "cell.quantity += amount",
        "cell.quantity += round(amount)",
    ),
    "no limit": ("lines", "if abs(amount) >= 10**18:", "if False:"),
    "lines by tier": (
        "rating",
        'key=lambda line: line["key"].encode()',
        'key=lambda line: (line.get("component", ""), line.get("tier", 0))',
    ),
    "a line of nothing": ("rating", "found = [line for line in found if line.quantity]", "pass"),
}

TIERS: Final[dict[str, tuple[str, str, str]]] = {
    "graduated at the last tier": (
        "quantities",
        "yield number, upper - lower\n",
        "yield number, quantity if upper == opens + quantity else Fraction(0)\n",
    ),
    "the bound of a volume tier left out": (
        "quantities",
        "opens + quantity <= bound",
        "opens + quantity < bound",
    ),
    "volume as graduated": ("quantities", '== "TIER_MODEL_VOLUME"', '== "TIER_MODEL_NONE"'),
    "volume without its opening": ("quantities", "opens + quantity <= bound", "quantity <= bound"),
    "all that was ever used by volume": (
        "quantities",
        "yield reached[0], quantity",
        "yield reached[0], opens + quantity",
    ),
    "graduated without its opening": ("quantities", "lower = opens\n", "lower = opens * 0\n"),
    "packages without an opening": ("quantities", "- -(-opens // size)", "- 0"),
    "one more package": ("quantities", "-(-(opens + quantity) // size)", "((opens + quantity) // size + 1)"),
    "no package": ("quantities", '== "TIER_MODEL_PACKAGE"', '== "TIER_MODEL_NONE"'),
    "tiers in another unit": (
        "quantities",
        '[Fraction(tier["upTo"]) if',
        '[Fraction(tier["upTo"]) * Fraction(component["perQuantity"]) if',
    ),
    "a flat price left out": (
        "quantities",
        '/ Fraction(component["perQuantity"]) + flat',
        '/ Fraction(component["perQuantity"])',
    ),
    "the first tier's flat price": (
        "quantities",
        'tier.get("flatPrice", "0")',
        'component["tiers"][0].get("flatPrice", "0")',
    ),
    "minimum left out": ("use", _MINIMUM, "scope[-1].quantity += whole - quantity"),
    "minimum of no use": ("use", _STEP, "if granularity is not None:"),
    "minimum stepped up": (
        "use",
        _MINIMUM,
        "scope[-1].quantity += -(-max(least, whole) // step) * step - quantity",
    ),
    "steps down": ("use", "-(-quantity // step) * step", "quantity // step * step"),
    "steps of segments for the period": ("use", "cell.segment if each else 0", "0"),
    "steps of the period for segments": ("use", "cell.segment if each else 0", "cell.segment"),
    "the excess ignored": ("use", _MINIMUM, "pass"),
    "the excess to the first part": ("use", _MINIMUM, "scope[0].quantity += max(least, whole) - quantity"),
    "steps for the account": (
        "use",
        'key = (cell.lease.name, cell.plan.sha256, cell.component["id"], cell.segment if each else 0)',
        'key = ("", cell.plan.sha256, cell.component["id"], cell.segment if each else 0)',
    ),
    "an account's sum by lease": (
        "quantities",
        '== "ACCUMULATOR_SCOPE_ACCOUNT"\n        own',
        '== "NONE"\n        own',
    ),
    "a lease's sum for the account": (
        "quantities",
        'shared = accumulator.get("scope") == "ACCUMULATOR_SCOPE_ACCOUNT"',
        "shared = bool(bill.account)",
    ),
    "openings of every sum": ("quantities", 'accumulator.get("reset") != TERM or', "False or"),
    "openings of a plan that begins": ("quantities", "(plan.start >= bill.begin and not carried)", "False"),
    "every sum is carried": (
        "quantities",
        'carried = accumulator.get("carryOnRevision", False)',
        "carried = True",
    ),
    "no sum is carried": (
        "quantities",
        'carried = accumulator.get("carryOnRevision", False)',
        "carried = False",
    ),
    "closings without openings": (
        "quantities",
        "= opens + quantity\n            for",
        "= quantity\n            for",
    ),
    "closings of the earlier plan": (
        "quantities",
        "for plan in bill.plans:",
        "for plan in bill.plans[::-1]:",
    ),
    "no opening of another lease": ("quantities", '({"lease": holder} if holder else {})', "{}"),
    "months of 730 hours": (
        "use",
        "Fraction(length, bill.whole[1] - bill.whole[0])",
        "Fraction(length, 730 * 3600000)",
    ),
    "months of the bill's own period": (
        "use",
        "Fraction(length, bill.whole[1] - bill.whole[0])",
        "Fraction(length, bill.end - bill.begin)",
    ),
    "fees without active time": ("quantities", "if bill.used(it)[0] < bill.used(it)[1]]", "]"),
    "fees of the account by lease": (
        "quantities",
        'it["id"]: (plan, it) for',
        'lease.name + it["id"]: (plan, it) for',
    ),
    "fees of the account by plan": ("quantities", '"FLAT", first)', '"FLAT", bill.used(lease)[0])'),
    "every fee that holds": (
        "quantities",
        "found.setdefault(bills.measure(component), (plan, component))",
        'found[component["id"], ""] = (plan, component)',
    ),
    "setup every period": ("quantities", "if bill.begin <= lease.active[0]:", "if True:"),
    "fees that price use": (
        "use",
        'fee = component["kind"] in ("COMPONENT_KIND_FLAT", "COMPONENT_KIND_ONE_OFF")',
        "fee = False",
    ),
}
