"""Where a document stands in a stream of its issuer (streams.md).

A position is drawn when a document is made and counts only once the document is kept: whoever keeps positions
writes both in one step, or notes before it sends what it is about to use up.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from crex import v1
from crex.names import parse_authority

_SLUG: Final = 16


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a stream.

    Attributes:
        stream: Name of the stream.
        sequence: The number of the next document, from 1.
        prev: Digest of the document before it, lowercase hexadecimal; empty at the first.
    """

    stream: str
    sequence: int = 1
    prev: str = ""

    def place(self, header: v1.Header) -> v1.Header:
        """Puts a document here: sets what its header says of its stream (STREAM-PREV-1)."""
        header.stream, header.sequence = self.stream, self.sequence
        if self.prev:
            header.prev = self.prev
        return header

    def after(self, digest: str) -> Position:
        """Gives the place after a document with this digest, which stands here."""
        return Position(self.stream, self.sequence + 1, digest)


def stream_name(issuer: str, token: str, *parties: str) -> str:
    """Gives the name of a stream of documents.

    The parties do not stand in it: a name may be shown where the documents are not (STREAM-NAME-1).

    Args:
        issuer: Authority that signs.
        token: Token of the document type.
        parties: The broker that keeps them, and of private documents the counterparty.

    Raises:
        InvalidName: One of the authorities is none.
    """
    about = "\n".join(map(parse_authority, parties))
    suffix = f"-{sha256(about.encode()).hexdigest()[:_SLUG]}" if parties else ""
    return f"crex://{parse_authority(issuer)}/stream/{token}{suffix}"
