"""What a line of an invoice is, in words: what it prices, which tier, commitment or adjustment it is."""

from __future__ import annotations

from typing import Final

from crex.invoice.views.conditions import tier_words
from crex.v1 import CommitmentKind, ComponentKind, InvoiceLine, PriceComponent, PricePlan

_HELD: Final = (ComponentKind.COMPONENT_KIND_TIME, ComponentKind.COMPONENT_KIND_GAUGE_TIME)
_PARTS: Final = {"used": "used", "unused": "not used", "upfront": "paid upfront"}


def title_of(line: InvoiceLine, component: PriceComponent | None, unit: str) -> str:
    """Returns what a line is: component and tier, commitment, adjustment; empty where it is of none.

    Args:
        line: The line.
        component: The component that it names, where the plan is at hand.
        unit: Unit of its quantity, for people.
    """
    what = f"component {line.component}" if line.component else ""
    if line.unpriced:
        what = "no component prices it"
    if component is not None and line.HasField("tier") and not line.HasField("adjustment"):
        words = tier_words(component, line.tier, unit)
        what += f", {words}" if words else ""
    parts = [what] if what else []
    if line.HasField("commitment"):
        name, _, part = line.commitment.rpartition(":")
        parts.append(f"commitment {name}, {_PARTS.get(part, part)}")
    if line.HasField("adjustment"):
        parts.append(f"adjustment {line.adjustment}")
    return "; ".join(parts)


def unit_of(line: InvoiceLine, component: PriceComponent | None, plan: PricePlan | None) -> str:
    """Returns the unit of a line's quantity for people: of what is held for a time, such as `unit·s`.

    Args:
        line: The line.
        component: The component that it names, where the plan is at hand.
        plan: The plan, by which what is not used of a commitment has the unit of what it could be used for.
    """
    component = component or _covered(line, plan)
    if component is None or component.kind not in _HELD or line.HasField("adjustment"):
        return line.unit
    return f"{line.unit}·{'month' if component.time_unit == 'month' else 's'}"


def _covered(line: InvoiceLine, plan: PricePlan | None) -> PriceComponent | None:
    """Returns a component that a line's commitment covers: what is not used has the unit of what could be."""
    if plan is None or not line.commitment.endswith(":unused"):
        return None
    name = line.commitment.rpartition(":")[0]
    hourly = CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY
    covered = {
        component
        for commitment in plan.commitments
        if commitment.id == name and commitment.kind == hourly
        for component in commitment.eligible
    }
    return next((one for one in plan.components if one.id in covered), None)
