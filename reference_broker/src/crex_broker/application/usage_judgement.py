"""Judging a batch of usage before it is kept (BILLING-*): pure, so that it may run beside the event loop.

The SDK knows the rules of chains, trees and bounds, and a bill is held to the same; here they are asked with
what the broker knows of the lease: when it was activated, when its use ended, what came before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain as joined

from crex import v1
from crex.documents.times import format_time, from_ms
from crex.errors import CrexError
from crex.invoice import Sale, SealedBatch
from crex.metering.batch import verify_batch
from crex.metering.chain import Chain
from crex.metering.record import Record, parse_record
from crex.metering.selection import latest
from crex.metering.span import Span, ms_timestamp, timestamp_ms
from crex.rating.bounds import check_bounds, check_overlaps, check_quantity
from crex.trust.verified import Verified
from crex_broker.application.ports.leases import LeaseSnapshot
from crex_broker.application.ports.usage import ChainHead, UsageView


@dataclass(frozen=True, slots=True)
class Judged:
    """A batch that continues its chain: where the chain then stands, and its records."""

    head: ChainHead
    events: tuple[v1.ServiceEvent, ...]
    records: tuple[Record, ...]

    @property
    def span(self) -> Span | None:
        """From the earliest start to the latest end of its records; nothing where it has none."""
        if not self.records:
            return None
        return Span(
            min(record.span.start_ms for record in self.records),
            max(record.span.end_ms for record in self.records),
        )


def judge_chain(view: UsageView, batch: Verified[v1.UsageBatch], bodies: Sequence[bytes]) -> Judged:
    """Checks a batch against the chain that it continues and the bytes of its records.

    Raises:
        CrexError: As `crex.metering.batch.verify_batch` (BILLING-CHAIN-1, BILLING-SEQ-1, BILLING-ROOT-1,
            BILLING-PERIOD-1, BILLING-DUPLICATE-2). TERMS where it corrects a sealed period
            (BILLING-AMEND-1).
    """
    if batch.message.HasField("corrects"):
        raise CrexError(
            "TERMS",
            f"{batch.id} corrects a sealed period, and such a batch goes to AmendUsage. Call that "
            "(BILLING-AMEND-1).",
            details={"lease": view.sale.lease.name, "requirement": "BILLING-AMEND-1"},
        )
    continued, records = verify_batch(_chain(view), batch, bodies)
    return Judged(_head(continued, batch), continued.events, records)


def judge_correction(
    lease: str, chain: Iterable[SealedBatch], batch: Verified[v1.UsageBatch], bodies: Sequence[bytes]
) -> tuple[Judged, list[Record]]:
    """Checks a batch that corrects a sealed period against the whole chain.

    Args:
        lease: Name of the lease.
        chain: All its batches, first to last; those of the corrected period with their records.
        batch: The batch.
        bodies: Bytes of its records.

    Returns:
        What it comes to, and all records of the period together with its own, each in its highest revision.

    Raises:
        CrexError: As `crex.metering.batch.verify_batch` (BATCH-CORRECTION-1, BILLING-CHAIN-1,
            BILLING-ROOT-1).
    """
    so_far, every = Chain(lease), list[Record]()
    for sealed in chain:
        if sealed.bodies is None:
            so_far = so_far.follow(sealed.batch.message, sealed.batch.pin)
            continue
        so_far, records = verify_batch(so_far, sealed.batch, sealed.bodies)
        every += records
    continued, records = verify_batch(so_far, batch, bodies)
    return Judged(_head(continued, batch), continued.events, records), latest([*every, *records])


def judge_corrected(
    view: UsageView, sale: Sale, events: Sequence[v1.ServiceEvent], every: list[Record]
) -> None:
    """Checks that a period as corrected states nothing beyond what was sold and delivered.

    Args:
        view: What the broker knows of the lease.
        sale: What was sold.
        events: Service events of the lease.
        every: All records of the period, each in its highest revision.

    Raises:
        CrexError: USAGE_OUT_OF_BOUNDS (BILLING-BOUNDS-1, BILLING-BOUNDS-2), CONFLICT where records overlap.
    """
    check_bounds(sale.plan, sale.terms, _active(view, sale, events), every)


def judge_bounds(
    view: UsageView, sale: Sale, batch: v1.UsageBatch, judged: Judged, earlier: Sequence[bytes]
) -> None:
    """Checks that a batch states nothing beyond what was sold and delivered.

    Args:
        view: What the broker knows of the lease.
        sale: What was sold.
        batch: The batch.
        judged: Where it leads.
        earlier: Bytes of the records of earlier batches that reach into the time of its own.

    Raises:
        CrexError: USAGE_OUT_OF_BOUNDS (BILLING-BOUNDS-1, BILLING-BOUNDS-2, BILLING-BOUNDS-3), CONFLICT where
            records overlap.
    """
    lease = view.sale.lease
    use = use_of(lease)
    until_ms = max(
        [record.span.end_ms for record in judged.records] + [view.until_ms or 0],
        default=0,
    )
    for event in batch.service_events:
        _check_event(lease, use, event, until_ms)
    if not judged.records:
        return
    check_bounds(sale.plan, sale.terms, _active(view, sale, judged.events), judged.records)
    if earlier:
        before = [parse_record(body) for body in earlier]
        check_overlaps(joined(before, judged.records))
        held = sale.plan.bounded
        every = joined(before, judged.records)
        check_quantity((each for each in every if (each.dimension, each.unit) in held), lease.quantity)


def check_final_readings(judged: Judged, receipt: v1.ReleaseReceipt) -> None:
    """Requires that nothing is missing that the provider read when it released the lease (BILLING-SEAL-2).

    Raises:
        CrexError: USAGE_GAP.
    """
    for reading in receipt.final_readings:
        expected = judged.head.next_seq.get(reading.meter_id, 1)
        if expected <= reading.last_seq:
            raise CrexError(
                "USAGE_GAP",
                f"Meter {reading.meter_id} ends below number {expected}, and the release receipt says that "
                f"its last is {reading.last_seq}. Send the missing records, or a gap marker, before the "
                "period is sealed (BILLING-SEAL-2).",
                details={"meter_id": reading.meter_id, "expected_seq": str(expected)},
            )


def use_of(lease: LeaseSnapshot) -> Span:
    """Gives the time in which a lease was in use by what the broker knows; empty before it was activated."""
    if lease.activated_ms is None:
        return Span(lease.start_ms, lease.start_ms)
    ends = [end for end in (lease.end_ms, lease.terminated_ms, lease.ended_ms) if end is not None]
    return Span(lease.activated_ms, max(lease.activated_ms, min(ends)))


def _active(view: UsageView, sale: Sale, events: Sequence[v1.ServiceEvent]) -> Span:
    """Gives the time in which records may lie, by what the broker knows and what the provider stated."""
    use, stated = use_of(view.sale.lease), sale.terms.active(events)
    start_ms = max(use.start_ms, stated.start_ms)
    return Span(start_ms, max(start_ms, min(use.end_ms, stated.end_ms)))


def _head(chain: Chain, batch: Verified[v1.UsageBatch]) -> ChainHead:
    period = chain.period
    assert period is not None  # noqa: S101 - a chain with a batch has a period
    return ChainHead(
        last_id=batch.id,
        last_revision=batch.revision,
        last_sha256=batch.digest,
        start_ms=period.start_ms,
        end_ms=period.end_ms,
        final=chain.final,
        next_seq=dict(chain.next_seq),
        first_seq=dict(chain.first_seq),
        events=tuple(map(_kept_event, chain.events)),
    )


def _chain(view: UsageView) -> Chain:
    """Gives the chain so far. Of its batches only the last and the one cited make a difference."""
    name, head = view.sale.lease.name, view.head
    if head is None:
        return Chain(name)
    last = v1.Pin(id=head.last_id, revision=head.last_revision, sha256=head.last_sha256)
    cited = view.cited
    earlier = () if cited is None else (v1.Pin(id=cited.id, revision=cited.revision, sha256=cited.sha256),)
    return Chain(
        lease=name,
        pins=(*earlier, last),
        next_seq=head.next_seq,
        events=tuple([_event(*event) for event in head.events]),
        period=Span(head.start_ms, head.end_ms),
        first_seq=head.first_seq,
        final=head.final,
    )


def _kept_event(event: v1.ServiceEvent) -> tuple[int, int, int | None]:
    until_ms = timestamp_ms(event.until) if event.HasField("until") else None
    return int(event.kind), timestamp_ms(event.at), until_ms


def _event(kind: int, at_ms: int, until_ms: int | None) -> v1.ServiceEvent:
    return v1.ServiceEvent(
        kind=v1.ServiceEventKind.ValueType(kind),
        at=ms_timestamp(at_ms),
        until=None if until_ms is None else ms_timestamp(until_ms),
    )


def _check_event(lease: LeaseSnapshot, use: Span, event: v1.ServiceEvent, until_ms: int) -> None:
    at_ms = timestamp_ms(event.at)
    if event.kind == v1.ServiceEventKind.SERVICE_EVENT_KIND_ACTIVATED:
        # Where clocks differ the lease begins with its interval, and the agent's own instant lies before it.
        if lease.activated_ms is None or max(at_ms, lease.start_ms) != lease.activated_ms:
            known = "not at all" if lease.activated_ms is None else f"at {_show(lease.activated_ms)}"
            raise _out_of_bounds(lease, f"ACTIVATED at {_show(at_ms)}, and it was activated {known}")
    elif event.kind == v1.ServiceEventKind.SERVICE_EVENT_KIND_OUTAGE:
        until = timestamp_ms(event.until)
        if not use.holds(Span(at_ms, until)):
            raise _out_of_bounds(lease, f"an OUTAGE in {Span(at_ms, until)}, and it was in use in {use}")
    elif not use.start_ms <= at_ms <= use.end_ms:
        raise _out_of_bounds(lease, f"TERMINATED at {_show(at_ms)}, and it was in use in {use}")
    elif at_ms < until_ms:
        known = f"and a record of it ends at {_show(until_ms)}"
        raise _out_of_bounds(lease, f"TERMINATED at {_show(at_ms)}, {known}")


def _out_of_bounds(lease: LeaseSnapshot, what: str) -> CrexError:
    return CrexError(
        "USAGE_OUT_OF_BOUNDS",
        f"The batch says of {lease.name}: {what}. State what happened, at the time the broker was told "
        "(BILLING-BOUNDS-3).",
        details={"lease": lease.name, "requirement": "BILLING-BOUNDS-3"},
    )


def _show(milliseconds: int) -> str:
    return format_time(from_ms(milliseconds))
