"""The reference engine of `rate/1`: from pinned inputs to a bill that anyone recomputes to the last digit.

Plain on purpose: integers and fractions without bound (RATE-EXACT-1), one step after the other, each in a
module that cites its number and requirement (rating.md). It reads no clock, no time zone database and no
network. Steps of later editions (windows 8, commitments 13, discounts 16, adjustments and credits 18 to 20,
taxes 21, corrections 24) have their place in this order and do not exist here yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from crex.decimals import Money
from crex.errors import InvalidScalar, RatingError
from crex.metering.record import Record
from crex.metering.selection import Numbers, latest, missing
from crex.metering.span import Span
from crex.rating.bounds import check_bounds
from crex.rating.digest import key_order, rating_digest
from crex.rating.lines import Line, priced_line, unpriced_line
from crex.rating.plan import Plan
from crex.rating.quantities import Quantities, measure
from crex.rating.terms import LeaseTerms
from crex.rating.tiers import billed, graduated
from crex.rating.zone import Zone
from crex.v1 import GapMarker, ServiceEvent


@dataclass(frozen=True, slots=True)
class Rating:
    """A rated billing period of one lease.

    Attributes:
        lines: Lines by ascending bytes of their keys.
        net_total: Sum of the rounded lines.
        total: What is payable: in this edition the net total.
        digest: Digest of the rating table.
        missing: Sequence numbers that are unaccounted for; only a provisional bill may be made while there
            are any (RATE-COMPLETE-1).
        estimated: Whether a record that counts is an estimate.
    """

    lines: tuple[Line, ...]
    net_total: Money
    total: Money
    digest: str
    missing: tuple[Numbers, ...]
    estimated: bool

    @property
    def complete(self) -> bool:
        """Whether every sequence number is accounted for."""
        return not self.missing


def rate(
    plan: Plan,
    lease: LeaseTerms,
    period: Span,
    records: Iterable[Record],
    events: Iterable[ServiceEvent],
    *,
    zone: Zone | None = None,
    gaps: Iterable[GapMarker] = (),
    first_seq: Mapping[str, int] | None = None,
) -> Rating:
    """Rates the use of one lease in one billing period.

    Args:
        plan: The price plan that the order's offer pins.
        lease: The lease as it was sold.
        period: The billing period.
        records: Usage records in any order; repeated ones count once.
        events: Service events of the lease from its beginning.
        zone: Offsets that the bill pins; nothing only where the period is given, as when a demand is priced.
        gaps: Signed gap markers of the period.
        first_seq: First sequence number of each meter in the period; 1 for a meter that it does not name.

    Returns:
        Lines, totals and digest; the same for any order and any repetition of the records, and for any way
        of cutting held time into records.

    Raises:
        RatingError: The set cannot be billed: CONFLICT (steps 3 to 5), USAGE_OUT_OF_BOUNDS (step 5),
            CUT_REQUIRED (step 9), SCHEMA (step 1) or LIMIT (step 17).
    """
    if zone is not None:
        zone.require(period)  # step 1, RATE-ZONE-1
    counting = latest(records)  # steps 3 and 4
    absent = missing(counting, gaps, first_seq)
    active = lease.active(events)  # step 5
    check_bounds(plan, lease, active, counting)
    quantities = measure(plan, period, active, counting)  # steps 7, 9, 10 and 12
    lines = tuple(sorted(_lines(plan, lease, quantities), key=key_order))  # step 23
    net_total = _sum(plan.currency, lines)  # step 22, RATE-TOTAL-1: no taxes in this edition
    return Rating(
        lines=lines,
        net_total=net_total,
        total=net_total,
        digest=rating_digest(lines, net_total, net_total),
        missing=tuple(absent),
        estimated=any(record.estimated for record in counting),
    )


def _lines(plan: Plan, lease: LeaseTerms, quantities: Quantities) -> Iterator[Line]:
    for component in plan.components:
        total = billed(quantities.priced.get(component.id, Fraction(0)), component.steps)  # step 11
        for number, tier, part in graduated(component, total):  # step 14
            yield priced_line(plan, lease, component, number, tier, part)  # steps 15 and 17
    for use, quantity in quantities.unpriced.items():
        if quantity:  # step 25, RATE-ZERO-1: nothing used, no line
            yield unpriced_line(plan, lease, use, quantity)


def _sum(currency: str, lines: Sequence[Line]) -> Money:
    try:
        return Money(currency, sum(line.amount.minor for line in lines))
    except InvalidScalar as error:
        raise RatingError(
            "LIMIT",
            f"The lines sum to an amount of more than 18 integer digits in {currency}, which no invoice can "
            "state. Check the plan's prices against the metered quantities (step 22).",
            details={"step": "22", "requirement": "RATE-TOTAL-1"},
        ) from error
