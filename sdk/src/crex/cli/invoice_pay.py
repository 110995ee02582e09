"""`crex invoice pay`: the seller records that it was paid, wholly or in part."""

from __future__ import annotations

import argparse

from crex.cli.options import Commands, command, moment, request_id
from crex.cli.result import Result


def add(invoices: Commands) -> None:
    """Adds the command."""
    parser = command(invoices, "pay", _pay, "record a payment that you, the seller, received")
    parser.add_argument("invoice", metavar="INVOICE", help="name of the invoice")
    parser.add_argument("reference", metavar="REFERENCE", help="of the payment in your books; one each")
    parser.add_argument("--amount", metavar="DECIMAL", help="what was paid (all that is payable)")
    parser.add_argument("--at", type=moment, metavar="TIME", help="when it was paid (now)")
    request_id(parser)


def _pay(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import new_request_id, open_customer, state_text
    from crex.documents.convert import to_json, to_timestamp

    customer = open_customer(options)
    amount = None
    if options.amount is not None:
        read = v1.GetInvoiceRequest(invoice_id=options.invoice, page_size=1)
        currency = customer.client.get_invoice(read).record.total.currency
        amount = v1.Money(currency=currency, amount=options.amount)
    record = customer.client.record_payment(
        v1.RecordPaymentRequest(
            request_id=new_request_id(options),
            invoice_id=options.invoice,
            payment_reference=options.reference,
            amount=amount,
            payment_time=None if options.at is None else to_timestamp(options.at),
        )
    ).invoice
    text = (
        f"{record.id} is {state_text(v1.InvoiceState, record.state)}: paid {record.paid.amount}, payable "
        f"{record.payable.amount} {record.payable.currency}."
    )
    return Result(to_json(record), text)
