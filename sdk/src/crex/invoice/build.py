"""Making an invoice: the message to be signed, and the exact bytes of its lines (invoice.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from crex.decimals import Money
from crex.documents import convert
from crex.documents.times import from_ms, to_ms
from crex.errors import RatingError
from crex.invoice.sale import Sale
from crex.invoice.usage import PeriodUsage, SealedBatch, collect
from crex.metering.selection import show_missing
from crex.metering.span import ms_timestamp
from crex.rating.digest import ALGORITHM
from crex.rating.engine import Rating, rate
from crex.rating.tzdata import period_at, tz_transitions
from crex.rating.zone import Zone
from crex.trust import merkle
from crex.v1 import Header, Invoice
from crex.v1 import Money as MoneyMessage

# A page of lines leaves room for the rest of a response (BILLING-LIST-2: 3 MiB).
PAGE_BYTES = 3 * 1024 * 1024
PAGE_LINES = 1000


@dataclass(frozen=True, slots=True)
class InvoiceDraft:
    """An invoice to be signed.

    Attributes:
        message: The invoice.
        lines: Exact bytes of its lines, in line-key order.
        rating: What was computed.
    """

    message: Invoice
    lines: tuple[bytes, ...]
    rating: Rating


def build(
    sale: Sale,
    batches: Iterable[SealedBatch],
    *,
    header: Header,
    due_time: datetime,
    zone: Zone | None = None,
) -> InvoiceDraft:
    """Returns the invoice of the period that a lease's last batch seals, every input pinned (RATE-PIN-1).

    Args:
        sale: What was sold.
        batches: All batches of the lease up to the billed period's final one, with the period's records.
        header: The invoice's header.
        due_time: When payment is due.
        zone: Offsets to pin; unset: from this machine's time zone database.

    Raises:
        RatingError: INCOMPLETE if the final batch or a record is missing (RATE-COMPLETE-1); TERMS if the sum
            is below zero, which takes a credit note of a later edition; or the usage cannot be rated.
        UsageError: The batches do not continue each other, or records are not those that they sign for.
        DocumentError: A record is not in strict form or breaks the contract.
    """
    usage = collect(sale, batches)
    if zone is None:
        _, zone = period_at(sale.plan.time_zone, from_ms(usage.period.start_ms), sale.anchor_day)
    rating = rate_usage(sale, usage, zone)
    if rating.total.minor < 0:
        raise RatingError(
            "TERMS",
            f"The period comes to {rating.total}, and an invoice cannot state less than nothing. Credit "
            "notes are of a later edition (step 22).",
            details={"step": "22", "requirement": "RATE-TOTAL-1"},
        )
    lines = line_bytes(rating)
    message = Invoice(
        header=header,
        orders=[sale.order.pin],
        price_plans=[sale.price_plan.pin],
        usage_batches=usage.pins,
        tz_transitions=tz_transitions(zone),
        seller=sale.seller,
        buyer=sale.buyer,
        account=sale.account,
        lease=sale.lease,
        period=usage.period.message(),
        due_time=ms_timestamp(to_ms(due_time)),
        currency=sale.plan.currency,
        lines_root=merkle.root(lines).hex(),
        line_count=len(lines),
        net_total=money(rating.net_total),
        total=money(rating.total),
        algorithm=ALGORITHM,
        rating_digest=rating.digest,
    )
    return InvoiceDraft(message, lines, rating)


def rate_usage(sale: Sale, usage: PeriodUsage, zone: Zone) -> Rating:
    """Rates a sealed period.

    Raises:
        RatingError: INCOMPLETE if the final batch or a record is missing (RATE-COMPLETE-1), or the usage
            cannot be rated.
    """
    if not usage.final:
        raise _incomplete(sale.lease, "the final batch of its period did not come")
    rating = rate(
        sale.plan,
        sale.terms,
        usage.period,
        usage.records,
        usage.events,
        zone=zone,
        gaps=usage.gaps,
        first_seq=usage.first_seq,
    )
    if not rating.complete:
        raise _incomplete(sale.lease, f"numbers are missing: {show_missing(rating.missing)}")
    return rating


def line_bytes(rating: Rating) -> tuple[bytes, ...]:
    """Returns the exact bytes of a rating's lines, in line-key order (INVOICE-LINES-1)."""
    return tuple(convert.dump(line.message()) for line in rating.lines)


def pages(
    lines: Iterable[bytes], *, max_bytes: int = PAGE_BYTES, max_lines: int = PAGE_LINES
) -> Iterator[list[bytes]]:
    """Yields lines in pages of bounded size; at least one line a page."""
    page: list[bytes] = []
    size = 0
    for line in lines:
        if page and (len(page) >= max_lines or size + len(line) > max_bytes):
            yield page
            page, size = [], 0
        page.append(line)
        size += len(line)
    if page:
        yield page


def money(amount: Money) -> MoneyMessage:
    """Returns an amount as a message."""
    return MoneyMessage(currency=amount.currency, amount=amount.amount)


def _incomplete(lease: str, what: str) -> RatingError:
    return RatingError(
        "INCOMPLETE",
        f"The usage of lease {lease} is not complete: {what}. Only a provisional bill could be made of it. "
        "Seal the missing records, or a gap marker for what is lost (step 4, RATE-COMPLETE-1).",
        details={"step": "4", "requirement": "RATE-COMPLETE-1", "lease": lease},
    )
