"""Steps 12, 14 and 15 of `rate/1`: sums, openings, tiers, fees, and what they come to."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from conformance.tests.independent import bill as bills
from conformance.tests.independent import clock, lines, series
from conformance.tests.independent.bill import Bill, Lease, Plan, Value
from conformance.tests.independent.use import Cell

TERM: Final = "ACCUMULATOR_RESET_TERM"
Standing = dict[tuple[str, str, str], Fraction]  # plan digest, component, lease or nothing → closing


def priced(bill: Bill, plan: Plan, cells: list[Cell], standing: Standing) -> Iterator[lines.Line]:
    """Prices what a plan's components still have; notes in `standing` where each accumulator closes."""
    for place, component in enumerate(plan.value["components"]):
        accumulator = component.get("accumulator", {})
        shared = accumulator.get("scope") == "ACCUMULATOR_SCOPE_ACCOUNT"
        own = [it for it in cells if it.plan is plan and it.component["id"] == component["id"]]
        for holder in [""] if shared else sorted(lease.name for lease in bill.leases):
            summed = [it for it in own if shared or it.lease.name == holder]
            quantity = sum((cell.quantity for cell in summed), Fraction(0))
            opens = _opening(bill, plan, component, holder, standing)
            standing[plan.sha256, component["id"], holder] = opens + quantity
            for tier, part in _tiers(component, opens, quantity):
                line = _line(plan, component, holder, tier, part)
                line.place = place
                if "priceSeries" in component:
                    line.exact, line.price = _by_series(bill, plan, component, summed), ""
                yield line


def _opening(bill: Bill, plan: Plan, component: Value, holder: str, standing: Standing) -> Fraction:
    """Where an accumulator opens (RATE-OPENING-1, RATE-CARRY-1)."""
    accumulator = component.get("accumulator", {})
    carried = accumulator.get("carryOnRevision", False)
    index = bill.plans.index(plan)
    if carried and index > 0 and bill.plans[index - 1].end > bill.begin:
        return standing.get((bill.plans[index - 1].sha256, component["id"], holder), Fraction(0))
    if accumulator.get("reset") != TERM or (plan.start >= bill.begin and not carried):
        return Fraction(0)
    of = {"component": component["id"]} | ({"lease": holder} if holder else {})
    return bills.opening(bill, **of)


def _tiers(component: Value, opens: Fraction, quantity: Fraction) -> Iterator[tuple[int, Fraction]]:
    """Step 14: which quantity is priced by which tier, from 1."""
    bounds = [Fraction(tier["upTo"]) if "upTo" in tier else None for tier in component["tiers"]]
    if component["model"] == "TIER_MODEL_PACKAGE":
        size = Fraction(component["perQuantity"])
        yield 1, (-(-(opens + quantity) // size) - -(-opens // size)) * size
    elif component["model"] == "TIER_MODEL_VOLUME":
        reached = [it for it, bound in enumerate(bounds, 1) if bound is None or opens + quantity <= bound]
        yield reached[0], quantity
    else:
        lower = opens
        for number, bound in enumerate(bounds, 1):
            upper = opens + quantity if bound is None else min(opens + quantity, bound)
            if upper > lower:
                yield number, upper - lower
                lower = upper


def _line(plan: Plan, component: Value, holder: str, number: int, quantity: Fraction) -> lines.Line:
    tier = component["tiers"][number - 1]
    flat = Fraction(tier.get("flatPrice", "0"))
    exact = quantity * Fraction(tier["unitPrice"]) / Fraction(component["perQuantity"]) + flat
    return lines.Line(
        *(plan, holder, *bills.measure(component), quantity, exact),
        component=component["id"],
        tier=number,
        price=tier["unitPrice"],
        per=component["perQuantity"],
        category=component.get("taxCategory", ""),
    )


def _by_series(bill: Bill, plan: Plan, component: Value, cells: list[Cell]) -> Fraction:
    """The exact amount by a series, segment by segment (RATE-SERIES-1)."""
    used = [cell for cell in cells if cell.quantity > 0]
    amounts = [cell.quantity * series.price(bill, plan, component, cell.start) for cell in used]
    return sum(amounts, Fraction(0)) / Fraction(component["perQuantity"])


def fees(bill: Bill) -> Iterator[lines.Line]:
    """FLAT and ONE_OFF: 1 a lease or a bill in the period, or 1 a lease (RATE-FLAT-2, RATE-ONEOFF-1)."""
    used = [it for it in bill.leases if bill.used(it)[0] < bill.used(it)[1]]
    first = min((bill.used(it)[0] for it in used), default=bill.end)
    shared: dict[str, tuple[Plan, Value]] = {}
    for lease in used:
        shared |= {it["id"]: (plan, it) for plan, it in _fees(bill, lease, "FLAT", first) if _shared(it)}
        for plan, component in _fees(bill, lease, "FLAT", bill.used(lease)[0]):
            if not _shared(component):
                yield _line(plan, component, lease.name, 1, Fraction(1))
        if bill.begin <= lease.active[0]:
            for plan, component in _fees(bill, lease, "ONE_OFF", lease.active[0]):
                yield _line(plan, component, lease.name, 1, Fraction(1))
    for plan, component in shared.values():
        yield _line(plan, component, "", 1, Fraction(1))


def _shared(component: Value) -> bool:
    return bool(component.get("accumulator", {}).get("scope") == "ACCUMULATOR_SCOPE_ACCOUNT")


def _fees(bill: Bill, lease: Lease, kind: str, at: int) -> list[tuple[Plan, Value]]:
    """The fees of a kind that are due for a lease: of each dimension and unit the first that holds."""
    plan = bill.in_force(at)
    found: dict[bills.Measure, tuple[Plan, Value]] = {}
    for component in plan.value["components"] if plan else ():
        of_kind = component["kind"] == f"COMPONENT_KIND_{kind}"
        if plan and of_kind and clock.holds(bill, plan, lease, component, at):
            found.setdefault(bills.measure(component), (plan, component))
    return list(found.values())


def closings(bill: Bill, standing: Standing) -> dict[tuple[str, str], Fraction]:
    """Where accumulators of a term stand after the bill, by component and lease; of two plans the later's."""
    found: dict[tuple[str, str], Fraction] = {}
    for plan in bill.plans:
        for component in plan.value["components"]:
            if component.get("accumulator", {}).get("reset") == TERM:
                of = {
                    key[1:]: it for key, it in standing.items() if key[:2] == (plan.sha256, component["id"])
                }
                found |= of
    return {of: value for of, value in found.items() if value}
