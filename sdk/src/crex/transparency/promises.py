"""Holds what a broker promised and showed to what stands in its log: receipts, documents, records.

A receipt names the position of its leaf. What stands there, or does not by its time, is either the broker's
word kept or the proof that it was broken (AUDIT-RECEIPT-1, AUDIT-MERGE-1, AUDIT-RECORD-1, RECEIPT-LEAF-1,
RECEIPT-MERGE-1).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from crex.documents.times import format_time, parse_time
from crex.transparency.audit import Evidence, Found, LogAudit
from crex.transparency.findings import Finding, Kind
from crex.transparency.papers import Paper, Promise, Shown
from crex.transparency.views import View
from crex.trust.log_proof import leaf_data

# Longest time from the issue of a receipt to its merge_by (RECEIPT-MERGE-1).
MERGE_MAX: Final = timedelta(seconds=60)


def is_of(promise: Promise, view: View, audit: LogAudit) -> bool:
    """Tells whether a receipt is the word of this log's operator about this log."""
    if (promise.log, promise.paper.issuer) == (view.checkpoint.origin, view.checkpoint.authority):
        return True
    audit.foreign.append(promise.paper)
    return False


def judge_promise(promise: Promise, found: Found, audit: LogAudit, now: datetime) -> None:
    """Holds one receipt to what was found in the log (AUDIT-RECEIPT-1, AUDIT-MERGE-1, RECEIPT-MERGE-1)."""
    view, what = audit.view, f"Receipt {promise.paper} for {promise.what}"
    evidence = {"receipt": promise.paper.file_form, "checkpoint": str(view.note)}
    issued = parse_time(promise.paper.json["header"]["issuedAt"])
    if promise.merge_by - issued > MERGE_MAX:
        audit.findings.append(
            Finding(
                Kind.TERM,
                f"{what} was issued at {format_time(issued)} and promises only by "
                f"{format_time(promise.merge_by)}; a broker has 60 s.",
                evidence,
            )
        )
    if promise.index >= view.size:
        if now <= promise.merge_by:
            audit.pending += 1
            return
        audit.findings.append(
            Finding(
                Kind.WITHHELD,
                f"{what} promises position {promise.index} by {format_time(promise.merge_by)}, and at "
                f"{format_time(now)} {view.place} shows a checkpoint of size {view.size}, which does not "
                "cover it. Read the log again; if that does not help, receipt and checkpoint prove that the "
                "broker broke its word.",
                evidence,
            )
        )
        return
    stands = found.by_index.get(promise.index)
    if stands == promise.leaf:
        audit.kept += 1
    elif stands is not None and promise.leaf in found.by_leaf:
        audit.findings.append(
            Finding(
                Kind.MOVED,
                f"{what} promises position {promise.index}, and the leaf stands at "
                f"{found.by_leaf[promise.leaf]}: the log was put into another order than was promised.",
                evidence,
            )
        )
    elif stands is not None:
        audit.findings.append(
            Finding(
                Kind.DROPPED,
                f"{what} promises position {promise.index}, where another leaf stands, and its own stands "
                "nowhere: it was left out, or exchanged. Receipt and checkpoint prove it.",
                evidence,
            )
        )


def judge_papers(evidence: Evidence, promises: Sequence[Promise], found: Found, audit: LogAudit) -> None:
    """Holds receipts to their documents, and the log to the documents that must stand in it."""
    by_record = {one.document: one for one in promises if one.document}
    for promise in promises:
        if promise.step and not promise.covers(promise.step):
            audit.findings.append(_wrong_leaf(promise, promise.what))
    shown = {record.record for record in evidence.records}
    for paper in evidence.papers:
        promised = by_record.get(paper.record)
        if promised is not None and not promised.covers(paper.record_bytes):
            audit.findings.append(_wrong_leaf(promised, str(paper)))
        if promised is None and paper.record not in shown and not _stands(paper, found):
            if evidence.records:
                audit.findings.append(_not_logged(paper, audit.view, "none of the records is this document"))
            else:
                audit.not_covered.append(paper)
    if audit.leaves == audit.view.size:
        for paper in evidence.published:
            if not _stands(paper, found):
                audit.findings.append(_not_logged(paper, audit.view, "no leaf is that of this document"))


def _stands(paper: Paper, found: Found) -> bool:
    return leaf_data(paper.record_bytes, None) in found.by_leaf


def _wrong_leaf(promise: Promise, what: str) -> Finding:
    return Finding(
        Kind.PROMISE,
        f"The leaf of receipt {promise.paper} does not follow from {what} and the salt of the receipt: the "
        "broker promised to log something else. The receipt and the document prove it.",
        {"receipt": promise.paper.file_form},
    )


def _not_logged(paper: Paper, view: View, why: str) -> Finding:
    return Finding(
        Kind.NOT_LOGGED,
        f"{paper}, {paper.kind} of {paper.issuer} ({paper.source}), is in hand and not in "
        f"{view.checkpoint.origin} up to size {view.size}: {why}. Ask the broker for its receipt; if it has "
        "accepted it, it kept it out of the log.",
        {"document": paper.file_form, "checkpoint": str(view.note)},
    )


def judge_record(record: Shown, found: Found, audit: LogAudit) -> None:
    """Holds what the operator shows a supervisor to what it logged (AUDIT-RECORD-1)."""
    stands = found.by_index.get(record.index)
    if stands is None:
        return  # accepted since, or the log is cut off, which is said elsewhere
    if stands == record.leaf and record.follows:
        return
    what = "is of another leaf than stands there" if record.follows else "does not come to its leaf"
    audit.findings.append(
        Finding(
            Kind.RECORD,
            f"The {record.type} that the operator shows for position {record.index} of "
            f"{audit.view.checkpoint.origin} {what}: the supervisor is shown something else than was logged.",
            {"leaf": stands.hex(), "shown": record.leaf.hex(), "checkpoint": str(audit.view.note)},
        )
    )
