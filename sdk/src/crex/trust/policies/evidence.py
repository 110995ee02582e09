"""The evidence that a policy is judged by: verified attestations, the log, the signers' families.

What does not verify is kept apart, with the reason, for explanations alone: it never counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crex import v1
from crex.trust.verified import Verified

if TYPE_CHECKING:
    from crex.trust.log_proof import LogFact


@dataclass(frozen=True, slots=True)
class RefusedEvidence:
    """An attestation that does not verify. All it says of itself is unproven, cut and written in one line.

    Attributes:
        name: Name and revision that it gives itself, or its digest.
        issuer: Authority that it names as its issuer; empty where it names none.
        predicate_type: Predicate type that it states; empty where it states none.
        reason: Reason for which it was refused, such as `ISSUER`.
        message: Why, for people.
    """

    name: str
    issuer: str
    predicate_type: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a subject.

    Attributes:
        attestations: Verified attestations, about it or not, accreditations among them.
        log: What is shown of the document's place in a log; nothing where nothing is.
        families: Families of the algorithms by which the document is signed: `classical`, `post-quantum`.
        refused: What did not verify.
    """

    attestations: tuple[Verified[v1.Attestation], ...] = ()
    log: LogFact | None = None
    families: frozenset[str] = frozenset()
    refused: tuple[RefusedEvidence, ...] = ()
