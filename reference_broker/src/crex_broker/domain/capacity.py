"""Capacity as a function of time: what is granted, what is taken, and what is left at every instant.

For every instant t of an interval, claims(t) + q ≤ capacity(t) must hold over the pool and over every base
pool that it draws on (CAP-INSTANT-1). Outside all windows the capacity is 0, so what reaches past the last
window is refused (CAP-WINDOW-2). A claim stands until its row is gone: once its end has passed it takes its
units at every later instant (CAP-RELEASE-1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

# After every instant that can be written.
FOREVER: Final = 1 << 62
# No window grants more (AllotmentWindow.quantity). What a base pool multiplies a quantity to can be far more:
# so much is never free, and is not counted with, for a store has only 63 bits.
MOST_UNITS: Final = 10**12


@dataclass(frozen=True, slots=True)
class Window:
    """Units that may be sold at any instant of [start_ms, end_ms)."""

    start_ms: int
    end_ms: int
    quantity: int


class Claim(NamedTuple):
    """Units that are taken over [start_ms, end_ms), and afterwards until they are given back."""

    start_ms: int
    end_ms: int
    quantity: int


class Free(NamedTuple):
    """The least that is free over an interval, and the first instant at which it is that little.

    `units` is negative where more is claimed than granted, as it may be after a window has ended.
    """

    units: int
    at_ms: int


def least_free(
    windows: Iterable[Window], claims: Iterable[Claim], start_ms: int, end_ms: int, *, now_ms: int
) -> Free:
    """Finds the least number of free units over [start_ms, end_ms).

    Args:
        windows: Windows of the pool, without overlap.
        claims: Live claims on the pool; such as do not touch the interval make no difference.
        start_ms: First instant, inclusive.
        end_ms: Last instant, exclusive; after `start_ms`.
        now_ms: Store time; a claim that ended before it never ends.
    """
    # Changes of the free units by instant; everything before the interval is gathered at its start.
    changes: dict[int, int] = {start_ms: 0}
    for window in windows:
        _over(changes, window.start_ms, window.end_ms, window.quantity, start_ms, end_ms)
    for claim in claims:
        end = claim.end_ms if claim.end_ms > now_ms else FOREVER
        _over(changes, claim.start_ms, end, -claim.quantity, start_ms, end_ms)
    free = 0
    least: Free | None = None
    for at_ms in sorted(changes):
        free += changes[at_ms]
        if least is None or free < least.units:
            least = Free(free, at_ms)
    assert least is not None  # noqa: S101 - the start is always among the changes
    return least


def first_cut_below_claims(
    standing: Iterable[Window], proposed: Iterable[Window], claims: Iterable[Claim], *, now_ms: int
) -> Free | None:
    """Finds the first instant from now on at which a cut would leave claims without units (CAP-CUT-1).

    Only a cut can be at fault: where the proposed windows grant at least what stands, nothing is taken away,
    even if claims exceed both there, as an overdue lease may.

    Returns:
        What would be free there (negative), or nothing if every claim fits.
    """
    before: dict[int, int] = {now_ms: 0}
    after: dict[int, int] = {now_ms: 0}
    taken: dict[int, int] = {now_ms: 0}
    for window in standing:
        _over(before, window.start_ms, window.end_ms, window.quantity, now_ms, FOREVER)
    for window in proposed:
        _over(after, window.start_ms, window.end_ms, window.quantity, now_ms, FOREVER)
    for claim in claims:
        end = claim.end_ms if claim.end_ms > now_ms else FOREVER
        _over(taken, claim.start_ms, end, claim.quantity, now_ms, FOREVER)
    stands = grants = claimed = 0
    for at_ms in sorted({*before, *after, *taken}):
        stands += before.get(at_ms, 0)
        grants += after.get(at_ms, 0)
        claimed += taken.get(at_ms, 0)
        if grants < stands and claimed > grants:
            return Free(grants - claimed, at_ms)
    return None


def units_by_pool(lines: Iterable[tuple[str, int]], draws: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Adds up what lines take from each pool and base pool (CAP-DRAW-1).

    Args:
        lines: Pool and units of each line.
        draws: Units of each base pool that one unit of a pool takes, by pool.
    """
    units: dict[str, int] = {}
    for pool, quantity in lines:
        units[pool] = units.get(pool, 0) + quantity
        for base_pool, per_unit in draws.get(pool, {}).items():
            units[base_pool] = units.get(base_pool, 0) + quantity * per_unit
    return units


def _over(changes: dict[int, int], start: int, end: int, units: int, from_ms: int, to_ms: int) -> None:
    if start >= to_ms or end <= from_ms:
        return
    start = max(start, from_ms)
    changes[start] = changes.get(start, 0) + units
    if end < to_ms:
        changes[end] = changes.get(end, 0) - units
