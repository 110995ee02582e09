"""`AccountStore` over SQLite: what stands between a seller and a buyer, and which periods are closed."""

from __future__ import annotations

import sqlite3
from typing import Final

from crex.documents.times import format_time, from_ms
from crex.errors import CrexError
from crex_broker.application.ports.accounts import AccountPapers, Closed, KeptPayment, NewClose
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.storage.sqlite import documents, invoice_papers, invoice_table
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.requests import once
from crex_broker.storage.sqlite.writer import Tx, Writer

_INVOICES: Final = (
    f"SELECT {invoice_table.COLUMNS} FROM invoices "  # noqa: S608 - constants
    "WHERE seller = ? AND buyer = ? ORDER BY seq"
)
_PAYMENTS: Final = """
SELECT invoice, currency, amount, time_ms, reference FROM payments WHERE seller = ? AND buyer = ? ORDER BY seq
"""
_CLOSES: Final = """
SELECT sha256 FROM period_closes WHERE seller = ? AND buyer = ? AND account = ? ORDER BY start_ms
"""
_VERSION: Final = """
SELECT (SELECT max(seq) FROM invoices WHERE seller = ?1 AND buyer = ?2),
    (SELECT max(notes.seq) FROM notes JOIN invoices ON invoices.id = notes.invoice
     WHERE invoices.seller = ?1 AND invoices.buyer = ?2),
    (SELECT max(seq) FROM period_closes WHERE seller = ?1 AND buyer = ?2)
"""
_KNOWN: Final = "SELECT 1 FROM period_closes WHERE sha256 = ?"
_INSERT: Final = """
INSERT INTO period_closes (sha256, seller, buyer, account, start_ms, end_ms) VALUES (?, ?, ?, ?, ?, ?)
"""
# Closes follow each other without a hole, so what was issued before the end of the last one is closed.
_CLOSED_UNTIL: Final = """
SELECT max(end_ms) FROM period_closes WHERE seller = ? AND buyer = ? AND account = ?
"""


class SqliteAccounts:
    """Accounts in one SQLite file."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def papers(self, seller: str, buyer: str, account: str) -> AccountPapers:
        """Gives everything between a seller and a buyer, and the closes of an account."""
        pair = (seller, buyer)

        def read(connection: sqlite3.Connection) -> AccountPapers:
            invoices = [invoice_table.snapshot(row) for row in connection.execute(_INVOICES, pair).fetchall()]
            closes = connection.execute(_CLOSES, (*pair, account)).fetchall()
            return AccountPapers(
                invoices=tuple([invoice_papers.papers(connection, invoice) for invoice in invoices]),
                payments=tuple([KeptPayment(*row) for row in connection.execute(_PAYMENTS, pair)]),
                closes=tuple([documents.kept(connection, sha256) for (sha256,) in closes]),
                version=_version(connection, seller, buyer),
            )

        return await self._reader.run(read)

    async def close(self, mutation: Mutation, close: NewClose) -> Remembered[Closed]:
        """Keeps a period close of the seller."""
        return await self._writer.run(
            lambda tx: once(tx, mutation, Closed, lambda: _close(tx, mutation.party, close))
        )


def check_open(connection: sqlite3.Connection, seller: str, buyer: str, account: str, issued_ms: int) -> None:
    """Requires that an instant of issue is not closed.

    Raises:
        CrexError: CONFLICT (BILLING-CLOSE-2).
    """
    (until_ms,) = connection.execute(_CLOSED_UNTIL, (seller, buyer, account)).fetchone()
    if until_ms is not None and issued_ms < until_ms:
        raise CrexError(
            "CONFLICT",
            f"What was issued to account {account} of {buyer} before {format_time(from_ms(until_ms))} is "
            "closed, and this document says that it was issued before. Issue it now (BILLING-CLOSE-2).",
            details={"requirement": "BILLING-CLOSE-2"},
        )


def _close(tx: Tx, seller: str, close: NewClose) -> Closed:
    done = Closed(close.document.sha256)
    if tx.connection.execute(_KNOWN, (close.document.sha256,)).fetchone() is not None:
        return done
    if _version(tx.connection, seller, close.buyer) != close.version:
        raise CrexError(
            "ETAG_MISMATCH",
            f"Something was issued to {close.buyer} while the close was compared. Send the request again.",
            details={"buyer": close.buyer},
        )
    if close.end_ms > tx.now_ms:
        raise CrexError(
            "CONFLICT",
            f"{close.document.id} closes a period until {format_time(from_ms(close.end_ms))}, which has not "
            "ended: something could still be issued in it. Close it then (BILLING-CLOSE-1).",
            details={"requirement": "BILLING-CLOSE-1"},
        )
    documents.keep(tx, close.document)
    row = (close.document.sha256, seller, close.buyer, close.account, close.start_ms, close.end_ms)
    tx.connection.execute(_INSERT, row)
    return done


def _version(connection: sqlite3.Connection, seller: str, buyer: str) -> str:
    found = connection.execute(_VERSION, (seller, buyer)).fetchone()
    return ".".join(str(each or 0) for each in found)
