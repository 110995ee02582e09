"""Price lists as clouds write them, small, for tests of the importer `prices`; and what an import gave."""

from __future__ import annotations

import json
from typing import Any

from crex.describe.importing import Imported
from crex.describe.prices import IMPORTER
from crex.describe.sources import Source
from crex.v1 import PriceComponent, PricePlan
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import check_sound

COMMITMENT = "it is the price of a commitment whose quantity and term the list does not state"


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
    """Gives an answer with one SKU of Google; `usage`, `group`, `rates`, `info`, others of the expression."""
    group = changes.pop("group", "CPU")
    usage = changes.pop("usage", "OnDemand")
    rates = changes.pop("rates", [{"startUsageAmount": 0, "unitPrice": money()}])
    info = changes.pop("info", {"effectiveTime": "2023-03-24T10:52:50.681Z"})
    expression = {"usageUnit": "h", "displayQuantity": 1, "tieredRates": rates, **changes}
    one = {
        "skuId": "039F-D0DA-4055",
        "category": {"usageType": usage, "resourceGroup": group},
        "pricingInfo": [{"pricingExpression": expression, **info}],
    }
    return {"skus": [one]}


def part(
    *prices: dict[str, Any], metric: str = "OCPU Per Hour", currency: str = "USD", name: str = "Compute"
) -> dict[str, Any]:
    """Gives a list of Oracle with one part."""
    stated = [{"model": "PAY_AS_YOU_GO", **price} for price in prices]
    one = {
        "partNumber": "B90000",
        "displayName": name,
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


def reserved(*, hourly: str = "", upfront: str = "", length: str = "3yr") -> dict[str, Any]:
    """Gives an offer file of AWS with an instance on demand at 1.00 an hour, and one reserved term of it."""
    value = offer(pricePerUnit={"USD": "1.0000000000"})
    stated = {
        unit: {"unit": unit, "pricePerUnit": {"USD": price}}
        for unit, price in (("Hrs", hourly), ("Quantity", upfront))
        if price
    }
    term = {
        "effectiveDate": "2023-03-01T00:00:00Z",
        "priceDimensions": stated,
        "termAttributes": {"LeaseContractLength": length},
    }
    value["terms"]["Reserved"] = {"S1": {"S1.R1": term}}
    return value


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
# A configuration that states a currency, and nothing that costs anything.
OF_DOLLARS = {"CPU": "", "RAM": "", "currencyCode": "USD"}
CUSTOM = "EndTimestamp,InstanceID,Region,AssetClass,InstanceIDField,InstanceType,MarketPriceHourly,Version\n"
AZURE = "MeterCategory,MeterId,ConsumedService,UnitOfMeasure,Quantity,UnitPrice,PreTaxCost,Currency\n"
