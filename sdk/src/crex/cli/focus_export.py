"""`crex invoice export --format focus|parquet`: an invoice as FOCUS 1.2, the format of billing data."""

from __future__ import annotations

import argparse
import io
from typing import TYPE_CHECKING, Final

from crex.cli.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crex.bundles.opening import OpenedBundle
    from crex.focus import Bill, Row

FORMATS: Final = ("focus", "parquet")


def export_focus(options: argparse.Namespace, opened: OpenedBundle) -> Result:
    """Writes an invoice and the notes on it in a format of FORMATS.

    Raises:
        CrexError: A price plan is not there; or as `writing`.
    """
    from crex.focus import rows

    return writing(options, [row for bill in _bills(opened) for row in rows(bill)])


def writing(options: argparse.Namespace, found: Sequence[Row]) -> Result:
    """Writes rows to the file of `-o`, or gives them as the answer.

    Raises:
        CrexError: Parquet without `-o`, or without pyarrow; a number is larger than its column; the file
            cannot be written.
    """
    from crex.cli.files import write_file
    from crex.decimals import counted
    from crex.errors import CrexError
    from crex.focus import csv_lines, write_parquet

    if options.format == "parquet" and options.output is None:
        raise CrexError("SCHEMA", "Parquet is no text: name a file for it with -o FILE.parquet.")
    if options.format == "parquet":
        buffer = io.BytesIO()
        write_parquet(found, buffer)
        data = buffer.getvalue()
    else:
        data = "".join(csv_lines(found)).encode()
    value = as_json(found)
    if options.output is None:
        return Result(value, data.decode().rstrip("\n"))
    path, options.output = options.output, None
    write_file(path, data)
    return Result(value, f"Wrote {counted(len(found), 'row')} of FOCUS 1.2 to {path}.")


def _bills(opened: OpenedBundle) -> Iterator[Bill]:
    """Gives what rows are made from: the invoice, then each note, with price plans and what was sold."""
    from crex.bundles.opening import read_lines
    from crex.focus import Bill, LeaseFacts

    invoice, plans = opened.invoice, opened.plans
    leases = {
        each.sale.lease: LeaseFacts(region=each.sale.terms.region, interval=each.sale.terms.interval)
        for each in opened.leases
    }
    yield Bill(
        document=invoice.message, sha256=invoice.digest, lines=opened.messages, plans=plans, leases=leases
    )
    for each in opened.notes:
        yield Bill(
            document=each.note.message,
            sha256=each.note.digest,
            lines=read_lines(each.lines),
            plans=plans,
            account=invoice.message.account,
            leases=leases,
        )


def as_json(found: Sequence[Row]) -> list[dict[str, str | None]]:
    """Returns rows as JSON says them: numbers as decimal text, as in the CSV."""
    from crex.focus import COLUMNS
    from crex.focus.csv_file import plain_text

    return [{column.name: plain_text(row[column.name], column) for column in COLUMNS} for row in found]
