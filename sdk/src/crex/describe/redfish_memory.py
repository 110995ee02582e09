"""The main memory of a Redfish system: what its summary says, against what its modules add up to.

`MemorySummary.TotalSystemMemoryGiB` is "the amount of configured system general purpose volatile (RAM)
memory as measured in gibibytes", `Memory.CapacityMiB` "the memory capacity in MiB" (DSP0268, ComputerSystem
and Memory). Some services convert the former as if it were gigabytes (476.837376 for 512 GiB); modules have
whole MiB, so a total that is none of these is no total.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from crex.decimals.ranges import INT64_MAX
from crex.describe.redfish_parts import System, is_there
from crex.describe.redfish_tree import Resource
from crex.describe.report import Report
from crex.describe.values import clean, provenance
from crex.v1 import Memory

MIB: Final = 1 << 20
_GIB_IN_MIB: Final = 1024
_SUMMARY: Final = "`MemorySummary.TotalSystemMemoryGiB` of ComputerSystem"
_MODULES: Final = "`CapacityMiB` of Memory"
_DRAM: Final = "DRAM"
# DSP0268, Memory.MemoryDeviceType.
_TYPES: Final = {
    "DDR2": "ddr2",
    "DDR2_SDRAM": "ddr2",
    "DDR3": "ddr3",
    "DDR3_SDRAM": "ddr3",
    "DDR4": "ddr4",
    "DDR4_SDRAM": "ddr4",
    "DDR5": "ddr5",
    "DDR5_MRDIMM": "ddr5",
    "LPDDR3_SDRAM": "lpddr3",
    "LPDDR4_SDRAM": "lpddr4",
    "LPDDR5_SDRAM": "lpddr5",
    "HBM": "hbm",
    "HBM2": "hbm2",
    "HBM2E": "hbm2e",
    "HBM3": "hbm3",
}
# DSP0268, Memory.ErrorCorrection. AddressParity is of addresses, not of data: it tells neither.
_CORRECTS: Final = {"NoECC": False, "SingleBitECC": True, "MultiBitECC": True}


@dataclass(frozen=True, slots=True)
class _Modules:
    """What the modules add up to.

    Attributes:
        mebibytes: Their sum; nothing where not all of them could be read, or one is of another kind.
        why: Why there is no sum.
        read: Whether all of them could be read, if there are any.
        type: Token of their type, where all have the same.
        ecc: Whether they correct errors, where all say the same.
    """

    mebibytes: int | None
    why: str = ""
    read: bool = True
    type: str | None = None
    ecc: bool | None = None


def describe_memory(system: System, report: Report) -> Memory | None:
    """Describes the main memory; nothing where no source states it, or two contradict each other."""
    total = _total(system, report)
    modules = _modules(system, report)
    where = system.resource.place
    if modules.mebibytes is not None and total is not None and modules.mebibytes != total:
        why = f"{_SUMMARY} says {total} MiB, its modules add up to {modules.mebibytes} MiB; neither is stated"
        report.contradict("node.memory", where, why)
        return None
    if total is not None and modules.mebibytes is None and modules.why:
        if not modules.read and system.tree.may_be_lost(system.resource, "Memory"):
            why = "its modules are missing or broken in the input, and might contradict that"
            report.leave_out("node.memory", where, f"{total} MiB by its summary alone: {why}")
            return None
        report.leave_out(
            "a comparison of node.memory", where, f"the summary is believed alone: {modules.why}"
        )
    mebibytes = total if total is not None else modules.mebibytes
    if mebibytes is None:
        report.leave_out("node.memory", where, f"no usable total, and no sum of modules: {modules.why}")
        return None
    method = _SUMMARY if total is not None else f"sum of {_MODULES}"
    if total is not None and modules.mebibytes is not None:
        method += f", equal to the sum of {_MODULES}"
    memory = Memory(capacity_bytes=mebibytes * MIB)
    if system.virtual:
        report.leave_out(
            "node.memory.type, node.memory.ecc", where, "a virtual machine's modules are made up"
        )
    else:
        if modules.type is not None:
            memory.type = modules.type
            method += "; type: `MemoryDeviceType`"
        if modules.ecc is not None:
            memory.ecc = modules.ecc
            method += "; ecc: `ErrorCorrection`"
    memory.provenance.CopyFrom(provenance(method))
    return memory


def _total(system: System, report: Report) -> int | None:
    """Gives the total in MiB; nothing where there is none, or it is none that modules can have."""
    summary = system.resource.members.mapping("MemorySummary")
    gibibytes = summary.number("TotalSystemMemoryGiB") if summary is not None else None
    if summary is None or gibibytes is None:
        return None
    mebibytes = gibibytes * _GIB_IN_MIB
    if 0 < mebibytes <= INT64_MAX // MIB and mebibytes == mebibytes.to_integral_value():
        return int(mebibytes)
    why = f"{_shown(gibibytes)} GiB is no whole number of MiB above 0, as every sum of modules is"
    report.leave_out("TotalSystemMemoryGiB", summary.where, f"{why}; it may be in another unit")
    return None


def _shown(number: Decimal) -> str:
    return str(number)[:40]


def _modules(system: System, report: Report) -> _Modules:
    if not system.modules.stated:
        return _Modules(None, "it names no modules")
    if not system.modules.complete:
        return _Modules(None, "not all modules could be read", read=False)
    modules = [one for one in system.modules.resources if is_there(one.members, "a memory module")]
    main: list[Resource] = []
    for module in modules:
        owned = _owner(system, module)
        if owned is None:
            why = f"{module.place} belongs to a processor that could not be read"
            return _Modules(None, why, read=False)
        if owned:
            report.leave_out("a memory module", module.place, f"it is memory of a processor of type {owned}")
        else:
            main.append(module)
    return _sum(main)


def _owner(system: System, module: Resource) -> str | None:
    """Gives the type of the processor whose memory a module is, empty for main memory; None if unknown."""
    linked = system.tree.listed(module, "Links.Processors", "Processor")
    if linked.stated and not linked.complete:
        return None
    types = {one.members.text("ProcessorType") or "CPU" for one in linked.resources}
    others = sorted(types - {"CPU"})
    return clean(others[0], 40) or "?" if others else ""


def _sum(modules: list[Resource]) -> _Modules:
    total = 0
    types: set[str | None] = set()
    corrects: set[bool | None] = set()
    for module in modules:
        members = module.members
        size = members.whole("CapacityMiB", high=INT64_MAX // MIB)
        kind = members.text("MemoryType")
        if size is None:
            return _Modules(None, f"{module.place} states no capacity")
        if size == 0:
            continue  # an empty slot
        if kind not in (None, _DRAM):
            # Persistent memory may stand beside the main memory, be it, or hide the other behind it.
            return _Modules(None, f"{module.place} is {clean(kind, 40)}, which may be main memory or not")
        total += size
        types.add(_TYPES.get(members.text("MemoryDeviceType") or ""))
        corrects.add(_CORRECTS.get(members.text("ErrorCorrection") or ""))
    if not total or total > INT64_MAX // MIB:
        return _Modules(None, "its modules add up to nothing that can be stated")
    return _Modules(
        total,
        type=types.pop() if len(types) == 1 else None,
        ecc=corrects.pop() if len(corrects) == 1 else None,
    )
