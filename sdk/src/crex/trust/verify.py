"""Opening an envelope: the numbered steps of trust.md in their order, each with its own reason.

Nothing of the body is believed before its signature is verified, and nothing is parsed twice: what was
verified is what the reader gets. The time is an argument (VERIFY-CLOCK-1). A verifier that judges a document
of the past gives the time at which it can prove that it had the document.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from google.protobuf.message import Message

from crex import v1
from crex.documents.types import DocumentType, document_type_of_payload
from crex.errors import DocumentError
from crex.trust import checks, steps
from crex.trust.checks import PinnedTrust
from crex.trust.envelope import Parts, read_parts
from crex.trust.verified import _OPENED, Verified

T = TypeVar("T", bound=Message)

# Reading a type from its descriptor costs more than all other lookups of an opening together.
_TYPES: dict[type[Message], DocumentType] = {}


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
    understood: frozenset[str] = frozenset(),
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

    Raises:
        TrustError: The first step that failed, by number and reason, with the violations where the body is
            invalid.
    """
    if now.tzinfo is None:
        raise ValueError("`now` has no zone; give the time of the check in UTC.")
    parts = read_parts(envelope)
    doctype = _TYPES.get(document) or _TYPES.setdefault(document, DocumentType.of(document))
    checks.check_type(parts, doctype)
    record = checks.select_trust(parts, trust, expected_issuer)
    checks.check_not_stale(record, now)
    keys = checks.check_signatures(parts, doctype.token, record)
    checks.check_threshold(doctype.token, record, keys)
    body = checks.read_body(parts.body, doctype, understood)
    header = body["header"]
    checks.check_issuer(header, record.authority, expected_issuer)
    name, issued_at, valid_until = checks.times(header)
    checks.check_times(name, issued_at, valid_until, now)
    for key in keys:
        checks.check_key_time(key, name, issued_at, now)
    checks.check_subject(parts.body, header, expected)
    checks.check_address(body, audience, nonce, request_id)
    return Verified(
        _OPENED,
        doctype=doctype,
        parts=parts,
        json=body,
        keyids=tuple([key.keyid for key in keys]),
        trust_revision=record.revision,
        opened_at=now,
        not_asked=_not_asked(expected, audience, nonce, request_id),
    )


def open_any(
    envelope: v1.Envelope | bytes,
    trust: PinnedTrust,
    *,
    now: datetime,
    understood: frozenset[str] = frozenset(),
) -> Verified[Message]:
    """Verifies an envelope of whatever type it says it is: for tools that show documents.

    Raises:
        TrustError: As `open_envelope`; TYPE if this edition knows no such type.
    """
    parts = read_parts(envelope)
    try:
        doctype = document_type_of_payload(parts.payload_type)
    except DocumentError as error:
        raise steps.refusal(steps.TYPE, "TYPE", f"{error.message}. Read it with a newer edition.") from error
    return open_envelope(parts, doctype.message, trust, now=now, understood=understood)


def _not_asked(
    expected: v1.Pin | None, audience: str | None, nonce: str | None, request_id: str | None
) -> tuple[steps.Step, ...]:
    subject = () if expected is not None else (steps.SUBJECT,)
    address = () if audience or nonce or request_id else (steps.ADDRESS,)
    return (*subject, *address)
