"""Gets a document by its name, verifies it, and makes sure that it is the one that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from crex import v1
from crex.documents.types import document_type_of_payload
from crex.errors import CrexError, named
from crex.names import Ref
from crex.resolve.fetch import Fetcher
from crex.resolve.well_known import path_of, url_of
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import digest, from_json
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope


class Source(Protocol):
    """Where files come from."""

    def get(self, host: str, path: str) -> bytes:
        """Gets a file; see `Fetcher.get`."""
        ...


@dataclass(frozen=True, slots=True)
class Resolved:
    """A document that was found.

    Attributes:
        url: Where it was found.
        envelope: The bytes there: the envelope in file form.
        document: What was verified of it.
    """

    url: str
    envelope: bytes
    document: Verified[Any]


def resolve(ref: Ref, trust: TrustDirectory, *, now: datetime, source: Source | None = None) -> Resolved:
    """Gets the document of a name.

    Args:
        ref: The name, with or without a revision or digest.
        trust: The trust documents that are pinned; the authority's must be among them.
        now: Instant of the verification.
        source: Where files come from. None: the authority itself, over HTTPS.

    Raises:
        CrexError: Those of `Fetcher.get`; SUBJECT where another document lies there (RESOLVE-NAME-1).
        TrustError: It does not verify (RESOLVE-VERIFY-1).
    """
    url = url_of(ref)
    found = (source or Fetcher()).get(ref.name.authority, path_of(ref))
    with named(url):
        envelope = from_json(found)
        kind = document_type_of_payload(envelope.payload_type)
        opened = open_envelope(envelope, kind.message, trust, now=now, expected_issuer=ref.name.authority)
        _check(ref, opened, envelope)
    return Resolved(url, found, opened)


def _check(ref: Ref, opened: Verified[Any], envelope: v1.Envelope) -> None:
    asked, stated = str(ref.name), opened.id
    if stated != asked:
        raise CrexError("SUBJECT", f"This is {stated}, and {asked} was asked for.", details={"found": stated})
    if ref.revision is not None and opened.revision != ref.revision:
        message = f"This is revision {opened.revision} of {asked}, and {ref.revision} was asked for."
        raise CrexError("SUBJECT", message, details={"found": str(opened.revision)})
    found = digest(envelope.payload)
    if ref.sha256 is not None and found != ref.sha256:
        message = f"This document of {asked} has the digest {found}, and {ref.sha256} was asked for."
        raise CrexError("SUBJECT", message, details={"found": found})
