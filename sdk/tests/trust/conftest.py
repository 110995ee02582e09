"""Identities that the trust tests share; made once, since nothing changes them."""

import pytest

from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from sdk.tests.trust.samples import CONSUMER, NOW, PROVIDER, pinned


@pytest.fixture(scope="session")
def provider() -> Identity:
    """A provider."""
    return Identity.create(PROVIDER, roles=["provider"], now=NOW)


@pytest.fixture(scope="session")
def consumer() -> Identity:
    """A consumer."""
    return Identity.create(CONSUMER, roles=["consumer"], now=NOW)


@pytest.fixture
def trust(provider: Identity, consumer: Identity) -> TrustDirectory:
    """A directory that trusts both."""
    return pinned(provider, consumer)
