"""A lease brought into any state, and every event of its table made to happen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from crex import v1
from crex.errors import CrexError
from reference_broker.tests.agent import ACCEPTED, PlayedAgent
from reference_broker.tests.exchange import CONSUMER
from reference_broker.tests.trade import Trade

_INVENTORY = v1.InventoryState.Value
_LIMIT = 100


@dataclass
class LeaseStage:
    """One lease on the stage.

    Attributes:
        trade: The market.
        agent: The provider's agent.
        lease: Name of the lease.
        order: Its order.
        overdue: A lease that occupies the units of this one; empty where none does.
        confirm: The command that was answered by accepting the order.
        provision: The command to deliver it; without content before it was given.
        release: The command to end it; without content before it was given.
    """

    trade: Trade
    agent: PlayedAgent
    lease: str = ""
    order: str = ""
    overdue: str = ""
    confirm: v1.Command | None = None
    provision: v1.Command | None = None
    release: v1.Command | None = None
    _events: int = 0

    async def bring(self, state: str) -> None:
        """Brings the lease into a state, on the shortest way."""
        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "SCHEDULED": self._schedule,
            "DELAYED": lambda: self._after("SCHEDULED", "start-occupied"),
            "PROVISIONING": lambda: self._after("SCHEDULED", "start"),
            "ACTIVE": lambda: self._after("PROVISIONING", "ready"),
            "RECONCILING": lambda: self._after("PROVISIONING", "deadline"),
            "RELEASING": lambda: self._after("ACTIVE", "terminate"),
            "FAILED": lambda: self._after("ACTIVE", "failure"),
            "RELEASED": lambda: self._after("RELEASING", "released"),
        }
        await ways[state]()
        assert await self.state() == state

    async def cause(self, event: str, by: str = CONSUMER) -> CrexError | None:
        """Makes an event happen, as the table says it arrives; gives the refusal where a caller gets one."""
        try:
            await self._events_by_name(by)[event]()
        except CrexError as error:
            return error
        await self.agent.settled()
        return None

    async def state(self) -> str:
        """The present state."""
        return await self.trade.state(self.lease)

    async def _after(self, state: str, event: str) -> None:
        await self.bring(state)
        assert await self.cause(event) is None

    def _events_by_name(self, by: str) -> dict[str, Callable[[], Awaitable[None]]]:
        return {
            "order-confirmed": self._confirm_again,
            "start": self._start,
            "start-occupied": self._start_timer,
            "terminate": lambda: self._terminate(by),
            "end": self._end,
            "ready": self._ready,
            "failure": self._fail,
            "deadline": self._deadline,
            "inventory-provisioning": lambda: self._report("INVENTORY_STATE_PROVISIONING"),
            "inventory-active": lambda: self._report("INVENTORY_STATE_ACTIVE"),
            "inventory-failed": lambda: self._report("INVENTORY_STATE_FAILED"),
            "released": self._released,
        }

    async def _schedule(self) -> None:
        trade = self.trade
        self.overdue = await trade.active(self.agent, quantity=8, end=trade.at(hours=1))
        order = await trade.order(8, start=trade.at(hours=1), end=trade.at(hours=4))
        self.order, self.lease = order.name, order.lines[0].lease
        self.confirm = await self.agent.command("confirm")
        self.agent.accept(self.confirm)
        await self.agent.settled()
        trade.clock.advance(hours=1)

    async def _start(self) -> None:
        """Frees the units first, so that the lease can start."""
        if self.overdue:
            await self.trade.terminate(self.overdue)
            self.agent.release(await self.agent.command("release"))
            await self.agent.settled()
            self.overdue = ""
        await self._start_timer()

    async def _start_timer(self) -> None:
        store, limits = self.trade.store.timers, self.trade.context.limits
        for moved in await store.start_leases(_LIMIT, provision_ms=limits.provision_ms):
            if moved.provider:
                self.trade.context.commands.ring(moved.provider)
                self.provision = await self.agent.command("provision")

    async def _terminate(self, by: str) -> None:
        before = await self.trade.lease(self.lease)
        after = await self.trade.terminate(self.lease, by)
        if after.command_epoch > before.command_epoch:
            self.release = await self.agent.command("release")

    async def _end(self) -> None:
        read = await self.trade.lease(self.lease)
        left_s = read.interval.end.seconds - self.trade.clock.ms // 1000
        self.trade.clock.advance(seconds=max(left_s, 0))
        for moved in await self.trade.store.timers.end_leases(_LIMIT):
            self.trade.context.commands.ring(moved.provider)
            if moved.name == self.lease and moved.provider:
                while self.release is None or self.release.release.lease.name != self.lease:
                    self.release = await self.agent.command("release")

    async def _ready(self) -> None:
        command = self.provision or v1.Command(id="never-given", command_epoch=1)
        if self.provision is None:
            command.provision.lease.name = self.lease
            command.provision.order_document.CopyFrom(self._order_document())
        self.agent.answer(
            command,
            provisioned=v1.Provisioned(
                access_grant=self.agent.grant(self.lease, self._order_document(), name=self._name()),
                activated_at=self.agent.provisioned(command).activated_at,
            ),
        )

    async def _fail(self) -> None:
        """By a result where a command stands, else by an event."""
        failure = v1.CommandFailure(reason=v1.ErrorReason.ERROR_REASON_INTERNAL, message="it broke")
        before = await self.trade.lease(self.lease)
        standing = await self.state() in ("PROVISIONING", "RECONCILING")
        if standing and self.provision is not None:
            self.agent.answer(self.provision, failure=failure)
            await self.agent.settled()
        else:
            self.agent.say(event=v1.AgentEvent(event_id=self._name(), lease=self.lease, failed=failure))
            await self.agent.ack()
        if (await self.trade.lease(self.lease)).command_epoch > before.command_epoch:
            self.release = await self.agent.command("release")

    async def _deadline(self) -> None:
        self.trade.clock.advance(milliseconds=self.trade.context.limits.provision_ms)
        await self.trade.store.timers.provision_deadlines(_LIMIT)

    async def _report(self, state: str) -> None:
        before = await self.trade.lease(self.lease)
        grant = self.agent.grant(self.lease, self._order_document(), name=self._name())
        item = v1.InventoryItem(lease=self.lease, state=_INVENTORY(state), access_grant=grant)
        item.activated_at.CopyFrom(self.agent.header("clock", "now").issued_at)
        self.agent.say(inventory=v1.Inventory(items=[item]))
        await self.agent.settled()
        if (await self.trade.lease(self.lease)).command_epoch > before.command_epoch:
            self.release = await self.agent.command("release")

    async def _released(self) -> None:
        """By a result where the release was commanded, else by an event."""
        receipt = self.agent.receipt(self.lease, self._order_document(), name=self._name())
        if self.release is not None and await self.state() in ("RELEASING", "FAILED"):
            self.agent.answer(self.release, release_receipt=receipt)
        else:
            self.agent.say(event=v1.AgentEvent(event_id=self._name(), lease=self.lease, released=receipt))
            await self.agent.ack()

    async def _confirm_again(self) -> None:
        assert self.confirm is not None
        again = self.agent.confirmation(self.confirm, ACCEPTED, name=self._name())
        self.agent.answer(self.confirm, order_confirmation=again)

    def _order_document(self) -> v1.Envelope:
        assert self.confirm is not None
        return self.confirm.confirm.order_document

    def _name(self) -> str:
        self._events += 1
        return f"{self.lease.rpartition('/')[2]}-{self._events}"
