"""One version of an authority's trust document, read and ready for lookups.

The schema has been applied before; what it cannot say is checked here: key names recomputed, keys of the
stated algorithm and not degenerate, roots that exist, thresholds that can be met, TLS roots that are
certificates, log and witness keys of the right kind and name, status lists and delegations that are its own.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cryptography import x509

from crex.documents.times import parse_time
from crex.errors import CrexError, TrustError, Violation
from crex.names import authority_of
from crex.trust import steps
from crex.trust.certificates import read_certificates
from crex.trust.envelope import Parts, digest
from crex.trust.keys import X25519, PublicKey, is_usable, key_id
from crex.trust.signed_note import KIND_COSIGNATURE, KIND_NOTE, NoteVerifier

# What a key may be used for beside document types (TRUST-USE-1).
USE_ACCESS: Final = "access"
USE_TRUST: Final = "trust-document"


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One key of an authority, and what it may do when.

    Attributes:
        keyid: Its name.
        alg: Its algorithm token; perhaps one that this reader does not know.
        spki: The key as the trust document states it: DER SubjectPublicKeyInfo.
        public: The key; nothing where the algorithm is not known.
        use: Document type tokens that it may sign, or `access`.
        not_before: Start of use, inclusive.
        not_after: End of use, exclusive; nothing while it has none.
        revoked_at: When it was revoked; nothing if it is not.
    """

    keyid: str
    alg: str
    spki: bytes = field(repr=False)
    public: PublicKey | None = field(repr=False)
    use: frozenset[str]
    not_before: datetime
    not_after: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class DelegationEntry:
    """The right of another authority to sign documents in this one's name.

    Attributes:
        to: Authority that may sign.
        types: Document type tokens that it may sign (DELEGATION-NARROW-1).
        max_depth: How many further authorities may stand between (DELEGATION-DEPTH-1).
        expires_at: End of the right, exclusive (DELEGATION-TIME-1).
    """

    to: str
    types: frozenset[str]
    max_depth: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TrustRecord:
    """One version of an authority's trust document.

    Attributes:
        authority: Whose keys these are.
        revision: Its revision, from 1.
        issued_at: When it was issued.
        valid_until: End of validity, exclusive.
        threshold: How many distinct root keys sign a trust document.
        roots: Names of the root keys.
        keys: Every key by its name.
        tls_roots: Certificates under which the authority's programs are known.
        digest: SHA-256 of the body.
        parts: The envelope.
        logs: Keys of the logs that the authority operates.
        witnesses: Keys under which it co-signs checkpoints of others.
        status_lists: Names of the status lists that it keeps.
        delegations: Who may sign in its name; each authority at most once.
    """

    authority: str
    revision: int
    issued_at: datetime
    valid_until: datetime
    threshold: int
    roots: frozenset[str]
    keys: Mapping[str, KeyEntry] = field(repr=False)
    tls_roots: tuple[x509.Certificate, ...] = field(repr=False)
    digest: str
    parts: Parts = field(repr=False)
    logs: tuple[NoteVerifier, ...] = ()
    witnesses: tuple[NoteVerifier, ...] = ()
    status_lists: tuple[str, ...] = ()
    delegations: tuple[DelegationEntry, ...] = ()

    @property
    def name(self) -> str:
        """Name of the document."""
        return f"crex://{self.authority}/trust/main"

    @classmethod
    def build(cls, body: Mapping[str, Any], parts: Parts) -> TrustRecord:
        """Builds the record of a trust document that its schema accepts.

        Args:
            body: The parsed body.
            parts: The envelope that it came in.

        Raises:
            TrustError: SCHEMA with every violation, or ALG or KEY_WEAK for a key that cannot be used at all.
        """
        violations: list[Violation] = []
        header, roots = body["header"], body["roots"]
        keys = _keys(body["keys"], violations)
        root_ids = frozenset(roots["keys"])
        _check_roots(roots, root_ids, keys, violations)
        _check_name(header, violations)
        authority = header["issuer"]
        tls_roots = _tls_roots(body.get("tlsRoots", ()), violations)
        logs = _note_keys(body, "logs", authority, violations)
        witnesses = _note_keys(body, "witnesses", authority, violations)
        status_lists = _status_lists(body.get("statusLists", ()), authority, violations)
        delegations = _delegations(body.get("delegations", ()), authority, violations)
        if violations:
            raise _invalid(violations)
        return cls(
            authority=authority,
            revision=int(header["revision"]),
            issued_at=parse_time(header["issuedAt"]),
            valid_until=parse_time(header["validUntil"]),
            threshold=roots["threshold"],
            roots=root_ids,
            keys=keys,
            tls_roots=tls_roots,
            digest=digest(parts.body),
            parts=parts,
            logs=logs,
            witnesses=witnesses,
            status_lists=status_lists,
            delegations=delegations,
        )

    def check_successor_of(self, earlier: TrustRecord) -> None:
        """Checks that nothing disappeared that earlier documents are judged by.

        No key may be removed, exchanged or un-revoked (TRUST-KEYS-1, TRUST-REVOKED-1), no log may be left
        without a key (TRUST-LOGS-1), no status list may be given up (TRUST-LISTS-1).

        Raises:
            TrustError: SCHEMA with every violation.
        """
        violations: list[Violation] = []
        for keyid, before in earlier.keys.items():
            now = self.keys.get(keyid)
            if now is None or now.alg != before.alg:
                message = f"key {keyid} of revision {earlier.revision} is missing or has another algorithm"
                fix = "end it with `notAfter`, or revoke it, and keep its record"
                violations.append(Violation("$.keys", message, "TRUST-KEYS-1", fix))
            elif before.revoked_at and (now.revoked_at is None or now.revoked_at > before.revoked_at):
                message = f"the revocation of key {keyid} is withdrawn or moved to a later time"
                fix = "keep `revokedAt`, or move it to an earlier time"
                violations.append(Violation("$.keys", message, "TRUST-REVOKED-1", fix))
        for log in sorted({key.name for key in earlier.logs} - {key.name for key in self.logs}):
            message = f"log {log} of revision {earlier.revision} has no key any more"
            fix = "list a key of that name; a new one may take the place of the old"
            violations.append(Violation("$.logs", message, "TRUST-LOGS-1", fix))
        for name in sorted(set(earlier.status_lists) - set(self.status_lists)):
            message = f"status list {name} of revision {earlier.revision} is missing"
            fix = "keep it: documents that refer to it could no longer be judged"
            violations.append(Violation("$.statusLists", message, "TRUST-LISTS-1", fix))
        if violations:
            raise _invalid(violations)


def _keys(records: list[Any], violations: list[Violation]) -> dict[str, KeyEntry]:
    keys: dict[str, KeyEntry] = {}
    for at, record in enumerate(records):
        path = f"$.keys[{at}]"
        entry = _key(record, path, violations)
        if entry.keyid in keys:
            message = "the same key stands here twice"
            violations.append(Violation(path, message, "TRUST-KEYS-1", "keep one record for each key"))
        keys[entry.keyid] = entry
    return keys


def _key(record: Mapping[str, Any], path: str, violations: list[Violation]) -> KeyEntry:
    keyid, alg, use = record["keyid"], record["alg"], frozenset(record["use"])
    spki = b64decode(record["spki"])
    expected = key_id(spki)
    if keyid != expected:
        message = f"the key's name is {keyid}, but its SPKI hashes to {expected}"
        violations.append(Violation(f"{path}.keyid", message, "TRUST-KEYID-1", f'write "{expected}"'))
    if (USE_ACCESS in use) != (alg == X25519) or (USE_ACCESS in use and len(use) > 1):
        message = "`access` is the one use of an x25519 key, and of no other"
        violations.append(
            Violation(f"{path}.use", message, "TRUST-USE-1", "publish one key for each purpose")
        )
    not_before, not_after = parse_time(record["notBefore"]), _optional_time(record, "notAfter")
    if not_after is not None and not_after <= not_before:
        message = "the key ends before it begins"
        violations.append(
            Violation(f"{path}.notAfter", message, "TRUST-PERIOD-1", "set `notAfter` after `notBefore`")
        )
    return KeyEntry(
        keyid=keyid,
        alg=alg,
        spki=spki,
        # A registered algorithm that this reader lacks breaks nothing until a document is signed with it
        # (step 9).
        public=PublicKey.from_spki(spki, alg) if is_usable(alg) else None,
        use=use,
        not_before=not_before,
        not_after=not_after,
        revoked_at=_optional_time(record, "revokedAt"),
    )


def _check_roots(
    roots: Mapping[str, Any],
    root_ids: frozenset[str],
    keys: Mapping[str, KeyEntry],
    violations: list[Violation],
) -> None:
    for at, keyid in enumerate(roots["keys"]):
        entry = keys.get(keyid)
        if entry is None or USE_TRUST not in entry.use:
            message = f"root key {keyid} does not stand in `keys` with use `{USE_TRUST}`"
            fix = "add its record, or take it out of the roots"
            violations.append(Violation(f"$.roots.keys[{at}]", message, "TRUST-ROOTS-1", fix))
    if roots["threshold"] > len(root_ids):
        message = f"{roots['threshold']} of {len(root_ids)} root keys can never sign"
        fix = "lower the threshold or add root keys"
        violations.append(Violation("$.roots.threshold", message, "TRUST-THRESHOLD-1", fix))


def _check_name(header: Mapping[str, Any], violations: list[Violation]) -> None:
    expected = f"crex://{header['issuer']}/trust/main"
    if header["id"] != expected:
        message = f"a trust document is named after its authority, not {header['id']}"
        violations.append(Violation("$.header.id", message, "TRUST-NAME-1", f'write "{expected}"'))


def _tls_roots(texts: list[str] | tuple[()], violations: list[Violation]) -> tuple[x509.Certificate, ...]:
    found: list[x509.Certificate] = []
    for at, text in enumerate(texts):
        try:
            certificates = read_certificates(text.encode())
            is_root = len(certificates) == 1 and _is_ca(certificates[0])
        except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
            certificates, is_root = [], False
        if is_root:
            found.append(certificates[0])
        else:
            message = "this is not one PEM certificate that may issue others"
            fix = "paste one root certificate, with basicConstraints CA"
            violations.append(Violation(f"$.tlsRoots[{at}]", message, "TRUST-TLS-1", fix))
    return tuple(found)


def _note_keys(
    body: Mapping[str, Any], member: str, authority: str, violations: list[Violation]
) -> tuple[NoteVerifier, ...]:
    """Reads the keys of logs (LOG-KEY-1) or of witnesses (LOG-WITNESS-1)."""
    texts: Sequence[str] = body.get(member, ())
    if not texts:
        return ()
    kind, requirement = (KIND_NOTE, "LOG-KEY-1") if member == "logs" else (KIND_COSIGNATURE, "LOG-WITNESS-1")
    found: list[NoteVerifier] = []
    for at, text in enumerate(texts):
        path = f"$.{member}[{at}]"
        try:
            key = NoteVerifier.parse(text)
        except (CrexError, ValueError) as error:
            why = error.message if isinstance(error, CrexError) else str(error)
            message = f"this is no C2SP verifier key: {why}"
            fix = "write it as the program that made it prints it, `<name>+<hash>+<key>`"
            violations.append(Violation(path, message, requirement, fix))
            continue
        if key.kind != kind:
            message = f"its type is 0x{key.kind:02x}, and here one of type 0x{kind:02x} is expected"
            violations.append(
                Violation(path, message, requirement, "publish a key that was made for this use")
            )
        elif key.name != authority and not key.name.startswith(f"{authority}/"):
            message = f"its name is {key.name}, which does not begin with {authority}"
            fix = f"name it {authority}/{'log' if kind == KIND_NOTE else 'witness'}"
            violations.append(Violation(path, message, requirement, fix))
        elif any(key.name == other.name and key.key_hash == other.key_hash for other in found):
            message = "another key here has the same name and hash, and a signature could not tell them apart"
            violations.append(Violation(path, message, requirement, "keep one of the two"))
        else:
            found.append(key)
    return tuple(found)


def _status_lists(texts: Sequence[str], authority: str, violations: list[Violation]) -> tuple[str, ...]:
    for at, text in enumerate(texts):
        if authority_of(text) != authority:
            message = f"{text} is no status list of {authority}"
            fix = f'write a name such as "crex://{authority}/status-list/main"'
            violations.append(Violation(f"$.statusLists[{at}]", message, "STATUS-LIST-1", fix))
    return tuple(texts)


def _delegations(
    entries: Sequence[Mapping[str, Any]], authority: str, violations: list[Violation]
) -> tuple[DelegationEntry, ...]:
    found: dict[str, DelegationEntry] = {}
    for at, entry in enumerate(entries):
        path, to = f"$.delegations[{at}].to", entry["to"]
        if to == authority:
            message = "an authority needs no right to sign in its own name"
            violations.append(Violation(path, message, "TRUST-DELEGATES-1", "name another, or take it out"))
        elif to in found:
            message = f"{to} stands here twice, so what it may sign is not stated once"
            violations.append(Violation(path, message, "TRUST-DELEGATES-1", "make one entry of the two"))
        elif USE_TRUST in entry["types"]:
            message = f"nobody else may sign the trust document of {authority}"
            fix = f"take `{USE_TRUST}` out of `types`; to share the roots, list the other's key among them"
            violations.append(Violation(f"$.delegations[{at}].types", message, "TRUST-DELEGATES-2", fix))
        else:
            found[to] = DelegationEntry(
                to, frozenset(entry["types"]), entry["maxDepth"], parse_time(entry["expiresAt"])
            )
    return tuple(found.values())


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _optional_time(record: Mapping[str, Any], member: str) -> datetime | None:
    text = record.get(member)
    return None if text is None else parse_time(text)


def _invalid(violations: list[Violation]) -> TrustError:
    return steps.refusal(
        steps.SCHEMA,
        "SCHEMA",
        f"The trust document breaks {len(violations)} rule(s) that its schema cannot state.",
        violations=violations,
    )
