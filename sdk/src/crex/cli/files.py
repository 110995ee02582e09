"""Documents in files: signed envelopes, and bodies that are still to be signed."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crex import v1
from crex.documents import strict
from crex.documents.types import DocumentType, document_type, document_type_of_payload
from crex.errors import CrexError, DocumentError, named
from crex.names import Name
from crex.trust.envelope import from_json
from crex.trust.files import write_whole

_MAX_BYTES: Final = 2 << 20
# The type segment of a name, where it is not the document's own token.
_TOKENS: Final = {
    "trust": "trust-document",
    "node-class": "compute-resource",
    "partition-class": "compute-resource",
    "pool": "compute-resource",
    "order": "order-document",
    "link": "network-link",
}


@dataclass(frozen=True, slots=True)
class Paper:
    """What a file holds.

    Attributes:
        path: The file.
        doctype: Type of its document.
        body: The document's bytes.
        envelope: The envelope; nothing where the body is not signed yet.
    """

    path: Path
    doctype: DocumentType
    body: bytes
    envelope: v1.Envelope | None


def read_bytes(path: Path, limit: int = _MAX_BYTES, advice: str = "No document is.") -> bytes:
    """Reads a file, or standard input for `-`.

    Args:
        path: The file.
        limit: Most bytes that it may have.
        advice: What to do with a larger one, as a sentence.

    Raises:
        CrexError: NOT_FOUND or LIMIT.
    """
    try:
        if str(path) == "-":
            if sys.stdin is None:  # Python has none where the program was started without one
                raise OSError(errno.EBADF, "there is no standard input")
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with path.open("rb") as file:
                data = file.read(limit + 1)
    except OSError as error:
        raise CrexError(
            "NOT_FOUND", f"The file cannot be read ({error.strerror}). Name another.", source=str(path)
        ) from error
    if len(data) > limit:
        most = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit >> 10} KiB"
        raise CrexError("LIMIT", f"The file is larger than {most}. {advice}", source=str(path))
    return data


def write_file(path: Path, data: bytes) -> None:
    """Writes a file whole, and the folders above it.

    A link is followed. What is no plain file, such as a pipe or a device, is written to and stays what it is.

    Raises:
        CrexError: STORAGE_UNAVAILABLE: it cannot be written, as on a full disk; nothing of it is left.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                file.write(data)
            return
        place = Path(os.path.realpath(path)) if path.is_symlink() else path
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, data)
    except OSError as error:
        raise CrexError(
            "STORAGE_UNAVAILABLE",
            f"The file cannot be written ({error.strerror}). Make room, or name another.",
            source=str(path),
        ) from error


def read_paper(path: Path, token: str | None = None) -> Paper:
    """Reads a document's file, signed or not; nothing is verified.

    Args:
        path: The file.
        token: Type of an unsigned document; unset: what its content says.

    Raises:
        CrexError: It is neither an envelope nor a document whose type can be told; `source` is the file.
    """
    data = read_bytes(path)
    with named(path):
        value = strict.loads(data, max_bytes=_MAX_BYTES)
        if isinstance(value, dict) and "payloadType" in value:
            envelope = from_json(data)
            return Paper(path, document_type_of_payload(envelope.payload_type), envelope.payload, envelope)
        return Paper(path, document_type(token) if token else _guess(value), data, None)


def _guess(value: Any) -> DocumentType:
    try:
        segment = Name.parse(value["header"]["id"]).type
    except (TypeError, KeyError, CrexError) as error:
        raise DocumentError(
            "TYPE",
            "The file is neither an envelope nor a document: it has no header.id that is a name. Name its "
            "type with --type, or correct it.",
        ) from error
    if segment not in v1.DOCUMENT_MESSAGES and segment not in _TOKENS:
        raise DocumentError(
            "TYPE",
            f"The name's type {segment!r} does not tell what document this is. Name it with --type, one of "
            f"{', '.join(v1.DOCUMENT_MESSAGES)}.",
        )
    return document_type(_TOKENS.get(segment, segment))
