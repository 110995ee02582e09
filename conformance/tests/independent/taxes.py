"""Steps 21 and 22 of `rate/1`: taxes, and totals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from conformance.tests.independent import lines
from conformance.tests.independent.bill import Bill, Value


@dataclass
class Tax:
    """One tax of a bill: its rule, what it is computed on, and the tax."""

    rule: Value
    base: Fraction
    exact: Fraction
    amount: Fraction

    @property
    def key(self) -> str:
        """What it is ordered by."""
        parts = (self.rule.get(it, "") for it in ("category", "jurisdiction", "rate", "exemptionCode"))
        return "|".join(parts)


def due(bill: Bill, found: Iterable[lines.Line]) -> list[Tax]:
    """The taxes of the governing plan whose category a line has, by ascending key."""
    sums: dict[str, Fraction] = {}
    for line in found:
        amount = lines.rounded(line.exact, bill.billed)
        sums[line.category] = sums.get(line.category, Fraction(0)) + amount
    plan = bill.governing.value
    made = []
    for rule in plan.get("taxes", ()):
        if rule["category"] in sums:
            total, rate = sums[rule["category"]], Fraction(rule["rate"])
            if plan.get("taxIncluded", False):
                base = lines.rounded(total / (1 + rate), bill.billed)
                made.append(Tax(rule, base, total * rate / (1 + rate), total - base))
            else:
                made.append(Tax(rule, total, total * rate, lines.rounded(total * rate, bill.billed)))
    return sorted(made, key=lambda tax: tax.key.encode())


def totals(bill: Bill, found: Iterable[lines.Line], taxes: Iterable[Tax]) -> tuple[Fraction, Fraction]:
    """Net total and total."""
    tax = sum((it.amount for it in taxes), Fraction(0))
    net = sum((lines.rounded(line.exact, bill.billed) for line in found), Fraction(0))
    if bill.governing.value.get("taxIncluded", False):
        net -= tax
    return net, net + tax


def stated(bill: Bill, tax: Tax) -> dict[str, Any]:
    """A tax as vectors state it."""
    named = {it: tax.rule[it] for it in ("category", "jurisdiction", "rate")}
    exempt = {"exemption_code": tax.rule["exemptionCode"]} if "exemptionCode" in tax.rule else {}
    return {
        **named,
        **exempt,
        "base": lines.money(tax.base, bill.billed),
        "exact_amount": lines.ratio(tax.exact),
        "amount": lines.money(tax.amount, bill.billed),
    }
