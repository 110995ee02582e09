"""One sale through the use cases, from publishing to a committed order."""

from __future__ import annotations

from crex import v1
from crex.documents import strict
from crex.trust.envelope import digest
from reference_broker.tests.documents import order_document, stock
from reference_broker.tests.exchange import CONSUMER, PROVIDER, Exchange, signer


async def test_a_hold_becomes_an_order_that_its_provider_is_asked_to_confirm(exchange: Exchange) -> None:
    """Publishing, holding and committing lead to an order in COMMITTING with a command for the provider."""
    goods = await stock(exchange)
    hold = await exchange.call(
        "MarketService/CreateHold",
        v1.CreateHoldRequest(
            request_id=exchange.request_id(),
            items=[goods.item(3)],
            interval=exchange.interval(exchange.at(), exchange.at(hours=2)),
        ),
        CONSUMER,
    )
    assert hold.order.state == v1.OrderState.ORDER_STATE_HELD
    assert hold.order.hold_receipt_sha256 == digest(hold.hold_receipt.payload)
    receipt = strict.loads(hold.hold_receipt.payload)
    assert receipt["order"] == hold.order.name
    request_id = exchange.request_id()
    document = order_document(exchange, hold, request_id, consumer=CONSUMER)
    committed = await exchange.call(
        "MarketService/CommitOrder",
        v1.CommitOrderRequest(
            request_id=request_id, order=hold.order.name, envelope=signer(CONSUMER).sign_document(document)
        ),
        CONSUMER,
    )
    assert committed.order.state == v1.OrderState.ORDER_STATE_COMMITTING
    for party in (CONSUMER, PROVIDER):
        read = await exchange.call("MarketService/GetOrder", v1.GetOrderRequest(order=hold.order.name), party)
        assert read.order == committed.order
        assert read.hold_receipt == hold.hold_receipt
