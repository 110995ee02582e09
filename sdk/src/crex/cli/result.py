"""What a command gives: a JSON value for programs, a text for people, and the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

OK: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
DEFECT: Final = 4


class Result(NamedTuple):
    """The outcome of a command.

    Attributes:
        value: For `--json`: anything that JSON can say.
        text: For people; ends without a line break.
        code: Exit code.
    """

    value: Any
    text: str
    code: int = OK


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> str:
    """Writes rows as columns; `empty` where there is none."""
    if not rows:
        return empty
    everything = [list(heads), *map(list, rows)]
    widths = [max(len(row[column]) for row in everything) for column in range(len(heads))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in everything
    ]
    return "\n".join(lines)
