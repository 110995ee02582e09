"""Invoices as rows: reading one, writing a new one, and taking one step of its state machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from crex_broker.application.ports.invoices import InvoiceSnapshot, NewInvoice, OrderPart, invoice_not_found
from crex_broker.application.ports.orders import LastTransition
from crex_broker.application.ports.timers import Moved
from crex_broker.domain.etags import etag_of
from crex_broker.domain.states import NEW, Actor, step
from crex_broker.storage.sqlite import transitions
from crex_broker.storage.sqlite.line_pages import INVOICE_LINES
from crex_broker.storage.sqlite.writer import Tx

COLUMNS: Final = (
    "id, state, version, sha256, seller, buyer, lease, currency, total, rating_digest, deadline_ms, "
    "acceptance_sha256, create_ms, update_ms, owed, withheld, paid, owed_digest, note_count, open_disputes, "
    "outcome, acceptance_ms, lease_count, last_event, last_actor, last_reason, last_ms"
)
_FIELDS: Final = [name for name in InvoiceSnapshot.__slots__ if name != "last"]
# Currency and amount of what counts against an order's spend limit, of its other invoices.
BILLED: Final = """
SELECT invoices.currency, invoice_orders.owed
FROM invoice_orders JOIN invoices ON invoices.id = invoice_orders.invoice
WHERE invoice_orders.order_name = ? AND invoices.sha256 != ? ORDER BY invoices.seq
"""
_LEASE: Final = "INSERT INTO invoice_leases (lease, period_start_ms, invoice) VALUES (?, ?, ?)"
_PART: Final = """
INSERT INTO invoice_orders (order_name, invoice, owed) VALUES (?, ?, ?)
ON CONFLICT (order_name, invoice) DO UPDATE SET owed = excluded.owed
"""
_INSERT: Final = f"""
INSERT INTO invoices ({COLUMNS}, covered, period_start_ms, period_end_ms)
VALUES ({", ".join("?" * (len(COLUMNS.split(", ")) + 3))})
"""  # noqa: S608 - constants
_UPDATE: Final = """
UPDATE invoices SET state = ?, version = ?, acceptance_sha256 = ?, update_ms = ?, deadline_ms = ?, owed = ?,
    withheld = ?, paid = ?, owed_digest = ?, note_count = ?, open_disputes = ?, outcome = ?, covered = ?,
    last_event = ?, last_actor = ?, last_reason = ?, last_ms = ? WHERE id = ?
"""
_DUE: Final = (
    f"SELECT {COLUMNS} FROM invoices WHERE state = 'ISSUED' AND deadline_ms <= ? "  # noqa: S608 - constants
    "ORDER BY deadline_ms LIMIT ?"
)
_COVERED: Final = (
    f"SELECT {COLUMNS} FROM invoices WHERE covered = 1 "  # noqa: S608 - constants
    "AND state IN ('ACCEPTED', 'DEEMED_ACCEPTED', 'CREDITED') LIMIT ?"
)
# Whoever rules on a dispute reads what it is about (BILLING-DISPUTE-5).
_JUDGES: Final = "SELECT 1 FROM disputes WHERE invoice = ? AND arbiter = ? AND escalated = 1 LIMIT 1"


@dataclass(frozen=True, slots=True)
class Change:
    """What a step changes of an invoice besides its state; nothing: it stays.

    Attributes:
        acceptance_sha256: Digest of the consumer's acceptance.
        deadline_ms: When it counts as accepted.
        owed: Amount with all notes.
        withheld: What its disputes keep from being payable.
        paid: What was paid.
        owed_digest: Rating digest of what is owed.
        note_count: Number of notes on it.
        open_disputes: Number of its disputes that are open.
        outcome: How its disputes ended since it was last ISSUED.
    """

    acceptance_sha256: str | None = None
    deadline_ms: int | None = None
    owed: str | None = None
    withheld: str | None = None
    paid: str | None = None
    owed_digest: str | None = None
    note_count: int | None = None
    open_disputes: int | None = None
    outcome: str | None = None


NOTHING: Final = Change()


def snapshot(row: tuple[Any, ...]) -> InvoiceSnapshot:
    """Gives the invoice of one row of `COLUMNS`."""
    plain = dict(zip(_FIELDS, row, strict=False))
    return InvoiceSnapshot(**plain, last=LastTransition(*row[len(_FIELDS) :]))


def find(connection: sqlite3.Connection, id_: str) -> InvoiceSnapshot | None:
    """Gives an invoice by name, whoever asks."""
    row = connection.execute(f"SELECT {COLUMNS} FROM invoices WHERE id = ?", (id_,)).fetchone()  # noqa: S608
    return None if row is None else snapshot(row)


def seq(connection: sqlite3.Connection, id_: str) -> int:
    """Gives the number by which an invoice that is there owns its lines."""
    number: int = connection.execute("SELECT seq FROM invoices WHERE id = ?", (id_,)).fetchone()[0]
    return number


def visible(connection: sqlite3.Connection, party: str, id_: str) -> InvoiceSnapshot:
    """Gives an invoice to its seller or its buyer.

    Raises:
        CrexError: NOT_FOUND for everybody else (BILLING-PARTY-1).
    """
    invoice = find(connection, id_)
    if invoice is None or party not in (invoice.seller, invoice.buyer):
        raise invoice_not_found(id_)
    return invoice


def may_read(connection: sqlite3.Connection, party: str, invoice: InvoiceSnapshot) -> bool:
    """Tells whether a party is seller, buyer or, where a dispute was escalated, its arbiter."""
    if party in (invoice.seller, invoice.buyer):
        return True
    return connection.execute(_JUDGES, (invoice.id, party)).fetchone() is not None


def readable(connection: sqlite3.Connection, party: str, id_: str) -> InvoiceSnapshot | None:
    """Gives an invoice by name to whoever may read it."""
    invoice = find(connection, id_)
    return invoice if invoice is not None and may_read(connection, party, invoice) else None


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
        owed=invoice.total,
        owed_digest=invoice.rating_digest,
        acceptance_ms=invoice.acceptance_ms,
        lease_count=0 if invoice.together is None else len(invoice.leases),
    )
    last = made.last
    plain = [getattr(made, name) for name in _FIELDS]
    step_ = (last.event, last.actor, last.reason, last.time_ms)
    placed = (_covered(made), invoice.start_ms, invoice.end_ms)
    cursor = tx.connection.execute(_INSERT, (*plain, *step_, *placed))
    INVOICE_LINES.write(tx.connection, cursor.lastrowid, invoice.lines)
    leases = [(lease, invoice.start_ms, made.id) for lease, _ in invoice.leases]
    tx.connection.executemany(_LEASE, leases)
    write_parts(tx, made.id, invoice.orders)
    _record(tx, made, event, "", seller)
    return made


def write_parts(tx: Tx, invoice: str, parts: Sequence[OrderPart]) -> None:
    """Writes what of an invoice counts against its orders."""
    tx.connection.executemany(_PART, [(part.order, invoice, part.owed) for part in parts])


def check_parts(tx: Tx, sha256: str, parts: Sequence[OrderPart]) -> str:
    """Gives an order of which other invoices came to something else than was judged; empty: there is none."""
    for part in parts:
        others = tuple(tx.connection.execute(BILLED, (part.order, sha256)).fetchall())
        if part.billed_before is not None and others != part.billed_before:
            return part.order
    return ""


def advance(
    tx: Tx, invoice: InvoiceSnapshot, event: str, actor: Actor, by: str, change: Change = NOTHING
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
    changed = {name: value for name in Change.__slots__ if (value := getattr(change, name)) is not None}
    after = replace(
        invoice,
        state=taken.state,
        version=invoice.version + 1,
        update_ms=tx.now_ms,
        last=LastTransition(event, by, "", tx.now_ms),
        **changed,
    )
    tx.connection.execute(
        _UPDATE,
        (
            after.state,
            after.version,
            after.acceptance_sha256,
            after.update_ms,
            after.deadline_ms,
            after.owed,
            after.withheld,
            after.paid,
            after.owed_digest,
            after.note_count,
            after.open_disputes,
            after.outcome,
            _covered(after),
            event,
            by,
            "",
            tx.now_ms,
            after.id,
        ),
    )
    _record(tx, after, event, invoice.state, by)
    return after


def deem_accepted(tx: Tx, limit: int, authority: str) -> list[Moved]:
    """Lets invoices that nobody answered count as accepted (BILLING-TIMEOUT-1)."""
    rows = tx.connection.execute(_DUE, (tx.now_ms, limit)).fetchall()
    moved = [advance(tx, snapshot(row), "timeout", Actor.BROKER, authority) for row in rows]
    return [Moved(invoice.id, invoice.state) for invoice in moved]


def settle_covered(tx: Tx, limit: int, authority: str) -> list[Moved]:
    """Settles invoices of which all that is owed was paid before it was agreed to (BILLING-PAY-2)."""
    rows = tx.connection.execute(_COVERED, (limit,)).fetchall()
    moved = [advance(tx, snapshot(row), "covered", Actor.BROKER, authority) for row in rows]
    return [Moved(invoice.id, invoice.state) for invoice in moved]


def _covered(invoice: InvoiceSnapshot) -> int:
    return int(invoice.paid_money.minor >= invoice.owed_money.minor)


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
