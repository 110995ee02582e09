"""Two tenants never see each other's business: every method of the market, tried with every foreign name."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import Message

from crex import v1
from crex.errors import CrexError
from reference_broker.tests.documents import order_document, stock
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER, Exchange, signer


async def _sale(exchange: Exchange) -> tuple[Any, Any]:
    """A committed order of CONSUMER with PROVIDER; gives the hold and the commit."""
    goods = await stock(exchange)
    interval = exchange.interval(exchange.at(), exchange.at(hours=1))
    request = v1.CreateHoldRequest(request_id="hold-request", items=[goods.item()], interval=interval)
    hold = await exchange.call("MarketService/CreateHold", request, CONSUMER)
    document = order_document(exchange, hold, "commit-request", consumer=CONSUMER)
    commit = v1.CommitOrderRequest(
        request_id="commit-request",
        order=hold.order.name,
        envelope=signer(CONSUMER).sign_document(document),
    )
    await exchange.call("MarketService/CommitOrder", commit, CONSUMER)
    return hold, commit


async def test_a_foreign_order_is_not_there_for_any_method(exchange: Exchange) -> None:
    """ORDER-PARTY-1: reading, releasing, committing and cancelling another's order are all NOT_FOUND."""
    hold, commit = await _sale(exchange)
    name = hold.order.name
    own = order_document(exchange, hold, "commit-request", consumer=OTHER)
    requests: list[tuple[str, Message]] = [
        ("GetOrder", v1.GetOrderRequest(order=name)),
        ("ReleaseHold", v1.ReleaseHoldRequest(request_id=exchange.request_id(), order=name)),
        ("CancelOrder", v1.CancelOrderRequest(request_id=exchange.request_id(), order=name)),
        ("CommitOrder", commit),
        (
            "CommitOrder",
            v1.CommitOrderRequest(
                request_id="commit-request", order=name, envelope=signer(OTHER).sign_document(own)
            ),
        ),
    ]
    for method, request in requests:
        with pytest.raises(CrexError) as refused:
            await exchange.call(f"MarketService/{method}", request, OTHER)
        assert refused.value.reason == "NOT_FOUND", method


async def test_a_foreign_order_is_in_no_list(exchange: Exchange) -> None:
    """ORDER-PARTY-1: lists hold the caller's orders only, on either side of the sale."""
    hold, _ = await _sale(exchange)
    for authority, seen in ((CONSUMER, [hold.order.name]), (PROVIDER, [hold.order.name]), (OTHER, [])):
        listed = await exchange.call("MarketService/ListOrders", v1.ListOrdersRequest(), authority)
        assert [order.name for order in listed.orders] == seen


async def test_private_documents_are_not_found_by_strangers(exchange: Exchange) -> None:
    """DISCOVERY-PRIVATE-1: receipt, order and allotment are there for their parties only."""
    hold, _ = await _sale(exchange)
    order = await exchange.call("MarketService/GetOrder", v1.GetOrderRequest(order=hold.order.name), CONSUMER)
    name = hold.order.name.rpartition("/")[2]
    private = [
        (v1.GetDocumentRequest(sha256=hold.order.hold_receipt_sha256), {CONSUMER, PROVIDER}),
        (v1.GetDocumentRequest(sha256=order.order.order_document_sha256), {CONSUMER, PROVIDER}),
        (v1.GetDocumentRequest(ref=f"crex://{CONSUMER}/order/{name}@1"), {CONSUMER, PROVIDER}),
        (v1.GetDocumentRequest(ref=f"crex://{PROVIDER}/allotment/nodes"), {PROVIDER}),
    ]
    for request, parties in private:
        for authority in (CONSUMER, PROVIDER, OTHER):
            if authority in parties:
                read = await exchange.call("DiscoveryService/GetDocument", request, authority)
                assert read.envelope.payload
                continue
            with pytest.raises(CrexError, match="NOT_FOUND"):
                await exchange.call("DiscoveryService/GetDocument", request, authority)


async def test_a_request_identifier_of_another_party_tells_nothing(exchange: Exchange) -> None:
    """IDEMPOTENCY-SCOPE-1: the same identifier and body from another party is another request."""
    goods = await stock(exchange)
    interval = exchange.interval(exchange.at(), exchange.at(hours=1))
    request = v1.CreateHoldRequest(request_id="shared-request", items=[goods.item()], interval=interval)
    first = await exchange.call("MarketService/CreateHold", request, CONSUMER)
    second = await exchange.call("MarketService/CreateHold", request, OTHER)
    assert not second.replayed
    assert second.order.name != first.order.name
    assert second.order.consumer == OTHER


async def test_another_providers_offer_cannot_be_changed(exchange: Exchange) -> None:
    """STATE-OFFER-1: pausing, resuming and withdrawing a foreign offer are NOT_FOUND."""
    goods = await stock(exchange)
    requests: list[tuple[str, Message]] = [
        ("PauseOffer", v1.PauseOfferRequest(request_id="pause-request", offer_id=goods.offer_id)),
        ("ResumeOffer", v1.ResumeOfferRequest(request_id="resume-request", offer_id=goods.offer_id)),
        ("WithdrawOffer", v1.WithdrawOfferRequest(request_id="withdraw-request", offer_id=goods.offer_id)),
    ]
    for method, request in requests:
        with pytest.raises(CrexError, match="NOT_FOUND"):
            await exchange.call(f"MarketService/{method}", request, OTHER)


async def test_a_page_token_of_another_party_is_refused(exchange: Exchange) -> None:
    """MARKET-PAGE-1: a token found elsewhere opens nothing, in this list or another."""
    goods = await stock(exchange)
    interval = exchange.interval(exchange.at(), exchange.at(hours=1))
    for _ in range(3):
        request = v1.CreateHoldRequest(
            request_id=exchange.request_id(), items=[goods.item()], interval=interval
        )
        await exchange.call("MarketService/CreateHold", request, CONSUMER)
    first = await exchange.call("MarketService/ListOrders", v1.ListOrdersRequest(page_size=2), CONSUMER)
    assert len(first.orders) == 2
    token = first.next_page_token
    rest = await exchange.call(
        "MarketService/ListOrders", v1.ListOrdersRequest(page_size=2, page_token=token), CONSUMER
    )
    assert len(rest.orders) == 1
    assert not rest.next_page_token
    held = v1.ListOrdersRequest(state=v1.OrderState.ORDER_STATE_HELD, page_token=token)
    for method, list_, authority in (
        ("MarketService/ListOrders", v1.ListOrdersRequest(page_token=token), PROVIDER),
        ("MarketService/ListOrders", held, CONSUMER),
        ("DiscoveryService/ListOffers", v1.ListOffersRequest(page_token=token), CONSUMER),
    ):
        with pytest.raises(CrexError, match="PAGE_TOKEN_MISMATCH"):
            await exchange.call(method, list_, authority)
