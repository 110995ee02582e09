"""Invoices with everything that came after them: what the next note, dispute or statement is judged by."""

from __future__ import annotations

import sqlite3
from typing import Final

from crex_broker.application.ports.invoices import InvoicePapers, InvoiceSnapshot, KeptDispute, KeptNote
from crex_broker.storage.sqlite import dispute_table, documents, invoice_table
from crex_broker.storage.sqlite.line_pages import INVOICE_LINES, NOTE_LINES

_NOTES: Final = "SELECT seq, sha256 FROM notes WHERE invoice = ? ORDER BY number"
_DISPUTES: Final = "SELECT id, sha256 FROM disputes WHERE invoice = ? ORDER BY seq"


def papers(connection: sqlite3.Connection, invoice: InvoiceSnapshot) -> InvoicePapers:
    """Gives an invoice with all lines, notes and disputes, as of one snapshot."""
    notes = connection.execute(_NOTES, (invoice.id,)).fetchall()
    disputes = connection.execute(_DISPUTES, (invoice.id,)).fetchall()
    return InvoicePapers(
        invoice=invoice,
        document=documents.kept(connection, invoice.sha256),
        lines=INVOICE_LINES.every(connection, invoice_table.seq(connection, invoice.id)),
        notes=tuple(
            [
                KeptNote(documents.kept(connection, sha256), NOTE_LINES.every(connection, note))
                for note, sha256 in notes
            ]
        ),
        disputes=tuple(
            [
                KeptDispute(documents.kept(connection, sha256), dispute_table.papers(connection, id_))
                for id_, sha256 in disputes
            ]
        ),
    )
