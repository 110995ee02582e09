"""What of a pool is really in use now, which is another question than what was sold for now.

Claims never exceed what was granted when they were made. But a lease that was not released stays on its units
after its end, and so the next one, sold for the same units, finds them occupied (LEASE-START-2).
"""

from __future__ import annotations

from typing import Final

from crex_broker.application.ports.leases import LeaseSnapshot
from crex_broker.storage.sqlite import claims
from crex_broker.storage.sqlite.writer import Tx

_WANTED: Final = "SELECT pool, quantity FROM claims WHERE lease = ? AND order_name = ?"
# Units of leases that started and were not released, and of orders in quarantine from their start on.
_OCCUPIED: Final = """
SELECT coalesce(sum(claims.quantity), 0) FROM claims
JOIN orders ON orders.name = claims.order_name
LEFT JOIN leases ON leases.name = claims.lease
WHERE claims.pool = :pool AND (
    leases.state IN ('PROVISIONING', 'ACTIVE', 'RECONCILING', 'RELEASING', 'FAILED')
    OR (orders.state = 'ABANDONED' AND claims.start_ms <= :now)
)
"""


def units_free(tx: Tx, lease: LeaseSnapshot) -> bool:
    """Tells whether the units of a lease that is to start are free, in its pool and in every base pool."""
    for pool, quantity in tx.connection.execute(_WANTED, (lease.name, lease.order)).fetchall():
        windows = claims.windows_of(tx, pool, tx.now_ms, tx.now_ms + 1)
        capacity = sum(window.quantity for window in windows)
        found = {"pool": pool, "now": tx.now_ms}
        (occupied,) = tx.connection.execute(_OCCUPIED, found).fetchone()
        if occupied + quantity > capacity:
            return False
    return True
