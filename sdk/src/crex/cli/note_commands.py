"""`crex note`: credit and debit notes, made from what the invoice and everything on it come to."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from crex.cli.options import Commands, command, group, moment, request_id
from crex.cli.result import OK, REFUSED, Result, table

if TYPE_CHECKING:
    from crex import v1
    from crex.cli.disputes_at import InvoiceAt
    from crex.invoice import NoteDraft


def add(commands: Commands) -> None:
    """Adds the commands."""
    notes = group(commands, "note", "credit and debit notes on invoices")
    issue = command(notes, "issue", _issue, "recompute an invoice and issue the note that follows")
    issue.add_argument("invoice", metavar="INVOICE", help="name of the invoice")
    why = issue.add_mutually_exclusive_group()
    why.add_argument("--cancel", action="store_true", help="take back all (else: what corrected usage makes)")
    why.add_argument("--settle", metavar="DISPUTE", help="carry out what a dispute was resolved to")
    issue.add_argument("--due", type=moment, metavar="TIME", help="when a difference is due (set off)")
    request_id(issue)
    listing = command(notes, "list", _list, "list the notes on an invoice, first to last")
    listing.add_argument("invoice", metavar="INVOICE", help="name of the invoice")
    show = command(notes, "show", _show, "show a note, and recompute it with all before it")
    show.add_argument("note", metavar="NOTE", help="name of the note")


def _issue(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.disputes_at import InvoiceAt
    from crex.cli.party import new_request_id, open_customer
    from crex.cli.stream_book import stream_of
    from crex.documents.convert import to_json
    from crex.documents.types import DocumentType

    customer = open_customer(options)
    invoice = InvoiceAt.fetch(customer, options.invoice)
    report, notes = invoice.source.recompute()
    for each in (report, *notes):
        each.require()  # what is wrong already is not corrected by one note more
    draft = _draft(options, invoice)
    token = DocumentType.of(type(draft.message)).token
    request_id_ = new_request_id(options)
    with stream_of(customer, token, invoice.opened.invoice.message.buyer) as stream:
        stream.place(draft.message.header)
        signed = customer.identity.sign_document(draft.message)
        with stream.sending(signed):
            response = customer.client.issue_note(
                v1.IssueNoteRequest(request_id=request_id_, note=signed, lines=draft.lines)
            )
    note, record = response.note, response.invoice
    kind = note.type.replace("-", " ").capitalize()
    text = (
        f"{kind} of {note.total.amount} {note.total.currency}: {note.id}\n"
        f"{record.id} comes to {record.owed.amount} {record.owed.currency} now, of which "
        f"{record.payable.amount} {record.payable.currency} is payable."
    )
    value = {"note": to_json(note), "invoice": to_json(record), "replayed": response.replayed}
    return Result(value, text)


def _draft(options: argparse.Namespace, invoice: InvoiceAt) -> NoteDraft:
    """Makes the note.

    Raises:
        CrexError: INCOMPLETE: there is nothing that a note would change, or no such dispute is resolved.
    """
    from crex.errors import CrexError
    from crex.invoice import cancel, correct, settle

    opened, header = invoice.opened, invoice.header("note")
    ledger = invoice.ledger()
    if options.cancel:
        return cancel(ledger, header=header)
    if options.settle is None:
        draft = correct(ledger, opened.basis, header=header, due_time=options.due)
        if draft is None:
            raise CrexError(
                "INCOMPLETE",
                f"The period of {opened.invoice.id} comes to what is owed already, so there is no note to "
                "issue. Correct its usage first with `crex usage amend`.",
            )
        return draft
    for case in invoice.cases:
        if case.dispute.id == options.settle and case.settled_by is not None:
            return settle(ledger, case.settlement(), settles=case.settled_by, header=header)
    raise CrexError(
        "INCOMPLETE",
        f"{options.settle} is no dispute of {opened.invoice.id} that is resolved. `crex dispute show` tells "
        "how it stands.",
    )


def _list(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import open_customer, pages
    from crex.documents.convert import to_json

    customer = open_customer(options)
    request = v1.ListNotesRequest(invoice_id=options.invoice, page_size=1000)
    found = [one for page in pages(customer.client.list_notes, request) for one in page.notes]
    rows = [[one.id, one.type, one.reason, f"{one.total.amount} {one.total.currency}"] for one in found]
    heads = ["NOTE", "TYPE", "REASON", "TOTAL"]
    return Result([to_json(one) for one in found], table(heads, rows, empty="There are no notes."))


def _show(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.bundles.opening import read_lines
    from crex.cli.disputes_at import InvoiceAt
    from crex.cli.party import open_customer
    from crex.documents.convert import to_json

    customer = open_customer(options)
    record = customer.client.get_note(v1.GetNoteRequest(note_id=options.note, page_size=1)).record
    invoice = InvoiceAt.fetch(customer, record.invoice)
    _, reports = invoice.source.recompute()
    (report,) = [each for each in reports if each.name == record.id]
    (note,) = [each for each in invoice.opened.notes if each.note.id == record.id]
    value = {
        "record": to_json(record),
        "note": to_json(note.note.message),
        "ok": report.ok,
    }
    text = [
        _title(record),
        *(f"{line.key}: {line.amount.amount} {line.amount.currency}" for line in read_lines(note.lines)),
        str(report),
        "It is right, to the last digit." if report.ok else "It is wrong. Do not pay it.",
    ]
    return Result(value, "\n".join(text), OK if report.ok else REFUSED)


def _title(record: v1.NoteRecord) -> str:
    kind = record.type.replace("-", " ").capitalize()
    return (
        f"{kind} {record.number} on {record.invoice}: {record.total.amount} {record.total.currency}, "
        f"{record.reason}"
    )
