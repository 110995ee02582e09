"""The streams of what a person signs by command, kept beside the identity (streams.md).

One file for each stream, under a lock: the place of the next document, and the document that is about to take
it. It is written before the document is sent. Where a command ends before it hears the answer, the next one
asks the broker whether the document arrived: if so its place is taken, if not it is free again.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.errors import CrexError, RemoteError
from crex.trust import files
from crex.trust.envelope import digest
from crex.trust.streams import Position, stream_name

if TYPE_CHECKING:
    from crex import v1
    from crex.cli.party import Customer

_FOLDER: Final = "streams"
# Answers by which a broker says that it did not keep what was sent, and never will.
_FINAL: Final = frozenset(
    {
        "INVALID_ARGUMENT",
        "FAILED_PRECONDITION",
        "PERMISSION_DENIED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "OUT_OF_RANGE",
    }
)


@dataclass(frozen=True, slots=True)
class _State:
    position: Position
    pending: str = ""

    def write(self, path: Path) -> None:
        value = {
            "stream": self.position.stream,
            "sequence": self.position.sequence,
            "prev": self.position.prev,
            "pending": self.pending,
        }
        files.write_whole(path, json.dumps(value, indent=2).encode() + b"\n")


class StreamPlace:
    """The next place of a stream, while a command holds the stream."""

    def __init__(self, path: Path, state: _State) -> None:
        self._path = path
        self._state = state

    def place(self, header: v1.Header) -> v1.Header:
        """Puts the document to be signed at the next place of the stream."""
        return self._state.position.place(header)

    @contextmanager
    def sending(self, envelope: v1.Envelope) -> Iterator[None]:
        """Holds the place for a signed document while it is sent; afterwards it is taken, or free again."""
        sha256 = digest(envelope.payload)
        self._state = replace(self._state, pending=sha256)
        self._state.write(self._path)
        try:
            yield
        except RemoteError as error:
            if error.code in _FINAL:
                self._settle(taken=False)
            raise
        self._settle(taken=True)

    def _settle(self, *, taken: bool) -> None:
        position = self._state.position
        self._state = _State(position.after(self._state.pending) if taken else position)
        self._state.write(self._path)


@contextmanager
def stream_of(customer: Customer, token: str, counterparty: str) -> Iterator[StreamPlace]:
    """Holds a stream of the party, so that no other command signs into it meanwhile.

    Args:
        customer: The party.
        token: Token of the document type.
        counterparty: The other party.

    Raises:
        CrexError: IDENTITY where the file is not as this program left it.
    """
    name = stream_name(customer.authority, token, customer.broker, counterparty)
    folder = customer.folder / _FOLDER
    files.make_folder(folder)
    path = folder / f"{name.rsplit('/', 1)[-1]}.json"
    with (folder / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = _read(path, name)
        if state.pending:
            taken = _arrived(customer, state.pending)
            position = state.position.after(state.pending) if taken else state.position
            state = _State(position)
            state.write(path)
        yield StreamPlace(path, state)


def _arrived(customer: Customer, sha256: str) -> bool:
    """Tells whether the broker has a document of which no answer was heard."""
    from crex import v1

    try:
        customer.client.get_document(v1.GetDocumentRequest(sha256=sha256))
    except RemoteError as error:
        if error.reason == "NOT_FOUND":
            return False
        raise
    return True


def _read(path: Path, name: str) -> _State:
    try:
        value: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        return _State(Position(name))
    except ValueError as error:
        raise _damaged(path) from error
    try:
        state = _State(
            Position(value["stream"], int(value["sequence"]), str(value["prev"])), str(value["pending"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path) from error
    if state.position.stream != name or state.position.sequence < 1:
        raise _damaged(path)
    return state


def _damaged(path: Path) -> CrexError:
    return CrexError(
        "IDENTITY",
        "This file does not tell where the stream stands. Restore it from a backup; its number and digest "
        "are those of the last document of the stream that you signed (STREAM-SEQUENCE-1).",
        source=str(path),
    )
