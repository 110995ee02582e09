"""The hooks of one host: delivered once, adopted by whoever comes after, freed for good."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import psutil
import pytest

from crex.agent.loopback import servers
from crex.agent.loopback.confinement import group_of
from crex.agent.loopback.hooks import LoopbackHooks
from crex.documents.times import SystemClock
from crex.errors import CrexError
from crex.trust.identity import Identity
from sdk.tests.agent.test_loopback_server import CPU, FORKS, LEASE, Served, lease_order, wait

OTHER = "crex://broker.example/lease/l2"
PATIENCE_S = 20.0


class Host:
    """The leases of one folder."""

    def __init__(self, folder: Path, identity: Identity) -> None:
        self.folder = folder
        self.identity = identity

    def hooks(self) -> LoopbackHooks:
        """The hooks of an agent that has just been started."""
        return LoopbackHooks(self.folder, self.identity, [CPU], SystemClock())

    def processes(self) -> list[psutil.Process]:
        """Lists the servers of this folder that run."""
        return [
            process
            for process in psutil.process_iter(["cmdline", "status"])
            if process.info["status"] != psutil.STATUS_ZOMBIE
            and any(part.startswith(f"{self.folder}/") for part in process.info["cmdline"] or ())
        ]


@pytest.fixture(scope="module")
def identity() -> Identity:
    """The provider."""
    return Identity.create("provider.example", roles=["provider"], now=datetime.now(UTC))


@pytest.fixture
def host(identity: Identity, tmp_path: Path) -> Iterator[Host]:
    """A host without leases; whatever a test started ends with it."""
    made = Host(tmp_path / "leases", identity)
    yield made
    for process in made.processes():
        process.kill()


def test_a_released_lease_leaves_nothing_that_runs(host: Host) -> None:
    """Programs that ignore every signal are ended, the CPU is free, the meters' last readings come back."""
    hooks = host.hooks()
    served = Served(hooks, host.folder, hooks.provision(lease_order()))
    forever = FORKS + "\nwhile True: pass"
    body = {"argv": ["python", "-c", forever]}
    assert served.ask("POST", "/v1/runs", json.dumps(body).encode())[0] == 201
    server = served.server()
    wait(lambda: len(server.children(recursive=True)) >= 2)
    programs = server.children(recursive=True)
    wait(lambda: Fraction(served.client.facts()["meters"][0]["value"]) > 0)
    last = {reading.meter_id: reading for reading in hooks.release(LEASE)}
    assert not any(program.is_running() for program in programs)
    assert not host.processes()
    assert last["compute-unit"].value == 1
    assert last["cpu-time"].value > 0
    assert last["memory-time"].value > 0
    assert hooks.list_running() == []
    assert not list(served.folder.glob("run-*"))
    assert {reading.meter_id: reading for reading in hooks.release(LEASE)} == last, "released again"
    hooks.provision(lease_order(OTHER))
    hooks.release(OTHER)


def test_a_lease_that_is_not_known_is_released_all_the_same(host: Host) -> None:
    """AGENT-RELEASE-1: without readings, without an error."""
    assert host.hooks().release("crex://broker.example/lease/never") == []


def test_two_leases_never_share_a_cpu(host: Host) -> None:
    """The second lease of the only CPU is refused, and says how much there is."""
    hooks = host.hooks()
    hooks.provision(lease_order())
    with pytest.raises(CrexError, match="1 CPUs are wanted, 0 of 1 are free") as caught:
        hooks.provision(lease_order(OTHER))
    assert caught.value.reason == "CAPACITY_EXHAUSTED"
    assert len(hooks.list_running()) == 1
    hooks.release(LEASE)


def test_what_runs_is_adopted(host: Host) -> None:
    """New hooks find the lease, its access and its meters; to deliver it again is to find it."""
    access = host.hooks().provision(lease_order())
    (before,) = host.processes()
    again = host.hooks()
    (running,) = again.list_running()
    assert (running.lease, running.access, running.failed) == (LEASE, access, "")
    assert again.provision(lease_order()) == access
    assert {reading.meter_id: reading.value for reading in again.meter(LEASE)}["compute-unit"] == Fraction(1)
    assert host.processes() == [before]
    again.release(LEASE)
    assert not host.processes()


def test_a_server_that_died_is_a_failed_lease(host: Host) -> None:
    """It is reported as failed, not silently started anew; its release frees the CPU."""
    hooks = host.hooks()
    served = Served(hooks, host.folder, hooks.provision(lease_order()))
    served.server().kill()
    wait(lambda: bool(hooks.list_running()[0].failed))
    with pytest.raises(CrexError):
        hooks.meter(LEASE)
    assert hooks.release(LEASE) == []
    assert hooks.list_running() == []


def test_programs_of_a_server_that_was_killed_end_with_the_lease(host: Host) -> None:
    """The server had no time to end them; the release does, and the CPU is really free."""
    hooks = host.hooks()
    served = Served(hooks, host.folder, hooks.provision(lease_order()))
    body = {"argv": ["python", "-c", FORKS + "\nwhile True: time.sleep(1)"]}
    assert served.ask("POST", "/v1/runs", json.dumps(body).encode())[0] == 201
    server = served.server()
    wait(lambda: len(server.children(recursive=True)) >= 2)
    programs = server.children(recursive=True)
    server.kill()
    wait(lambda: bool(hooks.list_running()[0].failed))
    hooks.release(LEASE)
    wait(lambda: not any(map(lives, programs)))
    assert not list(Path("/sys/fs/cgroup").glob(f"**/{group_of(served.folder)}"))


def lives(process: psutil.Process) -> bool:
    """Whether a process still does something: one that only waits to be buried does not."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_two_that_start_one_lease_start_one_server(host: Host) -> None:
    """An agent that was killed between starting a server and seeing it listen does not lead to two."""
    hooks = host.hooks()
    hooks.provision(lease_order())
    (folder,) = (path.parent for path in host.folder.glob("*/lease.json"))
    with servers.stopped(folder):
        (folder / "server.json").unlink()
    threads = [threading.Thread(target=servers.start, args=(folder,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    found = servers.find(folder)
    assert found is not None
    wait(lambda: len(host.processes()) == 1)
    assert host.processes()[0].pid == found["pid"]
    hooks.release(LEASE)


def test_a_lease_that_is_released_while_its_server_starts_is_free(host: Host) -> None:
    """Whichever comes first: no server is left, and none comes later."""
    hooks = host.hooks()
    hooks.provision(lease_order())
    (folder,) = (path.parent for path in host.folder.glob("*/lease.json"))
    with servers.stopped(folder):
        (folder / "server.json").unlink()

    def start() -> None:
        try:
            servers.start(folder)
        except CrexError:
            return  # it was released before it came to listen

    thread = threading.Thread(target=start)
    thread.start()
    wait(lambda: bool(host.processes()))
    hooks.release(LEASE)
    thread.join(PATIENCE_S)
    wait(lambda: not host.processes())
    assert hooks.list_running() == []


def test_a_cpu_that_is_not_ours_cannot_be_leased(host: Host) -> None:
    """An agent that was configured wrongly does not start."""
    absent = max(os.sched_getaffinity(0)) + 1000
    with pytest.raises(CrexError, match="cannot be leased here"):
        LoopbackHooks(host.folder, host.identity, [CPU, absent], SystemClock())
    with pytest.raises(CrexError):
        LoopbackHooks(host.folder, host.identity, [], SystemClock())
