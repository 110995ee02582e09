"""Memory domains (NUMA nodes): how much memory is near to how many of the CPUs that can be used."""

from __future__ import annotations

import re

from crex.decimals.ranges import INT64_MAX
from crex.describe.cpu import Schedule
from crex.describe.grouping import group
from crex.describe.machine import Machine
from crex.describe.report import Report
from crex.describe.surroundings import Surroundings
from crex.describe.values import cpu_list, provenance, whole
from crex.v1 import Memory, NumaDomain

FOLDER = "/sys/devices/system/node"
_NAME = re.compile(r"node[0-9]{1,5}")
_TOTAL = re.compile(r"(?:^|\n)Node [0-9]+ MemTotal:\s+([0-9]+) kB(?=\s|$)")


def describe_numa(
    machine: Machine, schedule: Schedule, memory: Memory | None, around: Surroundings, report: Report
) -> list[NumaDomain]:
    """Describes the memory domains; none where the kernel names none, or what is granted is not all there is.

    Args:
        machine: The machine.
        schedule: On which CPUs work can be scheduled.
        memory: The memory as it is described; domains hold no more than that (DESC-NUMA-1).
        around: Where the operating system stands.
        report: Takes what is not stated.
    """
    names = [name for name in machine.entries(FOLDER) if _NAME.fullmatch(name)]
    if not names:
        return []
    if around.contained:
        report.leave_out("node.numa", FOLDER, "a container sees the domains of its host")
        return []
    sizes = [_size(machine, name) for name in names]
    with_memory = _adds_up(sizes, memory, report)
    with_cpus = schedule.count == len(schedule.cpus)
    if not with_cpus:
        report.leave_out("node.numa: CPUs", FOLDER, "a quota of CPU time is of no domain")
    told: set[int] = set()
    domains = []
    for name, size in zip(names, sizes, strict=True):
        cpus = (cpu_list(machine.text(f"{FOLDER}/{name}/cpulist")) or frozenset()) & schedule.cpus - told
        told |= cpus
        domains.append(
            NumaDomain(
                count=1,
                schedulable_cpus=len(cpus) if with_cpus else None,
                memory_bytes=size if with_memory else None,
                provenance=provenance(f"{FOLDER}/node*: cpulist, meminfo"),
            )
        )
    if with_cpus and told != schedule.cpus:
        report.contradict(
            "node.numa", FOLDER, f"{len(schedule.cpus - told)} of the CPUs are in no domain; none is stated"
        )
        return []
    return group(domains)


def _size(machine: Machine, name: str) -> int | None:
    match = _TOTAL.search(machine.text(f"{FOLDER}/{name}/meminfo") or "")
    kib = whole(match[1], high=INT64_MAX // 1024) if match else None
    return kib * 1024 if kib is not None else None


def _adds_up(sizes: list[int | None], memory: Memory | None, report: Report) -> bool:
    """Tells whether the domains' memory is what the whole machine has to use."""
    known = [size for size in sizes if size is not None]
    if len(known) < len(sizes):
        report.leave_out(
            "node.numa: memory", f"{FOLDER}/node*/meminfo", "not every domain says how much it has"
        )
        return False
    usable = memory.usable_bytes if memory is not None else 0
    if memory is None or sum(known) > memory.capacity_bytes or abs(sum(known) - usable) * 100 > usable:
        why = f"the domains have {sum(known)} bytes together, and {usable} can be used here"
        report.leave_out("node.numa: memory", f"{FOLDER}/node*/meminfo", why)
        return False
    return True
