"""Nodes as `scontrol show node` prints them: a block for each, or a line for each with `-o`.

The fields and their order are those of slurm_sprint_node_table (src/api/node_info.c). Three of them are free
text and come last: what looks like a field within them is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from crex.describe.report import Report
from crex.describe.slurm_records import (
    NUMBERS,
    SYSTEM,
    TEXTS,
    Nodes,
    Record,
    read_number,
    read_states,
    set_number,
    set_text,
)
from crex.describe.sources import Source
from crex.describe.values import clean

_TOOL: Final = "scontrol show node"
START: Final = re.compile(r"^NodeName=", re.MULTILINE)
_FREE: Final = re.compile(r"\s(?:Reason|Comment|Extra)=")
_REASON: Final = re.compile(r"\sReason=(.*)")
_SYSTEM: Final = re.compile(r"\sOS=(.*?)\s(?=RealMemory=)")
_PAIR: Final = re.compile(r"(?<!\S)([A-Z][A-Za-z_]*)=(\S*)")
# Fields without which a block is none of scontrol's: a line of slurm.conf has a name, too.
_ALWAYS: Final = ("CPUTot", "State")
_UNSET: Final = frozenset({"", "N/A", "n/a", "(null)"})
_FIELDS_UNREAD: Final = {"AvailableFeatures": "features", "Features": "features", "Partitions": "partitions"}
# What else scontrol shows, by how it begins.
OTHERS: Final = {
    "JobId=": "jobs, which are work and no supply",
    "StepId=": "steps of jobs, which are work and no supply",
    "PartitionName=": "partitions, which say who may use nodes",
    "ReservationName=": "reservations of nodes",
    "LicenseName=": "licences",
    "Configuration data": "the configuration of Slurm, not what its nodes are",
}


@dataclass(frozen=True, slots=True)
class _Block:
    """What is printed about one node.

    Attributes:
        number: Line on which it begins.
        text: Its lines, joined by spaces.
        ended: Whether the end of it is there.
    """

    number: int
    text: str
    ended: bool


def read_blocks(source: Source, nodes: Nodes) -> None:
    """Takes in the nodes of a text in which there is at least one."""
    books = nodes.books
    for block in _blocks(source, books.report):
        row = books.row(f"{source.name}: line {block.number}")
        found = _record(block, row, books.report)
        if isinstance(found, Record):
            nodes.add(found)
        else:
            books.leave_out(row, found)


def _blocks(source: Source, report: Report) -> Iterator[_Block]:
    """Finds the blocks. Lines within one are indented; some versions print one of spaces only among them."""
    # The last piece is not a line, but what follows the last line break.
    lines = source.text.replace("\r\n", "\n").split("\n")
    begun: list[str] = []
    first, ended = 0, False
    for number, line in enumerate(lines, start=1):
        broken = number < len(lines)
        if START.match(line):
            if begun:
                yield _Block(first, " ".join(begun), True)
            begun, first = [line.strip()], number
            ended = broken and " State=" in line  # all of it on one line
        elif begun and (line[:1].isspace() or not line):
            begun.append(line.strip())
            ended = ended or (broken and not line)
        elif line:
            place = f"{source.name}: line {number}"
            report.leave_out("a line", place, f"{clean(line, 80)!r} is within no node")
    if begun:
        yield _Block(first, " ".join(begun), ended)


def _record(block: _Block, row: str, report: Report) -> Record | str:
    """Reads a block; or says why it is none."""
    text = f" {block.text} "
    free = _FREE.search(text)
    reason = _REASON.search(text)
    system = _SYSTEM.search(text[: free.start()] if free else text)
    body = _SYSTEM.sub(" ", text[: free.start()] if free else text, count=1)
    pairs: dict[str, str] = {}
    for match in _PAIR.finditer(body):
        pairs.setdefault(match[1], match[2])
    name = pairs.get("NodeName", "")
    if not name:
        return "it names no node"
    missing = [one for one in _ALWAYS if one not in pairs]
    if missing:
        return f"it has no {missing[0]}, which scontrol prints of every node: it is cut, or of another tool"
    if not set(name).isdisjoint("[],"):
        return f"it names several nodes, {clean(name, 80)!r}; scontrol tells each by itself"
    if not block.ended:
        return "no empty line follows it, so that it may be cut"
    record = Record(name=clean(name, 255) or "?", where=row, rows=[row], states=read_states(pairs["State"]))
    for figure in NUMBERS:
        stated = pairs.get(figure)
        number = read_number(figure, stated)
        if number is None and stated is not None and stated not in _UNSET:
            report.leave_out(figure, row, f"it is {clean(stated, 40)!r}, which is no number of a node")
        set_number(record, figure, number, figure, _TOOL)
    for figure in TEXTS:
        stated = system[1] if figure == SYSTEM and system else pairs.get(figure)
        set_text(record, figure, stated, figure, _TOOL)
    record.reasons = (reason[1].strip(),) if reason else ()
    read = {name: pairs.get(name, "") not in _UNSET for name in _FIELDS_UNREAD}
    record.unread = frozenset(_FIELDS_UNREAD[name] for name, stated in read.items() if stated)
    return record
