"""Payments as rows: each counted once under its reference (BILLING-PAY-2, BILLING-PAY-3)."""

from __future__ import annotations

from typing import Final

from crex.decimals import Money
from crex.errors import CrexError
from crex_broker.application.ports.invoices import InvoiceSnapshot, NewPayment
from crex_broker.domain.states import Actor
from crex_broker.storage.sqlite import invoice_table
from crex_broker.storage.sqlite.invoice_table import Change
from crex_broker.storage.sqlite.writer import Tx

# How far ahead of the store's time a payment may be said to have been made.
_FUTURE_MS: Final = 300_000
_KNOWN: Final = """
SELECT invoice, currency, amount, time_ms FROM payments WHERE seller = ? AND buyer = ? AND reference = ?
"""
_INSERT: Final = """
INSERT INTO payments (invoice, seller, buyer, reference, currency, amount, time_ms, create_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


def record(tx: Tx, invoice: InvoiceSnapshot, payment: NewPayment) -> InvoiceSnapshot:
    """Records a payment of an invoice and takes the step that it makes.

    Raises:
        CrexError: TERMS (BILLING-PAY-2), CONFLICT (BILLING-PAY-3), ILLEGAL_TRANSITION.
    """
    known = tx.connection.execute(_KNOWN, (invoice.seller, invoice.buyer, payment.reference)).fetchone()
    if known is not None:
        _check_same(invoice, payment, known)
        return invoice
    amount = invoice.payable if payment.amount is None else payment.amount
    time_ms = tx.now_ms if payment.time_ms is None else payment.time_ms
    paid = invoice.paid_money
    if amount.currency == invoice.currency:
        paid = paid + amount
    # What a settled invoice is paid beyond is no payment of it, and the table has no step for it.
    left = invoice.paid_money.minor < invoice.owed_money.minor or payment.amount is None
    complete = not invoice.open_disputes and left and paid.minor >= invoice.owed_money.minor
    event = "payment" if complete else "part-payment"
    # The step first: an invoice that may not be paid at all says so, whatever the amount is.
    after = invoice_table.advance(
        tx, invoice, event, Actor.PROVIDER, invoice.seller, Change(paid=paid.amount)
    )
    if after.version == invoice.version:
        return invoice  # settled, and nothing more is said to have been paid
    _check_amount(invoice, amount, time_ms, tx.now_ms)
    row = (invoice.id, invoice.seller, invoice.buyer, payment.reference, amount.currency, amount.amount)
    tx.connection.execute(_INSERT, (*row, time_ms, tx.now_ms))
    return after


def _check_amount(invoice: InvoiceSnapshot, amount: Money, time_ms: int, now_ms: int) -> None:
    what = ""
    if amount.currency != invoice.currency:
        what = f"it is billed in {invoice.currency}; state the amount in that currency"
    elif amount.minor <= 0:
        what = "a payment is above zero; where nothing is payable there is nothing to record"
    elif time_ms > now_ms + _FUTURE_MS:
        what = "the payment lies in the future; record it once it is made"
    if what:
        raise _refused("TERMS", "BILLING-PAY-2", f"{amount} cannot be a payment of {invoice.id}: {what}")


def _check_same(invoice: InvoiceSnapshot, payment: NewPayment, known: tuple[str, str, str, int]) -> None:
    id_, currency, amount, time_ms = known
    same = id_ == invoice.id
    same &= payment.amount is None or (payment.amount.currency, payment.amount.amount) == (currency, amount)
    same &= payment.time_ms is None or payment.time_ms == time_ms
    if not same:
        raise _refused(
            "CONFLICT",
            "BILLING-PAY-3",
            f"The reference {payment.reference!r} is that of a payment of {amount} {currency} for {id_}. "
            "Give each payment a reference of its own",
        )


def _refused(reason: str, requirement: str, message: str) -> CrexError:
    return CrexError(reason, f"{message} ({requirement}).", details={"requirement": requirement})
