"""Commitments to a quantity in every hour: what they cover, and what is left (rate/1, step 13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from crex.metering.span import Span
from crex.rating.agreements import Commitment
from crex.rating.charges import UNUSED, UPFRONT, USED, Charge, part_of
from crex.rating.component import Component
from crex.rating.layout import HOUR_MS, Layout
from crex.rating.plan import Plan
from crex.rating.quantities import Cells, Quantities
from crex.rating.terms import LeaseTerms

# Dimension and unit of what a commitment is paid for as it comes into force (RATE-COMMITMENT-5).
_UPFRONT_USE = "commitment", "term"
_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class _Taker:
    """One component and lease that a commitment covers, in the order of RATE-COMMITMENT-2."""

    component: Component
    lease: LeaseTerms
    cells: Cells


def cover_hours(layout: Layout, quantities: Quantities) -> Iterator[Charge]:
    """Takes out of the quantities what commitments cover, and yields what these cost (RATE-COMMITMENT-3).

    Commitments come by priority, then by identifier; within an hour components in list order, then leases by
    the bytes of their names, then segments in order of time: never records in theirs (RATE-COMMITMENT-2).
    """
    for plan in layout.bill.plans:
        for commitment in plan.commitments:
            if commitment.hourly:
                yield from _cover(layout, plan, commitment, quantities)


def upfront_charges(layout: Layout) -> Iterator[Charge]:
    """Yields what is paid as a commitment comes into force within the period (RATE-COMMITMENT-5)."""
    period = layout.bill.period
    for plan in layout.bill.plans:
        for commitment in plan.commitments:
            force = layout.force(plan, commitment)
            begins = not force.empty and period.start_ms <= force.start_ms < period.end_ms
            if commitment.upfront is not None and begins:
                yield Charge(
                    plan=plan,
                    lease=None,
                    component=None,
                    use=_UPFRONT_USE,
                    tier=None,
                    quantity=Fraction(1),
                    unit_price=commitment.upfront_text,
                    per_quantity="1",
                    exact=commitment.upfront,
                    commitment=part_of(commitment, UPFRONT),
                )


def _cover(layout: Layout, plan: Plan, commitment: Commitment, quantities: Quantities) -> Iterator[Charge]:
    takers = list(_takers(layout, plan, commitment, quantities))
    component = next(one for one in plan.components if one.id in commitment.eligible)
    used = [Fraction(0)] * len(takers)
    left = Fraction(0)
    hours = _by_hour(takers)
    for hour, seconds in _hours(layout, plan, commitment):
        room = commitment.amount * seconds / (1 if component.timed else _HOUR_S)
        for index, cell in hours.get(hour, ()):
            cells = takers[index].cells
            taken = min(room, cells[cell])
            cells[cell] -= taken
            used[index] += taken
            room -= taken
        left += room  # nothing is carried to another hour (RATE-COMMITMENT-1)
    for taker, quantity in zip(takers, used, strict=True):
        if quantity:
            yield _charge(plan, commitment, USED, quantity, taker.component, taker.lease)
    if left:
        yield _charge(plan, commitment, UNUSED, left, component, None)


def _takers(layout: Layout, plan: Plan, commitment: Commitment, quantities: Quantities) -> Iterator[_Taker]:
    for component in plan.components:
        if component.id in commitment.eligible:
            for use in layout.bill.by_name:
                cells = quantities.of(plan, component, use.terms.name)
                if cells:
                    yield _Taker(component, use.terms, cells)


def _by_hour(takers: list[_Taker]) -> dict[int, list[tuple[int, int]]]:
    """Returns, for each hour of UTC, who may take from it and in which cell, in their order."""
    found: dict[int, list[tuple[int, int]]] = {}
    for index, taker in enumerate(takers):
        for cell in sorted(taker.cells):
            found.setdefault(cell // HOUR_MS, []).append((index, cell))
    return found


def _hours(layout: Layout, plan: Plan, commitment: Commitment) -> Iterator[tuple[int, Fraction]]:
    """Yields the hours of UTC in the period in which a commitment is in force, and for how many seconds."""
    force, period = layout.force(plan, commitment), layout.bill.period
    start, end = max(force.start_ms, period.start_ms), min(force.end_ms, period.end_ms)
    if start >= end:
        return
    for hour in range(start // HOUR_MS, -(-end // HOUR_MS)):
        inside = Span(max(start, hour * HOUR_MS), min(end, (hour + 1) * HOUR_MS))
        yield hour, inside.seconds


def _charge(
    plan: Plan,
    commitment: Commitment,
    part: str,
    quantity: Fraction,
    component: Component,
    lease: LeaseTerms | None,
) -> Charge:
    return Charge(
        plan=plan,
        lease=lease,
        component=component if lease is not None else None,
        use=component.use,
        tier=None,
        quantity=quantity,
        unit_price=commitment.price_text,
        per_quantity=commitment.per_text,
        exact=quantity * commitment.price / commitment.per_quantity,
        commitment=part_of(commitment, part),
    )
