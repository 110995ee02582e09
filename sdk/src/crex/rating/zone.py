"""Local time by pinned offsets, and by nothing else (rate/1, step 1; RATE-ZONE-1).

A time zone database changes when a law does, and two machines may hold two versions of it. So an invoice pins
the offsets that it counts with: the one in force at the start of the period and every change in it. Whoever
recomputes uses those, never its own database. `crex.rating.tzdata` makes them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Self

from crex.documents.times import from_ms
from crex.errors import RatingError
from crex.metering.span import Span, show_ms, timestamp_ms
from crex.v1 import TzTransition

DAY_MS = 86_400_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Zone:
    """Offsets of local time from UTC.

    Attributes:
        from_ms: Instants from which an offset holds, ascending, in milliseconds since 1970 UTC.
        offset_ms: Local time minus UTC from that instant on, in milliseconds.
        name: Time zone name, for people.
    """

    from_ms: tuple[int, ...]
    offset_ms: tuple[int, ...]
    name: str = ""

    @classmethod
    def of(cls, transitions: Sequence[TzTransition]) -> Self:
        """Returns the zone of pinned transitions.

        Raises:
            RatingError: There is none, they do not ascend, or they name two zones (RATE-ZONE-1).
        """
        starts = tuple(timestamp_ms(transition.utc) for transition in transitions)
        names = {transition.time_zone for transition in transitions}
        if not starts:
            raise _refused("no offset is pinned")
        if any(first >= second for first, second in pairwise(starts)):
            raise _refused("the pinned offsets do not ascend in time")
        if len(names) > 1:
            raise _refused(f"the pinned offsets name several zones ({', '.join(sorted(names))})")
        return cls(starts, tuple(transition.offset_s * 1000 for transition in transitions), names.pop())

    def require(self, period: Span) -> None:
        """Checks that the pinned offsets cover a period.

        Raises:
            RatingError: The first offset begins after the period does (RATE-ZONE-1).
        """
        if self.from_ms[0] > period.start_ms:
            raise _refused(
                f"the first pinned offset holds from {show_ms(self.from_ms[0])}, but offsets are needed from "
                f"{show_ms(period.start_ms)} on"
            )

    def offset_at(self, instant_ms: int) -> int:
        """Returns local time minus UTC at an instant, in milliseconds.

        Raises:
            RatingError: The instant lies before the first pinned offset (RATE-ZONE-1).
        """
        index = bisect_right(self.from_ms, instant_ms) - 1
        if index < 0:
            raise _refused(f"no pinned offset is in force at {show_ms(instant_ms)}")
        return self.offset_ms[index]

    def local(self, instant_ms: int) -> datetime:
        """Returns the local time of an instant; its clock reading only, without zone."""
        return from_ms(instant_ms + self.offset_at(instant_ms)).replace(tzinfo=None)

    def midnight(self, day: date) -> int:
        """Returns the instant at which a local day begins, in milliseconds since 1970 UTC (RATE-PERIOD-1).

        Where the clocks show midnight twice it is the earlier instant; where they skip it, the first instant
        after the gap.

        Raises:
            RatingError: The pinned offsets do not reach to that midnight (RATE-ZONE-1).
        """
        local_ms = (day.toordinal() - _EPOCH_DAY) * DAY_MS
        ends = (*self.from_ms[1:], None)
        # Ascending: the first stretch of constant offset that holds the midnight has the earlier of two.
        for start, end, offset in zip(self.from_ms, ends, self.offset_ms, strict=True):
            instant = local_ms - offset
            if start <= instant and (end is None or instant < end):
                return instant
            if end is not None and end <= instant and local_ms < end + self.offset_at(end):
                return end  # the clocks jump over it at that instant
        raise _refused(f"the pinned offsets do not reach to midnight of {day.isoformat()}")

    def within(self, period: Span) -> Zone:
        """Returns the offsets to pin with a period: from a day before its start to its end, both inclusive.

        The day before decides whether the clocks skipped or repeated the midnight at the start.
        """
        begin = period.start_ms - DAY_MS
        first = max(bisect_right(self.from_ms, begin) - 1, 0)
        last = bisect_right(self.from_ms, period.end_ms)
        starts = (max(self.from_ms[first], begin), *self.from_ms[first + 1 : last])
        return Zone(starts, self.offset_ms[first:last], self.name)


def _refused(what: str) -> RatingError:
    return RatingError(
        "SCHEMA",
        f"Local time cannot be told: {what}. Without it the billing period has no defined bounds. Pin the "
        "offset in force at the period's start and each change in it (step 1, RATE-ZONE-1).",
        details={"step": "1", "requirement": "RATE-ZONE-1"},
    )
