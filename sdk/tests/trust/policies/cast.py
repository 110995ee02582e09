"""What the tests of policies share: who attests, what is attested, and a source of status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import orjson

from crex import v1
from crex.documents.times import format_time
from crex.documents.types import DocumentType
from crex.errors import TrustError
from crex.trust.identity import Identity
from crex.trust.policies import Evidence, PolicySubject, SubjectPin, parse_policy
from crex.trust.policies.gathering import gather
from sdk.tests.trust.samples import NOW, PROVIDER, pinned, root_of, sign_raw, sign_trust, trust_body

CERTIFIER, ROOT, LAB, STRANGER = "cert.example.org", "root.example.cn", "lab.example.net", "who.example.com"
EVERYBODY = (PROVIDER, CERTIFIER, ROOT, LAB)
# When policies are judged: the cast signs from NOW on.
AT = NOW + timedelta(days=30)
OFFER, SITE = f"crex://{PROVIDER}/offer/o", f"crex://{PROVIDER}/site/a"
OFFER_SHA, SITE_SHA, OTHER_SHA = "1" * 64, "2" * 64, "3" * 64
SUBJECT = PolicySubject.of_documents(PROVIDER, SubjectPin(OFFER, 2, OFFER_SHA), SubjectPin(SITE, 1, SITE_SHA))
MLPS = {
    "scheme": "mlps",
    "level": 3,
    "certificate": "C-1",
    "validFrom": "2026-01-01",
    "validTo": "2027-06-30",
}
MLPS_3 = [{"path": "scheme", "equals": "mlps"}, {"path": "level", "gte": "3"}]
_ATTESTATION = DocumentType.of(v1.Attestation)


@cache
def identity(authority: str) -> Identity:
    """One of the cast; made once."""
    return Identity.create(authority, roles=["provider"], now=NOW)


@cache
def trust(*authorities: str) -> Any:
    """A directory that pins some of the cast."""
    return pinned(*map(identity, authorities or EVERYBODY))


def trust_id(authority: str) -> str:
    """Name of an authority's trust document."""
    return f"crex://{authority}/trust/main"


def body_of(
    issuer: str,
    predicate_type: str,
    predicate: Mapping[str, Any] | str,
    *,
    name: str = "a",
    revision: int = 1,
    subjects: Iterable[Mapping[str, Any]] = ({"id": OFFER},),
    issued: datetime = NOW,
    until: datetime | None = NOW + timedelta(days=90),
    status: int | None = None,
) -> dict[str, Any]:
    """The body of an attestation."""
    header: dict[str, Any] = {
        "id": f"crex://{issuer}/attestation/{name}",
        "revision": str(revision),
        "issuer": issuer,
        "issuedAt": format_time(issued),
    }
    if until is not None:
        header["validUntil"] = format_time(until)
    if status is not None:
        header["status"] = {"list": f"crex://{issuer}/status-list/a", "index": str(status)}
    first, *rest = predicate_type.split("-")
    member = first + "".join(map(str.capitalize, rest)) if isinstance(predicate, Mapping) else "other"
    return {
        "header": header,
        "subjects": [dict(one) for one in subjects],
        "predicateType": predicate_type,
        member: predicate,
    }


def attest(
    issuer: str, predicate_type: str, predicate: Mapping[str, Any] | str, **members: Any
) -> v1.Envelope:
    """A signed attestation."""
    body = body_of(issuer, predicate_type, predicate, **members)
    return identity(issuer).sign_body(orjson.dumps(body), _ATTESTATION)


def comply(
    issuer: str, *, without: Iterable[str] = (), changed: Mapping[str, Any] = MLPS, **members: Any
) -> v1.Envelope:
    """A compliance attestation."""
    predicate = {key: value for key, value in {**MLPS, **changed}.items() if key not in set(without)}
    return attest(issuer, "compliance", predicate, **members)


def accredit(
    body: str,
    *,
    by: str = ROOT,
    schemes: Iterable[str] = ("mlps",),
    types: Iterable[str] = (),
    **members: Any,
) -> v1.Envelope:
    """An accreditation."""
    lists = {"schemes": list(schemes), "predicateTypes": list(types)}
    predicate = {key: value for key, value in lists.items() if value}
    return attest(
        by,
        "accreditation",
        predicate,
        **{"subjects": [{"id": trust_id(body)}], "name": f"for-{body}", **members},
    )


def evidence(*envelopes: v1.Envelope, now: datetime = AT, pins: Any = None, **facts: Any) -> Evidence:
    """Attestations, verified."""
    return gather(envelopes, trust() if pins is None else pins, now=now, **facts)


def policy(*clauses: Mapping[str, Any], **members: Any) -> v1.TrustPolicy:
    """A policy that its rules accept."""
    return parse_policy(orjson.dumps({"require": list(clauses), **members} if clauses else members))


def clause(predicate_type: str = "compliance", **members: Any) -> dict[str, Any]:
    """A clause of a policy; members in Python's spelling of them."""
    names = {"by": "issuersAccreditedBy", "age": "maxAge", "distinct": "distinctFromSubject", "of": "issuers"}
    return {"predicateType": predicate_type, **{names.get(key, key): value for key, value in members.items()}}


def delegated(issuer: str, signer: str) -> tuple[Any, Any]:
    """A directory in which an issuer lets another sign attestations in its name, and the signer's key."""
    from crex.trust.directory import TrustDirectory

    body = trust_body(identity(issuer))
    ends = format_time(NOW + timedelta(days=300))
    body["delegations"] = [{"to": signer, "types": ["attestation"], "maxDepth": 0, "expiresAt": ends}]
    directory = TrustDirectory()
    directory.pin(sign_trust(body, root_of(identity(issuer))), now=NOW)
    for other in EVERYBODY:
        if other != issuer:
            directory.pin(identity(other).trust_document, now=NOW)
    return directory, next(iter(identity(signer).signing.values()))


def attest_as(signer_key: Any, body: Mapping[str, Any]) -> v1.Envelope:
    """An attestation signed by any key."""
    return sign_raw("attestation", body, signer_key)


@dataclass
class Revocations:
    """A source of status: places by list and number; of lists in `stale` it knows nothing young enough."""

    revoked: Mapping[tuple[str, int], datetime] = field(default_factory=dict)
    stale: frozenset[str] = frozenset()

    def revoked_since(self, issuer: str, list_id: str, index: int, *, now: datetime) -> datetime | None:
        """Answers as `StatusLists` does."""
        del issuer, now
        if list_id in self.stale:
            raise TrustError("STATUS_STALE", f"{list_id} is too old", step=18)
        return self.revoked.get((list_id, index))
