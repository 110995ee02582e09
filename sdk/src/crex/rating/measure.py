"""From records to exact sums, cell by cell (rate/1, steps 9 and 12).

This is the only work that grows with the number of records. A cell's sum says all that pricing needs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from crex.errors import RatingError
from crex.metering.record import Record
from crex.metering.span import show_ms
from crex.rating.bill import Bill
from crex.rating.component import Use
from crex.rating.layout import Layout

# (name of the lease, dimension and unit, start of the cell in ms) → exact quantity in that cell: unit-seconds
# where a plan prices the use as TIME or GAUGE_TIME, else the amount.
Sums = Mapping[tuple[str, Use, int], Fraction]

# Quantities of records are decimals of at most 12 digits after the point (SCALAR-DECIMAL-1): whole numbers of
# this part, so that sums are sums of integers.
_PARTS = 10**12
_MS = 1000


def measure(bill: Bill, counting: Mapping[str, Sequence[Record]], layout: Layout | None = None) -> Sums:
    """Returns the exact quantities of a bill, cell by cell.

    Args:
        bill: The bill.
        counting: Records that count by name of lease, checked against the lease's bounds.
        layout: The bill's cuts, where they are known already.

    Raises:
        RatingError: CUT_REQUIRED if a record that cannot be split lies across a cut (RATE-CUT-2).
    """
    cuts = layout or Layout(bill)
    timed = timed_uses(bill)
    found: dict[tuple[str, Use, int], Fraction] = {}
    for lease, records in counting.items():
        by_use: dict[Use, list[Record]] = {}
        for record in records:
            by_use.setdefault((record.dimension, record.unit), []).append(record)
        for use, each in by_use.items():
            cells = cuts.cells(use)
            sums = _held(each, cells) if use in timed else _used(each, cells)
            found.update({(lease, use, cells[index]): value for index, value in sums.items()})
    return found


def timed_uses(bill: Bill) -> frozenset[Use]:
    """Returns the dimensions and units whose quantities are held over time, by any of the plans."""
    return frozenset(one.use for plan in bill.plans for one in plan.components if one.timed)


def _held(records: Iterable[Record], cells: Sequence[int]) -> dict[int, Fraction]:
    """Sums what is held: each record is split exactly, its whole quantity in each part (RATE-SPLIT-1)."""
    sums: dict[int, int] = {}
    for record in records:
        start, end = record.span.start_ms, record.span.end_ms
        parts = _parts(record.quantity)
        index = max(bisect_right(cells, start) - 1, 0)
        while index + 1 < len(cells) and cells[index] < end:
            length = min(end, cells[index + 1]) - max(start, cells[index])
            if length > 0:
                sums[index] = sums.get(index, 0) + parts * length
            index += 1
    return {index: Fraction(value, _PARTS * _MS) for index, value in sums.items() if value}


def _used(records: Iterable[Record], cells: Sequence[int]) -> dict[int, Fraction]:
    """Sums what was counted; how much of a count lies on either side of a cut cannot be told (RATE-CUT-2)."""
    sums: dict[int, int] = {}
    for record in records:
        start, end = record.span.start_ms, record.span.end_ms
        index = bisect_right(cells, start) - 1
        if index + 1 < len(cells) and cells[index + 1] < end:
            raise _cut_required(record, cells[index + 1])
        if 0 <= index < len(cells) - 1:  # else it belongs to another bill
            sums[index] = sums.get(index, 0) + _parts(record.quantity)
    return {index: Fraction(value, _PARTS) for index, value in sums.items() if value}


def _parts(quantity: Fraction) -> int:
    return quantity.numerator * (_PARTS // quantity.denominator)


def _cut_required(record: Record, cut: int) -> RatingError:
    return RatingError(
        "CUT_REQUIRED",
        f"The record of {record.place} counts {record.dimension} over {record.span}, across the cut at "
        f"{show_ms(cut)}. How much of it lies on either side cannot be told. Have the provider read the "
        "meter at the cut and state two records (step 9, RATE-CUT-2).",
        details={
            "step": "9",
            "requirement": "RATE-CUT-2",
            "meter_id": record.meter_id,
            "seq": str(record.seq),
            "cut": show_ms(cut),
        },
    )
