"""PCI functions by their identifiers: class, vendor, device, subsystem, and who drives them."""

from __future__ import annotations

from dataclasses import dataclass

from crex.describe.machine import Machine
from crex.describe.values import hexadecimal
from crex.v1 import PciId

FOLDER = "/sys/bus/pci/devices"
_MOST_FUNCTIONS = 8192

# Vendors of devices that only hypervisors have: a disk or card of theirs is not hardware of this node.
VIRTUAL_VENDORS = frozenset({0x1AF4, 0x1B36, 0x15AD, 0x1414, 0x80EE, 0x1234, 0x5853, 0x1AE0, 0x1D0F, 0x1AB8})


@dataclass(frozen=True, slots=True)
class PciFunction:
    """One function of a PCI device.

    Attributes:
        address: `domain:bus:device.function`.
        class_code: Base class and subclass, 0x0302 for a 3D controller; nothing if it is not readable.
        vendor: Vendor identifier; nothing if it is not readable.
        device: Device identifier; nothing if it is not readable.
        subvendor: Subsystem vendor; nothing where there is none.
        subdevice: Subsystem device; nothing where there is none.
        driver: Kernel driver that is bound; empty if none is.
        slice_of: Address of the physical function of which this is an SR-IOV slice; empty for a whole one.
    """

    address: str
    class_code: int | None
    vendor: int | None
    device: int | None
    subvendor: int | None
    subdevice: int | None
    driver: str
    slice_of: str

    @property
    def folder(self) -> str:
        """Folder of the function in sysfs."""
        return f"{FOLDER}/{self.address}"

    def id(self) -> PciId | None:
        """Gives the identifiers as a message; nothing where vendor or device are not known."""
        if self.vendor is None or self.device is None:
            return None
        pci = PciId(vendor=f"{self.vendor:04x}", device=f"{self.device:04x}")
        if self.subvendor is not None and self.subdevice is not None:
            pci.subvendor, pci.subdevice = f"{self.subvendor:04x}", f"{self.subdevice:04x}"
        return pci


def read_functions(machine: Machine) -> tuple[PciFunction, ...]:
    """Lists the PCI functions of the machine; none where there is no PCI bus, or it is hidden."""
    return tuple(_function(machine, address) for address in machine.entries(FOLDER)[:_MOST_FUNCTIONS])


def vendor_of(machine: Machine, folder: str) -> int | None:
    """Gives the vendor of the PCI function that a device in sysfs hangs on; nothing if there is none."""
    steps = machine.resolve(folder).split("/")
    for length in range(len(steps), 3, -1):
        vendor = "/".join([*steps[:length], "vendor"])
        # Disks and virtio devices have a `vendor` of their own; only PCI functions have a class beside it.
        if machine.exists("/".join([*steps[:length], "class"])) and machine.exists(vendor):
            return _identifier(machine.text(vendor))
    return None


def _function(machine: Machine, address: str) -> PciFunction:
    folder = f"{FOLDER}/{address}"
    code = hexadecimal(machine.text(f"{folder}/class"))
    subvendor, subdevice = (
        _identifier(machine.text(f"{folder}/{name}")) for name in ("subsystem_vendor", "subsystem_device")
    )
    return PciFunction(
        address=address,
        class_code=code >> 8 if code is not None and code <= 0xFF_FFFF else None,
        vendor=_identifier(machine.text(f"{folder}/vendor")),
        device=_identifier(machine.text(f"{folder}/device")),
        subvendor=subvendor or None,  # 0000 is how a function says that it has no subsystem
        subdevice=subdevice if subvendor else None,
        driver=(machine.link(f"{folder}/driver") or "").rpartition("/")[2],
        slice_of=(machine.link(f"{folder}/physfn") or "").rpartition("/")[2],
    )


def _identifier(text: str | None) -> int | None:
    value = hexadecimal(text)
    return value if value is not None and value < 0xFFFF else None
