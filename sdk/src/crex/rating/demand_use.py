"""What a demand will use, and which components of a plan may price it, before anything is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from crex.decimals import parse_decimal
from crex.metering.span import Span
from crex.rating.component import Component, Use
from crex.rating.plan import Plan
from crex.v1 import DemandQuantity


@dataclass(frozen=True, slots=True)
class UnknownPrice:
    """No price can be told.

    Attributes:
        reason: Why, for people.
    """

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandedUse:
    """What is demanded, and what is known of the offer that would serve it.

    Attributes:
        count: Units wanted.
        seconds: Length of the demand in seconds.
        quantities: Further quantities by use: the amount of what is counted, the level of what is held.
        interval: The exact interval; nothing: not known.
        region: Region of the offer's terms, empty where they state none; nothing: not known.
        interruptible: Whether the offer's mode is `spot`; nothing: not known.
    """

    count: Fraction
    seconds: Fraction
    quantities: dict[Use, Fraction]
    interval: Span | None
    region: str | None
    interruptible: bool | None

    @classmethod
    def of(
        cls,
        count: int,
        seconds: Fraction | int,
        quantities: Iterable[DemandQuantity],
        interval: Span | None,
        region: str | None,
        interruptible: bool | None,
    ) -> Self:
        """Returns what is demanded; quantities of one dimension and unit are summed."""
        demanded: dict[Use, Fraction] = {}
        for quantity in quantities:
            use = quantity.dimension, quantity.unit
            demanded[use] = demanded.get(use, Fraction(0)) + parse_decimal(quantity.quantity)
        return cls(
            count=Fraction(count),
            seconds=Fraction(seconds),
            quantities=demanded,
            interval=interval,
            region=region,
            interruptible=interruptible,
        )

    def units(self, component: Component) -> Fraction:
        """Returns what is held throughout of the use of a component."""
        return self.quantities.get(component.use, self.count)

    def quantity(self, component: Component) -> Fraction:
        """Returns the quantity of a component that prices records: in unit-seconds, or the amount."""
        if component.timed:
            return self.units(component) * self.seconds
        return self.quantities.get(component.use, Fraction(0))

    def unsure(self, component: Component) -> str | None:
        """Returns what decides whether a component applies: empty if it does, nothing if it does not."""
        rules = component.restrictions
        if self.region is not None and rules.region not in (None, self.region):
            return None
        if self.interruptible is not None and rules.interruptible not in (None, self.interruptible):
            return None
        if rules.local:
            return "the local time of use"
        if rules.region is not None and self.region is None:
            return "the region of the offer"
        if rules.interruptible is not None and self.interruptible is None:
            return "the mode of the offer"
        return ""

    def possible(self, components: list[Component]) -> tuple[list[Component], bool]:
        """Returns the components that may apply, and whether the last of them does where no other does.

        Args:
            components: Those of one dimension and unit, in list order (step 10).
        """
        found: list[Component] = []
        for component in components:
            unsure = self.unsure(component)
            if unsure is not None:
                found.append(component)
                if not unsure:
                    return found, True
        return found, False


def by_use(plan: Plan) -> Iterator[list[Component]]:
    """Yields the components of each dimension and unit, in list order."""
    found: dict[Use, list[Component]] = {}
    for component in plan.components:
        found.setdefault(component.use, []).append(component)
    yield from found.values()


def beyond_all(plan: Plan, interval: Span | None) -> str:
    """Returns why nothing can be told of what a demand costs under a plan; empty where something can."""
    if interval is not None and plan.within(interval) != interval:
        return "the price plan does not apply throughout the interval"
    if plan.commitments:
        return "the price plan has commitments, whose cost depends on all that is used"
    if plan.exchange is not None:
        return f"the price plan is billed in {plan.exchange.currency}, at a rate to come"
    return ""


def tax_rate(plan: Plan, category: str | None) -> Fraction:
    """Returns what comes on top of lines of a category, as a share of them; 0 where prices include tax."""
    if plan.tax_included:
        return Fraction(0)
    return sum((rule.rate for rule in plan.taxes if rule.category == category), Fraction(0))
