"""Remembered requests: looked up first, written last, in the transaction of what they did (IDEMPOTENCY-*)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final, TypeVar

from crex.errors import CrexError
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.storage.sqlite import outcomes
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.writer import Tx

T = TypeVar("T")

_FIND: Final = "SELECT body_hash, outcome FROM requests WHERE party = ? AND method = ? AND request_id = ?"
_KEEP: Final = """
INSERT INTO requests (party, method, request_id, body_hash, outcome, create_ms, log_from, log_to)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


class SqliteRequests:
    """`RequestStore` over SQLite."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def recall(self, mutation: Mutation, kind: type[T]) -> T | None:
        """Gives the outcome of a request that was done before; nothing if it was not."""
        outcome = await self._reader.find(lambda connection: _find(connection, mutation))
        return None if outcome is None else outcomes.decode(kind, outcome)


def once(tx: Tx, mutation: Mutation, kind: type[T], work: Callable[[], T]) -> Remembered[T]:
    """Does `work` unless the request was done before; then gives the outcome of that time.

    Args:
        tx: The transaction.
        mutation: The request.
        kind: Type of the outcome, a frozen dataclass without bytes.
        work: What the request does; what it raises rolls everything back and is not remembered.

    Raises:
        CrexError: REQUEST_ID_REUSED (IDEMPOTENCY-BODY-1), or what `work` raises.
    """
    outcome = _find(tx.connection, mutation)
    if outcome is not None:
        return Remembered(outcomes.decode(kind, outcome), replayed=True)
    done = work()
    tx.connection.execute(
        _KEEP,
        (
            mutation.party,
            mutation.method,
            mutation.request_id,
            mutation.body_hash,
            outcomes.encode(done),
            tx.now_ms,
            tx.log_from,
            tx.log_to,
        ),
    )
    return Remembered(done, replayed=False)


def _find(connection: sqlite3.Connection, mutation: Mutation) -> str | None:
    row = connection.execute(_FIND, (mutation.party, mutation.method, mutation.request_id)).fetchone()
    if row is None:
        return None
    body_hash, outcome = row
    if body_hash != mutation.body_hash:
        raise CrexError(
            "REQUEST_ID_REUSED",
            f"Request identifier {mutation.request_id} was used for another {mutation.method} with other "
            "content, so nothing was done. Give every new request its own identifier.",
            details={"request_id": mutation.request_id},
        )
    return str(outcome)
