"""Batches: signed statements of which records there are, and checking records against one (metering.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from crex.decimals import counted
from crex.metering.chain import Chain
from crex.metering.errors import refused
from crex.metering.record import Record, parse_record
from crex.metering.selection import distinct
from crex.metering.span import Span
from crex.trust import merkle
from crex.trust.verified import Verified
from crex.v1 import GapMarker, Header, Pin, SeqRange, ServiceEvent, UsageBatch

# Records that one batch may hold (UsageBatch.record_count).
MAX_RECORDS = 1_000_000


@dataclass(frozen=True, slots=True)
class BatchDraft:
    """A batch to be signed, and the records that it states, in the order of its tree."""

    message: UsageBatch
    records: tuple[Record, ...]

    @property
    def bodies(self) -> list[bytes]:
        """Exact bytes of the records, as AppendUsage and SealUsage take them."""
        return [record.body for record in self.records]


def build_batch(
    chain: Chain,
    records: Iterable[Record],
    *,
    header: Header,
    order: Pin,
    period: Span,
    events: Iterable[ServiceEvent] = (),
    gaps: Iterable[GapMarker] = (),
    final: bool = False,
    corrects: Pin | None = None,
) -> BatchDraft:
    """Returns the next batch of a lease.

    Args:
        chain: The lease's batches so far.
        records: New records of the period, in any order; repeated ones count once.
        header: The batch's header.
        order: The order document.
        period: The billing period; its end may be earlier on the final batch of a lease that was released.
        events: Service events that no earlier batch states.
        gaps: Numbers that will never come.
        final: Whether this is the last batch of the period.
        corrects: The final batch of the sealed period that this batch corrects, which `period` then repeats;
            nothing: it corrects nothing (BATCH-CORRECTION-1).

    Raises:
        RatingError: CONFLICT if one number and revision comes with different bytes.
        UsageError: The batch would be refused: see `Chain.follow` and `verify_batch`.
    """
    found = distinct(records)
    ordered = tuple(sorted(found.values(), key=lambda record: record.order))
    message = UsageBatch(
        header=header,
        order=order,
        lease=chain.lease,
        period=period.message(),
        previous=chain.last,
        ranges=_ranges(ordered),
        record_count=len(ordered),
        records_root=merkle.root(record.body for record in ordered).hex(),
        service_events=sorted(events, key=lambda event: event.at.ToNanoseconds()),
        gaps=sorted(gaps, key=lambda gap: (gap.meter_id, gap.first_seq)),
        final=True if final else None,
        corrects=corrects,
    )
    continued = chain.follow(message, Pin(id=header.id, revision=header.revision))
    _check_records(message, ordered)
    continued.learn(chain, message, ordered)
    return BatchDraft(message, ordered)


def verify_batch(
    chain: Chain, batch: Verified[UsageBatch], bodies: Sequence[bytes]
) -> tuple[Chain, tuple[Record, ...]]:
    """Checks a batch against the chain that it continues and the exact bytes of its records.

    Args:
        chain: The lease's batches before it.
        batch: The batch.
        bodies: Bytes of its records, in the order of its tree.

    Returns:
        The chain with the batch, and the records.

    Raises:
        UsageError: It does not continue the chain (see `Chain.follow`); the bytes are not those of its count
            (SUBJECT, BATCH-COUNT-1) or root (SUBJECT, BATCH-ROOT-1); they are out of order or not those of
            its ranges (SCHEMA); or a record is of another lease (TERMS, BATCH-LEASE-1) or outside the period
            (USAGE_OUT_OF_BOUNDS, BATCH-PERIOD-1).
        DocumentError: A record is not in strict form or breaks the contract.
    """
    message = batch.message
    continued = chain.follow(message, batch.pin)
    if len(bodies) != message.record_count:
        raise refused(
            "SUBJECT",
            "BATCH-COUNT-1",
            f"Batch {batch.id} states {counted(message.record_count, 'record')}, but {len(bodies)} came with "
            "it. Send exactly the records that were sealed.",
        )
    if merkle.root(bodies).hex() != message.records_root:
        raise refused(
            "SUBJECT",
            "BATCH-ROOT-1",
            f"The records that came with batch {batch.id} are not those that it was signed for: their tree "
            "has another root. A byte was changed, or their order was. Send the exact bytes that were "
            "sealed.",
        )
    records = tuple(map(parse_record, bodies))
    _check_records(message, records)
    return continued.learn(chain, message, records), records


def check_record(record: Record, lease: str, period: Span) -> None:
    """Checks that a batch of a lease and a period may hold a record.

    Raises:
        UsageError: TERMS where it is of another lease (BATCH-LEASE-1); USAGE_OUT_OF_BOUNDS where it does not
            lie within the period (BATCH-PERIOD-1).
    """
    if record.lease != lease:
        raise refused(
            "TERMS",
            "BATCH-LEASE-1",
            f"The record of {record.place} is of lease {record.lease}, but the batch is of {lease}.",
            meter_id=record.meter_id,
            seq=str(record.seq),
        )
    if not period.holds(record.span):
        raise refused(
            "USAGE_OUT_OF_BOUNDS",
            "BATCH-PERIOD-1",
            f"The record of {record.place} covers {record.span}, which does not lie within the batch's "
            f"period {period}. Cut readings where a period ends, and seal each part with its own period.",
            meter_id=record.meter_id,
            seq=str(record.seq),
        )


def _check_records(batch: UsageBatch, records: Sequence[Record]) -> None:
    period = Span.of(batch.period)
    if len(records) > MAX_RECORDS:
        raise refused(
            "LIMIT",
            "BATCH-COUNT-1",
            f"A batch holds at most {MAX_RECORDS} records, not {len(records)}; make several.",
        )
    for first, second in pairwise(records):
        if first.order >= second.order:
            raise refused(
                "SCHEMA",
                "BATCH-ROOT-1",
                f"The record of {second.place} comes after that of {first.place}. Order records by meter, "
                "number and revision, each once.",
            )
    for record in records:
        check_record(record, batch.lease, period)
    stated = [(each.meter_id, each.first_seq, each.last_seq) for each in batch.ranges]
    found = [(each.meter_id, each.first_seq, each.last_seq) for each in _ranges(records)]
    if stated != found:
        raise refused(
            "SCHEMA",
            "BATCH-RANGE-1",
            f"The batch's ranges are {_show(stated)}, but its records are {_show(found)}. State exactly the "
            "numbers that there are records of, consecutive ones as one range.",
        )


def _ranges(records: Iterable[Record]) -> list[SeqRange]:
    """Returns the numbers of records in order: consecutive ones as one range (BATCH-RANGE-1)."""
    ranges: list[SeqRange] = []
    for record in records:
        last = ranges[-1] if ranges else None
        if last is None or last.meter_id != record.meter_id or record.seq > last.last_seq + 1:
            ranges.append(SeqRange(meter_id=record.meter_id, first_seq=record.seq, last_seq=record.seq))
        else:
            last.last_seq = max(last.last_seq, record.seq)
    return ranges


def _show(ranges: Sequence[tuple[str, int, int]]) -> str:
    shown = ", ".join(f"{meter} {first} to {last}" for meter, first, last in ranges[:5])
    return (shown or "none") + (f" and {len(ranges) - 5} more" if len(ranges) > 5 else "")
