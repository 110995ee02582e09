"""The report of a recomputation: what was checked, and every difference with the arithmetic beside it."""

from __future__ import annotations

from dataclasses import dataclass

from crex.errors import RatingError, Violation
from crex.rating.engine import Rating


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that an invoice or a note states and recomputation does not find.

    Attributes:
        place: What differs: a member of the document, or a line by its key.
        theirs: What it states; empty where it states nothing.
        ours: What recomputation finds; empty where it finds nothing.
        why: The arithmetic or the rule, for people.
        requirement: Identifier of the requirement.
        reason: Name of the `ErrorReason`.
    """

    place: str
    theirs: str
    ours: str
    why: str
    requirement: str
    reason: str = "RATING_DIFFERS"

    def __str__(self) -> str:
        theirs, ours = self.theirs or "nothing", self.ours or "nothing"
        return f"{self.place}: stated {theirs}, recomputed {ours}. {self.why}"


@dataclass(frozen=True, slots=True)
class Check:
    """One step of a recomputation.

    Attributes:
        name: What was checked, for people.
        finding: What was found, for people.
        passed: Whether it holds.
    """

    name: str
    finding: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The outcome of recomputing one invoice or note.

    Attributes:
        name: Name of the document.
        checks: What was checked, in order; the first that makes the rest impossible is the last.
        differences: Everything found; empty where the document is right.
        rating: What was recomputed: of a note, what is owed after it; nothing where it could not be told.
    """

    name: str
    checks: tuple[Check, ...]
    differences: tuple[Difference, ...]
    rating: Rating | None

    @property
    def ok(self) -> bool:
        """Whether the document is what its inputs come to, to the last digit."""
        return not self.differences and self.rating is not None

    @property
    def reason(self) -> str:
        """Name of the `ErrorReason` of the first difference; empty where there is none."""
        return self.differences[0].reason if self.differences else ""

    def require(self) -> Rating:
        """Returns the rating of a document that is right.

        Raises:
            RatingError: It is not, by the reason of its first difference, with all of them.
        """
        if self.ok and self.rating is not None:
            return self.rating
        first = self.differences[0]
        raise RatingError(
            first.reason,
            f"{self._what} {self.name} is not what its pinned inputs come to. {first} Do not pay or accept "
            "it; show its provider this report.",
            violations=[Violation(each.place, str(each), each.requirement) for each in self.differences],
            details={"requirement": first.requirement, "differences": str(len(self.differences))},
        )

    @property
    def _what(self) -> str:
        return "Document"

    def __str__(self) -> str:
        marks = {True: "ok  ", False: "FAIL"}
        lines = [f"{marks[check.passed]} {check.name}: {check.finding}" for check in self.checks]
        lines += [f"     {difference}" for difference in self.differences]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceReport(Report):
    """The outcome of recomputing one invoice.

    Attributes:
        provisional: Whether the invoice says that usage is incomplete, so that nobody has to pay it.
    """

    provisional: bool = False

    @property
    def invoice(self) -> str:
        """Name of the invoice."""
        return self.name

    @property
    def _what(self) -> str:
        return "Invoice"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteReport(Report):
    """The outcome of recomputing one credit or debit note."""

    @property
    def _what(self) -> str:
        return "Note"
