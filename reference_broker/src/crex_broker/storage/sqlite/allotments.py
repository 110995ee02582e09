"""`AllotmentStore` over SQLite: what may be sold of each pool."""

from __future__ import annotations

from crex.documents.times import format_time, from_ms
from crex.errors import CrexError
from crex_broker.application.ports.allotments import Allotted, Grant
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.domain.capacity import FOREVER, first_cut_below_claims
from crex_broker.storage.sqlite import claims, documents, holds
from crex_broker.storage.sqlite.requests import once
from crex_broker.storage.sqlite.writer import Tx, Writer


class SqliteAllotments:
    """Allotments in one SQLite file."""

    def __init__(self, writer: Writer, authority: str) -> None:
        self._writer = writer
        self._authority = authority

    async def grant(self, mutation: Mutation, grant: Grant) -> Remembered[Allotted]:
        """Lets an allotment of the caller stand."""
        return await self._writer.run(
            lambda tx: once(
                tx, mutation, Allotted, lambda: _grant(tx, mutation.party, grant, self._authority)
            )
        )


def _grant(tx: Tx, party: str, grant: Grant, authority: str) -> Allotted:
    pool, document = grant.pool, grant.document
    owner = tx.connection.execute("SELECT provider FROM pools WHERE name = ?", (pool,)).fetchone()
    if owner is not None and owner[0] != party:
        raise CrexError(
            "NOT_A_PARTY",
            f"The pool {pool} is {owner[0]}'s; only its provider grants capacity of it.",
            details={"pool": pool},
        )
    locked = claims.lock(tx, [pool])[pool]
    standing = tx.connection.execute(
        "SELECT id, revision, sha256 FROM allotments WHERE pool = ?", (pool,)
    ).fetchone()
    windows = claims.windows_of(tx, pool, 0, FOREVER)
    if standing is not None and standing[2] == document.sha256:
        return Allotted(document.sha256, locked.gen, tuple(windows))
    if standing is not None and (standing[0] != document.id or standing[1] >= document.revision):
        raise CrexError(
            "REVISION_CONFLICT",
            f"The allotment {standing[0]}, revision {standing[1]}, stands for the pool {pool}; there is one "
            f"per pool. Grant it anew as revision {standing[1] + 1} of {standing[0]}.",
            details={"id": standing[0], "revision": str(standing[1])},
        )
    holds.sweep(tx, authority)
    fault = first_cut_below_claims(windows, grant.windows, claims.claims_from(tx, pool), now_ms=tx.now_ms)
    if fault is not None:
        at = format_time(from_ms(fault.at_ms))
        raise CrexError(
            "CAPACITY_EXHAUSTED",
            f"This allotment would leave {-fault.units} claimed units of {pool} without capacity at {at}; a "
            "cut takes effect only where live claims fit. Cut less, or later, or let leases end first.",
            details={"pool": pool, "free": str(fault.units), "at": at},
        )
    documents.keep(tx, document)
    _write(tx, grant)
    return Allotted(document.sha256, locked.gen, grant.windows)


def _write(tx: Tx, grant: Grant) -> None:
    document = grant.document
    tx.connection.execute(
        "INSERT INTO allotments (pool, id, revision, sha256, update_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT "
        "(pool) DO UPDATE SET id = excluded.id, revision = excluded.revision, sha256 = excluded.sha256, "
        "update_ms = excluded.update_ms",
        (grant.pool, document.id, document.revision, document.sha256, tx.now_ms),
    )
    tx.connection.execute("DELETE FROM allotment_windows WHERE pool = ?", (grant.pool,))
    tx.connection.executemany(
        "INSERT INTO allotment_windows (pool, start_ms, end_ms, quantity) VALUES (?, ?, ?, ?)",
        [(grant.pool, window.start_ms, window.end_ms, window.quantity) for window in grant.windows],
    )
