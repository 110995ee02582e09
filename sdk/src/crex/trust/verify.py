"""Opening an envelope: the numbered steps of trust.md in their order, each with its own reason.

Nothing of the body is believed before its signature is verified, and nothing is parsed twice: what was
verified is what the reader gets. The time is an argument (VERIFY-CLOCK-1). A verifier that judges a document
of the past gives the time at which it can prove that it had the document, or a proof that the document was
logged.

Each step is one function, and their order is data; what a step finds out, it leaves in the `_Opening` for
those that follow. A step that nobody asked for costs a comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from google.protobuf.message import Message

from crex import v1
from crex.documents import convert
from crex.documents.times import format_time
from crex.documents.types import DocumentType, document_type_of_payload
from crex.errors import DocumentError, TrustError
from crex.trust import checks, log_time, steps
from crex.trust.checks import PinnedTrust, StatusSource
from crex.trust.delegation import Question
from crex.trust.envelope import Parts, digest, pae, read_parts
from crex.trust.log_time import LogEvidence
from crex.trust.trust_record import KeyEntry, TrustRecord
from crex.trust.verified import _OPENED, Verified, families_of

if TYPE_CHECKING:
    from crex.trust.log_proof import LogFact
    from crex.trust.policies import Evidence, PolicyVerdict

T = TypeVar("T", bound=Message)

__all__ = ["LogEvidence", "StatusSource", "open_any", "open_envelope"]

# Reading a type from its descriptor costs more than all other lookups of an opening together.
_TYPES: dict[type[Message], DocumentType] = {}
_NO_NAMES: Final[frozenset[str]] = frozenset()


class _Opening:
    """One verification under way: what was asked, and what the steps so far have found.

    `record`, `keys`, `body` and what follows are there once the step that finds them has passed.
    """

    __slots__ = (
        "at", "attestations", "audience", "body", "bound_key", "chain", "challenge", "doctype", "expected",
        "expected_issuer", "fact", "header", "issued_at", "key", "keys", "log", "message", "name", "nonce",
        "now", "parts", "policy", "record", "request_id", "sig", "signed", "status", "trust", "understood",
        "valid_until", "verdict",
    )  # fmt: skip

    parts: Parts
    doctype: DocumentType
    trust: PinnedTrust
    now: datetime
    expected_issuer: str | None
    expected: v1.Pin | None
    audience: str | None
    nonce: str | None
    request_id: str | None
    understood: frozenset[str]
    status: StatusSource | None
    log: LogEvidence | None
    attestations: Sequence[Verified[v1.Attestation]] | Evidence
    policy: v1.TrustPolicy | None
    challenge: bytes | None
    bound_key: str | None
    record: TrustRecord
    keys: list[KeyEntry]
    key: KeyEntry
    sig: bytes
    signed: bytes
    body: dict[str, Any]
    header: dict[str, Any]
    name: str
    issued_at: datetime
    valid_until: datetime | None
    at: datetime
    fact: LogFact | TrustError | None
    chain: tuple[str, ...]
    message: Message | None
    verdict: PolicyVerdict | None


def open_envelope(
    envelope: v1.Envelope | Parts | bytes,
    document: type[T],
    trust: PinnedTrust,
    *,
    now: datetime,
    expected_issuer: str | None = None,
    expected: v1.Pin | None = None,
    audience: str | None = None,
    nonce: str | None = None,
    request_id: str | None = None,
    understood: frozenset[str] = _NO_NAMES,
    status: StatusSource | None = None,
    log: LogEvidence | None = None,
    attestations: Sequence[Verified[v1.Attestation]] | Evidence = (),
    policy: v1.TrustPolicy | None = None,
    challenge: bytes | None = None,
    bound_key: str | None = None,
) -> Verified[T]:
    """Verifies an envelope and gives its document.

    Args:
        envelope: The wire message, or the bytes of the DSSE file form.
        document: Message class of the type that is expected here.
        trust: The pinned trust documents.
        now: The time for which it is judged, aware.
        expected_issuer: Authority that must have issued it; unset: any that is pinned.
        expected: The pin by which it was cited; unset: not cited.
        audience: Authority that it must be addressed to; unset: not asked for.
        nonce: Challenge that it must answer; unset: not asked for.
        request_id: Identifier of the request under which it was sent, which must be its nonce; unset: not
            sent so.
        understood: Names of extensions that the caller handles, where the document calls them critical.
        status: What issuers have revoked; unset: not asked for. Given, it fails closed: a document that names
            a place in a status list is refused where nothing young enough shows that it stands.
        log: The proof that it stands in a log; unset: not shown, and keys are judged at `now`.
        attestations: What speaks for it under `policy`, verified, or gathered with what did not verify.
        policy: What the reader demands; unset: nothing.
        challenge: The challenge that its hardware must answer, 16 to 64 bytes; unset: not asked for. Given,
            nothing but an attestation of hardware evidence passes.
        bound_key: Identifier of the key that the hardware must hold; unset: any.

    Raises:
        TrustError: The first step that failed, by number and reason, with the violations where the body is
            invalid.
    """
    if now.tzinfo is None:
        raise ValueError("`now` has no zone; give the time of the check in UTC.")
    # Spelled out: a class that took these as arguments would cost more than half of the steps.
    opening = _Opening()
    opening.parts = read_parts(envelope)
    opening.doctype = _TYPES.get(document) or _TYPES.setdefault(document, DocumentType.of(document))
    opening.trust, opening.now, opening.understood = trust, now, understood
    opening.expected_issuer, opening.expected = expected_issuer, expected
    opening.audience, opening.nonce, opening.request_id = audience, nonce, request_id
    opening.status, opening.log = status, log
    opening.attestations, opening.policy = attestations, policy
    opening.challenge, opening.bound_key = challenge, bound_key
    opening.message, opening.fact, opening.verdict = None, None, None
    try:
        for make in _STEPS.values():
            make(opening)
    except TrustError as error:
        error.not_asked = _not_asked(opening)
        raise
    return Verified(
        _OPENED,
        doctype=opening.doctype,
        parts=opening.parts,
        json=opening.body,
        keys=opening.keys,
        signer=opening.record.authority,
        trust_revision=opening.record.revision,
        opened_at=now,
        log=_shown(opening),
        message=opening.message,
        explain=lambda: steps.passed(_not_asked(opening), _notes(opening)),
    )


def open_any(
    envelope: v1.Envelope | Parts | bytes, trust: PinnedTrust, *, now: datetime, **asked: Any
) -> Verified[Message]:
    """Verifies an envelope of whatever type it says it is: for tools that show documents.

    Args:
        envelope: The wire message, or the bytes of the DSSE file form.
        trust: The pinned trust documents.
        now: The time for which it is judged, aware.
        asked: What else is asked, as of `open_envelope`.

    Raises:
        TrustError: As `open_envelope`; TYPE if this edition knows no such type.
    """
    parts = read_parts(envelope)
    try:
        doctype = document_type_of_payload(parts.payload_type)
    except DocumentError as error:
        raise steps.refusal(steps.TYPE, "TYPE", f"{error.message}. Read it with a newer edition.") from error
    return open_envelope(parts, doctype.message, trust, now=now, **asked)


def _step_type(opening: _Opening) -> None:
    checks.check_type(opening.parts, opening.doctype)


def _step_issuer(opening: _Opening) -> None:
    opening.record = checks.select_trust(
        opening.parts, opening.trust, opening.expected_issuer, opening.doctype.token, opening.now
    )


def _step_stale(opening: _Opening) -> None:
    checks.check_not_stale(opening.record, opening.now)


def _steps_of_keys(opening: _Opening) -> None:
    """Makes steps 7 to 11 for each signature in turn; every signature must hold."""
    parts, opening.keys = opening.parts, []
    opening.signed = pae(parts.payload_type, parts.body)
    for signature in parts.signatures:
        keyid, opening.sig = signature
        for make in _KEY_STEPS.values():
            make(opening, keyid)
        opening.keys.append(opening.key)


def _step_key(opening: _Opening, keyid: str) -> None:
    opening.key = checks.find_key(keyid, opening.record)


def _step_use(opening: _Opening, _keyid: str) -> None:
    checks.check_use(opening.key, opening.doctype.token, opening.record)


def _step_algorithm(opening: _Opening, _keyid: str) -> None:
    checks.check_algorithm(opening.key, opening.record)


def _step_weak(opening: _Opening, _keyid: str) -> None:
    checks.check_registered(opening.key, opening.record)


def _step_signature(opening: _Opening, _keyid: str) -> None:
    checks.check_signature(opening.key, opening.sig, opening.signed, opening.record)


def _step_threshold(opening: _Opening) -> None:
    checks.check_threshold(opening.doctype.token, opening.record, opening.keys)


def _step_schema(opening: _Opening) -> None:
    opening.body = body = checks.read_body(opening.parts.body, opening.doctype, opening.understood)
    opening.header = body["header"]
    opening.name, opening.issued_at, opening.valid_until = checks.times(opening.header)


def _log_time(opening: _Opening) -> None:
    """Checks the proof early, for its time; one that does not hold is refused at step 21 (VERIFY-LOG-1)."""
    opening.at = opening.now
    if opening.log is not None:
        opening.fact = log_time.show(
            opening.parts, opening.log, _log_policy(opening), opening.trust, opening.now
        )
        opening.at = log_time.judged_at(opening.fact, opening.now)


def _step_mismatch(opening: _Opening) -> None:
    checks.check_issuer(
        opening.header, opening.record.authority, opening.expected_issuer, opening.trust, opening.at
    )


def _step_delegation(opening: _Opening) -> None:
    issuer, signer = opening.header["issuer"], opening.record.authority
    if issuer == signer:
        opening.chain = (issuer,)
        return
    question = Question(issuer, signer, opening.doctype.token, opening.at, opening.now)
    opening.chain = checks.check_delegation(question, opening.name, opening.trust)


def _step_time(opening: _Opening) -> None:
    checks.check_times(opening.name, opening.issued_at, opening.valid_until, opening.now)


def _step_key_time(opening: _Opening) -> None:
    for key in opening.keys:
        try:
            checks.check_key_time(key, opening.name, opening.issued_at, opening.at)
        except TrustError as error:
            why = _not_logged_before(opening, key) if error.reason == "KEY_REVOKED" else None
            if why:
                error.message += f" That it was logged before is not shown: {why} (LOG-TIME-3)."
            if why != "":
                raise


def _not_logged_before(opening: _Opening, key: KeyEntry) -> str | None:
    """Says why a revoked key does not vouch for what was logged before; nothing where that was not asked."""
    fact, log = _shown(opening), opening.log
    if log is None or fact is None or fact.log_time is None:
        return None
    return log_time.why_not_before(
        key, opening.record, fact, log, _log_policy(opening), opening.trust, opening.at, opening.now
    )


def _step_status(opening: _Opening) -> None:
    checks.check_status(opening.header, opening.status, opening.now)


def _step_subject(opening: _Opening) -> None:
    checks.check_subject(opening.parts.body, opening.header, opening.expected)


def _step_address(opening: _Opening) -> None:
    checks.check_address(opening.body, opening.audience, opening.nonce, opening.request_id)


def _step_log(opening: _Opening) -> None:
    if isinstance(opening.fact, TrustError):
        raise opening.fact


def _step_evidence(opening: _Opening) -> None:
    if opening.challenge is not None:
        opening.message = convert.to_message(opening.body, opening.doctype.message)
        checks.check_evidence(
            opening.body, opening.message, opening.challenge, opening.bound_key, opening.now
        )


def _step_policy(opening: _Opening) -> None:
    policy = opening.policy
    if policy is None:
        return
    from crex.trust.policies import Evidence, PolicySubject, SubjectPin, evaluate

    given = opening.attestations
    evidence = replace(
        given if isinstance(given, Evidence) else Evidence(tuple(given)),
        log=_shown(opening),
        families=families_of(opening.keys),
    )
    header = opening.header
    pins = [SubjectPin(header["id"], int(header["revision"]), digest(opening.parts.body))]
    if opening.doctype.message is v1.Offer:  # what is offered stands and falls with the offer
        cited = opening.body["resource"]
        pins.append(SubjectPin(cited["id"], int(cited["revision"]), cited["sha256"]))
    subject = PolicySubject.of_documents(header["issuer"], *pins)
    opening.verdict = evaluate(policy, subject, evidence, now=opening.now, status=opening.status)
    if not opening.verdict.holds:
        raise opening.verdict.refusal(opening.name)


# The steps by their numbers, in their order (VERIFY-ORDER-1); 1 to 3 read the envelope before them. The proof
# of the log is checked before the steps that need its time.
_Make = Callable[[_Opening], None]
_STEPS: dict[int | str, _Make] = {
    4: _step_type,
    5: _step_issuer,
    6: _step_stale,
    "7 to 11": _steps_of_keys,
    12: _step_threshold,
    13: _step_schema,
    "log time": _log_time,
    14: _step_mismatch,
    15: _step_delegation,
    16: _step_time,
    17: _step_key_time,
    18: _step_status,
    19: _step_subject,
    20: _step_address,
    21: _step_log,
    22: _step_evidence,
    23: _step_policy,
}
_KEY_STEPS: dict[int, Callable[[_Opening, str], None]] = {
    7: _step_key,
    8: _step_use,
    9: _step_algorithm,
    10: _step_weak,
    11: _step_signature,
}


def _shown(opening: _Opening) -> LogFact | None:
    return None if isinstance(opening.fact, TrustError) else opening.fact


def _log_policy(opening: _Opening) -> v1.PolicyLog | None:
    log, policy = opening.log, opening.policy
    if log is not None and log.policy is not None:
        return log.policy
    return policy.log if policy is not None and policy.HasField("log") else None


def _not_asked(opening: _Opening) -> Mapping[int, str]:
    """Says which steps had nothing to check, and why, for people."""
    found: dict[int, str] = {}
    if getattr(opening, "chain", ()) and len(opening.chain) == 1:
        found[15] = "its issuer signed it"
    place = opening.header.get("status") if hasattr(opening, "header") else None
    if opening.status is None:
        found[18] = "" if place is None else f"it can be revoked, by {place['list']}, and no list was given"
    if opening.expected is None:
        found[19] = ""
    if not (opening.audience or opening.nonce or opening.request_id):
        found[20] = ""
    if opening.log is None:
        found[21] = ""
    if opening.challenge is None:
        found[22] = ""
    if opening.policy is None:
        found[23] = ""
    return found


def _notes(opening: _Opening) -> Mapping[int, str]:
    """Says what the steps found, for people."""
    record, fact = opening.record, _shown(opening)
    found = {5: f"{record.authority}, revision {record.revision}"}
    if len(opening.chain) > 1:
        found[15] = " → ".join(opening.chain)
    if opening.at != opening.now:
        found[17] = f"at its log time, {format_time(opening.at.replace(microsecond=0))}"
    place = opening.header.get("status")
    found[18] = (
        f"place {place['index']} of {place['list']}" if place else "it names no place in a status list"
    )
    if fact is not None:
        by = f", co-signed by {', '.join(sorted(fact.witnesses))}" if fact.witnesses else ""
        found[21] = f"place {fact.index} of {fact.size} in {fact.log}{by}"
    if opening.verdict is not None:
        found[23] = opening.verdict.explain().replace("\n", "; ")
    return found
