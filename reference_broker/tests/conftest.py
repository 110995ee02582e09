"""Fixtures of the broker's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER, Exchange


@pytest_asyncio.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    """A market with three enrolled parties and nothing on sale."""
    opened = Exchange.open(tmp_path / "broker.db")
    await opened.enrol(PROVIDER, CONSUMER, OTHER)
    yield opened
    opened.close()
