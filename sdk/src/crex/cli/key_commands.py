"""`crex key`: the keys of one's own identity: new ones in the place of old ones, and keys taken back."""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crex.cli.options import (
    Commands,
    command,
    duration,
    group,
    key_name,
    moment,
    positive,
    reason,
    trust_valid_for,
)
from crex.cli.result import Result, table

if TYPE_CHECKING:
    from crex.errors import CrexError
    from crex.trust.keys import PublicKey, SigningKey

NOTHING: Final = timedelta(0)
# Held in the folder of identities while a token makes a key.
MAKING_LOCK: Final = ".making.lock"
# What has no begin and no end in a trust document, so that a rotation takes place at once; and why.
AT_ONCE: Final = {
    "root": "root keys change at once, since only the next revision asks for them",
    "tls": "both TLS roots count from now on, until `crex key rotate tls --finish`",
    "log": "the new key of a log counts at once beside the old one, until `crex key revoke` takes that out",
    "witness": "the new key of a witness counts at once beside the old one, until `crex key revoke` takes "
    "that out",
}


def add(commands: Commands) -> None:
    """Adds the commands."""
    key = group(commands, "key", "the keys of this identity")
    command(key, "list", _list, "list the keys, what each is for, and whether its private half is here")

    new = command(key, "new", _new, "make a key: for a person who is to sign trust documents, or in a token")
    new.add_argument("file", type=Path, metavar="FILE", help="where to keep it; FILE.pub is its public half")
    new.add_argument("--algorithm", default="ed25519", metavar="NAME", help="its algorithm (ed25519)")
    new.add_argument("--encrypt", action="store_true", help="encrypt it with a passphrase")
    new.add_argument(
        "--token", metavar="URI",
        help="have a hardware token make it, pkcs11:token=…;object=…, and keep its address in FILE.pkcs11",
    )  # fmt: skip

    rotate = command(key, "rotate", _rotate, "make new keys in the place of old ones")
    rotate.add_argument(
        "what", metavar="WHAT", help="a role such as provider, or root, access, tls, log, witness"
    )
    rotate.add_argument(
        "--overlap",
        type=duration,
        metavar="TIME",
        help="how long the old keys still count after the new ones begin, such as 24h (none)",
    )
    rotate.add_argument(
        "--starts-in",
        type=duration,
        metavar="TIME",
        help="when the new keys begin: give others time to fetch the trust document (at once)",
    )
    rotate.add_argument(
        "--algorithm",
        action="append",
        default=[],
        metavar="NAME",
        help="of which algorithms the new keys are; may be repeated (those of the present ones)",
    )
    rotate.add_argument(
        "--key", action="append", default=[], type=Path, metavar="FILE",
        help="take this key instead of making one: a .pkcs11 file that says where it lies in a token",
    )  # fmt: skip
    rotate.add_argument(
        "--finish", action="store_true", help="with tls: take the old roots out, and issue new certificates"
    )
    _add_revision(rotate)

    revoke = command(key, "revoke", _revoke, "take a key back, as of a time that may lie in the past")
    revoke.add_argument(
        "keyid", type=key_name, metavar="KEYID", help="its name, or the verifier key of a log or a witness"
    )
    revoke.add_argument("--at", type=moment, metavar="TIME", help="as of when (now)")
    revoke.add_argument(
        "--replace", action="store_true", help="make new keys in its place, in the same revision"
    )
    _add_revision(revoke)

    threshold = command(key, "threshold", _threshold, "say how many root keys must sign, and which there are")
    threshold.add_argument("threshold", type=positive, metavar="N", help="how many must sign")
    threshold.add_argument(
        "--root", action="append", default=[], type=Path, metavar="FILE",
        help="public half of a further root key, as `crex key new` wrote it",
    )  # fmt: skip
    threshold.add_argument(
        "--remove",
        type=key_name,
        action="append",
        default=[],
        metavar="KEYID",
        help="a root key to take out and end",
    )
    _add_revision(threshold)


def _add_revision(parser: argparse.ArgumentParser) -> None:
    """Adds what is asked of the revision that a change makes."""
    reason(parser)
    trust_valid_for(parser, "the new trust document")


def _list(options: argparse.Namespace) -> Result:
    from crex.cli.own_trust_files import Own
    from crex.cli.party import now
    from crex.cli.trust_text import key_facts, state
    from crex.trust import rotation
    from crex.trust.ceremony import times

    own, at = Own.open(options), now()
    trust = own.identity.trust
    here = rotation.held(own.identity)
    rows, found = [], []
    for entry in trust.keys.values():
        what = here.get(entry.keyid, "")
        root = entry.keyid in trust.roots
        purpose = what or ("root" if root else ", ".join(sorted(entry.use)[:2]))
        rows.append(
            [entry.keyid, entry.alg, purpose, state(entry, at), "here" if what else "elsewhere", times(entry)]
        )
        found.append({**key_facts(trust, entry, at), "here": bool(what), "for": what or None})
    mine = (own.identity.log, own.identity.witness, *own.identity.earlier_note_keys)
    held = {one.vkey for one in mine if one is not None}
    notes = [
        {"vkey": one.vkey, "for": use, "here": one.vkey in held}
        for use, keys in (("log", trust.logs), ("witness", trust.witnesses))
        for one in keys
    ]
    text = table(["KEY", "ALGORITHM", "FOR", "STATE", "PRIVATE HALF", "TIMES"], rows, empty="No keys.")
    lines = [
        text,
        *(f"{note['for']}: {note['vkey']} ({'here' if note['here'] else 'elsewhere'})" for note in notes),
        f"{trust.threshold} of {len(trust.roots)} root keys must sign.",
    ]
    return Result({"keys": found, "noteKeys": notes, "threshold": trust.threshold}, "\n".join(lines))


def _new(options: argparse.Namespace) -> Result:
    from crex.cli.effect import refuse_useless
    from crex.cli.files import write_file
    from crex.cli.identity_commands import new_passphrase
    from crex.trust.key_files import public_pem, write_key
    from crex.trust.keys import LocalSigningKey

    if options.token is not None:
        refuse_useless(
            options, ("--encrypt",),
            "a token keeps its keys behind its PIN, and FILE.pkcs11 holds no secret. Leave it out.",
        )  # fmt: skip
    options.file.parent.mkdir(parents=True, exist_ok=True)
    if options.token is not None:
        return _new_in_token(options)
    path = _public_half(options.file)
    key = LocalSigningKey.generate(options.algorithm)
    write_key(options.file, key, new_passphrase(encrypt=options.encrypt))
    write_file(path, public_pem(key.public_key))
    text = (
        f"Made key {key.keyid} ({options.algorithm}): {options.file}. Keep that file where nobody else gets "
        f"at it. A root key: hand {path} to whoever writes the trust document. A role's: put it to use with "
        f"`crex key rotate ROLE --key {options.file}`."
    )
    return Result({"keyid": key.keyid, "file": str(options.file), "public": str(path)}, text)


def _public_half(file: Path) -> Path:
    """Returns where the public half of a new key goes; it must not take the place of another key's."""
    from crex.errors import CrexError

    path = file.with_name(file.name + ".pub")
    if path.exists() and not file.exists():
        raise CrexError(
            "IDENTITY",
            "The public half of another key is here already, so no key was made. Choose another name.",
            source=str(path),
        )
    return path


def _new_in_token(options: argparse.Namespace) -> Result:
    from crex.cli.files import write_file
    from crex.cli.party import home_of, passphrase
    from crex.trust import files
    from crex.trust.key_files import TOKEN_ENDING, public_pem
    from crex.trust.pkcs11 import generate_key
    from crex.trust.pkcs11_uri import KeyUri

    file: Path = options.file
    uri = KeyUri.parse(options.token)
    path = _public_half(file)
    if file.suffix != TOKEN_ENDING:
        raise _no_address(file, f"does not end in {TOKEN_ENDING}")
    secret, home = passphrase(), home_of(options)
    secret.pin().get(file)  # asked for now, so that nobody waits for a person
    files.make_folder(home)
    # A token lets several keys have one name, and would make one for each command that found none.
    with files.alone(home / MAKING_LOCK):
        # The file before the key: a key whose address cannot be kept would be nobody's.
        if not files.write_once(file, uri.stored(), mode=files.SECRET_MODE):
            raise _no_address(file, "is there already")
        try:
            key = generate_key(uri, options.algorithm, secret, file)
        except BaseException:
            file.unlink()
            raise
    write_file(path, public_pem(key.public_key))
    text = (
        f"The token made key {key.keyid} ({options.algorithm}). {file} says where it lies; put it to use "
        f"with `crex key rotate ROLE --key {file}`."
    )
    return Result({"keyid": key.keyid, "file": str(file), "public": str(path)}, text)


def _no_address(file: Path, what: str) -> CrexError:
    from crex.errors import CrexError

    return CrexError(
        "IDENTITY",
        f"The file for the key's address {what}, so no key was made. Choose another name.",
        source=str(file),
    )


def _rotate(options: argparse.Namespace) -> Result:
    from crex.cli.own_trust_files import Own, settled
    from crex.cli.party import now
    from crex.documents.times import format_time
    from crex.trust import own_trust, rotation

    _check_rotation(options)
    own, at = Own.open(options), now()
    draft = own.draft(at, at + options.valid_for)
    if options.finish:
        rotation.finish_tls(draft, own.identity)
        programs = own.issue_certificates(now=at)
        found = own.settle(draft, now=at, reason=options.reason)
        note = f"Issued certificates to {', '.join(programs)} under the new root."
        return settled(own, found, at, note, reason=options.reason)
    given = _given(options.key)
    schedule = rotation.Schedule(at, options.starts_in or NOTHING, options.overlap or NOTHING)
    made = rotation.rotate(
        draft,
        own.identity,
        options.what,
        schedule,
        algorithms=options.algorithm,
        given=[key for _, key in given],
    )
    if given:
        _keep_given(own.folder, options.what, given)
    else:
        own_trust.keep_keys(own.folder, made, own.secret)
    found = own.settle(draft, now=at, reason=options.reason)
    notes = [f"New: {name}" for name in made.names()]
    if options.what == rotation.TLS:
        notes.append(
            "Certificates stay under the old root until `crex key rotate tls --finish`; run it when all "
            "brokers and parties have this revision."
        )
    elif options.what in own.identity.role_keys:
        notes.append(
            "What the old keys signed is refused from "
            f"{format_time(schedule.ends)} on: sign and publish again before then what is still to hold."
        )
    return settled(own, found, at, *notes, reason=options.reason)


def _check_rotation(options: argparse.Namespace) -> None:
    """Refuses options of which the rotation of this purpose would take no notice."""
    from crex.cli.effect import refuse_useless
    from crex.errors import CrexError
    from crex.trust import rotation

    what, times = options.what, ("--starts-in", "--overlap")
    if options.finish:
        if what != rotation.TLS:
            raise CrexError("SCHEMA", "Only TLS roots are finished; other old keys end by --overlap.")
        refuse_useless(
            options, (*times, "--algorithm", "--key"),
            "--finish makes no keys and takes the old TLS roots out at once. Leave them out.",
        )  # fmt: skip
    elif what in AT_ONCE:
        refuse_useless(options, times, f"{AT_ONCE[what]}. Leave them out.")
    if options.key:
        refuse_useless(
            options,
            ("--algorithm",),
            "keys that --key names have their algorithms. Leave one of both out.",
        )


def _given(paths: list[Path]) -> list[tuple[Path, SigningKey]]:
    from crex.cli.party import passphrase
    from crex.trust.key_files import read_signing_key

    secret = passphrase()
    return [(path, read_signing_key(path, secret)) for path in paths]


def _keep_given(folder: Path, what: str, given: list[tuple[Path, SigningKey]]) -> None:
    from crex.trust import files, key_folder
    from crex.trust.key_files import TOKEN_ENDING

    for path, key in given:
        ending = "pkcs11" if path.suffix == TOKEN_ENDING else "pem"
        place = key_folder.place_for(folder / "keys", what, key.keyid, ending)
        files.write_once(place, files.read_secret(path), mode=files.SECRET_MODE)


def _revoke(options: argparse.Namespace) -> Result:
    from crex.cli.effect import refuse_useless
    from crex.cli.own_trust_files import Own, settled
    from crex.cli.party import now
    from crex.errors import CrexError
    from crex.trust import own_trust, rotation

    own, at = Own.open(options), now()
    if "+" in options.keyid:
        refuse_useless(
            options, ("--at",),
            "the key of a log or a witness has no times; it is taken out of the trust document, and nothing "
            "that it signed counts any more. Leave it out.",
        )  # fmt: skip
    revoked_at = options.at or at
    if revoked_at > at:
        raise CrexError(
            "SCHEMA", "A key is revoked as of now or of a past time. To end one later, rotate it."
        )
    draft = own.draft(at, at + options.valid_for)
    notes = []
    if options.replace:
        what = rotation.held(own.identity).get(options.keyid)
        if what is None:
            raise CrexError(
                "IDENTITY",
                f"Key {options.keyid} is not here, so it cannot be replaced here. `crex key list` shows "
                "which are.",
            )
        made = rotation.rotate(draft, own.identity, what, rotation.Schedule(at))
        own_trust.keep_keys(own.folder, made, own.secret)
        notes += [f"New: {name}" for name in made.names()]
    rotation.revoke(draft, options.keyid, revoked_at)
    found = own.settle(draft, now=at, reason=options.reason)
    notes.append(
        "What it signed is refused as soon as others have this revision; what a log saw before stays good."
    )
    return settled(own, found, at, *notes, reason=options.reason)


def _threshold(options: argparse.Namespace) -> Result:
    from crex.cli.own_trust_files import Own, settled
    from crex.cli.party import now

    own, at = Own.open(options), now()
    draft = own.draft(at, at + options.valid_for)
    for path in options.root:
        draft.add_root(_public(path), begins=at)
    for keyid in options.remove:
        draft.remove_root(keyid)
        draft.end_key(keyid, at)
    draft.set_threshold(options.threshold)
    found = own.settle(draft, now=at, reason=options.reason)
    return settled(own, found, at, reason=options.reason)


def _public(path: Path) -> PublicKey:
    from crex.cli.files import read_bytes
    from crex.errors import named
    from crex.trust.key_files import parse_public_pem

    with named(path):
        return parse_public_pem(read_bytes(path, 1 << 16, "No public key is."))
