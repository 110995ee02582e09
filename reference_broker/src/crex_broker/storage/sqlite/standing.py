"""Offers that stand, with the documents that they stand on, read in one snapshot for the index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from crex_broker.application.ports.documents import StoredDocument
from crex_broker.application.ports.offers import OfferSnapshot, StandingOffer
from crex_broker.domain.capacity import Window
from crex_broker.storage.sqlite import offer_rows

_OFFERS: Final = f"""
SELECT {offer_rows.COLUMNS} FROM offers WHERE state = 'PUBLISHED' AND (:id IS NULL OR id = :id) ORDER BY id
"""  # noqa: S608 - constants
_GRANTED: Final = "SELECT start_ms, end_ms, quantity FROM allotment_windows WHERE pool = ? ORDER BY start_ms"
_DOCUMENT: Final = "SELECT type, id, revision, sha256, issuer, envelope FROM documents"
_CITED: Final = "SELECT type, id, sha256 FROM cites WHERE document = ? AND field = ?"
_Behind: TypeAlias = tuple[
    StoredDocument | None, StoredDocument | None, StoredDocument | None, StoredDocument | None
]
# Everything that cites the document, directly or through others, whatever the revision.
_ABOVE: Final = """
WITH RECURSIVE above (id) AS (
    SELECT :id
    UNION SELECT d.id FROM cites c JOIN documents d ON d.sha256 = c.document JOIN above a ON a.id = c.id
)
SELECT id FROM offers WHERE state = 'PUBLISHED' AND (id IN (SELECT id FROM above) OR pool = :id)
"""


def of(connection: sqlite3.Connection, id_: str | None) -> list[StandingOffer]:
    """Gives the published offer of a name, or all of them, with their documents."""
    cited, windows = _Cited(connection), _Granted(connection)
    found = []
    for row in connection.execute(_OFFERS, {"id": id_}).fetchall():
        record = OfferSnapshot(*row)
        plan, resource, unit, site = cited.behind(record.sha256)
        if resource is None or plan is None:
            continue  # not possible: publishing requires both
        offer = cited.document(record.sha256)
        found.append(StandingOffer(record, offer, resource, unit, site, plan, windows.of(record.pool)))
    return found


def foundations(connection: sqlite3.Connection, offers: Iterable[str]) -> list[tuple[str, ...]]:
    """Gives, of each offer document, its digest and those of the documents that it stands on.

    Of a document that is cited by its name alone it is the newest revision.
    """
    cited = _Cited(connection)
    return [
        (sha256, *(document.sha256 for document in cited.behind(sha256) if document is not None))
        for sha256 in offers
    ]


def on(connection: sqlite3.Connection, id_: str) -> list[str]:
    """Gives the names of published offers that a document or a pool stands behind."""
    return [name for (name,) in connection.execute(_ABOVE, {"id": id_})]


def granted(connection: sqlite3.Connection, pools: Iterable[str]) -> dict[str, tuple[Window, ...]]:
    """Gives the windows of the allotments of some pools; those without one are left out."""
    windows = _Granted(connection)
    found = {pool: windows.of(pool) for pool in pools}
    return {pool: several for pool, several in found.items() if several is not None}


class _Granted:
    """Reads what is granted of each pool once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[str, tuple[Window, ...] | None] = {}

    def of(self, pool: str | None) -> tuple[Window, ...] | None:
        """Gives the windows of a pool's allotment; nothing where there is none."""
        if pool is None:
            return None
        if pool not in self._known:
            rows = self._connection.execute(_GRANTED, (pool,)).fetchall()
            self._known[pool] = tuple(Window(*row) for row in rows) or None
        return self._known[pool]


class _Cited:
    """Follows citations; many offers stand on the same few documents, so each is read once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._by_digest: dict[str, StoredDocument] = {}
        self._newest: dict[str, StoredDocument | None] = {}

    def document(self, sha256: str) -> StoredDocument:
        """Gives a document that is known to be there."""
        found = self._by_digest.get(sha256)
        if found is None:
            row = self._connection.execute(f"{_DOCUMENT} WHERE sha256 = ?", (sha256,)).fetchone()
            found = self._by_digest[sha256] = StoredDocument(*row)
        return found

    def behind(self, sha256: str) -> _Behind:
        """Gives what an offer document stands on: price plan, resource, the unit of a pool, and site."""
        plan, resource = self.by(sha256, "pricePlan"), self.by(sha256, "resource")
        if resource is None:
            return plan, None, None, None
        unit = self.by(resource.sha256, "pool.unit")
        return plan, resource, unit, self.by((unit or resource).sha256, "siteId")

    def by(self, sha256: str, field: str) -> StoredDocument | None:
        """Gives the document that another cites in a field; nothing where it cites none there."""
        row: tuple[Any, ...] | None = self._connection.execute(_CITED, (sha256, field)).fetchone()
        if row is None:
            return None
        _, id_, cited = row
        return self.document(cited) if cited else self._newest_of(id_)

    def _newest_of(self, id_: str) -> StoredDocument | None:
        if id_ not in self._newest:
            row = self._connection.execute(
                f"{_DOCUMENT} WHERE id = ? ORDER BY revision DESC LIMIT 1", (id_,)
            ).fetchone()
            self._newest[id_] = None if row is None else StoredDocument(*row)
        return self._newest[id_]
