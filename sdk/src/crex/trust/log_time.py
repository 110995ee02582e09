"""The second time of a verification: when a logged document stood in the log, as witnesses saw it.

A key's validity for a logged document, and that of a delegation, is judged at its log time (LOG-TIME-2):
what was seen in the log before a key ended was signed before. A key that is revoked as of an earlier time
than that still vouches for the document where the revocation was logged later (LOG-TIME-3), or any issuer
could disown what it signed by revoking its key with an old date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from crex import v1
from crex.errors import TrustError
from crex.trust.envelope import Parts, record_id
from crex.trust.trust_record import KeyEntry, TrustRecord

if TYPE_CHECKING:
    from crex.trust.checks import PinnedTrust
    from crex.trust.log_proof import LogFact


@dataclass(frozen=True, slots=True)
class LogEvidence:
    """What shows that a document stands in a log.

    Attributes:
        proof: Its proof.
        policy: What is demanded of the log; nothing: what the policy of the verification says of it.
        proofs: Proofs of trust documents by their record identifiers: one shows that a key was revoked only
            after the document was logged.
    """

    proof: v1.LogProof
    policy: v1.PolicyLog | None = None
    proofs: Mapping[str, v1.LogProof] = field(default_factory=dict)


def show(
    parts: Parts, log: LogEvidence, policy: v1.PolicyLog | None, trust: PinnedTrust, now: datetime
) -> LogFact | TrustError:
    """Checks the proof of a document before the steps that need its log time.

    Returns:
        What it shows, or the refusal that step 21 makes of it.
    """
    from crex.trust.log_proof import check_proof

    try:
        return check_proof(parts, log.proof, trust, policy, now=now)
    except TrustError as error:
        return error


def judged_at(fact: LogFact | TrustError | None, now: datetime) -> datetime:
    """Returns the time for which keys and delegations are judged: the log time, where there is one.

    A time later than that of the verification says less than the reader knows: it has the document by then.
    """
    if fact is None or isinstance(fact, TrustError) or fact.log_time is None:
        return now
    return min(fact.log_time, now)


def why_not_before(
    key: KeyEntry,
    signer: TrustRecord,
    document: LogFact,
    log: LogEvidence,
    policy: v1.PolicyLog | None,
    trust: PinnedTrust,
    at: datetime,
    now: datetime,
) -> str:
    """Says why it is not shown that a document was logged before the revocation of its key (LOG-TIME-3).

    Only places in one and the same log are compared. Times would not do: whoever presents a proof chooses its
    checkpoint, and a later one makes a revocation seem younger than it is.

    Args:
        key: The key, revoked as of `at` or earlier.
        signer: The latest trust document of its authority.
        document: Where the document stands.
        log: The proofs.
        policy: What is demanded of the log.
        trust: The pinned trust documents.
        at: The document's log time.
        now: The time of the verification.

    Returns:
        Why not, for people; empty where it is shown.
    """
    stating = _first_stating(key, signer, trust, at)
    if stating is None:
        return "the first revision of the trust document that states the revocation is not pinned here"
    proof = log.proofs.get(record_id(stating.parts))
    what = f"revision {stating.revision} of the trust document, which states the revocation,"
    if proof is None:
        return f"no proof was given of when {what} was logged"
    revocation = show(stating.parts, LogEvidence(proof), policy, trust, now)
    if isinstance(revocation, TrustError):
        return f"the proof of {what} does not hold: {revocation.message}"
    if revocation.log != document.log:
        return f"{what} stands in {revocation.log}, and the document in {document.log}"
    if revocation.index <= document.index:
        return f"{what} was logged before the document"
    return ""


def _first_stating(
    key: KeyEntry, signer: TrustRecord, trust: PinnedTrust, at: datetime
) -> TrustRecord | None:
    """Finds the first revision by which a key is revoked as of a time; nothing if it cannot be told."""
    stating = signer
    while stating.revision > 1:
        earlier = trust.version(signer.authority, stating.revision - 1)
        if earlier is None:
            return None
        entry = earlier.keys.get(key.keyid)
        if entry is None or entry.revoked_at is None or entry.revoked_at > at:
            break
        stating = earlier
    return stating
