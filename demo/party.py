"""One party of the demo: its identity, whom it trusts, and its client of the broker."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from crex import v1
from crex.client import Client, credentials
from crex.documents.convert import to_timestamp
from crex.documents.times import SystemClock
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.identity_files import load_identity, open_pins
from demo.papers import Papers
from demo.story import DemoFailed

_SLUG_BYTES: Final = 6


@dataclass(frozen=True, slots=True)
class Party:
    """A party.

    Attributes:
        identity: Its keys.
        trust: The trust documents that it pinned.
        client: Its client of the broker.
        papers: Where every document that it signs or receives is kept.
    """

    identity: Identity
    trust: TrustDirectory
    client: Client
    papers: Papers

    @classmethod
    def load(cls, folder: Path, *, target: str, broker: str, papers: Papers) -> Party:
        """Loads a party from its folder and connects it to the broker."""
        identity = load_identity(folder)
        trust = open_pins(identity, folder, now=SystemClock().now())
        record = trust.current(broker)
        if record is None:
            raise DemoFailed(f"the trust document of {broker} is not pinned in {folder}")
        roots = b"".join(root.public_bytes(Encoding.PEM) for root in record.tls_roots)
        channel = credentials(
            certificate_pem=identity.tls.chain_pem, key_pem=identity.tls.key_pem, server_roots_pem=roots
        )
        return cls(identity, trust, Client(target, channel), papers)

    @property
    def authority(self) -> str:
        """Its authority."""
        return self.identity.authority

    def now(self) -> datetime:
        """The time, UTC, whole milliseconds."""
        return SystemClock().now()

    def header(self, kind: str, name: str | None = None, *, valid_until: datetime | None = None) -> v1.Header:
        """Makes the header of a new document."""
        header = v1.Header(
            id=f"crex://{self.authority}/{kind}/{name or secrets.token_hex(_SLUG_BYTES)}",
            revision=1,
            issuer=self.authority,
            issued_at=to_timestamp(self.now()),
        )
        if valid_until is not None:
            header.valid_until.CopyFrom(to_timestamp(valid_until))
        return header

    def publish(self, document: v1.Site | v1.ComputeResource | v1.PricePlan | v1.Offer) -> v1.Pin:
        """Signs a document, publishes it, and gives the pin by which others cite it."""
        envelope = self.identity.sign_document(document)
        self.papers.keep(envelope)
        response = self.client.publish_document(
            v1.PublishDocumentRequest(request_id=request_id(), envelope=envelope)
        )
        return v1.Pin(id=document.header.id, revision=document.header.revision, sha256=response.sha256)


def request_id() -> str:
    """Makes a new request identifier."""
    return secrets.token_urlsafe(16)
