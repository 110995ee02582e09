"""From sums to billed quantities: whose they are, months, granularity (rate/1, steps 10 to 12)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

from crex.rating.component import Component, Steps, Use
from crex.rating.layout import Layout
from crex.rating.measure import Sums
from crex.rating.plan import Plan

# Start of a cell → billed quantity in it.
Cells = dict[int, Fraction]


@dataclass(slots=True)
class Quantities:
    """The quantities of a bill.

    Attributes:
        priced: Cells by SHA-256 of the plan, component and lease; what a commitment covers is taken out of
            them as it is found.
        unpriced: Quantity by lease, and dimension and unit, that no component prices.
    """

    priced: dict[tuple[str, str, str], Cells] = field(default_factory=dict)
    unpriced: dict[tuple[str, Use], Fraction] = field(default_factory=dict)

    def of(self, plan: Plan, component: Component, lease: str) -> Cells:
        """Returns the cells of a component and lease."""
        return self.priced.get((plan.pin.sha256, component.id, lease), {})


def assign(layout: Layout, sums: Sums) -> Quantities:
    """Gives each cell's sum to the component that prices it, and bills it in steps.

    Time of a component in months is its share of the whole billing period (RATE-MONTH-1).
    """
    found = Quantities()
    terms = {use.terms.name: use.terms for use in layout.bill.leases}
    month = layout.bill.whole.seconds
    components: dict[tuple[str, str], Component] = {}
    for lease, use, cell in sorted(sums):
        quantity = sums[lease, use, cell]
        if not quantity:
            continue
        choice = layout.choose(use, cell, terms[lease])
        if choice is None:
            found.unpriced[lease, use] = found.unpriced.get((lease, use), Fraction(0)) + quantity
            continue
        plan, component = choice
        components[plan.pin.sha256, component.id] = component
        cells = found.priced.setdefault((plan.pin.sha256, component.id, lease), {})
        cells[cell] = quantity / month if component.monthly else quantity
    for (sha256, identifier, _), cells in found.priced.items():
        component = components[sha256, identifier]
        if component.steps is not None:
            _round_up(layout, component, component.steps, cells)
    return found


def billed(quantity: Fraction, steps: Steps | None) -> Fraction:
    """Returns what is billed of a quantity: max(minimum, ⌈quantity/step⌉·step) (step 11, RATE-GRANULARITY-1).

    A sum of zero stays zero: a minimum is the least that is billed of a use, not a fee for none.
    """
    if steps is None or quantity == 0:
        return quantity
    return max(steps.minimum, ceil(quantity / steps.step) * steps.step)


def _round_up(layout: Layout, component: Component, steps: Steps, cells: Cells) -> None:
    """Adds what granularity adds to the last cell of each scope (RATE-GRANULARITY-1, RATE-GRANULARITY-2)."""
    for scope in _scopes(layout, component, steps, cells):
        total = sum((cells[cell] for cell in scope), Fraction(0))
        cells[scope[-1]] += billed(total, steps) - total


def _scopes(layout: Layout, component: Component, steps: Steps, cells: Iterable[int]) -> list[list[int]]:
    """Returns the cells of each scope, in order of time."""
    ordered = sorted(cells)
    if not steps.each_segment:
        return [ordered]
    scopes: dict[int, list[int]] = {}
    for cell in ordered:
        scopes.setdefault(layout.segment_at(component.use, cell), []).append(cell)
    return list(scopes.values())
