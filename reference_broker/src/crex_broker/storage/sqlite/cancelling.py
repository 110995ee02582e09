"""Leases that end because their order was cancelled before they started."""

from __future__ import annotations

from crex.errors import CrexError
from crex_broker.domain.states import Actor
from crex_broker.storage.sqlite import lease_table
from crex_broker.storage.sqlite.writer import Tx


def end_leases(tx: Tx, order: str, consumer: str) -> None:
    """Ends all leases of an order, none of which may have started (STATE-LEASE-1, event terminate).

    Raises:
        CrexError: TERMS where one has started (ORDER-CANCEL-1).
    """
    names = tx.connection.execute("SELECT name FROM leases WHERE order_name = ? ORDER BY name", (order,))
    for (name,) in names.fetchall():
        lease = lease_table.visible(tx.connection, consumer, name)
        if lease_table.started(lease):
            raise CrexError(
                "TERMS",
                f"The lease {name} is {lease.state}: it has started, and this order can be cancelled only "
                "before. Terminate the lease instead.",
                details={"lease": name, "current_state": lease.state},
            )
        if lease.state != "RELEASED":
            change = lease_table.Change(terminated_ms=tx.now_ms)
            lease_table.advance(
                tx, lease, "terminate", Actor.CONSUMER, consumer, reason="order cancelled", change=change
            )
