"""The key files of an identity, by what they are for.

    keys/<use>.pem            the first key: of a role, or root, access, tls-root, log, witness
    keys/<use>.<id>.pem       further ones: other algorithms, and what a rotation made; <id> begins the keyid
    keys/<use>.pkcs11         instead of a file with the key: where in a token it lies

A key counts from the moment that the trust document lists it. So a rotation writes the key files first and
the trust document after them: a crash in between leaves files that nothing uses yet, and that the next try
may use or remove.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Protocol, TypeVar

from crex.errors import CrexError
from crex.trust import authoring, key_files
from crex.trust.certificates import CertificateAuthority
from crex.trust.key_files import (
    NO_PASSPHRASE,
    Passphrase,
    read_access_key,
    read_signing_key,
    read_tls_key,
    write_key,
)
from crex.trust.keys import AccessKey, SigningKey
from crex.trust.signed_note import NoteKey
from crex.trust.trust_record import TrustRecord

ROOT: Final = "root"
ACCESS: Final = "access"
TLS: Final = "tls-root"
_ID_CHARS: Final = 12
_ENDINGS: Final = ("pem", "pkcs11")


class _Named(Protocol):
    @property
    def keyid(self) -> str: ...


T = TypeVar("T", bound=_Named)


def paths(keys: Path, use: str) -> list[Path]:
    """Returns the key files for a use, the first key before the others."""
    first = [path for ending in _ENDINGS if (path := keys / f"{use}.{ending}").exists()]
    further = (path for ending in _ENDINGS for path in keys.glob(f"{use}.*.{ending}"))
    return [*first, *sorted(path for path in further if path.name.count(".") == 2)]


def place_for(keys: Path, use: str, keyid: str, ending: str = "pem") -> Path:
    """Returns where a key for a use is kept: under the bare name where none is, else under its own."""
    first = keys / f"{use}.{ending}"
    return first if not paths(keys, use) else keys / f"{use}.{keyid[:_ID_CHARS]}.{ending}"


def write_signing_key(keys: Path, use: str, key: SigningKey, passphrase: Passphrase = NO_PASSPHRASE) -> Path:
    """Keeps a signing key; returns its file."""
    path = place_for(keys, use, key.keyid)
    write_key(path, key, passphrase)
    return path


def write_note_key(keys: Path, key: NoteKey, passphrase: Passphrase = NO_PASSPHRASE) -> Path:
    """Keeps the key of a log or a witness; returns its file."""
    path = place_for(keys, note_use(key), key.verifier.key_hash.hex())
    write_key(path, key.private, passphrase)
    return path


def note_use(key: NoteKey) -> str:
    """Returns what the file of a note key is called after: log or witness."""
    return next(name for name, kind, _ in authoring.NOTE_ROLES.values() if kind == key.kind)


def read_role(
    keys: Path, role: str, trust: TrustRecord, passphrase: Passphrase = NO_PASSPHRASE
) -> tuple[SigningKey, ...]:
    """Reads the keys of a role that the trust document lists.

    Raises:
        CrexError: IDENTITY if there is no key file, or one is damaged, or none belongs to the trust document.
    """
    places = paths(keys, role) or [keys / f"{role}.pem"]  # missing: reading it says so
    return tuple(_listed(places, lambda path: read_signing_key(path, passphrase), trust))


def read_roots(
    keys: Path, trust: TrustRecord, passphrase: Passphrase = NO_PASSPHRASE
) -> tuple[SigningKey, ...]:
    """Reads the root keys that are here and stand among the roots; otherwise as `read_role`."""
    found = _listed(paths(keys, ROOT), lambda path: read_signing_key(path, passphrase), trust)
    return tuple(key for key in found if key.keyid in trust.roots)


def read_access(
    keys: Path, trust: TrustRecord, passphrase: Passphrase = NO_PASSPHRASE
) -> tuple[AccessKey, ...]:
    """Reads the access keys, the one that began last before the others; otherwise as `read_role`."""
    found = _listed(paths(keys, ACCESS), lambda path: read_access_key(path, passphrase), trust)

    def rank(key: AccessKey) -> tuple[bool, float]:
        entry = trust.keys[key.keyid]
        return entry.revoked_at is None, entry.not_before.timestamp()

    return tuple(sorted(found, key=rank, reverse=True))


def read_tls_root(
    keys: Path, trust: TrustRecord, passphrase: Passphrase = NO_PASSPHRASE
) -> CertificateAuthority | None:
    """Reads the TLS root whose certificate stands last in the trust document.

    Raises:
        CrexError: IDENTITY if a file is damaged, or none belongs to the trust document.
    """
    places = paths(keys, TLS)
    held = [(path, read_tls_key(path, passphrase)) for path in places]
    for certificate in reversed(trust.tls_roots):
        for _, key in held:
            if certificate.public_key() == key.public_key():
                return CertificateAuthority(trust.authority, certificate, key)
    if held:
        raise damaged(held[0][0], "no TLS root of the trust document belongs to this key")
    return None


def read_note_keys(
    keys: Path, role: str, trust: TrustRecord, passphrase: Passphrase = NO_PASSPHRASE
) -> tuple[NoteKey, ...]:
    """Reads the note keys of a role that are here and listed, the one that stands last before the others.

    Raises:
        CrexError: IDENTITY if a file is damaged, or none belongs to the trust document.
    """
    name, kind, member = authoring.NOTE_ROLES[role]
    places = paths(keys, name)
    held: dict[str, NoteKey] = {}
    for path in places:
        key = NoteKey(f"{trust.authority}/{name}", key_files.read_note_key(path, passphrase), kind)
        held[key.vkey] = key
    listed = trust.logs if member == "logs" else trust.witnesses
    found = tuple(held[verifier.vkey] for verifier in reversed(listed) if verifier.vkey in held)
    if held and not found:
        raise damaged(places[0], f"the trust document lists no such key under `{member}`")
    return found


def read_unlisted(keys: Path, use: str, passphrase: Passphrase = NO_PASSPHRASE) -> list[SigningKey]:
    """Reads all signing keys for a use, also those that no trust document lists yet."""
    return [read_signing_key(path, passphrase) for path in paths(keys, use)]


def _listed(places: Iterable[Path], read: Callable[[Path], T], trust: TrustRecord) -> list[T]:
    found: list[T] = []
    stray: Path | None = None
    for path in places:
        key = read(path)
        if key.keyid in trust.keys:
            found.append(key)
        else:
            stray = path
    if stray is not None and not found:
        raise damaged(stray, f"its key does not stand in the trust document, revision {trust.revision}")
    return found


def damaged(path: Path, what: str) -> CrexError:
    """Returns the error for an identity whose files do not belong together."""
    return CrexError(
        "IDENTITY", f"The identity is damaged: {what}. Restore it from a backup.", source=str(path)
    )
