"""Sizes of devices held against a second source: the registry, or the name of the product."""

from __future__ import annotations

import re
from typing import Final

from crex.describe.report import Report
from crex.registry.accelerators import by_pci
from crex.v1 import PciId

# A size in the name of a product, such as NVIDIA-A100-SXM4-80GB: of 10^9 or of 2^30 bytes each, and a driver
# keeps some. A superchip (`GH200 480GB`) is named after the memory of its CPU.
_SUPERCHIP: Final = re.compile(r"\bG[BH][0-9]{3}\b")
_NAMED_SIZE: Final = re.compile(r"(?<![0-9.])([0-9]{1,4}) ?GB(?![A-Za-z0-9])")
_LEAST_PERCENT: Final = 85


def fits_name(product: str, capacity_bytes: int, what: str, where: str, report: Report) -> bool:
    """Tells whether a device can have some memory by the size in its name, and reports where it cannot.

    Args:
        product: Its name; one without a size allows anything.
        capacity_bytes: The memory that it is said to have.
        what: The figure, for the report.
        where: Its place.
        report: Takes the contradiction.
    """
    sizes = [int(size) for size in _NAMED_SIZE.findall(product)]
    if (
        not sizes
        or _SUPERCHIP.search(product)
        or any(size * 10**9 * _LEAST_PERCENT <= capacity_bytes * 100 <= (size << 30) * 100 for size in sizes)
    ):
        return True
    why = f"it says {capacity_bytes} bytes, and the name {product!r} another size; none is stated"
    report.contradict(what, where, why)
    return False


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
