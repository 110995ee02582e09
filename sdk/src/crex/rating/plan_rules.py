"""Rules of a price plan that a schema cannot state: between members, and of decimals (pricing.md).

Whoever publishes, accepts or applies a plan asks for them; `Plan.of` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from crex.decimals import exponent, parse_decimal
from crex.errors import CrexError, Violation
from crex.metering.span import timestamp_ms
from crex.rating.component import Use
from crex.v1 import Granularity, PriceComponent, PricePlan, TierModel


def violations(plan: PricePlan) -> Iterator[Violation]:
    """Yields every rule that a price plan breaks, by path, requirement and fix.

    Args:
        plan: A price plan in strict form; its required members are there.
    """
    try:
        exponent(plan.currency)
    except CrexError as error:
        yield Violation("$.currency", error.message, "PRICE-CURRENCY-1", error.violations[0].fix)
    start, end = timestamp_ms(plan.effective_start), timestamp_ms(plan.effective_end)
    if plan.HasField("effective_end") and end <= start:
        yield Violation(
            "$.effectiveEnd",
            "the plan ends no later than it starts",
            "PRICE-EFFECTIVE-1",
            "state an end after effectiveStart, or none",
        )
    kinds: dict[Use, int] = {}
    ids: set[str] = set()
    for index, component in enumerate(plan.components):
        path = f"$.components[{index}]"
        if component.id in ids:
            yield Violation(
                f"{path}.id",
                f"a second component {component.id!r}",
                "PRICE-COMPONENT-2",
                "give each component an identifier of its own",
            )
        ids.add(component.id)
        if kinds.setdefault((component.dimension, component.unit), component.kind) != component.kind:
            yield Violation(
                f"{path}.kind",
                f"an earlier component prices {component.dimension} in {component.unit} by another kind",
                "PRICE-KIND-1",
                "give components of one dimension and unit one kind",
            )
        yield from _component_violations(component, path)


def _component_violations(component: PriceComponent, path: str) -> Iterator[Violation]:
    yield from _above_zero(component.per_quantity, f"{path}.perQuantity", "PRICE-PER-1")
    if component.HasField("granularity"):
        granularity = component.granularity
        yield from _above_zero(granularity.step, f"{path}.granularity.step", "PRICE-GRANULARITY-1")
        if minimum(granularity) < 0:
            yield Violation(
                f"{path}.granularity.minimum",
                f"{granularity.minimum} is below zero",
                "PRICE-GRANULARITY-1",
                "state a minimum of 0 or more, or none",
            )
    if component.model == TierModel.TIER_MODEL_UNIT and len(component.tiers) != 1:
        yield Violation(
            f"{path}.tiers",
            f"model UNIT with {len(component.tiers)} tiers",
            "PRICE-TIER-1",
            "state one tier, or model TIER_MODEL_GRADUATED",
        )
    previous = Fraction(0)
    for index, tier in enumerate(component.tiers):
        place, last = f"{path}.tiers[{index}].upTo", index == len(component.tiers) - 1
        if last and tier.HasField("up_to"):
            yield Violation(
                place,
                f"the last tier ends at {tier.up_to}, and more than that would have no price",
                "PRICE-TIER-2",
                "leave upTo out of the last tier",
            )
        elif not last and not tier.HasField("up_to"):
            yield Violation(
                place, "a tier without end is not the last", "PRICE-TIER-2", "state where it ends, in upTo"
            )
        elif not last and parse_decimal(tier.up_to) <= previous:
            yield Violation(
                place,
                f"{tier.up_to} is not above {previous}, where the tier begins",
                "PRICE-TIER-2",
                "list tiers by ascending upTo, each above zero",
            )
        else:
            previous = parse_decimal(tier.up_to) if tier.HasField("up_to") else previous


def _above_zero(text: str, path: str, requirement: str) -> Iterator[Violation]:
    if parse_decimal(text) <= 0:
        yield Violation(path, f"{text} is not above zero", requirement, "state a number above zero")


def minimum(granularity: Granularity) -> Fraction:
    """Returns the least billed quantity of a granularity; 0 where it states none."""
    return parse_decimal(granularity.minimum) if granularity.HasField("minimum") else Fraction(0)
