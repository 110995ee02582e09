"""The importer `prices`: what makes a plan of a list, real lists, odd and damaged ones."""

from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from crex.describe.prices import IMPORTER
from crex.describe.sources import Source, open_sources
from crex.v1 import ComponentKind, PricePlan, TierModel
from sdk.tests.describe import mutations
from sdk.tests.describe.price_lists import (
    AZURE,
    COMMITMENT,
    CONFIG,
    CUSTOM,
    OF_DOLLARS,
    addon,
    between,
    component,
    droplet,
    offer,
    part,
    plan,
    read,
    remarks,
    sku,
    source,
    take,
    tiers,
    whys,
)
from sdk.tests.describe.sound import check_sound


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
        ([{"value": 1e-30}], "more digits than a plan can state"),
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
    ("metric", "made"),
    [
        ("GPU Per Hour", ("compute-unit", "unit", "TIME", "3600", "")),
        ("Desktop Per Month", ("compute-unit", "unit", "TIME", "1", "month")),
        ("Resource Possession Per Day", ("compute-unit", "unit", "TIME", "86400", "")),
        ("Gigabyte Storage Capacity Per Month", ("storage", "gibibyte", "GAUGE_TIME", "1", "month")),
        ("NVMe Terabyte Per Hour", ("storage", "tebibyte", "GAUGE_TIME", "3600", "")),
        ("Redis Memory Gigabyte per Hour", ("memory", "gibibyte", "GAUGE_TIME", "3600", "")),
        ("10,000 GB Memory-Seconds", ("memory", "gibibyte", "GAUGE_TIME", "10000", "")),
        ("Mbps Per Hour", ("bandwidth", "megabit-per-s", "GAUGE_TIME", "3600", "")),
        ("User Per Month", ("user", "user", "GAUGE_TIME", "1", "month")),
        ("5,000 Assets Per Month", ("managed-item", "unit", "GAUGE_TIME", "5000", "month")),
        ("Gigabyte Outbound Data Transfer Per Month", ("egress", "gibibyte", "COUNT", "1", "")),
        ("GB Storage Retrieved Per Month", ("data-retrieved", "gibibyte", "COUNT", "1", "")),
        ("1,000,000 API Calls Per Month", ("request", "request", "COUNT", "1000000", "")),
        ("1MIL Function Invocations", ("request", "request", "COUNT", "1000000", "")),
        ("1,000 Emails Sent", ("message", "message", "COUNT", "1000", "")),
        ("Million Datapoints", ("event", "event", "COUNT", "1000000", "")),
        ("Training Hour", ("service-time", "s", "COUNT", "3600", "")),
        ("Minute of Output Media Content", ("media-output", "s", "COUNT", "60", "")),
    ],
)
def test_metrics_become_dimensions(metric: str, made: tuple[str, ...]) -> None:
    """What a metric prices is stated by dimension, unit, kind, amount and month."""
    found = component(read(part({"value": 1}, metric=metric)))
    kind = ComponentKind.Name(found.kind).removeprefix("COMPONENT_KIND_")
    assert (found.dimension, found.unit, kind, found.per_quantity, found.time_unit) == made


@pytest.mark.parametrize(
    ("metric", "why"),
    [
        ("5K Messages Per Hour", "a price by the message or of a rate of them in each hour"),
        ("Requests per Hour", "or of a rate"),
        ("Gigabyte of Data Processed Per Hour", "or of a rate"),
        ("Gigabyte Per Hour", "and of what the list does not say"),
        ("Load Balancer", "and for how long the list does not say"),
        ("Token", "'Token' stands for is not known"),
        ("Gigabyte of Data Transferred", "is not known"),
        ("Performance Units Per Gigabyte Per Month", "is not known"),
        ("Video Pack (500 Videos - 500 GB) Per Month", "is not known"),
        ("", "and for how long the list does not say"),
    ],
)
def test_a_metric_that_leaves_something_open_makes_no_plan(metric: str, why: str) -> None:
    """Rates by the hour, gigabytes of nothing in particular and packs of several things make no plan."""
    imported = read(part({"value": 1}, metric=metric))
    assert not imported.drafts
    assert why in whys(imported)[0]


def test_the_last_word_of_a_name_says_of_what_a_gigabyte_is() -> None:
    """A part called memory is memory; a name that only mentions it says nothing."""
    found = component(read(part({"value": 1}, metric="Gigabyte Per Hour", name="Compute - E4 - Memory")))
    assert (found.dimension, found.unit) == ("memory", "gibibyte")
    imported = read(part({"value": 1}, metric="Gigabyte Per Hour", name="Memory Analysis"))
    assert not imported.drafts


def test_what_a_metric_says_is_free_is_held_against_the_ranges() -> None:
    """50,000 free requests are five ranges of 10,000; anything else is a contradiction."""
    metric = "10,000 Requests per Month (first 50,000 free)"
    found = read(part(between(0, 5, 0), between(5, 999999999, 0.0034), metric=metric))
    assert tiers(found) == [("50000", "0"), ("", "0.0034")]
    assert "whether a begun pack of 10000 counts whole" in remarks(found)
    for first in (between(0, 6, 0), between(0, 5, 0.1)):
        imported = read(part(first, between(int(first["rangeMax"]), 999999999, 0.0034), metric=metric))
        assert "its ranges say otherwise" in whys(imported)[0]


def test_no_digit_of_a_price_is_lost() -> None:
    """A price of more than twelve digits is stated for so many times more, digit for digit."""
    found = component(read(part({"value": "0.0189117199391172"})))
    assert (found.tiers[0].unit_price, found.per_quantity) == ("189.117199391172", "36000000")
    price = Fraction(found.tiers[0].unit_price) / Fraction(found.per_quantity)
    assert price == Fraction("0.0189117199391172") / 3600


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


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is no price list of a layout that is known here: it is empty"),
        ("# A page\n\nof text\n", "of a layout that is known here: its first line is # a page"),
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
    "opencost/oracle_prices_usd.json": (
        450,
        419,
        {"what its unit": 18, "whether it is a price by": 11, "it is a price by the": 2},
    ),
    "opencost/oracle_shape_part_numbers.json": (1, 0, {"it is no price list": 1}),
    "opencost/gcp_billing_skus.json": (7, 7, {}),
    "opencost/gcp_error.json": (1, 0, {"it is an error, not a list: API key not valid": 1}),
    "opencost/aws_pricing-cn-northwest-1.json": (1, 1, {}),
    "opencost/aws_reservation_offerings.json": (4375, 0, {"it states no currency": 4375}),
    "opencost/ovh_catalog.json": (8, 4, {"of how much of publiccloud-volume": 4}),
    "opencost/do_pricing.json": (1, 1, {}),
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
    "akash": (31, 0, {"it is what a tenant would pay": 28, "it is no price list": 3}),
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
    for name in (
        *("oracle_prices_usd.json", "gcp_billing_skus.json", "ovh_catalog.json", "do_pricing.json"),
        "aws_pricing-cn-northwest-1.json",
    ):
        imported = take(open_sources([real_data / "opencost" / name]))
        for at, draft in enumerate(imported.drafts):
            found = component(imported, at)
            prices = [(one.up_to, one.unit_price) for one in found.tiers]
            per = f"{found.per_quantity} {found.time_unit}".rstrip()
            stated[draft.name] = (plan(imported, at).currency, found.dimension, found.unit, per, prices)
    unit = ("compute-unit", "unit")
    assert stated["b93297"] == ("USD", *unit, "3600", [("10800000", "0"), ("", "0.01")])
    assert stated["b88287"] == ("USD", *unit, "3600", [("", "0.3097")])
    assert stated["b91628"] == ("USD", "storage", "gibibyte", "1 month", [("10", "0"), ("", "0.0255")])
    assert stated["b88327"] == ("USD", "egress", "gibibyte", "1", [("10240", "0"), ("", "0.0085")])
    assert stated["b91627"] == ("USD", "request", "request", "10000", [("50000", "0"), ("", "0.0034")])
    assert stated["039f-d0da-4055"] == ("USD", *unit, "3600", [("", "2.933908")])
    assert stated["9e37-eaf4-1576"] == ("IDR", *unit, "3600", [("", "508.934997455")])
    assert stated["4756-01e4-0f32"] == ("IDR", "memory", "gibibyte", "3600", [("", "68.204999658")])
    assert stated["b2-7-consumption"] == ("EUR", *unit, "3600", [("", "0.0681")])
    assert stated["t2-45-monthly-postpaid"] == ("EUR", *unit, "1 month", [("", "638")])
    assert stated["1-ks-k8swn-00123"] == ("USD", *unit, "1", [("2419200", "0.00000333"), ("", "0")])
    assert stated["r83vxg9napdasegn"] == ("CNY", "storage", "gibibyte", "1 month", [("", "0.5312")])


def test_real_reserved_offerings(real_data: Path) -> None:
    """With a currency, each reserved offering is a commitment of 36 months that states all of its digits."""
    name = real_data / "opencost" / "aws_reservation_offerings.json"
    imported = IMPORTER.read([*open_sources([name]), source(OF_DOLLARS)])
    mutations.check_books(imported)
    listed = json.loads(name.read_text("utf-8"), parse_float=Fraction)
    found = 0
    for draft in imported.drafts:
        assert isinstance(draft.body, PricePlan)
        for commitment in draft.body.commitments:
            hourly = Fraction(commitment.price) / Fraction(commitment.per_quantity) * 3600
            assert hourly == listed[draft.body.components[0].sku_id]
            assert (commitment.amount, commitment.term_months) == ("1", 36)
            found += 1
    assert found == len(listed) == 4375


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
