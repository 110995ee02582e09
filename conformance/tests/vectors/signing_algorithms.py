"""Signing keys of P-256 and ML-DSA-65 for vectors, made from primitives alone.

P-256 signs by RFC 6979, so the same signature comes out each time. ML-DSA-65 draws random numbers, so what it
once signed is kept in `stored_signatures.json` under the name of what it is. What is not there is signed anew
by `python -m conformance.tests.vectors.trust_vectors`, which keeps it.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256, sha512, shake_256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from conformance.tests.vectors.signing import b64, keyid_of

STORE: Final = Path(__file__).parent / "stored_signatures.json"
# DER of the SubjectPublicKeyInfos up to the key (algorithms.md, Keys).
P256_PREFIX: Final = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
MLDSA65_PREFIX: Final = bytes.fromhex("308207b2300b0609608648016503040312038207a100")
# Order of P-256 (FIPS 186-5, SP 800-186 3.2.1.3).
N: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# DER of the object identifier of SHA-512, which HashML-DSA signs along with the digest (FIPS 204, 5.4.1).
_SHA512_OID: Final = bytes.fromhex("0609608648016503040203")


@dataclass(frozen=True)
class P256Key:
    """A P-256 key pair from a seed."""

    private: ec.EllipticCurvePrivateKey

    @classmethod
    def of(cls, name: str) -> P256Key:
        """The key of a name: its secret is the name's SHA-256, reduced to the range."""
        secret = int.from_bytes(sha256(name.encode()).digest()) % (N - 1) + 1
        return cls(ec.derive_private_key(secret, ec.SECP256R1()))

    @property
    def point(self) -> bytes:
        """The uncompressed point: 04, x, y."""
        public = self.private.public_key()
        return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return P256_PREFIX + self.point

    @property
    def keyid(self) -> str:
        """Name of the key."""
        return keyid_of(self.spki)

    def der(self, signed: bytes, digest: hashes.HashAlgorithm | None = None) -> bytes:
        """The signature as libraries make it."""
        algorithm = ec.ECDSA(digest or hashes.SHA256(), deterministic_signing=True)
        return self.private.sign(signed, algorithm)

    def pair(self, signed: bytes, digest: hashes.HashAlgorithm | None = None) -> tuple[int, int]:
        """The two numbers r and s."""
        return decode_dss_signature(self.der(signed, digest))

    def sign(self, signed: bytes) -> bytes:
        """The 64-byte signature."""
        return raw(*self.pair(signed))


def raw(r: int, s: int) -> bytes:
    """R and s in 32 bytes each."""
    return r.to_bytes(32) + s.to_bytes(32)


@dataclass(frozen=True)
class MlDsaKey:
    """An ML-DSA-65 key pair from a seed."""

    private: MLDSA65PrivateKey

    @classmethod
    def of(cls, name: str) -> MlDsaKey:
        """The key of a name: its seed is the name's SHA-256."""
        return cls(MLDSA65PrivateKey.from_seed_bytes(sha256(name.encode()).digest()))

    @property
    def raw_public(self) -> bytes:
        """The 1,952 bytes of the public key."""
        return self.private.public_key().public_bytes_raw()

    @property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return MLDSA65_PREFIX + self.raw_public

    @property
    def keyid(self) -> str:
        """Name of the key."""
        return keyid_of(self.spki)

    def sign(self, signed: bytes, context: bytes = b"") -> bytes:
        """The signature of 3,309 bytes."""
        name = f"ml-dsa-65 {self.keyid} {context.hex()} {sha256(signed).hexdigest()}"
        return stored(name, lambda: self.private.sign(signed, context))

    def sign_hash(self, signed: bytes) -> bytes:
        """The signature of HashML-DSA-65 with SHA-512, another algorithm (FIPS 204, algorithm 4)."""
        message = b"\1\0" + _SHA512_OID + sha512(signed).digest()
        mu = shake_256(shake_256(self.raw_public).digest(64) + message).digest(64)
        name = f"hash-ml-dsa-65 {self.keyid} {sha256(signed).hexdigest()}"
        return stored(name, lambda: self.private.sign_mu(mu))


@cache
def _kept() -> dict[str, str]:
    kept: dict[str, str] = json.loads(STORE.read_bytes()) if STORE.exists() else {}
    return kept


def stored(name: str, make: Callable[[], bytes]) -> bytes:
    """Gives what is kept under a name, or makes it."""
    if name not in _kept():
        _kept()[name] = b64(make())
    return b64decode(_kept()[name])


def keep() -> None:
    """Writes what was made, so that it comes out again."""
    STORE.write_text(json.dumps(dict(sorted(_kept().items())), indent=1) + "\n", "utf-8")
