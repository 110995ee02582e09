"""The importer `prices`: lists of public clouds, odd, contradicting and damaged."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crex.describe.importing import Imported
from crex.describe.prices import IMPORTER
from crex.describe.sources import Source, open_sources
from crex.v1 import ComponentKind, PriceComponent, PricePlan, TierModel
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import check_sound

BY_MONTH = "a price by calendar month needs the unit `month`, which this version does not have"
COMMITMENT = "it is the price of a commitment, which a plan of this version cannot state"


def source(value: object, name: str = "list.json") -> Source:
    """Gives an input: a text as it is, anything else as JSON."""
    return Source(name, (value if isinstance(value, str) else json.dumps(value)).encode())


def take(sources: list[Source]) -> Imported:
    """Imports inputs, checks the books and that every draft makes a sound document."""
    imported = IMPORTER.read(sources)
    mutations.check_books(imported)
    for draft in imported.drafts:
        check_sound(draft)
    return imported


def read(*values: object) -> Imported:
    """Imports values."""
    return take([source(value, f"f{at}") for at, value in enumerate(values)])


def plan(imported: Imported, at: int = 0) -> PricePlan:
    """Gives the plan of a draft."""
    body = imported.drafts[at].body
    assert isinstance(body, PricePlan)
    return body


def component(imported: Imported, at: int = 0) -> PriceComponent:
    """Gives the one component of a plan."""
    (found,) = plan(imported, at).components
    return found


def tiers(imported: Imported) -> list[tuple[str, str]]:
    """Gives the tiers of the first plan: where each ends, and its price."""
    return [(one.up_to, one.unit_price) for one in component(imported).tiers]


def whys(imported: Imported) -> list[str]:
    """Gives the reason of every row left out."""
    return [one.why for one in imported.left_out]


def remarks(imported: Imported) -> str:
    """Gives every remark."""
    return " | ".join(str(one) for one in imported.findings)


def money(units: str = "2", nanos: int = 933908000, currency: str = "USD") -> dict[str, Any]:
    """Gives a price as Google writes it."""
    return {"currencyCode": currency, "units": units, "nanos": nanos}


def sku(**changes: Any) -> dict[str, Any]:
    """Gives an answer with one SKU of Google; `usage`, `rates`, `info`, and members of the expression."""
    usage = changes.pop("usage", "OnDemand")
    rates = changes.pop("rates", [{"startUsageAmount": 0, "unitPrice": money()}])
    info = changes.pop("info", {"effectiveTime": "2023-03-24T10:52:50.681Z"})
    expression = {"usageUnit": "h", "displayQuantity": 1, "tieredRates": rates, **changes}
    one = {
        "skuId": "039F-D0DA-4055",
        "category": {"usageType": usage},
        "pricingInfo": [{"pricingExpression": expression, **info}],
    }
    return {"skus": [one]}


def part(*prices: dict[str, Any], metric: str = "OCPU Per Hour", currency: str = "USD") -> dict[str, Any]:
    """Gives a list of Oracle with one part."""
    stated = [{"model": "PAY_AS_YOU_GO", **price} for price in prices]
    one = {
        "partNumber": "B90000",
        "metricName": metric,
        "currencyCodeLocalizations": [{"currencyCode": currency, "prices": stated}],
    }
    return {"items": [one]}


def between(low: int, high: int, value: float) -> dict[str, Any]:
    """Gives a range of Oracle."""
    return {"rangeMin": low, "rangeMax": high, "value": value}


def offer(kind: str = "OnDemand", status: str = "Used", **changes: Any) -> dict[str, Any]:
    """Gives an offer file of AWS with one term."""
    line = {"beginRange": "0", "endRange": "Inf", "unit": "Hrs", "pricePerUnit": {"CNY": "0.5312000000"}}
    term = {"effectiveDate": "2023-03-01T00:00:00Z", "priceDimensions": {"S1.T1.R1": line | changes}}
    products = {"S1": {"sku": "S1", "attributes": {"capacitystatus": status}}}
    return {"products": products, "terms": {kind: {"S1": {"S1.T1": term}}}}


def addon(price: object = 6810000, kind: str = "consumption", **changes: Any) -> dict[str, Any]:
    """Gives a catalogue of OVHcloud with one price; members of the addon and `more` of its price."""
    more = changes.pop("more", {})
    one = {
        "planCode": "b2-7.consumption",
        "invoiceName": "b2-7 - Hourly",
        "product": "publiccloud-instance",
        "pricings": [{"price": price, "type": kind, **more}],
    }
    return {"locale": {"currencyCode": "EUR"}, "addons": [one | changes]}


def droplet(**changes: Any) -> dict[str, Any]:
    """Gives a list of DigitalOcean with one price."""
    price = {"unit": "ITEM_PER_SECOND", "rate": "0.00000333", "currency": "USD", "region": "global"}
    return {"products": [{"sku": "1-KS-00123", "prices": [price | changes]}]}


CONFIG = {
    "provider": "custom",
    "CPU": "0.031611",
    "spotCPU": "0.006655",
    "RAM": "0.004237",
    "GPU": "0.95",
    "internetNetworkEgress": "0.12",
    "currencyCode": "USD",
}
CUSTOM = "EndTimestamp,InstanceID,Region,AssetClass,InstanceIDField,InstanceType,MarketPriceHourly,Version\n"
AZURE = "MeterCategory,MeterId,ConsumedService,UnitOfMeasure,Quantity,UnitPrice,PreTaxCost,Currency\n"


def test_a_price_by_the_hour_is_per_3600_seconds() -> None:
    """A price by the hour is stated as it is, per 3600 unit-seconds, and nothing is divided."""
    found = component(read(part({"value": 0.3097})))
    assert (found.dimension, found.unit, found.per_quantity) == ("compute-unit", "unit", "3600")
    assert found.kind == ComponentKind.COMPONENT_KIND_TIME
    assert found.model == TierModel.TIER_MODEL_UNIT
    assert (found.sku_id, found.tiers[0].unit_price) == ("B90000", "0.3097")


def test_a_row_says_where_it_stands() -> None:
    """The draft is named by the SKU and points at its row."""
    (draft,) = read(part({"value": 1})).drafts
    assert (draft.name, draft.rows) == ("b90000", ("f0: $.items[0]",))


def test_oracle_infinity_is_no_end() -> None:
    """Nines throughout are no bound; a tier at 0 is free use and stays a tier; bounds become unit-seconds."""
    for endless in (999999999999999, 999999999):
        found = read(part(between(3000, endless, 0.01), between(0, 3000, 0)))
        assert component(found).model == TierModel.TIER_MODEL_GRADUATED
        assert tiers(found) == [("10800000", "0"), ("", "0.01")]
        assert "over what the tiers of B90000 count" in remarks(found)


@pytest.mark.parametrize(
    ("prices", "why"),
    [
        ([between(0, 1, 5), between(2, 999999999, 4)], "leave a gap or overlap"),
        ([between(0, 3, 5), between(1, 999999999, 4)], "leave a gap or overlap"),
        ([between(0, 3, 5), between(3, 3, 4)], "leave a gap or overlap"),
        ([between(1, 999999999, 4)], "leave a gap or overlap"),
        ([between(0, 3, 5)], "its last tier ends"),
        ([{"value": 1}, {"value": 2}], "leave a gap or overlap"),
        ([{"rangeMin": 0, "value": 1}], "no beginning or no end"),
        ([], "it states no price"),
        ([{"value": "N/A"}], "its price is the text 'N/A', not a number"),
        ([{}], "its price is null, not a number"),
        ([{"value": True}], "its price is true, not a number"),
        ([{"value": -1}], "below zero"),
        ([{"value": 1e-13}], "more digits than a plan can state"),
        ([{"value": 1, "model": "MONTHLY_COMMIT"}], COMMITMENT),
    ],
)
def test_a_price_that_is_not_whole_makes_no_plan(prices: list[dict[str, Any]], why: str) -> None:
    """Gaps, overlaps, missing bounds, other models and what is no number leave the part out."""
    imported = read(part(*prices))
    assert not imported.drafts
    assert why in whys(imported)[0]


def test_a_price_of_nothing_is_stated_with_a_remark() -> None:
    """A part at 0 is a plan at 0, and the report says that no bound is stated."""
    imported = read(part({"value": 0}))
    assert tiers(imported) == [("", "0")]
    assert "how much of B90000 is free" in remarks(imported)


@pytest.mark.parametrize(
    ("metric", "why"),
    [
        ("Gigabyte Storage Capacity Per Month", BY_MONTH),
        ("User Per Month", BY_MONTH),
        ("10,000 Requests per Month (first 50,000 free)", "no dimension and unit are registered"),
        ("Gigabyte Outbound Data Transfer Per Month", "no dimension and unit are registered"),
        ("Gigabyte Per Hour", "no dimension and unit are registered"),
        ("5K Messages Per Hour", "no dimension and unit are registered"),
        ("Training Hour", "no dimension and unit are registered"),
        ("Token", "no dimension and unit are registered"),
    ],
)
def test_only_what_is_held_by_the_hour_is_priced(metric: str, why: str) -> None:
    """Months, amounts, packs of events and hours of use that is not held make no plan."""
    imported = read(part({"value": 1}, metric=metric))
    assert not imported.drafts
    assert why in whys(imported)[0]


@pytest.mark.parametrize(
    ("currency", "why"),
    [
        ("", "it states no currency"),
        ("XAU", "has no minor unit"),
        ("DEM", "not an active currency"),
        ("usd", "not an active currency"),
        (5, "its currency is the number 5, not text"),
    ],
)
def test_a_currency_must_be_stated(currency: Any, why: str) -> None:
    """Without an active currency of ISO 4217 there is no price."""
    imported = read(part({"value": 1}, currency=currency))
    assert not imported.drafts
    assert why in whys(imported)[0]


def test_a_part_in_two_currencies_makes_two_plans() -> None:
    """Each currency is a plan of its own; one that cannot be used is a remark."""
    value = part({"value": 1})
    localizations = value["items"][0]["currencyCodeLocalizations"]
    localizations.append({"currencyCode": "JPY", "prices": [{"model": "PAY_AS_YOU_GO", "value": 155}]})
    localizations.append({"currencyCode": "XAU", "prices": [{"model": "PAY_AS_YOU_GO", "value": 1}]})
    imported = read(value)
    assert [draft.name for draft in imported.drafts] == ["b90000-usd", "b90000-jpy"]
    assert (imported.rows, len(imported.left_out)) == (1, 0)
    assert "XAU has no minor unit" in remarks(imported)


def test_equal_lines_are_one_plan_and_contradicting_ones_none() -> None:
    """A part told twice alike is one plan with two rows; at two prices it is none."""
    alike = read(part({"value": 1}), part({"value": 1}))
    assert [draft.rows for draft in alike.drafts] == [("f0: $.items[0]", "f1: $.items[0]")]
    differing = read(part({"value": 1}), part({"value": 2}))
    assert not differing.drafts
    assert whys(differing) == ["its lines state several prices of b90000, and none is believed"] * 2


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


def test_a_spot_price_of_zero_is_no_spot() -> None:
    """A spot price of 0 means that there is none; another is a price."""
    free = [{"startUsageAmount": 0, "unitPrice": money("0", 0)}]
    assert "there is no spot capacity" in whys(read(sku(usage="Preemptible", rates=free)))[0]
    assert read(sku(usage="Preemptible")).drafts
    assert "there is no spot capacity" in whys(read(CONFIG | {"spotCPU": "0.00"}))[0]


def test_a_spot_price_equal_to_that_on_demand_may_be_unknown() -> None:
    """Spot at the price on demand is left out, however its digits are written."""
    imported = read(CONFIG | {"spotCPU": "0.0316110"})
    assert "where none is known" in whys(imported)[0]
    assert [draft.name for draft in imported.drafts] == ["custom-cpu", "custom-gpu"]


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


def test_a_configuration_of_opencost() -> None:
    """Prices of processors and GPUs by the hour are plans where a currency is stated."""
    imported = read(CONFIG)
    assert [(draft.name, draft.rows) for draft in imported.drafts] == [
        ("custom-cpu", ("f0: $.CPU",)),
        ("custom-spotcpu", ("f0: $.spotCPU",)),
        ("custom-gpu", ("f0: $.GPU",)),
    ]
    assert tiers(imported) == [("", "0.031611")]
    assert len(imported.left_out) == 2  # memory and traffic by the gibibyte


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"currencyCode": ""}, "it states no currency"),
        ({"CPU": "0.03900asd"}, "its price is the text '0.03900asd', not a number"),
        ({"customPricesEnabled": "false"}, "its prices do not apply"),
        ({"currencyCode": "BTC"}, "not an active currency"),
    ],
)
def test_a_configuration_must_state_what_applies(changes: dict[str, str], why: str) -> None:
    """Without a currency, a number or custom prices that apply there is no plan of the processor."""
    imported = read(CONFIG | changes)
    assert "custom-cpu" not in [draft.name for draft in imported.drafts]
    assert why in whys(imported)[0]


def test_a_discount_is_told() -> None:
    """Prices are stated before a discount, and the report says so."""
    assert "prices are stated as they are before it" in remarks(read(CONFIG | {"discount": "30%"}))
    assert not remarks(read(CONFIG | {"discount": "0%", "negotiatedDiscount": ""}))


def test_custom_prices_take_the_currency_of_the_configuration() -> None:
    """The table has no column for it; a configuration of the same input states it, or nothing does."""
    rows = (
        "2019-04-17 23:34:22 UTC,node-1,one,node,spec.providerID,,0.1337,\n"
        "2019-04-17 23:34:22 UTC,node-1,two,node,spec.providerID,,0.1338,\n"
        "2019-04-17 23:34:22 UTC,Quadro_RTX_4000,,gpu,nvidia.com/gpu_type,,0.75,\n"
        "2019-04-17 23:34:22 UTC,pvc-1,,pv,metadata.name,,0.1339,\n"
        "2019-04-17 23:34:22 UTC,,,node,metadata.name,,0.1,\n"
        "2019-04-17 23:34:22 UTC,x,,rack,metadata.name,,0.1,\n"
    )
    alone = read(CUSTOM + rows)
    assert whys(alone) == ["it states no currency"] * 6
    imported = read(CUSTOM + rows, CONFIG)  # in either order
    assert [draft.name for draft in imported.drafts] == [
        "custom-cpu",
        "custom-spotcpu",
        "custom-gpu",
        "node-1-one",
        "node-1-two",
        "quadro-rtx-4000",
    ]
    assert plan(imported, 3).currency == "USD"
    several = read(CUSTOM + rows, CONFIG, CONFIG | {"currencyCode": "EUR"})
    assert whys(several)[-1] == "the configurations of the input state several currencies"


def test_a_last_line_without_a_break_may_be_cut() -> None:
    """A line that nothing ends is left out, whatever it says."""
    imported = read(CONFIG, CUSTOM + "2020-07-20,a,,node,metadata.name,,0.1337,\n2020-07-20,b,,node,f,,0.13,")
    assert whys(imported)[-1] == "it ends without a line break, so it may be cut"
    assert imported.drafts[-1].name == "a"


def test_azure_lines_of_one_meter_are_one_plan() -> None:
    """Lines of a meter at one price are one plan; the price accounts for the cost of each."""
    rows = "Compute,m-1,Microsoft.Compute,1 Hour,3,0.004,0.012,USD\n"
    rows += 'Compute,m-1,Microsoft.Compute,1 Hour,"1,234.5",0.0040,4.938,USD\n'
    imported = read(AZURE + rows)
    (draft,) = imported.drafts
    assert (draft.name, draft.rows) == ("m-1", ("f0: line 2", "f0: line 3"))
    assert tiers(imported) == [("", "0.004")]


def test_azure_headers_may_be_translated() -> None:
    """Of a translated header the name in brackets counts; a mark at the beginning and CRLF are no matter."""
    head = (
        "\ufeffKategorie der Verbrauchseinheit (MeterCategory),ID der Verbrauchseinheit (MeterId),"
        "Genutzter Dienst (ConsumedService),Maßeinheit (UnitOfMeasure),Ressourcensatz (ResourceRate),"
        "Currency\r\n"
    )
    imported = read(head + "Netz,m-2,Microsoft.Network,1 Hour,0.025,EUR\r\n")
    assert tiers(imported) == [("", "0.025")]
    assert plan(imported).currency == "EUR"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("x,m,y,100 Hours,3,0.025,0.075,USD", "whether it is of 100 Hours or of one"),
        ("x,m,y,10 小时,3,0.025,0.075,USD", "whether it is of 10 小时 or of one"),
        ('x,m,y,"10,000 Hours",3,0.025,0.075,USD', "whether it is of 10,000 Hours or of one"),
        ('x,m,y,"10,000 Transactions",3,0.025,0.075,USD', "no dimension and unit are registered"),
        ("x,m,y,1 GB/Month,3,0.025,0.075,USD", BY_MONTH),
        ("x,m,y,1 GB/hora,3,0.025,0.075,USD", "no dimension and unit are registered"),
        ("x,m,y,,3,0.025,0.075,USD", "no dimension and unit are registered"),
        ("x,m,y,1 Hour,3,,0.075,USD", "it states a cost, and no price"),
        ('x,m,y,1 Hour,3,"0,025",0.075,USD', "not a number"),
        ('x,m,y,1 Hour,3,"1,234",3702,USD', "not a number"),
        ("x,m,y,1 Hour,3,0.025,0.06,USD", "does not account for its cost"),
        ("x,m,y,1 Hour,10,0.1,0,USD", "does not account for its cost"),
        ("x,,y,1 Hour,3,0.025,0.075,USD", "it names no meter"),
        ("x,m,y,1 Hour,3,0.025,0.075,", "it states no currency"),
        ("x,m,y,1 Hour,3,0.025,0.075", "it has 7 cells, and the first line has 8"),
    ],
)
def test_an_azure_line_that_does_not_tell_is_left_out(line: str, why: str) -> None:
    """Blocks of hours, amounts, months, commas that may be points and other costs leave the line out."""
    imported = read(AZURE + line + "\n")
    assert not imported.drafts
    assert why in whys(imported)[0]


@pytest.mark.parametrize(
    ("column", "cell", "why"),
    [
        ("ReservationId", "r-1", COMMITMENT),
        ("PricingModel", "Reservation", COMMITMENT),
        ("PricingModel", "Spot", "it is a price of spot capacity"),
        ("ChargeType", "Purchase", "it is a charge of the type Purchase"),
        ("BillingCurrency", "EUR", "it names several currencies"),
        ("UnitPrice", "1", "the table has several columns unitprice"),
    ],
)
def test_an_azure_line_of_no_use_on_demand_is_left_out(column: str, cell: str, why: str) -> None:
    """Reservations, spot, purchases and prices in one of two currencies are left out."""
    line = "x,m,y,1 Hour,3,0.025,0.075,USD"
    imported = read(AZURE.replace("\n", f",{column}\n") + f"{line},{cell}\n")
    assert not imported.drafts
    assert why in whys(imported)[0]


def test_an_average_is_no_price() -> None:
    """`EffectivePrice` averages over a period, and is not taken for a price."""
    imported = read(AZURE.replace("UnitPrice", "EffectivePrice") + "x,m,y,1 Hour,3,0.025,0.075,USD\n")
    assert whys(imported) == ["it states a cost, and no price"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is no price list of a layout that is known here: its columns are none"),
        ("NAME;CPUS;ZONE\na2;12;x\n", "its columns are name, cpus, zone"),
        ("{", "it is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("{}", "it is no price list"),
        ("[1]", "it is no price list"),
        ('{"error": {"code": 400, "message": "API key not valid."}}', "it is an error, not a list: API key"),
        ('{"skus": []}', "it lists no price"),
        (AZURE, "it lists no price"),
        ('{"skus": [7], "nextPageToken": 1}', "it is no object"),
    ],
)
def test_what_is_no_price_list_is_said(text: str, why: str) -> None:
    """Every input ends in a row with its reason."""
    imported = read(text)
    assert not imported.drafts
    assert why in whys(imported)[0]


def test_a_source_that_could_not_be_read_is_said() -> None:
    """The problem of a source is the reason of its row."""
    assert whys(take([Source("gone.csv", b"", "it is gone")])) == ["it is gone"]


def test_odd_types_end_in_a_report() -> None:
    """A value of any type at any place leaves out what it spoils, and nothing else is lost."""
    odd: list[object] = [None, True, 7, -1, "", "x", [], [[]], {}, {"x": {}}]
    for make in (lambda: part({"value": 1}), sku, offer, addon, droplet, lambda: dict(CONFIG)):
        for path in list(_paths(make())):
            for value in odd:
                whole = make()
                _put(whole, path, value)
                read(whole)


def _paths(value: object, path: tuple[Any, ...] = ()) -> Any:
    members: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, below in members:
        yield (*path, name)
        yield from _paths(below, (*path, name))


def _put(value: Any, path: tuple[Any, ...], new: object) -> None:
    for name in path[:-1]:
        value = value[name]
    value[path[-1]] = new


# Rows, plans, and how many rows are left out for which reason, by the beginning of it.
REAL = {
    "opencost/oracle_prices_usd.json": (450, 200, {BY_MONTH: 67, "for its metric": 183}),
    "opencost/oracle_shape_part_numbers.json": (1, 0, {"it is no price list": 1}),
    "opencost/gcp_billing_skus.json": (7, 4, {"for its usage unit 'GiBy.h'": 3}),
    "opencost/gcp_error.json": (1, 0, {"it is an error, not a list: API key not valid": 1}),
    "opencost/aws_pricing-cn-northwest-1.json": (1, 0, {BY_MONTH: 1}),
    "opencost/aws_reservation_offerings.json": (4375, 0, {COMMITMENT: 4375}),
    "opencost/ovh_catalog.json": (8, 2, {BY_MONTH: 3, "of how much of publiccloud-volume": 3}),
    "opencost/do_pricing.json": (1, 0, {"it has minAmount, maxAmount, minUsage, maxUsage": 1}),
    "opencost/azure-billing-exports": (
        95,
        0,
        {
            "it has 10 cells": 87,
            "it ends without a line break": 2,
            "whether it is of 100 Hours": 3,
            "it states a cost, and no price": 3,
        },
    ),
    "opencost/configs": (69, 0, {"it states no currency": 59, "customPricesEnabled": 10}),
    "opencost/custom-pricing-csv": (
        14,
        0,
        {"it states no currency": 12, "it ends without a line break": 2},
    ),
    "gcp-machinetypes/machinetyperegion.csv.gz": (1, 0, {"it is no price list": 1}),
    "gcp-machinetypes/machinetypes.csv": (1, 0, {"it is no price list": 1}),
    "latency/c5xlarge_price.csv": (1, 0, {"it is no price list": 1}),
}


@pytest.mark.parametrize("path", REAL)
def test_real_lists(path: str, real_data: Path) -> None:
    """Public lists give the plans, and the reasons, that counting by hand gives."""
    imported = take(open_sources([real_data / path]))
    rows, plans, reasons = REAL[path]
    assert (imported.rows, len(imported.drafts)) == (rows, plans)
    counted = Counter(
        next((begin for begin in reasons if why.startswith(begin)), why) for why in whys(imported)
    )
    assert counted == reasons


def test_real_prices(real_data: Path) -> None:
    """Prices of public lists come out digit for digit."""
    stated = {}
    for name in ("oracle_prices_usd.json", "gcp_billing_skus.json", "ovh_catalog.json"):
        imported = take(open_sources([real_data / "opencost" / name]))
        for at, draft in enumerate(imported.drafts):
            found = component(imported, at)
            prices = [(one.up_to, one.unit_price) for one in found.tiers]
            stated[draft.name] = (plan(imported, at).currency, found.per_quantity, prices)
    assert stated["b93297"] == ("USD", "3600", [("10800000", "0"), ("", "0.01")])
    assert stated["b88287"] == ("USD", "3600", [("", "0.3097")])
    assert stated["039f-d0da-4055"] == ("USD", "3600", [("", "2.933908")])
    assert stated["9e37-eaf4-1576"] == ("IDR", "3600", [("", "508.934997455")])
    assert stated["b2-7-consumption"] == ("EUR", "3600", [("", "0.0681")])
    assert stated["t2-45-consumption"] == ("EUR", "3600", [("", "1.8")])


def test_damaged_lists() -> None:
    """What is cut states nothing new, and what is altered still makes sound documents or none."""
    table = AZURE + "".join(f"x,m-{at},y,1 Hour,3,0.0{at}4,0.{at * 3:01d}12,USD\n" for at in range(3))
    rows = CUSTOM + "2019-04-17,node-1,one,node,spec.providerID,,0.1337,\n" * 3
    values = [
        part({"value": 1}, {"value": 2}),
        part(between(0, 9, 0), between(9, 999999999, 1)),
        sku(),
        offer(),
    ]
    sources = [source(value, f"f{at}") for at, value in enumerate([*values, addon(), droplet(), CONFIG])]
    sources += [source(table, "azure.csv"), source(rows, "custom.csv")]
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=11, pieces=25)


def test_damaged_real_lists(real_data: Path) -> None:
    """Public lists, cut and altered, state nothing new and nothing unsound."""
    folder = real_data / "opencost"
    for name in ("gcp_billing_skus.json", "ovh_catalog.json", "azure-billing-exports/headersets-YA.csv"):
        sources = open_sources([folder / name])
        mutations.check_damaged(IMPORTER, sources, check_sound, seed=12, pieces=25)
    sources = [source(CONFIG), *open_sources([folder / "custom-pricing-csv" / "pricing_schema_region.csv"])]
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=13, pieces=40)
