"""Disputes as rows: reading one, writing a new one, and taking one step of its state machine."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any, Final

from crex_broker.application.ports.disputes import (
    DisputeSnapshot,
    DisputeStep,
    NewDispute,
    dispute_not_found,
)
from crex_broker.application.ports.invoices import InvoiceSnapshot
from crex_broker.application.ports.orders import LastTransition
from crex_broker.application.ports.timers import Moved
from crex_broker.application.ports.usage import KeptDocument
from crex_broker.domain.etags import etag_of
from crex_broker.domain.states import NEW, Actor, Step, step
from crex_broker.storage.sqlite import documents, transitions
from crex_broker.storage.sqlite.writer import Tx

COLUMNS: Final = (
    "id, state, version, sha256, invoice, seller, buyer, arbiter, escalated, currency, disputed, "
    "answer_by_ms, settled_id, settled_revision, settled_sha256, create_ms, update_ms, last_event, "
    "last_actor, last_reason, last_ms"
)
_FIELDS: Final = [name for name in DisputeSnapshot.__slots__ if name != "last"]
_INSERT: Final = f"INSERT INTO disputes ({COLUMNS}) VALUES ({', '.join('?' * len(COLUMNS.split(', ')))})"  # noqa: S608
_UPDATE: Final = """
UPDATE disputes SET state = ?, version = ?, arbiter = ?, escalated = ?, settled_id = ?, settled_revision = ?,
    settled_sha256 = ?, update_ms = ?, last_event = ?, last_actor = ?, last_reason = ?, last_ms = ?
WHERE id = ?
"""
_DUE: Final = (
    f"SELECT {COLUMNS} FROM disputes WHERE state = 'OPEN' AND answer_by_ms <= ? "  # noqa: S608 - constants
    "ORDER BY answer_by_ms LIMIT ?"
)
_PAPER: Final = """
INSERT INTO dispute_papers (dispute, number, sha256)
SELECT ?1, 1 + count(*), ?2 FROM dispute_papers WHERE dispute = ?1
"""
_PAPERS: Final = "SELECT sha256 FROM dispute_papers WHERE dispute = ? ORDER BY number"
_ESCALATED: Final = "ESCALATED"


def snapshot(row: tuple[Any, ...]) -> DisputeSnapshot:
    """Gives the dispute of one row of `COLUMNS`."""
    plain = dict(zip(_FIELDS, row, strict=False))
    return DisputeSnapshot(**plain, last=LastTransition(*row[len(_FIELDS) :]))


def find(connection: sqlite3.Connection, id_: str) -> DisputeSnapshot | None:
    """Gives a dispute by name, whoever asks."""
    row = connection.execute(f"SELECT {COLUMNS} FROM disputes WHERE id = ?", (id_,)).fetchone()  # noqa: S608
    return None if row is None else snapshot(row)


def papers(connection: sqlite3.Connection, id_: str) -> tuple[KeptDocument, ...]:
    """Gives what came of a dispute: answer, replies and ruling, as they came."""
    rows = connection.execute(_PAPERS, (id_,)).fetchall()
    return tuple([documents.kept(connection, sha256) for (sha256,) in rows])


def may_read(party: str, dispute: DisputeSnapshot) -> bool:
    """Tells whether a party is seller, buyer or, once it was escalated, its arbiter (BILLING-DISPUTE-5)."""
    return party in (dispute.seller, dispute.buyer) or (bool(dispute.escalated) and party == dispute.arbiter)


def visible(connection: sqlite3.Connection, party: str, id_: str) -> DisputeSnapshot:
    """Gives a dispute to whoever may read it.

    Raises:
        CrexError: NOT_FOUND for everybody else (BILLING-PARTY-1).
    """
    dispute = find(connection, id_)
    if dispute is None or not may_read(party, dispute):
        raise dispute_not_found(id_)
    return dispute


def make(tx: Tx, dispute: NewDispute, invoice: InvoiceSnapshot) -> DisputeSnapshot:
    """Writes a new dispute of an invoice."""
    event = "open"
    made = DisputeSnapshot(
        id=dispute.document.id,
        state=step("dispute", NEW, event, Actor.CONSUMER).state,
        version=1,
        sha256=dispute.document.sha256,
        invoice=invoice.id,
        seller=invoice.seller,
        buyer=invoice.buyer,
        arbiter=dispute.arbiter,
        escalated=0,
        currency=dispute.currency,
        disputed=dispute.disputed,
        answer_by_ms=dispute.answer_by_ms,
        settled_id="",
        settled_revision=0,
        settled_sha256="",
        create_ms=tx.now_ms,
        update_ms=tx.now_ms,
        last=LastTransition(event, invoice.buyer, "", tx.now_ms),
    )
    last = (made.last.event, made.last.actor, made.last.reason, made.last.time_ms)
    tx.connection.execute(_INSERT, (*[getattr(made, name) for name in _FIELDS], *last))
    _record(tx, made, event, "", invoice.buyer)
    return made


def take(dispute: DisputeSnapshot, event: str, actor: Actor) -> Step:
    """Takes one step of a dispute's state machine, without writing it.

    Raises:
        CrexError: ILLEGAL_TRANSITION, NOT_A_PARTY (STATE-DISPUTE-1).
    """
    return step(
        "dispute", dispute.state, event, actor, last_event=dispute.last.event, etag=etag_of(dispute.version)
    )


def advance(tx: Tx, dispute: DisputeSnapshot, state: str, wanted: DisputeStep, by: str) -> DisputeSnapshot:
    """Writes a step that was taken, with its document."""
    id_, revision, sha256 = wanted.settled or ("", 0, "")
    settled = replace(
        dispute,
        arbiter=wanted.arbiter,
        settled_id=id_,
        settled_revision=revision,
        settled_sha256=sha256,
    )
    tx.connection.execute(_PAPER, (dispute.id, wanted.document.sha256))
    return _write(tx, settled, state, wanted.event, by)


def escalate_unanswered(tx: Tx, limit: int, authority: str) -> list[Moved]:
    """Takes disputes that nobody answered in time to the arbiter (BILLING-DISPUTE-2)."""
    event, moved = "deadline", []
    for row in tx.connection.execute(_DUE, (tx.now_ms, limit)).fetchall():
        dispute = snapshot(row)
        state = take(dispute, event, Actor.BROKER).state
        after = _write(tx, dispute, state, event, authority)
        moved.append(Moved(after.id, after.state))
    return moved


def _write(tx: Tx, dispute: DisputeSnapshot, state: str, event: str, by: str) -> DisputeSnapshot:
    """Writes a dispute in its next state; whoever is arbiter once it was escalated may read it for good."""
    after = replace(
        dispute,
        state=state,
        version=dispute.version + 1,
        escalated=int(bool(dispute.escalated) or state == _ESCALATED),
        update_ms=tx.now_ms,
        last=LastTransition(event, by, "", tx.now_ms),
    )
    last = after.last
    tx.connection.execute(
        _UPDATE,
        (
            after.state,
            after.version,
            after.arbiter,
            after.escalated,
            after.settled_id,
            after.settled_revision,
            after.settled_sha256,
            after.update_ms,
            last.event,
            last.actor,
            last.reason,
            last.time_ms,
            after.id,
        ),
    )
    _record(tx, after, event, dispute.state, by)
    return after


def _record(tx: Tx, dispute: DisputeSnapshot, event: str, before: str, by: str) -> None:
    transitions.record(
        tx,
        "dispute",
        dispute.id,
        event,
        before=before,
        after=dispute.state,
        actor=by,
        provider=dispute.seller,
        consumer=dispute.buyer,
    )
