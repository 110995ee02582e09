"""`crex invoice`: shown with its arithmetic, recomputed, accepted, exported."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from crex.cli import invoice_books, invoice_compare, invoice_export
from crex.cli.invoice_source import SOURCE, is_bundle, takes_bundles
from crex.cli.options import Commands, command, group, waiting
from crex.cli.result import OK, REFUSED, Result, table

if TYPE_CHECKING:
    from crex import v1


def add(commands: Commands) -> None:
    """Adds the commands."""
    invoices = group(commands, "invoice", "invoices: recompute before you pay")
    listing = command(invoices, "list", _list, "list your invoices, newest first")
    listing.add_argument("--lease", default="", help="of this lease only")
    waiting(listing, "there is one")
    for name, run, about in (
        ("show", _show, "show an invoice; every line unfolds to its arithmetic"),
        ("verify", _verify, "recompute an invoice from usage, price plan and order"),
    ):
        parser = command(invoices, name, run, about)
        parser.add_argument("invoice", metavar="INVOICE", help=SOURCE)
        takes_bundles(parser)
    accept = command(invoices, "accept", _accept, "recompute an invoice and accept it by your signature")
    accept.add_argument("invoice", metavar="INVOICE")
    for part in (invoice_compare, invoice_export, invoice_books):
        part.add(invoices)


def _list(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import open_customer, state_text, wait_until
    from crex.documents.convert import to_json

    customer = open_customer(options)

    def look() -> list[v1.InvoiceRecord] | None:
        records: list[v1.InvoiceRecord] = []
        token = ""
        while True:
            request = v1.ListInvoicesRequest(lease=options.lease, page_size=1000, page_token=token)
            response = customer.client.list_invoices(request)
            records += response.invoices
            token = response.next_page_token
            if not token:
                return records or None

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


def _show(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import open_customer, state_text
    from crex.cli.purchase import fetch_invoice, fetch_sale
    from crex.documents.convert import to_json
    from crex.invoice.bundle_open import read_lines
    from crex.invoice.render import render

    if is_bundle(options.invoice):
        from crex.cli import invoice_offline

        return invoice_offline.show(options)
    customer = open_customer(options)
    record, invoice, bodies = fetch_invoice(customer, options.invoice)
    lease = customer.client.get_lease(v1.GetLeaseRequest(lease=invoice.message.lease)).lease
    plan = fetch_sale(customer, lease).price_plan.message
    lines = read_lines(bodies)
    text = render(invoice.message, lines, plan).rstrip("\n")
    text += f"\nState        {state_text(v1.InvoiceState, record.state)}"
    value = {
        "record": to_json(record),
        "invoice": to_json(invoice.message),
        "lines": [to_json(line) for line in lines],
    }
    return Result(value, text)


def _verify(options: argparse.Namespace) -> Result:
    from crex.cli.invoice_offline import report_json, verify
    from crex.cli.party import open_customer
    from crex.cli.purchase import fetch_invoice, recompute

    if is_bundle(options.invoice):
        return verify(options)
    customer = open_customer(options)
    _, invoice, lines = fetch_invoice(customer, options.invoice)
    report, _ = recompute(customer, invoice, lines)
    verdict = "It is right, to the last digit." if report.ok else "It is wrong. Do not pay or accept it."
    return Result(report_json(report), f"{report}\n{verdict}", OK if report.ok else REFUSED)


def _accept(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import new_request_id, open_customer, state_text
    from crex.cli.purchase import fetch_invoice, recompute
    from crex.documents.convert import to_json
    from crex.invoice.acceptance import build_acceptance

    customer = open_customer(options)
    _, invoice, lines = fetch_invoice(customer, options.invoice)
    report, _ = recompute(customer, invoice, lines)
    acceptance = build_acceptance(invoice, report, header=customer.header("invoice-acceptance"))
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
