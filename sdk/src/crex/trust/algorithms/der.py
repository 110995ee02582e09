"""Loading a public key from its DER SubjectPublicKeyInfo: of the stated algorithm, in its one encoding."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from crex.trust.algorithms import UnusableKeyError


def encode_public(public: PublicKeyTypes) -> bytes:
    """Returns the DER SubjectPublicKeyInfo of a public key."""
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def load_public(spki: bytes, token: str) -> PublicKeyTypes:
    """Returns the public key of a DER SubjectPublicKeyInfo, of whatever algorithm (TRUST-ALG-1).

    Args:
        spki: The encoding.
        token: The algorithm that the key is said to be of, for messages.

    Raises:
        UnusableKeyError: It is no public key, or not in the one encoding that DER allows.
    """
    try:
        loaded = load_der_public_key(spki)
        canonical = encode_public(loaded) == spki
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKeyError(
            f"its `spki` is not a public key in DER that this reader knows ({token})"
        ) from error
    # One key, one encoding, one name: or a threshold of two could be met by one key under two names.
    if not canonical:
        raise UnusableKeyError("its `spki` is not in the one encoding that DER allows")
    return loaded


def mislabelled(public: object, token: str) -> UnusableKeyError:
    """Returns the refusal of a key that is of another algorithm than it is said to be."""
    return UnusableKeyError(
        f"it is labelled {token} but holds {type(public).__name__.removesuffix('PublicKey')}"
    )
