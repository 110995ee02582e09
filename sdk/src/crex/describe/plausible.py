"""Figures of devices held against the registry: what no product with these identifiers has is not stated."""

from __future__ import annotations

from crex.describe.report import Report
from crex.registry.accelerators import by_pci
from crex.v1 import PciId


def can_have(pci: PciId | None, capacity_bytes: int, what: str, where: str, report: Report) -> bool:
    """Tells whether a device can have some memory, and reports where it cannot.

    Args:
        pci: Its identifiers; None, or none of a registered product: anything is possible.
        capacity_bytes: The memory that it is said to have.
        what: The figure, for the report.
        where: Its place.
        report: Takes the contradiction.
    """
    if pci is None or not by_pci(pci.vendor, pci.device) or by_pci(pci.vendor, pci.device, capacity_bytes):
        return True
    why = f"it says {capacity_bytes} bytes, which no product with its identifiers has; none is stated"
    report.contradict(what, where, why)
    return False
