"""What ends while a channel stands: a certificate in the middle of a stream, and a broker told to end."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2

from crex import v1
from crex.client import AsyncClient
from crex.documents.times import SystemClock
from crex.errors import RemoteError
from crex.trust.identity import Identity
from crex_broker.application.caller import Caller
from crex_broker.application.limits import Limits
from crex_broker.composition import OpenBroker, open_broker, serve_broker
from crex_broker.rpc.server import Address
from reference_broker.tests.exchange import ManualClock
from reference_broker.tests.wire import BROKER, NO_RETRY, Operation, WireParty, publish, request_id

_PROVIDER = "provider.example"
_HEALTH = "/grpc.health.v1.Health/Check"


@pytest.fixture
def operation(tmp_path: Path) -> Iterator[Operation]:
    """A broker that is prepared and does not run."""
    prepared = Operation.prepare(tmp_path)
    yield prepared
    prepared.close()


async def _enrol(opened: OpenBroker, party: Identity, request: str, role: str = "provider") -> None:
    enrol = opened.broker.unary["/crex.v1.AdminService/Enrol"]
    await enrol(
        Caller(BROKER, frozenset({"admin"})),
        v1.EnrolRequest(request_id=request, trust_document=party.trust_document, roles=[role]),
    )


class _Agent:
    """An agent on the wire that says what it is told to."""

    def __init__(self, client: AsyncClient) -> None:
        self._said: asyncio.Queue[v1.ConnectRequest] = asyncio.Queue()
        self._said.put_nowait(v1.ConnectRequest(seq=1, hello=v1.AgentHello(instance="one")))
        self._seq = 1
        self.responses = client.connect_agent(self._requests())

    async def told(self) -> v1.EventAck:
        """Tells of a lease of nobody; gives the broker's answer, past whatever comes before it."""
        self._seq += 1
        lease = f"crex://{_PROVIDER}/lease/nobody"
        event = v1.AgentEvent(event_id=f"event-{self._seq}", lease=lease, failed=v1.CommandFailure())
        self._said.put_nowait(v1.ConnectRequest(seq=self._seq, event=event))
        async for response in self.responses:
            if response.HasField("event_ack"):
                return response.event_ack
        raise AssertionError("the stream ended without a status")

    async def _requests(self) -> AsyncIterator[v1.ConnectRequest]:
        while True:
            yield await self._said.get()


async def test_a_certificate_that_ends_ends_the_stream_at_its_next_message(tmp_path: Path) -> None:
    """CHANNEL-RECHECK-1: neither a stream nor the calls on a channel outlive the certificate."""
    now = SystemClock().now()
    clock = ManualClock(now)
    broker = Identity.create(BROKER, roles=("broker",), program="broker", hosts=("127.0.0.1",), now=now)
    provider = Identity.create(_PROVIDER, roles=("provider",), now=now)
    opened = await open_broker(broker, tmp_path / "broker.sqlite", limits=Limits(), clock=clock)
    await _enrol(opened, provider, request_id())
    running = await serve_broker(opened, Address("127.0.0.1", 0))
    try:
        party = WireParty(provider, broker, f"127.0.0.1:{running.port}")
        brief = provider.issue_certificate("main", now=now, valid_for=timedelta(hours=1))
        async with AsyncClient(party.target, party.credentials(brief), retry=NO_RETRY) as client:
            agent = _Agent(client)
            clock.advance(minutes=59)
            assert (await agent.told()).event_id == "event-2"
            clock.advance(minutes=2)
            with pytest.raises(RemoteError) as ended:
                await agent.told()
            with pytest.raises(RemoteError) as refused:
                await client.get_server_info(v1.GetServerInfoRequest())
        for error in (ended.value, refused.value):
            assert (error.reason, error.code) == ("CERTIFICATE", "UNAUTHENTICATED")
    finally:
        await running.stop(0)


async def test_a_role_that_is_taken_away_ends_the_stream_at_its_next_message(tmp_path: Path) -> None:
    """CHANNEL-ROLE-1: an agent that is no provider's any more is not heard on the stream that it has."""
    now = SystemClock().now()
    broker = Identity.create(BROKER, roles=("broker",), program="broker", hosts=("127.0.0.1",), now=now)
    party = Identity.create(_PROVIDER, roles=("provider", "consumer"), now=now)
    opened = await open_broker(broker, tmp_path / "broker.sqlite", limits=Limits(), clock=ManualClock(now))
    await _enrol(opened, party, request_id())
    running = await serve_broker(opened, Address("127.0.0.1", 0))
    try:
        wire = WireParty(party, broker, f"127.0.0.1:{running.port}")
        async with AsyncClient(wire.target, wire.credentials(), retry=NO_RETRY) as client:
            agent = _Agent(client)
            assert (await agent.told()).event_id == "event-2"
            await _enrol(opened, party, request_id(), "consumer")
            with pytest.raises(RemoteError) as ended:
                await agent.told()
        assert (ended.value.reason, ended.value.code) == ("ROLE", "PERMISSION_DENIED")
    finally:
        await running.stop(0)


async def _until_not_serving(party: WireParty) -> None:
    request = health_pb2.HealthCheckRequest().SerializeToString()
    async with grpc.aio.secure_channel(party.target, party.credentials()) as channel:
        check: grpc.aio.UnaryUnaryMultiCallable[bytes, health_pb2.HealthCheckResponse] = channel.unary_unary(
            _HEALTH, response_deserializer=health_pb2.HealthCheckResponse.FromString
        )
        status = None
        while status != health_pb2.HealthCheckResponse.NOT_SERVING:
            await asyncio.sleep(0.01)
            status = (await check(request, timeout=10)).status


def test_a_broker_that_drains_ends_what_is_under_way_and_begins_nothing(operation: Operation) -> None:
    """RPC-DRAIN-1: after SIGTERM a new mutation is DRAINING, a read is answered, the old call completes."""
    provider = operation.party(_PROVIDER, ["provider"])
    consumer = operation.party("consumer.example", ["consumer"])
    operation.start()
    goods = publish(provider, 8)
    start = consumer.at(hours=1)
    first, second = (
        consumer.hold_request(goods, start=start, end=start + timedelta(hours=1)) for _ in range(2)
    )

    async def drain() -> None:
        async with consumer.async_client() as client:
            # Another program has the store, so the call lasts until it lets go.
            with closing(sqlite3.connect(operation.database, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                under_way = asyncio.create_task(client.create_hold(first))
                for _ in range(3):  # on the same connection, so what was sent before has begun
                    await client.get_server_info(v1.GetServerInfoRequest())
                os.kill(operation.pid, signal.SIGTERM)
                await _until_not_serving(consumer)
                with pytest.raises(RemoteError) as refused:
                    await client.create_hold(second)
                assert (refused.value.reason, refused.value.code) == ("DRAINING", "UNAVAILABLE")
                assert refused.value.retry_after_ms is not None
                await client.get_server_info(v1.GetServerInfoRequest())
                assert not under_way.done()
                other.execute("ROLLBACK")
            assert (await under_way).order.state == v1.OrderState.ORDER_STATE_HELD

    asyncio.run(drain())
    assert operation.ended() == 0
