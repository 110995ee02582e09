"""Time by the clock since a process began: unmoved by whoever sets the clock."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from crex.agent.meters.cpu import boot_of
from crex.agent.meters.source import Count, UnreadableError
from crex.describe.machine import Machine
from crex.describe.values import whole

_UPTIME: Final = re.compile(r"([0-9]{1,12})\.([0-9]{2})")
# Fields of /proc/<pid>/stat are counted from the third on, behind the name; the 22nd is the start.
_START: Final = 19


class ProcessWall:
    """Time since a process began, in hundredths of a second."""

    dimension, unit, scale = "wall-time", "s", 100
    method = "/proc/uptime less the start in /proc/<pid>/stat"

    def __init__(self, machine: Machine, pid: int, ticks_per_s: int = 100) -> None:
        """Measures the process; `ticks_per_s` is `SC_CLK_TCK` of the host."""
        self._machine = machine
        self._pid = pid
        self._ticks_per_s = ticks_per_s

    def counts(self) -> Sequence[Count]:
        """Reads hundredths of a second since the process began; the start is part of its life."""
        uptime = _UPTIME.match(self._machine.text("/proc/uptime") or "")
        began = start_of(self._machine, self._pid)
        if uptime is None or began is None:
            raise UnreadableError(f"/proc/uptime or /proc/{self._pid}/stat does not say how long it runs")
        since = int(uptime[1] + uptime[2]) - began * 100 // self._ticks_per_s
        life = f"{boot_of(self._machine)} {began}"
        return (Count(name=str(self._pid), value=max(since, 0), life=life),)


def start_of(machine: Machine, pid: int) -> int | None:
    """Gives when a process began, in ticks since the host was started; nothing where there is none.

    Its number may be another process's later; the two tell them apart.
    """
    stat = machine.text(f"/proc/{pid}/stat") or ""
    fields = stat.rpartition(")")[2].split()
    return whole(fields[_START]) if len(fields) > _START else None
