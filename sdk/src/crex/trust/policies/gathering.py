"""Gathers evidence: attestations that verify by one's own pinned trust, those that do not apart."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from crex import v1
from crex.documents import strict
from crex.documents.inline import inline
from crex.errors import CrexError, DocumentError
from crex.trust.checks import PinnedTrust
from crex.trust.envelope import Parts, digest, read_parts
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
    log: LogFact | None = None,
    families: frozenset[str] = frozenset(),
) -> Evidence:
    """Verifies attestations by one's own pinned trust.

    Args:
        envelopes: The attestations, from wherever.
        trust: The pinned trust documents. An attestation whose issuer is not pinned does not verify.
        now: The time for which they are judged, aware.
        log: As in `Evidence`.
        families: As in `Evidence`.
    """
    verified: dict[str, Verified[v1.Attestation]] = {}
    refused: dict[str, RefusedEvidence] = {}
    for envelope in envelopes:
        try:
            parts = read_parts(envelope)
        except CrexError as error:
            refused.setdefault(error.message, _refused({}, "an envelope", error))
            continue
        try:
            one = open_envelope(parts, v1.Attestation, trust, now=now)
        except CrexError as error:
            key = digest(parts.body)
            refused.setdefault(key, _refused(_claims(parts), f"sha256:{key}", error))
        else:
            verified.setdefault(one.digest, one)
    kept = tuple(one for key, one in refused.items() if key not in verified)
    return Evidence(tuple(verified.values()), log, families, kept)


def _claims(parts: Parts) -> dict[str, Any]:
    """Reads what a body that does not verify says of itself; nothing where it is not even JSON."""
    try:
        value = strict.loads(parts.body)
    except DocumentError:
        return {}
    return value if isinstance(value, dict) else {}


def _refused(claims: dict[str, Any], otherwise: str, error: CrexError) -> RefusedEvidence:
    header = claims.get("header")
    header = header if isinstance(header, dict) else {}
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
