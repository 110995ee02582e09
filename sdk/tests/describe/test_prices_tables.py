"""The importer `prices`: prices of OpenCost, and exports of Azure."""

from __future__ import annotations

import pytest

from crex.describe.price_plans import CURRENCY_BESIDE
from sdk.tests.describe.price_lists import (
    AZURE,
    COMMITMENT,
    CONFIG,
    CUSTOM,
    component,
    money,
    plan,
    read,
    remarks,
    sku,
    tiers,
    whys,
)


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
    assert "custom-spotcpu" not in [draft.name for draft in imported.drafts]


def test_a_configuration_of_opencost() -> None:
    """Prices of processors, memory, GPUs and traffic are plans where a currency is stated."""
    imported = read(CONFIG)
    made = [component(imported, at) for at in range(len(imported.drafts))]
    assert [(draft.name, draft.rows) for draft in imported.drafts][:2] == [
        ("custom-cpu", ("f0: $.CPU",)),
        ("custom-spotcpu", ("f0: $.spotCPU",)),
    ]
    assert [(one.dimension, one.unit, one.per_quantity) for one in made] == [
        ("compute-unit", "unit", "3600"),
        ("compute-unit", "unit", "3600"),
        ("compute-unit", "unit", "3600"),
        ("memory", "gibibyte", "3600"),
        ("egress", "gibibyte", "1"),
    ]
    assert [(one.up_to, one.unit_price) for one in made[0].tiers] == [("", "0.031611")]
    assert not imported.left_out


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
    assert whys(alone) == [CURRENCY_BESIDE] * 6
    imported = read(CUSTOM + rows, CONFIG)  # in either order
    assert [draft.name for draft in imported.drafts] == [
        "custom-cpu",
        "custom-spotcpu",
        "custom-gpu",
        "custom-ram",
        "custom-internetnetworkegress",
        "node-1-one",
        "node-1-two",
        "quadro-rtx-4000",
        "pvc-1",
    ]
    assert plan(imported, 5).currency == "USD"
    assert component(imported, 8).dimension == "storage"
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


@pytest.mark.parametrize(
    ("unit", "made"),
    [
        ("1 小时", ("compute-unit", "3600", "")),
        ("1 hora", ("compute-unit", "3600", "")),
        ("1/Month", ("compute-unit", "1", "month")),
        ("1 por mes", ("compute-unit", "1", "month")),
        ("Per Request", ("request", "1", "")),
    ],
)
def test_azure_units_in_several_languages(unit: str, made: tuple[str, str, str]) -> None:
    """Hours, months and requests are read in the languages in which exports write them."""
    found = component(read(AZURE + f"x,m,y,{unit},3,0.025,0.075,USD\n"))
    assert (found.dimension, found.per_quantity, found.time_unit) == made


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
        ('x,m,y,"10,000 Transactions",3,0.025,0.075,USD', "whether it is of 10,000 Transactions or of one"),
        ("x,m,y,1 GB/Month,3,0.025,0.075,USD", "of which bytes its gigabyte is"),
        ("x,m,y,1 GiB/hora,3,0.025,0.075,USD", "by the gibibyte, and of what the list does not say"),
        ("x,m,y,1 Gb,3,0.025,0.075,USD", "whether Gb in its unit is of bits or of bytes is open"),
        ("x,m,y,1/Year,3,0.025,0.075,USD", "a price by the year"),
        ("x,m,y,,3,0.025,0.075,USD", "for how long the list does not say"),
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
