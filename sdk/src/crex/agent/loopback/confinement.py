"""How a leased program is confined to its CPUs, and how its use of them is read from the operating system.

What this isolates, plainly: which CPUs a program runs on, how much memory, how many processes and how large
files it may have, and that it ends with its lease. It does not hide the host's files or network from the
program, and runs it as the agent's own user: it is for trials on one machine, between parties who agreed on
that.

A cpuset, where the host lets one be made, cannot be left by the program. Without one, the CPU affinity is set
and inherited, which a program could undo; `Confinement.kind` says which of the two holds.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import resource
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

_CGROUP: Final = Path("/sys/fs/cgroup")
_PR_SET_CHILD_SUBREAPER: Final = 36
_PR_SET_NO_NEW_PRIVS: Final = 38
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_MS: Final = 1000
_END_PATIENCE_S: Final = 5.0
_NAME_LENGTH: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one program.

    Attributes:
        memory_bytes: Greatest address space.
        processes: Most processes and threads of the agent's user, this program's included.
        file_bytes: Greatest size of one file it writes.
        output_bytes: Most bytes kept of each of its two outputs; what exceeds them is dropped and counted.
        seconds: Longest run.
    """

    memory_bytes: int = 8 << 30
    processes: int = 4096
    file_bytes: int = 1 << 30
    output_bytes: int = 1 << 20
    seconds: int = 3600


class Confinement:
    """The CPUs of one lease.

    Attributes:
        cpus: Numbers of the CPUs, as the operating system counts.
        kind: `cpuset` where the operating system enforces them, else `affinity`.
    """

    def __init__(self, name: str, cpus: Sequence[int]) -> None:
        """Confines to `cpus`; `name` is that of the control group, unique on this host."""
        self.cpus = tuple(sorted(cpus))
        self._group = _make_cpuset(name, self.cpus)
        self.kind = "cpuset" if self._group is not None else "affinity"

    def spec(self, limits: Limits) -> str:
        """Gives the argument by which `enter.py` confines a program, JSON."""
        group = None if self._group is None else str(self._group)
        return json.dumps({"cpus": self.cpus, "group": group, "limits": asdict(limits)})

    def remove(self) -> None:
        """Takes the control group away, once nothing runs in it."""
        if self._group is not None:
            try:
                self._group.rmdir()
            except OSError:
                return
            self._group = None


def enter(cpus: Sequence[int], group: str | None, limits: Limits) -> None:
    """Confines the calling process: control group, CPUs, bounds; no way to more privileges."""
    if group is not None:
        Path(group, "cgroup.procs").write_text(str(os.getpid()), "ascii")
    os.sched_setaffinity(0, cpus)
    _prctl(_PR_SET_NO_NEW_PRIVS)
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))


def group_of(folder: Path) -> str:
    """Gives the name of the control group of a lease, by the place of its folder: unique on this host."""
    return f"crex-{hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:_NAME_LENGTH]}"


def end_strays(name: str, folder: Path) -> None:
    """Ends what a lease's server that was killed left running, and takes its control group away.

    Args:
        name: Name of the lease's control group.
        folder: Folder of the lease: its programs have their home below it.
    """
    groups = [root / name for root in (_CGROUP / "cpuset", _CGROUP)]
    until = time.monotonic() + _END_PATIENCE_S
    while (left := _strays(groups, folder)) and time.monotonic() < until:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    for group in groups:
        _try_remove(group)


def _strays(groups: Sequence[Path], folder: Path) -> set[int]:
    found: set[int] = set()
    for group in groups:
        with suppress(OSError):
            found.update(map(int, (group / "cgroup.procs").read_text("ascii").split()))
    home = b"HOME=" + os.fsencode(folder) + b"/run-"
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError):
                parts = Path(entry.path, "environ").read_bytes().split(b"\0")
                if any(part.startswith(home) for part in parts):
                    found.add(int(entry.name))
    return found - {os.getpid()}


def become_subreaper() -> None:
    """Makes orphans below this process its own children, so that none escapes its meter or its end."""
    _prctl(_PR_SET_CHILD_SUBREAPER)


def descendants(ancestor: int) -> list[int]:
    """Lists the processes below one, at this instant."""
    children: dict[int, list[int]] = {}
    for pid, fields in _stats():
        children.setdefault(int(fields[1]), []).append(pid)
    found, left = [], [ancestor]
    while left:
        below = children.get(left.pop(), [])
        found += below
        left += below
    return found


class CpuMeter:
    """CPU time of everything that ever ran below this process; it never goes back.

    Read from the operating system: what ended, by `getrusage(RUSAGE_CHILDREN)`; what runs, by
    /proc/<pid>/stat.
    """

    METHOD: Final = "getrusage(RUSAGE_CHILDREN) + /proc/<pid>/stat of what runs"

    def __init__(self) -> None:
        self._last_ms = 0

    def read_ms(self) -> int:
        """Gives milliseconds of CPU time, user and system, since this process began."""
        own = os.getpid()
        live = set(descendants(own))
        ticks = sum(sum(int(part) for part in fields[11:15]) for pid, fields in _stats() if pid in live)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        total = round((ended.ru_utime + ended.ru_stime) * _MS) + ticks * _MS // _TICKS_PER_S
        # A process that ends between the two readings may be in neither; the next reading has it.
        self._last_ms = max(self._last_ms, total)
        return self._last_ms


def _stats() -> list[tuple[int, list[str]]]:
    """Reads /proc/<pid>/stat of every process: fields from the third (state) on."""
    found = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            text = Path(entry.path, "stat").read_text("ascii", "replace")
        except OSError:
            continue
        found.append((int(entry.name), text.rsplit(")", 1)[1].split()))
    return found


def _make_cpuset(name: str, cpus: tuple[int, ...]) -> Path | None:
    text = ",".join(map(str, cpus))
    for root in (_CGROUP / "cpuset", _CGROUP):
        group = root / name
        try:
            if not (root / "cpuset.cpus").exists() and not (root / "cpuset.cpus.effective").exists():
                continue
            group.mkdir(exist_ok=True)
            memory = root / "cpuset.mems"
            if memory.exists():
                (group / "cpuset.mems").write_text(memory.read_text("ascii"), "ascii")
            (group / "cpuset.cpus").write_text(text, "ascii")
            if not (group / "cgroup.procs").exists():
                continue
        except OSError:
            _try_remove(group)
            continue
        return group
    return None


def _try_remove(group: Path) -> None:
    try:
        group.rmdir()
    except OSError:
        return


def _prctl(option: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, 1, 0, 0, 0)
