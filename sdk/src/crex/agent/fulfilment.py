"""Carries out commands, each at most once, and remembers what came of them (AGENT-ANSWER-1).

The journal holds a command before its side effect begins. After a crash the hooks tell what runs: a lease
that runs is adopted, one that does not is delivered. Nothing is delivered twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from crex import v1
from crex.agent.hooks import Access, Hooks, Reading, Running
from crex.agent.journal import Journal
from crex.agent.sold import Committed, DocumentSource, fetch_sale, lease_order, open_committed
from crex.agent.statements import Statements
from crex.agent.usage import UsageBook
from crex.documents.strict import loads
from crex.documents.times import Clock, from_ms, to_ms
from crex.errors import CrexError
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import digest

_log = logging.getLogger("crex.agent")
# What may be gone when the broker repeats the command: no connection, or no room for the journal.
_PASSING: Final = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "DRAINING", "STORAGE_FULL", "STORAGE_UNAVAILABLE")
_REASON_MAX: Final = 400

# Decides whether an order is taken: gives the reason why not, or nothing.
Decide = Callable[[Committed], str]


class Fulfilment:
    """Carries out the commands of one provider's broker."""

    def __init__(
        self,
        *,
        client: DocumentSource,
        trust: TrustDirectory,
        statements: Statements,
        journal: Journal,
        hooks: Hooks,
        usage: UsageBook,
        decide: Decide,
        provider: str,
        broker: str,
        clock: Clock,
    ) -> None:
        self._client = client
        self._trust = trust
        self._statements = statements
        self._journal = journal
        self._hooks = hooks
        self._usage = usage
        self._decide = decide
        self._provider = provider
        self._broker = broker
        self._clock = clock
        self._locks: dict[str, asyncio.Lock] = {}

    async def answer(self, command: v1.Command) -> v1.CommandResult | None:
        """Carries out a command, or answers it from memory.

        Returns:
            The result; nothing where trying again later may help, and the broker's repetition will ask again.
        """
        subject = _subject(command)
        remembered, highest = self._journal.take_command(
            command.id, subject, command.command_epoch, command.SerializeToString(deterministic=True)
        )
        if remembered is not None:
            return v1.CommandResult.FromString(remembered)
        if command.command_epoch < highest:  # AGENT-EPOCH-1
            return _failure(command, "STALE_EPOCH", f"epoch {highest} of {subject} was seen already")
        async with self._locks.setdefault(subject, asyncio.Lock()):
            again = self._journal.one("SELECT result FROM command WHERE id = ?", command.id)
            if again is not None and again["result"] is not None:
                return v1.CommandResult.FromString(again["result"])
            try:
                result = await self._carry_out(command)
            except CrexError as error:
                if error.reason in _PASSING:
                    _log.warning("command %s waits: %s", command.id, error.message)
                    return None
                result = _failure(command, error.reason, error.message)
            self._remember(result)
        return result

    async def meter(self, lease: str) -> None:
        """Reads the meters of a lease, unless it ended; never while it is delivered or released."""
        lock = self._locks.setdefault(lease, asyncio.Lock())
        if lock.locked():
            return
        async with lock:
            if lease not in self._usage.active():
                return
            try:
                readings = await asyncio.to_thread(self._hooks.meter, lease)
            except Exception as error:
                # A reading that failed is made up by the next one, counters count on; unless nothing runs.
                _log.warning("meters of %s cannot be read: %s", lease, error)
                running = await self._running(lease)
                if running is not None and running.failed:
                    self._fail(lease, running.failed)
                return
            self._usage.take(lease, readings, self._clock.now())

    async def inventory(self) -> v1.Inventory:
        """Lists everything that runs here, known or not (AGENT-INVENTORY-1, AGENT-QUARANTINE-2)."""
        inventory = v1.Inventory()
        for running in await asyncio.to_thread(self._hooks.list_running):
            item = inventory.items.add(lease=running.lease)
            row = self._journal.one(
                "SELECT access_grant, activated_ms FROM lease WHERE name = ?", running.lease
            )
            if running.failed:
                item.state = v1.InventoryState.INVENTORY_STATE_FAILED
            elif row is not None and row["access_grant"] is not None:
                item.state = v1.InventoryState.INVENTORY_STATE_ACTIVE
                item.access_grant.CopyFrom(v1.Envelope.FromString(row["access_grant"]))
                item.activated_at.FromMilliseconds(row["activated_ms"])
            else:
                item.state = v1.InventoryState.INVENTORY_STATE_PROVISIONING
        return inventory

    def _fail(self, lease: str, why: str) -> None:
        _log.error("lease %s failed: %s", lease, why)
        event = v1.AgentEvent(event_id=self._statements.name(f"{lease} failed"), lease=lease)
        event.failed.reason = v1.ErrorReason.ERROR_REASON_INTERNAL
        event.failed.message = why[:_REASON_MAX]
        self._usage.fail(lease, event)

    def _remember(self, result: v1.CommandResult) -> None:
        # A failure that another try may mend is not remembered: the command is tried again when it comes
        # again.
        kind = result.WhichOneof("outcome")
        if kind == "failure":
            return
        with self._journal.transaction() as connection:
            connection.execute(
                "UPDATE command SET result = ? WHERE id = ?",
                (result.SerializeToString(deterministic=True), result.command_id),
            )

    async def _carry_out(self, command: v1.Command) -> v1.CommandResult:
        actions: dict[str, Callable[[v1.Command], Awaitable[v1.CommandResult]]] = {
            "confirm": self._confirm,
            "provision": self._provision,
            "release": self._release,
        }
        action = actions.get(command.WhichOneof("action") or "")
        if action is None:
            return _failure(command, "UNSUPPORTED_METHOD", "this agent does not know the command")
        return await action(command)

    async def _confirm(self, command: v1.Command) -> v1.CommandResult:
        now = self._clock.now()
        committed = self._open(command.confirm.hold_receipt, command.confirm.order_document, now)
        reason = self._decide(committed)
        if reason:
            envelope = self._statements.rejection(committed, reason, now)
        else:
            envelope = self._statements.acceptance(committed, now)
        return _result(command, order_confirmation=envelope)

    async def _provision(self, command: v1.Command) -> v1.CommandResult:
        action, lease = command.provision, command.provision.lease.name
        now = self._clock.now()
        committed = self._open(action.hold_receipt, action.order_document, now)
        sale, offer, plan = await fetch_sale(
            lease, committed, self._client, self._trust, provider=self._provider
        )
        self._usage.open(lease, action, offer, plan)
        running = await self._running(lease)
        if running is not None and running.failed:
            return _failure(command, "INTERNAL", running.failed[:_REASON_MAX])
        access = running.access if running is not None else None
        if access is None:
            access = await self._deliver(lease, committed, self._usage.resource(lease))
        activated = max(self._clock.now(), from_ms(sale.terms.interval.start_ms))
        grant = self._statements.access_grant(lease, committed, access, activated)
        kept, activated_ms = self._usage.activate(lease, grant, to_ms(activated))
        provisioned = v1.Provisioned(access_grant=kept)
        provisioned.activated_at.FromMilliseconds(activated_ms)
        return _result(command, provisioned=provisioned)

    async def _deliver(self, lease: str, committed: Committed, resource: str) -> Access:
        try:
            return await asyncio.to_thread(self._hooks.provision, lease_order(lease, committed, resource))
        except CrexError:
            raise
        except Exception as error:
            # A vendor's hook may raise anything; the consumer is told what it says, the log where it broke.
            _log.exception("provision of %s failed", lease)
            raise CrexError("INTERNAL", f"The lease cannot be delivered: {error}"[:_REASON_MAX]) from error

    async def _release(self, command: v1.Command) -> v1.CommandResult:
        action, lease = command.release, command.release.lease
        ended = self._end_of(lease, self._clock.now())
        # A release needs no verified order: it only ends what is the provider's own, and signs that it ended,
        # also where nothing of it runs here (AGENT-RELEASE-1).
        readings: Sequence[Reading] = await asyncio.to_thread(self._hooks.release, lease.name)
        now = self._clock.now()
        meters = self._usage.close(lease.name, readings, read_at=now, ended=ended)
        pin = _order_pin(action.order_document)
        envelope = self._statements.release_receipt(lease.name, pin, ended, meters, now)
        return _result(command, release_receipt=envelope)

    def _end_of(self, lease: v1.Lease, now: datetime) -> datetime:
        """Gives when use ended: at an accepted early end, else with the interval, never after now."""
        ends = [now, from_ms(lease.interval.end.ToMilliseconds())]
        if lease.HasField("terminated_at"):
            ends.append(from_ms(lease.terminated_at.ToMilliseconds()))
        activated = self._usage.activated_ms(lease.name)
        end = min(ends)
        return end if activated is None else max(end, from_ms(activated))

    async def _running(self, lease: str) -> Running | None:
        for running in await asyncio.to_thread(self._hooks.list_running):
            if running.lease == lease:
                return running
        return None

    def _open(self, hold: v1.Envelope, order: v1.Envelope, now: datetime) -> Committed:
        return open_committed(hold, order, self._trust, provider=self._provider, broker=self._broker, now=now)


def _subject(command: v1.Command) -> str:
    action = command.WhichOneof("action")
    if action == "confirm":
        return command.confirm.order
    lease = command.provision.lease if action == "provision" else command.release.lease
    return lease.name


def _order_pin(order_document: v1.Envelope) -> v1.Pin:
    header = loads(order_document.payload)["header"]
    return v1.Pin(id=header["id"], revision=int(header["revision"]), sha256=digest(order_document.payload))


def _result(
    command: v1.Command,
    *,
    order_confirmation: v1.Envelope | None = None,
    provisioned: v1.Provisioned | None = None,
    release_receipt: v1.Envelope | None = None,
) -> v1.CommandResult:
    return v1.CommandResult(
        command_id=command.id,
        command_epoch=command.command_epoch,
        order_confirmation=order_confirmation,
        provisioned=provisioned,
        release_receipt=release_receipt,
    )


def _failure(command: v1.Command, reason: str, message: str) -> v1.CommandResult:
    names = v1.ErrorReason.keys()
    name = f"ERROR_REASON_{reason}"
    failure = v1.CommandFailure(
        reason=v1.ErrorReason.Value(name if name in names else "ERROR_REASON_INTERNAL"),
        message=message[:1024],
    )
    return v1.CommandResult(command_id=command.id, command_epoch=command.command_epoch, failure=failure)
