"""What a price plan states beside its components, ready for arithmetic: each text read once (pricing.md).

Rules are checked before (`plan_rules`, `agreement_rules`); here members are only read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from crex import v1
from crex.decimals import Money, parse_decimal
from crex.metering.span import Span, timestamp_ms
from crex.v1 import CommitmentKind, CreditKind

_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a buyer has bound itself to take or to spend.

    Attributes:
        id: Identifier within the plan.
        hourly: Whether it is of kind HOURLY_QUANTITY rather than PERIOD_SPEND.
        amount: Quantity in every hour, or worth of use in a billing period.
        amount_text: The same, as the plan writes it.
        price: Price of `per_quantity`, or of `amount`.
        price_text: The same, as the plan writes it.
        per_quantity: The divisor of the price; of PERIOD_SPEND the amount.
        per_text: The same, as the plan writes it.
        eligible: Identifiers of the components that it covers.
        priority: Order among commitments.
        term: When it is in force; nothing where `months` or the leases say so.
        months: Calendar months from the start of the first lease; nothing where `term` or the leases say so.
        upfront: Price of its coming into force; nothing where there is none.
        upfront_text: The same, as the plan writes it.
    """

    id: str
    hourly: bool
    amount: Fraction
    amount_text: str
    price: Fraction
    price_text: str
    per_quantity: Fraction
    per_text: str
    eligible: frozenset[str]
    priority: int
    term: Span | None
    months: int | None
    upfront: Fraction | None
    upfront_text: str | None

    @classmethod
    def of(cls, message: v1.Commitment) -> Self:
        """Returns the commitment of a message whose rules hold (PRICE-COMMITMENT-2, PRICE-COMMITMENT-4)."""
        hourly = message.kind == CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY
        per_text = message.per_quantity if hourly else message.amount
        upfront = message.upfront_price if message.HasField("upfront_price") else None
        return cls(
            id=message.id,
            hourly=hourly,
            amount=parse_decimal(message.amount),
            amount_text=message.amount,
            price=parse_decimal(message.price),
            price_text=message.price,
            per_quantity=parse_decimal(per_text),
            per_text=per_text,
            eligible=frozenset(message.eligible),
            priority=message.priority,
            term=Span.of(message.term) if message.HasField("term") else None,
            months=message.term_months if message.HasField("term_months") else None,
            upfront=None if upfront is None else parse_decimal(upfront),
            upfront_text=upfront,
        )


@dataclass(frozen=True, slots=True)
class Threshold:
    """A share of the time in use below which a promise is broken, and the percentage then credited."""

    below: Fraction
    percent: Fraction


@dataclass(frozen=True, slots=True)
class Credit:
    """A discount or a credit.

    Attributes:
        id: Identifier within the plan.
        kind: How it is computed.
        basis: Identifiers of the components whose lines it lowers; empty: all lines.
        percent: PERCENT: the percentage; else 0.
        amount: FIXED: its total over all bills; else nothing.
        thresholds: SLA: by descending `below`; else empty.
        cap: SLA: the most that it credits in one bill; nothing where there is no bound.
        priority: Order among credits of one kind.
        expires_ms: It lowers bills whose period starts before this instant; nothing: all.
    """

    id: str
    kind: CreditKind.ValueType
    basis: frozenset[str]
    percent: Fraction
    amount: Money | None
    thresholds: tuple[Threshold, ...]
    cap: Money | None
    priority: int
    expires_ms: int | None

    @classmethod
    def of(cls, message: v1.Credit) -> Self:
        """Returns the credit of a message whose rules hold (PRICE-CREDIT-2, PRICE-CREDIT-3)."""
        return cls(
            id=message.id,
            kind=message.kind,
            basis=frozenset(message.basis),
            percent=parse_decimal(message.percent) if message.HasField("percent") else Fraction(0),
            amount=amount(message.amount) if message.HasField("amount") else None,
            thresholds=tuple(
                Threshold(parse_decimal(one.below), parse_decimal(one.percent))
                for one in message.sla.thresholds
            ),
            cap=amount(message.cap) if message.HasField("cap") else None,
            priority=message.priority,
            expires_ms=timestamp_ms(message.expires) if message.HasField("expires") else None,
        )

    @property
    def factor(self) -> Fraction:
        """By what a discount in percent multiplies; 1 of any other credit."""
        return 1 - self.percent / _PERCENT

    def discounts(self, component: str) -> bool:
        """Tells whether it is a discount in percent on use of a component (RATE-PERCENT-1)."""
        return self.kind == CreditKind.CREDIT_KIND_PERCENT and self.covers(component)

    def covers(self, component: str | None) -> bool:
        """Tells whether a line of a component, or of none, is in its basis."""
        return not self.basis or component in self.basis

    def applies(self, first_ms: int) -> bool:
        """Tells whether it lowers a bill whose period starts at an instant (RATE-EXPIRE-1)."""
        return self.expires_ms is None or first_ms < self.expires_ms


@dataclass(frozen=True, slots=True)
class TaxRule:
    """A tax on the lines of one category; its rate as a share of one, and as the plan writes it."""

    category: str
    jurisdiction: str
    rate: Fraction
    rate_text: str
    exemption_code: str | None

    @classmethod
    def of(cls, message: v1.TaxRule) -> Self:
        """Returns the tax rule of a message."""
        return cls(
            category=message.category,
            jurisdiction=message.jurisdiction,
            rate=parse_decimal(message.rate),
            rate_text=message.rate,
            exemption_code=message.exemption_code if message.HasField("exemption_code") else None,
        )


@dataclass(frozen=True, slots=True)
class Exchange:
    """Conversion into another currency by a series of exchange rates."""

    currency: str
    series: str
    publisher: str

    @classmethod
    def of(cls, message: v1.Exchange) -> Self:
        """Returns the conversion of a message."""
        return cls(message.currency, message.series, message.publisher)


def by_priority(commitments: Iterable[Commitment]) -> tuple[Commitment, ...]:
    """Returns commitments in the order in which they cover (RATE-COMMITMENT-2)."""
    return tuple(sorted(commitments, key=lambda one: (one.priority, one.id.encode())))


def credits_by_priority(credits_: Iterable[Credit]) -> tuple[Credit, ...]:
    """Returns credits in the order in which those of one kind apply (RATE-PERCENT-1, RATE-ADJUSTMENT-1)."""
    return tuple(sorted(credits_, key=lambda one: (one.priority, one.id.encode())))


def amount(message: v1.Money) -> Money:
    """Returns an amount of a plan as money."""
    return Money.parse(message.currency, message.amount)
