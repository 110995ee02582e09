"""CreateHold, CommitOrder, ReleaseHold and CancelOrder through the use cases."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from crex import v1
from crex.documents import strict
from crex.documents.convert import to_timestamp
from crex.errors import CrexError
from crex.trust.envelope import digest
from crex.trust.verify import open_envelope
from crex_broker.application.expiry import expire_holds, expire_offers
from reference_broker.tests.documents import Goods, allotment, grant, offer, order_document, price_plan, stock
from reference_broker.tests.exchange import (
    BROKER,
    CONSUMER,
    OTHER,
    PROVIDER,
    Exchange,
    pin,
    signer,
)


def _refusal(reason: str) -> Any:
    return pytest.raises(CrexError, match=rf"\({reason}\)|'{reason}'")


def _hold_request(exchange: Exchange, goods: Goods, quantity: int = 1, **more: Any) -> v1.CreateHoldRequest:
    interval = exchange.interval(exchange.at(), exchange.at(hours=more.pop("hours", 1)))
    items = more.pop("items", None) or [goods.item(quantity)]
    request_id = more.pop("request_id", None) or exchange.request_id()
    return v1.CreateHoldRequest(request_id=request_id, items=items, interval=interval, **more)


async def _hold(exchange: Exchange, goods: Goods, quantity: int = 1, **more: Any) -> Any:
    consumer = more.pop("consumer", CONSUMER)
    request = _hold_request(exchange, goods, quantity, **more)
    return await exchange.call("MarketService/CreateHold", request, consumer)


async def _commit(exchange: Exchange, hold: Any, *, consumer: str = CONSUMER, **more: Any) -> Any:
    request_id = more.pop("request_id", None) or exchange.request_id()
    document = order_document(exchange, hold, request_id, consumer=consumer, **more)
    request = v1.CommitOrderRequest(
        request_id=request_id, order=hold.order.name, envelope=signer(consumer).sign_document(document)
    )
    return await exchange.call("MarketService/CommitOrder", request, consumer)


async def test_a_receipt_says_what_is_held_until_when_and_is_signed_by_the_broker(exchange: Exchange) -> None:
    """HOLD-NAME-1, HOLD-ITEM-1, HOLD-EXPIRE-1: names, items and expiry stand in the signed receipt."""
    goods = await stock(exchange)
    hold = await _hold(exchange, goods, 3, ttl=Duration(seconds=90))
    exchange.context.trust.pin(signer(BROKER).trust_document, now=exchange.clock.now())
    opened = open_envelope(
        hold.hold_receipt,
        v1.HoldReceipt,
        exchange.context.trust,
        now=exchange.clock.now(),
        expected_issuer=BROKER,
    )
    receipt = opened.message
    assert opened.digest == hold.order.hold_receipt_sha256
    assert receipt.order == hold.order.name
    assert (receipt.consumer, receipt.provider) == (CONSUMER, PROVIDER)
    assert receipt.items[0].offer == pin(goods.offer, goods.offer_id)
    assert (receipt.items[0].quantity, receipt.items[0].lease) == (3, hold.order.lines[0].lease)
    assert receipt.expire_time == receipt.header.valid_until == to_timestamp(exchange.at(seconds=90))
    assert hold.order.expire_time == receipt.expire_time


async def test_a_repeated_hold_gives_the_very_same_bytes(exchange: Exchange) -> None:
    """HOLD-REPLAY-1: the receipt is the stored one, bytes and all; also after the hold lapsed."""
    goods = await stock(exchange)
    request = _hold_request(exchange, goods, 8)
    first = await exchange.call("MarketService/CreateHold", request, CONSUMER)
    exchange.clock.advance(minutes=10)
    await expire_holds(exchange.context)
    again = await exchange.call("MarketService/CreateHold", request, CONSUMER)
    assert again.replayed
    again.replayed = False
    assert again == first
    request.items[0].quantity = 7
    with _refusal("REQUEST_ID_REUSED"):
        await exchange.call("MarketService/CreateHold", request, CONSUMER)


async def test_a_hold_against_the_offers_terms_is_refused(exchange: Exchange) -> None:
    """OFFER-QUANTITY-1, OFFER-DURATION-1: quantity and duration lie within what the offer sells."""
    terms = v1.OfferTerms(mode="on-demand", max_duration=Duration(seconds=7200))
    goods = await stock(exchange, terms=terms, min_quantity=2)
    for bad in ({"quantity": 1}, {"quantity": 2, "hours": 3}):
        with _refusal("TERMS"):
            await _hold(exchange, goods, **bad)
    await _hold(exchange, goods, 2, hours=2)


async def test_an_offer_that_is_not_the_one_that_was_read_is_not_held(exchange: Exchange) -> None:
    """HOLD-OFFER-1: another digest is OFFER_CHANGED, an unknown name is NOT_FOUND."""
    goods = await stock(exchange)
    item = goods.item()
    item.offer_sha256 = "0" * 64
    with _refusal("OFFER_CHANGED"):
        await _hold(exchange, goods, items=[item])
    item.offer_id += "-2"
    with _refusal("NOT_FOUND"):
        await _hold(exchange, goods, items=[item])


async def test_an_offer_without_pool_or_of_two_providers_is_not_held(exchange: Exchange) -> None:
    """OFFER-POOL-2, HOLD-ITEM-1: what informs only cannot be held, and one hold is of one provider."""
    goods = await stock(exchange)
    resource = pin(goods.resource, f"crex://{PROVIDER}/resource/node")
    plan = pin(goods.plan, f"crex://{PROVIDER}/plan/hourly")
    informing = await exchange.publish(offer(exchange, resource, plan, name="informs"))
    item = v1.HoldRequestItem(
        offer_id=f"crex://{PROVIDER}/offer/informs", offer_sha256=digest(informing.payload), quantity=1
    )
    with _refusal("TERMS"):
        await _hold(exchange, goods, items=[item])
    others = await stock(exchange, authority=OTHER)
    with _refusal("TERMS"):
        await _hold(exchange, goods, items=[goods.item(), others.item()])


async def test_a_time_to_live_beyond_the_limit_is_refused(exchange: Exchange) -> None:
    """HOLD-TTL-1: more than nothing, at most what GetServerInfo says."""
    goods = await stock(exchange)
    for seconds in (0, 901):
        with _refusal("LIMIT"):
            await _hold(exchange, goods, ttl=Duration(seconds=seconds))
    with _refusal("SCHEMA"):
        await _hold(exchange, goods, ttl=Duration(seconds=-1))
    hold = await _hold(exchange, goods, ttl=Duration(seconds=900))
    assert hold.order.expire_time == to_timestamp(exchange.at(seconds=900))


async def test_an_empty_interval_or_one_with_parts_of_a_millisecond_is_refused(exchange: Exchange) -> None:
    """SCALAR-INTERVAL-1, SCALAR-TIME-1: an interval has a length in whole milliseconds."""
    goods = await stock(exchange)
    request = _hold_request(exchange, goods)
    request.interval.start.nanos += 1
    with _refusal("SCHEMA"):
        await exchange.call("MarketService/CreateHold", request, CONSUMER)
    request.interval.start.CopyFrom(request.interval.end)
    with _refusal("SCHEMA"):
        await exchange.call("MarketService/CreateHold", request, CONSUMER)


async def test_an_order_must_be_the_callers_for_this_provider_and_this_request(exchange: Exchange) -> None:
    """MARKET-ISSUER-1, ORDER-AUDIENCE-1, ORDER-NONCE-1: issuer, audience and nonce are each checked."""
    goods = await stock(exchange)
    hold = await _hold(exchange, goods)
    with _refusal("AUDIENCE"):
        await _commit(exchange, hold, audience=OTHER)
    with _refusal("REPLAY"):
        await _commit(exchange, hold, nonce="another-request")
    request_id = exchange.request_id()
    foreign = order_document(exchange, hold, request_id, consumer=OTHER)
    request = v1.CommitOrderRequest(
        request_id=request_id, order=hold.order.name, envelope=signer(OTHER).sign_document(foreign)
    )
    with _refusal("NOT_A_PARTY"):
        await exchange.call("MarketService/CommitOrder", request, CONSUMER)
    with _refusal("NOT_FOUND"):
        await exchange.call("MarketService/CommitOrder", request, OTHER)


async def test_an_order_commits_exactly_what_is_held(exchange: Exchange) -> None:
    """ORDER-HOLD-1, ORDER-ITEM-1, ORDER-INTERFACE-1: receipt, items and interface must be the hold's."""
    goods = await stock(exchange)
    hold, another = await _hold(exchange, goods, 2), await _hold(exchange, goods, 2)
    request_id = exchange.request_id()
    document = order_document(exchange, another, request_id, consumer=CONSUMER)
    request = v1.CommitOrderRequest(
        request_id=request_id, order=hold.order.name, envelope=signer(CONSUMER).sign_document(document)
    )
    with _refusal("SUBJECT"):
        await exchange.call("MarketService/CommitOrder", request, CONSUMER)
    offered = pin(goods.offer, goods.offer_id)
    item = v1.OrderItem(offer=offered, quantity=2, interval=hold.order.interval)
    longer = exchange.interval(exchange.at(), exchange.at(hours=2))
    for wrong in (
        v1.OrderItem(offer=offered, quantity=3, interval=hold.order.interval),
        v1.OrderItem(offer=offered, quantity=2, interval=longer),
        v1.OrderItem(offer=pin(goods.plan, goods.offer_id), quantity=2, interval=hold.order.interval),
    ):
        with _refusal("TERMS"):
            await _commit(exchange, hold, items=[wrong])
    with _refusal("TERMS"):
        await _commit(exchange, hold, items=[item, item])
    with _refusal("TERMS"):
        await _commit(exchange, hold, interface="kubernetes")
    committed = await _commit(exchange, hold, items=[item])
    assert committed.order.state == v1.OrderState.ORDER_STATE_COMMITTING


async def test_an_order_above_its_spend_limit_is_refused(exchange: Exchange) -> None:
    """ORDER-SPEND-1: three units for two hours at 2.99 are 17.94, to the cent; currencies do not mix."""
    goods = await stock(exchange)
    hold = await _hold(exchange, goods, 3, hours=2)
    with pytest.raises(CrexError) as refused:
        await _commit(exchange, hold, spend_limit=v1.Money(currency="EUR", amount="17.93"))
    assert refused.value.reason == "BUDGET_EXCEEDED"
    assert refused.value.details["price"] == "17.94"
    with _refusal("TERMS"):
        await _commit(exchange, hold, spend_limit=v1.Money(currency="USD", amount="99.00"))
    await _commit(exchange, hold, spend_limit=v1.Money(currency="EUR", amount="17.94"))


async def test_taxes_count_against_a_spend_limit(exchange: Exchange) -> None:
    """ORDER-SPEND-1: two hours at 2.99 and 19 % on top are 7.1162: 7.12 of a limit of 7.11."""
    priced = price_plan(exchange)
    priced.components[0].tax_category = "vat"
    priced.taxes.add(category="vat", rate="0.19", jurisdiction="de")
    goods = await stock(exchange, priced=priced)
    hold = await _hold(exchange, goods, 1, hours=2)
    with pytest.raises(CrexError) as refused:
        await _commit(exchange, hold, spend_limit=v1.Money(currency="EUR", amount="7.11"))
    assert (refused.value.reason, refused.value.details["price"]) == ("BUDGET_EXCEEDED", "7.12")
    await _commit(exchange, hold, spend_limit=v1.Money(currency="EUR", amount="7.12"))


async def test_the_most_counts_where_no_price_is_known(exchange: Exchange) -> None:
    """ORDER-SPEND-1: an hour costs 1 by night, else 2.99: two come to 5.98 at most, and what is rounded."""
    priced = price_plan(exchange)
    north, night, always = (price_plan(exchange).components[0] for _ in range(3))
    north.id, north.tiers[0].unit_price, north.restrictions.region = "north", "100", "north"
    night.id, night.tiers[0].unit_price, night.restrictions.local_end = "night", "1", "06:00"
    del priced.components[:]
    priced.components.extend([north, night, always])
    goods = await stock(exchange, priced=priced)
    hold = await _hold(exchange, goods, 1, hours=2)
    with pytest.raises(CrexError, match="most that may be billed") as refused:
        await _commit(exchange, hold, spend_limit=v1.Money(currency="EUR", amount="5.99"))
    assert (refused.value.reason, refused.value.details["most"]) == ("BUDGET_EXCEEDED", "6.00")
    await _commit(exchange, hold, spend_limit=v1.Money(currency="EUR", amount="6.00"))


async def test_a_spend_limit_without_a_price_or_a_most_is_refused(exchange: Exchange) -> None:
    """ORDER-SPEND-1: what a lease costs after its plan has ended nobody knows, so nobody can keep a limit."""
    priced = price_plan(exchange)
    priced.effective_end.CopyFrom(to_timestamp(exchange.at(hours=1)))
    goods = await stock(exchange, priced=priced)
    hold = await _hold(exchange, goods, 1, hours=2)
    with _refusal("TERMS"):
        await _commit(exchange, hold, spend_limit=v1.Money(currency="EUR", amount="99.00"))


async def test_a_cost_beyond_every_amount_is_above_every_spend_limit(exchange: Exchange) -> None:
    """ORDER-SPEND-1: what costs more than can be written as an amount is no malformed request."""
    goods = await stock(exchange, units=10**12)
    window = (exchange.at(hours=-1), exchange.at(days=400_000), 10**12)
    await grant(exchange, allotment(exchange, goods.pool, [window], revision=2))
    hold = await _hold(exchange, goods, 10**12, hours=24 * 300_000)
    with _refusal("BUDGET_EXCEEDED"):
        await _commit(exchange, hold, spend_limit=v1.Money(currency="EUR", amount="999999999999999999.99"))


async def test_an_order_replayed_under_another_request_is_refused(exchange: Exchange) -> None:
    """ORDER-NONCE-1: the signed order works once, and again only as the very same request."""
    goods = await stock(exchange)
    hold = await _hold(exchange, goods)
    first = await _commit(exchange, hold, request_id="order-request")
    again = await _commit(exchange, hold, request_id="order-request")
    assert again.replayed
    assert again.order == first.order
    document = order_document(exchange, hold, "order-request", consumer=CONSUMER)
    request = v1.CommitOrderRequest(
        request_id="other-request", order=hold.order.name, envelope=signer(CONSUMER).sign_document(document)
    )
    with _refusal("REPLAY"):
        await exchange.call("MarketService/CommitOrder", request, CONSUMER)


async def test_an_expired_hold_is_not_committed(exchange: Exchange) -> None:
    """HOLD-EXPIRE-1: a second late is too late, and the answer names the state."""
    goods = await stock(exchange)
    hold = await _hold(exchange, goods, ttl=Duration(seconds=10))
    exchange.clock.advance(seconds=10)
    with pytest.raises(CrexError) as refused:
        await _commit(exchange, hold)
    assert refused.value.reason == "HOLD_EXPIRED"
    assert refused.value.details["current_state"] == "EXPIRED"


async def test_a_commit_rings_for_the_provider_and_gives_it_the_offers_time(exchange: Exchange) -> None:
    """STATE-ORDER-1, event commit: the shortest acceptance period of the offers is the deadline."""
    terms = v1.OfferTerms(mode="on-demand", acceptance_period=Duration(seconds=7))
    goods = await stock(exchange, terms=terms)
    hold = await _hold(exchange, goods)
    with exchange.context.commands.listen(PROVIDER) as bell:
        committed = await _commit(exchange, hold)
        await bell.heard()
    assert committed.order.expire_time == to_timestamp(exchange.at(seconds=7))


async def test_a_released_hold_is_free_for_others(exchange: Exchange) -> None:
    """STATE-ORDER-1, event release: its consumer alone gives it back, once or more often."""
    goods = await stock(exchange)
    hold = await _hold(exchange, goods, 8)
    request = v1.ReleaseHoldRequest(request_id=exchange.request_id(), order=hold.order.name)
    with _refusal("NOT_FOUND"):
        await exchange.call("MarketService/ReleaseHold", request, OTHER)
    released = await exchange.call("MarketService/ReleaseHold", request, CONSUMER)
    assert released.order.state == v1.OrderState.ORDER_STATE_RELEASED
    assert (await exchange.call("MarketService/ReleaseHold", request, CONSUMER)).replayed
    await _hold(exchange, goods, 8, consumer=OTHER)


async def test_only_a_confirmed_order_is_cancelled(exchange: Exchange) -> None:
    """STATE-ORDER-1, event cancel: before the provider has confirmed there is nothing to cancel."""
    goods = await stock(exchange)
    hold = await _hold(exchange, goods)
    request = v1.CancelOrderRequest(request_id=exchange.request_id(), order=hold.order.name)
    with _refusal("ILLEGAL_TRANSITION"):
        await exchange.call("MarketService/CancelOrder", request, CONSUMER)
    with _refusal("NOT_FOUND"):
        await exchange.call("MarketService/CancelOrder", request, OTHER)


async def test_an_expired_offer_leaves_search_and_lists(exchange: Exchange) -> None:
    """STATE-OFFER-1, event expire: the timer takes it out; holds that were made before stay."""
    goods = await stock(exchange)
    hold = await _hold(exchange, goods, ttl=Duration(seconds=900))
    exchange.clock.advance(hours=24)
    assert await expire_offers(exchange.context) == 1
    assert await expire_offers(exchange.context) == 0
    listed = await exchange.call("DiscoveryService/ListOffers", v1.ListOffersRequest(), CONSUMER)
    assert not listed.offers
    read = await exchange.call("MarketService/GetOrder", v1.GetOrderRequest(order=hold.order.name), PROVIDER)
    assert strict.loads(read.hold_receipt.payload)["order"] == hold.order.name
