"""A second opinion on billing periods: RATE-PERIOD-1, from pinned offsets alone."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

Offset = tuple[datetime, timedelta]


def period(given: Mapping[str, Any]) -> dict[str, str]:
    """The period that holds an instant; takes the input of a `billing.period` vector."""
    offsets = [
        (datetime.fromisoformat(it["utc"]), timedelta(seconds=it["offsetS"]))
        for it in given["tz_transitions"]
    ]
    at = datetime.fromisoformat(given["at"])
    months = [divmod(at.year * 12 + at.month - 1 + step, 12) for step in (-2, -1, 0, 1, 2)]
    bounds = [_midnight(_anchor(year, month + 1, given["anchor_day"]), offsets) for year, month in months]
    start, end = next((first, last) for first, last in pairwise(bounds) if first <= at < last)
    return {"start": _text(start), "end": _text(end)}


def _anchor(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, min(day, monthrange(year, month)[1]), tzinfo=UTC)


def _midnight(local: datetime, offsets: Sequence[Offset]) -> datetime:
    """The instant at which clocks first show a local time, given as if it were UTC; after a gap, its end."""
    for index, (begins, offset) in enumerate(offsets):
        ends = offsets[index + 1][0] if index + 1 < len(offsets) else datetime.max.replace(tzinfo=UTC)
        instant = local - offset
        if instant < ends and (instant >= begins or index == 0):
            return instant
        if index + 1 < len(offsets) and local - offsets[index + 1][1] < ends <= instant:
            return ends
    raise AssertionError("the offsets do not cover the period")


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
