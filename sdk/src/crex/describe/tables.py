"""Rows of tables that are certainly whole, with their cells by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from crex.describe.sources import Source, read_table


class Rows(Protocol):
    """Takes in rows, and those that are left out."""

    def row(self, where: str) -> str:
        """Begins a row; gives its place."""
        ...

    def leave_out(self, row: str, why: str) -> None:
        """Says that a row becomes nothing."""
        ...


def whole_rows(
    source: Source,
    names: Sequence[str],
    books: Rows,
    separators: str = ",;\t",
    *,
    quoted: bool = True,
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Gives the rows below the first line that are whole; leaves out the others.

    Args:
        source: The table.
        names: Names of its columns.
        books: Where rows begin and are left out.
        separators: What may separate cells.
        quoted: Whether a cell may stand in quotes.
    """
    lines = list(read_table(source, separators, quoted=quoted))[1:]
    for at, (number, cells) in enumerate(lines):
        row = books.row(f"{source.name}: line {number}")
        if at == len(lines) - 1 and not source.text.endswith("\n"):
            books.leave_out(row, "it ends without a line break, so it may be cut")
        elif len(cells) != len(names):
            books.leave_out(row, f"it has {len(cells)} cells, and the first line has {len(names)}")
        else:
            yield row, dict(zip(names, cells, strict=True))
