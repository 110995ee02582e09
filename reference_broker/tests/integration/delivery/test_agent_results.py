"""Results count by what is signed in them, once, and only for the command they answer."""

from __future__ import annotations

from typing import Any

import pytest

from crex import v1
from reference_broker.tests.agent import ACCEPTED, REJECTED, PlayedAgent, pin_of
from reference_broker.tests.exchange import CONSUMER, OTHER
from reference_broker.tests.trade import Trade


async def confirmations(agent: PlayedAgent, command: v1.Command) -> dict[str, v1.Envelope]:
    """Answers to an order that must not count, by what is wrong with them."""
    right = agent.confirmation(command, ACCEPTED)
    flipped = v1.Envelope()
    flipped.CopyFrom(right)
    flipped.payload = right.payload.replace(b"ACCEPTED", b"REJECTED")
    other_order = v1.OrderConfirmation(
        header=agent.header("confirmation", "other-order"),
        order=v1.Pin(id=pin_of(command.confirm.order_document).id, revision=1, sha256="0" * 64),
        outcome=ACCEPTED,
    )
    other_revision = v1.OrderConfirmation(
        header=agent.header("confirmation", "other-revision"),
        order=v1.Pin(
            id=pin_of(command.confirm.order_document).id,
            revision=2,
            sha256=pin_of(command.confirm.order_document).sha256,
        ),
        outcome=REJECTED,
    )
    return {
        "a flipped word": flipped,
        "signed by another": agent.confirmation(command, ACCEPTED, by=OTHER),
        "rejected by another": agent.confirmation(command, REJECTED, by=OTHER),
        "another type": agent.grant("crex://a.example/lease/x", command.confirm.order_document),
        "another order": agent.signed(other_order),
        "another revision of the order": agent.signed(other_revision),
        "no leases": agent.confirmation(command, ACCEPTED, leases=[]),
        "another lease": agent.confirmation(command, ACCEPTED, leases=["crex://a.example/lease/x"]),
        "a rejection with leases": agent.confirmation(
            command, REJECTED, leases=["crex://broker.example/lease/x"]
        ),
        "nothing": v1.Envelope(),
        "no signature": v1.Envelope(payload_type=right.payload_type, payload=right.payload),
        "garbage": v1.Envelope(
            payload_type=right.payload_type, payload=b"\xff{", signatures=right.signatures
        ),
    }


async def test_a_confirmation_that_does_not_hold_changes_nothing(trade: Trade, agent: PlayedAgent) -> None:
    """A wrong answer changes nothing (AGENT-RESULT-1, AGENT-CONFIRM-1, CONFIRM-ORDER-1)."""
    order = await trade.order()
    command = await agent.command("confirm")
    for what, envelope in (await confirmations(agent, command)).items():
        agent.answer(command, order_confirmation=envelope)
        await agent.settled()
        assert await trade.order_state(order.name) == "COMMITTING", what
    assert trade.claimed() == 2
    agent.accept(command)
    await agent.settled()
    assert await trade.order_state(order.name) == "CONFIRMED"


async def test_answers_to_nothing_change_nothing(trade: Trade, agent: PlayedAgent) -> None:
    """A result for an unknown command, another provider's, another epoch or of another kind is ignored."""
    order = await trade.order()
    command = await agent.command("confirm")
    confirmation = agent.confirmation(command, ACCEPTED)
    for wrong in (
        v1.CommandResult(command_id="unheard-of", command_epoch=1, order_confirmation=confirmation),
        v1.CommandResult(command_id=command.id, command_epoch=2, order_confirmation=confirmation),
        v1.CommandResult(command_id=command.id, order_confirmation=confirmation),
        v1.CommandResult(command_id=command.id, command_epoch=1, failure=v1.CommandFailure(message="no")),
        v1.CommandResult(command_id=command.id, command_epoch=1, release_receipt=confirmation),
        v1.CommandResult(command_id=command.id, command_epoch=1),
    ):
        agent.say(result=wrong)
    await agent.settled()
    stranger = await PlayedAgent.join(trade, OTHER)
    stranger.answer(command, order_confirmation=confirmation)
    await stranger.settled()
    await stranger.drop()
    assert await trade.order_state(order.name) == "COMMITTING"


async def test_a_rejection_frees_the_units(trade: Trade, agent: PlayedAgent) -> None:
    """A signed rejection ends the order and returns its units, once (AGENT-CONFIRM-2)."""
    order = await trade.order(8)
    command = await agent.command("confirm")
    agent.reject(command)
    agent.reject(command)
    await agent.settled()
    assert await trade.order_state(order.name) == "REJECTED"
    assert trade.claimed() == 0
    agent.answer(command, order_confirmation=agent.confirmation(command, ACCEPTED, name="changed-its-mind"))
    await agent.settled()
    assert await trade.order_state(order.name) == "REJECTED"
    await trade.order(8)


async def test_the_same_results_again_change_nothing(trade: Trade, agent: PlayedAgent) -> None:
    """Every result may come twice, at once or later, in any order (AGENT-RESULT-2)."""
    lease, provision = await trade.provisioning(agent)
    delivered = agent.provisioned(provision)
    for _ in range(3):
        agent.answer(provision, provisioned=delivered)
    await agent.settled()
    active = await trade.lease(lease)
    await trade.terminate(lease)
    release = await agent.command("release")
    receipt = agent.receipt(lease, release.release.order_document)
    agent.answer(release, release_receipt=receipt)
    agent.answer(provision, provisioned=delivered)
    agent.answer(release, release_receipt=receipt)
    agent.answer(provision, failure=v1.CommandFailure(message="late"))
    await agent.settled()
    ended = await trade.lease(lease)
    assert ended.state == v1.LeaseState.LEASE_STATE_RELEASED
    assert ended.access_epoch == active.access_epoch
    assert trade.claimed() == 0
    assert not await agent.settled()


async def test_a_replaced_command_no_longer_counts(trade: Trade, agent: PlayedAgent) -> None:
    """Delivery that is reported after the lease was terminated is ignored (AGENT-EPOCH-2)."""
    lease, provision = await trade.provisioning(agent)
    await trade.terminate(lease)
    agent.provision(provision)
    await agent.settled()
    assert await trade.state(lease) == "RELEASING"
    agent.release(await agent.command("release"))
    await agent.settled()
    assert await trade.state(lease) == "RELEASED"


def wrong_grants(agent: PlayedAgent, lease: str, order: v1.Envelope) -> dict[str, v1.Envelope]:
    """Access grants that must not count, by what is wrong with them."""
    return {
        "another lease": agent.grant("crex://broker.example/lease/other", order, name="wrong-1"),
        "another order": agent.grant(lease, agent.grant(lease, order, name="not-an-order"), name="wrong-2"),
        "another interface": agent.grant(lease, order, interface="https", name="wrong-3"),
        "another signer": agent.grant(lease, order, by=OTHER),
        "no grant": v1.Envelope(),
    }


async def test_a_grant_that_does_not_hold_delivers_nothing(trade: Trade, agent: PlayedAgent) -> None:
    """A lease is ACTIVE only by the provider's own grant for this lease and order (ACCESS-LEASE-1)."""
    lease, command = await trade.provisioning(agent)
    order = command.provision.order_document
    right = agent.provisioned(command)
    for what, grant in wrong_grants(agent, lease, order).items():
        wrong = v1.Provisioned(access_grant=grant, activated_at=right.activated_at)
        agent.answer(command, provisioned=wrong)
        await agent.settled()
        assert await trade.state(lease) == "PROVISIONING", what
    agent.answer(command, provisioned=right)
    await agent.settled()
    assert await trade.state(lease) == "ACTIVE"


@pytest.mark.parametrize("seconds", [-61, 61, -86_400, 10**9])
async def test_nobody_delivers_before_being_told_or_tomorrow(
    trade: Trade, agent: PlayedAgent, seconds: int
) -> None:
    """An activation outside what clocks explain is refused, so that nobody pays for it (LEASE-ACTIVE-1)."""
    lease, command = await trade.provisioning(agent)
    agent.provision(command, trade.at(seconds=seconds))
    await agent.settled()
    assert await trade.state(lease) == "PROVISIONING"


async def test_clocks_that_differ_bill_nothing_before_the_lease(trade: Trade, agent: PlayedAgent) -> None:
    """Where the provider's clock is behind, the lease begins with its interval."""
    lease, command = await trade.provisioning(agent)
    agent.provision(command, trade.at(seconds=-45))
    await agent.settled()
    read = await trade.lease(lease)
    assert read.state == v1.LeaseState.LEASE_STATE_ACTIVE
    assert read.activated_at == read.interval.start


async def test_another_grant_of_the_same_epoch_is_refused(trade: Trade, agent: PlayedAgent) -> None:
    """An access that stands is not exchanged under its epoch (ACCESS-EPOCH-1)."""
    lease, command = await trade.provisioning(agent)
    agent.provision(command)
    await agent.settled()
    before = await trade.call("LeaseService/GetAccess", v1.GetAccessRequest(lease=lease), CONSUMER)
    other = agent.grant(lease, command.provision.order_document, name="exchanged")
    activated = agent.provisioned(command).activated_at
    agent.answer(command, provisioned=v1.Provisioned(access_grant=other, activated_at=activated))
    await agent.settled()
    after = await trade.call("LeaseService/GetAccess", v1.GetAccessRequest(lease=lease), CONSUMER)
    assert after == before


async def test_a_receipt_that_does_not_hold_frees_nothing(trade: Trade, agent: PlayedAgent) -> None:
    """Units return only by the provider's receipt for this very lease (RELEASE-LEASE-1, RELEASE-TIME-1)."""
    lease = await trade.active(agent)
    await trade.terminate(lease)
    command = await agent.command("release")
    order = command.release.order_document
    wrong: dict[str, Any] = {
        "another lease": agent.receipt("crex://broker.example/lease/other", order, name="wrong-1"),
        "another signer": agent.receipt(lease, order, by=OTHER),
        "in an hour": agent.receipt(lease, order, trade.at(hours=1), name="wrong-2"),
        "before it began": agent.receipt(lease, order, trade.at(hours=-1), name="wrong-3"),
        "a grant": agent.grant(lease, order, name="wrong-4"),
    }
    for what, receipt in wrong.items():
        agent.answer(command, release_receipt=receipt)
        await agent.settled()
        assert await trade.state(lease) == "RELEASING", what
        assert trade.claimed() == 2, what
    agent.answer(command, failure=v1.CommandFailure(message="cannot"))
    await agent.settled()
    assert await trade.state(lease) == "RELEASING"
    agent.release(command)
    await agent.settled()
    assert trade.claimed() == 0


async def test_a_late_answer_still_counts_until_the_horizon(trade: Trade, agent: PlayedAgent) -> None:
    """RECONCILING an order can still be accepted; ABANDONED it can only be rejected (AGENT-CONFIRM-3)."""
    late, abandoned = await trade.order(2), await trade.order(6)
    commands = [await agent.command("confirm"), await agent.command("confirm")]
    trade.clock.advance(minutes=1)
    await trade.tick()
    assert await trade.order_state(late.name) == "RECONCILING"
    agent.accept(commands[0])
    await agent.settled()
    assert await trade.order_state(late.name) == "CONFIRMED"
    trade.clock.advance(hours=24)
    await trade.tick()
    assert await trade.order_state(abandoned.name) == "ABANDONED"
    agent.accept(commands[1])
    await agent.settled()
    assert await trade.order_state(abandoned.name) == "ABANDONED"
    taken = trade.claimed()
    rejection = agent.confirmation(commands[1], REJECTED, name="given-back")
    agent.answer(commands[1], order_confirmation=rejection)
    await agent.settled()
    assert await trade.order_state(abandoned.name) == "ABANDONED"
    assert trade.claimed() == taken - 6


async def test_an_abandoned_order_keeps_its_units(trade: Trade, agent: PlayedAgent) -> None:
    """Units of an order that was never answered stay taken until the provider gives them back."""
    await trade.order(8)
    await agent.command("confirm")
    trade.clock.advance(minutes=1)
    await trade.tick()
    trade.clock.advance(hours=24)
    await trade.tick()
    assert trade.claimed() == 8
