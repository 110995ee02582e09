"""An authority's own identity: its keys, its trust document, its TLS root, and one program's certificate.

The root key signs trust documents and nothing else. One signing key stands for each role. identity_files.py
keeps an identity in a folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from google.protobuf.message import Message

from crex import v1
from crex.documents import convert, reader
from crex.documents.types import DocumentType
from crex.errors import CrexError
from crex.names import parse_authority
from crex.trust import authoring, steps
from crex.trust.certificates import LEAF_VALID_FOR, CertificateAuthority, TlsCredential
from crex.trust.envelope import sign_bytes
from crex.trust.keys import AccessKey, LocalSigningKey, SigningKey
from crex.trust.trust_record import USE_TRUST, TrustRecord

TRUST_VALID_FOR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """What an authority needs to sign documents and to be known on the channel.

    Attributes:
        authority: Its DNS name.
        program: Id of the program that uses this identity, below the authority.
        roles: What it does: provider, consumer, broker, and others that sign nothing.
        hosts: Names and addresses at which the program answers; empty if it only calls.
        trust: Its trust document, latest version.
        root: The key that signs trust documents; nothing if kept elsewhere.
        signing: The key for each role that signs.
        access: The key to which access is sealed; nothing for those who never buy.
        tls_root: The root of its TLS certificates; nothing if its key is kept elsewhere.
        tls: The program's certificate and key.
    """

    authority: str
    program: str
    roles: tuple[str, ...]
    hosts: tuple[str, ...]
    trust: TrustRecord
    root: SigningKey | None
    signing: Mapping[str, SigningKey]
    access: AccessKey | None
    tls_root: CertificateAuthority | None
    tls: TlsCredential = field(repr=False)

    @classmethod
    def create(
        cls,
        authority: str,
        *,
        roles: Iterable[str],
        now: datetime,
        program: str = "main",
        hosts: Iterable[str] = (),
        valid_for: timedelta = TRUST_VALID_FOR,
    ) -> Identity:
        """Makes a new identity in memory: all keys, trust document revision 1, TLS root and certificate.

        Args:
            authority: Its DNS name.
            roles: What it does; provider, consumer, broker, arbiter and publisher get a signing key, a
                consumer also an access key.
            now: The time of making it, aware; cut to whole milliseconds.
            program: Id of the program, below the authority.
            hosts: Names and addresses at which it answers, for its certificate.
            valid_for: How long trust document and certificate hold.

        Raises:
            InvalidName: The authority is not one.
        """
        parse_authority(authority)
        now, where = _whole_ms(now), tuple(hosts)
        chosen = tuple(dict.fromkeys(roles))
        root = LocalSigningKey.generate()
        signing = {role: LocalSigningKey.generate() for role in chosen if role in authoring.SIGNING_ROLES}
        access = AccessKey.generate() if "consumer" in chosen else None
        tls_root = CertificateAuthority.create(authority, now=now)
        trust = authoring.first_trust_document(
            authority,
            root=root,
            signing=signing,
            access=access,
            tls_roots=[tls_root.pem],
            now=now,
            valid_until=now + valid_for,
        )
        tls = tls_root.issue(program, now=now, hosts=where, valid_for=min(valid_for, LEAF_VALID_FOR))
        return cls(authority, program, chosen, where, trust, root, signing, access, tls_root, tls)

    @property
    def trust_document(self) -> v1.Envelope:
        """The signed trust document, to be handed to those who are to trust this authority."""
        return self.trust.parts.to_message()

    def sign_document(self, document: Message) -> v1.Envelope:
        """Signs a document of this authority with the key whose use lists its type.

        Raises:
            DocumentError: The document is not valid; nothing was signed.
            TrustError: ISSUER_MISMATCH if it names another issuer; KEY_USE if no key here may sign its type.
        """
        return self.sign_body(convert.dump(document), DocumentType.of(type(document)))

    def sign_body(self, body: bytes, doctype: DocumentType) -> v1.Envelope:
        """Signs the exact bytes of a document's strict JSON form; otherwise as `sign_document`."""
        issuer = reader.read(body, doctype)["header"]["issuer"]
        if issuer != self.authority:
            raise steps.refusal(
                steps.MISMATCH,
                "ISSUER_MISMATCH",
                f"The document names {issuer} as its issuer, and this is the identity of {self.authority}. "
                "Correct the header, or sign with the other identity.",
                issuer=issuer,
                signer=self.authority,
            )
        return sign_bytes(doctype.payload_type, body, [self._key_for(doctype.token)])

    def renew(self, *, now: datetime, valid_for: timedelta = TRUST_VALID_FOR) -> Identity:
        """Returns this identity with the next version of its trust document and a new certificate, same keys.

        Raises:
            TrustError: KEY_USE if the root key is kept elsewhere.
            CrexError: IDENTITY if the TLS root is kept elsewhere.
        """
        now = _whole_ms(now)
        trust = authoring.next_trust_document(
            self.trust,
            root=self._key_for(USE_TRUST),
            signing=self.signing,
            now=now,
            valid_until=now + valid_for,
        )
        return replace(self, trust=trust, tls=self.issue_certificate(self.program, now=now, hosts=self.hosts))

    def issue_certificate(
        self, program: str, *, now: datetime, hosts: Iterable[str] = (), valid_for: timedelta = LEAF_VALID_FOR
    ) -> TlsCredential:
        """Issues a certificate for a program of this authority.

        Raises:
            CrexError: IDENTITY if the TLS root is kept elsewhere.
        """
        if self.tls_root is None:
            raise CrexError(
                "IDENTITY",
                f"The TLS root key of {self.authority} is not in this identity. Issue the certificate where "
                "it is.",
            )
        return self.tls_root.issue(program, now=now, hosts=hosts, valid_for=valid_for)

    def _key_for(self, token: str) -> SigningKey:
        candidates = [self.root] if token == USE_TRUST else list(self.signing.values())
        for key in candidates:
            if key is not None and token in self.trust.keys[key.keyid].use:
                return key
        raise steps.refusal(
            steps.KEY_USE,
            "KEY_USE",
            f"The identity of {self.authority} ({', '.join(self.roles) or 'no role'}) has no key here that "
            f"may sign {token}. Sign with an identity that has the role for it, or where that key is kept.",
            authority=self.authority,
        )


def _whole_ms(value: datetime) -> datetime:
    return value.replace(microsecond=value.microsecond // 1000 * 1000)
