"""The agent's memory: what it was told, what it did, and what it still owes, durable before anything is done.

Invariants:

- A command is in the journal before its side effect begins (AGENT-JOURNAL-1), and its result before it is
  sent (AGENT-ANSWER-1).
- A signed document is in the journal before it is sent, so that a repetition sends the same bytes.
- Readings, records and batches of a lease are written together: a crash neither loses nor doubles a number.
- An invoice and the place that it takes in its stream are written together (STREAM-SEQUENCE-1).

One SQLite file (WAL, synchronous FULL): transactions over several tables, no server, one file to keep. A lock
keeps a second agent out of the folder.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

from crex.errors import CrexError

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS command (
    id TEXT PRIMARY KEY, subject TEXT NOT NULL, epoch INTEGER NOT NULL, body BLOB NOT NULL, result BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS command_subject ON command (subject, epoch);
CREATE TABLE IF NOT EXISTS lease (
    name TEXT PRIMARY KEY, state TEXT NOT NULL, body BLOB NOT NULL, order_document BLOB NOT NULL,
    hold_receipt BLOB NOT NULL, offer BLOB, price_plan BLOB, access_grant BLOB, activated_ms INTEGER,
    ended_ms INTEGER, meters TEXT NOT NULL DEFAULT '{}', period_start_ms INTEGER, period_end_ms INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS reading (
    lease TEXT NOT NULL, at_ms INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (lease, at_ms)
) STRICT;
CREATE TABLE IF NOT EXISTS batch (
    lease TEXT NOT NULL, number INTEGER NOT NULL, final INTEGER NOT NULL, envelope BLOB NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (lease, number)
) STRICT;
CREATE TABLE IF NOT EXISTS record (
    lease TEXT NOT NULL, number INTEGER NOT NULL, place INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (lease, number, place)
) STRICT;
CREATE TABLE IF NOT EXISTS invoice (
    lease TEXT NOT NULL, number INTEGER NOT NULL, request BLOB NOT NULL, sent INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (lease, number)
) STRICT;
CREATE TABLE IF NOT EXISTS stream (
    name TEXT PRIMARY KEY, sequence INTEGER NOT NULL, prev TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
"""


class Journal:
    """The journal of one agent. Used from one thread."""

    def __init__(self, folder: Path) -> None:
        """Opens the journal of a folder; makes it where there is none.

        Raises:
            CrexError: CONFLICT where another agent has the folder; STORAGE_UNAVAILABLE where it cannot be
            used.
        """
        self._path = path = folder / "journal.sqlite"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with ExitStack() as undo:
                self._lock = undo.enter_context(_locked(folder / "journal.lock"))
                os.close(_open(path))
                self._connection = sqlite3.connect(path, isolation_level=None)
                undo.callback(self._connection.close)
                self._connection.row_factory = sqlite3.Row
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = FULL")
                self._connection.executescript(_SCHEMA)
                undo.pop_all()
        except (OSError, sqlite3.Error) as error:
            raise CrexError(
                "STORAGE_UNAVAILABLE",
                f"The agent's journal cannot be used ({error}). Without it a crash could deliver or bill "
                "twice. Let the agent write to the folder, or name another.",
                source=str(path),
            ) from error

    def close(self) -> None:
        """Closes the journal and gives the lock back."""
        self._connection.close()
        self._lock.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Runs what is inside as one durable transaction; whatever ends it early leaves nothing of it.

        Raises:
            CrexError: STORAGE_FULL or STORAGE_UNAVAILABLE where the file cannot be written.
        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk ends some transactions by itself, and others not.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
            raise CrexError(
                "STORAGE_FULL" if full else "STORAGE_UNAVAILABLE",
                f"The agent's journal cannot be written ({error}), so nothing is done that it would not "
                "remember; what is delivered goes on. Free disk space; start the agent again if it ended.",
                source=str(self._path),
            ) from error

    def one(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Reads one row, or nothing."""
        row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Reads rows."""
        return self._connection.execute(sql, values).fetchall()

    def take_command(self, id_: str, subject: str, epoch: int, body: bytes) -> tuple[bytes | None, int]:
        """Writes a command down before anything is done about it.

        Returns:
            The result that it had before, if any, and the highest epoch seen for its subject.
        """
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO command (id, subject, epoch, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO "
                "NOTHING",
                (id_, subject, epoch, body),
            )
        known = self.one("SELECT result FROM command WHERE id = ?", id_)
        highest = self.one("SELECT max(epoch) AS epoch FROM command WHERE subject = ?", subject)
        return (known["result"] if known else None), (int(highest["epoch"]) if highest else epoch)

    def unanswered(self) -> list[str]:
        """Lists the commands that have no result yet and were not replaced."""
        rows = self.all(
            "SELECT id FROM command AS this WHERE result IS NULL AND epoch = "
            "(SELECT max(epoch) FROM command WHERE subject = this.subject) ORDER BY id"
        )
        return [row["id"] for row in rows]


def _open(path: Path) -> int:
    """Opens a file, made for its owner alone: others could read what is delivered, or hold the lock."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _locked(path: Path) -> IO[bytes]:
    file = os.fdopen(_open(path), "r+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise CrexError(
            "CONFLICT",
            "Another agent works in this folder; two would deliver the same lease twice. Stop it, or give "
            "this one a folder of its own.",
            source=str(path),
        ) from error
    return file
