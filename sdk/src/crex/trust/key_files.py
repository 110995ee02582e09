"""Private keys on disk: PKCS#8 PEM, mode 0600, encrypted where there is a passphrase; or where else they lie.

A file that ends in `.pkcs11` holds no key but its address in a hardware token (pkcs11.py). The passphrase
comes from the caller, else from `CREX_PASSPHRASE`, else from a question to the person at the terminal; a
token's PIN from `CREX_PKCS11_PIN`, or such a question. Neither is ever stored, logged or put into a message.
"""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from textwrap import wrap
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from crex.documents.strict import base64_bytes
from crex.errors import CrexError, TrustError
from crex.trust import algorithms, files
from crex.trust.algorithms.private import PrivateKey, key_pem
from crex.trust.keys import AccessKey, LocalSigningKey, PublicKey, SigningKey

__all__ = [
    "NO_PASSPHRASE",
    "PASSPHRASE_VARIABLE",
    "PIN_VARIABLE",
    "TOKEN_ENDING",
    "Passphrase",
    "key_pem",
    "parse_public_pem",
    "parse_tls_key",
    "public_pem",
    "read_access_key",
    "read_note_key",
    "read_signing_key",
    "read_tls_key",
    "write_key",
]

PASSPHRASE_VARIABLE: Final = "CREX_PASSPHRASE"  # noqa: S105 - the name of a variable, not a secret
PIN_VARIABLE: Final = "CREX_PKCS11_PIN"
# Ending of the files that say where in a token a key lies, instead of holding it.
TOKEN_ENDING: Final = ".pkcs11"  # noqa: S105 - the end of a file name

# What the library that encrypts key files takes.
PASSPHRASE_BYTES_MAX: Final = 1023

_PUBLIC: Final = re.compile(
    rb"-----BEGIN PUBLIC KEY-----\r?\n([A-Za-z0-9+/=\r\n]{1,65536})\r?\n-----END PUBLIC KEY-----"
)
_ENCRYPTED: Final = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


class Passphrase:
    """Where the passphrase of key files comes from; a person is asked at most once."""

    __slots__ = ("_ask", "_pin", "_value", "_variable")

    def __init__(
        self,
        value: bytes | None = None,
        *,
        ask: Callable[[Path], bytes] | None = None,
        variable: str = PASSPHRASE_VARIABLE,
    ) -> None:
        """Says where it comes from.

        Args:
            value: The passphrase itself, if the caller has it; unset: that of the environment, if set.
            ask: Asks the person, given the first encrypted file; unset: nobody can be asked.
            variable: The variable of the environment that holds it.
        """
        self._value = value or None
        self._ask = ask
        self._variable = variable
        self._pin: Passphrase | None = None

    def given(self) -> bytes | None:
        """Returns the passphrase that is known without asking; nothing if there is none.

        Raises:
            CrexError: IDENTITY if it is longer than `PASSPHRASE_BYTES_MAX`.
        """
        found = self._value or os.fsencode(os.environ.get(self._variable, "")) or None
        if found is not None and len(found) > PASSPHRASE_BYTES_MAX:
            raise CrexError(
                "IDENTITY",
                f"The {self._word} has {len(found)} bytes, and at most {PASSPHRASE_BYTES_MAX} are taken. "
                "Choose a shorter one.",
            )
        return found

    def pin(self) -> Passphrase:
        """Returns where the PIN of a token comes from: `CREX_PKCS11_PIN`, else a question of its own."""
        if self._pin is None:
            self._pin = Passphrase(ask=self._ask, variable=PIN_VARIABLE)
        return self._pin

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
                f"This private key needs a {self._word}, and none was given. Set {self._variable}, or run "
                "the command at a terminal where it can ask.",
                source=str(path),
            )
        return found

    @property
    def _word(self) -> str:
        return "PIN" if self._variable == PIN_VARIABLE else "passphrase"

    def __repr__(self) -> str:
        return "Passphrase(…)"


NO_PASSPHRASE: Final = Passphrase()


def public_pem(key: PublicKey) -> bytes:
    """Returns a public key as PEM (RFC 7468), of whatever algorithm."""
    lines = wrap(b64encode(key.spki).decode("ascii"), 64)
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""]).encode("ascii")


def parse_public_pem(pem: bytes) -> PublicKey:
    """Reads a public key in PEM that signs, of any algorithm that is usable here.

    Raises:
        TrustError: KEY_WEAK if others can forge under it.
        CrexError: ALG if it is no public key in PEM, or none that signs here.
    """
    found = _PUBLIC.fullmatch(pem.strip())
    spki = base64_bytes(b"".join(found[1].split()).decode("ascii")) if found is not None else None
    if spki is None:
        raise CrexError(
            "ALG", "This is not a public key in PEM. Give the file that `crex key new` wrote, FILE.pub."
        )
    known = [algorithm.token for algorithm in algorithms.supported()]
    for token in known:
        try:
            return PublicKey.from_spki(spki, token)
        except TrustError as error:
            if error.reason == "KEY_WEAK":
                raise
    raise CrexError(
        "ALG",
        f"This public key is of none of the algorithms that sign here: {', '.join(known)}. Make another.",
    )


def write_key(path: Path, key: PrivateKey | SigningKey, passphrase: Passphrase = NO_PASSPHRASE) -> None:
    """Writes a private key to a new file, mode 0600; encrypted where a passphrase is given.

    Raises:
        CrexError: IDENTITY if the file exists: a key is never overwritten.
    """
    if not files.write_once(path, _contents(path, key, passphrase), mode=files.SECRET_MODE):
        raise CrexError(
            "IDENTITY",
            "A private key is here already and is never overwritten. Choose another folder, or move this "
            "one away.",
            source=str(path),
        )


def read_signing_key(path: Path, passphrase: Passphrase = NO_PASSPHRASE) -> SigningKey:
    """Reads a key pair that signs, of any algorithm that is usable here, or opens the one in a token.

    Args:
        path: A PEM file, or a `.pkcs11` file with the address of a key in a token.
        passphrase: Where the passphrase, or the PIN of the token, comes from.

    Raises:
        CrexError: IDENTITY if it is missing, open to others, of another kind, encrypted without a passphrase
            given, or does not open with the one given; or if the key in the token cannot be reached.
    """
    pem = files.read_secret(path)
    if path.suffix == TOKEN_ENDING:
        return _read_token(pem, path, passphrase)
    encrypted = _ENCRYPTED in pem
    secret = passphrase.get(path) if encrypted else None
    failed: Exception | None = None
    for algorithm in algorithms.supported():
        try:
            half = algorithm.read_private(pem, secret)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            failed = failed or error
            continue
        if half is not None:
            return LocalSigningKey(half, algorithm.token)
    if isinstance(failed, UnsupportedAlgorithm):
        raise _not_usable(path) from failed
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


def _contents(path: Path, key: PrivateKey | SigningKey, passphrase: Passphrase) -> bytes:
    if isinstance(key, LocalSigningKey):
        return key.pem(passphrase.given())
    if not isinstance(key, SigningKey):
        return key_pem(key, passphrase.given())
    from crex.trust.pkcs11 import Pkcs11SigningKey

    if not isinstance(key, Pkcs11SigningKey) or path.suffix != TOKEN_ENDING:
        text = f"Key {key.keyid} does not lie in this process, so no file of this name can hold it."
        raise CrexError("IDENTITY", text, source=str(path))
    return key.stored()


def _read_token(text: bytes, path: Path, passphrase: Passphrase) -> SigningKey:
    from crex.trust.pkcs11 import Pkcs11SigningKey
    from crex.trust.pkcs11_uri import KeyUri

    uri = KeyUri.parse(text.decode("ascii", "replace").strip(), str(path))
    return Pkcs11SigningKey(uri, passphrase, path)


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


def _not_usable(path: Path) -> CrexError:
    known = ", ".join(algorithm.token for algorithm in algorithms.supported())
    text = f"The key file holds a key of an algorithm that is not usable here; there are {known}."
    waiting = sorted(algorithms.on_trial() - algorithms.trials())
    if waiting:
        named = ",".join(waiting)
        text += f" Set {algorithms.TRIALS_VARIABLE}={named} if it is one of those on trial."
    return CrexError("IDENTITY", text, source=str(path))


def _other_kind(path: Path, expected: str) -> CrexError:
    text = f"The key file holds a key of another kind than {expected}. Restore it from a backup."
    return CrexError("IDENTITY", text, source=str(path))
