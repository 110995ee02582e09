"""What a demand costs under a plan: by the engine, over all its bills, commitments to their end."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from crex.comparison import Demanded
from crex.documents.times import from_ms
from crex.errors import CrexError, RatingError
from crex.metering import Record, Span, build_record
from crex.metering.span import ms_timestamp
from crex.rating import Bill, LeaseTerms, LeaseUse, billing_period, edges, rate_bill, zone_between
from crex.v1 import (
    Accumulator,
    AccumulatorReset,
    AccumulatorScope,
    Commitment,
    CommitmentKind,
    Credit,
    CreditKind,
    DemandQuantity,
    Exchange,
    Granularity,
    Money,
    PriceTier,
    Restrictions,
    ServiceEvent,
    ServiceEventKind,
    TaxRule,
    UsageRecord,
)
from sdk.tests.comparison.samples import (
    COUNT,
    DAY,
    FLAT,
    GAUGE,
    GRADUATED,
    HOUR,
    ONE_OFF,
    begin,
    component,
    course,
    demanded,
    plan,
    ready,
    reserved,
)


def test_hours_cost_hours() -> None:
    """Four units at 2.99 an hour for ten hours are 119.60, exactly."""
    found = course(plan(component("2.99")), demanded(count=4)).cost(10 * HOUR)
    assert (found.exact, found.billed, found.bills, found.unpriced) == (
        Fraction("119.6"),
        Fraction("119.6"),
        1,
        (),
    )


def test_each_bill_is_rounded_and_the_exact_sum_is_not() -> None:
    """A third of a cent a month is billed as nothing twice, and is two thirds of a cent exactly."""
    cheap = plan(component("0.01", per_quantity=str(3 * 31 * 86400)))
    found = course(cheap, demanded(62 * DAY), begin("2026-07-01T00:00:00Z")).cost(62 * DAY)
    assert (found.exact, found.billed, found.bills) == (Fraction(2, 300), Fraction(0), 2)


@pytest.mark.parametrize(("start", "days"), [("2026-02-01T00:00:00Z", 28), ("2026-03-01T00:00:00Z", 31)])
def test_a_month_costs_a_month(start: str, days: int) -> None:
    """A price by the calendar month is the same in February and in March."""
    monthly = plan(component("24.2", per_quantity="1", time_unit="month"))
    assert course(monthly, setting=begin(start)).cost(days * DAY).exact == Fraction("24.2")
    half = course(monthly, setting=begin(start)).cost(days * DAY // 2)
    assert half.exact == Fraction("12.1")


def test_months_are_those_of_the_zone_and_the_anchor() -> None:
    """Berlin's October has 745 hours; a period from the 15th to the 15th over two months is one bill."""
    berlin = plan(component("1"), time_zone="Europe/Berlin")
    october = course(berlin, setting=begin("2026-09-30T22:00:00Z"))
    assert (october.cost(745 * HOUR).bills, october.cost(745 * HOUR + 1).bills) == (1, 2)
    anchored = course(plan(component("1")), setting=begin("2026-03-20T00:00:00Z", anchor=15))
    assert (anchored.cost(26 * DAY).bills, anchored.cost(26 * DAY + 1).bills) == (1, 2)


def test_a_commitment_is_charged_to_its_end() -> None:
    """36 months of 26304 hours at 1.00 and 1000.00 upfront cost 27304.00, however short the use."""
    found = course(ready(reserved()))
    for length in (HOUR, 100 * DAY, 1096 * DAY):
        assert found.cost(length).exact == 1000 + 26304
    assert found.cost(HOUR).bills == 36


def test_beyond_a_commitment_its_component_prices() -> None:
    """Of two units one is committed to; the other costs 2.50 an hour."""
    found = course(ready(reserved()), demanded(count=2))
    assert found.cost(10 * HOUR).exact == 27304 + 25


def test_after_a_commitment_nothing_may_be_priced() -> None:
    """Use after the term of a commitment that a component asks for has no price."""
    found = course(ready(reserved(months=12)))
    assert found.cost(365 * DAY).unpriced == ()
    assert found.cost(365 * DAY + HOUR).unpriced == (("compute-unit", "unit"),)


def test_a_commitment_without_a_term_ends_with_the_lease() -> None:
    """It is charged as long as the demand lasts, and no longer."""
    made = reserved()
    made.commitments[0].ClearField("term_months")
    made.commitments[0].amount = "3"
    found = course(ready(made))
    assert found.cost(40 * DAY).exact == 1000 + 3 * 40 * 24
    assert found.cost(10 * HOUR).exact == 1000 + 30


def test_spend_that_is_committed_is_charged() -> None:
    """A committed spend of 100.00 for 80.00 a month costs 80.00 where less is used."""
    commitment = Commitment(
        id="spend",
        kind=CommitmentKind.COMMITMENT_KIND_PERIOD_SPEND,
        amount="100",
        price="80",
        eligible=["units"],
        term_months=1,
    )
    found = course(plan(component("1"), commitments=[commitment]))
    assert found.cost(50 * HOUR).exact == 80
    assert found.cost(150 * HOUR).exact == 80 + 50


def test_fees_are_charged_by_the_bill_and_by_the_lease() -> None:
    """A base fee comes with every month that is begun, a setup once."""
    fees = (
        component("1"),
        component("5", id="fee", dimension="fee", unit="period", kind=FLAT, per_quantity="1"),
        component("7", id="setup", dimension="setup", unit="lease", kind=ONE_OFF, per_quantity="1"),
    )
    found = course(plan(*fees))
    assert found.cost(HOUR).exact == 1 + 5 + 7
    assert found.cost(31 * DAY + HOUR).exact == 31 * 24 + 1 + 2 * 5 + 7


def test_sums_over_a_term_go_on_from_bill_to_bill() -> None:
    """Tiers that count over the term go on in the second month; those of a period begin anew."""
    tiers = [PriceTier(up_to=str(3600 * 100), unit_price="1"), PriceTier(unit_price="0.5")]
    accumulator = Accumulator(
        scope=AccumulatorScope.ACCUMULATOR_SCOPE_LEASE, reset=AccumulatorReset.ACCUMULATOR_RESET_TERM
    )
    over_term = component("", model=GRADUATED, tiers=tiers, accumulator=accumulator)
    by_period = component("", model=GRADUATED, tiers=tiers)
    hours = (31 + 30) * 24
    term, period = (course(plan(one)).cost(61 * DAY).exact for one in (over_term, by_period))
    assert term == 100 + Fraction(hours - 100, 2)
    assert period == 2 * 100 + Fraction(hours - 200, 2)


def test_a_fixed_credit_is_used_once() -> None:
    """A credit of 100.00 lowers all bills together by 100.00."""
    credit = Credit(
        id="welcome",
        kind=CreditKind.CREDIT_KIND_FIXED,
        amount=Money(currency="EUR", amount="1000.00"),
    )
    found = course(plan(component("1"), credits=[credit]))
    assert found.cost(61 * DAY).exact == 61 * 24 - 1000
    assert found.cost(10 * HOUR).exact == 0


def test_taxes_and_bounds_are_part_of_the_cost() -> None:
    """Tax comes on top unless prices include it; a bill's least and greatest amount hold."""
    rule = TaxRule(category="standard", rate="0.19", jurisdiction="de")
    taxed = component("1", tax_category="standard")
    assert course(plan(taxed, taxes=[rule])).cost(100 * HOUR).exact == 119
    assert course(plan(taxed, taxes=[rule], tax_included=True)).cost(100 * HOUR).exact == 100
    bounded = plan(
        component("1"),
        minimum=Money(currency="EUR", amount="2.00"),
        maximum=Money(currency="EUR", amount="50.00"),
    )
    assert course(bounded).cost(HOUR).exact == 2
    assert course(bounded).cost(60 * HOUR).exact == 50


def test_least_and_greatest_use() -> None:
    """60 seconds are the least that is charged, 28 days the most."""
    tiers = [PriceTier(up_to="2419200", unit_price="0.00000333"), PriceTier(unit_price="0")]
    least = Granularity(step="0.001", minimum="60")
    found = course(plan(component("", per_quantity="1", model=GRADUATED, tiers=tiers, granularity=least)))
    assert found.cost(30_000).exact == 60 * Fraction("0.00000333")
    assert found.cost(31 * DAY).exact == Fraction("8.055936")


def test_what_is_counted_is_used_evenly() -> None:
    """500 GiB within 30 days are 250 within 15, and go on at that pace."""
    sent = component("0.01", id="egress", dimension="egress", unit="gibibyte", kind=COUNT, per_quantity="1")
    found = course(plan(component("1"), sent), demanded(30 * DAY, 1, egress__gibibyte="500"))
    assert found.cost(30 * DAY).exact == 720 + 5
    assert found.cost(15 * DAY).exact == 360 + Fraction("2.5")
    assert found.cost(60 * DAY).exact == 1440 + 10


def test_what_is_not_priced_is_told() -> None:
    """A dimension without a price, and what the plan prices beside, are named."""
    sent = component("1", id="egress", dimension="egress", unit="gibibyte", kind=COUNT, per_quantity="1")
    found = course(plan(sent), demanded(memory__gibibyte="4"))
    assert set(found.cost(HOUR).unpriced) == {("compute-unit", "unit"), ("memory", "gibibyte")}
    assert found.beside == (("egress", "gibibyte"),)


@pytest.mark.parametrize("start", ["2026-10-20T07:13:21.500Z", "2026-03-27T23:00:00Z"])
@pytest.mark.parametrize("length", [HOUR // 3, 9 * DAY + 1001, 40 * DAY])
def test_a_course_is_what_the_bills_of_its_records_come_to(start: str, length: int) -> None:
    """The cost equals that of whole records, rated bill by bill: windows, clocks, hours and counts."""
    night = Restrictions(local_start="22:00", local_end="06:00")
    sent = {"dimension": "egress", "unit": "gibibyte", "kind": COUNT, "per_quantity": "10"}
    made = plan(
        component("0.4", id="night", restrictions=night),
        component("0.9", id="day"),
        component("0.07", id="memory", dimension="memory", unit="gibibyte", kind=GAUGE),
        component("0.3", id="sent-by-night", restrictions=night, **sent),
        component("0.5", id="sent", **sent),
        time_zone="Europe/Berlin",
        commitments=[
            Commitment(
                id="reserved",
                kind=CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY,
                amount="1",
                price="0.25",
                per_quantity="3600",
                eligible=["day", "night"],
            )
        ],
    )
    # One gibibyte a millisecond, so that every share of it is whole.
    demand = demanded(length, 2, memory__gibibyte="16", egress__gibibyte=str(length))
    setting = begin(start)
    lease = Span(setting.start_ms, setting.start_ms + length)
    zone = zone_between(made.time_zone, from_ms(lease.start_ms - 70 * DAY), from_ms(lease.end_ms + 70 * DAY))
    terms = LeaseTerms("crex://b.example/lease/l1", "crex://b.example/order/o1", 2, lease)
    event = ServiceEvent(kind=ServiceEventKind.SERVICE_EVENT_KIND_ACTIVATED, at=ms_timestamp(lease.start_ms))
    exact, at = Fraction(0), lease.start_ms
    while at < lease.end_ms:
        period = billing_period(at, 1, zone)
        bill = Bill(
            plans=(made,),
            leases=(LeaseUse(terms=terms, events=(event,)),),
            period=period,
            whole=period,
            zone=zone,
            account="a",
        )
        records: list[Record] = []
        for use, quantity in demand.quantities.items():
            cuts = edges(bill, use)
            for low, high in pairwise(cuts):
                span = max(low, lease.start_ms), min(high, lease.end_ms)
                if span[0] < span[1]:
                    share = span[1] - span[0] if use[0] == "egress" else int(quantity)
                    records.append(_record(terms.name, use, span, share, len(records) + 1))
        rated = rate_bill(
            Bill(
                plans=(made,),
                leases=(LeaseUse(terms=terms, events=(event,), records=records),),
                period=period,
                whole=period,
                zone=zone,
                account="a",
            )
        )
        exact += sum((line.exact_amount for line in rated.lines), Fraction(0))
        at = period.end_ms
    assert course(made, demand, setting).cost(length).exact == exact


def _record(lease: str, use: tuple[str, str], span: tuple[int, int], quantity: int, number: int) -> Record:
    return build_record(
        UsageRecord(
            meter_id=f"m{number}",
            seq=1,
            revision=1,
            lease=lease,
            resource="crex://provider.example/compute-resource/r1",
            dimension=use[0],
            unit=use[1],
            start=ms_timestamp(span[0]),
            end=ms_timestamp(span[1]),
            quantity=str(quantity),
        )
    )


def test_a_rate_of_exchange_that_is_not_known_is_refused() -> None:
    """A plan billed in another currency needs the series that it names."""
    exchange = Exchange(
        currency="USD", series="crex://fx.example/price-series/eur-usd", publisher="fx.example"
    )
    with pytest.raises(RatingError) as refused:
        course(plan(exchange=exchange)).cost(HOUR)
    assert refused.value.reason == "INCOMPLETE"


def test_a_hundred_years_are_the_most() -> None:
    """A demand of more billing periods than anybody compares is refused, not computed."""
    with pytest.raises(RatingError, match="more than 1212 billing"):
        course(plan()).cost(110 * 365 * DAY)


@pytest.mark.parametrize(
    ("count", "quantities", "length", "why"),
    [
        (0, [], HOUR, "nothing is demanded"),
        (1, [], 0, "it lasts no time"),
        (1, [("compute-unit", "unit", "2")], HOUR, "is demanded twice"),
        (0, [("egress", "byte", "0")], HOUR, "nothing is demanded"),
    ],
)
def test_an_empty_demand_is_refused(
    count: int, quantities: list[tuple[str, str, str]], length: int, why: str
) -> None:
    """A demand is of something, for some time, each thing once."""
    found = [DemandQuantity(dimension=one, unit=unit, quantity=much) for one, unit, much in quantities]
    with pytest.raises(CrexError, match=why):
        Demanded.of(count, found, length)
