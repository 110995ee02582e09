"""Follows a log: keeps the last checkpoint that it accepted, and accepts only one that grew out of it.

Invariants:

- The first checkpoint needs the log's key, too: nothing is trusted because it came first.
- The file of a log, `<folder>/<name, percent-encoded>.note`, is the signed checkpoint itself, so it is
  evidence, and is verified again when it is read. It is written whole, and only after a checkpoint was
  accepted; one process at a time reads, decides and writes.
- What is refused changes nothing (LOG-CONSISTENT-1).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from crex.errors import CrexError, TrustError
from crex.transparency.source import LogSource
from crex.transparency.state import locked
from crex.transparency.views import View, check_growth, open_view, read_view
from crex.trust.files import write_whole
from crex.trust.signed_note import NoteVerifier

# How long a reader waits for another that follows the same log, in seconds.
_WAIT_S: Final = 30.0


class Advance(NamedTuple):
    """What came of following a log.

    Attributes:
        before: What had been accepted; nothing at the first time.
        view: What is accepted now.
    """

    before: View | None
    view: View


class LogClient:
    """The memory of one reader of one log."""

    def __init__(self, folder: Path, origin: str, keys: Iterable[NoteVerifier]) -> None:
        """Opens the memory.

        Args:
            folder: Where checkpoints are kept.
            origin: Name of the log.
            keys: Its keys, from a pinned trust document.
        """
        self._file = folder / f"{quote(origin, safe='')}.note"
        self._origin = origin
        self._keys = tuple(keys)

    @property
    def file(self) -> Path:
        """Where the last checkpoint is kept."""
        return self._file

    def last(self) -> View | None:
        """Returns the last checkpoint that was accepted; nothing at the first time.

        Raises:
            TrustError: CHECKPOINT: the file was altered, or its key is no longer listed.
        """
        try:
            data = self._file.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return open_view(data, self._keys, origin=self._origin, place=str(self._file))
        except TrustError as error:
            raise TrustError(
                "CHECKPOINT",
                f"The kept checkpoint does not verify any more: {error.message} Nothing is accepted until "
                "it is restored; without it nobody would see a log go back.",
                source=str(self._file),
            ) from error

    def advance(self, source: LogSource) -> Advance:
        """Reads the latest checkpoint and keeps it if the log has only grown (LOG-CONSISTENT-1).

        Raises:
            TrustError: CHECKPOINT, with the finding and both checkpoints; nothing was changed.
            CrexError: The source cannot be read, or CONFLICT: another process follows the same log.
        """
        with locked(self._file, wait_s=_WAIT_S):
            before = self.last()
            view = read_view(source, self._keys, origin=self._origin)
            if before is not None:
                check_growth(before, view, source)
            note = str(view.note).encode()
            if before is None or view.size > before.size or note != str(before.note).encode():
                self._write(note)
            return Advance(before, view)

    def accept(self, view: View, source: LogSource) -> Advance:
        """Keeps a checkpoint that was read already, by the same rule as `advance`."""
        with locked(self._file, wait_s=_WAIT_S):
            before = self.last()
            if before is not None:
                check_growth(before, view, source)
            self._write(str(view.note).encode())
            return Advance(before, view)

    def _write(self, note: bytes) -> None:
        try:
            write_whole(self._file, note)
        except OSError as error:
            raise CrexError(
                "STORAGE_UNAVAILABLE",
                f"The checkpoint cannot be kept ({error.strerror}). Check the folder and its rights.",
                source=str(self._file),
            ) from error
