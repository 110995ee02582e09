"""The access interface of a lease, as its consumer and as anybody else on the machine meets it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from crex import v1
from crex.agent.hooks import Access, LeaseOrder
from crex.agent.loopback.client import LeaseClient
from crex.agent.loopback.hooks import LoopbackHooks
from crex.agent.loopback.server import MAX_BODY_BYTES
from crex.documents.times import SystemClock
from crex.errors import RemoteError
from crex.trust.identity import Identity

CPU = min(os.sched_getaffinity(0))
LEASE = "crex://broker.example/lease/l1"
PATIENCE_S = 20.0
# Starts a child in a session of its own that ignores SIGTERM and SIGHUP, says its number, and ends.
FORKS = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    if os.fork() == 0:
        while True:
            time.sleep(60)
    os._exit(0)
print(os.getpid(), flush=True)
"""


class Served:
    """A lease that is served, seen from outside."""

    def __init__(self, hooks: LoopbackHooks, folder: Path, access: Access) -> None:
        self.hooks = hooks
        self.folder = next(folder.glob("*/lease.json")).parent
        self.access = access
        credential = v1.AccessCredential(
            endpoint=access.endpoint, secret=access.secret, tls_roots=access.tls_roots
        )
        self.client = LeaseClient(credential, timeout_s=PATIENCE_S)

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Makes one request as it is written; the token is the right one unless stated."""
        parts = urlsplit(self.access.endpoint)
        context = ssl.create_default_context(cadata="".join(self.access.tls_roots))
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=PATIENCE_S, context=context
        )
        given = {"Authorization": f"Bearer {self.access.secret}"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body=body, headers=given)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def server(self) -> psutil.Process:
        """The process that serves."""
        return psutil.Process(json.loads((self.folder / "server.json").read_text("utf-8"))["pid"])


def wait(condition: Callable[[], bool]) -> None:
    """Waits for a condition."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def lease_order(lease: str = LEASE, units: int = 1) -> LeaseOrder:
    """An order of some CPUs for an hour."""
    now = datetime.now(UTC)
    return LeaseOrder(
        lease=lease,
        order="crex://broker.example/order/o1",
        consumer="consumer.example",
        offer="crex://provider.example/offer/f1",
        resource="crex://provider.example/partition-class/core",
        units=units,
        start=now,
        end=now + timedelta(hours=1),
        interface="provider.example/exec",
    )


@pytest.fixture(scope="module")
def identity() -> Identity:
    """The provider."""
    return Identity.create("provider.example", roles=["provider"], now=datetime.now(UTC))


@pytest.fixture(scope="module")
def served(identity: Identity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One lease for all tests that leave it as they found it."""
    folder = tmp_path_factory.mktemp("leases")
    hooks = LoopbackHooks(folder, identity, [CPU], SystemClock())
    yield Served(hooks, folder, hooks.provision(lease_order()))
    hooks.release(LEASE)


def test_a_program_runs_on_the_leased_cpus(served: Served) -> None:
    """What it prints, how it ends, and the CPU time that the operating system counted come back."""
    program = b"import os, sys; print(sorted(os.sched_getaffinity(0)), sys.stdin.read()); sys.exit(3)"
    outcome = served.client.run(["python", "p.py"], files={"p.py": program}, stdin=b"hello")
    assert outcome.exit_code == 3
    assert outcome.stdout == f"[{CPU}] hello\n".encode()
    assert outcome.cpu_ms > 0


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer ", "Basic x", "", "Bearer \xff"])
def test_without_the_token_nothing_is_answered(served: Served, header: str) -> None:
    """401 for every path, and no word about the lease."""
    for method, path in (("GET", "/v1/lease"), ("POST", "/v1/runs"), ("GET", "/v1/runs/x"), ("GET", "/")):
        status, answer = served.ask(method, path, Authorization=header)
        assert status == 401
        assert set(answer) == {"error"}


@pytest.mark.parametrize("length", [str(MAX_BODY_BYTES + 1), "-1", "x", "", "1" * 5000, "²"])
def test_a_body_without_a_fit_length_is_refused(served: Served, length: str) -> None:
    """413 before a byte of it is read."""
    status, _ = served.ask("POST", "/v1/runs", Content_Length=length.encode("utf-8").decode("latin-1"))
    assert status == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"argv": []}',
        b'{"argv": "ls"}',
        b'{"argv": [1]}',
        b'{"argv": ["a\\u0000b"]}',
        b'{"argv": ["ls"], "files": {"x": "no base64"}}',
        b'{"argv": ["ls"], "files": []}',
        b'{"argv": ["ls"], "stdin": 5}',
        b"[" * 100_000,
        b"\xff\xfe",
        json.dumps({"argv": ["x"] * 1000}).encode(),
        b'{"argv": ["\\ud800"]}',
    ],
)
def test_what_is_no_program_is_refused(served: Served, body: bytes) -> None:
    """400 with a sentence; the lease goes on."""
    status, answer = served.ask("POST", "/v1/runs", body)
    assert status == 400
    assert answer["error"]
    assert served.client.facts()["cpus"] == [CPU]


@pytest.mark.parametrize("name", ["../x", "a/b", "/etc/x", "", ".", "..", "a\0b", "x" * 300, "\ud800"])
def test_a_file_lands_in_the_working_folder_or_nowhere(served: Served, name: str) -> None:
    """No name leads out of the folder of its program; a refused one leaves nothing behind."""
    body = json.dumps({"argv": ["true"], "files": {name: ""}}).encode()
    before = sorted(path.name for path in served.folder.iterdir())
    assert served.ask("POST", "/v1/runs", body)[0] == 400
    assert sorted(path.name for path in served.folder.iterdir()) == before


def test_a_flood_of_output_is_bounded(served: Served) -> None:
    """The first mebibyte of each output is kept, the rest is counted."""
    program = b"import sys\nfor out in (sys.stdout, sys.stderr):\n    out.write('x' * (3 << 20))"
    outcome = served.client.run(["python", "p.py"], files={"p.py": program})
    assert (len(outcome.stdout), len(outcome.stderr)) == (1 << 20, 1 << 20)
    assert outcome.dropped == 4 << 20


def test_a_program_that_there_is_not(served: Served) -> None:
    """127, as a shell says it."""
    assert served.client.run(["no-such-program"]).exit_code == 127


def test_a_program_that_asks_for_too_much_memory_ends(served: Served) -> None:
    """The bound holds: no program takes the memory of the host."""
    outcome = served.client.run(["python", "-c", "bytearray(64 << 30)"])
    assert outcome.exit_code != 0
    assert b"MemoryError" in outcome.stderr


def test_what_a_program_leaves_behind_ends_with_it(served: Served) -> None:
    """A grandchild in a session of its own that ignores SIGTERM is ended; the CPUs are free for the next."""
    outcome = served.client.run(["python", "p.py"], files={"p.py": FORKS.encode()})
    assert outcome.exit_code == 0
    assert served.server().children(recursive=True) == []


def test_one_program_at_a_time(served: Served, tmp_path: Path) -> None:
    """A second one is refused with what to do, and the first goes on."""
    gate = tmp_path / "gate"
    program = f"import os, time\nwhile not os.path.exists({str(gate)!r}):\n    time.sleep(0.02)"
    first = json.dumps({"argv": ["python", "-c", program]}).encode()
    status, run = served.ask("POST", "/v1/runs", first)
    assert status == 201
    status, answer = served.ask("POST", "/v1/runs", first)
    assert status == 409
    assert "still running" in answer["error"]
    assert served.ask("GET", f"/v1/runs/{run['id']}")[1]["exitCode"] is None
    gate.touch()
    wait(lambda: served.ask("GET", f"/v1/runs/{run['id']}")[1]["exitCode"] == 0)
    assert served.client.run(["true"]).exit_code == 0


def test_slow_callers_keep_nobody_waiting(served: Served) -> None:
    """Connections that say nothing, or half a request, leave the lease usable."""
    parts = urlsplit(served.access.endpoint)
    address = (parts.hostname or "", parts.port or 0)
    context = ssl.create_default_context(cadata="".join(served.access.tls_roots))
    silent = [socket.create_connection(address) for _ in range(20)]
    halves = [
        context.wrap_socket(socket.create_connection(address), server_hostname=address[0]) for _ in range(5)
    ]
    for half in halves:
        half.sendall(b"POST /v1/runs HTTP/1.1\r\nContent-Le")
    assert served.client.run(["true"]).exit_code == 0
    for connection in [*silent, *halves]:
        connection.close()


def test_a_run_that_there_is_not(served: Served) -> None:
    """404, for any path that is not a run of this lease."""
    for path in ("/v1/runs/x", "/v1/runs/", "/v1/runs/../lease", "/etc/passwd"):
        assert served.ask("GET", path)[0] == 404
    assert served.ask("POST", "/v1/lease", b"{}")[0] == 404


def test_the_secrets_of_a_lease_are_its_owners_alone(served: Served) -> None:
    """Token and key lie in files that nobody else reads, and the token is not in what the server has."""
    for name in ("lease.json", "access.json"):
        assert (served.folder / name).stat().st_mode & 0o077 == 0
    assert served.folder.stat().st_mode & 0o077 == 0
    assert served.access.secret not in (served.folder / "lease.json").read_text("utf-8")
    assert served.access.secret not in repr(served.access)


def test_a_client_says_what_was_wrong(served: Served) -> None:
    """The consumer's side gives the interface's own sentence."""
    credential = v1.AccessCredential(
        endpoint=served.access.endpoint, secret="wrong" * 8, tls_roots=served.access.tls_roots
    )
    with pytest.raises(RemoteError, match="The token is not that of this lease"):
        LeaseClient(credential).facts()


def test_a_lease_is_never_used_without_tls() -> None:
    """An endpoint that is not https is refused before anything is sent."""
    with pytest.raises(RemoteError, match="not https"):
        LeaseClient(v1.AccessCredential(endpoint="http://127.0.0.1:1", secret="x" * 16))
