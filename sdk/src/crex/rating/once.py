"""What is charged once: a period's fee and a setup, without any record (rate/1, step 14; FLAT, ONE_OFF)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from crex.metering.span import Span
from crex.rating.charges import Charge, charge_of
from crex.rating.component import Component, Use
from crex.rating.layout import Layout
from crex.rating.plan import Plan
from crex.rating.terms import LeaseTerms
from crex.rating.tiers import Part


def once_charges(layout: Layout, active: Mapping[str, Span]) -> Iterator[Charge]:
    """Yields the charges of components of kind FLAT and ONE_OFF.

    Args:
        layout: The bill and its cuts.
        active: Active time by name of lease.
    """
    period = layout.bill.period
    begun = _begun(layout, active)
    yield from _of_account(layout, begun)
    for begin, terms in begun:
        within = begin >= period.start_ms
        plan = layout.bill.plan_at(max(begin, period.start_ms))
        if plan is None:
            continue
        for component in _first(layout, plan, terms, max(begin, period.start_ms), lambda one: one.flat):
            if not component.accumulator.account:  # RATE-FLAT-2
                yield _charge(plan, component, terms)
        if within:  # RATE-ONEOFF-1: activated within the period
            for component in _first(layout, plan, terms, begin, lambda one: one.once):
                yield _charge(plan, component, terms)


def _of_account(layout: Layout, begun: list[tuple[int, LeaseTerms]]) -> Iterator[Charge]:
    """Yields the period's fees of the account: once, by the plan in force when use begins (RATE-FLAT-2)."""
    if not begun:
        return
    first = max(begun[0][0], layout.bill.period.start_ms)
    plan = layout.bill.plan_at(first)
    if plan is None:
        return
    due = {
        component.id: component
        for _, terms in begun
        for component in _first(layout, plan, terms, first, lambda one: one.flat)
        if component.accumulator.account
    }
    for component in due.values():
        yield _charge(plan, component, None)


def _begun(layout: Layout, active: Mapping[str, Span]) -> list[tuple[int, LeaseTerms]]:
    """Returns leases with active time within the period, by when that time begins, then by name."""
    period = layout.bill.period
    found = [
        (active[use.terms.name].start_ms, use.terms)
        for use in layout.bill.by_name
        if active[use.terms.name].overlaps(period)
    ]
    return sorted(found, key=lambda each: max(each[0], period.start_ms))


def _first(
    layout: Layout, plan: Plan, terms: LeaseTerms, instant_ms: int, kind: Callable[[Component], bool]
) -> Iterator[Component]:
    """Yields the first component of each dimension and unit whose restrictions hold for a lease."""
    taken: set[Use] = set()
    for component in plan.components:
        if (
            kind(component)
            and component.use not in taken
            and layout.applies(plan, component, instant_ms, terms)
        ):
            taken.add(component.use)
            yield component


def _charge(plan: Plan, component: Component, lease: LeaseTerms | None) -> Charge:
    return charge_of(plan, component, lease, Part(1, component.tiers[0], Fraction(1)))
