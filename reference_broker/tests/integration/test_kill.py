"""Killed at any moment, a store loses nothing that it acknowledged and does nothing twice."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from crex.errors import CrexError
from crex_broker.application.ports.orders import OrderSnapshot
from crex_broker.application.ports.requests import Mutation
from crex_broker.storage.sqlite.store import SqliteStore
from reference_broker.tests.contract.market import POOL, Market
from reference_broker.tests.exchange import BROKER, CONSUMER, ManualClock

ROOT = Path(__file__).resolve().parents[3]
KILLS = 4
UNITS = 60
SEED = 20260301
# Holds and commits from sixteen callers; every line is an acknowledged result.
_WORK = """
import asyncio, pathlib, sys
from crex.errors import CrexError
from crex_broker.storage.sqlite.store import SqliteStore
from reference_broker.tests.contract.market import Market
from reference_broker.tests.exchange import BROKER, CONSUMER, ManualClock
from reference_broker.tests.integration.test_kill import hold_request

async def work(market, store, turn, caller):
    for at in range(1000):
        request = hold_request(f"{turn}-{caller}-{at}")
        try:
            new = market.hold(ttl=600_000)
            done = (await store.orders.create_hold(request, new)).outcome
            print(request.request_id, done.name, done.state, flush=True)
            if at % 2:
                request = market.mutation(CONSUMER, method=f"C{turn}")
                await store.orders.commit_order(request, market.commit(done))
                print("-", done.name, "COMMITTING", flush=True)
            else:
                request = market.mutation(CONSUMER, method=f"R{turn}")
                await store.orders.release_hold(request, done.name, "")
                print("-", done.name, "RELEASED", flush=True)
        except CrexError as refused:
            assert refused.reason == "CAPACITY_EXHAUSTED", refused

async def main():
    clock = ManualClock()
    store = SqliteStore(pathlib.Path(sys.argv[1]), authority=BROKER, clock=clock)
    market = Market(store, clock)
    market._count = int(sys.argv[2]) * 1_000_000
    await asyncio.gather(*(work(market, store, sys.argv[2], caller) for caller in range(16)))

asyncio.run(main())
"""


def hold_request(id_: str) -> Mutation:
    """The request of one hold, by its identifier alone."""
    return Mutation(CONSUMER, "CreateHold", f"hold-{id_}", sha256(id_.encode()).digest())


def _run_and_kill(path: Path, turn: int, after: int) -> list[list[str]]:
    """Lets the work run until so many results were acknowledged, kills it, and gives what it acknowledged."""
    program = subprocess.Popen(
        [sys.executable, "-c", _WORK, str(path), str(turn)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert program.stdout is not None
    lines = [program.stdout.readline() for _ in range(after)]
    program.send_signal(signal.SIGKILL)
    lines += program.stdout.readlines()
    program.wait()
    program.stdout.close()
    return [line.split() for line in lines if line.endswith("\n")]


@pytest.mark.slow
def test_what_was_acknowledged_survives_and_nothing_is_done_twice(tmp_path: Path) -> None:
    """IDEMPOTENCY-COMMIT-1: over seeded kills each acknowledged result stands, and is replayed as it was."""
    chance = random.Random(SEED)
    path = tmp_path / "broker.db"
    clock = ManualClock()
    store = SqliteStore(path, authority=BROKER, clock=clock)
    asyncio.run(Market(store, clock).open(units=UNITS))
    store.close()
    acknowledged: list[list[str]] = []
    for turn in range(1, KILLS + 1):
        acknowledged += _run_and_kill(path, turn, chance.randrange(5, 60))
    store = SqliteStore(path, authority=BROKER, clock=clock)
    try:
        asyncio.run(_check(store, Market(store, clock), acknowledged))
    finally:
        store.close()


async def _check(store: SqliteStore, market: Market, acknowledged: list[list[str]]) -> None:
    states = {name: state for _, name, state in acknowledged}
    assert len(states) > KILLS
    for request_id, name, _ in acknowledged:
        if request_id != "-":
            request = hold_request(request_id.removeprefix("hold-"))
            again = await store.orders.create_hold(request, market.hold())
            assert again.replayed
            assert again.outcome.name == name
            assert await store.requests.recall(request, OrderSnapshot) == again.outcome
    for name, state in states.items():
        order = await store.orders.order(CONSUMER, name)
        assert order is not None
        # A hold whose next step was not acknowledged may have taken it all the same.
        assert order.state == state or state == "HELD"
    rows = store.reader.run_blocking(
        lambda c: c.execute(
            "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM requests WHERE method = "
            "'CreateHold'), "
            "(SELECT coalesce(sum(quantity), 0) FROM claims), (SELECT claimed FROM pools WHERE name = ?), "
            "(SELECT count(*) FROM orders WHERE state IN ('HELD', 'COMMITTING'))",
            (POOL,),
        ).fetchone()
    )
    orders, requests, claimed, counted, live = rows
    assert orders == requests
    assert claimed == counted == live <= UNITS
    with pytest.raises(CrexError, match="CAPACITY_EXHAUSTED"):
        await market.held(UNITS - live + 1)
