"""Figures that follow from what a node declares. Source: description.md, Derived figures.

    derived.device_memory_bytes(node)       # over all devices
    derived.rate_mops_per_s(node)           # dense FP64 matrix, the basis of ratios
    derived.storage_per_compute(node)       # TB for each GFLOPS
    derived.price_per_pflop_hour(price, node)

Every figure is exact. It is None where a part that it needs is not stated: a sum with a gap is no sum
(DERIVED-TOTAL-1).
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from crex.v1 import Accelerator, Cpu, NodeClass

_DENSE: Final = "dense"
_SSD: Final = frozenset({"nvme-ssd", "sata-ssd", "sas-ssd", "ssd"})
_OTHER: Final = frozenset({"hdd", "tape", "optical-disc", "emmc", "sd-card", "ufs"})
_TERA, _MOPS_PER_GFLOPS, _MOPS_PER_PFLOPS = 10**12, 10**3, 10**9


def devices(node: NodeClass) -> int:
    """Gives the number of accelerators of a node; slices are none (DESC-COUNT-1)."""
    return sum(device.count for device in node.accelerators)


def device_memory_bytes(node: NodeClass) -> int | None:
    """Gives the memory of all accelerators in bytes; 0 where the node states none."""
    return _sum(
        device.count * device.memory.capacity_bytes if device.HasField("memory") else None
        for device in node.accelerators
    )


def storage_bytes(node: NodeClass) -> int:
    """Gives the capacity of all storage of a node in bytes."""
    return sum((tier.count or 1) * tier.capacity_bytes for tier in node.storage)


def rate_mops_per_s(
    node: NodeClass, number_format: str = "fp64", unit: str = "matrix", sparsity: str = _DENSE
) -> int | None:
    """Gives the peak rate of a node in 10^6 operations per second (DERIVED-RATE-1).

    It is that of the accelerators; of a node that states none, that of the processors. Several rates of one
    device in this format (by accumulator, clock or basis) count with the lowest.

    Args:
        node: The node.
        number_format: Format of the operands.
        unit: `matrix` or `vector`.
        sparsity: `dense`, or as `Rate.sparsity`.
    """
    wanted = number_format, unit, sparsity
    if not node.accelerators:
        return _lowest(node.cpu, wanted) if node.HasField("cpu") else None
    rates = ((device.count, _lowest(device, wanted)) for device in node.accelerators)
    return _sum(count * rate if rate is not None else None for count, rate in rates)


def storage_per_compute(node: NodeClass) -> Fraction | None:
    """Gives storage for each rate in TB/GFLOPS: 10^12 bytes, dense FP64 matrix (DERIVED-RATE-1)."""
    rate = rate_mops_per_s(node)
    if not rate:
        return None
    return Fraction(storage_bytes(node), _TERA) / Fraction(rate, _MOPS_PER_GFLOPS)


def ssd_share(node: NodeClass) -> Fraction | None:
    """Gives the share of flash in the storage of a node, 0 to 1 (DERIVED-SSD-1).

    None where it states no storage, or a tier whose medium is not known, such as a virtual disk.
    """
    whole = storage_bytes(node)
    if not whole or any(tier.medium not in _SSD | _OTHER for tier in node.storage):
        return None
    flash = sum((tier.count or 1) * tier.capacity_bytes for tier in node.storage if tier.medium in _SSD)
    return Fraction(flash, whole)


def price_per_pflop_hour(
    price: Fraction | int, node: NodeClass, hours: Fraction | int = 1
) -> Fraction | None:
    """Gives what 10^15 operations per second for one hour cost: dense FP64 matrix (DERIVED-RATE-1).

    Args:
        price: Exact price of one such node for `hours`, in any currency; the answer is in the same.
        node: The node.
        hours: How long that price is for.
    """
    rate = rate_mops_per_s(node)
    if not rate or not hours:
        return None
    return Fraction(price) / Fraction(hours) / Fraction(rate, _MOPS_PER_PFLOPS)


def _lowest(device: Accelerator | Cpu, wanted: tuple[str, str, str]) -> int | None:
    rates = [
        rate.mops_per_s for rate in device.rates if (rate.number_format, rate.unit, rate.sparsity) == wanted
    ]
    return min(rates, default=None)


def _sum(parts: Iterable[int | None]) -> int | None:
    total = 0
    for part in parts:
        if part is None:
            return None
        total += part
    return total
