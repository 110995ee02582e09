"""One stream between the agent and its broker (agent.md)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from crex import v1
from crex.agent.clock import BrokerClock
from crex.agent.fulfilment import Fulfilment
from crex.agent.journal import Journal
from crex.documents.times import from_ms, to_ms

_log = logging.getLogger("crex.agent")


class Line(Protocol):
    """What carries a stream to the broker: a client of it does."""

    def connect_agent(
        self, requests: AsyncIterator[v1.ConnectRequest], /
    ) -> AsyncIterator[v1.ConnectResponse]:
        """Opens a stream; gives what comes down."""
        ...


class Session:
    """One stream, from hello to its end."""

    def __init__(
        self, client: Line, fulfilment: Fulfilment, journal: Journal, clock: BrokerClock, instance: str
    ) -> None:
        self._client = client
        self._fulfilment = fulfilment
        self._journal = journal
        self._clock = clock
        self._instance = instance
        self._up: asyncio.Queue[v1.ConnectRequest] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: set[str] = set()

    async def run(self) -> float:
        """Runs the stream until the broker ends it.

        Returns:
            Seconds after which the broker wants the agent back; 0 where it did not say.

        Raises:
            RemoteError: The broker cannot be reached, or refused the stream.
        """
        # AGENT-HELLO-1: hello first, then the inventory, then whatever was not acknowledged.
        hello = v1.AgentHello(instance=self._instance, unanswered=self._journal.unanswered())
        self._up.put_nowait(v1.ConnectRequest(hello=hello))
        self._up.put_nowait(v1.ConnectRequest(inventory=await self._fulfilment.inventory()))
        self._tell_events()
        try:
            async for response in self._client.connect_agent(self._requests()):
                kind = response.WhichOneof("message")
                if kind == "welcome":
                    self._welcome(response.welcome)
                elif kind == "command":
                    self._take(response.command)
                elif kind == "event_ack":
                    self._forget(response.event_ack)
                elif kind == "drain":
                    return response.drain.retry_after_ms / 1000
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        return 0.0

    def _tell_events(self) -> None:
        """Sends every event of the journal; each stands there until it is acknowledged (AGENT-EVENT-1)."""
        for row in self._journal.all("SELECT body FROM event ORDER BY id"):
            self._up.put_nowait(v1.ConnectRequest(event=v1.AgentEvent.FromString(row["body"])))

    async def _requests(self) -> AsyncIterator[v1.ConnectRequest]:
        seq = 0
        while True:
            request = await self._up.get()
            seq += 1  # AGENT-SEQ-1
            request.seq = seq
            yield request

    def _welcome(self, welcome: v1.Welcome) -> None:
        self._clock.set(from_ms(welcome.server_time.ToMilliseconds()))
        self._spawn(self._repeat(welcome.heartbeat_seconds or 10, self._heartbeat))
        self._spawn(self._repeat(welcome.inventory_seconds or 300, self._inventory))

    def _take(self, command: v1.Command) -> None:
        # A command that is repeated while it is carried out is not begun again.
        if command.id in self._under_way:
            return
        self._under_way.add(command.id)
        self._spawn(self._carry_out(command))

    async def _carry_out(self, command: v1.Command) -> None:
        try:
            result = await asyncio.shield(asyncio.ensure_future(self._fulfilment.answer(command)))
        except asyncio.CancelledError:
            raise
        except Exception:
            # Left unanswered: the broker repeats the command, and the log says what is wrong.
            _log.exception("command %s failed", command.id)
            result = None
        finally:
            self._under_way.discard(command.id)
        if result is not None:
            self._up.put_nowait(v1.ConnectRequest(result=result))

    def _forget(self, ack: v1.EventAck) -> None:
        if ack.refused:
            _log.warning("the broker refused event %s: %s", ack.event_id, v1.ErrorReason.Name(ack.refused))
        with self._journal.transaction() as connection:
            connection.execute("DELETE FROM event WHERE id = ?", (ack.event_id,))

    async def _heartbeat(self) -> None:
        heartbeat = v1.Heartbeat()
        heartbeat.agent_time.FromMilliseconds(to_ms(self._clock.now()))
        self._up.put_nowait(v1.ConnectRequest(heartbeat=heartbeat))
        self._tell_events()

    async def _inventory(self) -> None:
        self._up.put_nowait(v1.ConnectRequest(inventory=await self._fulfilment.inventory()))

    async def _repeat(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await act()

    def _spawn(self, work: Awaitable[None]) -> None:
        async def body() -> None:
            with suppress(asyncio.CancelledError):
                await work

        task = asyncio.get_running_loop().create_task(body())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
