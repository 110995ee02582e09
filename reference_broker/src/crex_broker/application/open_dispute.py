"""OpenDispute: the buyer says which lines it does not agree with, and pays the rest."""

from __future__ import annotations

import asyncio

from crex import v1
from crex.disputes.case import Case
from crex.errors import CrexError
from crex.metering.span import timestamp_ms
from crex.trust.verified import Verified
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.lease_messages import dispute_message, invoice_message
from crex_broker.application.opened_invoices import OpenedInvoice, withheld
from crex_broker.application.opening import new_document, open_own
from crex_broker.application.ports.disputes import Disputed, NewDispute
from crex_broker.application.ports.invoices import InvoicePapers, invoice_not_found
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.rejudging import judged_anew


class OpenDispute:
    """Judges a dispute by the invoice and all notes on it, and keeps it (BILLING-DISPUTE-1)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, caller: Caller, request: v1.OpenDisputeRequest) -> v1.OpenDisputeResponse:
        """Opens.

        Raises:
            CrexError: The reasons of verification, NOT_FOUND, NOT_A_PARTY, SUBJECT, TERMS, CONFLICT, and
                those of `DisputeStore.open`.
        """
        store = self._context.store
        mutation = mutation_of(caller, "BillingService.OpenDispute", request)

        async def attempt() -> Remembered[Disputed]:
            dispute = await self._judged(caller, request)
            return await store.disputes.open(mutation, dispute)

        remembered = await answered(store.requests, mutation, Disputed, lambda: judged_anew(attempt))
        outcome = remembered.outcome
        return v1.OpenDisputeResponse(
            dispute=dispute_message(outcome.dispute),
            invoice=invoice_message(outcome.invoice),
            replayed=remembered.replayed,
        )

    async def _judged(self, caller: Caller, request: v1.OpenDisputeRequest) -> NewDispute:
        opened = open_own(self._context, caller, request.dispute, v1.Dispute)
        invoice = opened.message.invoice
        papers = await self._context.store.invoices.papers(caller.authority, invoice.id)
        if papers is None:
            raise invoice_not_found(invoice.id)
        if papers.invoice.buyer != caller.authority:
            raise CrexError(
                "NOT_A_PARTY",
                f"Only the buyer disputes {invoice.id}, and it is {papers.invoice.buyer} (DISPUTE-PARTY-1).",
                details={"name": invoice.id},
            )
        return await asyncio.to_thread(self._judge, opened, papers)

    def _judge(self, opened: Verified[v1.Dispute], papers: InvoicePapers) -> NewDispute:
        invoice = OpenedInvoice.of(self._context, papers)
        standing, message, record = invoice.standing, opened.message, papers.invoice
        kept_back = record.withheld_money
        arbiter = self._context.authority
        if opened.digest not in invoice.digests:
            invoice.check_later(opened)
            case = Case.opened(opened, standing, invoice.cases)
            kept_back, arbiter = withheld(standing, [*invoice.cases, case]), case.arbiter
        return NewDispute(
            document=new_document(opened, provider=record.seller, consumer=record.buyer),
            invoice=record.id,
            invoice_version=record.version,
            arbiter=arbiter,
            currency=message.disputed.currency,
            disputed=message.disputed.amount,
            withheld=kept_back.amount,
            answer_by_ms=timestamp_ms(message.answer_by),
        )
