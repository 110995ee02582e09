"""Rules of a price plan that a schema cannot state: between members, and of decimals (pricing.md).

Whoever publishes, accepts or applies a plan asks for them; `Plan.of` does. Rules of single components are in
`component_rules`, those of commitments, credits, taxes, bounds and exchange in `agreement_rules`.
"""

from __future__ import annotations

from collections.abc import Iterator

from crex.decimals import exponent
from crex.errors import CrexError, Violation
from crex.metering.span import timestamp_ms
from crex.rating.agreement_rules import agreement_violations
from crex.rating.component import Use
from crex.rating.component_rules import component_violations
from crex.v1 import PriceComponent, PricePlan


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
    yield from _components(plan)
    yield from agreement_violations(plan)


def _components(plan: PricePlan) -> Iterator[Violation]:
    kinds: dict[Use, int] = {}
    time_units: dict[Use, str] = {}
    ids: set[str] = set()
    for index, component in enumerate(plan.components):
        path, use = f"$.components[{index}]", (component.dimension, component.unit)
        if component.id in ids:
            yield Violation(
                f"{path}.id",
                f"a second component {component.id!r}",
                "PRICE-COMPONENT-2",
                "give each component an identifier of its own",
            )
        ids.add(component.id)
        if kinds.setdefault(use, component.kind) != component.kind:
            yield Violation(
                f"{path}.kind",
                f"an earlier component prices {component.dimension} in {component.unit} by another kind",
                "PRICE-KIND-1",
                "give components of one dimension and unit one kind",
            )
        elif time_units.setdefault(use, component.time_unit or "s") != (component.time_unit or "s"):
            yield Violation(
                f"{path}.timeUnit",
                f"an earlier component counts time of {component.dimension} in another unit",
                "PRICE-MONTH-1",
                "give components of one dimension and unit one time unit",
            )
        yield from _restricted(component, {one.id for one in plan.commitments}, path)
        yield from component_violations(component, plan, path)


def _restricted(component: PriceComponent, commitments: set[str], path: str) -> Iterator[Violation]:
    rules = component.restrictions
    if rules.HasField("commitment_id") and rules.commitment_id not in commitments:
        yield Violation(
            f"{path}.restrictions.commitmentId",
            f"the plan has no commitment {rules.commitment_id!r}",
            "PRICE-RESTRICTION-1",
            "name a commitment of the plan, or leave commitmentId out",
        )
