"""Vectors of steps 5 to 10, 12 and 17: whose key it is, what it may sign, and when."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.signing import (
    BEGIN,
    ED25519_PREFIX,
    X25519_PREFIX,
    Key,
    envelope,
    record,
    spki_record,
    text,
    trust_document,
)
from conformance.tests.vectors.trust_cases import (
    ACCEPTED,
    M_KEY,
    P_KEY,
    P_ROOT,
    P_SECOND,
    PROVIDER,
    PROVIDER_TYPES,
    STRANGER,
    Case,
    Value,
    accepted,
    other_trust,
    provider_trust,
    refused,
    signed,
    site,
)

# A P-256 SubjectPublicKeyInfo: the base point of the curve (SEC 2, 2.4.2), a key that anyone may name.
P256_SPKI: Final = bytes.fromhex(
    "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0"
    "f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
IDENTITY_POINT: Final = b"\x01" + bytes(31)
# p + 1 written in 255 bits: the identity again, in a second encoding.
NOT_CANONICAL: Final = b"\xee" + b"\xff" * 30 + b"\x7f"
# Order 8: a point that is no identity and still useless (RFC 7748, 6.1 lists the like).
ORDER_8: Final = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")


def _key(**members: Any) -> bytes:
    """The provider's trust document with other members of its signing key."""
    return provider_trust(lambda body: body["keys"][1].update(members))


def _second_key(spki: bytes, **members: Any) -> bytes:
    """The provider's trust document with one more key record."""
    return provider_trust(lambda body: body["keys"].append(spki_record(spki, PROVIDER_TYPES) | members))


def _two_roots(threshold: int, *signers: Key) -> bytes:
    """A trust document with two root keys."""

    def change(body: Value) -> None:
        body["keys"].append(record(P_SECOND, ["trust-document"]))
        body["roots"] = {"threshold": threshold, "keys": [P_ROOT.keyid, P_SECOND.keyid]}

    return provider_trust(change, *signers)


def _one_key_twice(body: Value) -> None:
    body["keys"].append(dict(body["keys"][0]))
    body["roots"]["threshold"] = 2


def _next(change: str = "", *signers: Key) -> bytes:
    """Revision 2 of the provider's trust document."""
    body = trust_document(PROVIDER, P_ROOT, [record(P_KEY, PROVIDER_TYPES)], revision="2")
    match change:
        case "new root":
            body["keys"].append(record(P_SECOND, ["trust-document"]))
            body["roots"]["keys"] = [P_SECOND.keyid]
        case "key removed":
            body["keys"] = [body["keys"][0], record(STRANGER, PROVIDER_TYPES)]
    return text(envelope("trust-document", text(body), *(signers or (P_ROOT,))))


_BY_STRANGER = signed(None, STRANGER)
_REVISION_3: Final = text(
    envelope(
        "trust-document",
        text(trust_document(PROVIDER, P_ROOT, [record(P_KEY, PROVIDER_TYPES)], revision="3")),
        P_ROOT,
    )
)
_OTHER_BYTES: Final = provider_trust(lambda body: body["header"].update(validUntil="2027-10-01T12:00:00Z"))

CASES: Final[list[Case]] = [
    refused(
        "issuer-not-pinned",
        "ISSUER",
        ["VERIFY-ISSUER-1"],
        "The trust document that is pinned is another authority's.",
        "A key that nobody vouches for signs nothing.",
        trust=[other_trust()],
    ),
    refused(
        "trust-rollback",
        "TRUST_ROLLBACK",
        ["TRUST-ROLLBACK-1"],
        "Revision 1 of the trust document is presented after revision 2.",
        "An old version brings back keys that were ended since.",
        trust=[provider_trust(), _next(), provider_trust()],
    ),
    refused(
        "trust-other-bytes",
        "TRUST_ROLLBACK",
        ["TRUST-ROLLBACK-1"],
        "Another document is presented under the pinned revision.",
        "Two documents under one revision are never both believed.",
        trust=[provider_trust(), _OTHER_BYTES],
    ),
    refused(
        "trust-stale",
        "TRUST_STALE",
        ["VERIFY-STALE-1"],
        "The time is the trust document's `validUntil`.",
        "Whoever hides new versions keeps revoked keys alive; an end limits that.",
        now="2027-11-01T12:00:00Z",
    ),
    accepted(
        "trust-last-moment-accepted",
        ["VERIFY-STALE-1"],
        "The end is exclusive: a millisecond before counts.",
        ACCEPTED.input,
        now="2027-11-01T11:59:59.999Z",
    ),
    refused(
        "key-unknown",
        "KEY_UNKNOWN",
        ["VERIFY-KEY-1"],
        "The document is signed by a key that its expected issuer never published.",
        "An expected issuer's name does not vouch for a key.",
        _BY_STRANGER,
        options={"expectedIssuer": PROVIDER},
    ),
    refused(
        "key-unknown-beside-known",
        "KEY_UNKNOWN",
        ["VERIFY-KEY-1"],
        "A second signature, by a key that the trust document does not list.",
        "What cannot be checked is not skipped.",
        signed(None, P_KEY, STRANGER),
    ),
    refused(
        "key-outside-its-use",
        "KEY_USE",
        ["VERIFY-USE-1"],
        "The site is signed by the root key.",
        "A key that may sign one thing may not sign all.",
        signed(None, P_ROOT),
    ),
    refused(
        "key-use-without-type",
        "KEY_USE",
        ["VERIFY-USE-1"],
        "The key's `use` lists offers only.",
        "The type must stand in the key's `use`.",
        trust=[_key(use=["offer"])],
    ),
    refused(
        "algorithm-not-supported",
        "ALG",
        ["VERIFY-ALG-1"],
        "The key's record states an algorithm that nobody has registered.",
        "The algorithm comes from the key's record; an unknown one is not guessed.",
        trust=[_key(alg="p.example.cn/lattice")],
    ),
    refused(
        "p256-labelled-ed25519",
        "ALG",
        ["TRUST-ALG-1"],
        "One more key, of P-256, labelled ed25519.",
        "A label that is believed lets an attacker choose the algorithm.",
        trust=[_second_key(P256_SPKI)],
    ),
    refused(
        "x25519-labelled-ed25519",
        "ALG",
        ["TRUST-ALG-1"],
        "One more key, of X25519, labelled ed25519.",
        "Keys for sealing do not sign.",
        trust=[_second_key(X25519_PREFIX + b"\x09" + bytes(31))],
    ),
    refused(
        "spki-in-another-encoding",
        "ALG",
        ["TRUST-ALG-1"],
        "One more key: the signing key in an SPKI whose length is written in the long form.",
        "One key in two encodings has two names and counts twice.",
        trust=[_second_key(b"\x30\x81\x2a" + P_KEY.spki[2:])],
    ),
    refused(
        "identity-point-key",
        "KEY_WEAK",
        ["VERIFY-WEAK-1"],
        "One more key: the identity point.",
        "Under it a common library verifies one fixed signature over any text.",
        trust=[_second_key(ED25519_PREFIX + IDENTITY_POINT)],
    ),
    refused(
        "small-order-key",
        "KEY_WEAK",
        ["VERIFY-WEAK-1"],
        "One more key: a point of order eight.",
        "Signatures under keys of small order can be forged.",
        trust=[_second_key(ED25519_PREFIX + ORDER_8)],
    ),
    refused(
        "key-not-canonical",
        "KEY_WEAK",
        ["VERIFY-WEAK-1"],
        "One more key: the identity point, written with a coordinate above the field's prime.",
        "A key has one encoding; reduction hides a second.",
        trust=[_second_key(ED25519_PREFIX + NOT_CANONICAL)],
    ),
    refused(
        "x25519-zero-key",
        "KEY_WEAK",
        ["VERIFY-WEAK-1"],
        "One more key: the zero X25519 key, for access.",
        "What is sealed to it can be read by anyone.",
        trust=[_second_key(X25519_PREFIX + bytes(32), alg="x25519", use=["access"])],
    ),
    accepted(
        "two-roots-accepted",
        ["VERIFY-THRESHOLD-1"],
        "Both root keys signed where two must.",
        ACCEPTED.input,
        trust=[_two_roots(2, P_ROOT, P_SECOND)],
    ),
    Case(
        "threshold-not-met",
        ["VERIFY-THRESHOLD-1"],
        "A threshold that is not counted is none.",
        ACCEPTED.input,
        "two-roots-accepted",
        "The second root key did not sign.",
        "THRESHOLD",
        trust=[_two_roots(2, P_ROOT)],
    ),
    refused(
        "one-key-listed-twice",
        "SCHEMA",
        ["TRUST-KEYS-1", "TRUST-THRESHOLD-1"],
        "The root key's record stands there twice, and two root keys must sign.",
        "One key under two records meets a threshold of two.",
        trust=[provider_trust(_one_key_twice)],
    ),
    refused(
        "keyid-not-of-its-key",
        "SCHEMA",
        ["TRUST-KEYID-1"],
        "A further key bears the name of no key.",
        "A name that is not recomputed can point anywhere.",
        trust=[_second_key(STRANGER.spki, keyid="A" * 43)],
    ),
    refused(
        "access-use-of-a-signing-key",
        "SCHEMA",
        ["TRUST-USE-1"],
        "A further Ed25519 key has the use access.",
        "Keys for sealing and for signing are kept apart.",
        trust=[_second_key(STRANGER.spki, use=["access"])],
    ),
    refused(
        "key-ends-before-it-begins",
        "SCHEMA",
        ["TRUST-PERIOD-1"],
        "The signing key's end is its beginning.",
        "An empty period is a mistake, not a key.",
        trust=[_key(notAfter=BEGIN)],
    ),
    refused(
        "root-without-record",
        "SCHEMA",
        ["TRUST-ROOTS-1"],
        "The roots name a further key that is not listed.",
        "A root key that is not listed cannot be checked.",
        trust=[provider_trust(lambda body: body["roots"]["keys"].append(STRANGER.keyid))],
    ),
    refused(
        "tls-root-not-a-certificate",
        "SCHEMA",
        ["TRUST-TLS-1"],
        "A TLS root that is no certificate.",
        "A root that cannot be read identifies nobody.",
        trust=[provider_trust(lambda body: body.update(tlsRoots=["no certificate " * 8]))],
    ),
    refused(
        "trust-document-name",
        "SCHEMA",
        ["TRUST-NAME-1"],
        "The trust document has another name.",
        "An authority has one trust document, found under one name.",
        trust=[provider_trust(lambda body: body["header"].update(id=f"crex://{PROVIDER}/trust/spare"))],
    ),
    refused(
        "trust-document-by-signing-key",
        "KEY_USE",
        ["TRUST-ROOTS-1", "VERIFY-USE-1"],
        "The trust document is signed by the key that signs sites.",
        "A stolen signing key must not be able to replace the roots.",
        trust=[provider_trust(lambda _: None, P_KEY)],
    ),
    accepted(
        "new-root-accepted",
        ["TRUST-UPDATE-1"],
        "Old and new root key signed the change of roots.",
        ACCEPTED.input,
        trust=[provider_trust(), _next("new root", P_ROOT, P_SECOND)],
    ),
    Case(
        "new-root-without-old",
        ["TRUST-UPDATE-1"],
        "Whoever can add a root without the old one owns the authority.",
        ACCEPTED.input,
        "new-root-accepted",
        "The old root key did not sign.",
        "THRESHOLD",
        trust=[provider_trust(), _next("new root", P_SECOND)],
    ),
    Case(
        "new-root-without-new",
        ["TRUST-UPDATE-1"],
        "A root key that never signed may not exist.",
        ACCEPTED.input,
        "new-root-accepted",
        "The new root key did not sign.",
        "THRESHOLD",
        trust=[provider_trust(), _next("new root", P_ROOT)],
    ),
    refused(
        "trust-version-skipped",
        "TRUST_STALE",
        ["TRUST-UPDATE-1"],
        "Revision 3 is presented after revision 1.",
        "A version is judged by the one before it.",
        trust=[provider_trust(), _REVISION_3],
    ),
    refused(
        "key-removed",
        "SCHEMA",
        ["TRUST-KEYS-1"],
        "Revision 2 lists another key in place of the signing key.",
        "Keys are ended, never removed.",
        trust=[provider_trust(), _next("key removed")],
    ),
    refused(
        "key-not-begun",
        "KEY_TIME",
        ["VERIFY-KEYTIME-1"],
        "The key begins 61 s after the document's issue.",
        "A document is not older than its key.",
        trust=[_key(notBefore="2026-11-01T12:01:01Z")],
    ),
    accepted(
        "key-begins-within-leeway-accepted",
        ["VERIFY-KEYTIME-1"],
        "A key that begins 60 s after the document's issue: clocks differ.",
        ACCEPTED.input,
        trust=[_key(notBefore="2026-11-01T12:01:00Z")],
    ),
    refused(
        "key-ended",
        "KEY_TIME",
        ["VERIFY-KEYTIME-1"],
        "The key ended at the time of verification.",
        "An ended key could still write old dates.",
        trust=[_key(notAfter="2026-11-01T12:30:00Z")],
    ),
    accepted(
        "key-last-moment-accepted",
        ["VERIFY-KEYTIME-1"],
        "The key's end is exclusive.",
        ACCEPTED.input,
        trust=[_key(notAfter="2026-11-01T12:30:00.001Z")],
    ),
    refused(
        "revoked-key-backdated",
        "KEY_REVOKED",
        ["VERIFY-KEYTIME-1"],
        "The key was revoked after the document's stated issue, before the verification.",
        "Whoever holds a revoked key can write any date.",
        trust=[_key(revokedAt="2026-11-01T12:15:00Z")],
    ),
    accepted(
        "revocation-ahead-accepted",
        ["VERIFY-KEYTIME-1"],
        "A revocation that is announced for later.",
        ACCEPTED.input,
        trust=[_key(revokedAt="2026-11-01T12:30:00.001Z")],
    ),
    refused(
        "right-signature-of-another-authority",
        "ISSUER_MISMATCH",
        ["VERIFY-MISMATCH-1"],
        "The provider's site is signed by another provider, with a key that may sign sites.",
        "A valid signature of somebody is not one of the issuer.",
        signed(None, M_KEY),
        trust=[provider_trust(), other_trust()],
    ),
    refused(
        "another-issuer-than-expected",
        "ISSUER_MISMATCH",
        ["VERIFY-MISMATCH-1"],
        "The reader expects another issuer.",
        "A valid document of the wrong party is the wrong document.",
        options={"expectedIssuer": "m.example.com"},
        trust=[provider_trust(), other_trust()],
    ),
    refused(
        "issuer-of-another-name",
        "SCHEMA",
        ["DOC-ISSUER-1"],
        "The document's name is under another authority than its issuer's.",
        "Names are given out by their authority alone.",
        signed(text(site(id="crex://m.example.com/site/a"))),
    ),
]
