"""`crex invoice`: shown with its arithmetic, recomputed, accepted, exported."""

from __future__ import annotations

import argparse
import csv
import io
from typing import TYPE_CHECKING, Any, Final

from crex.cli.focus_export import FORMATS, export_focus
from crex.cli.options import Commands, command, group, waiting
from crex.cli.result import OK, REFUSED, Result, table

if TYPE_CHECKING:
    from crex import v1
    from crex.invoice.report import InvoiceReport

_COLUMNS: Final = (
    "invoice", "lease", "key", "component", "tier", "dimension", "unit", "quantity", "list_unit_price",
    "per_quantity", "amount", "currency",
)  # fmt: skip


def add(commands: Commands) -> None:
    """Adds the commands."""
    invoices = group(commands, "invoice", "invoices: recompute before you pay")
    listing = command(invoices, "list", _list, "list your invoices, newest first")
    listing.add_argument("--lease", default="", help="of this lease only")
    waiting(listing, "there is one")
    for name, run, about in (
        ("show", _show, "show an invoice; every line unfolds to its arithmetic"),
        ("verify", _verify, "recompute an invoice from usage, price plan and order"),
        ("accept", _accept, "recompute an invoice and accept it by your signature"),
        ("export", _export, "write the lines of an invoice for another program"),
    ):
        parser = command(invoices, name, run, about)
        parser.add_argument("invoice", metavar="INVOICE")
        if name == "export":
            parser.add_argument(
                "--format",
                choices=("csv", "json", *FORMATS),
                default="csv",
                help="csv (default) or json; focus (CSV) or parquet, as FOCUS 1.2 has it",
            )


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
    from crex.invoice.render import render

    customer = open_customer(options)
    record, invoice, bodies = fetch_invoice(customer, options.invoice)
    lease = customer.client.get_lease(v1.GetLeaseRequest(lease=invoice.message.lease)).lease
    plan = fetch_sale(customer, lease).price_plan.message
    lines = _lines(bodies)
    text = render(invoice.message, lines, plan).rstrip("\n")
    text += f"\nState        {state_text(v1.InvoiceState, record.state)}"
    value = {
        "record": to_json(record),
        "invoice": to_json(invoice.message),
        "lines": [to_json(line) for line in lines],
    }
    return Result(value, text)


def _lines(bodies: list[bytes]) -> list[v1.InvoiceLine]:
    from crex import v1
    from crex.documents import convert
    from crex.documents.reader import read

    return [convert.to_message(read(body, v1.InvoiceLine), v1.InvoiceLine) for body in bodies]


def _verify(options: argparse.Namespace) -> Result:
    from crex.cli.party import open_customer
    from crex.cli.purchase import fetch_invoice, recompute

    customer = open_customer(options)
    _, invoice, lines = fetch_invoice(customer, options.invoice)
    report, _ = recompute(customer, invoice, lines)
    verdict = "It is right, to the last digit." if report.ok else "It is wrong. Do not pay or accept it."
    return Result(_report(report), f"{report}\n{verdict}", OK if report.ok else REFUSED)


def _report(report: InvoiceReport) -> dict[str, Any]:
    return {
        "invoice": report.invoice,
        "ok": report.ok,
        "ratingDigest": report.rating.digest if report.rating is not None else None,
        "checks": [{"name": one.name, "finding": one.finding, "passed": one.passed} for one in report.checks],
        "differences": [
            {
                "place": one.place,
                "theirs": one.theirs,
                "ours": one.ours,
                "why": one.why,
                "requirement": one.requirement,
                "reason": one.reason,
            }
            for one in report.differences
        ],
    }


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


def _export(options: argparse.Namespace) -> Result:
    from crex.cli.party import open_customer
    from crex.cli.purchase import fetch_invoice
    from crex.documents.convert import to_json
    from crex.invoice.arithmetic import exact, show

    customer = open_customer(options)
    _, invoice, bodies = fetch_invoice(customer, options.invoice)
    lines = _lines(bodies)
    if options.format in FORMATS:
        return export_focus(options, customer, invoice, lines)
    value = {"invoice": to_json(invoice.message), "lines": [to_json(line) for line in lines]}
    if options.format == "json":
        options.json = True
        return Result(value, "")
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for line in lines:
        row = (
            invoice.id, line.lease, line.key, line.component, line.tier, line.dimension, line.unit,
            show(exact(line.quantity)), line.unit_price, line.per_quantity, line.amount.amount,
            line.amount.currency,
        )  # fmt: skip
        writer.writerow([_cell(str(cell)) for cell in row])
    return Result(value, buffer.getvalue().rstrip("\n"))


def _cell(text: str) -> str:
    """A spreadsheet takes a cell that begins so for a formula, and these texts come from the seller."""
    return f"'{text}" if text[:1] in ("=", "+", "@", "\t") else text
