"""What it costs to become known: a handshake of mutual TLS and the first call, and a call by token.

One client calls one broker in turn, alone; only ratios of medians count.

- A new channel and its first call, against the same on a bare echo over the same mutual TLS: the difference
  is the second verification of the chain (CHANNEL-ROOTS-1), the role, the rate and the answer.
- A call by token with its proof through TLS without a client certificate, against a call on an open channel
  of mutual TLS: what a proof costs, made and checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import grpc
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from crex.client import proxied_credentials
from reference_broker.benchmarks.echo import serving_echo
from reference_broker.tests.wire import BROKER, Operation, WireParty, free_port, roots_pem

ROUNDS, CALLS = 7, 20
INFO = "/crex.v1.DiscoveryService/GetServerInfo"


@dataclass
class Stage:
    """Both servers, and the party that calls them.

    Attributes:
        consumer: The party.
        token_target: Where the broker listens for callers without a certificate.
        echo: Address of the echo.
        roots_pem: Roots of the broker's certificate.
    """

    consumer: WireParty
    token_target: str
    echo: str
    roots_pem: bytes


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A broker on both ports, and an echo."""
    port = free_port()
    operation = Operation.prepare(
        tmp_path_factory.mktemp("bench"), more=f'listen_tokens = "127.0.0.1:{port}"\n'
    )
    consumer = operation.party("consumer.example", ["consumer"])
    operation.start()
    try:
        with serving_echo(operation, consumer) as echo:
            yield Stage(consumer, f"127.0.0.1:{port}", echo, roots_pem(operation.identity.trust))
    finally:
        operation.close()


def first_calls(target: str, credentials: grpc.ChannelCredentials, path: str) -> float:
    """Opens so many channels one after the other, each for one call; gives the seconds of one."""
    begin = perf_counter()
    for _ in range(CALLS):
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.secure_channel(target, credentials, options=options) as channel:
            channel.unary_unary(path, bytes, bytes)(b"", timeout=10)
    return (perf_counter() - begin) / CALLS


def calls(channel: grpc.Channel) -> float:
    """Makes so many calls one after the other; gives the seconds of one."""
    call = channel.unary_unary(INFO, bytes, bytes)
    begin = perf_counter()
    for _ in range(CALLS):
        call(b"", timeout=10)
    return (perf_counter() - begin) / CALLS


def compare(
    benchmark: BenchmarkFixture, ours: Callable[[], float], theirs: Callable[[], float], name: str, goal: str
) -> None:
    """Takes turns and notes the ratio of the medians."""
    found: tuple[list[float], list[float]] = ([], [])
    ours(), theirs()

    def once() -> None:
        found[0].append(ours())
        found[1].append(theirs())

    benchmark.pedantic(once, rounds=ROUNDS, iterations=1)  # type: ignore[no-untyped-call]
    one, other = (median(each) for each in found)
    benchmark.extra_info |= {
        "ms": round(one * 1000, 2),
        "against_ms": round(other * 1000, 2),
        "ratio": round(one / other, 2),
        "goal": goal,
    }
    print(f"\n{name}: {benchmark.extra_info}")


def test_handshake_and_first_call(benchmark: BenchmarkFixture, stage: Stage) -> None:
    """A channel and its first call at the broker, against the same at a bare echo."""
    credentials = stage.consumer.credentials()
    compare(
        benchmark,
        lambda: first_calls(stage.consumer.target, credentials, INFO),
        lambda: first_calls(stage.echo, credentials, "/echo/Same"),
        "handshake and first call",
        "ratio stated, no goal",
    )


def test_call_by_token(benchmark: BenchmarkFixture, stage: Stage) -> None:
    """A call with token and proof, against one on an open channel of mutual TLS."""
    tls = stage.consumer.identity.tls
    by_token = proxied_credentials(
        stage.token_target,
        broker=BROKER,
        certificate_pem=tls.chain_pem,
        key_pem=tls.key_pem,
        proxy_roots_pem=stage.roots_pem,
    )
    mutual = stage.consumer.credentials()
    with (
        grpc.secure_channel(stage.token_target, by_token) as ours,
        grpc.secure_channel(stage.consumer.target, mutual) as theirs,
    ):
        compare(
            benchmark, lambda: calls(ours), lambda: calls(theirs), "call by token", "ratio stated, no goal"
        )
