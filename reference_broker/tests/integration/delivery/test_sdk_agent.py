"""The SDK's agent runtime and this broker, in one process: what one side says the other understands."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

from crex import v1
from crex.agent.hooks import Access, LeaseOrder, Reading, Running
from crex.agent.runtime import AgentRuntime, AgentSettings
from crex.client import AsyncClient
from crex.errors import RemoteError
from crex.trust.directory import TrustDirectory
from reference_broker.tests.exchange import BROKER, CONSUMER, PROVIDER, caller, signer
from reference_broker.tests.trade import Trade

PATIENCE_S = 30.0


class Rack:
    """Hooks over a rack that does not exist, but remembers what runs."""

    def __init__(self) -> None:
        self.running: dict[str, Access] = {}
        self.provisioned: list[str] = []
        self.units: dict[str, int] = {}
        self.go_on = threading.Event()
        self.go_on.set()

    def provision(self, order: LeaseOrder) -> Access:
        """Delivers, and takes as long as the test wants."""
        access = Access(endpoint=f"https://127.0.0.1/{order.units}", secret="s" * 24)
        self.running[order.lease], self.units[order.lease] = access, order.units
        self.provisioned.append(order.lease)
        assert self.go_on.wait(PATIENCE_S)
        return access

    def release(self, lease: str) -> Sequence[Reading]:
        """Ends what runs."""
        if self.running.pop(lease, None) is None:
            return []
        return [self._reading(lease)]

    def meter(self, lease: str) -> Sequence[Reading]:
        """Says how many units are held."""
        return [self._reading(lease)]

    def list_running(self) -> Sequence[Running]:
        """Lists what runs."""
        return [Running(lease=lease, access=access) for lease, access in self.running.items()]

    def _reading(self, lease: str) -> Reading:
        return Reading(
            meter_id="units",
            dimension="compute-unit",
            unit="unit",
            value=Fraction(self.units[lease]),
            holding=True,
        )


class DirectClient:
    """Calls the broker's use cases where a client of the SDK would call its methods."""

    def __init__(self, trade: Trade) -> None:
        self._trade = trade

    async def connect_agent(
        self, requests: AsyncIterator[v1.ConnectRequest]
    ) -> AsyncIterator[v1.ConnectResponse]:
        """Serves the stream."""
        async with contextlib.aclosing(self._trade.agents.connect(caller(PROVIDER), requests)) as stream:
            async for response in stream:
                yield response
        raise RemoteError("UNAVAILABLE", "the stream ended")

    async def append_usage(self, request: v1.AppendUsageRequest) -> Any:
        """Appends usage."""
        return await self._trade.call("BillingService/AppendUsage", request, PROVIDER)

    async def seal_usage(self, request: v1.SealUsageRequest) -> Any:
        """Seals usage."""
        return await self._trade.call("BillingService/SealUsage", request, PROVIDER)

    async def issue_invoice(self, request: v1.IssueInvoiceRequest) -> Any:
        """Issues an invoice."""
        return await self._trade.call("BillingService/IssueInvoice", request, PROVIDER)

    async def get_document(self, request: v1.GetDocumentRequest) -> Any:
        """Reads a document."""
        return await self._trade.call("DiscoveryService/GetDocument", request, PROVIDER)


@contextlib.asynccontextmanager
async def running(
    trade: Trade, rack: Rack, folder: Path, *, decide: Callable[[object], str] = lambda _: ""
) -> AsyncIterator[None]:
    """An agent that runs; killed, not stopped, at the end."""
    trust = TrustDirectory()
    for authority in (BROKER, PROVIDER, CONSUMER):
        trust.pin(signer(authority).trust_document, now=trade.clock.now())
    runtime = AgentRuntime(
        cast("AsyncClient", DirectClient(trade)),
        signer(PROVIDER),
        trust,
        rack,
        AgentSettings(broker=BROKER, folder=folder, meter_s=0.02, batch_s=0.05, lag_s=0.0),
        decide=decide,
        clock=trade.clock,
    )
    task = asyncio.create_task(runtime.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Waits until something holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():  # noqa: ASYNC110 - what is waited for happens in a store, and rings no event
            await asyncio.sleep(0.01)


async def reaches(trade: Trade, lease: str, state: str) -> None:
    """Waits until a lease is in a state, and lets time's own steps happen meanwhile."""

    async def holds() -> bool:
        await trade.tick()
        return await trade.state(lease) == state

    await until(holds)


async def confirmed(trade: Trade, **ordered: Any) -> str:
    """A lease whose order the agent accepted by itself."""
    order = await trade.order(**ordered)

    async def holds() -> bool:
        return await trade.order_state(order.name) == "CONFIRMED"

    await until(holds)
    return order.lines[0].lease


async def invoices(trade: Trade) -> Sequence[v1.InvoiceRecord]:
    """What the consumer was billed."""
    listed = await trade.call("BillingService/ListInvoices", v1.ListInvoicesRequest(), CONSUMER)
    return list(listed.invoices)


async def billed(trade: Trade) -> bool:
    """Whether there is an invoice."""
    return bool(await invoices(trade))


async def test_the_agent_delivers_meters_and_bills(trade: Trade, tmp_path: Path) -> None:
    """From an order to an invoice that the broker recomputed, without a hand on the provider's side."""
    rack = Rack()
    async with running(trade, rack, tmp_path / "agent"):
        lease = await confirmed(trade, quantity=2, end=trade.at(hours=2))
        await reaches(trade, lease, "ACTIVE")
        for _ in range(3):
            trade.clock.advance(minutes=20)
            await asyncio.sleep(0.1)
        await trade.terminate(lease)
        await reaches(trade, lease, "RELEASED")
        await until(lambda: billed(trade))
    (invoice,) = await invoices(trade)
    assert invoice.total.amount == "5.98"
    assert not rack.running


async def test_a_killed_agent_adopts_what_it_was_delivering(trade: Trade, tmp_path: Path) -> None:
    """Killed while it delivers, the agent finds the lease running when it is back, and delivers it once."""
    rack = Rack()
    rack.go_on.clear()
    async with running(trade, rack, tmp_path / "agent"):
        lease = await confirmed(trade, end=trade.at(hours=2))
        await trade.tick()

        async def begun() -> bool:
            return bool(rack.provisioned)

        await until(begun)
        rack.go_on.set()
    trade.clock.advance(minutes=10)
    async with running(trade, rack, tmp_path / "agent"):
        await reaches(trade, lease, "ACTIVE")
        trade.clock.advance(hours=2)
        await reaches(trade, lease, "RELEASED")
        await until(lambda: billed(trade))
    assert rack.provisioned == [lease]


async def test_a_rejected_order_costs_nothing(trade: Trade, tmp_path: Path) -> None:
    """An order that the agent does not want ends REJECTED, and its units are free."""
    moved = "the rack is being moved"
    async with running(trade, Rack(), tmp_path / "agent", decide=lambda _: moved):
        order = await trade.order(8)

        async def rejected() -> bool:
            return await trade.order_state(order.name) == "REJECTED"

        await until(rejected)
    assert trade.claimed() == 0
