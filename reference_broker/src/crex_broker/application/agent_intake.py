"""What an agent says, taken in: results, events and inventories of one provider.

Nothing that a provider says ends its stream, save a breach of the protocol itself: what does not verify or
does not fit is logged and does not count, and the command that it was to answer stands (AGENT-RESULT-3).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final

from crex import v1
from crex.documents.times import to_ms
from crex.errors import CrexError
from crex_broker.application.agent_documents import AgentDocuments
from crex_broker.application.bell import TIMERS
from crex_broker.application.context import Context
from crex_broker.application.naming import new_id
from crex_broker.application.ports.agents import CommandView, EventKey, LeaseView
from crex_broker.application.ports.leases import lease_not_found
from crex_broker.application.times import ms_of

_log = logging.getLogger("crex_broker.agents")

# Refusals that say nothing about what was sent: the agent sends it again.
_PASSING: Final = frozenset(
    {"STORAGE_FULL", "STORAGE_UNAVAILABLE", "POOL_CONTENDED", "CLOCK_BACKWARDS", "DRAINING", "TRUST_STALE"}
)
_SHOWN: Final = 5


class AgentIntake:
    """Takes in what one provider says."""

    def __init__(self, context: Context, provider: str) -> None:
        self._context = context
        self._store = context.store.agents
        self._provider = provider
        self._documents = AgentDocuments(context, provider)
        self._answers: dict[tuple[str, str], Callable[[v1.CommandResult, CommandView], Awaitable[None]]] = {
            ("confirm", "order_confirmation"): self._confirmed,
            ("provision", "provisioned"): self._provisioned,
            ("provision", "failure"): self._failed,
            ("release", "release_receipt"): self._released,
        }

    async def result(self, result: v1.CommandResult) -> None:
        """Takes in a result; one that does not count is logged, and its command stands."""
        try:
            command = await self._store.command(self._provider, result.command_id)
            if command is None:
                _log.warning("%s answered a command that it was never given", self._provider)
                return
            outcome = result.WhichOneof("outcome") or "nothing"
            answer = self._answers.get((command.kind, outcome))
            if result.command_epoch != command.epoch or answer is None:
                self._refused(
                    command,
                    "STALE_EPOCH" if answer else "TERMS",
                    f"{outcome} of epoch {result.command_epoch} does not answer it",
                )
                return
            await answer(result, command)
        except CrexError as error:
            _log.warning(
                "result of %s for command %s does not count: %s %s",
                self._provider,
                result.command_id,
                error.reason,
                error.message,
            )

    async def event(self, event: v1.AgentEvent) -> v1.EventAck | None:
        """Takes in an event.

        Returns:
            The acknowledgement; nothing where the store cannot be used now and the agent is to send it again.
        """
        key = EventKey(self._provider, event.event_id, _meaning(event))
        try:
            view = await self._store.lease(self._provider, event.lease)
            if view is None:
                raise lease_not_found(event.lease)
            if event.WhichOneof("event") == "released":
                release = self._documents.release(event.released, view)
                await self._store.event_released(key, event.lease, release)
                self._context.due.ring(TIMERS)
            else:
                await self._store.event_failed(key, event.lease, _reason(event.failed), self._new_id())
                self._context.commands.ring(self._provider)
        except CrexError as error:
            _log.warning(
                "event %s of %s does not count: %s %s",
                event.event_id,
                self._provider,
                error.reason,
                error.message,
            )
            if error.reason in _PASSING:
                return None
            return v1.EventAck(event_id=event.event_id, refused=_value(error.reason))
        return v1.EventAck(event_id=event.event_id)

    async def inventory(self, inventory: v1.Inventory) -> None:
        """Lets leases in RECONCILING follow an inventory, and notes what disagrees (AGENT-INVENTORY-2)."""
        items = {item.lease: item for item in inventory.items}
        try:
            found = await self._store.compare_inventory(self._provider, list(items))
            for view in found.reconciling:
                await self._adopt(view, items[view.lease.name])
            if found.unknown:
                self._note("runs what is unknown here, left alone and quarantined", found.unknown)
                await self._store.quarantine(self._provider, found.unknown)
            if found.missing:
                # AGENT-INVENTORY-3: a note, and nothing else.
                self._note("does not report what is ACTIVE here", found.missing)
        except CrexError as error:
            _log.warning("inventory of %s: %s %s", self._provider, error.reason, error.message)

    async def _adopt(self, view: LeaseView, item: v1.InventoryItem) -> None:
        name = view.lease.name
        try:
            if item.state == v1.InventoryState.INVENTORY_STATE_PROVISIONING:
                provision_ms = self._context.limits.provision_ms
                await self._store.adopt_provisioning(self._provider, name, provision_ms)
                self._context.due.ring(TIMERS)
            elif item.state == v1.InventoryState.INVENTORY_STATE_ACTIVE:
                activated_ms = ms_of(item.activated_at, "$.activatedAt")
                delivery = self._documents.delivery(item.access_grant, activated_ms, view)
                await self._store.adopt_active(self._provider, name, delivery)
            elif item.state == v1.InventoryState.INVENTORY_STATE_FAILED:
                await self._store.adopt_failed(self._provider, name, self._new_id())
                self._context.commands.ring(self._provider)
        except CrexError as error:
            _log.warning(
                "%s stays RECONCILING whatever %s reports: %s %s",
                name,
                self._provider,
                error.reason,
                error.message,
            )

    async def _confirmed(self, result: v1.CommandResult, command: CommandView) -> None:
        accepted, reason, document = self._documents.confirmation(result.order_confirmation, command)
        if accepted:
            await self._store.accept_order(self._provider, command.id, document)
        else:
            await self._store.reject_order(self._provider, command.id, document, reason)
        self._context.due.ring(TIMERS)

    async def _provisioned(self, result: v1.CommandResult, command: CommandView) -> None:
        activated_ms = ms_of(result.provisioned.activated_at, "$.activatedAt")
        delivery = self._documents.delivery(result.provisioned.access_grant, activated_ms, _view(command))
        await self._store.activate(self._provider, command.id, delivery)

    async def _failed(self, result: v1.CommandResult, command: CommandView) -> None:
        await self._store.fail(self._provider, command.id, _reason(result.failure), self._new_id())
        self._context.commands.ring(self._provider)

    async def _released(self, result: v1.CommandResult, command: CommandView) -> None:
        release = self._documents.release(result.release_receipt, _view(command))
        await self._store.release(self._provider, command.id, release)
        self._context.due.ring(TIMERS)

    def _refused(self, command: CommandView, reason: str, message: str) -> None:
        _log.warning(
            "result of %s for %s command %s of epoch %d does not count: %s %s",
            self._provider,
            command.kind,
            command.id,
            command.epoch,
            reason,
            message,
        )

    def _note(self, what: str, leases: tuple[str, ...]) -> None:
        shown = ", ".join(leases[:_SHOWN]) + (" …" if len(leases) > _SHOWN else "")
        _log.warning("%s %s (%d): %s", self._provider, what, len(leases), shown)

    def _new_id(self) -> str:
        return new_id(to_ms(self._context.clock.now()))


def _view(command: CommandView) -> LeaseView:
    assert command.lease is not None  # noqa: S101 - provision and release have one
    return LeaseView(command.lease, command.order_document)


def _reason(failure: v1.CommandFailure) -> str:
    name = v1.ErrorReason.Name(failure.reason).removeprefix("ERROR_REASON_")
    return f"{name}: {failure.message}" if failure.message else name


def _value(reason: str) -> v1.ErrorReason.ValueType:
    name = f"ERROR_REASON_{reason}"
    known = name in v1.ErrorReason.keys()  # noqa: SIM118 - an enum wrapper is no mapping
    return v1.ErrorReason.Value(name) if known else v1.ErrorReason.ERROR_REASON_INTERNAL


def _meaning(event: v1.AgentEvent) -> bytes:
    """Gives SHA-256 over what an event says; a receipt that is signed again says the same."""
    said = v1.AgentEvent()
    said.CopyFrom(event)
    if said.WhichOneof("event") == "released":
        said.released.ClearField("signatures")
    return sha256(said.SerializeToString(deterministic=True)).digest()
