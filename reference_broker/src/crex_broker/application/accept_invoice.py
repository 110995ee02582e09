"""AcceptInvoice: the consumer signs that it computed the same bill."""

from __future__ import annotations

from crex import v1
from crex.errors import CrexError
from crex.invoice import check_acceptance
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.lease_messages import invoice_message
from crex_broker.application.opening import new_document, open_own
from crex_broker.application.ports.invoices import InvoiceSnapshot
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.sold_leases import reopen


class AcceptInvoice:
    """Accepts an invoice by the buyer's signature under its rating digest (BILLING-ACCEPT-1)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, caller: Caller, request: v1.AcceptInvoiceRequest) -> v1.AcceptInvoiceResponse:
        """Accepts.

        Raises:
            CrexError: The reasons of verification, NOT_FOUND, SUBJECT, NOT_A_PARTY, RATING_DIFFERS, and those
                of `InvoiceStore.accept`.
        """
        store = self._context.store
        mutation = mutation_of(caller, "BillingService.AcceptInvoice", request)

        async def work() -> Remembered[InvoiceSnapshot]:
            acceptance = open_own(self._context, caller, request.acceptance, v1.InvoiceAcceptance)
            pin = acceptance.message.invoice
            found = await store.invoices.by_digest(caller.authority, pin.sha256)
            if found is None:
                raise CrexError(
                    "NOT_FOUND",
                    f"You have no invoice {pin.id}@{pin.revision} with digest {pin.sha256}. Accept an "
                    "invoice that was issued to you here.",
                    details={"name": pin.id, "sha256": pin.sha256},
                )
            invoice, kept = found
            billed = reopen(self._context, kept, v1.Invoice)
            check_acceptance(acceptance, billed, owed_digest=invoice.digest_owed)
            document = new_document(acceptance, provider=invoice.seller, consumer=invoice.buyer)
            digest = acceptance.message.rating_digest
            return await store.invoices.accept(mutation, invoice.id, document, rating_digest=digest)

        remembered = await answered(store.requests, mutation, InvoiceSnapshot, work)
        return v1.AcceptInvoiceResponse(
            invoice=invoice_message(remembered.outcome), replayed=remembered.replayed
        )
