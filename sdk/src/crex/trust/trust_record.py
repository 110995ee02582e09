"""One version of an authority's trust document, read and ready for lookups.

The schema has been applied before; what it cannot say is checked here: key names recomputed, keys of the
stated algorithm and not degenerate, roots that exist, thresholds that can be met, TLS roots that are
certificates.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cryptography import x509

from crex.documents.times import parse_time
from crex.errors import TrustError, Violation
from crex.trust import steps
from crex.trust.envelope import Parts, digest
from crex.trust.keys import KNOWN_ALGORITHMS, X25519, PublicKey, key_id

# What a key may be used for beside document types (TRUST-USE-1).
USE_ACCESS: Final = "access"
USE_TRUST: Final = "trust-document"


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One key of an authority, and what it may do when.

    Attributes:
        keyid: Its name.
        alg: Its algorithm token; perhaps one that this reader does not know.
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
class TrustRecord:
    """One version of an authority's trust document.

    Attributes:
        authority: Whose keys these are.
        revision: Its revision, from 1.
        valid_until: End of validity, exclusive.
        threshold: How many distinct root keys sign a trust document.
        roots: Names of the root keys.
        keys: Every key by its name.
        tls_roots: Certificates under which the authority's programs are known.
        digest: SHA-256 of the body.
        parts: The envelope.
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
        tls_roots = _tls_roots(body.get("tlsRoots", ()), violations)
        if violations:
            raise _invalid(violations)
        return cls(
            authority=header["issuer"],
            revision=int(header["revision"]),
            issued_at=parse_time(header["issuedAt"]),
            valid_until=parse_time(header["validUntil"]),
            threshold=roots["threshold"],
            roots=root_ids,
            keys=keys,
            tls_roots=tls_roots,
            digest=digest(parts.body),
            parts=parts,
        )

    def check_successor_of(self, earlier: TrustRecord) -> None:
        """Checks that no key of the version before was removed, exchanged or un-revoked (TRUST-KEYS-1).

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
        public=PublicKey.from_spki(spki, alg) if alg in KNOWN_ALGORITHMS else None,
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
            certificates = x509.load_pem_x509_certificates(text.encode())
            is_root = len(certificates) == 1 and _is_ca(certificates[0])
        except (ValueError, x509.DuplicateExtension):
            certificates, is_root = [], False
        if is_root:
            found.append(certificates[0])
        else:
            message = "this is not one PEM certificate that may issue others"
            fix = "paste one root certificate, with basicConstraints CA"
            violations.append(Violation(f"$.tlsRoots[{at}]", message, "TRUST-TLS-1", fix))
    return tuple(found)


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
