"""The verdict of a policy: clause by clause, with every candidate and why it did not count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from crex.errors import TrustError, Violation
from crex.trust import steps

_CANDIDATES_SHOWN: Final = 16
_FOUND_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """Why a candidate does not count.

    Attributes:
        requirement: The rule by which it does not.
        message: Why, a few words.
        implied: Whether the candidate's description says so already, as `self-declared` does.
    """

    requirement: str
    message: str
    implied: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """An attestation that a clause looks at.

    Attributes:
        name: Its name and revision.
        issuer: Its issuer.
        shown: What it says, a few words with the issuer.
        shortcomings: Why it does not count; empty if it counts.
        signer: Who signed it: the issuer, or one that may in its name; empty where that is not verified.
    """

    name: str
    issuer: str
    shown: str
    shortcomings: tuple[Shortcoming, ...] = ()
    signer: str = ""

    @property
    def counts(self) -> bool:
        """Whether it counts."""
        return not self.shortcomings

    @property
    def why(self) -> str:
        """Why it does not count, in one line."""
        return "; ".join(one.message for one in self.shortcomings)

    def __str__(self) -> str:
        told = "; ".join(one.message for one in self.shortcomings if not one.implied)
        return f"{self.shown}: {told}" if told else self.shown


@dataclass(frozen=True, slots=True)
class ClauseVerdict:
    """What became of one clause.

    Attributes:
        path: JSON path of the clause in the policy.
        demanded: What it demands, in words.
        holds: Whether it holds.
        found: What was found, in words.
        reason: Reason of a refusal: `POLICY`, or `QUORUM` where witnesses are missing.
        requirement: The rule by which it is judged.
        issuers: Issuers that count, by name; empty of a clause that asks for none.
        candidates: What it looked at: first what counts.
    """

    path: str
    demanded: str
    holds: bool
    found: str
    reason: str = "POLICY"
    requirement: str = "POLICY-CLAUSE-1"
    issuers: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()

    @property
    def told(self) -> str:
        """What was demanded and what was found."""
        return f"needs {self.demanded}; found: {self.found}"

    @property
    def unstated(self) -> bool:
        """Whether nothing at all is attested of what it asks."""
        return self.requirement == "POLICY-CLAUSE-1" and not self.candidates

    def __str__(self) -> str:
        return f"{'holds' if self.holds else 'refused'}: {self.told}"


@dataclass(frozen=True, slots=True)
class PolicyVerdict:
    """What became of a policy: it holds if every clause does (POLICY-CLAUSE-1).

    Attributes:
        clauses: The clauses, in the policy's order; then families, then the log.
    """

    clauses: tuple[ClauseVerdict, ...]

    @property
    def holds(self) -> bool:
        """Whether every clause holds."""
        return all(clause.holds for clause in self.clauses)

    @property
    def failing(self) -> tuple[ClauseVerdict, ...]:
        """The clauses that do not hold."""
        return tuple(clause for clause in self.clauses if not clause.holds)

    @property
    def reason(self) -> str:
        """Reason of the refusal; empty if it holds. The log is judged before the policy (trust.md)."""
        reasons = [clause.reason for clause in self.failing]
        return "QUORUM" if "QUORUM" in reasons else "".join(reasons[:1])

    def explain(self) -> str:
        """Tells the verdict: one line per clause, and below it each candidate that does not count and why."""
        if not self.clauses:
            return "holds: the policy demands nothing"
        return "\n".join(line for clause in self.clauses for line in _lines(clause))

    def to_json(self) -> dict[str, Any]:
        """Gives the verdict as JSON values."""
        return {"holds": self.holds, "clauses": [_json(clause) for clause in self.clauses]}

    def refusal(self, what: str) -> TrustError:
        """Makes the error that refuses something by this verdict (step 23, or 21 of a missing quorum).

        Args:
            what: What is refused, such as `offer crex://…`.
        """
        told = "; ".join(clause.told for clause in self.failing)
        violations = [
            Violation(
                clause.path, clause.told, clause.requirement, "get evidence that counts, or ask for less"
            )
            for clause in self.failing
        ]
        step = steps.LOG if self.reason == "QUORUM" else steps.POLICY
        return steps.refusal(
            step, self.reason, f"{what} does not meet the policy: {told}", violations=violations
        )


def _lines(clause: ClauseVerdict) -> list[str]:
    lines = [str(clause)]
    short = [one for one in clause.candidates if not one.counts]
    lines += [f"  {one.name} of {one.issuer or 'nobody'}: {one.why}" for one in short[:_CANDIDATES_SHOWN]]
    if len(short) > _CANDIDATES_SHOWN:
        lines.append(f"  … and {len(short) - _CANDIDATES_SHOWN} more that do not count")
    return lines


def found_text(candidates: tuple[Candidate, ...]) -> str:
    """Words what was found, in one line."""
    if not candidates:
        return "nothing"
    told = [str(one) for one in candidates[:_FOUND_SHOWN]]
    if len(candidates) > _FOUND_SHOWN:
        told.append(f"{len(candidates) - _FOUND_SHOWN} more")
    return "; ".join(told)


def _json(clause: ClauseVerdict) -> dict[str, Any]:
    return {
        "path": clause.path,
        "holds": clause.holds,
        "demanded": clause.demanded,
        "found": clause.found,
        **({} if clause.holds else {"reason": clause.reason, "requirement": clause.requirement}),
        "issuers": list(clause.issuers),
        "candidates": [
            {
                "attestation": one.name,
                "issuer": one.issuer,
                "signer": one.signer,
                "shown": one.shown,
                "counts": one.counts,
                "shortcomings": [
                    {"requirement": why.requirement, "message": why.message} for why in one.shortcomings
                ],
            }
            for one in clause.candidates
        ],
    }
