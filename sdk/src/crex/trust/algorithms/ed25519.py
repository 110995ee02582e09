"""Ed25519 (RFC 8032): a key is a point of the prime-order group, a signature R‖S, 64 bytes, with S < L."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from nacl.bindings import crypto_core_ed25519_is_valid_point

from crex.trust.algorithms import BUILT_IN, ED25519, Family, LoadedKey, WeakKeyError
from crex.trust.algorithms.der import load_public, mislabelled
from crex.trust.algorithms.private import MemoryHalf


class Ed25519:
    """The algorithm `ed25519` (ALG-ED25519-1)."""

    token: Final = ED25519
    family: Final = Family.CLASSICAL
    signature_bytes: Final = 64
    about: Final = BUILT_IN[ED25519][1]

    def lacks(self) -> str:
        """Says what is missing here: nothing ever is."""
        return ""

    def load(self, spki: bytes) -> LoadedKey:
        """Loads a key and checks its point (VERIFY-WEAK-1): OpenSSL accepts the identity, which verifies all.

        Raises:
            UnusableKeyError: It is no Ed25519 key, or not exactly encoded.
            WeakKeyError: It is no canonically encoded point of the prime-order group.
        """
        public = load_public(spki, ED25519)
        if not isinstance(public, Ed25519PublicKey):
            raise mislabelled(public, ED25519)
        raw = public.public_bytes_raw()
        if not crypto_core_ed25519_is_valid_point(raw):
            raise WeakKeyError("is no point of the prime-order group; such a key verifies forged signatures")
        check = public.verify

        def verify(signature: bytes, signed: bytes) -> bool:
            try:
                check(signature, signed)
            except InvalidSignature:
                return False
            return True

        return LoadedKey(raw, verify)

    def generate(self) -> MemoryHalf:
        """Returns a new private key from the operating system's randomness."""
        return self.of(Ed25519PrivateKey.generate())

    def read_private(self, pem: bytes, secret: bytes | None) -> MemoryHalf | None:
        """Reads a PKCS#8 PEM; nothing if the key is of another algorithm."""
        private = load_pem_private_key(pem, secret)
        return self.of(private) if isinstance(private, Ed25519PrivateKey) else None

    def of(self, private: Ed25519PrivateKey) -> MemoryHalf:
        """Returns the private half of a key of `cryptography`."""
        return MemoryHalf(private, private.sign)


SIGNING_ALGORITHM: Final = Ed25519()
