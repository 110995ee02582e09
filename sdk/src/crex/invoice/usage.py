"""The sealed usage that an invoice bills: a lease's batches, verified, of one billing period (invoice.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crex.errors import RatingError
from crex.invoice.sale import Sale
from crex.metering.batch import verify_batch
from crex.metering.chain import Chain
from crex.metering.corrections import unmarked
from crex.metering.record import Record
from crex.metering.span import Span, show_ms, timestamp_ms
from crex.rating.corrections import check_horizon
from crex.trust.verified import Verified
from crex.v1 import GapMarker, Pin, ServiceEvent, UsageBatch


@dataclass(frozen=True, slots=True)
class SealedBatch:
    """A signed batch with the exact bytes that it signs for.

    Attributes:
        batch: The batch.
        bodies: Its records, in the order of its tree; nothing where the batch is of an earlier period, whose
            records this bill does not need.
        received_ms: When it came, in milliseconds since 1970; nothing: when its provider says it was issued.
    """

    batch: Verified[UsageBatch]
    bodies: Sequence[bytes] | None
    received_ms: int | None = None

    @property
    def issued_ms(self) -> int:
        """When its provider says it was issued, in milliseconds since 1970."""
        return timestamp_ms(self.batch.message.header.issued_at)

    @property
    def came_ms(self) -> int:
        """When it came, or else when its provider says it was issued, in milliseconds since 1970."""
        return self.issued_ms if self.received_ms is None else self.received_ms


@dataclass(frozen=True, slots=True)
class PeriodUsage:
    """The usage of a lease in one sealed period.

    Attributes:
        period: The period, closed early where the lease was released in it.
        pins: The period's batches, correcting ones included, in chain order.
        records: Their records.
        gaps: Their gap markers, less the numbers of which records came later.
        events: Service events of the lease from its beginning.
        first_seq: First number of each meter in the period.
        final: Whether the period's final batch came.
        before: The lease's period before; nothing where this is its first.
    """

    period: Span
    pins: tuple[Pin, ...]
    records: tuple[Record, ...]
    gaps: tuple[GapMarker, ...]
    events: tuple[ServiceEvent, ...]
    first_seq: Mapping[str, int]
    final: bool
    before: Span | None = None


def collect(sale: Sale, batches: Iterable[SealedBatch], *, start_ms: int | None = None) -> PeriodUsage:
    """Verifies a lease's chain and returns the usage of one period.

    Args:
        sale: What was sold.
        batches: The batches of the lease, first to last; those of the wanted period with their records.
        start_ms: Start of the period; nothing: that of the last batch which corrects nothing.

    Raises:
        SaleError: A batch is not of the provider (TERMS) or does not pin the order (SUBJECT)
            (INVOICE-SALE-1).
        UsageError: A batch does not continue the chain, or its records are not those that it signs for.
        DocumentError: A record is not in strict form or breaks the contract.
        RatingError: INCOMPLETE if there is no batch of the period, or the records of one are not given; TERMS
            if one corrects the period later than the offer allows (RATE-CORRECT-3).
    """
    chain, found = Chain(sale.lease), _Found()
    for sealed in batches:
        message, begin = sealed.batch.message, timestamp_ms(sealed.batch.message.period.start)
        sale.check_batch(sealed.batch)
        records: tuple[Record, ...] = ()
        if sealed.bodies is None:
            follows = chain.follow(message, sealed.batch.pin)
        else:
            follows, records = verify_batch(chain, sealed.batch, sealed.bodies)
        corrects = message.HasField("corrects")
        new = chain.period is None or (not corrects and begin != chain.period.start_ms)
        if new and start_ms is None:
            found = _Found()
        if (begin == start_ms) if start_ms is not None else (new or begin == found.start_ms):
            if corrects:
                _check_horizon(sale, sealed)
            else:
                found.take_chain(follows, chain)
            found.take(sealed, records)
        chain = follows
    if found.period is None or found.without:
        raise _incomplete(sale.lease, found.without, start_ms)
    return found.usage(chain.events)


def up_to(
    batches: Iterable[SealedBatch], pinned: Sequence[Pin], *, start_ms: int, until_ms: int
) -> list[SealedBatch]:
    """Returns a lease's batches up to the last that a document of one period had to pin (INVOICE-PIN-1).

    Args:
        batches: All batches of the lease, first to last.
        pinned: The batches that the document pins.
        start_ms: Start of its billing period.
        until_ms: When it was issued: batches of the period that had been issued by then had to be pinned.
    """
    given, digests, last = list(batches), {pin.sha256 for pin in pinned}, -1
    for index, sealed in enumerate(given):
        of_period = timestamp_ms(sealed.batch.message.period.start) == start_ms
        if of_period and (sealed.batch.digest in digests or sealed.issued_ms <= until_ms):
            last = index
    return given[: last + 1]


@dataclass(slots=True)
class _Found:
    """What is gathered of one period."""

    period: Span | None = None
    before: Span | None = None
    pins: list[Pin] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    gaps: list[GapMarker] = field(default_factory=list)
    late: list[Record] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    first_seq: Mapping[str, int] = field(default_factory=dict)
    final: bool = False

    @property
    def start_ms(self) -> int | None:
        return None if self.period is None else self.period.start_ms

    def take_chain(self, chain: Chain, before: Chain) -> None:
        """Notes what the chain says of the period after one of its batches."""
        if self.period is None:
            self.before = before.period
        self.period, self.first_seq, self.final = chain.period, chain.first_seq, chain.final

    def take(self, sealed: SealedBatch, records: tuple[Record, ...]) -> None:
        """Notes one batch of the period."""
        message = sealed.batch.message
        self.pins.append(sealed.batch.pin)
        self.records.extend(records)
        self.gaps.extend(message.gaps)
        if message.HasField("corrects"):
            self.late.extend(records)
        if sealed.bodies is None and message.record_count:
            self.without.append(sealed.batch.id)

    def usage(self, events: tuple[ServiceEvent, ...]) -> PeriodUsage:
        """Returns the usage of the period."""
        assert self.period is not None  # noqa: S101 - asked before
        return PeriodUsage(
            period=self.period,
            pins=tuple(self.pins),
            records=tuple(self.records),
            gaps=tuple(_remaining(self.gaps, self.late)),
            events=events,
            first_seq=self.first_seq,
            final=self.final,
            before=self.before,
        )


def _remaining(gaps: Iterable[GapMarker], late: Sequence[Record]) -> Iterator[GapMarker]:
    """Yields gap markers without the numbers of which records came later (BATCH-CORRECTION-1)."""
    numbers = [(record.meter_id, record.seq) for record in late]
    for gap in gaps:
        for meter_id, first, last in unmarked([(gap.meter_id, gap.first_seq, gap.last_seq)], numbers):
            yield GapMarker(meter_id=meter_id, first_seq=first, last_seq=last, reason=gap.reason)


def _check_horizon(sale: Sale, sealed: SealedBatch) -> None:
    """Checks that a correction came within the offer's horizon (step 24, RATE-CORRECT-3).

    Raises:
        RatingError: TERMS if it came later, or the offer allows none.
    """
    end_ms = Span.of(sealed.batch.message.period).end_ms
    try:
        check_horizon(end_ms, sealed.came_ms, sale.correction_horizon_ms or 0)
    except RatingError as error:
        error.source = sealed.batch.id
        raise


def _incomplete(lease: str, without: Sequence[str], start_ms: int | None) -> RatingError:
    what = "there is no usage batch"
    if without:
        what = f"the records of {', '.join(without[:3])} are not given"
    elif start_ms is not None:
        what = f"there is no usage batch of the period that begins at {show_ms(start_ms)}"
    return RatingError(
        "INCOMPLETE",
        f"The usage of lease {lease} cannot be billed: {what}. Fetch batches and records with ListUsage.",
        details={"requirement": "RATE-COMPLETE-1", "lease": lease},
    )
