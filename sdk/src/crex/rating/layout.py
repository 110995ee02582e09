"""Where a bill's time is cut, and which component prices what lies between (rate/1, steps 7, 8 and 10).

Cuts divide the billing period into *segments*, within which one plan, one set of components and one price
hold, and where a commitment covers hours, segments into *cells* of at most an hour. All use of a cell is
alike: summed cell by cell, neither the order of records nor the way in which held time is cut into records
makes a difference.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import MAXYEAR

from crex.documents.times import from_ms, to_ms
from crex.errors import RatingError
from crex.metering.span import Span
from crex.rating.agreements import Commitment
from crex.rating.bill import Bill
from crex.rating.component import Component, Use
from crex.rating.plan import Plan
from crex.rating.series import Curve, curve_of
from crex.rating.terms import LeaseTerms
from crex.rating.windows import changes
from crex.rating.zone import Zone

HOUR_MS = 3_600_000
_MONTHS = 12


class Layout:
    """The cuts of one bill, each found when it is first asked for."""

    def __init__(self, bill: Bill, like: Layout | None = None) -> None:
        """Begins with nothing found.

        Args:
            bill: The bill.
            like: Cuts of a bill of the same plans, without commitments, and of the same period, offsets and
                series: they are the same but for the leases, and each is then found for both.
        """
        self.bill = bill
        self._force: dict[tuple[str, str], Span] = {} if like is None else like._force
        self._curves: dict[tuple[str, str, str], Curve] = {} if like is None else like._curves
        self._segments: dict[Use, tuple[int, ...]] = {} if like is None else like._segments
        self._cells: dict[Use, tuple[int, ...]] = {} if like is None else like._cells
        self._chosen: dict[tuple[Use, int, str | None, bool], tuple[Plan, Component] | None] = (
            {} if like is None else like._chosen
        )

    def segments(self, use: Use) -> tuple[int, ...]:
        """Returns the bounds of the segments of a dimension and unit, from the period's start to its end."""
        known = self._segments.get(use)
        if known is None:
            period = self.bill.period
            found = {period.start_ms, period.end_ms, *self._cuts(use)}
            known = self._segments[use] = tuple(sorted(found))
        return known

    def cells(self, use: Use) -> tuple[int, ...]:
        """Returns the bounds of the cells: of the segments, and each hour that a commitment covers."""
        known = self._cells.get(use)
        if known is None:
            found = {*self.segments(use), *self._hours(use)}
            known = self._cells[use] = tuple(sorted(found))
        return known

    def segment_at(self, use: Use, instant_ms: int) -> int:
        """Returns the start of the segment in which an instant lies."""
        bounds = self.segments(use)
        return bounds[bisect_right(bounds, instant_ms) - 1]

    def choose(self, use: Use, instant_ms: int, terms: LeaseTerms) -> tuple[Plan, Component] | None:
        """Returns the first component, in list order, that prices a use at an instant (step 10).

        Returns nothing where no component of a plan in force then does: such use is listed at an amount of 0
        and flagged (RATE-COMPONENT-1, RATE-UNPRICED-1).
        """
        key = use, instant_ms, terms.region, terms.interruptible
        if key not in self._chosen:
            plan = self.bill.plan_at(instant_ms)
            found = None if plan is None else self._first(plan, use, instant_ms, terms)
            self._chosen[key] = None if plan is None or found is None else (plan, found)
        return self._chosen[key]

    def applies(self, plan: Plan, component: Component, instant_ms: int, terms: LeaseTerms) -> bool:
        """Tells whether every restriction of a component holds at an instant (RATE-RESTRICTION-1)."""
        rules = component.restrictions
        if not rules.hold_for(terms.region, interruptible=terms.interruptible):
            return False
        force = self._required(plan, component)
        if force is not None and not force.start_ms <= instant_ms < force.end_ms:
            return False
        return not rules.local or rules.hold_at(instant_ms, self._zone())

    def force(self, plan: Plan, commitment: Commitment) -> Span:
        """Returns the time in which a commitment is in force; empty where there is none (step 13)."""
        key = plan.pin.sha256, commitment.id
        if key not in self._force:
            self._force[key] = plan.within(self._term(commitment))
        return self._force[key]

    def curve(self, plan: Plan, component: Component) -> Curve:
        """Returns the price series of a component, as far as the bill holds it.

        Raises:
            RatingError: TERMS or CONFLICT (SERIES-REVISION-1).
        """
        ref = component.series
        assert ref is not None  # noqa: S101 - only asked of a component with a series
        key = ref.id, ref.publisher, plan.currency
        if key not in self._curves:
            self._curves[key] = curve_of(ref.id, ref.publisher, self.bill.series, currency=plan.currency)
        return self._curves[key]

    def _first(self, plan: Plan, use: Use, instant_ms: int, terms: LeaseTerms) -> Component | None:
        return next(
            (
                one
                for one in plan.components
                if one.use == use and one.of_records and self.applies(plan, one, instant_ms, terms)
            ),
            None,
        )

    def _required(self, plan: Plan, component: Component) -> Span | None:
        """Returns when the commitment that a component asks for is in force; nothing: it asks for none."""
        wanted = component.restrictions.commitment
        found = (self.force(plan, one) for one in plan.commitments if one.id == wanted)
        return None if wanted is None else next(found)

    def _cuts(self, use: Use) -> Iterator[int]:
        """Yields the instants at which something of a use's components changes (RATE-CUT-1)."""
        for plan in self.bill.plans:
            part = plan.within(self.bill.period)
            if part.empty:
                continue
            yield from (part.start_ms, part.end_ms)
            for component in plan.components:
                if component.use != use:
                    continue
                rules = component.restrictions
                if rules.local:
                    yield from changes(rules.local, self._zone(), part)
                force = self._required(plan, component)
                if force is not None:
                    yield from (edge for edge in (force.start_ms, force.end_ms) if part.crosses(edge))
                if component.series is not None:
                    curve = self.curve(plan, component)
                    yield from (cut for cut in curve.cuts if part.crosses(cut))

    def _hours(self, use: Use) -> Iterator[int]:
        """Yields the hours of UTC in which a commitment may cover the use (RATE-CUT-1)."""
        for plan in self.bill.plans:
            part = plan.within(self.bill.period)
            ids = {one.id for one in plan.components if one.use == use}
            if any(one.hourly and ids & one.eligible for one in plan.commitments):
                first = part.start_ms // HOUR_MS * HOUR_MS + HOUR_MS
                yield from range(first, part.end_ms, HOUR_MS)

    def _term(self, commitment: Commitment) -> Span:
        if commitment.term is not None:
            return commitment.term
        intervals = [use.terms.interval for use in self.bill.leases]
        start = min(interval.start_ms for interval in intervals)
        if commitment.months is not None:
            return Span(start, months_later(start, commitment.months))
        return Span(start, max(interval.end_ms for interval in intervals))

    def _zone(self) -> Zone:
        zone = self.bill.zone
        if zone is None:
            raise RatingError(
                "SCHEMA",
                "A component applies at some local times only, and the bill pins no offsets by which to tell "
                "local time. Pin them (step 1, RATE-ZONE-1).",
                details={"step": "1", "requirement": "RATE-ZONE-1"},
            )
        return zone


def edges(bill: Bill, use: Use) -> tuple[int, ...]:
    """Returns the instants at which use of a dimension and unit is cut (step 7, RATE-CUT-1).

    Returns:
        Ascending milliseconds since 1970, from the period's start to its end, committed hours included.

    Raises:
        RatingError: SCHEMA if local time is needed and not pinned (RATE-ZONE-1); TERMS or CONFLICT if a price
            series is not the one that was agreed (SERIES-REVISION-1).
    """
    return Layout(bill).cells(use)


def months_later(instant_ms: int, months: int) -> int:
    """Returns the same day and time of day so many calendar months of UTC later, or the month's last day."""
    start = from_ms(instant_ms)
    year, month = divmod(start.year * _MONTHS + start.month - 1 + months, _MONTHS)
    if year > MAXYEAR:
        return to_ms(start.replace(year=MAXYEAR, month=_MONTHS, day=31))
    for day in range(start.day, 0, -1):
        try:
            return to_ms(start.replace(year=year, month=month + 1, day=day))
        except ValueError:
            continue  # no such day in that month
    raise AssertionError("every month has a first day")
