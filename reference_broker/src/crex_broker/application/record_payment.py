"""RecordPayment: the seller says that it was paid."""

from __future__ import annotations

from crex import v1
from crex.invoice.money import money_of
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.lease_messages import invoice_message
from crex_broker.application.ports.invoices import InvoiceSnapshot, NewPayment
from crex_broker.application.times import ms_of


class RecordPayment:
    """Records a payment of an invoice, all that is payable unless an amount is stated (BILLING-PAY-1)."""

    def __init__(self, context: Context) -> None:
        self._store = context.store

    async def __call__(self, caller: Caller, request: v1.RecordPaymentRequest) -> v1.RecordPaymentResponse:
        """Records.

        Raises:
            CrexError: SCHEMA (the amount has not the digits of its currency, the time parts of a
                millisecond), and those of `InvoiceStore.record_payment`.
        """
        mutation = mutation_of(caller, "BillingService.RecordPayment", request)
        payment = NewPayment(
            reference=request.payment_reference,
            amount=money_of(request.amount) if request.HasField("amount") else None,
            time_ms=ms_of(request.payment_time, "$.paymentTime")
            if request.HasField("payment_time")
            else None,
        )
        remembered = await answered(
            self._store.requests,
            mutation,
            InvoiceSnapshot,
            lambda: self._store.invoices.record_payment(mutation, request.invoice_id, payment),
        )
        return v1.RecordPaymentResponse(
            invoice=invoice_message(remembered.outcome), replayed=remembered.replayed
        )
