"""Cells of a row that one line, one component or one period fills by itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Final

from crex.documents.times import from_ms
from crex.focus.charges import Charge
from crex.v1 import ComponentKind, InvoiceLine, PriceComponent, PricePlan, TierModel

Cell = str | Fraction | datetime | None
Row = dict[str, Cell]

_SECOND: Final = timedelta(seconds=1)


def priced(charge: Charge) -> Row:
    """Returns the quantity and the prices of a line."""
    exchange = charge.factors.exchange
    return {
        "PricingQuantity": charge.pricing_quantity,
        "PricingUnit": charge.units.pricing.name,
        "ContractedUnitPrice": charge.contracted_price,
        "ListUnitPrice": charge.list_price,
        "PricingCurrencyContractedUnitPrice": charge.contracted_price / exchange,
        "PricingCurrencyListUnitPrice": charge.list_price / exchange,
    }


def sku(line: InvoiceLine, plan: PricePlan, component: PriceComponent | None) -> Row:
    """Returns what is sold, and at which of its prices: component `#` tier `@` revision of the plan."""
    revision = line.price_plan.revision
    if component is None:
        commitment, _, part = line.commitment.partition(":")
        identifier = commitment or f"{line.dimension}:{line.unit}"
        return {
            "SkuId": identifier,
            "SkuMeter": line.dimension,
            "SkuPriceId": f"{identifier}#{part or 'unpriced'}@{revision}",
        }
    tier = line.tier or 1
    details = {
        "x_Component": component.id,
        "x_Kind": ComponentKind.Name(component.kind).removeprefix("COMPONENT_KIND_"),
        "x_Model": TierModel.Name(component.model).removeprefix("TIER_MODEL_"),
        "x_Tier": str(tier),
        "x_TimeZone": plan.time_zone,
    }
    return {
        "SkuId": component.sku_id or component.id,
        "SkuMeter": component.dimension,
        "SkuPriceId": f"{component.id}#{tier}@{revision}",
        "SkuPriceDetails": json.dumps(details, ensure_ascii=False),
    }


def describe(line: InvoiceLine, component: PriceComponent | None) -> str:
    """Returns what a line of use is for, for people."""
    if component is None:
        return f"{line.dimension} in {line.unit}, which no component prices"
    tier = f", tier {line.tier}" if len(component.tiers) > 1 and line.tier else ""
    series = f", by price series {line.series}" if line.series else ""
    return f"{component.id}: {component.dimension} in {component.unit}{tier}{series}"


def whole_seconds(start_ms: int, end_ms: int) -> tuple[datetime, datetime]:
    """Returns a period in whole seconds (DateTimeFormat-A-005), no shorter than it is."""
    start = from_ms(start_ms).astimezone(UTC).replace(microsecond=0)
    end = from_ms(end_ms).astimezone(UTC)
    if end.microsecond:
        end = end.replace(microsecond=0) + _SECOND
    return start, end
