"""Pools that draw on base pools, by the hand of somebody who means harm."""

from __future__ import annotations

from typing import Any

import pytest

from crex import v1
from crex.errors import CrexError
from reference_broker.tests.documents import (
    allotment,
    grant,
    node_class,
    offer,
    pool,
    price_plan,
    site,
    stock,
)
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER, Exchange, pin


async def refusal(call: Any) -> CrexError:
    """The error of a call."""
    with pytest.raises(CrexError) as refused:
        await call
    return refused.value


async def test_nobody_draws_on_the_pool_of_another(exchange: Exchange) -> None:
    """CAP-DRAW-2: else a stranger could sell, or merely hold, the units of a provider without its consent."""
    await stock(exchange)
    await exchange.publish(site(exchange, OTHER), OTHER)
    await exchange.publish(node_class(exchange, OTHER), OTHER)
    parasite = pool(exchange, OTHER)
    parasite.pool.draws.add(base_pool=f"crex://{PROVIDER}/pool/nodes", units_per_unit=1)
    assert (await refusal(exchange.publish(parasite, OTHER))).reason == "NOT_A_PARTY"


@pytest.mark.parametrize("units_per_unit", [10**12, 2**63 - 1])
async def test_more_units_than_can_be_counted_are_not_free(exchange: Exchange, units_per_unit: int) -> None:
    """CAP-DRAW-1: a quantity times what it draws may exceed 63 bits; it is refused like any other."""
    await exchange.publish(site(exchange))
    node = await exchange.publish(node_class(exchange))
    await exchange.publish(pool(exchange, name="base"))
    await exchange.publish(pool(exchange, draws=[("base", units_per_unit)]))
    plan = await exchange.publish(price_plan(exchange))
    name = f"crex://{PROVIDER}/pool/nodes"
    sold = offer(
        exchange,
        pin(node, f"crex://{PROVIDER}/resource/node"),
        pin(plan, f"crex://{PROVIDER}/plan/hourly"),
        pool_id=name,
    )
    envelope = await exchange.publish(sold)
    await grant(exchange, allotment(exchange, name, [(exchange.at(), exchange.at(days=1), 10**12)]))
    line = v1.HoldRequestItem(
        offer_id=sold.header.id, offer_sha256=pin(envelope, sold.header.id).sha256, quantity=10**12
    )
    hold = v1.CreateHoldRequest(
        request_id=exchange.request_id(),
        items=[line],
        interval=exchange.interval(exchange.at(), exchange.at(hours=1)),
    )
    refused = await refusal(exchange.call("MarketService/CreateHold", hold, CONSUMER))
    assert refused.reason == "CAPACITY_EXHAUSTED"
    assert refused.details["requested"] == str(10**12 * units_per_unit)
