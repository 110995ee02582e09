"""Key pairs of an authority: to sign documents, X25519 to open what is sealed, P-256 for TLS.

A key is named by its `keyid`, the unpadded base64url of SHA-256 over its DER SubjectPublicKeyInfo, so whoever
has the key can recompute its name (TRUST-KEYID-1). A public key comes into being only through
`PublicKey.from_spki`, which refuses another algorithm than the one stated (TRUST-ALG-1) and keys that verify
or agree on anything (VERIFY-WEAK-1). Which algorithms sign is the registry's matter (algorithms/). A
`SigningKey` may lie in this process, in a token or anywhere else; private keys never show in `repr`, in
messages or in errors.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Protocol, runtime_checkable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from crex.errors import TrustError
from crex.trust import algorithms, steps
from crex.trust.algorithms import ED25519, Family, PrivateHalf, UnusableKeyError, WeakKeyError
from crex.trust.algorithms.der import encode_public, load_public, mislabelled
from crex.trust.algorithms.private import MemoryHalf

X25519: Final = "x25519"
# Algorithm tokens of this edition whose keys sign documents. What is let in on trial signs too, so ask
# `PublicKey.signs` of a key; an unknown token breaks nothing.
SIGNING_ALGORITHMS: Final = frozenset(algorithms.BUILT_IN)
KNOWN_ALGORITHMS: Final = SIGNING_ALGORITHMS | {X25519}


def key_id(spki: bytes) -> str:
    """Returns the name of a key: unpadded base64url of SHA-256 over its DER SPKI (TRUST-KEYID-1)."""
    return urlsafe_b64encode(sha256(spki).digest()).rstrip(b"=").decode("ascii")


def is_usable(alg: str) -> bool:
    """Tells whether keys of an algorithm token can be used here, to verify or to seal."""
    return alg == X25519 or algorithms.find(alg) is not None


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that was checked when it was registered.

    Attributes:
        keyid: Its name.
        alg: Its algorithm token.
        spki: Its DER SubjectPublicKeyInfo.
        raw: Its value without any wrapping; thresholds count distinct values of this.
        family: Family of its algorithm; nothing if it does not sign.
    """

    keyid: str
    alg: str
    spki: bytes = field(repr=False)
    raw: bytes = field(repr=False)
    family: Family | None = None
    _verify: Callable[[bytes, bytes], bool] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_spki(cls, spki: bytes, alg: str) -> PublicKey:
        """Loads and checks a key.

        Args:
            spki: DER SubjectPublicKeyInfo, in the one encoding that DER allows.
            alg: Token of the algorithm that the key is said to be of.

        Raises:
            TrustError: ALG if the key is of another algorithm, of one that is not usable here, or not exactly
                encoded; KEY_WEAK if others can forge under it.
        """
        keyid = key_id(spki)
        try:
            if alg == X25519:
                public = load_public(spki, X25519)
                if not isinstance(public, X25519PublicKey):
                    raise mislabelled(public, X25519)
                raw = public.public_bytes_raw()
                check_access_key(raw, keyid)
                return cls(keyid, alg, spki, raw)
            algorithm = algorithms.find(alg)
            if algorithm is None:
                raise steps.refusal(
                    steps.ALG,
                    "ALG",
                    f"Key {keyid} cannot be used: {algorithms.why_not(alg)}",
                    keyid=keyid,
                )
            key = algorithm.load(spki)
        except UnusableKeyError as error:
            raise _alg(keyid, str(error)) from error
        except WeakKeyError as error:
            raise _weak(keyid, str(error)) from error
        return cls(keyid, alg, spki, key.raw, algorithm.family, key.verify)

    @property
    def signs(self) -> bool:
        """Whether its algorithm signs documents."""
        return self._verify is not None

    def verify(self, signature: bytes, signed: bytes) -> bool:
        """Tells whether `signature` is this key's over `signed`; false if it cannot sign."""
        return self._verify is not None and self._verify(signature, signed)


@runtime_checkable
class SigningKey(Protocol):
    """A key pair that signs documents, wherever its private half lies."""

    @property
    def keyid(self) -> str:
        """Name of the key."""
        ...

    @property
    def public_key(self) -> PublicKey:
        """Its public half."""
        ...

    def sign(self, signed: bytes) -> bytes:
        """Returns the signature over `signed`, in the one form of the key's algorithm.

        Raises:
            CrexError: IDENTITY if the private half cannot be reached.
        """
        ...


class LocalSigningKey:
    """A key pair that signs documents, with its private half in this process."""

    __slots__ = ("_half", "public_key")

    def __init__(self, half: PrivateHalf, alg: str) -> None:
        self._half = half
        self.public_key = PublicKey.from_spki(half.spki, alg)

    @classmethod
    def generate(cls, alg: str = ED25519) -> LocalSigningKey:
        """Returns a new key pair from the operating system's randomness.

        Args:
            alg: Token of its algorithm.

        Raises:
            TrustError: ALG if the algorithm is not usable here.
        """
        algorithm = algorithms.find(alg)
        if algorithm is None:
            raise steps.refusal(steps.ALG, "ALG", f"No key was made: {algorithms.why_not(alg)}")
        return cls(algorithm.generate(), alg)

    @classmethod
    def from_seed(cls, seed: bytes) -> LocalSigningKey:
        """Returns the Ed25519 key pair of a 32-byte seed (RFC 8032, 5.1.5); for tests and key ceremonies."""
        private = Ed25519PrivateKey.from_private_bytes(seed)
        return cls(MemoryHalf(private, private.sign), ED25519)

    @property
    def keyid(self) -> str:
        """Name of the key."""
        return self.public_key.keyid

    def sign(self, signed: bytes) -> bytes:
        """Returns the signature over `signed`."""
        return self._half.sign(signed)

    def pem(self, secret: bytes | None = None) -> bytes:
        """Returns the private key as PKCS#8 PEM, for a key file; encrypted where a passphrase is given."""
        return self._half.pem(secret)

    def __repr__(self) -> str:
        return f"LocalSigningKey(alg={self.public_key.alg!r}, keyid={self.keyid!r})"


class AccessKey:
    """An X25519 key pair to whose public half access credentials are sealed."""

    __slots__ = ("_private", "public_key")

    def __init__(self, private: X25519PrivateKey) -> None:
        self._private = private
        self.public_key = PublicKey.from_spki(encode_public(private.public_key()), X25519)

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
