"""Many callers at once: exactly what is there is sold."""

from __future__ import annotations

import asyncio

from crex import v1
from crex.errors import CrexError
from reference_broker.tests.documents import stock
from reference_broker.tests.exchange import CONSUMER, OTHER, Exchange


async def test_sixty_four_callers_get_the_last_eight_units(exchange: Exchange) -> None:
    """CAP-INSTANT-1: exactly eight holds are granted, every other caller is told CAPACITY_EXHAUSTED."""
    goods = await stock(exchange, units=8)
    interval = exchange.interval(exchange.at(), exchange.at(hours=1))

    async def hold(at: int) -> str:
        request = v1.CreateHoldRequest(request_id=f"caller-{at:06d}", items=[goods.item()], interval=interval)
        try:
            response = await exchange.call("MarketService/CreateHold", request, CONSUMER if at % 2 else OTHER)
        except CrexError as refused:
            return refused.reason
        return v1.OrderState.Name(response.order.state)

    outcomes = await asyncio.gather(*(hold(at) for at in range(64)))
    assert sorted(outcomes) == ["CAPACITY_EXHAUSTED"] * 56 + ["ORDER_STATE_HELD"] * 8


async def test_one_request_sent_many_times_at_once_takes_units_once(exchange: Exchange) -> None:
    """IDEMPOTENCY-REPLAY-1: thirty-two copies of a request make one order, and each copy gets it."""
    goods = await stock(exchange, units=8)
    interval = exchange.interval(exchange.at(), exchange.at(hours=1))
    request = v1.CreateHoldRequest(request_id="the-same-request", items=[goods.item(5)], interval=interval)
    copies = [exchange.call("MarketService/CreateHold", request, CONSUMER) for _ in range(32)]
    responses = await asyncio.gather(*copies)
    assert sum(not response.replayed for response in responses) == 1
    assert len({response.order.name for response in responses}) == 1
    assert len({response.hold_receipt.SerializeToString(deterministic=True) for response in responses}) == 1
