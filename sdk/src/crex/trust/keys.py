"""Key pairs of an authority: Ed25519 to sign documents, X25519 to open what is sealed, P-256 for TLS.

A key is named by its `keyid`, the unpadded base64url of SHA-256 over its DER SubjectPublicKeyInfo, so whoever
has the key can recompute its name (TRUST-KEYID-1). A public key comes into being only through
`PublicKey.from_spki`, which refuses another algorithm than the one stated (TRUST-ALG-1) and keys that verify
or agree on anything (VERIFY-WEAK-1): OpenSSL accepts the identity point as an Ed25519 key, under which any
message verifies. Private keys never show in `repr`, in messages or in errors.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from nacl.bindings import crypto_core_ed25519_is_valid_point

from crex.errors import TrustError
from crex.trust import steps

ED25519: Final = "ed25519"
X25519: Final = "x25519"
# Algorithm tokens whose keys sign documents; the registry may grow, and an unknown token breaks nothing.
SIGNING_ALGORITHMS: Final = frozenset({ED25519})
KNOWN_ALGORITHMS: Final = frozenset({ED25519, X25519})


def key_id(spki: bytes) -> str:
    """Returns the name of a key: unpadded base64url of SHA-256 over its DER SPKI (TRUST-KEYID-1)."""
    return urlsafe_b64encode(sha256(spki).digest()).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that was checked when it was registered.

    Attributes:
        keyid: Its name.
        alg: Its algorithm token.
        spki: Its DER SubjectPublicKeyInfo.
        raw: Its 32 raw bytes; thresholds count distinct values of this.
    """

    keyid: str
    alg: str
    spki: bytes = field(repr=False)
    raw: bytes = field(repr=False)
    _ed25519: Ed25519PublicKey | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_spki(cls, spki: bytes, alg: str) -> PublicKey:
        """Loads and checks a key.

        Args:
            spki: DER SubjectPublicKeyInfo, in the one encoding that DER allows.
            alg: Token of the algorithm that the key is said to be of.

        Raises:
            TrustError: ALG if the key is of another algorithm or not exactly encoded; KEY_WEAK if it is a
                point of small order, not on the curve, or not canonically encoded.
        """
        keyid = key_id(spki)
        try:
            loaded = serialization.load_der_public_key(spki)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise _alg(
                keyid, f"its `spki` is not a public key in DER that this reader knows ({alg})"
            ) from error
        if alg == ED25519 and isinstance(loaded, Ed25519PublicKey):
            raw = loaded.public_bytes_raw()
            _check_canonical(keyid, spki, loaded)
            if not crypto_core_ed25519_is_valid_point(raw):
                raise _weak(
                    keyid, "is no point of the prime-order group; such a key verifies forged signatures"
                )
            return cls(keyid, alg, spki, raw, loaded)
        if alg == X25519 and isinstance(loaded, X25519PublicKey):
            raw = loaded.public_bytes_raw()
            _check_canonical(keyid, spki, loaded)
            check_access_key(raw, keyid)
            return cls(keyid, alg, spki, raw)
        raise _alg(keyid, f"it is labelled {alg} but holds {type(loaded).__name__.removesuffix('PublicKey')}")

    def verify(self, signature: bytes, signed: bytes) -> bool:
        """Tells whether `signature`, 64 bytes, is this key's over `signed`; false if it cannot sign."""
        if self._ed25519 is None:
            return False
        try:
            self._ed25519.verify(signature, signed)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """An Ed25519 key pair that signs documents."""

    __slots__ = ("_private", "public_key")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_key = PublicKey.from_spki(_spki(private.public_key()), ED25519)

    @classmethod
    def generate(cls) -> SigningKey:
        """Returns a new key pair from the operating system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """Returns the key pair of a 32-byte seed (RFC 8032, 5.1.5); for tests and key ceremonies."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def keyid(self) -> str:
        """Name of the key."""
        return self.public_key.keyid

    @property
    def private(self) -> Ed25519PrivateKey:
        """The private key, for writing it to a key file."""
        return self._private

    def sign(self, signed: bytes) -> bytes:
        """Returns the 64-byte signature over `signed`."""
        return self._private.sign(signed)

    def __repr__(self) -> str:
        return f"SigningKey(keyid={self.keyid!r})"


class AccessKey:
    """An X25519 key pair to whose public half access credentials are sealed."""

    __slots__ = ("_private", "public_key")

    def __init__(self, private: X25519PrivateKey) -> None:
        self._private = private
        self.public_key = PublicKey.from_spki(_spki(private.public_key()), X25519)

    @classmethod
    def generate(cls) -> AccessKey:
        """Returns a new key pair from the operating system's randomness."""
        return cls(X25519PrivateKey.generate())

    @property
    def keyid(self) -> str:
        """Name of the key."""
        return self.public_key.keyid

    @property
    def raw(self) -> bytes:
        """The 32 raw public bytes, as an order's `access_key` carries them."""
        return self.public_key.raw

    @property
    def private(self) -> X25519PrivateKey:
        """The private key, for opening what was sealed to it and for writing it to a key file."""
        return self._private

    def __repr__(self) -> str:
        return f"AccessKey(keyid={self.keyid!r})"


def check_access_key(raw: bytes, keyid: str = "") -> X25519PublicKey:
    """Returns the X25519 public key of 32 raw bytes.

    Raises:
        TrustError: ALG if there are not 32 bytes; KEY_WEAK if every agreement with the key yields zero.
    """
    try:
        public = X25519PublicKey.from_public_bytes(raw)
    except ValueError as error:
        raise _alg(keyid, f"an X25519 public key has 32 bytes, this has {len(raw)}") from error
    try:
        X25519PrivateKey.generate().exchange(public)
    except ValueError as error:
        raise _weak(keyid, "is of small order; what is sealed to it can be read by anyone") from error
    return public


def _spki(public: Ed25519PublicKey | X25519PublicKey) -> bytes:
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _check_canonical(keyid: str, spki: bytes, loaded: Ed25519PublicKey | X25519PublicKey) -> None:
    # One key, one encoding, one name: or a threshold of two could be met by one key under two names.
    if _spki(loaded) != spki:
        raise _alg(keyid, "its `spki` is not in the one encoding that DER allows")


def _alg(keyid: str, what: str) -> TrustError:
    named = f"Key {keyid}" if keyid else "The key"
    return steps.refusal(
        steps.ALG,
        "ALG",
        f"{named} cannot be used: {what}. Publish it again as its algorithm's own SubjectPublicKeyInfo.",
        keyid=keyid,
    )


def _weak(keyid: str, what: str) -> TrustError:
    named = f"Key {keyid}" if keyid else "The key"
    return steps.refusal(
        steps.KEY_WEAK,
        "KEY_WEAK",
        f"{named} {what}. Replace it by a key that was generated, not chosen.",
        keyid=keyid,
    )
