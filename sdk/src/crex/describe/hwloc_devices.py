"""Devices of a machine that hwloc shows: GPUs, the links between them, and disks.

A GPU is a PCI function that a compute library names; all names of one function are one device. A function
that no library names may be a slice (a virtual function), so it is left out.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crex.describe.grouping import group
from crex.describe.hwloc_objects import SHOWN, Placed, Seen, read_kib
from crex.describe.machines import capped
from crex.describe.nvidia import is_slice_name
from crex.describe.pci import VIRTUAL_VENDORS
from crex.describe.plausible import can_have
from crex.describe.values import ESTIMATED, NOMINAL, clean, provenance, whole
from crex.registry.accelerators import maker
from crex.v1 import Accelerator, DeviceMemory, Fabric, PciId, StorageTier

_PCI_TYPE: Final = re.compile(
    r"([0-9a-f]{4}) \[([0-9a-f]{4}):([0-9a-f]{4})\](?: \[([0-9a-f]{4}):([0-9a-f]{4})\])?.*"
)
# Base class of display controllers, and class of processing accelerators (PCI Code and ID Assignment).
_DISPLAY: Final = "03"
_ACCELERATOR: Final = "1200"
_MODELS: Final = ("GPUModel", "LevelZeroModel")
_KINDS: Final = ("OpenCLDeviceType", "LevelZeroDeviceType")
_SIZES: Final = (
    "CUDAGlobalMemorySize",
    "RSMIVRAMSize",
    "LevelZeroHBMSize",
    "LevelZeroDDRSize",
    "LevelZeroMemorySize",
)
# A part of a device that Level Zero names beside the device, whose memory the device includes.
_PART: Final = "LevelZeroSubdeviceID"
# Libraries that name a device once, and a device that is cut once for each of its slices.
_ONCE: Final = re.compile(r"(cuda|nvml|rsmi|ze)[0-9]+")
_NVME: Final = re.compile(r"nvme[0-9]+n[0-9]+")

# Matrices of hwloc, and the links that they are of. All are of one direction, in MB/s; what stands on the
# diagonal is made up (hwloc documentation, "Distances"). Those of XGMI are 100 GB/s whatever the generation.
_NVLINK: Final = "NVLinkBandwidth"
_LINKS: Final = {_NVLINK: "nvlink", "XGMIBandwidth": "infinity-fabric", "XeLinkBandwidth": "xe-link"}
_BITS_PER_MEGABYTE: Final = 8 * 10**6
_MOST_LINKED: Final = 1024


def describe_gpus(seen: Seen) -> list[Accelerator]:
    """Describes the GPUs, and reports every device that may be one."""
    names: dict[int, list[Placed]] = {}
    for each in seen.of("OSDev"):
        infos = each.infos
        if _PART in infos or not any(infos.get(name) for name in _MODELS):
            continue
        if each.function is None:
            why = "it lies at no PCI function"
            seen.report.leave_out(f"node.accelerators: {clean(each.name, 40)}", seen.where, why)
        else:
            names.setdefault(id(each.function), []).append(each)
    devices: list[Accelerator] = []
    nameless: Counter[str] = Counter()
    for function in seen.of("PCIDev"):
        match = _PCI_TYPE.fullmatch(function.element.get("pci_type") or "")
        named = names.get(id(function.element))
        if named:
            device = _gpu(function, match, named, seen)
            devices += [device] if device is not None else []
        elif match and _may_compute(match[1]) and maker(match[2]) is not None:
            nameless[f"{match[2]}:{match[3]}"] += 1
    for identifiers, count in nameless.items():
        why = "no library names them; whether they are devices, displays or virtual functions is not known"
        seen.report.leave_out(f"node.accelerators: {count} PCI functions {identifiers}", seen.where, why)
    return capped(group(devices), "node.accelerators", seen.where, seen.report)


def _may_compute(code: str) -> bool:
    return code.startswith(_DISPLAY) or code == _ACCELERATOR


def _gpu(
    function: Placed, match: re.Match[str] | None, named: Sequence[Placed], seen: Seen
) -> Accelerator | None:
    place = f"{seen.where}: {clean(function.element.get('pci_busid'), 20)}"
    infos = [each.infos for each in named]
    vendor = maker(match[2]) if match else None
    models = {clean(each.get(name)) for each in infos for name in _MODELS} - {None}
    why = _why_not(named, infos, vendor, models)
    if why or match is None:
        seen.report.leave_out("node.accelerators", place, why or "its identifiers are not stated")
        return None
    pci = PciId(vendor=match[2], device=match[3])
    if match[4] and int(match[4], 16):  # zero is how a function says that it has no subsystem
        pci.subvendor, pci.subdevice = match[4], match[5]
    return Accelerator(
        accelerator_class="gpu",
        vendor=vendor,
        product=models.pop(),
        pci=pci,
        count=1,
        memory=_memory(infos, pci, place, seen),
        provenance=provenance(f"{SHOWN}: PCIDev, OSDev"),
    )


def _why_not(
    named: Sequence[Placed],
    infos: Sequence[Mapping[str, str]],
    vendor: str | None,
    models: set[str | None],
) -> str:
    """Says why a function is no GPU; nothing where it is one."""
    kinds = {each[name] for each in infos for name in _KINDS if name in each} - {"GPU"}
    if kinds:
        return f"a library says that it is of type {', '.join(sorted(kinds))[:60]}, no GPU"
    if any(is_slice_name(model or "") for model in models):
        return f"it is named {', '.join(sorted(map(str, models)))[:120]}, a slice of a device"
    libraries = Counter(match[1] for each in named if (match := _ONCE.fullmatch(each.name)))
    if any(count > 1 for count in libraries.values()):
        return "a library gives it several names: it is cut, and these are slices of it"
    return "" if vendor is not None and len(models) == 1 else "its maker or its name is not certain"


def _memory(infos: Sequence[Mapping[str, str]], pci: PciId, place: str, seen: Seen) -> DeviceMemory | None:
    sizes = {read_kib(each[name]) for each in infos for name in _SIZES if name in each}
    size = sizes.pop() if len(sizes) == 1 else None
    if size is None:
        why = "libraries differ in how much it has" if sizes else "no library says how much it has"
        seen.report.leave_out("node.accelerators.memory", place, why)
        return None
    if not can_have(pci, size, "node.accelerators.memory", place, seen.report):
        return None
    return DeviceMemory(capacity_bytes=size)


@dataclass(frozen=True, slots=True)
class _Matrix:
    """What the links between objects carry.

    Attributes:
        gpus: How many of the objects are GPUs; these are the first ones.
        rows: What links of each object carry to each other one, in MB/s.
    """

    gpus: int
    rows: tuple[tuple[int, ...], ...]

    def of(self, gpu: int) -> int:
        """Gives what all links of a GPU carry in one direction."""
        return sum(self.rows[gpu]) - self.rows[gpu][gpu]

    def between(self) -> set[int]:
        """Gives what pairs of GPUs carry between them."""
        return {self.rows[one][two] for one in range(self.gpus) for two in range(one)}


def describe_links(root: ET.Element, gpus: int, seen: Seen) -> list[Fabric]:
    """Describes the fabrics that join the GPUs.

    Args:
        root: The topology.
        gpus: The number of GPUs that are described.
        seen: The machine.
    """
    found: list[Fabric] = []
    for each in root:
        name = each.get("name") or ""
        if name not in _LINKS or each.tag not in ("distances2", "distances2hetero"):
            continue
        matrix = _matrix(each)
        if isinstance(matrix, str):
            seen.report.leave_out(f"node.fabrics: {name}", seen.where, matrix)
        elif not any(matrix.of(gpu) for gpu in range(matrix.gpus)):
            continue
        elif any(fabric.technology == _LINKS[name] for fabric in found):
            seen.report.contradict(f"node.fabrics: {name}", seen.where, "it is there twice; the first stands")
        else:
            found.append(_fabric(name, matrix, gpus, seen))
    return found


def _fabric(name: str, matrix: _Matrix, gpus: int, seen: Seen) -> Fabric:
    source = provenance(f"{SHOWN}: distances {name}")
    fabric = Fabric(technology=_LINKS[name], scope="node", provenance=source)
    rates = {matrix.of(gpu) for gpu in range(matrix.gpus)} - {0}
    if name != _NVLINK:
        why = "hwloc does not know it, or adds parts of a device to it"
        seen.report.leave_out(f"node.fabrics: rate of {name}", seen.where, why)
    elif len(rates) != 1:
        why = "it differs between the GPUs"
        seen.report.leave_out(f"node.fabrics: rate of {name}", seen.where, why)
    else:
        fabric.endpoint_bits_per_s = rates.pop() * _BITS_PER_MEGABYTE
    if matrix.gpus == gpus > 1 and len(matrix.between()) == 1 and 0 not in matrix.between():
        fabric.topology, fabric.domain_size = "all-to-all", gpus
    else:
        why = f"it does not say that each of {gpus} GPUs is joined to every other"
        seen.report.leave_out(f"node.fabrics: topology of {name}", seen.where, why)
    return fabric


def _matrix(element: ET.Element) -> _Matrix | str:
    """Reads a matrix of distances; or says why it is none."""
    indexes = " ".join(each.text or "" for each in element.findall("indexes")).split()
    values = [whole(each) for one in element.findall("u64values") for each in (one.text or "").split()]
    size = len(indexes)
    if not 0 < size <= _MOST_LINKED or whole(element.get("nbobjs")) != size or len(values) != size * size:
        return "its matrix is not of as many objects as it says"
    numbers = [value for value in values if value is not None]
    if len(numbers) < len(values):
        return "its matrix holds what is no number"
    rows = tuple(tuple(numbers[at : at + size]) for at in range(0, len(numbers), size))
    if any(rows[one][two] != rows[two][one] for one in range(size) for two in range(one)):
        return "its links carry more in one direction than in the other"
    # Objects of several types are written with them; else all are of the type of the matrix.
    types = [index.rpartition(":")[0] or element.get("type") for index in indexes]
    gpus = types.count("OSDev")
    if types[:gpus] != ["OSDev"] * gpus:
        return "its matrix does not begin with the GPUs"
    return _Matrix(gpus, rows)


def describe_disks(seen: Seen) -> list[StorageTier]:
    """Describes disks whose name tells their medium; others are reported."""
    found: list[StorageTier] = []
    for each in seen.of("OSDev"):
        infos = each.infos
        if "Size" not in infos:
            continue
        size = read_kib(infos["Size"])
        if _NVME.fullmatch(each.name) is None or size is None:
            why = "nothing tells its medium, or its size"
            seen.report.leave_out("node.storage", f"{seen.where}: {clean(each.name, 40)}", why)
            continue
        virtual = _vendor(each) in VIRTUAL_VENDORS
        found.append(
            StorageTier(
                medium="virtual-disk" if virtual else "nvme-ssd",
                capacity_bytes=size,
                count=1,
                provenance=provenance(
                    f"{SHOWN}: OSDev name, Size" + (", PCIDev" if virtual else ""),
                    NOMINAL if virtual else ESTIMATED,
                ),
            )
        )
    return capped(group(found), "node.storage", seen.where, seen.report)


def _vendor(disk: Placed) -> int | None:
    """Gives the maker of the PCI function that a disk hangs on; of a hypervisor's, the hypervisor."""
    text = disk.function.get("pci_type") if disk.function is not None else None
    match = _PCI_TYPE.fullmatch(text or "")
    return int(match[2], 16) if match else None


def report_network(seen: Seen) -> None:
    """Says which network devices there are: their rates hwloc does not know, nor what is a virtual one."""
    counts = {
        kind: sum(info in each.infos for each in seen.of("OSDev"))
        for kind, info in (("network interfaces", "Address"), ("RDMA devices", "NodeGUID"))
    }
    shown = " and ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    if shown:
        why = f"there are {shown}; neither their rates are stated, nor which of them are virtual functions"
        seen.report.leave_out("node.network", seen.where, why)
