"""What an order costs, by what is known when it is committed, against its spend limit."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from crex import v1
from crex.decimals import Money
from crex.errors import CrexError, InvalidScalar
from crex.metering.span import Span
from crex.rating import (
    INTERRUPTIBLE_MODE,
    Plan,
    UnknownPrice,
    most_of_demand,
    taxed_price_of_demand,
)
from crex_broker.application.price_plans import PricePlans
from crex_broker.domain.terms import Sale


async def check_spend_limit(
    plans: PricePlans, sales: Sequence[tuple[Sale, int]], span: Span, limit: v1.Money
) -> None:
    """Refuses an order that would cost more than its spend limit (ORDER-SPEND-1).

    What is held is priced for the whole interval, as DEMAND-PRICE-1 prices a demand, and with its taxes; what
    is counted as it is used is not known yet and counts as nothing. Where no price is known, the most that
    the bills can come to takes its place.

    Args:
        plans: The price plans.
        sales: What is bought: the terms of each offer, and the units.
        span: The interval.
        limit: The most that the consumer will spend.

    Raises:
        CrexError: BUDGET_EXCEEDED with `price`, or with `most`; TERMS where the bill is in another currency
            or neither of them can be told.
    """
    total, reasons = Fraction(0), list[str]()
    for sale, quantity in sales:
        plan = await plans.by_pin(sale.price_plan)
        if plan.billed_currency != limit.currency:
            raise CrexError(
                "TERMS",
                f"The spend limit is in {limit.currency} and {sale.id} is billed in {plan.billed_currency}; "
                f"a limit is never converted. State it in {plan.billed_currency}.",
                details={"offer": sale.id, "currency": plan.billed_currency},
            )
        price, why = _price(plan, sale, quantity, span)
        total += price
        reasons += [why] if why else []
    most = Money.parse(limit.currency, limit.amount)
    cost = _cost(limit.currency, total)
    if cost is None or cost.minor > most.minor:
        raise _exceeded(cost.amount if cost is not None else "more than any amount", reasons, limit)


def _price(plan: Plan, sale: Sale, quantity: int, span: Span) -> tuple[Fraction, str]:
    """Returns what is bought of an offer costs; or the most that it comes to, and why no price is known."""
    interruptible = sale.mode == INTERRUPTIBLE_MODE
    price = taxed_price_of_demand(
        plan, quantity, span.seconds, interval=span, region=sale.region, interruptible=interruptible
    )
    if not isinstance(price, UnknownPrice):
        return price, ""
    most = most_of_demand(
        plan, quantity, span.seconds, interval=span, region=sale.region, interruptible=interruptible
    )
    if not isinstance(most, UnknownPrice):
        return most, price.reason
    raise CrexError(
        "TERMS",
        f"Neither the price of {sale.id} can be told nor the most that it comes to ({most.reason}), so the "
        "spend limit cannot be kept. Order without a limit, or choose an interval that the plan covers.",
        details={"offer": sale.id},
    )


def _exceeded(stated: str, reasons: Sequence[str], limit: v1.Money) -> CrexError:
    """Returns the refusal, which tells a price from the most that may be billed."""
    told = f"The order would cost {stated} {limit.currency}, taxes included,"
    if reasons:
        told = (
            f"The order may come to {stated} {limit.currency}, taxes included ({reasons[0]}: so no price is "
            "known, and this is the most that may be billed),"
        )
    return CrexError(
        "BUDGET_EXCEEDED",
        f"{told} and its spend limit is {limit.amount}. Order less, or sign an order with a higher limit.",
        details={
            "most" if reasons else "price": stated,
            "currency": limit.currency,
            "spend_limit": limit.amount,
        },
    )


def _cost(currency: str, total: Fraction) -> Money | None:
    """Rounds a price to an amount; nothing where it is beyond all that can be written."""
    try:
        return Money.rounded(currency, total)
    except InvalidScalar:
        return None
