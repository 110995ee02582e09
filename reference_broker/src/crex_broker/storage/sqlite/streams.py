"""Streams of issuers: a document is kept only at the next place of its stream (STREAM-GAP-1)."""

from __future__ import annotations

from typing import Final

from crex.errors import CrexError
from crex_broker.application.ports.documents import NewDocument
from crex_broker.storage.sqlite.writer import Tx

_LAST: Final = """
SELECT sequence, sha256 FROM streams WHERE issuer = ? AND stream = ? ORDER BY sequence DESC LIMIT 1
"""
_KEEP: Final = "INSERT INTO streams (issuer, stream, sequence, sha256) VALUES (?, ?, ?, ?)"


def require_next(tx: Tx, document: NewDocument) -> None:
    """Requires that a new document is the next one of its stream here.

    A stream is its issuer's: the same name used by another issuer is another stream, so nobody can block
    somebody else's.

    Raises:
        CrexError: SEQUENCE_GAP where documents before it are missing; CONFLICT where its place is taken, or
            the document before it is another one than it says.
    """
    row = tx.connection.execute(_LAST, (document.issuer, document.stream)).fetchone()
    last, digest = (0, "") if row is None else row
    expected = last + 1
    details = {"stream": document.stream or "", "expected_sequence": str(expected)}
    if document.sequence > expected:
        raise CrexError(
            "SEQUENCE_GAP",
            f"{document.id} is number {document.sequence} of {document.stream}, and number {expected} is not "
            "here. Send the documents before it first, in their order (STREAM-GAP-1).",
            details=details,
        )
    if document.sequence < expected:
        raise CrexError(
            "CONFLICT",
            f"{document.id} is number {document.sequence} of {document.stream}, and another document has "
            f"that number here. Sign it anew as number {expected} (STREAM-GAP-1).",
            details=details | {"requirement": "STREAM-GAP-1"},
        )
    if document.prev != digest:
        raise CrexError(
            "CONFLICT",
            f"{document.id} follows {document.prev or 'nothing'} in {document.stream}, and what stands there "
            f"as number {last} is {digest or 'nothing'}. Sign it anew with the digest of what was sent here "
            "as `prev` (STREAM-PREV-1).",
            details=details | {"requirement": "STREAM-PREV-1", "sha256": digest},
        )


def keep(tx: Tx, document: NewDocument) -> None:
    """Notes the place of a document that was found to be the next one."""
    tx.connection.execute(_KEEP, (document.issuer, document.stream, document.sequence, document.sha256))
