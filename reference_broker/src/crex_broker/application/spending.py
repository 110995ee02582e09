"""What an order costs, by what is known when it is committed, against its spend limit."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from crex import v1
from crex.decimals import Money
from crex.errors import CrexError, InvalidScalar
from crex.metering.span import Span
from crex.rating import UnknownPrice, price_of_demand
from crex_broker.application.price_plans import PricePlans
from crex_broker.domain.terms import Sale


async def check_spend_limit(
    plans: PricePlans, sales: Sequence[tuple[Sale, int]], span: Span, limit: v1.Money
) -> None:
    """Refuses an order that would cost more than its spend limit (ORDER-SPEND-1).

    What is held is priced for the whole interval, as DEMAND-PRICE-1 prices a demand; what is counted as it is
    used is not known yet and counts as nothing.

    Args:
        plans: The price plans.
        sales: What is bought: the terms of each offer, and the units.
        span: The interval.
        limit: The most that the consumer will spend.

    Raises:
        CrexError: BUDGET_EXCEEDED with `price`; TERMS where the price is in another currency or cannot be
        told.
    """
    total = Fraction(0)
    for sale, quantity in sales:
        plan = await plans.by_pin(sale.price_plan)
        if plan.currency != limit.currency:
            raise CrexError(
                "TERMS",
                f"The spend limit is in {limit.currency} and {sale.id} is priced in {plan.currency}; "
                f"amounts are never converted. State the limit in {plan.currency}.",
                details={"offer": sale.id, "currency": plan.currency},
            )
        price = price_of_demand(plan, quantity, span.seconds, interval=span)
        if isinstance(price, UnknownPrice):
            raise CrexError(
                "TERMS",
                f"The price of {sale.id} cannot be told ({price.reason}), so the spend limit cannot be "
                "kept. Order without a limit, or choose an interval that the plan covers.",
                details={"offer": sale.id},
            )
        total += price
    most = Money.parse(limit.currency, limit.amount)
    cost = _cost(limit.currency, total)
    if cost is None or cost.minor > most.minor:
        stated = cost.amount if cost is not None else "more than any amount"
        raise CrexError(
            "BUDGET_EXCEEDED",
            f"The order would cost {stated} {limit.currency} and its spend limit is {limit.amount}. "
            "Order less, or sign an order with a higher limit.",
            details={"price": stated, "currency": limit.currency, "spend_limit": limit.amount},
        )


def _cost(currency: str, total: Fraction) -> Money | None:
    """Rounds a price to an amount; nothing where it is beyond all that can be written."""
    try:
        return Money.rounded(currency, total)
    except InvalidScalar:
        return None
