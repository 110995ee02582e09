"""ECDSA on P-256 with SHA-256 (FIPS 186-5): the signature is r‖s, 64 bytes, most significant first.

DER, in which `cryptography` signs and verifies, is refused where r‖s belongs (ALG-P256-1): a reader that took
both would have two spellings of one signature. That there is a second signature, (r, n-s), for every first is
no harm, for nothing is ever identified by a signature (ENV-DIGEST-1).
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from crex.trust.algorithms import BUILT_IN, ECDSA_P256, Family, LoadedKey, UnusableKeyError
from crex.trust.algorithms.der import load_public, mislabelled
from crex.trust.algorithms.private import MemoryHalf

_HALF: Final = 32
_ECDSA: Final = ECDSA(SHA256())


def to_raw(der: bytes) -> bytes:
    """Returns r‖s of an ECDSA signature in DER."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


class EcdsaP256:
    """The algorithm `ecdsa-p256` (ALG-POINT-1, ALG-P256-1)."""

    token: Final = ECDSA_P256
    family: Final = Family.CLASSICAL
    signature_bytes: Final = 2 * _HALF
    about: Final = BUILT_IN[ECDSA_P256][1]

    def lacks(self) -> str:
        """Says what is missing here: nothing ever is."""
        return ""

    def load(self, spki: bytes) -> LoadedKey:
        """Loads a key: an uncompressed point of P-256 in DER (ALG-POINT-1).

        OpenSSL refuses what is not on the curve, and the point at infinity has no such encoding. The group
        has prime order, so there are no points of small order.

        Raises:
            UnusableKeyError: It is no P-256 key, or not exactly encoded.
        """
        public = load_public(spki, ECDSA_P256)
        if not isinstance(public, EllipticCurvePublicKey):
            raise mislabelled(public, ECDSA_P256)
        if not isinstance(public.curve, SECP256R1):
            raise UnusableKeyError(f"it is labelled {ECDSA_P256} but lies on the curve {public.curve.name}")
        check = public.verify

        def verify(signature: bytes, signed: bytes) -> bool:
            if len(signature) != 2 * _HALF:
                return False
            r, s = int.from_bytes(signature[:_HALF], "big"), int.from_bytes(signature[_HALF:], "big")
            try:
                check(encode_dss_signature(r, s), signed, _ECDSA)
            except InvalidSignature:
                return False
            return True

        return LoadedKey(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint), verify)

    def generate(self) -> MemoryHalf:
        """Returns a new private key from the operating system's randomness."""
        return self.of(generate_private_key(SECP256R1()))

    def read_private(self, pem: bytes, secret: bytes | None) -> MemoryHalf | None:
        """Reads a PKCS#8 PEM; nothing if the key is of another algorithm or curve."""
        private = load_pem_private_key(pem, secret)
        if isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1):
            return self.of(private)
        return None

    def of(self, private: EllipticCurvePrivateKey) -> MemoryHalf:
        """Returns the private half of a key of `cryptography`.

        OpenSSL draws each nonce from randomness, the private key and the message together.
        """
        return MemoryHalf(private, lambda signed: to_raw(private.sign(signed, _ECDSA)))


SIGNING_ALGORITHM: Final = EcdsaP256()
