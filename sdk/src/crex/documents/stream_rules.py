"""Rules of streams: an issuer numbers what it signs, so nobody leaves anything out unseen (streams.md)."""

from __future__ import annotations

from collections.abc import Iterator

from crex import names
from crex.documents.paths import json_path
from crex.documents.rules import Json, Path
from crex.errors import Violation


def place_in_stream(header: Json, path: Path) -> Iterator[Violation]:
    """Refuses a header whose stream, sequence and digest of the document before do not fit together."""
    if "stream" not in header and "sequence" not in header and "prev" not in header:
        return
    stream, sequence, prev = header.get("stream"), header.get("sequence"), header.get("prev")
    if stream is not None and names.authority_of(stream) != header["issuer"]:
        message = f"{stream} is no stream of the issuer, {header['issuer']}"
        fix = "name a stream of your own authority: nobody else numbers what you sign"
        yield Violation(json_path((*path, "stream")), message, "STREAM-NAME-1", fix)
    if (stream is None) != (sequence is None):
        present, absent = ("stream", "sequence") if sequence is None else ("sequence", "stream")
        message = f"`{present}` stands here without `{absent}`"
        fix = "state both, or neither for a document of no stream"
        yield Violation(json_path((*path, present)), message, "STREAM-SEQUENCE-1", fix)
    place = json_path((*path, "prev"))
    if sequence is None and prev is not None:
        message, fix = "a document without a sequence has none before it", "state its stream and sequence"
        yield Violation(place, message, "STREAM-PREV-1", fix)
    elif sequence == "1" and prev is not None:
        message, fix = "the first of a stream has none before it", "leave it out, or number the document"
        yield Violation(place, message, "STREAM-PREV-1", fix)
    elif sequence not in (None, "1") and prev is None:
        message = f"number {sequence} of a stream does not name the one before it"
        fix = "state the SHA-256 of the body of the document before"
        yield Violation(json_path(path), message, "STREAM-PREV-1", fix)
