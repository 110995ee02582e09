"""Tables of prices: their columns by name, and only rows that are certainly whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from crex.describe.price_plans import Plans
from crex.describe.sources import Source, read_table
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
    lines = list(read_table(source))[1:]
    for at, (number, cells) in enumerate(lines):
        row = plans.row(f"{source.name}: line {number}")
        if twice:
            plans.leave_out(row, f"the table has several columns {clean(twice[0], 40)}")
        elif at == len(lines) - 1 and not source.text.endswith("\n"):
            plans.leave_out(row, "it ends without a line break, so it may be cut")
        elif len(cells) != len(names):
            plans.leave_out(row, f"it has {len(cells)} cells, and the first line has {len(names)}")
        else:
            yield row, dict(zip(names, cells, strict=True))
