"""The chain of a lease's batches: which numbers came, which come next, what happened (metering.md).

One chain per lease, across billing periods: each batch pins the one before it, and each meter's numbers go on
where they ended. So nobody can drop a batch, or add one in between, without a verifier noticing. `Chain` is
what one must know of the batches so far to judge the next; it needs no records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain as joined

from crex.metering.errors import refused
from crex.metering.span import Span, show_ms, timestamp_ms
from crex.v1 import Pin, ServiceEvent, ServiceEventKind, UsageBatch

_ACTIVATED = ServiceEventKind.SERVICE_EVENT_KIND_ACTIVATED
_TERMINATED = ServiceEventKind.SERVICE_EVENT_KIND_TERMINATED


@dataclass(frozen=True, slots=True)
class Chain:
    """The batches of a lease so far.

    Attributes:
        lease: Name of the lease.
        pins: The batches, first to last.
        next_seq: Next sequence number by meter; 1 for a meter that is not in it.
        events: Service events so far, by time.
        period: Billing period of the last batch; nothing before the first.
        first_seq: First number of each meter in that period, as `rate` takes it.
        final: Whether the period's final batch came.
    """

    lease: str
    pins: tuple[Pin, ...] = ()
    next_seq: Mapping[str, int] = field(default_factory=dict)
    events: tuple[ServiceEvent, ...] = ()
    period: Span | None = None
    first_seq: Mapping[str, int] = field(default_factory=dict)
    final: bool = False

    @property
    def last(self) -> Pin | None:
        """The last batch; nothing where there is none."""
        return self.pins[-1] if self.pins else None

    def follow(self, batch: UsageBatch, pin: Pin) -> Chain:
        """Returns the chain with one more batch.

        Raises:
            UsageError: The batch is of another lease (TERMS, BATCH-LEASE-1); does not pin the last one
                (USAGE_GAP, or CONFLICT where another batch has that place; BATCH-CHAIN-1); leaves out numbers
                (USAGE_GAP) or repeats them (CONFLICT, BATCH-RANGE-1); overlaps another period (CONFLICT,
                BATCH-PERIOD-1) or follows its final batch (CONFLICT, BATCH-FINAL-1); or its events are not in
                order, or come twice (CONFLICT, BATCH-EVENT-1).
        """
        if batch.lease != self.lease:
            raise refused(
                "TERMS",
                "BATCH-LEASE-1",
                f"Batch {pin.id} is of lease {batch.lease}, not of {self.lease}; its usage belongs "
                "elsewhere.",
            )
        self._check_previous(batch, pin)
        same = self._check_period(batch, pin)
        next_seq = dict(self.next_seq)
        for meter_id, first, last in _numbers(batch):
            _check_next(meter_id, first, last, next_seq.get(meter_id, 1))
            next_seq[meter_id] = last + 1
        return Chain(
            lease=self.lease,
            pins=(*self.pins, pin),
            next_seq=next_seq,
            events=tuple(joined(self.events, self._checked_events(batch))),
            period=Span.of(batch.period),
            first_seq=self.first_seq if same else dict(self.next_seq),
            final=batch.final,
        )

    def _check_previous(self, batch: UsageBatch, pin: Pin) -> None:
        cited = batch.previous.sha256 if batch.HasField("previous") else ""
        expected = self.last.sha256 if self.last is not None else ""
        if cited == expected:
            return
        known = not cited or any(cited == earlier.sha256 for earlier in self.pins)
        follows = f"follows {batch.previous.id}" if cited else "is a first batch"
        wanted = f"{self.last.id} is the last one" if self.last is not None else "the lease has none yet"
        raise refused(
            "CONFLICT" if known else "USAGE_GAP",
            "BATCH-CHAIN-1",
            f"Batch {pin.id} {follows}, but {wanted}. A batch between them could be missing, or two could "
            "claim one place. Send the batches one after the other, each pinning the one before it.",
            expected_sha256=expected,
        )

    def _check_period(self, batch: UsageBatch, pin: Pin) -> bool:
        """Tells whether the batch goes on in the period of the last one."""
        period = Span.of(batch.period)
        if self.period is None or period.start_ms >= self.period.end_ms:
            return False
        if period.start_ms == self.period.start_ms and self.final:
            raise refused(
                "CONFLICT",
                "BATCH-FINAL-1",
                f"Batch {pin.id} comes after the final batch of period {self.period}. A sealed period takes "
                "no more.",
            )
        closed_early = batch.final and period.end_ms < self.period.end_ms
        if period.start_ms != self.period.start_ms or not (closed_early or period == self.period):
            raise refused(
                "CONFLICT",
                "BATCH-PERIOD-1",
                f"Batch {pin.id} is of period {period}, which overlaps {self.period} or lies before it; "
                "usage would be billed twice. State each billing period once, in order of time; only its "
                "final batch may close it early.",
            )
        return True

    def _checked_events(self, batch: UsageBatch) -> Iterator[ServiceEvent]:
        known = {event.kind for event in self.events}
        latest = timestamp_ms(self.events[-1].at) if self.events else None
        for event in batch.service_events:
            at, kind = timestamp_ms(event.at), ServiceEventKind.Name(event.kind)
            name = kind.removeprefix("SERVICE_EVENT_KIND_")
            if event.kind in known:
                raise _event(f"a second {name} comes at {show_ms(at)}")
            if event.kind == _TERMINATED and _ACTIVATED not in known:
                raise _event(f"{name} at {show_ms(at)} comes before ACTIVATED")
            if latest is not None and at < latest:
                raise _event(f"{name} at {show_ms(at)} is listed after an event at {show_ms(latest)}")
            known.add(event.kind)
            latest = at
            yield event


def _numbers(batch: UsageBatch) -> Iterator[tuple[str, int, int]]:
    """Yields what ranges and gap markers cover, by meter and number."""
    ranges = [(each.meter_id, each.first_seq, each.last_seq) for each in batch.ranges]
    if ranges != sorted(ranges):
        raise refused(
            "SCHEMA", "BATCH-RANGE-1", "The ranges of a batch do not ascend by meter and number; sort them."
        )
    return iter(sorted([*ranges, *((gap.meter_id, gap.first_seq, gap.last_seq) for gap in batch.gaps)]))


def _check_next(meter_id: str, first: int, last: int, expected: int) -> None:
    if first > expected:
        raise refused(
            "USAGE_GAP",
            "BATCH-RANGE-1",
            f"Meter {meter_id} continues at {first}, expected {expected}: what was used in between would "
            "never be billed. Send the missing records, or a gap marker if they are lost for good.",
            meter_id=meter_id,
            expected_seq=str(expected),
        )
    if first < expected:
        raise refused(
            "CONFLICT",
            "BATCH-RANGE-1",
            f"Meter {meter_id} states number {first} again, expected {expected}: it would be billed twice. "
            "Each number comes once, in one range or one gap marker.",
            meter_id=meter_id,
            expected_seq=str(expected),
        )
    if last < first:
        raise refused(
            "SCHEMA",
            "BATCH-RANGE-1",
            f"Meter {meter_id} states the numbers from {first} to {last}, which are none; leave the range "
            "out.",
            meter_id=meter_id,
            expected_seq=str(expected),
        )


def _event(what: str) -> Exception:
    return refused(
        "CONFLICT",
        "BATCH-EVENT-1",
        f"The service events are contradictory: {what}. Billing starts at the one ACTIVATED and ends at the "
        "one TERMINATED after it; list them by ascending time, each once.",
    )
