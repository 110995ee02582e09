"""Accelerator products by what a device says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from crex.registry.entries import Entry
from crex.registry.files import load

# A driver keeps some of a device's memory for itself and for correcting errors: at most this many per cent.
_KEPT_PERCENT: Final = 12


def by_pci(vendor: str, device: str, capacity_bytes: int | None = None) -> tuple[Entry, ...]:
    """Gives the products that carry PCI identifiers.

    Args:
        vendor: Vendor identifier, four hexadecimal digits in lower case.
        device: Device identifier, four hexadecimal digits in lower case.
        capacity_bytes: Memory that the device reports; products whose memory it cannot be are left out. None:
            not known.

    Returns:
        The products; none where none is listed, several where the figures leave it open.
    """
    found = _by_pci().get((vendor, device), ())
    if capacity_bytes is None:
        return found
    return tuple(entry for entry in found if _can_be(entry, capacity_bytes))


def maker(vendor: str) -> str | None:
    """Gives the token of the maker of a PCI vendor identifier; None where none is listed."""
    return _makers().get(vendor)


def _can_be(entry: Entry, reported: int) -> bool:
    """Tells whether a device that reports some memory can be the product: never more than it has."""
    stated = entry.members.get("memory", {}).get("capacityBytes")
    return stated is None or int(stated) * (100 - _KEPT_PERCENT) <= reported * 100 <= int(stated) * 100


@cache
def _by_pci() -> Mapping[tuple[str, str], tuple[Entry, ...]]:
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in load("accelerators"):
        for each in entry.members.get("pci", ()):
            found.setdefault((each["vendor"], each["device"]), []).append(entry)
    return MappingProxyType({key: tuple(entries) for key, entries in found.items()})


@cache
def _makers() -> Mapping[str, str]:
    return MappingProxyType(
        {vendor: entry.token for entry in load("vendors") for vendor in entry.members.get("pci", ())}
    )
