"""The log in the store: entries, checkpoints, co-signatures, and what supervisors read.

Entries are appended by whatever keeps a document or takes a step of an order, in the same transaction; nobody
appends through this port but the reads of supervisors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from crex_broker.application.ports.requests import Mutation, Remembered


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the log.

    Attributes:
        index: Its place, from 0.
        leaf: Leaf data, 32 bytes.
        salt: 32 bytes; nothing: the record is public. A secret of its parties and supervisors.
        kind: document, step or read.
        type: Token of the document type; `order-step`; `supervisor-read`.
        record: SHA-256 of the record, 32 bytes.
        step: Exact bytes of a step or of the record of a read; nothing for documents.
        object: Order of which it is, or states, a step; empty: none.
        issuer: Who issued the document, caused the step or read.
        provider: Provider that is a party.
        consumer: Consumer that is a party.
        countries: Countries that it concerns, ascending.
        create_ms: When it was appended, in milliseconds.
    """

    index: int
    leaf: bytes
    salt: bytes | None = field(repr=False)
    kind: str
    type: str
    record: bytes
    step: bytes | None
    object: str
    issuer: str
    provider: str | None
    consumer: str | None
    countries: tuple[str, ...]
    create_ms: int


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """A checkpoint that was signed.

    Attributes:
        size: Leaves of the tree.
        root: Its root, 32 bytes.
        note: The note, signed by the log alone.
        cosignatures: Signature lines of witnesses: the first of each, by the name of its key; then, of those
            that signed again, the one of the latest time (LOG-WITNESS-3).
        create_ms: When it was signed.
    """

    size: int
    root: bytes
    note: str
    cosignatures: tuple[str, ...]
    create_ms: int


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A co-signature that a witness hands in.

    Attributes:
        witness: Name of its key.
        line: Its signature line.
        at_s: The time that it states, in POSIX seconds.
    """

    witness: str
    line: str
    at_s: int


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The outcome of handing in a co-signature: the size of the checkpoint that it is on."""

    size: int


@dataclass(frozen=True, slots=True)
class Supervision:
    """What a supervisor asks for.

    Attributes:
        auditor: Who asks.
        countries: Countries that it may see, ascending.
        start: First place.
        limit: Most records.
        types: Type tokens; empty: all.
        from_ms: Only records accepted from then on; nothing: from the beginning.
        until_ms: Only records accepted before; nothing: to the end.
        unseal: Whether private documents, salts and consumers are shown.
        purpose: Why.
    """

    auditor: str
    countries: tuple[str, ...]
    start: int
    limit: int
    types: tuple[str, ...]
    from_ms: int | None
    until_ms: int | None
    unseal: bool
    purpose: str


@dataclass(frozen=True, slots=True)
class SupervisedEntry:
    """An entry and its document, serialised, where it is one."""

    entry: LogEntry
    envelope: bytes | None


@dataclass(frozen=True, slots=True)
class SupervisedPage:
    """A part of the records; `next` is the place at which to go on, nothing at the end."""

    entries: tuple[SupervisedEntry, ...]
    next: int | None


class LogStore(Protocol):
    """The log of one broker."""

    async def size(self) -> int:
        """Gives the number of entries."""
        ...

    async def leaves(self, start: int, end: int) -> Sequence[bytes]:
        """Gives the leaf data at [start, end); fewer where the log ends."""
        ...

    async def of_request(self, party: str, method: str, request_id: str) -> Sequence[LogEntry]:
        """Gives what a request put into the log and `party` may see, ascending; nothing of requests unknown.

        Args:
            party: The caller.
            method: As in `Mutation`.
            request_id: Its identifier.
        """
        ...

    async def by_record(self, party: str, record: bytes, *, document: bool) -> Sequence[LogEntry]:
        """Gives the entries of a record that `party` may see: of a document, or of a step or read."""
        ...

    async def by_order(self, party: str, order: str) -> Sequence[LogEntry]:
        """Gives every step of an order of `party`, or the document that states it, ascending."""
        ...

    async def latest_checkpoint(self) -> KeptCheckpoint | None:
        """Gives the largest checkpoint that was signed."""
        ...

    async def checkpoint(self, size: int) -> KeptCheckpoint | None:
        """Gives the checkpoint of a size, while it is kept."""
        ...

    async def covering_checkpoint(self, index: int) -> KeptCheckpoint | None:
        """Gives the checkpoint that best proves a leaf.

        Of those that cover it, the earliest among those with the most co-signatures; the latest where none
        has any.
        """
        ...

    async def keep_checkpoint(self, size: int, root: bytes, note: str, *, forget_ms: int) -> None:
        """Keeps a checkpoint before anybody is shown it; of the same one again the newer note.

        Checkpoints that nobody co-signed within `forget_ms` are forgotten, save the latest.

        Raises:
            CrexError: CHECKPOINT where one of that size has another root, or a larger one is kept.
        """
        ...

    async def add_cosignatures(
        self, mutation: Mutation, size: int, lines: Sequence[Cosignature]
    ) -> Remembered[Cosigned]:
        """Keeps co-signatures of witnesses (LOG-WITNESS-3).

        The first of each witness on each checkpoint stays. The one of the latest time stays beside it, if it
        is later than the first's: an earlier one never takes the place of a later one.

        Args:
            mutation: The request.
            size: Size of the checkpoint.
            lines: The co-signatures, verified.

        Raises:
            CrexError: REQUEST_ID_REUSED; NOT_FOUND where the checkpoint is not kept.
        """
        ...

    async def supervised(self, asked: Supervision) -> SupervisedPage:
        """Gives records of countries to a supervisor; see `record_read`."""
        ...

    async def record_read(self, asked: Supervision, page: SupervisedPage) -> LogEntry:
        """Puts a read into the log and the audit table, before it is answered (SUPERVISE-LOGGED-1)."""
        ...
