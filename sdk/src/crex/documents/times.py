"""Times and durations of the strict form, and the clock that everything is given (scalars.md).

A time is UTC with whole milliseconds; in Python it is an aware `datetime`. Nothing in the SDK reads the
time by itself: it is an argument, or comes from an injected `Clock`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Protocol

from crex.decimals.ranges import range_pattern
from crex.errors import InvalidScalar, Violation

# A day that exists: 31, 30 and 28 days by month, and 29 February in leap years (divisible by 4, and by 400
# where divisible by 100). There is no year 0000.
_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_LEAP = "(?:[0-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
DATE_PATTERN = (
    f"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP}-02-29)"
)
# Milliseconds are written with three digits or not at all; ".000" has a shorter spelling, so it is refused.
_MILLISECONDS = "(?:\\.(?:00[1-9]|0[1-9][0-9]|[1-9][0-9]{2}))?"
TIME_PATTERN = f"{DATE_PATTERN}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]{_MILLISECONDS}Z"
# google.protobuf.Duration ends at 315,576,000,000 s, ten thousand years.
DURATION_SECONDS_MAX = 315_576_000_000
DURATION_PATTERN = f"(?:{range_pattern(0, DURATION_SECONDS_MAX - 1)}{_MILLISECONDS}|{DURATION_SECONDS_MAX})s"

_TIME = re.compile(TIME_PATTERN)
_DURATION = re.compile(DURATION_PATTERN)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class Clock(Protocol):
    """Gives the present time; tests and replays give another."""

    def now(self) -> datetime:
        """Gives the present time, UTC, in whole milliseconds."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Gives the machine's time, UTC, cut to whole milliseconds."""
        present = datetime.now(UTC)
        return present.replace(microsecond=present.microsecond // 1000 * 1000)


def parse_time(text: str) -> datetime:
    """Reads a Timestamp.

    Returns:
        An aware time, UTC.

    Raises:
        InvalidScalar: The text is not `YYYY-MM-DDTHH:MM:SS[.mmm]Z` with a date that exists (SCALAR-TIME-1).
    """
    if _TIME.fullmatch(text) is None:
        fix = 'write UTC like "2026-03-01T08:00:00Z" or "2026-03-01T08:00:00.250Z", on a day that exists'
        raise _refused(text, "a time", fix, "SCALAR-TIME-1")
    return datetime.fromisoformat(text)


def format_time(value: datetime) -> str:
    """Writes a time as a Timestamp.

    Args:
        value: Aware time in whole milliseconds.

    Raises:
        InvalidScalar: The time has no zone, or parts of a millisecond: cut it where a rule says so
            (SCALAR-TIME-1).
    """
    if value.tzinfo is None:
        raise _refused(str(value), "a time with a zone", "attach the zone it was taken in", "SCALAR-TIME-1")
    if value.microsecond % 1000:
        raise _refused(str(value), "in whole milliseconds", "cut or round it to 1 ms", "SCALAR-TIME-1")
    utc = value.astimezone(UTC)
    text = utc.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    milliseconds = utc.microsecond // 1000
    return f"{text}.{milliseconds:03d}Z" if milliseconds else f"{text}Z"


def to_ms(value: datetime) -> int:
    """Gives whole milliseconds since 1970-01-01T00:00:00Z; may be negative."""
    return (value - _EPOCH) // _MS


def from_ms(milliseconds: int) -> datetime:
    """Gives the time of a number of milliseconds since 1970-01-01T00:00:00Z."""
    return _EPOCH + milliseconds * _MS


def parse_duration(text: str) -> timedelta:
    """Reads a Duration.

    Raises:
        InvalidScalar: The text is not seconds in canonical form, such as "3600s" or "0.250s"
            (SCALAR-DURATION-1).
    """
    if _DURATION.fullmatch(text) is None:
        raise _refused(text, "a duration", 'write seconds like "3600s" or "0.250s"', "SCALAR-DURATION-1")
    seconds, _, fraction = text[:-1].partition(".")
    return timedelta(seconds=int(seconds), milliseconds=int(fraction or "0"))


def format_duration(value: timedelta) -> str:
    """Writes a duration in canonical seconds.

    Raises:
        InvalidScalar: It is negative, has parts of a millisecond, or exceeds ten thousand years
            (SCALAR-DURATION-1).
    """
    milliseconds, rest = divmod(value, _MS)
    if milliseconds < 0 or rest or milliseconds > DURATION_SECONDS_MAX * 1000:
        fix = "use whole milliseconds from zero up to ten thousand years"
        raise _refused(str(value), "a duration in whole milliseconds", fix, "SCALAR-DURATION-1")
    seconds, fraction = divmod(milliseconds, 1000)
    return f"{seconds}.{fraction:03d}s" if fraction else f"{seconds}s"


def _refused(text: str, what: str, fix: str, requirement: str) -> InvalidScalar:
    message = f"{text[:60]!r} is not {what}"
    return InvalidScalar("SCHEMA", message, violations=[Violation("$", message, requirement, fix)])
