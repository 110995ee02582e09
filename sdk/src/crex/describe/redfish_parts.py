"""What every part of a Redfish system has in common: whether it is there, and who made it.

Sources: DSP0268 (Redfish Data Model Specification), "Status", and the schemas of the resources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from crex import registry
from crex.describe.members import Members
from crex.describe.redfish_tree import Linked, Resource, Tree
from crex.describe.report import Report
from crex.describe.values import clean, hexadecimal
from crex.registry import accelerators
from crex.v1 import PciId

# DSP0268, Status.State. StandbyOffline: "is enabled but awaits an external action to activate it", as the
# parts of a machine that is switched off are. A part without a state is there: its service lists it.
_THERE: Final = frozenset({"Enabled", "StandbyOffline"})
_ABSENT: Final = "Absent"
# Legal forms and marks that makers write behind or within their names.
_MARKS: Final = re.compile(r"\((?:r|tm|c)\)|[®™©]")
_FORMS: Final = frozenset(
    {"ag", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated", "limited", "llc", "ltd"}
)
_OTHER_NAMES: Final = {
    "advanced-micro-devices": "amd",
    "advanced-micro-devices-amd-ati": "amd",
    "amd-xilinx": "amd",
    "ampere-computing": "ampere",
    "huawei-technologies": "huawei",
    "hygon-information-technology": "hygon",
    "international-business-machines": "ibm",
    "phytium-technology": "phytium",
    "xilinx": "amd",
}


@dataclass(frozen=True, slots=True)
class System:
    """A system with what it links to.

    Attributes:
        resource: The ComputerSystem.
        tree: Where its parts are.
        virtual: Whether it is a virtual machine.
        processors: Its processors, and other things that compute.
        modules: Its memory modules.
        storage: Its storage subsystems.
        drives: The drives of those.
        ports: The ports of its network adapters; not stated: it names no adapters.
        ethernet: Its Ethernet interfaces.
        functions: Its PCIe functions.
        devices: Places of the PCIe devices that functions belong to, by the places of those.
    """

    resource: Resource
    tree: Tree
    virtual: bool
    processors: Linked
    modules: Linked
    storage: Linked
    drives: Linked
    ports: Linked
    ethernet: Linked
    functions: Linked
    devices: Mapping[str, str]

    def parts(self) -> Iterator[Resource]:
        """Gives every part that cannot belong to two systems at once."""
        for linked in (self.processors, self.modules, self.drives, self.ports, self.ethernet, self.functions):
            yield from linked.resources

    def without(self, shared: frozenset[str], report: Report) -> System:
        """Gives the system without parts that are others' as well; no figure may rest on them."""

        def own(linked: Linked) -> Linked:
            for one in linked.resources:
                if one.place in shared:
                    why = "more than one system links to it; it is counted in none"
                    report.leave_out(f"{one.kind} {clean(one.uri, 160)}", one.place, why)
            left = tuple(one for one in linked.resources if one.place not in shared)
            return (
                linked
                if len(left) == len(linked.resources)
                else replace(linked, resources=left, complete=False)
            )

        return replace(
            self,
            processors=own(self.processors),
            modules=own(self.modules),
            drives=own(self.drives),
            ports=own(self.ports),
            ethernet=own(self.ethernet),
            functions=own(self.functions),
        )


def is_there(part: Members, what: str) -> bool:
    """Tells whether a part is there and enabled; one that is there but not enabled is reported."""
    status = part.mapping("Status")
    state = status.text("State") if status is not None else None
    if state is None or state in _THERE:
        return True
    if state != _ABSENT:
        part.report.leave_out(
            what, part.where, f"its state is {clean(state, 40)!r}; only enabled parts count"
        )
    return False


def maker(name: str | None) -> str | None:
    """Gives the token of a maker by its name in `Manufacturer`; nothing if none is known by it."""
    words = re.findall(r"[a-z0-9]+", _MARKS.sub(" ", (name or "").lower()))
    token = "-".join(word for word in words if word not in _FORMS)
    token = _OTHER_NAMES.get(token, token)
    return token if token in registry.load("vendors") else None


def pci_id(function: Members) -> PciId | None:
    """Reads the identifiers of a PCIe function, `0x10DE`; nothing where it states none, or placeholders."""
    vendor, device = (_identifier(function.text(name)) for name in ("VendorId", "DeviceId"))
    if not vendor or device is None:
        return None
    pci = PciId(vendor=f"{vendor:04x}", device=f"{device:04x}")
    subvendor, subdevice = (_identifier(function.text(name)) for name in ("SubsystemVendorId", "SubsystemId"))
    if subvendor and subdevice is not None:
        pci.subvendor, pci.subdevice = f"{subvendor:04x}", f"{subdevice:04x}"
    return pci


def pci_maker(pci: PciId) -> str | None:
    """Gives the token of the maker of a PCIe function."""
    return accelerators.maker(pci.vendor)


def pci_class(pci: PciId) -> str | None:
    """Gives the class of accelerator that carries identifiers, where all products that do are of one."""
    classes = {entry.members.get("acceleratorClass") for entry in accelerators.by_pci(pci.vendor, pci.device)}
    found = classes.pop() if len(classes) == 1 else None
    return found if isinstance(found, str) else None


def _identifier(text: str | None) -> int | None:
    value = hexadecimal(text)
    return value if value is not None and value < 0xFFFF else None
