"""Accelerators: NVIDIA devices as nvidia-smi states them, others as the PCI bus and their drivers do.

A rate is never stated here: no host knows the peak rates of its devices, and a measured one is a benchmark.
The product's name is display text; form factor and rates hidden in it are not taken out of it (ten traps, 5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crex.describe import pci
from crex.describe.grouping import group
from crex.describe.machine import Machine
from crex.describe.nvidia import NvidiaDevices, read_nvidia
from crex.describe.pci import PciFunction
from crex.describe.report import Report
from crex.describe.surroundings import Surroundings
from crex.describe.values import ESTIMATED, clean, provenance, whole
from crex.v1 import Accelerator, DeviceMemory

_DISPLAY, _ACCELERATOR = 0x03, 0x1200
_VGA = 0x0300
_NVIDIA, _INTEL = 0x10DE, 0x8086
# Drivers of a hypervisor's host: the device is given to a guest as it is.
_HANDED_ON = frozenset({"vfio-pci", "pci-stub", "xen-pciback"})

# Makers by PCI vendor identifier (https://pci-ids.ucw.cz), with what their devices of a base class are. That
# somebody's display controller is a GPU is inferred, so such an element's basis is `estimated`.
_MAKERS: dict[tuple[int, int], tuple[str, str]] = {
    (0x03, _NVIDIA): ("nvidia", "gpu"),
    (0x03, 0x1002): ("amd", "gpu"),
    (0x03, _INTEL): ("intel", "gpu"),
    (0x03, 0x1D94): ("hygon", "dcu"),
    (0x03, 0x1E3E): ("iluvatar", "gpu"),
    (0x03, 0x1ED5): ("moore-threads", "gpu"),
    (0x03, 0x9999): ("metax", "gpu"),
    (0x12, 0x1002): ("amd", "gpu"),
    (0x12, 0x10EE): ("amd", "fpga"),
    (0x12, 0x19E5): ("huawei", "npu"),
    (0x12, 0x1D22): ("kunlunxin", "npu"),
    (0x12, 0x1DA3): ("intel", "npu"),
    (0x12, 0x1E36): ("enflame", "npu"),
    (0x12, 0xCABC): ("cambricon", "npu"),
}
# Makers of small displays for management processors: Cirrus, Matrox, Silicon Motion, Huawei, ASPEED.
_CONSOLES = frozenset({0x1013, 0x102B, 0x126F, 0x19E5, 0x1A03})


@dataclass(frozen=True, slots=True)
class Found:
    """Accelerators of a node.

    Attributes:
        elements: One per distinct kind.
        complete: Whether nothing else that could be one is there.
        driver: Version of the NVIDIA driver; nothing if there is none.
    """

    elements: tuple[Accelerator, ...]
    complete: bool
    driver: str | None


def describe_accelerators(machine: Machine, around: Surroundings, report: Report) -> Found:
    """Describes the accelerators that work on this node can use."""
    nvidia = read_nvidia(machine, around.contained, report)
    if around.contained:
        report.leave_out(
            "other accelerators", pci.FOLDER, "in a container the PCI bus shows what belongs to the host"
        )
        return Found(tuple(group(nvidia.devices)), False, nvidia.driver)
    functions = pci.read_functions(machine)
    others, complete = _on_bus(machine, functions, nvidia, report)
    complete = complete and nvidia.complete and bool(functions) and not _off_bus(machine, report)
    return Found(tuple(group((*nvidia.devices, *others))), complete, nvidia.driver)


def _on_bus(
    machine: Machine, functions: tuple[PciFunction, ...], nvidia: NvidiaDevices, report: Report
) -> tuple[list[Accelerator], bool]:
    found: list[Accelerator] = []
    complete = True
    for function in functions:
        if function.class_code is None:
            report.leave_out(f"PCI function {function.address}", function.folder, "its class is not readable")
            complete = False
            continue
        if not _may_compute(function) or function.address in nvidia.addresses:
            continue
        refusal, settles = _refusal(function)
        if refusal:
            report.leave_out(f"PCI function {function.address}", function.folder, refusal)
            complete = complete and settles
            continue
        if function.vendor == _NVIDIA and nvidia.present:
            report.contradict(
                f"PCI function {function.address}",
                "nvidia-smi",
                "it does not name this device, which the bus has",
            )
        device = _by_identifiers(machine, function, report)
        if device is not None:
            found.append(device)
    return found, complete


def _may_compute(function: PciFunction) -> bool:
    code = function.class_code or 0
    return code >> 8 == _DISPLAY or code == _ACCELERATOR


def _refusal(function: PciFunction) -> tuple[str, bool]:
    """Says why a device is no accelerator of this node, and whether that is certain; nothing if it is one."""
    base = (function.class_code or 0) >> 8
    if function.slice_of:
        return f"a slice (SR-IOV) of {function.slice_of}, which is counted", True
    if base == _DISPLAY and function.vendor in _CONSOLES | pci.VIRTUAL_VENDORS:
        return "the display of a management processor or a hypervisor; it computes nothing", True
    if function.vendor == _INTEL and function.class_code == _VGA:
        return (
            "an Intel display controller; identifiers do not tell a card from graphics inside a processor",
            False,
        )
    if (base, function.vendor or 0) not in _MAKERS or function.id() is None:
        vendor = f"{function.vendor:04x}" if function.vendor is not None else "unknown"
        return (
            f"nothing says what a device of vendor {vendor} and class {function.class_code:04x} computes",
            False,
        )
    return "", True


def _by_identifiers(machine: Machine, function: PciFunction, report: Report) -> Accelerator | None:
    """Describes a device by its identifiers, and by its driver's files where it has any."""
    vendor, kind = _MAKERS[(function.class_code or 0) >> 8, function.vendor or 0]
    name, source = _product(machine, function)
    device = Accelerator(accelerator_class=kind, vendor=vendor, product=name, pci=function.id(), count=1)
    capacity = whole(machine.text(f"{function.folder}/mem_info_vram_total"), low=1)
    missing = f"{function.folder}, driver {function.driver or 'none'}"
    if capacity is not None:
        device.memory.CopyFrom(DeviceMemory(capacity_bytes=capacity))
        source += ", mem_info_vram_total"
    else:
        report.leave_out(
            f"memory of PCI function {function.address}", missing, "neither bus nor driver states it"
        )
    if function.driver in _HANDED_ON:
        report.leave_out(
            f"all but identifiers of PCI function {function.address}",
            missing,
            "it is kept for a guest of this host",
        )
    device.provenance.CopyFrom(provenance(source, ESTIMATED))
    return device


def _product(machine: Machine, function: PciFunction) -> tuple[str, str]:
    """Gives the name that a driver states, or else the identifiers as text (DESC-ACCEL-2)."""
    information = machine.text(f"/proc/driver/nvidia/gpus/{function.address}/information") or ""
    match = re.search(r"^Model:\s*(\S.*)$", information, re.MULTILINE)
    for text, source in (
        (match[1] if match else None, "/proc/driver/nvidia/gpus/*/information"),
        (machine.text(f"{function.folder}/product_name"), f"{pci.FOLDER}/*/product_name"),
    ):
        name = clean(text)
        if name and name != "N/A":
            return name, f"identifiers: {pci.FOLDER}; product: {source}"
    return f"PCI {function.vendor or 0:04x}:{function.device or 0:04x}", f"identifiers: {pci.FOLDER}"


def _off_bus(machine: Machine, report: Report) -> bool:
    """Tells whether there are accelerators that hang on no PCI bus, such as those inside an Arm chip."""
    found = False
    for folder, pattern in (("/sys/class/drm", r"card[0-9]+"), ("/sys/class/accel", r"accel[0-9]+")):
        for name in machine.entries(folder):
            if re.fullmatch(pattern, name) is None:
                continue
            place = machine.resolve(f"{folder}/{name}")
            if "/pci" not in place:
                report.leave_out(
                    f"device {name}", f"{folder}/{name}", "it hangs on no PCI bus; nothing says what it is"
                )
                found = True
    return found
