"""Follows paths down the tables for many offers at once, as `Surroundings.follow` does for one.

Every array here has one value for each of some rows; `owner` says to which of the rows asked about each
belongs. What may be there and is not stated is counted by its owner: `unknown`. So a comparison over a path
is the greatest truth of the values reached, and UNKNOWN where something is unknown: the disjunction of the
reference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from crex.demand.paths import Step
from crex_broker.index.columns import MISSING, NO_CODE, CodeColumn, Column, Flags, IntColumn, Ints
from crex_broker.index.tables import RootTable, Table

_DENSE: Final = "dense"
# Stands for a basis or assurance that is not stated.
NOWHERE: Final = -1


@dataclass(slots=True)
class Rows:
    """Rows of one table, of many offers.

    Attributes:
        table: The table.
        root: Root of the table.
        prefix: Path of the message within a row, ending in a point; empty for the row itself.
        rows: Row of each.
        document: Row of the root table that each lies below.
        offer: Number of the offer of each, among those that are judged.
        basis: Words of the basis that governs each, as (column, codes); None: not stated anywhere on the way.
        assurance: Likewise of the assurance.
        place: Names of the lists on the way, joined by points.
    """

    table: Table
    root: RootTable
    prefix: str
    rows: Ints
    document: Ints
    offer: Ints
    basis: Governing | None = None
    assurance: Governing | None = None
    place: str = ""

    def pick(self, chosen: Flags) -> Rows:
        """Gives some of the rows."""
        return Rows(
            self.table,
            self.root,
            self.prefix,
            self.rows[chosen],
            self.document[chosen],
            self.offer[chosen],
            None if self.basis is None else self.basis.pick(chosen),
            None if self.assurance is None else self.assurance.pick(chosen),
            self.place,
        )

    def column(self, path: str) -> Column | None:
        """Gives the column of a member of the message; None where no document states it."""
        return self.table.columns.get(self.prefix + path)


@dataclass(slots=True)
class Governing:
    """Texts that govern some rows: the column that has them, and its codes."""

    column: CodeColumn
    codes: Ints

    def pick(self, chosen: Flags | Ints) -> Governing:
        """Gives those of some rows."""
        return Governing(self.column, self.codes[chosen])

    def among(self, words: tuple[str, ...]) -> Flags:
        """Tells for each row whether its text is one of some."""
        known = np.array([self.column.known(word) for word in words], np.int64)
        return np.isin(self.codes, known)


@dataclass(slots=True)
class Reached:
    """What a path leads to.

    Attributes:
        rows: The messages reached, or those whose member the scalar is.
        scalar: Path of the scalar within the message; None where the path ends at a message.
        owner: For each, the number of the row asked about.
        unknown: For each row asked about, whether something may be there that is not stated.
    """

    rows: Rows
    scalar: str | None
    owner: Ints
    unknown: Flags


@dataclass(frozen=True, slots=True)
class Claims:
    """What decides whether a compliance claim holds: the instant, and the names that each offer covers."""

    now_ms: int
    names: Callable[[int], frozenset[str]]


class Follower:
    """Follows the steps of one path from some rows."""

    def __init__(self, start: Rows, unknown: Flags, *, dense: bool, claims: Claims) -> None:
        self._at = start
        self._owner: Ints = np.arange(len(start.rows), dtype=np.int64)
        self._unknown = unknown
        self._dense = dense
        self._claims = claims

    def run(self, steps: tuple[Step, ...]) -> Reached:
        """Follows all steps."""
        for number, step in enumerate(steps):
            last = number == len(steps) - 1
            if step.repeated:
                self._list(step)
            elif step.message:
                self._message(step)
            elif last:
                return Reached(self._at, step.member, self._owner, self._unknown)
            else:
                self._nothing()  # nothing lies below a scalar
        scalar = "" if steps and not steps[-1].message else None
        return Reached(self._at, scalar, self._owner, self._unknown)

    def _keep(self, chosen: Flags, *, unknown: bool) -> None:
        """Goes on with some rows; the others are unknown, or not there."""
        if chosen.all():
            return
        if unknown:
            self._unknown[self._owner[~chosen]] = True
        self._at, self._owner = self._at.pick(chosen), self._owner[chosen]

    def _nothing(self) -> None:
        self._keep(np.zeros(len(self._owner), np.bool_), unknown=True)

    def _message(self, step: Step) -> None:
        at = self._at
        path = at.prefix + step.member
        flag = at.table.present.get(path)
        if flag is None:
            self._nothing()
        else:
            self._keep(flag.data[at.rows], unknown=True)
        at = self._at
        at.prefix = path + "."
        at.place = f"{at.place}.{step.member}" if at.place else step.member
        self._govern(step)

    def _list(self, step: Step) -> None:
        at = self._at
        path = at.prefix + step.member
        place = f"{at.place}.{step.member}" if at.place else step.member
        closed = at.root.closed.get(place)
        if not at.root.all_closed:
            is_open = np.ones(len(at.rows), np.bool_) if closed is None else ~closed.data[at.document]
            self._unknown[self._owner[is_open]] = True
        child = at.table.children.get(path)
        if child is None:
            self._keep(np.zeros(len(self._owner), np.bool_), unknown=False)
            self._at.prefix, self._at.place = "", place
            self._at.table = Table()
            return
        counts = at.table.count[path].data[at.rows].astype(np.int64)
        parent = np.repeat(np.arange(len(at.rows), dtype=np.int64), counts)
        rows = runs(at.table.first[path].data[at.rows], counts)
        self._owner = self._owner[parent]
        self._at = Rows(
            child,
            at.root,
            "",
            rows,
            at.document[parent],
            at.offer[parent],
            None if at.basis is None else at.basis.pick(parent),
            None if at.assurance is None else at.assurance.pick(parent),
            place,
        )
        if step.message == "Rate" and self._dense:
            self._only_dense()
        if step.message == "ComplianceClaim":
            self._keep(self._holding(), unknown=True)
        if step.message:
            self._govern(step)

    def _only_dense(self) -> None:
        """Passes over rates that are not dense; one that does not say is unknown (REQ-DENSE-1)."""
        column = self._at.column("sparsity")
        if not isinstance(column, CodeColumn):
            self._nothing()
            return
        codes = column.values.data[self._at.rows]
        self._unknown[self._owner[codes == NO_CODE]] = True
        self._keep(codes == column.known(_DENSE), unknown=False)

    def _holding(self) -> Flags:
        """Tells which claims are valid now and cover the resource, its site or its pool (REQ-CLAIM-1)."""
        at, now_ms = self._at, self._claims.now_ms
        start, end = (at.column(f"valid.{name}") for name in ("start", "end"))
        if not isinstance(start, IntColumn) or not isinstance(end, IntColumn):
            return np.zeros(len(at.rows), np.bool_)
        starts, ends = start.values.data[at.rows], end.values.data[at.rows]
        holds: Flags = (starts != MISSING) & (ends != MISSING) & (starts <= now_ms) & (now_ms < ends)
        scopes = at.table.children.get("scopeIds")
        column = None if scopes is None else scopes.columns.get("")
        if not isinstance(column, CodeColumn):
            return np.zeros(len(at.rows), np.bool_)
        for index in np.flatnonzero(holds):
            row = at.rows[index]
            first, count = at.table.first["scopeIds"].data[row], at.table.count["scopeIds"].data[row]
            codes = column.values.data[first : first + count]
            words = {column.words[code] for code in codes if code != NO_CODE}
            holds[index] = not words.isdisjoint(self._claims.names(int(at.offer[index])))
        return holds

    def _govern(self, step: Step) -> None:
        """Takes note of the basis and the assurance that govern what lies below (REQ-BASIS-1)."""
        at = self._at
        if step.basis:
            at.basis = _governing(at, ".".join(step.basis))
        if step.assurance:
            at.assurance = _governing(at, step.assurance)


def _governing(at: Rows, path: str) -> Governing | None:
    column = at.column(path)
    if not isinstance(column, CodeColumn):
        return None
    return Governing(column, column.values.data[at.rows].astype(np.int64))


def runs(first: Ints, counts: Ints) -> Ints:
    """Gives the numbers of several runs, one after the other.

    Args:
        first: First number of each run.
        counts: Length of each run.
    """
    total = int(counts.sum())
    if not total:
        return np.empty(0, np.int64)
    ends = np.cumsum(counts)
    shift = np.repeat(first - (ends - counts), counts)
    numbers: Ints = np.arange(total, dtype=np.int64) + shift
    return numbers
