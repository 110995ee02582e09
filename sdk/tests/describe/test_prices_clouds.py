"""The importer `prices`: lists of Google, AWS, OVHcloud and DigitalOcean, whole and odd."""

from __future__ import annotations

from typing import Any

import pytest

from sdk.tests.describe.price_lists import (
    BY_MONTH,
    COMMITMENT,
    addon,
    component,
    droplet,
    money,
    offer,
    plan,
    read,
    remarks,
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
        ({"usageUnit": "GiBy.h"}, "for its usage unit 'GiBy.h' no dimension and unit are registered"),
        ({"usageUnit": "GiBy.mo"}, BY_MONTH),
        ({"usageUnit": "count"}, "no dimension and unit are registered"),
        ({"baseUnit": "s", "baseUnitConversionFactor": 60}, "contradict each other"),
        ({"baseUnit": "By.s", "baseUnitConversionFactor": 3600}, "contradict each other"),
        ({"usage": "Commit1Yr"}, COMMITMENT),
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
        (offer(unit="GB-Mo"), BY_MONTH),
        (offer(unit="Quantity"), "no dimension and unit are registered"),
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


def test_aws_reserved_offerings_are_commitments() -> None:
    """An hourly share of a commitment is no price, whatever its sixteen digits say."""
    imported = read({"m1.small/us-west-1": 0.0189117199391172, "u-6tb1.metal/eu-central-1": 36.9})
    assert (imported.rows, len(imported.drafts)) == (2, 0)
    assert whys(imported) == [f"{COMMITMENT}, and it states no currency"] * 2


def test_ovh_prices_are_hundred_millionths() -> None:
    """A whole number of 10^-8 becomes an exact price."""
    imported = read(addon())
    assert tiers(imported) == [("", "0.0681")]
    assert plan(imported).currency == "EUR"
    assert tiers(read(addon(1))) == [("", "0.00000001")]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (addon(kind="monthly.postpaid"), BY_MONTH),
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


def test_digitalocean_is_by_the_second() -> None:
    """A rate by the second is per 1; a region is part of the name."""
    imported = read(droplet(region="nyc3"))
    assert tiers(imported) == [("", "0.00000333")]
    assert component(imported).per_quantity == "1"
    assert imported.drafts[0].name == "1-ks-00123-nyc3"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"minAmount": "0.01", "maxAmount": "10.00"}, "it has minAmount, maxAmount, which a plan"),
        ({"minUsage": "60"}, "it has minUsage, which a plan"),
        ({"maxUsage": "soon"}, "it has maxUsage, which a plan"),
        ({"unit": "ITEM_PER_MONTH"}, BY_MONTH),
        ({"unit": "GIB"}, "no dimension and unit are registered"),
        ({"currency": None}, "it states no currency"),
        ({"rate": "1e-20"}, "more digits than a plan can state"),
    ],
)
def test_digitalocean_caps_cannot_be_stated(changes: dict[str, Any], why: str) -> None:
    """A price with a least or greatest amount is not what its rate alone says."""
    imported = read(droplet(**changes))
    assert not imported.drafts
    assert why in whys(imported)[0]
    assert read(droplet(minAmount="0", maxAmount="0.00")).drafts
