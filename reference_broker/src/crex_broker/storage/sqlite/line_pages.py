"""Lines of invoices and notes: exact bytes by number, written once and read in pages."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# A length, and the number of a field, before each line of a response.
_FRAME_BYTES: Final = 5


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one kind of document.

    Attributes:
        table: Their table.
        owner: The column that names the document.
    """

    table: str
    owner: str

    def write(self, connection: sqlite3.Connection, seq: int | None, bodies: Sequence[bytes]) -> None:
        """Writes the lines of a new document, numbered from 1."""
        sql = f"INSERT INTO {self.table} ({self.owner}, number, body) VALUES (?, ?, ?)"  # noqa: S608 - constants
        connection.executemany(sql, [(seq, number, body) for number, body in enumerate(bodies, start=1)])

    def every(self, connection: sqlite3.Connection, seq: int) -> tuple[bytes, ...]:
        """Gives all lines of a document."""
        sql = f"SELECT body FROM {self.table} WHERE {self.owner} = ? ORDER BY number"  # noqa: S608 - constants
        return tuple([body for (body,) in connection.execute(sql, (seq,))])

    def page(
        self, connection: sqlite3.Connection, seq: int, from_number: int, limit: int, max_bytes: int
    ) -> tuple[tuple[bytes, ...], int | None]:
        """Gives a part of the lines, one in any case, and the number where the next part begins.

        Args:
            connection: A connection.
            seq: The document.
            from_number: Number of the first line.
            limit: Most lines.
            max_bytes: Most bytes (BILLING-LIST-2).
        """
        sizes_sql = (
            f"SELECT number, length(body) FROM {self.table} "  # noqa: S608 - constants
            f"WHERE {self.owner} = ? AND number >= ? ORDER BY number LIMIT ?"
        )
        sizes = connection.execute(sizes_sql, (seq, from_number, limit + 1)).fetchall()
        taken, last = 0, from_number - 1
        for number, size in sizes[:limit]:
            taken += size + _FRAME_BYTES
            if last >= from_number and taken > max_bytes:
                break
            last = number
        lines_sql = (
            f"SELECT body FROM {self.table} "  # noqa: S608 - constants
            f"WHERE {self.owner} = ? AND number BETWEEN ? AND ? ORDER BY number"
        )
        rows = connection.execute(lines_sql, (seq, from_number, last)).fetchall()
        return tuple([body for (body,) in rows]), last + 1 if len(rows) < len(sizes) else None


INVOICE_LINES: Final = Lines("invoice_lines", "invoice_seq")
NOTE_LINES: Final = Lines("note_lines", "note_seq")
