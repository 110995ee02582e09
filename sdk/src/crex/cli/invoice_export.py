"""`crex invoice export`: an invoice as CSV, HTML or JSON, as FOCUS, or as a bundle."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crex.cli.focus_export import FORMATS as FOCUS_FORMATS
from crex.cli.focus_export import export_focus
from crex.cli.invoice_source import SOURCE, open_source, takes_bundles
from crex.cli.options import Commands, command
from crex.cli.result import Result

if TYPE_CHECKING:
    from crex.bundles.bundle import Bundle
    from crex.cli.invoice_source import Source

FORMATS: Final = ("csv", "html", "json", "bundle", *FOCUS_FORMATS)


def add(invoices: Commands) -> None:
    """Adds the command."""
    parser = command(invoices, "export", _export, "write an invoice for another program, or for a browser")
    parser.add_argument("invoice", metavar="INVOICE", help=SOURCE)
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="csv",
        help="csv (default); html, one page that stands by itself; json; bundle, everything by which it is "
        "recomputed; focus (CSV) or parquet, the invoice and its notes as FOCUS 1.2 has them",
    )
    takes_bundles(parser)


def _export(options: argparse.Namespace) -> Result:
    source = open_source(options, options.invoice)
    with source.named():
        if options.format == "bundle":
            return _bundle(options, source.bundle)
        if options.format in FOCUS_FORMATS:
            return export_focus(options, source.opened)
        return _document(options, source)


def _document(options: argparse.Namespace, source: Source) -> Result:
    from crex.documents.convert import to_json

    opened, lines = source.opened, source.opened.messages
    invoice = opened.invoice.message
    value = {"invoice": to_json(invoice), "lines": [to_json(line) for line in lines]}
    if options.format == "json":
        options.json = True
        return Result(value, "")
    if options.format == "csv":
        from crex.bundles.opening import read_lines
        from crex.invoice.views.table import to_csv

        notes = ((each.note.message, read_lines(each.lines)) for each in opened.notes)
        return Result(value, to_csv(invoice, lines, notes).rstrip("\n"))
    from crex.cli.invoice_show import what_came_after
    from crex.invoice.views.page import to_html

    report, after = source.recompute()[0] if opened.leases else None, what_came_after(opened)
    page = to_html(invoice, lines, plans=opened.plans, report=report, after=after)
    return Result(value, page.rstrip("\n"))


def _bundle(options: argparse.Namespace, bundle: Bundle) -> Result:
    """Writes a bundle to the file or the new folder of `-o`.

    Raises:
        CrexError: SCHEMA: no place was named; CONFLICT: the folder is not empty.
    """
    from crex.cli.bundle_files import write_bundle
    from crex.decimals import counted
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
        "disputes": len(bundle.disputes),
    }
    text = (
        f"Wrote {path}: {counted(len(bundle.invoice.lines), 'line')}, "
        f"{counted(len(bundle.batches), 'batch', 'batches')} with {counted(records, 'record')}. "
        f"Whoever trusts both parties recomputes it with `crex invoice verify {path}`."
    )
    return Result(value, text)
