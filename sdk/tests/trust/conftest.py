"""Identities that the trust tests share; made once, since nothing changes them."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

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


@pytest.fixture(scope="session")
def openssl() -> Callable[..., bytes]:
    """OpenSSL's own program, the oracle of what a library says; gives its output, or fails with its words."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed (Debian: apt-get install openssl)")

    def run(*arguments: str | Path) -> bytes:
        done = subprocess.run([program, *arguments], capture_output=True, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr).decode("utf-8", "replace")
        return done.stdout

    return run
