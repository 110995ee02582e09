"""Processor time of a control group, as the kernel accounts it to the microsecond or nanosecond."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crex.agent.meters.source import Count, UnreadableError
from crex.describe.machine import Machine
from crex.describe.values import whole

_BOOT: Final = "/proc/sys/kernel/random/boot_id"


class GroupCpu:
    """Processor time of everything that ever ran in a control group and below it."""

    dimension, unit, scale = "cpu-time", "s", 10**9

    def __init__(self, machine: Machine, folder: str) -> None:
        """Reads `cpu.stat` (version 2) or `cpuacct.usage` (version 1) of the group's folder."""
        self._machine = machine
        self._folder = folder
        self.method = f"cgroup {folder} cpu.stat usage_usec, cpuacct.usage"[:256]

    def counts(self) -> Sequence[Count]:
        """Reads the group's nanoseconds."""
        text = self._machine.text(f"{self._folder}/cpu.stat") or ""
        stated = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
        micro = whole(stated.get("usage_usec"))
        nano = micro * 1000 if micro is not None else self._version_1()
        return (Count(name=self._folder, value=nano, life=boot_of(self._machine)),)

    def _version_1(self) -> int:
        path = f"{self._folder}/cpuacct.usage"
        found = whole(self._machine.text(path))
        if found is None:
            raise UnreadableError(f"neither {self._folder}/cpu.stat nor {path} states processor time")
        return found


def boot_of(machine: Machine) -> str:
    """Names the time since the host was started: its counters begin anew with it."""
    return machine.text(_BOOT) or ""
