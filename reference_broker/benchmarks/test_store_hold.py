"""Holding units, durably, against the disk itself.

The floor is the disk: how often a second one thread can append 4 KiB to a file and wait for `fdatasync`. One
hold writes an order, its receipt, claims, the outbox and the remembered request, and is answered only when
all of that is on the disk. A lone caller waits for one such wait each; many callers share it. Both sides are
interleaved in one run on one disk, and only ratios of medians count. Goal: at least 1.0 of raw fdatasync with
16 callers, 1.5 aimed at, and a lone caller's latency not far above one fdatasync.

`test_hold_in_the_store` is the transaction alone; `test_hold_with_its_receipt` is the whole use case, with
the receipt built, checked and signed before the transaction.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from crex import v1
from crex.documents.times import SystemClock
from crex_broker.application.limits import Limits
from crex_broker.storage.sqlite.store import SqliteStore
from reference_broker.tests.contract.market import Market
from reference_broker.tests.documents import stock
from reference_broker.tests.exchange import BROKER, CONSUMER, PROVIDER, Exchange, ManualClock

ROUNDS = 7
HOLDS = 800
SYNCS = 200
PLENTY = 10**9


def raw_syncs_per_s(folder: Path) -> float:
    """How often a second 4 KiB can be appended to a file and waited for."""
    descriptor = os.open(folder / "raw", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        begin = perf_counter()
        for _ in range(SYNCS):
            os.write(descriptor, b"x" * 4096)
            os.fdatasync(descriptor)
        return SYNCS / (perf_counter() - begin)
    finally:
        os.close(descriptor)


async def rate(callers: int, act: Callable[[], Awaitable[object]], latencies: list[float]) -> float:
    """Acts `HOLDS` times from so many callers at once; gives acts per second."""
    left = HOLDS

    async def call() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            start = perf_counter()
            await act()
            latencies.append(perf_counter() - start)

    begin = perf_counter()
    await asyncio.gather(*(call() for _ in range(callers)))
    return HOLDS / (perf_counter() - begin)


def compare(
    benchmark: BenchmarkFixture, folder: Path, callers: int, act: Callable[[], Awaitable[object]], name: str
) -> None:
    """Measures both sides in turn and notes the ratio of their medians."""
    rates: list[float] = []
    syncs: list[float] = []
    latencies: list[float] = []
    runner = asyncio.Runner()
    try:
        runner.run(rate(callers, act, []))

        def turn() -> None:
            syncs.append(raw_syncs_per_s(folder))
            rates.append(runner.run(rate(callers, act, latencies)))

        benchmark.pedantic(turn, rounds=ROUNDS, iterations=1)  # type: ignore[no-untyped-call]
    finally:
        runner.close()
    benchmark.extra_info |= {
        "callers": callers,
        "holds_per_s": round(median(rates)),
        "fdatasync_per_s": round(median(syncs)),
        "over_fdatasync": round(median(rates) / median(syncs), 2),
        "latency_over_fdatasync": round(median(latencies) * median(syncs), 2),
        "goal": "over_fdatasync ≥ 1.0 with 16 callers",
    }
    print(f"\n{name}: {benchmark.extra_info}")


@pytest.mark.parametrize("callers", [1, 16, 64])
def test_hold_in_the_store(benchmark: BenchmarkFixture, tmp_path: Path, callers: int) -> None:
    """The transaction of a hold: request, locks, sweep, capacity, order, receipt, outbox."""
    store = SqliteStore(tmp_path / "broker.db", authority=BROKER, clock=SystemClock())
    try:
        market = Market(store, ManualClock(SystemClock().now()))
        asyncio.run(market.open(units=PLENTY))
        orders = store.orders

        async def hold() -> None:
            await orders.create_hold(
                market.mutation(CONSUMER), market.hold(limit=PLENTY, ttl=3_600_000, end=7_200_000)
            )

        compare(benchmark, tmp_path, callers, hold, "hold in the store")
    finally:
        store.close()


@pytest.mark.parametrize("callers", [1, 16])
def test_hold_with_its_receipt(benchmark: BenchmarkFixture, tmp_path: Path, callers: int) -> None:
    """The use case CreateHold, with a signed receipt."""
    clock = ManualClock()
    exchange = Exchange.open(tmp_path / "broker.db", clock=clock, limits=Limits(max_live_holds=PLENTY))
    try:
        asyncio.run(exchange.enrol(PROVIDER, CONSUMER))
        goods = asyncio.run(stock(exchange, units=PLENTY))
        interval = exchange.interval(exchange.at(), exchange.at(hours=1))

        async def hold() -> None:
            request = v1.CreateHoldRequest(
                request_id=exchange.request_id(), items=[goods.item()], interval=interval
            )
            await exchange.call("MarketService/CreateHold", request, CONSUMER)

        compare(benchmark, tmp_path, callers, hold, "hold with its receipt")
    finally:
        exchange.close()
