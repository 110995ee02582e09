"""Half-open intervals of time in whole milliseconds: [start, end), UTC (SCALAR-INTERVAL-1).

Metering and rating count time in integers, because the seconds of a bill are the milliseconds of its records
divided by 1000, exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Self

from google.protobuf.timestamp_pb2 import Timestamp

from crex.documents.times import format_time, from_ms, to_ms
from crex.v1 import Interval

_NANOS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """An interval [start_ms, end_ms) in milliseconds since 1970, UTC; empty where both are equal."""

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        if self.start_ms > self.end_ms:
            raise ValueError(f"an interval ends at {self.end_ms} ms, before its start at {self.start_ms} ms")

    @classmethod
    def between(cls, start: datetime, end: datetime) -> Self:
        """Returns the interval between two aware times; parts of a millisecond are cut off."""
        return cls(to_ms(start), to_ms(end))

    @classmethod
    def of(cls, interval: Interval) -> Self:
        """Returns the interval of a message."""
        return cls(timestamp_ms(interval.start), timestamp_ms(interval.end))

    @property
    def seconds(self) -> Fraction:
        """Length in seconds, exact."""
        return Fraction(self.end_ms - self.start_ms, 1000)

    @property
    def empty(self) -> bool:
        """Whether it has no length: a reading at one instant."""
        return self.start_ms == self.end_ms

    def holds(self, other: Span) -> bool:
        """Tells whether `other` lies within; an instant lies in [start, end), so never at the end."""
        if other.empty:
            return self.start_ms <= other.start_ms < self.end_ms
        return self.start_ms <= other.start_ms and other.end_ms <= self.end_ms

    def overlaps(self, other: Span) -> bool:
        """Tells whether both have a common part of some length; intervals that touch have none."""
        return max(self.start_ms, other.start_ms) < min(self.end_ms, other.end_ms)

    def crosses(self, instant_ms: int) -> bool:
        """Tells whether an instant lies strictly inside, so that it cuts the interval in two."""
        return self.start_ms < instant_ms < self.end_ms

    def split(self, cuts_ms: Iterable[int]) -> list[Span]:
        """Returns the parts between the cuts that lie strictly inside, in order of time."""
        edges = [
            self.start_ms,
            *sorted({cut for cut in cuts_ms if self.crosses(cut)}),
            self.end_ms,
        ]
        return [Span(first, second) for first, second in pairwise(edges)]

    def message(self) -> Interval:
        """Returns the interval as a message."""
        return Interval(start=ms_timestamp(self.start_ms), end=ms_timestamp(self.end_ms))

    def __str__(self) -> str:
        return f"[{show_ms(self.start_ms)}, {show_ms(self.end_ms)})"


def timestamp_ms(timestamp: Timestamp) -> int:
    """Returns milliseconds since 1970; times of documents have whole ones (SCALAR-TIME-1)."""
    return timestamp.seconds * 1000 + timestamp.nanos // _NANOS_PER_MS


def ms_timestamp(milliseconds: int) -> Timestamp:
    """Returns the message of a number of milliseconds since 1970."""
    seconds, rest = divmod(milliseconds, 1000)
    return Timestamp(seconds=seconds, nanos=rest * _NANOS_PER_MS)


def show_ms(milliseconds: int) -> str:
    """Returns the text of an instant for people and reports, in the spelling of documents."""
    try:
        return format_time(from_ms(milliseconds))
    except OverflowError:
        return f"{milliseconds} ms after 1970"  # outside the years 0001 to 9999
