"""What a log, or whoever runs it, can be caught at; each by one name, with the rule and what proves it.

A client refuses with a `TrustError` whose details name the finding; an auditor collects them. What proves a
finding stands in its evidence as text: signed checkpoints, receipts, names of documents. Two checkpoints of
one size with different roots need nobody's word: the log signed both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from crex.errors import CrexError, TrustError


class Kind(StrEnum):
    """What was found."""

    MALFORMED = "malformed"
    ORIGIN = "origin"
    UNSIGNED = "unsigned"
    ROLLBACK = "rollback"
    FORK = "fork"
    INCONSISTENT = "inconsistent"
    SPLIT_VIEW = "split-view"
    STALE = "stale"
    COSIGNATURE = "cosignature"
    FUTURE = "future"
    BACKDATED = "back-dated"
    TILE = "tile"
    CUT_OFF = "cut-off"
    ALTERED = "altered"
    MOVED = "moved"
    DROPPED = "dropped"
    WITHHELD = "withheld"
    PROMISE = "promise"
    TERM = "term"
    RECORD = "record"
    NOT_LOGGED = "not-logged"
    GAP = "gap"
    DOUBLE = "double"
    CHAIN = "chain"
    CLOSE = "close"


RULES: Mapping[Kind, str] = {
    Kind.MALFORMED: "LOG-CHECKPOINT-1",
    Kind.ORIGIN: "LOG-CHECKPOINT-1",
    Kind.UNSIGNED: "LOG-CHECKPOINT-1",
    Kind.ROLLBACK: "LOG-CONSISTENT-1",
    Kind.FORK: "LOG-CONSISTENT-1",
    Kind.INCONSISTENT: "LOG-CONSISTENT-1",
    Kind.SPLIT_VIEW: "AUDIT-VIEWS-1",
    Kind.STALE: "AUDIT-FRESH-1",
    Kind.COSIGNATURE: "LOG-COSIGNATURE-1",
    Kind.FUTURE: "LOG-COSIGNATURE-2",
    Kind.BACKDATED: "WITNESS-TIME-1",
    Kind.TILE: "LOG-TILE-1",
    Kind.CUT_OFF: "AUDIT-ROOT-1",
    Kind.ALTERED: "AUDIT-ROOT-1",
    Kind.MOVED: "AUDIT-RECEIPT-1",
    Kind.DROPPED: "AUDIT-RECEIPT-1",
    Kind.WITHHELD: "AUDIT-MERGE-1",
    Kind.PROMISE: "RECEIPT-LEAF-1",
    Kind.TERM: "RECEIPT-MERGE-1",
    Kind.RECORD: "AUDIT-RECORD-1",
    Kind.NOT_LOGGED: "RECEIPT-LOG-1",
    Kind.GAP: "AUDIT-STREAM-1",
    Kind.DOUBLE: "AUDIT-STREAM-1",
    Kind.CHAIN: "AUDIT-STREAM-1",
    Kind.CLOSE: "AUDIT-CLOSE-1",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be.

    Attributes:
        kind: What it is.
        message: What was found, where, what it means and what to do, for people.
        evidence: What proves it, by name.
    """

    kind: Kind
    message: str
    evidence: Mapping[str, str] = field(default_factory=dict)

    @property
    def requirement(self) -> str:
        """The rule that is broken."""
        return RULES[self.kind]

    def error(self) -> TrustError:
        """Returns the error by which a client refuses on it."""
        reason = "QUORUM" if self.kind is Kind.STALE else "CHECKPOINT"
        return TrustError(
            reason,
            self.message,
            details={"finding": self.kind, "requirement": self.requirement, **self.evidence},
        )

    def __str__(self) -> str:
        return f"{self.kind}: {self.message} [{self.requirement}]"


def finding_of(error: CrexError) -> Finding | None:
    """Returns the finding that an error carries; nothing where it is no finding about a log."""
    details = dict(error.details)
    name = details.pop("finding", None)
    if name is None or name not in set(Kind):
        return None
    details.pop("requirement", None)
    return Finding(Kind(name), error.message, details)
