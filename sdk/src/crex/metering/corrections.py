"""Correcting batches: higher revisions and late records of a period that is sealed already (metering.md).

A correction follows the last batch of the lease like any other, and states the period that it corrects. Every
number belongs to one period for good: so a correction names only numbers that its period accounts for, or the
numbers, from 1, of a meter that the lease had not.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from crex.metering.errors import UsageError, refused
from crex.metering.record import Record
from crex.metering.span import Span
from crex.v1 import Pin, SeqRange, UsageBatch

# A meter and a sequence number.
Number = tuple[str, int]
# A meter, and consecutive numbers of it, both inclusive.
Run = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class SealedPeriod:
    """A billing period whose final batch came.

    Attributes:
        period: The period as its final batch states it.
        final: The final batch.
        numbers: By meter, the first number that the period accounts for, and the one after the last.
        marked: Numbers of which there is a gap marker and no record.
        revisions: Highest known revision of each number of which it is known and is not 1.
    """

    period: Span
    final: Pin
    numbers: Mapping[str, tuple[int, int]]
    marked: tuple[Run, ...] = ()
    revisions: Mapping[Number, int] = field(default_factory=dict)

    def accounts_for(self, meter_id: str, first: int, last: int) -> bool:
        """Tells whether all numbers from `first` to `last`, both inclusive, are of this period."""
        begin, end = self.numbers.get(meter_id, (1, 1))
        return begin <= first and last < end

    def revision_of(self, meter_id: str, seq: int) -> int:
        """Returns the highest revision known of a number; 0 of one that is marked as a gap."""
        known = self.revisions.get((meter_id, seq))
        if known is not None:
            return known
        return 0 if any(m == meter_id and first <= seq <= last for m, first, last in self.marked) else 1

    def corrected(self, batch: UsageBatch, known_meters: Mapping[str, int], name: str) -> SealedPeriod:
        """Returns the period with the numbers of one more correcting batch.

        Args:
            batch: The correcting batch.
            known_meters: Next number of every meter that the lease had before it.
            name: Name of the batch, for people.

        Raises:
            UsageError: CONFLICT where it states events, gaps or the final flag, another period, or a number
                that the period does not account for; USAGE_GAP where a new meter does not begin at 1 or
                leaves out a number (BATCH-CORRECTION-1).
        """
        if batch.service_events or batch.gaps or batch.final:
            raise conflict(name, "it states service events, gap markers or the final flag")
        if Span.of(batch.period) != self.period:
            raise conflict(
                name,
                f"it is of period {Span.of(batch.period)}, but the batch that it pins sealed {self.period}",
            )
        numbers = dict(self.numbers)
        fresh: dict[str, int] = {}
        for each in batch.ranges:
            if each.last_seq < each.first_seq:
                raise conflict(name, f"{_show(each)} are no numbers")
            if each.meter_id in known_meters:
                if not self.accounts_for(each.meter_id, each.first_seq, each.last_seq):
                    raise conflict(
                        name,
                        f"it states {_show(each)}, which the period does not account for; late use without "
                        "a number belongs under a meter of its own",
                    )
                continue
            expected = fresh.get(each.meter_id, 1)
            if each.first_seq != expected:
                raise refused(
                    "USAGE_GAP" if each.first_seq > expected else "CONFLICT",
                    "BATCH-CORRECTION-1",
                    f"Batch {name} states {_show(each)}, expected {expected}: a meter that a correction "
                    "begins is numbered from 1 without a gap.",
                    meter_id=each.meter_id,
                    expected_seq=str(expected),
                )
            fresh[each.meter_id] = each.last_seq + 1
            numbers[each.meter_id] = (1, each.last_seq + 1)
        return replace(self, numbers=numbers)

    def learned(self, before: SealedPeriod, records: Iterable[Record], name: str) -> SealedPeriod:
        """Returns the period with the revisions of a correcting batch's records known.

        Args:
            before: The period as it was before the batch.
            records: The batch's records, in order.
            name: Name of the batch, for people.

        Raises:
            UsageError: CONFLICT where a record is no higher revision of its number (BATCH-CORRECTION-1).
        """
        highest: dict[Number, int] = {}
        for record in records:
            number = record.meter_id, record.seq
            known = highest.get(number)
            if known is None:
                known = before.revision_of(*number) if before.accounts_for(*number, record.seq) else 0
            if record.revision <= known:
                raise conflict(
                    name,
                    f"the record of {record.place} is no higher revision than {known}, which is known; it "
                    "would change nothing",
                )
            highest[number] = record.revision
        return replace(
            self,
            revisions={**self.revisions, **highest},
            marked=tuple(unmarked(self.marked, highest)),
        )


def unmarked(marked: Iterable[Run], recorded: Iterable[Number]) -> Iterator[Run]:
    """Yields what is left of marked numbers once records of some of them came, in their order."""
    by_meter: dict[str, list[int]] = defaultdict(list)
    for meter_id, seq in recorded:
        by_meter[meter_id].append(seq)
    for numbers in by_meter.values():
        numbers.sort()
    for meter_id, first, last in marked:
        numbers, begin = by_meter.get(meter_id, []), first
        for seq in numbers[bisect_left(numbers, first) : bisect_right(numbers, last)]:
            if begin < seq:
                yield meter_id, begin, seq - 1
            begin = seq + 1
        if begin <= last:
            yield meter_id, begin, last


def conflict(name: str, what: str) -> UsageError:
    """Returns the error of a batch that cannot correct what it says it does."""
    return refused(
        "CONFLICT",
        "BATCH-CORRECTION-1",
        f"Batch {name} cannot correct a sealed period: {what}. Pin the period's final batch in `corrects`, "
        "and state only higher revisions of its numbers, or late records under a new meter from 1.",
    )


def _show(numbers: SeqRange) -> str:
    if numbers.first_seq == numbers.last_seq:
        return f"number {numbers.first_seq} of meter {numbers.meter_id}"
    return f"numbers {numbers.first_seq} to {numbers.last_seq} of meter {numbers.meter_id}"
