"""From the sums of SQL to exact quantities, cell by cell (rate/1, step 12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any, Final

from crex.bulk.grids import Grids
from crex.rating.component import Use

# Quantities of records are whole numbers of this part of a unit (SCALAR-DECIMAL-1).
PARTS: Final = 10**12
_MS: Final = 1000
# Digits that an engine's sums have, and the greatest `whole` of a record.
_LIMIT: Final = 10**38
_MOST: Final = 10**18
# What the narrow form multiplies: DECIMAL(24,12) by DECIMAL(13,0) (steps.py).
_NARROW_QUANTITY: Final = 10**12
_NARROW_MS: Final = 10**13


@dataclass(frozen=True, slots=True)
class CellSum:
    """What was used of a dimension and unit in a cell.

    Attributes:
        slot: Number of the lease.
        use: Dimension and unit.
        timed: Whether it is held over time.
        cell_start: Start of the cell in ms; nothing where there is no use in the period, only records.
        parts: Quantity in parts of a unit; where it is held, times milliseconds.
    """

    slot: int
    use: Use
    timed: bool
    cell_start: int | None
    parts: int

    @property
    def quantity(self) -> Fraction:
        """The exact quantity: unit-seconds where it is held, else the amount."""
        return Fraction(self.parts, PARTS * _MS if self.timed else PARTS)


def fits(records: int, longest_ms: int) -> bool:
    """Tells whether sums of so many records in a period of that length always fit an engine's digits."""
    return records * max(longest_ms, 1) * _MOST < _LIMIT


def fits_narrow(records: int, longest_ms: int, most: Decimal | int) -> bool:
    """Tells whether that holds of undivided quantities too, of which `most` is the greatest."""
    length, quantity = max(longest_ms, 1), int(most) + 1
    small = length < _NARROW_MS and quantity < _NARROW_QUANTITY
    return small and records * length * quantity < _LIMIT // PARTS


def cell_sums(rows: Iterable[tuple[Any, ...]], grids: Grids) -> Iterator[CellSum]:
    """Yields the sum of each cell, or of each band of cells, that has one.

    Args:
        rows: Rows of `SUMS`, by slot, dimension, unit and cell.
        grids: The grids of the rows.
    """
    for (slot, dimension, unit, timed, grid, banding, past), group in groupby(rows, key=lambda row: row[:7]):
        use = (dimension, unit)
        yield CellSum(slot, use, timed, None, 0)
        found = {row[7]: row[8:] for row in group if row[7] is not None}
        sums = (
            _carried(found, grids.cells(grid), grids.band_of(banding))
            if past
            else {start: _parts(whole, rest) for start, (whole, rest, _, _) in found.items()}
        )
        for start, parts in sums.items():
            if parts:
                yield CellSum(slot, use, timed, start, parts)


def _carried(
    found: Mapping[int, tuple[Any, ...]], edges: Sequence[int], bands: Mapping[int, int]
) -> dict[int, int]:
    """Returns sums where records go on from cell to cell: what is open adds to each cell its whole length."""
    sums: dict[int, int] = {}
    carried = 0
    for start, end in pairwise(edges):
        held_whole, held_rest, open_whole, open_rest = found.get(start, (0, 0, 0, 0))
        band = bands.get(start, start)
        sums[band] = sums.get(band, 0) + _parts(held_whole, held_rest) + carried * (end - start)
        carried += _parts(open_whole, open_rest)
    return sums


def _parts(whole: Decimal | int, rest: Decimal | int) -> int:
    """Returns whole + rest in parts of a unit; exact, because both are decimals of at most 12 digits."""
    return int(whole) * PARTS + int(Fraction(rest) * PARTS)
