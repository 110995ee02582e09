"""A rotation that is killed at any moment leaves the old state or the new one, and both are usable."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from crex import v1
from crex.cli.main import main
from crex.documents.times import SystemClock, format_time
from crex.documents.types import DocumentType
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.identity_files import load_identity, open_pins, save_identity
from crex.trust.verify import open_envelope
from sdk.tests.trust.samples import PROVIDER, site

# What a program asks of the operating system to change files; it is killed before each in turn.
CALLS = ("open", "fchmod", "fsync", "link", "replace", "rename", "unlink", "mkdir")
MOST = 200
KILLED = -signal.SIGKILL


def run(home: Path, kill_at: int, arguments: list[str]) -> int:
    """Runs `crex` in a process of its own, killed before its n-th change of a file; gives how it ended."""
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        calls = 0

        def counted(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*given: Any, **named: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*given, **named)

            return call

        for name in CALLS:
            setattr(os, name, counted(getattr(os, name)))
        code = 99
        try:
            code = main(["--home", str(home), *arguments])
        finally:
            sys.stdout.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an identity that was used before."""
    home = tmp_path_factory.mktemp("home")
    now = SystemClock().now()
    identity = Identity.create(PROVIDER, roles=["provider", "consumer"], now=now)
    save_identity(identity, home / PROVIDER)
    open_pins(identity, home / PROVIDER, now=now)
    return home


def check(home: Path, reader: TrustDirectory) -> int:
    """Uses an identity as if nothing had happened; gives the revision that counts."""
    folder, now = home / PROVIDER, SystemClock().now()
    identity = load_identity(folder)
    pins = open_pins(identity, folder, now=now)
    current = pins.current(PROVIDER)
    assert current is not None
    assert current.digest == identity.trust.digest
    if identity.trust.revision > 1:
        reader.advance([one.parts.to_message() for one in pins.versions(PROVIDER)], now=now)
    body = orjson.dumps(site(issuedAt=format_time(now)))
    envelope = identity.sign_body(body, DocumentType.of(v1.Site))
    assert open_envelope(envelope, v1.Site, reader, now=now).issuer == PROVIDER
    assert identity.access is not None
    assert identity.tls_root is not None
    return identity.trust.revision


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["key", "rotate", "provider", "--overlap", "24h"],
        ["key", "rotate", "root"],
        ["key", "rotate", "access"],
        ["key", "rotate", "tls"],
        ["trust", "renew"],
    ],
    ids=lambda arguments: "-".join(arguments[1:3]),
)
def test_killed_at_any_moment(made: Path, tmp_path: Path, arguments: list[str]) -> None:
    """Before and after every change of a file: the identity loads, signs, and the command can be repeated."""
    first = load_identity(made / PROVIDER).trust_document
    seen: set[int] = set()
    ended = KILLED
    for kill_at in range(1, MOST):
        home = tmp_path / str(kill_at)
        shutil.copytree(made, home)
        ended = run(home, kill_at, arguments)
        reader = TrustDirectory()
        reader.pin(first, now=SystemClock().now())
        revision = check(home, reader)
        seen.add(revision)
        assert ended in (KILLED, 0)
        if ended == KILLED:
            assert run(home, 0, arguments) == 0
            assert check(home, reader) == revision + 1
        shutil.rmtree(home)
        if ended == 0:
            break
    assert ended == 0
    assert kill_at > 8
    assert seen == {1, 2}
