"""Break-even points: from which length on another plan is the cheaper one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

# Cost by length in milliseconds; nothing where the plan does not price the demand.
Costs = Callable[[int], Fraction | None]


@dataclass(frozen=True, slots=True)
class Crossing:
    """A length at which one plan ceases to be the cheaper of two.

    Attributes:
        length_ms: Shortest length, in whole milliseconds, at which the first is no longer on its old side.
        first_cheaper: Whether the first plan is the cheaper one beyond.
    """

    length_ms: int
    first_cheaper: bool


def crossings(first: Costs, second: Costs, lengths: Sequence[int]) -> list[Crossing]:
    """Finds where two plans change sides.

    Costs grow in steps (fees, packages, tiers), so two plans may change sides and change back between two
    lengths that are looked at; such a pair is not found.

    Args:
        first: Costs of one plan.
        second: Costs of the other.
        lengths: Lengths to look at, ascending.
    """
    found: list[Crossing] = []
    last: tuple[int, int] | None = None
    for length in lengths:
        side = _side(first, second, length)
        if side is None:
            last = None
        elif side != 0:
            if last is not None and side != last[1]:
                at = _between(first, second, last[0], length, last[1])
                found.append(Crossing(at, side < 0))
            last = (length, side)
    return found


def _side(first: Costs, second: Costs, length: int) -> int | None:
    one, other = first(length), second(length)
    if one is None or other is None:
        return None
    return (one > other) - (one < other)


def _between(first: Costs, second: Costs, low: int, high: int, side: int) -> int:
    while high - low > 1:
        middle = (low + high) // 2
        if _side(first, second, middle) == side:
            low = middle
        else:
            high = middle
    return high
