"""Objects of hwloc's XML: what each is, what it lies in, and the forms in which hwloc writes its figures."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from crex.describe.report import Report

SHOWN: Final = "lstopo XML"

_MOST_OBJECTS: Final = 1_000_000
_MOST_CPUS: Final = 65536
_KIB: Final = 1024
_MACHINE: Final = "Machine"
_SET: Final = re.compile(r"(?:0xf\.\.\.f,)?(?:(?:(?:0x)?[0-9a-f]{1,8})?,)*(?:0x)?[0-9a-f]{1,8}")
# hwloc up to 2 writes kibibytes without their name (hwloc documentation, "OS Device Information").
_SIZE: Final = re.compile(r"([0-9]{1,15})(?:KiB)?")


@dataclass(frozen=True, slots=True)
class Placed:
    """An object, and what it lies in.

    Attributes:
        element: The object.
        kind: Its type.
        core: The core that it lies in; None: none.
        function: The PCI function that it lies in; None: none.
    """

    element: ET.Element
    kind: str
    core: ET.Element | None
    function: ET.Element | None

    @property
    def name(self) -> str:
        """Name of a device; empty where it has none."""
        return self.element.get("name") or ""

    @property
    def infos(self) -> dict[str, str]:
        """What is noted on it."""
        return infos_of(self.element)


@dataclass(frozen=True, slots=True)
class Seen:
    """A machine as a topology shows it.

    Attributes:
        machine: The object of type Machine.
        infos: What is noted on it and on its topology.
        objects: Everything below it, in order.
        kinds: Kinds of CPUs of its topology.
        where: Its place in the input.
        report: Takes what is not stated.
    """

    machine: ET.Element
    infos: Mapping[str, str]
    objects: tuple[Placed, ...]
    kinds: tuple[ET.Element, ...]
    where: str
    report: Report

    def of(self, *kinds: str) -> list[Placed]:
        """Gives the objects of some types."""
        return [each for each in self.objects if each.kind in kinds]

    def set(self, *names: str) -> frozenset[int] | None:
        """Gives the first of some sets of the machine that it has; nothing where that cannot be read."""
        return read_set(next(filter(None, (self.machine.get(name) for name in names)), None))


def machines(root: ET.Element) -> Iterator[ET.Element]:
    """Gives the machines of a topology: one, but for clusters that version 1 could describe."""
    below = [root]
    while below:
        each = below.pop()
        if each.get("type") == _MACHINE:
            yield each
        else:
            below.extend(reversed(each.findall("object")))


def look(machine: ET.Element, root: ET.Element, where: str, report: Report) -> Seen | str:
    """Lists the objects of a machine; or says why it cannot be read."""
    objects: list[Placed] = []
    below: list[tuple[ET.Element, ET.Element | None, ET.Element | None]] = [
        (each, None, None) for each in reversed(machine.findall("object"))
    ]
    while below:
        element, core, function = below.pop()
        kind = element.get("type") or ""
        if kind == _MACHINE:
            return "it holds another machine"
        if len(objects) == _MOST_OBJECTS:
            return f"it has more than {_MOST_OBJECTS} objects"
        objects.append(Placed(element, kind, core, function))
        core = element if kind == "Core" else core
        function = element if kind == "PCIDev" else function
        below.extend((each, core, function) for each in reversed(element.findall("object")))
    infos = {**infos_of(root), **infos_of(machine)}
    return Seen(machine, infos, tuple(objects), tuple(root.findall("cpukind")), where, report)


def infos_of(element: ET.Element) -> dict[str, str]:
    """Gives what is noted on an object: names with their values."""
    return {each.get("name") or "": each.get("value") or "" for each in element.findall("info")}


def read_set(text: str | None) -> frozenset[int] | None:
    """Reads a set of CPUs or of memory domains; nothing where it is none, endless, or beyond any machine.

    It is written as words of 32 bits in hexadecimal, the highest first; an empty word is 0.
    """
    if text is None or len(text) > _MOST_CPUS or not _SET.fullmatch(text):
        return None
    words = text.split(",")
    if words[0] == "0xf...f" or len(words) * 32 > _MOST_CPUS:
        return None
    value = 0
    for word in words:
        value = value << 32 | int(word or "0", 16)
    return frozenset(bit for bit in range(value.bit_length()) if value >> bit & 1)


def read_kib(text: str | None) -> int | None:
    """Reads the size of a device, which is in kibibytes; gives bytes, and nothing for none or zero."""
    match = _SIZE.fullmatch(text or "")
    return int(match[1]) * _KIB if match and int(match[1]) else None
