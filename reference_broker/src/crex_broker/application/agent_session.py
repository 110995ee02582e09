"""One stream of a provider's agent: what it says is taken in, what it must do is sent until it is answered.

Three things run side by side and meet in one queue: a reader takes in messages one after the other, a feeder
sends commands, and the stream itself gives out what both put there. The queue is short, so an agent that does
not read is not written to, and is not read from either.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from typing import Any, Final

from crex import v1
from crex.documents.times import to_ms
from crex.errors import CrexError, Violation
from crex.names import authority_of
from crex_broker.application.agent_commands import command_message
from crex_broker.application.agent_intake import AgentIntake
from crex_broker.application.context import Context
from crex_broker.application.times import timestamp

_log = logging.getLogger("crex_broker.agents")

_QUEUE: Final = 64
# The feeder looks by itself this often, should a ring ever be missed, and to notice a dead stream.
_LOOK_S: Final = 5.0
_SILENT_HEARTBEATS: Final = 3
# Three of these and one look are less than a minute: no stream goes longer without a message, at which the
# agent's certificate is judged anew (CHANNEL-RECHECK-1).
_HEARTBEAT_MAX_S: Final = 15
_INVENTORY_MAX_S: Final = 300
# A command that stays unanswered is sent ever less often, down to once in this time.
_RESEND_MAX_MS: Final = 600_000
_DOUBLINGS: Final = 10


class AgentSession:
    """Serves one stream; nothing of it outlives it but what is in the store (AGENT-DROP-1)."""

    def __init__(
        self,
        context: Context,
        provider: str,
        requests: AsyncIterator[v1.ConnectRequest],
        elapsed_s: Callable[[], float],
    ) -> None:
        """Makes a session; `elapsed_s` gives seconds since any instant and never jumps, as clocks may."""
        self._context = context
        self._elapsed_s = elapsed_s
        self._provider = provider
        self._requests = requests
        self._intake = AgentIntake(context, provider)
        self._queue: asyncio.Queue[v1.ConnectResponse | None] = asyncio.Queue(_QUEUE)
        self._pools: frozenset[str] = frozenset()
        # Commands sent on this stream: when last, and how often.
        self._sent: dict[str, tuple[int, int]] = {}
        self._seq = 0
        self._heard_s = elapsed_s()
        self._heartbeat_s = min(context.limits.heartbeat_s, _HEARTBEAT_MAX_S)
        self._stopped = False
        self._last: v1.ConnectResponse | None = None
        self._failure: Exception | None = None

    async def open(self) -> None:
        """Reads the hello.

        Raises:
            CrexError: SCHEMA where the first message is none (AGENT-HELLO-1), NOT_FOUND where it names a pool
                of another authority (AGENT-POOL-1).
        """
        try:
            async with asyncio.timeout(_SILENT_HEARTBEATS * self._heartbeat_s):
                first = await anext(self._requests)
        except StopAsyncIteration:
            raise _breach("the stream ended before a hello", "AGENT-HELLO-1") from None
        except TimeoutError:
            raise _breach("no hello came", "AGENT-HELLO-1") from None
        self._count(first)
        if first.WhichOneof("message") != "hello":
            raise _breach("the first message of a stream is a hello", "AGENT-HELLO-1")
        for pool in first.hello.pools:
            if authority_of(pool) != self._provider:
                raise CrexError(
                    "NOT_FOUND",
                    f"You have no pool {pool}. Name your own pools, or none for all (AGENT-POOL-1).",
                    details={"name": pool},
                )
        self._pools = frozenset(first.hello.pools)
        # What it has not answered is repeated at once like everything that stands: a restarted agent goes on
        # by that, and one that is at work already does not begin again (AGENT-ANSWER-1).
        _log.info(
            "agent %s of %s joined, %d commands unanswered",
            first.hello.instance,
            self._provider,
            len(first.hello.unanswered),
        )

    async def run(self) -> AsyncGenerator[v1.ConnectResponse, None]:
        """Gives what is to be sent, until the stream ends.

        Raises:
            CrexError: SCHEMA where the agent breached the protocol.
        """
        limits = self._context.limits
        yield v1.ConnectResponse(
            welcome=v1.Welcome(
                server_time=timestamp(self._now_ms()),
                heartbeat_seconds=self._heartbeat_s,
                inventory_seconds=min(limits.inventory_s, _INVENTORY_MAX_S),
            )
        )
        tasks = [asyncio.create_task(self._until_end(side)) for side in (self._read(), self._feed())]
        try:
            while not self._stopped:
                response = await self._queue.get()
                if response is None:
                    break
                yield response
            if self._last is not None:
                yield self._last
            if self._failure is not None:
                raise self._failure
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def stop(self, last: v1.ConnectResponse | None = None) -> None:
        """Ends the stream, with one last message where there is one."""
        self._last = last
        self._stopped = True
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait(None)

    async def _until_end(self, side: Coroutine[Any, Any, None]) -> None:
        """Runs one side of the stream; when it ends, or fails, the stream ends after what is queued."""
        try:
            await side
        except Exception as error:
            self._failure = error
        await self._queue.put(None)

    async def _read(self) -> None:
        async for request in self._requests:
            if self._stopped:
                return
            self._count(request)
            self._heard_s = self._elapsed_s()
            kind = request.WhichOneof("message")
            if kind == "result":
                await self._intake.result(request.result)
            elif kind == "event":
                ack = await self._intake.event(request.event)
                if ack is not None:
                    await self._queue.put(v1.ConnectResponse(event_ack=ack))
            elif kind == "inventory":
                await self._intake.inventory(request.inventory)
            elif kind != "heartbeat":
                raise _breach(f"a {kind or 'message without content'} is no message here", "AGENT-HELLO-1")

    async def _feed(self) -> None:
        silence_s = _SILENT_HEARTBEATS * self._heartbeat_s
        with self._context.commands.listen(self._provider) as listener:
            while True:
                await self._send_due()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(listener.heard(), _LOOK_S)
                if self._elapsed_s() - self._heard_s > silence_s:
                    _log.info("nothing came from the agent of %s for too long", self._provider)
                    return

    async def _send_due(self) -> None:
        """Sends every open command that was not sent on this stream, or not answered for a while."""
        try:
            open_ids = await self._context.store.agents.open_commands(self._provider)
            self._sent = {command: self._sent[command] for command in open_ids if command in self._sent}
            for command_id in open_ids:
                if self._now_ms() < self._next_ms(command_id):
                    continue
                command = await self._context.store.agents.command(self._provider, command_id)
                if command is None or not command.open or not self._serves(command.pools):
                    continue
                await self._queue.put(command_message(command))
                _, times = self._sent.get(command_id, (0, 0))
                self._sent[command_id] = (self._now_ms(), times + 1)
        except CrexError as error:
            _log.warning("commands of %s cannot be read: %s %s", self._provider, error.reason, error.message)

    def _next_ms(self, command_id: str) -> int:
        sent = self._sent.get(command_id)
        if sent is None:
            return 0
        at_ms, times = sent
        pause_ms = self._context.limits.resend_ms << min(times - 1, _DOUBLINGS)
        return at_ms + min(pause_ms, max(_RESEND_MAX_MS, self._context.limits.resend_ms))

    def _serves(self, pools: frozenset[str]) -> bool:
        return not self._pools or pools <= self._pools

    def _count(self, request: v1.ConnectRequest) -> None:
        self._seq += 1
        if request.seq != self._seq:
            raise _breach(f"message {self._seq} of the stream is numbered {request.seq}", "AGENT-SEQ-1")

    def _now_ms(self) -> int:
        return to_ms(self._context.clock.now())


def _breach(what: str, requirement: str) -> CrexError:
    violation = Violation("$", what, requirement, "Connect again and follow agent.md.")
    return CrexError("SCHEMA", f"The stream breaks the protocol: {what}", violations=[violation])
