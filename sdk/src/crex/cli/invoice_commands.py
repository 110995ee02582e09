"""`crex invoice`: shown with its arithmetic, recomputed, accepted, exported."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from crex.cli import invoice_books, invoice_compare, invoice_export, invoice_pay, invoice_show
from crex.cli.invoice_source import fetch_source
from crex.cli.options import Commands, command, group, waiting
from crex.cli.result import Result, table

if TYPE_CHECKING:
    from crex import v1


def add(commands: Commands) -> None:
    """Adds the commands."""
    invoices = group(commands, "invoice", "invoices: recompute before you pay")
    listing = command(invoices, "list", _list, "list your invoices, newest first")
    listing.add_argument("--lease", default="", help="of this lease only")
    waiting(listing, "there is one")
    invoice_show.add(invoices)
    accept = command(invoices, "accept", _accept, "recompute an invoice and accept it by your signature")
    accept.add_argument("invoice", metavar="INVOICE", help="name of an invoice at the broker")
    for part in (invoice_pay, invoice_compare, invoice_export, invoice_books):
        part.add(invoices)


def _list(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import open_customer, pages, state_text, wait_until
    from crex.documents.convert import to_json

    customer = open_customer(options)

    def look() -> list[v1.InvoiceRecord] | None:
        request = v1.ListInvoicesRequest(lease=options.lease, page_size=1000)
        found = [one for page in pages(customer.client.list_invoices, request) for one in page.invoices]
        return found or None

    found = (look() or []) if options.wait is None else wait_until(look, options.wait, "An invoice")
    rows = [
        [
            one.id,
            state_text(v1.InvoiceState, one.state),
            f"{one.total.amount} {one.total.currency}",
            one.seller,
        ]
        for one in found
    ]
    text = table(["INVOICE", "STATE", "TOTAL", "SELLER"], rows, empty="There are no invoices.")
    return Result([to_json(one) for one in found], text)


def _accept(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import new_request_id, open_customer, state_text
    from crex.documents.convert import to_json
    from crex.invoice.acceptance import build_acceptance

    customer = open_customer(options)
    source = fetch_source(customer, options.invoice)
    report, notes = source.recompute()
    acceptance = build_acceptance(
        source.opened.invoice, report, header=customer.header("invoice-acceptance"), notes=notes
    )
    record = customer.client.accept_invoice(
        v1.AcceptInvoiceRequest(
            request_id=new_request_id(options), acceptance=customer.identity.sign_document(acceptance)
        )
    ).invoice
    text = (
        f"Recomputed {record.total.amount} {record.total.currency}, the same to the last digit; "
        f"{record.id} is {state_text(v1.InvoiceState, record.state)}."
    )
    return Result(to_json(record), text)
