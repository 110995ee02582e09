"""The broker is killed at random moments while it sells: nothing acknowledged is lost, nothing doubled.

Consumers send holds and orders, repeat what got no answer under the same request identifier, as the protocol
tells them to, and keep every answer. `kill -9` comes at seeded moments; then the broker starts again on the
same store. At the end the store is held against what was acknowledged.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

import pytest
from google.protobuf.duration_pb2 import Duration

from crex import v1
from crex.client import AsyncClient
from crex.errors import RemoteError
from reference_broker.tests.documents import Goods
from reference_broker.tests.wire import Operation, WireParty, publish

SEED: Final = 20261123
KILLS: Final = 20
SALES: Final = 200  # under way at any time
CHANNELS: Final = 4  # of each consumer
UNITS: Final = 100
SLOTS: Final = 36  # hours at which use begins, so that holds overlap in part
_TTL: Final = Duration(seconds=900)  # longer than the test: no claim ends by itself
_TIMEOUT_S: Final = 10.0
_NO_ANSWER: Final = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN")

ResponseT = TypeVar("ResponseT")


@dataclass
class Ledger:
    """What was acknowledged: requests with their first answers."""

    holds: list[tuple[WireParty, v1.CreateHoldRequest, v1.CreateHoldResponse]] = field(default_factory=list)
    commits: list[tuple[WireParty, v1.CommitOrderRequest, v1.CommitOrderResponse]] = field(
        default_factory=list
    )
    refused: int = 0
    repeated: int = 0


class Buyer:
    """Buys, one sale after another, until the last kill was survived."""

    def __init__(
        self, party: WireParty, client: AsyncClient, goods: Goods, ledger: Ledger, seed: int
    ) -> None:
        self._party = party
        self._client = client
        self._goods = goods
        self._ledger = ledger
        self._random = random.Random(seed)

    async def run(self, over: asyncio.Event) -> None:
        """Buys until it is over; the sale under way is brought to its end."""
        while not over.is_set():
            await self._buy()

    async def _buy(self) -> None:
        # Many want the same hour, so that its units run out early; the others find some to the end.
        slot = 0 if self._random.random() < 0.4 else self._random.randrange(SLOTS)
        start = self._party.at(hours=slot)
        end = start + timedelta(hours=self._random.randrange(1, 4))
        request = self._party.hold_request(self._goods, self._random.randrange(1, 4), start=start, end=end)
        request.ttl.CopyFrom(_TTL)
        try:
            hold = await self._answered(lambda: self._client.create_hold(request, timeout_s=_TIMEOUT_S))
        except RemoteError as error:
            if error.reason != "CAPACITY_EXHAUSTED":
                raise
            self._ledger.refused += 1
            return
        self._ledger.holds.append((self._party, request, hold))
        if self._random.random() < 0.2:
            return
        commit = self._party.commit_request(hold)
        answer = await self._answered(lambda: self._client.commit_order(commit, timeout_s=_TIMEOUT_S))
        self._ledger.commits.append((self._party, commit, answer))

    async def _answered(self, send: Callable[[], Awaitable[ResponseT]]) -> ResponseT:
        """Sends the same request until there is an answer."""
        while True:
            try:
                return await send()
            except RemoteError as error:
                if error.code not in _NO_ANSWER:
                    raise
            self._ledger.repeated += 1
            await asyncio.sleep(0.05 + self._random.random() * 0.2)


async def _kill_and_start(operation: Operation, over: asyncio.Event) -> None:
    """Kills the broker at seeded moments of its lives, and starts it again."""
    moments = random.Random(SEED)
    try:
        for _ in range(KILLS):
            await asyncio.sleep(moments.random() * 0.6)
            operation.kill()
            await asyncio.to_thread(operation.start)
        await asyncio.sleep(0.3)
    finally:
        over.set()


async def _trade(operation: Operation, consumers: list[WireParty], goods: Goods) -> Ledger:
    ledger, over = Ledger(), asyncio.Event()
    channels = [(party, party.async_client()) for party in consumers for _ in range(CHANNELS)]
    buyers = [
        Buyer(*channels[number % len(channels)], goods, ledger, SEED + number) for number in range(SALES)
    ]
    try:
        await asyncio.gather(_kill_and_start(operation, over), *(buyer.run(over) for buyer in buyers))
    finally:
        for _, client in channels:
            await client.close()
    return ledger


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_when_the_broker_is_killed(tmp_path: Path) -> None:
    """IDEMPOTENCY-REPLAY-1, CAP-INSTANT-1: what was acknowledged stands after any kill, exactly once."""
    operation = Operation.prepare(tmp_path)
    provider = operation.party("provider.example", ["provider"])
    consumers = [operation.party(f"consumer{number}.example", ["consumer"]) for number in range(4)]
    operation.start()
    try:
        goods = publish(provider, UNITS)
        ledger = asyncio.run(_trade(operation, consumers, goods))
        operation.kill()
        _check_store(operation.database, ledger)
        operation.start()
        asyncio.run(_check_answers(ledger))
    finally:
        operation.close()
    assert len(ledger.holds) >= SALES
    assert ledger.refused > 0, "the capacity never ran out, so that its bound was not tried"
    assert ledger.repeated > 0, "no call was cut off, so that no repetition was tried"


async def _check_answers(ledger: Ledger) -> None:
    """Reads every object again and repeats every request: each stands, and each answer is the first one."""
    clients = {party.authority: party.async_client() for party, _, _ in ledger.holds}
    try:
        for party, hold, held in ledger.holds:
            await _check_hold(clients[party.authority], hold, held)
        for party, commit, committed in ledger.commits:
            await _check_commit(clients[party.authority], commit, committed)
    finally:
        for client in clients.values():
            await client.close()


async def _check_hold(
    client: AsyncClient, request: v1.CreateHoldRequest, first: v1.CreateHoldResponse
) -> None:
    again = await client.create_hold(request)
    assert again.replayed
    again.replayed = first.replayed
    assert again.SerializeToString(deterministic=True) == first.SerializeToString(deterministic=True)
    found = await client.get_order(v1.GetOrderRequest(order=first.order.name))
    assert found.hold_receipt == first.hold_receipt


async def _check_commit(
    client: AsyncClient, request: v1.CommitOrderRequest, first: v1.CommitOrderResponse
) -> None:
    again = await client.commit_order(request)
    assert again.replayed
    again.replayed = first.replayed
    assert again.SerializeToString(deterministic=True) == first.SerializeToString(deterministic=True)
    found = await client.get_order(v1.GetOrderRequest(order=request.order))
    assert found.order_document == request.envelope
    assert v1.OrderState.Name(found.order.state) in ("ORDER_STATE_COMMITTING", "ORDER_STATE_RECONCILING")


def _check_store(database: Path, ledger: Ledger) -> None:
    """The store as the last kill left it: sound, one order per hold, and never more units than there are."""
    with sqlite3.connect(database) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        orders = dict(store.execute("SELECT name, state FROM orders"))
        claims = store.execute("SELECT order_name, start_ms, end_ms, quantity FROM claims").fetchall()
        live = dict(store.execute("SELECT authority, live_holds FROM parties"))
    names = [held.order.name for _, _, held in ledger.holds]
    assert len(set(names)) == len(names) == len(orders)
    assert set(names) == set(orders)
    committed = {commit.order for _, commit, _ in ledger.commits}
    assert {name for name, state in orders.items() if state != "HELD"} == committed
    assert sum(live.values()) == len(orders) - len(committed)
    wanted = {
        held.order.name: (
            request.interval.start.ToMilliseconds(),
            request.interval.end.ToMilliseconds(),
            request.items[0].quantity,
        )
        for _, request, held in ledger.holds
    }
    assert {name: (start, end, quantity) for name, start, end, quantity in claims} == wanted
    assert len(claims) == len(wanted)
    # Nothing ended in the course of the test, so the claims of its end are those of every moment before.
    for instant in {start for _, start, _, _ in claims}:
        assert sum(quantity for _, start, end, quantity in claims if start <= instant < end) <= UNITS


@pytest.mark.slow
def test_the_last_units_go_to_exactly_as_many(tmp_path: Path) -> None:
    """CAP-INSTANT-1: of 64 clients that want one of the last 8 units at once, exactly 8 get one."""
    operation = Operation.prepare(tmp_path)
    provider = operation.party("provider.example", ["provider"])
    consumers = [operation.party(f"consumer{number}.example", ["consumer"]) for number in range(8)]
    operation.start()

    async def want(party: WireParty, goods: Goods) -> str:
        start = party.at(hours=1)
        request = party.hold_request(goods, start=start, end=start + timedelta(hours=1))
        async with party.async_client() as client:
            await client.get_server_info(v1.GetServerInfoRequest())
            try:
                return (await client.create_hold(request)).order.name
            except RemoteError as error:
                return f"{error.code} {error.reason}"

    async def all_at_once(goods: Goods) -> list[str]:
        return await asyncio.gather(*(want(consumers[number % 8], goods) for number in range(64)))

    try:
        answers = asyncio.run(all_at_once(publish(provider, 8)))
    finally:
        operation.close()
    granted = [answer for answer in answers if answer.startswith("crex://")]
    assert len(set(granted)) == len(granted) == 8
    assert set(answers) - set(granted) == {"RESOURCE_EXHAUSTED CAPACITY_EXHAUSTED"}
