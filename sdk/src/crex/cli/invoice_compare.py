"""`crex invoice diff`: two invoices, or an invoice and its recomputation, line by line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from crex.cli.invoice_source import SOURCE, Source, open_source, takes_bundles
from crex.cli.options import Commands, command
from crex.cli.result import OK, REFUSED, Result

if TYPE_CHECKING:
    from crex.invoice.views.difference import Side


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
    from crex.invoice.views.difference import Side, as_text, changes

    source = open_source(options, options.first)
    first = _stated(source)
    if options.second is None:
        report, _ = source.recompute()
        second = Side.recomputed(report.rating or report.require())
    else:
        second = _stated(open_source(options, options.second))
    found = changes(first, second)
    value = {
        "first": first.name,
        "second": second.name,
        "same": not found,
        "changes": [change.as_json() for change in found],
    }
    return Result(value, as_text(first, second, found), REFUSED if found else OK)


def _stated(source: Source) -> Side:
    from crex.invoice.views.difference import Side

    with source.named():
        return Side.of(source.opened.invoice.message, source.opened.messages)
