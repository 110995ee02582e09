"""The host that is measured: what it may use, and the conditions under which figures hold."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crex.decimals import fixed_point
from crex.describe.cgroups import Limits, read_limits
from crex.describe.cpuinfo import read_cpuinfo
from crex.describe.machine import Machine
from crex.describe.report import Report
from crex.describe.surroundings import read_surroundings

_CACHES: Final = "/sys/devices/system/cpu"
_FREQUENCY: Final = "cpufreq"
_ACCELERATORS: Final = ("/dev/nvidia0", "/dev/kfd")
_LONGEST: Final = 256
_SUFFIXES: Final = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

Conditions = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Host:
    """What of the host a measurement needs.

    Attributes:
        cpus: CPUs on which this process may run, ascending; at least one.
        memory_available_bytes: Memory that can be taken without pushing something out.
        last_level_cache_bytes: All last-level caches of these CPUs together; None: not known.
        accelerators: Whether there is a device of a kind that can compute matrices.
        machine: Its files.
    """

    cpus: tuple[int, ...]
    memory_available_bytes: int
    last_level_cache_bytes: int | None
    accelerators: bool
    machine: Machine

    def file_system(self, place: Path) -> str:
        """Gives the type of the file system that a path lies on; empty: not known."""
        real, best = os.path.realpath(place), ("", "")
        for point, kind in _mounts(self.machine):
            below = real == point or real.startswith(point.rstrip("/") + "/")
            if below and len(point) >= len(best[0]):
                best = (point, kind)
        return best[1]


def read_host(machine: Machine | None = None, cpus: tuple[int, ...] | None = None) -> Host:
    """Reads what a measurement needs to know.

    Args:
        machine: The files of the host; unset: this one's.
        cpus: CPUs to measure on; unset: all that this process may use.
    """
    tree = machine or Machine()
    allowed = cpus or _allowed()
    available = _memory(tree, "MemAvailable") or _memory(tree, "MemTotal") or (1 << 30)
    limit = read_limits(tree, Report()).memory_bytes
    return Host(
        cpus=allowed,
        memory_available_bytes=min(available, limit or available),
        last_level_cache_bytes=_last_level_caches(tree, allowed),
        accelerators=any(tree.exists(path) for path in _ACCELERATORS),
        machine=tree,
    )


def conditions_before(host: Host) -> Conditions:
    """Gives the conditions under which a measurement begins, by token; what cannot be read is left out."""
    machine, report = host.machine, Report()
    limits = read_limits(machine, report)
    flags = frozenset(read_cpuinfo(machine, report).flags("flags")[0])
    around = read_surroundings(machine, flags, report)
    total = _memory(machine, "MemTotal")
    found = {
        "cpus": f"{len(host.cpus)} of {os.cpu_count() or len(host.cpus)} CPUs allowed",
        "load-before": _load(machine),
        "memory": f"{total} bytes" if total else "",
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}".strip(),
        "virtualization": " ".join(filter(None, (around.kind, around.technology))),
        "governor": _of_each(machine, host, f"{_FREQUENCY}/scaling_governor"),
        "boost": _boost(machine),
        "last-level-cache": f"{host.last_level_cache_bytes} bytes" if host.last_level_cache_bytes else "",
        "temperature-before": temperature(machine),
        "python": platform.python_version(),
        **_limited(limits),
    }
    return [(name, value[:_LONGEST]) for name, value in found.items() if value]


def temperature(machine: Machine) -> str:
    """Gives the highest temperature that the kernel reports, in °C; empty where it reports none."""
    readings = [
        int(text)
        for folder, name in (("/sys/class/thermal", "temp"), ("/sys/class/hwmon", "temp1_input"))
        for entry in machine.entries(folder)
        if (text := machine.text(f"{folder}/{entry}/{name}") or "").isdecimal()
    ]
    return f"{fixed_point(max(readings) // 100, 1)} °C" if readings else ""


def _limited(limits: Limits) -> dict[str, str]:
    quota = limits.cpu_time
    return {
        "cpu-limit": f"{fixed_point(int(quota * 100), 2)} CPU seconds in a second" if quota else "",
        "memory-limit": f"{limits.memory_bytes} bytes" if limits.memory_bytes else "",
    }


def _load(machine: Machine) -> str:
    return " ".join((machine.text("/proc/loadavg") or "").split()[:3])


def _of_each(machine: Machine, host: Host, name: str) -> str:
    found = {machine.text(f"{_CACHES}/cpu{cpu}/{name}") or "" for cpu in host.cpus}
    return ", ".join(sorted(found - {""}))


def _boost(machine: Machine) -> str:
    """Tells whether clocks may rise above their base, as the kernel's two interfaces say it."""
    if (text := machine.text(f"{_CACHES}/{_FREQUENCY}/boost")) in ("0", "1"):
        return "on" if text == "1" else "off"
    if (text := machine.text(f"{_CACHES}/intel_pstate/no_turbo")) in ("0", "1"):
        return "on" if text == "0" else "off"
    return ""


def _last_level_caches(machine: Machine, cpus: tuple[int, ...]) -> int | None:
    """Adds up the caches of the highest level, each once, however many CPUs share it."""
    caches: dict[tuple[int, str], int] = {}
    for cpu in cpus:
        folder = f"{_CACHES}/cpu{cpu}/cache"
        for entry in machine.entries(folder):
            level, size = (
                machine.text(f"{folder}/{entry}/level"),
                machine.text(f"{folder}/{entry}/size") or "",
            )
            shared = machine.text(f"{folder}/{entry}/shared_cpu_list") or str(cpu)
            if level and level.isdecimal() and size[:-1].isdecimal() and size[-1] in _SUFFIXES:
                caches[int(level), shared] = int(size[:-1]) * _SUFFIXES[size[-1]]
    highest = max((level for level, _ in caches), default=0)
    return sum(size for (level, _), size in caches.items() if level == highest) or None


def _memory(machine: Machine, name: str) -> int | None:
    for line in (machine.text("/proc/meminfo") or "").splitlines():
        key, _, rest = line.partition(":")
        number = rest.split()[:1]
        if key == name and number and number[0].isdecimal():
            return int(number[0]) << 10
    return None


def _mounts(machine: Machine) -> Iterator[tuple[str, str]]:
    for line in (machine.text("/proc/self/mountinfo") or "").splitlines():
        before, _, after = line.partition(" - ")
        left, right = before.split(" "), after.split(" ")
        if len(left) > 4 and right:
            yield left[4].replace("\\040", " "), right[0]


def _allowed() -> tuple[int, ...]:
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))
