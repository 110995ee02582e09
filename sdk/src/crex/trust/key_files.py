"""Private keys on disk: PKCS#8 PEM, mode 0600, encrypted where there is a passphrase.

The passphrase comes from the caller, else from `CREX_PASSPHRASE`, else from a question to the person at the
terminal. It is never stored, logged or put into a message.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from crex.errors import CrexError
from crex.trust import algorithms, files
from crex.trust.algorithms.private import PrivateKey, key_pem
from crex.trust.keys import AccessKey, LocalSigningKey, SigningKey

__all__ = [
    "NO_PASSPHRASE",
    "PASSPHRASE_VARIABLE",
    "Passphrase",
    "key_pem",
    "parse_tls_key",
    "read_access_key",
    "read_note_key",
    "read_signing_key",
    "read_tls_key",
    "write_key",
]

PASSPHRASE_VARIABLE: Final = "CREX_PASSPHRASE"  # noqa: S105 - the name of a variable, not a secret

_ENCRYPTED: Final = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


class Passphrase:
    """Where the passphrase of key files comes from; a person is asked at most once."""

    __slots__ = ("_ask", "_value")

    def __init__(self, value: bytes | None = None, *, ask: Callable[[Path], bytes] | None = None) -> None:
        """Says where it comes from.

        Args:
            value: The passphrase itself, if the caller has it; unset: `CREX_PASSPHRASE`, if set.
            ask: Asks the person, given the first encrypted file; unset: nobody can be asked.
        """
        self._value = value or None
        self._ask = ask

    def given(self) -> bytes | None:
        """Returns the passphrase that is known without asking; nothing if there is none."""
        return self._value or os.environ.get(PASSPHRASE_VARIABLE, "").encode() or None

    def get(self, path: Path) -> bytes:
        """Returns the passphrase for an encrypted key file.

        Raises:
            CrexError: IDENTITY if nobody gives one.
        """
        found = self.given()
        if found is None and self._ask is not None:
            found = self._value = self._ask(path) or None
        if found is None:
            raise CrexError(
                "IDENTITY",
                f"This private key is encrypted and no passphrase was given. Set {PASSPHRASE_VARIABLE}, or "
                "run the command at a terminal where it can ask.",
                source=str(path),
            )
        return found

    def __repr__(self) -> str:
        return "Passphrase(…)"


NO_PASSPHRASE: Final = Passphrase()


def write_key(path: Path, key: PrivateKey | SigningKey, passphrase: Passphrase = NO_PASSPHRASE) -> None:
    """Writes a private key to a new file, mode 0600; encrypted where a passphrase is given.

    Raises:
        CrexError: IDENTITY if the file exists: a key is never overwritten.
    """
    secret = passphrase.given()
    if isinstance(key, LocalSigningKey):
        pem = key.pem(secret)
    elif isinstance(key, SigningKey):
        raise CrexError("IDENTITY", f"Key {key.keyid} cannot be kept in a file.", source=str(path))
    else:
        pem = key_pem(key, secret)
    if not files.write_once(path, pem, mode=files.SECRET_MODE):
        raise CrexError(
            "IDENTITY",
            "A private key is here already and is never overwritten. Choose another folder, or move this "
            "one away.",
            source=str(path),
        )


def read_signing_key(path: Path, passphrase: Passphrase = NO_PASSPHRASE) -> SigningKey:
    """Reads a key pair that signs, of any algorithm that is usable here.

    Raises:
        CrexError: IDENTITY if it is missing, open to others, of another kind, encrypted without a passphrase
            given, or does not open with the one given.
    """
    pem = files.read_secret(path)
    encrypted = _ENCRYPTED in pem
    secret = passphrase.get(path) if encrypted else None
    failed: Exception | None = None
    for algorithm in algorithms.supported():
        try:
            half = algorithm.read_private(pem, secret)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            failed = error
            continue
        if half is not None:
            return LocalSigningKey(half, algorithm.token)
    if failed is not None:
        raise _unreadable(path, encrypted=encrypted) from failed
    raise _other_kind(path, ", ".join(algorithm.token for algorithm in algorithms.supported()))


def read_access_key(path: Path, passphrase: Passphrase = NO_PASSPHRASE) -> AccessKey:
    """Reads an X25519 key pair; otherwise as `read_signing_key`."""
    key = _parse(files.read_secret(path), path, passphrase)
    if not isinstance(key, X25519PrivateKey):
        raise _other_kind(path, "X25519")
    return AccessKey(key)


def read_note_key(path: Path, passphrase: Passphrase = NO_PASSPHRASE) -> Ed25519PrivateKey:
    """Reads the Ed25519 key of a log or a witness; otherwise as `read_signing_key`."""
    key = _parse(files.read_secret(path), path, passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise _other_kind(path, "Ed25519")
    return key


def read_tls_key(path: Path, passphrase: Passphrase = NO_PASSPHRASE) -> EllipticCurvePrivateKey:
    """Reads a P-256 key; otherwise as `read_signing_key`."""
    return parse_tls_key(files.read_secret(path), path, passphrase)


def parse_tls_key(pem: bytes, path: Path, passphrase: Passphrase = NO_PASSPHRASE) -> EllipticCurvePrivateKey:
    """Reads a P-256 key from a PEM text that came from `path`; otherwise as `read_signing_key`."""
    key = _parse(pem, path, passphrase)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise _other_kind(path, "P-256")
    return key


def _parse(pem: bytes, path: Path, passphrase: Passphrase) -> object:
    encrypted = _ENCRYPTED in pem
    try:
        return serialization.load_pem_private_key(pem, passphrase.get(path) if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unreadable(path, encrypted=encrypted) from error


def _unreadable(path: Path, *, encrypted: bool) -> CrexError:
    what = "does not open with the passphrase given" if encrypted else "is not a private key in PEM"
    fix = "Try the passphrase again" if encrypted else "Restore it from a backup"
    return CrexError("IDENTITY", f"The key file {what}. {fix}.", source=str(path))


def _other_kind(path: Path, expected: str) -> CrexError:
    text = f"The key file holds a key of another kind than {expected}. Restore it from a backup."
    return CrexError("IDENTITY", text, source=str(path))
