"""The most that a demand can come to: never too low, whatever a plan states and however it is used."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from crex.decimals import format_decimal
from crex.documents.times import format_time, parse_time
from crex.metering import Span
from crex.rating import UnknownPrice, most_of_demand, rate_bill, taxed_price_of_demand
from crex.rating.plan import Plan
from crex.v1 import (
    Commitment,
    CommitmentKind,
    ComponentKind,
    DemandQuantity,
    Exchange,
    GranularityScope,
    PriceComponent,
    PricePlan,
    PriceSeriesRef,
    Restrictions,
    TaxRule,
    TierModel,
)
from sdk.tests.rating.samples import component, counted, euros, plan, plan_message
from sdk.tests.rating.strategies import DISK, QUARTER, QUARTERS, START, TOKENS, UNITS, Json, inputs
from sdk.tests.rating.vector_bills import bill_of

HOUR, DAY = 3600, 86_400
# Long enough for all records of random bills, and a divisor that leaves finite decimals.
SECONDS = 1_000_000
WHOLE = timedelta(days=28)
VAT = TaxRule(category="vat", rate="0.19", jurisdiction="de")
SERIES = PriceSeriesRef(
    id="crex://index.example/price-series/spot", publisher="index.example", max_unit_price="9"
)


def sure(found: Fraction | UnknownPrice) -> Fraction:
    """A price that is known."""
    assert not isinstance(found, UnknownPrice), found.reason
    return found


def reason(found: Fraction | UnknownPrice) -> str:
    """Why a price is unknown."""
    assert isinstance(found, UnknownPrice), found
    return found.reason


def alone(given_: Json) -> Json:
    """A random bill under its first plan alone, without commitments: those have no bound."""
    found = deepcopy(given_)
    found["plans"] = found["plans"][:1]
    body = found["plans"][0]["plan"]
    body.pop("commitments", None)
    body.pop("effectiveEnd", None)
    for one in body["components"]:
        one.get("restrictions", {}).pop("commitmentId", None)
    found["tz_transitions"][0]["utc"] = "2026-08-01T00:00:00Z"
    return found


def in_period(given_: Json, start: str, end: str, openings: list[Json]) -> Json:
    """The same in one billing period."""
    period = {"start": start, "end": end}
    return {**given_, "period": period, "whole_period": period, "openings": openings}


def used(lease: Json) -> list[DemandQuantity]:
    """What a lease uses, as a demand states it: levels so that they come to the same over its length."""
    amounts = {UNITS: Fraction(0), DISK: Fraction(0), TOKENS: Fraction(0)}
    for record in lease["records"]:
        use = record["dimension"], record["unit"]
        if use in amounts:
            length = Span.between(parse_time(record["start"]), parse_time(record["end"])).seconds
            share = Fraction(1) if use == TOKENS else length / SECONDS
            amounts[use] += Fraction(record["quantity"]) * share
    return [
        DemandQuantity(dimension=dimension, unit=unit, quantity=format_decimal(amount))
        for (dimension, unit), amount in amounts.items()
    ]


@pytest.mark.slow
@settings(
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(inputs(), st.integers(1, QUARTERS - 1), st.booleans())
def test_bills_never_exceed_it(given_: Json, cut: int, told: bool) -> None:
    """Two bills of a demand, in two periods, sum to no more, whatever prices, tiers and taxes they have."""
    assume("exchange" not in given_["plans"][0]["plan"])
    whole, middle = alone(given_), START + cut * QUARTER
    first = rate_bill(
        bill_of(in_period(whole, format_time(middle - WHOLE), format_time(middle), whole["openings"]))
    )
    standing = [
        {
            **{name: value for name, value in named if value is not None},
            "value": {"num": str(one.value.numerator), "den": str(one.value.denominator)},
        }
        for one in first.closings
        for named in [(("component", one.component), ("credit", one.credit), ("lease", one.lease))]
    ]
    second = rate_bill(bill_of(in_period(whole, format_time(middle), format_time(middle + WHOLE), standing)))
    bill = bill_of(whole)
    bounds = [
        most_of_demand(
            bill.plans[0],
            8,
            SECONDS,
            used(lease),
            region=lease.get("region", "") if told else None,
            interruptible=lease["interruptible"] if told else None,
        )
        for lease in whole["leases"]
    ]
    unknown = [one.reason for one in bounds if isinstance(one, UnknownPrice)]
    if unknown:
        assert all("minimum is taxed" in why for why in unknown)
        return
    assert first.total.value + second.total.value <= sum(map(sure, bounds))


def test_rounding_counts() -> None:
    """An hour at 2.99 may be two halves on two bills, of 1.50 each."""
    assert sure(most_of_demand(plan(), 1, HOUR)) == Fraction("3.00")
    assert sure(most_of_demand(plan(), 8, 24 * HOUR)) == Fraction("574.09")


def changed(*components: PriceComponent, **members: Any) -> Plan:
    """A plan with further members."""
    message = plan_message(*components)
    message.MergeFrom(PricePlan(**members))
    return Plan.of(message)


def windowed(price: str, **members: Any) -> PriceComponent:
    """A component of some hours that comes before the one that always applies."""
    found = component(price, id="first", **members)
    found.restrictions.CopyFrom(Restrictions(local_start="08:00", local_end="20:00"))
    return found


def test_the_dearest_that_may_apply() -> None:
    """By day 5, by night 3: all of it may be by day. What the offer's region excludes is not asked."""
    day = windowed("5")
    assert sure(most_of_demand(plan(day, component("3")), 1, 10 * HOUR)) == Fraction("50.02")
    dear = component("9", id="dear")
    dear.restrictions.CopyFrom(Restrictions(region="north"))
    priced = plan(dear, component("3"))
    assert sure(most_of_demand(priced, 1, 10 * HOUR)) == Fraction("90.02")
    assert sure(most_of_demand(priced, 1, 10 * HOUR, region="north")) == Fraction("90.01")
    assert sure(most_of_demand(priced, 1, 10 * HOUR, region="")) == Fraction("30.01")


def test_series_steps_packages_and_flat_prices() -> None:
    """A series costs its most; steps and packages are begun, and flat prices due, once in each period."""
    power = component("0")
    power.price_series.CopyFrom(SERIES)
    assert sure(most_of_demand(plan(power), 1, 10 * HOUR)) == Fraction("90.01")
    stepped = component("3", step="3600", minimum="7200")
    assert sure(most_of_demand(plan(stepped), 1, HOUR)) == Fraction("15.01")  # (1 + 2 x 2) h x 3
    stepped.granularity.scope = GranularityScope.GRANULARITY_SCOPE_SEGMENT
    assert sure(most_of_demand(plan(stepped), 1, HOUR)) == Fraction("27.01")  # (1 + 2 x 4) h x 3
    packed = component("3")
    packed.model = TierModel.TIER_MODEL_PACKAGE
    assert sure(most_of_demand(plan(packed), 1, HOUR)) == Fraction("9.01")
    flat = component("3")
    flat.tiers[0].flat_price = "10"
    assert sure(most_of_demand(plan(flat), 1, HOUR)) == Fraction("23.01")
    tiered = component([("3600", "3"), (None, "2")])
    for tier in tiered.tiers:
        tier.flat_price = "10"
    assert sure(most_of_demand(plan(tiered), 1, HOUR)) == Fraction("43.02")  # both tiers on both bills
    tiered.model = TierModel.TIER_MODEL_VOLUME
    assert sure(most_of_demand(plan(tiered), 1, HOUR)) == Fraction("23.01")


def test_fees_of_each_period() -> None:
    """A base fee is due once in each period that 60 days may touch, of at least 27: four; setup once."""
    fee: dict[str, Any] = {"per": "1", "dimension": "base", "unit": "fee"}
    base = component("5", **{**fee, "id": "base", "kind": ComponentKind.COMPONENT_KIND_FLAT})
    setup = component(
        "7", **{**fee, "id": "setup", "kind": ComponentKind.COMPONENT_KIND_ONE_OFF, "unit": "set"}
    )
    assert sure(most_of_demand(plan(base), 1, 60 * DAY)) == Fraction("20.02")
    assert sure(most_of_demand(plan(setup), 1, 60 * DAY)) == Fraction("7.00")


def test_a_month_is_short_and_never_more_than_one() -> None:
    """A day is at most a 27th of a month, and 60 days lie in at most four."""
    monthly = component("270", per="1")
    monthly.time_unit = "month"
    assert sure(most_of_demand(plan(monthly), 1, DAY)) == Fraction("10.01")
    assert sure(most_of_demand(plan(monthly), 1, 60 * DAY)) == Fraction("600.02")


def test_minimum_and_maximum() -> None:
    """Each period is raised to the minimum and lowered to the maximum."""
    assert sure(most_of_demand(changed(minimum=euros("5.00")), 1, HOUR)) == Fraction("10.00")
    assert sure(most_of_demand(changed(minimum=euros("1.00")), 1, HOUR)) == Fraction("4.00")
    assert sure(most_of_demand(changed(maximum=euros("5.00")), 1, 100 * HOUR)) == Fraction("10.00")


def test_taxes_come_on_top() -> None:
    """Rates of the line's category are added and rounded in each period; what is taxed keeps the maximum."""
    taxed = component("10", tax_category="vat")
    assert sure(most_of_demand(changed(taxed, taxes=[VAT]), 1, 10 * HOUR)) == Fraction("119.02")
    assert sure(most_of_demand(changed(taxed, taxes=[VAT], tax_included=True), 1, 10 * HOUR)) == Fraction(
        "100.01"
    )
    priced = changed(taxed, counted("1", id="tokens"), taxes=[VAT], maximum=euros("20.00"))
    demanded = [DemandQuantity(dimension="output", unit="tokens", quantity="100")]
    assert sure(most_of_demand(priced, 1, 10 * HOUR, demanded)) == Fraction("47.61")
    priced = changed(taxed, counted("-1", id="tokens"), taxes=[VAT], maximum=euros("20.00"))
    assert sure(most_of_demand(priced, 1, 10 * HOUR, demanded)) == Fraction("59.01")  # 19.00 on 100 less 100


def test_a_minimum_that_is_taxed() -> None:
    """What a minimum adds to lines below zero is taxed: without a floor under prices there is no bound."""
    members: dict[str, Any] = {"taxes": [VAT], "minimum": euros("1.00"), "adjustment_tax_category": "vat"}
    assert sure(most_of_demand(changed(component("-100"), **members), 1, HOUR)) == Fraction("21.39")
    power = component("0")
    power.price_series.CopyFrom(SERIES)
    assert "minimum is taxed" in reason(most_of_demand(changed(power, **members), 1, HOUR))
    members["adjustment_tax_category"] = "levy"
    assert sure(most_of_demand(changed(power, **members), 1, HOUR))


def test_what_has_no_bound() -> None:
    """Commitments, an exchange, and a time outside the plan have none."""
    commitment = Commitment(
        id="c", kind=CommitmentKind.COMMITMENT_KIND_PERIOD_SPEND, amount="9", price="8", eligible=["gpu"]
    )
    assert "commitments" in reason(most_of_demand(changed(commitments=[commitment]), 1, HOUR))
    exchange = Exchange(currency="JPY", series=SERIES.id, publisher=SERIES.publisher)
    assert "JPY" in reason(most_of_demand(changed(exchange=exchange), 1, HOUR))
    before = Span.between(parse_time("2025-12-31T23:00:00Z"), parse_time("2026-01-01T00:00:00Z"))
    assert "throughout" in reason(most_of_demand(plan(), 1, HOUR, interval=before))


def test_an_exact_price_with_taxes() -> None:
    """Where a price is known, so are its taxes, exact, unless local time decides about them."""
    taxed = component("10", tax_category="vat")
    assert taxed_price_of_demand(changed(taxed, taxes=[VAT]), 1, HOUR) == Fraction("11.9")
    assert taxed_price_of_demand(changed(taxed, taxes=[VAT], tax_included=True), 1, HOUR) == 10
    free = windowed("10")
    assert "tax on compute-unit" in reason(taxed_price_of_demand(changed(free, taxed, taxes=[VAT]), 1, HOUR))
    assert taxed_price_of_demand(changed(free, taxed), 1, HOUR) == 10
    assert "local time" in reason(taxed_price_of_demand(changed(windowed("9"), taxed, taxes=[VAT]), 1, HOUR))
