"""The cost of a demand under one plan, for any length of it: a lease that nobody signed, rated as any other.

A lease of the demand begins at a stated instant and lasts as long as asked. Its billing periods follow the
calendar in the plan's time zone, as those of every lease do, and each is priced by `crex.rating.price`; sums
that go on from bill to bill do so here. Commitments are charged to the end of their term, used or not: who
commits for three years and stops after one pays for three.

Bills of one period with the same use are the same, whatever comes later: each is made once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

from crex.comparison.demanded import Demanded
from crex.documents.times import from_ms
from crex.errors import RatingError
from crex.metering.span import Span
from crex.rating import (
    Bill,
    Layout,
    LeaseTerms,
    LeaseUse,
    Openings,
    Plan,
    Rating,
    Series,
    Standing,
    Zone,
    billing_period,
    price,
    timed_uses,
    zone_between,
)
from crex.rating.component import Use
from crex.rating.zone import DAY_MS

_LEASE: Final = "crex://comparison.invalid/lease/demand"
_ORDER: Final = "crex://comparison.invalid/order/demand"
_ACCOUNT: Final = "comparison"
# Around an instant, this holds its billing period wherever the anchor is.
_AROUND_MS: Final = 63 * DAY_MS
# A hundred years; a lease or a commitment of more is a slip.
_MOST_PERIODS: Final = 1212


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """When a demand begins, and what else rating reads.

    Attributes:
        start_ms: First instant of the lease, in milliseconds since 1970.
        anchor_day: Day of the month on which billing periods begin.
        series: Price series and exchange rates that plans name.
    """

    start_ms: int
    anchor_day: int = 1
    series: tuple[Series, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """What a demand of one length costs under one plan.

    Attributes:
        exact: Sum of the exact amounts of all lines and taxes, unrounded, in the billed currency.
        billed: Sum of the totals of all bills, each line rounded as a bill rounds it.
        bills: How many bills there are.
        unpriced: Dimensions and units that are demanded and that the plan does not price, or not always.
    """

    exact: Fraction
    billed: Fraction
    bills: int
    unpriced: tuple[Use, ...] = ()


@dataclass(frozen=True, slots=True)
class _Billed:
    """One bill, as far as a comparison needs it."""

    exact: Fraction
    billed: Fraction
    unpriced: frozenset[Use]
    closings: tuple[Standing, ...]


class Course:
    """The cost of a demand under a plan, as a function of its length."""

    def __init__(self, plan: Plan, demanded: Demanded, setting: Setting) -> None:
        self.plan = plan
        self.demanded = demanded
        self.setting = setting
        self._made: dict[tuple[object, ...], _Billed] = {}
        self._costs: dict[int, Cost] = {}
        self._zone: Zone | None = None
        self._reach = setting.start_ms
        # A commitment without a term of its own lasts as long as the lease, so its bills depend on that.
        self._open = any(one.term is None and one.months is None for one in plan.commitments)

    @property
    def currency(self) -> str:
        """ISO 4217 code of the costs."""
        return self.plan.billed_currency

    @property
    def beside(self) -> tuple[Use, ...]:
        """Dimensions and units of records that the plan prices and the demand does not state."""
        priced = {one.use: None for one in self.plan.components if one.of_records}
        return tuple(use for use in priced if use not in self.demanded.quantities)

    def cost(self, length_ms: int) -> Cost:
        """Returns what the demand costs if it lasts so many milliseconds, above zero.

        Raises:
            RatingError: It cannot be rated: a point of a series is missing (INCOMPLETE), an amount is too
                large for any bill (LIMIT), the zone is not known (SCHEMA).
        """
        known = self._costs.get(length_ms)
        if known is None:
            known = self._costs[length_ms] = self._cost(length_ms)
        return known

    def _cost(self, length_ms: int) -> Cost:
        start = self.setting.start_ms
        lease = Span(start, start + length_ms)
        exact = billed = Fraction(0)
        unpriced: dict[Use, None] = {}
        openings: tuple[Standing, ...] = ()
        bills = 0
        for period in self._periods(lease):
            made = self._bill(period, lease, openings)
            exact, billed, openings = exact + made.exact, billed + made.billed, made.closings
            unpriced |= dict.fromkeys(sorted(made.unpriced))
            bills += 1
        return Cost(exact, billed, bills, tuple(unpriced))

    def _periods(self, lease: Span) -> Iterator[Span]:
        """Yields billing periods from the lease's beginning until it and all commitments have ended."""
        last = max(lease.end_ms, self._bound(lease))
        zone = self._offsets(last)
        instant, number = lease.start_ms, 0
        while instant < last:
            period = billing_period(instant, self.setting.anchor_day, zone)
            yield period
            instant, number = period.end_ms, number + 1
            if number > _MOST_PERIODS:
                raise RatingError(
                    "LIMIT",
                    f"The demand or a commitment has more than {_MOST_PERIODS} billing periods. State less.",
                )

    def _bound(self, lease: Span) -> int:
        """Returns when the last commitment ends that does not end with the lease."""
        layout = Layout(self._of(lease, lease, ()))
        ends = [
            layout.force(self.plan, one).end_ms
            for one in self.plan.commitments
            if one.term is not None or one.months is not None
        ]
        return max(ends, default=lease.start_ms)

    def _offsets(self, last: int) -> Zone:
        if self._zone is None or last > self._reach:
            self._reach = last
            around = (self.setting.start_ms - _AROUND_MS, last + _AROUND_MS)
            try:
                self._zone = zone_between(self.plan.time_zone, *map(from_ms, around))
            except OverflowError as error:
                raise RatingError(
                    "LIMIT", "The demand or a commitment reaches beyond the year 9999. State less."
                ) from error
        return self._zone

    def _bill(self, period: Span, lease: Span, openings: tuple[Standing, ...]) -> _Billed:
        until = min(max(lease.end_ms, period.start_ms), period.end_ms)
        key = period, until, lease.end_ms if self._open else None, openings
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._rate(self._of(period, lease, openings), lease)
        return made

    def _of(self, period: Span, lease: Span, openings: tuple[Standing, ...]) -> Bill:
        terms = LeaseTerms(
            name=_LEASE,
            order=_ORDER,
            quantity=1,
            interval=lease,
            region=self.demanded.region,
            interruptible=self.demanded.interruptible,
        )
        return Bill(
            plans=(self.plan,),
            leases=(LeaseUse(terms=terms),),
            period=period,
            whole=period,
            zone=self._zone,
            account=_ACCOUNT if self.plan.of_account else None,
            series=self.setting.series,
            openings=Openings.of(openings),
        )

    def _rate(self, bill: Bill, lease: Span) -> _Billed:
        layout = Layout(bill)
        rating = price(bill, {_LEASE: lease}, self._sums(bill, layout, lease), layout=layout)
        unpriced = frozenset((line.dimension, line.unit) for line in rating.lines if line.unpriced)
        return _Billed(_exact(rating, self.plan), rating.total.value, unpriced, rating.closings)

    def _sums(self, bill: Bill, layout: Layout, lease: Span) -> dict[tuple[str, Use, int], Fraction]:
        """Returns what a lease uses in each cell: what `measure` finds in the records of an even use."""
        timed = timed_uses(bill)
        found: dict[tuple[str, Use, int], Fraction] = {}
        for use, quantity in self.demanded.quantities.items():
            each_ms = quantity / (1000 if use in timed else self.demanded.length_ms)
            bounds = layout.cells(use)
            for low, high in pairwise(bounds):
                length = min(high, lease.end_ms) - max(low, lease.start_ms)
                if length > 0:
                    found[_LEASE, use, low] = each_ms * length
        return found


def _exact(rating: Rating, plan: Plan) -> Fraction:
    lines = sum((line.exact_amount for line in rating.lines), Fraction(0))
    if plan.tax_included:
        return lines
    return lines + sum((tax.exact_amount for tax in rating.taxes), Fraction(0))
