"""The usage behind a bill: a lease's chain of batches, and the records of the billed period (invoice.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crex.errors import RatingError
from crex.invoice.sale import Sale
from crex.metering.batch import verify_batch
from crex.metering.chain import Chain
from crex.metering.record import Record
from crex.metering.span import Span
from crex.trust.verified import Verified
from crex.v1 import GapMarker, Pin, ServiceEvent, UsageBatch


@dataclass(frozen=True, slots=True)
class SealedBatch:
    """A signed batch with the exact bytes that it signs for.

    Attributes:
        batch: The batch.
        bodies: Its records, in the order of its tree; nothing where the batch is of an earlier period, whose
            records this bill does not need.
    """

    batch: Verified[UsageBatch]
    bodies: Sequence[bytes] | None


@dataclass(frozen=True, slots=True)
class PeriodUsage:
    """The usage of a lease in its last sealed period.

    Attributes:
        period: The period, closed early where the lease was released in it.
        pins: The period's batches, in chain order.
        records: Their records.
        gaps: Their gap markers.
        events: Service events of the lease from its beginning.
        first_seq: First number of each meter in the period.
        final: Whether the period's final batch came.
    """

    period: Span
    pins: tuple[Pin, ...]
    records: tuple[Record, ...]
    gaps: tuple[GapMarker, ...]
    events: tuple[ServiceEvent, ...]
    first_seq: Mapping[str, int]
    final: bool


def collect(sale: Sale, batches: Iterable[SealedBatch]) -> PeriodUsage:
    """Verifies a lease's chain and returns the usage of the period of its last batch.

    Args:
        sale: What was sold.
        batches: All batches of the lease up to the billed period's last, first to last; those of the billed
            period with their records.

    Raises:
        SaleError: A batch is not of the provider (TERMS) or does not pin the order (SUBJECT)
        (INVOICE-SALE-1).
        UsageError: A batch does not continue the chain, or its records are not those that it signs for.
        DocumentError: A record is not in strict form or breaks the contract.
        RatingError: INCOMPLETE if there is no batch, or the records of a batch of the period are not given.
    """
    chain = Chain(sale.lease)
    pins: list[Pin] = []
    records: list[Record] = []
    gaps: list[GapMarker] = []
    without: list[str] = []
    for sealed in batches:
        message, before = sealed.batch.message, chain.period
        sale.check_batch(sealed.batch)
        found: tuple[Record, ...] = ()
        if sealed.bodies is None:
            chain = chain.follow(message, sealed.batch.pin)
        else:
            chain, found = verify_batch(chain, sealed.batch, sealed.bodies)
        if before is None or Span.of(message.period).start_ms != before.start_ms:
            pins, records, gaps, without = [], [], [], []  # a new period begins
        pins.append(sealed.batch.pin)
        records.extend(found)
        gaps.extend(message.gaps)
        if sealed.bodies is None and message.record_count:
            without.append(sealed.batch.id)
    if chain.period is None or without:
        raise _incomplete(sale.lease, without)
    return PeriodUsage(
        period=chain.period,
        pins=tuple(pins),
        records=tuple(records),
        gaps=tuple(gaps),
        events=chain.events,
        first_seq=chain.first_seq,
        final=chain.final,
    )


def _incomplete(lease: str, without: list[str]) -> RatingError:
    what = f"the records of {', '.join(without[:3])} are not given" if without else "there is no usage batch"
    return RatingError(
        "INCOMPLETE",
        f"The usage of lease {lease} cannot be billed: {what}. Fetch batches and records with ListUsage.",
        details={"requirement": "RATE-COMPLETE-1", "lease": lease},
    )
