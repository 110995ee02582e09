"""Holds by a trust policy: every offer that is to be held meets it, or nothing is held (HOLD-POLICY-1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crex import v1
from crex.documents import strict
from crex.names import authority_of
from crex.trust.policies import PolicySubject, SubjectPin, check_policy
from crex_broker.application.judge_policy import PolicyJudge
from crex_broker.application.ports.documents import DocumentStore, StoredDocument
from crex_broker.application.ports.offer_index import MatchedOffer


async def check_hold(
    judge: PolicyJudge,
    documents: DocumentStore,
    policy: v1.TrustPolicy,
    offers: Sequence[tuple[str, str]],
    *,
    now: datetime,
) -> None:
    """Refuses a hold of an offer that does not meet the policy of the request.

    What is judged is the offer of that digest, the resource that it pins, and the documents behind it as they
    stand now.

    Args:
        judge: Judges by what is kept here.
        documents: The documents.
        policy: The policy.
        offers: Name and digest of each offer.
        now: The time.

    Raises:
        CrexError: SCHEMA where the policy could never be met; POLICY or QUORUM where an offer does not.
    """
    check_policy(policy)
    wanted = [await _matched(documents, id_, sha256) for id_, sha256 in dict.fromkeys(offers)]
    verdicts = await judge.judging(policy, now=now).of(wanted)
    for one, verdict in zip(wanted, verdicts, strict=True):
        if not verdict.holds:
            raise verdict.refusal(f"The offer {one.id}")


async def _matched(documents: DocumentStore, id_: str, sha256: str) -> MatchedOffer:
    provider = authority_of(id_)
    offer = await documents.by_digest(provider, sha256)
    if offer is None:  # what is not here has no evidence either; the hold itself says that it is not here
        return MatchedOffer(id_, sha256, 0, PolicySubject.of_documents(provider, ids=(id_,)))
    pins = [_pin(offer)]
    resource = await documents.by_digest(provider, _body(offer)["resource"]["sha256"])
    if resource is not None:
        pins.append(_pin(resource))
        body = _body(resource)
        if "pool" in body:
            unit = await documents.by_name(provider, body["pool"]["unit"], None)
            if unit is not None:
                pins.append(_pin(unit))
                body = _body(unit)
        site = await documents.by_name(provider, body["siteId"], None) if "siteId" in body else None
        if site is not None:
            pins.append(_pin(site))
    subject = PolicySubject.of_documents(provider, *dict.fromkeys(pins))
    return MatchedOffer(id_, sha256, 0, subject)


def _pin(document: StoredDocument) -> SubjectPin:
    return SubjectPin(document.id, document.revision, document.sha256)


def _body(document: StoredDocument) -> dict[str, Any]:
    body: dict[str, Any] = strict.loads(v1.Envelope.FromString(document.envelope).payload)
    return body
