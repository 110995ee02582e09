"""IssueNote: a note stands only if the broker computes the same (BILLING-NOTE-1)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crex import v1
from crex.decimals import Money
from crex.disputes.case import document_ms
from crex.documents.types import DocumentType
from crex.errors import CrexError
from crex.invoice import Ledger, SignedNote, verify_notes
from crex.invoice.ledger import USAGE
from crex.invoice.money import money_of
from crex.invoice.standing import Note
from crex.metering.span import Span
from crex.trust import merkle, steps
from crex.trust.envelope import read_parts
from crex.trust.verified import Verified
from crex_broker.application.bill_bases import BillBases, BillBasis, sum_in
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.lease_messages import invoice_message, note_message
from crex_broker.application.opened_invoices import OpenedInvoice, withheld
from crex_broker.application.opening import new_document, open_own
from crex_broker.application.ports.invoices import InvoicePapers, OrderPart, invoice_not_found
from crex_broker.application.ports.notes import NewNote, NoteIssued
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.rejudging import judged_anew
from crex_broker.application.sold_leases import SoldLease

_METHOD: Final = "BillingService.IssueNote"
_TYPES: Final[tuple[type[Note], ...]] = (v1.CreditNote, v1.DebitNote)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What an invoice comes to after a note, and what of it counts against each of its orders."""

    owed: Money
    withheld: Money
    shares: Mapping[str, Money]


class IssueNote:
    """Recomputes a note by the invoice and everything on it, and keeps it if nothing differs."""

    def __init__(self, context: Context, bases: BillBases) -> None:
        self._context = context
        self._bases = bases
        self._types = {DocumentType.of(kind).payload_type: kind for kind in _TYPES}

    async def __call__(self, caller: Caller, request: v1.IssueNoteRequest) -> v1.IssueNoteResponse:
        """Issues.

        Raises:
            CrexError: TYPE, the reasons of verification, NOT_FOUND, NOT_A_PARTY, CONFLICT, RATING_DIFFERS,
                TERMS, SUBJECT, BUDGET_EXCEEDED, and those of `NoteStore.issue`.
        """
        store = self._context.store
        mutation = mutation_of(caller, _METHOD, request)

        async def attempt() -> Remembered[NoteIssued]:
            note = await self._recomputed(caller, request)
            return await store.notes.issue(mutation, note)

        remembered = await answered(store.requests, mutation, NoteIssued, lambda: judged_anew(attempt))
        outcome = remembered.outcome
        return v1.IssueNoteResponse(
            note=note_message(outcome.note),
            invoice=invoice_message(outcome.invoice),
            replayed=remembered.replayed,
        )

    async def _recomputed(self, caller: Caller, request: v1.IssueNoteRequest) -> NewNote:
        store = self._context.store
        opened = self._open(caller, request.note)
        correction = opened.message.correction
        papers = await store.invoices.papers(caller.authority, correction.invoice.id)
        if papers is None:
            raise invoice_not_found(correction.invoice.id)
        if papers.invoice.seller != caller.authority:
            raise CrexError(
                "NOT_A_PARTY",
                f"Only the seller issues notes on {papers.invoice.id}, and that is {papers.invoice.seller} "
                "(BILLING-SIGNER-1).",
                details={"name": papers.invoice.id},
            )
        note = SignedNote(opened, tuple(request.lines))
        invoice = await asyncio.to_thread(OpenedInvoice.of, self._context, papers)
        billed = invoice.billed.invoice.message
        basis = await self._bases.of(caller.authority, billed, Span.of(billed.period).start_ms)
        if opened.digest in invoice.digests:
            _check_same_lines(opened, request.lines)
            owed, kept_back = papers.invoice.owed_money, papers.invoice.withheld_money
            return self._new(note, invoice, basis, _Outcome(owed, kept_back, {}), {})
        _check_pins(correction, invoice, opened)
        invoice.check_later(opened)
        outcome = await asyncio.to_thread(self._verify, note, invoice, basis)
        others = {}
        if isinstance(opened.message, v1.DebitNote):
            for order, sold in basis.orders.items():
                others[order] = await store.invoices.billed_before(order, papers.invoice.sha256)
                _check_spend(sold, papers, outcome.shares[order], others[order])
        return self._new(note, invoice, basis, outcome, others)

    def _open(self, caller: Caller, envelope: v1.Envelope) -> Verified[Note]:
        read_parts(envelope)  # steps 1 to 3 come before the type (VERIFY-ORDER-1)
        kind = self._types.get(envelope.payload_type)
        if kind is None:
            raise steps.refusal(
                steps.TYPE,
                "TYPE",
                f"{envelope.payload_type!r} is no note: IssueNote takes a credit note or a debit note.",
                found=envelope.payload_type,
            )
        return open_own(self._context, caller, envelope, kind)

    def _verify(self, note: SignedNote, invoice: OpenedInvoice, basis: BillBasis) -> _Outcome:
        opened = basis.opened(self._context)
        billed = invoice.billed
        ledger = Ledger.of_basis(billed.invoice, invoice.papers.lines, opened, billed.notes)
        cases = invoice.cases
        settlements = {
            case.settled_by.sha256: case.settlement() for case in cases if case.settled_by is not None
        }
        (report,) = verify_notes(ledger, [note], opened, settlements=settlements)
        report.require()
        standing = invoice.standing.noted(note)
        lines = [line for each in standing.issued for line in each.lines]
        shares = {order: basis.share(lines, order, standing.total) for order in basis.orders}
        return _Outcome(standing.total, withheld(standing, cases), shares)

    def _new(
        self,
        note: SignedNote,
        invoice: OpenedInvoice,
        basis: BillBasis,
        outcome: _Outcome,
        others: Mapping[str, tuple[tuple[str, str], ...]],
    ) -> NewNote:
        correction, standing, lease = note.correction, invoice.papers.invoice, basis.first.sale.lease
        return NewNote(
            document=new_document(note.note, provider=lease.provider, consumer=lease.consumer),
            lines=tuple(note.lines),
            invoice=standing.id,
            invoice_version=standing.version,
            usages=basis.usages if correction.reason == USAGE else (),
            orders=tuple(
                OrderPart(order, share.amount, others.get(order)) for order, share in outcome.shares.items()
            ),
            reason=correction.reason,
            currency=correction.currency,
            total=correction.total.amount,
            owed=outcome.owed.amount,
            withheld=outcome.withheld.amount,
            owed_digest=correction.rating_digest,
            event="debit" if isinstance(note.note.message, v1.DebitNote) else "credit",
            account=invoice.billed.invoice.message.account,
            issued_ms=document_ms(note.note),
        )


def _check_pins(correction: v1.Correction, invoice: OpenedInvoice, note: Verified[Note]) -> None:
    """Tells a note that another one came before it by that (BILLING-NOTE-2); the rest is verified later."""
    pinned, here = list(correction.earlier_notes), [each.note.pin for each in invoice.billed.notes]
    if len(pinned) < len(here) and pinned == here[: len(pinned)]:
        missed = here[len(pinned)]
        raise CrexError(
            "CONFLICT",
            f"{missed.id} was issued on {invoice.papers.invoice.id} before {note.id}, which does not pin it. "
            "Make the note anew from everything issued (BILLING-NOTE-2).",
            details={"note": missed.id, "sha256": missed.sha256, "requirement": "BILLING-NOTE-2"},
        )


def _check_same_lines(note: Verified[Note], lines: Sequence[bytes]) -> None:
    if merkle.root(lines).hex() != note.message.correction.lines_root:
        raise CrexError(
            "CONFLICT",
            f"{note.id} is here already, with other lines: those sent now have another root. Send exactly "
            "the lines that were signed (INVOICE-LINES-1).",
            details={"requirement": "INVOICE-LINES-1"},
        )


def _check_spend(
    sold: SoldLease, papers: InvoicePapers, owed: Money, others: tuple[tuple[str, str], ...]
) -> None:
    """Holds an order to its spend limit also after a debit note (BILLING-NOTE-3, ORDER-SPEND-1)."""
    stated = sold.sale.spend_limit
    if stated is None:
        return
    limit = money_of(stated)
    before = sum_in(owed.currency, others)
    spent = owed if before is None else owed + before
    if spent.currency != limit.currency or spent.minor > limit.minor:
        raise CrexError(
            "BUDGET_EXCEEDED",
            f"With the note the order {sold.sale.order.id} of {papers.invoice.id} comes to {spent}, and its "
            f"consumer signed for at most {limit}. What goes beyond is not owed (BILLING-NOTE-3).",
            details={"spent": spent.amount, "currency": spent.currency, "spend_limit": limit.amount},
        )
