"""The terms of an offer against what is demanded: quantity, duration, validity (MATCH-TERMS-1).

Offers constrain demands too. Each kind of term is one condition beside those of the requirement, explained
like them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

from crex import v1
from crex.demand.truth import Truth
from crex.demand.units import SECONDS, format_amount
from crex.demand.values import Scalar, ValueType, read_stated
from crex.demand.view import OfferView
from crex.documents.times import format_time
from crex.errors import RequirementError, Violation

_MAX_QUANTITIES = 32


class Term(Enum):
    """A condition that every offer sets by its terms; each value is how explanations begin it."""

    QUANTITY = "demand.count"
    DURATION = "demand.duration"
    VALIDITY = "offer.valid_until"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a demand wants, resolved at one instant.

    Attributes:
        demand: The demand.
        now: The instant of the search.
        count: Units.
        duration: Length of the lease.
    """

    demand: v1.Demand
    now: datetime
    count: int
    duration: timedelta

    @property
    def seconds(self) -> Fraction:
        """Length of the lease in seconds, exact."""
        return Fraction(self.duration // timedelta(milliseconds=1), 1000)

    def with_count(self, count: int) -> Wanted:
        """Gives the same with another number of units."""
        demand = v1.Demand()
        demand.CopyFrom(self.demand)
        demand.count = count
        return Wanted(demand, self.now, count, self.duration)

    def with_seconds(self, seconds: Fraction) -> Wanted:
        """Gives the same with another length, from the same start."""
        demand, duration = v1.Demand(), timedelta(milliseconds=int(seconds * 1000))
        demand.CopyFrom(self.demand)
        if demand.HasField("interval"):
            demand.interval.end.FromDatetime(demand.interval.start.ToDatetime() + duration)
        else:
            demand.duration.FromTimedelta(duration)
        return Wanted(demand, self.now, self.count, duration)


def wanted(demand: v1.Demand, *, now: datetime) -> Wanted:
    """Resolves and checks what a demand wants.

    Raises:
        RequirementError: Its count is not positive (DEMAND-COUNT-1), its time is missing or empty
            (DEMAND-TIME-1), or it states one dimension twice (DEMAND-QUANTITY-1).
    """
    violations: list[Violation] = []
    if demand.count < 1:
        fix = "ask for at least one unit"
        violations.append(Violation("$.count", f"the count is {demand.count}", "DEMAND-COUNT-1", fix))
    duration = _duration(demand)
    if duration is None or duration <= timedelta(0):
        fix = "state an interval whose end is after its start, or a duration such as 86400s"
        message = "the demand does not say for how long" if duration is None else "the time wanted is empty"
        violations.append(Violation("$", message, "DEMAND-TIME-1", fix))
    named = [(quantity.dimension, quantity.unit) for quantity in demand.quantities]
    if len(set(named)) != len(named) or len(named) > _MAX_QUANTITIES:
        fix = "add up what is wanted of one dimension and unit"
        message = "a dimension is stated twice in one unit, or more than 32 are stated"
        violations.append(Violation("$.quantities", message, "DEMAND-QUANTITY-1", fix))
    if duration is not None and duration > datetime.max.replace(tzinfo=UTC) - now:
        fix = "ask for a time within the calendar"
        violations.append(Violation("$", "the time wanted ends after the year 9999", "DEMAND-TIME-1", fix))
    if violations or duration is None:
        message = f"The demand cannot be used: {violations[0].message}."
        raise RequirementError("SCHEMA", message, violations=violations)
    return Wanted(demand, now, demand.count, duration)


def _duration(demand: v1.Demand) -> timedelta | None:
    try:
        if demand.WhichOneof("time") == "interval":
            return demand.interval.end.ToDatetime() - demand.interval.start.ToDatetime()
        if demand.WhichOneof("time") == "duration":
            return demand.duration.ToTimedelta()
    except (ValueError, OverflowError):  # beyond what a calendar holds
        return timedelta(0)
    return None


@dataclass(frozen=True, slots=True)
class Quantities:
    """The numbers of units that an offer sells: multiples of `step` from `least` to `most`."""

    least: int
    most: int | None
    step: int

    def nearest(self, count: int) -> int | None:
        """Gives the number nearest to `count` that is sold, the smaller of two; None where none is."""
        first = -(-max(self.least, 1) // self.step) * self.step
        last = None if self.most is None else self.most // self.step * self.step
        if last is not None and last < first:
            return None
        below = count // self.step * self.step
        near = below if count - below <= below + self.step - count else below + self.step
        return max(first, near if last is None else min(near, last))

    def __str__(self) -> str:
        text = f"at least {self.least}" if self.most is None else f"{self.least} to {self.most}"
        return text if self.step == 1 else f"{text}, in steps of {self.step}"


def quantities(view: OfferView) -> Quantities:
    """Gives the numbers of units that an offer sells."""
    least, most, step = (
        _stated(view.offer, name, ValueType.INTEGER)
        for name in ("minQuantity", "maxQuantity", "stepQuantity")
    )
    return Quantities(_whole(least) or 1, _whole(most), max(_whole(step) or 1, 1))


Bounds: TypeAlias = tuple[Fraction | None, Fraction | None]


def durations(view: OfferView) -> Bounds:
    """Gives the shortest and the longest lease of an offer in seconds; None: no bound."""
    terms = view.offer.get("terms")
    found = [
        _stated(terms, name, ValueType.DURATION) if isinstance(terms, Mapping) else None
        for name in ("minDuration", "maxDuration")
    ]
    shortest, longest = (value if isinstance(value, Fraction) else None for value in found)
    return shortest, longest


def truth_of_term(term: Term, view: OfferView, want: Wanted) -> Truth:
    """Tells whether an offer's terms admit what is wanted; UNKNOWN only for a validity that is not stated."""
    if term is Term.QUANTITY:
        return Truth.of(quantities(view).nearest(want.count) == want.count)
    if term is Term.DURATION:
        shortest, longest = durations(view)
        long_enough = shortest is None or shortest <= want.seconds
        return Truth.of(long_enough and (longest is None or want.seconds <= longest))
    until = valid_until(view)
    return Truth.UNKNOWN if until is None else Truth.of(want.now < until)


def term_text(term: Term, want: Wanted) -> str:
    """Writes a term as explanations show it."""
    if term is Term.QUANTITY:
        return f"{term.value} = {want.count}"
    if term is Term.DURATION:
        return f"{term.value} = {format_amount(want.seconds, SECONDS)}"
    return f"{term.value} > {format_time(want.now)}"


def term_found(term: Term, view: OfferView) -> str:
    """Says what an offer's terms admit."""
    if term is Term.QUANTITY:
        return str(quantities(view))
    if term is Term.VALIDITY:
        until = valid_until(view)
        return "" if until is None else format_time(until)
    shortest, longest = durations(view)
    parts = [
        f"{word} {format_amount(bound, SECONDS)}"
        for word, bound in (("at least", shortest), ("at most", longest))
        if bound is not None
    ]
    return " and ".join(parts)


def nearest_seconds(view: OfferView, want: Wanted) -> Fraction | None:
    """Gives the length nearest to the wanted one that an offer's terms admit; None where none is."""
    shortest, longest = durations(view)
    if shortest is not None and longest is not None and shortest > longest:
        return None
    near = want.seconds if shortest is None else max(shortest, want.seconds)
    return near if longest is None else min(near, longest)


def valid_until(view: OfferView) -> datetime | None:
    """Gives the end of an offer's validity; None where it is not stated."""
    header = view.offer.get("header")
    stated = _stated(header, "validUntil", ValueType.TIME) if isinstance(header, Mapping) else None
    return stated if isinstance(stated, datetime) else None


def _stated(message: Mapping[str, object], member: str, kind: ValueType) -> Scalar | None:
    return read_stated(message.get(member), kind)


def _whole(value: Scalar | None) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
