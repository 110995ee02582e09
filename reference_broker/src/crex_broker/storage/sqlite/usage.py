"""`UsageStore` over SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from crex import v1
from crex.documents.times import format_time, from_ms
from crex.errors import CrexError
from crex_broker.application.ports.leases import LeaseSnapshot
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.application.ports.usage import (
    BatchPage,
    KeptBatch,
    KeptDocument,
    LeaseSale,
    LeaseUsed,
    NewBatch,
    UsageSnapshot,
    UsageView,
)
from crex_broker.storage.sqlite import documents, lease_table, usage_table
from crex_broker.storage.sqlite.reader import Reader
from crex_broker.storage.sqlite.requests import once
from crex_broker.storage.sqlite.writer import Tx, Writer

# How far ahead of the store's time a record may end (BILLING-FUTURE-1).
FUTURE_MS: Final = 300_000

_OF_LEASE: Final = "SELECT seq, period_start_ms FROM usage_batches WHERE lease = ? AND sha256 = ?"
_UNTIL: Final = "SELECT max(last_ms) FROM usage_batches WHERE lease = ?"
_REACHING: Final = """
SELECT records FROM usage_batches WHERE lease = ? AND first_ms < ? AND last_ms > ? ORDER BY seq
"""
_SIZES: Final = "SELECT seq, bytes FROM usage_batches WHERE lease = ? AND seq > ? ORDER BY seq LIMIT ?"
_BATCHES: Final = """
SELECT documents.envelope, usage_batches.create_ms, %s
FROM usage_batches JOIN documents ON documents.sha256 = usage_batches.sha256
WHERE usage_batches.lease = ? AND usage_batches.seq BETWEEN ? AND ? ORDER BY usage_batches.seq
"""
_PAGE: Final = _BATCHES % "usage_batches.records"
# Records of earlier periods are not wanted.
_CHAIN: Final = _BATCHES % "CASE WHEN usage_batches.period_start_ms = ? THEN usage_batches.records END"
_INVOICE: Final = """
SELECT invoices.version FROM invoice_leases JOIN invoices ON invoices.id = invoice_leases.invoice
WHERE invoice_leases.lease = ? AND invoice_leases.period_start_ms = ?
"""
_JUDGES: Final = """
SELECT 1 FROM disputes JOIN invoice_leases ON invoice_leases.invoice = disputes.invoice
WHERE invoice_leases.lease = ? AND disputes.arbiter = ? AND disputes.escalated = 1 LIMIT 1
"""
_ORDER: Final = "SELECT hold_receipt_sha256, order_document_sha256 FROM orders WHERE name = ?"


class SqliteUsage:
    """Batches, records and periods in one SQLite file."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def view(
        self,
        provider: str,
        lease: str,
        *,
        batch_sha256: str,
        previous_sha256: str,
    ) -> UsageView | None:
        """Gives what must be known to judge a batch of `provider` for one of its leases."""

        def read(connection: sqlite3.Connection) -> UsageView | None:
            standing = lease_table.find(connection, lease)
            if standing is None or standing.provider != provider:
                return None
            cited = connection.execute(_OF_LEASE, (lease, previous_sha256)).fetchone()
            return UsageView(
                sale=_sale(connection, standing),
                head=usage_table.head(connection, lease),
                cited=None if cited is None else documents.kept(connection, previous_sha256),
                until_ms=connection.execute(_UNTIL, (lease,)).fetchone()[0],
                known=connection.execute(_OF_LEASE, (lease, batch_sha256)).fetchone() is not None,
            )

        return await self._reader.run(read)

    async def sale(self, provider: str, lease: str) -> LeaseSale | None:
        """Gives a lease of this provider with the documents under which it was sold."""

        def read(connection: sqlite3.Connection) -> LeaseSale | None:
            standing = lease_table.find(connection, lease)
            if standing is None or standing.provider != provider:
                return None
            return _sale(connection, standing)

        return await self._reader.run(read)

    async def reaching_into(self, lease: str, first_ms: int, last_ms: int) -> Sequence[bytes]:
        """Gives the records of all batches of a lease that reach into [first_ms, last_ms), byte for byte."""

        def read(connection: sqlite3.Connection) -> list[bytes]:
            rows = connection.execute(_REACHING, (lease, last_ms, first_ms))
            return [body for (records,) in rows for body in v1.BatchWithRecords.FromString(records).records]

        return await self._reader.run(read)

    async def kept(self, sha256: str) -> KeptDocument | None:
        """Gives a document that others cite."""

        def read(connection: sqlite3.Connection) -> KeptDocument | None:
            return documents.kept(connection, sha256) if documents.exists(connection, sha256) else None

        return await self._reader.run(read)

    async def append(self, mutation: Mutation, batch: NewBatch) -> Remembered[UsageSnapshot]:
        """Keeps a batch and its records and steps the usage's state machine."""
        return await self._writer.run(
            lambda tx: once(tx, mutation, UsageSnapshot, lambda: _append(tx, mutation.party, batch))
        )

    async def batches(
        self, party: str, lease: str, *, after_seq: int, limit: int, max_bytes: int
    ) -> BatchPage | None:
        """Gives a part of a lease's chain; at least one batch, however large."""

        def read(connection: sqlite3.Connection) -> BatchPage | None:
            standing = lease_table.find(connection, lease)
            if standing is None or not _may_read(connection, party, standing):
                return None
            sizes = connection.execute(_SIZES, (lease, after_seq, limit + 1)).fetchall()
            taken, last_seq = 0, 0
            for seq, size in sizes[:limit]:
                if last_seq and taken + size > max_bytes:
                    break
                taken, last_seq = taken + size, seq
            rows = connection.execute(_PAGE, (lease, after_seq + 1, last_seq)).fetchall()
            return BatchPage(
                batches=tuple([KeptBatch(*row) for row in rows]),
                next_seq=last_seq if len(rows) < len(sizes) else None,
                periods=usage_table.periods(connection, lease),
            )

        return await self._reader.run(read)

    async def chain(
        self, provider: str, lease: str, *, until_sha256: str, period_ms: int | None = None
    ) -> Sequence[KeptBatch]:
        """Gives the chain of a lease up to and with one batch."""

        def read(connection: sqlite3.Connection) -> list[KeptBatch]:
            standing = lease_table.find(connection, lease)
            last = connection.execute(_OF_LEASE, (lease, until_sha256)).fetchone()
            if standing is None or standing.provider != provider or last is None:
                return []
            last_seq, start_ms = last
            wanted = start_ms if period_ms is None else period_ms
            rows = connection.execute(_CHAIN, (wanted, lease, 0, last_seq)).fetchall()
            return [KeptBatch(*row) for row in rows]

        return await self._reader.run(read)

    async def used_in(
        self, provider: str, consumer: str, start_ms: int, end_ms: int
    ) -> tuple[LeaseUsed, ...]:
        """Gives the leases between two parties that were used in a billing period, by ascending name."""
        return await self._reader.run(lambda c: usage_table.used_in(c, provider, consumer, start_ms, end_ms))

    async def period(self, provider: str, lease: str, start_ms: int) -> UsageSnapshot | None:
        """Gives the usage of one period of a lease of this provider."""

        def read(connection: sqlite3.Connection) -> UsageSnapshot | None:
            standing = lease_table.find(connection, lease)
            if standing is None or standing.provider != provider:
                return None
            return usage_table.period(connection, lease, start_ms)

        return await self._reader.run(read)


def _append(tx: Tx, provider: str, batch: NewBatch) -> UsageSnapshot:
    lease = lease_table.of_provider(tx.connection, provider, batch.lease)
    known = tx.connection.execute(_OF_LEASE, (lease.name, batch.document.sha256)).fetchone()
    if known is not None:
        standing = usage_table.period(tx.connection, lease.name, known[1])
        assert standing is not None  # noqa: S101 - a batch lies in a period
        return standing
    head = usage_table.head(tx.connection, lease.name)
    if (
        lease.version != batch.lease_version
        or ("" if head is None else head.last_sha256) != batch.head_sha256
    ):
        raise CrexError(
            "ETAG_MISMATCH",
            f"{lease.name} or its usage changed while the batch was verified. Send the same request again.",
            details={"lease": lease.name, "current_state": lease.state},
        )
    if batch.event == "amend":
        _check_amendable(tx, batch)
    if batch.last_ms is not None and batch.last_ms > tx.now_ms + FUTURE_MS:
        raise CrexError(
            "USAGE_OUT_OF_BOUNDS",
            f"A record of {lease.name} ends {(batch.last_ms - tx.now_ms) // 1000} s in the future; use is "
            "stated after it happened. Compare the clocks, or send it later (BILLING-FUTURE-1).",
            details={"lease": lease.name, "requirement": "BILLING-FUTURE-1"},
        )
    documents.keep(tx, batch.document)
    return usage_table.write(tx, lease, batch, provider)


def _may_read(connection: sqlite3.Connection, party: str, lease: LeaseSnapshot) -> bool:
    """Tells whether a party is one of the lease's, or arbiter of a bill of it (BILLING-DISPUTE-5)."""
    if party in (lease.consumer, lease.provider):
        return True
    return connection.execute(_JUDGES, (lease.name, party)).fetchone() is not None


def _check_amendable(tx: Tx, batch: NewBatch) -> None:
    """Requires that a correction comes in time, and that nobody billed its period since it was judged."""
    row = tx.connection.execute(_INVOICE, (batch.lease, batch.start_ms)).fetchone()
    if (0 if row is None else row[0]) != batch.invoice_version:
        raise CrexError(
            "ETAG_MISMATCH",
            f"The invoice of the corrected period of {batch.lease} changed while the batch was verified. "
            "Send the same request again.",
            details={"lease": batch.lease},
        )
    if batch.until_ms is not None and tx.now_ms > batch.until_ms:
        raise CrexError(
            "TERMS",
            f"The usage of {batch.lease} could be corrected until {format_time(from_ms(batch.until_ms))}, by "
            "the offer's correction_horizon; the correction comes too late. Settle it with the buyer "
            "(BILLING-AMEND-2).",
            details={"lease": batch.lease, "requirement": "BILLING-AMEND-2"},
        )


def _sale(connection: sqlite3.Connection, lease: LeaseSnapshot) -> LeaseSale:
    hold_receipt, order_document = connection.execute(_ORDER, (lease.order,)).fetchone()
    return LeaseSale(
        lease,
        documents.kept(connection, hold_receipt),
        documents.kept(connection, order_document),
        documents.kept(connection, lease.offer_sha256),
    )
