"""Sealing: what only the holder of one X25519 key can read (HPKE base mode, RFC 9180).

Suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, no additional data (SEAL-SUITE-1). Base mode does
not say who sealed: the `AccessGrant` that carries the sealed bytes is signed by the provider, and that says
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from crex.errors import TrustError
from crex.trust.keys import AccessKey, check_access_key

# Bytes of the encapsulated key of X25519.
ENC_BYTES: Final = 32
# Bytes that sealing adds to the text: the tag of AES-256-GCM.
TAG_BYTES: Final = 16

_EPOCH_BYTES = 8
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class Sealed(NamedTuple):
    """What sealing yields: the encapsulated key (32 bytes) and the ciphertext (text plus 16 bytes)."""

    enc: bytes
    ciphertext: bytes


def access_info(lease: str, access_epoch: int) -> bytes:
    """Returns the `info` that binds a sealed credential to one lease and epoch (SEAL-INFO-1).

    Args:
        lease: Name of the lease; ASCII, as every crex name.
        access_epoch: Epoch of the access, from 1.

    Returns:
        The name's ASCII bytes, then the epoch as eight bytes, big end first.
    """
    return lease.encode("ascii") + access_epoch.to_bytes(_EPOCH_BYTES, "big")


def seal(public: bytes, info: bytes, plaintext: bytes) -> Sealed:
    """Seals `plaintext` to the holder of an X25519 key.

    Args:
        public: 32 raw public bytes, an order's `access_key`.
        info: What the seal is bound to; see `access_info`.
        plaintext: What is sealed.

    Raises:
        TrustError: ALG or KEY_WEAK if the key is not one to which anything can be sealed.
    """
    # The library returns enc and ciphertext as one string, enc first.
    both = _SUITE.encrypt(plaintext, check_access_key(public), info=info)
    return Sealed(both[:ENC_BYTES], both[ENC_BYTES:])


def open_sealed(key: AccessKey, info: bytes, enc: bytes, ciphertext: bytes) -> bytes:
    """Opens what was sealed to `key` under the same `info`.

    Raises:
        TrustError: SEAL if it was sealed to another key, under another lease or epoch, or was altered.
    """
    try:
        if len(enc) != ENC_BYTES:
            raise InvalidTag  # or bytes of the ciphertext could be read as part of the key
        return _SUITE.decrypt(enc + ciphertext, key.private, info=info)
    except InvalidTag as error:
        raise TrustError(
            "SEAL",
            f"The sealed credential does not open with access key {key.keyid}: it was sealed to another key, "
            "for another lease or access epoch, or altered on the way. Ask the provider to rotate the "
            "access.",
        ) from error


def open_sealed_to_any(keys: Sequence[AccessKey], info: bytes, enc: bytes, ciphertext: bytes) -> bytes:
    """Opens what was sealed to one of some keys: access keys are rotated, and an order keeps the old one.

    Args:
        keys: The keys, at least one; the likeliest first.
        info: As of `open_sealed`.
        enc: As of `open_sealed`.
        ciphertext: As of `open_sealed`.

    Raises:
        TrustError: SEAL if it opens with none of them.
    """
    for key in keys[:-1]:
        with suppress(TrustError):
            return open_sealed(key, info, enc, ciphertext)
    return open_sealed(keys[-1], info, enc, ciphertext)
