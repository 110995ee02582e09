"""`AgentStore` over SQLite: commands, results, events, inventories."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import orjson

from crex.errors import CrexError
from crex_broker.application.ports.agents import (
    CommandView,
    Delivery,
    EventKey,
    InventoryDifference,
    LeaseView,
    Release,
)
from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.leases import LeaseSnapshot
from crex_broker.application.ports.orders import OrderSnapshot
from crex_broker.domain.states import Actor
from crex_broker.storage.sqlite import (
    agent_results,
    command_rows,
    lease_table,
)
from crex_broker.storage.sqlite.lease_table import Change
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.writer import Tx, Writer

_EVENT: Final = "SELECT body_hash, lease FROM agent_events WHERE provider = ? AND event_id = ?"
_KEEP_EVENT: Final = """
INSERT INTO agent_events (provider, event_id, body_hash, lease, create_ms) VALUES (?, ?, ?, ?, ?)
"""
_RUNNING: Final = "('PROVISIONING', 'ACTIVE', 'RECONCILING', 'RELEASING', 'FAILED')"
_UNKNOWN: Final = f"""
SELECT value FROM json_each(?1) EXCEPT
SELECT name FROM leases WHERE provider = ?2 AND state IN {_RUNNING}
"""  # noqa: S608 - constants
_MISSING: Final = """
SELECT name FROM leases WHERE provider = ?2 AND state = 'ACTIVE' EXCEPT SELECT value FROM json_each(?1)
"""
_RECONCILING: Final = f"""
SELECT {lease_table.COLUMNS} FROM leases WHERE provider = ?2 AND state = 'RECONCILING'
AND name IN (SELECT value FROM json_each(?1)) ORDER BY seq
"""  # noqa: S608 - constants
_NOTED: Final = "SELECT count(*) FROM quarantine WHERE provider = ?"
_NOTE_AGAIN: Final = """
UPDATE quarantine SET last_ms = ?3 WHERE provider = ?2 AND lease IN (SELECT value FROM json_each(?1))
"""
_NOTE: Final = """
INSERT OR IGNORE INTO quarantine (provider, lease, first_ms, last_ms)
SELECT ?2, value, ?3, ?3 FROM json_each(?1) LIMIT ?4
"""
# Notes of one provider. Nobody fills the disk with names that mean nothing.
_NOTES_MAX: Final = 10_000


class SqliteAgents:
    """Commands, results, events and inventories in one SQLite file.

    Attributes:
        authority: The broker's own, as the actor of what it does itself.
    """

    def __init__(self, writer: Writer, reader: Reader, authority: str) -> None:
        self._writer = writer
        self._reader = reader
        self.authority = authority

    async def open_commands(self, provider: str) -> Sequence[str]:
        """Gives the identifiers of all open commands, oldest first."""
        return await self._reader.run(lambda c: command_rows.open_of(c, provider))

    async def command(self, provider: str, command_id: str) -> CommandView | None:
        """Gives one command, open or not."""
        return await self._reader.run(lambda c: command_rows.find(c, provider, command_id))

    async def accept_order(self, provider: str, command_id: str, confirmation: NewDocument) -> OrderSnapshot:
        """Confirms an order and makes its leases."""
        return await self._writer.run(
            lambda tx: agent_results.accept(tx, provider, command_id, confirmation, self.authority)
        )

    async def reject_order(
        self, provider: str, command_id: str, confirmation: NewDocument, reason: str
    ) -> OrderSnapshot:
        """Rejects an order and frees its units."""
        return await self._writer.run(
            lambda tx: agent_results.reject(tx, provider, command_id, confirmation, reason)
        )

    async def activate(self, provider: str, command_id: str, delivery: Delivery) -> LeaseSnapshot:
        """Makes a lease ACTIVE and keeps its access grant."""

        def work(tx: Tx) -> LeaseSnapshot:
            command, lease = command_rows.of_lease(tx.connection, provider, command_id, "provision")
            after = agent_results.deliver(tx, lease, "ready", delivery)
            command_rows.answer(tx, command.id)
            return after

        return await self._writer.run(work)

    async def fail(self, provider: str, command_id: str, reason: str, next_command_id: str) -> LeaseSnapshot:
        """Makes a lease FAILED, and commands its release."""

        def work(tx: Tx) -> LeaseSnapshot:
            command, lease = command_rows.of_lease(tx.connection, provider, command_id, "provision")
            if not command.open:
                raise CrexError(
                    "CONFLICT",
                    f"Command {command_id} was answered before; a command is answered once. If {lease.name} "
                    "failed since, send that as an event.",
                    details={"command_id": command_id},
                )
            return agent_results.fail(tx, lease, "failure", reason, next_command_id)

        return await self._writer.run(work)

    async def release(self, provider: str, command_id: str, release: Release) -> LeaseSnapshot:
        """Closes a lease."""

        def work(tx: Tx) -> LeaseSnapshot:
            _, lease = command_rows.of_lease(tx.connection, provider, command_id, "release")
            return agent_results.close(tx, lease, release, by_itself=False)

        return await self._writer.run(work)

    async def lease(self, provider: str, name: str) -> LeaseView | None:
        """Gives a lease of this provider with its order document."""

        def read(connection: sqlite3.Connection) -> LeaseView | None:
            lease = lease_table.find(connection, name)
            if lease is None or lease.provider != provider:
                return None
            return command_rows.lease_view(connection, lease)

        return await self._reader.run(read)

    async def event_failed(
        self, event: EventKey, lease: str, reason: str, next_command_id: str
    ) -> LeaseSnapshot:
        """Keeps the event that a lease failed."""

        def work(tx: Tx) -> LeaseSnapshot:
            standing = lease_table.of_provider(tx.connection, event.provider, lease)
            if not _new_event(tx, event, lease):
                return standing
            return agent_results.fail(tx, standing, "failure", reason, next_command_id)

        return await self._writer.run(work)

    async def event_released(self, event: EventKey, lease: str, release: Release) -> LeaseSnapshot:
        """Keeps the event that a lease ended by itself."""

        def work(tx: Tx) -> LeaseSnapshot:
            standing = lease_table.of_provider(tx.connection, event.provider, lease)
            if not _new_event(tx, event, lease):
                return standing
            return agent_results.close(tx, standing, release, by_itself=True)

        return await self._writer.run(work)

    async def compare_inventory(self, provider: str, leases: Sequence[str]) -> InventoryDifference:
        """Compares what a provider runs with what the broker knows."""
        found = (orjson.dumps(list(leases)).decode(), provider)

        def read(connection: sqlite3.Connection) -> InventoryDifference:
            reconciling = [
                lease_table.snapshot(row) for row in connection.execute(_RECONCILING, found).fetchall()
            ]
            return InventoryDifference(
                unknown=tuple([name for (name,) in connection.execute(_UNKNOWN, found)]),
                missing=tuple([name for (name,) in connection.execute(_MISSING, found)]),
                reconciling=tuple([command_rows.lease_view(connection, lease) for lease in reconciling]),
            )

        return await self._reader.run(read)

    async def quarantine(self, provider: str, leases: Sequence[str]) -> None:
        """Keeps a note of what a provider runs and the broker does not know."""
        names = orjson.dumps(list(leases)).decode()

        def work(tx: Tx) -> None:
            tx.connection.execute(_NOTE_AGAIN, (names, provider, tx.now_ms))
            (noted,) = tx.connection.execute(_NOTED, (provider,)).fetchone()
            room = max(0, _NOTES_MAX - noted)
            tx.connection.execute(_NOTE, (names, provider, tx.now_ms, room))

        await self._writer.run(work)

    async def adopt_provisioning(self, provider: str, lease: str, provision_ms: int) -> LeaseSnapshot:
        """Follows an inventory: RECONCILING → PROVISIONING."""

        def work(tx: Tx) -> LeaseSnapshot:
            standing = lease_table.of_provider(tx.connection, provider, lease)
            change = Change(deadline_ms=tx.now_ms + provision_ms)
            return lease_table.advance(
                tx, standing, "inventory-provisioning", Actor.PROVIDER, provider, change=change
            )

        return await self._writer.run(work)

    async def adopt_active(self, provider: str, lease: str, delivery: Delivery) -> LeaseSnapshot:
        """Follows an inventory: RECONCILING → ACTIVE."""

        def work(tx: Tx) -> LeaseSnapshot:
            standing = lease_table.of_provider(tx.connection, provider, lease)
            return agent_results.deliver(tx, standing, "inventory-active", delivery)

        return await self._writer.run(work)

    async def adopt_failed(self, provider: str, lease: str, next_command_id: str) -> LeaseSnapshot:
        """Follows an inventory: RECONCILING → FAILED, and commands the release."""

        def work(tx: Tx) -> LeaseSnapshot:
            standing = lease_table.of_provider(tx.connection, provider, lease)
            return agent_results.fail(
                tx, standing, "inventory-failed", "as its inventory says", next_command_id
            )

        return await self._writer.run(work)


def _new_event(tx: Tx, event: EventKey, lease: str) -> bool:
    """Keeps an event; tells whether it is new.

    Raises:
        CrexError: CONFLICT where the identifier was used for another event (AGENT-EVENT-3).
    """
    row = tx.connection.execute(_EVENT, (event.provider, event.event_id)).fetchone()
    if row is None:
        kept = (event.provider, event.event_id, event.body_hash, lease, tx.now_ms)
        tx.connection.execute(_KEEP_EVENT, kept)
        return True
    if row[0] != event.body_hash:
        raise CrexError(
            "CONFLICT",
            f"Event {event.event_id} came before with other content, about {row[1]}. Give each event an "
            "identifier of its own.",
            details={"event_id": event.event_id, "lease": row[1]},
        )
    return False
