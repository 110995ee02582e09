"""Uses become records: of meters on which nothing overlaps, numbered without a gap (USAGE-SEQ-1).

What was used at one time by several (jobs, containers) cannot be on one meter, for its records would overlap
(RATE-OVERLAP-1). So there are as many meters of a dimension as are needed: `cpu-time`, `cpu-time-2` …
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson

from crex.decimals import format_decimal
from crex.describe.importing import LeftOut
from crex.errors import CrexError
from crex.metering.errors import refused
from crex.metering.importing.uses import Use
from crex.metering.record import Record, build_record, parse_record
from crex.metering.span import Span, ms_timestamp
from crex.v1 import CounterReadings, UsageRecord

# Code points that a record's `method` may have.
_LONGEST_METHOD: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of an import becomes records, and of what.

    Attributes:
        lease: Name of the lease.
        resource: Name of the resource.
        meter: Name of the meter; empty: the dimension. Several dimensions are told apart by their own.
        dimensions: Dimensions that are wanted; empty: all.
        labels: Labels that a use must have, with their values.
        within: Interval within which a use must lie; nothing: any.
    """

    lease: str
    resource: str
    meter: str = ""
    dimensions: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    within: Span | None = None


@dataclass(frozen=True, slots=True)
class Numbered:
    """Records, and what became none.

    Attributes:
        records: Records by meter and number.
        left_out: Uses that became no record, at the place of their rows, by dimension.
    """

    records: tuple[Record, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(slots=True)
class _Meter:
    """A meter: its last number, and the end of the latest use on it."""

    name: str
    last_seq: int = 0
    end_ms: int | None = None


def read_lines(text: bytes) -> list[Record]:
    """Reads records of a file, one a line.

    Raises:
        CrexError: A line is no record, with its number.
    """
    records = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            records.append(parse_record(line))
        except CrexError as error:
            error.message = f"Line {number}: {error.message}"
            raise
    return records


def number(uses: Iterable[Use], wanted: Wanted, earlier: Sequence[Record] = ()) -> Numbered:
    """Makes records.

    Args:
        uses: What was used.
        wanted: What of it becomes records.
        earlier: Records of this lease that were made before: numbers go on after them, and a use that is
            among them is left out.

    Raises:
        UsageError: TERMS: `earlier` has records of another lease; CONFLICT: or numbers with a gap.
        DocumentError: The names that are wanted are none.
    """
    left_out: list[LeftOut] = []
    chosen: list[Use] = []
    for use in uses:
        why = _unwanted(use, wanted)
        if why:
            left_out.extend(LeftOut(row, f"{use.dimension}: {why}") for row in use.rows)
        else:
            chosen.append(use)
    before = Counter(map(_of_record, earlier))
    meters = _meters(earlier, wanted)
    single = len({use.dimension for use in chosen}) == 1
    records: list[Record] = []
    for use in sorted(chosen, key=_order):
        if before[_of_use(use)] > 0:
            before[_of_use(use)] -= 1
            left_out.extend(LeftOut(row, f"{use.dimension}: it was imported before") for row in use.rows)
            continue
        meter = _free(meters, use, _base(use, wanted, single=single))
        record = build_record(_message(use, wanted, meter))
        meter.last_seq, meter.end_ms = record.seq, use.span.end_ms
        records.append(record)
    return Numbered(tuple(sorted(records, key=lambda record: record.order)), tuple(left_out))


def _unwanted(use: Use, wanted: Wanted) -> str:
    """Says why a use becomes no record; nothing where it does."""
    if wanted.dimensions and use.dimension not in wanted.dimensions:
        return "another dimension is wanted"
    labels = dict(use.labels)
    for name, value in wanted.labels.items():
        if labels.get(name) != value:
            stated = repr(labels[name]) if name in labels else "not stated"
            return f"{name} is {stated}, and {value!r} is wanted"
    if wanted.within is not None and not wanted.within.holds(use.span):
        return f"it does not lie within {wanted.within}"
    try:
        for value in (use.quantity, *(use.readings or ())):
            format_decimal(value)
    except CrexError as error:
        return f"no record can state it: {error.message}"
    return ""


def _order(use: Use) -> tuple[str, int, int, str, tuple[str, ...]]:
    return use.dimension, use.span.start_ms, use.span.end_ms, use.method, use.rows


def _of_use(use: Use) -> tuple[object, ...]:
    return use.dimension, use.unit, use.span, use.quantity, _method(use), use.estimated


def _of_record(record: Record) -> tuple[object, ...]:
    method = orjson.loads(record.body).get("method", "")
    return record.dimension, record.unit, record.span, record.quantity, method, record.estimated


def _meters(earlier: Sequence[Record], wanted: Wanted) -> dict[str, list[_Meter]]:
    """Gives the meters of records that were made before, by dimension."""
    meters: dict[str, _Meter] = {}
    found: dict[str, list[_Meter]] = {}
    for record in sorted(earlier, key=lambda one: one.order):
        if (record.lease, record.resource) != (wanted.lease, wanted.resource):
            raise refused(
                "TERMS",
                "BATCH-LEASE-1",
                f"The record of {record.place} is of {record.lease} and {record.resource}, not of "
                f"{wanted.lease} and {wanted.resource}. Name the file of this lease.",
            )
        if record.meter_id not in meters:
            meters[record.meter_id] = _Meter(record.meter_id)
            found.setdefault(record.dimension, []).append(meters[record.meter_id])
        meter = meters[record.meter_id]
        if record.seq > meter.last_seq + 1:
            raise refused(
                "CONFLICT",
                "USAGE-SEQ-1",
                f"Meter {record.meter_id} goes on at {record.seq} after {meter.last_seq}: the file is not "
                "whole. Give all that was imported before.",
            )
        meter.last_seq = record.seq
        meter.end_ms = max(record.span.end_ms, meter.end_ms or record.span.end_ms)
    return found


def _free(meters: dict[str, list[_Meter]], use: Use, base: str) -> _Meter:
    """Gives the first meter of its dimension on which a use overlaps nothing, made where there is none."""
    own = meters.setdefault(use.dimension, [])
    for meter in own:
        if meter.end_ms is None or meter.end_ms <= use.span.start_ms:
            return meter
    taken = {meter.name for others in meters.values() for meter in others}
    count = len(own) + 1
    name = base if not own else f"{base}-{count}"
    while name in taken:
        count += 1
        name = f"{base}-{count}"
    own.append(_Meter(name))
    return own[-1]


def _base(use: Use, wanted: Wanted, *, single: bool) -> str:
    if not wanted.meter:
        return use.dimension
    return wanted.meter if single else f"{wanted.meter}-{use.dimension}"


def _method(use: Use) -> str:
    return use.method[:_LONGEST_METHOD].rstrip()


def _message(use: Use, wanted: Wanted, meter: _Meter) -> UsageRecord:
    readings = None
    if use.readings is not None:
        start, end = map(format_decimal, use.readings)
        readings = CounterReadings(start=start, end=end)
    return UsageRecord(
        meter_id=meter.name,
        seq=meter.last_seq + 1,
        revision=1,
        lease=wanted.lease,
        resource=wanted.resource,
        dimension=use.dimension,
        start=ms_timestamp(use.span.start_ms),
        end=ms_timestamp(use.span.end_ms),
        quantity=format_decimal(use.quantity),
        unit=use.unit,
        estimated=True if use.estimated else None,
        method=_method(use),
        readings=readings,
    )
