"""`PartyStore` over SQLite: who is enrolled."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import orjson

from crex.errors import CrexError
from crex_broker.application.ports.parties import Enrolment, PartySnapshot
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.storage.sqlite import documents, judgements
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.requests import once
from crex_broker.storage.sqlite.writer import Tx, Writer

_COLUMNS: Final = "authority, roles, trust_revision, trust_sha256, create_ms, update_ms, jurisdictions"
_WRITE: Final = f"""
INSERT INTO parties ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (authority) DO UPDATE SET roles = excluded.roles, trust_revision = excluded.trust_revision,
    trust_sha256 = excluded.trust_sha256, update_ms = excluded.update_ms,
    jurisdictions = excluded.jurisdictions
"""  # noqa: S608 - constants


class SqliteParties:
    """Enrolment records in one SQLite file."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def enrol(self, mutation: Mutation, enrolment: Enrolment) -> Remembered[PartySnapshot]:
        """Enrols a party, or changes its roles and its trust document."""
        return await self._writer.run(
            lambda tx: once(tx, mutation, PartySnapshot, lambda: _enrol(tx, enrolment))
        )

    async def parties(self) -> Sequence[PartySnapshot]:
        """Gives everyone who is enrolled, by ascending authority."""

        def read(connection: sqlite3.Connection) -> list[PartySnapshot]:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM parties ORDER BY authority")  # noqa: S608
            return [_snapshot(row) for row in rows]

        return await self._reader.run(read)

    async def jurisdictions(self, authority: str) -> tuple[str, ...]:
        """Gives the countries whose records a party may read as auditor."""
        sql = "SELECT jurisdictions FROM parties WHERE authority = ?"
        row = await self._reader.find(lambda c: c.execute(sql, (authority,)).fetchone())
        return () if row is None else tuple(orjson.loads(row[0]))

    async def trust_documents(self) -> Sequence[bytes]:
        """Gives the pinned trust document of everyone, all revisions ascending, as serialised envelopes."""
        sql = (
            "SELECT d.envelope FROM documents d JOIN parties p ON p.authority = d.issuer WHERE d.type = "
            "'trust-document' ORDER BY d.issuer, d.revision"
        )
        return await self._reader.run(
            lambda connection: [envelope for (envelope,) in connection.execute(sql)]
        )


def _enrol(tx: Tx, enrolment: Enrolment) -> PartySnapshot:
    document = enrolment.trust_document
    row = tx.connection.execute(
        f"SELECT {_COLUMNS} FROM parties WHERE authority = ?",  # noqa: S608 - constants
        (enrolment.authority,),
    ).fetchone()
    create_ms = tx.now_ms
    if row is not None:
        standing = _snapshot(row)
        create_ms = standing.create_ms
        if document.revision < standing.trust_revision:
            raise CrexError(
                "TRUST_ROLLBACK",
                f"Revision {standing.trust_revision} of the trust document of {enrolment.authority} is "
                f"pinned, and this is revision {document.revision}. Present the newest one.",
                details={"authority": enrolment.authority, "revision": str(standing.trust_revision)},
            )
    if documents.keep(tx, document):
        judgements.mark(tx, enrolment.affected or (enrolment.authority,))
    after = PartySnapshot(
        enrolment.authority,
        enrolment.roles,
        document.revision,
        document.sha256,
        create_ms,
        tx.now_ms,
        enrolment.jurisdictions,
    )
    tx.connection.execute(
        _WRITE,
        (
            after.authority,
            orjson.dumps(after.roles).decode(),
            after.trust_revision,
            after.trust_sha256,
            after.create_ms,
            after.update_ms,
            orjson.dumps(after.jurisdictions).decode(),
        ),
    )
    return after


def _snapshot(row: tuple[Any, ...]) -> PartySnapshot:
    authority, roles, revision, sha256, create_ms, update_ms, jurisdictions = row
    return PartySnapshot(
        authority,
        tuple(orjson.loads(roles)),
        revision,
        sha256,
        create_ms,
        update_ms,
        tuple(orjson.loads(jurisdictions)),
    )
