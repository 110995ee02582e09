"""Status lists as a reader keeps them: which documents their issuers have taken back, and since when.

Invariants:

- Only verified lists stand here: signed by a pinned issuer that names the list in its trust document
  (STATUS-LIST-1).
- Revisions only go up (STATUS-MONOTONIC-1), and a revocation is never taken back (STATUS-KEEP-1).
- Whoever asks about a place gets an answer from a list that may still be relied on, or STATUS_STALE
  (STATUS-CLOSED-1). There is no answer "probably not".
- In a folder, `<authority>/<name>.json` holds each list as it came. What is there is verified again when the
  folder is opened; a list that has ended since answers nothing, and still keeps older ones out.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

import orjson

from crex import v1
from crex.documents.convert import from_duration, from_timestamp
from crex.documents.status_rules import is_set, read_bits
from crex.documents.times import format_time
from crex.errors import InvalidName, TrustError
from crex.names import Name, authority_of
from crex.trust import files, steps
from crex.trust.checks import PinnedTrust, StatusSource
from crex.trust.envelope import Parts, digest, read_parts, to_json
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope

# Since when a place is revoked whose list does not say: for all time (STATUS-TIME-1).
FROM_THE_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
# Bytes of bits that are kept, for all issuers and for one: a list has 16 KiB to 1 MiB, and an issuer that
# names the most lists of the greatest size must not take the room of the others.
MAX_BYTES: Final = 256 << 20
MAX_ISSUER_BYTES: Final = 64 << 20

__all__ = ["FROM_THE_BEGINNING", "StatusLists", "StatusRecord", "StatusSource"]

_STEP: Final = steps.STATUS.number
_LOCK_FILE: Final = ".lock"
# Refusals by which a kept list has only become old, its key unfit or room scarce since it was accepted.
_AGED: Final = frozenset({"EXPIRED", "TRUST_STALE", "KEY_TIME", "KEY_REVOKED", "ISSUER", "LIMIT"})


@dataclass(frozen=True, slots=True)
class StatusRecord:
    """One revision of a status list, verified.

    Attributes:
        name: Its name.
        issuer: Whose it is.
        revision: Its revision, from 1.
        digest: SHA-256 of its body.
        size: Number of places.
        issued_at: When it was issued.
        valid_until: End of its validity, exclusive.
        ttl: How long it may be relied on from `issued_at`.
        keyids: Names of the keys that signed it.
        entries: Since when places are revoked for which that is stated.
        parts: The envelope.
    """

    name: str
    issuer: str
    revision: int
    digest: str
    size: int
    issued_at: datetime
    valid_until: datetime
    ttl: timedelta
    keyids: tuple[str, ...]
    entries: Mapping[int, datetime] = field(repr=False)
    parts: Parts = field(repr=False)
    _bits: bytes = field(repr=False)

    @classmethod
    def of(cls, opened: Verified[v1.StatusList]) -> Self:
        """Builds the record of a verified list."""
        message = opened.message
        bits = read_bits(message.bits, message.size)
        if bits is None:  # the reader has checked it: STATUS-BITS-1
            raise AssertionError(f"the bits of {opened.id} do not have the size that was checked")
        return cls(
            name=opened.id,
            issuer=opened.issuer,
            revision=opened.revision,
            digest=opened.digest,
            size=message.size,
            issued_at=from_timestamp(message.header.issued_at),
            valid_until=from_timestamp(message.header.valid_until),
            ttl=from_duration(message.ttl),
            keyids=opened.keyids,
            entries={entry.index: from_timestamp(entry.revoked_at) for entry in message.entries},
            parts=read_parts(opened.envelope),
            _bits=bits,
        )

    @property
    def nbytes(self) -> int:
        """Bytes of its bits in memory."""
        return len(self._bits)

    @property
    def revoked(self) -> int:
        """How many places are revoked."""
        return int.from_bytes(self._bits).bit_count()

    def indices(self) -> Iterator[int]:
        """Gives the places that are revoked, ascending."""
        for at, byte in enumerate(self._bits):
            if byte:
                yield from (at * 8 + bit for bit in range(8) if byte >> bit & 1)

    def is_young(self, now: datetime) -> bool:
        """Tells whether it may still be relied on (STATUS-TTL-1)."""
        return now < self.valid_until and now - self.issued_at <= self.ttl

    def since(self, index: int) -> datetime | None:
        """Tells since when a place below `size` is revoked (STATUS-TIME-1); nothing where it is not."""
        if not is_set(self._bits, index):
            return None
        return self.entries.get(index, FROM_THE_BEGINNING)

    def check_successor_of(self, earlier: StatusRecord) -> None:
        """Checks that nothing that was revoked is so no longer, or only later (STATUS-KEEP-1).

        Raises:
            TrustError: TRUST_ROLLBACK.
        """
        before, after = int.from_bytes(earlier._bits, "little"), int.from_bytes(self._bits, "little")
        cleared = before & ~after
        if self.size < earlier.size or cleared:
            place = (cleared & -cleared).bit_length() - 1
            what = f"place {place} is revoked no more" if cleared else f"it has {self.size} places only"
            raise _rollback(self, f"revision {earlier.revision} is known here, and against it {what}")
        for index, since in self.entries.items():
            stood = earlier.since(index) if index < earlier.size else None
            if stood is not None and since > stood:
                raise _rollback(
                    self,
                    f"it moves the revocation of place {index} to a later time than revision "
                    f"{earlier.revision} states",
                )


class StatusLists:
    """Verified status lists by name, in memory or also in a folder. Safe to share between threads."""

    def __init__(self) -> None:
        """Makes an empty collection in memory."""
        self._folder: Path | None = None
        self._lock = threading.Lock()
        self._lists: dict[str, tuple[StatusRecord, PinnedTrust]] = {}
        # Revision and digest seen last, of lists that answer nothing any more, too.
        self._seen: dict[str, tuple[int, str]] = {}

    @classmethod
    def open(cls, folder: Path, trust: PinnedTrust, *, now: datetime) -> Self:
        """Opens the lists that a folder keeps; makes the folder where there is none.

        Args:
            folder: The folder.
            trust: The pinned trust documents, by which every list is verified again.
            now: The time of opening. A list that has ended by then only keeps older ones out.

        Raises:
            TrustError: A file holds no list that ever verified, or another than its place says; its `source`
                names the file.
        """
        lists = cls()
        lists._folder = folder
        files.make_folder(folder)
        for path in sorted(folder.glob("*/*.json")):
            try:
                lists._load(path, trust, now)
            except TrustError as error:
                error.source = str(path)
                raise
        return lists

    def accept(self, envelope: v1.Envelope | bytes, trust: PinnedTrust, now: datetime) -> StatusRecord:
        """Takes in a list, or a higher revision of it; the same bytes again change nothing.

        Args:
            envelope: The signed list, as wire message or in file form.
            trust: The pinned trust documents; the issuer's must be among them, and name the list.
            now: The time of the verification.

        Raises:
            TrustError: It does not verify; STATUS_STALE: its issuer's trust document does not name it, or
                its time to live is over; TRUST_ROLLBACK: a higher revision, other bytes under this one, or a
                revocation that it takes back is known; LIMIT: there is no room for it.
        """
        return self.take(open_envelope(envelope, v1.StatusList, trust, now=now), trust, now)

    def take(self, opened: Verified[v1.StatusList], trust: PinnedTrust, now: datetime) -> StatusRecord:
        """Takes in a list that was opened by `trust` for `now`; otherwise as `accept`."""
        record = StatusRecord.of(opened)
        _check_named(record.issuer, record.name, trust)
        with self._lock, self._writing():
            if self._folder is not None:
                self._see_folder(record.name)
            if self._check_order(record):
                self._check_room(record)
                if not record.is_young(now):
                    raise _stale(record.name, record.issuer, _over(record))
                if self._folder is not None:
                    path = _path(self._folder, record.name)
                    files.make_folder(path.parent)
                    files.write_whole(path, to_json(record.parts.to_message()))
            self._lists[record.name] = record, trust
            self._seen[record.name] = record.revision, record.digest
        return record

    def restore(self, envelope: v1.Envelope | bytes, trust: PinnedTrust, now: datetime) -> None:
        """Takes back a list that was accepted earlier and kept elsewhere.

        A list that has ended since, or whose key has, answers nothing and still keeps older ones out.

        Raises:
            TrustError: It never verified.
        """
        parts = read_parts(envelope)
        revision, seen, name = _seen_of(parts.body)
        try:
            record = StatusRecord.of(open_envelope(parts, v1.StatusList, trust, now=now))
            self._check_room(record)
        except TrustError as error:
            if error.reason not in _AGED:
                raise
            record = None  # of it only the revision is known from here on
        with self._lock:
            if revision >= self._seen.get(name, (0, ""))[0]:
                self._seen[name] = revision, seen
                if record is not None:
                    self._lists[name] = record, trust

    def get(self, name: str) -> StatusRecord | None:
        """Gives the revision of a list that is known, young enough or not."""
        known = self._lists.get(name)
        return None if known is None else known[0]

    def file_of(self, name: str) -> Path | None:
        """Gives the file in which a list is kept, in the form in which it came; nothing in memory."""
        return None if self._folder is None else _path(self._folder, name)

    def names(self) -> tuple[str, ...]:
        """Gives the names of the lists that are known, sorted."""
        return tuple(sorted(self._lists))

    def revoked_since(self, issuer: str, list_id: str, index: int, *, now: datetime) -> datetime | None:
        """Tells since when a place is revoked; nothing where it is not.

        Args:
            issuer: Authority that issued the document which refers to the place.
            list_id: Name of the list.
            index: The place, from 0.
            now: The time of the question.

        Returns:
            The time, which may lie in the past or in the future; `FROM_THE_BEGINNING` where none is stated.

        Raises:
            TrustError: STATUS_STALE: no list that may be relied on answers: it is another authority's, or
                unknown, or named by its issuer's trust document no more, or too old, or its key was revoked
                since, or it has no such place (STATUS-CLOSED-1).
        """
        if authority_of(list_id) != issuer:
            raise _stale(
                list_id, issuer, f"it is no list of {issuer}, and nobody else takes back what it signs"
            )
        known = self._lists.get(list_id)
        if known is None:
            raise _stale(list_id, issuer, "it is not known here")
        record, trust = known
        _check_named(issuer, list_id, trust)
        if not record.is_young(now):
            raise _stale(list_id, issuer, _over(record))
        if _is_key_fallen(record, trust, now):
            raise _stale(list_id, issuer, f"a key that signed revision {record.revision} is in use no more")
        if not 0 <= index < record.size:
            raise _stale(list_id, issuer, f"it has {record.size} places, and {index} is none of them")
        return record.since(index)

    def _check_order(self, record: StatusRecord) -> bool:
        """Tells whether a list is a higher revision than is known; false where it is the known one."""
        revision, seen = self._seen.get(record.name, (0, ""))
        if record.revision < revision:
            raise _rollback(record, f"revision {revision} is known here, and this is an older one")
        if record.revision == revision and record.digest != seen:
            raise _rollback(record, f"other bytes are known here as revision {revision}")
        known = self._lists.get(record.name)
        if known is not None and record.revision > known[0].revision:
            record.check_successor_of(known[0])
        return record.revision > revision

    def _check_room(self, record: StatusRecord) -> None:
        others = [one for one, _ in list(self._lists.values()) if one.name != record.name]
        taken = sum(one.nbytes for one in others)
        by_issuer = sum(one.nbytes for one in others if one.issuer == record.issuer)
        if taken + record.nbytes > MAX_BYTES or by_issuer + record.nbytes > MAX_ISSUER_BYTES:
            raise TrustError(
                "LIMIT",
                f"There is no room for {record.name}: {by_issuer >> 20} MiB of lists of {record.issuer} and "
                f"{taken >> 20} MiB of all issuers are kept. Keep fewer or smaller lists.",
                step=_STEP,
                details={"step": str(_STEP), "list": record.name},
            )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Keeps other processes from writing the folder meanwhile."""
        if self._folder is None:
            yield
            return
        handle = os.open(self._folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _see_folder(self, name: str) -> None:
        """Takes note of a revision that another process has written since."""
        if self._folder is None:
            return
        path = _path(self._folder, name)
        if path.exists():
            revision, seen, _ = _peek(path)
            if revision > self._seen.get(name, (0, ""))[0]:
                self._seen[name] = revision, seen

    def _load(self, path: Path, trust: PinnedTrust, now: datetime) -> None:
        _, _, name = _peek(path)
        if self._folder is None or path != _path(self._folder, name):
            raise _rollback_of_file(f"it holds {name}")
        self.restore(path.read_bytes(), trust, now)


def _check_named(issuer: str, name: str, trust: PinnedTrust) -> None:
    """Refuses a list that its issuer's trust document does not name (STATUS-LIST-1)."""
    pinned = trust.current(issuer)
    if pinned is None:
        raise _stale(name, issuer, f"no trust document of {issuer} is pinned")
    if name not in pinned.status_lists:
        why = f"the trust document of {issuer}, revision {pinned.revision}, does not name it"
        fix = f"Get the newest trust document of {issuer}; its issuer names the list there before it uses it"
        raise _stale(name, issuer, why, fix)


def _is_key_fallen(record: StatusRecord, trust: PinnedTrust, now: datetime) -> bool:
    """Tells whether a key that signed a list was revoked, or has ended, since it was verified."""
    for keyid in record.keyids:
        entries = [owner.keys[keyid] for owner in trust.owners(keyid)]
        ends = [entry.not_after for entry in entries] + [entry.revoked_at for entry in entries]
        if not entries or any(end is not None and now >= end for end in ends):
            return True
    return False


def _path(folder: Path, name: str) -> Path:
    """Gives the file of a list: a name's segments have no `~`, so that no two names share one."""
    parsed = Name.parse(name)
    return (
        folder / parsed.authority / ("~".join(f"{kind}~{each}" for kind, each in parsed.segments) + ".json")
    )


def _peek(path: Path) -> tuple[int, str, str]:
    """Reads revision, digest and name of a kept list, unverified."""
    return _seen_of(read_parts(path.read_bytes()).body)


def _seen_of(body: bytes) -> tuple[int, str, str]:
    try:
        header = orjson.loads(body)["header"]
        return int(header["revision"]), digest(body), str(Name.parse(header["id"]))
    except (ValueError, KeyError, TypeError, InvalidName) as error:
        raise _rollback_of_file("it holds no status list") from error


def _over(record: StatusRecord) -> str:
    if record.ttl < record.valid_until - record.issued_at:
        return (
            f"revision {record.revision} was issued at {format_time(record.issued_at)} and may be relied on "
            f"for {record.ttl.total_seconds():.0f} s"
        )
    return f"revision {record.revision} was valid until {format_time(record.valid_until)}"


def _stale(name: str, issuer: str, why: str, fix: str = "") -> TrustError:
    fix = fix or f"Get the newest revision of the list from {issuer}"
    return steps.refusal(
        steps.STATUS,
        "STATUS_STALE",
        f"The status list {name} does not show that a document is not revoked: {why}. {fix}; until then what "
        "refers to it does not count (STATUS-CLOSED-1).",
        list=name,
        issuer=issuer,
    )


def _rollback(record: StatusRecord, why: str) -> TrustError:
    return TrustError(
        "TRUST_ROLLBACK",
        f"The status list {record.name}, revision {record.revision}, is refused: {why}. Ask {record.issuer} "
        "which one stands; if both are its own, its keys are in the wrong hands (STATUS-MONOTONIC-1).",
        step=_STEP,
        details={"step": str(_STEP), "list": record.name, "issuer": record.issuer},
    )


def _rollback_of_file(what: str) -> TrustError:
    return TrustError(
        "TRUST_ROLLBACK",
        f"This file is not as this program left it: {what}. Remove it, and get the list again from its "
        "issuer.",
        step=_STEP,
        details={"step": str(_STEP)},
    )
