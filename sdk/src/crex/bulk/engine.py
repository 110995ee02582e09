"""Rates a set of bills in one piece: what tests and small sets need; large ones are jobs (job.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from crex.bulk.bills import BillSet, NamedBill, Slot, slots_by_bill
from crex.bulk.faults import Fault
from crex.bulk.grids import Grids
from crex.bulk.pricing import LeaseResult, Outcome, Prepared, prepare, price_bill
from crex.bulk.reduce import Meters, Reduced, find_meters, load_grids, reduce
from crex.bulk.session import Session
from crex.metering.span import Span


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a job is known before a record is reduced.

    Attributes:
        bills: The bills.
        by_bill: Leases of each bill by its name, by the bytes of their names.
        prepared: What was asked of each bill without records, by its name.
        grids: Where use is cut.
        active: Active time by slot.
    """

    bills: BillSet
    by_bill: dict[str, list[Slot]]
    prepared: dict[str, Prepared]
    grids: Grids
    active: dict[int, Span]

    @classmethod
    def of(cls, bills: BillSet) -> Plan:
        """Prepares a set of bills."""
        by_bill = slots_by_bill(bills.slots)
        grids = Grids()
        prepared: dict[str, Prepared] = {}
        active: dict[int, Span] = {}
        for one in bills.bills:
            prepared[one.name] = prepare(one, by_bill.get(one.name, ()))
            active |= prepared[one.name].active
            grids.profile(one)
        return cls(bills, by_bill, prepared, grids, active)


def lease_results(reduced: Reduced, faults: Sequence[Fault] = ()) -> dict[int, LeaseResult]:
    """Returns what each lease's records came to, by slot.

    Args:
        reduced: What was reduced.
        faults: Faults of form that were found before.
    """
    found: dict[int, LeaseResult] = {}

    def of(slot: int) -> LeaseResult:
        return found.setdefault(slot, LeaseResult())

    for each in reduced.sums:
        of(each.slot).sums.append(each)
    for fault in (*faults, *reduced.faults):
        of(fault.slot).faults.append(fault)
    for slot, numbers in reduced.missing.items():
        of(slot).missing = numbers
    for slot, error in reduced.contradictions.items():
        of(slot).contradiction = error
    for slot in reduced.estimated:
        of(slot).estimated = True
    return found


def outcomes(plan: Plan, bills: Iterable[NamedBill], results: dict[int, LeaseResult]) -> Iterator[Outcome]:
    """Prices some of the bills of a plan, in their order."""
    for one in bills:
        yield price_bill(one, plan.by_bill.get(one.name, []), plan.prepared[one.name], results, plan.grids)


def rate_bills(
    session: Session, bills: BillSet, step: Callable[[], None] = lambda: None, *, wide: bool = False
) -> tuple[list[Outcome], Meters]:
    """Rates bills whose records a session has read.

    Args:
        session: The engine.
        bills: The bills.
        step: Called after each step.
        wide: Whether to divide quantities even where the sums of undivided ones fit.

    Returns:
        What became of each bill, in their order, and which meters there were.

    Raises:
        CrexError: The records cannot be read, or sums could exceed what an engine holds.
    """
    plan = Plan.of(bills)
    meters = find_meters(session, bills)
    load_grids(session, plan.grids)
    reduced = reduce(session, meters.table, bills.slots, plan.grids, plan.active, step, wide=wide)
    return list(outcomes(plan, bills.bills, lease_results(reduced, meters.faults))), meters
