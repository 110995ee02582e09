"""The reference engine of `rate/1`: from pinned inputs to a bill that anyone recomputes to the last digit.

Plain on purpose: integers and fractions without bound (RATE-EXACT-1), one step after the other, each in a
module that cites its number and requirement (rating.md). It reads no clock, no time zone database and no
network. `measure` is the only work that grows with the number of records; an engine for many of them does it
another way and comes to the same `price`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crex.decimals import Money
from crex.errors import InvalidScalar, RatingError
from crex.metering.record import Record
from crex.metering.selection import Numbers, latest, missing
from crex.metering.span import Span
from crex.rating.adjustments import Adjusting
from crex.rating.bill import Bill, LeaseUse, Openings, Standing, check_bill
from crex.rating.bounds import check_bounds
from crex.rating.charges import charge_components, unpriced_charges
from crex.rating.digest import rating_digest
from crex.rating.hourly import cover_hours, upfront_charges
from crex.rating.layout import Layout
from crex.rating.lines import Line, key_order, line_of
from crex.rating.measure import Sums, measure
from crex.rating.multiplier import Multiplier
from crex.rating.once import once_charges
from crex.rating.plan import Plan
from crex.rating.quantities import assign
from crex.rating.series import Series
from crex.rating.spend import cover_spend
from crex.rating.succession import check_succession
from crex.rating.taxes import Tax, taxes_of
from crex.rating.terms import LeaseTerms
from crex.rating.zone import Zone
from crex.v1 import GapMarker, ServiceEvent


@dataclass(frozen=True, slots=True)
class Rating:
    """A rated billing period.

    Attributes:
        lines: Lines by ascending bytes of their keys.
        net_total: Sum of the rounded lines, less the taxes that prices include.
        total: What is payable: the net total and all taxes.
        digest: Digest of the rating table.
        missing: Sequence numbers that are unaccounted for; only a provisional bill may be made while there
            are any (RATE-COMPLETE-1).
        estimated: Whether a record that counts is an estimate.
        taxes: Taxes by ascending bytes of their keys.
        closings: Where accumulators and fixed credits stand after this bill; zeros are left out.
    """

    lines: tuple[Line, ...]
    net_total: Money
    total: Money
    digest: str
    missing: tuple[Numbers, ...] = ()
    estimated: bool = False
    taxes: tuple[Tax, ...] = ()
    closings: tuple[Standing, ...] = ()

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
    whole: Span | None = None,
    account: str | None = None,
    series: Iterable[Series] = (),
    openings: Openings | None = None,
) -> Rating:
    """Rates the use of one lease under one plan in one billing period.

    Args:
        plan: The price plan that the order's offer pins.
        lease: The lease as it was sold.
        period: The billing period.
        records: Usage records in any order; repeated ones count once.
        events: Service events of the lease from its beginning.
        zone: Offsets that the bill pins; nothing only where the plan has no window of local time.
        gaps: Signed gap markers of the period.
        first_seq: First sequence number of each meter in the period; 1 for a meter that it does not name.
        whole: The whole billing period; nothing: `period` is whole.
        account: The buyer's account, where the bill is of an account.
        series: Price series that the plan names.
        openings: Where accumulators stood before; nothing: at zero.

    Returns:
        As `rate_bill`.

    Raises:
        RatingError: As `rate_bill`.
    """
    use = LeaseUse(
        terms=lease,
        records=tuple(records),
        events=tuple(events),
        gaps=tuple(gaps),
        first_seq=first_seq,
    )
    bill = Bill(
        plans=(plan,),
        leases=(use,),
        period=period,
        whole=whole or period,
        zone=zone,
        account=account,
        series=tuple(series),
        openings=openings or Openings(),
    )
    return rate_bill(bill)


def rate_bill(bill: Bill) -> Rating:
    """Rates a bill.

    Returns:
        Lines, taxes, totals and digest; the same for any order and any repetition of the records, and for any
        way of cutting held time into records.

    Raises:
        RatingError: The bill cannot be made: CONFLICT (steps 3 to 5, SERIES-REVISION-1), USAGE_OUT_OF_BOUNDS
            (step 5), CUT_REQUIRED (step 9), INCOMPLETE (a point of a series is missing, step 15), TERMS
            (PRICE-SUPERSEDES-1), SCHEMA (step 1) or LIMIT (steps 17 and 22).
    """
    check_bill(bill)
    check_succession(bill.plans)
    if bill.zone is not None:
        bill.zone.require(bill.period)  # step 1, RATE-ZONE-1
    counting: dict[str, Sequence[Record]] = {}
    active: dict[str, Span] = {}
    absent: list[Numbers] = []
    for use in bill.by_name:
        name = use.terms.name
        counting[name] = latest(use.records)  # steps 3 and 4
        absent += missing(counting[name], use.gaps, use.first_seq)
        active[name] = use.terms.active(use.events)  # step 5
        check_bounds(bill.plans, use.terms, active[name], counting[name])
    layout = Layout(bill)  # step 7
    return price(
        bill,
        active,
        measure(bill, counting, layout),  # steps 9 and 12
        missing=tuple(absent),
        estimated=any(record.estimated for records in counting.values() for record in records),
        layout=layout,
    )


def price(
    bill: Bill,
    active: Mapping[str, Span],
    sums: Sums,
    *,
    missing: tuple[Numbers, ...] = (),
    estimated: bool = False,
    layout: Layout | None = None,
) -> Rating:
    """Prices measured use (rate/1, steps 10 to 23).

    Args:
        bill: The bill; of its leases only terms and events are read.
        active: Active time by name of lease, as `LeaseTerms.active` returns it.
        sums: Exact quantity by lease, use and cell (`edges`), as `measure` returns it.
        missing: Sequence numbers that are unaccounted for.
        estimated: Whether a record that counts is an estimate.
        layout: The bill's cuts, where they are known already.

    Raises:
        RatingError: INCOMPLETE, TERMS, CONFLICT, SCHEMA or LIMIT, as `rate_bill`.
    """
    cuts = layout or Layout(bill)
    quantities = assign(cuts, sums)  # steps 10 to 12
    charges = list(cover_hours(cuts, quantities))  # step 13
    by_tiers, standing = charge_components(cuts, quantities)  # steps 14 and 15
    charges += by_tiers
    charges += once_charges(cuts, active)  # step 14
    charges = cover_spend(cuts, charges)  # step 13, on exact amounts
    charges += upfront_charges(cuts)
    charges += unpriced_charges(bill, quantities)
    multiplier = Multiplier.of(bill)
    priced = [line_of(charge, multiplier, bill) for charge in charges]  # steps 15 to 17
    adjusted, used = Adjusting(bill, active, priced).run()  # steps 18 to 20
    lines = tuple(sorted(adjusted, key=key_order))  # step 23
    taxes = taxes_of(bill.governing, lines)  # step 21
    net_total, total = _totals(bill.governing, lines, taxes)
    return Rating(
        lines=lines,
        net_total=net_total,
        total=total,
        digest=rating_digest(lines, net_total, total, taxes),
        missing=missing,
        estimated=estimated,
        taxes=taxes,
        closings=(*standing, *used),
    )


def _totals(plan: Plan, lines: Sequence[Line], taxes: Sequence[Tax]) -> tuple[Money, Money]:
    """Returns the net total and the total (step 22, RATE-TOTAL-1)."""
    currency, due = plan.billed_currency, sum(tax.amount.minor for tax in taxes)
    net = sum(line.amount.minor for line in lines) - (due if plan.tax_included else 0)
    try:
        return Money(currency, net), Money(currency, net + due)
    except InvalidScalar as error:
        raise RatingError(
            "LIMIT",
            f"The lines sum to an amount of more than 18 integer digits in {currency}, which no invoice can "
            "state. Check the plan's prices against the metered quantities (step 22).",
            details={"step": "22", "requirement": "RATE-TOTAL-1"},
        ) from error
