"""A witness: signs, with the time, that a log which it follows has only grown, and never anything else.

Invariants:

- Of one log it signs no two trees of one size, none that is smaller than one that it signed, and none that is
  not proven to begin with it (WITNESS-GROWTH-1).
- What it signed stands on the disk before the signature leaves (WITNESS-STATE-1): a witness that dies in
  between has promised more than it said, never said more than it remembers.
- Two processes never work on one state. A state that is missing, or older than a signature of this witness
  that the log shows, is refused: a witness that forgets is worth nothing.
- Its times never go back (WITNESS-TIME-1).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, Self

import orjson

from crex.documents.times import format_time
from crex.errors import CrexError, TrustError
from crex.transparency.source import LogSource
from crex.transparency.state import locked
from crex.transparency.views import View, check_growth, read_view
from crex.trust.checkpoint import Checkpoint
from crex.trust.cosignature import check_cosignature, cosign
from crex.trust.files import write_whole
from crex.trust.signed_note import NoteKey, NoteVerifier, SignedNote

STATE_BYTES_MAX: Final = 16 << 20
_ROOT_BYTES: Final = 32


class Cosigned(NamedTuple):
    """What a witness gave out.

    Attributes:
        before: Size that it had signed before; nothing at the first time.
        view: What it signed.
        note: The checkpoint with its signature line, to be handed in.
        at: The time that it stated.
    """

    before: int | None
    view: View
    note: SignedNote
    at: datetime


@dataclass(frozen=True, slots=True)
class _Signed:
    """The last checkpoint of a log that was signed."""

    size: int
    root: bytes
    at: datetime


class Witness:
    """One witness with its state; use it as a context manager, which keeps other processes out."""

    def __init__(self, key: NoteKey, state: Path) -> None:
        """Names the parts; nothing is read yet.

        Args:
            key: Its key, of kind 4.
            state: The file of its state.
        """
        self._key = key
        self._file = state
        self._logs: dict[str, _Signed] = {}
        self._held = ExitStack()

    @classmethod
    def begin(cls, key: NoteKey, state: Path) -> None:
        """Makes the empty state of a new witness.

        Raises:
            CrexError: CONFLICT: there is one already.
        """
        with locked(state):
            if state.exists():
                raise CrexError(
                    "CONFLICT",
                    "This witness has a state already; a second beginning would forget what it signed. Go on "
                    "with it.",
                    source=str(state),
                )
            _write(state, key.name, {})

    def __enter__(self) -> Self:
        """Takes the state for itself and reads it.

        Raises:
            CrexError: CONFLICT: another process has it; IDENTITY: there is none; STORAGE_UNAVAILABLE: it is
                damaged.
        """
        self._held.enter_context(locked(self._file))
        try:
            self._logs = _read(self._file, self._key.name)
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def cosign(
        self, source: LogSource, keys: Iterable[NoteVerifier], *, origin: str, now: datetime
    ) -> Cosigned:
        """Reads the latest checkpoint of a log and signs it, if the log has only grown.

        Args:
            source: Where the log is read.
            keys: Its keys, from a pinned trust document.
            origin: Its name.
            now: The time that is stated, aware.

        Raises:
            TrustError: CHECKPOINT, with the finding; nothing was signed. TRUST_ROLLBACK: the state is older
                than a signature of this witness.
            CrexError: CLOCK_BACKWARDS: the clock stands before the last signature.
        """
        view = read_view(source, keys, origin=origin)
        signed = self._logs.get(origin)
        self._check_remembers(view, signed)
        now = now.astimezone(UTC).replace(microsecond=0)
        if signed is not None:
            if now < signed.at:
                raise CrexError(
                    "CLOCK_BACKWARDS",
                    f"The clock says {format_time(now)}, and {self._key.name} signed at "
                    f"{format_time(signed.at)}. Its word on time is worthless unless its clock is right: "
                    "correct it.",
                )
            check_growth(_view_of(origin, signed, self._key.name), view, source)
        self._logs[origin] = _Signed(view.size, view.root, now)
        _write(self._file, self._key.name, self._logs)  # before the signature exists (WITNESS-STATE-1)
        line = cosign(view.note, self._key, now=now)
        others = [one for one in view.note.signatures if one.name == origin]
        note = SignedNote(view.note.text, (*others, line))
        return Cosigned(signed.size if signed is not None else None, view, note, now)

    def _check_remembers(self, view: View, signed: _Signed | None) -> None:
        """Refuses where the log shows a signature of this witness that its state does not know."""
        for line in view.note.by(self._key.verifier):
            try:
                at = check_cosignature(view.note, line, self._key.verifier)
            except TrustError:
                continue  # somebody's forgery, which is no word of ours
            if signed is None or at > signed.at or view.size > signed.size:
                raise TrustError(
                    "TRUST_ROLLBACK",
                    f"{view.place} shows a signature of {self._key.name} from {format_time(at)} at size "
                    f"{view.size}, which this state does not know: it was restored from an old copy, or "
                    "another process signs with this key. Find the newest state; if there is none, make a "
                    "new key.",
                    source=str(self._file),
                )


def _view_of(origin: str, signed: _Signed, name: str) -> View:
    """Writes what a witness remembers as a view; nobody verifies a signature of it."""
    checkpoint = Checkpoint(origin, signed.size, signed.root)
    return View(checkpoint, SignedNote(checkpoint.text, ()), f"the state of {name}")


def _read(file: Path, name: str) -> dict[str, _Signed]:
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise CrexError(
            "IDENTITY",
            f"The state of {name} is not here. A witness without memory could sign two different trees: find "
            "the file, or begin a new witness with --new.",
            source=str(file),
        ) from None
    try:
        value = orjson.loads(data if len(data) <= STATE_BYTES_MAX else b"")
        if value["witness"] != name:
            raise ValueError(f"it belongs to {value['witness']}")
        return {origin: _signed(entry) for origin, entry in value["logs"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise CrexError(
            "STORAGE_UNAVAILABLE",
            f"The file is not the state of {name} ({error}). Restore it from the newest copy; do not begin "
            "anew under the same key.",
            source=str(file),
        ) from error


def _signed(entry: Mapping[str, object]) -> _Signed:
    size, root, seconds = entry["size"], entry["root"], entry["time"]
    if not isinstance(size, int) or not isinstance(root, str) or not isinstance(seconds, int) or size < 0:
        raise ValueError("an entry is not size, root and time")
    try:
        raw = b64decode(root, validate=True)
    except Base64Error as error:
        raise ValueError("a root is not base64") from error
    if len(raw) != _ROOT_BYTES:
        raise ValueError("a root has not 32 bytes")
    return _Signed(size, raw, datetime.fromtimestamp(seconds, UTC))


def _write(file: Path, name: str, logs: Mapping[str, _Signed]) -> None:
    value = {
        "witness": name,
        "logs": {
            origin: {
                "size": one.size,
                "root": b64encode(one.root).decode("ascii"),
                "time": int(one.at.timestamp()),
            }
            for origin, one in logs.items()
        },
    }
    try:
        write_whole(file, orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n", mode=0o600)
    except OSError as error:
        raise CrexError(
            "STORAGE_UNAVAILABLE",
            f"The state cannot be written ({error.strerror}), so nothing is signed. Check the disk.",
            source=str(file),
        ) from error
