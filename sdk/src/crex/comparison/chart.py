"""Cost against hours in a terminal: letters on a grid of plain characters, read without colour.

Every column is one length of the comparison, and the letter of a plan stands where its cost is; where several
plans cost about the same, `*` does. A wider terminal shows more lengths, not other numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from crex.comparison.figures import amount, hours, place
from crex.comparison.table import Compared, Comparison

# Columns beside the labels of costs; fewer than the least show nothing, more are hard to follow.
LEAST, MOST = 16, 96
_HEIGHT: Final = 15
_SEVERAL: Final = "*"
_AXIS: Final = "┤ "


def columns(width: int, labels: int) -> int:
    """Returns how many lengths fit into a terminal."""
    return max(LEAST, min(MOST, width - labels - len(_AXIS)))


def draw(comparison: Comparison, plans: Sequence[Compared], currency: str) -> list[str]:
    """Draws plans of one currency.

    Args:
        comparison: The comparison.
        plans: Plans of it that can be compared, in one currency.
        currency: That currency.

    Returns:
        The lines of the chart; none where no length has a cost.
    """
    costs = [[one.at(index) for index in range(len(comparison.lengths))] for one in plans]
    known = [cost for each in costs for cost in each if cost is not None]
    if not known:
        return []
    low, high = min(Fraction(0), *known), max(Fraction(0), *known)
    rows = [[" "] * len(comparison.lengths) for _ in range(_HEIGHT)]
    for one, each in zip(plans, costs, strict=True):
        for column, cost in enumerate(each):
            if cost is not None:
                row = rows[_HEIGHT - 1 - place(cost, low, high, _HEIGHT - 1)]
                row[column] = one.letter if row[column] == " " else _SEVERAL
    labels = {
        _HEIGHT - 1 - at: amount(currency, low + (high - low) * at / (_HEIGHT - 1))
        for at in (0, (_HEIGHT - 1) // 2, _HEIGHT - 1)
    }
    wide = max(len(label) for label in labels.values())
    lines = [
        f"{labels.get(number, '').rjust(wide)} {'┤' if number in labels else '│'}{''.join(row)}".rstrip()
        for number, row in enumerate(rows)
    ]
    return [f"{currency}", *lines, *_below(comparison, wide)]


def label_width(currency: str, highest: Fraction) -> int:
    """Returns how wide the labels of costs are."""
    return len(amount(currency, highest)) + 1


def _below(comparison: Comparison, wide: int) -> list[str]:
    across = len(comparison.lengths)
    last = comparison.lengths[-1]
    middle, end = hours(last // 2), hours(last)
    scale = [" "] * (across + len(end))
    for text, at in (("0", 0), (middle, across // 2 - len(middle) // 2), (end, across - len(end))):
        scale[at : at + len(text)] = text
    margin = " " * (wide + 1)
    return [f"{margin}└{'─' * across}", f"{margin} {''.join(scale).rstrip()}"]
