"""Leases that end because their order was cancelled before they started."""

from __future__ import annotations

from crex.errors import CrexError
from crex_broker.domain.etags import etag_of
from crex_broker.domain.states import Actor, step
from crex_broker.storage.sqlite import transitions
from crex_broker.storage.sqlite.writer import Tx

_NEVER_STARTED = ("SCHEDULED", "DELAYED")


def end_unstarted(tx: Tx, order: str, consumer: str) -> None:
    """Ends all leases of an order, none of which may have started (STATE-LEASE-1, event terminate).

    Raises:
        CrexError: TERMS where one has started.
    """
    rows = tx.connection.execute(
        "SELECT name, state, version, provider, last_event, pool FROM leases WHERE order_name = ?", (order,)
    ).fetchall()
    for name, state, version, provider, last_event, pool in rows:
        if state not in _NEVER_STARTED:
            raise CrexError(
                "TERMS",
                f"The lease {name} is {state}: it has started, and this order can be cancelled free of "
                "charge only before. Terminate the lease instead.",
                details={"lease": name, "current_state": state},
            )
        taken = step(
            "lease", state, "terminate", Actor.CONSUMER, last_event=last_event, etag=etag_of(version)
        )
        tx.connection.execute(
            "UPDATE leases SET state = ?, version = version + 1, terminated_ms = ?, update_ms = ?, "
            "last_event = 'terminate', last_actor = ?, last_reason = 'order cancelled', last_ms = ? WHERE "
            "name = ?",
            (taken.state, tx.now_ms, tx.now_ms, consumer, tx.now_ms, name),
        )
        transitions.record(
            tx,
            "lease",
            name,
            "terminate",
            before=state,
            after=taken.state,
            actor=consumer,
            provider=provider,
            consumer=consumer,
            reason="order cancelled",
            pool=pool,
        )
