"""Leases, usage, invoices, notes and disputes of the store as the contract's messages."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from crex import v1
from crex.invoice.money import money_message
from crex_broker.application.messages import transition_message
from crex_broker.application.ports.disputes import DisputeSnapshot
from crex_broker.application.ports.invoices import InvoiceSnapshot
from crex_broker.application.ports.leases import LeaseSnapshot
from crex_broker.application.ports.notes import NoteSnapshot
from crex_broker.application.ports.usage import UsageSnapshot
from crex_broker.application.times import timestamp
from crex_broker.domain.etags import etag_of


def lease_message(lease: LeaseSnapshot) -> v1.Lease:
    """Gives a lease as the contract writes it."""
    return v1.Lease(
        name=lease.name,
        state=v1.LeaseState.Value(f"LEASE_STATE_{lease.state}"),
        etag=etag_of(lease.version),
        order=lease.order,
        consumer=lease.consumer,
        provider=lease.provider,
        offer=lease.offer,
        quantity=lease.quantity,
        interval=v1.Interval(start=timestamp(lease.start_ms), end=timestamp(lease.end_ms)),
        activated_at=_maybe(lease.activated_ms),
        ended_at=_maybe(lease.ended_ms),
        command_epoch=lease.command_epoch,
        access_epoch=lease.access_epoch,
        release_receipt_sha256=lease.release_receipt_sha256,
        create_time=timestamp(lease.create_ms),
        update_time=timestamp(lease.update_ms),
        last_transition=transition_message(lease.last),
        pool=lease.pool,
        terminated_at=_maybe(lease.terminated_ms),
    )


def usage_message(usage: UsageSnapshot) -> v1.UsagePeriod:
    """Gives the usage of a period as the contract writes it."""
    return v1.UsagePeriod(
        lease=usage.lease,
        period=v1.Interval(start=timestamp(usage.start_ms), end=timestamp(usage.end_ms)),
        state=v1.UsageState.Value(f"USAGE_STATE_{usage.state}"),
        etag=etag_of(usage.version),
        batch_count=usage.batch_count,
        record_count=usage.record_count,
        last_batch_sha256=usage.last_batch_sha256,
        create_time=timestamp(usage.create_ms),
        update_time=timestamp(usage.update_ms),
        last_transition=transition_message(usage.last),
    )


def invoice_message(invoice: InvoiceSnapshot) -> v1.InvoiceRecord:
    """Gives an invoice as the contract writes it."""
    return v1.InvoiceRecord(
        id=invoice.id,
        state=v1.InvoiceState.Value(f"INVOICE_STATE_{invoice.state}"),
        etag=etag_of(invoice.version),
        seller=invoice.seller,
        buyer=invoice.buyer,
        lease="" if invoice.lease_count else invoice.lease,
        total=v1.Money(currency=invoice.currency, amount=invoice.total),
        sha256=invoice.sha256,
        create_time=timestamp(invoice.create_ms),
        update_time=timestamp(invoice.update_ms),
        acceptance_deadline=timestamp(invoice.deadline_ms),
        last_transition=transition_message(invoice.last),
        owed=money_message(invoice.owed_money),
        withheld=money_message(invoice.withheld_money),
        paid=money_message(invoice.paid_money),
        payable=money_message(invoice.payable),
        note_count=invoice.note_count,
        open_dispute_count=invoice.open_disputes,
        rating_digest=invoice.digest_owed,
    )


def note_message(note: NoteSnapshot) -> v1.NoteRecord:
    """Gives a note as the contract writes it."""
    return v1.NoteRecord(
        id=note.id,
        revision=note.revision,
        sha256=note.sha256,
        type=note.type,
        invoice=note.invoice,
        number=note.number,
        reason=note.reason,
        total=v1.Money(currency=note.currency, amount=note.total),
        create_time=timestamp(note.create_ms),
    )


def dispute_message(dispute: DisputeSnapshot) -> v1.DisputeRecord:
    """Gives a dispute as the contract writes it."""
    settled = None
    if dispute.settled_id:
        settled = v1.Pin(
            id=dispute.settled_id, revision=dispute.settled_revision, sha256=dispute.settled_sha256
        )
    return v1.DisputeRecord(
        id=dispute.id,
        state=v1.DisputeState.Value(f"DISPUTE_STATE_{dispute.state}"),
        etag=etag_of(dispute.version),
        sha256=dispute.sha256,
        invoice=dispute.invoice,
        seller=dispute.seller,
        buyer=dispute.buyer,
        arbiter=dispute.arbiter,
        disputed=v1.Money(currency=dispute.currency, amount=dispute.disputed),
        answer_by=timestamp(dispute.answer_by_ms),
        settled_by=settled,
        create_time=timestamp(dispute.create_ms),
        update_time=timestamp(dispute.update_ms),
        last_transition=transition_message(dispute.last),
    )


def _maybe(ms: int | None) -> Timestamp | None:
    return None if ms is None else timestamp(ms)
