"""`NoteStore` over SQLite."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from crex.errors import CrexError
from crex_broker.application.ports.invoices import InvoiceSnapshot, invoice_not_found
from crex_broker.application.ports.notes import (
    NewNote,
    NoteIssued,
    NoteLinePage,
    NotePage,
    NoteSnapshot,
)
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.domain.states import Actor
from crex_broker.storage.sqlite import closes, documents, invoice_table, usage_table
from crex_broker.storage.sqlite.invoice_table import Change
from crex_broker.storage.sqlite.line_pages import NOTE_LINES
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.requests import once
from crex_broker.storage.sqlite.writer import Tx, Writer

_FIELDS: Final = NoteSnapshot.__slots__
_COLUMNS: Final = ", ".join(_FIELDS)
_INSERT: Final = f"INSERT INTO notes ({_COLUMNS}) VALUES ({', '.join('?' * len(_FIELDS))})"  # noqa: S608
_ONE: Final = f"SELECT seq, {_COLUMNS} FROM notes WHERE id = ?"  # noqa: S608 - constants
_OF_INVOICE: Final = (
    f"SELECT {_COLUMNS} FROM notes WHERE invoice = ? AND number >= ? "  # noqa: S608 - constants
    "ORDER BY number LIMIT ?"
)
_PERIOD: Final = "SELECT period_start_ms FROM invoices WHERE id = ?"


class SqliteNotes:
    """Notes and their lines in one SQLite file."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def issue(self, mutation: Mutation, note: NewNote) -> Remembered[NoteIssued]:
        """Keeps a note of the seller with its lines."""
        return await self._writer.run(
            lambda tx: once(tx, mutation, NoteIssued, lambda: _issue(tx, mutation.party, note))
        )

    async def note(
        self, party: str, id_: str, *, from_number: int, limit: int, max_bytes: int
    ) -> NoteLinePage | None:
        """Gives a note on an invoice that `party` may read, with a part of its lines."""

        def read(connection: sqlite3.Connection) -> NoteLinePage | None:
            row = connection.execute(_ONE, (id_,)).fetchone()
            if row is None:
                return None
            note = _snapshot(row[1:])
            if invoice_table.readable(connection, party, note.invoice) is None:
                return None
            document = documents.kept(connection, note.sha256)
            room = max_bytes - len(document.envelope)
            lines, following = NOTE_LINES.page(connection, row[0], from_number, limit, room)
            return NoteLinePage(note, document, lines, following)

        return await self._reader.run(read)

    async def notes(self, party: str, invoice: str, *, from_number: int, limit: int) -> NotePage | None:
        """Gives a part of the notes on an invoice."""

        def read(connection: sqlite3.Connection) -> NotePage | None:
            if invoice_table.readable(connection, party, invoice) is None:
                return None
            rows = connection.execute(_OF_INVOICE, (invoice, from_number, limit + 1)).fetchall()
            notes = tuple(map(_snapshot, rows[:limit]))
            return NotePage(notes, notes[-1].number + 1 if len(rows) > limit else None)

        return await self._reader.run(read)


def _issue(tx: Tx, seller: str, note: NewNote) -> NoteIssued:
    invoice = invoice_table.find(tx.connection, note.invoice)
    if invoice is None or invoice.seller != seller:
        raise invoice_not_found(note.invoice)
    row = tx.connection.execute(_ONE, (note.document.id,)).fetchone()
    if row is not None and row[3] == note.document.sha256:
        return NoteIssued(_snapshot(row[1:]), invoice)
    _check_same_ground(tx, invoice, note)
    closes.check_open(tx.connection, seller, invoice.buyer, note.account, note.issued_ms)
    documents.keep(tx, note.document)
    made = NoteSnapshot(
        id=note.document.id,
        revision=note.document.revision,
        sha256=note.document.sha256,
        type=note.document.type,
        invoice=invoice.id,
        number=invoice.note_count + 1,
        reason=note.reason,
        currency=note.currency,
        total=note.total,
        create_ms=tx.now_ms,
    )
    cursor = tx.connection.execute(_INSERT, [getattr(made, name) for name in _FIELDS])
    NOTE_LINES.write(tx.connection, cursor.lastrowid, note.lines)
    invoice_table.write_parts(tx, invoice.id, note.orders)
    change = Change(
        owed=note.owed,
        withheld=note.withheld,
        owed_digest=note.owed_digest,
        note_count=made.number,
        # A buyer that owes more than it agreed to answers anew (BILLING-NOTE-4).
        deadline_ms=tx.now_ms + invoice.acceptance_ms if note.event == "debit" else None,
    )
    return NoteIssued(made, invoice_table.advance(tx, invoice, note.event, Actor.PROVIDER, seller, change))


def _check_same_ground(tx: Tx, invoice: InvoiceSnapshot, note: NewNote) -> None:
    """Requires that nothing changed by which the note was judged."""
    changed = ""
    if invoice.version != note.invoice_version:
        changed = f"{invoice.id} or what is on it"
    elif note.usages:
        (start_ms,) = tx.connection.execute(_PERIOD, (invoice.id,)).fetchone()
        for lease, version in note.usages:
            usage = usage_table.period(tx.connection, lease, start_ms)
            if usage is None or usage.version != version:
                changed = f"The usage of {lease}"
    order = "" if changed else invoice_table.check_parts(tx, invoice.sha256, note.orders)
    if order:
        changed = f"What other invoices of {order} come to"
    if changed:
        raise CrexError(
            "ETAG_MISMATCH",
            f"{changed} changed while the note was recomputed. Send the same request again.",
            details={"name": invoice.id, "current_state": invoice.state},
        )


def _snapshot(row: tuple[Any, ...]) -> NoteSnapshot:
    return NoteSnapshot(*row)
