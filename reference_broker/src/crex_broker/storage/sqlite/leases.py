"""`LeaseStore` over SQLite: leases as their two parties see them."""

from __future__ import annotations

import sqlite3
from typing import Final

from crex_broker.application.ports.leases import LeasePage, LeaseSnapshot
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.domain.states import Actor
from crex_broker.storage.sqlite import lease_table
from crex_broker.storage.sqlite.agent_results import RELEASE_MS
from crex_broker.storage.sqlite.lease_table import Change
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.requests import once
from crex_broker.storage.sqlite.writer import Tx, Writer

# One index for each role; an authority may be both, and sees a lease with itself once.
_SIDE: Final = f"""
SELECT * FROM (
    SELECT seq, {lease_table.COLUMNS} FROM leases WHERE %s = :party AND (:order = '' OR order_name = :order)
    AND (:state = '' OR state = :state) AND (:before IS NULL OR seq < :before) ORDER BY seq DESC LIMIT :limit
)
"""  # noqa: S608 - constants
_PAGE: Final = f"{_SIDE % 'consumer'} UNION {_SIDE % 'provider'} ORDER BY seq DESC LIMIT :limit"


class SqliteLeases:
    """Leases in one SQLite file."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def lease(self, party: str, name: str) -> LeaseSnapshot | None:
        """Gives a lease of which `party` is the consumer or the provider."""

        def read(connection: sqlite3.Connection) -> LeaseSnapshot | None:
            found = lease_table.find(connection, name)
            return found if found is not None and party in (found.consumer, found.provider) else None

        return await self._reader.find(read)

    async def leases(
        self, party: str, *, order: str, state: str, before_seq: int | None, limit: int
    ) -> LeasePage:
        """Gives a part of `party`'s leases, newest first."""
        found = {"party": party, "order": order, "state": state, "before": before_seq, "limit": limit + 1}

        def read(connection: sqlite3.Connection) -> LeasePage:
            rows = connection.execute(_PAGE, found).fetchall()
            more, rows = len(rows) > limit, rows[:limit]
            leases = tuple([lease_table.snapshot(row[1:]) for row in rows])
            return LeasePage(leases, rows[-1][0] if more else None)

        return await self._reader.run(read)

    async def terminate(
        self, mutation: Mutation, lease: str, *, etag: str, reason: str, command_id: str
    ) -> Remembered[LeaseSnapshot]:
        """Ends a lease of the caller early."""

        def work(tx: Tx) -> LeaseSnapshot:
            standing = lease_table.visible(tx.connection, mutation.party, lease)
            lease_table.require_etag(standing, etag)
            by_consumer = mutation.party == standing.consumer
            change = Change(terminated_ms=tx.now_ms)
            if lease_table.started(standing):
                change = Change(
                    terminated_ms=tx.now_ms,
                    command_id=command_id,
                    command="release",
                    command_deadline_ms=tx.now_ms + RELEASE_MS,
                )
            return lease_table.advance(
                tx,
                standing,
                "terminate",
                Actor.CONSUMER if by_consumer else Actor.PROVIDER,
                mutation.party,
                reason=reason,
                change=change,
            )

        return await self._writer.run(lambda tx: once(tx, mutation, LeaseSnapshot, lambda: work(tx)))
