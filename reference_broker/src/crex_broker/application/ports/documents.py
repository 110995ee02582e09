"""Signed documents in the store, immutable, exactly as they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A verified document that is to be kept.

    Attributes:
        type: Token of its type, such as `offer`.
        id: Its name.
        revision: Its revision.
        sha256: Digest of its body, lowercase hexadecimal.
        issuer: Authority that signed it.
        envelope: `crex.v1.Envelope`, serialised.
        provider: Provider that may read it; nothing for public documents.
        consumer: Consumer that may read it; nothing for public documents and those between provider and
            broker.
        concerns: Digests of documents and names of sites, pools and leases that it concerns; its countries
            follow from theirs.
        countries: Countries that it states itself.
        stream: The stream that it belongs to; nothing: none (STREAM-NAME-1).
        sequence: Its place in the stream, from 1.
        prev: Digest of the document before it in the stream; empty: it is the first.
    """

    type: str
    id: str
    revision: int
    sha256: str
    issuer: str
    envelope: bytes
    provider: str | None = None
    consumer: str | None = None
    concerns: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    stream: str | None = None
    sequence: int = 0
    prev: str = ""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as it is kept; `envelope` is `crex.v1.Envelope`, serialised."""

    type: str
    id: str
    revision: int
    sha256: str
    issuer: str
    envelope: bytes


class DocumentStore(Protocol):
    """Reads of documents. A private one is shown only to its provider and its consumer."""

    async def by_digest(self, party: str, sha256: str) -> StoredDocument | None:
        """Gives the document with this digest, if `party` may read it."""
        ...

    async def by_name(self, party: str, id_: str, revision: int | None) -> StoredDocument | None:
        """Gives the document of this name and revision, or its highest revision, if `party` may read it."""
        ...

    async def series(self, id_: str, start_ms: int, end_ms: int) -> Sequence[StoredDocument]:
        """Gives the revisions of a price series that state a value in [start_ms, end_ms), ascending."""
        ...
