"""What the provider of this demo sells: the cores of this very machine, described as they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration

from crex import v1
from crex.describe.policy import Profile
from crex.describe.publish import SaleDocuments
from crex.documents.convert import to_timestamp
from demo.party import Party

# Policy, which no machine can observe of itself: the demo answers for a provider of its own invention.
POLICY: Final = Profile(site="this-desk", country="ZZ", allocation="dedicated-core", resource="this-machine")
CURRENCY: Final = "USD"
_ZONE: Final = "Etc/UTC"
_KINDS: Final = v1.ComponentKind
_MODELS: Final = v1.TierModel


@dataclass(frozen=True, slots=True)
class Goods:
    """What is published.

    Attributes:
        offer: Pin of the offer.
        pool: Name of the pool.
        units: Units in it.
        cpus: CPUs behind all units.
    """

    offer: v1.Pin
    pool: str
    units: int
    cpus: tuple[int, ...]


def price_plan(provider: Party) -> v1.PricePlan:
    """A core-hour, CPU time in two tiers: the prices are the demo's own."""
    return v1.PricePlan(
        header=provider.header("price-plan", "cores"),
        currency=CURRENCY,
        time_zone=_ZONE,
        effective_start=to_timestamp(provider.now() - timedelta(days=1)),
        components=[
            v1.PriceComponent(
                id="core-hour",
                sku_id="CORE-H",
                dimension="compute-unit",
                unit="unit",
                kind=_KINDS.COMPONENT_KIND_TIME,
                per_quantity="3600",
                model=_MODELS.TIER_MODEL_UNIT,
                tiers=[v1.PriceTier(unit_price="0.036")],
                granularity=v1.Granularity(step="1", minimum="60"),
            ),
            v1.PriceComponent(
                id="cpu-second",
                sku_id="CPU-S",
                dimension="cpu-time",
                unit="s",
                kind=_KINDS.COMPONENT_KIND_COUNT,
                per_quantity="1",
                model=_MODELS.TIER_MODEL_GRADUATED,
                tiers=[v1.PriceTier(up_to="1", unit_price="0"), v1.PriceTier(unit_price="0.0125")],
            ),
        ],
    )


def offer(provider: Party, documents: SaleDocuments, unit: v1.Pin, plan: v1.Pin, until: datetime) -> v1.Offer:
    """An offer of single cores on demand, delivered through the loopback interface."""
    return v1.Offer(
        header=provider.header("offer", "this-machine-core", valid_until=until),
        resource=unit,
        price_plan=plan,
        pool=documents.pool.header.id,
        min_quantity=1,
        terms=v1.OfferTerms(
            mode="on-demand",
            max_duration=Duration(seconds=3600),
            acceptance_period=Duration(seconds=20),
            cancellation="free-before-start",
        ),
        interfaces=[f"{provider.authority}/exec"],
    )


def allotment(provider: Party, pool: str, broker: str, units: int, until: datetime) -> v1.Allotment:
    """Grants the broker every core there is, from now on."""
    return v1.Allotment(
        header=provider.header("allotment", "cores"),
        pool=pool,
        broker=broker,
        windows=[
            v1.AllotmentWindow(
                start=to_timestamp(provider.now() - timedelta(minutes=1)),
                end=to_timestamp(until),
                quantity=units,
            )
        ],
    )
