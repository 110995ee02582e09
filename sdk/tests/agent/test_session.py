"""One stream between agent and broker, from hello to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from crex import v1
from crex.agent.clock import BrokerClock
from crex.agent.session import Session
from crex.errors import RemoteError
from sdk.tests.agent.samples import Desk, ToldHooks
from sdk.tests.agent.test_fulfilment import Agent
from sdk.tests.invoice.samples import LEASE, World

PATIENCE_S = 20.0


class Broker:
    """A broker at the other end of the stream: a test says what comes down, and sees what came up."""

    def __init__(self) -> None:
        self.up: asyncio.Queue[v1.ConnectRequest] = asyncio.Queue()
        self.down: asyncio.Queue[v1.ConnectResponse | None] = asyncio.Queue()

    async def connect_agent(
        self, requests: AsyncIterator[v1.ConnectRequest], /
    ) -> AsyncIterator[v1.ConnectResponse]:
        """Carries the stream until the test ends it."""

        async def listen() -> None:
            async for request in requests:
                self.up.put_nowait(request)

        listening = asyncio.create_task(listen())
        try:
            while (response := await self.down.get()) is not None:
                yield response
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def heard(self, kind: str) -> v1.ConnectRequest:
        """Waits for the next message of a kind."""
        while True:
            request = await asyncio.wait_for(self.up.get(), PATIENCE_S)
            if request.WhichOneof("message") == kind:
                return request

    def say(self, **message: object) -> None:
        """Sends a message down."""
        self.down.put_nowait(v1.ConnectResponse(**message))  # type: ignore[arg-type]  # any one of them


@pytest.fixture
def agent(world: World, tmp_path: Path) -> Iterator[Agent]:
    """An agent that was told nothing yet."""
    made = Agent(Desk.new(world, tmp_path), ToldHooks())
    yield made
    made.desk.journal.close()


def session(agent: Agent, broker: Broker) -> Session:
    """A new stream of an agent."""
    return Session(broker, agent.fulfilment, agent.desk.journal, BrokerClock(agent.clock), "rack-4")


async def test_a_stream_begins_with_hello_and_inventory(agent: Agent) -> None:
    """AGENT-HELLO-1, AGENT-SEQ-1, AGENT-INVENTORY-1: in this order, numbered from 1."""
    broker = Broker()
    running = asyncio.create_task(session(agent, broker).run())
    first, second = [await asyncio.wait_for(broker.up.get(), PATIENCE_S) for _ in range(2)]
    assert [one.seq for one in (first, second)] == [1, 2]
    assert first.hello.instance == "rack-4"
    assert second.WhichOneof("message") == "inventory"
    broker.down.put_nowait(None)
    assert await running == 0.0


async def test_a_command_is_answered_on_the_stream(agent: Agent) -> None:
    """What the hook delivered goes up as the result of its command."""
    broker = Broker()
    running = asyncio.create_task(session(agent, broker).run())
    broker.say(command=agent.provision())
    result = (await broker.heard("result")).result
    assert (result.command_id, result.WhichOneof("outcome")) == ("p1", "provisioned")
    broker.down.put_nowait(None)
    await running


async def test_what_was_not_answered_is_named_on_the_next_stream(agent: Agent) -> None:
    """The broker repeats it then, and the answer is that of a delivery that happened once."""
    agent.desk.journal.take_command("p1", LEASE, 1, b"")
    broker = Broker()
    running = asyncio.create_task(session(agent, broker).run())
    assert list((await broker.heard("hello")).hello.unanswered) == ["p1"]
    broker.say(command=agent.provision())
    broker.say(command=agent.provision())
    await broker.heard("result")
    broker.down.put_nowait(None)
    await running
    assert agent.hooks.calls == [f"provision {LEASE}"]
    assert agent.desk.journal.unanswered() == []


async def test_events_are_repeated_until_they_are_acknowledged(agent: Agent) -> None:
    """AGENT-EVENT-1: with the same identifier, on every stream."""
    event = v1.AgentEvent(event_id="e1")
    with agent.desk.journal.transaction() as connection:
        connection.execute("INSERT INTO event (id, body) VALUES ('e1', ?)", (event.SerializeToString(),))
    for acknowledged in (False, True):
        broker = Broker()
        running = asyncio.create_task(session(agent, broker).run())
        assert (await broker.heard("event")).event == event
        if acknowledged:
            broker.say(event_ack=v1.EventAck(event_id="e1"))
        broker.down.put_nowait(None)
        await running
    assert agent.desk.journal.all("SELECT * FROM event") == []


async def test_an_event_goes_up_with_the_heartbeat(agent: Agent) -> None:
    """AGENT-EVENT-1: what happens while the stream is up needs no new one to be told."""
    broker = Broker()
    running = asyncio.create_task(session(agent, broker).run())
    await broker.heard("inventory")
    with agent.desk.journal.transaction() as connection:
        body = v1.AgentEvent(event_id="e1").SerializeToString()
        connection.execute("INSERT INTO event (id, body) VALUES ('e1', ?)", (body,))
    welcome = v1.Welcome(heartbeat_seconds=1, inventory_seconds=300)
    welcome.server_time.FromDatetime(agent.clock.now())
    broker.say(welcome=welcome)
    await broker.heard("heartbeat")
    assert (await broker.heard("event")).event.event_id == "e1"
    broker.down.put_nowait(None)
    await running


async def test_a_broker_that_drains_says_when_to_come_back(agent: Agent) -> None:
    """AGENT-DRAIN-1: the pause is the broker's."""
    broker = Broker()
    running = asyncio.create_task(session(agent, broker).run())
    broker.say(drain=v1.Drain(retry_after_ms=1500))
    assert await asyncio.wait_for(running, PATIENCE_S) == 1.5


async def test_a_defect_in_a_command_ends_no_stream(agent: Agent) -> None:
    """It stays unanswered, so that it is repeated; the next command is carried out."""
    broken = agent.provision(id_="broken")
    broken.provision.order_document.payload = b"\xff"
    broken.provision.lease.name = ""
    broker = Broker()
    running = asyncio.create_task(session(agent, broker).run())
    broker.say(command=broken)
    broker.say(command=agent.provision())
    while (result := (await broker.heard("result")).result).command_id != "p1":
        pass
    assert result.WhichOneof("outcome") == "provisioned"
    broker.down.put_nowait(None)
    await running


async def test_a_lost_stream_is_an_error_of_the_stream(agent: Agent) -> None:
    """The runtime hears it, and connects again; nothing that runs is touched (AGENT-END-1)."""

    class Lost(Broker):
        async def connect_agent(
            self, requests: AsyncIterator[v1.ConnectRequest], /
        ) -> AsyncIterator[v1.ConnectResponse]:
            for response in list[v1.ConnectResponse]():
                yield response
            raise RemoteError("UNAVAILABLE", "The broker is not there.", code="UNAVAILABLE")

    with pytest.raises(RemoteError):
        await session(agent, Lost()).run()
    assert agent.hooks.calls == []
