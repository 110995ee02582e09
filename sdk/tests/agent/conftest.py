"""A book of one lease."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sdk.tests.agent.samples import Desk
from sdk.tests.invoice.samples import World


@pytest.fixture(scope="session")
def world() -> World:
    """Three parties that trust each other."""
    return World.new()


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Iterator[Desk]:
    """A book with one lease that was delivered at the start of its interval."""
    made = Desk.new(world, tmp_path)
    made.begin()
    yield made
    made.journal.close()
