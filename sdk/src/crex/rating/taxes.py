"""Taxes: once on the sum of a category, on top of prices or within them (rate/1, step 21)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from crex.decimals import Money, parse_rational, round_half_away
from crex.rating.agreements import TaxRule
from crex.rating.lines import Line, money, rational
from crex.rating.plan import Plan
from crex.v1 import InvoiceTax
from crex.v1 import Money as MoneyMessage

_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Tax:
    """The tax of one category, jurisdiction and rate.

    Attributes:
        category: Category of the lines.
        jurisdiction: Whose tax it is.
        rate: Rate as a share of one, as the plan writes it.
        exemption_code: Why nothing is due; nothing where there is no exemption.
        base: Sum of the rounded lines; where prices include tax, that sum without it.
        exact_amount: The tax before it is rounded.
        amount: The tax.
    """

    category: str
    jurisdiction: str
    rate: str
    exemption_code: str | None
    base: Money
    exact_amount: Fraction
    amount: Money

    @property
    def key(self) -> str:
        """Category, jurisdiction, rate and exemption code (RATE-DIGEST-1)."""
        return _SEPARATOR.join((self.category, self.jurisdiction, self.rate, self.exemption_code or ""))

    @classmethod
    def of(cls, message: InvoiceTax) -> Self:
        """Returns the tax that an invoice or a note states, in strict form."""
        return cls(
            category=message.category,
            jurisdiction=message.jurisdiction,
            rate=message.rate,
            exemption_code=message.exemption_code if message.HasField("exemption_code") else None,
            base=Money.parse(message.base.currency, message.base.amount),
            exact_amount=parse_rational(message.exact_amount.num, message.exact_amount.den),
            amount=Money.parse(message.amount.currency, message.amount.amount),
        )

    def message(self) -> InvoiceTax:
        """Returns the tax as an invoice states it."""
        return InvoiceTax(
            category=self.category,
            jurisdiction=self.jurisdiction,
            rate=self.rate,
            exemption_code=self.exemption_code,
            base=_message(self.base),
            exact_amount=rational(self.exact_amount),
            amount=_message(self.amount),
        )


def taxes_of(plan: Plan, lines: Sequence[Line]) -> tuple[Tax, ...]:
    """Returns the taxes of a bill by ascending bytes of their keys (RATE-TAX-1, RATE-TAX-2).

    Args:
        plan: The governing plan.
        lines: All lines, adjustments among them: they count with their category.
    """
    sums: dict[str, int] = {}
    for line in lines:
        if line.tax_category is not None:
            sums[line.tax_category] = sums.get(line.tax_category, 0) + line.amount.minor
    found = [_tax(plan, rule, sums[rule.category]) for rule in plan.taxes if rule.category in sums]
    return tuple(sorted(found, key=tax_order))


def tax_order(tax: Tax) -> bytes:
    """Returns what taxes are sorted by: the UTF-8 bytes of their keys."""
    return tax.key.encode()


def _tax(plan: Plan, rule: TaxRule, minor: int) -> Tax:
    currency = plan.billed_currency
    if plan.tax_included:  # RATE-TAX-2
        net = round_half_away(minor / (1 + rule.rate))
        exact, base, due = minor * rule.rate / (1 + rule.rate), net, minor - net
    else:  # RATE-TAX-1
        exact, base = minor * rule.rate, minor
        due = round_half_away(exact)
    return Tax(
        category=rule.category,
        jurisdiction=rule.jurisdiction,
        rate=rule.rate_text,
        exemption_code=rule.exemption_code,
        base=money(currency, base, f"Category {rule.category}"),
        exact_amount=exact / 10**plan.exponent,
        amount=money(currency, due, f"The tax of category {rule.category}"),
    )


def _message(amount: Money) -> MoneyMessage:
    return MoneyMessage(currency=amount.currency, amount=amount.amount)
