"""The broker on the wire, against a bare grpc.aio echo over the same mutual TLS.

Both servers are processes of their own on uvloop; one client drives both in turn, with 16 callers on four
channels, and only ratios of medians count. The echo neither authenticates a party, checks a request, signs
nor stores; so the ratio is the share of a call's whole cost that is the wire.

- A hold and its commit, durable and signed, against an echo of the same two bodies (goal: 0.3). The consumer
  signs its orders between the two, outside what is measured: that is its cost, not the broker's.
- Reads, against an echo that answers with as many bytes (goal: 0.8).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from time import perf_counter

import grpc.aio
import pytest
import uvloop
from google.protobuf.message import Message
from pytest_benchmark.fixture import BenchmarkFixture

from crex import v1
from reference_broker.benchmarks.echo import serving_echo
from reference_broker.tests.documents import Goods
from reference_broker.tests.wire import Operation, WireParty, publish

ROUNDS, PAIRS, READS = 7, 320, 1600
CALLERS, CHANNELS = 16, 4
PLENTY = 10**9
MARKET, DISCOVERY = "/crex.v1.MarketService", "/crex.v1.DiscoveryService"


@dataclass
class Stage:
    """Both servers, and the party that calls them.

    Attributes:
        consumer: The party.
        goods: What it buys.
        echo: Address of the echo.
    """

    consumer: WireParty
    goods: Goods
    echo: str


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A broker with plenty to sell, and an echo."""
    operation = Operation.prepare(
        tmp_path_factory.mktemp("bench"), more=f"[limits]\nmax_live_holds = {PLENTY}\n"
    )
    provider = operation.party("provider.example", ["provider"])
    consumer = operation.party("consumer.example", ["consumer"])
    operation.start()
    try:
        with serving_echo(operation, consumer) as echo:
            yield Stage(consumer, publish(provider, PLENTY), echo)
    finally:
        operation.close()


class Load:
    """Callers that send bytes over a few channels."""

    def __init__(self, stage: Stage, target: str) -> None:
        credentials = stage.consumer.credentials()
        self._channels = [
            grpc.aio.secure_channel(target, credentials, options=[("grpc.use_local_subchannel_pool", 1)])
            for _ in range(CHANNELS)
        ]

    async def close(self) -> None:
        """Closes the channels."""
        for channel in self._channels:
            await channel.close()

    async def send(self, path: str, bodies: Sequence[bytes]) -> tuple[float, list[bytes]]:
        """Sends every body, 16 at a time; gives the seconds that it took, and the answers."""
        answers = [b""] * len(bodies)
        left = iter(range(len(bodies)))

        async def caller(channel: grpc.aio.Channel) -> None:
            call = channel.unary_unary(path, bytes, bytes)
            for number in left:
                answers[number] = await call(bodies[number])

        begin = perf_counter()
        await asyncio.gather(*(caller(self._channels[number % CHANNELS]) for number in range(CALLERS)))
        return perf_counter() - begin, answers


def encode(messages: Sequence[Message]) -> list[bytes]:
    """Encodes requests."""
    return [message.SerializeToString() for message in messages]


def compare(
    benchmark: BenchmarkFixture,
    stage: Stage,
    turn: Callable[[Load, Load], Awaitable[tuple[float, float]]],
    calls: int,
    goal: float,
    name: str,
) -> None:
    """Takes turns and notes the ratio of the medians of calls per second."""
    ours: list[float] = []
    theirs: list[float] = []
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:

        async def open_loads() -> tuple[Load, Load]:
            return Load(stage, stage.consumer.target), Load(stage, stage.echo)

        async def take(loads: tuple[Load, Load]) -> tuple[float, float]:
            return await turn(*loads)

        async def close(loads: tuple[Load, Load]) -> None:
            for load in loads:
                await load.close()

        loads = runner.run(open_loads())
        runner.run(take(loads))  # warm

        def once() -> None:
            broker, echo = runner.run(take(loads))
            ours.append(calls / broker)
            theirs.append(calls / echo)

        benchmark.pedantic(once, rounds=ROUNDS, iterations=1)  # type: ignore[no-untyped-call]
        runner.run(close(loads))
    benchmark.extra_info |= {
        "callers": CALLERS,
        "per_s": round(median(ours)),
        "echo_per_s": round(median(theirs)),
        "over_echo": round(median(ours) / median(theirs), 2),
        "goal": f"over_echo ≥ {goal}",
    }
    print(f"\n{name}: {benchmark.extra_info}")


def test_hold_and_commit(benchmark: BenchmarkFixture, stage: Stage) -> None:
    """A hold and its commit, each answered when it is on the disk, against an echo of both bodies."""
    party = stage.consumer

    async def turn(broker: Load, echo: Load) -> tuple[float, float]:
        start = party.at(hours=1)
        holds = encode(
            [
                party.hold_request(stage.goods, start=start, end=start + timedelta(hours=1))
                for _ in range(PAIRS)
            ]
        )
        echo_hold, _ = await echo.send("/echo/Same", holds)
        broker_hold, answers = await broker.send(f"{MARKET}/CreateHold", holds)
        commits = encode([party.commit_request(v1.CreateHoldResponse.FromString(one)) for one in answers])
        broker_commit, committed = await broker.send(f"{MARKET}/CommitOrder", commits)
        echo_commit, _ = await echo.send("/echo/Same", commits)
        assert all(committed)
        return broker_hold + broker_commit, echo_hold + echo_commit

    compare(benchmark, stage, turn, PAIRS, 0.3, "hold + commit")


@pytest.mark.parametrize("method", ["GetServerInfo", "GetOrder"])
def test_read(benchmark: BenchmarkFixture, stage: Stage, method: str) -> None:
    """A read with authentication, authorisation and checks, against an echo with as large an answer."""
    party = stage.consumer
    with party.client() as client:
        start = party.at(hours=1)
        request = party.hold_request(stage.goods, start=start, end=start + timedelta(hours=1))
        order = client.create_hold(request).order.name
    path, message = {
        "GetServerInfo": (f"{DISCOVERY}/GetServerInfo", v1.GetServerInfoRequest().SerializeToString()),
        "GetOrder": (f"{MARKET}/GetOrder", v1.GetOrderRequest(order=order).SerializeToString()),
    }[method]

    async def turn(broker: Load, echo: Load) -> tuple[float, float]:
        ours, answers = await broker.send(path, [message] * READS)
        await echo.send("/echo/Keep", [answers[0]])
        theirs, echoed = await echo.send("/echo/Answer", [message] * READS)
        assert len(echoed[0]) == len(answers[0])
        return ours, theirs

    compare(benchmark, stage, turn, READS, 0.8, method)
