"""Offers that ask something of their buyers, listings that say when units were granted, links."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from crex import v1
from crex.amounts import gib
from crex.demand import parse
from crex.demand.paths import demand_registry
from crex.documents import strict
from crex.documents.convert import to_timestamp
from crex.errors import CrexError
from reference_broker.tests.documents import (
    Goods,
    allotment,
    grant,
    node_class,
    offer,
    price_plan,
    site,
    stock,
)
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER, Exchange, pin


def asking(text: str) -> v1.Requirement:
    """Gives constraints of an offer in the text form."""
    return parse(text, demand_registry())


async def hold(exchange: Exchange, goods: Goods, quantity: int = 1, **properties: list[str]) -> Any:
    """Holds units for an hour, stating something of the consumer."""
    request = v1.CreateHoldRequest(
        request_id=exchange.request_id(),
        items=[goods.item(quantity)],
        interval=exchange.interval(exchange.at(), exchange.at(hours=1)),
        properties=[
            v1.DemandProperty(name=name.replace("_", "-"), values=values)
            for name, values in properties.items()
        ],
    )
    return await exchange.call("MarketService/CreateHold", request, CONSUMER)


async def test_an_offer_is_sold_only_to_whom_it_asks_for(exchange: Exchange) -> None:
    """OFFER-DEMAND-1: a hold is refused unless what the consumer states meets the offer's constraints."""
    constraints = asking("properties{name = end-use and values in [research, teaching]} and count <= 2")
    goods = await stock(exchange, offer_constraints=constraints)
    for quantity, properties in ((1, {}), (1, {"end_use": ["mining"]}), (3, {"end_use": ["research"]})):
        with pytest.raises(CrexError, match="TERMS") as refused:
            await hold(exchange, goods, quantity, **properties)
        assert refused.value.details["requirement"] == "OFFER-DEMAND-1"
    assert await hold(exchange, goods, 2, end_use=["teaching"])


async def test_the_receipt_repeats_what_the_consumer_stated(exchange: Exchange) -> None:
    """HOLD-PROPERTY-1: so the order, which pins the receipt, signs it."""
    goods = await stock(exchange)
    response = await hold(exchange, goods, end_use=["research"], sector=["health", "energy"])
    body = strict.loads(response.hold_receipt.payload)
    assert body["properties"] == [
        {"name": "end-use", "values": ["research"]},
        {"name": "sector", "values": ["health", "energy"]},
    ]
    silent = await hold(exchange, goods)
    assert "properties" not in strict.loads(silent.hold_receipt.payload)


async def test_a_property_is_stated_once(exchange: Exchange) -> None:
    """DEMAND-PROPERTY-1: two statements of one property in a hold are refused."""
    goods = await stock(exchange)
    request = v1.CreateHoldRequest(
        request_id=exchange.request_id(),
        items=[goods.item()],
        interval=exchange.interval(exchange.at(), exchange.at(hours=1)),
        properties=[v1.DemandProperty(name="end-use", values=["a"])] * 2,
    )
    with pytest.raises(CrexError, match="SCHEMA"):
        await exchange.call("MarketService/CreateHold", request, CONSUMER)


async def test_constraints_that_nobody_can_evaluate_are_not_published(exchange: Exchange) -> None:
    """OFFER-DEMAND-1: an offer that asks about what no demand has is refused with the place."""
    with pytest.raises(CrexError) as refused:
        await stock(exchange, offer_constraints=parse("cpu.isa = x86-64"))
    [violation] = refused.value.violations
    assert violation.path == "$.offerConstraints.constraint.path"


async def test_search_and_hold_judge_alike(exchange: Exchange) -> None:
    """An offer that search rejects for its constraints is found once the consumer states what is asked."""
    goods = await stock(
        exchange, offer_constraints=asking("properties{name = end-use and values = research}")
    )
    demand = v1.Demand(count=1, currency="EUR", duration=Duration(seconds=3600))
    search = v1.SearchOffersRequest(demand=demand, explain=True)
    answer = await exchange.call("DiscoveryService/SearchOffers", search, CONSUMER)
    assert answer.explanation.rejections[0].constraint == "offer.offer_constraints"
    search.demand.properties.append(v1.DemandProperty(name="end-use", values=["research"]))
    [found] = (await exchange.call("DiscoveryService/SearchOffers", search, CONSUMER)).candidates
    assert found.offer_id == goods.offer_id


async def test_a_listing_says_what_was_granted_and_not_what_is_left(exchange: Exchange) -> None:
    """AVAIL-LIST-1, AVAIL-QUANTITY-1, AVAIL-FIRMNESS-1: the allotment's longest intervals."""
    goods = await stock(
        exchange, units=0, terms=v1.OfferTerms(mode="on-demand", max_duration=Duration(seconds=7200))
    )
    windows = [
        (exchange.at(days=1), exchange.at(days=2), 4),
        (exchange.at(days=2), exchange.at(days=3), 8),
        (exchange.at(days=4), exchange.at(days=5), 4),
    ]
    listing = v1.ListOffersRequest()
    assert not (await exchange.call("DiscoveryService/ListOffers", listing, OTHER)).offers[0].availability
    await grant(exchange, allotment(exchange, goods.pool, windows))
    [record] = (await exchange.call("DiscoveryService/ListOffers", listing, OTHER)).offers
    stated = [(one.interval.start, one.interval.end, one.quantity) for one in record.availability]
    assert stated == [
        (to_timestamp(exchange.at(days=1)), to_timestamp(exchange.at(days=3)), 4),
        (to_timestamp(exchange.at(days=2)), to_timestamp(exchange.at(days=3)), 8),
        (to_timestamp(exchange.at(days=4)), to_timestamp(exchange.at(days=5)), 4),
    ]
    assert {one.firmness for one in record.availability} == {"committed"}
    assert {(one.mode, one.max_duration.seconds) for one in record.availability} == {("on-demand", 7200)}
    request = v1.CreateHoldRequest(
        request_id=exchange.request_id(),
        items=[goods.item(8)],
        interval=exchange.interval(exchange.at(days=2), exchange.at(days=2, hours=1)),
    )
    await exchange.call("MarketService/CreateHold", request, CONSUMER)
    assert (await exchange.call("DiscoveryService/ListOffers", listing, OTHER)).offers[0] == record


async def test_search_knows_what_was_granted(exchange: Exchange) -> None:
    """`availability covers demand` finds an offer as soon as its pool has capacity for the time."""
    goods = await stock(exchange, units=0)
    demand = v1.Demand(count=1, currency="EUR", requirement=parse("availability covers demand"))
    demand.interval.CopyFrom(exchange.interval(exchange.at(days=1), exchange.at(days=2)))
    search = v1.SearchOffersRequest(demand=demand)
    assert not (await exchange.call("DiscoveryService/SearchOffers", search, CONSUMER)).candidates
    window = (exchange.at(days=1), exchange.at(days=2), 1)
    await grant(exchange, allotment(exchange, goods.pool, [window]))
    assert (await exchange.call("DiscoveryService/SearchOffers", search, CONSUMER)).candidates


async def test_a_link_is_published_without_its_ends(exchange: Exchange) -> None:
    """LINK-PUBLISH-1: the sites may be others' and elsewhere; everybody can read the link."""
    link = v1.NetworkLink(
        header=exchange.header(PROVIDER, "link", "a-b"),
        from_site="crex://a.example/site/a",
        to_site="crex://b.example/site/b",
        provenance=v1.Provenance(basis="sla"),
    )
    envelope = await exchange.publish(link)
    request = v1.GetDocumentRequest(ref=link.header.id)
    found = await exchange.call("DiscoveryService/GetDocument", request, OTHER)
    assert found.envelope == envelope


async def test_a_partition_larger_than_its_node_is_not_sold(exchange: Exchange) -> None:
    """DESC-PARTITION-1: the offer is refused with the places in both documents."""
    await exchange.publish(site(exchange))
    whole = node_class(exchange)
    whole.node.memory.capacity_bytes = gib(64)
    await exchange.publish(whole)
    plan = await exchange.publish(price_plan(exchange))
    for size, is_sold in ((gib(65), False), (gib(64), True)):
        part = v1.ComputeResource(
            header=exchange.header(PROVIDER, "resource", f"part-{size}"),
            kind="partition-class",
            site_id=f"crex://{PROVIDER}/site/north",
            partition=v1.Partition(of_resource=whole.header.id, contents=v1.NodeClass()),
        )
        part.partition.contents.memory.capacity_bytes = size
        pins = (
            pin(await exchange.publish(part), part.header.id),
            pin(plan, f"crex://{PROVIDER}/plan/hourly"),
        )
        document = offer(exchange, *pins, name=f"part-{size}")
        if is_sold:
            await exchange.publish(document)
            continue
        with pytest.raises(CrexError, match="TERMS") as refused:
            await exchange.publish(document)
        [violation] = refused.value.violations
        assert violation.path == "$.partition.contents.memory.capacityBytes"
        assert "$.node.memory.capacityBytes" in violation.message
