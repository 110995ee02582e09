"""Follows a log leaf by leaf and reports what concerns somebody: documents in hand, receipts, authorities.

It keeps the position and the right edge of the tree (a hash for each one-bit of the size), so each look reads
the new leaves only and still knows the root over all: every look is an audit of what was added. Leaves tell
nobody anything; what they are about, documents and receipts in hand tell, and to a supervisor the records
that the broker shows it, which are held to the leaves (MONITOR-ROOT-1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson

from crex.errors import CrexError, TrustError
from crex.transparency.audit import Found, LogAudit
from crex.transparency.findings import Finding, Kind, finding_of
from crex.transparency.papers import Paper, Promise, Shown
from crex.transparency.promises import is_of, judge_promise, judge_record
from crex.transparency.source import LogSource
from crex.transparency.state import locked
from crex.transparency.views import View, check_growth, check_witness_times, open_view, read_view
from crex.trust.files import write_whole
from crex.trust.log_proof import leaf_data
from crex.trust.merkle import TreeBuilder, verify_inclusion
from crex.trust.signed_note import NoteVerifier
from crex.v1 import SupervisedRecord

STATE_BYTES_MAX: Final = 1 << 20

# Gives the records from a position up to another, itself left out, that a supervisor is shown.
Records = Callable[[int, int], Iterable[SupervisedRecord]]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a log.

    Attributes:
        kind: `grown`, `logged`, `kept`, `record` or `finding`.
        message: What, for people.
        value: The same for programs.
        finding: What must not be; nothing for what may.
    """

    kind: str
    message: str
    value: Mapping[str, str] = field(default_factory=dict)
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """What is of concern.

    Attributes:
        papers: Documents that are to appear.
        promises: Receipts that are to be kept.
        authorities: Whose records are reported, where a supervisor is shown them.
    """

    papers: Sequence[Paper] = ()
    promises: Sequence[Promise] = ()
    authorities: frozenset[str] = frozenset()


class Monitor:
    """The position of one monitor in one log, in a file."""

    def __init__(
        self,
        state: Path,
        origin: str,
        keys: Iterable[NoteVerifier],
        watch: Watch,
        witnesses: Iterable[NoteVerifier] = (),
    ) -> None:
        """Names the parts; nothing is read yet.

        Args:
            state: The file of its position; begun where there is none.
            origin: Name of the log.
            keys: Its keys, from a pinned trust document.
            watch: What is of concern.
            witnesses: Keys of the witnesses that are known here, which are held to their times.
        """
        self._file = state
        self._origin = origin
        self._keys = tuple(keys)
        self._watch = watch
        self._witnesses = tuple(witnesses)
        self._judged: set[str] = set()

    def look(self, source: LogSource, *, now: datetime, records: Records | None = None) -> list[Event]:
        """Reads what is new and gives what concerns somebody; what is wrong does not move the position.

        What a witness did wrong is told and moves it: the log is not to blame.

        Args:
            source: Where the log is read.
            now: The time of the look, aware.
            records: The records that a supervisor is shown; unset: the reader is none.

        Raises:
            CrexError: The source cannot be reached, another process has the state, or it is damaged.
        """
        with locked(self._file):
            before, tree = self._load()
            try:
                view = read_view(source, self._keys, origin=self._origin)
                events = self._read(before, tree, view, source, records)
            except TrustError as error:
                finding = finding_of(error)
                if finding is None:
                    raise
                return [_found(finding)]
            events += self._judge_promises(view, source, now)
            if before is not None:
                events += map(_found, check_witness_times(before, view, self._witnesses))
            self._save(view, tree)
            return events

    def _read(
        self,
        before: View | None,
        tree: TreeBuilder,
        view: View,
        source: LogSource,
        records: Records | None,
    ) -> list[Event]:
        """Takes the new leaves into the tree, and holds the checkpoint to it."""
        size = _size(before)
        if before is not None and view.size <= before.size:
            check_growth(before, view, source)
            return []
        # No further than the checkpoint: a broker must not keep its reader busy for as long as it likes.
        shown = [] if records is None else [Shown.of(record) for record in records(size, view.size)]
        wanted = {leaf_data(paper.record_bytes, None): paper for paper in self._watch.papers}
        found = Found(set(wanted), {record.index for record in shown})
        for leaves in source.leaves(size, view.size):
            found.look(len(tree), leaves)
            for leaf in leaves:
                tree.append(leaf)
        if len(tree) != view.size or tree.root() != view.root:
            if before is not None:
                check_growth(before, view, source)
            raise Finding(
                Kind.ALTERED,
                f"The leaves that {view.place} gives from position {size} on do not come to the root of its "
                f"checkpoint at size {view.size}: it shows other leaves than it signed. Keep the checkpoint.",
                {"checkpoint": str(view.note), "computed": tree.root().hex()},
            ).error()
        grown = f"{self._origin} grew from {size} to {view.size}; the new leaves come to its root"
        events = [Event("grown", grown, {"from": str(size), "to": str(view.size)})]
        for leaf, index in sorted(found.by_leaf.items(), key=lambda one: one[1]):
            value = {"document": str(wanted[leaf]), "index": str(index)}
            events.append(Event("logged", f"{wanted[leaf]} stands at position {index}", value))
        return events + self._judge_records(view, shown, found)

    def _judge_promises(self, view: View, source: LogSource, now: datetime) -> list[Event]:
        """Holds the receipts that are due to the log, each once in a run."""
        events = []
        for promise in self._watch.promises:
            name = promise.paper.sha256
            if name in self._judged:
                continue
            audit = LogAudit(view)
            if not is_of(promise, view, audit):
                continue
            found = Found(set(), set())
            if promise.index < view.size:
                proof = source.inclusion(promise.index, view.size)
                stands = verify_inclusion(promise.leaf, promise.index, view.size, proof, view.root)
                # What stands there instead, the audit tells; here it is enough that it is not the leaf.
                found.by_index[promise.index] = promise.leaf if stands else b""
            judge_promise(promise, found, audit, now)
            if audit.kept or audit.findings:
                self._judged.add(name)
            events += [_found(finding) for finding in audit.findings]
            if audit.kept:
                kept = f"{promise.paper} is kept: its leaf stands at position {promise.index}"
                events.append(Event("kept", kept, {"receipt": str(promise.paper)}))
        return events

    def _judge_records(self, view: View, shown: Sequence[Shown], found: Found) -> list[Event]:
        """Reports the new records of the authorities of concern, and holds all of them to their leaves."""
        audit = LogAudit(view)
        events = []
        for record in shown:
            if record.index >= view.size:
                continue  # not covered yet; the next look has it
            judge_record(record, found, audit)
            parties = record.parties & self._watch.authorities
            if parties:
                about = ", ".join(sorted(parties))
                message = f"position {record.index}: {record.type} of {record.issuer}, about {about}"
                value = {"index": str(record.index), "type": record.type, "issuer": record.issuer}
                events.append(Event("record", message, value))
        return [*events, *map(_found, audit.findings)]

    def _load(self) -> tuple[View | None, TreeBuilder]:
        try:
            data = self._file.read_bytes()
        except FileNotFoundError:
            return None, TreeBuilder()
        try:
            value = orjson.loads(data if len(data) <= STATE_BYTES_MAX else b"")
            view = open_view(value["note"], self._keys, origin=self._origin, place=str(self._file))
            tree = TreeBuilder.resume(view.size, [bytes.fromhex(one) for one in value["subtrees"]])
            if tree.root() != view.root:
                raise ValueError("its hashes do not come to the root of its checkpoint")
        except (ValueError, KeyError, TypeError, AttributeError, TrustError) as error:
            why = error.message if isinstance(error, TrustError) else str(error)
            raise CrexError(
                "STORAGE_UNAVAILABLE",
                f"The file is not the position of a monitor of {self._origin} ({why}). Restore it, or take "
                "it away to read the log from its beginning.",
                source=str(self._file),
            ) from error
        return view, tree

    def _save(self, view: View, tree: TreeBuilder) -> None:
        value = {"note": str(view.note), "subtrees": [one.hex() for one in tree.subtrees]}
        write_whole(self._file, orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")


def _size(view: View | None) -> int:
    return view.size if view is not None else 0


def _found(finding: Finding) -> Event:
    return Event("finding", str(finding), {"finding": finding.kind, **finding.evidence}, finding)
