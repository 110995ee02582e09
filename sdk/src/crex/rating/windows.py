"""Restrictions of a component: windows, days and dates, and to whom it applies (rate/1, step 8).

Whether a window holds is asked of the local time of an instant, by the offset then in force, and never the
other way round: local time is not converted to UTC, because an hour of it may come twice, or not at all
(RATE-WINDOW-1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from crex import v1
from crex.metering.span import Span
from crex.rating.zone import DAY_MS, Zone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Window:
    """A time of day [start, end) in milliseconds since local midnight; over midnight where it ends first."""

    start_ms: int
    end_ms: int

    def holds(self, local_ms: int) -> bool:
        """Tells whether it holds at a local time, in milliseconds since local 1970."""
        time = local_ms % DAY_MS
        if self.end_ms > self.start_ms:
            return self.start_ms <= time < self.end_ms
        return time >= self.start_ms or time < self.end_ms

    @property
    def turns(self) -> tuple[int, ...]:
        """Times of day at which it may begin or cease to hold."""
        return self.start_ms, self.end_ms % DAY_MS


@dataclass(frozen=True, slots=True)
class Days:
    """Days of the week, from 0 for Monday."""

    listed: frozenset[int]
    turns: tuple[int, ...] = (0,)

    def holds(self, local_ms: int) -> bool:
        """Tells whether the day of a local time is listed."""
        return weekday(local_ms // DAY_MS) in self.listed


@dataclass(frozen=True, slots=True)
class Dates:
    """Calendar dates, in days since 1970."""

    listed: frozenset[int]
    turns: tuple[int, ...] = (0,)

    def holds(self, local_ms: int) -> bool:
        """Tells whether the date of a local time is listed."""
        return local_ms // DAY_MS in self.listed


LocalRule = Window | Days | Dates


@dataclass(frozen=True, slots=True)
class Restrictions:
    """Conditions under which a component applies, all of which must hold (RATE-RESTRICTION-1).

    Attributes:
        local: Window, days and dates, as far as they are stated.
        region: Region of the offer; nothing: any.
        interruptible: Whether the offer must be interruptible, or must not; nothing: either.
        commitment: Commitment that must be in force; nothing: none.
    """

    local: tuple[LocalRule, ...] = ()
    region: str | None = None
    interruptible: bool | None = None
    commitment: str | None = None

    @classmethod
    def of(cls, message: v1.Restrictions) -> Self:
        """Returns the restrictions of a message whose rules hold."""
        local: list[LocalRule] = []
        if message.HasField("local_start") or message.HasField("local_end"):
            local.append(window_of(message))
        if message.days:
            local.append(Days(frozenset(DAYS.index(day) for day in message.days)))
        if message.local_dates:
            local.append(Dates(frozenset(map(day_number, message.local_dates))))
        return cls(
            local=tuple(local),
            region=message.region if message.HasField("region") else None,
            interruptible=message.interruptible if message.HasField("interruptible") else None,
            commitment=message.commitment_id if message.HasField("commitment_id") else None,
        )

    def hold_for(self, region: str | None, *, interruptible: bool) -> bool:
        """Tells whether region and mode of an offer are those that are asked for."""
        return (self.region is None or self.region == region) and (
            self.interruptible is None or self.interruptible == interruptible
        )

    def hold_at(self, instant_ms: int, zone: Zone) -> bool:
        """Tells whether window, days and dates hold at an instant (RATE-WINDOW-1)."""
        local_ms = instant_ms + zone.offset_at(instant_ms)
        return all(rule.holds(local_ms) for rule in self.local)


NO_RESTRICTIONS: Final = Restrictions()


def window_of(message: v1.Restrictions) -> Window:
    """Returns the window of restrictions: from 00:00 to 24:00 where they state no other."""
    start = message.local_start if message.HasField("local_start") else "00:00"
    end = message.local_end if message.HasField("local_end") else "24:00"
    return Window(_time_of_day(start), _time_of_day(end))


def changes(rules: Iterable[LocalRule], zone: Zone, span: Span) -> Iterator[int]:
    """Yields the instants within a span at which one of the rules begins or ceases to hold (RATE-CUT-1).

    A change of the clocks is one only where local time jumps into a window, a day or a date, or out of it.
    """
    for rule in rules:
        held: bool | None = None
        for instant in sorted({span.start_ms, *_turns(rule, zone, span)}):
            holds = rule.holds(instant + zone.offset_at(instant))
            if held is not None and holds != held:
                yield instant
            held = holds


def day_number(text: str) -> int:
    """Returns a calendar date in days since 1970."""
    return date.fromisoformat(text).toordinal() - _EPOCH_DAY


def weekday(day: int) -> int:
    """Returns the day of the week, from 0 for Monday, of a number of days since 1970."""
    return (day + _EPOCH_WEEKDAY) % len(DAYS)


def _turns(rule: LocalRule, zone: Zone, span: Span) -> Iterator[int]:
    """Yields the instants at which a rule may change: at its own times of day, and as the clocks change."""
    ends = (*zone.from_ms[1:], None)
    for begin, until, offset in zip(zone.from_ms, ends, zone.offset_ms, strict=True):
        first = max(begin, span.start_ms)
        last = span.end_ms if until is None else min(until, span.end_ms)
        if first >= last:
            continue
        yield first
        for day in range((first + offset) // DAY_MS, (last + offset) // DAY_MS + 1):
            for turn in rule.turns:
                instant = day * DAY_MS + turn - offset
                if first < instant < last:
                    yield instant


def _time_of_day(text: str) -> int:
    hours, minutes = text.split(":")
    return (int(hours) * 60 + int(minutes)) * _MINUTE_MS
