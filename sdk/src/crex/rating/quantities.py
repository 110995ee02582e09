"""From records to one exact quantity per component (rate/1, steps 7, 9, 10 and 12).

Cuts divide the period into segments within which one plan, one set of components and one price hold. In this
edition a lease has one plan, so the cuts are the period and the plan's own beginning and end; plan revisions,
windows, price series and commitment hours of later editions are further cuts, and nothing else changes here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from crex.errors import RatingError
from crex.metering.record import Record
from crex.metering.span import Span, show_ms
from crex.rating.plan import Component, Plan
from crex.rating.plan_rules import Use


@dataclass(slots=True)
class Quantities:
    """Exact sums over a billing period, before granularity.

    Attributes:
        priced: Quantity by component identifier: unit-seconds for TIME, units for COUNT.
        unpriced: Quantity by dimension and unit that no component priced.
    """

    priced: dict[str, Fraction] = field(default_factory=dict)
    unpriced: dict[Use, Fraction] = field(default_factory=dict)


def cuts(plan: Plan, period: Span, active: Span) -> frozenset[int]:
    """Returns the instants at which use is cut, in milliseconds since 1970 (step 7, RATE-CUT-1)."""
    ends = () if plan.end_ms is None else (plan.end_ms,)
    return frozenset({*_edges(period), *_edges(active), plan.start_ms, *ends})


def choose(plan: Plan, use: Use, instant_ms: int) -> Component | None:
    """Returns the first component, in list order, that prices a dimension and unit at an instant (step 10).

    Returns nothing where no component does, or the plan does not apply at that instant: such use is listed at
    an amount of 0 and flagged (RATE-COMPONENT-1, RATE-UNPRICED-1).
    """
    if instant_ms < plan.start_ms or (plan.end_ms is not None and instant_ms >= plan.end_ms):
        return None
    return next((component for component in plan.components if component.use == use), None)


def measure(plan: Plan, period: Span, active: Span, records: Iterable[Record]) -> Quantities:
    """Returns the exact quantities of a period.

    Args:
        plan: The price plan.
        period: The billing period; what lies outside it belongs to another bill.
        active: Time in which the lease was in use.
        records: Records that count, checked against the lease's bounds.

    Raises:
        RatingError: CUT_REQUIRED if a COUNT record lies across a cut (RATE-CUT-2).
    """
    edges = cuts(plan, period, active)
    # Kinds agree for one dimension and unit (PRICE-KIND-1); use that nothing prices is counted as stated.
    timed = {component.use for component in plan.components if component.timed}
    found = Quantities()
    for record in records:
        use = record.dimension, record.unit
        for part, quantity in _parts(record, edges, use in timed):
            if not period.holds(part):
                continue
            component = choose(plan, use, part.start_ms)
            if component is None:
                found.unpriced[use] = found.unpriced.get(use, Fraction(0)) + quantity
            else:
                found.priced[component.id] = found.priced.get(component.id, Fraction(0)) + quantity
    return found


def _parts(record: Record, edges: frozenset[int], timed: bool) -> list[tuple[Span, Fraction]]:
    """Returns the parts of a record between cuts, with the quantity of each (step 9)."""
    if timed:  # RATE-SPLIT-1: units held are held in every part alike.
        return [(part, record.quantity * part.seconds) for part in record.span.split(edges)]
    crossed = [edge for edge in edges if record.span.crosses(edge)]
    if crossed:
        raise RatingError(
            "CUT_REQUIRED",
            f"The record of {record.place} counts {record.dimension} over {record.span}, across the cut at "
            f"{show_ms(min(crossed))}. How much of it lies on either side cannot be told. Have the provider "
            "read the meter at the cut and state two records (step 9, RATE-CUT-2).",
            details={
                "step": "9",
                "requirement": "RATE-CUT-2",
                "meter_id": record.meter_id,
                "seq": str(record.seq),
                "cut": show_ms(min(crossed)),
            },
        )
    return [(record.span, record.quantity)]


def _edges(span: Span) -> tuple[int, int]:
    return span.start_ms, span.end_ms
