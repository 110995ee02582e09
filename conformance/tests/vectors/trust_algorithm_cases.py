"""Vectors of algorithms.md: P-256 and ML-DSA-65, their keys and the one spelling of their signatures."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from conformance.tests.vectors.case import one_away
from conformance.tests.vectors.signing import (
    Signer,
    b64,
    envelope,
    pae,
    payload_type,
    record,
    spki_record,
    text,
    trust_document,
)
from conformance.tests.vectors.signing_algorithms import P256_PREFIX, MlDsaKey, N, P256Key, raw
from conformance.tests.vectors.trust_cases import (
    P_KEY,
    P_ROOT,
    PROVIDER,
    PROVIDER_TYPES,
    STRANGER,
    Case,
    Value,
    provider_trust,
    refused,
    site,
)

P256: Final = P256Key.of("provider, P-256")
LATTICE: Final = MlDsaKey.of("provider, ML-DSA-65")
BODY: Final = text(site())
SIGNED: Final = pae(payload_type("site"), BODY)
R, S = P256.pair(SIGNED)


def trust_of(*records: Value) -> bytes:
    """The provider's trust document with these signing keys beside its root."""
    return text(envelope("trust-document", text(trust_document(PROVIDER, P_ROOT, records)), P_ROOT))


P256_RECORD: Final = spki_record(P256.spki, PROVIDER_TYPES, alg="ecdsa-p256")
LATTICE_RECORD: Final = spki_record(LATTICE.spki, PROVIDER_TYPES, alg="ml-dsa-65")


def _by(*signatures: tuple[Signer, bytes]) -> bytes:
    """The site's envelope with these signatures."""
    value = envelope("site", BODY)
    value["signatures"] = [{"keyid": key.keyid, "sig": b64(sig)} for key, sig in signatures]
    return text(value)


P256_ACCEPTED: Final = Case(
    "p256-accepted",
    ["ALG-SUPPORT-1", "ALG-P256-1"],
    "Every verifier takes ECDSA on P-256: some hardware holds no Ed25519 key.",
    _by((P256, P256.sign(SIGNED))),
    trust=[trust_of(P256_RECORD)],
)
LATTICE_ACCEPTED: Final = Case(
    "ml-dsa-65-accepted",
    ["ALG-MLDSA-1"],
    "Pure ML-DSA-65 with an empty context, where the verifier supports it.",
    _by((LATTICE, LATTICE.sign(SIGNED))),
    trust=[trust_of(LATTICE_RECORD)],
)
HYBRID_ACCEPTED: Final = Case(
    "hybrid-accepted",
    ["ALG-MLDSA-1", "VERIFY-SIGNATURE-1"],
    "One document with a signature of each family; every signature is verified.",
    _by((P_KEY, P_KEY.sign(SIGNED)), (LATTICE, LATTICE.sign(SIGNED))),
    trust=[trust_of(record(P_KEY, PROVIDER_TYPES), LATTICE_RECORD)],
)


def _p256(id_: str, requirement: str, sig: bytes, change: str, why: str) -> Case:
    """The site with another signature of the P-256 key."""
    given = _by((P256, sig))
    return one_away(P256_ACCEPTED, id_, [requirement], change, why, input=given, reason="SIGNATURE")


def _lattice(id_: str, requirement: str, sig: bytes, change: str, why: str) -> Case:
    """The site with another signature of the ML-DSA-65 key."""
    given = _by((LATTICE, sig))
    return one_away(LATTICE_ACCEPTED, id_, [requirement], change, why, input=given, reason="SIGNATURE")


def _key(id_: str, requirement: str, spki: bytes, change: str, why: str, **members: Any) -> Case:
    """The accepted site beside one more key, which the reader must refuse."""
    members = {"alg": "ecdsa-p256"} | members
    trust = provider_trust(lambda body: body["keys"].append(spki_record(spki, PROVIDER_TYPES, **members)))
    return refused(id_, "ALG", [requirement], change, why, trust=[trust])


def _point(lead: int) -> bytes:
    return P256_PREFIX + bytes([lead]) + P256.point[1:]


def _explicit() -> bytes:
    """The key with the parameters of its curve in place of the curve's name (RFC 5480 forbids them)."""
    field = "302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
    a = "0420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc"
    b = "04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"
    base = (
        "0441046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    )
    order = f"022100{N:064x}"
    curve = _der(0x30, bytes.fromhex(a + b))
    parameters = _der(
        0x30,
        bytes.fromhex("020101" + field) + curve + bytes.fromhex(base + order + "020101"),
    )
    algorithm = _der(0x30, bytes.fromhex("06072a8648ce3d0201") + parameters)
    return _der(0x30, algorithm + _der(0x03, b"\0" + P256.point))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    of_size = (size.bit_length() + 7) // 8
    length = bytes([size]) if size < 128 else bytes([0x80 + of_size]) + size.to_bytes(of_size)
    return bytes([tag]) + length + content


def _of_another_curve() -> bytes:
    """A key of secp256k1, which has points of the same size."""
    key = ec.derive_private_key(int.from_bytes(b"provider"), ec.SECP256K1()).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


_COMPRESSED: Final = P256.private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
_COMPRESSED_SPKI: Final = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + _COMPRESSED

CASES: Final[list[Case]] = [
    P256_ACCEPTED,
    replace(
        P256_ACCEPTED,
        id="p256-second-valid-signature-accepted",
        why="(r, n − s) is valid, too; nothing is named by a signature, so that does no harm.",
        input=_by((P256, raw(R, N - S))),
    ),
    _p256(
        "p256-der",
        "ALG-LENGTH-1",
        P256.der(SIGNED),
        "The signature is in DER, as libraries make it.",
        "DER where r‖s is expected is a second spelling of one signature.",
    ),
    _p256(
        "p256-r-zero",
        "ALG-P256-1",
        raw(0, S),
        "r is zero.",
        "A library that does not look at the range verified such signatures over anything (CVE-2022-21449).",
    ),
    _p256(
        "p256-all-zero",
        "ALG-P256-1",
        bytes(64),
        "r and s are zero.",
        "The signature that a careless library verifies over any text (CVE-2022-21449).",
    ),
    _p256(
        "p256-s-of-the-order",
        "ALG-P256-1",
        raw(R, N),
        "s is the order of the group.",
        "The order is zero in the arithmetic of the signature; the range ends before it.",
    ),
    _p256(
        "p256-halves-exchanged",
        "ALG-P256-1",
        raw(S, R),
        "s stands before r.",
        "The order of the halves is part of the form.",
    ),
    _p256(
        "p256-least-significant-first",
        "ALG-P256-1",
        R.to_bytes(32, "little") + S.to_bytes(32, "little"),
        "Each half is written with the least significant byte first, as Ed25519 writes its own.",
        "One key, one algorithm, one order of bytes.",
    ),
    _p256(
        "p256-one-byte-longer",
        "ALG-LENGTH-1",
        P256.sign(SIGNED) + b"\0",
        "A zero byte after the signature.",
        "A signature has one length.",
    ),
    _p256(
        "p256-over-sha-384",
        "VERIFY-SIGNATURE-1",
        raw(*P256.pair(SIGNED, hashes.SHA384())),
        "The text was hashed with SHA-384.",
        "The hash is part of the algorithm, not the signer's choice.",
    ),
    _p256(
        "p256-over-the-hash",
        "VERIFY-SIGNATURE-1",
        P256.sign(sha256(SIGNED).digest()),
        "The text was hashed before it was handed to the algorithm, which hashes it again.",
        "What is signed is handed over whole.",
    ),
    _key(
        "ed25519-labelled-p256",
        "TRUST-ALG-1",
        STRANGER.spki,
        "One more key, of Ed25519, labelled ecdsa-p256.",
        "A label that is believed lets an attacker choose the algorithm.",
    ),
    _key(
        "p256-compressed",
        "ALG-POINT-1",
        _COMPRESSED_SPKI,
        "One more key, its point compressed.",
        "One key in two encodings has two names and counts twice.",
    ),
    _key(
        "p256-hybrid",
        "ALG-POINT-1",
        _point(6 + (P256.point[-1] & 1)),
        "One more key, its point in the hybrid form.",
        "Libraries that read the hybrid form give one key two names.",
    ),
    _key(
        "p256-not-on-its-curve",
        "ALG-POINT-1",
        P256_PREFIX + P256.point[:-1] + bytes([P256.point[-1] ^ 1]),
        "One more key, whose point is not on the curve.",
        "On another curve the group may be small.",
    ),
    _key(
        "p256-coordinates-of-zero",
        "ALG-POINT-1",
        P256_PREFIX + b"\x04" + bytes(64),
        "One more key, whose coordinates are zero: how some write the point at infinity.",
        "The point at infinity is nobody's key.",
    ),
    _key(
        "p256-explicit-parameters",
        "ALG-POINT-1",
        _explicit(),
        "One more key, its curve stated by parameters.",
        "Whoever states the parameters chooses the base point, and with it a private key (CVE-2020-0601).",
    ),
    _key(
        "secp256k1-labelled-p256",
        "TRUST-ALG-1",
        _of_another_curve(),
        "One more key, of secp256k1, labelled ecdsa-p256.",
        "A point has the same size on both curves.",
    ),
    LATTICE_ACCEPTED,
    _lattice(
        "ml-dsa-65-context",
        "ALG-MLDSA-1",
        LATTICE.sign(SIGNED, b"crex"),
        "The signature was made with the context `crex`.",
        "A context is there to keep purposes apart; a reader that takes any keeps none apart.",
    ),
    _lattice(
        "ml-dsa-65-of-a-hash",
        "ALG-MLDSA-1",
        LATTICE.sign_hash(SIGNED),
        "The signature is of HashML-DSA-65 with SHA-512.",
        "It is another algorithm, over something else.",
    ),
    _lattice(
        "ml-dsa-65-one-byte-shorter",
        "ALG-LENGTH-1",
        LATTICE.sign(SIGNED)[:-1],
        "The last byte of the signature is missing.",
        "A signature has one length.",
    ),
    _lattice(
        "ml-dsa-65-flipped-bit",
        "VERIFY-SIGNATURE-1",
        bytes([LATTICE.sign(SIGNED)[0] ^ 1]) + LATTICE.sign(SIGNED)[1:],
        "One bit of the signature is flipped.",
        "A signature is checked, not merely present.",
    ),
    _key(
        "ml-dsa-65-labelled-ed25519",
        "TRUST-ALG-1",
        LATTICE.spki,
        "One more key, of ML-DSA-65, labelled ed25519.",
        "A label that is believed lets an attacker choose the algorithm.",
        alg="ed25519",
    ),
    _key(
        "ml-dsa-65-key-cut",
        "TRUST-ALG-1",
        bytes.fromhex("308207b1300b0609608648016503040312038207a000") + LATTICE.raw_public[:-1],
        "One more key of ML-DSA-65 that lacks its last byte; the lengths around it say so.",
        "The SPKI of an algorithm has one length.",
        alg="ml-dsa-65",
    ),
    HYBRID_ACCEPTED,
    one_away(
        HYBRID_ACCEPTED,
        "hybrid-second-signature-wrong",
        ["VERIFY-SIGNATURE-1"],
        "The signature of ML-DSA-65 is of another text.",
        "A verifier that stops at the first valid signature gives away what the second was for.",
        input=_by((P_KEY, P_KEY.sign(SIGNED)), (LATTICE, LATTICE.sign(SIGNED + b" "))),
        reason="SIGNATURE",
    ),
    Case(
        "unknown-algorithm-beside-accepted",
        ["ALG-SUPPORT-1", "TRUST-ALG-1"],
        "A key of an unknown algorithm breaks nothing until a document is signed with it.",
        _by((P_KEY, P_KEY.sign(SIGNED))),
        trust=[
            trust_of(
                record(P_KEY, PROVIDER_TYPES),
                spki_record(bytes(range(48)), PROVIDER_TYPES, alg="p.example.cn/lattice"),
            )
        ],
    ),
]
