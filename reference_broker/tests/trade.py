"""A market whose sales are also delivered and billed: agents' streams, timers, and steps that tests share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crex import v1
from crex_broker.application.agent_streams import AgentStreams
from crex_broker.application.delivery import billing_cases, lease_cases
from crex_broker.application.timers import Timers
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.documents import Goods, order_document, stock
from reference_broker.tests.exchange import BROKER, CONSUMER, Exchange, signer


@dataclass
class Trade(Exchange):
    """A market with everything behind it.

    Attributes:
        agents: Serves the streams of agents.
        timers: What happens by itself; nothing does unless a test calls `tick`.
    """

    agents: AgentStreams = field(init=False)
    timers: Timers = field(init=False)
    _goods: Goods | None = None

    def __post_init__(self) -> None:
        """Adds what a plain market lacks."""
        self.context.trust.pin(signer(BROKER).trust_document, now=self.clock.now())
        self.cases = {**self.cases, **lease_cases(self.context), **billing_cases(self.context)}
        self.agents = AgentStreams(self.context)
        self.timers = Timers(self.context)

    async def goods(self, **stocked: Any) -> Goods:
        """What is on sale; published at the first call."""
        if self._goods is None:
            self._goods = await stock(self, **stocked)
        return self._goods

    async def order(
        self,
        quantity: int = 2,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        lines: int = 1,
        **document: Any,
    ) -> v1.Order:
        """A committed order, from now for an hour unless told otherwise; its provider has not answered."""
        goods = await self.goods()
        start = start or self.at()
        hold = await self.call(
            "MarketService/CreateHold",
            v1.CreateHoldRequest(
                request_id=self.request_id(),
                items=[goods.item(quantity)] * lines,
                interval=self.interval(start, end or self.at(hours=1)),
            ),
            CONSUMER,
        )
        request_id = self.request_id()
        signed = signer(CONSUMER).sign_document(
            order_document(self, hold, request_id, consumer=CONSUMER, **document)
        )
        request = v1.CommitOrderRequest(request_id=request_id, order=hold.order.name, envelope=signed)
        committed: v1.CommitOrderResponse = await self.call("MarketService/CommitOrder", request, CONSUMER)
        return committed.order

    async def scheduled(self, agent: PlayedAgent, **ordered: Any) -> str:
        """The name of a lease that its provider accepted."""
        order = await self.order(**ordered)
        agent.accept(await agent.command("confirm"))
        await agent.settled()
        return order.lines[0].lease

    async def provisioning(self, agent: PlayedAgent, **ordered: Any) -> tuple[str, v1.Command]:
        """A lease that its provider was told to deliver, and the command."""
        lease = await self.scheduled(agent, **ordered)
        await self.tick()
        return lease, await agent.command("provision")

    async def active(self, agent: PlayedAgent, **ordered: Any) -> str:
        """A lease that is delivered."""
        lease, command = await self.provisioning(agent, **ordered)
        agent.provision(command)
        await agent.settled()
        assert await self.state(lease) == "ACTIVE"
        return lease

    async def released(self, agent: PlayedAgent, **ordered: Any) -> str:
        """A lease that was delivered and ended."""
        lease = await self.active(agent, **ordered)
        await self.terminate(lease)
        agent.release(await agent.command("release"))
        await agent.settled()
        assert await self.state(lease) == "RELEASED"
        return lease

    async def terminate(self, lease: str, by: str = CONSUMER, **more: Any) -> v1.Lease:
        """Ends a lease early."""
        request = v1.TerminateLeaseRequest(request_id=self.request_id(), lease=lease, **more)
        response: v1.TerminateLeaseResponse = await self.call("LeaseService/TerminateLease", request, by)
        return response.lease

    async def tick(self) -> None:
        """Lets happen what is due."""
        while await self.timers.tick():
            pass

    async def lease(self, name: str, by: str = CONSUMER) -> v1.Lease:
        """A lease as one of its parties sees it."""
        response: v1.GetLeaseResponse = await self.call(
            "LeaseService/GetLease", v1.GetLeaseRequest(lease=name), by
        )
        return response.lease

    async def state(self, lease: str) -> str:
        """The state of a lease."""
        return v1.LeaseState.Name((await self.lease(lease)).state).removeprefix("LEASE_STATE_")

    async def order_state(self, order: str) -> str:
        """The state of an order."""
        response = await self.call("MarketService/GetOrder", v1.GetOrderRequest(order=order), CONSUMER)
        return v1.OrderState.Name(response.order.state).removeprefix("ORDER_STATE_")

    def claimed(self) -> int:
        """Units that are taken of the pool."""
        rows = self.store.reader.run_blocking(
            lambda connection: connection.execute("SELECT coalesce(sum(quantity), 0) FROM claims").fetchone()
        )
        return int(rows[0])
