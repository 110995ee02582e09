"""The accelerators of a Redfish system: processors that are no CPUs, else PCIe functions that are known.

A graphics controller "can output video" (DSP0268, ComputerSystem.GraphicsControllers): it is no accelerator.
A core, a thread or a partition of a processor, and a virtual PCIe function, are never counted (DESC-COUNT-1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from crex.decimals.ranges import INT64_MAX
from crex.describe.grouping import group
from crex.describe.members import Members
from crex.describe.redfish_memory import MIB
from crex.describe.redfish_parts import System, is_there, maker, pci_class, pci_id, pci_maker
from crex.describe.redfish_tree import Resource
from crex.describe.report import Report
from crex.describe.values import ESTIMATED, NOMINAL, clean, provenance
from crex.v1 import Accelerator, DeviceMemory, PciId

# DSP0268, Processor.ProcessorType. DSP, Accelerator and OEM do not say what something is.
_CLASSES: Final = {"GPU": "gpu", "FPGA": "fpga"}
_PARTS: Final = frozenset({"Core", "Thread", "Partition"})
_CPU: Final = "CPU"
# DSP0268, Processor.ProcessorMemory.MemoryType; those named otherwise here have no token.
_TYPES: Final = {
    "DDR2": "ddr2",
    "DDR3": "ddr3",
    "DDR4": "ddr4",
    "DDR5": "ddr5",
    "GDDR5": "gddr5",
    "GDDR5X": "gddr5x",
    "GDDR6": "gddr6",
    "GDDR7": "gddr7",
    "HBM1": "hbm",
    "HBM2": "hbm2",
    "HBM2E": "hbm2e",
    "HBM3": "hbm3",
}
# DSP0268, PCIeFunction.DeviceClass: what accelerators are among.
_DEVICE_CLASSES: Final = frozenset({"DisplayController", "ProcessingAccelerators", "Coprocessor"})
_VIRTUAL: Final = "Virtual"


@dataclass(frozen=True, slots=True)
class _Identity:
    """The PCIe identifiers of a device, and what they tell of it."""

    pci: PciId | None = None

    @property
    def vendor(self) -> str | None:
        return pci_maker(self.pci) if self.pci is not None else None

    @property
    def accelerator_class(self) -> str | None:
        return pci_class(self.pci) if self.pci is not None else None

    @property
    def text(self) -> str | None:
        return f"PCI {self.pci.vendor}:{self.pci.device}" if self.pci is not None else None


def describe_accelerators(system: System, report: Report) -> list[Accelerator]:
    """Describes the accelerators, one element per distinct kind."""
    devices = [
        one
        for one in system.processors.resources
        if one.members.text("ProcessorType") not in (None, _CPU) and is_there(one.members, "a processor")
    ]
    if devices and system.virtual:
        why = "a virtual machine's devices may be slices, and nothing tells"
        report.leave_out(f"{len(devices)} accelerators", system.resource.place, why)
        return []
    found: list[Accelerator] = []
    for device in devices:
        described = _processor(system, device, report)
        if described is not None:
            found.append(described)
    others = _on_bus(system, report)
    if others and (devices or not system.processors.complete):
        # They may be the same devices once more.
        why = "whether they are processors of this system, or others, is not said"
        report.leave_out(f"{len(others)} accelerators on PCIe", system.resource.place, why)
        others = []
    return group([*found, *others])


def _processor(system: System, device: Resource, report: Report) -> Accelerator | None:
    members = device.members
    kind = members.text("ProcessorType") or ""
    if kind in _PARTS:
        report.leave_out("a processor", device.place, f"it is a {kind.lower()} of a processor, never counted")
        return None
    identity = _Identity(_linked_id(system, device, report))
    class_ = _CLASSES.get(kind) or identity.accelerator_class
    if class_ is None:
        why = f"its type is {clean(kind, 40)!r}, which does not say what it is"
        report.leave_out("an accelerator", device.place, why)
        return None
    name = clean(members.text("Manufacturer"), 64)
    by_name = maker(name)
    if by_name and identity.vendor and by_name != identity.vendor:
        report.contradict(
            "vendor of an accelerator",
            device.place,
            f"`Manufacturer` says {name!r}, its PCIe identifiers {identity.vendor}; the latter is believed",
        )
    vendor = identity.vendor or by_name
    if vendor is None:
        why = f"{name!r} is a maker without a token" if name else "it names no maker"
        report.leave_out("an accelerator", device.place, why)
        return None
    product = clean(members.text("Model")) or identity.text
    if product is None:
        report.leave_out("an accelerator", device.place, "it states no model, and no PCIe identifiers")
        return None
    found = Accelerator(
        accelerator_class=class_,
        vendor=vendor,
        product=product,
        count=1,
        provenance=provenance(
            "Processor: `ProcessorType`, `Manufacturer`, `Model`, `MemorySummary`, `ProcessorMemory`"
            + ("; identifiers: PCIeFunction" if identity.pci is not None else ""),
            NOMINAL if kind in _CLASSES else ESTIMATED,
        ),
    )
    if identity.pci is not None:
        found.pci.CopyFrom(identity.pci)
    memory = _memory(device, report)
    if memory is not None:
        found.memory.CopyFrom(memory)
    return found


def _linked_id(system: System, device: Resource, report: Report) -> PciId | None:
    """Gives the identifiers of the PCIe functions that a processor links to, where they are of one kind."""
    tree = system.tree
    functions = list(tree.listed(device, "Links.PCIeFunctions", "PCIeFunction").resources)
    if not functions:
        for pcie in tree.one(device, "Links.PCIeDevice", "PCIeDevice").resources:
            functions.extend(tree.listed(pcie, "PCIeFunctions", "PCIeFunction").resources)
    found: dict[bytes, PciId] = {}
    for function in functions:
        class_ = function.members.text("DeviceClass")
        if function.members.text("FunctionType") != _VIRTUAL and class_ in {None, *_DEVICE_CLASSES}:
            pci = pci_id(function.members)
            if pci is not None:
                found.setdefault(pci.SerializeToString(deterministic=True), pci)
    if len(found) > 1:
        report.leave_out("PCIe identifiers", device.place, "it is linked to functions of several kinds")
    return next(iter(found.values())) if len(found) == 1 else None


def _memory(device: Resource, report: Report) -> DeviceMemory | None:
    """Reads the memory of a device: a total, and what its parts add up to as a second source."""
    summary = device.members.mapping("MemorySummary")
    high = INT64_MAX // MIB
    total = summary.whole("TotalMemorySizeMiB", low=1, high=high) if summary is not None else None
    parts = [one for one in device.members.mappings("ProcessorMemory") if not _is_cache(one)]
    sizes = [one.whole("CapacityMiB", low=1, high=high) for one in parts]
    known = [size for size in sizes if size is not None]
    added = sum(known) if known and len(known) == len(parts) else None
    if total is not None and added is not None and total != added:
        why = f"`TotalMemorySizeMiB` says {total}, its parts add up to {added}; neither is stated"
        report.contradict("memory of an accelerator", device.place, why)
        return None
    capacity = total if total is not None else added
    if capacity is None or capacity > high:
        report.leave_out("memory of an accelerator", device.place, "it states none that can be counted")
        return None
    memory = DeviceMemory(capacity_bytes=capacity * MIB)
    types = {_TYPES.get(one.text("MemoryType") or "") for one in parts}
    only = types.pop() if len(types) == 1 else None
    if only is not None:
        memory.type = only
    corrects = summary.flag("ECCModeEnabled") if summary is not None else None
    if corrects is not None:
        memory.ecc = corrects
    return memory


def _is_cache(part: Members) -> bool:
    return (part.text("MemoryType") or "").endswith("Cache")


def _on_bus(system: System, report: Report) -> list[Accelerator]:
    """Describes PCIe devices of which the identifiers are those of an accelerator, each once."""
    found: dict[str, Accelerator] = {}
    for function in system.functions.resources:
        members = function.members
        class_ = members.text("DeviceClass")
        if class_ not in _DEVICE_CLASSES or not is_there(members, "a PCIe function"):
            continue
        if members.text("FunctionType") == _VIRTUAL:
            report.leave_out("a PCIe function", function.place, "it is a slice (SR-IOV) of a device")
            continue
        identity = _Identity(pci_id(members))
        kind, vendor = identity.accelerator_class, identity.vendor
        if kind is None or vendor is None or identity.pci is None or system.virtual:
            why = f"{identity.text or 'it states no identifiers'}: nothing says what it computes"
            report.leave_out(f"a {class_}", function.place, why)
            continue
        found[system.devices.get(function.place, function.place)] = Accelerator(
            accelerator_class=kind,
            vendor=vendor,
            product=identity.text,
            pci=identity.pci,
            count=1,
            provenance=provenance("PCIeFunction: `VendorId`, `DeviceId`; class: registry", ESTIMATED),
        )
    return list(found.values())
