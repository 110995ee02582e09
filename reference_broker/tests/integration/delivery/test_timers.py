"""The timers as one task: they act when something is due, and nothing stops them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from crex.errors import CrexError
from crex.v1.state_tables import MACHINES
from crex_broker.application import timers as module
from crex_broker.application.bell import TIMERS
from crex_broker.application.ports.timers import Moved
from crex_broker.application.timers import Ticker, Timers
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.trade import Trade

PATIENCE_S = 20.0


async def reaches(trade: Trade, lease: str, state: str) -> None:
    """Waits until a lease is in a state."""
    async with asyncio.timeout(PATIENCE_S):
        while await trade.state(lease) != state:  # noqa: ASYNC110 - it happens in a store, and rings no event
            await asyncio.sleep(0.01)


async def test_the_timers_make_up_for_what_came_due_while_they_slept(
    trade: Trade, agent: PlayedAgent
) -> None:
    """A broker that was away starts what should have started and ends what should have ended."""
    lease = await trade.scheduled(agent, start=trade.at(hours=1), end=trade.at(hours=2))
    missed = await trade.scheduled(agent, start=trade.at(minutes=10), end=trade.at(minutes=20))
    trade.clock.advance(hours=1)
    timers = Timers(trade.context)
    await timers.start()
    assert await trade.state(lease) == "PROVISIONING"
    assert await trade.state(missed) == "RELEASED"
    await timers.close()
    await timers.close()


async def test_the_timers_run_by_themselves(trade: Trade, agent: PlayedAgent) -> None:
    """An accepted order whose time has come is provisioned without anybody asking."""
    timers = Timers(trade.context)
    await timers.start()
    lease = await trade.scheduled(agent)
    await reaches(trade, lease, "PROVISIONING")
    agent.provision(await agent.command("provision"))
    await reaches(trade, lease, "ACTIVE")
    trade.clock.advance(hours=1)
    trade.context.due.ring(TIMERS)
    await reaches(trade, lease, "RELEASING")
    agent.release(await agent.command("release"))
    await reaches(trade, lease, "RELEASED")
    order = (await trade.lease(lease)).order
    async with asyncio.timeout(PATIENCE_S):
        while await trade.order_state(order) != "FULFILLED":  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    await timers.close()


async def test_a_timer_that_fails_stops_no_other(trade: Trade, agent: PlayedAgent) -> None:
    """A full disk or a defect in one timer is logged, and the others go on."""
    lease = await trade.scheduled(agent)

    async def full(_: int) -> Sequence[Moved]:
        raise CrexError("STORAGE_FULL", "the disk is full")

    async def defect(_: int) -> Sequence[Moved]:
        raise ZeroDivisionError

    timers = Timers(trade.context)
    timers._tickers = (
        Ticker("lease-start", full),
        Ticker("lease-start", defect),
        *timers._tickers,
    )
    assert await timers.tick() == 1
    assert await trade.state(lease) == "PROVISIONING"


async def test_every_timer_of_the_tables_is_run(trade: Trade) -> None:
    """Each timer that the state tables name as a source has a ticker, and there is no other."""
    named = {
        row.source.removeprefix("timer:")
        for machine in MACHINES.values()
        for row in machine.steps
        if row.source.startswith("timer:")
    }
    run = {ticker.name for ticker in module._tickers(trade.context)}
    assert run == named
