"""Commitments to use of some worth in a billing period (rate/1, step 13; RATE-COMMITMENT-4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from crex.rating.agreements import Commitment
from crex.rating.charges import UNUSED, USED, Charge, Factor, part_of
from crex.rating.layout import Layout
from crex.rating.plan import Plan

# Dimension of what of a spend is left; its unit is the plan's currency in small letters.
_SPEND = "spend"


def cover_spend(layout: Layout, charges: Sequence[Charge]) -> list[Charge]:
    """Returns the charges, divided where a commitment covers part of one, and what of commitments is left."""
    found = list(charges)
    for plan in layout.bill.plans:
        for commitment in plan.commitments:
            if not commitment.hourly:
                found = _cover(layout, plan, commitment, found)
    return found


def _cover(layout: Layout, plan: Plan, commitment: Commitment, charges: list[Charge]) -> list[Charge]:
    room = commitment.amount * _share(layout, plan, commitment)
    if not room:
        return charges
    eligible = [one for one in charges if _covered(one, plan, commitment)]
    rest = [one for one in charges if not _covered(one, plan, commitment)]
    factor = Factor(f"commitment:{commitment.id}", commitment.price / commitment.amount)
    for charge in sorted(eligible, key=lambda one: _order(plan, one)):
        share = min(room / charge.exact, Fraction(1))
        room -= charge.exact * share
        if share:
            used = _part(charge, share)
            rest.append(
                replace(
                    used,
                    exact=used.exact * factor.value,
                    factors=(factor,),
                    commitment=part_of(commitment, USED),
                )
            )
        if share < 1:
            rest.append(_part(charge, 1 - share))
    if room:
        rest.append(_unused(plan, commitment, room))
    return rest


def _share(layout: Layout, plan: Plan, commitment: Commitment) -> Fraction:
    """Returns the share of the whole billing period in which a commitment is in force."""
    force, whole = layout.force(plan, commitment), layout.bill.whole
    inside = min(force.end_ms, whole.end_ms) - max(force.start_ms, whole.start_ms)
    return Fraction(max(inside, 0), whole.end_ms - whole.start_ms)


def _covered(charge: Charge, plan: Plan, commitment: Commitment) -> bool:
    """Tells whether a line is one of use that the commitment covers, with an amount above zero."""
    component = charge.component
    return (
        charge.plan is plan
        and charge.commitment is None
        and component is not None
        and component.id in commitment.eligible
        and charge.exact > 0
    )


def _order(plan: Plan, charge: Charge) -> tuple[int, bytes, int]:
    """Components in list order, leases by the bytes of their names, tiers by number (RATE-COMMITMENT-2)."""
    component, lease = charge.component, charge.lease
    assert component is not None  # noqa: S101 - only charges of components are covered
    name = b"" if lease is None else lease.name.encode()
    return plan.components.index(component), name, charge.tier or 0


def _part(charge: Charge, share: Fraction) -> Charge:
    return replace(charge, quantity=charge.quantity * share, exact=charge.exact * share)


def _unused(plan: Plan, commitment: Commitment, left: Fraction) -> Charge:
    return Charge(
        plan=plan,
        lease=None,
        component=None,
        use=(_SPEND, plan.currency.lower()),
        tier=None,
        quantity=left,
        unit_price=commitment.price_text,
        per_quantity=commitment.amount_text,
        exact=left * commitment.price / commitment.amount,
        commitment=part_of(commitment, UNUSED),
    )
