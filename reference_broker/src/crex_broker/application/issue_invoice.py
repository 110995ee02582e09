"""IssueInvoice: an invoice stands only if the broker computes the same (BILLING-ISSUE-2, BILLING-ISSUE-3)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from crex import v1
from crex.errors import CrexError
from crex.invoice import verify
from crex.metering.span import Span, timestamp_ms
from crex.rating.engine import Rating
from crex.trust.verified import Verified
from crex_broker.application.accounts_billed import BilledAccounts
from crex_broker.application.bill_bases import BillBases, BillBasis, sum_in
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.lease_messages import invoice_message
from crex_broker.application.opening import new_document, open_own
from crex_broker.application.ports.invoices import InvoiceSnapshot, NewInvoice, OrderPart
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.ports.usage import UsageSnapshot
from crex_broker.application.rejudging import judged_anew

_METHOD: Final = "BillingService.IssueInvoice"
# By order: what its other invoices came to.
_Others = Mapping[str, tuple[tuple[str, str], ...]]


class IssueInvoice:
    """Recomputes an invoice from the documents that the broker has, and keeps it if nothing differs."""

    def __init__(self, context: Context, bases: BillBases, accounts: BilledAccounts) -> None:
        self._context = context
        self._bases = bases
        self._accounts = accounts

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
        if message.provisional:
            raise _provisional(message)
        period = Span.of(message.period)
        basis = await self._bases.of(caller.authority, message, period.start_ms)
        for each in basis.leases:
            if each.usage is None or each.usage.state != "SEALED":
                raise _incomplete(each.sale.lease.name, period, each.usage)
        digest, invoices = opened.digest, store.invoices
        others = {order: await invoices.billed_before(order, digest) for order in basis.orders}
        rating = await asyncio.to_thread(self._verify, opened, list(request.lines), basis, others)
        first = basis.first
        together = await self._accounts.whole(message, basis) if basis.together else None
        return NewInvoice(
            document=new_document(
                opened, provider=first.sale.lease.provider, consumer=first.sale.lease.consumer
            ),
            lines=tuple(request.lines),
            leases=basis.usages,
            start_ms=period.start_ms,
            end_ms=period.end_ms,
            orders=tuple(
                OrderPart(order, basis.share(rating.lines, order, rating.total).amount, before)
                for order, before in others.items()
            ),
            buyer=message.buyer,
            currency=message.total.currency,
            total=message.total.amount,
            rating_digest=message.rating_digest,
            acceptance_ms=first.sold.invoice_acceptance_ms(self._context.limits.invoice_acceptance_ms),
            account=message.account,
            issued_ms=timestamp_ms(message.header.issued_at),
            together=together,
        )

    def _verify(
        self, opened: Verified[v1.Invoice], lines: list[bytes], basis: BillBasis, others: _Others
    ) -> Rating:
        before = {}
        for order, sold in basis.orders.items():
            billed = sum_in(opened.message.currency, others[order])
            if billed is not None:
                before[sold.sale.order.id] = billed
        report = verify(opened, lines, basis.opened(self._context), billed_before=before)
        report.require()
        assert report.rating is not None  # noqa: S101 - what cannot be rated was refused
        return report.rating


def _provisional(message: v1.Invoice) -> CrexError:
    """Gives the refusal of an invoice that nobody owes."""
    return CrexError(
        "INCOMPLETE",
        f"{message.header.id} is provisional: nobody owes it, so it is not issued here. Seal the period and "
        "issue its invoice (INVOICE-PROVISIONAL-1).",
        details={"requirement": "INVOICE-PROVISIONAL-1"},
    )


def _incomplete(lease: str, period: Span, usage: UsageSnapshot | None) -> CrexError:
    state = "not there" if usage is None else usage.state
    return CrexError(
        "INCOMPLETE",
        f"The usage of {lease} in {period} is {state}; an invoice bills sealed usage. Seal the period, then "
        "issue the invoice (BILLING-ISSUE-1).",
        details={"lease": lease, "current_state": "" if usage is None else usage.state},
    )
