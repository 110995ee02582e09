"""Pools, their locks, and the claims on them.

Whoever changes claims or windows calls `lock` or `lock_and_take` first, with every pool that is touched: it
raises their generations in name order. `pools.claimed` is always the sum of the claims: `lock_and_take`
counts what `add` then writes, `drop_order` and `drop_lease` count what they delete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from crex.documents.times import format_time, from_ms
from crex.errors import CrexError
from crex_broker.domain.capacity import Claim, Free, Window, least_free
from crex_broker.storage.sqlite.writer import Tx

_LOCK: Final = "UPDATE pools SET gen = gen + 1, claimed = claimed + ? WHERE name = ? RETURNING gen, claimed"
_ADD: Final = """
INSERT INTO claims (pool, lease, order_name, start_ms, end_ms, quantity) VALUES (?, ?, ?, ?, ?, ?)
"""
_TAKE: Final = "UPDATE pools SET claimed = claimed + ? WHERE name = ?"
_WINDOWS: Final = """
SELECT start_ms, end_ms, quantity FROM allotment_windows WHERE pool = ? AND start_ms < ? AND end_ms > ?
ORDER BY start_ms
"""
# What touches [start, end): also what has ended but was not given back.
_CLAIMS: Final = """
SELECT start_ms, end_ms, quantity FROM claims WHERE pool = :pool AND start_ms < :end
AND (end_ms > :start OR end_ms <= :now)
"""


@dataclass(frozen=True, slots=True)
class LockedPool:
    """A pool in the hands of this transaction: its generation, and the units claimed of it."""

    gen: int
    claimed: int


def draws_of(tx: Tx, pools: Iterable[str]) -> dict[str, dict[str, int]]:
    """Gives the base pools that each pool draws on, and the units that one of its units takes of each."""
    found: dict[str, dict[str, int]] = {}
    for pool in pools:
        if pool not in found:
            rows = tx.connection.execute(
                "SELECT base_pool, units_per_unit FROM pool_draws WHERE pool = ?", (pool,)
            )
            found[pool] = dict(rows.fetchall())
    return found


def lock(tx: Tx, pools: Iterable[str]) -> dict[str, LockedPool]:
    """Locks pools by raising their generations, in the order of their names (CAP-ORDER-1).

    Raises:
        CrexError: REFERENCE_MISSING where there is no such pool.
    """
    return lock_and_take(tx, dict.fromkeys(pools, 0))


def lock_and_take(tx: Tx, units: Mapping[str, int]) -> dict[str, LockedPool]:
    """Locks pools and counts units of them as claimed in the same step; `add` writes the claims.

    Where they turn out not to be free, the refusal rolls this back with everything else.

    Raises:
        CrexError: REFERENCE_MISSING where there is no such pool.
    """
    locked: dict[str, LockedPool] = {}
    for name in sorted(units):
        row = tx.connection.execute(_LOCK, (units[name], name)).fetchone()
        if row is None:
            raise CrexError(
                "REFERENCE_MISSING",
                f"There is no pool {name} here. Publish the pool document first.",
                details={"pool": name},
            )
        locked[name] = LockedPool(*row)
    return locked


def read_again(tx: Tx, pool: str) -> LockedPool:
    """Gives a locked pool as it is now, after others of its claims were given back."""
    row = tx.connection.execute("SELECT gen, claimed FROM pools WHERE name = ?", (pool,)).fetchone()
    return LockedPool(*row)


def require(tx: Tx, pool: str, locked: LockedPool, quantity: int, start_ms: int, end_ms: int) -> None:
    """Requires that the `quantity` units that were taken of a pool are free at every instant of the interval.

    Raises:
        CrexError: CAPACITY_EXHAUSTED with `free` and `at` (CAP-INSTANT-1, CAP-WINDOW-2).
    """
    windows = windows_of(tx, pool, start_ms, end_ms)
    # If even all claims together leave enough at every instant, none needs to be looked at.
    least = least_free(windows, (), start_ms, end_ms, now_ms=tx.now_ms)
    if least.units >= locked.claimed:
        return
    least = free(tx, pool, start_ms, end_ms)
    if least.units < quantity:
        raise exhausted(pool, quantity, least)


def free(tx: Tx, pool: str, start_ms: int, end_ms: int) -> Free:
    """Finds the least number of units of a pool that are free over an interval."""
    found = {"pool": pool, "start": start_ms, "end": end_ms, "now": tx.now_ms}
    taken = [Claim(*row) for row in tx.connection.execute(_CLAIMS, found)]
    return least_free(windows_of(tx, pool, start_ms, end_ms), taken, start_ms, end_ms, now_ms=tx.now_ms)


def windows_of(tx: Tx, pool: str, start_ms: int, end_ms: int) -> list[Window]:
    """Gives the windows of a pool that touch [start_ms, end_ms), ascending."""
    return [Window(*row) for row in tx.connection.execute(_WINDOWS, (pool, end_ms, start_ms))]


def claims_from(tx: Tx, pool: str) -> list[Claim]:
    """Gives every live claim on a pool."""
    rows = tx.connection.execute("SELECT start_ms, end_ms, quantity FROM claims WHERE pool = ?", (pool,))
    return [Claim(*row) for row in rows]


def add(
    tx: Tx,
    units: Mapping[str, int],
    *,
    lease: str,
    order: str,
    start_ms: int,
    end_ms: int,
) -> None:
    """Writes the claims of one lease, whose units `lock_and_take` has counted."""
    for pool, quantity in units.items():
        tx.connection.execute(_ADD, (pool, lease, order, start_ms, end_ms, quantity))


def pools_of_order(tx: Tx, order: str) -> list[str]:
    """Gives the pools and base pools that an order has claims on, in name order."""
    rows = tx.connection.execute(
        "SELECT DISTINCT pool FROM claims WHERE order_name = ? ORDER BY pool", (order,)
    )
    return [pool for (pool,) in rows]


def drop_order(tx: Tx, order: str) -> None:
    """Gives back all claims of an order whose pools are locked."""
    rows = tx.connection.execute(
        "DELETE FROM claims WHERE order_name = ? RETURNING pool, quantity", (order,)
    ).fetchall()
    _give_back(tx, rows)


def drop_lease(tx: Tx, lease: str) -> None:
    """Gives back the claims of one lease; locks its pools itself."""
    rows = tx.connection.execute(
        "SELECT pool, quantity FROM claims WHERE lease = ? AND order_name = (SELECT order_name FROM leases "
        "WHERE name = ?)",
        (lease, lease),
    ).fetchall()
    lock(tx, [pool for pool, _ in rows])
    for pool, _ in rows:
        tx.connection.execute("DELETE FROM claims WHERE pool = ? AND lease = ?", (pool, lease))
    _give_back(tx, rows)


def exhausted(pool: str, quantity: int, least: Free) -> CrexError:
    """Gives the error for units that are not there."""
    at = format_time(from_ms(least.at_ms))
    free = max(least.units, 0)
    return CrexError(
        "CAPACITY_EXHAUSTED",
        f"{quantity} units of {pool} are wanted and {free} are free at {at}. Ask for fewer units, another "
        "interval or another offer.",
        details={"pool": pool, "free": str(free), "at": at, "requested": str(quantity)},
    )


def _give_back(tx: Tx, rows: Iterable[tuple[str, int]]) -> None:
    for pool, quantity in rows:
        tx.connection.execute(_TAKE, (-quantity, pool))
