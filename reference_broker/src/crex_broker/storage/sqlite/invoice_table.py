"""Invoices as rows: reading one, writing a new one, and taking one step of its state machine."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any, Final

from crex_broker.application.ports.invoices import InvoiceSnapshot, NewInvoice, invoice_not_found
from crex_broker.application.ports.orders import LastTransition
from crex_broker.application.ports.timers import Moved
from crex_broker.domain.etags import etag_of
from crex_broker.domain.states import NEW, Actor, step
from crex_broker.storage.sqlite import transitions
from crex_broker.storage.sqlite.writer import Tx

COLUMNS: Final = (
    "id, state, version, sha256, seller, buyer, lease, currency, total, rating_digest, deadline_ms, "
    "acceptance_sha256, create_ms, update_ms, last_event, last_actor, last_reason, last_ms"
)
_FIELDS: Final = [name for name in InvoiceSnapshot.__slots__ if name != "last"]
_INSERT: Final = f"""
INSERT INTO invoices ({COLUMNS}, period_start_ms, period_end_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""  # noqa: S608 - constants
_UPDATE: Final = """
UPDATE invoices SET state = ?, version = ?, acceptance_sha256 = ?, payment_reference = ?, update_ms = ?,
    last_event = ?, last_actor = ?, last_reason = ?, last_ms = ? WHERE id = ?
"""
_DUE: Final = (
    f"SELECT {COLUMNS} FROM invoices WHERE state = 'ISSUED' AND deadline_ms <= ? "  # noqa: S608 - constants
    "ORDER BY deadline_ms LIMIT ?"
)
_LINE: Final = "INSERT INTO invoice_lines (invoice_seq, number, body) VALUES (?, ?, ?)"


def snapshot(row: tuple[Any, ...]) -> InvoiceSnapshot:
    """Gives the invoice of one row of `COLUMNS`."""
    plain = dict(zip(_FIELDS, row, strict=False))
    return InvoiceSnapshot(**plain, last=LastTransition(*row[len(_FIELDS) :]))


def find(connection: sqlite3.Connection, id_: str) -> InvoiceSnapshot | None:
    """Gives an invoice by name, whoever asks."""
    row = connection.execute(f"SELECT {COLUMNS} FROM invoices WHERE id = ?", (id_,)).fetchone()  # noqa: S608
    return None if row is None else snapshot(row)


def visible(connection: sqlite3.Connection, party: str, id_: str) -> InvoiceSnapshot:
    """Gives an invoice to its seller or its buyer.

    Raises:
        CrexError: NOT_FOUND for everybody else (BILLING-PARTY-1).
    """
    invoice = find(connection, id_)
    if invoice is None or party not in (invoice.seller, invoice.buyer):
        raise invoice_not_found(id_)
    return invoice


def make(tx: Tx, invoice: NewInvoice, seller: str) -> InvoiceSnapshot:
    """Writes a new invoice with its lines."""
    event = "issue"
    made = InvoiceSnapshot(
        id=invoice.document.id,
        state=step("invoice", NEW, event, Actor.PROVIDER).state,
        version=1,
        sha256=invoice.document.sha256,
        seller=seller,
        buyer=invoice.buyer,
        lease=invoice.lease,
        currency=invoice.currency,
        total=invoice.total,
        rating_digest=invoice.rating_digest,
        deadline_ms=tx.now_ms + invoice.acceptance_ms,
        acceptance_sha256="",
        create_ms=tx.now_ms,
        update_ms=tx.now_ms,
        last=LastTransition(event, seller, "", tx.now_ms),
    )
    last = made.last
    plain = [getattr(made, name) for name in _FIELDS]
    step_ = (last.event, last.actor, last.reason, last.time_ms)
    cursor = tx.connection.execute(_INSERT, (*plain, *step_, invoice.start_ms, invoice.end_ms))
    numbered = enumerate(invoice.lines, start=1)
    tx.connection.executemany(_LINE, [(cursor.lastrowid, number, body) for number, body in numbered])
    _record(tx, made, event, "", seller)
    return made


def advance(
    tx: Tx,
    invoice: InvoiceSnapshot,
    event: str,
    actor: Actor,
    by: str,
    *,
    acceptance_sha256: str = "",
    payment_reference: str = "",
) -> InvoiceSnapshot:
    """Takes one step of an invoice's state machine and writes it; a repeated event changes nothing.

    Raises:
        CrexError: ILLEGAL_TRANSITION, NOT_A_PARTY (STATE-INVOICE-1).
    """
    taken = step(
        "invoice", invoice.state, event, actor, last_event=invoice.last.event, etag=etag_of(invoice.version)
    )
    if taken.repeated:
        return invoice
    after = replace(
        invoice,
        state=taken.state,
        version=invoice.version + 1,
        acceptance_sha256=acceptance_sha256 or invoice.acceptance_sha256,
        update_ms=tx.now_ms,
        last=LastTransition(event, by, "", tx.now_ms),
    )
    changed = (after.state, after.version, after.acceptance_sha256, payment_reference, after.update_ms)
    tx.connection.execute(_UPDATE, (*changed, event, by, "", tx.now_ms, after.id))
    _record(tx, after, event, invoice.state, by)
    return after


def deem_accepted(tx: Tx, limit: int, authority: str) -> list[Moved]:
    """Lets invoices that nobody answered count as accepted (BILLING-TIMEOUT-1)."""
    rows = tx.connection.execute(_DUE, (tx.now_ms, limit)).fetchall()
    moved = [advance(tx, snapshot(row), "timeout", Actor.BROKER, authority) for row in rows]
    return [Moved(invoice.id, invoice.state) for invoice in moved]


def _record(tx: Tx, invoice: InvoiceSnapshot, event: str, before: str, by: str) -> None:
    transitions.record(
        tx,
        "invoice",
        invoice.id,
        event,
        before=before,
        after=invoice.state,
        actor=by,
        provider=invoice.seller,
        consumer=invoice.buyer,
    )
