"""A price plan made ready for arithmetic: its decimals as exact fractions, its rules checked (pricing.md).

The message is what is signed and pinned. This is the same plan with each text read once, because a search
prices one plan many times and a bill one component many times.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from crex.decimals import exponent, parse_decimal
from crex.errors import RatingError, Violation
from crex.metering.span import timestamp_ms
from crex.rating.plan_rules import Use, minimum, violations
from crex.v1 import ComponentKind, Pin, PriceComponent, PricePlan


@dataclass(frozen=True, slots=True)
class Tier:
    """Quantities in (previous `up_to`, `up_to`] and their price, exactly as written (PRICE-PRICE-1).

    It has no end where `up_to` is nothing.
    """

    up_to: Fraction | None
    unit_price: Fraction
    price_text: str


@dataclass(frozen=True, slots=True)
class Steps:
    """Granularity of billing: max(minimum, ⌈q/step⌉·step)."""

    step: Fraction
    minimum: Fraction


@dataclass(frozen=True, slots=True)
class Component:
    """One priced dimension.

    Attributes:
        id: Identifier within the plan.
        dimension: Dimension token.
        unit: Unit token.
        timed: Whether a record's quantity is held over its interval (TIME) rather than used in it (COUNT).
        per_quantity: The divisor; greater than zero.
        per_text: The divisor as the plan writes it.
        tiers: By ascending `up_to`; the last has none.
        steps: Granularity; nothing where billing is exact.
    """

    id: str
    dimension: str
    unit: str
    timed: bool
    per_quantity: Fraction
    per_text: str
    tiers: tuple[Tier, ...]
    steps: Steps | None

    @property
    def use(self) -> Use:
        """Dimension and unit of the records that it prices."""
        return self.dimension, self.unit


@dataclass(frozen=True, slots=True)
class Plan:
    """A price plan whose rules hold; how many components it may have the schema says (PRICE-COMPONENT-1).

    Attributes:
        pin: Which document it is.
        currency: ISO 4217 code of every price and amount.
        exponent: Digits after the point of an amount.
        time_zone: Time zone in which billing periods begin.
        start_ms: First instant at which it applies, inclusive.
        end_ms: Last instant, exclusive; nothing where it is open.
        components: In list order.
    """

    pin: Pin
    currency: str
    exponent: int
    time_zone: str
    start_ms: int
    end_ms: int | None
    components: tuple[Component, ...]

    @classmethod
    def of(cls, plan: PricePlan, pin: Pin | None = None) -> Self:
        """Returns the plan of a message.

        Args:
            plan: A price plan in strict form; its required members are there.
            pin: Which document it is; nothing only where no line is made of it, as when a demand is priced.

        Raises:
            RatingError: SCHEMA, with every broken rule: a currency without minor unit, an interval that ends
                before it starts, a component identifier used twice, a divisor or step not above zero, tiers
                that do not ascend, two kinds for one dimension and unit (PRICE-*).
        """
        found = list(violations(plan))
        if found:
            raise _refused(pin, found)
        return cls(
            pin=Pin() if pin is None else pin,
            currency=plan.currency,
            exponent=exponent(plan.currency),
            time_zone=plan.time_zone,
            start_ms=timestamp_ms(plan.effective_start),
            end_ms=timestamp_ms(plan.effective_end) if plan.HasField("effective_end") else None,
            components=tuple(_component(component) for component in plan.components),
        )


def _component(component: PriceComponent) -> Component:
    steps = None
    if component.HasField("granularity"):
        granularity = component.granularity
        steps = Steps(parse_decimal(granularity.step), minimum(granularity))
    return Component(
        id=component.id,
        dimension=component.dimension,
        unit=component.unit,
        timed=component.kind == ComponentKind.COMPONENT_KIND_TIME,
        per_quantity=parse_decimal(component.per_quantity),
        per_text=component.per_quantity,
        tiers=tuple(
            Tier(
                up_to=parse_decimal(tier.up_to) if tier.HasField("up_to") else None,
                unit_price=parse_decimal(tier.unit_price),
                price_text=tier.unit_price,
            )
            for tier in component.tiers
        ),
        steps=steps,
    )


def _refused(pin: Pin | None, violations: list[Violation]) -> RatingError:
    name = pin.id if pin is not None and pin.id else "the price plan"
    return RatingError(
        "SCHEMA",
        f"{name} breaks {len(violations)} rule(s) of pricing, so nothing can be billed under it. Have its "
        "provider publish a corrected revision.",
        violations=violations,
        details={"step": "2"},
    )
