"""Identities on disk, in `<home>/<authority>/`.

    identity.json        who it is: authority, program, roles, hosts; written last, so a folder that has it
    is complete
    keys/root.pem        signs trust documents, nothing else; may be moved to a safer place
    keys/<role>.pem      signs the documents of that role
    keys/access.pem      opens what is sealed to the authority
    keys/tls-root.pem    issues TLS certificates; may be moved to a safer place
    keys/log.pem         signs the checkpoints of a broker's log; keys/witness.pem co-signs those of others
    keys/<use>.<id>.pem  further keys for the same use (key_folder.py)
    tls/<program>.pem    a program's TLS key and certificate
    trust/<n>.json       the authority's own trust document, every version
    pins/                trust documents of others, and its own (directory.py)

Private keys are 0600, and encrypted where there is a passphrase; a key file that others can read is refused.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from crex.errors import CrexError, named
from crex.names import is_authority, parse_authority
from crex.trust import authoring, files, key_folder, own_trust
from crex.trust.certificates import TlsCredential, read_certificates
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.key_files import (
    NO_PASSPHRASE,
    Passphrase,
    key_pem,
    parse_tls_key,
    write_key,
)
from crex.trust.trust_record import TrustRecord

HOME_VARIABLE: Final = "CREX_HOME"
_PROFILE: Final = "identity.json"
_PROGRAM = re.compile("[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?")


def default_home() -> Path:
    """Returns the folder of all identities: `CREX_HOME`, else `crex` in the user's configuration folder."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home)
    configuration = os.environ.get("XDG_CONFIG_HOME")
    return (Path(configuration) if configuration else Path.home() / ".config") / "crex"


def identity_folder(authority: str, home: Path | None = None) -> Path:
    """Returns the folder of one identity.

    Raises:
        InvalidName: The authority is not one; so no text leads outside the home.
    """
    return (home or default_home()) / parse_authority(authority)


def save_identity(identity: Identity, folder: Path, passphrase: Passphrase = NO_PASSPHRASE) -> None:
    """Keeps a new identity in a folder of its own.

    Raises:
        CrexError: IDENTITY if one is there already: keys are never overwritten.
    """
    if (folder / _PROFILE).exists():
        raise CrexError(
            "IDENTITY",
            "An identity is here already, and keys are never overwritten. Choose another folder, or move it "
            "away.",
            source=str(folder),
        )
    keys = folder / "keys"
    for place in (keys, folder / "tls", folder / "trust"):
        files.make_folder(place)
    uses = [(key_folder.ROOT, identity.roots), *identity.role_keys.items()]
    for use, held in uses:
        if key_folder.paths(keys, use):
            write_key(keys / f"{use}.pem", held[0], passphrase)  # refuses, for one is there already
        for key in held:
            key_folder.write_signing_key(keys, use, key, passphrase)
    if identity.access is not None:
        write_key(keys / "access.pem", identity.access.private, passphrase)
    if identity.tls_root is not None:
        write_key(keys / "tls-root.pem", identity.tls_root.private, passphrase)
    for note_key in (identity.log, identity.witness):
        if note_key is not None:
            key_folder.write_note_key(keys, note_key, passphrase)
    save_renewed(identity, folder, passphrase)


def save_renewed(identity: Identity, folder: Path, passphrase: Passphrase = NO_PASSPHRASE) -> None:
    """Keeps what `Identity.renew` made new: the trust document's next version and the certificate.

    Raises:
        CrexError: IDENTITY if another command wrote this version meanwhile.
    """
    own_trust.write_version(folder / "trust" / f"{identity.trust.revision}.json", identity.trust)
    save_credential(identity.tls, folder, identity.program, passphrase)
    profile = {
        "authority": identity.authority,
        "program": identity.program,
        "roles": identity.roles,
        "hosts": identity.hosts,
    }
    files.write_whole(folder / _PROFILE, orjson.dumps(profile, option=orjson.OPT_INDENT_2) + b"\n")


def save_credential(
    tls: TlsCredential, folder: Path, program: str, passphrase: Passphrase = NO_PASSPHRASE
) -> Path:
    """Keeps a program's TLS key and certificate in one file, which cannot come apart; returns its path."""
    key = serialization.load_pem_private_key(tls.key_pem, None)
    path = folder / "tls" / f"{program}.pem"
    if not isinstance(key, EllipticCurvePrivateKey):
        raise CrexError("IDENTITY", "A TLS key must be P-256. Issue the certificate anew.", source=str(path))
    files.write_whole(path, key_pem(key, passphrase.given()) + tls.chain_pem, mode=files.SECRET_MODE)
    return path


def load_identity(folder: Path, passphrase: Passphrase = NO_PASSPHRASE) -> Identity:
    """Reads an identity back.

    Raises:
        CrexError: IDENTITY if a file is missing, damaged, open to others, or needs a passphrase.
        TrustError: Its own trust document does not verify; `source` names the file.
    """
    profile = _read_profile(folder / _PROFILE)
    trust = _read_trust(folder, profile.authority)
    keys = folder / "keys"
    role_keys = {
        role: key_folder.read_role(keys, role, trust, passphrase)
        for role in profile.roles
        if role in authoring.SIGNING_ROLES
    }
    logs = key_folder.read_note_keys(keys, "broker", trust, passphrase)
    witnesses = key_folder.read_note_keys(keys, "witness", trust, passphrase)
    return Identity(
        authority=profile.authority,
        program=profile.program,
        roles=profile.roles,
        hosts=profile.hosts,
        trust=trust,
        roots=key_folder.read_roots(keys, trust, passphrase),
        role_keys=role_keys,
        access_keys=key_folder.read_access(keys, trust, passphrase),
        tls_root=key_folder.read_tls_root(keys, trust, passphrase),
        tls=load_credential(folder, profile.program, passphrase),
        log=logs[0] if logs else None,
        witness=witnesses[0] if witnesses else None,
        earlier_note_keys=(*logs[1:], *witnesses[1:]),
    )


def load_credential(folder: Path, program: str, passphrase: Passphrase = NO_PASSPHRASE) -> TlsCredential:
    """Reads a program's TLS key and certificate back.

    Raises:
        CrexError: IDENTITY if the file is missing, damaged, open to others, or needs a passphrase.
    """
    path = folder / "tls" / f"{program}.pem"
    pem = files.read_secret(path)
    key = parse_tls_key(pem, path, passphrase)
    try:
        chain = read_certificates(pem)
    except ValueError as error:
        raise key_folder.damaged(path, "it holds no certificate") from error
    if chain[0].public_key() != key.public_key():
        raise key_folder.damaged(path, "its key is not that of its certificate")
    return TlsCredential(
        b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in chain), key_pem(key)
    )


def open_pins(identity: Identity, folder: Path, *, now: datetime) -> TrustDirectory:
    """Opens the pinned trust documents beside an identity, with its own among them.

    Raises:
        TrustError: A file is not what was pinned, or the identity's own trust document has ended.
    """
    directory = TrustDirectory.open(folder / "pins")
    pinned = directory.current(identity.authority)
    known = 0 if pinned is None else pinned.revision
    own = [
        (path, data)
        for path, data in own_trust.versions(folder, identity.authority)
        if int(path.stem) > known
    ]
    for path, data in own[:-1]:
        with named(path):
            directory.restore(data)  # it may have ended: it has a successor
    for path, data in own[-1:]:
        with named(path):
            directory.pin(data, now=now, authority=identity.authority)
    return directory


class _Profile(NamedTuple):
    authority: str
    program: str
    roles: tuple[str, ...]
    hosts: tuple[str, ...]


def _read_profile(path: Path) -> _Profile:
    try:
        value = orjson.loads(path.read_bytes())
        profile = _Profile(value["authority"], value["program"], tuple(value["roles"]), tuple(value["hosts"]))
    except OSError as error:
        raise CrexError(
            "IDENTITY",
            f"There is no identity here ({error.strerror}). Make one with `crex init <authority>`.",
            source=str(path),
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise key_folder.damaged(path, "it does not state authority, program, roles and hosts") from error
    texts = (profile.authority, profile.program, *profile.roles, *profile.hosts)
    if not all(isinstance(text, str) for text in texts) or not is_authority(profile.authority):
        raise key_folder.damaged(path, "its members are not the texts they should be")
    if _PROGRAM.fullmatch(profile.program) is None:
        raise key_folder.damaged(path, "its program is not an id")
    return profile


def _read_trust(folder: Path, authority: str) -> TrustRecord:
    versions = own_trust.versions(folder, authority)
    if not versions:
        raise key_folder.damaged(folder / "trust", "its trust document is missing")
    pinned, records = TrustDirectory(), []
    for path, text in versions:
        with named(path):
            records.append(pinned.restore(text))
    record = records[-1]
    if record.authority != authority:
        raise key_folder.damaged(folder, f"it holds the trust document of {record.authority}")
    return record
