"""An agent that reads its meters a hundred times a second: `python metering_agent.py CONFIG`; to be killed.

What it leases does not exist, but counts all the same, in a folder that outlives it: milliseconds since it
was delivered, and one unit held.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from crex.agent.hooks import Access, LeaseOrder, Reading, Running
from crex.agent.runtime import AgentRuntime, AgentSettings
from crex.client import AsyncClient, credentials
from crex.documents.times import SystemClock
from crex.trust.identity_files import load_identity, open_pins

ACCESS = Access(endpoint="https://127.0.0.1:1", secret="s" * 32)


class Counters:
    """Hooks over counters in files: `<lease digest>.json` while it runs, `.last` once it ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def provision(self, order: LeaseOrder) -> Access:
        """Begins to count, once."""
        place = self._place(order.lease)
        if not place.exists():
            _write(place, {"lease": order.lease, "began_ms": _now_ms()})
        return ACCESS

    def release(self, lease: str) -> Sequence[Reading]:
        """Stops counting, once, and says what was counted."""
        place = self._place(lease)
        last = place.with_suffix(".last")
        if not last.exists():
            if not place.exists():
                return []
            _write(last, {"counted_ms": self._counted(place)})
            place.unlink()
        return self._readings(_read(last)["counted_ms"])

    def meter(self, lease: str) -> Sequence[Reading]:
        """Reads the counters."""
        return self._readings(self._counted(self._place(lease)))

    def list_running(self) -> Sequence[Running]:
        """Lists what counts."""
        return [Running(lease=_read(one)["lease"], access=ACCESS) for one in self._folder.glob("*.json")]

    def _counted(self, place: Path) -> int:
        return _now_ms() - int(_read(place)["began_ms"])

    def _readings(self, counted_ms: int) -> Sequence[Reading]:
        held = Reading(
            meter_id="held", dimension="compute-unit", unit="unit", value=Fraction(1), holding=True
        )
        counted = Fraction(counted_ms, 1000)
        return [
            held,
            Reading(meter_id="counted", dimension="cpu-time", unit="s", value=counted, holding=False),
        ]

    def _place(self, lease: str) -> Path:
        return self._folder / f"{sha256(lease.encode()).hexdigest()[:16]}.json"


def _now_ms() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 10**6


def _read(place: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(place.read_text("utf-8"))
    return value


def _write(place: Path, value: dict[str, Any]) -> None:
    """Writes a file whole: whoever is killed here leaves the one of before."""
    part = place.with_name(f"{place.name}.{os.getpid()}.part")
    part.write_text(json.dumps(value), "utf-8")
    part.replace(place)


async def run(config: dict[str, str]) -> None:
    """Runs the agent until it is killed."""
    clock, home = SystemClock(), Path(config["identity"])
    identity = load_identity(home)
    trust = open_pins(identity, home, now=clock.now())
    broker = trust.current(config["broker"])
    assert broker is not None
    channel = credentials(
        certificate_pem=identity.tls.chain_pem,
        key_pem=identity.tls.key_pem,
        server_roots_pem=b"".join(root.public_bytes(Encoding.PEM) for root in broker.tls_roots),
    )
    folder = Path(config["folder"])
    settings = AgentSettings(
        broker=config["broker"], folder=folder / "agent", meter_s=0.01, batch_s=0.05, lag_s=0.0
    )
    async with AsyncClient(config["target"], channel) as client:
        await AgentRuntime(client, identity, trust, Counters(folder / "leases"), settings).run()


if __name__ == "__main__":
    asyncio.run(run(_read(Path(sys.argv[1]))))
