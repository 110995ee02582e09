"""The directory of pinned trust documents: which authorities are trusted here, and by which keys.

Invariants:

- An authority is trusted from an explicit `pin` on, made by somebody who knows where the document came from.
  `update` never trusts a new authority (TRUST-PIN-1).
- Revisions only go up, one by one, each signed by the thresholds of the one before and of itself
  (TRUST-UPDATE-1). An older revision, or other bytes under a pinned revision, are refused (TRUST-ROLLBACK-1).
- On disk, `<folder>/<authority>/<revision>.json` holds the envelopes as they came, and `pin.json` the
  revision and digest that were accepted last. A file changed, added or taken away later is refused when the
  folder is opened; a folder put back to an older state while a program runs, when it next pins.
- Several processes may share a folder: each pins under a lock, and takes up first what others have pinned.
- The file of a version is written before `pin.json`, and memory changes last: a crash or a full disk leaves
  the state before or the one after.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson

from crex import v1
from crex.documents.types import DocumentType
from crex.errors import TrustError
from crex.names import is_authority
from crex.trust import files, steps
from crex.trust.checks import (
    check_key_time,
    check_signatures,
    check_threshold,
    check_times,
    check_type,
    read_body,
)
from crex.trust.envelope import Parts, read_parts, to_json
from crex.trust.trust_record import USE_TRUST, KeyEntry, TrustRecord

_PIN_FILE: Final = "pin.json"
_LOCK_FILE: Final = ".lock"


class TrustDirectory:
    """Pinned trust documents by authority, in memory or also in a folder. Safe to share between threads."""

    def __init__(self) -> None:
        """Makes an empty directory in memory."""
        self._folder: Path | None = None
        self._lock = threading.Lock()
        self._versions: dict[str, dict[int, TrustRecord]] = {}
        self._current: dict[str, TrustRecord] = {}
        self._owners: dict[str, tuple[TrustRecord, ...]] = {}

    @classmethod
    def open(cls, folder: Path) -> TrustDirectory:
        """Opens a directory on disk; makes the folder where there is none.

        Raises:
            TrustError: A file is not what was pinned; its `source` names the file.
        """
        directory = cls()
        directory._folder = folder
        files.make_folder(folder)
        for place in sorted(folder.iterdir()):
            if place.is_dir() and is_authority(place.name):
                directory._load(place)
        return directory

    def pin(
        self, envelope: v1.Envelope | bytes, *, now: datetime, authority: str | None = None
    ) -> TrustRecord:
        """Trusts an authority by its trust document, or takes its next version.

        Call it for documents whose origin a person or an operator's procedure has checked.

        Args:
            envelope: The signed trust document.
            now: The time of pinning.
            authority: Whose it must be; unset: whosever it is.

        Raises:
            TrustError: It does not verify by itself or as the next version, or is older than what is pinned.
        """
        candidate = _read(read_parts(envelope))
        if authority is not None and candidate.authority != authority:
            raise steps.refusal(
                steps.MISMATCH,
                "ISSUER_MISMATCH",
                f"This is the trust document of {candidate.authority}; expected is that of {authority}. Get "
                "the right one.",
                issuer=candidate.authority,
                expected=authority,
            )
        return self._accept(candidate, now)

    def update(self, envelope: v1.Envelope | bytes, *, now: datetime) -> TrustRecord:
        """Takes the next version of a trust document that came over the network.

        Raises:
            TrustError: ISSUER if its authority is not pinned; otherwise as `pin`.
        """
        return self._accept(_read(read_parts(envelope)), now, known_only=True)

    def advance(self, envelopes: Sequence[v1.Envelope | bytes], *, now: datetime) -> TrustRecord:
        """Takes several next versions of one pinned authority at once: all of them, or none.

        Each must follow from the one before; only the last is judged by its end, for those between were valid
        in their time (TRUST-CATCHUP-1). Versions up to the pinned one are compared with what is pinned.

        Args:
            envelopes: The versions, ascending, without a gap behind the pinned one; at least one.
            now: The time of taking them.

        Returns:
            The version that is pinned then.

        Raises:
            TrustError: ISSUER if the authority is not pinned; TRUST_ROLLBACK if one of them is other bytes
                than what is pinned under its revision; otherwise as `pin`.
        """
        candidates = [_read(read_parts(envelope)) for envelope in envelopes]
        authority = candidates[0].authority
        with self._exclusive(authority):
            pinned = self._current.get(authority)
            if pinned is None:
                raise _not_pinned(authority)
            chain = [pinned]
            for at, candidate in enumerate(candidates):
                if candidate.authority == authority and candidate.revision <= chain[-1].revision:
                    known = self._versions[authority].get(candidate.revision)
                    if known is not None and known.digest != candidate.digest:
                        raise _rollback(candidate, f"other bytes are pinned as revision {candidate.revision}")
                    continue
                _check_order(chain[-1], candidate)
                _check_signed(candidate, chain[-1], now, is_last=at == len(candidates) - 1)
                chain.append(candidate)
            for record in chain[1:]:
                self._take(record)
            return chain[-1]

    def restore(self, envelope: v1.Envelope | Parts | bytes) -> TrustRecord:
        """Takes back a version that was pinned earlier and kept elsewhere: checked, but for no time.

        Args:
            envelope: The signed trust document; give the versions of one authority in their order.

        Raises:
            TrustError: It does not verify by itself or as the next version.
        """
        return self._accept(_read(read_parts(envelope)), None)

    def current(self, authority: str) -> TrustRecord | None:
        """Returns the latest pinned version of an authority's trust document; nothing if none is pinned."""
        return self._current.get(authority)

    def owners(self, keyid: str) -> tuple[TrustRecord, ...]:
        """Returns the latest pinned version of every authority that lists a key."""
        return self._owners.get(keyid, ())

    def version(self, authority: str, revision: int) -> TrustRecord | None:
        """Returns one pinned version; nothing if it is not pinned here."""
        return self._versions.get(authority, {}).get(revision)

    def authorities(self) -> tuple[str, ...]:
        """Returns the authorities that are pinned, sorted."""
        return tuple(sorted(self._current))

    def versions(self, authority: str) -> tuple[TrustRecord, ...]:
        """Returns the pinned versions of an authority's trust document, ascending."""
        return tuple(record for _, record in sorted(self._versions.get(authority, {}).items()))

    def _accept(
        self, candidate: TrustRecord, now: datetime | None, *, known_only: bool = False
    ) -> TrustRecord:
        with self._exclusive(candidate.authority):
            pinned = self._current.get(candidate.authority)
            if pinned is None and known_only:
                raise _not_pinned(candidate.authority)
            if pinned is not None and not _check_order(pinned, candidate):
                return pinned
            _check_signed(candidate, pinned, now)
            self._take(candidate)
            return candidate

    def _take(self, record: TrustRecord) -> None:
        if self._folder is not None:
            self._write(self._folder / record.authority, record)
        self._keep(record)

    @contextmanager
    def _exclusive(self, authority: str) -> Iterator[None]:
        """Keeps other threads and, on disk, other processes out; takes up first what those have pinned."""
        with self._lock:
            if self._folder is None:
                yield
                return
            with (self._folder / _LOCK_FILE).open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._catch_up(self._folder / authority)
                yield

    def _catch_up(self, place: Path) -> None:
        """Takes up what another process has pinned since; refuses a folder that was put back."""
        known = self._current.get(place.name)
        if known is None:
            if place.is_dir():
                self._load(place)
            return
        pin = _read_pin(place / _PIN_FILE)
        if pin is None or pin[0] < known.revision:
            found = "no pin" if pin is None else f"revision {pin[0]} as pinned"
            raise _tampered(place, f"revision {known.revision} was pinned, and it states {found}")
        for revision in range(known.revision, pin[0] + 1):
            path = place / f"{revision}.json"
            if not path.exists():
                raise _tampered(place, f"revision {pin[0]} is pinned and {path.name} is missing")
            record = self._read_version(path, pin)
            if revision > known.revision:
                self._accept_kept(record, path)
            elif record.digest != known.digest:
                raise _tampered(path, f"its digest is {record.digest}; pinned was {known.digest}")

    def _keep(self, record: TrustRecord) -> None:
        self._versions.setdefault(record.authority, {})[record.revision] = record
        self._current[record.authority] = record
        for keyid in record.keys:
            others = tuple(
                owner for owner in self._owners.get(keyid, ()) if owner.authority != record.authority
            )
            self._owners[keyid] = (*others, record)

    def _write(self, place: Path, record: TrustRecord) -> None:
        files.make_folder(place)
        path = place / f"{record.revision}.json"
        text = to_json(record.parts.to_message())
        # Another process may have pinned other bytes under this revision meanwhile.
        if not files.write_once(path, text) and read_parts(path.read_bytes()).body != record.parts.body:
            raise _rollback(record, f"other bytes are pinned as revision {record.revision} in {path}")
        pin = {"revision": str(record.revision), "sha256": record.digest}
        files.write_whole(place / _PIN_FILE, orjson.dumps(pin) + b"\n")

    def _load(self, place: Path) -> None:
        """Reads back one authority's folder, trusting nothing but what its own signatures bear out."""
        pin = _read_pin(place / _PIN_FILE)
        paths = [path for path in place.glob("*.json") if path.stem.isdecimal()]
        if pin is None:
            if len(paths) > 1:
                raise _tampered(place, f"it holds {len(paths)} versions and no {_PIN_FILE}")
            return  # a first pin that was interrupted: not trusted until it is pinned again
        for path in sorted(paths, key=lambda path: (len(path.stem), path.stem)):
            self._accept_kept(self._read_version(path, pin), path)
        current = self._current.get(place.name)
        if current is None or current.revision < pin[0]:
            raise _tampered(place, f"revision {pin[0]} was pinned and its file is missing")

    def _read_version(self, path: Path, pin: tuple[int, str]) -> TrustRecord:
        try:
            record = _read(read_parts(path.read_bytes()))
        except TrustError as error:
            error.source = str(path)
            raise
        if (record.authority, str(record.revision)) != (path.parent.name, path.stem):
            raise _tampered(path, f"it holds revision {record.revision} of {record.authority}")
        if record.revision == pin[0] and record.digest != pin[1]:
            raise _tampered(path, f"its digest is {record.digest}; pinned was {pin[1]}")
        return record

    def _accept_kept(self, record: TrustRecord, path: Path) -> None:
        try:
            pinned = self._current.get(record.authority)
            if pinned is not None:
                _check_order(pinned, record)
            _check_signed(record, pinned, None)
        except TrustError as error:
            error.source = str(path)
            raise
        self._keep(record)


def _read(parts: Parts) -> TrustRecord:
    doctype = DocumentType.of(v1.TrustDocument)
    check_type(parts, doctype)
    return TrustRecord.build(read_body(parts.body, doctype), parts)


def _check_order(pinned: TrustRecord, candidate: TrustRecord) -> bool:
    """Tells whether `candidate` is the next version; false if it is the pinned one."""
    if candidate.revision == pinned.revision and candidate.digest == pinned.digest:
        return False
    if candidate.revision <= pinned.revision:
        what = (
            "an older revision"
            if candidate.revision < pinned.revision
            else "other bytes of the same revision"
        )
        raise _rollback(candidate, f"revision {pinned.revision} is pinned, and this is {what}")
    if candidate.revision > pinned.revision + 1:
        raise steps.refusal(
            steps.STALE,
            "TRUST_STALE",
            f"Revision {pinned.revision} of {pinned.authority} is pinned, and revision {candidate.revision} "
            f"cannot be judged by it. Get revision {pinned.revision + 1} first; each version is signed by "
            "the one before.",
            authority=pinned.authority,
        )
    candidate.check_successor_of(pinned)
    return True


def _check_signed(
    candidate: TrustRecord, pinned: TrustRecord | None, now: datetime | None, *, is_last: bool = True
) -> None:
    """Checks signatures, thresholds and, where a time is given, the times of a trust document.

    The end of one that has a successor at hand does not count (TRUST-CATCHUP-1).
    """
    name = candidate.name
    keys = check_signatures(candidate.parts, USE_TRUST, candidate)
    signers: list[KeyEntry] = []
    for record in (pinned, candidate):
        if record is not None:
            # As this version knows them: a root key that the next version ends may still sign that version.
            counted = [record.keys[key.keyid] for key in keys if key.keyid in record.roots]
            check_threshold(USE_TRUST, record, counted)
            signers += counted
    if now is not None:
        check_times(name, candidate.issued_at, candidate.valid_until if is_last else None, now)
        for signer in signers:
            check_key_time(signer, name, candidate.issued_at, now)


def _read_pin(path: Path) -> tuple[int, str] | None:
    try:
        pin = orjson.loads(path.read_bytes())
        return int(pin["revision"]), str(pin["sha256"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise _tampered(path, "it does not state a revision and a digest") from error


def _not_pinned(authority: str) -> TrustError:
    return steps.refusal(
        steps.ISSUER,
        "ISSUER",
        f"{authority} is not trusted here yet, and a trust document cannot vouch for itself. Pin it once, "
        "from a source you trust.",
        authority=authority,
    )


def _tampered(path: Path, what: str) -> TrustError:
    return steps.refusal(
        steps.ISSUER,
        "TRUST_ROLLBACK",
        f"This folder is not as this program left it: {what}. Restore it from a backup, or remove the "
        "authority's folder and pin its trust document again from a source you trust.",
        source=str(path),
    )


def _rollback(candidate: TrustRecord, what: str) -> TrustError:
    return steps.refusal(
        steps.ISSUER,
        "TRUST_ROLLBACK",
        f"The trust document of {candidate.authority}, revision {candidate.revision}, is refused: {what}. "
        "Ask the authority which one stands; if both are its own, its keys are in the wrong hands.",
        authority=candidate.authority,
    )
