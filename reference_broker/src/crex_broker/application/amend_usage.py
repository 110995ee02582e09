"""AmendUsage: a signed batch that corrects a sealed period, within the offer's correction horizon."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from crex import v1
from crex.disputes.case import document_ms
from crex.documents.times import format_time, from_ms
from crex.errors import CrexError
from crex.metering.span import Span
from crex.trust.verified import Verified
from crex_broker.application.bill_bases import sealed_batch
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.lease_messages import usage_message
from crex_broker.application.opening import open_own
from crex_broker.application.ports.invoices import InvoicePapers
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.ports.usage import KeptBatch, NewBatch, UsageSnapshot, UsageView
from crex_broker.application.rejudging import judged_anew
from crex_broker.application.sold_leases import SoldLease, SoldLeases, reopen_any
from crex_broker.application.usage_intake import check_same_records, new_batch, view_for
from crex_broker.application.usage_judgement import Judged, judge_corrected, judge_correction


class AmendUsage:
    """Accepts a batch of higher revisions and late records of a period that is sealed (BILLING-AMEND-1)."""

    def __init__(self, context: Context, sold: SoldLeases) -> None:
        self._context = context
        self._sold = sold

    async def __call__(self, caller: Caller, request: v1.AmendUsageRequest) -> v1.AmendUsageResponse:
        """Amends.

        Raises:
            CrexError: NOT_FOUND, the reasons of verification, SUBJECT, TERMS, USAGE_GAP, CONFLICT,
                USAGE_OUT_OF_BOUNDS, and those of `UsageStore.append`.
        """
        store = self._context.store
        mutation = mutation_of(caller, "BillingService.AmendUsage", request)

        async def attempt() -> Remembered[UsageSnapshot]:
            batch = await self._judged(caller, request)
            return await store.usage.append(mutation, batch)

        taken = await answered(store.requests, mutation, UsageSnapshot, lambda: judged_anew(attempt))
        return v1.AmendUsageResponse(usage=usage_message(taken.outcome), replayed=taken.replayed)

    async def _judged(self, caller: Caller, request: v1.AmendUsageRequest) -> NewBatch:
        store = self._context.store
        opened = open_own(self._context, caller, request.batch, v1.UsageBatch)
        message = opened.message
        if not message.HasField("corrects"):
            raise CrexError(
                "TERMS",
                f"{opened.id} corrects nothing: it pins no final batch in `corrects`. Send it with "
                "AppendUsage or SealUsage (BILLING-AMEND-1).",
                details={"lease": message.lease, "requirement": "BILLING-AMEND-1"},
            )
        view = await view_for(store.usage, caller, opened)
        if view.known:
            check_same_records(opened, request.records)
            return new_batch(opened, request.records, view, None, "amend")
        sold = await self._sold.of(view.sale)
        sold.sale.check_batch(opened)  # BILLING-SIGNER-1, BILLING-ORDER-1
        until_ms = self._until(opened, sold)
        period = Span.of(message.period)
        head = "" if view.head is None else view.head.last_sha256
        chain = await store.usage.chain(
            caller.authority, message.lease, until_sha256=head, period_ms=period.start_ms
        )
        billed = await store.invoices.papers_of_period(message.lease, period.start_ms)
        if billed is not None:
            self._check_after(opened, billed)
        judged = await asyncio.to_thread(self._judge, view, sold, chain, opened, request.records)
        version = 0 if billed is None else billed.invoice.version
        return new_batch(
            opened, request.records, view, judged, "amend", until_ms=until_ms, invoice_version=version
        )

    def _judge(
        self,
        view: UsageView,
        sold: SoldLease,
        chain: Sequence[KeptBatch],
        opened: Verified[v1.UsageBatch],
        bodies: Sequence[bytes],
    ) -> Judged:
        lease = view.sale.lease.name
        before = (sealed_batch(self._context, kept) for kept in chain)
        judged, every = judge_correction(lease, before, opened, bodies)
        judge_corrected(view, sold.sale, judged.events, every)
        return judged

    def _until(self, opened: Verified[v1.UsageBatch], sold: SoldLease) -> int:
        """Gives until when the period may be corrected, and holds the batch's own time to it."""
        horizon_ms = sold.sale.correction_horizon_ms or 0
        until_ms = Span.of(opened.message.period).end_ms + horizon_ms
        if document_ms(opened) > until_ms:
            raise CrexError(
                "TERMS",
                f"{opened.id} was issued after {format_time(from_ms(until_ms))}, until when the offer's "
                "correction_horizon lets the period be corrected. Settle it with the buyer "
                "(BILLING-AMEND-2).",
                details={"lease": opened.message.lease, "requirement": "BILLING-AMEND-2"},
            )
        return until_ms

    def _check_after(self, opened: Verified[v1.UsageBatch], billed: InvoicePapers) -> None:
        """Refuses a correction that an invoice or a note would have had to pin (BILLING-AMEND-3)."""
        for kept in (billed.document, *(note.document for note in billed.notes)):
            document = reopen_any(self._context, kept)
            if document_ms(opened) <= document_ms(document):
                raise CrexError(
                    "CONFLICT",
                    f"{opened.id} says that it was issued no later than {document.id}, which would then have "
                    "had to bill it. Issue the correction now (BILLING-AMEND-3).",
                    details={"document": document.id, "requirement": "BILLING-AMEND-3"},
                )
