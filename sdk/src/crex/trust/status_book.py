"""The issuer's side of a status list: which places are given out, which are revoked, and the next revision.

A book is private to its issuer: that a place is given out tells of a document, and who could read the book
could tell how many there are. A published list shows the revoked places only. Places are drawn at random, so
that documents of one day or one customer do not stand beside each other, and at most half of them are ever
given out, so that a place tells nothing about how many others are in use.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from crex import v1
from crex.documents import convert, strict
from crex.documents.status_rules import SIZE_MAX, SIZE_MIN, is_set, read_bits
from crex.documents.times import format_duration, format_time, parse_duration, parse_time
from crex.errors import CrexError, InvalidName, InvalidScalar
from crex.names import Name, parse_token
from crex.trust import files

TTL: Final = timedelta(hours=24)
VALID_FOR: Final = timedelta(days=30)
# Most entries with a time in one list, and the greatest compressed size, as the contract states them.
ENTRIES_MAX: Final = 4096
COMPRESSED_MAX: Final = 700_000
# A book of the largest list: two bitmaps in base64, dates and reasons.
_BOOK_BYTES_MAX: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Revocation:
    """Since when, and why, a place is revoked.

    Attributes:
        since: Since when; nothing: for all time.
        reason: Token of the reason; empty if none is stated.
    """

    since: datetime | None = None
    reason: str = ""


@dataclass(slots=True)
class StatusListBuilder:
    """The book of one status list.

    Attributes:
        name: Name of the list, under the issuer's authority.
        size: Number of places, a multiple of 8.
        ttl: How long readers may rely on a revision.
        revision: Revision that was built last; 0 before the first.
        revoked: Revoked places with what is stated of each.
    """

    name: str
    size: int = SIZE_MIN
    ttl: timedelta = TTL
    revision: int = 0
    revoked: dict[int, Revocation] = field(default_factory=dict)
    _allotted: bytearray = field(default_factory=bytearray, repr=False)

    def __post_init__(self) -> None:
        """Checks what was given.

        Raises:
            CrexError: The name is none, or the size or the time to live is out of bounds.
        """
        Name.parse(self.name)
        if not SIZE_MIN <= self.size <= SIZE_MAX or self.size % 8:
            raise CrexError(
                "LIMIT",
                f"A status list has {SIZE_MIN} to {SIZE_MAX} places, a multiple of 8; not {self.size} "
                "(STATUS-SIZE-1).",
            )
        if self.ttl < timedelta(seconds=1):
            raise CrexError("LIMIT", "A list must be good for a second at least (STATUS-TTL-1).")
        self._allotted = self._allotted or bytearray(self.size // 8)

    @property
    def issuer(self) -> str:
        """Authority whose list it is."""
        return Name.parse(self.name).authority

    @property
    def allotted(self) -> int:
        """How many places are given out."""
        return int.from_bytes(self._allotted).bit_count()

    def is_allotted(self, index: int) -> bool:
        """Tells whether a place is given out."""
        return 0 <= index < self.size and is_set(self._allotted, index)

    def allot(self, *, draw: Callable[[int], int] = secrets.randbelow) -> v1.StatusReference:
        """Gives out a place, at random among the free ones, and never again (STATUS-ALLOT-1).

        Args:
            draw: Draws a number below its argument; other than at random only in tests.

        Raises:
            CrexError: LIMIT: half of the places are given out.
        """
        if self.allotted * 2 >= self.size:
            raise CrexError(
                "LIMIT",
                f"Half of the {self.size} places of {self.name} are given out. Begin another list: places "
                "drawn from the few that are left would tell who came late (STATUS-ALLOT-1).",
                details={"list": self.name},
            )
        # At most half are taken, so that two draws suffice on average.
        index = draw(self.size)
        while is_set(self._allotted, index):
            index = draw(self.size)
        self._allotted[index >> 3] |= 1 << (index & 7)
        return v1.StatusReference(list=self.name, index=index)

    def revoke(self, index: int, *, since: datetime | None = None, reason: str = "") -> None:
        """Revokes what refers to a place; again only from an earlier time on (STATUS-KEEP-1).

        Args:
            index: The place.
            since: Since when, in whole milliseconds; may lie in the past. None: for all time, as where the
                key was in wrong hands from the beginning.
            reason: Token of the reason, such as `compromise`, `superseded` or `withdrawn`; may be empty.

        Raises:
            CrexError: NOT_FOUND: the place was never given out; CONFLICT: it is revoked since an earlier
                time.
            InvalidName: The reason is no token.
        """
        if not self.is_allotted(index):
            raise CrexError(
                "NOT_FOUND",
                f"Place {index} of {self.name} was never given out. The place of a document stands in its "
                "header, under `status`.",
                details={"list": self.name, "index": str(index)},
            )
        if reason:
            parse_token(reason)
        known = self.revoked.get(index)
        if known is not None and (known.since is None or (since is not None and since > known.since)):
            when = "all time" if known.since is None else format_time(known.since)
            raise CrexError(
                "CONFLICT",
                f"Place {index} of {self.name} is revoked for {when} already; a revocation is never moved to "
                "a later time (STATUS-KEEP-1).",
                details={"list": self.name, "index": str(index)},
            )
        if since is not None:
            format_time(since)  # refused here rather than when the list is signed
        self.revoked[index] = Revocation(since, reason)

    def build(self, *, now: datetime, valid_for: timedelta = VALID_FOR) -> v1.StatusList:
        """Builds the next revision, to be signed by whoever holds a key for `status-list`.

        A list states a time for at most 4,096 places. Where more have one, those that were revoked longest
        ago lose it, and count as revoked for all time: towards caution.

        Args:
            now: When it is issued, in whole milliseconds.
            valid_for: How long it is valid at most; readers ask anew after `ttl`.

        Raises:
            CrexError: LIMIT: so many places are revoked that the list no longer fits into a document.
        """
        bits = bytearray(self.size // 8)
        for index in self.revoked:
            bits[index >> 3] |= 1 << (index & 7)
        compressed = zlib.compress(bytes(bits), 9)
        if len(compressed) > COMPRESSED_MAX:
            raise CrexError(
                "LIMIT",
                f"{len(self.revoked)} of {self.size} places of {self.name} are revoked, which is more than a "
                "document holds. Issue what is left under another list.",
                details={"list": self.name},
            )
        self._forget_oldest()
        self.revision += 1
        return v1.StatusList(
            header=v1.Header(
                id=self.name,
                revision=self.revision,
                issuer=self.issuer,
                issued_at=convert.to_timestamp(now),
                valid_until=convert.to_timestamp(now + valid_for),
            ),
            size=self.size,
            bits=compressed,
            ttl=convert.to_duration(self.ttl),
            entries=[_entry(index, self.revoked[index]) for index in self._dated()],
        )

    def _dated(self) -> list[int]:
        return sorted(index for index, revocation in self.revoked.items() if revocation.since is not None)

    def _forget_oldest(self) -> None:
        dated = [(one.since, index) for index, one in self.revoked.items() if one.since is not None]
        for _, index in sorted(dated)[: max(0, len(dated) - ENTRIES_MAX)]:
            self.revoked[index] = Revocation(None, self.revoked[index].reason)

    def dump(self) -> bytes:
        """Writes the book as strict JSON."""
        revoked = [_revocation_json(index, self.revoked[index]) for index in sorted(self.revoked)]
        value = {
            "name": self.name,
            "size": str(self.size),
            "ttl": format_duration(self.ttl),
            "revision": str(self.revision),
            "allotted": b64encode(zlib.compress(bytes(self._allotted), 9)).decode("ascii"),
            "revoked": revoked,
        }
        return orjson.dumps(value) + b"\n"

    @classmethod
    def load(cls, text: bytes) -> StatusListBuilder:
        """Reads a book back.

        Raises:
            CrexError: SCHEMA: it is none, or contradicts itself.
        """
        try:
            value = strict.loads(text, max_bytes=_BOOK_BYTES_MAX)
            book = cls(
                name=value["name"],
                size=int(value["size"]),
                ttl=parse_duration(value["ttl"]),
                revision=int(value["revision"]),
                revoked={int(one["index"]): _revocation(one) for one in value["revoked"]},
            )
            allotted = read_bits(b64decode(value["allotted"], validate=True), book.size)
        except (KeyError, TypeError, ValueError, InvalidName, InvalidScalar, CrexError) as error:
            raise _damaged(str(error)) from error
        if allotted is None or book.revision < 0:
            raise _damaged("its places or its revision cannot be")
        book._allotted = bytearray(allotted)
        _check_revoked(book, book.revoked)
        return book

    @classmethod
    def open(cls, path: Path) -> StatusListBuilder:
        """Reads the book of a file, which only its owner may read.

        Raises:
            CrexError: It cannot be read, others can read it, or it is no book; its `source` names the file.
        """
        try:
            return cls.load(files.read_secret(path))
        except CrexError as error:
            error.source = str(path)
            raise

    def save(self, path: Path) -> None:
        """Writes the book to a file that only its owner may read, whole."""
        files.make_folder(path.parent)
        files.write_whole(path, self.dump(), mode=files.SECRET_MODE)

    @classmethod
    @contextmanager
    def editing(cls, path: Path) -> Iterator[StatusListBuilder]:
        """Opens the book of a file, and saves what was changed where nothing is raised.

        Meanwhile no other process can do the same: two of them would give out one place twice, or one
        revision to two lists.

        Raises:
            CrexError: As `open`.
        """
        handle = _locked(path)
        try:
            book = cls.open(path)
            before = book.dump()
            yield book
            if book.dump() != before:
                book.save(path)
        finally:
            os.close(handle)


def _locked(path: Path) -> int:
    try:
        handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CrexError(
            "NOT_FOUND", f"There is no such folder to keep a book in ({error.strerror}).", source=str(path)
        ) from error
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def _entry(index: int, revocation: Revocation) -> v1.StatusEntry:
    entry = v1.StatusEntry(index=index)
    if revocation.since is not None:
        entry.revoked_at.CopyFrom(convert.to_timestamp(revocation.since))
    if revocation.reason:
        entry.reason = revocation.reason
    return entry


def _revocation_json(index: int, revocation: Revocation) -> dict[str, str]:
    value = {"index": str(index)}
    if revocation.since is not None:
        value["since"] = format_time(revocation.since)
    if revocation.reason:
        value["reason"] = revocation.reason
    return value


def _revocation(value: dict[str, Any]) -> Revocation:
    since = value.get("since")
    return Revocation(None if since is None else parse_time(since), str(value.get("reason", "")))


def _check_revoked(book: StatusListBuilder, revoked: Iterable[int]) -> None:
    for index in revoked:
        if not book.is_allotted(index):
            raise _damaged(f"place {index} is revoked and was never given out")


def _damaged(what: str) -> CrexError:
    return CrexError(
        "SCHEMA",
        f"This is no book of a status list: {what}. Restore it from a backup: a book that is made anew would "
        "give out places a second time.",
    )
