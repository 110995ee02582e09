"""SM2 with SM3 (GB/T 32918.2, ISO/IEC 14888-3): in trial status, over Tongsuo (the extra `sm2`).

The signature is r‖s, 64 bytes; the signer's identifier is the standard's default, 1234567812345678, which is
what Tongsuo uses where none is set. Tongsuo is an OpenSSL with the Chinese algorithms; the wheel that carries
it is of 2022, so as little as possible reaches it: the key's encoding is compared here, byte for byte, and
only a point goes on; r and s are wrapped into DER by `cryptography`. No arithmetic of the curve is done here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from crex.trust.algorithms import Family, LoadedKey, UnusableKeyError
from crex.trust.algorithms.ecdsa_p256 import to_raw

SM2_SM3: Final = "sm2-sm3"

# SubjectPublicKeyInfo up to the point: id-ecPublicKey on the curve 1.2.156.10197.1.301, a bit string, 0x04.
_PREFIX: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
_HALF: Final = 32
_POINT: Final = 1 + 2 * _HALF


class _Tongsuo(NamedTuple):
    """What is used of the library."""

    ec: Any
    serialization: Any
    invalid: tuple[type[Exception], ...]
    unsupported: type[Exception]
    sm2_with_sm3: Any


@cache
def _tongsuo() -> _Tongsuo:
    ec = import_module("tongsuopy.crypto.asymciphers.ec")
    exceptions = import_module("tongsuopy.crypto.exceptions")
    hashes = import_module("tongsuopy.crypto.hashes")
    return _Tongsuo(
        ec,
        import_module("tongsuopy.crypto.serialization"),
        (exceptions.InvalidSignature, exceptions.InternalError),
        exceptions.UnsupportedAlgorithm,
        ec.ECDSA(hashes.SM3()),  # with a key on this curve, its name for SM2 with SM3
    )


@dataclass(frozen=True, slots=True, repr=False)
class Sm2Half:
    """A private key that Tongsuo holds."""

    _private: Any = field(repr=False)

    @property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo of the public half."""
        formats = _tongsuo().serialization
        point: bytes = self._private.public_key().public_bytes(
            formats.Encoding.X962, formats.PublicFormat.UncompressedPoint
        )
        return _PREFIX + point[1:]

    def sign(self, signed: bytes) -> bytes:
        """Returns the signature over `signed`; Tongsuo draws each nonce from OpenSSL's private generator."""
        return to_raw(self._private.sign(signed, _tongsuo().sm2_with_sm3))

    def pem(self, secret: bytes | None) -> bytes:
        """Returns the key as PKCS#8 PEM, encrypted where there is a passphrase."""
        formats = _tongsuo().serialization
        encryption = formats.BestAvailableEncryption(secret) if secret else formats.NoEncryption()
        pem: bytes = self._private.private_bytes(
            formats.Encoding.PEM, formats.PrivateFormat.PKCS8, encryption
        )
        return pem

    def __repr__(self) -> str:
        return "Sm2Half(…)"


class Sm2Sm3:
    """The algorithm `sm2-sm3` (ALG-SM2-1, ALG-P256-1)."""

    token: Final = SM2_SM3
    family: Final = Family.CLASSICAL
    signature_bytes: Final = 2 * _HALF
    about: Final = "SM2 with SM3, GB/T 32918.2; in trial status"

    def lacks(self) -> str:
        """Says what is missing here: the library."""
        try:
            _tongsuo()
        except ImportError:
            return (
                f"{SM2_SM3} needs a library that is not installed. Run: pip install 'crex-protocol[sm2]' "
                "(there is one for x86-64 only)."
            )
        return ""

    def load(self, spki: bytes) -> LoadedKey:
        """Loads a key: an uncompressed point of the curve, in DER (ALG-POINT-1).

        Raises:
            UnusableKeyError: It is no SM2 key, or not exactly encoded.
        """
        if not spki.startswith(_PREFIX) or len(spki) != len(_PREFIX) + 2 * _HALF:
            raise UnusableKeyError(
                f"it is labelled {SM2_SM3} but is not an uncompressed point of that curve in DER"
            )
        point = spki[-_POINT:]
        try:
            public = _tongsuo().ec.EllipticCurvePublicKey.from_encoded_point(_tongsuo().ec.SM2(), point)
        except (ValueError, _tongsuo().unsupported) as error:
            raise UnusableKeyError("its point is not on the curve of SM2") from error
        return LoadedKey(point, _verifier(public.verify))

    def generate(self) -> Sm2Half:
        """Returns a new private key from the generator of Tongsuo, seeded by the operating system."""
        return Sm2Half(_tongsuo().ec.generate_private_key(_tongsuo().ec.SM2()))

    def read_private(self, pem: bytes, secret: bytes | None) -> Sm2Half | None:
        """Reads a PKCS#8 PEM; nothing if the key is of another algorithm.

        Raises:
            ValueError: It is no private key of a kind that Tongsuo knows, or does not open.
            TypeError: It is encrypted and there is no passphrase, or the other way round.
        """
        try:
            private = _tongsuo().serialization.load_pem_private_key(pem, secret)
        except _tongsuo().unsupported as error:
            raise ValueError("Tongsuo does not know this kind of key") from error
        curve = getattr(private, "curve", None)
        return Sm2Half(private) if isinstance(curve, _tongsuo().ec.SM2) else None


def _verifier(check: Callable[[bytes, bytes, Any], None]) -> Callable[[bytes, bytes], bool]:
    invalid, sm2_with_sm3 = _tongsuo().invalid, _tongsuo().sm2_with_sm3

    def verify(signature: bytes, signed: bytes) -> bool:
        if len(signature) != 2 * _HALF:
            return False
        r, s = int.from_bytes(signature[:_HALF], "big"), int.from_bytes(signature[_HALF:], "big")
        if not r or not s:
            return False
        try:
            check(encode_dss_signature(r, s), signed, sm2_with_sm3)
        except invalid:
            return False
        return True

    return verify


SIGNING_ALGORITHM: Final = Sm2Sm3()
