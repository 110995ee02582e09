"""Fixtures of the tests of delivery and billing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.exchange import ARBITER, CONSUMER, OTHER, PROVIDER
from reference_broker.tests.trade import Trade


@pytest_asyncio.fixture
async def trade(tmp_path: Path) -> AsyncIterator[Trade]:
    """A market with three enrolled parties, an arbiter, and nothing on sale."""
    opened = Trade.open(tmp_path / "broker.db")
    assert isinstance(opened, Trade)
    await opened.enrol(PROVIDER, CONSUMER, OTHER, ARBITER)
    yield opened
    opened.close()


@pytest_asyncio.fixture
async def agent(trade: Trade) -> AsyncIterator[PlayedAgent]:
    """The provider's agent, connected."""
    joined = await PlayedAgent.join(trade)
    yield joined
    await joined.drop()
