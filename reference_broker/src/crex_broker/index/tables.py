"""Tables of documents taken apart: one for each root and one for each list below it (ADR 0019).

A message that is no list lies in the table of what holds it, under its path: `cpu.isa` is a column of the
table of nodes. The elements of a list are rows of a table of their own, in one run for each parent. So a path
of the registry leads down the tables as it leads down a document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from crex_broker.index.columns import CodeColumn, Column, Growing, IntColumn

_FIRST_ROWS: Final = 64


class Table:
    """Rows of one message type at one place.

    Attributes:
        rows: Number of rows.
        columns: Columns by path within a row, as JSON members joined by points; the one of a list of scalars
            is named by the empty text.
        present: For each message that lies in this table, whether a row has it; by path.
        children: Tables of lists, by path of the list within a row.
        first: For each list, the first row of its run in the child table.
        count: For each list, the length of its run.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._room = _FIRST_ROWS
        self.columns: dict[str, Column] = {}
        self.present: dict[str, Growing] = {}
        self.children: dict[str, Table] = {}
        self.first: dict[str, Growing] = {}
        self.count: dict[str, Growing] = {}

    def integers(self, path: str) -> IntColumn:
        """Gives a column of integers, which it makes where there is none."""
        column = self.columns.get(path)
        if not isinstance(column, IntColumn):
            column = self.columns[path] = IntColumn(self._room)
        return column

    def codes(self, path: str) -> CodeColumn:
        """Gives a column of texts or decimals, which it makes where there is none."""
        column = self.columns.get(path)
        if not isinstance(column, CodeColumn):
            column = self.columns[path] = CodeColumn(self._room)
        return column

    def flag(self, path: str) -> Growing:
        """Gives the presence of a message, which nobody has where it is new."""
        found = self.present.get(path)
        if found is None:
            found = self.present[path] = Growing(np.bool_, 0, self._room)
        return found

    def child(self, path: str) -> Table:
        """Gives the table of a list, which it makes where there is none."""
        found = self.children.get(path)
        if found is None:
            self.first[path] = Growing(np.int64, 0, self._room)
            self.count[path] = Growing(np.int32, 0, self._room)
            found = self.children[path] = Table()
        return found

    def add(self) -> int:
        """Adds a row of which nothing is stated yet; gives its number."""
        row = self.rows
        if row == self._room:
            self._room *= 2
            for growing in self._growing():
                growing.reserve(self._room)
        self.rows = row + 1
        return row

    def _growing(self) -> Iterator[Growing]:
        """Gives everything that has a value for each row."""
        yield from (column.values for column in self.columns.values())
        yield from self.present.values()
        yield from self.first.values()
        yield from self.count.values()

    @property
    def nbytes(self) -> int:
        """Memory that it and the tables below it take."""
        own = sum(column.nbytes for column in self.columns.values())
        own += sum(one.nbytes for one in (*self.present.values(), *self.first.values(), *self.count.values()))
        return own + sum(child.nbytes for child in self.children.values())


class RootTable(Table):
    """Table of a root: a document, or the part of one at which paths begin.

    Attributes:
        closed: For each list below it, whether the document of a row calls it complete; by its path, the
            names on the way joined by points.
        all_closed: Whether every list is complete, as of an offer (REQ-CLOSED-1).
    """

    def __init__(self, *, all_closed: bool = False) -> None:
        super().__init__()
        self.all_closed: Final = all_closed
        self.closed: dict[str, Growing] = {}

    def close(self, row: int, path: str) -> None:
        """Keeps that the document of a row calls a list complete."""
        growing = self.closed.get(path)
        if growing is None:
            growing = self.closed[path] = Growing(np.bool_, 0, self._room)
        growing.set(row, 1)

    def _growing(self) -> Iterator[Growing]:
        """Gives everything that has a value for each row."""
        yield from super()._growing()
        yield from self.closed.values()

    @property
    def nbytes(self) -> int:
        """Memory that it and the tables below it take."""
        return super().nbytes + sum(growing.nbytes for growing in self.closed.values())
