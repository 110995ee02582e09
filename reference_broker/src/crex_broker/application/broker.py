"""The broker as one object: its use cases by method, and its life from start to close."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from crex import v1
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.use_case import Family, UnaryUseCase


class Broker:
    """Composes the use cases over one `Context`.

    Attributes:
        unary: Use case by the method's path, such as `/crex.v1.MarketService/CreateHold`. Each checks its
            request against the contract before anything else (SCHEMA).
    """

    def __init__(self, context: Context, families: tuple[Family, ...]) -> None:
        self._context = context
        cases: dict[str, UnaryUseCase] = {}
        for family in families:
            cases.update(family(context))
        self.unary: Mapping[str, UnaryUseCase] = cases

    def connect(
        self, caller: Caller, requests: AsyncIterator[v1.ConnectRequest]
    ) -> AsyncIterator[v1.ConnectResponse]:
        """Serves one stream of a provider's agent (ProviderAgentService.Connect)."""
        raise NotImplementedError

    async def start(self) -> None:
        """Reads what must be in memory and starts the timers."""

    async def drain(self) -> None:
        """Stops taking new work and lets what runs end."""

    async def close(self) -> None:
        """Stops the timers and closes the store."""
