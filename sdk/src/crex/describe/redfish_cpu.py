"""The CPUs of a Redfish system.

What can be scheduled on is `ProcessorSummary.LogicalProcessorCount`, "the total number of logical central
processors in the system" (DSP0268, ComputerSystem): what the firmware hands to an operating system, which may
use fewer. `Processor.TotalThreads` is "the total count of independent execution threads, including disabled
threads, that this processor supports" (DSP0268, Processor): where only that is stated, that none of them is
disabled is inferred, and the basis says so. `MaxSpeedMHz` is no base clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crex.describe import isa
from crex.describe.members import Members
from crex.describe.redfish_parts import System, is_there, maker
from crex.describe.report import Report
from crex.describe.values import ESTIMATED, NOMINAL, clean, provenance
from crex.v1 import Cpu

# DSP0268, Processor.InstructionSet. PowerISA says neither word size nor byte order; OEM says nothing.
_ISAS: Final = {
    "x86": "x86-32",
    "x86-64": "x86-64",
    "ARM-A32": "armv7",
    "ARM-A64": "aarch64",
    "MIPS64": "mips64",
    "RV32": "riscv32",
    "RV64": "riscv64",
}
_CPU: Final = "CPU"
# More CPUs than any system has: a number beyond is a broken one.
_MOST: Final = 1 << 16
_SUMMARY: Final = "`ProcessorSummary.LogicalProcessorCount` of ComputerSystem"


@dataclass(frozen=True, slots=True)
class _Counts:
    """What the CPUs of a system add up to.

    Attributes:
        cores: Cores, disabled ones as well; nothing where one CPU does not say.
        threads: Threads, disabled ones as well; nothing where one CPU does not say.
        enabled_cores: Cores that are enabled; nothing where one CPU does not say.
        threads_per_core: Threads of each core, where all CPUs have the same.
    """

    cores: int | None
    threads: int | None
    enabled_cores: int | None
    threads_per_core: int | None


def describe_cpu(system: System, report: Report) -> Cpu | None:
    """Describes the CPUs; nothing where the instruction set or the number of CPUs is unknown."""
    where = system.resource.place
    cpus = _cpus(system)
    if isinstance(cpus, str):
        report.leave_out("node.cpu", where, cpus)
        return None
    summary = system.resource.members.mapping("ProcessorSummary")
    counts = _counts(cpus)
    scheduled = _scheduled(summary, counts, where, report)
    set_ = _isa(cpus, where, report)
    if scheduled is None or set_ is None:
        return None
    schedulable, source, basis = scheduled
    cpu = Cpu(
        isa=set_,
        vendor=_vendor(cpus, where, report),
        model=_same(cpus, "Model", "node.cpu.model", where, report),
        schedulable_cpus=schedulable,
        base_mhz=_base_mhz(cpus, where, report),
    )
    sources = [f"schedulable_cpus: {source}", "isa, vendor, model: Processor"]
    if system.virtual:
        why = "in a virtual machine they are as the hypervisor presents them"
        report.leave_out("sockets × cores × threads per core", where, why)
    elif _set_topology(cpu, cpus, counts, summary, where, report):
        sources.append("sockets, cores: Processor, `TotalCores`")
    cpu.provenance.CopyFrom(provenance("; ".join(sources), basis))
    return cpu


def _cpus(system: System) -> list[Members] | str:
    """Gives the CPUs that are there and enabled, or why they are not all known."""
    if not system.processors.stated:
        return "it links to no processors; a summary does not state the instruction set"
    if not system.processors.complete:
        return "not all of its processors could be read"
    found: list[Members] = []
    for processor in system.processors.resources:
        kind = processor.members.text("ProcessorType")
        if kind is None:
            return f"{processor.place} does not say whether it is a CPU"
        if kind == _CPU and is_there(processor.members, "a CPU"):
            found.append(processor.members)
    return found or "none of its processors is a CPU that is there and enabled"


def _counts(cpus: Sequence[Members]) -> _Counts:
    cores = [one.whole("TotalCores", low=1, high=_MOST) for one in cpus]
    threads = [one.whole("TotalThreads", low=1, high=_MOST) for one in cpus]
    ratios = {
        thread // core if core and thread and thread % core == 0 else None
        for core, thread in zip(cores, threads, strict=True)
    }
    return _Counts(
        _sum(cores),
        _sum(threads),
        _sum([one.whole("TotalEnabledCores", low=1, high=_MOST) for one in cpus]),
        ratios.pop() if len(ratios) == 1 else None,
    )


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _scheduled(
    summary: Members | None, counts: _Counts, where: str, report: Report
) -> tuple[int, str, str] | None:
    """Gives how many CPUs work can be scheduled on, what says so, and the basis; nothing if nothing does."""
    logical = summary.whole("LogicalProcessorCount", low=1, high=_MOST) if summary is not None else None
    threads = counts.threads
    if logical is not None:
        if threads is not None and logical > threads:
            why = f"{_SUMMARY} says {logical}, its CPUs have {threads} threads in all; neither is stated"
            report.contradict("node.cpu", where, why)
            return None
        if threads is not None and logical < threads:
            report.limit("CPUs", where, f"its firmware enables {logical} of {threads} threads")
        return logical, _SUMMARY, NOMINAL
    if threads is None:
        report.leave_out("node.cpu", where, "nothing says how many logical processors it has")
        return None
    disabled = _disabled(summary, counts)
    if disabled:
        why = f"`TotalThreads` counts disabled threads too, and {disabled}; how many are left is not said"
        report.leave_out("node.cpu", where, why)
        return None
    return threads, "sum of `TotalThreads` of Processor, if none is disabled", ESTIMATED


def _disabled(summary: Members | None, counts: _Counts) -> str:
    if counts.cores and counts.enabled_cores and counts.enabled_cores != counts.cores:
        return f"{counts.enabled_cores} of {counts.cores} cores are enabled"
    if summary is not None and summary.flag("ThreadingEnabled") is False and counts.threads_per_core != 1:
        return "threading is not enabled on all CPUs"
    return ""


def _isa(cpus: Sequence[Members], where: str, report: Report) -> str | None:
    stated = {one.text("InstructionSet") for one in cpus}
    found = {_ISAS.get(text or "") for text in stated}
    only = found.pop() if len(found) == 1 else None
    if only is None:
        said = ", ".join(sorted(clean(text, 40) or "?" for text in stated if text)) or "nothing"
        why = f"`InstructionSet` of its CPUs says {said}, from which no one instruction set follows"
        report.leave_out("node.cpu", where, why)
    return only


def _vendor(cpus: Sequence[Members], where: str, report: Report) -> str | None:
    found: set[str | None] = set()
    for cpu in cpus:
        identifier = cpu.mapping("ProcessorId")
        by_id = isa.x86_vendor(identifier.text("VendorId")) if identifier is not None else None
        by_name = maker(cpu.text("Manufacturer"))
        if by_id and by_name and by_id != by_name:
            why = f"`VendorId` says {by_id}, `Manufacturer` {by_name}; neither is stated"
            report.contradict("node.cpu.vendor", cpu.where, why)
            return None
        found.add(by_id or by_name)
    if len(found) == 1 and (only := found.pop()):
        return only
    report.leave_out("node.cpu.vendor", where, "its CPUs do not name one maker that has a token")
    return None


def _same(cpus: Sequence[Members], name: str, what: str, where: str, report: Report) -> str | None:
    found = {clean(one.text(name)) for one in cpus}
    only = found.pop() if len(found) == 1 else None
    if only is None:
        why = f"its CPUs differ in `{name}`" if found else f"its CPUs do not state `{name}`"
        report.leave_out(what, where, why)
    return only


def _base_mhz(cpus: Sequence[Members], where: str, report: Report) -> int | None:
    found = {one.whole("BaseSpeedMHz", low=1, high=_MOST) for one in cpus}
    only = found.pop() if len(found) == 1 else None
    if only is None:
        why = "its CPUs differ in `BaseSpeedMHz`" if found else "its CPUs do not state `BaseSpeedMHz`"
        report.leave_out("node.cpu.base_mhz", where, f"{why}; `MaxSpeedMHz` is no base clock")
    return only


def _set_topology(
    cpu: Cpu,
    cpus: Sequence[Members],
    counts: _Counts,
    summary: Members | None,
    where: str,
    report: Report,
) -> bool:
    """States sockets, cores and threads per core where nothing contradicts them; tells whether any is."""
    cores = _cores(counts, summary, where, report)
    sockets = _sockets(cpus, summary, where, report)
    if sockets is not None and cores is not None and sockets > cores:
        report.contradict("node.cpu.sockets", where, f"{sockets} sockets with {cores} cores; not stated")
        return False
    if sockets is not None:
        cpu.sockets = sockets
    if cores is None:
        return sockets is not None
    cpu.physical_cores = cores
    if counts.threads_per_core is None:
        why = "its CPUs do not state threads that are the same for each core"
        report.leave_out("node.cpu.threads_per_core", where, why)
    elif cores * counts.threads_per_core >= cpu.schedulable_cpus:
        cpu.threads_per_core = counts.threads_per_core
    return True


def _cores(counts: _Counts, summary: Members | None, where: str, report: Report) -> int | None:
    stated = summary.whole("CoreCount", low=1, high=_MOST) if summary is not None else None
    if counts.cores is None:
        report.leave_out("node.cpu.physical_cores", where, "not every CPU states `TotalCores`")
        return None
    if stated is not None and stated not in (counts.cores, counts.enabled_cores):
        why = f"`CoreCount` says {stated}, its CPUs have {counts.cores}; neither is stated"
        report.contradict("node.cpu.physical_cores", where, why)
        return None
    return counts.cores


def _sockets(cpus: Sequence[Members], summary: Members | None, where: str, report: Report) -> int | None:
    stated = summary.whole("Count", low=1, high=_MOST) if summary is not None else None
    if stated is not None and stated != len(cpus):
        why = f"`ProcessorSummary.Count` says {stated}, {len(cpus)} CPUs are there; neither is stated"
        report.contradict("node.cpu.sockets", where, why)
        return None
    named = [text for one in cpus if (text := clean(one.text("Socket")))]
    if len(set(named)) != len(named):
        report.contradict("node.cpu.sockets", where, "two CPUs are in one `Socket`; not stated")
        return None
    return len(cpus)
