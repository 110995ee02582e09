"""Events and inventories: what a provider reports without being asked, and what follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from crex import v1
from crex.documents.convert import to_timestamp
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.exchange import OTHER, PROVIDER
from reference_broker.tests.trade import Trade

ACTIVE = v1.InventoryState.INVENTORY_STATE_ACTIVE
FAILED = v1.InventoryState.INVENTORY_STATE_FAILED
PROVISIONING = v1.InventoryState.INVENTORY_STATE_PROVISIONING


async def reconciling(trade: Trade, agent: PlayedAgent) -> tuple[str, v1.Command]:
    """A lease whose provider did not report in time, and the command that stands."""
    lease, command = await trade.provisioning(agent, end=trade.at(hours=2))
    trade.clock.advance(minutes=10)
    await trade.tick()
    assert await trade.state(lease) == "RECONCILING"
    return lease, command


def quarantined(trade: Trade) -> list[tuple[str, str]]:
    """What is noted as unknown: provider and lease."""
    return trade.store.reader.run_blocking(
        lambda connection: connection.execute(
            "SELECT provider, lease FROM quarantine ORDER BY lease"
        ).fetchall()
    )


def failed(event_id: str, lease: str, message: str = "a disk died") -> v1.AgentEvent:
    """The event that a lease failed."""
    failure = v1.CommandFailure(reason=v1.ErrorReason.ERROR_REASON_INTERNAL, message=message)
    return v1.AgentEvent(event_id=event_id, lease=lease, failed=failure)


async def test_an_agent_cut_off_mid_provision_adopts_what_runs(trade: Trade, agent: PlayedAgent) -> None:
    """A restarted agent reports what it runs, answers the repeated command, and the lease goes on."""
    lease, command = await trade.provisioning(agent, end=trade.at(hours=2))
    await agent.drop()
    trade.clock.advance(minutes=10)
    await trade.tick()
    assert await trade.state(lease) == "RECONCILING"
    back = await PlayedAgent.join(trade)
    back.say(inventory=v1.Inventory(items=[v1.InventoryItem(lease=lease, state=PROVISIONING)]))
    await back.settled()
    assert await trade.state(lease) == "PROVISIONING"
    repeated = await back.command("provision")
    assert (repeated.id, repeated.command_epoch) == (command.id, command.command_epoch)
    back.provision(repeated)
    await back.settled()
    assert await trade.state(lease) == "ACTIVE"
    assert not await back.settled()
    await back.drop()


async def test_a_delivered_lease_is_adopted_with_its_grant(trade: Trade, agent: PlayedAgent) -> None:
    """RECONCILING becomes ACTIVE by an inventory only with a grant that holds, and the result may follow."""
    lease, command = await reconciling(trade, agent)
    provisioned = agent.provisioned(command)
    stolen = agent.grant(lease, command.provision.order_document, by=OTHER)
    for grant in (None, stolen):
        bare = v1.InventoryItem(lease=lease, state=ACTIVE, activated_at=provisioned.activated_at)
        bare.access_grant.CopyFrom(grant or v1.Envelope())
        agent.say(inventory=v1.Inventory(items=[bare]))
        await agent.settled()
        assert await trade.state(lease) == "RECONCILING"
    item = v1.InventoryItem(
        lease=lease,
        state=ACTIVE,
        activated_at=provisioned.activated_at,
        access_grant=provisioned.access_grant,
    )
    agent.say(inventory=v1.Inventory(items=[item]))
    agent.answer(command, provisioned=provisioned)
    await agent.settled()
    read = await trade.lease(lease)
    assert read.state == v1.LeaseState.LEASE_STATE_ACTIVE
    assert read.last_transition.event == "inventory-active"
    trade.clock.advance(hours=1)
    trade.context.commands.ring(PROVIDER)
    assert not await agent.settled()


async def test_a_failed_lease_is_released(trade: Trade, agent: PlayedAgent) -> None:
    """RECONCILING becomes FAILED as reported, then RELEASED (AGENT-INVENTORY-2, LEASE-FAIL-1)."""
    lease, _ = await reconciling(trade, agent)
    agent.say(inventory=v1.Inventory(items=[v1.InventoryItem(lease=lease, state=FAILED)]))
    await agent.settled()
    assert await trade.state(lease) == "FAILED"
    agent.release(await agent.command("release"))
    await agent.settled()
    assert await trade.state(lease) == "RELEASED"


async def test_what_is_unknown_is_quarantined(trade: Trade, agent: PlayedAgent) -> None:
    """Foreign, unheard-of and ended leases are noted, and left alone (AGENT-QUARANTINE-1)."""
    running = await trade.active(agent, quantity=1)
    ended = await trade.released(agent, quantity=1)
    later = await trade.scheduled(agent, quantity=1, start=trade.at(hours=2), end=trade.at(hours=3))
    unheard = "crex://broker.example/lease/unheard-of"
    items = [v1.InventoryItem(lease=name, state=ACTIVE) for name in (running, ended, later, unheard)]
    agent.say(inventory=v1.Inventory(items=items))
    assert not await agent.settled()
    assert quarantined(trade) == sorted((PROVIDER, name) for name in (ended, later, unheard))
    stranger = await PlayedAgent.join(trade, OTHER)
    stranger.say(inventory=v1.Inventory(items=[v1.InventoryItem(lease=running, state=FAILED)]))
    await stranger.settled()
    await stranger.drop()
    assert (OTHER, running) in quarantined(trade)
    assert await trade.state(running) == "ACTIVE"


async def test_notes_of_the_unknown_are_bounded(trade: Trade, agent: PlayedAgent) -> None:
    """A provider cannot fill the broker's disk with names that mean nothing."""
    names = [f"crex://broker.example/lease/n{number}" for number in range(10_001)]
    agent.say(inventory=v1.Inventory(items=[v1.InventoryItem(lease=name, state=ACTIVE) for name in names]))
    agent.say(inventory=v1.Inventory(items=[v1.InventoryItem(lease=f"{names[0]}-more", state=ACTIVE)]))
    await agent.settled()
    assert len(quarantined(trade)) == 10_000


async def test_an_inventory_ends_nothing(trade: Trade, agent: PlayedAgent) -> None:
    """A lease that an inventory lacks, or calls failed, stays ACTIVE (AGENT-INVENTORY-3)."""
    lease = await trade.active(agent)
    before = await trade.lease(lease)
    for items in ([], [v1.InventoryItem(lease=lease, state=FAILED)], [v1.InventoryItem(lease=lease)]):
        agent.say(inventory=v1.Inventory(items=items))
    await agent.settled()
    assert await trade.lease(lease) == before


async def test_an_event_counts_once(trade: Trade, agent: PlayedAgent) -> None:
    """A repeated event changes nothing; the same identifier with other content is refused (AGENT-EVENT-3)."""
    lease = await trade.active(agent)
    agent.say(event=failed("event-1", lease))
    assert await agent.ack() == v1.EventAck(event_id="event-1")
    first = await trade.lease(lease)
    assert first.state == v1.LeaseState.LEASE_STATE_FAILED
    assert first.last_transition.reason == "INTERNAL: a disk died"
    agent.say(event=failed("event-1", lease))
    assert await agent.ack() == v1.EventAck(event_id="event-1")
    agent.say(event=failed("event-1", lease, "a fire broke out"))
    assert (await agent.ack()).refused == v1.ErrorReason.ERROR_REASON_CONFLICT
    assert await trade.lease(lease) == first
    await agent.command("release")
    assert await agent.settled() == []


async def test_a_lease_that_ends_by_itself_is_released(trade: Trade, agent: PlayedAgent) -> None:
    """The event with a receipt frees the units, and use ended when the receipt says."""
    lease, command = await trade.provisioning(agent)
    agent.provision(command)
    await agent.settled()
    trade.clock.advance(minutes=20)
    receipt = agent.receipt(lease, command.provision.order_document, trade.at(minutes=-5))
    agent.say(event=v1.AgentEvent(event_id="gone", lease=lease, released=receipt))
    assert await agent.ack() == v1.EventAck(event_id="gone")
    read = await trade.lease(lease)
    assert read.state == v1.LeaseState.LEASE_STATE_RELEASED
    assert read.terminated_at == read.ended_at == to_timestamp(trade.at(minutes=-5))
    assert trade.claimed() == 0


async def test_events_about_what_is_not_there_are_refused(trade: Trade, agent: PlayedAgent) -> None:
    """Foreign leases, wrong receipts and impossible steps are refused for good (AGENT-EVENT-2)."""
    lease = await trade.scheduled(agent, start=trade.at(hours=2), end=trade.at(hours=3))
    reason = v1.ErrorReason
    agent.say(event=failed("e1", lease))
    assert (await agent.ack()).refused == reason.ERROR_REASON_ILLEGAL_TRANSITION
    agent.say(event=failed("e2", "crex://broker.example/lease/unheard-of"))
    assert (await agent.ack()).refused == reason.ERROR_REASON_NOT_FOUND
    agent.say(event=v1.AgentEvent(event_id="e3", lease=lease, released=v1.Envelope()))
    assert (await agent.ack()).refused != reason.ERROR_REASON_UNSPECIFIED
    stranger = await PlayedAgent.join(trade, OTHER)
    stranger.say(event=failed("e1", lease))
    assert (await stranger.ack()).refused == reason.ERROR_REASON_NOT_FOUND
    await stranger.drop()
    assert await trade.state(lease) == "SCHEDULED"


@pytest.mark.parametrize("after", ["confirm", "provision", "release"])
async def test_a_broker_that_restarts_goes_on(trade: Trade, tmp_path: Path, after: str) -> None:
    """What was commanded before the broker stopped is commanded again (AGENT-COMMAND-1, AGENT-COMMAND-2)."""
    agent = await PlayedAgent.join(trade)
    lease, steps = "", {"confirm": 0, "provision": 1, "release": 2}[after]
    if steps == 0:
        await trade.order()
        standing = await agent.command("confirm")
    else:
        lease, standing = await trade.provisioning(agent)
    if steps == 2:
        agent.provision(standing)
        await agent.settled()
        await trade.terminate(lease)
        standing = await agent.command("release")
    await agent.drop()
    trade.close()
    again = Trade.open(tmp_path / "broker.db", clock=trade.clock)
    assert isinstance(again, Trade)
    for envelope in await again.store.parties.trust_documents():
        again.context.trust.restore(v1.Envelope.FromString(envelope))
    back = await PlayedAgent.join(again)
    assert await back.command(after) == standing
    {"confirm": back.accept, "provision": back.provision, "release": back.release}[after](standing)
    await back.settled()
    await again.tick()
    if lease:
        assert await again.state(lease) == {"provision": "ACTIVE", "release": "RELEASED"}[after]
    await back.drop()
    again.close()
