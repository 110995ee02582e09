"""`OrderStore` over SQLite: holds and orders."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from crex.documents.times import format_time, from_ms
from crex.errors import CrexError
from crex_broker.application.ports.orders import NewHold, OrderCommit, OrderPage, OrderSnapshot
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.domain.etags import etag_of
from crex_broker.domain.states import Actor
from crex_broker.storage.sqlite import cancelling, claims, documents, holds, order_rows
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.requests import once
from crex_broker.storage.sqlite.writer import Tx, Writer

# One index for each role. An authority may be both, and sees an order with itself once.
_PAGE: Final = f"""
SELECT * FROM (
    SELECT {order_rows.COLUMNS} FROM orders WHERE consumer = :party
    AND (:state = '' OR state = :state) AND (:before = '' OR name < :before) ORDER BY name DESC LIMIT :limit
) UNION SELECT * FROM (
    SELECT {order_rows.COLUMNS} FROM orders WHERE provider = :party
    AND (:state = '' OR state = :state) AND (:before = '' OR name < :before) ORDER BY name DESC LIMIT :limit
) ORDER BY name DESC LIMIT :limit
"""  # noqa: S608 - constants
_LAPSED: Final = "SELECT name FROM orders WHERE state = 'HELD' AND expire_ms <= ? ORDER BY expire_ms LIMIT ?"
_COMMAND: Final = """
INSERT INTO commands (id, provider, kind, order_name, epoch, deadline_ms, create_ms)
VALUES (?, ?, 'confirm', ?, 1, ?, ?)
"""


class SqliteOrders:
    """Holds and orders in one SQLite file.

    Attributes:
        authority: The broker's own, as the actor of what timers do.
    """

    def __init__(self, writer: Writer, reader: Reader, authority: str) -> None:
        self._writer = writer
        self._reader = reader
        self.authority = authority

    async def create_hold(self, mutation: Mutation, hold: NewHold) -> Remembered[OrderSnapshot]:
        """Takes units in the order of CAP-ORDER-1."""
        return await self._writer.run(
            lambda tx: once(tx, mutation, OrderSnapshot, lambda: holds.create(tx, hold, self.authority))
        )

    async def release_hold(self, mutation: Mutation, order: str, etag: str) -> Remembered[OrderSnapshot]:
        """Gives a hold of the caller back."""

        def work(tx: Tx) -> OrderSnapshot:
            standing = order_rows.of_consumer(tx.connection, mutation.party, order, etag)
            gen = _lock(tx, order)
            after = order_rows.advance(tx, standing, "release", Actor.CONSUMER, mutation.party, pool_gen=gen)
            claims.drop_order(tx, order)
            return after

        return await self._writer.run(lambda tx: once(tx, mutation, OrderSnapshot, lambda: work(tx)))

    async def commit_order(self, mutation: Mutation, commit: OrderCommit) -> Remembered[OrderSnapshot]:
        """Commits a hold of the caller."""
        return await self._writer.run(
            lambda tx: once(tx, mutation, OrderSnapshot, lambda: _commit(tx, mutation.party, commit))
        )

    async def cancel_order(self, mutation: Mutation, order: str, etag: str) -> Remembered[OrderSnapshot]:
        """Cancels a confirmed order of the caller whose leases never started."""

        def work(tx: Tx) -> OrderSnapshot:
            standing = order_rows.of_consumer(tx.connection, mutation.party, order, etag)
            gen = _lock(tx, order)
            after = order_rows.advance(tx, standing, "cancel", Actor.CONSUMER, mutation.party, pool_gen=gen)
            if after.version != standing.version:
                cancelling.end_leases(tx, order, mutation.party)
                claims.drop_order(tx, order)
            return after

        return await self._writer.run(lambda tx: once(tx, mutation, OrderSnapshot, lambda: work(tx)))

    async def order(self, party: str, name: str) -> OrderSnapshot | None:
        """Gives an order of which `party` is the consumer or the provider."""

        def read(connection: sqlite3.Connection) -> OrderSnapshot | None:
            found = order_rows.find(connection, name)
            return found if found is not None and party in (found.consumer, found.provider) else None

        return await self._reader.find(read)

    async def orders(self, party: str, *, state: str, before: str, limit: int) -> OrderPage:
        """Gives a part of `party`'s orders, newest first."""
        found = {"party": party, "state": state, "before": before, "limit": limit + 1}

        def read(connection: sqlite3.Connection) -> OrderPage:
            rows = connection.execute(_PAGE, found).fetchall()
            more = len(rows) > limit
            rows = rows[:limit]
            orders = tuple([order_rows.snapshot(row) for row in rows])
            return OrderPage(orders, orders[-1].name if more else None)

        return await self._reader.run(read)

    async def expire_holds(self, limit: int) -> Sequence[str]:
        """Ends up to `limit` holds whose time is over."""

        def work(tx: Tx) -> list[str]:
            lapsed = [name for (name,) in tx.connection.execute(_LAPSED, (tx.now_ms, limit))]
            holds.lapse(tx, lapsed, self.authority)
            return lapsed

        return await self._writer.run(work)


def _commit(tx: Tx, party: str, commit: OrderCommit) -> OrderSnapshot:
    order = order_rows.of_consumer(tx.connection, party, commit.order)
    if documents.exists(tx.connection, commit.document.sha256):
        raise CrexError(
            "REPLAY",
            "This order document was used before, under another request identifier; a signed document "
            "commits once. Sign a new one whose nonce is the new request's identifier.",
            details={"sha256": commit.document.sha256},
        )
    gen = _lock(tx, order.name)
    if order.state in ("HELD", "EXPIRED") and tx.now_ms >= order.expire_ms:
        raise CrexError(
            "HOLD_EXPIRED",
            f"The hold {order.name} ended at {format_time(from_ms(order.expire_ms))}, and its units may be "
            "another's. Hold again.",
            details={"current_state": "EXPIRED", "etag": etag_of(order.version)},
        )
    if order.state != "HELD":
        # Another document committed it: this is no repetition of that event.
        order = order_rows.forget_event(order)
    after = order_rows.advance(
        tx,
        order,
        "commit",
        Actor.CONSUMER,
        party,
        order_document_sha256=commit.document.sha256,
        expire_ms=tx.now_ms + commit.acceptance_ms,
        pool_gen=gen,
    )
    documents.keep(tx, commit.document, order=order.name)
    tx.connection.execute(
        _COMMAND, (commit.command_id, order.provider, order.name, after.expire_ms, tx.now_ms)
    )
    return after


def _lock(tx: Tx, order: str) -> int | None:
    """Locks the pools of an order; gives the generation of the first, if it still has claims."""
    locked = claims.lock(tx, claims.pools_of_order(tx, order))
    return next((pool.gen for pool in locked.values()), None)
