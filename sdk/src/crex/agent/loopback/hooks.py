"""The four hooks for one machine: a lease is some CPUs of this host, used through a server of its own.

    <folder>/<lease digest>/   0700, one folder a lease
        lease.json             what its server serves: CPUs, token digest, certificate and key (0600)
        access.json            the token itself (0600), sealed to the consumer before it leaves the agent
        server.json            process, start time and port, once it listens
        server.lock            held by the server as long as it lives (servers.py)
        ended.json             CPU time and the other meters in all, once it ended

The folder is the truth: an agent that is started again finds what runs, and adopts it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from crex import v1
from crex.agent.hooks import Access, LeaseOrder, Reading, Running
from crex.agent.loopback import servers
from crex.agent.loopback.client import LeaseClient
from crex.agent.loopback.confinement import CpuMeter, end_strays, group_of
from crex.agent.loopback.server import ADDRESS
from crex.agent.measuring import reading_from_json
from crex.documents.times import Clock
from crex.errors import CrexError
from crex.trust.identity import Identity

_NAME_LENGTH: Final = 32
_MS: Final = 1000


class LoopbackHooks:
    """Leases CPUs of this host."""

    def __init__(self, folder: Path, identity: Identity, cpus: Iterable[int], clock: Clock) -> None:
        """Makes the hooks.

        Args:
            folder: Where the leases' folders are.
            identity: The provider's identity; its TLS root issues the certificate of each lease's server.
            cpus: CPUs that may be leased, as the operating system counts.
            clock: For the certificates.

        Raises:
            CrexError: A CPU is not this process's to use.
        """
        self._folder = folder
        self._identity = identity
        self._cpus = tuple(sorted(set(cpus)))
        self._clock = clock
        self._lock = threading.Lock()
        foreign = set(self._cpus) - os.sched_getaffinity(0)
        if foreign or not self._cpus:
            have = ",".join(map(str, sorted(os.sched_getaffinity(0))))
            raise CrexError(
                "SCHEMA",
                f"CPUs {sorted(foreign)} cannot be leased here; this process may use {have}. Name some of "
                "those.",
            )
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def interface(self) -> str:
        """The private token of the interface, `<authority>/exec`."""
        return f"{self._identity.authority}/exec"

    def provision(self, order: LeaseOrder) -> Access:
        """Starts the server of a lease on CPUs that no other lease has."""
        folder = self._place(order.lease)
        with self._lock:
            if not (folder / "lease.json").exists():
                self._assign(order, folder)
        if servers.find(folder) is None:
            servers.start(folder)
        return self._access(folder)

    def release(self, lease: str) -> Sequence[Reading]:
        """Ends the server of a lease and everything that it started."""
        folder = self._place(lease)
        if not (folder / "lease.json").exists():
            return self._final(folder)
        with servers.stopped(folder), self._lock:
            end_strays(group_of(folder), folder)
            # Without lease.json the CPUs are free; what was counted stays.
            (folder / "lease.json").unlink(missing_ok=True)
            (folder / "access.json").unlink(missing_ok=True)
        for left in folder.glob("run-*"):
            shutil.rmtree(left, ignore_errors=True)
        return self._final(folder)

    def meter(self, lease: str) -> Sequence[Reading]:
        """Reads units held, CPU time used, and what else the lease's server meters."""
        folder = self._place(lease)
        access = self._access(folder)
        credential = v1.AccessCredential(
            endpoint=access.endpoint, secret=access.secret, tls_roots=access.tls_roots
        )
        facts = LeaseClient(credential, timeout_s=5.0).facts()
        return self._readings(self._lease(folder)["units"], facts["cpuMs"], facts)

    def list_running(self) -> Sequence[Running]:
        """Lists the leases of the folder; one whose server died has failed."""
        found = []
        for path in sorted(self._folder.glob("*/lease.json")):
            lease = json.loads(path.read_text("utf-8"))["lease"]
            if servers.find(path.parent) is not None:
                found.append(Running(lease=lease, access=self._access(path.parent)))
            elif (path.parent / "server.json").exists():
                found.append(Running(lease=lease, access=None, failed="the lease's server ended by itself"))
            else:
                found.append(Running(lease=lease, access=None))
        return found

    def _assign(self, order: LeaseOrder, folder: Path) -> None:
        taken = {cpu for path in self._folder.glob("*/lease.json") for cpu in _read(path)["cpus"]}
        free = [cpu for cpu in self._cpus if cpu not in taken]
        if len(free) < order.units:
            raise CrexError(
                "CAPACITY_EXHAUSTED",
                f"{order.units} CPUs are wanted, {len(free)} of {len(self._cpus)} are free on this host.",
            )
        token = secrets.token_urlsafe(32)
        tls = self._identity.issue_certificate(
            f"lease-{folder.name[:12]}",
            now=self._clock.now(),
            hosts=(ADDRESS,),
            valid_for=max(order.end - self._clock.now(), timedelta(0)) + timedelta(days=1),
        )
        folder.mkdir(mode=0o700, exist_ok=True)
        _write_secret(folder / "access.json", {"token": token})
        _write_secret(
            folder / "lease.json",
            {
                "lease": order.lease,
                "units": order.units,
                "cpus": free[: order.units],
                "token_sha256": hashlib.sha256(token.encode()).hexdigest(),
                "certificate_pem": tls.chain_pem.decode(),
                "key_pem": tls.key_pem.decode(),
            },
        )

    def _access(self, folder: Path) -> Access:
        server = servers.find(folder)
        if server is None or self._identity.tls_root is None:
            raise CrexError("INTERNAL", "The lease's server does not run.", source=str(folder))
        return Access(
            endpoint=f"https://{ADDRESS}:{server['port']}",
            secret=_read(folder / "access.json")["token"],
            tls_roots=(self._identity.tls_root.pem,),
            parameters={"cpus": ",".join(map(str, self._lease(folder)["cpus"]))},
        )

    def _final(self, folder: Path) -> Sequence[Reading]:
        path = folder / "ended.json"
        if not path.exists():
            return []
        ended = _read(path)
        return self._readings(ended["units"], ended["cpu_ms"], ended)

    def _readings(self, units: int, cpu_ms: int, facts: Mapping[str, Any]) -> Sequence[Reading]:
        readings = [
            Reading(
                meter_id="compute-unit",
                dimension="compute-unit",
                unit="unit",
                value=Fraction(units),
                holding=True,
                method="CPUs assigned to the lease",
            ),
            Reading(
                meter_id="cpu-time",
                dimension="cpu-time",
                unit="s",
                value=Fraction(cpu_ms, _MS),
                holding=False,
                method=CpuMeter.METHOD,
            ),
        ]
        # A server that an earlier edition started meters nothing more.
        readings += map(reading_from_json, facts.get("meters", ()))
        return readings

    def _lease(self, folder: Path) -> dict[str, Any]:
        return _read(folder / "lease.json")

    def _place(self, lease: str) -> Path:
        return self._folder / hashlib.sha256(lease.encode()).hexdigest()[:_NAME_LENGTH]


def _read(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return value


def _write_secret(path: Path, value: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
