"""Audits a log: rebuilds it from all its leaves, and holds it to everything that anyone was told about it.

One pass over the leaves, in memory of the height of the tree and of what is in hand. The root that they come
to must be that of the checkpoint (AUDIT-ROOT-1) and, at the sizes of other checkpoints that were signed, that
of each of those (AUDIT-PAST-1): stronger than a consistency proof, for it needs nobody's word. Receipts name
positions: what is promised must stand there (AUDIT-RECEIPT-1), and by its time (AUDIT-MERGE-1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from crex.errors import TrustError
from crex.transparency.audit import Evidence, Found, LogAudit
from crex.transparency.findings import Finding, Kind, finding_of
from crex.transparency.papers import Promise
from crex.transparency.promises import is_of, judge_papers, judge_promise, judge_record
from crex.transparency.source import LogSource, TileSource
from crex.transparency.store import TileReader, TileWriter, read_tile
from crex.transparency.tiles import Tile
from crex.transparency.views import View
from crex.trust.log_proof import leaf_data

# Tiles that are named one by one; an altered mirror is known by the first.
_TILES_NAMED: Final = 8

Progress = Callable[[int, int], None]


def audit_log(
    view: View, source: LogSource, evidence: Evidence, *, now: datetime, progress: Progress | None = None
) -> LogAudit:
    """Audits a log up to one checkpoint.

    Args:
        view: The checkpoint, opened.
        source: Where its leaves are read.
        evidence: What it is held to.
        now: The time of the audit, aware.
        progress: Told now and then how many leaves of how many were read.

    Raises:
        CrexError: The source cannot be reached; nothing can be said then.
    """
    audit = LogAudit(view)
    promises = [one for one in evidence.promises if is_of(one, view, audit)]
    found = _read_leaves(audit, source, evidence, promises, progress)
    for promise in promises:
        judge_promise(promise, found, audit, now)
    judge_papers(evidence, promises, found, audit)
    for record in evidence.records:
        judge_record(record, found, audit)
    return audit


def _read_leaves(
    audit: LogAudit,
    source: LogSource,
    evidence: Evidence,
    promises: Sequence[Promise],
    progress: Progress | None,
) -> Found:
    public = [leaf_data(paper.record_bytes, None) for paper in (*evidence.papers, *evidence.published)]
    found = Found(
        wanted={one.leaf for one in promises}.union(public),
        positions={one.index for one in promises}.union(record.index for record in evidence.records),
    )
    mirror = _Mirror(source.reader if isinstance(source, TileSource) else None)
    tree = TileWriter(mirror)
    roots = {0: tree.root()}
    size = audit.view.size
    stops = sorted({view.size for view in evidence.views if 0 < view.size <= size})
    try:
        for leaves in source.leaves(0, size) if size else ():
            start = tree.size
            found.look(start, leaves)
            at = start
            for stop in [stop for stop in stops if start < stop <= start + len(leaves)]:
                tree.append(leaves[at - start : stop - start])
                at, roots[stop] = stop, tree.root()
            tree.append(leaves[at - start :])
            if progress is not None:
                progress(tree.size, size)
    except TrustError as error:
        finding = finding_of(error)
        if finding is None:
            raise
        audit.findings.append(finding)
    audit.leaves = tree.size
    if tree.size == size:
        audit.rebuilt = tree.root() == audit.view.root
        _judge_root(tree, audit, mirror)
    for past in evidence.views:
        _judge_past(past, roots.get(past.size), audit)
    return found


def _judge_root(tree: TileWriter, audit: LogAudit, mirror: _Mirror) -> None:
    view = audit.view
    if not audit.rebuilt:
        audit.findings.append(
            Finding(
                Kind.ALTERED,
                f"The {tree.size} leaves that {view.place} gives come to root {tree.root().hex()}, and the "
                f"checkpoint of {view.checkpoint.origin} states {view.root.hex()}: a leaf was altered, "
                "added, left out or put elsewhere after the checkpoint was signed. Keep the checkpoint; it "
                "shows that the log stood otherwise.",
                {"checkpoint": str(view.note), "computed": tree.root().hex()},
            )
        )
    tree.flush()
    audit.findings += mirror.findings


def _judge_past(past: View, root: bytes | None, audit: LogAudit) -> None:
    """Holds the leaves to another checkpoint that the log signed (AUDIT-PAST-1)."""
    view = audit.view
    both = {"before": str(past.note), "after": str(view.note)}
    if past.size > view.size:
        audit.findings.append(
            Finding(
                Kind.ROLLBACK,
                f"{view.place} shows {view.checkpoint.origin} at size {view.size}, and the log signed the "
                f"checkpoint in {past.place} at size {past.size}: leaves were taken away, or this is an old "
                "copy. Ask another mirror.",
                both,
            )
        )
    elif past.size == view.size and past.root != view.root:
        audit.findings.append(
            Finding(
                Kind.FORK,
                f"{view.checkpoint.origin} signed two different trees of {view.size} leaves, one shown at "
                f"{view.place}, one in {past.place}. Both checkpoints together prove it to anyone.",
                both,
            )
        )
    elif root == past.root:
        audit.past += 1
    elif root is not None and audit.rebuilt:
        audit.findings.append(
            Finding(
                Kind.INCONSISTENT,
                f"The first {past.size} leaves of {view.checkpoint.origin} come to another root than the "
                f"checkpoint in {past.place}, which the log signed: what was logged before was changed. Both "
                "checkpoints together, with the leaves, prove it.",
                both,
            )
        )


class _Mirror:
    """Takes the tiles that the leaves come to, and compares them with those that are published."""

    def __init__(self, reader: TileReader | None) -> None:
        self._reader = reader
        self.findings: list[Finding] = []

    @property
    def place(self) -> str:
        """Where the published tiles are."""
        return self._reader.place if self._reader is not None else "nowhere"

    def read(self, path: str) -> bytes | None:  # noqa: ARG002 - the protocol's
        """Returns nothing: the tree begins empty."""
        return None

    def write(self, path: str, data: bytes) -> None:
        """Compares one tile; bundles are what was read."""
        tile = Tile.parse(path)
        if self._reader is None or tile is None or tile.level is None or len(self.findings) >= _TILES_NAMED:
            return
        try:
            published = read_tile(self._reader, tile)
        except TrustError as error:
            finding = finding_of(error)
            if finding is None:
                raise
            self.findings.append(finding)
            return
        if published != data:
            at = next(at for at in range(tile.width) if published[at * 32 :][:32] != data[at * 32 :][:32])
            self.findings.append(
                Finding(
                    Kind.TILE,
                    f"{path} at {self.place} holds another hash at place {at} than the leaves come to: the "
                    "tiles were altered, or are not of this tree. Proofs from them do not hold.",
                    {"path": path, "computed": data.hex()[at * 64 :][:64]},
                )
            )
