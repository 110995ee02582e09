"""Nodes as Slurm states them: scontrol (text and JSON), slurmrestd, sinfo (JSON and tables).

    scontrol show node --json | crex describe slurm -

All inputs of an import are of one cluster: what several say of a node is joined by its name. A row is what
stands for a node, or for several, in one place of the input. Equal nodes are one document with their number.

Not read, on purpose: features and partitions, which are words of the site; TmpDisk, of no stated medium.
Jobs, accounts and statistics are no supply.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from crex.describe.importing import Draft, Import, Imported, unused
from crex.describe.policy import propose_name
from crex.describe.slurm_gres import tracks_gpus
from crex.describe.slurm_json import read_answer
from crex.describe.slurm_nodes import Described, describe_node
from crex.describe.slurm_records import Nodes, Record
from crex.describe.slurm_table import read_table
from crex.describe.slurm_text import OTHERS, START, read_blocks
from crex.describe.sources import Source
from crex.v1 import ComputeResource, Partition


@dataclass(frozen=True, slots=True)
class Slurm:
    """The importer of what Slurm says of its nodes."""

    name: str = "slurm"
    about: str = "nodes as scontrol, slurmrestd or sinfo state them"
    commands: Sequence[Sequence[str]] = (("scontrol", "show", "node", "--json"),)

    def read(self, sources: Sequence[Source]) -> Imported:
        """Reads the nodes of one cluster; its files belong together."""
        books = Import()
        nodes = Nodes(books)
        for source in sources:
            _read(source, nodes)
        tracking = any(tracks_gpus(record) for record in nodes.found.values())
        classes: dict[tuple[object, ...], list[Described]] = {}
        refused: list[tuple[Record, str]] = []
        for record in nodes.found.values():
            described = describe_node(record, tracking, books.report)
            if isinstance(described, Described):
                classes.setdefault(described.key(), []).append(described)
            else:
                refused.append((record, described))
        names: set[str] = set()
        for equal in classes.values():
            _draft(equal, names, books)
        _leave_out(refused, classes.values(), nodes)
        return books.done()


def _read(source: Source, nodes: Nodes) -> None:
    text = source.text.lstrip()
    if source.problem or not text:
        nodes.books.leave_out(nodes.books.row(source.name), source.problem or "it is empty")
    elif text[0] in "{[":
        read_answer(source, nodes)
    elif START.search(source.text):
        read_blocks(source, nodes)
    elif (
        others := next((told for start, told in OTHERS.items() if text.startswith(start)), None)
    ) is not None:
        nodes.books.leave_out(nodes.books.row(source.name), f"it shows no nodes; these are {others}")
    else:
        read_table(source, nodes)


def _draft(equal: Sequence[Described], names: set[str], books: Import) -> None:
    """Makes the drafts of equal nodes: one for the node, one for each type of slices."""
    first = equal[0]
    name = unused(propose_name(first.record.name) or "node", names)
    rows = tuple(dict.fromkeys(row for one in equal for row in one.record.rows))
    there = sum(one.there for one in equal) or None
    books.add(Draft(name=name, body=first.body, rows=rows, count=there))
    for part in first.parts:
        body = ComputeResource(kind="partition-class", partition=Partition(profile=part.profile))
        part_name = unused(propose_name(part.kind.replace(".", "-")) or "slice", names)
        count = part.count * there if there is not None else None
        books.add(Draft(name=part_name, body=body, rows=rows, count=count, part_of=name))


def _leave_out(
    refused: Sequence[tuple[Record, str]], classes: Iterable[Sequence[Described]], nodes: Nodes
) -> None:
    """Ends the rows that stand in no draft; a node of a row that stands in one is a remark."""
    books = nodes.books
    used = {row for equal in classes for one in equal for row in one.record.rows}
    reasons = dict(nodes.refused)
    for record, why in refused:
        reasons |= dict.fromkeys(record.rows, why)
        if not used.isdisjoint(record.rows):
            books.report.leave_out(f"node {record.name}", record.where, why)
    for row, why in reasons.items():
        if row not in used:
            books.leave_out(row, why)


IMPORTER: Final = Slurm()
