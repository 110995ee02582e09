"""What a bill must be before anything of it is rated: plans in succession, leases told apart, openings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from crex.documents.times import parse_time
from crex.errors import RatingError
from crex.metering import Span
from crex.rating import Bill, LeaseTerms, LeaseUse, Openings, Standing, rate_bill
from crex.rating.layout import months_later
from crex.v1 import AccumulatorValue, Pin, Rational, ServiceEvent, ServiceEventKind
from sdk.tests.rating import samples
from sdk.tests.rating.full_plan import PIN, body, ready
from sdk.tests.rating.samples import END, PERIOD, START, activated, at, component, lease, plan

Body = dict[str, Any]
NEXT = Pin(id=PIN.id, revision=2, sha256="3d" * 32)


def chain(change: Callable[[Body], object] = lambda _: None) -> Bill:
    """A bill of two plans, the second of them after one change."""
    first, second = body(), body()
    first["effectiveEnd"] = second["effectiveStart"] = "2026-03-15T00:00:00Z"
    second["supersedes"] = {"id": PIN.id, "revision": "1", "sha256": PIN.sha256}
    for one in (first, second):
        del one["commitments"], one["components"][0]
        one["components"] = [each for each in one["components"] if "accumulator" not in each]
        one["credits"] = one["credits"][1:]
    change(second)
    plans = ready(first), ready(second, NEXT)
    return Bill(plans=plans, leases=(LeaseUse(terms=lease()),), period=PERIOD, whole=PERIOD)


CASES: dict[str, Callable[[Body], object]] = {
    "pins another": lambda plan: plan["supersedes"].update(sha256="00" * 32),
    "pins nothing": lambda plan: plan.pop("supersedes"),
    "begins before the other ends": lambda plan: plan.update(effectiveStart="2026-03-14T23:59:59Z"),
    "another time zone": lambda plan: plan.update(timeZone="Etc/UTC"),
    "prices with tax": lambda plan: plan.update(taxIncluded=True, taxes=plan["taxes"][:1]),
    "another kind": lambda plan: plan["components"][1].update(
        kind="COMPONENT_KIND_GAUGE_TIME", perQuantity="1"
    ),
    "another time unit": lambda plan: plan["components"][0].pop("timeUnit"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_plan_that_may_not_take_the_place(case: str) -> None:
    """A plan gives way only to one that follows it, and prices in the same way (PRICE-SUPERSEDES-1)."""
    with pytest.raises(RatingError) as refused:
        rate_bill(chain(CASES[case]))
    assert (refused.value.reason, refused.value.details["requirement"]) == ("TERMS", "PRICE-SUPERSEDES-1")


def test_a_plan_that_never_ends() -> None:
    """A plan without an end gives way to no other."""
    bill = chain()
    with pytest.raises(RatingError) as refused:
        rate_bill(replace(bill, plans=(replace(bill.plans[0], end_ms=None), bill.plans[1])))
    assert "no end" in refused.value.message


def test_plans_in_succession() -> None:
    """The plan that is in force as the period begins governs; each is found at its time."""
    bill = chain()
    assert rate_bill(bill).total.minor == 0
    assert bill.governing.pin == PIN
    cut = bill.plans[1].start_ms
    found = [bill.plan_at(instant) for instant in (cut - 1, cut)]
    assert [one and one.pin for one in found] == [PIN, NEXT]


def refused(bill: Bill) -> tuple[str, str]:
    """Reason and message of a refused bill."""
    with pytest.raises(RatingError) as error:
        rate_bill(bill)
    return error.value.reason, error.value.message


def test_what_is_no_bill() -> None:
    """A bill has a plan and leases, each once, and its period begins the whole one."""
    use = LeaseUse(terms=lease(), events=(activated(),))
    bill = Bill(plans=(plan(),), leases=(use,), period=PERIOD, whole=PERIOD)
    assert rate_bill(bill).complete
    assert refused(replace(bill, plans=()))[0] == "SCHEMA"
    assert refused(replace(bill, leases=()))[0] == "SCHEMA"
    assert "twice" in refused(replace(bill, leases=(use, use)))[1]
    half = Span(PERIOD.start_ms, PERIOD.end_ms - 1)
    assert rate_bill(replace(bill, period=half)).complete
    assert "RATE-PERIOD-1" in refused(replace(bill, whole=half))[1]


def test_a_plan_of_an_account() -> None:
    """Commitments and sums over leases need an account (INVOICE-SCOPE-1)."""
    use = LeaseUse(terms=lease(), events=(activated(),))
    bill = Bill(plans=(ready(body()),), leases=(use,), period=PERIOD, whole=PERIOD)
    assert refused(bill)[0] == "TERMS"


def test_local_time_without_offsets() -> None:
    """A window cannot be told without pinned offsets (RATE-ZONE-1)."""
    night = component("1", id="night")
    night.restrictions.local_start = "22:00"
    with pytest.raises(RatingError) as error:
        samples.bill(plan(night), [samples.record(START, END)])
    assert (error.value.reason, error.value.details["requirement"]) == ("SCHEMA", "RATE-ZONE-1")


def value(num: str, **of: str) -> AccumulatorValue:
    """Where something stood."""
    return AccumulatorValue(value=Rational(num=num, den="1"), **of)


@pytest.mark.parametrize(
    "values",
    [
        [value("-1", component="a")],
        [value("1")],
        [value("1", component="a", credit="b")],
        [value("1", component="a"), value("2", component="a")],
    ],
)
def test_openings_that_cannot_be(values: list[AccumulatorValue]) -> None:
    """An opening is of one thing, once, and not below zero (RATE-OPENING-1)."""
    with pytest.raises(RatingError) as error:
        Openings.of(values)
    assert error.value.reason == "SCHEMA"


def test_openings_are_closings() -> None:
    """What one bill states as its closings is what the next one reads."""
    standing = Standing("units", None, None, Fraction(7, 2))
    openings = Openings.of([standing.message(), Standing(None, "voucher", None, Fraction(5))])
    assert openings.component("units", None) == Fraction(7, 2)
    assert openings.component("units", "crex://broker.example/lease/l1") == 0
    assert openings.credit("voucher") == 5
    with pytest.raises(RatingError):
        Openings.of([Standing(None, "voucher", None, Fraction(1, 2))]).credit("voucher")


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31T10:30:00Z", 1, "2026-02-28T10:30:00Z"),
        ("2024-01-31T00:00:00Z", 1, "2024-02-29T00:00:00Z"),
        ("2026-03-15T00:00:00Z", 12, "2027-03-15T00:00:00Z"),
        ("2026-12-01T00:00:00Z", 1, "2027-01-01T00:00:00Z"),
        ("9999-01-01T00:00:00Z", 1200, "9999-12-31T00:00:00Z"),
    ],
)
def test_calendar_months(start: str, months: int, end: str) -> None:
    """Months later it is the same day and time of day, or the month's last day; the calendar ends in 9999."""
    found = months_later(Span.between(parse_time(start), parse_time(start)).start_ms, months)
    assert found == Span.between(parse_time(end), parse_time(end)).start_ms


def event(kind: str, when: str, until: str | None = None) -> ServiceEvent:
    """A service event of March 2026."""
    found = ServiceEvent(kind=ServiceEventKind.Value(f"SERVICE_EVENT_KIND_{kind}"))
    found.at.FromDatetime(at(when))
    if until is not None:
        found.until.FromDatetime(at(until))
    return found


@pytest.mark.parametrize(
    "events",
    [
        [event("OUTAGE", "02T00:00:00", "03T00:00:00")],
        [activated(at("05T00:00:00")), event("OUTAGE", "02T00:00:00", "06T00:00:00")],
        [activated(), event("OUTAGE", "02T00:00:00")],
        [activated(), event("OUTAGE", "02T00:00:00", "02T00:00:00")],
        [activated(), event("TERMINATED", "02T00:00:00", "03T00:00:00")],
    ],
)
def test_outages_that_are_none(events: list[ServiceEvent]) -> None:
    """An outage ends after it began, not before delivery did; nothing else ends (BATCH-OUTAGE-1)."""
    terms = LeaseTerms("crex://b.example/lease/l", "crex://b.example/order/o", 1, PERIOD)
    with pytest.raises(RatingError) as error:
        terms.active(events)
    assert (error.value.reason, error.value.details["requirement"]) == ("CONFLICT", "BATCH-OUTAGE-1")
