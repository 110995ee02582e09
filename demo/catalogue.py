"""Publishes the price facts as offers that inform: under the catalogue's own authority, without capacity.

They are never signed as if by the seller: who sells stands in the display name, the price's source in the
provenance. Nothing of them can be held, for no allotment stands behind them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Final

from crex import v1
from crex.decimals import format_decimal, parse_decimal
from crex.documents.convert import to_timestamp
from demo.catalogue_facts import FACTS, Fact
from demo.party import Party
from demo.story import Story

_ANYWHERE: Final = "not-stated"
_ZONE: Final = "Etc/UTC"


def publish_catalogue(story: Story, catalogue: Party) -> dict[str, Fact]:
    """Publishes every fact; gives the facts by the name of their offer."""
    with story.step("public prices of other sellers are published as offers, to compare with") as step:
        sites = {
            region: catalogue.publish(site(catalogue, region, country))
            for region, country in sorted({(fact.region, fact.country) for fact in FACTS})
        }
        named = {}
        for fact in FACTS:
            resource = catalogue.publish(resource_of(catalogue, fact, sites[fact.region].id))
            plan = catalogue.publish(plan_of(catalogue, fact))
            offer = offer_of(catalogue, fact, resource, plan)
            catalogue.publish(offer)
            named[offer.header.id] = fact
        step.say(f"{len(FACTS)} offers of {len({fact.seller for fact in FACTS})} sellers, none to be held")
    return named


def hourly(fact: Fact) -> Fraction:
    """Gives the price of an hour: the exact sum of its parts."""
    return sum((parse_decimal(part.price) * parse_decimal(part.quantity) for part in fact.parts), Fraction(0))


def site(catalogue: Party, region: str, country: str) -> v1.Site:
    """A region as its seller names it; the country only where the fact states one."""
    document = v1.Site(header=catalogue.header("site", region or _ANYWHERE))
    if country:
        document.country = country
        document.provider_region = region
    return document


def resource_of(catalogue: Party, fact: Fact, site_id: str) -> v1.ComputeResource:
    """What the seller says the shape is, and nothing more."""
    node = v1.NodeClass()
    provenance = v1.Provenance(
        basis="nominal", method="the seller's name of the shape", source_uri=fact.source
    )
    if fact.cpus:
        node.cpu.CopyFrom(
            v1.Cpu(
                isa=fact.isa, schedulable_cpus=fact.cpus, allocation="dedicated-thread", provenance=provenance
            )
        )
    if fact.accelerator is not None:
        vendor, product, architecture, count = fact.accelerator
        node.accelerators.append(
            v1.Accelerator(
                accelerator_class="gpu",
                vendor=vendor,
                product=product,
                architecture=architecture,
                count=count,
                provenance=provenance,
            )
        )
    return v1.ComputeResource(
        header=catalogue.header("node-class", fact.slug),
        kind="node-class",
        site_id=site_id,
        display_names={"en": f"{fact.seller} {fact.shape}"},
        node=node,
    )


def plan_of(catalogue: Party, fact: Fact) -> v1.PricePlan:
    """The price of an hour as the seller lists it."""
    return v1.PricePlan(
        header=catalogue.header("price-plan", fact.slug),
        currency="USD",
        time_zone=_ZONE,
        effective_start=to_timestamp(catalogue.now() - timedelta(days=1)),
        components=[
            v1.PriceComponent(
                id="hour",
                sku_id="+".join(part.sku for part in fact.parts),
                dimension="compute-unit",
                unit="unit",
                kind=v1.ComponentKind.COMPONENT_KIND_TIME,
                per_quantity="3600",
                model=v1.TierModel.TIER_MODEL_UNIT,
                tiers=[v1.PriceTier(unit_price=format_decimal(hourly(fact)))],
            )
        ],
    )


def offer_of(catalogue: Party, fact: Fact, resource: v1.Pin, plan: v1.Pin) -> v1.Offer:
    """An offer without a pool: it informs, and nothing can be held."""
    return v1.Offer(
        header=catalogue.header("offer", fact.slug, valid_until=catalogue.now() + timedelta(hours=2)),
        resource=resource,
        price_plan=plan,
        terms=v1.OfferTerms(mode="on-demand"),
    )


def sources(facts: Sequence[Fact] = FACTS) -> list[str]:
    """Lists where the facts were read."""
    return sorted({fact.source for fact in facts})
