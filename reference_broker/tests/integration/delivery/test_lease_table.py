"""Every row of the lease's state table happens as it says, and nothing else does (STATE-LEASE-1)."""

from __future__ import annotations

import pytest

from crex import v1
from crex.v1.state_tables import MACHINES
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.exchange import BROKER, CONSUMER, PROVIDER
from reference_broker.tests.lease_stage import LeaseStage
from reference_broker.tests.trade import Trade

MACHINE = MACHINES["lease"]
PARTIES = {"B": BROKER, "C": CONSUMER, "P": PROVIDER}
ROWS = [
    (source, row.event, actor, row.target)
    for row in MACHINE.steps
    for source in row.sources
    for actor in row.actors
]
EVENTS = sorted({row.event for row in MACHINE.steps})


async def test_a_confirmed_order_makes_scheduled_leases(trade: Trade, agent: PlayedAgent) -> None:
    """The one row without a state before it."""
    (row,) = [row for row in MACHINE.steps if not row.sources]
    stage = LeaseStage(trade, agent)
    await stage.bring(row.target)
    last = (await trade.lease(stage.lease)).last_transition
    assert (last.event, last.actor) == (row.event, BROKER)


@pytest.mark.parametrize(("source", "event", "actor", "target"), ROWS)
async def test_a_row_of_the_table_happens(
    trade: Trade, agent: PlayedAgent, source: str, event: str, actor: str, target: str
) -> None:
    """The event leads from the state before to the state after, caused by the party that the table names."""
    stage = LeaseStage(trade, agent)
    await stage.bring(source)
    before = await trade.lease(stage.lease)
    assert await stage.cause(event, PARTIES[actor]) is None
    after = await trade.lease(stage.lease)
    assert v1.LeaseState.Name(after.state) == f"LEASE_STATE_{target}"
    assert (after.last_transition.event, after.last_transition.actor) == (event, PARTIES[actor])
    assert after.etag != before.etag
    taken = trade.store.reader.run_blocking(
        lambda connection: connection.execute(
            "SELECT count(*) FROM claims WHERE lease = ?", (stage.lease,)
        ).fetchone()[0]
    )
    assert bool(taken) == (target != "RELEASED")


@pytest.mark.parametrize("state", MACHINE.states)
async def test_nothing_else_happens(trade: Trade, agent: PlayedAgent, state: str) -> None:
    """In each state, every event that the table does not have there changes nothing at all."""
    stage = LeaseStage(trade, agent)
    await stage.bring(state)
    before = await trade.lease(stage.lease)
    legal = {row.event for row in MACHINE.steps if state in row.sources}
    for event in [event for event in EVENTS if event not in legal]:
        error = await stage.cause(event)
        assert error is None or error.reason == "ILLEGAL_TRANSITION", event
        if error is not None:
            assert error.details["current_state"] == state
            assert error.details["etag"] == before.etag
        assert await trade.lease(stage.lease) == before, event


async def test_terminate_is_refused_where_nothing_is_left_to_end(trade: Trade, agent: PlayedAgent) -> None:
    """A lease that failed or was released by its receipt cannot be terminated."""
    stage = LeaseStage(trade, agent)
    await stage.bring("RELEASED")
    error = await stage.cause("terminate")
    assert error is not None
    assert error.reason == "ILLEGAL_TRANSITION"
