"""The next version of one's own trust document, from a draft to the file that counts.

    drafts/<n>.json      a version that is not signed by enough persons yet
    trust/<n>.json       a version that is; written last, in one step
    trust/journal.jsonl  what each version changed, and why, for whoever asks later
    trust/.lock          held while one of these changes

The order is: private keys, then the version, then certificates, then the tidying up. Whatever is interrupted,
the identity is usable: keys that no version lists are ignored, and a version is there whole or not at all.

A change is made to what was read before. Where another command has changed that meanwhile, it is refused: a
change that nobody sees, and a signature over what nobody keeps, are both worse than a command run twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson

from crex import v1
from crex.documents import strict
from crex.documents.times import format_time
from crex.errors import CrexError, named
from crex.trust import ceremony, files, key_folder
from crex.trust.envelope import Parts, digest, read_parts, to_json
from crex.trust.identity import Identity
from crex.trust.key_files import NO_PASSPHRASE, Passphrase, write_key
from crex.trust.keys import SigningKey
from crex.trust.rotation import NewKeys
from crex.trust.trust_draft import TrustDraft, sign_draft
from crex.trust.trust_record import TrustRecord

_JOURNAL: Final = "journal.jsonl"
_LOCK: Final = ".lock"


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a draft.

    Attributes:
        record: The version, where enough root keys signed; nothing where some are missing.
        path: Its file, or that of the draft.
        missing: Whose signatures are missing, for people.
        replaced: Fingerprint of the draft that waited before and went into this one; signatures over it are
            void. Empty where none waited.
    """

    record: TrustRecord | None
    path: Path
    missing: tuple[str, ...] = ()
    replaced: str = ""


def draft_path(folder: Path, revision: int) -> Path:
    """Returns where the draft of a version waits."""
    return folder / "drafts" / f"{revision}.json"


def waiting(folder: Path, trust: TrustRecord) -> bytes | None:
    """Returns the body of the draft that waits for signatures; nothing if none does."""
    path = draft_path(folder, trust.revision + 1)
    if not path.exists():
        return None
    with named(path):
        return read_part(path.read_bytes())[0]


def read_part(data: bytes) -> tuple[bytes, Parts | None]:
    """Reads a draft, or a draft with signatures: its body, and the envelope where there is one.

    Raises:
        CrexError: It is neither.
    """
    if "payloadType" in strict.members(data):
        parts = read_parts(data)
        return parts.body, parts
    ceremony.read_draft(data)
    return data, None


def keep_keys(folder: Path, made: NewKeys, passphrase: Passphrase = NO_PASSPHRASE) -> list[Path]:
    """Keeps new private keys, before anything names them; returns their files.

    Raises:
        CrexError: IDENTITY if a file is in the way.
    """
    keys = folder / "keys"
    files.make_folder(keys)
    kept = [key_folder.write_signing_key(keys, use, key, passphrase) for use, key in made.signing]
    for access in made.access:
        path = key_folder.place_for(keys, key_folder.ACCESS, access.keyid)
        write_key(path, access.private, passphrase)
        kept.append(path)
    for root in made.tls:
        path = key_folder.place_for(keys, key_folder.TLS, f"{root.certificate.serial_number:032x}")
        write_key(path, root.private, passphrase)
        kept.append(path)
    return [*kept, *(key_folder.write_note_key(keys, key, passphrase) for key in made.notes)]


def settle(
    folder: Path,
    identity: Identity,
    draft: TrustDraft,
    signers: Sequence[SigningKey],
    *,
    now: datetime,
    reason: str = "",
) -> Settled:
    """Signs a draft with the root keys that are here, and makes it count where they are enough.

    Args:
        folder: The identity's folder; new private keys must be kept there already.
        identity: Its present state.
        draft: The next version.
        signers: Root keys; those that are roots of neither version are left out.
        now: The time.
        reason: Why, for the journal.

    Returns:
        The version, or where the draft waits for the other signatures.

    Raises:
        CrexError: The version would be refused by others; IDENTITY if another command changed the identity or
            the draft that waits since they were read.
    """
    body = draft.body()
    candidate = ceremony.read_draft(body)
    candidate.check_successor_of(identity.trust)
    able = [key for key in signers if key.keyid in identity.trust.roots | candidate.roots]
    envelope = sign_draft(body, able) if able else None
    lacking = ceremony.standing(identity.trust, read_parts(envelope)) if envelope is not None else []
    missing = tuple(str(one) for one in lacking if not one.holds)
    if envelope is None:
        missing = tuple(
            f"{record.threshold} signatures by root keys of revision {record.revision}"
            for record in (identity.trust, candidate)
        )
    replaced = digest(draft.continues) if draft.continues is not None else ""
    with _alone(folder):
        _check_unchanged(folder, identity)
        _check_waiting(folder, identity, draft)
        if envelope is not None and not missing:
            done = _install(folder, identity, [envelope], now=now, reason=reason)
            return replace(done, replaced=replaced)
        path = _keep_draft(folder, candidate.revision, to_json(envelope) if envelope is not None else body)
    return Settled(None, path, missing, replaced)


def hand_out(folder: Path, identity: Identity, draft: TrustDraft) -> None:
    """Keeps a draft in the place of the one that waits and that it goes on with; nothing where none does.

    Raises:
        CrexError: IDENTITY if another command changed the identity or the draft that waits meanwhile.
    """
    if draft.continues is None:
        return
    with _alone(folder):
        _check_unchanged(folder, identity)
        _check_waiting(folder, identity, draft)
        _keep_draft(folder, draft.revision, draft.body())


def install(
    folder: Path,
    identity: Identity,
    envelopes: Sequence[v1.Envelope | bytes | Parts],
    *,
    now: datetime,
    reason: str = "",
) -> Settled:
    """Puts the parts of a version together and makes it count.

    Raises:
        TrustError: THRESHOLD if signatures are missing, and whatever else others would refuse it for.
        CrexError: IDENTITY if a draft waits here that says something else, so that completing this one would
            drop it, or if another command changed the identity meanwhile.
    """
    with _alone(folder):
        _check_unchanged(folder, identity)
        _check_not_behind(folder, identity, envelopes)
        return _install(folder, identity, envelopes, now=now, reason=reason)


def drop(folder: Path, identity: Identity) -> TrustRecord | None:
    """Drops the draft that waits for signatures; returns what it said, or nothing if none does.

    Raises:
        CrexError: IDENTITY if another command changed the identity meanwhile.
    """
    with _alone(folder):
        _check_unchanged(folder, identity)
        body = waiting(folder, identity.trust)
        if body is None:
            return None
        dropped = ceremony.read_draft(body)
        draft_path(folder, dropped.revision).unlink()
        return dropped


def adopt(folder: Path, record: TrustRecord) -> Path | None:
    """Keeps a version that was completed elsewhere; returns a draft of it that says something else, if any.

    Raises:
        CrexError: IDENTITY if another version of this revision stands here.
    """
    with _alone(folder):
        write_version(folder / "trust" / f"{record.revision}.json", record)
        path = draft_path(folder, record.revision)
        if not path.exists():
            return None
        with named(path):
            other = read_part(path.read_bytes())[0] != record.parts.body
        if not other:
            path.unlink()
        return path if other else None


def _install(
    folder: Path,
    identity: Identity,
    envelopes: Sequence[v1.Envelope | bytes | Parts],
    *,
    now: datetime,
    reason: str,
) -> Settled:
    record = ceremony.complete([one for _, one in versions(folder, identity.authority)], envelopes, now=now)
    path = folder / "trust" / f"{record.revision}.json"
    write_version(path, record)
    draft_path(folder, record.revision).unlink(missing_ok=True)
    _note(folder, identity.trust, record, now, reason)
    return Settled(record, path)


def _keep_draft(folder: Path, revision: int, data: bytes) -> Path:
    path = draft_path(folder, revision)
    files.make_folder(path.parent)
    files.write_whole(path, data)
    return path


def _alone(folder: Path) -> AbstractContextManager[None]:
    """Keeps others from changing the trust document and its draft; nobody is asked for anything meanwhile."""
    return files.alone(folder / "trust" / _LOCK)


def _check_unchanged(folder: Path, identity: Identity) -> None:
    latest = int(versions(folder, identity.authority)[-1][0].stem)
    if latest != identity.trust.revision:
        raise _meanwhile(folder / "trust" / f"{latest}.json", latest)


def _check_waiting(folder: Path, identity: Identity, draft: TrustDraft) -> None:
    if waiting(folder, identity.trust) != draft.continues:
        raise CrexError(
            "IDENTITY",
            f"The draft of revision {draft.revision} that waits for signatures was made, changed or dropped "
            "by another command at the same time, and this one began with what it was before. What it was "
            "to change does not count. Run it again.",
            source=str(draft_path(folder, draft.revision)),
        )


def _check_not_behind(
    folder: Path, identity: Identity, envelopes: Sequence[v1.Envelope | bytes | Parts]
) -> None:
    """Refuses what was signed before the draft that waits was changed: it would drop the change."""
    body = waiting(folder, identity.trust)
    for signed in () if body is None else [read_parts(envelope).body for envelope in envelopes]:
        if body is None or signed == body:
            continue
        draft = TrustDraft.read(signed)
        if (draft.authority, draft.revision) == (identity.authority, identity.trust.revision + 1):
            raise CrexError(
                "IDENTITY",
                f"What was signed has the fingerprint {digest(signed)}, and the draft that waits here says "
                f"something else by now: its fingerprint is {digest(body)}. Nothing was changed. Have this "
                "file signed by everyone, and complete that; or, to let what was signed count and drop the "
                "rest, run `crex trust drop` before you complete it again.",
                source=str(draft_path(folder, draft.revision)),
            )


def _meanwhile(path: Path, revision: int) -> CrexError:
    return CrexError(
        "IDENTITY",
        f"Another command changed this identity at the same time: its revision {revision} counts by now. "
        "What this one was to change does not count. Look at the revision with `crex trust show`, and run "
        "this command again.",
        source=str(path),
    )


def versions(folder: Path, authority: str) -> list[tuple[Path, bytes]]:
    """Returns the files of the identity's own trust document, ascending by revision, with what is in them.

    A version that was pinned here and is missing among the identity's own, as after putting an old copy of
    the folder back, is taken from the pins.

    Raises:
        CrexError: IDENTITY if two files of one revision differ; ENVELOPE if one of them is no envelope.
    """
    found: dict[int, tuple[Path, bytes]] = {}
    for place in (folder / "trust", folder / "pins" / authority):
        for path in place.glob("*.json"):
            if not path.stem.isdecimal():
                continue
            data, revision = path.read_bytes(), int(path.stem)
            standing = found.setdefault(revision, (path, data))
            if standing[1] != data and _body(*standing) != _body(path, data):
                raise key_folder.damaged(
                    standing[0], f"{path} is pinned as another version of the same revision"
                )
    return [found[revision] for revision in sorted(found)]


def _body(path: Path, data: bytes) -> bytes:
    with named(path):
        return read_parts(data).body


def write_version(path: Path, record: TrustRecord) -> None:
    """Writes the file of a version; one that says the same already is left.

    Raises:
        CrexError: IDENTITY if another command wrote something else under this revision.
    """
    if files.write_once(path, to_json(record.parts.to_message())):
        return
    if read_parts(path.read_bytes()).body != record.parts.body:
        raise _meanwhile(path, record.revision)


def _note(folder: Path, before: TrustRecord, after: TrustRecord, now: datetime, reason: str) -> None:
    entry = {
        "at": format_time(now),
        "revision": str(after.revision),
        "changes": ceremony.changes(before, after),
        "reason": reason,
    }
    # The version counts already; a journal that cannot be written, as on a full disk, does not undo it.
    with suppress(OSError), (folder / "trust" / _JOURNAL).open("ab") as journal:
        journal.write(orjson.dumps(entry) + b"\n")
