"""The broker's identity as it stands now: replaced while the broker serves, never half (CHANNEL-ROTATE-1)."""

from __future__ import annotations

from collections.abc import Iterable

from crex import v1
from crex.documents.types import DocumentType
from crex.errors import CrexError
from crex.trust.certificates import TlsCredential
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.trust_record import TrustRecord


class LiveIdentity:
    """Signs as the broker and presents its certificate, by whatever identity was put here last."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    @property
    def identity(self) -> Identity:
        """The identity that stands."""
        return self._identity

    @property
    def authority(self) -> str:
        """The broker's authority; it never changes."""
        return self._identity.authority

    @property
    def trust_document(self) -> v1.Envelope:
        """The broker's signed trust document, latest version."""
        return self._identity.trust_document

    @property
    def tls(self) -> TlsCredential:
        """What the broker presents in a handshake."""
        return self._identity.tls

    @property
    def signs_in_memory(self) -> bool:
        """Tells whether all keys that sign its documents lie in this process."""
        return self._identity.signs_in_memory

    def sign_body(self, body: bytes, doctype: DocumentType, /) -> v1.Envelope:
        """Signs the exact bytes of a document of the broker, after checking that they are one."""
        return self._identity.sign_body(body, doctype)

    def replace(self, identity: Identity, versions: Iterable[TrustRecord], trust: TrustDirectory) -> None:
        """Puts a newer identity in the place of the present one.

        Args:
            identity: The identity.
            versions: The versions of its trust document after the present one, ascending.
            trust: Where the broker's own trust document is pinned, too.

        Raises:
            CrexError: IDENTITY, where it is another authority's or an older one; TRUST_ROLLBACK, where it has
                other bytes under the present revision. Nothing is then replaced.
            TrustError: A version does not follow from the one before.
        """
        present = self._identity
        if identity.authority != present.authority or identity.trust.revision < present.trust.revision:
            raise CrexError(
                "IDENTITY",
                f"The identity is that of {identity.authority}, revision {identity.trust.revision}; this "
                f"broker serves as {present.authority}, revision {present.trust.revision}. Put its own, the "
                "newest, in the folder.",
            )
        if (
            identity.trust.revision == present.trust.revision
            and identity.trust.digest != present.trust.digest
        ):
            raise CrexError(
                "TRUST_ROLLBACK",
                f"The folder holds another trust document of {present.authority}, revision "
                f"{present.trust.revision}, than the one that this broker serves by. Put its own back.",
            )
        for record in versions:
            trust.restore(record.parts)
        self._identity = identity
