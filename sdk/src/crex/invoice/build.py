"""Making an invoice: the message to be signed, and the exact bytes of its lines (invoice.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from crex.documents import convert
from crex.documents.times import from_ms, to_ms
from crex.errors import RatingError
from crex.invoice.basis import Basis, Matter
from crex.invoice.money import money_message
from crex.metering.selection import show_missing
from crex.metering.span import Span, ms_timestamp
from crex.rating.corrections import Differences
from crex.rating.digest import ALGORITHM
from crex.rating.engine import Rating, rate_bill
from crex.rating.periods import billing_period
from crex.rating.tzdata import period_at, tz_transitions
from crex.rating.zone import DAY_MS, Zone
from crex.trust import merkle
from crex.v1 import Header, Invoice

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
    basis: Basis,
    *,
    header: Header,
    due_time: datetime,
    start_ms: int | None = None,
    zone: Zone | None = None,
    provisional: bool = False,
) -> InvoiceDraft:
    """Returns the invoice of a sealed period, every input pinned (RATE-PIN-1).

    Args:
        basis: What it is computed from.
        header: The invoice's header.
        due_time: When payment is due.
        start_ms: Start of the period; nothing: that of the latest usage.
        zone: Offsets to pin; unset: from this machine's time zone database.
        provisional: Whether usage may still be incomplete: a forecast, which nobody has to pay
            (INVOICE-PROVISIONAL-1). An invoice of complete usage is never provisional.

    Raises:
        RatingError: INCOMPLETE if the final batch or a record is missing (RATE-COMPLETE-1); TERMS if the sum
            is below zero, or the leases cannot be billed together; or the usage cannot be rated.
        UsageError: The batches do not continue each other, or records are not those that they sign for.
        DocumentError: A record is not in strict form or breaks the contract.
    """
    matter = basis.matter(start_ms=start_ms)
    sale = matter.sale
    if zone is None:
        _, zone = period_at(sale.plan.time_zone, from_ms(matter.period.start_ms), sale.anchor_day)
    rating = rate_matter(matter, zone, provisional=provisional)
    if rating.total.minor < 0:
        raise RatingError(
            "TERMS",
            f"The period comes to {rating.total}, and an invoice cannot state less than nothing (step 22, "
            "RATE-TOTAL-1).",
            details={"step": "22", "requirement": "RATE-TOTAL-1"},
        )
    lines, earlier = line_bytes(rating), matter.earlier
    message = Invoice(
        header=header,
        orders=matter.orders,
        price_plans=[each.pin for each in matter.price_plans],
        usage_batches=matter.batches,
        tz_transitions=tz_transitions(zone),
        seller=sale.seller,
        buyer=sale.buyer,
        account=sale.account,
        lease=sale.lease if matter.account is None else None,
        period=matter.period.message(),
        due_time=ms_timestamp(to_ms(due_time)),
        currency=sale.plan.billed_currency,
        lines_root=merkle.root(lines).hex(),
        line_count=len(lines),
        net_total=money_message(rating.net_total),
        total=money_message(rating.total),
        algorithm=ALGORITHM,
        rating_digest=rating.digest,
        series_points=[each.pin for each in matter.series],
        taxes=[tax.message() for tax in rating.taxes],
        earlier_invoices=[] if earlier is None else [earlier.pin],
        openings=[] if earlier is None else earlier.message.closings,
        closings=[each.message() for each in rating.closings],
        provisional=None if is_complete(matter, rating) else True,
        leases=[] if matter.account is None else [sale.lease for sale in matter.sales],
    )
    return InvoiceDraft(message, lines, rating)


def rate_matter(matter: Matter, zone: Zone, *, provisional: bool = False) -> Rating:
    """Rates what is billed.

    Args:
        matter: What is billed.
        zone: Offsets of local time from a day before the period to the end of the whole one.
        provisional: Whether usage may be incomplete.

    Raises:
        RatingError: INCOMPLETE if the final batch or a record is missing (RATE-COMPLETE-1), or the usage
            cannot be rated.
    """
    if not matter.final and not provisional:
        raise _incomplete(matter.name, "the final batch of its period did not come")
    rating = rate_bill(matter.bill(zone, whole_period(matter, zone)))
    if not rating.complete and not provisional:
        raise _incomplete(matter.name, f"numbers are missing: {show_missing(rating.missing)}")
    return rating


def whole_period(matter: Matter, zone: Zone) -> Span:
    """Returns the whole billing period in which what is billed begins (RATE-PERIOD-1).

    Raises:
        RatingError: SCHEMA if the offsets do not reach from a day before it to its end (RATE-ZONE-1).
    """
    start_ms = matter.period.start_ms
    zone.require(Span(start_ms - DAY_MS, matter.period.end_ms))
    whole = billing_period(start_ms, matter.sale.anchor_day, zone)
    # A period that was not begun at a local midnight is named by who checks it; it can be rated all the same.
    return Span(start_ms, max(whole.end_ms, matter.period.end_ms))


def is_complete(matter: Matter, rating: Rating) -> bool:
    """Tells whether all usage is there, so that the bill is owed (RATE-COMPLETE-1)."""
    return matter.final and rating.complete


def line_bytes(found: Rating | Differences) -> tuple[bytes, ...]:
    """Returns the exact bytes of the lines of an invoice or a note, in line-key order (INVOICE-LINES-1)."""
    return tuple(convert.dump(line.message()) for line in found.lines)


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


def _incomplete(whose: str, what: str) -> RatingError:
    return RatingError(
        "INCOMPLETE",
        f"The usage of {whose} is not complete: {what}. Only a provisional bill can be made of it. Seal the "
        "missing records, or a gap marker for what is lost (step 4, RATE-COMPLETE-1).",
        details={"step": "4", "requirement": "RATE-COMPLETE-1"},
    )
