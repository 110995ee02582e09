"""`crex invoice export`: an invoice as CSV, HTML or JSON, as FOCUS, or as a bundle."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crex.cli.focus_export import FORMATS as FOCUS_FORMATS
from crex.cli.focus_export import export_focus, writing
from crex.cli.invoice_source import SOURCE, is_bundle, open_source, takes_bundles
from crex.cli.options import Commands, command
from crex.cli.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crex import v1
    from crex.focus import Bill
    from crex.invoice.bundle import Bundle
    from crex.invoice.bundle_open import OpenedBundle
    from crex.invoice.report import Report
    from crex.trust.verified import Verified

FORMATS: Final = ("csv", "html", "json", "bundle", *FOCUS_FORMATS)


def add(invoices: Commands) -> None:
    """Adds the command."""
    parser = command(invoices, "export", _export, "write an invoice for another program, or for a browser")
    parser.add_argument("invoice", metavar="INVOICE", help=SOURCE)
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="csv",
        help="csv (default), json; html, one page that stands by itself; bundle, everything by which it is "
        "recomputed; focus (CSV) or parquet, as FOCUS 1.2 has it",
    )
    takes_bundles(parser)


def _export(options: argparse.Namespace) -> Result:
    if is_bundle(options.invoice):
        return _from_bundle(options)
    return _from_broker(options)


def _from_broker(options: argparse.Namespace) -> Result:
    from crex.cli.party import open_customer
    from crex.cli.purchase import fetch_invoice, recompute
    from crex.invoice.bundle_open import read_lines

    customer = open_customer(options)
    _, invoice, bodies = fetch_invoice(customer, options.invoice)
    if options.format == "bundle":
        from crex.cli.bundle import fetch_bundle

        return _bundle(options, fetch_bundle(customer, invoice, bodies))
    lines = read_lines(bodies)
    if options.format in FOCUS_FORMATS:
        return export_focus(options, customer, invoice, lines)
    if options.format == "html":
        report, sale = recompute(customer, invoice, bodies)
        plans = {plan.digest: plan.message for plan in sale.price_plans}
        return _html(invoice.message, lines, plans, report)
    return _rows(options, invoice, lines)


def _from_bundle(options: argparse.Namespace) -> Result:
    from crex.cli.files import named

    if options.format == "bundle":
        from crex.cli.bundle import read_bundle

        open_source(options, options.invoice)  # what is written on is verified
        return _bundle(options, read_bundle(Path(options.invoice)))
    opened = open_source(options, options.invoice)
    with named(Path(options.invoice)):
        lines = opened.messages
        if options.format in FOCUS_FORMATS:
            from crex.focus import rows

            return writing(options, rows(_focus_bill(opened, lines)))
        if options.format == "html":
            report = opened.recompute() if opened.leases else None
            return _html(opened.invoice.message, lines, opened.plans, report)
    return _rows(options, opened.invoice, lines)


def _focus_bill(opened: OpenedBundle, lines: Sequence[v1.InvoiceLine]) -> Bill:
    from crex.focus import Bill, LeaseFacts

    leases = {
        each.sale.lease: LeaseFacts(region=each.sale.terms.region, interval=each.sale.terms.interval)
        for each in opened.leases
    }
    return Bill(
        document=opened.invoice.message,
        sha256=opened.invoice.digest,
        lines=lines,
        plans=opened.plans,
        leases=leases,
    )


def _rows(
    options: argparse.Namespace, invoice: Verified[v1.Invoice], lines: Sequence[v1.InvoiceLine]
) -> Result:
    from crex.documents.convert import to_json
    from crex.invoice.table import to_csv

    value = {"invoice": to_json(invoice.message), "lines": [to_json(line) for line in lines]}
    if options.format == "json":
        options.json = True
        return Result(value, "")
    return Result(value, to_csv(invoice.message, lines).rstrip("\n"))


def _html(
    invoice: v1.Invoice,
    lines: Sequence[v1.InvoiceLine],
    plans: dict[str, v1.PricePlan],
    report: Report | None,
) -> Result:
    from crex.documents.convert import to_json
    from crex.invoice.html_report import to_html

    value = {"invoice": to_json(invoice), "lines": [to_json(line) for line in lines]}
    return Result(value, to_html(invoice, lines, plans=plans, report=report).rstrip("\n"))


def _bundle(options: argparse.Namespace, bundle: Bundle) -> Result:
    """Writes a bundle to the file or the new folder of `-o`.

    Raises:
        CrexError: SCHEMA: no place was named, or the folder is not empty.
    """
    from crex.cli.bundle import write_bundle
    from crex.errors import CrexError

    path: Path | None = options.output
    if path is None:
        raise CrexError(
            "SCHEMA", "Say where to write with -o: FILE.json for one file, or the name of a new folder."
        )
    write_bundle(bundle, path)
    options.output = None  # taken: the answer itself goes to standard output
    records = sum(len(each.records or ()) for each in bundle.batches)
    value = {
        "bundle": str(path),
        "lines": len(bundle.invoice.lines),
        "batches": len(bundle.batches),
        "records": records,
        "notes": len(bundle.notes),
    }
    text = (
        f"Wrote {path}: {len(bundle.invoice.lines)} lines, {len(bundle.batches)} batches with {records} "
        f"records. Whoever trusts both parties recomputes it with `crex invoice verify {path}`."
    )
    return Result(value, text)
