"""The broker as one object: its use cases by method, and its life from start to close."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Final, Protocol

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.get_server_info import GetServerInfo
from crex_broker.application.receipts import with_receipts
from crex_broker.application.use_case import Family, UnaryUseCase

_SERVER_INFO: Final = "/crex.v1.DiscoveryService/GetServerInfo"
_CONNECT: Final = "/crex.v1.ProviderAgentService/Connect"


class AgentStreams(Protocol):
    """Serves the streams of providers' agents."""

    def connect(
        self, caller: Caller, requests: AsyncIterator[v1.ConnectRequest]
    ) -> AsyncGenerator[v1.ConnectResponse, None]:
        """Serves one stream."""
        ...

    async def drain(self) -> None:
        """Asks every agent to connect again later."""
        ...


class Scheduler(Protocol):
    """Runs what happens by itself."""

    async def start(self) -> None:
        """Begins."""
        ...

    async def close(self) -> None:
        """Ends, and waits for what runs."""
        ...


class Broker:
    """Composes the use cases over one `Context`.

    Attributes:
        unary: Use case by the method's path, such as `/crex.v1.MarketService/CreateHold`. The RPC layer has
            checked the request against the contract and the caller's role before one is called.
    """

    def __init__(
        self, context: Context, families: tuple[Family, ...], agents: AgentStreams, scheduler: Scheduler
    ) -> None:
        self._context = context
        self._agents = agents
        self._scheduler = scheduler
        cases: dict[str, UnaryUseCase] = {}
        for family in families:
            cases.update(with_receipts(context, family(context)))
        cases[_SERVER_INFO] = GetServerInfo(context, [*cases, _SERVER_INFO, _CONNECT])
        self.unary: Mapping[str, UnaryUseCase] = cases

    def connect(
        self, caller: Caller, requests: AsyncIterator[v1.ConnectRequest]
    ) -> AsyncGenerator[v1.ConnectResponse, None]:
        """Serves one stream of a provider's agent (ProviderAgentService.Connect)."""
        return self._agents.connect(caller, requests)

    def roles(self, authority: str) -> frozenset[str]:
        """Gives the roles that an authority is enrolled with; none where it is not enrolled."""
        return self._context.roles.of(authority)

    async def start(self) -> None:
        """Reads what must be in memory, ends what ended meanwhile, and starts the timers.

        Raises:
            CrexError: The store cannot be read, or a kept trust document does not verify.
        """
        context = self._context
        for envelope in await context.store.parties.trust_documents():
            context.trust.restore(v1.Envelope.FromString(envelope))
        now = context.clock.now()
        for envelope in await context.store.attestations.status_lists():
            context.status.restore(v1.Envelope.FromString(envelope), context.trust, now)
        context.roles.load(await context.store.parties.parties())
        context.index.load(await context.store.offers.standing(None))
        await self._scheduler.start()

    async def drain(self) -> None:
        """Asks every agent to connect again later; calls under way go on."""
        await self._agents.drain()

    async def close(self) -> None:
        """Stops the timers. The store is closed by whoever opened it."""
        await self._scheduler.close()
