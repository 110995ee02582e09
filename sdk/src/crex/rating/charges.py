"""What use comes to, exactly, in the plan's currency: component by component (rate/1, steps 12 to 15)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from crex.rating.agreements import Commitment
from crex.rating.bill import Bill, Standing
from crex.rating.component import Component, Use
from crex.rating.layout import Layout
from crex.rating.plan import Plan
from crex.rating.quantities import Cells, Quantities
from crex.rating.series import without_point
from crex.rating.terms import LeaseTerms
from crex.rating.tiers import Part, amount_of, parts

# Parts of a commitment, as lines name them.
USED, UNUSED, UPFRONT = "used", "unused", "upfront"


@dataclass(frozen=True, slots=True)
class Factor:
    """Something by which an exact amount was multiplied: `commitment:<id>`, `exchange` or `credit:<id>`."""

    id: str
    value: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A line before exchange, discounts and rounding.

    Attributes:
        plan: The plan that applies.
        lease: The lease; nothing: it is of the account.
        component: The component; nothing where there is none.
        use: Dimension and unit.
        tier: Number of the tier, from 1; nothing where there is none.
        quantity: Billed quantity.
        unit_price: Price of `per_quantity` as it is written; nothing where a series prices.
        per_quantity: The divisor as it is written; nothing where none is.
        flat_price: Fixed amount of the tier as it is written; nothing where there is none.
        exact: Exact amount in the plan's currency, with `factors`.
        factors: What it was multiplied by so far.
        commitment: Part of a commitment, `<id>:used` and the like; nothing: it bills use.
        unpriced: Whether no component prices the use.
    """

    plan: Plan
    lease: LeaseTerms | None
    component: Component | None
    use: Use
    tier: int | None
    quantity: Fraction
    unit_price: str | None
    per_quantity: str | None
    exact: Fraction
    flat_price: str | None = None
    factors: tuple[Factor, ...] = ()
    commitment: str | None = None
    unpriced: bool = False

    @property
    def series(self) -> str | None:
        """Name of the series that priced it."""
        ref = None if self.component is None else self.component.series
        return None if ref is None else ref.id


Closings = Mapping[tuple[str, str | None], Fraction]


def charge_components(layout: Layout, quantities: Quantities) -> tuple[list[Charge], tuple[Standing, ...]]:
    """Prices the quantities of a bill, and tells where accumulators close.

    Returns:
        Charges by plan, component and lease, and the closings that are not zero (RATE-OPENING-1).

    Raises:
        RatingError: INCOMPLETE if a point of a price series is missing (RATE-SERIES-1).
    """
    bill = layout.bill
    charges: list[Charge] = []
    before: Closings | None = None
    closings: dict[tuple[str, str | None], Fraction] = {}
    for plan in bill.plans:
        if plan.within(bill.period).empty:
            continue
        standing: dict[tuple[str, str | None], Fraction] = {}
        for component in plan.components:
            if not component.of_records:
                continue
            for lease, names in _sums(bill, component):
                key = component.id, None if lease is None else lease.name
                opening = _opening(bill, plan, component, key[1], before)
                cells = [quantities.of(plan, component, name) for name in names]
                total = sum((sum(each.values(), Fraction(0)) for each in cells), Fraction(0))
                standing[key] = opening + total
                if component.accumulator.term:
                    closings[key] = standing[key]
                if component.series is not None:
                    charges += _by_series(layout, plan, component, lease, cells)
                else:
                    charges += _by_tiers(plan, component, lease, parts(component, total, opening))
        before = standing
    return charges, tuple(
        Standing(identifier, None, lease, value)
        for (identifier, lease), value in sorted(closings.items(), key=_by_bytes)
        if value
    )


def unpriced_charges(bill: Bill, quantities: Quantities) -> Iterator[Charge]:
    """Yields use that no component prices: its amount is 0, and it says so (RATE-UNPRICED-1)."""
    terms = {use.terms.name: use.terms for use in bill.leases}
    for (lease, use), quantity in quantities.unpriced.items():
        yield Charge(
            plan=bill.governing,
            lease=terms[lease],
            component=None,
            use=use,
            tier=None,
            quantity=quantity,
            unit_price=None,
            per_quantity=None,
            exact=Fraction(0),
            unpriced=True,
        )


def charge_of(plan: Plan, component: Component, lease: LeaseTerms | None, part: Part) -> Charge:
    """Returns the charge of one tier of a component (RATE-AMOUNT-1)."""
    return Charge(
        plan=plan,
        lease=lease,
        component=component,
        use=component.use,
        tier=part.number,
        quantity=part.quantity,
        unit_price=part.tier.price_text,
        per_quantity=component.per_text,
        flat_price=part.tier.flat_text,
        exact=amount_of(component, part),
    )


def part_of(commitment: Commitment, part: str) -> str:
    """Returns how a line names a part of a commitment."""
    return f"{commitment.id}:{part}"


def _sums(bill: Bill, component: Component) -> Iterator[tuple[LeaseTerms | None, list[str]]]:
    """Yields over whose use a component's quantities are summed (RATE-ACCUMULATOR-1)."""
    if component.accumulator.account:
        yield None, [use.terms.name for use in bill.by_name]
    else:
        for use in bill.by_name:
            yield use.terms, [use.terms.name]


def _opening(
    bill: Bill, plan: Plan, component: Component, lease: str | None, before: Closings | None
) -> Fraction:
    """Returns where a component's sum opens (RATE-OPENING-1, RATE-CARRY-1).

    Args:
        bill: The bill.
        plan: The plan.
        component: The component.
        lease: Name of the lease; nothing: the account.
        before: Where the plan that it superseded within the period closed; nothing: it superseded none.
    """
    accumulator = component.accumulator
    if before is not None:
        return before.get((component.id, lease), Fraction(0)) if accumulator.carry else Fraction(0)
    began_before = plan.start_ms < bill.period.start_ms
    if accumulator.term and (began_before or accumulator.carry):
        return bill.openings.component(component.id, lease)
    return Fraction(0)


def _by_tiers(
    plan: Plan, component: Component, lease: LeaseTerms | None, found: list[Part]
) -> Iterator[Charge]:
    for part in found:
        yield charge_of(plan, component, lease, part)


def _by_series(
    layout: Layout,
    plan: Plan,
    component: Component,
    lease: LeaseTerms | None,
    cells: list[Cells],
) -> Iterator[Charge]:
    """Yields the one line of a component whose price moves with time (RATE-SERIES-1, RATE-SERIES-2)."""
    curve, ref, tier = layout.curve(plan, component), component.series, component.tiers[0]
    assert ref is not None  # noqa: S101 - only asked of a component with a series
    total = exact = Fraction(0)
    for each in cells:
        for cell in sorted(each):
            quantity = each[cell]
            if not quantity:
                continue
            value = curve.at(cell)
            if value is None:
                raise without_point(curve.id, cell, "RATE-SERIES-1")
            total += quantity
            exact += quantity * min(value + tier.unit_price, ref.max_unit_price)
    if total:
        yield Charge(
            plan=plan,
            lease=lease,
            component=component,
            use=component.use,
            tier=1,
            quantity=total,
            unit_price=None,
            per_quantity=component.per_text,
            exact=exact / component.per_quantity,
        )


def _by_bytes(item: tuple[tuple[str, str | None], Fraction]) -> tuple[bytes, bytes]:
    (identifier, lease), _ = item
    return identifier.encode(), (lease or "").encode()
