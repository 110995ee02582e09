"""Machines as lstopo writes them: hwloc XML of versions 1 to 3.

An object is a Machine with everything below it. What hwloc writes in sizes is bytes for memory, and KiB for
devices (https://www.open-mpi.org/projects/hwloc/doc/). A topology is often restricted to what its caller may
use: CPUs that are offline or not allowed are no CPUs here, and then nothing is said of all cores.

Not read, on purpose: network cards, because nothing tells a virtual function from a card; rates of NVLink,
because nobody says in which direction; kinds of memory (`HBM` there is a guess); disks whose name does not
tell their medium.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from crex.describe.grouping import group
from crex.describe.importing import Draft, Import, Imported
from crex.describe.isa import isa_of_machine, x86_vendor
from crex.describe.policy import propose_name
from crex.describe.report import Report
from crex.describe.sources import Source, parse_xml
from crex.describe.values import ESTIMATED, clean, provenance, whole
from crex.registry.accelerators import maker
from crex.v1 import (
    Accelerator,
    ComputeResource,
    Cpu,
    DeviceMemory,
    Fabric,
    Memory,
    NodeClass,
    NumaDomain,
    PciId,
    Software,
    StorageTier,
)

_SHOWN: Final = "lstopo XML"
_MOST_OBJECTS: Final = 1_000_000
_MOST_CPUS: Final = 65536
_PACKAGES: Final = frozenset({"Package", "Socket"})
_PCI_TYPE: Final = re.compile(
    r"[0-9a-f]{4} \[([0-9a-f]{4}):([0-9a-f]{4})\](?: \[([0-9a-f]{4}):([0-9a-f]{4})\])?.*"
)
_SIZE: Final = re.compile(r"([0-9]{1,15})(?:KiB)?")
_MEMORY_INFOS: Final = ("CUDAGlobalMemorySize", "RSMIVRAMSize")
_NVME: Final = re.compile(r"nvme[0-9]+n[0-9]+")
_KIB: Final = 1024
# x86 processors with 64 bits: family, and the model of that family from which on all of them have.
_WIDE_FAMILIES: Final = {"AuthenticAMD": (15, 0), "HygonGenuine": (15, 0), "GenuineIntel": (6, 58)}


@dataclass(frozen=True, slots=True)
class Hwloc:
    """The importer of lstopo's XML."""

    name: str = "hwloc"
    about: str = "machines as lstopo writes them (hwloc XML)"
    commands: Sequence[Sequence[str]] = (("lstopo-no-graphics", "--of", "xml", "-"),)

    def read(self, sources: Sequence[Source]) -> Imported:
        """Reads topologies; a row is a machine."""
        books = Import()
        for source in sources:
            root, problem = (None, source.problem) if source.problem else parse_xml(source)
            if root is None or root.tag != "topology" or not list(machines(root)):
                books.leave_out(books.row(source.name), problem or "it is no topology of hwloc")
                continue
            for machine in machines(root):
                row = books.row(source.name)
                made = describe_topology(machine, root, row, books.report)
                if isinstance(made, str):
                    books.leave_out(row, made)
                else:
                    books.add(_draft(made, machine, root, row))
        return books.done()


def machines(root: ET.Element) -> Iterator[ET.Element]:
    """Gives the machines of a topology: one, but for clusters that version 1 could describe."""
    for each in root.iter("object"):
        if each.get("type") == "Machine":
            yield each


def describe_topology(machine: ET.Element, root: ET.Element, row: str, report: Report) -> NodeClass | str:
    """Describes a machine of a topology; or says why nothing can be stated of it.

    Args:
        machine: The object of type Machine.
        root: The whole topology.
        row: Its place.
        report: Takes what is not stated.
    """
    objects = list(machine.iter("object"))
    if len(objects) > _MOST_OBJECTS:
        return f"it has more than {_MOST_OBJECTS} objects"
    node = NodeClass()
    cpu = _cpu(machine, objects, {**_infos(root), **_infos(machine)}, row, report)
    if cpu is not None:
        node.cpu.CopyFrom(cpu)
    _memory(node, machine, objects, row, report)
    node.accelerators.extend(group(_gpus(machine, row, report)))
    node.storage.extend(group(_disks(objects, row, report)))
    links = root.iter("distances2hetero")
    if node.accelerators and any(each.get("name") == "NVLinkBandwidth" for each in links):
        source = provenance(f"{_SHOWN}: distances NVLinkBandwidth")
        node.fabrics.append(Fabric(technology="nvlink", scope="node", provenance=source))
    return node if node.ListFields() else "nothing of it can be stated"


def _draft(node: NodeClass, machine: ET.Element, root: ET.Element, row: str) -> Draft:
    infos = {**_infos(root), **_infos(machine)}
    shown = clean(" ".join(filter(None, (infos.get("DMISysVendor"), infos.get("DMIProductName")))))
    body = ComputeResource(kind="node-class", node=node, display_names={"en": shown} if shown else {})
    release = clean(infos.get("OSRelease"), 128)
    if infos.get("OSName") == "Linux" and release:
        body.software.append(Software(name="linux", version=release))
    name = infos.get("HostName") or PurePosixPath(row).name.partition(".")[0]
    return Draft(name=propose_name(name) or "machine", body=body, rows=(row,))


def _infos(element: ET.Element) -> dict[str, str]:
    return {each.get("name") or "": each.get("value") or "" for each in element.findall("info")}


def _cpu(
    machine: ET.Element, objects: Sequence[ET.Element], infos: Mapping[str, str], row: str, report: Report
) -> Cpu | None:
    units = [each for each in objects if each.get("type") == "PU"]
    present, allowed = (
        _set(machine.get("cpuset")),
        _set(machine.get("allowed_cpuset") or machine.get("cpuset")),
    )
    if present is None or allowed is None or not units:
        report.leave_out("node.cpu", row, "it names no CPUs, or in a form that cannot be read")
        return None
    listed = {whole(each.get("os_index")) for each in units}
    if listed != present:
        why = f"its set has {len(present)} CPUs, and {len(listed)} are listed"
        report.contradict("node.cpu", row, why)
        return None
    packages = [each for each in objects if each.get("type") in _PACKAGES]
    models = {tuple(sorted(_infos(each).items())) for each in packages}
    known = dict(next(iter(models))) if len(models) == 1 else {}
    isa, basis = _isa(infos, known)
    if isa is None:
        report.leave_out("node.cpu", row, "neither Architecture nor the processor tells the instruction set")
        return None
    usable = allowed & present
    if not usable:
        report.leave_out("node.cpu", row, "no CPU of it is allowed")
        return None
    cpu = Cpu(
        isa=isa,
        vendor=x86_vendor(known.get("CPUVendor")),
        model=clean(known.get("CPUModel")),
        schedulable_cpus=len(usable),
        provenance=provenance(f"{_SHOWN}: PU, Core, Package, Architecture", basis),
    )
    complete = _set(machine.get("complete_cpuset") or machine.get("cpuset"))
    if complete != present or present != usable:
        report.limit("node.cpu", row, "some CPUs are offline or not allowed; nothing is said of all cores")
    elif present != frozenset(range(len(present))):
        # The kernel numbers CPUs without gaps.
        report.limit(
            "node.cpu",
            row,
            "CPUs are missing between others: it was restricted; nothing is said of all cores",
        )
    else:
        _shape(cpu, packages, objects, len(units), row, report)
    return cpu


def _shape(
    cpu: Cpu,
    packages: Sequence[ET.Element],
    objects: Sequence[ET.Element],
    units: int,
    row: str,
    report: Report,
) -> None:
    cores = [each for each in objects if each.get("type") == "Core"]
    threads = [sum(one.get("type") == "PU" for one in core.iter("object")) for core in cores]
    if sum(threads) != units:
        report.leave_out("node.cpu.physicalCores", row, "not every CPU lies in a core")
        return
    cpu.physical_cores = len(cores)
    if packages:
        cpu.sockets = len(packages)
    if len(set(threads)) == 1:
        cpu.threads_per_core = threads[0]
    else:
        report.leave_out("node.cpu.threadsPerCore", row, "cores differ in their threads")


def _isa(infos: Mapping[str, str], known: Mapping[str, str]) -> tuple[str | None, str]:
    """Finds the instruction set: as the system names it, else by a processor that has one only."""
    stated = infos.get("Architecture")
    if stated:
        return isa_of_machine(stated), "nominal"
    vendor = known.get("CPUVendor", "")
    family, model = whole(known.get("CPUFamilyNumber")), whole(known.get("CPUModelNumber"))
    least = _WIDE_FAMILIES.get(vendor)
    if least is None or family is None or model is None or (family, model) < least:
        return None, ESTIMATED
    return "x86-64", ESTIMATED


def _memory(
    node: NodeClass, machine: ET.Element, objects: Sequence[ET.Element], row: str, report: Report
) -> None:
    """States the memory and its domains; nothing where a domain does not say how much it has."""
    domains = [each for each in objects if each.get("type") == "NUMANode"]
    holders = domains or [machine]
    sizes = [whole(each.get("local_memory"), low=0) for each in holders]
    stated = [size for size in sizes if size is not None]
    if len(stated) < len(sizes) or not sum(stated):
        report.leave_out("node.memory", row, "not every memory domain says how much it has")
    else:
        source = provenance(f"{_SHOWN}: local_memory")
        node.memory.CopyFrom(Memory(capacity_bytes=sum(stated), usable_bytes=sum(stated), provenance=source))
    told: set[int] = set()
    allowed = _set(machine.get("allowed_cpuset") or machine.get("cpuset")) or frozenset()
    made = []
    for domain, size in zip(domains, sizes, strict=False):
        near = ((_set(domain.get("cpuset")) or frozenset()) & allowed) - told
        told |= near
        made.append(
            NumaDomain(
                count=1,
                schedulable_cpus=len(near) if node.HasField("cpu") else None,
                memory_bytes=size if node.HasField("memory") else None,
                provenance=provenance(f"{_SHOWN}: NUMANode"),
            )
        )
    if node.HasField("cpu") or node.HasField("memory"):
        node.numa.extend(group(made))


def _gpus(machine: ET.Element, row: str, report: Report) -> Iterator[Accelerator]:
    """Gives GPUs: PCI functions that a compute library names; all names of one function are one device."""
    told: set[int] = set()
    for function in machine.iter("object"):
        if function.get("type") != "PCIDev":
            continue
        infos = [_infos(each) for each in function.iter("object") if each.get("type") == "OSDev"]
        named = [each for each in infos if each.get("GPUModel")]
        if not named:
            continue
        told |= {id(each) for each in function.iter("object")}
        device = _gpu(function, named, row, report)
        if device is not None:
            yield device
    for each in machine.iter("object"):
        if each.get("type") == "OSDev" and id(each) not in told and _infos(each).get("GPUModel"):
            report.leave_out(f"node.accelerators: {each.get('name')}", row, "it lies at no PCI function")


def _gpu(
    function: ET.Element, named: Sequence[Mapping[str, str]], row: str, report: Report
) -> Accelerator | None:
    place = f"{row}: {clean(function.get('pci_busid'), 20)}"
    match = _PCI_TYPE.fullmatch(function.get("pci_type") or "")
    vendor = maker(match[1]) if match else None
    models = {clean(each["GPUModel"]) for each in named} - {None}
    if match is None or vendor is None or len(models) != 1:
        report.leave_out("node.accelerators", place, "its maker or its name is not certain")
        return None
    sizes = {_kib(each[name]) for each in named for name in _MEMORY_INFOS if name in each}
    if len(sizes) != 1 or None in sizes:
        report.leave_out(
            "node.accelerators.memory", place, "no library, or more than one, says how much it has"
        )
        sizes = set()
    size = next(iter(sizes), None)
    return Accelerator(
        accelerator_class="gpu",
        vendor=vendor,
        product=models.pop(),
        pci=PciId(vendor=match[1], device=match[2], subvendor=match[3], subdevice=match[4]),
        count=1,
        memory=DeviceMemory(capacity_bytes=size) if size is not None else None,
        provenance=provenance(f"{_SHOWN}: PCIDev, OSDev"),
    )


def _kib(text: str) -> int | None:
    match = _SIZE.fullmatch(text)
    return int(match[1]) * _KIB if match and int(match[1]) else None


def _disks(objects: Sequence[ET.Element], row: str, report: Report) -> Iterator[StorageTier]:
    for each in objects:
        infos = _infos(each)
        if each.get("type") != "OSDev" or "Size" not in infos:
            continue
        name, size = each.get("name") or "", _kib(infos["Size"])
        if _NVME.fullmatch(name) is None or size is None:
            report.leave_out(
                "node.storage", f"{row}: {clean(name, 40)}", "nothing tells its medium, or its size"
            )
            continue
        source = provenance(f"{_SHOWN}: OSDev name, Size")
        yield StorageTier(medium="nvme-ssd", capacity_bytes=size, count=1, provenance=source)


def _set(text: str | None) -> frozenset[int] | None:
    """Reads a set of CPUs: words of 32 bits in hexadecimal, the highest first; an empty word is 0."""
    if text is None or not re.fullmatch(
        r"(?:0xf\.\.\.f,)?(?:(?:0x)?[0-9a-f]{0,8},)*(?:0x)?[0-9a-f]{1,8}", text
    ):
        return None
    words = text.split(",")
    if words[0] == "0xf...f" or len(words) * 32 > _MOST_CPUS:
        return None  # endless, or larger than any machine
    value = 0
    for word in words:
        value = value << 32 | int(word or "0", 16)
    return frozenset(bit for bit in range(value.bit_length()) if value >> bit & 1)


IMPORTER: Final = Hwloc()
