"""`crex invoice diff`: two invoices, or an invoice and its recomputation, line by line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from crex.cli.invoice_source import SOURCE, is_bundle, open_source, takes_bundles
from crex.cli.options import Commands, command
from crex.cli.result import OK, REFUSED, Result

if TYPE_CHECKING:
    from crex.invoice.difference import Bill
    from crex.invoice.report import InvoiceReport


def add(invoices: Commands) -> None:
    """Adds the command."""
    parser = command(
        invoices, "diff", _diff, "compare two invoices, or an invoice with what it is recomputed to"
    )
    parser.add_argument("first", metavar="INVOICE", help=SOURCE)
    parser.add_argument(
        "second", metavar="OTHER", nargs="?", help="the other one (what the first is recomputed to)"
    )
    takes_bundles(parser)


def _diff(options: argparse.Namespace) -> Result:
    from crex.invoice.difference import Bill, as_text, changes

    if options.second is None:
        first, report = _stated_and_recomputed(options, options.first)
        second = Bill.recomputed(report.rating or report.require())
    else:
        first, second = (_stated(options, each) for each in (options.first, options.second))
    found = changes(first, second)
    value = {
        "first": first.name,
        "second": second.name,
        "same": not found,
        "changes": [change.as_json() for change in found],
    }
    return Result(value, as_text(first, second, found), REFUSED if found else OK)


def _stated(options: argparse.Namespace, source: str) -> Bill:
    from crex.invoice.bundle_open import read_lines
    from crex.invoice.difference import Bill

    if is_bundle(source):
        opened = open_source(options, source)
        return Bill.of(opened.invoice.message, opened.messages)
    from crex.cli.party import open_customer
    from crex.cli.purchase import fetch_invoice

    _, invoice, bodies = fetch_invoice(open_customer(options), source)
    return Bill.of(invoice.message, read_lines(bodies))


def _stated_and_recomputed(options: argparse.Namespace, source: str) -> tuple[Bill, InvoiceReport]:
    from crex.invoice.bundle_open import read_lines
    from crex.invoice.difference import Bill

    if is_bundle(source):
        opened = open_source(options, source)
        return Bill.of(opened.invoice.message, opened.messages), opened.recompute()
    from crex.cli.party import open_customer
    from crex.cli.purchase import fetch_invoice, recompute

    customer = open_customer(options)
    _, invoice, bodies = fetch_invoice(customer, source)
    report, _ = recompute(customer, invoice, bodies)
    return Bill.of(invoice.message, read_lines(bodies)), report
