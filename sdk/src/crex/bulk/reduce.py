"""Carries out the steps on one engine for some of the leases: from records to sums, holes and faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from crex.bulk import steps
from crex.bulk.bills import BillSet, Owners, Slot
from crex.bulk.columns import broken_name
from crex.bulk.extras import arrow_table, require
from crex.bulk.faults import Fault, Kind
from crex.bulk.grids import Grids, leases_table
from crex.bulk.missing import Run, holes_beside, holes_in, runs_of
from crex.bulk.sums import CellSum, cell_sums, fits, fits_narrow
from crex.errors import CrexError, RatingError
from crex.metering.selection import Numbers
from crex.metering.span import Span

if TYPE_CHECKING:
    import pyarrow as pa

    from crex.bulk.session import Session

# Each table is made of those before it; `None` stands for one that is only looked at.
_KEPT: Final = (
    ("buckets", steps.BUCKETS),
    ("numbers", steps.NUMBERS),
    ("dirty", steps.DIRTY),
    ("sorted", steps.SORTED),
    ("survivors", steps.SURVIVORS),
)
_BOUNDS: Final = (("suspects", steps.SUSPECTS), ("doubtful", steps.DOUBTFUL))
_FAULTS: Final = (
    (Kind.CONFLICT, steps.CONFLICTS),
    (Kind.OUTSIDE, steps.OUTSIDE),
    (Kind.OVERLAP, steps.OVERLAPS),
    (Kind.EXCESS, steps.EXCESSES),
    (Kind.CUT, steps.CUTS),
)
STEPS: Final = len(_KEPT) + len(_BOUNDS) + len(_FAULTS) + 7


@dataclass(frozen=True, slots=True)
class Meters:
    """Which meters the records are of.

    Attributes:
        table: Bill, lease, meter, resource, dimension, unit, and the number of records, of each.
        records: All records, those included that are none.
        faults: What is wrong with the form of records, of each lease the first.
        strays: Leases that no bill has, and how many records are of them.
    """

    table: pa.Table
    records: int
    faults: tuple[Fault, ...]
    strays: tuple[tuple[str, int], ...]

    def of(self, leases: set[str]) -> pa.Table:
        """Returns the meters of some leases."""
        pa, compute = require("pyarrow"), require("pyarrow.compute")
        wanted = pa.array(sorted(leases), pa.string())
        return self.table.filter(compute.is_in(self.table.column("lease"), value_set=wanted))


@dataclass(slots=True)
class Reduced:
    """What records come to, of some leases."""

    sums: list[CellSum] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    missing: dict[int, list[Numbers]] = field(default_factory=dict)
    contradictions: dict[int, RatingError] = field(default_factory=dict)
    estimated: set[int] = field(default_factory=set)


def load_grids(session: Session, grids: Grids) -> None:
    """Gives an engine the cuts of a job."""
    for name, table in grids.tables().items():
        session.load(name, table)


def reduce(
    session: Session,
    meters: pa.Table,
    slots: Sequence[Slot],
    grids: Grids,
    active: dict[int, Span],
    step: Callable[[], None] = lambda: None,
    *,
    copy: bool = False,
    wide: bool = False,
) -> Reduced:
    """Reduces the records of some leases.

    Args:
        session: The engine; it has the records and the grids.
        meters: Meters of these leases, of `find_meters`.
        slots: The leases.
        grids: Cuts of the job.
        active: Active time by slot.
        step: Called after each step, for a progress bar.
        copy: Whether to copy the records that are asked for: pays where the others are many more.
        wide: Whether to divide quantities even where the sums of undivided ones fit.

    Raises:
        CrexError: LIMIT if sums could exceed 38 digits; otherwise what the engine cannot do.
    """
    records = sum(meters.column("records").to_pylist())
    longest = max(
        (slot.bill.bill.period.end_ms - slot.bill.bill.period.start_ms for slot in slots), default=0
    )
    if not fits(records, longest):
        raise CrexError(
            "LIMIT",
            f"{records} records in a period of {longest} ms could sum to more than 38 digits. Rate them in "
            "more parts, with --partitions.",
        )
    session.load("meters", meters)
    session.load("leases", leases_table(slots, grids, active))
    session.load("firsts", _firsts(slots))
    session.load("asked", _asked(slots))
    found = Reduced()
    session.keep("tracks", steps.TRACKS)
    step()
    (session.keep if copy else session.see)("taken", steps.TAKEN)
    step()
    for name, text in _KEPT:
        session.keep(name, text)
        step()
    session.see("counting", steps.COUNTING)
    most = next(session.rows("SELECT MAX(b.most) FROM buckets b"))[0] or 0
    narrow = not wide and fits_narrow(records, longest, most)
    for name, text in (
        *_BOUNDS,
        ("starts", steps.starts(narrow=narrow)),
        ("ends", steps.ends(narrow=narrow)),
    ):
        session.keep(name, text)
        step()
    for kind, text in _FAULTS:
        found.faults += _faults(session, kind, text)
        step()
    found.sums = list(cell_sums(session.rows(steps.SUMS), grids))
    step()
    _find_missing(session, slots, found)
    step()
    found.estimated = {int(row[0]) for row in session.rows(steps.ESTIMATED)}
    step()
    session.drop(["ends", "starts", *(name for name, _ in reversed((*_KEPT, *_BOUNDS)))])
    return found


def find_meters(session: Session, bills: BillSet) -> Meters:
    """Looks through all records once: which meters there are, and which records are none.

    Raises:
        CrexError: The reason of a record that is none and names no lease: which bills it is missing from
            cannot be told.
    """
    owners = Owners.of(bills)
    good: list[tuple[Any, ...]] = []
    odd: list[tuple[Any, ...]] = []  # meters of which a fault is to be told, each with slot, kind and note
    strays: dict[str, int] = {}
    total = 0
    for row in session.rows(steps.METERS):
        bill, lease, *names, records = row
        total += records
        broken = broken_name(names[0], lease, *names[1:])
        mine, alien = owners.of_record(bill, lease)
        if broken is None and mine and not alien:
            good.append(row)
        elif mine:
            kind, note = (Kind.STRAY, lease) if broken is None else (Kind.FORM, f"SCHEMA {broken}")
            odd += [(*row[:6], slot, int(kind), note, records) for slot in mine]
        else:
            strays[lease] = strays.get(lease, 0) + records
    faults = list(_faults_of_meters(session, odd))
    for bill, lease, reason, meter_id, seq, revision, records in session.rows(steps.REFUSED):
        total += records
        mine, _ = owners.of_record(bill, lease)
        if not mine and not lease:
            raise _unattributable(reason, records)
        if not mine:
            strays[lease] = strays.get(lease, 0) + records
        faults += [
            Fault(
                Kind.FORM, slot, meter_id or "unknown", seq or 0, revision or 0, records=records, note=reason
            )
            for slot in mine
        ]
    table = arrow_table(_METER_TYPES, good)
    return Meters(table, total, tuple(faults), tuple(sorted(strays.items())))


def _faults_of_meters(session: Session, odd: Sequence[tuple[Any, ...]]) -> Iterator[Fault]:
    """Yields the faults of meters none of whose records can count, each with its first record."""
    if not odd:
        return
    session.load("odd", arrow_table(_ODD_TYPES, odd))
    for slot, kind, note, records, meter_id, seq, revision in session.rows(steps.ODD):
        yield Fault(Kind(kind), slot, meter_id, seq, revision, records=records, note=note)


def _unattributable(reason: str, records: int) -> CrexError:
    return CrexError(
        reason.partition(" ")[0],
        f"{records} of the records are none, and name no lease ({reason}): which bills they are missing from "
        "cannot be told. Correct or remove them (step 2, RATE-STRICT-1).",
    )


_METER_TYPES: Final = {
    "bill": "string",
    "lease": "string",
    "meter_id": "string",
    "resource": "string",
    "dimension": "string",
    "unit": "string",
    "records": "int64",
}


# Meters of which something is to be told, with what it is.
_ODD_TYPES: Final = {
    **{name: kind for name, kind in _METER_TYPES.items() if name != "records"},
    "slot": "int64",
    "kind": "int64",
    "note": "string",
    "records": "int64",
}


def _faults(session: Session, kind: Kind, text: str) -> Iterator[Fault]:
    for row in session.rows(steps.FIRST.format(faults=text)):
        slot, meter_id, seq, revision, start, end, other, at, records = row
        yield Fault(kind, slot, meter_id, seq, revision, start, end, other, at, records)


def _find_missing(session: Session, slots: Sequence[Slot], found: Reduced) -> None:
    by_number = {slot.number: slot for slot in slots}
    marked = _marked(slots)
    holes: dict[tuple[int, str], list[tuple[int, int, int | None]]] = {}
    for slot, meter_id, *row in session.rows(steps.HOLES):
        holes.setdefault((slot, meter_id), []).append(tuple(row))
    for (slot, meter_id), rows in holes.items():
        if meter_id not in marked.get(slot, ()):
            first_seq = (by_number[slot].use.first_seq or {}).get(meter_id, 1)
            if numbers := list(holes_in(meter_id, rows, first_seq)):
                found.missing.setdefault(slot, []).extend(numbers)
    came: dict[int, dict[str, list[Run]]] = {}
    for slot, meter_id, bucket, bits in session.rows(steps.ASKED_NUMBERS) if marked else ():
        came.setdefault(slot, {}).setdefault(meter_id, []).extend(runs_of(bucket, bits))
    for slot, gaps in marked.items():
        try:
            numbers = holes_beside(came.get(slot, {}), gaps, by_number[slot].use.first_seq or {})
        except RatingError as error:
            found.contradictions[slot] = error
            continue
        if numbers:
            found.missing.setdefault(slot, []).extend(numbers)
    for each in found.missing.values():
        each.sort()


def _marked(slots: Sequence[Slot]) -> dict[int, dict[str, list[Run]]]:
    """Returns the numbers that gap markers name, by slot and meter."""
    found: dict[int, dict[str, list[Run]]] = {}
    for one in slots:
        for gap in one.use.gaps:
            meters = found.setdefault(one.number, {})
            meters.setdefault(gap.meter_id, []).append((gap.first_seq, gap.last_seq))
    return found


def _firsts(slots: Sequence[Slot]) -> pa.Table:
    rows = [(one.number, *item) for one in slots for item in (one.use.first_seq or {}).items()]
    return arrow_table({"slot": "int64", "meter_id": "string", "first_seq": "int64"}, rows)


def _asked(slots: Sequence[Slot]) -> pa.Table:
    rows = sorted({(one.number, gap.meter_id) for one in slots for gap in one.use.gaps})
    return arrow_table({"slot": "int64", "meter_id": "string"}, rows)
