"""Where pinned offsets come from: this machine's time zone database (tooling; RATE-ZONE-1).

Only who makes an invoice uses this. Rating itself counts with the offsets that the invoice pins.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzdata as _  # type: ignore[import-untyped]  # noqa: F401 - zoneinfo reads it where a system has none

from crex.documents.times import from_ms, to_ms
from crex.errors import RatingError
from crex.metering.span import Span, ms_timestamp
from crex.rating.periods import billing_period
from crex.rating.zone import Zone
from crex.v1 import TzTransition

# Offsets are sampled this often and each change then found to the second. No zone ever changed its offset and
# changed it back within a few hours.
_STEP_MS = 6 * 3_600_000
_SECOND_MS = 1000
# A billing period has at most 31 days; two of them around an instant hold its period wherever the anchor is.
_AROUND = timedelta(days=63)


def zone_between(name: str, start: datetime, end: datetime) -> Zone:
    """Returns the offsets of a time zone from `start` to `end`, both inclusive, both aware.

    Raises:
        RatingError: This machine knows no such time zone.
    """
    info = _load(name)
    at, last = to_ms(start) // _SECOND_MS * _SECOND_MS, to_ms(end)
    instants, offsets = [at], [_offset(info, at)]
    while at < last:
        then = min(at + _STEP_MS, last // _SECOND_MS * _SECOND_MS + _SECOND_MS)
        if _offset(info, then) != offsets[-1]:
            change = _change(info, at, then)
            instants.append(change)
            offsets.append(_offset(info, change))
        at = then
    return Zone(tuple(instants), tuple(offsets), name)


def period_at(name: str, instant: datetime, anchor_day: int) -> tuple[Span, Zone]:
    """Returns the billing period in which an instant lies, and the offsets to pin with it.

    Args:
        name: Time zone name of the price plan.
        instant: Aware time.
        anchor_day: Day of the month on which periods begin, 1 to 31.

    Raises:
        RatingError: This machine knows no such time zone.
    """
    zone = zone_between(name, instant - _AROUND, instant + _AROUND)
    period = billing_period(to_ms(instant), anchor_day, zone)
    return period, zone.within(period)


def require_zone(name: str) -> None:
    """Checks that this machine knows a time zone (PRICE-ZONE-1).

    Raises:
        RatingError: SCHEMA if it does not.
    """
    _load(name)


def tz_transitions(zone: Zone) -> list[TzTransition]:
    """Returns offsets as an invoice pins them."""
    return [
        TzTransition(time_zone=zone.name, utc=ms_timestamp(start), offset_s=offset // _SECOND_MS)
        for start, offset in zip(zone.from_ms, zone.offset_ms, strict=True)
    ]


def _load(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RatingError(
            "SCHEMA",
            f"This machine's time zone database knows no {name!r}, so billing periods cannot be placed. Use "
            "an IANA name such as Europe/Berlin, or update the database (package tzdata).",
            details={"step": "6", "requirement": "PRICE-ZONE-1"},
        ) from error


def _offset(info: ZoneInfo, instant_ms: int) -> int:
    offset = info.utcoffset(from_ms(instant_ms).astimezone(info))
    return 0 if offset is None else offset // timedelta(milliseconds=1)


def _change(info: ZoneInfo, before: int, after: int) -> int:
    """Returns the first second after `before` at which the offset is no longer the one of `before`."""
    old = _offset(info, before)
    while after - before > _SECOND_MS:
        middle = (before + after) // 2 // _SECOND_MS * _SECOND_MS
        if _offset(info, middle) == old:
            before = middle
        else:
            after = middle
    return after
