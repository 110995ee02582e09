"""IssueInvoice: an invoice stands only if the broker computes the same (BILLING-ISSUE-2, BILLING-ISSUE-3)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from crex import v1
from crex.decimals import Money
from crex.errors import CrexError
from crex.invoice import Basis, SealedBatch, verify
from crex.metering.span import Span
from crex.trust.verified import Verified
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.lease_messages import invoice_message
from crex_broker.application.opening import new_document, open_own
from crex_broker.application.ports.invoices import InvoiceSnapshot, NewInvoice
from crex_broker.application.ports.leases import lease_not_found
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.ports.usage import KeptBatch, KeptDocument, UsageSnapshot
from crex_broker.application.rejudging import judged_anew
from crex_broker.application.sold_leases import SoldLease, SoldLeases, reopen

_METHOD: Final = "BillingService.IssueInvoice"


class IssueInvoice:
    """Recomputes an invoice from the documents that the broker has, and keeps it if nothing differs."""

    def __init__(self, context: Context, sold: SoldLeases) -> None:
        self._context = context
        self._sold = sold

    async def __call__(self, caller: Caller, request: v1.IssueInvoiceRequest) -> v1.IssueInvoiceResponse:
        """Issues.

        Raises:
            CrexError: NOT_FOUND, INCOMPLETE, the reasons of verification, RATING_DIFFERS, TERMS, SUBJECT,
                BUDGET_EXCEEDED, and those of `InvoiceStore.issue`.
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
        found = await store.usage.sale(caller.authority, message.lease)
        if found is None:
            raise lease_not_found(message.lease)
        usage = await store.usage.period(caller.authority, message.lease, period.start_ms)
        if usage is None or usage.state != "SEALED":
            raise _incomplete(message.lease, period, usage)
        sold = await self._sold.of(found)
        chain = await store.usage.chain(caller.authority, message.lease, until_sha256=usage.last_batch_sha256)
        others = await store.invoices.billed_before(found.lease.order, opened.digest)
        billed = _sum_in(message.currency, others)
        earlier = await self._earlier(caller, message)
        await asyncio.to_thread(self._verify, opened, list(request.lines), sold, chain, billed, earlier)
        return NewInvoice(
            document=new_document(opened, provider=found.lease.provider, consumer=found.lease.consumer),
            lines=tuple(request.lines),
            lease=message.lease,
            start_ms=period.start_ms,
            end_ms=period.end_ms,
            usage_version=usage.version,
            order=found.lease.order,
            billed_before=others,
            buyer=message.buyer,
            currency=message.total.currency,
            total=message.total.amount,
            rating_digest=message.rating_digest,
            acceptance_ms=sold.invoice_acceptance_ms(self._context.limits.invoice_acceptance_ms),
        )

    def _verify(
        self,
        opened: Verified[v1.Invoice],
        lines: list[bytes],
        sold: SoldLease,
        chain: Sequence[KeptBatch],
        billed: Money | None,
        earlier: Verified[v1.Invoice] | None,
    ) -> None:
        basis = Basis.of(sold.sale, [self._sealed(kept) for kept in chain], earlier=earlier)
        before = {} if billed is None else {sold.sale.order.id: billed}
        verify(opened, lines, basis, billed_before=before).require()

    async def _earlier(self, caller: Caller, message: v1.Invoice) -> Verified[v1.Invoice] | None:
        """Gives the invoice whose closings the openings are, where one is pinned (RATE-OPENING-1)."""
        if not message.earlier_invoices:
            return None
        pin = message.earlier_invoices[0]
        kept = await self._context.store.usage.kept(pin.sha256)
        earlier = None if kept is None else reopen(self._context, kept, v1.Invoice)
        if earlier is None or earlier.issuer != caller.authority:
            raise CrexError(
                "SUBJECT",
                f"The invoice pins {pin.id} with SHA-256 {pin.sha256} as the one before it, which was not "
                "issued here. Issue invoices in the order of their periods (RATE-OPENING-1).",
                details={"requirement": "RATE-OPENING-1"},
            )
        return earlier

    def _sealed(self, kept: KeptBatch) -> SealedBatch:
        document = KeptDocument("", 0, "", kept.envelope, kept.kept_ms)
        batch = reopen(self._context, document, v1.UsageBatch)
        if kept.records is None:
            return SealedBatch(batch, None)
        return SealedBatch(batch, tuple(v1.BatchWithRecords.FromString(kept.records).records))


def _sum_in(currency: str, others: Iterable[tuple[str, str]]) -> Money | None:
    """Gives what other invoices of the order come to in one currency; nothing where there is none."""
    total: Money | None = None
    for other, amount in others:
        if other == currency:
            billed = Money.parse(other, amount)
            total = billed if total is None else total + billed
    return total


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
