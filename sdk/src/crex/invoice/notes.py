"""Making notes: what corrected usage, a cancellation or a settlement changes of an invoice (invoice.md).

A note states differences to everything issued before, so an invoice and its notes always sum to what is owed.
It pins what was issued before, so of two notes that were made at once one is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crex.decimals import Money
from crex.documents.times import to_ms
from crex.errors import CrexError
from crex.invoice.basis import Basis, Matter
from crex.invoice.build import line_bytes, rate_matter
from crex.invoice.ledger import SETTLEMENT, USAGE, Ledger
from crex.invoice.money import money_message
from crex.invoice.standing import CANCELLATION, Note
from crex.metering.span import ms_timestamp, timestamp_ms
from crex.rating.corrections import Differences, differences, nothing_owed
from crex.rating.engine import Rating
from crex.rating.zone import Zone
from crex.trust import merkle
from crex.v1 import Correction, CreditNote, DebitNote, Header, Pin


@dataclass(frozen=True, slots=True)
class NoteDraft:
    """A note to be signed.

    Attributes:
        message: The note: a credit note where its total is zero or below, else a debit note (NOTE-SIGN-1).
        lines: Exact bytes of its lines, in line-key order.
        differences: What was computed.
    """

    message: Note
    lines: tuple[bytes, ...]
    differences: Differences


def correct(
    ledger: Ledger, basis: Basis, *, header: Header, due_time: datetime | None = None
) -> NoteDraft | None:
    """Returns the note that corrected or late usage makes necessary (RATE-CORRECT-1).

    Args:
        ledger: The invoice and all notes on it.
        basis: What it was computed from, with the batches that came since.
        header: The note's header.
        due_time: When the difference is due; nothing: it is set off against the invoice.

    Returns:
        The note; nothing where the period comes to what is owed already.

    Raises:
        RatingError: TERMS if usage came later than the offer allows (RATE-CORRECT-3); SUBJECT if an input
            that the invoice pins is not given; or the usage cannot be rated.
        CrexError: As `Basis.matter`; CONFLICT if the invoice was cancelled (NOTE-LAST-1).
    """
    matter, rated = rate_again(ledger, basis)
    found = differences(ledger.after(rated=rated), ledger.issued)
    if found.empty:
        return None
    return _draft(ledger, found, USAGE, header, due_time, usage_batches=matter.batches)


def cancel(ledger: Ledger, *, header: Header) -> NoteDraft:
    """Returns the credit note that takes back all that an invoice and its notes bill.

    Args:
        ledger: The invoice and all notes on it.
        header: The note's header.

    Raises:
        CrexError: CONFLICT if the invoice was cancelled already (NOTE-LAST-1).
    """
    found = differences(nothing_owed(ledger.plan.billed_currency), ledger.issued)
    return _draft(ledger, found, CANCELLATION, header, None)


def settle(
    ledger: Ledger,
    amounts: Mapping[str, Money],
    *,
    settles: Pin,
    header: Header,
) -> NoteDraft:
    """Returns the credit note that carries out an answer to a dispute, or a ruling (DISPUTE-SETTLE-1).

    Args:
        ledger: The invoice and all notes on it.
        amounts: By line key, what is not owed, taxes aside.
        settles: The answer or the ruling.
        header: The note's header.

    Raises:
        CrexError: TERMS: no line has such a key (NOTE-REASON-1). CONFLICT: the invoice was cancelled
            (NOTE-LAST-1).
    """
    found = differences(ledger.after(settled=amounts), ledger.issued)
    return _draft(ledger, found, SETTLEMENT, header, None, settles=settles)


def rate_again(
    ledger: Ledger, basis: Basis, *, pinned: Sequence[Pin] = (), until_ms: int = 0
) -> tuple[Matter, Rating]:
    """Rates the period of an invoice again, under its own pins (RATE-CORRECT-1).

    Args:
        ledger: The invoice and the notes before.
        basis: What the invoice was computed from, with the batches that came since.
        pinned: The batches that a note pins; empty: all are read.
        until_ms: When that note was issued.

    Raises:
        CrexError: As `correct`.
    """
    invoice = ledger.invoice.message
    own = {pin.sha256 for pin in invoice.series_points}
    series = tuple(each for each in basis.series if each.digest in own)
    start_ms = timestamp_ms(invoice.period.start)
    matter = Basis(basis.leases, series, basis.earlier).matter(
        start_ms=start_ms, pinned=pinned, until_ms=until_ms
    )
    earlier = [] if matter.earlier is None else [matter.earlier.pin]
    for place, theirs, ours in (
        ("order", invoice.orders, matter.orders),
        ("price plan", invoice.price_plans, [each.pin for each in matter.price_plans]),
        ("price series", invoice.series_points, [each.pin for each in matter.series]),
        ("earlier invoice", invoice.earlier_invoices, earlier),
    ):
        if list(theirs) != list(ours):
            raise CrexError(
                "SUBJECT",
                f"{ledger.invoice.id} pins {len(theirs)} documents as {place}, and what is given are others. "
                "A correction rates under the pins of the invoice; give these (RATE-CORRECT-1).",
                details={"requirement": "RATE-CORRECT-1"},
            )
    return matter, rate_matter(matter, Zone.of(invoice.tz_transitions))


def _draft(
    ledger: Ledger,
    found: Differences,
    reason: str,
    header: Header,
    due_time: datetime | None,
    *,
    usage_batches: Iterable[Pin] = (),
    settles: Pin | None = None,
) -> NoteDraft:
    invoice, lines = ledger.invoice.message, line_bytes(found)
    correction = Correction(
        invoice=ledger.invoice.pin,
        earlier_notes=ledger.standing.pins,
        reason=reason,
        usage_batches=usage_batches,
        settles=settles,
        seller=invoice.seller,
        buyer=invoice.buyer,
        period=invoice.period,
        currency=invoice.currency,
        lines_root=merkle.root(lines).hex(),
        line_count=len(lines),
        taxes=[tax.message() for tax in found.taxes],
        net_total=money_message(found.net_total),
        total=money_message(found.total),
        rating_digest=found.digest,
        due_time=None if due_time is None else ms_timestamp(to_ms(due_time)),
    )
    ledger.standing.follow(correction, header.id)
    kind = CreditNote if found.credit else DebitNote
    return NoteDraft(kind(header=header, correction=correction), lines, found)
