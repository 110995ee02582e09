"""Commitments at their edges: hours that the period or the plan cuts, plans that begin after a period."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crex.metering import Span
from crex.rating import Bill, LeaseUse, Plan, Rating, rate_bill
from crex.v1 import Commitment, CommitmentKind
from sdk.tests.rating.samples import PLAN_PIN, START, activated, component, lease, plan_message, record

HOUR = timedelta(hours=1)


def committed(**members: Any) -> Plan:
    """A plan at 3.6 an hour with one unit committed in every hour, at 1.8."""
    message = plan_message(component("3.6"))
    message.commitments.append(
        Commitment(
            id="c",
            kind=CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY,
            amount="1",
            price="1.8",
            per_quantity="3600",
            eligible=["gpu"],
            **members,
        )
    )
    return Plan.of(message, PLAN_PIN)


def billed(plan: Plan, begin: timedelta, end: timedelta, *held: tuple[timedelta, timedelta, str]) -> Rating:
    """A bill of an account with one lease, of a time since the start of March."""
    records = tuple(
        record(START + start, START + stop, units, seq=seq)
        for seq, (start, stop, units) in enumerate(held, start=1)
    )
    use = LeaseUse(terms=lease(), records=records, events=(activated(),))
    period = Span.between(START + begin, START + end)
    return rate_bill(Bill(plans=(plan,), leases=(use,), period=period, whole=period, account="research"))


def shown(rating: Rating) -> dict[str, tuple[str, str]]:
    """Quantity and amount by part of the commitment; of what is beyond it by its component."""
    return {
        line.commitment or line.component or "": (str(line.quantity), line.amount.amount)
        for line in rating.lines
    }


def test_nothing_is_carried_to_another_hour() -> None:
    """One unit an hour, used 0 in the first and 2 in the second: the one is unused, the other is beyond."""
    rating = billed(committed(), 0 * HOUR, 2 * HOUR, (HOUR, 2 * HOUR, "2"))
    assert shown(rating) == {
        "c:used": ("3600", "1.80"),
        "c:unused": ("3600", "1.80"),
        "gpu": ("3600", "3.60"),
    }


def test_an_hour_that_the_period_cuts() -> None:
    """Of an hour of which half an hour is billed, half is committed (RATE-COMMITMENT-1)."""
    rating = billed(committed(), HOUR / 2, 2 * HOUR, (HOUR / 2, HOUR, "2"))
    assert shown(rating) == {
        "c:used": ("1800", "0.90"),
        "c:unused": ("3600", "1.80"),
        "gpu": ("1800", "1.80"),
    }


@pytest.mark.parametrize("minutes", [0, 15, 30, 45, 75])
def test_a_plan_that_begins_after_the_period(minutes: int) -> None:
    """A commitment of a plan that begins after the period, in its last hour even, costs nothing."""
    start_ms = Span.between(START, START).start_ms + (30 + minutes) * 60_000
    late = replace(committed(upfront_price="5"), start_ms=start_ms)
    assert billed(late, 0 * HOUR, HOUR / 2).lines == ()
