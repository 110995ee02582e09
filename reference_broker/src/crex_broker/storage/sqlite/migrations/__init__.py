"""Numbered migrations: `NNNN_name.sql`, applied once each, in order, and never changed afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Final

from crex.errors import CrexError

_HISTORY: Final = """
CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    create_ms INTEGER NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema.

    Attributes:
        number: Its place, from 1, without gaps.
        name: What it brings.
        sql: Its statements.
    """

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Digest of the statements, by which a changed migration is noticed."""
        return sha256(self.sql.encode()).hexdigest()


def load() -> tuple[Migration, ...]:
    """Reads the migrations of this package, in order."""
    found = []
    for file in files(__name__).iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            found.append(Migration(int(number), name, file.read_text("utf-8")))
    found.sort(key=lambda migration: migration.number)
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise RuntimeError(f"migrations are numbered from 1 without gaps; found {[m.number for m in found]}")
    return tuple(found)


def migrate(
    connection: sqlite3.Connection, migrations: Sequence[Migration], *, now_ms: int, path: str
) -> None:
    """Brings a database to the newest schema, each migration in one transaction.

    Args:
        connection: A connection that nobody else writes through.
        migrations: All known migrations, in order.
        now_ms: The present, for the history.
        path: The database file, for messages.

    Raises:
        CrexError: STORAGE_UNAVAILABLE where the database is newer than this program, or an applied migration
            is not the one that this program knows.
    """
    connection.execute(_HISTORY)
    applied = list(connection.execute("SELECT number, name, sha256 FROM migrations ORDER BY number"))
    if len(applied) > len(migrations):
        number, name, _ = applied[-1]
        raise _refused(
            path,
            f"is newer than this program: it has migration {number} ({name}), the program knows "
            f"{len(migrations)}. Run the newer program; a database is never taken back to an older schema",
        )
    for (number, name, digest), known in zip(applied, migrations, strict=False):
        if digest != known.sha256:
            raise _refused(
                path,
                f"was made by another edition of migration {number} ({name}). Run the program that made it, "
                "or begin with an empty database",
            )
    for migration in migrations[len(applied) :]:
        _apply(connection, migration, now_ms)
    # For people with other tools; and a write at every start finds out at once whether writing is possible.
    connection.execute(f"PRAGMA user_version = {len(migrations)}")


def _apply(connection: sqlite3.Connection, migration: Migration, now_ms: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _statements(migration.sql):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO migrations (number, name, sha256, create_ms) VALUES (?, ?, ?, ?)",
            (migration.number, migration.name, migration.sha256, now_ms),
        )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _statements(sql: str) -> Iterator[str]:
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


def _refused(path: str, what: str) -> CrexError:
    return CrexError("STORAGE_UNAVAILABLE", f"The database {path} {what}.", source=path)
