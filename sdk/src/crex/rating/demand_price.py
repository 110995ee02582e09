"""What a demand would cost under a plan, before anything is used: for search and for `crex search`.

The demand's quantities are rated by the same steps as a bill: component choice, granularity, tiers, exact
amounts. The whole demand counts as one billing period, and nothing is rounded: a price by which offers are
ranked is exact (DEMAND-PRICE-1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from crex.decimals import parse_decimal
from crex.metering.span import Span
from crex.rating.component import Component, Use
from crex.rating.plan import Plan
from crex.rating.quantities import billed
from crex.rating.tiers import amount_of, parts
from crex.v1 import DemandQuantity, PricePlan


@dataclass(frozen=True, slots=True)
class UnknownPrice:
    """No price can be told.

    Attributes:
        reason: Why, for people.
    """

    reason: str


def price_of_demand(
    plan: Plan | PricePlan,
    count: int,
    seconds: Fraction | int,
    quantities: Iterable[DemandQuantity] = (),
    *,
    interval: Span | None = None,
) -> Fraction | UnknownPrice:
    """Returns what a demand costs under a plan, exact, in the plan's currency.

    Args:
        plan: The plan; give `Plan.of(message)` where one plan prices many demands.
        count: Units wanted.
        seconds: Length of the demand in seconds.
        quantities: What will be used beyond them: of a counted dimension the amount over the whole demand; of
            a held dimension the quantity held throughout, in place of `count`.
        interval: The exact interval, where the demand states one; the plan must apply throughout.

    Returns:
        Each held dimension at `count` units × seconds, and each quantity demanded; or why the price is
        unknown: the plan does not price a dimension that is demanded, or does not apply throughout.

    Raises:
        RatingError: The plan breaks a rule of pricing (SCHEMA).
    """
    ready = plan if isinstance(plan, Plan) else Plan.of(plan)
    if interval is not None and not _applies(ready, interval):
        return UnknownPrice("the price plan does not apply throughout the interval")
    demanded: dict[Use, Fraction] = {}
    for quantity in quantities:
        use = quantity.dimension, quantity.unit
        demanded[use] = demanded.get(use, Fraction(0)) + parse_decimal(quantity.quantity)
    price, priced = Fraction(0), set[Use]()
    for component in ready.components:
        if component.use in priced:
            continue  # step 10: the first component of a dimension and unit wins
        priced.add(component.use)
        if component.timed:
            price += _price(component, demanded.get(component.use, Fraction(count)) * seconds)
        else:
            price += _price(component, demanded.get(component.use, Fraction(0)))
    without_price = demanded.keys() - priced
    if without_price:
        dimension, unit = min(without_price)
        return UnknownPrice(f"the price plan has no price for {dimension} in {unit}")
    return price


def _price(component: Component, quantity: Fraction) -> Fraction:
    found = parts(component, billed(quantity, component.steps))
    return sum((amount_of(component, part) for part in found), Fraction(0))


def _applies(plan: Plan, interval: Span) -> bool:
    return plan.start_ms <= interval.start_ms and (plan.end_ms is None or interval.end_ms <= plan.end_ms)
