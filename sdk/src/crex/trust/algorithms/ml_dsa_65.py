"""ML-DSA-65 (FIPS 204): pure, with an empty context; keys of 1,952 bytes, signatures of 3,309.

`cryptography` has it where the OpenSSL that it was built with has it. Elsewhere the algorithm counts as not
supported here, and a document that only such a key signed is refused with ALG.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from crex.trust.algorithms import BUILT_IN, ML_DSA_65, Family, LoadedKey
from crex.trust.algorithms.der import load_public, mislabelled
from crex.trust.algorithms.private import MemoryHalf

SIGNATURE_BYTES: Final = 3309


class MlDsa65:
    """The algorithm `ml-dsa-65` (ALG-MLDSA-1)."""

    token: Final = ML_DSA_65
    family: Final = Family.POST_QUANTUM
    signature_bytes: Final = SIGNATURE_BYTES
    about: Final = BUILT_IN[ML_DSA_65][1]

    def lacks(self) -> str:
        """Says what is missing here: an OpenSSL that has the algorithm."""
        try:
            MLDSA65PrivateKey.from_seed_bytes(bytes(32))
        except UnsupportedAlgorithm:
            return (
                f"{ML_DSA_65} is not supported here: `cryptography` was built with an OpenSSL that lacks it. "
                "Install a wheel of cryptography, or ask for another signature."
            )
        return ""

    def load(self, spki: bytes) -> LoadedKey:
        """Loads a key; FIPS 204 knows no weak ones among those of the right length.

        Raises:
            UnusableKeyError: It is no ML-DSA-65 key, or not exactly encoded.
        """
        public = load_public(spki, ML_DSA_65)
        if not isinstance(public, MLDSA65PublicKey):
            raise mislabelled(public, ML_DSA_65)
        check = public.verify

        def verify(signature: bytes, signed: bytes) -> bool:
            if len(signature) != SIGNATURE_BYTES:
                return False
            try:
                check(signature, signed)
            except InvalidSignature:
                return False
            return True

        return LoadedKey(public.public_bytes_raw(), verify)

    def generate(self) -> MemoryHalf:
        """Returns a new private key from the operating system's randomness."""
        return self.of(MLDSA65PrivateKey.generate())

    def read_private(self, pem: bytes, secret: bytes | None) -> MemoryHalf | None:
        """Reads a PKCS#8 PEM; nothing if the key is of another algorithm."""
        private = load_pem_private_key(pem, secret)
        return self.of(private) if isinstance(private, MLDSA65PrivateKey) else None

    def of(self, private: MLDSA65PrivateKey) -> MemoryHalf:
        """Returns the private half of a key of `cryptography`."""
        return MemoryHalf(private, private.sign)


SIGNING_ALGORITHM: Final = MlDsa65()
