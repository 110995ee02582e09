"""Maximum, minimum and credits: lines that lower or raise rounded lines (rate/1, steps 18 to 20)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from crex.decimals import round_half_away
from crex.metering.span import Span, timestamp_ms
from crex.rating.agreements import Credit
from crex.rating.bill import Bill, LeaseUse, Standing
from crex.rating.lines import Line, key_order, line_key, money
from crex.v1 import CreditKind, ServiceEventKind

_MINIMUM, _MAXIMUM = "minimum", "maximum"
_MINIMUM_USE = "minimum", "period"
_PERCENT = 100


class Adjusting:
    """The adjustments of one bill, by its governing plan, in their order (RATE-ADJUSTMENT-1).

    The *net* of a line is its rounded amount and that of all adjustments made to it so far.
    """

    def __init__(self, bill: Bill, active: Mapping[str, Span], lines: Sequence[Line]) -> None:
        self._bill = bill
        self._plan = bill.governing
        self._active = active
        self._lines = sorted(lines, key=key_order)
        self._nets = {line.key: line.amount.minor for line in self._lines}
        self._made: list[Line] = []

    def run(self) -> tuple[list[Line], tuple[Standing, ...]]:
        """Makes all adjustments.

        Returns:
            The lines with those of the adjustments, and what was used so far of each fixed credit.
        """
        self._lower_to_maximum()
        self._raise_to_minimum()
        used = [self._fixed(credit) for credit in self._credits(CreditKind.CREDIT_KIND_FIXED)]
        for credit in self._credits(CreditKind.CREDIT_KIND_SLA):
            self._service_level(credit)
        used.sort(key=lambda one: (one.credit or "").encode())
        return [*self._lines, *self._made], tuple(one for one in used if one.value)

    def _lower_to_maximum(self) -> None:
        """Lowers lines that sum to more than the maximum (step 18, RATE-MAXIMUM-1)."""
        maximum, total = self._plan.maximum, sum(self._nets.values())
        if maximum is not None and total > maximum.minor:
            self._lower(self._lines, total - maximum.minor, _MAXIMUM)

    def _raise_to_minimum(self) -> None:
        """States what lines are short of the minimum, where a lease was in use (step 18, RATE-MINIMUM-1)."""
        minimum, total = self._plan.minimum, sum(self._nets.values())
        in_use = any(span.overlaps(self._bill.period) for span in self._active.values())
        if minimum is None or not in_use or total >= minimum.minor:
            return
        terms = self._bill.leases[0].terms if self._bill.account is None else None
        amount = money(minimum.currency, minimum.minor - total, "The minimum")
        line = Line(
            key=line_key(
                order=terms.order if terms else "",
                owner=terms.name if terms else self._bill.account or "",
                component="",
                plan=self._plan,
                tier=None,
                adjustment=_MINIMUM,
            ),
            order=terms.order if terms else None,
            lease=terms.name if terms else None,
            component=None,
            tier=None,
            plan=self._plan.pin,
            dimension=_MINIMUM_USE[0],
            unit=_MINIMUM_USE[1],
            quantity=Fraction(1),
            unit_price=None,
            per_quantity=None,
            exact_amount=amount.value,
            amount=amount,
            adjustment=_MINIMUM,
            account=None if terms else self._bill.account,
            tax_category=self._plan.adjustment_tax_category,
        )
        self._lines = sorted([*self._lines, line], key=key_order)
        self._nets[line.key] = amount.minor

    def _fixed(self, credit: Credit) -> Standing:
        """Lowers lines by what is left of a fixed credit, but none below zero (step 19, RATE-FIXED-1)."""
        amount, used = credit.amount, self._bill.openings.credit(credit.id)
        basis = self._basis(credit)
        if amount is not None and credit.applies(self._bill.period.start_ms):
            lowered = min(max(amount.minor - used, 0), self._above_zero(basis))
            self._lower(basis, lowered, credit.id)
            used += lowered
        return Standing(None, credit.id, None, Fraction(used))

    def _service_level(self, credit: Credit) -> None:
        """Credits a broken promise, lease by lease (step 20, RATE-SLA-2)."""
        if not credit.applies(self._bill.period.start_ms):
            return
        left = None if credit.cap is None else credit.cap.minor
        for use in self._bill.by_name:
            percent = self._breach(credit, use)
            basis = [line for line in self._basis(credit) if line.lease == use.terms.name]
            lowered = round_half_away(self._above_zero(basis) * percent / _PERCENT)
            if left is not None:
                lowered = min(lowered, left)
                left -= lowered
            self._lower(basis, lowered, credit.id)

    def _breach(self, credit: Credit, use: LeaseUse) -> Fraction:
        """Returns the percentage of the lowest threshold that the uptime is below; else 0 (RATE-SLA-1)."""
        span, period = self._active[use.terms.name], self._bill.period
        start, end = max(span.start_ms, period.start_ms), min(span.end_ms, period.end_ms)
        if start >= end:
            return Fraction(0)
        uptime = 1 - Fraction(_outage_ms(use, start, end), end - start)
        broken = [one.percent for one in credit.thresholds if uptime < one.below]
        return broken[-1] if broken else Fraction(0)  # thresholds descend (PRICE-CREDIT-3)

    def _credits(self, kind: CreditKind.ValueType) -> list[Credit]:
        return [credit for credit in self._plan.credits if credit.kind == kind]

    def _basis(self, credit: Credit) -> list[Line]:
        return [line for line in self._lines if credit.covers(line.component)]

    def _above_zero(self, lines: Sequence[Line]) -> int:
        return sum(max(self._nets[line.key], 0) for line in lines)

    def _lower(self, lines: Sequence[Line], amount: int, adjustment: str) -> None:
        shares = allocate(amount, [max(self._nets[line.key], 0) for line in lines])
        for line, share in zip(lines, shares, strict=True):
            if share:  # an adjustment of zero is not stated (RATE-ZERO-1)
                self._made.append(line.adjusted(adjustment, -share))
                self._nets[line.key] -= share


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Divides an amount in proportion to weights, by the largest remainder (RATE-ALLOCATE-1).

    Args:
        amount: Minor units to divide; not below zero, and 0 where all weights are.
        weights: What to divide among, none below zero, by ascending bytes of line keys.

    Returns:
        Shares that sum to the amount: each rounded down, then one unit more by the largest remainder, the
        first in order where remainders are equal.
    """
    total = sum(weights)
    if not amount or not total:
        return [0] * len(weights)
    shares = [amount * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: -(amount * weights[index] % total))
    for index in by_remainder[: amount - sum(shares)]:
        shares[index] += 1
    return shares


def _outage_ms(use: LeaseUse, start_ms: int, end_ms: int) -> int:
    """Returns how long a lease was out within a time; where outages overlap, time counts once."""
    outages = sorted(
        (timestamp_ms(event.at), timestamp_ms(event.until))
        for event in use.events
        if event.kind == ServiceEventKind.SERVICE_EVENT_KIND_OUTAGE
    )
    out, done = 0, start_ms
    for begin, until in outages:
        begun, ended = max(begin, done), min(until, end_ms)
        if ended > begun:
            out += ended - begun
            done = ended
    return out
