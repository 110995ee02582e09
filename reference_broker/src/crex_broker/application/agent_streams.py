"""The streams of all agents: one per provider, the newest."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

from crex import v1
from crex.errors import CrexError
from crex_broker.application.agent_session import AgentSession
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context


class AgentStreams:
    """Serves `ProviderAgentService.Connect`."""

    def __init__(self, context: Context, elapsed_s: Callable[[], float] = time.monotonic) -> None:
        self._context = context
        self._elapsed_s = elapsed_s
        self._sessions: dict[str, AgentSession] = {}
        self._draining = False

    async def connect(
        self, caller: Caller, requests: AsyncIterator[v1.ConnectRequest]
    ) -> AsyncGenerator[v1.ConnectResponse, None]:
        """Serves one stream; an older one of the same provider ends (AGENT-REPLACE-1).

        Raises:
            CrexError: DRAINING, SCHEMA, NOT_FOUND.
        """
        if self._draining:
            raise CrexError("DRAINING", "The broker is ending its work; connect again soon.")
        provider = caller.authority
        session = AgentSession(self._context, provider, requests, self._elapsed_s)
        await session.open()
        older = self._sessions.get(provider)
        if older is not None:
            older.stop()
        self._sessions[provider] = session
        try:
            async with aclosing(session.run()) as responses:
                async for response in responses:
                    yield response
        finally:
            if self._sessions.get(provider) is session:
                del self._sessions[provider]

    def connected(self, provider: str) -> bool:
        """Tells whether a provider's agent has a stream."""
        return provider in self._sessions

    async def drain(self) -> None:
        """Asks every agent to connect again later, and ends its stream (AGENT-DRAIN-1)."""
        self._draining = True
        retry_ms = self._context.limits.drain_retry_ms
        for session in list(self._sessions.values()):
            session.stop(v1.ConnectResponse(drain=v1.Drain(retry_after_ms=retry_ms)))
