"""AMD GPUs as `rocm-smi --showallinfo --json` writes them.

The output is one object: a member for each card, and `system`. Names of members changed with the versions
(`GPU ID` became `Device ID`, `Card series` became `Card Series`); values are texts throughout, and where the
tool knows no name it writes the identifier instead (`0x1002`), or `N/A`.

A card is known by its `Unique ID`: one that two files name is counted once, and machines are counted only
where every card of theirs has one.

Not read, on purpose: the package power limit, which is not the board's (`tdp_watts` is), what a card does at
the moment, and serial numbers. Source: https://rocm.docs.amd.com/projects/rocm_smi_lib.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from crex.describe.grouping import group
from crex.describe.importing import Import, Imported
from crex.describe.machines import Told, add_machines, capped, told_before
from crex.describe.members import Members, kind_of
from crex.describe.plausible import can_have
from crex.describe.policy import propose_name
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
_UNIQUE: Final = re.compile(r"0x[0-9a-fA-F]{1,16}")
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
        reader = _Reader(Import())
        add_machines([told for one in sources if (told := reader.machine(one)) is not None], reader.books)
        return reader.books.done()


@dataclass(slots=True)
class _Reader:
    """Reads the files of one import.

    Attributes:
        books: The books of the import.
        told: The row of each card, and what it is, by its unique identifier.
    """

    books: Import
    told: dict[str, tuple[str, Accelerator]] = field(default_factory=dict)

    def machine(self, source: Source) -> Told | None:
        """Reads what a machine says of its cards; nothing where it tells none."""
        machine = self._open(source)
        if machine is None:
            return None
        cards = [name for name in machine.names() if _CARD.fullmatch(name)]
        if not cards:
            self.books.leave_out(self.books.row(source.name), "it names no card (card0, card1 …)")
            return None
        others = [name for name in machine.names() if name not in cards and name != _SYSTEM]
        if others:
            why = "it is no card, and nothing is known of it"
            self.books.report.leave_out(", ".join(others[:5]), machine.where, why)
        devices: list[Accelerator] = []
        rows: list[str] = []
        seen: dict[str, str] = {}
        for at, name in enumerate(cards):
            row = self.books.row(machine.place(name))
            beyond = f"no machine has more than {_MOST_CARDS} cards" if at >= _MOST_CARDS else ""
            found = beyond or self._card(machine, name, row, seen)
            if isinstance(found, Accelerator):
                devices.append(found)
                rows.append(row)
            else:
                self.books.leave_out(row, found)
        if not devices:
            return None
        kinds = capped(group(devices), "node.accelerators", machine.where, self.books.report)
        node = NodeClass(accelerators=kinds)
        # The tool numbers the cards of a machine from 0; where one is missing, it was asked for some only.
        whole = {*cards} == {f"card{number}" for number in range(len(cards))}
        known = all(_unique(machine.raw(name)) is not None for name in cards)
        return Told(
            name=propose_name(PurePosixPath(source.name).stem) or "node",
            body=ComputeResource(kind="node-class", node=node, software=_software(machine)),
            rows=tuple(rows),
            certain=whole and known and len(devices) == len(cards),
        )

    def _open(self, source: Source) -> Members | None:
        parsed = read_json(source) if not source.problem else None
        problem = source.problem or (parsed.problem if parsed is not None else "")
        value = parsed.value if parsed is not None else None
        if problem or not isinstance(value, dict):
            why = problem or f"it is {kind_of(value)}, not an object of cards"
            self.books.leave_out(self.books.row(source.name), why)
            return None
        return Members(value, f"{source.name}: $", self.books.report)

    def _card(self, machine: Members, name: str, row: str, seen: dict[str, str]) -> Accelerator | str:
        """Describes a card that nothing tells yet; or says why it is none.

        Args:
            machine: The cards of its machine.
            name: Its name.
            row: Its row.
            seen: Rows of the machine's cards so far, by the address on the bus.
        """
        card = Members.of(machine.raw(name), machine.place(name), self.books.report)
        if card is None:
            return f"it is {kind_of(machine.raw(name))}"
        address = _text(card, "PCI Bus")
        if address is not None and seen.setdefault(address.lower(), row) != row:
            return f"it lies at {address}, as {seen[address.lower()]} does"
        made = _device(card, self.books.report)
        unique = _unique(card.value)
        if isinstance(made, str) or unique is None:
            return made
        return told_before(self.told, unique, made, "accelerators", row, self.books.report) or made


def _unique(card: object) -> str | None:
    """Gives what no other card in the world has; nothing where it is not stated."""
    value = card.get("Unique ID") if isinstance(card, dict) else None
    match = _UNIQUE.fullmatch(value) if isinstance(value, str) else None
    return match[0].lower() if match and int(match[0], 16) else None


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
    memory = _memory(card, pci, report)
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


def _memory(card: Members, pci: PciId | None, report: Report) -> int | None:
    """Gives the memory in bytes; none where a part of it would be larger, or no such product has so much."""
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
    if not can_have(pci, total, "accelerators.memory", card.where, report):
        return None
    return total


def _software(machine: Members) -> list[Software]:
    system = machine.mapping(_SYSTEM) if machine.has(_SYSTEM) else None
    version = _text(system, "Driver version", "Driver Version") if system is not None else None
    return [Software(name="amdgpu-driver", version=clean(version, 128))] if version is not None else []


IMPORTER: Final = RocmSmi()
