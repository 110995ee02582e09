"""Nodes as tables of sinfo have them, with a first line that names the columns.

A column may have a width (`%.6m`), and sinfo cuts what is longer: 1031000 MiB then reads 103100
(_print_str in src/sinfo/print.c). `sinfo -N -l` has such columns. So a figure is believed only where it
cannot be cut: where nothing in the table is padded, so that no column has a width, or where its column is
wider.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from crex.describe.report import Report
from crex.describe.slurm_records import (
    CORES,
    CPUS,
    DISK,
    GRES,
    MEMORY,
    SOCKETS,
    THREADS,
    Nodes,
    Record,
    expand_hosts,
    read_number,
    read_states,
    set_number,
    set_text,
)
from crex.describe.sources import Source
from crex.describe.values import clean

_TOOL: Final = "sinfo"
_NAMES: Final = ("NODELIST", "HOSTNAMES")
_NUMBERS: Final = {
    "CPUS": CPUS,
    "SOCKETS": SOCKETS,
    "CORES": CORES,
    "THREADS": THREADS,
    "MEMORY": MEMORY,
    "TMP_DISK": DISK,
}
_SHAPE: Final = "S:C:T"
_STATES: Final = ("STATE", "STATECOMPLETE")
_FEATURES: Final = ("AVAIL_FEATURES", "AVAIL_FE", "FEATURES")
# Columns that may hold spaces, or nothing.
_FREE: Final = frozenset({"REASON", "EXTRA", "COMMENT"})
# `sinfo -O` gives a column 20 characters unless it is told otherwise (sinfo(1), --Format).
_WIDTH: Final = 20
_HEADS_SEARCHED: Final = 8
# Tables of other tools, by what is in their first lines.
_OTHERS: Final = {
    "JOBID": "jobs, which are work and no supply",
    "JobID": "jobs, which are work and no supply",
    "RESV_NAME": "reservations of nodes",
    "Account": "accounts",
    "sdiag output": "statistics of the scheduler",
    "LicenseName": "licences",
}


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    cells: list[_Cell]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table.

    Attributes:
        head: Its columns.
        lines: Its lines.
        widest: Length of the longest text in each column, its head included.
        padded: Whether anything in it is padded, so that columns may have a width.
    """

    head: list[_Cell]
    lines: list[_Line]
    widest: list[int]
    padded: bool

    def may_be_cut(self, column: int, cell: _Cell) -> bool:
        """Tells whether a cell may be the beginning of something longer."""
        if not self.padded:
            return False
        if len(self.head) > 1 and all(one.start % _WIDTH == 0 for one in self.head):
            return len(cell.text) >= _WIDTH
        return len(cell.text) >= self.widest[column]


def read_table(source: Source, nodes: Nodes) -> None:
    """Takes in the nodes of a table; what is none is left out."""
    books = nodes.books
    # The last piece is not a line, but what follows the last line break.
    lines = source.text.replace("\r\n", "\n").split("\n")
    at = _find_head(lines)
    if at is None:
        books.leave_out(books.row(source.name), _what(lines))
        return
    table = _split(lines, at)
    columns = [cell.text.upper() for cell in table.head]
    readable = {*_NUMBERS, _SHAPE, "GRES"}.intersection(columns)
    for line in table.lines:
        row = books.row(f"{source.name}: line {line.number}")
        if not readable:
            books.leave_out(row, "no column has CPUs, memory or generic resources")
        elif line.number == len(lines):
            books.leave_out(row, "no line break follows it, so that it may be cut")
        elif len(line.cells) != len(columns):
            why = f"it has {len(line.cells)} cells, and the first line has {len(columns)}"
            books.leave_out(row, why)
        else:
            _read_line(table, line, row, nodes)
    if not table.lines:
        books.leave_out(books.row(source.name), "it lists no node")


def _find_head(lines: Sequence[str]) -> int | None:
    """Finds the line that names the columns; `sinfo -l` has a date above it."""
    for at, line in enumerate(lines[:_HEADS_SEARCHED]):
        words = set(re.split(r"[|\s]+", line.upper()))
        if not words.isdisjoint(_NAMES):
            return at if "RESV_NAME" not in words else None
    return None


def _what(lines: Sequence[str]) -> str:
    head = " ".join(lines[:_HEADS_SEARCHED])
    found = next((told for word, told in _OTHERS.items() if word in head), None)
    if found:
        return f"it lists no nodes; these are {found}"
    return (
        "it is neither JSON, nor nodes of scontrol, nor a table of sinfo whose first line names the columns"
    )


def _split(lines: Sequence[str], at: int) -> _Table:
    head = lines[at]
    barred = "|" in head
    columns = list(_cells(head, barred))
    # What ends a line may be any text.
    free = columns[-1].text.upper() in _FREE if columns else False
    found: list[_Line] = []
    padded = _is_padded(head, barred)
    for number, line in enumerate(lines[at + 1 :], start=at + 2):
        if line.strip() and line.split() != head.split():
            cells = list(_cells(line, barred))
            if free and not barred and len(cells) > len(columns):
                last = cells[len(columns) - 1]
                cells = [*cells[: len(columns) - 1], _Cell(line[last.start :].strip(), last.start)]
                line = line[: last.start]  # noqa: PLW2901 - spaces in such a text are no padding
            padded = padded or _is_padded(line, barred)
            found.append(_Line(number, cells))
    rows = [columns, *(line.cells for line in found if len(line.cells) == len(columns))]
    widest = [max(len(cell.text) for cell in column) for column in zip(*rows, strict=True)]
    return _Table(columns, found, widest, padded)


def _cells(line: str, barred: bool) -> Iterator[_Cell]:
    for match in re.finditer(r"(?:^|(?<=\|))[^|]*" if barred else r"\S+", line):
        yield _Cell(match[0].strip(), match.start())


def _is_padded(line: str, barred: bool) -> bool:
    if barred:
        return any(part != part.strip() for part in line.split("|"))
    return re.search(r"^\s|\s\s|\s$", line) is not None


def _read_line(table: _Table, line: _Line, row: str, nodes: Nodes) -> None:
    books = nodes.books
    cells = dict(zip((cell.text.upper() for cell in table.head), enumerate(line.cells), strict=False))
    column, named = next(cells[name] for name in _NAMES if name in cells)
    wide = len(named.text) >= _WIDTH and table.may_be_cut(column, named)
    hosts = expand_hosts(named.text)
    if wide and all(one.start % _WIDTH == 0 for one in table.head):
        hosts = f"{clean(named.text, 80)!r} fills its column and may be cut"
    if isinstance(hosts, str):
        books.leave_out(row, hosts)
        return
    record = Record(name="", where=row, rows=[row])
    for name, (column, cell) in cells.items():
        if table.may_be_cut(column, cell) and name in {*_NUMBERS, _SHAPE, "GRES"}:
            why = f"{clean(cell.text, 40)!r} fills its column, so that it may be cut"
            books.report.leave_out(name, row, f'{why}; `sinfo -N -o "%N %c %m %G"` cuts nothing')
        else:
            _read_cell(record, name, cell.text, books.report)
    nodes.spread(record, hosts)


def _read_cell(record: Record, name: str, text: str, report: Report) -> None:
    if name in _NUMBERS:
        _read_number(record, _NUMBERS[name], text, name, report)
    elif name == _SHAPE and text.count(":") == 2:
        for figure, part in zip((SOCKETS, CORES, THREADS), text.split(":"), strict=True):
            _read_number(record, figure, part, name, report)
    elif name == "GRES":
        set_text(record, GRES, text, name, _TOOL)
    elif name in _STATES:
        record.states |= read_states(text)
    elif name == "REASON" and text != "none":
        record.reasons = (text,)
    elif name in _FEATURES and text != "(null)":
        record.unread |= {"features"}


def _read_number(record: Record, figure: str, text: str, name: str, report: Report) -> None:
    number = read_number(figure, text)
    set_number(record, figure, number, name, _TOOL)
    if number is None:
        why = f"{clean(text, 40)!r} is no figure of each node"
        if text.endswith("+"):
            why = f"{clean(text, 40)!r} is the least of several nodes; use `sinfo -N`"
        report.leave_out(name, record.where, why)
