"""Every adapter of the ports, so that each contract test runs against each.

A new adapter adds itself to `ADAPTERS`; nothing else changes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from crex_broker.application.ports.store import Store
from crex_broker.storage.sqlite.store import SqliteStore
from reference_broker.tests.contract.market import Market
from reference_broker.tests.exchange import BROKER, ManualClock

Opener = Callable[[Path, ManualClock], AbstractAsyncContextManager[Store]]


@asynccontextmanager
async def open_sqlite(folder: Path, clock: ManualClock) -> AsyncIterator[Store]:
    """The store over a real SQLite file."""
    store = SqliteStore(folder / "broker.db", authority=BROKER, clock=clock)
    try:
        yield store
    finally:
        store.close()


ADAPTERS: dict[str, Opener] = {"sqlite": open_sqlite}


@pytest.fixture
def clock() -> ManualClock:
    """The clock from which store time is taken."""
    return ManualClock()


@pytest_asyncio.fixture(params=sorted(ADAPTERS))
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    """One adapter, empty."""
    async with ADAPTERS[request.param](tmp_path, clock) as opened:
        yield opened


@pytest_asyncio.fixture
async def market(store: Store, clock: ManualClock) -> Market:
    """A store in which one provider sells eight units to two consumers."""
    market = Market(store, clock)
    await market.open()
    return market
