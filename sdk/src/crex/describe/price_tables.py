"""Tables of prices: their columns by name, and only rows that are certainly whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from crex.describe.price_plans import Plans
from crex.describe.sources import Source, read_table
from crex.describe.tables import whole_rows
from crex.describe.values import clean

_IN_BRACKETS: Final = re.compile(r".*\(([^()]+)\)")


def columns_of(source: Source) -> list[str]:
    """Gives the names of a table's columns, in lower case; of "Maßeinheit (UnitOfMeasure)" the latter."""
    _, head = next(read_table(source), (0, []))
    names = []
    for cell in head:
        bracketed = _IN_BRACKETS.fullmatch(cell)
        names.append((bracketed[1] if bracketed else cell).strip().lower())
    return names


def read_rows(source: Source, plans: Plans) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Gives the rows of a table that are whole, with their cells by column; leaves out the others."""
    names = columns_of(source)
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if not twice:
        yield from whole_rows(source, names, plans)
        return
    for number, _ in list(read_table(source))[1:]:
        row = plans.row(f"{source.name}: line {number}")
        plans.leave_out(row, f"the table has several columns {clean(twice[0], 40)}")
