"""The checks behind the numbered steps of verification, each by itself.

`verify.open_envelope` makes them in their order; `directory.TrustDirectory` those that a trust document
needs. Each cites its step; each refuses with its own reason, and says what to do next.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from google.protobuf.message import Message

from crex import v1
from crex.documents import reader, strict
from crex.documents.times import format_time, parse_time
from crex.documents.types import DocumentType
from crex.errors import DocumentError, TrustError
from crex.trust import algorithms, delegation, steps
from crex.trust.delegation import Question
from crex.trust.envelope import Parts, digest, pae
from crex.trust.keys import PublicKey
from crex.trust.trust_record import USE_TRUST, KeyEntry, TrustRecord

# Allowed difference between clocks; for what begins, never for what ends (VERIFY-TIME-1).
LEEWAY: Final = timedelta(seconds=60)


class PinnedTrust(Protocol):
    """Where verification finds the keys: the pinned trust documents. `TrustDirectory` is one."""

    def current(self, authority: str) -> TrustRecord | None:
        """Returns the latest pinned version of an authority's trust document; nothing if none is pinned."""
        ...

    def owners(self, keyid: str) -> tuple[TrustRecord, ...]:
        """Returns the latest pinned version of every authority that lists a key; mostly one or none."""
        ...

    def version(self, authority: str, revision: int) -> TrustRecord | None:
        """Returns one pinned version of a trust document; nothing if it is not pinned here."""
        ...


class StatusSource(Protocol):
    """Where verification finds what issuers have revoked. `status_lists.StatusLists` is one."""

    def revoked_since(self, issuer: str, list_id: str, index: int, *, now: datetime) -> datetime | None:
        """Tells since when a place of a list is revoked; nothing where it is not.

        Raises:
            TrustError: STATUS_STALE if nothing that is young enough says so.
        """
        ...


def check_type(parts: Parts, doctype: DocumentType) -> None:
    """Makes step 4.

    Raises:
        TrustError: TYPE.
    """
    if parts.payload_type != doctype.payload_type:
        raise steps.refusal(
            steps.TYPE,
            "TYPE",
            f"The envelope says {parts.payload_type!r}, but here {doctype.payload_type!r} is expected. Give "
            "the right document, or read it as what it is.",
            found=parts.payload_type,
            expected=doctype.payload_type,
        )


def select_trust(
    parts: Parts, trust: PinnedTrust, expected_issuer: str | None, token: str, now: datetime
) -> TrustRecord:
    """Makes step 5: finds the trust document of the authority that owns the keys.

    The authority is that of the first key that any pinned trust document lists. Where several authorities
    list that key, it is the expected issuer, or else the one that the body names, or else one that may sign
    in its name: a hint that chooses among owners, and that steps 14 and 15 hold to.

    Raises:
        TrustError: ISSUER.
    """
    for keyid, _ in parts.signatures:
        owners = trust.owners(keyid)
        if len(owners) == 1:
            return owners[0]
        if owners:
            return _choose(owners, expected_issuer or _claimed_issuer(parts.body), trust, token, now)
    record = trust.current(expected_issuer) if expected_issuer else None
    if record is not None:
        return record  # its key is too new or was never published: step 7 says so
    if expected_issuer:
        what = f"No trust document of {expected_issuer} is pinned here"
    else:
        what = f"No pinned trust document lists key {parts.signatures[0].keyid}"
    raise steps.refusal(
        steps.ISSUER,
        "ISSUER",
        f"{what}, so nobody vouches for the signature. Get the signer's trust document from a source you "
        "trust, and pin it.",
        keyid=parts.signatures[0].keyid,
        authority=expected_issuer or "",
    )


def _choose(
    owners: tuple[TrustRecord, ...], issuer: str, trust: PinnedTrust, token: str, now: datetime
) -> TrustRecord:
    """Chooses among authorities that all list a key: anybody can list a key that is not its own."""
    for owner in owners:
        if owner.authority == issuer:
            return owner
    for owner in owners:
        if delegation.find_chain(Question(issuer, owner.authority, token, now, now), trust) is not None:
            return owner
    return owners[0]


def _claimed_issuer(body: bytes) -> str:
    try:
        value = strict.loads(body)
        issuer = value["header"]["issuer"]
    except (DocumentError, KeyError, TypeError):
        return ""
    return issuer if isinstance(issuer, str) else ""


def check_not_stale(record: TrustRecord, now: datetime) -> None:
    """Makes step 6.

    Raises:
        TrustError: TRUST_STALE.
    """
    if now >= record.valid_until:
        raise steps.refusal(
            steps.STALE,
            "TRUST_STALE",
            f"The pinned trust document of {record.authority}, revision {record.revision}, ended at "
            f"{format_time(record.valid_until)}; keys may have been revoked since. Get its next revision and "
            "pin it.",
            authority=record.authority,
        )


def check_signatures(parts: Parts, token: str, record: TrustRecord) -> list[KeyEntry]:
    """Makes steps 7 to 11 for each signature in turn, and returns the keys; every signature must hold.

    Raises:
        TrustError: KEY_UNKNOWN, KEY_USE, ALG, KEY_WEAK or SIGNATURE.
    """
    signed = pae(parts.payload_type, parts.body)
    keys: list[KeyEntry] = []
    for keyid, sig in parts.signatures:
        key = find_key(keyid, record)
        check_use(key, token, record)
        check_algorithm(key, record)
        check_registered(key, record)
        check_signature(key, sig, signed, record)
        keys.append(key)
    return keys


def find_key(keyid: str, record: TrustRecord) -> KeyEntry:
    """Makes step 7.

    Raises:
        TrustError: KEY_UNKNOWN.
    """
    key = record.keys.get(keyid)
    if key is None:
        raise steps.refusal(
            steps.KEY_UNKNOWN,
            "KEY_UNKNOWN",
            f"Key {keyid} does not stand in the trust document of {record.authority}, revision "
            f"{record.revision}. If it is new there, get the next revision and pin it.",
            keyid=keyid,
            authority=record.authority,
        )
    return key


def check_use(key: KeyEntry, token: str, record: TrustRecord) -> None:
    """Makes step 8.

    Raises:
        TrustError: KEY_USE.
    """
    if token not in key.use:
        raise steps.refusal(
            steps.KEY_USE,
            "KEY_USE",
            f"Key {key.keyid} of {record.authority} may sign {', '.join(sorted(key.use))}, but not {token}. "
            "Sign with a key whose `use` lists it.",
            keyid=key.keyid,
            authority=record.authority,
        )


def check_algorithm(key: KeyEntry, record: TrustRecord) -> None:
    """Makes step 9.

    Raises:
        TrustError: ALG.
    """
    if key.public is None or not key.public.signs:
        raise steps.refusal(
            steps.ALG,
            "ALG",
            f"Key {key.keyid} of {record.authority} cannot be verified by: "
            f"{algorithms.why_not(key.alg) or f'{key.alg} keys sign nothing.'}",
            keyid=key.keyid,
            authority=record.authority,
        )


def check_registered(key: KeyEntry, record: TrustRecord) -> None:
    """Makes step 10: a degenerate key was refused when it was registered, and has no checked public half.

    Raises:
        TrustError: KEY_WEAK.
    """
    if not isinstance(key.public, PublicKey):
        raise steps.refusal(
            steps.KEY_WEAK,
            "KEY_WEAK",
            f"Key {key.keyid} of {record.authority} was never checked, so nothing says that others cannot "
            "forge under it. Pin the trust document anew.",
            keyid=key.keyid,
            authority=record.authority,
        )


def check_signature(key: KeyEntry, sig: bytes, signed: bytes, record: TrustRecord) -> None:
    """Makes step 11.

    Raises:
        TrustError: SIGNATURE.
    """
    if key.public is None or not key.public.verify(sig, signed):
        raise steps.refusal(
            steps.SIGNATURE,
            "SIGNATURE",
            f"The signature of key {key.keyid} of {record.authority} does not verify over this type and "
            "body: one of them was altered after signing. Get the document again from its issuer.",
            keyid=key.keyid,
            authority=record.authority,
        )


def check_threshold(token: str, record: TrustRecord, keys: list[KeyEntry]) -> None:
    """Makes step 12: one key signs any document, a threshold of root keys a trust document.

    Raises:
        TrustError: THRESHOLD.
    """
    if token != USE_TRUST:
        return
    # Distinct public keys, not distinct names: one key under two names counts once (TRUST-THRESHOLD-1).
    found = len({key.public.raw for key in keys if key.public is not None and key.keyid in record.roots})
    if found < record.threshold:
        raise steps.refusal(
            steps.THRESHOLD,
            "THRESHOLD",
            f"{found} of the root keys of {record.authority}, revision {record.revision}, signed; "
            f"{record.threshold} must. Collect the missing signatures over the same bytes.",
            authority=record.authority,
        )


def read_body(body: bytes, doctype: DocumentType, understood: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Makes step 13: parses the bytes that were verified, strictly, and applies schema and rules.

    Raises:
        TrustError: PAYLOAD, SCHEMA, LIMIT or CRITICAL, with the violations.
    """
    try:
        return reader.read(body, doctype, understood=understood)
    except DocumentError as error:
        raise steps.refusal(
            steps.SCHEMA, error.reason, error.message, violations=error.violations, **error.details
        ) from error


def check_issuer(
    header: Mapping[str, Any], authority: str, expected_issuer: str | None, trust: PinnedTrust, at: datetime
) -> None:
    """Makes step 14: the signer issued it, or any delegations at all lead to it from the issuer.

    Raises:
        TrustError: ISSUER_MISMATCH.
    """
    issuer = header["issuer"]
    if expected_issuer in (None, issuer) and (
        issuer == authority or delegation.is_delegated(issuer, authority, trust, at)
    ):
        return
    wanted = authority if expected_issuer is None else expected_issuer
    raise steps.refusal(
        steps.MISMATCH,
        "ISSUER_MISMATCH",
        f"{header['id']} names {issuer} as its issuer and was signed by a key of {authority}; expected "
        f"{wanted} for all. An authority signs its own documents only, and those of others that delegated "
        "to it.",
        issuer=issuer,
        signer=authority,
        expected=wanted,
    )


def check_delegation(question: Question, name: str, trust: PinnedTrust) -> tuple[str, ...]:
    """Makes step 15: finds the chain of delegations from the issuer to the signer.

    Returns:
        The authorities of the chain; only the issuer where it signed itself.

    Raises:
        TrustError: DELEGATION.
    """
    if question.issuer == question.signer:
        return (question.issuer,)
    chain = delegation.find_chain(question, trust)
    if chain is None:
        raise steps.refusal(
            steps.DELEGATION,
            "DELEGATION",
            f"{question.signer} signed {name} in the name of {question.issuer}, and may not: "
            f"{delegation.why_not(question, trust)}. Have {question.issuer} sign it, or delegate so that "
            "it may.",
            issuer=question.issuer,
            signer=question.signer,
        )
    return chain


def times(header: Mapping[str, Any]) -> tuple[str, datetime, datetime | None]:
    """Returns what a header says of name and times: name, issued at, valid until."""
    until = header.get("validUntil")
    return header["id"], parse_time(header["issuedAt"]), None if until is None else parse_time(until)


def check_times(name: str, issued_at: datetime, valid_until: datetime | None, now: datetime) -> None:
    """Makes step 16.

    Raises:
        TrustError: NOT_YET or EXPIRED.
    """
    if issued_at - now > LEEWAY:  # a difference, for a sum may leave the calendar
        raise steps.refusal(
            steps.TIME,
            "NOT_YET",
            f"{name} was issued at {_show(issued_at)}, more than 60 s after the time of this check, "
            f"{_show(now)}. Compare both clocks.",
        )
    if valid_until is not None and now >= valid_until:
        raise steps.refusal(
            steps.TIME,
            "EXPIRED",
            f"{name} was valid until {_show(valid_until)}; the time of this check is {_show(now)}. Get a "
            "newer revision from its issuer.",
        )


def check_key_time(key: KeyEntry, name: str, issued_at: datetime, now: datetime) -> None:
    """Makes step 17: the key was in use when the document says it was issued, and still is at `now`.

    The document's own time is not believed where that would help it: a key that has ended, or was revoked,
    signs nothing any more, whatever time the document states.

    Raises:
        TrustError: KEY_TIME or KEY_REVOKED.
    """
    if key.not_before - min(now, issued_at) > LEEWAY:
        raise _key_time(key, name, issued_at, now, f"begins at {_show(key.not_before)}")
    if key.not_after is not None and now >= key.not_after:
        raise _key_time(key, name, issued_at, now, f"ended at {_show(key.not_after)}")
    if key.revoked_at is not None and now >= key.revoked_at:
        raise steps.refusal(
            steps.KEY_TIME,
            "KEY_REVOKED",
            f"Key {key.keyid} was revoked as of {_show(key.revoked_at)}; whoever holds it can write any date "
            f"into {name}. Ask its issuer for the document under another key.",
            keyid=key.keyid,
        )


def _key_time(key: KeyEntry, name: str, issued_at: datetime, now: datetime, when: str) -> TrustError:
    return steps.refusal(
        steps.KEY_TIME,
        "KEY_TIME",
        f"Key {key.keyid} {when}; {name} was issued at {_show(issued_at)} and is checked for {_show(now)}. "
        "Ask its issuer for the document under a key that is in use.",
        keyid=key.keyid,
    )


def check_status(header: Mapping[str, Any], status: StatusSource | None, now: datetime) -> None:
    """Makes step 18: what can be revoked is shown not to be; fails closed (STATUS-CLOSED-1).

    Raises:
        TrustError: REVOKED or STATUS_STALE.
    """
    place = header.get("status")
    if status is None or place is None:
        return
    index = int(place["index"])
    since = status.revoked_since(header["issuer"], place["list"], index, now=now)
    if since is not None and since <= now:
        when = "" if since.year == 1 else f" as of {_show(since)}"
        raise steps.refusal(
            steps.STATUS,
            "REVOKED",
            f"{header['issuer']} revoked {header['id']}{when}: place {index} of {place['list']} says so. Ask "
            "it for what stands instead.",
            list=place["list"],
            index=place["index"],
        )


def check_subject(body: bytes, header: Mapping[str, Any], expected: v1.Pin | None) -> None:
    """Makes step 19.

    Raises:
        TrustError: SUBJECT.
    """
    if expected is None:
        return
    found = digest(body)
    if (
        found != expected.sha256
        or header["id"] != expected.id
        or header["revision"] != str(expected.revision)
    ):
        raise steps.refusal(
            steps.SUBJECT,
            "SUBJECT",
            f"Cited was {expected.id}@{expected.revision} with digest {expected.sha256}; this is "
            f"{header['id']}@{header['revision']} with digest {found}. Get the very document that was cited.",
            expected=expected.sha256,
            found=found,
        )


def check_address(
    body: Mapping[str, Any], audience: str | None, nonce: str | None, request_id: str | None
) -> None:
    """Makes step 20.

    Raises:
        TrustError: AUDIENCE, NONCE or REPLAY.
    """
    if audience is not None and body.get("audience") != audience:
        raise _misaddressed("AUDIENCE", "is addressed to", body.get("audience"), audience)
    if nonce is not None and body.get("nonce") != nonce:
        raise _misaddressed("NONCE", "answers the challenge", body.get("nonce"), nonce)
    if request_id is not None and body.get("nonce") != request_id:
        raise _misaddressed("REPLAY", "was signed for request", body.get("nonce"), request_id)


def check_evidence(
    body: Mapping[str, Any], document: Message, challenge: bytes, bound_key: str | None, now: datetime
) -> None:
    """Makes step 22: hardware answers the challenge that this reader sent; anything else does not.

    Raises:
        TrustError: EVIDENCE.
    """
    from crex.trust import hardware_evidence

    if not isinstance(document, v1.Attestation) or not document.HasField("hardware_evidence"):
        raise steps.refusal(
            steps.EVIDENCE,
            "EVIDENCE",
            f"{body['header']['id']} is no attestation of hardware evidence, and so answers no challenge. "
            "Ask for evidence of the hardware.",
        )
    hardware_evidence.check_evidence(
        document.hardware_evidence, nonce=challenge, bound_key=bound_key, now=now
    )


def _misaddressed(reason: str, what: str, found: object, expected: str) -> TrustError:
    return steps.refusal(
        steps.ADDRESS,
        reason,
        f"The document {what} {found or '(none)'}, not {expected}. Have it signed for its purpose.",
        found=str(found or ""),
        expected=expected,
    )


def _show(value: datetime) -> str:
    return format_time(value.replace(microsecond=value.microsecond // 1000 * 1000))
