"""Private halves that `cryptography` holds: signing, and their PKCS#8 PEM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from crex.trust.algorithms.der import encode_public

PrivateKey = Ed25519PrivateKey | X25519PrivateKey | EllipticCurvePrivateKey | MLDSA65PrivateKey


def key_pem(key: PrivateKey, secret: bytes | None = None) -> bytes:
    """Returns a private key as PKCS#8 PEM; encrypted where a passphrase is given, and only then."""
    encryption = BestAvailableEncryption(secret) if secret else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@dataclass(frozen=True, slots=True, repr=False)
class MemoryHalf:
    """A private key of `cryptography`, and how its algorithm signs with it."""

    private: PrivateKey
    _sign: Callable[[bytes], bytes] = field(compare=False)

    @property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo of the public half."""
        return encode_public(self.private.public_key())

    def sign(self, signed: bytes) -> bytes:
        """Returns the signature over `signed`."""
        return self._sign(signed)

    def pem(self, secret: bytes | None) -> bytes:
        """Returns the key as PKCS#8 PEM, encrypted where there is a passphrase."""
        return key_pem(self.private, secret)

    def __repr__(self) -> str:
        return f"MemoryHalf({type(self.private).__name__})"
