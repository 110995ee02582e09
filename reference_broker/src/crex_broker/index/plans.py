"""What search needs to know of price plans: the exact price where it is simple, and a bound where it is not.

Most plans price what is held by one rate for each dimension, without granularity. Their price is *linear*:
rate × count × seconds, as an exact fraction. Every other price is computed by the rules of rating. For all of
them there is a bound from below, in floating point, by which offers are sorted: it decides only which prices
are computed, never which is lower (see `Facts.bound`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np

from crex import v1
from crex.decimals import INT64_MAX
from crex.documents.convert import to_message
from crex.errors import CrexError
from crex.rating.component import Component, Use
from crex.rating.demand_price import MONTH_S
from crex.rating.plan import Plan
from crex.rating.windows import NO_RESTRICTIONS
from crex.v1 import TierModel
from crex_broker.index.columns import Growing
from crex_broker.index.tables import RootTable

_NOTHING: Final = float("-inf")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a plan.

    Attributes:
        currency: Its currency; empty where it states none.
        rate: Exact price of one unit held for a second, where the price of every demand without further
            quantities is that times count and seconds; None: it is not so simple.
        bound: Price of one unit held for a second that no demand without further quantities goes below, as
            the nearest binary fraction: it is off by less than 2^-52 of itself. Minus infinity: there is
            none.
        start_ms: First instant at which it applies.
        end_ms: Last instant, exclusive; None: open.
        of_offer: Whether region or mode of an offer decide what it costs under the plan.
    """

    currency: str
    rate: Fraction | None
    bound: float
    start_ms: int
    end_ms: int | None
    of_offer: bool = False

    def applies(self, start_ms: int, end_ms: int) -> bool:
        """Tells whether the plan applies throughout a time."""
        return self.start_ms <= start_ms and (self.end_ms is None or end_ms <= self.end_ms)


def facts_of(body: dict[str, Any]) -> Facts:
    """Reads a plan's body."""
    currency = str(body.get("currency", ""))
    try:
        plan = Plan.of(to_message(body, v1.PricePlan))
    except CrexError:
        return Facts(currency, rate=None, bound=_NOTHING, start_ms=0, end_ms=None)
    held = _held(plan)
    lowest = [_lowest(components) for components in held]
    bound = None if None in lowest else sum((one for one in lowest if one is not None), Fraction(0))
    if _may_be_lower(plan):
        bound = None
    linear = bound is not None and _is_plain(plan) and all(_is_linear(one[0]) for one in held)
    return Facts(
        currency=currency,
        rate=bound if linear else None,
        bound=_NOTHING if bound is None else float(bound),
        start_ms=plan.start_ms,
        end_ms=plan.end_ms,
        of_offer=any(_asks_of_offer(component) for component in plan.components),
    )


def _held(plan: Plan) -> list[list[Component]]:
    """Gives, of each held dimension and unit, the components that may apply, in list order (step 10)."""
    found: dict[Use, list[Component]] = {}
    for component in plan.components:
        before = found.setdefault(component.use, [])
        if component.timed and not (before and before[-1].restrictions == NO_RESTRICTIONS):
            before.append(component)  # none comes after one that always applies
    return [components for components in found.values() if components]


def _asks_of_offer(component: Component) -> bool:
    rules = component.restrictions
    return rules.region is not None or rules.interruptible is not None


def _is_plain(plan: Plan) -> bool:
    """Tells whether nothing but held dimensions and demanded quantities can make a difference to a price."""
    beside = plan.commitments or plan.credits or plan.minimum or plan.maximum or plan.exchange
    return not beside and all(component.of_records for component in plan.components)


def _may_be_lower(plan: Plan) -> bool:
    """Tells whether a price may be less than what is held costs: by a discount, or by less than nothing."""
    once = (component for component in plan.components if not component.of_records)
    return bool(plan.credits) or any(component.tiers[0].unit_price < 0 for component in once)


def _is_linear(component: Component) -> bool:
    """Tells whether a quantity costs the same by the unit, however much it is and whenever it is used."""
    [tier, *more] = component.tiers
    return (
        component.model == TierModel.TIER_MODEL_UNIT
        and not more
        and tier.flat_price is None
        and component.steps is None
        and component.series is None
        and component.restrictions == NO_RESTRICTIONS
    )


def _lowest(components: list[Component]) -> Fraction | None:
    """Gives the least that a unit held for a second costs, whichever applies; None: there is no least."""
    found = [_least(component) for component in components]
    known = [one for one in found if one is not None]
    return min(known) if len(known) == len(found) else None


def _least(component: Component) -> Fraction | None:
    """Gives the least that a unit held for a second costs by a component; None where there is no least.

    Steps and packages bill more than was held, never less; so they can lower a price only where a price is
    negative.
    """
    least = min(tier.unit_price for tier in component.tiers)
    more = component.steps is not None or component.model == TierModel.TIER_MODEL_PACKAGE
    flat = (tier.flat_price for tier in component.tiers if tier.flat_price is not None)
    if (least < 0 and more) or any(amount < 0 for amount in flat):
        return None
    per_second = component.per_quantity * (MONTH_S if component.monthly else 1)
    return least / per_second


class PlanTable(RootTable):
    """The facts of plans as columns; a row's number is that of the plan.

    Its one member is `currency`, at which the path `offer.currency` looks.
    """

    def __init__(self) -> None:
        super().__init__(all_closed=True)
        self.bound: Final = Growing(np.float64, 0)
        self.linear: Final = Growing(np.bool_, 0)
        self.start: Final = Growing(np.int64, 0)
        self.end: Final = Growing(np.int64, 0)

    def put(self, facts: Facts) -> None:
        """Adds the facts of a plan."""
        currency = self.codes("currency")
        row = self.add()
        if facts.currency:
            currency.values.set(row, currency.code_of(facts.currency))
        self.bound.reserve(row + 1)
        self.bound.data[row] = facts.bound
        self.linear.set(row, facts.rate is not None)
        self.start.set(row, facts.start_ms)
        self.end.set(row, INT64_MAX if facts.end_ms is None else facts.end_ms)
