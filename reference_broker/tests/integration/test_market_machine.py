"""Any sequence of holds, commits, releases, cuts and time: capacity holds at every instant."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from crex.errors import CrexError
from crex_broker.application.ports.offers import PoolFacts
from crex_broker.application.ports.orders import OrderSnapshot
from crex_broker.storage.sqlite import claims
from crex_broker.storage.sqlite.store import SqliteStore
from reference_broker.tests.contract.market import HOUR, NODE, OFFER, POOL, Market, document
from reference_broker.tests.exchange import BROKER, CONSUMER, OTHER, PROVIDER, ManualClock

HALVES = f"crex://{PROVIDER}/pool/halves"
HALF_OFFER = f"crex://{PROVIDER}/offer/halves"
GOODS = {"node": (OFFER, POOL), "half": (HALF_OFFER, HALVES)}
HOURS = 12


def _attempt(action: Coroutine[Any, Any, Any]) -> tuple[Any, str]:
    """Does something; gives its result, or the reason for which it was refused."""
    try:
        return asyncio.run(action), ""
    except CrexError as refused:
        return None, refused.reason


class MarketMachine(RuleBasedStateMachine):
    """A market over a real store, against a model that scans every half hour."""

    held = Bundle("held")
    committed = Bundle("committed")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="crex-"))
        self.clock = ManualClock()
        self.store = SqliteStore(self.folder / "broker.db", authority=BROKER, clock=self.clock)
        self.market = Market(self.store, self.clock)
        self.origin = self.clock.ms
        self.revisions = {POOL: 0, HALVES: 0}
        # Units of each pool by half hour from the origin, as granted last.
        self.granted: dict[str, list[int]] = {}
        # Orders by name: (units by pool, start, end), while they take units.
        self.taken: dict[str, tuple[dict[str, int], int, int]] = {}
        self.lapses: dict[str, int] = {}

    def teardown(self) -> None:
        """Closes the store."""
        self.store.close()
        shutil.rmtree(self.folder)

    @initialize()
    def open(self) -> None:
        """Eight nodes, and a pool of halves of nodes: two halves draw one unit each of four nodes."""
        asyncio.run(self.market.open(units=0))
        asyncio.run(
            self.market.publish(document("compute-resource", HALVES), pool=PoolFacts(NODE, ((POOL, 2),)))
        )
        asyncio.run(self.market.publish_offer(HALF_OFFER, pool=HALVES))
        self._grant(POOL, [8] * 2 * HOURS)
        self._grant(HALVES, [3] * 2 * HOURS)

    @rule(
        target=held,
        goods=st.sampled_from(sorted(GOODS)),
        quantity=st.integers(1, 5),
        start=st.integers(0, 6),
        length=st.integers(1, 8),
        ttl=st.sampled_from([60, 3600]),
        consumer=st.sampled_from([CONSUMER, OTHER]),
    )
    def hold(self, goods: str, quantity: int, start: int, length: int, ttl: int, consumer: str) -> Any:
        """Holds units from a later half hour on; granted exactly where the model has room."""
        now = self.clock.ms
        begin = max(now, self.origin + start * HOUR // 2)
        end = begin + length * HOUR // 2
        self._forget_lapsed()
        units = {POOL: quantity} if goods == "node" else {HALVES: quantity, POOL: 2 * quantity}
        room = all(
            self._claimed(pool, at) + wanted <= self._capacity(pool, at)
            for pool, wanted in units.items()
            for at in self._instants(begin, end)
        )
        new = self.market.hold(
            quantity,
            start=begin - now,
            end=end - now,
            ttl=ttl * 1000,
            consumer=consumer,
            offers=(GOODS[goods],),
        )
        done, refused = _attempt(self.store.orders.create_hold(self.market.mutation(consumer), new))
        if now >= self.origin + 24 * HOUR:
            assert refused == "EXPIRED"
            return multiple()
        assert refused == ("" if room else "CAPACITY_EXHAUSTED")
        if not room:
            return multiple()
        order: OrderSnapshot = done.outcome
        self.taken[order.name] = (units, begin, end)
        self.lapses[order.name] = order.expire_ms
        return order

    @rule(target=committed, order=consumes(held))
    def commit(self, order: OrderSnapshot) -> Any:
        """Commits in time or is refused; a committed order keeps its units."""
        request = self.market.mutation(order.consumer)
        in_time = self.clock.ms < order.expire_ms
        done, refused = _attempt(self.store.orders.commit_order(request, self.market.commit(order)))
        assert refused == ("" if in_time else "HOLD_EXPIRED")
        if not in_time:
            return multiple()
        del self.lapses[order.name]
        return done.outcome

    @rule(order=consumes(held))
    def release(self, order: OrderSnapshot) -> None:
        """Gives a hold back, unless it was swept away already."""
        mutation = self.market.mutation(order.consumer)
        _, refused = _attempt(self.store.orders.release_hold(mutation, order.name, ""))
        assert refused == "" or (refused == "ILLEGAL_TRANSITION" and self.clock.ms >= order.expire_ms)
        self._drop(order.name)

    @rule(order=consumes(committed))
    def reject(self, order: OrderSnapshot) -> None:
        """The provider rejects: the units are free, whatever the time."""

        def work(tx: Any) -> None:
            claims.lock(tx, claims.pools_of_order(tx, order.name))
            claims.drop_order(tx, order.name)

        self.store.writer.run_blocking(work)
        self._drop(order.name)

    @rule(
        pool=st.sampled_from([POOL, HALVES]),
        steps=st.lists(st.integers(0, 10), min_size=2 * HOURS, max_size=2 * HOURS),
    )
    def cut(self, pool: str, steps: list[int]) -> None:
        """Grants anew; refused exactly where a reduction would leave claims without units."""
        self._grant(pool, steps)

    @rule(minutes=st.sampled_from([1, 30, 240]))
    def advance(self, minutes: int) -> None:
        """Lets time pass."""
        self.clock.advance(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        """Runs the timer of holds."""
        asyncio.run(self.store.orders.expire_holds(100))

    @invariant()
    def nothing_is_oversold(self) -> None:
        """CAP-INSTANT-1: what is in the store is what the model says, and its sums are right."""
        rows = self._read("SELECT pool, start_ms, end_ms, quantity, order_name FROM claims")
        sums = dict(self._read("SELECT name, claimed FROM pools"))
        lapsed = {name for name, lapse in self.lapses.items() if self.clock.ms >= lapse}
        gone = {row[4] for row in rows} - self.taken.keys()  # lapsed, and not swept away yet
        for pool in self.granted:
            assert sums[pool] == sum(row[3] for row in rows if row[0] == pool)
            live = sorted(row[1:4] for row in rows if row[0] == pool and row[4] not in lapsed | gone)
            expected = sorted(
                (start, end, units[pool])
                for name, (units, start, end) in self.taken.items()
                if pool in units and name not in lapsed
            )
            assert live == expected

    def _read(self, sql: str) -> list[Any]:
        return self.store.reader.run_blocking(lambda connection: connection.execute(sql).fetchall())

    def _grant(self, pool: str, steps: list[int]) -> None:
        self.revisions[pool] += 1
        now = self.clock.ms
        half = HOUR // 2
        windows = [
            (self.origin + at * half - now, self.origin + (at + 1) * half - now, units)
            for at, units in enumerate(steps)
        ]
        before = self.granted.get(pool, [])
        self._forget_lapsed()
        faulty = any(
            self._at(steps, at) < self._at(before, at) and self._claimed(pool, at) > self._at(steps, at)
            for at in self._instants(now, self.origin + 100 * HOUR)
        )
        _, refused = _attempt(self.market.grant(*windows, pool=pool, revision=self.revisions[pool]))
        assert refused == ("CAPACITY_EXHAUSTED" if faulty else "")
        if not faulty:
            self.granted[pool] = steps

    def _capacity(self, pool: str, at: int) -> int:
        return self._at(self.granted[pool], at)

    def _at(self, steps: list[int], at: int) -> int:
        index = (at - self.origin) * 2 // HOUR
        return steps[index] if 0 <= index < len(steps) else 0

    def _claimed(self, pool: str, at: int) -> int:
        return sum(
            units.get(pool, 0)
            for units, start, end in self.taken.values()
            if start <= at and (at < end or end <= self.clock.ms)
        )

    def _instants(self, begin: int, end: int) -> list[int]:
        """Every instant at which anything can change, within [begin, end)."""
        grid = range(self.origin, self.origin + (2 * HOURS + 2) * HOUR // 2, HOUR // 2)
        edges = {begin, *grid, *(edge for _, start, stop in self.taken.values() for edge in (start, stop))}
        return [at for at in sorted(edges) if begin <= at < end]

    def _forget_lapsed(self) -> None:
        for name, lapse in list(self.lapses.items()):
            if self.clock.ms >= lapse:
                self._drop(name)

    def _drop(self, name: str) -> None:
        self.taken.pop(name, None)
        self.lapses.pop(name, None)


TestMarketMachine = MarketMachine.TestCase
TestMarketMachine.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
