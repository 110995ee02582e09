"""An authority's own identity: its keys, its trust document, its TLS root, and one program's certificate.

Root keys sign trust documents and nothing else. Each role has one or more signing keys: of several algorithms
(a classical and a post-quantum signature on each document), and of several generations while an older one is
kept for what it signed. Keys of a role that begin together are one generation; the one that began last signs.
identity_files.py keeps an identity in a folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from google.protobuf.message import Message

from crex import v1
from crex.documents import convert, reader
from crex.documents.times import parse_time
from crex.documents.types import DocumentType
from crex.errors import CrexError, TrustError
from crex.names import parse_authority
from crex.trust import authoring, steps
from crex.trust.algorithms import ED25519
from crex.trust.certificates import LEAF_VALID_FOR, CertificateAuthority, TlsCredential
from crex.trust.envelope import sign_bytes
from crex.trust.keys import AccessKey, LocalSigningKey, SigningKey
from crex.trust.signed_note import NoteKey
from crex.trust.trust_record import USE_TRUST, KeyEntry, TrustRecord

TRUST_VALID_FOR: Final = timedelta(days=365)
# A verifier allows this much between the begin of a key and the issue of a document (VERIFY-KEYTIME-1).
_LEEWAY: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """What an authority needs to sign documents and to be known on the channel.

    Attributes:
        authority: Its DNS name.
        program: Id of the program that uses this identity, below the authority.
        roles: What it does: provider, consumer, broker, and others that sign nothing.
        hosts: Names and addresses at which the program answers; empty if it only calls.
        trust: Its trust document, latest version.
        roots: The root keys that are here; none if they are kept elsewhere.
        role_keys: The keys that are here for each role that signs, current and earlier ones.
        access_keys: The keys to which access is or was sealed, newest first; none for those who never buy.
        tls_root: The root of its TLS certificates; nothing if its key is kept elsewhere.
        tls: The program's certificate and key.
        log: The key that signs the checkpoints of its log; a broker has one.
        witness: The key under which it co-signs checkpoints of others; a witness has one.
        earlier_note_keys: Keys of the log or of the witness that were rotated and are still listed; while
            others may know the old key only, a log's checkpoints bear the signatures of both.
    """

    authority: str
    program: str
    roles: tuple[str, ...]
    hosts: tuple[str, ...]
    trust: TrustRecord
    roots: tuple[SigningKey, ...]
    role_keys: Mapping[str, tuple[SigningKey, ...]]
    access_keys: tuple[AccessKey, ...]
    tls_root: CertificateAuthority | None
    tls: TlsCredential = field(repr=False)
    log: NoteKey | None = None
    witness: NoteKey | None = None
    earlier_note_keys: tuple[NoteKey, ...] = ()

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
        algorithms: Sequence[str] = (ED25519,),
    ) -> Identity:
        """Makes a new identity in memory: all keys, trust document revision 1, TLS root and certificate.

        Args:
            authority: Its DNS name.
            roles: What it does; those of `authoring.SIGNING_ROLES` get signing keys, a consumer also an
                access key, a broker a key for its log, a witness one for its co-signatures.
            now: The time of making it, aware; cut to whole milliseconds.
            program: Id of the program, below the authority.
            hosts: Names and addresses at which it answers, for its certificate.
            valid_for: How long trust document and certificate hold.
            algorithms: Tokens of the algorithms of which each role gets a key; each of them signs every
                document. The root key is of the first.

        Raises:
            InvalidName: The authority is not one.
            TrustError: ALG if an algorithm cannot be used here.
        """
        parse_authority(authority)
        now, where = _whole_ms(now), tuple(hosts)
        chosen = tuple(dict.fromkeys(roles))
        kinds = tuple(dict.fromkeys(algorithms)) or (ED25519,)
        root = LocalSigningKey.generate(kinds[0])
        signing: dict[str, tuple[SigningKey, ...]] = {
            role: tuple(LocalSigningKey.generate(alg) for alg in kinds)
            for role in chosen
            if role in authoring.SIGNING_ROLES
        }
        access = AccessKey.generate() if "consumer" in chosen else None
        tls_root = CertificateAuthority.create(authority, now=now)
        notes = {role: make_note_key(authority, role) for role in chosen if role in authoring.NOTE_ROLES}
        trust = authoring.first_trust_document(
            authority,
            roots=[root],
            signing=signing,
            access=access,
            tls_roots=[tls_root.pem],
            now=now,
            valid_until=now + valid_for,
            note_keys=tuple(notes.values()),
        )
        return cls(
            authority,
            program,
            chosen,
            where,
            trust,
            (root,),
            signing,
            () if access is None else (access,),
            tls_root,
            tls_root.issue(program, now=now, hosts=where, valid_for=min(valid_for, LEAF_VALID_FOR)),
            notes.get("broker"),
            notes.get("witness"),
        )

    @property
    def root(self) -> SigningKey | None:
        """The first root key that is here; nothing if all are kept elsewhere."""
        return self.roots[0] if self.roots else None

    @property
    def access(self) -> AccessKey | None:
        """The key to which access is sealed by now; nothing for those who never buy."""
        return self.access_keys[0] if self.access_keys else None

    @property
    def signing(self) -> Mapping[str, SigningKey]:
        """The first key of the generation that signs now, for each role that signs."""
        return {role: self._generation(keys)[0] for role, keys in self.role_keys.items() if keys}

    @property
    def trust_document(self) -> v1.Envelope:
        """The signed trust document, to be handed to those who are to trust this authority."""
        return self.trust.parts.to_message()

    def sign_document(self, document: Message) -> v1.Envelope:
        """Signs a document with all keys of the role that may sign its type when it is issued.

        Raises:
            DocumentError: The document is not valid; nothing was signed.
            TrustError: ISSUER_MISMATCH if it names another issuer; KEY_USE if no key here may sign its type;
                KEY_TIME if those that may have ended or were revoked when it is issued.
        """
        return self.sign_body(convert.dump(document), DocumentType.of(type(document)))

    @property
    def signs_in_memory(self) -> bool:
        """Tells whether all keys that sign documents lie in this process; a token takes its time."""
        return all(isinstance(key, LocalSigningKey) for keys in self.role_keys.values() for key in keys)

    def sign_body(self, body: bytes, doctype: DocumentType) -> v1.Envelope:
        """Signs the exact bytes of a document's strict JSON form; otherwise as `sign_document`."""
        header = reader.read(body, doctype)["header"]
        issuer = header["issuer"]
        if issuer != self.authority:
            raise steps.refusal(
                steps.MISMATCH,
                "ISSUER_MISMATCH",
                f"The document names {issuer} as its issuer, and this is the identity of {self.authority}. "
                "Correct the header, or sign with the other identity.",
                issuer=issuer,
                signer=self.authority,
            )
        keys = self._keys_for(doctype.token, parse_time(header["issuedAt"]))
        return sign_bytes(doctype.payload_type, body, keys)

    def renew(self, *, now: datetime, valid_for: timedelta = TRUST_VALID_FOR) -> Identity:
        """Returns this identity with the next version of its trust document and a new certificate, same keys.

        Raises:
            TrustError: KEY_USE if the root keys are kept elsewhere, THRESHOLD if too few of them are here.
            CrexError: IDENTITY if the TLS root is kept elsewhere.
        """
        now = _whole_ms(now)
        if not self.roots:
            raise self._no_key(USE_TRUST)
        trust = authoring.next_trust_document(
            self.trust,
            roots=[key for key in self.roots if key.keyid in self.trust.roots],
            signing=self.role_keys,
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

    def _keys_for(self, token: str, at: datetime) -> list[SigningKey]:
        """Gives the keys of the first role that may sign a type at a time: its latest generation in use."""
        found = False
        for keys in self.role_keys.values():
            able = [key for key in keys if token in self.trust.keys[key.keyid].use]
            found |= bool(able)
            lasting = [key for key in able if not _is_over(self.trust.keys[key.keyid], at)]
            begun = [key for key in lasting if self.trust.keys[key.keyid].not_before - at <= _LEEWAY]
            if lasting:
                # A document from before all keys is signed by the first; whether it holds, readers judge.
                return self._generation(begun) if begun else self._earliest(lasting)
        if found:
            raise steps.refusal(
                steps.KEY_TIME,
                "KEY_TIME",
                f"No key here that may sign {token} for {self.authority} is in use at {at:%F %T}: readers "
                "would refuse the document. Make new keys with `crex key rotate`.",
                authority=self.authority,
            )
        raise self._no_key(token)

    def _earliest(self, keys: Sequence[SigningKey]) -> list[SigningKey]:
        begins = min(self.trust.keys[key.keyid].not_before for key in keys)
        return self._generation([key for key in keys if self.trust.keys[key.keyid].not_before == begins])

    def _generation(self, keys: Sequence[SigningKey]) -> list[SigningKey]:
        """Gives those of some keys that began last, of each algorithm one; of equals those without an end."""

        def rank(key: SigningKey) -> tuple[datetime, bool]:
            entry = self.trust.keys[key.keyid]
            return entry.not_before, entry.not_after is None

        last = max(map(rank, keys))
        latest = [key for key in keys if rank(key) == last]
        return list({key.public_key.alg: key for key in reversed(latest)}.values())[::-1]

    def _no_key(self, token: str) -> TrustError:
        return steps.refusal(
            steps.KEY_USE,
            "KEY_USE",
            f"The identity of {self.authority} ({', '.join(self.roles) or 'no role'}) has no key here that "
            f"may sign {token}. Sign with an identity that has the role for it, or where that key is kept.",
            authority=self.authority,
        )


def make_note_key(authority: str, role: str) -> NoteKey:
    """Makes the note key of a role: of a broker's log, or of a witness's co-signatures."""
    name, kind, _ = authoring.NOTE_ROLES[role]
    return NoteKey.generate(f"{authority}/{name}", kind)


def _is_over(entry: KeyEntry, at: datetime) -> bool:
    return entry.revoked_at is not None or (entry.not_after is not None and at >= entry.not_after)


def _whole_ms(value: datetime) -> datetime:
    return value.replace(microsecond=value.microsecond // 1000 * 1000)
