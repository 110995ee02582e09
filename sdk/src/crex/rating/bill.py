"""What a bill is made of: all that rating reads, and nothing else (rate/1, step 1; rating.md, Schema)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Self

from crex.decimals import format_rational, parse_rational
from crex.errors import RatingError
from crex.metering.record import Record
from crex.metering.span import Span
from crex.rating.plan import Plan
from crex.rating.series import Series
from crex.rating.terms import LeaseTerms
from crex.rating.zone import Zone
from crex.v1 import AccumulatorValue, GapMarker, Rational, ServiceEvent


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an accumulator, or a fixed credit, stands before or after a bill (RATE-OPENING-1, RATE-FIXED-1).

    Attributes:
        component: Component of the plan; nothing where a credit is meant.
        credit: Credit of the plan, whose value is what of it was used, in minor units of the billed currency.
        lease: Name of the lease; nothing: it is of the account.
        value: Sum so far.
    """

    component: str | None
    credit: str | None
    lease: str | None
    value: Fraction

    def message(self) -> AccumulatorValue:
        """Returns it as an invoice states it."""
        num, den = format_rational(self.value)
        return AccumulatorValue(
            component=self.component, credit=self.credit, lease=self.lease, value=Rational(num=num, den=den)
        )


@dataclass(frozen=True, slots=True)
class Openings:
    """Where accumulators and fixed credits stood before a bill; what it does not name stood at zero."""

    values: Mapping[tuple[str | None, str | None, str | None], Fraction] = field(
        default_factory=lambda: MappingProxyType({})
    )

    @classmethod
    def of(cls, standings: Iterable[AccumulatorValue | Standing]) -> Self:
        """Returns the openings that an invoice, or the closings of an earlier one, state.

        Raises:
            RatingError: SCHEMA if one is below zero, is stated twice, or is of a component and a credit, or
                of neither (RATE-OPENING-1).
        """
        values: dict[tuple[str | None, str | None, str | None], Fraction] = {}
        for one in map(_standing, standings):
            name = one.component or one.credit or "nothing"
            key = one.component, one.credit, one.lease
            if (one.component is None) == (one.credit is None):
                raise _refused("an opening must be of a component or of a credit, and of one of them only")
            if one.value < 0:
                raise _refused(f"the opening of {name} is below zero")
            if key in values:
                raise _refused(f"the opening of {name} is stated twice")
            values[key] = one.value
        return cls(MappingProxyType(values))

    def component(self, identifier: str, lease: str | None) -> Fraction:
        """Returns where the accumulator of a component stood; of the account where no lease is given."""
        return self.values.get((identifier, None, lease), Fraction(0))

    def credit(self, identifier: str) -> int:
        """Returns how many minor units of a fixed credit were used before."""
        value = self.values.get((None, identifier, None), Fraction(0))
        if value.denominator != 1:
            raise _refused(f"the opening of credit {identifier} is not a whole number of minor units")
        return value.numerator


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseUse:
    """A lease and its use.

    Attributes:
        terms: The lease as it was sold.
        records: Usage records in any order; repeated ones count once.
        events: Service events of the lease from its beginning, outages among them.
        gaps: Signed gap markers of the period.
        first_seq: First sequence number of each meter in the period; 1 for a meter that it does not name.
    """

    terms: LeaseTerms
    records: Sequence[Record] = ()
    events: Sequence[ServiceEvent] = ()
    gaps: Sequence[GapMarker] = ()
    first_seq: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """All that rating reads.

    Attributes:
        plans: The price plan, or several of which each supersedes the one before it.
        leases: The lease, or all leases of an account, in any order.
        period: The billing period.
        whole: The whole billing period of which it is the beginning.
        zone: Offsets of local time that the bill pins; nothing only where no plan has a window.
        account: The buyer's account where the bill is of an account; nothing: it is of a lease.
        series: Price series that the plans name, in any order.
        openings: Where accumulators stood before.
    """

    plans: tuple[Plan, ...]
    leases: tuple[LeaseUse, ...]
    period: Span
    whole: Span
    zone: Zone | None = None
    account: str | None = None
    series: tuple[Series, ...] = ()
    openings: Openings = Openings()

    @property
    def governing(self) -> Plan:
        """The plan in force as the period begins, or else the first that comes into force in it."""
        return next((plan for plan in self.plans if not plan.within(self.period).empty), self.plans[0])

    @property
    def by_name(self) -> Iterator[LeaseUse]:
        """Leases by the bytes of their names."""
        yield from sorted(self.leases, key=lambda use: use.terms.name.encode())

    def plan_at(self, instant_ms: int) -> Plan | None:
        """Returns the plan in force at an instant; nothing where none is."""
        return next((plan for plan in self.plans if plan.in_force(instant_ms)), None)


def check_bill(bill: Bill) -> None:
    """Checks that a bill is one: its plans follow each other, its leases are told apart.

    Raises:
        RatingError: TERMS if a plan may not take the place of the one before it (PRICE-SUPERSEDES-1) or only
            a bill of an account can apply it; SCHEMA if the bill has no plan or no lease, one lease twice, or
            a period that is not the beginning of the whole billing period.
    """
    names = [use.terms.name for use in bill.leases]
    if not bill.plans or not names:
        raise _refused("it has no price plan, or no lease", "")
    if len(set(names)) < len(names):
        raise _refused("it has one lease twice", "")
    if bill.period.start_ms != bill.whole.start_ms or bill.period.end_ms > bill.whole.end_ms:
        raise _refused(
            f"its period {bill.period} is not the beginning of the whole billing period {bill.whole}",
            "RATE-PERIOD-1",
        )
    if bill.account is None and any(plan.of_account for plan in bill.plans):
        raise RatingError(
            "TERMS",
            "The price plan has a commitment, or sums over all leases of an account, so a lease alone cannot "
            "be billed under it. Bill the account (rating.md, Schema).",
            details={"requirement": "INVOICE-SCOPE-1"},
        )


def _standing(one: AccumulatorValue | Standing) -> Standing:
    if isinstance(one, Standing):
        return one
    return Standing(
        component=one.component if one.HasField("component") else None,
        credit=one.credit if one.HasField("credit") else None,
        lease=one.lease if one.HasField("lease") else None,
        value=parse_rational(one.value.num, one.value.den),
    )


def _refused(what: str, requirement: str = "RATE-OPENING-1") -> RatingError:
    cited = f" ({requirement})" if requirement else ""
    return RatingError(
        "SCHEMA",
        f"The bill cannot be rated: {what}. Correct what is to be rated{cited}.",
        details={"requirement": requirement} if requirement else {},
    )
