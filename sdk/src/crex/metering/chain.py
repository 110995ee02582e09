"""The chain of a lease's batches: which numbers came, which come next, what happened (metering.md).

One chain per lease, across billing periods: each batch pins the one before it, and each meter's numbers go on
where they ended. So nobody can drop a batch, or add one in between, without a verifier noticing. `Chain` is
what one must know of the batches so far to judge the next; it needs no records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain as joined

from crex.metering.corrections import Number, Run, SealedPeriod, conflict
from crex.metering.errors import refused
from crex.metering.events import checked_events
from crex.metering.record import Record
from crex.metering.span import Span
from crex.v1 import Pin, ServiceEvent, UsageBatch


@dataclass(frozen=True, slots=True)
class Chain:
    """The batches of a lease so far.

    Attributes:
        lease: Name of the lease.
        pins: The batches, first to last.
        next_seq: Next sequence number by meter; 1 for a meter that is not in it.
        events: Service events so far, by time.
        period: Billing period of the last batch that corrects nothing; nothing before the first.
        first_seq: First number of each meter in that period, as `rate` takes it.
        final: Whether the period's final batch came.
        sealed: The periods whose final batch came, in order of time, as corrections left them.
        marked: Numbers of the period, while it is open, that are marked as gaps.
        revisions: Of the period, while it is open, the highest known revision of each number where it is not
            1.
    """

    lease: str
    pins: tuple[Pin, ...] = ()
    next_seq: Mapping[str, int] = field(default_factory=dict)
    events: tuple[ServiceEvent, ...] = ()
    period: Span | None = None
    first_seq: Mapping[str, int] = field(default_factory=dict)
    final: bool = False
    sealed: tuple[SealedPeriod, ...] = ()
    marked: tuple[Run, ...] = ()
    revisions: Mapping[Number, int] = field(default_factory=dict)

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
                BATCH-PERIOD-1) or follows its final batch (CONFLICT, BATCH-FINAL-1); its events are not in
                order, or come twice (CONFLICT, BATCH-EVENT-1, BATCH-OUTAGE-1); or it cannot correct what it
                says it does (CONFLICT, USAGE_GAP, BATCH-CORRECTION-1).
        """
        if batch.lease != self.lease:
            raise refused(
                "TERMS",
                "BATCH-LEASE-1",
                f"Batch {pin.id} is of lease {batch.lease}, not of {self.lease}; its usage belongs "
                "elsewhere.",
            )
        self._check_previous(batch, pin)
        if batch.HasField("corrects"):
            return self._correct(batch, pin)
        same = self._check_period(batch, pin)
        next_seq = dict(self.next_seq)
        for meter_id, first, last in _numbers(batch):
            _check_next(meter_id, first, last, next_seq.get(meter_id, 1))
            next_seq[meter_id] = last + 1
        continued = Chain(
            lease=self.lease,
            pins=(*self.pins, pin),
            next_seq=next_seq,
            events=tuple(joined(self.events, checked_events(self.events, batch.service_events))),
            period=Span.of(batch.period),
            first_seq=self.first_seq if same else dict(self.next_seq),
            final=batch.final,
            sealed=self.sealed,
            marked=(*(self.marked if same else ()), *_marked(batch)),
            revisions=self.revisions if same else {},
        )
        return continued._seal(pin) if batch.final else continued

    def learn(self, before: Chain, batch: UsageBatch, records: Iterable[Record]) -> Chain:
        """Returns the chain with the revisions of the last batch's records known to it.

        Args:
            before: The chain as it was before the batch.
            batch: The last batch.
            records: Its records, in order.

        Raises:
            UsageError: CONFLICT where it corrects by a record that is no higher revision
                (BATCH-CORRECTION-1).
        """
        if batch.HasField("corrects"):
            index = before._corrected(batch, self.last)
            period = self.sealed[index].learned(before.sealed[index], records, batch.header.id)
            return replace(self, sealed=(*self.sealed[:index], period, *self.sealed[index + 1 :]))
        higher = {(each.meter_id, each.seq): each.revision for each in records if each.revision != 1}
        if not higher:
            return self
        if not self.final:
            return replace(self, revisions={**self.revisions, **higher})
        period = self.sealed[-1]
        return replace(
            self,
            sealed=(*self.sealed[:-1], replace(period, revisions={**period.revisions, **higher})),
        )

    def _seal(self, final: Pin) -> Chain:
        """Returns the chain with its period sealed, so that it can be corrected."""
        assert self.period is not None  # noqa: S101 - a chain with a batch has a period
        numbers = {
            meter_id: (self.first_seq.get(meter_id, 1), end)
            for meter_id, end in self.next_seq.items()
            if self.first_seq.get(meter_id, 1) < end
        }
        period = SealedPeriod(self.period, final, numbers, self.marked, self.revisions)
        return replace(self, sealed=(*self.sealed, period), marked=(), revisions={})

    def _correct(self, batch: UsageBatch, pin: Pin) -> Chain:
        """Returns the chain with a batch that corrects a sealed period; the one that goes on stays."""
        index = self._corrected(batch, pin)
        _numbers(batch)  # in order
        period = self.sealed[index].corrected(batch, self.next_seq, pin.id)
        fresh = {
            meter_id: end for meter_id, (_, end) in period.numbers.items() if meter_id not in self.next_seq
        }
        later = period.period != self.period
        return replace(
            self,
            pins=(*self.pins, pin),
            next_seq={**self.next_seq, **fresh},
            # In the period that goes on such a meter would go on after the numbers that were corrected.
            first_seq={**self.first_seq, **fresh} if later else self.first_seq,
            sealed=(*self.sealed[:index], period, *self.sealed[index + 1 :]),
        )

    def _corrected(self, batch: UsageBatch, pin: Pin | None) -> int:
        """Returns the index of the sealed period that a batch corrects."""
        for index, period in enumerate(self.sealed):
            if period.final == batch.corrects:
                return index
        name = batch.header.id if pin is None else pin.id
        raise conflict(name, f"{batch.corrects.id} is the final batch of no period of lease {self.lease}")

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


def _numbers(batch: UsageBatch) -> Iterator[tuple[str, int, int]]:
    """Yields what ranges and gap markers cover, by meter and number."""
    ranges = [(each.meter_id, each.first_seq, each.last_seq) for each in batch.ranges]
    if ranges != sorted(ranges):
        raise refused(
            "SCHEMA", "BATCH-RANGE-1", "The ranges of a batch do not ascend by meter and number; sort them."
        )
    return iter(sorted([*ranges, *((gap.meter_id, gap.first_seq, gap.last_seq) for gap in batch.gaps)]))


def _marked(batch: UsageBatch) -> Iterator[Run]:
    for gap in batch.gaps:
        yield gap.meter_id, gap.first_seq, gap.last_seq


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
