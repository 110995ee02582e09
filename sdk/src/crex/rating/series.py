"""Price series: prices and exchange rates that move with time (pricing.md, SERIES-*; rate/1, step 15).

A series grows by revisions, each over an interval of its own. A bill reads those that it pins, together, as
one function of time in steps.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Self

from crex.decimals import parse_decimal, parse_rational
from crex.errors import RatingError, Violation
from crex.metering.span import Span, show_ms, timestamp_ms
from crex.v1 import Pin, PricePoint, PriceSeries


@dataclass(frozen=True, slots=True)
class Point:
    """What a series states from one instant on, in milliseconds since 1970."""

    start_ms: int
    value: Fraction


@dataclass(frozen=True, slots=True)
class Series:
    """The points of a series in an interval: one document.

    Attributes:
        pin: Which document it is.
        id: Name of the series.
        publisher: Who signed it.
        currency: Currency of the prices, or the one that is converted into.
        base_currency: The currency that is converted; nothing where the points are prices.
        span: Time that the points cover.
        points: By ascending start, the first at the interval's.
    """

    pin: Pin
    id: str
    publisher: str
    currency: str
    base_currency: str | None
    span: Span
    points: tuple[Point, ...]

    @classmethod
    def of(cls, message: PriceSeries, pin: Pin | None = None) -> Self:
        """Returns the series of a message.

        Args:
            message: A series in strict form; its required members are there.
            pin: Which document it is; nothing where it is not pinned yet.

        Raises:
            RatingError: SCHEMA, with every rule that it breaks (SERIES-*).
        """
        found = list(series_violations(message))
        if found:
            raise RatingError(
                "SCHEMA",
                f"{message.header.id} breaks {len(found)} rule(s) of price series, so nothing can be priced "
                "by it. Have its publisher publish a corrected revision.",
                violations=found,
                details={"step": "2"},
            )
        rates = message.HasField("base_currency")
        return cls(
            pin=Pin() if pin is None else pin,
            id=message.header.id,
            publisher=message.header.issuer,
            currency=message.currency,
            base_currency=message.base_currency if rates else None,
            span=Span.of(message.interval),
            points=tuple(Point(timestamp_ms(one.start), _value(one, rates=rates)) for one in message.points),
        )

    @property
    def pieces(self) -> Iterator[tuple[Span, Fraction]]:
        """Stretches of time and the value that holds in each."""
        ends = [point.start_ms for point in self.points[1:]] + [self.span.end_ms]
        for point, end in zip(self.points, ends, strict=True):
            yield Span(point.start_ms, end), point.value


def series_violations(message: PriceSeries) -> Iterator[Violation]:
    """Yields every rule that a price series breaks, by path, requirement and fix (SERIES-*).

    Args:
        message: A series in strict form; its required members are there.
    """
    start, end = timestamp_ms(message.interval.start), timestamp_ms(message.interval.end)
    starts = [timestamp_ms(point.start) for point in message.points]
    if starts and starts[0] != start:
        yield Violation(
            "$.points[0].start",
            f"the first point is at {show_ms(starts[0])}, the interval begins at {show_ms(start)}",
            "SERIES-POINT-1",
            "begin with a point at the interval's start",
        )
    for index, (first, second) in enumerate(pairwise(starts), start=1):
        if second <= first:
            yield Violation(
                f"$.points[{index}].start",
                f"{show_ms(second)} is not after the point before, at {show_ms(first)}",
                "SERIES-POINT-1",
                "list points by ascending start, each once",
            )
    for index, instant in enumerate(starts):
        if index and instant >= end:
            yield Violation(
                f"$.points[{index}].start",
                f"{show_ms(instant)} is not before the interval's end, {show_ms(end)}",
                "SERIES-POINT-1",
                "leave the point out, or state a longer interval",
            )
    yield from _value_violations(message)


def _value_violations(message: PriceSeries) -> Iterator[Violation]:
    rates = message.HasField("base_currency")
    for index, point in enumerate(message.points):
        path = f"$.points[{index}]"
        has = {"unitPrice": point.HasField("unit_price"), "rate": point.HasField("rate")}
        wanted, other = ("rate", "unitPrice") if rates else ("unitPrice", "rate")
        if has[other]:
            yield Violation(
                f"{path}.{other}",
                f"a point of {'exchange rates' if rates else 'prices'} has a {other}",
                "SERIES-POINT-2",
                f"state {wanted} alone; `baseCurrency` makes a series one of exchange rates",
            )
        if not has[wanted]:
            yield Violation(path, f"the point has no {wanted}", "SERIES-POINT-2", f"state {wanted}")
        elif rates and _value(point, rates=True) <= 0:
            yield Violation(
                f"{path}.rate", "the rate is not above zero", "SERIES-POINT-2", "state a rate above zero"
            )


def _value(point: PricePoint, *, rates: bool) -> Fraction:
    return parse_rational(point.rate.num, point.rate.den) if rates else parse_decimal(point.unit_price)


@dataclass(frozen=True, slots=True)
class Curve:
    """One series over all its revisions that a bill holds: a function of time in steps.

    Attributes:
        id: Name of the series.
        cuts: Instants at which a piece begins or ends, ascending.
        values: The value from each cut to the next; nothing where no revision states one.
    """

    id: str
    cuts: tuple[int, ...]
    values: tuple[Fraction | None, ...]

    @classmethod
    def of(cls, name: str, revisions: Sequence[Series]) -> Self:
        """Returns the curve of a series' revisions.

        Raises:
            RatingError: CONFLICT if two of them state different values for one instant (SERIES-REVISION-1).
        """
        begun: dict[int, list[Fraction]] = {}
        ended: dict[int, list[Fraction]] = {}
        for span, value in (piece for each in revisions for piece in each.pieces):
            begun.setdefault(span.start_ms, []).append(value)
            ended.setdefault(span.end_ms, []).append(value)
        cuts, values = sorted({*begun, *ended}), list[Fraction | None]()
        stated: Counter[Fraction] = Counter()  # how many revisions state a value
        for cut in cuts:
            stated.subtract(ended.get(cut, ()))
            stated.update(begun.get(cut, ()))
            stated = +stated
            if len(stated) > 1:
                raise _conflict(name, cut, *sorted(stated)[:2])
            values.append(next(iter(stated), None))
        return cls(name, tuple(cuts), tuple(values))

    def at(self, instant_ms: int) -> Fraction | None:
        """Returns the value at an instant; nothing where no revision states one."""
        index = bisect_right(self.cuts, instant_ms) - 1
        return None if index < 0 else self.values[index]


def curve_of(
    name: str, publisher: str, series: Iterable[Series], *, currency: str, base_currency: str | None = None
) -> Curve:
    """Returns the curve of the series that a plan names.

    Args:
        name: Name of the series.
        publisher: Who publishes it, as the plan says.
        series: All series that a bill holds.
        currency: Currency that its points must be in, or convert into.
        base_currency: Currency that they must convert; nothing where prices are wanted.

    Raises:
        RatingError: TERMS if a series of that name is another publisher's or of other currencies
            (SERIES-REVISION-1, RATE-EXCHANGE-1); CONFLICT if two revisions contradict each other.
    """
    found = [one for one in series if one.id == name]
    for one in found:
        if one.publisher != publisher:
            what = f"the series {name} is published by {one.publisher}, but the plan names {publisher}"
            raise _terms(what, "SERIES-REVISION-1")
        if (one.currency, one.base_currency) != (currency, base_currency):
            stated = f"{one.base_currency} to {one.currency}" if one.base_currency else one.currency
            wanted = f"{base_currency} to {currency}" if base_currency else currency
            what = f"the series {name} is of {stated}, but the plan needs {wanted}"
            raise _terms(what, "RATE-EXCHANGE-1" if base_currency else "SERIES-REVISION-1")
    return Curve.of(name, found)


def without_point(name: str, instant_ms: int, requirement: str) -> RatingError:
    """Returns the refusal of a bill that needs a point which no revision states (INCOMPLETE)."""
    return RatingError(
        "INCOMPLETE",
        f"The series {name} states nothing for {show_ms(instant_ms)}, so the use of that time has no price. "
        f"Fetch the revision that covers it and rate again (step 15, {requirement}).",
        details={"step": "15", "requirement": requirement, "series": name, "at": show_ms(instant_ms)},
    )


def _terms(what: str, requirement: str) -> RatingError:
    return RatingError(
        "TERMS",
        f"Nothing can be priced by a series that was not agreed: {what}. Use the series that the plan names "
        f"({requirement}).",
        details={"requirement": requirement},
    )


def _conflict(name: str, instant_ms: int, first: Fraction, second: Fraction) -> RatingError:
    return RatingError(
        "CONFLICT",
        f"Two revisions of the series {name} state {first} and {second} for {show_ms(instant_ms)}; which of "
        "them holds cannot be told. Have the publisher withdraw one (SERIES-REVISION-1).",
        details={"requirement": "SERIES-REVISION-1", "series": name, "at": show_ms(instant_ms)},
    )
