"""What a description does not say, and why: the other half of an honest description."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from crex.describe.values import clean

_LONGEST = 512


class Kind(Enum):
    """Why something is in the report."""

    # It exists or may exist, and the description does not state it.
    LEFT_OUT = "left-out"
    # It is stated, but less than the hardware has, because something limits what can be used here.
    LIMITED = "limited"
    # Two sources disagree; the entry says which one was believed.
    CONTRADICTION = "contradiction"


@dataclass(frozen=True, slots=True)
class Finding:
    """One entry of the report.

    Attributes:
        kind: Why it is there.
        what: What is not stated, or not in full: a figure, a device.
        where: The file or command that was asked.
        why: What it answered, and what that means.
    """

    kind: Kind
    what: str
    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why} ({self.where})"


class Report:
    """Collects findings while probes run; an entry that is already there is not repeated."""

    def __init__(self) -> None:
        self._findings: dict[Finding, None] = {}

    def leave_out(self, what: str, where: str, why: str) -> None:
        """Says that something is not stated."""
        self._add(Kind.LEFT_OUT, what, where, why)

    def limit(self, what: str, where: str, why: str) -> None:
        """Says that less is stated than the hardware has."""
        self._add(Kind.LIMITED, what, where, why)

    def contradict(self, what: str, where: str, why: str) -> None:
        """Says that sources disagree, and which one was believed."""
        self._add(Kind.CONTRADICTION, what, where, why)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything found, in the order in which it was found."""
        return tuple(self._findings)

    def _add(self, kind: Kind, what: str, where: str, why: str) -> None:
        # Names and answers are quoted from the machine; what would steer a terminal is taken out here.
        texts = (clean(text, _LONGEST) or "?" for text in (what, where, why))
        self._findings[Finding(kind, *texts)] = None
