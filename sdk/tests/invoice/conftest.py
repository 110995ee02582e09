"""A sale with its usage sealed; made once, since nothing changes it."""

import pytest

from crex.invoice import Sale
from sdk.tests.invoice.samples import Documents, Usage, World, two_months


@pytest.fixture(scope="session")
def world() -> World:
    """Three parties that trust each other."""
    return World.new()


@pytest.fixture(scope="session")
def sale(world: World) -> Sale:
    """A lease of four units over two billing periods."""
    return Documents().signed(world).sale()


@pytest.fixture(scope="session")
def usage(world: World, sale: Sale) -> Usage:
    """Its sealed usage; tests that go on sealing make their own."""
    return two_months(world, sale)
