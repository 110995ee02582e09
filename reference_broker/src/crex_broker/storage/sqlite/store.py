"""The store: one SQLite file with everything behind the ports, its lock, its writer and its readers."""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Final

from crex.documents.times import Clock, to_ms
from crex.errors import CrexError
from crex_broker.storage.sqlite import migrations
from crex_broker.storage.sqlite.agents import SqliteAgents
from crex_broker.storage.sqlite.allotments import SqliteAllotments
from crex_broker.storage.sqlite.attestations import SqliteAttestations
from crex_broker.storage.sqlite.closes import SqliteAccounts
from crex_broker.storage.sqlite.database import DatabaseLock, connect
from crex_broker.storage.sqlite.disputes import SqliteDisputes
from crex_broker.storage.sqlite.documents import SqliteDocuments
from crex_broker.storage.sqlite.errors import start_refusal_of
from crex_broker.storage.sqlite.invoices import SqliteInvoices
from crex_broker.storage.sqlite.leases import SqliteLeases
from crex_broker.storage.sqlite.log import SqliteLog
from crex_broker.storage.sqlite.log_backfill import bring_in
from crex_broker.storage.sqlite.notes import SqliteNotes
from crex_broker.storage.sqlite.offers import SqliteOffers
from crex_broker.storage.sqlite.orders import SqliteOrders
from crex_broker.storage.sqlite.parties import SqliteParties
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.requests import SqliteRequests
from crex_broker.storage.sqlite.timers import SqliteTimers
from crex_broker.storage.sqlite.usage import SqliteUsage
from crex_broker.storage.sqlite.writer import Tx, Writer

_SECRET: Final = "secret"  # noqa: S105 - the key of a row, not a secret


class SqliteStore:
    """`Store` over one SQLite file.

    Attributes:
        writer: Runs functions in durable transactions.
        reader: Runs functions over snapshots.
    """

    def __init__(self, path: Path, *, authority: str, clock: Clock) -> None:
        """Opens the database, makes it where there is none, and brings it to the newest schema.

        Args:
            path: The database file; its folder must exist.
            authority: The broker's own authority.
            clock: The host's clock, from which store time is taken.

        Raises:
            CrexError: STORAGE_UNAVAILABLE, STORAGE_FULL or CLOCK_BACKWARDS, with what to do.
        """
        self.path = path
        with ExitStack() as opened:
            lock = DatabaseLock(path)
            lock.acquire()
            opened.callback(lock.release)
            try:
                _prepare(path, clock)
                self.reader = Reader(path)
                opened.callback(self.reader.close)
                self.reader.start()
                self.writer = Writer(path, clock)
                opened.callback(self.writer.close)
                self.writer.start()
                self._secret = self.writer.run_blocking(_read_secret)
                self.writer.run_blocking(bring_in)
            except sqlite3.Error as error:
                raise start_refusal_of(error, str(path)) from error
            self._opened = opened.pop_all()
        self.accounts = SqliteAccounts(self.writer, self.reader)
        self.agents = SqliteAgents(self.writer, self.reader, authority)
        self.allotments = SqliteAllotments(self.writer, authority)
        self.attestations = SqliteAttestations(self.writer, self.reader)
        self.disputes = SqliteDisputes(self.writer, self.reader)
        self.documents = SqliteDocuments(self.reader)
        self.invoices = SqliteInvoices(self.writer, self.reader)
        self.leases = SqliteLeases(self.writer, self.reader)
        self.log = SqliteLog(self.writer, self.reader, authority)
        self.notes = SqliteNotes(self.writer, self.reader)
        self.offers = SqliteOffers(self.writer, self.reader, authority)
        self.orders = SqliteOrders(self.writer, self.reader, authority)
        self.parties = SqliteParties(self.writer, self.reader)
        self.requests = SqliteRequests(self.reader)
        self.timers = SqliteTimers(self.writer, self.reader, authority)
        self.usage = SqliteUsage(self.writer, self.reader)

    def secret(self, purpose: str) -> bytes:
        """Gives 32 random bytes that stay the same for this store and purpose."""
        return sha256(self._secret + purpose.encode()).digest()

    def close(self) -> None:
        """Finishes what is queued, closes every connection and gives the lock back."""
        self._opened.close()


def _prepare(path: Path, clock: Clock) -> None:
    if not path.exists():
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise CrexError(
                "STORAGE_UNAVAILABLE",
                f"The database {path} cannot be made ({error.strerror}). Let the broker's user write to its "
                "folder, or name another.",
                source=str(path),
            ) from error
    connection = connect(path)
    try:
        now_ms = to_ms(clock.now())
        migrations.migrate(connection, migrations.load(), now_ms=now_ms, path=str(path))
    finally:
        connection.close()


def _read_secret(tx: Tx) -> bytes:
    tx.connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING",
        (_SECRET, secrets.token_bytes(32)),
    )
    row = tx.connection.execute("SELECT value FROM meta WHERE key = ?", (_SECRET,)).fetchone()
    return bytes(row[0])
