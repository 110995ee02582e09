"""A price plan made ready for arithmetic: its decimals as exact fractions, its rules checked (pricing.md).

The message is what is signed and pinned. This is the same plan with each text read once, because a search
prices one plan many times and a bill one component many times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from crex.decimals import Money, exponent
from crex.errors import RatingError, Violation
from crex.metering.span import Span, timestamp_ms
from crex.rating.agreements import (
    Commitment,
    Credit,
    Exchange,
    TaxRule,
    amount,
    by_priority,
    credits_by_priority,
)
from crex.rating.component import Component, Use
from crex.rating.plan_rules import violations
from crex.v1 import Pin, PricePlan


@dataclass(frozen=True, slots=True)
class Plan:
    """A price plan whose rules hold; how many components it may have the schema says (PRICE-COMPONENT-1).

    Attributes:
        pin: Which document it is.
        currency: ISO 4217 code of every price.
        billed_currency: ISO 4217 code of every amount: that of the exchange, or else the plan's.
        exponent: Digits after the point of an amount.
        time_zone: Time zone in which billing periods begin.
        start_ms: First instant at which it applies, inclusive.
        end_ms: Last instant, exclusive; nothing where it is open.
        components: In list order.
        commitments: In the order in which they cover (RATE-COMMITMENT-2).
        credits: In the order in which those of one kind apply.
        taxes: Tax rules.
        tax_included: Whether prices include tax.
        minimum: Least net amount of a bill; nothing: none.
        maximum: Greatest net amount of a bill; nothing: none.
        adjustment_tax_category: Tax category of lines without a component; nothing: no tax.
        exchange: Conversion into the billed currency; nothing where none is needed.
        supersedes: The plan whose place it takes; nothing: none.
    """

    pin: Pin
    currency: str
    billed_currency: str
    exponent: int
    time_zone: str
    start_ms: int
    end_ms: int | None
    components: tuple[Component, ...]
    commitments: tuple[Commitment, ...] = ()
    credits: tuple[Credit, ...] = ()
    taxes: tuple[TaxRule, ...] = ()
    tax_included: bool = False
    minimum: Money | None = None
    maximum: Money | None = None
    adjustment_tax_category: str | None = None
    exchange: Exchange | None = None
    supersedes: Pin | None = None

    @classmethod
    def of(cls, plan: PricePlan, pin: Pin | None = None) -> Self:
        """Returns the plan of a message.

        Args:
            plan: A price plan in strict form; its required members are there.
            pin: Which document it is; nothing only where no line is made of it, as when a demand is priced.

        Raises:
            RatingError: SCHEMA, with every rule of pricing that it breaks, by place (PRICE-*).
        """
        found = list(violations(plan))
        if found:
            raise _refused(pin, found)
        billed = plan.exchange.currency if plan.HasField("exchange") else plan.currency
        return cls(
            pin=Pin() if pin is None else pin,
            currency=plan.currency,
            billed_currency=billed,
            exponent=exponent(billed),
            time_zone=plan.time_zone,
            start_ms=timestamp_ms(plan.effective_start),
            end_ms=timestamp_ms(plan.effective_end) if plan.HasField("effective_end") else None,
            components=tuple(map(Component.of, plan.components)),
            commitments=by_priority(map(Commitment.of, plan.commitments)),
            credits=credits_by_priority(map(Credit.of, plan.credits)),
            taxes=tuple(map(TaxRule.of, plan.taxes)),
            tax_included=plan.tax_included,
            minimum=amount(plan.minimum) if plan.HasField("minimum") else None,
            maximum=amount(plan.maximum) if plan.HasField("maximum") else None,
            adjustment_tax_category=(
                plan.adjustment_tax_category if plan.HasField("adjustment_tax_category") else None
            ),
            exchange=Exchange.of(plan.exchange) if plan.HasField("exchange") else None,
            supersedes=plan.supersedes if plan.HasField("supersedes") else None,
        )

    @property
    def of_account(self) -> bool:
        """Whether only a bill of an account can apply it: a commitment, or a sum over all leases."""
        return bool(self.commitments) or any(one.accumulator.account for one in self.components)

    @property
    def bounded(self) -> frozenset[Use]:
        """Dimensions and units of which no more may be held than was leased (RATE-QUANTITY-1)."""
        return frozenset(one.use for one in self.components if one.bounded)

    def within(self, span: Span) -> Span:
        """Returns the part of a span in which the plan is effective; empty where there is none."""
        start = max(span.start_ms, self.start_ms)
        end = span.end_ms if self.end_ms is None else min(span.end_ms, self.end_ms)
        return Span(start, max(start, end))

    def in_force(self, instant_ms: int) -> bool:
        """Tells whether it is effective at an instant (PRICE-EFFECTIVE-1)."""
        return self.start_ms <= instant_ms and (self.end_ms is None or instant_ms < self.end_ms)


def _refused(pin: Pin | None, violations: list[Violation]) -> RatingError:
    name = pin.id if pin is not None and pin.id else "the price plan"
    return RatingError(
        "SCHEMA",
        f"{name} breaks {len(violations)} rule(s) of pricing, so nothing can be billed under it. Have its "
        "provider publish a corrected revision.",
        violations=violations,
        details={"step": "2"},
    )
