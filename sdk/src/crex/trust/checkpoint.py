"""Checkpoints (C2SP tlog-checkpoint): the size and root of a log at one moment, as the text of a signed note.

Exactly three lines: the log's name, its size, the base64 of its root. Lines beyond those are allowed by the
format and by nothing here: nobody could hold them to anything (LOG-CHECKPOINT-1).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from crex.errors import TrustError
from crex.trust.merkle import EMPTY_ROOT
from crex.trust.signed_note import NAME_CHARS_MAX, NoteKey, NoteVerifier, SignedNote

SIZE_MAX: Final = 2**63 - 1
_SIZE = re.compile("0|[1-9][0-9]{0,18}")
_LINES: Final = 4  # three lines and what follows the last newline
_ROOT_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log at one size.

    Attributes:
        origin: Name of the log, `<authority>/log`.
        size: Number of leaves.
        root: Root of the tree over them, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Reads the text of a checkpoint, without its signatures.

        Raises:
            TrustError: CHECKPOINT if it is not exactly name, size and root.
        """
        lines = text.split("\n") if len(text) <= 2 * NAME_CHARS_MAX else []
        if len(lines) != _LINES or lines[-1] or not 0 < len(lines[0]) <= NAME_CHARS_MAX:
            raise _malformed("it is not three lines: the name of the log, its size, its root")
        if not _SIZE.fullmatch(lines[1]) or int(lines[1]) > SIZE_MAX:
            raise _malformed("its second line is not a size in decimal, at most 2^63 - 1")
        try:
            root = b64decode(lines[2], validate=True)
        except (Base64Error, ValueError):
            root = b""
        if len(root) != _ROOT_BYTES or b64encode(root).decode("ascii") != lines[2]:
            raise _malformed("its third line is not the base64 of a root of 32 bytes in its one spelling")
        size = int(lines[1])
        if size == 0 and root != EMPTY_ROOT:
            raise _malformed("its root is not that of an empty tree, and its size is 0")
        return cls(lines[0], size, root)

    @classmethod
    def open(cls, note: str | bytes | SignedNote, verifiers: Iterable[NoteVerifier]) -> Checkpoint:
        """Reads a signed checkpoint and checks that its own log signed it (LOG-CHECKPOINT-1).

        Args:
            note: The signed note.
            verifiers: The keys of logs that are trusted; those count that have the name of this log.

        Raises:
            TrustError: CHECKPOINT if it is no checkpoint, of another log, or not signed by a key of its log.
        """
        signed = note if isinstance(note, SignedNote) else SignedNote.parse(note)
        checkpoint = cls.parse(signed.text)
        signed.check_signed([verifier for verifier in verifiers if verifier.name == checkpoint.origin])
        return checkpoint

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode('ascii')}\n"

    @property
    def authority(self) -> str:
        """Authority whose log it is: what stands before the first slash of its name."""
        return self.origin.partition("/")[0]

    def sign(self, key: NoteKey) -> SignedNote:
        """Returns the checkpoint signed by the log's key, which has the log's name.

        Raises:
            ValueError: The key has another name, or is no key of notes.
        """
        if key.name != self.origin:
            raise ValueError(f"Key {key.name} cannot sign a checkpoint of {self.origin}.")
        return SignedNote(self.text, (key.sign(self.text),))

    def __str__(self) -> str:
        return f"{self.origin} size {self.size} root {self.root.hex()}"


def _malformed(what: str) -> TrustError:
    return TrustError(
        "CHECKPOINT",
        f"This is not a checkpoint: {what}. Get it again from where it came, or tell the log's operator.",
    )
