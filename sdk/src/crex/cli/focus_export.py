"""`crex invoice export --format focus|parquet`: an invoice as FOCUS 1.2, the format of billing data."""

from __future__ import annotations

import argparse
import io
from typing import TYPE_CHECKING, Final

from crex.cli.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crex import v1
    from crex.cli.party import Customer
    from crex.focus import Bill, Row
    from crex.trust.verified import Verified

FORMATS: Final = ("focus", "parquet")


def export_focus(
    options: argparse.Namespace,
    customer: Customer,
    invoice: Verified[v1.Invoice],
    lines: Sequence[v1.InvoiceLine],
) -> Result:
    """Writes an invoice in a format of FORMATS, to the file of `-o` or as the answer.

    Raises:
        CrexError: A document behind the invoice cannot be had or does not verify; or it cannot be written.
    """
    from crex.focus import rows

    return writing(options, rows(focus_bill(customer, invoice, lines)))


def writing(options: argparse.Namespace, found: Sequence[Row]) -> Result:
    """Writes rows to the file of `-o`, or gives them as the answer.

    Raises:
        CrexError: Parquet without `-o`, or without pyarrow; a number is larger than its column; the file
            cannot be written.
    """
    from crex.cli.files import write_file
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
    count = f"{len(found)} row" if len(found) == 1 else f"{len(found)} rows"
    return Result(value, f"Wrote {count} of FOCUS 1.2 to {path}.")


def focus_bill(customer: Customer, invoice: Verified[v1.Invoice], lines: Sequence[v1.InvoiceLine]) -> Bill:
    """Gathers what an invoice's rows are made from: its price plans and what was sold."""
    from crex import v1
    from crex.cli.purchase import fetch_sale
    from crex.documents import convert
    from crex.focus import Bill, LeaseFacts
    from crex.trust.verify import open_envelope

    message = invoice.message
    plans: dict[str, v1.PricePlan] = {}
    leases: dict[str, LeaseFacts] = {}
    for name in message.leases or [message.lease]:
        sale = fetch_sale(customer, customer.client.get_lease(v1.GetLeaseRequest(lease=name)).lease)
        plans[sale.price_plan.pin.sha256] = sale.price_plan.message
        leases[name] = LeaseFacts(region=sale.terms.region, interval=sale.terms.interval)
    issued = convert.from_timestamp(message.header.issued_at)
    for pin in message.price_plans:
        if pin.sha256 not in plans:  # a plan that took the place of the one that was sold
            envelope = customer.client.get_document(v1.GetDocumentRequest(sha256=pin.sha256)).envelope
            opened = open_envelope(envelope, v1.PricePlan, customer.trust, now=issued, expected=pin)
            plans[pin.sha256] = opened.message
    return Bill(document=message, sha256=invoice.digest, lines=lines, plans=plans, leases=leases)


def as_json(found: Sequence[Row]) -> list[dict[str, str | None]]:
    """Returns rows as JSON says them: numbers as decimal text, as in the CSV."""
    from crex.focus import COLUMNS
    from crex.focus.csv_file import plain_text

    return [{column.name: plain_text(row[column.name], column) for column in COLUMNS} for row in found]
