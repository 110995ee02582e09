"""The most that a demand can come to under a plan, before anything is used: for the spend limit of an order.

A bound of all bills of the demand together, taxes on top and rounding included (ORDER-SPEND-1). Each quantity
is priced by the dearest tier of the dearest component that may apply to it, a price series at its
`maxUnitPrice`, begun steps and packages whole, a base fee and the minimum once for each billing period that
the demand may touch; credits count as nothing, the maximum holds. So a bound is never too low, and often too
high: it serves where no price is known, and never to rank offers.

What a component can come to is written as `fixed + rate × quantity`. Then it does not matter how a quantity
is divided among components, tiers and billing periods: a sum of such bounds bounds every division.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from crex.metering.span import Span
from crex.rating.component import Component
from crex.rating.demand_use import DemandedUse, UnknownPrice, beyond_all, by_use, tax_rate
from crex.rating.plan import Plan
from crex.v1 import DemandQuantity, PricePlan, TierModel

_DAY_S = 86_400
# No billing period is shorter: 28 days, less a day that clocks may skip (RATE-PERIOD-1).
_SHORTEST_PERIOD_S = 27 * _DAY_S


def most_of_demand(
    plan: Plan | PricePlan,
    count: int,
    seconds: Fraction | int,
    quantities: Iterable[DemandQuantity] = (),
    *,
    interval: Span | None = None,
    region: str | None = None,
    interruptible: bool | None = None,
) -> Fraction | UnknownPrice:
    """Returns an amount that all bills of a demand together never exceed, in the plan's currency.

    Args:
        plan: The plan; it prices all use of the demand.
        count: Units wanted: of no held dimension is more held at any instant, but where `quantities` say so.
        seconds: Length of the demand in seconds.
        quantities: The most that will be used beyond them, as of `price_of_demand`; what is counted and not
            named counts as nothing.
        interval: The exact interval, where it is known; the plan must apply throughout.
        region: Region of the offer's terms, empty where they state none; nothing: not known.
        interruptible: Whether the offer's mode is `spot`; nothing: not known.

    Returns:
        A whole number of minor units; or why there is no bound: the plan does not apply throughout, has
        commitments or an exchange, or has a tax on a minimum that prices without a floor can be raised to.

    Raises:
        RatingError: The plan breaks a rule of pricing (SCHEMA).
    """
    ready = plan if isinstance(plan, Plan) else Plan.of(plan)
    why = beyond_all(ready, interval)
    if why:
        return UnknownPrice(why)
    wanted = DemandedUse.of(count, seconds, quantities, interval, region, interruptible)
    most = _Sum.of(ready, wanted, sign=1)
    least = _Sum.of(ready, wanted, sign=-1)  # how far below zero lines may go
    half = Fraction(1, 2 * 10**ready.exponent)
    net, periods = most.total, _periods(wanted)
    if ready.minimum is not None:  # RATE-MINIMUM-1
        floor_ = ready.minimum.value
        net = max(net, floor_) + (periods - 1) * floor_
        if least.endless and tax_rate(ready, ready.adjustment_tax_category):
            return UnknownPrice("the minimum is taxed, and a price series may fall below zero without bound")
        most.add(ready.adjustment_tax_category, floor_ * periods + least.total)
    if ready.maximum is not None:  # RATE-MAXIMUM-1
        net = min(net, ready.maximum.value * periods)
    # Taxed lines sum to no more than all lines, unless others are below zero.
    room = sum(most.categories.values(), Fraction(0)) if least.endless or least.total else net
    rules = sum(1 for rule in ready.taxes if rule.category in most.categories)
    taxes = _taxes(ready, most.categories, room) + (0 if ready.tax_included else rules * periods * half)
    minor = 10**ready.exponent
    return Fraction(floor((net + taxes) * minor), minor)


@dataclass(slots=True)
class _Sum:
    """A bound of the lines of a demand, together and by tax category.

    Attributes:
        total: Bound of the sum of all lines.
        categories: Bound of the sum of the lines of each category.
        endless: Whether there is no bound.
    """

    total: Fraction = Fraction(0)
    categories: dict[str | None, Fraction] = field(default_factory=dict)
    endless: bool = False

    @classmethod
    def of(cls, plan: Plan, wanted: DemandedUse, *, sign: int) -> _Sum:
        """Returns how far above zero lines can come; with a sign of -1, how far below."""
        found = cls()
        for components in by_use(plan):
            quantity = _quantity(components[0], wanted)
            if not quantity:
                continue
            segments = _segments(components, wanted)
            possible, _ = wanted.possible(components)
            found.endless |= sign < 0 and any(one.series is not None for one in possible)
            bounds = [_line(plan, one, wanted, segments, sign) for one in possible]
            found.total += _whole(bounds, quantity)
            for category in {one.category for one in bounds}:
                found.add(category, _whole([one for one in bounds if one.category == category], quantity))
        return found

    def add(self, category: str | None, amount: Fraction) -> None:
        """Adds what lines of a category come to."""
        self.categories[category] = self.categories.get(category, Fraction(0)) + amount


@dataclass(frozen=True, slots=True)
class _Line:
    """A bound `fixed + rate × quantity` of the lines of a component; neither is below zero."""

    category: str | None
    rate: Fraction
    fixed: Fraction


def _whole(bounds: list[_Line], quantity: Fraction) -> Fraction:
    """Returns a bound of what a quantity comes to, however it is divided among components."""
    dearest = max((one.rate for one in bounds), default=Fraction(0))
    return dearest * quantity + sum((one.fixed for one in bounds), Fraction(0))


def _line(plan: Plan, component: Component, wanted: DemandedUse, segments: int, sign: int) -> _Line:
    """Returns a bound of the lines of one component over all billing periods."""
    periods = 1 if component.once else _periods(wanted)
    prices = [sign * tier.unit_price for tier in component.tiers]
    if component.series is not None:
        prices = [sign * component.series.max_unit_price]  # RATE-SERIES-2
    flats = [sign * tier.flat_price for tier in component.tiers if tier.flat_price is not None]
    flats = [flat for flat in flats if flat > 0]
    rate = max(Fraction(0), *prices) / component.per_quantity
    if not rate and not flats:
        return _Line(component.tax_category, rate, Fraction(0))  # no line is above zero, rounded or not
    each_tier = component.model == TierModel.TIER_MODEL_GRADUATED
    flat = sum(flats, Fraction(0)) if each_tier else max(flats, default=Fraction(0))
    added = Fraction(0)
    if component.steps is not None:  # RATE-GRANULARITY-1
        scopes = segments if component.steps.each_segment else periods
        added = max(component.steps.step, component.steps.minimum) * scopes
    if component.model == TierModel.TIER_MODEL_PACKAGE:  # RATE-PACKAGE-1
        added += component.per_quantity * periods
    rounded = Fraction(len(component.tiers) if each_tier else 1, 2 * 10**plan.exponent)  # RATE-ROUND-1
    return _Line(component.tax_category, rate, rate * added + (flat + rounded) * periods)


def _quantity(component: Component, wanted: DemandedUse) -> Fraction:
    """Returns the most that all bills together hold of the use of a component, before granularity."""
    if component.once:
        return Fraction(1)  # RATE-ONEOFF-1
    periods = _periods(wanted)
    if component.flat:
        return Fraction(periods)  # RATE-FLAT-2
    quantity = wanted.quantity(component)
    if component.monthly:  # RATE-MONTH-1
        return min(quantity / _SHORTEST_PERIOD_S, wanted.units(component) * periods)
    return quantity


def _periods(wanted: DemandedUse) -> int:
    """Returns how many billing periods a demand may touch: where they begin is not known."""
    return floor(wanted.seconds / _SHORTEST_PERIOD_S) + 2


def _segments(components: list[Component], wanted: DemandedUse) -> int:
    """Returns into how many segments the use of some components may be cut (RATE-CUT-1).

    A series may have a point at each millisecond. Windows, days and dates turn at some times of each day, and
    where clocks are set some may turn again: twice as often, on two days more, is enough.
    """
    instants = ceil(wanted.seconds * 1000) + 1
    if any(one.series is not None for one in components):
        return instants
    days = ceil(wanted.seconds / _DAY_S) + 2
    turns = sum(2 * len(rule.turns) * days for one in components for rule in one.restrictions.local)
    return min(instants, _periods(wanted) + 2 + turns)


def _taxes(plan: Plan, categories: dict[str | None, Fraction], room: Fraction) -> Fraction:
    """Returns the most tax on lines that sum to no more than `room`, by the dearest categories first."""
    total = Fraction(0)
    for category in sorted(categories, key=lambda one: tax_rate(plan, one), reverse=True):
        taxed = min(room, categories[category])
        total += taxed * tax_rate(plan, category)
        room -= taxed
    return total
