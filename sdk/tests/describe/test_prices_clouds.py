"""The importer `prices`: lists of Google, AWS, OVHcloud and DigitalOcean, whole and odd."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from crex.describe.price_plans import CURRENCY_BESIDE
from crex.v1 import CommitmentKind, ComponentKind
from sdk.tests.describe.price_lists import (
    COMMITMENT,
    OF_DOLLARS,
    addon,
    component,
    droplet,
    money,
    offer,
    plan,
    read,
    remarks,
    reserved,
    sku,
    tiers,
    whys,
)


def test_google_units_and_nanos_are_exact() -> None:
    """Units and nanos are one exact price, in the currency of the list: nothing is converted."""
    rupiah = [{"startUsageAmount": 0, "unitPrice": money("508", 934997455, "IDR")}]
    imported = read(sku(rates=rupiah))
    assert tiers(imported) == [("", "508.934997455")]
    assert plan(imported).currency == "IDR"


def test_google_display_quantity_changes_nothing() -> None:
    """`displayQuantity` is for showing a price."""
    assert tiers(read(sku(displayQuantity=1000))) == [("", "2.933908")]


def test_google_tiers_begin_where_they_say() -> None:
    """A tier ends where the next begins."""
    rates = [
        {"startUsageAmount": 0, "unitPrice": money("0", 0)},
        {"startUsageAmount": 60, "unitPrice": money("0", 50000000)},
    ]
    found = read(sku(rates=rates, usageUnit="min", baseUnit="s", baseUnitConversionFactor=60))
    assert tiers(found) == [("3600", "0"), ("", "0.05")]
    assert component(found).per_quantity == "60"


def test_google_time_is_cut_to_the_next_millisecond() -> None:
    """A plan never applies before the instant that the list states."""
    found = plan(read(sku(info={"effectiveTime": "2023-08-10T22:49:22.905126Z"})))
    assert found.effective_start.ToJsonString() == "2023-08-10T22:49:22.906Z"
    assert not plan(read(sku(info={}))).HasField("effective_start")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"usageUnit": "GiBy.h"}, "of what it is a gibibyte, its group 'CPU' does not say"),
        ({"usageUnit": "GiBy", "group": "RAM"}, "of what it is a gibibyte"),
        (
            {
                "usageUnit": "GiBy.mo",
                "group": "SSD",
                "baseUnit": "By.s",
                "baseUnitConversionFactor": 2783138807808000,
            },
            "contradict each other",
        ),
        ({"usageUnit": "GiBy.h", "baseUnit": "s", "group": "RAM"}, "contradict each other"),
        ({"usageUnit": "count"}, "what its usage unit 'count' is for is not known"),
        ({"usageUnit": ".h"}, "what its usage unit '.h' is for is not known"),
        ({"usageUnit": "."}, "what its usage unit '.' is for is not known"),
        ({"usageUnit": ""}, "it states no usage unit"),
        ({"baseUnit": "s", "baseUnitConversionFactor": 60}, "contradict each other"),
        ({"baseUnit": "By.s", "baseUnitConversionFactor": 3600}, "contradict each other"),
        ({"usage": "Commit5Yr"}, COMMITMENT),
        ({"usage": "Commit1Yr", "usageUnit": "d"}, "something else than things by the hour"),
        ({"usage": "Sometimes"}, "how it is consumed (Sometimes) is not known"),
        ({"usage": None}, "how it is consumed (not stated) is not known"),
        ({"rates": []}, "it states no price"),
        ({"rates": [{"startUsageAmount": 5, "unitPrice": money()}]}, "leave a gap"),
        ({"rates": [{"startUsageAmount": 0, "unitPrice": money("-1")}]}, "neither below zero"),
        ({"rates": [{"startUsageAmount": 0, "unitPrice": {"currencyCode": "USD"}}]}, "units and nanos"),
        ({"rates": [{"startUsageAmount": 0}]}, "no beginning or no price"),
        ({"info": {"effectiveTime": "yesterday"}}, "not an instant in UTC"),
        ({"info": {"effectiveTime": "2023-02-30T00:00:00Z"}}, "not an instant in UTC"),
    ],
)
def test_a_sku_that_cannot_be_stated_is_left_out(changes: dict[str, Any], why: str) -> None:
    """Amounts, commitments, contradictions and what is not whole leave the SKU out."""
    imported = read(sku(**changes))
    assert not imported.drafts
    assert why in whys(imported)[0]


@pytest.mark.parametrize(
    ("changes", "made"),
    [
        ({"usageUnit": "GiBy.h", "group": "RAM"}, ("memory", "gibibyte", "3600", "")),
        ({"usageUnit": "GiBy.mo", "group": "PDStandard"}, ("storage", "gibibyte", "1", "month")),
        ({"usageUnit": "GiBy", "group": "PremiumInternetEgress"}, ("egress", "gibibyte", "1", "")),
        ({"usageUnit": "mo"}, ("compute-unit", "unit", "1", "month")),
    ],
)
def test_google_gibibytes_and_months(changes: dict[str, Any], made: tuple[str, ...]) -> None:
    """A gibibyte is of what the resource group says; a month without a length is a calendar month."""
    found = component(read(sku(**changes)))
    assert (found.dimension, found.unit, found.per_quantity, found.time_unit) == made


def test_google_base_units_agree() -> None:
    """3865470566400 byte seconds are a gibibyte hour."""
    base = {"baseUnit": "By.s", "baseUnitConversionFactor": 3865470566400}
    assert read(sku(usageUnit="GiBy.h", group="RAM", **base)).drafts


def test_a_google_commitment_is_one() -> None:
    """A committed use of three years is a commitment of 36 months to one thing, used or not."""
    (commitment,) = plan(read(sku(usage="Commit3Yr"))).commitments
    assert (commitment.amount, commitment.term_months) == ("1", 36)
    assert (commitment.price, commitment.per_quantity) == ("2.933908", "3600")
    assert list(commitment.eligible) == ["compute-unit"]


def test_google_tiers_over_an_account_are_no_tiers_of_a_lease() -> None:
    """Tiers that are stated to count by account cannot be stated; one price for all can."""
    account = {"aggregationInfo": {"aggregationLevel": "ACCOUNT", "aggregationInterval": "MONTHLY"}}
    rates = [{"startUsageAmount": start, "unitPrice": money()} for start in (0, 60)]
    assert "its tiers count by ACCOUNT and MONTHLY" in whys(read(sku(rates=rates, info=account)))[0]
    assert read(sku(info=account)).drafts


def test_further_pages_are_told() -> None:
    """An answer that says that there are more pages is read, and the report says so."""
    imported = read(sku() | {"nextPageToken": "APK"})
    assert imported.drafts
    assert "there are more pages" in remarks(imported)


def test_aws_prices_on_demand() -> None:
    """A term on demand is a plan from its effective date, zeros at the end of its price cut off."""
    imported = read(offer())
    assert tiers(imported) == [("", "0.5312")]
    assert plan(imported).currency == "CNY"
    assert plan(imported).effective_start.ToJsonString() == "2023-03-01T00:00:00Z"
    (draft,) = imported.drafts
    assert (draft.name, draft.rows) == ("s1", ("f0: $.terms.OnDemand.S1.S1.T1",))


def test_aws_ranges_are_tiers() -> None:
    """Price dimensions of one term are its tiers."""
    value = offer(endRange="10")
    lines = value["terms"]["OnDemand"]["S1"]["S1.T1"]["priceDimensions"]
    more = {"beginRange": "10", "endRange": "Inf", "unit": "Hrs", "pricePerUnit": {"CNY": "0.25"}}
    lines["S1.T1.R2"] = more
    assert tiers(read(value)) == [("36000", "0.5312"), ("", "0.25")]
    more["unit"] = "Quantity"
    assert whys(read(value)) == ["its tiers are in several units"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (offer("Reserved"), COMMITMENT),
        (offer("Savings"), "terms of the kind 'Savings' are not known"),
        (offer(unit="GB-Mo"), "of which bytes its gigabyte is"),
        (offer(unit="Quantity"), "'Quantity' stands for is not known"),
        (offer(pricePerUnit={}), "it states no currency"),
        (offer(pricePerUnit={"CNY": ""}), "not a number"),
        (offer(pricePerUnit={"XXX": "1"}), "has no minor unit"),
        (offer(pricePerUnit="1"), "it states no price"),
        (offer(appliesTo=["S2"]), "only together with another price"),
        (offer(endRange="lots"), "no beginning or no end"),
        (offer(status="AllocatedCapacityReservation", pricePerUnit={"CNY": "0"}), "under another SKU"),
        ({"products": {"S1": {}}, "terms": {}}, "it states no price"),
    ],
)
def test_an_aws_term_that_cannot_be_stated_is_left_out(value: dict[str, Any], why: str) -> None:
    """Commitments, months, amounts, missing currencies and zeros charged elsewhere leave the term out."""
    imported = read(value)
    assert not imported.drafts
    assert why in whys(imported)[0]


def test_a_month_of_a_volume_is_a_calendar_month() -> None:
    """A GB-month of an EBS volume is a gibibyte for a calendar month."""
    value = offer(unit="GB-Mo")
    value["products"]["S1"]["attributes"]["usagetype"] = "CNW1-EBS:VolumeUsage.gp3"
    found = component(read(value))
    assert (found.dimension, found.unit, found.per_quantity, found.time_unit) == (
        *("storage", "gibibyte"),
        *("1", "month"),
    )
    assert found.kind == ComponentKind.COMPONENT_KIND_GAUGE_TIME


def test_requests_are_counted() -> None:
    """A price by the request is a COUNT of requests."""
    found = component(read(offer(unit="Requests")))
    assert (found.dimension, found.kind) == ("request", ComponentKind.COMPONENT_KIND_COUNT)


@pytest.mark.parametrize(
    ("changes", "made"),
    [
        ({"hourly": "0.4", "length": "1yr"}, ("0.4", "", 12)),
        ({"hourly": "0.2", "upfront": "1752"}, ("0.2", "1752", 36)),
        ({"upfront": "10000.50"}, ("0", "10000.5", 36)),
    ],
)
def test_aws_reserved_terms_are_commitments(changes: dict[str, str], made: tuple[str, str, int]) -> None:
    """A reserved term is one instance in every hour of 12 or 36 months: by the hour, upfront, or both."""
    imported = read(reserved(**changes))
    found = plan(imported, 1)
    (commitment,) = found.commitments
    assert (commitment.price, commitment.upfront_price, commitment.term_months) == made
    assert (commitment.amount, commitment.per_quantity) == ("1", "3600")
    assert commitment.kind == CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY
    (beyond,) = found.components
    assert beyond.tiers[0].unit_price == "1"
    assert beyond.restrictions.commitment_id == "reserved"
    assert imported.drafts[1].name == "s1-r1"


def test_a_reserved_term_needs_a_price_on_demand() -> None:
    """Without a price of what goes beyond the reserved instance there is no plan."""
    value = reserved(hourly="0.4")
    del value["terms"]["OnDemand"]
    assert "what use beyond the reserved instance costs" in whys(read(value))[0]
    odd = reserved(hourly="0.4")
    odd["terms"]["Reserved"]["S1"]["S1.R1"]["priceDimensions"]["Hrs"]["unit"] = "vCPU-Hours"
    assert "not one by the hour, one upfront" in whys(read(odd))[0]


def offerings(*sums: int, hours: int = 26280) -> dict[str, float]:
    """Gives reserved offerings: the hourly shares of sums, with the leftovers of floats."""
    return {f"t{at}.large/us-west-1": total / hours for at, total in enumerate(sums)}


@pytest.mark.parametrize(("hours", "months"), [(26280, 36), (8760, 12)])
def test_aws_reserved_offerings_are_commitments(hours: int, months: int) -> None:
    """Shares of whole sums show the term; every digit of them is stated; the currency is the input's."""
    listed = offerings(*range(497, 527), hours=hours)
    assert whys(read(listed)) == [CURRENCY_BESIDE] * 30
    imported = read(listed, OF_DOLLARS)
    (commitment,) = plan(imported).commitments
    exact = Fraction(commitment.price) / Fraction(commitment.per_quantity) * 3600
    assert exact == Fraction(repr(497 / hours))
    assert commitment.term_months == months
    assert f"a term of {months} months: every number is a whole sum" in remarks(imported)


def test_offerings_that_do_not_show_their_term_make_no_plan() -> None:
    """Few numbers show nothing, and neither do shares of sums that are not whole."""
    few = read(offerings(497, 498), OF_DOLLARS)
    other = read(offerings(*range(497, 527)) | {"m1.small/us-west-1": 0.123}, OF_DOLLARS)
    for imported in (few, other):
        assert not imported.drafts
        assert COMMITMENT in whys(imported)


def test_ovh_prices_are_hundred_millionths() -> None:
    """A whole number of 10^-8 becomes an exact price."""
    imported = read(addon())
    assert tiers(imported) == [("", "0.0681")]
    assert plan(imported).currency == "EUR"
    assert tiers(read(addon(1))) == [("", "0.00000001")]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (addon(kind="monthly.postpaid"), "of how much of publiccloud-instance the price is"),
        (
            addon(kind="monthly.postpaid", product="publiccloud-instance-monthly"),
            "for how long the price is",
        ),
        (addon(kind="purchase"), "a price of the type 'purchase'"),
        (addon(product="publiccloud-volume"), "of how much of publiccloud-volume the price is"),
        (addon(invoiceName="b2-7"), "for how long the price is"),
        (addon(more={"intervalUnit": "day", "interval": 1}), "for how long the price is"),
        (addon(more={"intervalUnit": "hour", "interval": 2}), "for how long the price is"),
        (addon(more={"commitment": 12}), COMMITMENT),
        (addon(more={"quantity": {"min": 1, "max": 10}}), "a range of quantities"),
        (addon(0.5), "not a whole number of 10^-8"),
        (addon(None), "not a whole number of 10^-8"),
        (addon(pricings=[]), "it states no price"),
        (addon(planCode=None), "it has no planCode"),
        (addon() | {"locale": {}}, "it states no currency"),
    ],
)
def test_an_ovh_price_that_cannot_be_stated_is_left_out(value: dict[str, Any], why: str) -> None:
    """Months, volumes, intervals that are not stated and commitments leave the price out."""
    imported = read(value)
    assert not imported.drafts
    assert why in whys(imported)[0]


def test_ovh_intervals_are_believed_where_stated() -> None:
    """An interval of one hour is one; so is a line of the invoice that says so where there is none."""
    assert read(addon(invoiceName="b2-7", more={"intervalUnit": "hour", "interval": 1})).drafts
    assert read(
        addon(more={"intervalUnit": "none", "interval": 0, "quantity": {"min": 1, "max": None}})
    ).drafts


def test_an_ovh_month_is_a_calendar_month() -> None:
    """A monthly price of an instance is per unit-month."""
    value = addon(
        2420000000, "monthly.postpaid", product="publiccloud-instance-monthly", invoiceName="b2-7 - Monthly"
    )
    found = component(read(value))
    assert (found.per_quantity, found.time_unit) == ("1", "month")
    assert tiers(read(value)) == [("", "24.2")]
    assert "what a part of a month costs" in remarks(read(value))


def test_digitalocean_is_by_the_second() -> None:
    """A rate by the second is per 1; a region is part of the name."""
    imported = read(droplet(region="nyc3"))
    assert tiers(imported) == [("", "0.00000333")]
    assert component(imported).per_quantity == "1"
    assert imported.drafts[0].name == "1-ks-00123-nyc3"


def test_digitalocean_bounds_are_stated() -> None:
    """Least and greatest use and amount are stated as they are, and hold for leases of one item."""
    bounds = {"minAmount": "0.01", "maxAmount": "10.00", "minUsage": "60", "maxUsage": "2419200"}
    imported = read(droplet(**bounds))
    made = plan(imported)
    assert (made.minimum.amount, made.maximum.amount, made.maximum.currency) == ("0.01", "10.00", "USD")
    assert tiers(imported) == [("2419200", "0.00000333"), ("", "0")]
    granularity = component(imported).granularity
    assert (granularity.minimum, granularity.step) == ("60", "0.001")
    told = remarks(imported)
    assert "they are of one item: sell at this plan one item a lease" in told
    assert "maxAmount: it is never reached: maxUsage at this rate costs 8.055936" in told
    assert "less than minAmount" in told


def test_digitalocean_bounds_of_another_unit() -> None:
    """Bounds of use are in seconds, also of a rate by the hour."""
    imported = read(droplet(unit="ITEM_PER_HOUR", rate="0.01", maxUsage="2419200"))
    assert tiers(imported) == [("2419200", "0.01"), ("", "0")]
    assert component(imported).per_quantity == "3600"
    odd = read(droplet(rate="0.0000000012345", maxUsage="0.0000001", maxAmount="10"))
    assert "maxUsage at this rate costs 0.00000000000000012345" in remarks(odd)
    month = read(droplet(unit="ITEM_PER_MONTH", rate="10", maxAmount="10"))
    assert (component(month).per_quantity, component(month).time_unit) == ("1", "month")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"maxUsage": "soon"}, "its maxUsage is no number from 0"),
        ({"minAmount": "-1"}, "its minAmount is no number from 0"),
        ({"minAmount": "0.001"}, "its minAmount has more digits than USD has"),
        ({"minAmount": "1" + "0" * 18}, "its minAmount is larger than a plan can state"),
        ({"minAmount": "5", "maxAmount": "4"}, "its maxAmount is below its minAmount"),
        ({"unit": "ITEM_PER_MONTH", "maxUsage": "60"}, "its bounds of use are in seconds"),
        ({"unit": "GIB"}, "what its unit 'GIB' stands for is not known"),
        ({"currency": None}, "it states no currency"),
        ({"rate": "1e-30"}, "more digits than a plan can state"),
    ],
)
def test_a_digitalocean_price_that_cannot_be_stated_is_left_out(changes: dict[str, Any], why: str) -> None:
    """Bounds that are none, that contradict each other or that no plan can state leave the price out."""
    imported = read(droplet(**changes))
    assert not imported.drafts
    assert why in whys(imported)[0]
    assert read(droplet(minAmount="0", maxAmount="0.00")).drafts
