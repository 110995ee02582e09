"""What an auditor holds in hand: signed documents and receipts, held to their signatures and nothing more.

An audit asks who signed what, not whether it still holds: a document that has expired, or whose key has ended
since, is evidence as before. So steps 1 to 15 of verification decide here, and of the later ones only those
that make the signature itself worth nothing (a revoked key).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from crex import v1
from crex.documents import convert
from crex.documents.types import document_type_of_payload
from crex.errors import TrustError
from crex.trust import checks, steps
from crex.trust.checks import PinnedTrust
from crex.trust.envelope import Parts, digest, pae, read_parts, record_id, to_json
from crex.trust.log_proof import SALT_BYTES, leaf_data
from crex.trust.verify import open_any

# What ends with time and takes nothing from who signed what.
_STILL_EVIDENCE: Final = frozenset({"NOT_YET", "EXPIRED", "KEY_TIME", "STATUS_STALE", "REVOKED"})


@dataclass(frozen=True, slots=True)
class Paper:
    """One signed document.

    Attributes:
        source: File or place that it came from, for people.
        type: Its type token.
        id: Its name.
        revision: Its revision.
        issuer: Authority that issued it.
        stream: Its stream; empty if it is in none.
        sequence: Its number in the stream; 0 if it is in none.
        prev: Digest of the document before it in the stream; empty at the first.
        sha256: Digest of its body.
        record: What a log records of it: SHA-256 of its pre-authentication encoding, in hex.
        json: Its parsed body. Read it, never change it.
        parts: The envelope.
    """

    source: str
    type: str
    id: str
    revision: int
    issuer: str
    stream: str
    sequence: int
    prev: str
    sha256: str
    record: str
    json: dict[str, Any]
    parts: Parts

    @property
    def pin(self) -> v1.Pin:
        """Its pin."""
        return v1.Pin(id=self.id, revision=self.revision, sha256=self.sha256)

    @property
    def kind(self) -> str:
        """Its type with an article, for people."""
        return f"{'an' if self.type[0] in 'aeiou' else 'a'} {self.type}"

    @property
    def record_bytes(self) -> bytes:
        """The exact bytes that a log records of it."""
        return pae(self.parts.payload_type, self.parts.body)

    @property
    def file_form(self) -> str:
        """Its envelope as text, for evidence."""
        return to_json(self.parts.to_message()).decode()

    def __str__(self) -> str:
        return f"{self.id}@{self.revision}"


@dataclass(frozen=True, slots=True)
class Promise:
    """One receipt: the word of a broker that a record stands in its log by a time.

    Attributes:
        paper: The receipt itself, signed by the broker.
        log: Name of the log.
        index: Position of the leaf.
        leaf: Leaf data.
        salt: Salt of a private record; nothing for a public one.
        merge_by: When a checkpoint covers it at the latest.
        document: Record identifier of the document, in hex; empty for a step of an order.
        step: Strict form of the step of an order; empty for a document.
    """

    paper: Paper
    log: str
    index: int
    leaf: bytes
    salt: bytes | None
    merge_by: datetime
    document: str
    step: bytes

    @classmethod
    def of(cls, paper: Paper) -> Promise:
        """Reads a receipt.

        Raises:
            TrustError: TYPE: it is another document.
        """
        if paper.type != "receipt":
            raise steps.refusal(
                steps.TYPE, "TYPE", f"{paper} is {paper.kind}, not a receipt. Give it as a document."
            )
        message = convert.to_message(paper.json, v1.Receipt)
        return cls(
            paper=paper,
            log=message.log,
            index=message.index,
            leaf=message.leaf,
            salt=message.salt if message.HasField("salt") else None,
            merge_by=convert.from_timestamp(message.merge_by),
            document=message.document_sha256,
            step=message.step,
        )

    def covers(self, record: bytes) -> bool:
        """Tells whether its leaf follows from a record and its salt (RECEIPT-LEAF-1)."""
        if self.salt is not None and len(self.salt) != SALT_BYTES:
            return False
        return leaf_data(record, self.salt) == self.leaf

    @property
    def what(self) -> str:
        """What it is about, for people."""
        return f"document {self.document[:16]}…" if self.document else "a step of an order"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a broker showed a supervisor of one record: enough to hold it to the log, the record itself aside.

    Attributes:
        index: Position that it is said to stand at.
        leaf: Leaf data that it is said to have.
        type: Document type token, or `order-step`.
        issuer: Who issued it, as the broker says.
        parties: Authorities that the broker names.
        follows: Whether the leaf follows from what was shown; also where it is sealed and nothing was.
        record: Record identifier of the document, in hex; empty for a step and a sealed record.
    """

    index: int
    leaf: bytes
    type: str
    issuer: str
    parties: frozenset[str]
    follows: bool
    record: str

    @classmethod
    def of(cls, record: v1.SupervisedRecord) -> Shown:
        """Holds a record to its leaf and forgets it."""
        has_document = record.HasField("envelope")
        envelope, salt = record.envelope, record.salt or None
        exact = pae(envelope.payload_type, envelope.payload) if has_document else record.step
        fits = salt is None or len(salt) == SALT_BYTES
        return cls(
            index=record.index,
            leaf=record.leaf,
            type=record.type,
            issuer=record.issuer,
            parties=frozenset({record.issuer, record.provider, record.consumer} - {""}),
            follows=not exact or (fits and leaf_data(exact, salt) == record.leaf),
            record=record_id(envelope) if has_document else "",
        )


def read_signed(
    envelope: v1.Envelope | Parts | bytes, trust: PinnedTrust, *, now: datetime, source: str
) -> Paper:
    """Reads a signed document as evidence: signer, type and form are verified, validity is not asked for.

    Args:
        envelope: The wire message, or the bytes of the DSSE file form.
        trust: The pinned trust documents.
        now: The time of the audit, aware.
        source: File or place that it came from, for people.

    Raises:
        TrustError: It is not signed by whom it names, or by a key that is revoked.
    """
    parts = read_parts(envelope)
    try:
        json = open_any(parts, trust, now=now).json
    except TrustError as error:
        if error.reason not in _STILL_EVIDENCE or error.step < steps.TIME.number:
            raise
        json = checks.read_body(parts.body, document_type_of_payload(parts.payload_type))
    header = json["header"]
    return Paper(
        source=source,
        type=document_type_of_payload(parts.payload_type).token,
        id=header["id"],
        revision=int(header["revision"]),
        issuer=header["issuer"],
        stream=header.get("stream", ""),
        sequence=int(header.get("sequence", "0")),
        prev=header.get("prev", ""),
        sha256=digest(parts.body),
        record=record_id(parts),
        json=json,
        parts=parts,
    )
