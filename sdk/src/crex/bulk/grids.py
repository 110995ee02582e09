"""Where use is cut, as tables: each lease's bounds, and for each instant the cell in which it lies (step 7).

Bills that share plans, period, offsets and series are cut alike; so the cuts are found once for all of them
(a *profile*), and equal cuts are stored once (a *grid*). An instant finds its cell without a search: a grid's
period is divided into equal stretches of 2^shift ms, and `lookups` names the few cells that meet each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from crex.bulk.bills import NamedBill, Slot
from crex.bulk.extras import arrow_table
from crex.errors import CrexError, RatingError
from crex.metering.span import Span
from crex.rating.component import Use
from crex.rating.layout import Layout
from crex.rating.measure import timed_uses

if TYPE_CHECKING:
    import pyarrow as pa

# A use that no plan can name: a token has neither spaces nor capitals (NAME-TOKEN-1).
_OTHER: Final[Use] = ("any other", "any other")
# Stretches of time for each cell of a grid, about: more make the table longer and each look shorter.
_STRETCHES: Final = 4
_USES: Final = {
    "profile": "int64",
    "dimension": "string",
    "unit": "string",
    "timed": "bool_",
    "bounded": "bool_",
    "grid": "int64",
    "banding": "int64",
}
_LEASES: Final = {
    "slot": "int64",
    "lease": "string",
    "bill": "string",
    "profile": "int64",
    "active_start": "int64",
    "active_end": "int64",
    "period_start": "int64",
    "period_end": "int64",
    "quantity": "int64",
}


@dataclass(frozen=True, slots=True)
class Profile:
    """How all bills of one kind are cut.

    Attributes:
        number: Its number in the tables.
        layout: The cuts; of any bill of the kind.
        grids: Number of the grid of each dimension and unit that a plan names, and of all others.
        refusals: Why use of a dimension and unit cannot be cut, where it cannot.
        bands: Number of the bands of each dimension and unit.
    """

    number: int
    layout: Layout
    grids: Mapping[Use, int]
    refusals: Mapping[Use, CrexError]
    bands: Mapping[Use, int]


@dataclass(slots=True)
class Grids:
    """The grids of a job, each once, and which bill is cut by which.

    Attributes:
        edges: Bounds of the cells of each grid, ascending.
        bands: Cells, and for each the first cell for which the same component is chosen, where it makes no
            difference which of them a quantity is of; a cell that is not named is a band of its own.
        profiles: How bills are cut.
    """

    edges: list[tuple[int, ...]] = field(default_factory=list)
    bands: list[tuple[tuple[int, int], ...]] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    _numbers: dict[tuple[int, ...], int] = field(default_factory=dict)
    _bandings: dict[tuple[tuple[int, int], ...], int] = field(default_factory=dict)
    _known: dict[Any, Profile] = field(default_factory=dict)

    def profile(self, named: NamedBill) -> Profile:
        """Returns the profile of a bill, new or known."""
        bill = named.bill
        # Terms of commitments hang on the leases of the bill, so its cuts are its own.
        own = id(bill) if any(plan.commitments for plan in bill.plans) else None
        key = (*map(id, bill.plans), bill.period, bill.whole, id(bill.zone), *map(id, bill.series), own)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._new(named)
            self.profiles.append(known)
        return known

    def layout(self, named: NamedBill) -> Layout:
        """Returns the cuts of a bill, found once for all bills of its profile."""
        like = self.profile(named).layout
        return like if like.bill is named.bill else Layout(named.bill, like)

    def band_of(self, banding: int) -> Mapping[int, int]:
        """Returns the band of each cell that is none of its own."""
        return dict(self.bands[banding])

    def cells(self, grid: int) -> tuple[int, ...]:
        """Returns the bounds of a grid's cells, ascending."""
        return self.edges[grid]

    def _new(self, named: NamedBill) -> Profile:
        bill, layout = named.bill, Layout(named.bill)
        uses = {one.use for plan in bill.plans for one in plan.components}
        grids: dict[Use, int] = {}
        refusals: dict[Use, CrexError] = {}
        for use in (*sorted(uses), _OTHER):
            try:
                grids[use] = self._number(layout.cells(use))
            except RatingError as error:
                refusals[use] = error
                grids[use] = self._number((bill.period.start_ms, bill.period.end_ms))
        bands = {
            use: self._banding(() if use in refusals else tuple(_bands(layout, use, self.edges[grid])))
            for use, grid in grids.items()
        }
        return Profile(len(self.profiles), layout, grids, refusals, bands)

    def _number(self, edges: tuple[int, ...]) -> int:
        number = self._numbers.setdefault(edges, len(self.edges))
        if number == len(self.edges):
            self.edges.append(edges)
        return number

    def _banding(self, bands: tuple[tuple[int, int], ...]) -> int:
        number = self._bandings.setdefault(bands, len(self.bands))
        if number == len(self.bands):
            self.bands.append(bands)
        return number

    def tables(self) -> dict[str, pa.Table]:
        """Returns the tables `profiles`, `uses`, `grids`, `bands` and `lookups`."""
        shifts = [shift_of(edges) for edges in self.edges]
        profiles = [(one.number, one.grids[_OTHER], one.bands[_OTHER]) for one in self.profiles]
        return {
            "profiles": _table(("profile", "grid", "banding"), profiles),
            "uses": _uses(self.profiles),
            "grids": _table(("grid", "shift"), list(enumerate(shifts))),
            "bands": _table(
                ("banding", "cell_start", "band"),
                [
                    (number, start, band)
                    for number, bands in enumerate(self.bands)
                    for start, band in bands
                    if start != band
                ],
            ),
            "lookups": _table(
                ("grid", "bucket", "cell_start", "cell_end"),
                [
                    (grid, *row)
                    for grid, (edges, shift) in enumerate(zip(self.edges, shifts, strict=True))
                    for row in lookups(edges, shift)
                ],
            ),
        }


def _bands(layout: Layout, use: Use, edges: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yields each cell of a grid with its band; nothing where each is a band of its own.

    It makes a difference in which cell a quantity lies where a series prices it, a commitment covers it, or
    steps apply to each segment; and which component is chosen can hang on the lease where region or mode do.
    """
    bill = layout.bill
    apart = any(plan.commitments for plan in bill.plans) or any(
        one.series is not None
        or (one.steps is not None and one.steps.each_segment)
        or one.restrictions.region is not None
        or one.restrictions.interruptible is not None
        for plan in bill.plans
        for one in plan.components
        if one.use == use
    )
    first: dict[object, int] = {}
    for start in () if apart else edges[:-1]:
        chosen = layout.choose(use, start, bill.leases[0].terms)
        label = None if chosen is None else (chosen[0].pin.sha256, chosen[1].id)
        yield start, first.setdefault(label, start)


def shift_of(edges: Sequence[int]) -> int:
    """Returns the power of two of a grid's stretches, in milliseconds."""
    wanted = max(1, (len(edges) - 1) * _STRETCHES)
    length = max(1, edges[-1] - edges[0])
    if len(edges) <= 2:
        return length.bit_length()  # one cell: one stretch
    return max(0, (length // wanted).bit_length() - 1)


def lookups(edges: Sequence[int], shift: int) -> Iterable[tuple[int, int, int]]:
    """Yields stretch, start and end of a cell, for each stretch of each cell."""
    origin = edges[0]
    for start, end in pairwise(edges):
        for bucket in range((start - origin) >> shift, ((end - 1 - origin) >> shift) + 1):
            yield bucket, start, end


def leases_table(slots: Sequence[Slot], grids: Grids, active: Mapping[int, Span]) -> pa.Table:
    """Returns the table `leases`: what bounds each lease of a bill.

    Args:
        slots: Leases of bills, each under its number.
        grids: Profiles of their bills.
        active: Active time by number of the slot; of one that is not named, anything is allowed, because its
            bill is refused already.
    """
    ever = Span(-(1 << 61), 1 << 61)
    rows = [
        (
            slot.number,
            slot.lease,
            slot.bill.name,
            grids.profile(slot.bill).number,
            *_bounds(active.get(slot.number, ever)),
            *_bounds(slot.bill.bill.period),
            slot.use.terms.quantity,
        )
        for slot in slots
    ]
    return arrow_table(_LEASES, rows)


def _bounds(span: Span) -> tuple[int, int]:
    return span.start_ms, span.end_ms


def _uses(profiles: Sequence[Profile]) -> pa.Table:
    rows = []
    for one in profiles:
        plans = one.layout.bill.plans
        timed = timed_uses(one.layout.bill)
        bounded = {component.use for plan in plans for component in plan.components if component.bounded}
        rows += [
            (one.number, *use, use in timed, use in bounded, grid, one.bands[use])
            for use, grid in one.grids.items()
            if use != _OTHER
        ]
    return arrow_table(_USES, rows)


def _table(names: Sequence[str], rows: Sequence[Sequence[int]]) -> pa.Table:
    return arrow_table(dict.fromkeys(names, "int64"), rows)
