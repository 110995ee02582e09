"""Gathers evidence: attestations that verify by one's own pinned trust, those that do not apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from crex import v1
from crex.documents import strict
from crex.documents.inline import inline
from crex.errors import CrexError, DocumentError
from crex.trust.checks import PinnedTrust, StatusSource
from crex.trust.envelope import Parts, digest, read_parts, record_id
from crex.trust.log_time import LogEvidence
from crex.trust.policies.evidence import Evidence, RefusedEvidence
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope

if TYPE_CHECKING:
    from crex.trust.log_proof import LogFact

_SHOWN: Final = 256


def gather(
    envelopes: Iterable[v1.Envelope | bytes],
    trust: PinnedTrust,
    *,
    now: datetime,
    status: StatusSource | None = None,
    log: LogFact | None = None,
    families: frozenset[str] = frozenset(),
    proofs: Mapping[str, v1.LogProof] | None = None,
    demanded: v1.PolicyLog | None = None,
) -> Evidence:
    """Verifies attestations by one's own pinned trust.

    Args:
        envelopes: The attestations, from wherever.
        trust: The pinned trust documents. An attestation whose issuer is not pinned does not verify.
        now: The time for which they are judged, aware.
        status: Tells what is revoked; unset: what can be revoked is not shown to stand.
        log: As in `Evidence`.
        families: As in `Evidence`.
        proofs: Proofs of records by their identifiers, those of attestations among them: an attestation
            whose key has ended stands by its log time (LOG-TIME-2).
        demanded: What is demanded of the log in those proofs; without a quorum there is no log time.
    """
    verified: dict[tuple[str, str], Verified[v1.Attestation]] = {}
    refused: dict[str, RefusedEvidence] = {}
    for envelope in envelopes:
        one = open_attestation(envelope, trust, now=now, status=status, proofs=proofs, demanded=demanded)
        if isinstance(one, RefusedEvidence):
            refused.setdefault(f"{one.name} {one.message}", one)
        else:
            verified.setdefault((one.digest, one.signer), one)
    return Evidence(tuple(verified.values()), log, families, tuple(refused.values()))


def open_attestation(
    envelope: v1.Envelope | Parts | bytes,
    trust: PinnedTrust,
    *,
    now: datetime,
    status: StatusSource | None = None,
    proofs: Mapping[str, v1.LogProof] | None = None,
    demanded: v1.PolicyLog | None = None,
) -> Verified[v1.Attestation] | RefusedEvidence:
    """Verifies one attestation; gives what an explanation tells of it where it does not verify.

    Args:
        envelope: The attestation.
        trust: The pinned trust documents.
        now: The time for which it is judged, aware.
        status: As of `gather`.
        proofs: As of `gather`.
        demanded: As of `gather`.
    """
    try:
        parts = read_parts(envelope)
    except CrexError as error:
        return _refused({}, "an envelope", error)
    proof = proofs.get(record_id(parts)) if proofs else None
    log = None if proof is None else LogEvidence(proof, demanded, proofs or {})
    try:
        return open_envelope(parts, v1.Attestation, trust, now=now, status=status, log=log)
    except CrexError as error:
        return _refused(claims_of(parts.body), f"sha256:{digest(parts.body)}", error)


def claims_of(body: bytes) -> dict[str, Any]:
    """Reads what a body that is not verified says of itself; nothing where it is not even an object."""
    try:
        value = strict.loads(body)
    except DocumentError:
        return {}
    return value if isinstance(value, dict) else {}


def claimed_header(claims: dict[str, Any]) -> dict[str, Any]:
    """Gives the header of such a body; nothing where it has none."""
    header = claims.get("header")
    return header if isinstance(header, dict) else {}


def _refused(claims: dict[str, Any], otherwise: str, error: CrexError) -> RefusedEvidence:
    header = claimed_header(claims)
    name, revision = _text(header.get("id")), _text(header.get("revision"))
    return RefusedEvidence(
        name=f"{name}@{revision}" if name and revision else otherwise,
        issuer=_text(header.get("issuer")),
        predicate_type=_text(claims.get("predicateType")),
        reason=error.reason,
        message=inline(error.message),
    )


def _text(value: object) -> str:
    return inline(value[:_SHOWN]) if isinstance(value, str) else ""
