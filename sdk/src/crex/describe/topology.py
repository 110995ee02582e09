"""How CPUs lie on cores and sockets, as /sys/devices/system/cpu says, or else /proc/cpuinfo."""

from __future__ import annotations

from dataclasses import dataclass

from crex.describe.cpuinfo import CpuInfo
from crex.describe.machine import Machine
from crex.describe.values import cpu_list, whole

FOLDER = "/sys/devices/system/cpu"


@dataclass(frozen=True, slots=True)
class Topology:
    """Where the online CPUs are.

    Attributes:
        cores: CPUs of each core that has one online; empty if it is not known.
        sockets: Number of sockets with a CPU online; nothing if it is not known.
        source: The files that say so.
    """

    cores: tuple[frozenset[int], ...] = ()
    sockets: int | None = None
    source: str = ""

    @property
    def threads_per_core(self) -> int | None:
        """Online CPUs of each core, where it is the same for all."""
        sizes = {len(core) for core in self.cores}
        return sizes.pop() if len(sizes) == 1 else None

    def whole_cores(self, cpus: frozenset[int]) -> tuple[frozenset[int], ...]:
        """Gives the cores all of whose online CPUs are among these."""
        return tuple(core for core in self.cores if core <= cpus)


def read_topology(machine: Machine, info: CpuInfo, online: frozenset[int]) -> Topology:
    """Reads the topology of the online CPUs; what is not stated for every one of them is not known."""
    return _from_sys(machine, online) or _from_cpuinfo(info, online) or Topology()


def _from_sys(machine: Machine, online: frozenset[int]) -> Topology | None:
    cores: set[frozenset[int]] = set()
    packages: set[int | None] = set()
    for cpu in sorted(online):
        folder = f"{FOLDER}/cpu{cpu}/topology"
        siblings = cpu_list(
            machine.text(f"{folder}/core_cpus_list") or machine.text(f"{folder}/thread_siblings_list")
        )
        if siblings is None or cpu not in siblings:
            return None
        cores.add(siblings & online)
        packages.add(whole(machine.text(f"{folder}/physical_package_id")))
    return _topology(cores, packages, online, f"{FOLDER}/cpu*/topology")


def _from_cpuinfo(info: CpuInfo, online: frozenset[int]) -> Topology | None:
    cores: dict[tuple[int, int], set[int]] = {}
    for cpu in online:
        block = info.processors.get(cpu, {})
        package, core = whole(block.get("physical id")), whole(block.get("core id"))
        if package is None or core is None:
            return None
        cores.setdefault((package, core), set()).add(cpu)
    packages: set[int | None] = {package for package, _ in cores}
    return _topology({frozenset(cpus) for cpus in cores.values()}, packages, online, "/proc/cpuinfo")


def _topology(
    cores: set[frozenset[int]], packages: set[int | None], online: frozenset[int], source: str
) -> Topology | None:
    if not cores or sum(map(len, cores)) != len(online):
        return None  # cores that overlap or miss a CPU are no topology
    # The kernel writes -1 where firmware does not say which socket a CPU is on.
    sockets = len(packages) if None not in packages else None
    return Topology(tuple(sorted(cores, key=min)), sockets, source)
