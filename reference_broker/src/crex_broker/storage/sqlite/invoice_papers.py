"""Invoices with everything that came after them: what the next note, dispute or statement is judged by."""

from __future__ import annotations

import sqlite3
from typing import Final

from crex_broker.application.ports.invoices import InvoicePapers, InvoiceSnapshot, KeptDispute, KeptNote
from crex_broker.storage.sqlite import documents
from crex_broker.storage.sqlite.line_pages import INVOICE_LINES, NOTE_LINES

_SEQ: Final = "SELECT seq FROM invoices WHERE id = ?"
_NOTES: Final = "SELECT seq, sha256 FROM notes WHERE invoice = ? ORDER BY number"
_DISPUTES: Final = "SELECT id, sha256 FROM disputes WHERE invoice = ? ORDER BY seq"
_PAPERS: Final = "SELECT sha256 FROM dispute_papers WHERE dispute = ? ORDER BY number"


def papers(connection: sqlite3.Connection, invoice: InvoiceSnapshot) -> InvoicePapers:
    """Gives an invoice with all lines, notes and disputes, as of one snapshot."""
    (seq,) = connection.execute(_SEQ, (invoice.id,)).fetchone()
    notes = connection.execute(_NOTES, (invoice.id,)).fetchall()
    disputes = connection.execute(_DISPUTES, (invoice.id,)).fetchall()
    return InvoicePapers(
        invoice=invoice,
        document=documents.kept(connection, invoice.sha256),
        lines=INVOICE_LINES.every(connection, seq),
        notes=tuple(
            [
                KeptNote(documents.kept(connection, sha256), NOTE_LINES.every(connection, note))
                for note, sha256 in notes
            ]
        ),
        disputes=tuple([_dispute(connection, id_, sha256) for id_, sha256 in disputes]),
    )


def _dispute(connection: sqlite3.Connection, id_: str, sha256: str) -> KeptDispute:
    rows = connection.execute(_PAPERS, (id_,)).fetchall()
    return KeptDispute(
        documents.kept(connection, sha256), tuple([documents.kept(connection, paper) for (paper,) in rows])
    )
