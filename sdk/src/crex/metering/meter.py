"""Meters: from what an operating system counts to gapless usage records (metering.md).

A meter knows where its last record ended and what its counter then stood at. It is given readings and never
takes one itself, so it works for any source and in any test. Its state is small and belongs in the journal of
whoever runs it, in the same transaction as the records: then a crash neither loses use nor bills it twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Self

from crex.decimals import format_decimal, parse_decimal
from crex.documents.times import format_time, parse_time, to_ms
from crex.metering.errors import refused
from crex.metering.record import Record, build_record
from crex.metering.span import Span, ms_timestamp, show_ms
from crex.v1 import CounterReadings, MeterReading, UsageRecord

# Digits after the point to which an estimate is cut; what is cut off stays with the later part.
_ESTIMATE_SCALE = 10**6


@dataclass(frozen=True, slots=True)
class MeterState:
    """Where a meter stands.

    Attributes:
        at_ms: Instant of the last reading, in milliseconds since 1970.
        counter: What the counter then stood at; 0 for a holding meter.
        last_seq: Number of the last record; 0 before the first.
        total: Sum of the quantities of all records.
        unread: Whether nobody read `counter` at that instant: its source began anew, or it is an estimate.
    """

    at_ms: int
    counter: Fraction = Fraction(0)
    last_seq: int = 0
    total: Fraction = Fraction(0)
    unread: bool = False

    def to_json(self) -> dict[str, str]:
        """Returns the state for a journal."""
        unread = {"unread": "true"} if self.unread else {}
        return unread | {
            "at": show_ms(self.at_ms),
            "counter": format_decimal(self.counter),
            "lastSeq": str(self.last_seq),
            "total": format_decimal(self.total),
        }

    @classmethod
    def from_json(cls, value: dict[str, str]) -> Self:
        """Returns the state that `to_json` wrote.

        Raises:
            KeyError: A member is missing.
            InvalidScalar: A member is not of its form.
        """
        return cls(
            at_ms=to_ms(parse_time(value["at"])),
            counter=parse_decimal(value["counter"]),
            last_seq=int(value["lastSeq"]),
            total=parse_decimal(value["total"]),
            unread=value.get("unread") == "true",
        )


@dataclass(frozen=True, slots=True)
class MeterInfo:
    """What a meter measures; the same in each of its records.

    Attributes:
        meter_id: Identifier within the lease.
        lease: Name of the lease.
        resource: Name of the resource.
        dimension: Dimension token, as in the price plan.
        unit: Unit token, as in the price plan.
        method: How it is read, for people.
    """

    meter_id: str
    lease: str
    resource: str
    dimension: str
    unit: str
    method: str = ""


class Meter:
    """A meter: what both kinds share. Use `HoldingMeter` or `CountingMeter`.

    Attributes:
        info: What it measures.
        state: Where it stands.
    """

    def __init__(self, info: MeterInfo, state: MeterState) -> None:
        self.info = info
        self.state = state

    @classmethod
    def start(cls, info: MeterInfo, at: datetime, counter: Fraction | int = 0) -> Self:
        """Returns a meter that begins to measure at an instant, at which its counter stands at `counter`."""
        return cls(info, MeterState(to_ms(at), Fraction(counter)))

    @property
    def reading(self) -> MeterReading:
        """The reading that a release receipt states."""
        return MeterReading(
            meter_id=self.info.meter_id,
            last_seq=self.state.last_seq,
            total=format_decimal(self.state.total),
            unit=self.info.unit,
        )

    def _since_last(self, at: datetime) -> Span:
        at_ms = to_ms(at)
        if at_ms < self.state.at_ms:
            raise refused(
                "CLOCK_BACKWARDS",
                "USAGE-INTERVAL-1",
                f"Meter {self.info.meter_id} is read at {format_time(at)}, before its last reading at "
                f"{show_ms(self.state.at_ms)}. A record cannot end before it starts. Read again when the "
                "clock has passed that instant.",
                meter_id=self.info.meter_id,
            )
        return Span(self.state.at_ms, at_ms)

    def _record(
        self,
        span: Span,
        quantity: Fraction,
        *,
        estimated: bool = False,
        readings: CounterReadings | None = None,
    ) -> Record:
        """Makes the next record, and moves the state behind it."""
        record = build_record(
            UsageRecord(
                meter_id=self.info.meter_id,
                seq=self.state.last_seq + 1,
                revision=1,
                lease=self.info.lease,
                resource=self.info.resource,
                dimension=self.info.dimension,
                start=ms_timestamp(span.start_ms),
                end=ms_timestamp(span.end_ms),
                quantity=format_decimal(quantity),
                unit=self.info.unit,
                estimated=True if estimated else None,
                method=self.info.method or None,
                readings=readings,
            )
        )
        self.state = replace(
            self.state, at_ms=span.end_ms, last_seq=record.seq, total=self.state.total + quantity
        )
        return record


class HoldingMeter(Meter):
    """Measures units that are held (TIME): it is told how many were held since the last reading."""

    def read(self, at: datetime, units: Fraction | int, *, cuts: Iterable[datetime] = ()) -> list[Record]:
        """Returns the records of the time since the last reading.

        Args:
            at: Instant of the reading.
            units: Units held throughout since the last one.
            cuts: Instants at which records must end, such as the end of the billing period.

        Raises:
            UsageError: CLOCK_BACKWARDS if the last reading was later.
        """
        span = self._since_last(at)
        if span.empty:
            return []
        return [self._record(part, Fraction(units)) for part in span.split(map(to_ms, cuts))]


class CountingMeter(Meter):
    """Measures what is used (COUNT) by a counter that only ever grows."""

    def read(
        self,
        at: datetime,
        counter: Fraction | int,
        *,
        cuts: Iterable[datetime] = (),
        estimate: bool = False,
    ) -> list[Record]:
        """Returns the records of what was counted since the last reading.

        Args:
            at: Instant of the reading.
            counter: What the counter stands at.
            cuts: Instants at which records must end, such as the end of the billing period. Read the counter
                there.
            estimate: Whether a count across a cut is divided in proportion to time, and flagged as an
                estimate; else it is refused.

        Raises:
            UsageError: CLOCK_BACKWARDS if the last reading was later; CONFLICT if the counter went back;
                CUT_REQUIRED if it was not read at a cut and must not be estimated (USAGE-CUT-1).
        """
        span, used = self._since_last(at), Fraction(counter) - self.state.counter
        if used < 0:
            raise refused(
                "CONFLICT",
                "USAGE-COUNTER-1",
                f"The counter of meter {self.info.meter_id} went back from {self.state.counter} to "
                f"{counter}. What was used in between cannot be told. If its source began anew, call "
                "`restarted` first.",
                meter_id=self.info.meter_id,
            )
        if span.empty and not used:
            return []
        parts = span.split(map(to_ms, cuts))
        if len(parts) > 1 and not estimate:
            raise refused(
                "CUT_REQUIRED",
                "USAGE-CUT-1",
                f"Meter {self.info.meter_id} was not read at {show_ms(parts[0].end_ms)}, where a record must "
                "end; how much was used before it cannot be told. Read the counter there, or allow an "
                "estimate.",
                meter_id=self.info.meter_id,
            )
        records, rest = [], used
        for part in parts[:-1]:
            share = Fraction(int(used * part.seconds / span.seconds * _ESTIMATE_SCALE), _ESTIMATE_SCALE)
            records.append(self._record(part, share, estimated=True))
            rest -= share
        readings = None
        if len(parts) == 1 and not self.state.unread:
            # USAGE-READINGS-1: both were read, and one counter stood at both.
            readings = CounterReadings(start=format_decimal(self.state.counter), end=format_decimal(counter))
        records.append(self._record(parts[-1], rest, estimated=len(parts) > 1, readings=readings))
        self.state = replace(self.state, counter=Fraction(counter), unread=False)
        return records

    def restarted(self, counter: Fraction | int = 0) -> None:
        """Says that the counter's source began anew at `counter`; the next reading counts from there."""
        self.state = replace(self.state, counter=Fraction(counter), unread=True)
