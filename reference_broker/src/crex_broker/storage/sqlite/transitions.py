"""The outbox: every step of every object, written in the transaction that takes it."""

from __future__ import annotations

from typing import Final

from crex_broker.storage.sqlite import log_table
from crex_broker.storage.sqlite.writer import Tx

_RECORD: Final = """
INSERT INTO transitions (object, name, event, from_state, to_state, actor, reason, provider, consumer, pool,
pool_gen,
    time_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def record(
    tx: Tx,
    machine: str,
    name: str,
    event: str,
    *,
    before: str,
    after: str,
    actor: str,
    provider: str,
    consumer: str = "",
    reason: str = "",
    pool: str | None = None,
    pool_gen: int | None = None,
    stated: bool = False,
) -> None:
    """Writes one step; that of an order also into the log, unless a document there states it (RECEIPT-LOG-1).

    Args:
        tx: The transaction.
        machine: The object: offer, order, lease, usage or invoice.
        name: Its name.
        event: The event of its state table.
        before: State before; empty if it did not exist.
        after: State after.
        actor: Authority that caused it; the broker's own for timers.
        provider: The provider that may see it.
        consumer: The consumer that may see it; empty if none.
        reason: Why, for people.
        pool: The pool whose generation numbers it, if it touches one.
        pool_gen: That generation.
        stated: Whether a document that is kept in the same transaction states the step.
    """
    tx.connection.execute(
        _RECORD,
        (machine, name, event, before, after, actor, reason, provider, consumer, pool, pool_gen, tx.now_ms),
    )
    if machine == "order" and not stated:
        log_table.append_step(
            tx, name, event, before=before, after=after, actor=actor, provider=provider, consumer=consumer
        )
