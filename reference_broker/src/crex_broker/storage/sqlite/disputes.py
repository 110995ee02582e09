"""`DisputeStore` over SQLite."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from crex.errors import CrexError
from crex_broker.application.ports.disputes import (
    Disputed,
    DisputePage,
    DisputePapers,
    DisputeSnapshot,
    DisputeStep,
    NewDispute,
)
from crex_broker.application.ports.invoices import InvoiceSnapshot, invoice_not_found
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.domain.etags import etag_of
from crex_broker.domain.states import Actor
from crex_broker.storage.sqlite import dispute_table, documents, invoice_table
from crex_broker.storage.sqlite.invoice_table import Change
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.requests import once
from crex_broker.storage.sqlite.writer import Tx, Writer

_SIDE: Final = f"""
SELECT * FROM (
    SELECT seq, {dispute_table.COLUMNS} FROM disputes WHERE %s AND (:invoice = '' OR invoice = :invoice)
    AND (:state = '' OR state = :state) AND (:before IS NULL OR seq < :before) ORDER BY seq DESC LIMIT :limit
)
"""  # noqa: S608 - constants
_PAGE: Final = " UNION ".join(
    _SIDE % side for side in ("seller = :party", "buyer = :party", "arbiter = :party AND escalated = 1")
)
# Events of the invoice by how its disputes ended since it was last ISSUED.
_ENDED: Final = {"": "withdrawn", "resolved": "resolved", "credited": "credited"}


class SqliteDisputes:
    """Disputes in one SQLite file."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def open(self, mutation: Mutation, dispute: NewDispute) -> Remembered[Disputed]:
        """Keeps a dispute of the buyer."""
        return await self._writer.run(
            lambda tx: once(tx, mutation, Disputed, lambda: _open(tx, mutation.party, dispute))
        )

    async def advance(self, mutation: Mutation, step: DisputeStep) -> Remembered[Disputed]:
        """Takes a step of a dispute, and of its invoice where it ends."""
        return await self._writer.run(
            lambda tx: once(tx, mutation, Disputed, lambda: _advance(tx, mutation.party, step))
        )

    async def dispute(self, party: str, id_: str) -> DisputePapers | None:
        """Gives a dispute that `party` may read, with all its documents."""

        def read(connection: sqlite3.Connection) -> DisputePapers | None:
            found = dispute_table.find(connection, id_)
            if found is None or not dispute_table.may_read(party, found):
                return None
            return DisputePapers(
                found,
                documents.kept(connection, found.sha256),
                dispute_table.papers(connection, id_),
            )

        return await self._reader.run(read)

    async def by_digest(self, party: str, sha256: str) -> DisputeSnapshot | None:
        """Gives the dispute whose document has this digest, if `party` may read it."""
        sql = f"SELECT {dispute_table.COLUMNS} FROM disputes WHERE sha256 = ?"  # noqa: S608 - constants

        def read(connection: sqlite3.Connection) -> DisputeSnapshot | None:
            row: tuple[Any, ...] | None = connection.execute(sql, (sha256,)).fetchone()
            found = None if row is None else dispute_table.snapshot(row)
            return found if found is not None and dispute_table.may_read(party, found) else None

        return await self._reader.run(read)

    async def disputes(
        self, party: str, *, state: str, invoice: str, before_seq: int | None, limit: int
    ) -> DisputePage:
        """Gives a part of the disputes that `party` may read, newest first."""
        found = {"party": party, "state": state, "invoice": invoice, "before": before_seq, "limit": limit + 1}
        sql = f"{_PAGE} ORDER BY seq DESC LIMIT :limit"

        def read(connection: sqlite3.Connection) -> DisputePage:
            rows = connection.execute(sql, found).fetchall()
            more, rows = len(rows) > limit, rows[:limit]
            return DisputePage(
                tuple([dispute_table.snapshot(row[1:]) for row in rows]), rows[-1][0] if more else None
            )

        return await self._reader.run(read)


def _open(tx: Tx, buyer: str, dispute: NewDispute) -> Disputed:
    invoice = invoice_table.find(tx.connection, dispute.invoice)
    if invoice is None or invoice.buyer != buyer:
        raise invoice_not_found(dispute.invoice)
    standing = dispute_table.find(tx.connection, dispute.document.id)
    if standing is not None and standing.sha256 == dispute.document.sha256:
        return Disputed(standing, invoice)
    if invoice.version != dispute.invoice_version:
        raise _changed(invoice)
    change = Change(
        open_disputes=invoice.open_disputes + 1,
        outcome="" if invoice.state == "ISSUED" else None,
        withheld=dispute.withheld,
    )
    after = invoice_table.advance(tx, invoice, "dispute", Actor.CONSUMER, buyer, change)
    documents.keep(tx, dispute.document)
    return Disputed(dispute_table.make(tx, dispute, after), after)


def _advance(tx: Tx, by: str, wanted: DisputeStep) -> Disputed:
    dispute = dispute_table.visible(tx.connection, by, wanted.dispute)
    invoice = invoice_table.find(tx.connection, dispute.invoice)
    assert invoice is not None  # noqa: S101 - a foreign key
    taken = dispute_table.take(dispute, wanted.event, Actor(wanted.actor))
    if taken.repeated:
        return Disputed(dispute, invoice)
    if dispute.version != wanted.dispute_version or invoice.version != wanted.invoice_version:
        raise _changed(invoice)
    if wanted.event == "answer" and tx.now_ms >= dispute.answer_by_ms:
        raise CrexError(
            "ILLEGAL_TRANSITION",
            f"The time to answer {dispute.id} has passed; it is before the arbiter, {dispute.arbiter}, and "
            "an answer comes too late (BILLING-DISPUTE-2).",
            details={"current_state": "ESCALATED", "etag": etag_of(dispute.version), "event": wanted.event},
        )
    documents.keep(tx, wanted.document)
    after = dispute_table.advance(tx, dispute, taken.state, wanted, by)
    if after.state in ("RESOLVED", "WITHDRAWN"):
        invoice = _ended(tx, invoice, after.state, wanted, by)
    return Disputed(after, invoice)


def _ended(tx: Tx, invoice: InvoiceSnapshot, state: str, wanted: DisputeStep, by: str) -> InvoiceSnapshot:
    """Takes the invoice's step where a dispute of it ended (BILLING-DISPUTE-4)."""
    outcome = invoice.outcome
    if state == "RESOLVED" and outcome != "credited":
        outcome = "credited" if wanted.granted else "resolved"
    left = invoice.open_disputes - 1
    event = "closed" if left else _ENDED[outcome]
    change = Change(open_disputes=left, outcome=outcome, withheld=wanted.withheld)
    return invoice_table.advance(tx, invoice, event, Actor.BROKER, by, change)


def _changed(invoice: InvoiceSnapshot) -> CrexError:
    return CrexError(
        "ETAG_MISMATCH",
        f"{invoice.id} or what is on it changed while the document was verified. Send the request again.",
        details={"name": invoice.id, "current_state": invoice.state},
    )
