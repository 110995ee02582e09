"""A provider that signs batches."""

import pytest

from crex.trust.identity import Identity
from sdk.tests.metering.samples import PROVIDER, START, Batches


@pytest.fixture(scope="session")
def provider() -> Identity:
    """A provider's identity; made once, since nothing changes it."""
    return Identity.create(PROVIDER, roles=["provider"], now=START)


@pytest.fixture
def batches(provider: Identity) -> Batches:
    """A lease without batches yet."""
    return Batches(provider)
