"""Local time, and when restrictions hold: steps 7, 8 and 10 of `rate/1`, by the pinned offsets alone."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from conformance.tests.independent import bill as bills
from conformance.tests.independent.bill import Bill, Lease, Plan, Value, ms
from conformance.tests.independent.plan_forms import WEEK
from conformance.tests.independent.refusal import Refused

DAY: Final = 86_400_000
HOUR: Final = 3_600_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def local(bill: Bill, at: int) -> datetime:
    """Local time at an instant, as if it were UTC."""
    offsets = [offset for utc, offset in bill.offsets if utc <= at]
    if not offsets:
        raise Refused("SCHEMA", "the pinned offsets do not reach an instant")
    return _EPOCH + timedelta(milliseconds=at + offsets[-1])


def window_holds(bill: Bill, restrictions: Value, at: int) -> bool:
    """Whether the local time of day lies in the window."""
    if not {"localStart", "localEnd"} & set(restrictions):
        return True
    start, end = restrictions.get("localStart", "00:00"), restrictions.get("localEnd", "24:00")
    shown = local(bill, at).strftime("%H:%M")
    return bool(start <= shown < end if start < end else shown >= start or shown < end)


def days_hold(bill: Bill, restrictions: Value, at: int) -> bool:
    """Whether the local day is one that is listed."""
    return not restrictions.get("days") or WEEK[local(bill, at).weekday()] in restrictions["days"]


def dates_hold(bill: Bill, restrictions: Value, at: int) -> bool:
    """Whether the local date is one that is listed."""
    dates = restrictions.get("localDates")
    return not dates or local(bill, at).date().isoformat() in dates


def committed(bill: Bill, plan: Plan, restrictions: Value, at: int) -> bool:
    """Whether the commitment that is named is in force."""
    if "commitmentId" not in restrictions:
        return True
    commitment = next(it for it in plan.value["commitments"] if it["id"] == restrictions["commitmentId"])
    start, end = term(bill, plan, commitment)
    return start <= at < end


def holds(bill: Bill, plan: Plan, lease: Lease, component: Value, at: int) -> bool:
    """Whether a component applies at an instant: every restriction holds (step 10)."""
    asked = component.get("restrictions", {})
    spot = lease.value.get("interruptible", False)
    return (
        ("region" not in asked or lease.value.get("region") == asked["region"])
        and ("interruptible" not in asked or spot == asked["interruptible"])
        and committed(bill, plan, asked, at)
        and window_holds(bill, asked, at)
        and days_hold(bill, asked, at)
        and dates_hold(bill, asked, at)
    )


def turns(bill: Bill, plan: Plan, component: Value) -> Iterator[int]:
    """Step 7: each instant of the period at which a time restriction begins or ceases to hold."""
    asked = component.get("restrictions", {})
    begin, end = max(bill.begin, plan.start), min(bill.end, plan.end)
    questions: list[Callable[[int], bool]] = []
    if {"localStart", "localEnd"} & set(asked):
        questions.append(lambda at: window_holds(bill, asked, at))
    if asked.get("days"):
        questions.append(lambda at: days_hold(bill, asked, at))
    if asked.get("localDates"):
        questions.append(lambda at: dates_hold(bill, asked, at))
    if questions:
        candidates = sorted(it for it in _moments(bill, asked, begin, end) if begin < it < end)
        for question in questions:
            yield from (at for at in candidates if question(at) != question(at - 1))
    if "commitmentId" in asked:
        commitment = next(it for it in plan.value["commitments"] if it["id"] == asked["commitmentId"])
        yield from term(bill, plan, commitment)


def _moments(bill: Bill, asked: Value, begin: int, end: int) -> set[int]:
    """Instants at which a window, a day or a date may turn: by each offset in force, and where it changes."""
    local(bill, begin)
    times = [_minutes(asked.get("localStart", "00:00")), _minutes(asked.get("localEnd", "24:00")), 0]
    found = {utc for utc, _ in bill.offsets}
    for _, offset in bill.offsets:
        for midnight in range((begin + offset) // DAY * DAY - DAY, end + offset + DAY, DAY):
            found |= {midnight + minutes * 60_000 - offset for minutes in times}
    return found


def _minutes(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])


def term(bill: Bill, plan: Plan, commitment: Value) -> tuple[int, int]:
    """When a commitment is in force; empty where the end is not after the start."""
    start, end = min(it.start for it in bill.leases), max(it.end for it in bill.leases)
    if "term" in commitment:
        start, end = ms(commitment["term"]["start"]), ms(commitment["term"]["end"])
    elif "termMonths" in commitment:
        end = _months_on(start, commitment["termMonths"])
    return max(start, plan.start), min(end, plan.end)


def _months_on(start: int, months: int) -> int:
    """So many calendar months of UTC later: the same day and time of day, or the month's last day."""
    at = _EPOCH + timedelta(milliseconds=start)
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    day = min(at.day, monthrange(year, month + 1)[1])
    return bills.ms(at.replace(year=year, month=month + 1, day=day).isoformat())
