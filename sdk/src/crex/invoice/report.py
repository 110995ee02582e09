"""The report of a recomputation: what was checked, and every difference with the arithmetic beside it."""

from __future__ import annotations

from dataclasses import dataclass

from crex.errors import RatingError, Violation
from crex.rating.engine import Rating


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the invoice states and recomputation does not find.

    Attributes:
        place: What differs: a member of the invoice, or a line by its key.
        theirs: What the invoice states; empty where it states nothing.
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
        return f"{self.place}: the invoice states {theirs}, recomputed {ours}. {self.why}"


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


@dataclass(frozen=True, slots=True)
class InvoiceReport:
    """The outcome of recomputing one invoice.

    Attributes:
        invoice: Name of the invoice.
        checks: What was checked, in order; the first that makes the rest impossible is the last.
        differences: Everything found; empty where the invoice is right.
        rating: What was recomputed; nothing where the usage could not be rated.
        provisional: Whether the invoice says that usage is incomplete, so that nobody has to pay it.
    """

    invoice: str
    checks: tuple[Check, ...]
    differences: tuple[Difference, ...]
    rating: Rating | None
    provisional: bool = False

    @property
    def ok(self) -> bool:
        """Whether the invoice is what its inputs come to, to the last digit."""
        return not self.differences and self.rating is not None

    @property
    def reason(self) -> str:
        """Name of the `ErrorReason` of the first difference; empty where there is none."""
        return self.differences[0].reason if self.differences else ""

    def require(self) -> Rating:
        """Returns the rating of an invoice that is right.

        Raises:
            RatingError: It is not, by the reason of its first difference, with all of them.
        """
        if self.ok and self.rating is not None:
            return self.rating
        first = self.differences[0]
        raise RatingError(
            first.reason,
            f"Invoice {self.invoice} is not what its pinned inputs come to. {first} Do not pay or accept it; "
            "show its provider this report.",
            violations=[Violation(each.place, str(each), each.requirement) for each in self.differences],
            details={"requirement": first.requirement, "differences": str(len(self.differences))},
        )

    def __str__(self) -> str:
        marks = {True: "ok  ", False: "FAIL"}
        lines = [f"{marks[check.passed]} {check.name}: {check.finding}" for check in self.checks]
        lines += [f"     {difference}" for difference in self.differences]
        return "\n".join(lines)
