"""What an audit of a log is given, what it looks for among the leaves, and what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from crex.transparency.findings import Finding
from crex.transparency.papers import Paper, Promise, Shown
from crex.transparency.views import View


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the auditor holds the log to.

    Attributes:
        views: Other checkpoints of the same log, from earlier or from other readers.
        promises: Receipts of this log.
        papers: Documents whose receipts may be among the promises.
        published: Documents that the broker shows to everyone; each must be logged as public.
        records: What the log's operator showed a supervisor of its records.
    """

    views: Sequence[View] = ()
    promises: Sequence[Promise] = ()
    papers: Sequence[Paper] = ()
    published: Sequence[Paper] = ()
    records: Sequence[Shown] = ()


@dataclass(slots=True)
class LogAudit:
    """What an audit of a log found.

    Attributes:
        view: The checkpoint that was audited.
        findings: What must not be; empty where nothing was found.
        leaves: Leaves that were read.
        rebuilt: Whether the leaves come to the root of the checkpoint.
        past: Other checkpoints that the leaves come to.
        kept: Promises that are kept.
        pending: Promises whose time has not come.
        not_covered: Documents in hand that nothing here ties to the log.
        foreign: Receipts of other logs, or by others than this log's operator: no word of it.
    """

    view: View
    findings: list[Finding] = field(default_factory=list)
    leaves: int = 0
    rebuilt: bool = False
    past: int = 0
    kept: int = 0
    pending: int = 0
    not_covered: list[Paper] = field(default_factory=list)
    foreign: list[Paper] = field(default_factory=list)


@dataclass(slots=True)
class Found:
    """What one pass over the leaves saw of what was looked for."""

    wanted: set[bytes]
    positions: set[int]
    by_leaf: dict[bytes, int] = field(default_factory=dict)
    by_index: dict[int, bytes] = field(default_factory=dict)

    def look(self, start: int, leaves: Sequence[bytes]) -> None:
        """Notes the wanted leaves and positions among these."""
        if self.wanted and not self.wanted.isdisjoint(leaves):
            for index, leaf in enumerate(leaves, start):
                if leaf in self.wanted:
                    self.by_leaf.setdefault(leaf, index)
        for index in self.positions.intersection(range(start, start + len(leaves))):
            self.by_index[index] = leaves[index - start]
