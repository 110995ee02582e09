"""The main memory: how much is installed or granted, and how much of it can be used here."""

from __future__ import annotations

import re

from crex.decimals.ranges import INT64_MAX
from crex.describe import dmi
from crex.describe.cgroups import Limits
from crex.describe.machine import Machine
from crex.describe.report import Report
from crex.describe.surroundings import Surroundings
from crex.describe.values import provenance, whole
from crex.v1 import Memory

_MEMINFO = "/proc/meminfo"
_NODES = "/sys/devices/system/node"
_LINE = re.compile(r"(?:^|\n)(?:Node [0-9]+ )?MemTotal:\s+([0-9]+) kB(?=\s|$)")


def describe_memory(machine: Machine, limits: Limits, around: Surroundings, report: Report) -> Memory | None:
    """Describes the memory; nothing where the kernel does not say how much there is (DESC-BYTES-1)."""
    reading = machine.read(_MEMINFO)
    total = _total(reading.text)
    if total is None:
        report.leave_out("node.memory", _MEMINFO, reading.problem or "it has no readable MemTotal")
        return None
    _compare_nodes(machine, total, around, report)
    capacity, usable, source = total, total, f"{_MEMINFO} MemTotal"
    if limits.memory_bytes is not None and limits.memory_bytes < total:
        # What a control group grants is all that a buyer of this place can ever have of it.
        capacity = usable = limits.memory_bytes
        source = limits.memory_source
        report.limit("memory", source, f"its control group grants {usable} of {total} bytes")
    memory = Memory(capacity_bytes=capacity, usable_bytes=usable)
    if around.kind == "bare-metal":
        source = _add_modules(machine, memory, source, report)
    else:
        report.leave_out(
            "node.memory.type, node.memory.ecc", dmi.FOLDER, "only bare metal states them truthfully"
        )
    memory.provenance.CopyFrom(provenance(source))
    return memory


def _total(text: str | None) -> int | None:
    match = _LINE.search(text or "")
    kib = whole(match[1], low=1, high=INT64_MAX // 1024) if match else None
    return kib * 1024 if kib is not None else None


def _compare_nodes(machine: Machine, total: int, around: Surroundings, report: Report) -> None:
    """Reports where the NUMA nodes do not add up to the whole, as with memory that is plugged on demand."""
    if around.contained:
        return
    nodes = [name for name in machine.entries(_NODES) if re.fullmatch(r"node[0-9]{1,5}", name)]
    sizes = [_total(machine.text(f"{_NODES}/{name}/meminfo")) or 0 for name in nodes]
    if nodes and any(sizes) and abs(sum(sizes) - total) * 100 > total:
        report.contradict(
            "memory",
            f"{_MEMINFO}, {_NODES}",
            f"the first says {total} bytes, NUMA nodes have {sum(sizes)} at present; the first is believed",
        )


def _add_modules(machine: Machine, memory: Memory, source: str, report: Report) -> str:
    modules = dmi.read_modules(machine)
    if modules == dmi.Modules():
        why = "not readable; root may read it" if machine.exists(dmi.FOLDER) else "not there"
        report.leave_out("node.memory.type, node.memory.ecc", dmi.FOLDER, why)
        return source
    if modules.type is not None:
        memory.type = modules.type
    if modules.ecc is not None:
        memory.ecc = modules.ecc
    installed = modules.installed_bytes
    if installed is None or source != f"{_MEMINFO} MemTotal":
        return f"{source}; type, ecc: {dmi.FOLDER}"
    if installed < memory.usable_bytes:
        report.contradict(
            "memory",
            dmi.FOLDER,
            f"its modules add up to {installed} bytes, less than MemTotal; MemTotal is believed",
        )
        return f"{source}; type, ecc: {dmi.FOLDER}"
    memory.capacity_bytes = installed
    return f"capacity_bytes, type, ecc: {dmi.FOLDER}; usable_bytes: {source}"
