"""Attestations to be signed: subjects and a predicate, put under a header and held to the contract."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from google.protobuf.message import Message

from crex import v1
from crex.documents import convert, reader
from crex.documents.convert import to_timestamp
from crex.documents.predicates import OTHER, registered_predicates
from crex.errors import DocumentError, InvalidName
from crex.names import Name
from crex.trust.hardware_evidence import MAX_AGE

TRUST_DOCUMENT: Final = "trust/main"
_PREFIX: Final = "crex://"


def subject(text: str) -> v1.Subject:
    """Reads whom or what an attestation is about.

    Args:
        text: A name, optionally with `@revision` or `@sha256:…`; or an authority, for the party itself.

    Raises:
        CrexError: It is neither.
    """
    if not text.startswith(_PREFIX):
        return v1.Subject(id=party(text))
    name, _, version = text.partition("@")
    Name.parse(name)
    made = v1.Subject(id=name)
    if version.startswith("sha256:"):
        made.sha256 = version.removeprefix("sha256:")
    elif version.isascii() and version.isdecimal():
        made.revision = int(version[:19])
    elif version:
        raise InvalidName(
            "SCHEMA", f"{text[:200]!r}: after @ stands a revision, or sha256: and 64 digits. Correct it."
        )
    return made


def party(authority: str) -> str:
    """Gives the name under which a party stands: that of its trust document."""
    return str(Name.parse(f"{_PREFIX}{authority}/{TRUST_DOCUMENT}"))


def attestation(header: v1.Header, subjects: Sequence[v1.Subject], predicate: Message) -> v1.Attestation:
    """Makes an attestation of a registered predicate.

    Args:
        header: Its header; the end of its validity is set where the predicate demands one and none is stated.
        subjects: What it is about.
        predicate: The predicate.

    Raises:
        DocumentError: SCHEMA: it breaks a rule, with every violation.
    """
    kind, member = next(
        (kind, one.name)
        for kind, one in registered_predicates().items()
        if one.message == predicate.DESCRIPTOR
    )
    document = v1.Attestation(header=header, subjects=subjects, predicate_type=kind)
    getattr(document, member).CopyFrom(predicate)
    if not document.header.HasField("valid_until"):
        end = _end_of(predicate)
        if end is not None:
            document.header.valid_until.CopyFrom(to_timestamp(end))
    reader.check(convert.to_json(document), v1.Attestation)
    return document


def of_json(header: v1.Header, value: Any) -> v1.Attestation:
    """Makes an attestation of a file that states subjects, predicate type and predicate, without a header.

    The predicate of a private type may stand under `other` as an object; it is written as text.

    Raises:
        DocumentError: SCHEMA: it breaks a rule, with every violation.
    """
    if not isinstance(value, dict) or "header" in value:
        raise DocumentError(
            "SCHEMA",
            "The draft must be a JSON object with subjects, predicateType and the predicate, without a "
            "header: that is made when it is signed. Correct it.",
        )
    made = dict(value)
    if isinstance(made.get(OTHER), dict):
        made[OTHER] = json.dumps(made[OTHER], ensure_ascii=False, separators=(",", ":"))
    made = {"header": convert.to_json(header), **made}
    reader.check(made, v1.Attestation)
    return convert.to_message(made, v1.Attestation)


def _end_of(predicate: Message) -> datetime | None:
    """Gives when a predicate ends by itself: with the last day of a certificate, an hour after a quote."""
    if isinstance(predicate, v1.CompliancePredicate):
        try:
            after = date.fromisoformat(predicate.valid_to) + timedelta(days=1)
        except (ValueError, OverflowError):
            return None
        return datetime(after.year, after.month, after.day, tzinfo=UTC)
    if isinstance(predicate, v1.HardwareEvidencePredicate) and predicate.HasField("quoted_at"):
        return convert.from_timestamp(predicate.quoted_at) + MAX_AGE
    return None
