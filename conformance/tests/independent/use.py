"""Steps 7 to 11 of `rate/1`: use is cut, given to components, and stepped up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from conformance.tests.independent import bill as bills
from conformance.tests.independent import clock, series
from conformance.tests.independent.bill import Bill, Lease, Measure, Plan, Value, ms
from conformance.tests.independent.refusal import Refused

HELD = ("TIME", "GAUGE_TIME")


@dataclass
class Cell:
    """What one lease used of one component between two cuts.

    Attributes:
        segment: Where its segment begins: the last cut that is no committed hour, in ms.
        start: Where it begins itself.
        quantity: What is billed of it; commitments take their share away.
    """

    lease: Lease
    plan: Plan
    component: Value
    segment: int
    start: int
    quantity: Fraction


@dataclass
class Use:
    """All use of a bill: priced in cells, and what nothing prices, by lease and measure."""

    cells: list[Cell]
    unpriced: dict[tuple[str, Measure], Fraction]


def measured(bill: Bill) -> Use:
    """Measures the counting records.

    Raises:
        Refused: A count lies across a cut, or a series lacks a point.
    """
    found: dict[tuple[str, str, str, int, int], Cell] = {}
    unpriced: dict[tuple[str, Measure], Fraction] = {}
    held = set().union(*(plan.kinds(*HELD) for plan in bill.plans))
    for lease in bill.leases:
        cuts: dict[Measure, tuple[list[int], list[int]]] = {}
        for record in lease.counting:
            of = bills.measure(record)
            if of not in cuts:
                cuts[of] = _cuts(bill, lease, of)
            for left, right in _parts(record, cuts[of], of in held):
                if not bill.begin <= left < bill.end:
                    continue
                plan = bill.in_force(left)
                component = None if plan is None else _component(bill, plan, lease, of, left)
                amount = Fraction(record["quantity"])
                if plan is None or component is None:
                    amount *= Fraction(right - left, 1000) if of in held else 1
                    unpriced[lease.name, of] = unpriced.get((lease.name, of), Fraction(0)) + amount
                    continue
                amount *= _time(bill, component, right - left) if of in held else 1
                if amount and "priceSeries" in component:
                    series.covered(bill, plan, component, left, right)
                segment = max(it for it in cuts[of][0] if it <= left)
                start = max(it for it in (segment, *cuts[of][1]) if it <= left)
                key = (lease.name, plan.sha256, component["id"], segment, start)
                cell = found.setdefault(key, Cell(lease, plan, component, segment, start, Fraction(0)))
                cell.quantity += amount
    return Use(list(found.values()), unpriced)


def _time(bill: Bill, component: Value, length: int) -> Fraction:
    """The time of a part in the component's unit of time (RATE-SUM-1, RATE-MONTH-1)."""
    if component.get("timeUnit") == "month":
        return Fraction(length, bill.whole[1] - bill.whole[0])
    return Fraction(length, 1000)


def _component(bill: Bill, plan: Plan, lease: Lease, of: Measure, at: int) -> Value | None:
    """Step 10: the first component that applies."""
    for component in plan.value["components"]:
        fee = component["kind"] in ("COMPONENT_KIND_FLAT", "COMPONENT_KIND_ONE_OFF")
        if bills.measure(component) == of and not fee and clock.holds(bill, plan, lease, component, at):
            return dict(component)
    return None


def _cuts(bill: Bill, lease: Lease, of: Measure) -> tuple[list[int], list[int]]:
    """Step 7: the cuts of a lease's use of a measure, and those of committed hours apart."""
    cuts, hours = {bill.begin, bill.end, *lease.active}, set[int]()
    for plan in bill.plans:
        cuts |= {plan.start, plan.end}
        begin, end = max(bill.begin, plan.start), min(bill.end, plan.end)
        own = [it for it in plan.value["components"] if bills.measure(it) == of]
        inner = {at for component in own for at in clock.turns(bill, plan, component)}
        inner |= {at for component in own for at in series.points(bill, plan, component)}
        cuts |= {at for at in inner if begin <= at < end}
        if any(_hourly(plan, component) for component in own):
            hours |= set(range(-(-begin // clock.HOUR) * clock.HOUR, end, clock.HOUR))
    return sorted(cuts), sorted(hours)


def _hourly(plan: Plan, component: Value) -> bool:
    """Whether a commitment to hours covers a component."""
    return any(
        it["kind"] == "COMMITMENT_KIND_HOURLY_QUANTITY" and component["id"] in it["eligible"]
        for it in plan.value.get("commitments", ())
    )


def _parts(record: Value, cuts: tuple[list[int], list[int]], held: bool) -> Iterator[tuple[int, int]]:
    """Step 9: the parts of a record between cuts."""
    start, stop = ms(record["start"]), ms(record["end"])
    inner = sorted({cut for cut in (*cuts[0], *cuts[1]) if start < cut < stop})
    if inner and not held:
        raise Refused("CUT_REQUIRED", "a count lies across a cut")
    yield from pairwise([start, *inner, stop])


def step_up(cells: list[Cell]) -> None:
    """Step 11: adds what granularity adds, once per scope, to the last part of it that has a quantity."""
    scopes: dict[tuple[str, str, str, int], list[Cell]] = {}
    for cell in sorted(cells, key=lambda it: it.start):
        granularity = cell.component.get("granularity")
        if granularity is not None and cell.quantity > 0:
            each = granularity.get("scope") == "GRANULARITY_SCOPE_SEGMENT"
            key = (cell.lease.name, cell.plan.sha256, cell.component["id"], cell.segment if each else 0)
            scopes.setdefault(key, []).append(cell)
    for scope in scopes.values():
        granularity = scope[0].component["granularity"]
        quantity = sum((cell.quantity for cell in scope), Fraction(0))
        step, least = Fraction(granularity["step"]), Fraction(granularity.get("minimum", "0"))
        whole = -(-quantity // step) * step
        scope[-1].quantity += max(least, whole) - quantity
