"""What a lease of one host meters beside processor time: memory, and energy where it has whole packages.

Network and disks are shared by every lease of the host, and so is a package of which another lease has a
core: what nobody can divide is not metered.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from typing import Any, Final

from crex.agent.hooks import Reading
from crex.agent.loopback.confinement import descendants
from crex.agent.measuring import reading_to_json
from crex.agent.meters.memory import HeldMemory, process_level
from crex.agent.meters.rapl import Rapl, whole_packages
from crex.agent.meters.source import SourceMeter, UnreadableError
from crex.describe.machine import Machine

_LOOK_S: Final = 1.0
_MEMORY_METHOD: Final = "Pss of /proc/<pid>/smaps_rollup, looked at every second"


class LeaseMeters:
    """Meters of everything that runs below this process; they begin at 0 when they are made."""

    def __init__(self, cpus: Iterable[int], machine: Machine | None = None) -> None:
        """Makes the meters of a lease.

        Args:
            cpus: CPUs that nobody but the lease uses.
            machine: The host; this one unless given.
        """
        machine = machine or Machine()
        self._lock = threading.Lock()
        level = process_level(machine, lambda: descendants(os.getpid()))
        self._meters = [SourceMeter(HeldMemory(level, _MEMORY_METHOD, _monotonic_ms))]
        packages = whole_packages(machine, frozenset(cpus))
        if packages:
            self._meters.append(SourceMeter(Rapl(machine, packages)))
        # What cannot be read now would have no beginning later.
        self._meters = [meter for meter in self._meters if _read(meter) is not None]

    def keep_looking(self) -> None:
        """Looks every second, in a thread of its own: levels change, and counters wrap."""
        threading.Thread(target=self._look, name="meters", daemon=True).start()

    def to_json(self) -> list[dict[str, Any]]:
        """Reads the meters; one that cannot be read now is left out."""
        with self._lock:
            readings = [_read(meter) for meter in self._meters]
        return [reading_to_json(reading) for reading in readings if reading is not None]

    def _look(self) -> None:
        while True:
            self.to_json()
            time.sleep(_LOOK_S)


def _read(meter: SourceMeter) -> Reading | None:
    try:
        return meter.read()
    except UnreadableError:
        return None


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 10**6
