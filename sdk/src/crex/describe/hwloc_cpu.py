"""Processors and memory of a machine that hwloc shows.

hwloc often shows what its caller may use only: CPUs and domains of memory that are offline, hidden or not
allowed are none here, and then nothing is said of all cores.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Final

from crex.describe.grouping import group
from crex.describe.hwloc_objects import SHOWN, Placed, Seen, infos_of, read_kib, read_set
from crex.describe.isa import arm_vendor, isa_of_machine, x86_vendor
from crex.describe.machines import capped
from crex.describe.values import ESTIMATED, NOMINAL, clean, hexadecimal, provenance, token, whole
from crex.registry.files import load
from crex.v1 import Cpu, Memory, NodeClass, NumaDomain

_PACKAGES: Final = ("Package", "Socket")
# x86 processors of which every one has 64 bits, for where the architecture is not named: by maker and family,
# the first such model. Intel's families 31 and 32 are Itanium.
_WIDE: Final[dict[str, dict[int, int]]] = {
    "AuthenticAMD": dict.fromkeys(range(16, 27), 0),
    "HygonGenuine": {24: 0},
    "GenuineIntel": {6: 58, 18: 0, 19: 0},
}
_GPU_MEMORY: Final = frozenset({"GPUMemory", "CXL-GPUMemory"})


def describe_cpu(seen: Seen) -> Cpu | None:
    """Describes the processors; nothing where their CPUs or their instruction set are not certain."""
    where, report = seen.where, seen.report
    units = seen.of("PU")
    present, allowed = seen.set("cpuset"), seen.set("allowed_cpuset", "cpuset")
    online = seen.set("online_cpuset", "cpuset")  # version 1 only
    if present is None or allowed is None or online is None or not units:
        report.leave_out("node.cpu", where, "it names no CPUs, or in a form that cannot be read")
        return None
    listed = {whole(each.element.get("os_index")) for each in units}
    if listed != present or len(units) != len(present):
        why = f"its set has {len(present)} CPUs, and {len(units)} are listed"
        report.contradict("node.cpu", where, why)
        return None
    usable = present & allowed & online
    if not usable:
        report.leave_out("node.cpu", where, "no CPU of it is allowed")
        return None
    known = _processor(seen)
    isa, basis = _isa(seen.infos, known)
    if isa is None:
        why = "neither Architecture nor the processor tells the instruction set"
        report.leave_out("node.cpu", where, why)
        return None
    cpu = Cpu(
        isa=isa,
        vendor=x86_vendor(known.get("CPUVendor")) or arm_vendor(hexadecimal(known.get("CPUImplementer"))),
        model=clean(known.get("CPUModel")),
        schedulable_cpus=len(usable),
        base_mhz=_base_mhz(seen, usable),
        provenance=provenance(f"{SHOWN}: PU, Core, Package, Architecture", basis),
    )
    if cpu.HasField("base_mhz"):
        cpu.provenance.method += "; cpukind"
    if seen.set("complete_cpuset", "cpuset") != present or present != usable:
        why = "some CPUs are offline or not allowed; nothing is said of all cores"
        report.limit("node.cpu", where, why)
    elif present != frozenset(range(len(present))):
        # The kernel numbers CPUs without gaps.
        why = "CPUs are missing between others: it was restricted; nothing is said of all cores"
        report.limit("node.cpu", where, why)
    else:
        _set_shape(cpu, units, seen)
    return cpu


def _processor(seen: Seen) -> dict[str, str]:
    """Gives what is said of every package alike; of the machine, where there is no package."""
    packages = [each.infos for each in seen.of(*_PACKAGES)] or [dict(seen.infos)]
    told = [{name: text for name, text in each.items() if name.startswith("CPU")} for each in packages]
    alike = {name: text for name, text in told[0].items() if all(one.get(name) == text for one in told)}
    if differ := sorted({name for one in told for name in one} - alike.keys()):
        why = f"the packages differ in {', '.join(differ)[:200]}, which is not stated"
        seen.report.leave_out("node.cpu", seen.where, why)
    return alike


def _isa(infos: Mapping[str, str], known: Mapping[str, str]) -> tuple[str | None, str]:
    """Finds the instruction set: as the system names it, else by a processor that has one only."""
    if stated := infos.get("Architecture"):
        return isa_of_machine(stated), NOMINAL
    family, model = whole(known.get("CPUFamilyNumber")), whole(known.get("CPUModelNumber"))
    least = _WIDE.get(known.get("CPUVendor", ""), {}).get(family if family is not None else -1)
    wide = least is not None and model is not None and model >= least
    return ("x86-64" if wide else None), ESTIMATED


def _base_mhz(seen: Seen, usable: frozenset[int]) -> int | None:
    """Gives the base clock where every CPU has the same."""
    clocks: set[int | None] = set()
    told: set[int] = set()
    for kind in seen.kinds:
        cpus = read_set(kind.get("cpuset")) or frozenset()
        told |= cpus
        if cpus & usable:
            clocks.add(whole(infos_of(kind).get("FrequencyBaseMHz"), low=1, high=20_000))
    if None in clocks or not clocks or not usable <= told:
        return None
    if len(clocks) > 1:
        seen.report.leave_out("node.cpu.baseMhz", seen.where, "its CPUs differ in their base clock")
        return None
    return clocks.pop()


def _set_shape(cpu: Cpu, units: Sequence[Placed], seen: Seen) -> None:
    """States sockets, cores and threads of a whole machine."""
    threads: dict[int, int] = {}
    for unit in units:
        if unit.core is not None:
            threads[id(unit.core)] = threads.get(id(unit.core), 0) + 1
    if sum(threads.values()) != len(units) or len(threads) != len(seen.of("Core")):
        why = "not every CPU lies in a core, or not every core has one"
        seen.report.leave_out("node.cpu.physicalCores", seen.where, why)
        return
    cpu.physical_cores = len(threads)
    if packages := len(seen.of(*_PACKAGES)):
        cpu.sockets = packages
    if len(set(threads.values())) == 1:
        (cpu.threads_per_core,) = set(threads.values())
    else:
        seen.report.leave_out("node.cpu.threadsPerCore", seen.where, "cores differ in their threads")


def set_memory(node: NodeClass, seen: Seen) -> None:
    """States the memory and its domains; no capacity where a domain does not say how much it has."""
    domains = [each for each in seen.of("NUMANode") if not _is_of_gpu(each, seen)]
    # Without domains, version 1 states memory on the machine.
    holders = [each.element for each in domains] if seen.of("NUMANode") else [seen.machine]
    sizes = [_size(each, seen) for each in holders]
    stated = [size for size in sizes if size is not None]
    if len(stated) < len(sizes) or not sum(stated):
        seen.report.leave_out("node.memory", seen.where, "not every memory domain says how much it has")
    else:
        usable = _usable(holders, stated, seen)
        memory = Memory(capacity_bytes=sum(stated), provenance=provenance(f"{SHOWN}: local_memory"))
        memory.usable_bytes = usable
        _set_type(memory, seen)
        node.memory.CopyFrom(memory)
    if node.HasField("cpu") or node.HasField("memory"):
        known = sizes if node.HasField("memory") else [None] * len(sizes)
        node.numa.extend(_domains(node, domains, known, seen))


def _size(holder: ET.Element, seen: Seen) -> int | None:
    """Gives the memory of a domain; nothing where its pages alone would be more."""
    size = whole(holder.get("local_memory"))
    pages = [(whole(each.get("size")), whole(each.get("count"))) for each in holder.findall("page_type")]
    held = sum(each * count for each, count in pages if each is not None and count is not None)
    if size is not None and held > size:
        why = f"a domain has {size} bytes, and pages of {held}; none is stated"
        seen.report.contradict("node.memory", seen.where, why)
        return None
    return size


def _is_of_gpu(domain: Placed, seen: Seen) -> bool:
    """Tells whether a domain is the memory of a GPU, which is the device's and no main memory."""
    if domain.element.get("subtype") not in _GPU_MEMORY and "PCIBusID" not in domain.infos:
        return False
    place = clean(domain.infos.get("PCIBusID"), 20) or "a GPU"
    why = f"it is the memory of {place}, which is no main memory"
    seen.report.leave_out(f"memory domain {_index(domain)}", seen.where, why)
    return True


def _index(domain: Placed) -> str:
    return clean(domain.element.get("os_index"), 10) or "without a number"


def _usable(holders: Sequence[ET.Element], sizes: Sequence[int], seen: Seen) -> int:
    """Gives the memory of the domains that are allowed, and reports those that are not, or are hidden."""
    there, all_of_it = seen.set("nodeset"), seen.set("complete_nodeset", "nodeset")
    allowed = seen.set("allowed_nodeset", "nodeset")
    if there != all_of_it:
        why = "some memory domains are hidden; the memory of the others is stated"
        seen.report.limit("node.memory", seen.where, why)
    if allowed is None or there is None or allowed >= there:
        return sum(sizes)
    seen.report.limit("node.memory.usableBytes", seen.where, "some memory domains are not allowed")
    return sum(
        size for holder, size in zip(holders, sizes, strict=True) if whole(holder.get("os_index")) in allowed
    )


def _set_type(memory: Memory, seen: Seen) -> None:
    """States the type of the memory, where the firmware lists its modules and they make up all of it."""
    modules = [each.infos for each in seen.of("Misc") if each.element.get("subtype") == "MemoryModule"]
    if not modules:
        return
    sizes = [read_kib(each.get("Size")) for each in modules]
    stated = [size for size in sizes if size is not None]
    if len(stated) < len(sizes):
        why = "not every memory module says how much it holds"
        seen.report.leave_out("node.memory.type", seen.where, why)
        return
    if sum(stated) < memory.capacity_bytes:
        why = (
            f"its domains have {memory.capacity_bytes} bytes, and its modules {sum(stated)}; the former stand"
        )
        seen.report.contradict("node.memory", seen.where, why)
        return
    types = {token(each.get("Type")) for each in modules}
    kind = types.pop() if len(types) == 1 else None
    if kind is None or kind not in load("memory-types"):
        why = "its modules are of no type that is registered, or of several"
        seen.report.leave_out("node.memory.type", seen.where, why)
        return
    memory.type = kind
    memory.provenance.method += "; MemoryModule"


def _domains(
    node: NodeClass, domains: Sequence[Placed], sizes: Sequence[int | None], seen: Seen
) -> list[NumaDomain]:
    """Describes domains of memory; CPUs that are near to several are told with the first."""
    usable = seen.set("allowed_cpuset", "cpuset") or frozenset()
    usable &= seen.set("online_cpuset", "cpuset") or frozenset()
    told: set[int] = set()
    made: list[NumaDomain] = []
    guessed: set[str] = set()
    for domain, size in zip(domains, sizes, strict=False):
        near = ((read_set(domain.element.get("cpuset")) or frozenset()) & usable) - told
        told |= near
        guessed.update(filter(None, (clean(domain.element.get("subtype"), 20),)))
        made.append(
            NumaDomain(
                count=1,
                schedulable_cpus=len(near) if node.HasField("cpu") else None,
                memory_bytes=size,
                provenance=provenance(f"{SHOWN}: NUMANode"),
            )
        )
    if guessed:
        why = (
            f"hwloc guesses that there is {', '.join(sorted(guessed))[:100]}; kinds of memory are not stated"
        )
        seen.report.leave_out("node.numa.memoryType", seen.where, why)
    return capped(group(made), "node.numa", seen.where, seen.report)
