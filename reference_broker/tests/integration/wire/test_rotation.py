"""A broker that goes on under a newer identity, without an end of the service (CHANNEL-ROTATE-1)."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crex import v1
from crex.documents.times import SystemClock
from crex.trust.identity import Identity
from crex.trust.identity_files import load_identity, open_pins, save_identity, save_renewed
from reference_broker.tests.wire import Operation, WireParty

_PATIENCE_S = 20.0


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[tuple[Operation, WireParty]]:
    """A broker that serves, and a party of it."""
    operation = Operation.prepare(tmp_path)
    party = operation.party("consumer.example", ["consumer"])
    operation.start()
    yield operation, party
    operation.close()


def logged(operation: Operation, event: str) -> dict[str, object]:
    """The log line of an event, once it is there."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        for line in operation.log.read_text("utf-8").splitlines():
            entry: dict[str, object] = json.loads(line)
            if entry["event"] == event:
                return entry
        time.sleep(0.05)
    raise AssertionError(operation.log.read_text("utf-8")[-2000:])


def trust_revision(party: WireParty) -> int:
    """The revision of the broker's trust document that a new channel meets."""
    with party.client() as client:
        envelope = client.get_server_info(v1.GetServerInfoRequest()).trust_document
    return int(json.loads(envelope.payload)["header"]["revision"])


def test_a_broker_goes_on_under_a_renewed_identity(serving: tuple[Operation, WireParty]) -> None:
    """CHANNEL-ROTATE-1: open channels and new ones go on by the next revision, in the same process."""
    operation, party = serving
    folder = operation.folder / "identity"
    with party.client() as before:
        before.get_server_info(v1.GetServerInfoRequest())
        save_renewed(load_identity(folder).renew(now=SystemClock().now()), folder)
        pid = operation.pid
        os.kill(pid, signal.SIGHUP)
        assert logged(operation, "the identity was rotated")["trust_revision"] == 2
        before.get_server_info(v1.GetServerInfoRequest())
        assert trust_revision(party) == 2
        assert operation.pid == pid
    assert operation.terminate() == 0


def test_an_identity_that_does_not_hold_changes_nothing(serving: tuple[Operation, WireParty]) -> None:
    """CHANNEL-ROTATE-1: a foreign identity is refused in the log, and the present one serves on."""
    operation, party = serving
    folder = operation.folder / "identity"
    foreign = Identity.create("other.example", roles=("broker",), now=SystemClock().now())
    save_identity(foreign, operation.folder / "other")
    folder.rename(operation.folder / "own")
    (operation.folder / "other").rename(folder)
    os.kill(operation.pid, signal.SIGHUP)
    entry = logged(operation, "the identity was not rotated")
    assert "other.example" in str(entry["reason"])
    assert trust_revision(party) == 1
    assert operation.terminate() == 0


def test_another_document_of_the_same_revision_changes_nothing(serving: tuple[Operation, WireParty]) -> None:
    """TRUST-ROLLBACK-1: a second identity of the same authority, at the same revision, is refused."""
    operation, party = serving
    folder = operation.folder / "identity"
    now = SystemClock().now()
    second = Identity.create(operation.identity.authority, roles=("broker", "arbiter"), now=now)
    save_identity(second, operation.folder / "second")
    folder.rename(operation.folder / "own")
    (operation.folder / "second").rename(folder)
    os.kill(operation.pid, signal.SIGHUP)
    assert "revision 1" in str(logged(operation, "the identity was not rotated")["reason"])
    assert trust_revision(party) == 1
    assert operation.terminate() == 0


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("trust/1.json", b"{", b"["),
        ("trust/2.json", b"payload", b"pay-load"),
        ("trust/2.json", b'"sig":"', b'"sig":"AAAA'),
        ("pins/broker.example/1.json", b"{", b"["),
    ],
)
def test_a_broken_trust_file_is_named(
    serving: tuple[Operation, WireParty], file: str, old: bytes, new: bytes
) -> None:
    """CHANNEL-ROTATE-1: what does not hold is refused with the file in which it stands."""
    operation, party = serving
    folder = operation.folder / "identity"
    save_renewed(load_identity(folder).renew(now=SystemClock().now()), folder)
    open_pins(load_identity(folder), folder, now=SystemClock().now())
    broken = folder / file
    data = broken.read_bytes().replace(b'": "', b'":"')
    assert old in data
    broken.write_bytes(data.replace(old, new, 1))
    os.kill(operation.pid, signal.SIGHUP)
    assert str(logged(operation, "the identity was not rotated")["reason"]).startswith(f"{broken}: ")
    assert trust_revision(party) == 1
    assert operation.terminate() == 0


def test_a_rotated_broker_starts_again(serving: tuple[Operation, WireParty]) -> None:
    """After a rotation and a kill the broker starts under the newer identity."""
    operation, party = serving
    folder = operation.folder / "identity"
    save_renewed(load_identity(folder).renew(now=SystemClock().now()), folder)
    os.kill(operation.pid, signal.SIGHUP)
    logged(operation, "the identity was rotated")
    operation.kill()
    operation.start()
    assert trust_revision(party) == 2
    assert operation.terminate() == 0
