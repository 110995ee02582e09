"""The evidence for a policy about an offer: fetched from a broker or read from files, never believed.

Everything is verified by one's own pinned trust documents. A broker that leaves something out can make a
policy fail; it cannot make one hold (POLICY-MONOTONIC-1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from google.protobuf.message import Message

from crex import v1
from crex.cli.files import read_bytes
from crex.errors import CrexError, named
from crex.names import is_authority
from crex.trust.envelope import digest, from_json, read_parts
from crex.trust.log_proof import LogFact, check_proof
from crex.trust.policies import PolicySubject, PolicyVerdict, SubjectPin, evaluate, parse_policy
from crex.trust.policies.gathering import claimed_header, claims_of, gather
from crex.trust.policies.reading import MAX_BYTES
from crex.trust.policies.subject import trust_name
from crex.trust.status_lists import StatusLists
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope

if TYPE_CHECKING:
    from crex.cli.party import Customer
    from crex.trust.directory import TrustDirectory

T = TypeVar("T", bound=Message)

_PAGE: Final = 1000
_REVISION: Final = re.compile("[1-9][0-9]{0,18}")
# Attestations that are fetched of one subject, at most: who floods a name must not keep a reader busy.
_MOST: Final = 10_000
# Pages that are read for that, at most, however little is in each.
_PAGES: Final = 1000


@dataclass(frozen=True, slots=True)
class Judged:
    """An offer, judged.

    Attributes:
        offer: The offer, verified.
        verdict: What the policy says of it.
        notes: What could not be had, for people.
    """

    offer: Verified[v1.Offer]
    verdict: PolicyVerdict
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The verdict for people."""
        outcome = "meets the policy" if self.verdict.holds else "does not meet the policy"
        lines = [f"{self.offer.id}@{self.offer.revision} {outcome}."]
        lines += [f"  {line}" for line in self.verdict.explain().splitlines()]
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])

    @property
    def value(self) -> dict[str, Any]:
        """The verdict for programs."""
        pin = {"offer": self.offer.id, "revision": str(self.offer.revision), "sha256": self.offer.digest}
        return {**pin, **self.verdict.to_json(), "notes": list(self.notes)}


def read_policy(path: Path) -> v1.TrustPolicy:
    """Reads a policy from its file.

    Raises:
        CrexError: NOT_FOUND, or as `parse_policy`; its source is the file.
    """
    with named(path):
        return parse_policy(read_bytes(path, MAX_BYTES, "No policy is."))


def judge_at_broker(
    customer: Customer, offer: Verified[v1.Offer], policy: v1.TrustPolicy, now: datetime
) -> Judged:
    """Fetches everything that speaks for an offer from a broker, and judges it oneself."""
    fetched = _Fetched(customer, now)
    return _judge(offer, policy, fetched, customer.trust, now)


def judge_files(
    path: Path, others: Iterable[Path], policy: v1.TrustPolicy, trust: TrustDirectory, now: datetime
) -> Judged:
    """Judges a signed offer in a file by what lies beside it in files: no network at all.

    Args:
        path: The offer.
        others: Resources, sites, attestations, status lists; files, or folders of them.
        policy: The policy.
        trust: The pinned trust documents.
        now: The time for which to judge.
    """
    with named(path):
        offer = open_envelope(read_bytes(path), v1.Offer, trust, now=now)
    return _judge(offer, policy, _Filed(others), trust, now)


class _Source:
    """Where documents come from; a subclass says how. None of it is verified."""

    def by_digest(self, sha256: str) -> v1.Envelope | None:
        """Gives a document by its digest."""
        raise NotImplementedError

    def by_name(self, id_: str) -> v1.Envelope | None:
        """Gives the newest document of a name."""
        raise NotImplementedError

    def about(self, name: str) -> Sequence[v1.Envelope]:
        """Gives the attestations about a name."""
        raise NotImplementedError

    def proof(self, offer: Verified[v1.Offer], trust: TrustDirectory) -> v1.LogProof | None:
        """Gives a proof that a document stands in a log."""
        raise NotImplementedError


def _judge(
    offer: Verified[v1.Offer], policy: v1.TrustPolicy, source: _Source, trust: TrustDirectory, now: datetime
) -> Judged:
    notes: list[str] = []
    subject = PolicySubject.of_documents(offer.issuer, *_pins(offer, source, trust, now, notes))
    # By all their bytes: a copy that was spoiled must not take the place of the attestation.
    envelopes = {_bytes(one): one for name in subject.names for one in source.about(name)}
    for name in sorted({_issuer(one) for one in envelopes.values()} - {""}):
        envelopes |= {_bytes(one): one for one in source.about(trust_name(name))}
    status = StatusLists()
    for name in sorted({_status_list(one) for one in envelopes.values()} - {""}):
        found = source.by_name(name)
        try:
            if found is not None:
                status.accept(found, trust, now)
        except CrexError as error:
            notes.append(f"status list {name}: {error.message} ({error.reason})")
    evidence = gather(envelopes.values(), trust, now=now)
    evidence = replace(evidence, families=offer.families)
    if policy.log.required or policy.log.quorum:
        evidence = replace(evidence, log=_log_fact(offer, policy, source, trust, now, notes))
    verdict = evaluate(policy, subject, evidence, now=now, status=status)
    return Judged(offer, verdict, tuple(notes))


def _pins(
    offer: Verified[v1.Offer], source: _Source, trust: TrustDirectory, now: datetime, notes: list[str]
) -> Iterator[SubjectPin]:
    """Gives the offer and the documents behind it that verify, as its issuer's."""

    def opened(envelope: v1.Envelope | None, kind: type[T], id_: str, **asked: Any) -> Verified[T] | None:
        try:
            if envelope is None:
                raise CrexError("NOT_FOUND", "it cannot be had")
            one = open_envelope(envelope, kind, trust, now=now, expected_issuer=offer.issuer, **asked)
            if one.id != id_:
                raise CrexError("SUBJECT", f"{one.id} came in its place")
        except CrexError as error:
            notes.append(f"{id_}: {error.message} ({error.reason}); what is attested of it does not count")
            return None
        return one

    yield _pin(offer)
    pinned = offer.message.resource
    resource = opened(source.by_digest(pinned.sha256), v1.ComputeResource, pinned.id, expected=pinned)
    if resource is None:
        return
    yield _pin(resource)
    unit = None
    if resource.message.HasField("pool"):
        name = resource.message.pool.unit
        unit = opened(source.by_name(name), v1.ComputeResource, name)
        if unit is not None:
            yield _pin(unit)
    name = (unit or resource).message.site_id
    site = opened(source.by_name(name), v1.Site, name)
    if site is not None:
        yield _pin(site)


def _pin(document: Verified[Any]) -> SubjectPin:
    return SubjectPin(document.id, document.revision, document.digest)


def _log_fact(
    offer: Verified[v1.Offer],
    policy: v1.TrustPolicy,
    source: _Source,
    trust: TrustDirectory,
    now: datetime,
    notes: list[str],
) -> LogFact | None:
    # The quorum is for the policy to judge, not for the proof: both are told then.
    accepted = v1.PolicyLog(logs=policy.log.logs, witnesses=policy.log.witnesses)
    try:
        proof = source.proof(offer, trust)
        return (
            None
            if proof is None
            else check_proof(read_parts(offer.envelope), proof, trust, accepted, now=now)
        )
    except CrexError as error:
        notes.append(f"the log: {error.message} ({error.reason})")
        return None


class _Fetched(_Source):
    """Documents of a broker."""

    def __init__(self, customer: Customer, now: datetime) -> None:
        self._customer, self._now = customer, now
        self._about: dict[str, list[v1.Envelope]] = {}

    def by_digest(self, sha256: str) -> v1.Envelope | None:
        return self._document(v1.GetDocumentRequest(sha256=sha256))

    def by_name(self, id_: str) -> v1.Envelope | None:
        return self._document(v1.GetDocumentRequest(ref=id_))

    def _document(self, request: v1.GetDocumentRequest) -> v1.Envelope | None:
        try:
            return self._customer.client.get_document(request).envelope
        except CrexError as error:
            if error.reason == "NOT_FOUND":
                return None
            raise

    def about(self, name: str) -> Sequence[v1.Envelope]:
        from crex.cli.party import pages

        if name not in self._about:
            found: list[v1.Envelope] = []
            request = v1.ListAttestationsRequest(subject=name, page_size=_PAGE)
            for page in islice(pages(self._customer.client.list_attestations, request), _PAGES):
                found += page.attestations
                if len(found) >= _MOST:
                    break
            self._about[name] = found
        return self._about[name]

    def proof(self, offer: Verified[v1.Offer], trust: TrustDirectory) -> v1.LogProof | None:
        client = self._customer.client
        receipts = client.get_receipt(v1.GetReceiptRequest(document_sha256=offer.record_id)).receipts
        for envelope in receipts:
            receipt = open_envelope(envelope, v1.Receipt, trust, now=self._now).message
            return client.get_inclusion_proof(v1.GetInclusionProofRequest(index=receipt.index)).proof
        return None


class _Filed(_Source):
    """Documents in files."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._envelopes = [envelope for path in paths for envelope in _envelopes(path)]
        self._bodies = [claims_of(one.payload) for one in self._envelopes]

    def by_digest(self, sha256: str) -> v1.Envelope | None:
        return next((one for one in self._envelopes if digest(one.payload) == sha256), None)

    def by_name(self, id_: str) -> v1.Envelope | None:
        headers = map(claimed_header, self._bodies)
        found = [(_revision(header), at) for at, header in enumerate(headers) if header.get("id") == id_]
        return self._envelopes[max(found)[1]] if found else None

    def about(self, name: str) -> Sequence[v1.Envelope]:
        del name  # whoever judges sorts out what is about what, and digests have no name
        pairs = zip(self._envelopes, self._bodies, strict=True)
        return [one for one, body in pairs if isinstance(body.get("predicateType"), str)]

    def proof(self, offer: Verified[v1.Offer], trust: TrustDirectory) -> v1.LogProof | None:
        del offer, trust
        return None


def _envelopes(path: Path) -> Iterator[v1.Envelope]:
    """Reads the signed document of a file, or all of a folder, where other files are passed over."""
    if not path.is_dir():
        with named(path):
            yield from_json(read_bytes(path))
        return
    for place in sorted(path.rglob("*.json")):
        try:
            yield from_json(read_bytes(place))
        except CrexError:
            continue


def _bytes(envelope: v1.Envelope) -> bytes:
    return envelope.SerializeToString(deterministic=True)


def _revision(header: dict[str, Any]) -> int:
    revision = header.get("revision")
    return int(revision) if isinstance(revision, str) and _REVISION.fullmatch(revision) else 0


def _issuer(envelope: v1.Envelope) -> str:
    issuer = claimed_header(claims_of(envelope.payload)).get("issuer")
    return issuer if isinstance(issuer, str) and is_authority(issuer) else ""


def _status_list(envelope: v1.Envelope) -> str:
    status = claimed_header(claims_of(envelope.payload)).get("status")
    name = status.get("list") if isinstance(status, dict) else None
    return name if isinstance(name, str) else ""
