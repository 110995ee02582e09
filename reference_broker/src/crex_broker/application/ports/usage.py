"""Usage in the store: one chain of batches per lease, cut into billing periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.leases import LeaseSnapshot
from crex_broker.application.ports.orders import LastTransition
from crex_broker.application.ports.requests import Mutation, Remembered


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A document as it is kept, and when it was taken in: then it was verified, and stands as of then."""

    id: str
    revision: int
    sha256: str
    envelope: bytes
    kept_ms: int


@dataclass(frozen=True, slots=True)
class LeaseSale:
    """A lease with the documents under which it was sold."""

    lease: LeaseSnapshot
    hold_receipt: KeptDocument
    order_document: KeptDocument
    offer: KeptDocument


@dataclass(frozen=True, slots=True)
class ChainHead:
    """Where the chain of a lease's batches stands.

    Attributes:
        last_id: Name of the last batch.
        last_revision: Its revision.
        last_sha256: Its digest.
        start_ms: Start of its period.
        end_ms: End of its period.
        final: Whether it was that period's last.
        next_seq: Next sequence number by meter.
        first_seq: First sequence number in the period by meter.
        events: Service events so far: kind as in the contract, milliseconds, and of an outage its end, else
            nothing; by ascending time.
    """

    last_id: str
    last_revision: int
    last_sha256: str
    start_ms: int
    end_ms: int
    final: bool
    next_seq: Mapping[str, int]
    first_seq: Mapping[str, int]
    events: tuple[tuple[int, int, int | None], ...]


@dataclass(frozen=True, slots=True)
class UsageView:
    """What must be known of a lease's usage to judge the next batch.

    Attributes:
        sale: The lease and its documents.
        head: Where the chain stands; nothing before the first batch.
        cited: The batch that the next one claims to follow, if the lease has it.
        until_ms: Latest end of a record so far; nothing where there is none.
        known: Whether the lease has the batch itself already.
    """

    sale: LeaseSale
    head: ChainHead | None
    cited: KeptDocument | None
    until_ms: int | None
    known: bool


@dataclass(frozen=True, slots=True)
class UsageSnapshot:
    """The usage of a lease in a period at one instant; fields as in `crex.v1.UsagePeriod`, in ms."""

    lease: str
    start_ms: int
    end_ms: int
    state: str
    version: int
    batch_count: int
    record_count: int
    last_batch_sha256: str
    create_ms: int
    update_ms: int
    last: LastTransition


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch that was verified against a `UsageView`.

    Attributes:
        document: The batch.
        records: Exact bytes of its records, in the order of its tree.
        lease: Name of the lease.
        lease_version: Version of the lease against which it was judged.
        head_sha256: Digest of the last batch against which it was judged; empty where there was none.
        head: Where the chain stands with it.
        event: append, seal or amend.
        start_ms: Start of its own period, which is not that of `head` where it corrects an earlier one.
        end_ms: End of its own period.
        first_ms: Earliest start of its records; nothing where it has none.
        last_ms: Latest end of its records; nothing where it has none.
        grace_ms: Time after the period in which usage may still come.
        until_ms: Until when it may come in the store's time; nothing where it corrects nothing.
        invoice_version: Of a correction, version of the period's invoice against which it was judged; 0:
            there was none.
    """

    document: NewDocument
    records: tuple[bytes, ...]
    lease: str
    lease_version: int
    head_sha256: str
    head: ChainHead
    event: str
    start_ms: int
    end_ms: int
    first_ms: int | None
    last_ms: int | None
    grace_ms: int
    until_ms: int | None = None
    invoice_version: int = 0


@dataclass(frozen=True, slots=True)
class KeptBatch:
    """A batch with the exact bytes of its records.

    Attributes:
        envelope: The batch, `crex.v1.Envelope`, serialised.
        kept_ms: When it was taken in.
        records: `crex.v1.BatchWithRecords` without the envelope, serialised; nothing where not asked for.
    """

    envelope: bytes
    kept_ms: int
    records: bytes | None


@dataclass(frozen=True, slots=True)
class BatchPage:
    """A part of a chain; `next_seq` is where the next part begins, nothing at the end."""

    batches: tuple[KeptBatch, ...]
    next_seq: int | None
    periods: tuple[UsageSnapshot, ...]


@dataclass(frozen=True, slots=True)
class LeaseUsed:
    """A lease that was used in a billing period.

    Attributes:
        lease: Its name.
        version: Version of its usage of the period; 0 where there is none yet.
        state: State of that usage; empty where there is none yet.
    """

    lease: str
    version: int
    state: str


class UsageStore(Protocol):
    """Batches, records and periods. Who is no party to a lease finds nothing."""

    async def view(
        self,
        provider: str,
        lease: str,
        *,
        batch_sha256: str,
        previous_sha256: str,
    ) -> UsageView | None:
        """Gives what must be known to judge a batch of `provider` for one of its leases.

        Args:
            provider: The provider.
            lease: Name of the lease.
            batch_sha256: Digest of the batch.
            previous_sha256: Digest of the batch that it claims to follow; empty: none.
        """
        ...

    async def sale(self, provider: str, lease: str) -> LeaseSale | None:
        """Gives a lease of this provider with the documents under which it was sold."""
        ...

    async def reaching_into(self, lease: str, first_ms: int, last_ms: int) -> Sequence[bytes]:
        """Gives the records of all batches of a lease that reach into [first_ms, last_ms), byte for byte."""
        ...

    async def kept(self, sha256: str) -> KeptDocument | None:
        """Gives a document that others cite, whoever it belongs to; never to be shown to a caller."""
        ...

    async def append(self, mutation: Mutation, batch: NewBatch) -> Remembered[UsageSnapshot]:
        """Keeps a batch and its records and steps the usage's state machine.

        A batch that the lease has, byte for byte, changes nothing (BILLING-DUPLICATE-1).

        Raises:
            CrexError: REQUEST_ID_REUSED, NOT_FOUND, NAME_EXISTS, ILLEGAL_TRANSITION, USAGE_OUT_OF_BOUNDS (a
                record ends too far in the future), TERMS (a correction comes too late); ETAG_MISMATCH where
                chain, lease or the invoice of a corrected period changed since the view.
        """
        ...

    async def batches(
        self, party: str, lease: str, *, after_seq: int, limit: int, max_bytes: int
    ) -> BatchPage | None:
        """Gives a part of a lease's chain; at least one batch, however large (BILLING-LIST-2)."""
        ...

    async def chain(
        self, provider: str, lease: str, *, until_sha256: str, period_ms: int | None = None
    ) -> Sequence[KeptBatch]:
        """Gives the chain of a lease up to and with one batch, with the records of one period.

        Args:
            provider: The provider.
            lease: Name of the lease.
            until_sha256: Digest of the batch; where the lease has no such batch, there is nothing to give.
            period_ms: Start of the period whose records are given; nothing: that of the batch.
        """
        ...

    async def used_in(
        self, provider: str, consumer: str, start_ms: int, end_ms: int
    ) -> tuple[LeaseUsed, ...]:
        """Gives the leases between two parties that were used in a billing period, by ascending name.

        Args:
            provider: The provider.
            consumer: The consumer.
            start_ms: Start of the period.
            end_ms: End of the whole period, however early usage closed it.
        """
        ...

    async def period(self, provider: str, lease: str, start_ms: int) -> UsageSnapshot | None:
        """Gives the usage of one period of a lease of this provider."""
        ...
