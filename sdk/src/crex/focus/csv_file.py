"""FOCUS rows as CSV: texts in quotes, numbers bare, and NULL, bare, where there is no value (NullHandling).

A spreadsheet takes some texts for formulas, and some come from the seller or the buyer: an apostrophe stands
before such a text, as in `--format csv`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction
from typing import Final

from crex.focus.cells import Cell, Row
from crex.focus.columns import COLUMNS, Column
from crex.focus.numbers import decimal_text
from crex.invoice.views.table import harmless_cell

_NULL: Final = "NULL"
_RATIONAL: Final = re.compile(r"-[0-9]+/[0-9]+")  # below zero it begins like a formula and is none


def csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    """Yields the heading and the rows, each with its line break.

    Raises:
        CrexError: LIMIT: a number is larger than its column.
    """
    yield ",".join(_quoted(column.name) for column in COLUMNS) + "\n"
    for row in rows:
        yield ",".join(_cell(row[column.name], column) for column in COLUMNS) + "\n"


def plain_text(value: Cell, column: Column) -> str | None:
    """Returns a cell as text: a number with its point, an instant in UTC with whole seconds."""
    if isinstance(value, Fraction):
        return decimal_text(value, column)
    return f"{value:%Y-%m-%dT%H:%M:%S}Z" if isinstance(value, datetime) else value


def _cell(value: Cell, column: Column) -> str:
    text = plain_text(value, column)
    if text is None:
        return _NULL
    if isinstance(value, Fraction):
        return text
    return _quoted(text if _RATIONAL.fullmatch(text) else harmless_cell(text))


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
