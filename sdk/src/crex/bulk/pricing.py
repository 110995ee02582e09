"""From reduced records to bills: steps 10 to 23 by the one implementation of prices (crex.rating.price)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from crex.bulk.bills import NamedBill, Slot
from crex.bulk.faults import Fault, Kind, error_of
from crex.bulk.grids import Grids
from crex.bulk.sums import CellSum
from crex.errors import CrexError, RatingError
from crex.metering.selection import Numbers
from crex.metering.span import Span
from crex.rating import Rating, price
from crex.rating.bill import check_bill
from crex.rating.component import Use
from crex.rating.succession import check_succession


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a bill.

    Attributes:
        bill: The bill.
        rating: Lines, totals and digest; nothing where it cannot be rated.
        error: Why it cannot be rated; nothing where it can.
    """

    bill: NamedBill
    rating: Rating | None
    error: CrexError | None


@dataclass(slots=True)
class LeaseResult:
    """What the records of one lease of a bill came to."""

    sums: list[CellSum] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    missing: Sequence[Numbers] = ()
    contradiction: RatingError | None = None
    estimated: bool = False


@dataclass(slots=True)
class Prepared:
    """What of a bill needs no records: its active times, and faults that its own terms have.

    Attributes:
        active: Active time by number of the slot, where it is defined.
        refusals: Why it is not, by number of the slot.
        refusal: Why nothing of the bill can be rated.
    """

    active: dict[int, Span]
    refusals: dict[int, CrexError]
    refusal: CrexError | None = None


def prepare(named: NamedBill, slots: Iterable[Slot]) -> Prepared:
    """Asks of a bill what can be asked without records (rate/1, steps 1 and 5)."""
    found = Prepared({}, {})
    try:
        check_bill(named.bill)
        check_succession(named.bill.plans)
        if named.bill.zone is not None:
            named.bill.zone.require(named.bill.period)
    except CrexError as error:
        found.refusal = error
    for slot in slots:
        try:
            found.active[slot.number] = slot.use.terms.active(slot.use.events)
        except CrexError as error:
            found.refusals[slot.number] = error
    return found


def price_bill(
    named: NamedBill,
    slots: Sequence[Slot],
    prepared: Prepared,
    results: Mapping[int, LeaseResult],
    grids: Grids,
) -> Outcome:
    """Prices a bill, or says why it cannot be.

    Args:
        named: The bill.
        slots: Its leases, by the bytes of their names.
        prepared: What `prepare` found.
        results: What the records of each lease came to; a lease without records may be absent.
        grids: Cuts of the job.
    """
    nothing = LeaseResult()
    mine = [(slot, results.get(slot.number, nothing)) for slot in slots]
    error = _first_error(mine, prepared, grids.profile(named).refusals)
    if error is not None:
        return Outcome(named, None, error)
    sums: dict[tuple[str, Use, int], Fraction] = {
        (slot.lease, one.use, one.cell_start): one.quantity
        for slot, result in mine
        for one in result.sums
        if one.cell_start is not None
    }
    try:
        rating = price(
            named.bill,
            {slot.lease: prepared.active[slot.number] for slot in slots},
            sums,
            missing=tuple(each for _, result in mine for each in result.missing),
            estimated=any(result.estimated for _, result in mine),
            layout=grids.layout(named),
        )
    except CrexError as found:
        return Outcome(named, None, found)
    return Outcome(named, rating, None)


def _first_error(
    mine: Sequence[tuple[Slot, LeaseResult]], prepared: Prepared, refusals: Mapping[Use, CrexError]
) -> CrexError | None:
    """Returns the fault at which the reference engine would stop: in the order of steps, then of leases."""
    return next(_errors(mine, prepared, refusals), None)


def _errors(
    mine: Sequence[tuple[Slot, LeaseResult]], prepared: Prepared, refusals: Mapping[Use, CrexError]
) -> Iterator[CrexError]:
    for slot, result in mine:  # step 2: records are read before anything is asked of them
        yield from _of(slot, result, Kind.FORM)
    if prepared.refusal is not None:
        yield prepared.refusal
    for slot, result in mine:
        yield from _of(slot, result, Kind.CONFLICT)  # step 3
        if result.contradiction is not None:
            yield result.contradiction  # step 4
        if slot.number in prepared.refusals:
            yield prepared.refusals[slot.number]  # step 5
        for kind in (Kind.STRAY, Kind.OUTSIDE, Kind.OVERLAP, Kind.EXCESS):
            yield from _of(slot, result, kind)
    for slot, result in mine:  # steps 7 and 9
        yield from (refusals[one.use] for one in result.sums if one.use in refusals)
        yield from _of(slot, result, Kind.CUT)


def _of(slot: Slot, result: LeaseResult, kind: Kind) -> Iterator[CrexError]:
    yield from (error_of(fault, slot.lease) for fault in result.faults if fault.kind is kind)
