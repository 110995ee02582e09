"""The terms of an offer against what is demanded: quantity, duration, validity, buyer (MATCH-TERMS-1).

Offers constrain demands too. Each kind of term is one condition beside those of the requirement, explained
like them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

from crex import v1
from crex.demand.offer_constraints import constraints_truth, repeated_properties
from crex.demand.truth import Truth
from crex.demand.units import SECONDS, format_amount
from crex.demand.values import Scalar, ValueType, read_interval, read_stated
from crex.demand.view import OfferView, Surroundings
from crex.documents.times import format_time, to_ms
from crex.errors import RequirementError, Violation
from crex.metering.span import Span, timestamp_ms

_MAX_QUANTITIES = 32


class Term(Enum):
    """A condition that every offer sets by its terms; each value is how explanations begin it."""

    QUANTITY = "demand.count"
    DURATION = "demand.duration"
    VALIDITY = "offer.valid_until"
    CONSTRAINTS = "offer.offer_constraints"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a demand wants, resolved at one instant.

    Attributes:
        demand: The demand.
        now: The instant of the search.
        count: Units.
        duration: Length of the lease.
        window: Where the lease may lie, from the instant of the search on; None: the demand says when.
    """

    demand: v1.Demand
    now: datetime
    count: int
    duration: timedelta
    window: Span | None = None

    @property
    def seconds(self) -> Fraction:
        """Length of the lease in seconds, exact."""
        return _exact(self.duration)

    def with_count(self, count: int) -> Wanted:
        """Gives the same with another number of units."""
        demand = v1.Demand()
        demand.CopyFrom(self.demand)
        demand.count = count
        return replace(self, demand=demand, count=count)

    def with_seconds(self, seconds: Fraction) -> Wanted:
        """Gives the same with another length, from the same start, or within the same window."""
        demand, duration = v1.Demand(), timedelta(milliseconds=int(seconds * 1000))
        demand.CopyFrom(self.demand)
        if demand.HasField("interval"):
            demand.interval.end.FromDatetime(demand.interval.start.ToDatetime() + duration)
        elif demand.HasField("window"):
            demand.window.duration.FromTimedelta(duration)
        else:
            demand.duration.FromTimedelta(duration)
        return replace(self, demand=demand, duration=duration)

    def time_at(self, view: OfferView) -> Span:
        """Gives the time that is wanted of an offer (REQ-COVERS-2, DEMAND-WINDOW-1)."""
        length_ms = self.duration // timedelta(milliseconds=1)
        if self.window is not None:
            start_ms = _earliest(view, self.window, self.count, length_ms)
        elif self.demand.HasField("interval"):
            return Span.of(self.demand.interval)
        else:
            start_ms = to_ms(self.now)
        return Span(start_ms, start_ms + length_ms)


def wanted(demand: v1.Demand, *, now: datetime) -> Wanted:
    """Resolves and checks what a demand wants.

    Raises:
        RequirementError: Its count is not positive (DEMAND-COUNT-1), its time is missing or empty
            (DEMAND-TIME-1) or does not fit into its window (DEMAND-WINDOW-1), or it states one dimension
            (DEMAND-QUANTITY-1) or one property (DEMAND-PROPERTY-1) twice.
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
    violations += repeated_properties(demand.properties)
    window = _window(demand, now)
    if window is not None and duration is not None and window.seconds < _exact(duration):
        fix = "widen the window, or ask for less time"
        message = f"from now on the window has room for {window.seconds} s, less than the duration wanted"
        violations.append(Violation("$.window", message, "DEMAND-WINDOW-1", fix))
    if duration is not None and duration > datetime.max.replace(tzinfo=UTC) - now:
        fix = "ask for a time within the calendar"
        violations.append(Violation("$", "the time wanted ends after the year 9999", "DEMAND-TIME-1", fix))
    if violations or duration is None:
        message = f"The demand cannot be used: {violations[0].message}."
        raise RequirementError("SCHEMA", message, violations=violations)
    return Wanted(demand, now, demand.count, duration, window)


def _window(demand: v1.Demand, now: datetime) -> Span | None:
    """Gives the window of a demand from the instant of the search on; empty where it is over."""
    if demand.WhichOneof("time") != "window":
        return None
    start_ms = max(timestamp_ms(demand.window.earliest), to_ms(now))
    return Span(start_ms, max(start_ms, timestamp_ms(demand.window.latest)))


def _earliest(view: OfferView, window: Span, count: int, length_ms: int) -> int:
    """Gives the earliest instant from which availability covers what is wanted (DEMAND-WINDOW-1)."""
    starts: list[int] = []
    for entry in view.availability or ():
        span = read_interval(entry, "interval")
        quantity = _stated(entry, "quantity", ValueType.INTEGER)
        if span is None or not isinstance(quantity, int) or quantity < count:
            continue
        start_ms = max(span.start_ms, window.start_ms)
        if start_ms + length_ms <= min(span.end_ms, window.end_ms):
            starts.append(start_ms)
    return min(starts, default=window.start_ms)


def _exact(duration: timedelta) -> Fraction:
    return Fraction(duration // timedelta(milliseconds=1), 1000)


def _duration(demand: v1.Demand) -> timedelta | None:
    try:
        if demand.WhichOneof("time") == "interval":
            return demand.interval.end.ToDatetime() - demand.interval.start.ToDatetime()
        if demand.WhichOneof("time") == "duration":
            return demand.duration.ToTimedelta()
        if demand.WhichOneof("time") == "window":
            return demand.window.duration.ToTimedelta()
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


def truth_of_term(term: Term, around: Surroundings, want: Wanted) -> Truth:
    """Tells whether an offer's terms admit what is wanted.

    UNKNOWN only for a validity that is not stated, and for constraints on what the demand does not state.
    """
    view = around.view
    if term is Term.CONSTRAINTS:
        return constraints_truth(around)
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
    if term is Term.VALIDITY:
        return f"{term.value} > {format_time(want.now)}"
    return str(term.value)


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
