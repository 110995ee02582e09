"""The contract of `TimerStore`: acts on what is due, a few at a time, as often as one likes."""

from __future__ import annotations

import asyncio

import pytest

from reference_broker.tests.contract.delivery import PROVISION_MS, Deliveries
from reference_broker.tests.contract.market import HOUR, Market
from reference_broker.tests.exchange import CONSUMER, PROVIDER


@pytest.fixture
def deliveries(market: Market) -> Deliveries:
    """A market whose orders are delivered."""
    return Deliveries(market)


async def test_nothing_moves_before_its_time(deliveries: Deliveries) -> None:
    """Every timer may run at any moment; what is not due stays as it is."""
    await deliveries.active()
    await deliveries.market.committed()
    timers = deliveries.store.timers
    for _ in range(2):
        assert not await timers.confirm_deadlines(10, horizon_ms=HOUR)
        assert not await timers.reconcile_horizons(10)
        assert not await timers.start_leases(10, provision_ms=PROVISION_MS)
        assert not await timers.end_leases(10)
        assert not await timers.provision_deadlines(10)
        assert not await timers.fulfil_orders(10)
        assert not await timers.usage_graces(10)
        assert not await timers.invoice_acceptances(10)


async def test_a_timer_says_when_it_has_something_to_do(deliveries: Deliveries) -> None:
    """`due` gives the earliest instant of each timer, and nothing for those without any."""
    now = deliveries.market.clock.ms
    assert "lease-start" not in await deliveries.store.timers.due()
    await deliveries.market.committed(start=HOUR, end=2 * HOUR)
    due = await deliveries.store.timers.due()
    assert due["confirm-deadline"] == now + 60_000
    await deliveries.confirmed(start=HOUR, end=2 * HOUR)
    due = await deliveries.store.timers.due()
    assert due["lease-start"] == now + HOUR
    assert due["lease-end"] == now + 2 * HOUR
    lease = await deliveries.started()
    assert (await deliveries.store.timers.due())["provision-deadline"] == now + PROVISION_MS
    await deliveries.terminated(lease)
    assert "provision-deadline" not in await deliveries.store.timers.due()


async def test_a_few_at_a_time(deliveries: Deliveries) -> None:
    """A limit is kept, and the rest comes with the next calls, each once."""
    for _ in range(5):
        await deliveries.confirmed(start=HOUR, end=2 * HOUR)
    deliveries.market.clock.advance(hours=1)
    moved = []
    for expected in (2, 2, 1, 0):
        step = await deliveries.store.timers.start_leases(2, provision_ms=PROVISION_MS)
        assert len(step) == expected
        assert {each.provider for each in step} <= {PROVIDER}
        moved += [each.name for each in step]
    assert len(set(moved)) == 5


async def test_timers_that_meet_act_once(deliveries: Deliveries) -> None:
    """The same timer run many times at once moves each object once."""
    lease = await deliveries.active()
    deliveries.market.clock.advance(hours=1)
    runs = await asyncio.gather(*[deliveries.store.timers.end_leases(10) for _ in range(8)])
    assert [each.name for run in runs for each in run] == [lease]
    assert len(await deliveries.store.agents.open_commands(PROVIDER)) == 1


async def test_units_that_are_occupied_are_not_given_twice(deliveries: Deliveries) -> None:
    """LEASE-START-2: a lease waits while its units are in use, and is not in the way of others that fit."""
    overdue = await deliveries.active(6)
    _, (large,) = await deliveries.confirmed(8, start=HOUR, end=2 * HOUR)
    deliveries.market.clock.advance(hours=1)
    timers = deliveries.store.timers
    assert [each.state for each in await timers.start_leases(10, provision_ms=PROVISION_MS)] == ["DELAYED"]
    assert not await timers.start_leases(10, provision_ms=PROVISION_MS)
    await timers.end_leases(10)
    await deliveries.store.agents.release(
        PROVIDER, await deliveries.command_of(overdue), deliveries.release()
    )
    (started,) = await timers.start_leases(10, provision_ms=PROVISION_MS)
    assert (started.name, started.state, started.provider) == (large, "PROVISIONING", PROVIDER)


async def test_an_order_is_fulfilled_when_all_its_leases_are_released(deliveries: Deliveries) -> None:
    """LEASE-FULFIL-1: not before the last one, and once."""
    lease = await deliveries.active()
    found = await deliveries.store.leases.lease(CONSUMER, lease)
    assert found is not None
    await deliveries.terminated(lease)
    assert not await deliveries.store.timers.fulfil_orders(10)
    await deliveries.store.agents.release(PROVIDER, await deliveries.command_of(lease), deliveries.release())
    assert [each.name for each in await deliveries.store.timers.fulfil_orders(10)] == [found.order]
    assert not await deliveries.store.timers.fulfil_orders(10)
    order = await deliveries.store.orders.order(CONSUMER, found.order)
    assert order is not None
    assert order.state == "FULFILLED"
