"""Figures that follow from a description; worked out by hand."""

from __future__ import annotations

from fractions import Fraction

from crex import derived
from crex.amounts import gib, tb, tflops
from crex.descriptors import matrix_rate, nominal, vector_rate
from crex.v1 import Accelerator, Cpu, DeviceMemory, NodeClass, Rate, StorageTier

SOURCE = nominal("a test")


def device(count: int, *rates: Rate, memory: int | None = gib(80)) -> Accelerator:
    """Gives accelerators."""
    return Accelerator(
        count=count, rates=rates, memory=DeviceMemory(capacity_bytes=memory) if memory is not None else None
    )


FP64 = matrix_rate("fp64", tflops("66.9"), SOURCE)


def test_totals_are_over_all_devices() -> None:
    """Eight devices of 80 GiB are 640 GiB and 535.2 TFLOPS (per device and total: trap 6)."""
    node = NodeClass(accelerators=[device(8, FP64)])
    assert derived.devices(node) == 8
    assert derived.device_memory_bytes(node) == gib(640)
    assert derived.rate_mops_per_s(node) == tflops("535.2")


def test_a_sum_with_a_gap_is_no_sum() -> None:
    """One device that does not state it leaves the total unknown (DERIVED-TOTAL-1)."""
    node = NodeClass(accelerators=[device(8, FP64), device(1, memory=None)])
    assert derived.device_memory_bytes(node) is None
    assert derived.rate_mops_per_s(node) is None
    assert derived.devices(node) == 9


def test_the_basis_is_dense_fp64_matrix() -> None:
    """Neither sparse rates nor those of vector units or other formats count (DERIVED-RATE-1; traps 3, 4)."""
    others = [
        vector_rate("fp64", tflops("33.5"), SOURCE),
        matrix_rate("fp64", tflops(999), SOURCE, sparsity="2-4"),
        matrix_rate("bf16", tflops(989), SOURCE),
    ]
    assert derived.rate_mops_per_s(NodeClass(accelerators=[device(1, *others)])) is None
    node = NodeClass(accelerators=[device(1, *others, FP64)])
    assert derived.rate_mops_per_s(node) == tflops("66.9")
    assert derived.rate_mops_per_s(node, "bf16") == tflops(989)
    assert derived.rate_mops_per_s(node, "fp64", "vector") == tflops("33.5")


def test_of_several_rates_the_lowest_counts() -> None:
    """Two rates of one format, by clock, are not added."""
    slow = Rate(number_format="fp64", unit="matrix", sparsity="dense", mops_per_s=5, clock_mhz=1000)
    assert derived.rate_mops_per_s(NodeClass(accelerators=[device(2, FP64, slow)])) == 10


def test_processors_count_where_there_are_no_accelerators() -> None:
    """A node without accelerators is as fast as its processors say; one without either says nothing."""
    assert derived.rate_mops_per_s(NodeClass(cpu=Cpu(rates=[FP64]))) == tflops("66.9")
    assert derived.rate_mops_per_s(NodeClass(cpu=Cpu())) is None
    assert derived.rate_mops_per_s(NodeClass()) is None


def test_storage_per_compute() -> None:
    """30.72 TB beside 535.2 TFLOPS are 30.72 ÷ 535200 TB/GFLOPS."""
    node = NodeClass(
        accelerators=[device(8, FP64)],
        storage=[StorageTier(medium="nvme-ssd", capacity_bytes=tb("7.68"), count=4)],
    )
    assert derived.storage_bytes(node) == tb("30.72")
    assert derived.storage_per_compute(node) == Fraction("30.72") / 535200
    assert derived.storage_per_compute(NodeClass()) is None


def test_the_share_of_flash() -> None:
    """One of four equal parts is flash; a virtual disk leaves it open (DERIVED-SSD-1)."""
    flash = StorageTier(medium="sata-ssd", capacity_bytes=tb(2))
    disks = StorageTier(medium="hdd", capacity_bytes=tb(3), count=2)
    assert derived.ssd_share(NodeClass(storage=[flash, disks])) == Fraction(1, 4)
    unknown = StorageTier(medium="virtual-disk", capacity_bytes=1)
    assert derived.ssd_share(NodeClass(storage=[flash, unknown])) is None
    assert derived.ssd_share(NodeClass()) is None


def test_the_price_of_a_petaflop_hour() -> None:
    """24 hours for 1284.48 on 0.5352 PFLOPS are 100 for each PFLOP-hour."""
    node = NodeClass(accelerators=[device(8, FP64)])
    assert derived.price_per_pflop_hour(Fraction("1284.48"), node, 24) == 100
    assert derived.price_per_pflop_hour(1, NodeClass()) is None
    assert derived.price_per_pflop_hour(1, node, 0) is None
