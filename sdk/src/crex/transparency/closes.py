"""Holds period closes to the invoices and notes that others have copies of (AUDIT-CLOSE-1).

A seller that bills beside the log has to leave the document out of its close, too, and the buyer holds a copy
that the close does not cover; or to close it, and the supervisor asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crex import v1
from crex.accounts.close import leaf
from crex.documents import convert
from crex.documents.times import parse_time, to_ms
from crex.transparency.findings import Finding, Kind
from crex.transparency.papers import Paper
from crex.trust.merkle import root

_NOTES: Final = ("credit-note", "debit-note")
# Copies of one close up to which the one that does not belong is looked for by leaving each out in turn.
_SEARCHED_MAX: Final = 1_000

Parties = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Copy:
    """An invoice or note, with the account that it belongs to."""

    paper: Paper
    parties: Parties
    issued_ms: int


def check_closes(papers: Iterable[Paper]) -> list[Finding]:
    """Returns where the period closes and the copies of invoices and notes among these documents disagree.

    Accounts of which no close is here are not judged.
    """
    everything = list(papers)
    copies = _copies(everything)
    findings: list[Finding] = []
    for close in sorted((one for one in everything if one.type == "period-close"), key=str):
        message = convert.to_message(close.json, v1.PeriodClose)
        parties = close.issuer, message.counterparty, message.account
        start, end = (to_ms(parse_time(close.json["period"][member])) for member in ("start", "end"))
        mine = [one for one in copies if one.parties == parties and start <= one.issued_ms < end]
        mine.sort(key=lambda one: (one.issued_ms, one.paper.id.encode()))
        finding = _judge(close, message, [one.paper for one in mine])
        if finding is not None:
            findings.append(finding)
    return findings


def _copies(papers: Sequence[Paper]) -> list[_Copy]:
    accounts: dict[str, Parties] = {}
    unique: dict[str, Paper] = {paper.sha256: paper for paper in papers}
    for paper in unique.values():
        if paper.type == "invoice" and not paper.json.get("provisional", False):
            body = paper.json
            accounts[paper.id] = body["seller"], body["buyer"], body["account"]
    copies = []
    for paper in unique.values():
        of = paper.id if paper.type == "invoice" else _invoice_of(paper.json) if paper.type in _NOTES else ""
        if of in accounts:
            issued_ms = to_ms(parse_time(paper.json["header"]["issuedAt"]))
            copies.append(_Copy(paper, accounts[of], issued_ms))
    return copies


def _invoice_of(body: Mapping[str, object]) -> str:
    correction = body["correction"]
    return str(correction["invoice"]["id"]) if isinstance(correction, dict) else ""


def _judge(close: Paper, message: v1.PeriodClose, copies: Sequence[Paper]) -> Finding | None:
    if root([leaf(paper.pin) for paper in copies]).hex() == message.documents_root:
        return None
    counts = (message.invoice_count, message.credit_note_count, message.debit_note_count)
    ours = tuple(sum(paper.type == kind for paper in copies) for kind in ("invoice", *_NOTES))
    beside = _not_closed(copies, message.documents_root)
    if beside is not None:
        what = (
            f"{beside} ({beside.source}) was issued in the period and is not closed: it was billed beside it"
        )
    elif sum(ours) < sum(counts):
        what = f"{sum(counts) - sum(ours)} of its documents are not here: ask {close.issuer} for them"
    else:
        what = "they are not the same documents: compare the lists"
    return Finding(
        Kind.CLOSE,
        f"{close} closes {counts[0]} invoices, {counts[1]} credit notes and {counts[2]} debit notes for "
        f"{message.counterparty}, and the copies here are {ours[0]}, {ours[1]} and {ours[2]}; {what}.",
        {
            "close": close.file_form,
            **({"document": beside.file_form} if beside is not None else {}),
        },
    )


def _not_closed(copies: Sequence[Paper], expected: str) -> Paper | None:
    """Finds the one copy without which the rest is what was closed."""
    if len(copies) > _SEARCHED_MAX:
        return None
    leaves = [leaf(paper.pin) for paper in copies]
    for at, paper in enumerate(copies):
        if root([*leaves[:at], *leaves[at + 1 :]]).hex() == expected:
            return paper
    return None
