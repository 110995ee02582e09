"""Energy of processors and their memory, by the counters of RAPL that Linux shows in its powercap tree.

`/sys/class/powercap/intel-rapl:N` are whole packages; below each are its parts, of which only `dram` is not
in the package's own count. `psys` has packages and more, and `intel-rapl-mmio` the same packages by another
way: adding them up would count twice. Processors of AMD appear under the same names. A counter goes back to
zero after `max_energy_range_uj`; at 200 W that takes some twenty minutes, so it is read more often than that.

It counts a package, not a lease: it applies where a lease has all of a package. Since Linux 5.10 only the
superuser may read it, for it tells what others compute.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from crex.agent.meters.cpu import boot_of
from crex.agent.meters.source import Count, UnreadableError
from crex.describe.machine import Machine
from crex.describe.values import cpu_list, whole

_TREE: Final = "/sys/class/powercap"
_CPUS: Final = "/sys/devices/system/cpu"
_ZONE: Final = re.compile(r"intel-rapl:[0-9]{1,4}(:[0-9]{1,4})?")
_PACKAGE: Final = re.compile(r"package-([0-9]{1,4})(?:-die-[0-9]{1,4})?")


def whole_packages(machine: Machine, cpus: frozenset[int]) -> frozenset[int]:
    """Gives the packages of which some CPUs are all; none where one of them is in a package with others.

    Their energy is then that of whoever has these CPUs, and of nobody else.
    """
    packages: dict[int, set[int]] = {}
    for cpu in cpu_list(machine.text(f"{_CPUS}/online")) or ():
        number = whole(machine.text(f"{_CPUS}/cpu{cpu}/topology/physical_package_id"), high=9999)
        if number is None:
            return frozenset()
        packages.setdefault(number, set()).add(cpu)
    own = {number: of for number, of in packages.items() if of <= cpus}
    return frozenset(own) if cpus and cpus == set().union(*own.values()) else frozenset()


class Rapl:
    """Energy of packages and of the memory at them, in microjoules."""

    dimension, unit, scale = "energy", "j", 10**6
    method = "RAPL: powercap energy_uj of packages and dram"

    def __init__(self, machine: Machine, packages: frozenset[int] | None = None) -> None:
        """Reads the packages of these numbers, or all."""
        self._machine = machine
        self._packages = packages

    def counts(self) -> Sequence[Count]:
        """Reads every zone that counts; one that cannot be read makes all of it worthless."""
        zones = filter(_ZONE.fullmatch, self._machine.entries(_TREE))
        found = [self._count(zone) for zone in zones if self._counts(zone)]
        if not found:
            raise UnreadableError(f"{_TREE} has no package of RAPL")
        return found

    def _counts(self, zone: str) -> bool:
        """Tells whether a zone is a package that is wanted, or the memory at one."""
        top = ":".join(zone.split(":")[:2])
        package = _PACKAGE.fullmatch(self._machine.text(f"{_TREE}/{top}/name") or "")
        if package is None or (self._packages is not None and int(package[1]) not in self._packages):
            return False
        return zone == top or self._machine.text(f"{_TREE}/{zone}/name") == "dram"

    def _count(self, zone: str) -> Count:
        path = f"{_TREE}/{zone}"
        reading = self._machine.read(f"{path}/energy_uj")
        value = whole(reading.text)
        most = whole(self._machine.text(f"{path}/max_energy_range_uj"), low=1)
        if value is None or most is None:
            why = reading.problem or f"{path} states no energy_uj and max_energy_range_uj"
            raise UnreadableError(f"{why}; only the superuser may read energy")
        # What the counter stands at when a host is started is not said to be zero.
        return Count(name=zone, value=value, life=boot_of(self._machine), wraps_at=most, from_zero=False)
