"""RecordPayment: the seller says that it was paid."""

from __future__ import annotations

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.lease_messages import invoice_message
from crex_broker.application.ports.invoices import InvoiceSnapshot


class RecordPayment:
    """Settles an accepted invoice (BILLING-PAY-1)."""

    def __init__(self, context: Context) -> None:
        self._store = context.store

    async def __call__(self, caller: Caller, request: v1.RecordPaymentRequest) -> v1.RecordPaymentResponse:
        """Records; see `InvoiceStore.record_payment` for what it may raise."""
        mutation = mutation_of(caller, "BillingService.RecordPayment", request)
        remembered = await answered(
            self._store.requests,
            mutation,
            InvoiceSnapshot,
            lambda: self._store.invoices.record_payment(
                mutation, request.invoice_id, request.payment_reference
            ),
        )
        return v1.RecordPaymentResponse(
            invoice=invoice_message(remembered.outcome), replayed=remembered.replayed
        )
