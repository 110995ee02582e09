"""The numbered steps of verification, as data: what is checked, in this order, and by which reason refused.

The first step that fails is the answer (VERIFY-ORDER-1). What became of each can be listed afterwards, for a
document that verified as for one that was refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from crex.errors import TrustError, Violation


@dataclass(frozen=True, slots=True)
class Step:
    """One step of verification.

    Attributes:
        number: Its number in trust.md.
        reasons: Reasons with which it can refuse.
        title: What holds once it passed, for people.
        requirement: Identifier of the requirement that it enforces.
    """

    number: int
    reasons: tuple[str, ...]
    title: str
    requirement: str


LIMIT: Final = Step(1, ("LIMIT",), "size and number of signatures within limits", "VERIFY-LIMIT-1")
ENVELOPE: Final = Step(2, ("ENVELOPE",), "a strict envelope", "VERIFY-ENVELOPE-1")
BASE64: Final = Step(3, ("BASE64",), "base64 in its one spelling", "VERIFY-BASE64-1")
TYPE: Final = Step(4, ("TYPE",), "of the expected type", "VERIFY-TYPE-1")
ISSUER: Final = Step(
    5, ("ISSUER", "TRUST_ROLLBACK"), "the signer's trust document is pinned", "VERIFY-ISSUER-1"
)
STALE: Final = Step(6, ("TRUST_STALE",), "the trust document has not expired", "VERIFY-STALE-1")
KEY_UNKNOWN: Final = Step(7, ("KEY_UNKNOWN",), "the key stands in the trust document", "VERIFY-KEY-1")
KEY_USE: Final = Step(8, ("KEY_USE",), "the key may sign this type", "VERIFY-USE-1")
ALG: Final = Step(9, ("ALG",), "the key's algorithm is supported", "VERIFY-ALG-1")
KEY_WEAK: Final = Step(10, ("KEY_WEAK",), "the key was checked at registration", "VERIFY-WEAK-1")
SIGNATURE: Final = Step(11, ("SIGNATURE",), "the signature verifies over type and body", "VERIFY-SIGNATURE-1")
THRESHOLD: Final = Step(12, ("THRESHOLD",), "enough distinct keys signed", "VERIFY-THRESHOLD-1")
SCHEMA: Final = Step(
    13,
    ("PAYLOAD", "SCHEMA", "LIMIT", "CRITICAL"),
    "the body is a valid document of its type",
    "VERIFY-SCHEMA-1",
)
MISMATCH: Final = Step(14, ("ISSUER_MISMATCH",), "issued by the authority that signed", "VERIFY-MISMATCH-1")
DELEGATION: Final = Step(
    15, ("DELEGATION",), "whoever signed for another was allowed to", "DELEGATION-CHAIN-1"
)
TIME: Final = Step(16, ("NOT_YET", "EXPIRED"), "valid at the time asked about", "VERIFY-TIME-1")
KEY_TIME: Final = Step(
    17, ("KEY_TIME", "KEY_REVOKED"), "the key was in use and is not revoked", "VERIFY-KEYTIME-1"
)
STATUS: Final = Step(18, ("REVOKED", "STATUS_STALE"), "its issuer has not revoked it", "VERIFY-STATUS-1")
SUBJECT: Final = Step(19, ("SUBJECT",), "exactly the document that was cited", "VERIFY-SUBJECT-1")
ADDRESS: Final = Step(
    20, ("AUDIENCE", "NONCE", "REPLAY"), "addressed to this reader, for this request", "VERIFY-ADDRESS-1"
)
LOG: Final = Step(
    21,
    ("CHECKPOINT", "LEAF", "INCLUSION", "QUORUM"),
    "it stands in the log, as witnesses saw it",
    "LOG-PROOF-1",
)
EVIDENCE: Final = Step(22, ("EVIDENCE",), "its hardware answers the challenge", "VERIFY-EVIDENCE-1")
POLICY: Final = Step(23, ("POLICY",), "the reader's policy is met", "VERIFY-POLICY-1")

STEPS: Final = (
    LIMIT, ENVELOPE, BASE64, TYPE, ISSUER, STALE, KEY_UNKNOWN, KEY_USE, ALG, KEY_WEAK, SIGNATURE, THRESHOLD,
    SCHEMA,
    MISMATCH, DELEGATION, TIME, KEY_TIME, STATUS, SUBJECT, ADDRESS, LOG, EVIDENCE, POLICY,
)  # fmt: skip

NOTHING: Final[Mapping[int, str]] = MappingProxyType({})


class Outcome(StrEnum):
    """What became of a step."""

    PASSED = "passed"
    NOT_ASKED = "not asked for"
    REFUSED = "refused"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step and what became of it in one verification.

    Attributes:
        step: The step.
        outcome: What became of it.
        note: What was found, for people; empty if the title says it all.
    """

    step: Step
    outcome: Outcome
    note: str = ""

    def __str__(self) -> str:
        note = f" — {self.note}" if self.note else ""
        return f"{self.step.number:>2} {self.outcome:<13} {self.step.title}{note}"


def refusal(
    step: Step,
    reason: str,
    message: str,
    *,
    violations: Iterable[Violation] = (),
    source: str | None = None,
    **details: str,
) -> TrustError:
    """Returns the error by which a step refuses; `details` gets the step's number, too.

    Args:
        step: The step.
        reason: One of the step's own reasons.
        message: What happened, where, why it matters, what to do next.
        violations: The broken rules, where places can be named.
        source: The file, where there is one.
        details: Further facts for programs.
    """
    return TrustError(
        reason,
        message,
        step=step.number,
        violations=violations,
        source=source,
        details={"step": str(step.number), **details},
    )


def passed(
    not_asked: Mapping[int, str] = NOTHING, notes: Mapping[int, str] = NOTHING
) -> tuple[StepResult, ...]:
    """Returns the results of a verification that succeeded.

    Args:
        not_asked: Numbers of the steps that had nothing to check, and why.
        notes: What the others found, by number, for people.
    """
    return tuple([_held(step, not_asked, notes) for step in STEPS])


def explain(error: TrustError) -> tuple[StepResult, ...]:
    """Returns the results of a verification that was refused: what passed, and what refused."""

    def result(step: Step) -> StepResult:
        if step.number < error.step:
            return _held(step, error.not_asked, NOTHING)
        if step.number == error.step:
            return StepResult(step, Outcome.REFUSED, error.message)
        return StepResult(step, Outcome.NOT_REACHED)

    return tuple(map(result, STEPS))


def _held(step: Step, not_asked: Mapping[int, str], notes: Mapping[int, str]) -> StepResult:
    why = not_asked.get(step.number)
    if why is not None:
        return StepResult(step, Outcome.NOT_ASKED, why)
    return StepResult(step, Outcome.PASSED, notes.get(step.number, ""))
