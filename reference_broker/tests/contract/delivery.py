"""What contract tests of delivery and billing put into a store, beyond a market."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crex_broker.application.ports.agents import Delivery, Release
from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.leases import LeaseSnapshot
from crex_broker.application.ports.orders import OrderSnapshot
from crex_broker.application.ports.usage import ChainHead, NewBatch, UsageSnapshot
from reference_broker.tests.contract.market import Market, document
from reference_broker.tests.exchange import CONSUMER, PROVIDER

PROVISION_MS = 600_000
MONTH_MS = 31 * 24 * 3_600_000


def private(type_: str, name: str, *, body: str = "", by: str = PROVIDER) -> NewDocument:
    """A document between the two parties of a sale."""
    id_ = f"crex://{by}/{type_}/{name}"
    return document(type_, id_, body=body, provider=PROVIDER, consumer=CONSUMER)


class Deliveries:
    """Acts on a store as agents, timers and book-keeping would.

    Attributes:
        market: The market whose orders are delivered.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self.store = market.store
        self._count = 0

    def label(self) -> str:
        """A name that was not used before."""
        self._count += 1
        return f"made-{self._count}"

    async def command_of(self, name: str) -> str:
        """The identifier of the open command about an order or a lease."""
        for command_id in await self.store.agents.open_commands(PROVIDER):
            command = await self.store.agents.command(PROVIDER, command_id)
            assert command is not None
            if name == (command.order.name if command.lease is None else command.lease.name):
                return command_id
        raise AssertionError(f"no command about {name}")

    async def confirmed(self, quantity: int = 1, **more: Any) -> tuple[OrderSnapshot, list[str]]:
        """A confirmed order and its leases, SCHEDULED."""
        order = await self.market.committed(quantity, **more)
        document_ = private("order-confirmation", self.label())
        after = await self.store.agents.accept_order(PROVIDER, await self.command_of(order.name), document_)
        return after, [line.lease for line in after.lines]

    async def started(self, quantity: int = 1, **more: Any) -> str:
        """A lease in PROVISIONING."""
        _, (lease,) = await self.confirmed(quantity, **more)
        await self.store.timers.start_leases(100, provision_ms=PROVISION_MS)
        return lease

    async def active(self, quantity: int = 1, **more: Any) -> str:
        """A lease in ACTIVE."""
        lease = await self.started(quantity, **more)
        await self.store.agents.activate(PROVIDER, await self.command_of(lease), self.delivery())
        return lease

    async def released(self, quantity: int = 1, **more: Any) -> str:
        """A lease in RELEASED."""
        lease = await self.active(quantity, **more)
        await self.terminated(lease)
        await self.store.agents.release(PROVIDER, await self.command_of(lease), self.release())
        return lease

    async def terminated(self, lease: str, by: str = CONSUMER) -> LeaseSnapshot:
        """A lease whose early end was accepted."""
        done = await self.store.leases.terminate(
            self.market.mutation(by), lease, etag="", reason="", command_id=self.label()
        )
        return done.outcome

    def delivery(self, *, epoch: int = 1, at_ms: int | None = None) -> Delivery:
        """What an agent says of a lease that it delivered now."""
        now_ms = self.market.clock.ms if at_ms is None else at_ms
        return Delivery(private("access-grant", self.label()), epoch, now_ms)

    def release(self, *, at_ms: int | None = None) -> Release:
        """What an agent says of a lease that it ended now."""
        now_ms = self.market.clock.ms if at_ms is None else at_ms
        return Release(private("release-receipt", self.label()), now_ms)

    async def state(self, lease: str) -> str:
        """The state of a lease."""
        found = await self.store.leases.lease(CONSUMER, lease)
        assert found is not None
        return found.state

    async def batch(
        self,
        lease: str,
        records: Sequence[bytes] = (b"one",),
        *,
        event: str = "append",
        start_ms: int | None = None,
    ) -> NewBatch:
        """The next batch of a lease, judged against what stands."""
        document_ = private("usage-batch", self.label())
        view = await self.store.usage.view(PROVIDER, lease, batch_sha256=document_.sha256, previous_sha256="")
        assert view is not None
        begin = view.sale.lease.start_ms if start_ms is None else start_ms
        last = 0 if view.head is None else view.head.next_seq["units"] - 1
        return NewBatch(
            document=document_,
            records=tuple(records),
            lease=lease,
            lease_version=view.sale.lease.version,
            head_sha256="" if view.head is None else view.head.last_sha256,
            head=ChainHead(
                last_id=document_.id,
                last_revision=1,
                last_sha256=document_.sha256,
                start_ms=begin,
                end_ms=begin + MONTH_MS,
                final=event == "seal",
                next_seq={"units": last + 1 + len(records)},
                first_seq={"units": 1},
                events=((1, begin, None),),
            ),
            event=event,
            start_ms=begin,
            end_ms=begin + MONTH_MS,
            first_ms=self.market.clock.ms if records else None,
            last_ms=self.market.clock.ms + 1 if records else None,
            grace_ms=3_600_000,
        )

    async def append(self, batch: NewBatch) -> UsageSnapshot:
        """Keeps a batch."""
        return (await self.store.usage.append(self.market.mutation(PROVIDER), batch)).outcome
