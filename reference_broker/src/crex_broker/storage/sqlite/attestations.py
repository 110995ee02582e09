"""`AttestationStore` over SQLite: attestations by subject, status lists, new trust documents."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import Final

import orjson

from crex.errors import CrexError
from crex_broker.application.ports.attestations import AttestationFacts, AttestationPage, Attested
from crex_broker.application.ports.documents import NewDocument, StoredDocument
from crex_broker.application.ports.offers import Published
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.storage.sqlite import documents, judgements
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.requests import once
from crex_broker.storage.sqlite.writer import Tx, Writer

_COLUMNS: Final = "d.type, d.id, d.revision, d.sha256, d.issuer, d.envelope"
_ABOUT: Final = f"""
SELECT DISTINCT {_COLUMNS} FROM json_each(:subjects) s JOIN attestations a ON a.subject = s.value
JOIN documents d ON d.sha256 = a.sha256 ORDER BY d.id
"""  # noqa: S608 - constants
_PAGE: Final = f"""
SELECT {_COLUMNS}, d.create_ms FROM attestations a JOIN documents d ON d.sha256 = a.sha256
WHERE a.subject = :subject AND a.id > :after AND (:predicate = '' OR a.predicate = :predicate)
    AND (a.end_ms IS NULL OR a.end_ms > :now) ORDER BY a.id LIMIT :limit
"""  # noqa: S608 - constants
_LISTS: Final = """
SELECT envelope FROM documents d WHERE type = 'status-list'
    AND revision = (SELECT max(revision) FROM documents WHERE id = d.id) ORDER BY id
"""
_INSERT: Final = "INSERT INTO attestations (subject, id, sha256, predicate, end_ms) VALUES (?, ?, ?, ?, ?)"
_NEWEST: Final = "SELECT max(revision) FROM documents WHERE id = ?"
_PINNED: Final = "UPDATE parties SET trust_revision = ?, trust_sha256 = ?, update_ms = ? WHERE authority = ?"


class SqliteAttestations:
    """Documents of trust in one SQLite file."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def publish(
        self, mutation: Mutation, document: NewDocument, facts: AttestationFacts
    ) -> Remembered[Published]:
        """Keeps an attestation, in place of its lower revisions."""

        def work(tx: Tx) -> Published:
            if _keep(tx, document):
                tx.connection.execute("DELETE FROM attestations WHERE id = ?", (document.id,))
                tx.connection.executemany(
                    _INSERT,
                    [
                        (subject, document.id, document.sha256, facts.predicate, facts.end_ms)
                        for subject in dict.fromkeys(facts.subjects)
                    ],
                )
            return Published(document.sha256, None)

        return await self._writer.run(lambda tx: once(tx, mutation, Published, lambda: work(tx)))

    async def publish_status(self, mutation: Mutation, document: NewDocument) -> Remembered[Published]:
        """Keeps a status list, and marks its issuer's offers to be judged again."""

        def work(tx: Tx) -> Published:
            if _keep(tx, document):
                judgements.mark(tx, [document.issuer])
            return Published(document.sha256, None)

        return await self._writer.run(lambda tx: once(tx, mutation, Published, lambda: work(tx)))

    async def publish_trust(
        self, mutation: Mutation, document: NewDocument, affected: Collection[str]
    ) -> Remembered[Published]:
        """Keeps the next revision of an enrolled party's trust document, and marks offers."""

        def work(tx: Tx) -> Published:
            _check_trust_revision(tx, document)
            if documents.keep(tx, document):
                found = (document.revision, document.sha256, tx.now_ms, document.issuer)
                tx.connection.execute(_PINNED, found)
                judgements.mark(tx, affected)
            return Published(document.sha256, None)

        return await self._writer.run(lambda tx: once(tx, mutation, Published, lambda: work(tx)))

    async def about(self, subjects: Collection[str]) -> Sequence[StoredDocument]:
        """Gives the attestations about any of some subjects, each once, ended ones among them."""
        if not subjects:
            return []
        asked = orjson.dumps(sorted(set(subjects))).decode()

        def read(connection: sqlite3.Connection) -> list[StoredDocument]:
            rows = connection.execute(_ABOUT, {"subjects": asked})
            return [StoredDocument(*row) for row in rows]

        return await self._reader.run(read)

    async def page(
        self, subject: str, *, predicate: str, after_id: str, limit: int, now_ms: int
    ) -> AttestationPage:
        """Gives a part of the attestations about a subject that have not ended, by ascending name."""
        asked = {
            "subject": subject,
            "predicate": predicate,
            "after": after_id,
            "limit": limit + 1,
            "now": now_ms,
        }

        def read(connection: sqlite3.Connection) -> AttestationPage:
            rows = connection.execute(_PAGE, asked).fetchall()
            found = tuple(Attested(StoredDocument(*row[:-1]), row[-1]) for row in rows[:limit])
            return AttestationPage(found, found[-1].document.id if len(rows) > limit else None)

        return await self._reader.run(read)

    async def status_lists(self) -> Sequence[bytes]:
        """Gives the highest revision of every status list, as serialised envelopes."""
        return await self._reader.run(lambda connection: [row[0] for row in connection.execute(_LISTS)])


def _keep(tx: Tx, document: NewDocument) -> bool:
    """Keeps the highest revision of a document; tells whether it is new here.

    Raises:
        CrexError: NAME_EXISTS, REVISION_CONFLICT (MARKET-REVISION-1).
    """
    if documents.exists(tx.connection, document.sha256):
        return False
    standing = tx.connection.execute(_NEWEST, (document.id,)).fetchone()[0]
    new = documents.keep(tx, document)
    if standing is not None and document.revision <= standing:
        raise CrexError(
            "REVISION_CONFLICT",
            f"Revision {standing} of {document.id} stands, and this is revision {document.revision}. Publish "
            f"it as revision {standing + 1}.",
            details={"id": document.id, "revision": str(standing)},
        )
    return new


def _check_trust_revision(tx: Tx, document: NewDocument) -> None:
    row = tx.connection.execute(
        "SELECT trust_revision FROM parties WHERE authority = ?", (document.issuer,)
    ).fetchone()
    if row is None:
        raise CrexError(
            "ISSUER",
            f"{document.issuer} is not enrolled here. Hand its trust document to the broker's operator "
            "(PUBLISH-TRUST-1).",
            details={"authority": document.issuer},
        )
    if document.revision < row[0]:
        raise CrexError(
            "TRUST_ROLLBACK",
            f"Revision {row[0]} of the trust document of {document.issuer} is pinned, and this is revision "
            f"{document.revision}. Present the newest one.",
            details={"authority": document.issuer, "revision": str(row[0])},
        )
