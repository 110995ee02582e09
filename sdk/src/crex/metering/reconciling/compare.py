"""Reconciling two parties' records of the same use: what one has and the other has not.

A consumer that meters for itself can hold its records against the provider's before it pays. Nothing is
assumed of how either side cuts time: records of one kind of use that overlap, on whichever side, are one
stretch, and the two sides of a stretch are compared by their exact sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Final

from crex.decimals import is_decimal, parse_decimal
from crex.errors import CrexError
from crex.metering.record import Record
from crex.metering.span import Span

# Dimensions whose quantity is a level that is held, so that it counts by the time.
HELD: Final = frozenset({"compute-unit"})
# Clocks of two hosts differ; a second of it is no difference.
TIME_TOLERANCE_MS: Final = 1000
_PERCENT: Final = 100


class Kind(StrEnum):
    """How two sides differ."""

    MISSING_OURS = "missing-ours"
    MISSING_THEIRS = "missing-theirs"
    QUANTITY = "quantity"
    TIME = "time"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    OVERLAP = "overlap"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far two sides may lie apart: no further than either bound, whichever allows more.

    Attributes:
        absolute: In the unit of the quantity; of a held quantity, in unit-seconds.
        relative: As a share of the greater of the two.
        time_ms: Of covered time, in milliseconds.
    """

    absolute: Fraction = Fraction(0)
    relative: Fraction = Fraction(0)
    time_ms: int = TIME_TOLERANCE_MS

    @classmethod
    def of(cls, texts: Iterable[str], time_ms: int = TIME_TOLERANCE_MS) -> Tolerance:
        """Reads bounds such as `10` and `0.5%`.

        Raises:
            CrexError: SCHEMA: a text is no decimal of zero or more, with or without a percent sign.
        """
        absolute, relative = Fraction(0), Fraction(0)
        for text in texts:
            number = text.removesuffix("%")
            if not is_decimal(number) or number.startswith("-"):
                raise CrexError(
                    "SCHEMA",
                    f"{text!r} is no tolerance. Write an amount, such as 10, or a share, such as 0.5%.",
                )
            if number is text:
                absolute = max(absolute, parse_decimal(number))
            else:
                relative = max(relative, parse_decimal(number) / _PERCENT)
        return cls(absolute, relative, time_ms)

    def allows(self, ours: Fraction, theirs: Fraction) -> bool:
        """Tells whether two amounts are near enough."""
        apart = abs(ours - theirs)
        return apart <= self.absolute or apart <= self.relative * max(abs(ours), abs(theirs))


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """What is compared: one kind of use of one lease, or of one meter of it.

    Attributes:
        lease: Name of the lease.
        dimension: Dimension token.
        unit: Unit token.
        meter: Meter; empty: all meters together, because the two sides name theirs differently.
    """

    lease: str
    dimension: str
    unit: str
    meter: str = ""

    def __str__(self) -> str:
        meter = f", meter {self.meter}" if self.meter else ""
        return f"{self.dimension} in {self.unit} of {self.lease}{meter}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which the sides differ.

    Attributes:
        kind: In what.
        use: Of which use.
        span: When.
        ours: Our amount; nothing where there is none to state.
        theirs: Their amount; nothing where there is none to state.
        records: The records, for people.
        why: What it means, for people.
    """

    kind: Kind
    use: Use
    span: Span
    ours: Fraction | None
    theirs: Fraction | None
    records: tuple[str, ...]
    why: str

    @property
    def apart(self) -> Fraction:
        """Theirs less ours."""
        return (self.theirs or Fraction(0)) - (self.ours or Fraction(0))


@dataclass(frozen=True, slots=True)
class Total:
    """Sums of one dimension over all leases and meters.

    Attributes:
        dimension: Dimension token.
        unit: Unit token.
        held: Whether amounts are unit-seconds.
        ours: Our sum.
        theirs: Their sum.
        counts: Number of our and of their records that count.
        within: Whether the sums are within the tolerance.
    """

    dimension: str
    unit: str
    held: bool
    ours: Fraction
    theirs: Fraction
    counts: tuple[int, int]
    within: bool


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The outcome.

    Attributes:
        tolerance: What was allowed.
        totals: By dimension and unit.
        differences: By use and time.
        matched: Number of stretches that both sides have alike.
    """

    tolerance: Tolerance
    totals: tuple[Total, ...]
    differences: tuple[Difference, ...]
    matched: int

    @property
    def ok(self) -> bool:
        """Whether nothing differs by more than the tolerance."""
        return not self.differences and all(each.within for each in self.totals)


@dataclass(slots=True)
class _Stretch:
    """Records of both sides that hang together by overlaps."""

    end_ms: int
    sides: tuple[list[Record], list[Record]] = field(default_factory=lambda: ([], []))

    @property
    def span(self) -> Span:
        return _around([*self.sides[0], *self.sides[1]])


def reconcile(
    ours: Iterable[Record],
    theirs: Iterable[Record],
    *,
    tolerance: Tolerance | None = None,
    held: Iterable[str] = HELD,
    by_meter: bool | None = None,
) -> Reconciliation:
    """Compares two parties' records.

    Args:
        ours: Our records, in any order.
        theirs: Their records, in any order.
        tolerance: How far two sides may lie apart.
        held: Dimensions whose quantities are held, so that they count by the time.
        by_meter: Whether meters are compared one by one; unset: where both sides name the same ones.
    """
    allowed, levels = tolerance or Tolerance(), frozenset(held)
    found: list[Difference] = []
    sides = []
    for name, records in (("ours", ours), ("theirs", theirs)):
        counted, remarks = _counted(name, records)
        sides.append(counted)
        found += remarks
    totals: dict[tuple[str, str], list[Fraction]] = {}
    matched = 0
    for use, mine, other in _uses(sides[0], sides[1], by_meter):
        is_held = use.dimension in levels
        sums = totals.setdefault((use.dimension, use.unit), [Fraction(0)] * 4)
        for stretch in _stretches(mine, other, allowed.time_ms):
            amounts = tuple(_amount(records, held=is_held) for records in stretch.sides)
            for side, amount in enumerate(amounts):
                sums[side] += amount
                sums[side + 2] += len(stretch.sides[side])
            differences = list(_compare(use, stretch, amounts, allowed))
            found += differences
            matched += not differences
    found.sort(key=lambda each: (each.use, each.span, each.kind))
    return Reconciliation(
        allowed,
        tuple(
            Total(
                dimension,
                unit,
                dimension in levels,
                sums[0],
                sums[1],
                (int(sums[2]), int(sums[3])),
                allowed.allows(sums[0], sums[1]),
            )
            for (dimension, unit), sums in sorted(totals.items())
        ),
        tuple(found),
        matched,
    )


def _counted(side: str, records: Iterable[Record]) -> tuple[list[Record], list[Difference]]:
    """Returns the records of a side that count, each number once, and what is wrong with the others."""
    remarks: list[Difference] = []
    known: dict[tuple[str, str, int, int], Record] = {}
    for record in sorted(records, key=lambda each: (each.key, each.body)):
        first = known.get(record.key)
        if first is None:
            known[record.key] = record
            continue
        if first.body == record.body:
            why = f"The same record is twice among {side}; it counts once."
            remarks.append(_remark(Kind.DUPLICATE, (record,), why))
        else:
            why = f"Two different records among {side} have one number; which is true cannot be told."
            remarks.append(_remark(Kind.CONFLICT, (first, record), why))
    newest = {key[:3]: known[key] for key in sorted(known)}
    counted = sorted(newest.values(), key=lambda each: (each.lease, each.meter_id, each.resource, each.span))
    last: dict[tuple[str, ...], Record] = {}
    for record in counted:
        thing = (record.lease, record.meter_id, record.resource, record.dimension)
        before = last.get(thing)
        if before is not None and before.span.overlaps(record.span):
            why = f"Two records of one meter among {side} cover the same time, which counts twice."
            remarks.append(_remark(Kind.OVERLAP, (before, record), why))
        if before is None or record.span.end_ms > before.span.end_ms:
            last[thing] = record
    return counted, remarks


def _remark(kind: Kind, records: Sequence[Record], why: str) -> Difference:
    first = records[0]
    use = Use(first.lease, first.dimension, first.unit, first.meter_id)
    return Difference(kind, use, _around(records), None, None, tuple(each.place for each in records), why)


def _around(records: Sequence[Record]) -> Span:
    """Returns the least interval that holds all records."""
    return Span(min(each.span.start_ms for each in records), max(each.span.end_ms for each in records))


def _uses(
    ours: Sequence[Record], theirs: Sequence[Record], by_meter: bool | None
) -> Iterator[tuple[Use, list[Record], list[Record]]]:
    """Yields each kind of use with the records of both sides."""
    groups: dict[Use, tuple[dict[str, list[Record]], dict[str, list[Record]]]] = {}
    for side, records in enumerate((ours, theirs)):
        for record in records:
            use = Use(record.lease, record.dimension, record.unit)
            groups.setdefault(use, ({}, {}))[side].setdefault(record.meter_id, []).append(record)
    for use, (mine, other) in sorted(groups.items()):
        if by_meter or (by_meter is None and mine.keys() == other.keys()):
            for meter in sorted({*mine, *other}):
                one = Use(use.lease, use.dimension, use.unit, meter)
                yield one, mine.get(meter, []), other.get(meter, [])
        else:
            flat = [[each for meter in side.values() for each in meter] for side in (mine, other)]
            yield use, flat[0], flat[1]


def _stretches(ours: Sequence[Record], theirs: Sequence[Record], instant_ms: int) -> Iterator[_Stretch]:
    """Yields maximal runs of records that overlap; a record of an instant reaches as far as clocks differ."""

    def reach(record: Record) -> tuple[int, int]:
        start, end = record.span.start_ms, record.span.end_ms
        return (start - instant_ms, end + instant_ms + 1) if record.span.empty else (start, end)

    both = [(0, each) for each in ours] + [(1, each) for each in theirs]
    both.sort(key=lambda each: (reach(each[1]), each[0], each[1].key))
    current: _Stretch | None = None
    for side, record in both:
        start, end = reach(record)
        if current is None or start >= current.end_ms:
            if current is not None:
                yield current
            current = _Stretch(end)
        current.end_ms = max(current.end_ms, end)
        current.sides[side].append(record)
    if current is not None:
        yield current


def _compare(
    use: Use, stretch: _Stretch, amounts: Sequence[Fraction], allowed: Tolerance
) -> Iterator[Difference]:
    mine, other = stretch.sides
    ours, theirs = amounts
    near, apart = allowed.allows(ours, theirs), _apart(mine, other)
    if near and (apart <= allowed.time_ms or not mine or not other):
        return
    places = tuple([f"ours: {each.place}" for each in mine] + [f"theirs: {each.place}" for each in other])
    if not mine or not other:
        kind = Kind.MISSING_THEIRS if mine else Kind.MISSING_OURS
        why = "Only we have it." if mine else "Only they have it."
        sums = (ours if mine else None, theirs if other else None)
        yield Difference(kind, use, stretch.span, *sums, places, why)
        return
    if not near:
        why = "Both have it, and the amounts differ."
        yield Difference(Kind.QUANTITY, use, stretch.span, ours, theirs, places, why)
    if apart > allowed.time_ms:
        why = f"Both have it, and {_seconds(apart)} s are covered by one side only."
        yield Difference(Kind.TIME, use, stretch.span, ours, theirs, places, why)


def _amount(records: Iterable[Record], *, held: bool) -> Fraction:
    if held:
        return sum((each.quantity * each.span.seconds for each in records), Fraction(0))
    return sum((each.quantity for each in records), Fraction(0))


def _apart(ours: Sequence[Record], theirs: Sequence[Record]) -> int:
    """Returns the milliseconds that the records of one side cover and those of the other do not."""
    edges = sorted(
        (instant, side, step)
        for side, records in enumerate((ours, theirs))
        for each in records
        for instant, step in ((each.span.start_ms, 1), (each.span.end_ms, -1))
    )
    depth, apart, last = [0, 0], 0, 0
    for instant, side, step in edges:
        if bool(depth[0]) != bool(depth[1]):
            apart += instant - last
        depth[side] += step
        last = instant
    return apart


def _seconds(milliseconds: int) -> str:
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole}.{rest:03}".rstrip("0").rstrip(".")
