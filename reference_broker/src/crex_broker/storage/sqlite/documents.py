"""Documents: immutable, found by digest or by name and revision."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from crex.errors import CrexError
from crex_broker.application.ports.documents import NewDocument, StoredDocument
from crex_broker.application.ports.usage import KeptDocument
from crex_broker.storage.sqlite import log_table, streams
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.writer import Tx

_COLUMNS: Final = "type, id, revision, sha256, issuer, envelope"
_VISIBLE: Final = "((provider IS NULL AND consumer IS NULL) OR provider = :party OR consumer = :party)"
_KEPT: Final = "SELECT id, revision, sha256, envelope, create_ms FROM documents WHERE sha256 = ?"
_SERIES: Final = """
SELECT d.type, d.id, d.revision, d.sha256, d.issuer, d.envelope
FROM price_series s JOIN documents d ON d.sha256 = s.sha256
WHERE s.id = ? AND s.start_ms < ? AND s.end_ms > ? ORDER BY d.revision
"""
_INSERT: Final = """
INSERT INTO documents (sha256, type, id, revision, issuer, provider, consumer, envelope, create_ms, countries)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class SqliteDocuments:
    """`DocumentStore` over SQLite."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def by_digest(self, party: str, sha256: str) -> StoredDocument | None:
        """Gives the document with this digest, if `party` may read it."""
        sql = f"SELECT {_COLUMNS} FROM documents WHERE sha256 = :sha256 AND {_VISIBLE}"  # noqa: S608 - constants
        return await self._reader.find(lambda c: _one(c, sql, {"sha256": sha256, "party": party}))

    async def by_name(self, party: str, id_: str, revision: int | None) -> StoredDocument | None:
        """Gives the document of this name and revision, or its highest revision, if `party` may read it."""
        sql = (
            f"SELECT {_COLUMNS} FROM documents WHERE id = :id AND {_VISIBLE} "  # noqa: S608 - constants
            "AND (:revision IS NULL OR revision = :revision) ORDER BY revision DESC LIMIT 1"
        )
        found = {"id": id_, "revision": revision, "party": party}
        return await self._reader.find(lambda c: _one(c, sql, found))

    async def series(self, id_: str, start_ms: int, end_ms: int) -> Sequence[StoredDocument]:
        """Gives the revisions of a price series that state a value in an interval, ascending."""

        def read(connection: sqlite3.Connection) -> list[StoredDocument]:
            rows = connection.execute(_SERIES, (id_, end_ms, start_ms))
            return [StoredDocument(*row) for row in rows]

        return await self._reader.run(read)


def keep(tx: Tx, document: NewDocument, *, order: str = "") -> bool:
    """Keeps a document; tells whether it is new here.

    The same bytes again are no error, and change nothing: neither what is kept nor the log (RECEIPT-ONCE-1).

    Args:
        tx: The transaction.
        document: The document.
        order: The order of which it states a step, if it does.

    Raises:
        CrexError: NAME_EXISTS where its name and revision, or its name, belong to something else
            (MARKET-NAME-1); as `insert`.
    """
    rows = tx.connection.execute(
        "SELECT sha256, type, revision FROM documents WHERE id = ? AND (revision = ? OR type != ?)",
        (document.id, document.revision, document.type),
    ).fetchall()
    for sha256, type_, revision in rows:
        if type_ != document.type:
            raise CrexError(
                "NAME_EXISTS",
                f"{document.id} is the name of a {type_} and cannot name a {document.type} too. Publish it "
                "under another name.",
                details={"id": document.id, "type": type_},
            )
        if sha256 != document.sha256:
            raise CrexError(
                "NAME_EXISTS",
                f"Revision {revision} of {document.id} is here with other content; a revision never "
                f"changes. Publish it as revision {revision + 1} or higher.",
                details={"id": document.id, "revision": str(revision), "sha256": sha256},
            )
        return False
    insert(tx, document, order=order)
    return True


def insert(tx: Tx, document: NewDocument, *, order: str = "") -> None:
    """Keeps a document that is known to be new, at its place in its stream and in the log (RECEIPT-LOG-1).

    Raises:
        CrexError: SEQUENCE_GAP or CONFLICT, where it is not the next one of its stream (STREAM-GAP-1).
    """
    if document.stream is not None:
        streams.require_next(tx, document)
    countries = log_table.countries_of(tx, document)
    tx.connection.execute(
        _INSERT,
        (
            document.sha256,
            document.type,
            document.id,
            document.revision,
            document.issuer,
            document.provider,
            document.consumer,
            document.envelope,
            tx.now_ms,
            countries,
        ),
    )
    if document.stream is not None:
        streams.keep(tx, document)
    log_table.append_document(tx, document, countries, order=order)


def kept(connection: sqlite3.Connection, sha256: str) -> KeptDocument:
    """Gives a document that an object cites; never to be shown to a caller without asking whose it is."""
    row = connection.execute(_KEPT, (sha256,)).fetchone()
    assert row is not None  # noqa: S101 - foreign keys hold what objects cite
    return KeptDocument(*row)


def exists(connection: sqlite3.Connection, sha256: str) -> bool:
    """Tells whether a document with this digest is kept."""
    return connection.execute("SELECT 1 FROM documents WHERE sha256 = ?", (sha256,)).fetchone() is not None


def _one(connection: sqlite3.Connection, sql: str, found: Mapping[str, object]) -> StoredDocument | None:
    row = connection.execute(sql, found).fetchone()
    return None if row is None else StoredDocument(*row)
