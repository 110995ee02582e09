"""`TimerStore` over SQLite: what is due, and the steps that time takes."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from crex_broker.application.ports.leases import LeaseSnapshot
from crex_broker.application.ports.orders import OrderSnapshot
from crex_broker.application.ports.timers import Moved
from crex_broker.domain.states import Actor
from crex_broker.storage.sqlite import (
    dispute_table,
    invoice_table,
    lease_table,
    occupancy,
    order_rows,
    usage_table,
)
from crex_broker.storage.sqlite.agent_results import RELEASE_MS
from crex_broker.storage.sqlite.lease_table import Change
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.writer import Tx, Writer

# When each timer has something to do next; what waits for no instant is due at once (0).
_DUE: Final = """
SELECT 'hold-expiry', min(expire_ms) FROM orders WHERE state = 'HELD'
UNION ALL SELECT 'offer-expiry', min(expire_ms) FROM offers WHERE state IN ('PUBLISHED', 'PAUSED')
UNION ALL SELECT 'offer-judgement', min(judge_ms) FROM offers
    WHERE judge_ms IS NOT NULL AND state IN ('PUBLISHED', 'PAUSED')
UNION ALL SELECT 'confirm-deadline', min(expire_ms) FROM orders WHERE state = 'COMMITTING'
UNION ALL SELECT 'reconcile-horizon', min(expire_ms) FROM orders WHERE state = 'RECONCILING'
UNION ALL SELECT 'lease-start', min(start_ms) FROM leases WHERE state = 'SCHEDULED'
UNION ALL SELECT 'lease-start', min(0) FROM leases WHERE state = 'DELAYED'
UNION ALL SELECT 'lease-end', min(end_ms) FROM leases
    WHERE state IN ('SCHEDULED', 'DELAYED', 'PROVISIONING', 'ACTIVE', 'RECONCILING')
UNION ALL SELECT 'provision-deadline', min(deadline_ms) FROM leases WHERE state = 'PROVISIONING'
UNION ALL SELECT 'order-fulfilment', min(0) FROM orders_closing
UNION ALL SELECT 'usage-grace', min(due_ms) FROM usage_periods WHERE state = 'OPEN'
UNION ALL SELECT 'invoice-acceptance', min(deadline_ms) FROM invoices WHERE state = 'ISSUED'
UNION ALL SELECT 'invoice-covered', min(0) FROM invoices
    WHERE covered = 1 AND state IN ('ACCEPTED', 'DEEMED_ACCEPTED', 'CREDITED')
UNION ALL SELECT 'dispute-answer', min(answer_by_ms) FROM disputes WHERE state = 'OPEN'
"""
_ORDERS_DUE: Final = (
    f"SELECT {order_rows.COLUMNS} FROM orders WHERE state = ? AND expire_ms <= ? "  # noqa: S608 - constants
    "ORDER BY expire_ms LIMIT ?"
)
_LEASES: Final = f"SELECT {lease_table.COLUMNS} FROM leases WHERE"  # noqa: S608 - constants
# Who waits comes first. All of them: those that cannot start must not keep others from being looked at.
_DELAYED: Final = f"{_LEASES} state = 'DELAYED' AND end_ms > ? ORDER BY start_ms, seq"
_TO_START: Final = f"""
{_LEASES} state = 'SCHEDULED' AND start_ms <= ?1 AND end_ms > ?1 ORDER BY start_ms, seq LIMIT ?2
"""
_TO_END: Final = f"""
{_LEASES} state IN ('SCHEDULED', 'DELAYED', 'PROVISIONING', 'ACTIVE', 'RECONCILING') AND end_ms <= ?
ORDER BY end_ms LIMIT ?
"""
_TO_REPORT: Final = f"{_LEASES} state = 'PROVISIONING' AND deadline_ms <= ? ORDER BY deadline_ms LIMIT ?"
_CLOSING: Final = (
    "DELETE FROM orders_closing WHERE order_name IN (SELECT order_name FROM orders_closing LIMIT ?)"
)
_LIVE: Final = "SELECT 1 FROM leases WHERE order_name = ? AND state != 'RELEASED' LIMIT 1"


class SqliteTimers:
    """The timers' transactions in one SQLite file.

    Attributes:
        authority: The broker's own, as the actor of what timers do.
    """

    def __init__(self, writer: Writer, reader: Reader, authority: str) -> None:
        self._writer = writer
        self._reader = reader
        self.authority = authority

    async def due(self) -> Mapping[str, int]:
        """Gives, for each timer that has something to come, when that is due."""

        def read(connection: sqlite3.Connection) -> dict[str, int]:
            found: dict[str, int] = {}
            for timer, at_ms in connection.execute(_DUE):
                if at_ms is not None:
                    found[timer] = min(at_ms, found.get(timer, at_ms))
            return found

        return await self._reader.run(read)

    async def confirm_deadlines(self, limit: int, *, horizon_ms: int) -> Sequence[Moved]:
        """COMMITTING → RECONCILING."""

        def step(tx: Tx, order: OrderSnapshot) -> OrderSnapshot:
            return order_rows.advance(
                tx, order, "deadline", Actor.BROKER, self.authority, expire_ms=tx.now_ms + horizon_ms
            )

        return await self._orders("COMMITTING", limit, step)

    async def reconcile_horizons(self, limit: int) -> Sequence[Moved]:
        """RECONCILING → ABANDONED."""
        return await self._orders(
            "RECONCILING",
            limit,
            lambda tx, order: order_rows.advance(tx, order, "horizon", Actor.BROKER, self.authority),
        )

    async def start_leases(self, limit: int, *, provision_ms: int) -> Sequence[Moved]:
        """SCHEDULED → PROVISIONING where units are free, else DELAYED (LEASE-START-1, LEASE-START-2)."""

        def step(tx: Tx, lease: LeaseSnapshot) -> Moved:
            if occupancy.units_free(tx, lease):
                deadline_ms = tx.now_ms + provision_ms
                change = Change(
                    deadline_ms=deadline_ms,
                    command_id=secrets.token_urlsafe(16),
                    command="provision",
                    command_deadline_ms=deadline_ms,
                )
                return self._moved(
                    lease_table.advance(tx, lease, "start", Actor.BROKER, self.authority, change=change)
                )
            if lease.state == "SCHEDULED":
                lease = lease_table.advance(tx, lease, "start-occupied", Actor.BROKER, self.authority)
            return Moved(lease.name, lease.state)

        def work(tx: Tx) -> list[Moved]:
            waiting = tx.connection.execute(_DELAYED, (tx.now_ms,)).fetchall()
            started = [step(tx, lease_table.snapshot(row)) for row in waiting]
            due = tx.connection.execute(_TO_START, (tx.now_ms, limit)).fetchall()
            moved = [each for each in started if each.state != "DELAYED"]
            return moved + [step(tx, lease_table.snapshot(row)) for row in due]

        return await self._writer.run(work)

    async def end_leases(self, limit: int) -> Sequence[Moved]:
        """Ends leases whose interval is over (LEASE-END-1)."""

        def step(tx: Tx, lease: LeaseSnapshot) -> Moved:
            change = Change()
            if lease_table.started(lease):
                change = Change(
                    command_id=secrets.token_urlsafe(16),
                    command="release",
                    command_deadline_ms=tx.now_ms + RELEASE_MS,
                )
            return self._moved(
                lease_table.advance(tx, lease, "end", Actor.BROKER, self.authority, change=change)
            )

        return await self._leases(_TO_END, limit, step)

    async def provision_deadlines(self, limit: int) -> Sequence[Moved]:
        """PROVISIONING → RECONCILING."""

        def step(tx: Tx, lease: LeaseSnapshot) -> Moved:
            after = lease_table.advance(tx, lease, "deadline", Actor.BROKER, self.authority)
            return Moved(after.name, after.state)

        return await self._leases(_TO_REPORT, limit, step)

    async def fulfil_orders(self, limit: int) -> Sequence[Moved]:
        """CONFIRMED → FULFILLED where all leases are RELEASED."""

        def work(tx: Tx) -> list[Moved]:
            moved = []
            for (name,) in tx.connection.execute(f"{_CLOSING} RETURNING order_name", (limit,)).fetchall():
                order = order_rows.find(tx.connection, name)
                if order is None or order.state != "CONFIRMED":
                    continue  # cancelled: its leases ended with it
                if tx.connection.execute(_LIVE, (name,)).fetchone() is None:
                    after = order_rows.advance(tx, order, "fulfil", Actor.BROKER, self.authority)
                    moved.append(Moved(after.name, after.state))
            return moved

        return await self._writer.run(work)

    async def usage_graces(self, limit: int) -> Sequence[Moved]:
        """OPEN → SEALED_INCOMPLETE."""
        return await self._writer.run(lambda tx: usage_table.close_incomplete(tx, limit, self.authority))

    async def invoice_acceptances(self, limit: int) -> Sequence[Moved]:
        """ISSUED → DEEMED_ACCEPTED."""
        return await self._writer.run(lambda tx: invoice_table.deem_accepted(tx, limit, self.authority))

    async def dispute_answers(self, limit: int) -> Sequence[Moved]:
        """OPEN → ESCALATED."""
        return await self._writer.run(lambda tx: dispute_table.escalate_unanswered(tx, limit, self.authority))

    async def covered_invoices(self, limit: int) -> Sequence[Moved]:
        """ACCEPTED, DEEMED_ACCEPTED, CREDITED → SETTLED."""
        return await self._writer.run(lambda tx: invoice_table.settle_covered(tx, limit, self.authority))

    async def _orders(
        self, state: str, limit: int, step: Callable[[Tx, OrderSnapshot], OrderSnapshot]
    ) -> list[Moved]:
        def work(tx: Tx) -> list[Moved]:
            rows = tx.connection.execute(_ORDERS_DUE, (state, tx.now_ms, limit)).fetchall()
            moved = [step(tx, order_rows.snapshot(row)) for row in rows]
            return [Moved(order.name, order.state) for order in moved]

        return await self._writer.run(work)

    async def _leases(self, sql: str, limit: int, step: Callable[[Tx, LeaseSnapshot], Moved]) -> list[Moved]:
        def work(tx: Tx) -> list[Moved]:
            rows = tx.connection.execute(sql, (tx.now_ms, limit)).fetchall()
            return [step(tx, lease_table.snapshot(row)) for row in rows]

        return await self._writer.run(work)

    @staticmethod
    def _moved(lease: LeaseSnapshot) -> Moved:
        return Moved(lease.name, lease.state, "" if lease.state == "RELEASED" else lease.provider)
