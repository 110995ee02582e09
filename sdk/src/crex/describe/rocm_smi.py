"""AMD GPUs as `rocm-smi --showallinfo --json` writes them.

The output is one object: a member for each card, and `system`. Names of members changed with the versions
(`GPU ID` became `Device ID`, `Card series` became `Card Series`); values are texts throughout, and where the
tool knows no name it writes the identifier instead (`0x1002`), or `N/A`.

Not read, on purpose: the package power limit, which is not the board's (`tdp_watts` is), what a card does at
the moment, and serial numbers. Source: https://rocm.docs.amd.com/projects/rocm_smi_lib.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crex.describe.grouping import group
from crex.describe.importing import Draft, Import, Imported
from crex.describe.members import Members, kind_of
from crex.describe.report import Report
from crex.describe.sources import Source, read_json
from crex.describe.values import clean, provenance
from crex.v1 import Accelerator, ComputeResource, DeviceMemory, NodeClass, PciId, Software

_SHOWN: Final = "rocm-smi --json"
_CARD: Final = re.compile(r"card[0-9]{1,4}")
_SYSTEM: Final = "system"
_VENDOR: Final = 0x1002
_MAKERS: Final = ("advanced micro devices", "0x1002", "amd")
_IDENTIFIER: Final = re.compile(r"0x([0-9a-fA-F]{1,4})")
_NOTHING: Final = frozenset({"", "N/A", "NONE", "UNKNOWN", "NOT SUPPORTED"})
# A device in one of these is whole; every other mode cuts it, and then each card is a piece.
_WHOLE_MODES: Final = frozenset({"SPX"})
# The most devices that one node is known to hold is 16; a hundred times that is a broken file.
_MOST_CARDS: Final = 1600


@dataclass(frozen=True, slots=True)
class RocmSmi:
    """The importer of what rocm-smi writes."""

    name: str = "rocm-smi"
    about: str = "GPUs as `rocm-smi --json` writes them"
    commands: Sequence[Sequence[str]] = (("rocm-smi", "--showallinfo", "--json"),)

    def read(self, sources: Sequence[Source]) -> Imported:
        """Reads what each of some machines says of its cards; a row is a card, a machine a draft."""
        books = Import()
        for source in sources:
            _machine(source, books)
        return books.done()


def _machine(source: Source, books: Import) -> None:
    parsed = read_json(source) if not source.problem else None
    problem = source.problem or (parsed.problem if parsed is not None else "")
    value = parsed.value if parsed is not None else None
    if problem or not isinstance(value, dict):
        books.leave_out(books.row(source.name), problem or f"it is {kind_of(value)}, not an object of cards")
        return
    machine = Members(value, f"{source.name}: $", books.report)
    cards = [name for name in machine.names() if _CARD.fullmatch(name)]
    if not cards:
        books.leave_out(books.row(source.name), "it names no card (card0, card1 …)")
        return
    others = [name for name in machine.names() if name not in cards and name != _SYSTEM]
    if others:
        books.report.leave_out(
            ", ".join(others[:5]), machine.where, "it is no card, and nothing is known of it"
        )
    devices: list[Accelerator] = []
    rows: list[str] = []
    for name in cards:
        row = books.row(machine.place(name))
        if len(rows) == _MOST_CARDS:
            books.leave_out(row, f"no machine has more than {_MOST_CARDS} cards")
            continue
        card = Members.of(machine.raw(name), machine.place(name), books.report)
        found = _device(card, books.report) if card is not None else f"it is {kind_of(machine.raw(name))}"
        if isinstance(found, Accelerator):
            devices.append(found)
            rows.append(row)
        else:
            books.leave_out(row, found)
    if devices:
        node = NodeClass(accelerators=group(devices))
        body = ComputeResource(kind="node-class", node=node, software=_software(machine))
        books.add(Draft(name="rocm-node", body=body, rows=tuple(rows)))


def _device(card: Members, report: Report) -> Accelerator | str:
    """Describes a card; or says why it is none."""
    mode = _text(card, "Compute Partition")
    if mode is not None and mode.upper() not in _WHOLE_MODES:
        return f"its compute partition is {mode}: it is a piece of a device, not a device"
    vendor = _text(card, "Card vendor", "Card Vendor")
    if vendor is None or not vendor.lower().startswith(_MAKERS):
        return f"its vendor is {vendor!r}, not AMD" if vendor else "it states no vendor"
    pci = _pci(card, report)
    product = _product(card)
    if product is None and pci is None:
        return "it states neither a name of the product nor an identifier of the device"
    memory = _memory(card, report)
    report.leave_out(
        "accelerators.tdpWatts",
        f"{_SHOWN}: Max Graphics Package Power",
        "a limit of the package, not of the board",
    )
    return Accelerator(
        accelerator_class="gpu",
        vendor="amd",
        product=product or f"PCI device {pci.vendor}:{pci.device}" if pci is not None else product,
        pci=pci,
        count=1,
        memory=DeviceMemory(capacity_bytes=memory) if memory is not None else None,
        provenance=provenance(f"{_SHOWN}: Card series, Device ID, VRAM Total Memory (B)"),
    )


def _text(card: Members, *names: str) -> str | None:
    """Gives the first of some members that says anything."""
    for name in names:
        text = clean(card.text(name)) if card.has(name) else None
        if text is not None and text.upper() not in _NOTHING:
            return text
    return None


def _product(card: Members) -> str | None:
    name = _text(card, "Card series", "Card Series", "Product Name")
    return None if name is None or _IDENTIFIER.fullmatch(name) else name


def _pci(card: Members, report: Report) -> PciId | None:
    """Gives the identifiers; none where two members of them differ, or one is no identifier."""
    stated = {_text(card, name) for name in ("GPU ID", "Device ID")} - {None}
    found = {_identifier(text) for text in stated}
    if len(found) > 1 or None in found:
        report.contradict(
            "accelerators.pci", card.where, f"the device is {', '.join(sorted(map(str, stated)))}"
        )
        return None
    if not found:
        report.leave_out("accelerators.pci", card.where, "it states no identifier of the device")
        return None
    subsystem = _text(card, "Subsystem ID")
    return PciId(
        vendor=f"{_VENDOR:04x}",
        device=found.pop(),
        subdevice=_identifier(subsystem) if subsystem is not None else None,
    )


def _identifier(text: str | None) -> str | None:
    match = _IDENTIFIER.fullmatch(text or "")
    return f"{int(match[1], 16):04x}" if match else None


def _memory(card: Members, report: Report) -> int | None:
    """Gives the memory in bytes; none where a part of it is said to be larger than the whole."""
    total = card.whole("VRAM Total Memory (B)", low=1)
    if total is None:
        if not card.has("VRAM Total Memory (B)"):
            report.leave_out("accelerators.memory", card.where, "it states no VRAM Total Memory (B)")
        return None
    for part in ("VRAM Total Used Memory (B)", "VIS_VRAM Total Memory (B)"):
        stated = card.whole(part) if card.has(part) else None
        if stated is not None and stated > total:
            report.contradict("accelerators.memory", card.where, f"{part} is {stated}, of {total} in all")
            return None
    return total


def _software(machine: Members) -> list[Software]:
    system = machine.mapping(_SYSTEM) if machine.has(_SYSTEM) else None
    version = _text(system, "Driver version", "Driver Version") if system is not None else None
    return [Software(name="amdgpu-driver", version=clean(version, 128))] if version is not None else []


IMPORTER: Final = RocmSmi()
