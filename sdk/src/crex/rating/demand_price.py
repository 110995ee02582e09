"""What a demand would cost under a plan, before anything is used: for search and for `crex search`.

The demand's quantities are rated by the same steps as a bill: component choice, granularity, tiers, exact
amounts, discounts in percent. The whole demand counts as one billing period, and nothing is rounded: a price
by which offers are ranked is exact, and without the taxes that come on top of it (DEMAND-PRICE-1). A demand
says neither at what local time it will be used, nor what an index will say then, nor what else an account
uses: where a price depends on such a thing it is unknown, never a guess (DEMAND-PRICE-2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from crex.metering.span import Span
from crex.rating.component import Component
from crex.rating.demand_use import DemandedUse, UnknownPrice, beyond_all, by_use, tax_rate
from crex.rating.plan import Plan
from crex.rating.quantities import billed
from crex.rating.tiers import Part, amount_of, parts
from crex.v1 import CreditKind, DemandQuantity, PricePlan, TierModel

# Length of a month where prices by the month are ranked beside others (DEMAND-PRICE-1): 365 days by twelve.
MONTH_S = 2_628_000

# What each dimension and unit comes to: the component that prices it, and the amount.
_Charged = list[tuple[Component, Fraction]]


def price_of_demand(
    plan: Plan | PricePlan,
    count: int,
    seconds: Fraction | int,
    quantities: Iterable[DemandQuantity] = (),
    *,
    interval: Span | None = None,
    region: str | None = None,
    interruptible: bool | None = None,
) -> Fraction | UnknownPrice:
    """Returns what a demand costs under a plan, exact, in the plan's currency.

    Args:
        plan: The plan; give `Plan.of(message)` where one plan prices many demands.
        count: Units wanted.
        seconds: Length of the demand in seconds.
        quantities: What will be used beyond them: of a counted dimension the amount over the whole demand; of
            a held dimension the quantity held throughout, in place of `count`.
        interval: The exact interval, where the demand states one; the plan must apply throughout.
        region: Region of the offer's terms, empty where they state none; nothing: not known.
        interruptible: Whether the offer's mode is `spot`; nothing: not known.

    Returns:
        Each held dimension at `count` units × seconds, each quantity demanded, and what is charged once,
        without taxes that come on top; or why the price is unknown.

    Raises:
        RatingError: The plan breaks a rule of pricing (SCHEMA).
    """
    ready = plan if isinstance(plan, Plan) else Plan.of(plan)
    wanted = DemandedUse.of(count, seconds, quantities, interval, region, interruptible)
    charged = _charged(ready, wanted)
    return charged if isinstance(charged, UnknownPrice) else _sum(charged)


def taxed_price_of_demand(
    plan: Plan | PricePlan,
    count: int,
    seconds: Fraction | int,
    quantities: Iterable[DemandQuantity] = (),
    *,
    interval: Span | None = None,
    region: str | None = None,
    interruptible: bool | None = None,
) -> Fraction | UnknownPrice:
    """Returns what a demand costs with the taxes that come on top, exact, in the plan's currency.

    Args:
        plan: As of `price_of_demand`, like all that follows.
        count: Units wanted.
        seconds: Length of the demand in seconds.
        quantities: What will be used beyond them.
        interval: The exact interval.
        region: Region of the offer's terms.
        interruptible: Whether the offer's mode is `spot`.

    Returns:
        The price and the taxes on it (RATE-TAX-1), neither rounded; or why they are unknown: as of
        `price_of_demand`, or because only local time decides which of several tax categories applies.

    Raises:
        RatingError: The plan breaks a rule of pricing (SCHEMA).
    """
    ready = plan if isinstance(plan, Plan) else Plan.of(plan)
    wanted = DemandedUse.of(count, seconds, quantities, interval, region, interruptible)
    charged = _charged(ready, wanted)
    if isinstance(charged, UnknownPrice):
        return charged
    total = Fraction(0)
    for component, amount in charged:
        possible, _ = wanted.possible([one for one in ready.components if one.use == component.use])
        rates = {tax_rate(ready, one.tax_category) for one in possible}
        if len(rates) > 1 and amount:
            return UnknownPrice(f"the tax on {component.dimension} depends on {wanted.unsure(possible[0])}")
        total += amount * (1 + rates.pop())
    return total


def _sum(charged: _Charged) -> Fraction:
    return sum((amount for _, amount in charged), Fraction(0))


def _charged(plan: Plan, wanted: DemandedUse) -> _Charged | UnknownPrice:
    """Returns what each dimension and unit costs, unless anything else would change the sum."""
    why = beyond_all(plan, wanted.interval)
    if why:
        return UnknownPrice(why)
    without_price = wanted.quantities.keys() - {one.use for one in plan.components if one.of_records}
    if without_price:
        dimension, unit = min(without_price)
        return UnknownPrice(f"the price plan has no price for {dimension} in {unit}")
    charged: _Charged = []
    for components in by_use(plan):
        found = _component(components, wanted)
        if isinstance(found, UnknownPrice):
            return found
        if found is None:
            continue
        amount = _amount(found, wanted)
        for credit in plan.credits:
            if not credit.discounts(found.id):
                continue
            if credit.expires_ms is not None and wanted.interval is None:
                return UnknownPrice(f"the discount {credit.id} expires, and no time is stated")
            if wanted.interval is None or credit.applies(wanted.interval.start_ms):
                amount *= credit.factor  # RATE-PERCENT-1
        charged.append((found, amount))
    return next((UnknownPrice(why) for why in _changes(plan, wanted, charged)), charged)


def _component(components: list[Component], wanted: DemandedUse) -> Component | UnknownPrice | None:
    """Returns the component that prices a use; nothing where nothing of it is wanted (step 10).

    Which one applies may depend on what a demand does not tell. That makes no difference where all that may
    apply have one price for any quantity, and the last of them always applies.
    """
    first = components[0]
    if first.of_records and not wanted.quantity(first):
        return None
    possible, sure = wanted.possible(components)
    if not possible and not first.of_records:
        return None
    use = f"{first.dimension} in {first.unit}"
    why = ""
    if not possible:
        why = f"the price plan has no price for {use} of such an offer"
    elif any(one.series is not None for one in possible):
        why = f"the price of {use} moves with a price series"
    elif not sure or (len(possible) > 1 and not _alike(possible)):
        why = f"the price of {use} depends on {wanted.unsure(possible[0])}"
    elif _in_segments(possible[-1]) and any(one.restrictions.local or one.series for one in components):
        why = f"{use} is billed in steps of each stretch of time with one price"
    return UnknownPrice(why) if why else possible[-1]


def _in_segments(component: Component) -> bool:
    return component.steps is not None and component.steps.each_segment


def _alike(components: list[Component]) -> bool:
    """Tells whether components have one price, whatever part of a quantity each of them prices."""
    plain = all(
        one.model == TierModel.TIER_MODEL_UNIT and one.steps is None and one.tiers[0].flat_price is None
        for one in components
    )
    prices = {one.tiers[0].unit_price / one.per_quantity for one in components}
    return plain and len(prices) == 1


def _amount(component: Component, wanted: DemandedUse) -> Fraction:
    if not component.of_records:  # RATE-FLAT-2, RATE-ONEOFF-1: once
        return amount_of(component, Part(1, component.tiers[0], Fraction(1)))
    quantity = wanted.quantity(component)
    if component.monthly:
        quantity = quantity / MONTH_S
    found = parts(component, billed(quantity, component.steps))
    return sum((amount_of(component, part) for part in found), Fraction(0))


def _changes(plan: Plan, wanted: DemandedUse, charged: _Charged) -> Iterator[str]:
    """Yields what of the bill would change the amount, beyond what a demand tells (DEMAND-PRICE-2)."""
    total = _sum(charged)
    if plan.minimum is not None and total < plan.minimum.value:
        yield f"the bill would be raised to the minimum of {plan.minimum}"
    if plan.maximum is not None and total > plan.maximum.value:
        yield f"the bill would be lowered to the maximum of {plan.maximum}"
    start = None if wanted.interval is None else wanted.interval.start_ms
    for credit in plan.credits:
        lowers = any(amount > 0 and credit.covers(component.id) for component, amount in charged)
        applies = start is None or credit.applies(start)
        if credit.kind == CreditKind.CREDIT_KIND_FIXED and lowers and applies:
            yield f"what is left of the credit {credit.id} would lower it"
