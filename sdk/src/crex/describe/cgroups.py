"""Limits that control groups set on this process: CPUs, CPU time and memory, in versions 1 and 2.

A limit holds for a group and everything below it, so each is looked for from the group of this process up to
the outermost one that is visible, and the tightest counts. Where the groups are mounted is read from
/proc/self/mountinfo, never assumed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from crex.describe.machine import Machine
from crex.describe.report import Report
from crex.describe.values import cpu_list, whole

_MOUNTS = "/proc/self/mountinfo"
_GROUPS = "/proc/self/cgroup"
# Version 1 writes "no limit" as the largest counter it has, close below 2^63, whatever the page size.
_NO_LIMIT_V1 = 1 << 60
_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """What control groups grant to this process; nothing where they set no limit.

    Attributes:
        cpus: CPUs it may run on.
        cpus_source: File that says so.
        cpu_time: CPU seconds per second that it may use.
        cpu_time_source: File that says so.
        memory_bytes: Memory that it may use.
        memory_source: File that says so.
    """

    cpus: frozenset[int] | None = None
    cpus_source: str = ""
    cpu_time: Fraction | None = None
    cpu_time_source: str = ""
    memory_bytes: int | None = None
    memory_source: str = ""


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder of a control group, and whether it is of version 2."""

    path: str
    unified: bool


def read_limits(machine: Machine, report: Report) -> Limits:
    """Reads the limits that hold for this process."""
    mounts = _mounts(machine)
    if not mounts:
        report.leave_out(
            "limits of control groups", _MOUNTS, "no control groups are mounted; none are known to apply"
        )
        return Limits()
    groups = _groups(machine)
    cpus, cpus_source = _cpus(machine, _chain("cpuset", mounts, groups), report)
    cpu_time, cpu_time_source = _cpu_time(machine, _chain("cpu", mounts, groups), report)
    memory, memory_source = _memory(machine, _chain("memory", mounts, groups), report)
    return Limits(cpus, cpus_source, cpu_time, cpu_time_source, memory, memory_source)


@dataclass(frozen=True, slots=True)
class _Mount:
    """A mounted hierarchy: its root group, where it is mounted, its controllers (in version 1)."""

    root: str
    point: str
    controllers: frozenset[str]
    unified: bool


def _mounts(machine: Machine) -> list[_Mount]:
    """Reads mountinfo lines `id parent major:minor root point options … - type source super-options`."""
    found: list[_Mount] = []
    for line in (machine.text(_MOUNTS) or "").splitlines():
        before, _, after = line.partition(" - ")
        left, right = before.split(" "), after.split(" ")
        if len(left) < 6 or len(right) < 3 or right[0] not in ("cgroup", "cgroup2"):
            continue
        found.append(
            _Mount(
                _unescape(left[3]), _unescape(left[4]), frozenset(right[2].split(",")), right[0] == "cgroup2"
            )
        )
    return found


def _groups(machine: Machine) -> dict[str, str]:
    """Reads lines `number:controllers:path`; the path of version 2 is under the empty controller."""
    found: dict[str, str] = {}
    for line in (machine.text(_GROUPS) or "").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number and path.startswith("/"):
            for controller in controllers.split(","):
                found.setdefault(controller, path)
    return found


def _chain(controller: str, mounts: list[_Mount], groups: dict[str, str]) -> list[_Folder]:
    """Gives the folders in which limits of a controller can stand, from this process's own group outwards."""
    folders: list[_Folder] = []
    for mount in mounts:
        if mount.unified or controller in mount.controllers:
            path = _below(mount.root, groups.get("" if mount.unified else controller, "/"))
            folders += [_Folder(folder, mount.unified) for folder in _outwards(mount.point.rstrip("/"), path)]
    return folders


def _below(root: str, path: str) -> str:
    """Gives a group's path below the mounted group; the mounted one itself where it lies elsewhere."""
    if ".." in path.split("/"):
        return ""
    if root == "/":
        return path.strip("/")
    return path[len(root) :].strip("/") if path == root or path.startswith(root + "/") else ""


def _outwards(point: str, path: str) -> Iterator[str]:
    steps = [step for step in path.split("/") if step][:_DEEPEST]
    for length in range(len(steps), -1, -1):
        yield "/".join([point, *steps[:length]])


def _cpus(machine: Machine, chain: list[_Folder], report: Report) -> tuple[frozenset[int] | None, str]:
    """Gives the CPUs of the innermost group that names any; the kernel keeps them within its parents'."""
    for folder in chain:
        names = ("cpuset.cpus.effective",) if folder.unified else ("cpuset.effective_cpus", "cpuset.cpus")
        for name in names:
            path = f"{folder.path}/{name}"
            text = machine.text(path)
            if not text:
                continue
            cpus = cpu_list(text)
            if cpus is not None:
                return cpus, path
            report.leave_out(
                "CPUs of the control group", path, f"it says {text[:40]!r}, which is no list of CPUs"
            )
    return None, ""


def _cpu_time(machine: Machine, chain: list[_Folder], report: Report) -> tuple[Fraction | None, str]:
    least: tuple[Fraction | None, str] = (None, "")
    for folder in chain:
        if folder.unified:
            path = f"{folder.path}/cpu.max"
            quota, _, period = (machine.text(path) or "max").partition(" ")
            unlimited = quota == "max"
        else:
            path = f"{folder.path}/cpu.cfs_quota_us"
            quota = machine.text(path) or "-1"
            period = machine.text(f"{folder.path}/cpu.cfs_period_us") or "100000"
            unlimited = quota == "-1"
        if unlimited:
            continue
        numerator, denominator = whole(quota, low=1), whole(period or "100000", low=1)
        if numerator is None or denominator is None:
            report.leave_out(
                "CPU time of the control group", path, f"it says {quota[:40]!r}, which is no quota"
            )
            continue
        share = Fraction(numerator, denominator)
        if least[0] is None or share < least[0]:
            least = (share, path)
    return least


def _memory(machine: Machine, chain: list[_Folder], report: Report) -> tuple[int | None, str]:
    least: tuple[int | None, str] = (None, "")
    for folder in chain:
        path = f"{folder.path}/{'memory.max' if folder.unified else 'memory.limit_in_bytes'}"
        text = machine.text(path) or "max"
        if text == "max":
            continue
        value = whole(text, low=1)
        if value is None:
            report.leave_out("memory of the control group", path, f"it says {text[:40]!r}, which is no limit")
        elif (folder.unified or value < _NO_LIMIT_V1) and (least[0] is None or value < least[0]):
            least = (value, path)
    return least


def _unescape(text: str) -> str:
    r"""Undoes the octal escapes of mountinfo, `\040` for a space."""
    return re.sub(r"\\([0-3][0-7]{2})", lambda match: chr(int(match[1], 8)), text)
