"""What a page costs that a supervisor of many countries reads: a page, however much is left behind it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from crex_broker.application.ports.log import Supervision
from crex_broker.storage.sqlite.store import SqliteStore
from reference_broker.tests.contract.market import SITE, Market, document
from reference_broker.tests.exchange import BROKER, ManualClock

COUNTRIES = ("CN", "DE", "FR", "KZ")


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store with a record of each country, of two at once, and of all."""
    store = SqliteStore(tmp_path / "broker.db", authority=BROKER, clock=ManualClock())
    market = Market(store, ManualClock())
    for number, countries in enumerate((("CN",), ("DE",), ("CN", "DE"), ("FR",), COUNTRIES, ("KZ",))):
        await market.publish(replace(document("site", f"{SITE}-{number}"), countries=countries))
    yield store
    store.close()


def asked(*countries: str, start: int = 0, limit: int = 2) -> Supervision:
    """A page of two records."""
    return Supervision(
        auditor="auditor.example",
        countries=countries,
        start=start,
        limit=limit,
        types=(),
        from_ms=None,
        until_ms=None,
        unseal=False,
        purpose="",
    )


async def test_a_page_of_several_countries_sorts_nothing(store: SqliteStore) -> None:
    """SUPERVISE-SCOPE-1: every statement of a page goes by the index; none builds a tree of what is left."""
    statements: list[str] = []
    store.reader.run_blocking(lambda connection: connection.set_trace_callback(statements.append))
    await store.log.supervised(asked(*COUNTRIES))
    store.reader.run_blocking(lambda connection: connection.set_trace_callback(None))
    read = [each for each in statements if "SELECT" in each]
    assert read

    def plans(connection: sqlite3.Connection) -> list[str]:
        return [row[-1] for sql in read for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]

    found = store.reader.run_blocking(plans)
    assert any(step.startswith("SEARCH c USING PRIMARY KEY (country=? AND idx>?)") for step in found)
    assert not [step for step in found if "TEMP B-TREE" in step or step.startswith("SCAN")]


async def test_a_page_costs_the_same_whatever_follows_it(store: SqliteStore) -> None:
    """SUPERVISE-SCOPE-1: a thousand records behind a page cost the database no step more."""

    async def steps() -> int:
        count = [0]

        def step() -> None:
            count[0] += 1

        store.reader.run_blocking(lambda connection: connection.set_progress_handler(step, 1))
        page = await store.log.supervised(asked(*COUNTRIES))
        store.reader.run_blocking(lambda connection: connection.set_progress_handler(None, 1))
        assert [each.entry.index for each in page.entries] == [0, 1]
        return count[0]

    before = await steps()
    market = Market(store, ManualClock())
    for number in range(1_000):
        countries = (COUNTRIES[number % 4],)
        await market.publish(replace(document("site", f"{SITE}-more-{number}"), countries=countries))
    assert await steps() == before


async def test_a_record_of_several_countries_is_shown_once(store: SqliteStore) -> None:
    """SUPERVISE-SCOPE-1: pages of one give each record once, in the order of the log."""
    start: int | None = 0
    found = []
    while start is not None:
        page = await store.log.supervised(asked(*COUNTRIES, start=start, limit=1))
        found += [each.entry.index for each in page.entries]
        start = page.next
    assert found == [0, 1, 2, 3, 4, 5]
