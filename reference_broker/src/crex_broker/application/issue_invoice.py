"""IssueInvoice: an invoice stands only if the broker computes the same (BILLING-ISSUE-2, BILLING-ISSUE-3)."""

from __future__ import annotations

import asyncio
from typing import Final

from crex import v1
from crex.decimals import Money
from crex.errors import CrexError
from crex.invoice import verify
from crex.metering.span import Span, timestamp_ms
from crex.trust.verified import Verified
from crex_broker.application.bill_bases import BillBases, BillBasis, sum_in
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.lease_messages import invoice_message
from crex_broker.application.opening import new_document, open_own
from crex_broker.application.ports.invoices import InvoiceSnapshot, NewInvoice
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.ports.usage import UsageSnapshot
from crex_broker.application.rejudging import judged_anew

_METHOD: Final = "BillingService.IssueInvoice"


class IssueInvoice:
    """Recomputes an invoice from the documents that the broker has, and keeps it if nothing differs."""

    def __init__(self, context: Context, bases: BillBases) -> None:
        self._context = context
        self._bases = bases

    async def __call__(self, caller: Caller, request: v1.IssueInvoiceRequest) -> v1.IssueInvoiceResponse:
        """Issues.

        Raises:
            CrexError: NOT_FOUND, INCOMPLETE, the reasons of verification, RATING_DIFFERS, TERMS, SUBJECT,
                REFERENCE_MISSING, BUDGET_EXCEEDED, and those of `InvoiceStore.issue`.
        """
        store = self._context.store
        mutation = mutation_of(caller, _METHOD, request)

        async def attempt() -> Remembered[InvoiceSnapshot]:
            invoice = await self._recomputed(caller, request)
            return await store.invoices.issue(mutation, invoice)

        remembered = await answered(store.requests, mutation, InvoiceSnapshot, lambda: judged_anew(attempt))
        return v1.IssueInvoiceResponse(
            invoice=invoice_message(remembered.outcome), replayed=remembered.replayed
        )

    async def _recomputed(self, caller: Caller, request: v1.IssueInvoiceRequest) -> NewInvoice:
        store = self._context.store
        opened = open_own(self._context, caller, request.invoice, v1.Invoice)
        message = opened.message
        if message.provisional or message.leases:
            raise _not_taken(message)
        period = Span.of(message.period)
        basis = await self._bases.of(caller.authority, message, period.start_ms)
        usage, sale = basis.usage, basis.sale.lease
        if usage is None or usage.state != "SEALED":
            raise _incomplete(message.lease, period, usage)
        others = await store.invoices.billed_before(sale.order, opened.digest)
        billed = sum_in(message.currency, others)
        await asyncio.to_thread(self._verify, opened, list(request.lines), basis, billed)
        return NewInvoice(
            document=new_document(opened, provider=sale.provider, consumer=sale.consumer),
            lines=tuple(request.lines),
            lease=message.lease,
            start_ms=period.start_ms,
            end_ms=period.end_ms,
            usage_version=usage.version,
            order=sale.order,
            billed_before=others,
            buyer=message.buyer,
            currency=message.total.currency,
            total=message.total.amount,
            rating_digest=message.rating_digest,
            acceptance_ms=basis.sold.invoice_acceptance_ms(self._context.limits.invoice_acceptance_ms),
            account=message.account,
            issued_ms=timestamp_ms(message.header.issued_at),
        )

    def _verify(
        self, opened: Verified[v1.Invoice], lines: list[bytes], basis: BillBasis, billed: Money | None
    ) -> None:
        before = {} if billed is None else {basis.sold.sale.order.id: billed}
        verify(opened, lines, basis.opened(self._context), billed_before=before).require()


def _not_taken(message: v1.Invoice) -> CrexError:
    """Gives the refusal of an invoice that is no bill of one lease that is owed."""
    if message.provisional:
        return CrexError(
            "INCOMPLETE",
            f"{message.header.id} is provisional: nobody owes it, so it is not issued here. Seal the period "
            "and issue its invoice (INVOICE-PROVISIONAL-1).",
            details={"requirement": "INVOICE-PROVISIONAL-1"},
        )
    return CrexError(
        "TERMS",
        f"{message.header.id} bills {len(message.leases)} leases of an account together. A broker takes an "
        "invoice of one lease; exchange this one with the buyer (BILLING-PLAN-1).",
        details={"requirement": "BILLING-PLAN-1"},
    )


def _incomplete(lease: str, period: Span, usage: UsageSnapshot | None) -> CrexError:
    state = "not there" if usage is None else usage.state
    return CrexError(
        "INCOMPLETE",
        f"The usage of {lease} in {period} is {state}; an invoice bills sealed usage. Seal the period, then "
        "issue the invoice (BILLING-ISSUE-1).",
        details={"lease": lease, "current_state": "" if usage is None else usage.state},
    )
