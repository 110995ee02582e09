"""`InvoiceStore` over SQLite."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from crex.errors import CrexError
from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.invoices import (
    InvoicePage,
    InvoicePapers,
    InvoiceSnapshot,
    LinePage,
    NewInvoice,
    NewPayment,
)
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.application.ports.usage import KeptDocument
from crex_broker.domain.states import Actor
from crex_broker.storage.sqlite import (
    closes,
    documents,
    invoice_papers,
    invoice_table,
    lease_table,
    payments,
    usage_table,
)
from crex_broker.storage.sqlite.invoice_table import BILLED, Change
from crex_broker.storage.sqlite.line_pages import INVOICE_LINES
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.requests import once
from crex_broker.storage.sqlite.writer import Tx, Writer

_OF_PERIOD: Final = """
SELECT invoices.id, invoices.sha256 FROM invoice_leases JOIN invoices ON invoices.id = invoice_leases.invoice
WHERE invoice_leases.lease = ? AND invoice_leases.period_start_ms = ?
"""
_SIDE: Final = f"""
SELECT * FROM (
    SELECT seq, {invoice_table.COLUMNS} FROM invoices WHERE %s = :party AND (
        :lease = '' OR id IN (SELECT invoice FROM invoice_leases WHERE invoice_leases.lease = :lease)
    )
    AND (:state = '' OR state = :state) AND (:before IS NULL OR seq < :before) ORDER BY seq DESC LIMIT :limit
)
"""  # noqa: S608 - constants
_PAGE: Final = f"{_SIDE % 'seller'} UNION {_SIDE % 'buyer'} ORDER BY seq DESC LIMIT :limit"


class SqliteInvoices:
    """Invoices and their lines in one SQLite file."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def issue(self, mutation: Mutation, invoice: NewInvoice) -> Remembered[InvoiceSnapshot]:
        """Keeps an invoice of the caller with its lines."""
        return await self._writer.run(
            lambda tx: once(tx, mutation, InvoiceSnapshot, lambda: _issue(tx, mutation.party, invoice))
        )

    async def papers(self, party: str, id_: str) -> InvoicePapers | None:
        """Gives an invoice that `party` may read, with everything that came after it."""

        def read(connection: sqlite3.Connection) -> InvoicePapers | None:
            found = invoice_table.readable(connection, party, id_)
            return None if found is None else invoice_papers.papers(connection, found)

        return await self._reader.run(read)

    async def papers_of_period(self, lease: str, start_ms: int) -> InvoicePapers | None:
        """Gives the invoice of a period with everything that came after it."""

        def read(connection: sqlite3.Connection) -> InvoicePapers | None:
            row = connection.execute(_OF_PERIOD, (lease, start_ms)).fetchone()
            found = None if row is None else invoice_table.find(connection, row[0])
            return None if found is None else invoice_papers.papers(connection, found)

        return await self._reader.run(read)

    async def billed_before(self, order: str, invoice_sha256: str) -> tuple[tuple[str, str], ...]:
        """Gives currency and amount owed of every other invoice of an order's leases."""
        found = (order, invoice_sha256)
        return await self._reader.run(lambda c: tuple(c.execute(BILLED, found).fetchall()))

    async def invoice(
        self, party: str, id_: str, *, from_number: int, limit: int, max_bytes: int
    ) -> LinePage | None:
        """Gives an invoice that `party` may read, with a part of its lines."""

        def read(connection: sqlite3.Connection) -> LinePage | None:
            found = invoice_table.readable(connection, party, id_)
            if found is None:
                return None
            document = documents.kept(connection, found.sha256)
            accepted = found.acceptance_sha256
            acceptance = documents.kept(connection, accepted).envelope if accepted else None
            room = max_bytes - len(document.envelope) - len(acceptance or b"")
            seq = invoice_table.seq(connection, id_)
            lines, next_number = INVOICE_LINES.page(connection, seq, from_number, limit, room)
            return LinePage(
                invoice=found,
                document=document,
                acceptance=acceptance,
                lines=lines,
                next_number=next_number,
            )

        return await self._reader.run(read)

    async def invoices(
        self, party: str, *, state: str, lease: str, before_seq: int | None, limit: int
    ) -> InvoicePage:
        """Gives a part of `party`'s invoices, newest first."""
        found = {"party": party, "state": state, "lease": lease, "before": before_seq, "limit": limit + 1}

        def read(connection: sqlite3.Connection) -> InvoicePage:
            rows = connection.execute(_PAGE, found).fetchall()
            more, rows = len(rows) > limit, rows[:limit]
            invoices = tuple([invoice_table.snapshot(row[1:]) for row in rows])
            return InvoicePage(invoices, rows[-1][0] if more else None)

        return await self._reader.run(read)

    async def by_digest(self, party: str, sha256: str) -> tuple[InvoiceSnapshot, KeptDocument] | None:
        """Gives the invoice with this digest, if `party` is seller or buyer."""
        sql = f"SELECT {invoice_table.COLUMNS} FROM invoices WHERE sha256 = ?"  # noqa: S608 - constants

        def read(connection: sqlite3.Connection) -> tuple[InvoiceSnapshot, KeptDocument] | None:
            row: tuple[Any, ...] | None = connection.execute(sql, (sha256,)).fetchone()
            found = None if row is None else invoice_table.snapshot(row)
            if found is None or party not in (found.seller, found.buyer):
                return None
            return found, documents.kept(connection, sha256)

        return await self._reader.run(read)

    async def accept(
        self, mutation: Mutation, invoice: str, acceptance: NewDocument, *, rating_digest: str
    ) -> Remembered[InvoiceSnapshot]:
        """Accepts an invoice of which the caller is the buyer."""

        def work(tx: Tx) -> InvoiceSnapshot:
            standing = _as_party(tx, mutation.party, invoice, buyer=True)
            change = Change(acceptance_sha256=acceptance.sha256)
            after = invoice_table.advance(tx, standing, "accept", Actor.CONSUMER, mutation.party, change)
            if rating_digest != standing.digest_owed:
                raise _other_digest(standing, rating_digest)
            if after.version != standing.version:
                documents.keep(tx, acceptance)
            return after

        return await self._writer.run(lambda tx: once(tx, mutation, InvoiceSnapshot, lambda: work(tx)))

    async def record_payment(
        self, mutation: Mutation, invoice: str, payment: NewPayment
    ) -> Remembered[InvoiceSnapshot]:
        """Records that an invoice of which the caller is the seller was paid."""

        def work(tx: Tx) -> InvoiceSnapshot:
            standing = _as_party(tx, mutation.party, invoice, buyer=False)
            return payments.record(tx, standing, payment)

        return await self._writer.run(lambda tx: once(tx, mutation, InvoiceSnapshot, lambda: work(tx)))


def _issue(tx: Tx, seller: str, invoice: NewInvoice) -> InvoiceSnapshot:
    for lease, _ in invoice.leases:
        lease_table.of_provider(tx.connection, seller, lease)
        row = tx.connection.execute(_OF_PERIOD, (lease, invoice.start_ms)).fetchone()
        if row is not None and row[1] == invoice.document.sha256:
            standing = invoice_table.find(tx.connection, row[0])
            assert standing is not None  # noqa: S101 - just found
            return standing
        if row is not None:
            raise CrexError(
                "NAME_EXISTS",
                f"{row[0]} bills this period of {lease} already; a period is billed once. Read that invoice "
                "(BILLING-ONE-1).",
                details={"invoice": row[0], "sha256": row[1]},
            )
    for lease, version in invoice.leases:
        _check_sealed(tx, lease, invoice.start_ms, version)
    _check_same_ground(tx, seller, invoice)
    closes.check_open(tx.connection, seller, invoice.buyer, invoice.account, invoice.issued_ms)
    documents.keep(tx, invoice.document)
    return invoice_table.make(tx, invoice, seller)


def _check_sealed(tx: Tx, lease: str, start_ms: int, version: int) -> None:
    usage = usage_table.period(tx.connection, lease, start_ms)
    if usage is None or usage.state != "SEALED" or usage.version != version:
        raise CrexError(
            "INCOMPLETE",
            f"The usage of {lease} in this period is {'not there' if usage is None else usage.state}; an "
            "invoice bills sealed usage. Seal the period, then issue the invoice (BILLING-ISSUE-1).",
            details={"lease": lease, "current_state": "" if usage is None else usage.state},
        )


def _check_same_ground(tx: Tx, seller: str, invoice: NewInvoice) -> None:
    """Requires that nothing else was billed or used by which the invoice was judged."""
    order = invoice_table.check_parts(tx, invoice.document.sha256, invoice.orders)
    if order:
        raise CrexError(
            "ETAG_MISMATCH",
            f"Another invoice of {order} came while this one was recomputed, and both count against its "
            "spend limit. Send the same request again.",
            details={"order": order},
        )
    together = invoice.together
    if together is None:
        return
    used = usage_table.used_in(tx.connection, seller, invoice.buyer, invoice.start_ms, together.until_ms)
    if used != together.used:
        raise CrexError(
            "ETAG_MISMATCH",
            f"Usage of {invoice.buyer} changed while the invoice of its account was recomputed. Send the "
            "same request again.",
            details={"account": invoice.account},
        )


def _as_party(tx: Tx, party: str, id_: str, *, buyer: bool) -> InvoiceSnapshot:
    invoice = invoice_table.visible(tx.connection, party, id_)
    if party != (invoice.buyer if buyer else invoice.seller):
        who, what = ("buyer", "accepts") if buyer else ("seller", "records the payment of")
        raise CrexError(
            "NOT_A_PARTY",
            f"Only the {who} {what} {id_}, and that is not {party}. Nothing was changed.",
            details={"name": id_},
        )
    return invoice


def _other_digest(invoice: InvoiceSnapshot, stated: str) -> CrexError:
    return CrexError(
        "RATING_DIFFERS",
        f"The acceptance states rating digest {stated}, and what is owed by {invoice.id} and the "
        f"{invoice.note_count} notes on it has {invoice.digest_owed}. Read it again with its notes, "
        "recompute, and accept or dispute what you then find (BILLING-ACCEPT-1).",
        details={"requirement": "BILLING-ACCEPT-1", "name": invoice.id},
    )
