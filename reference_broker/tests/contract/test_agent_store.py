"""The contract of `AgentStore` and `LeaseStore`: each method one transaction, repeated without harm."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from hashlib import sha256

import pytest

from crex_broker.application.ports.agents import EventKey
from reference_broker.tests.contract.delivery import Deliveries, private
from reference_broker.tests.contract.market import HOUR, POOL, Market, refusal
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER


@pytest.fixture
def deliveries(market: Market) -> Deliveries:
    """A market whose orders are delivered."""
    return Deliveries(market)


async def test_accepting_makes_every_lease_at_once(deliveries: Deliveries) -> None:
    """LEASE-MAKE-1: with the confirmation come all leases, and the command is closed."""
    order, leases = await deliveries.confirmed(3)
    assert order.state == "CONFIRMED"
    assert order.order_confirmation_sha256
    made = [await deliveries.store.leases.lease(CONSUMER, lease) for lease in leases]
    assert [(lease.state, lease.quantity, lease.pool) for lease in made if lease] == [("SCHEDULED", 3, POOL)]
    assert not await deliveries.store.agents.open_commands(PROVIDER)


async def test_an_order_is_answered_once(deliveries: Deliveries) -> None:
    """The same confirmation again changes nothing; any other is refused, whatever it says."""
    order = await deliveries.market.committed()
    command = await deliveries.command_of(order.name)
    document = private("order-confirmation", "first")
    agents = deliveries.store.agents
    first = await agents.accept_order(PROVIDER, command, document)
    assert await agents.accept_order(PROVIDER, command, document) == first
    other = private("order-confirmation", "other")
    with refusal("CONFLICT"):
        await agents.accept_order(PROVIDER, command, other)
    with refusal("CONFLICT"):
        await agents.reject_order(PROVIDER, command, other, "no")
    with refusal("NOT_FOUND"):
        await agents.accept_order(OTHER, command, other)


async def test_two_answers_at_once_leave_one(deliveries: Deliveries) -> None:
    """Of an acceptance and a rejection that meet, one counts and the other is refused."""
    order = await deliveries.market.committed(8)
    command = await deliveries.command_of(order.name)
    agents = deliveries.store.agents
    answers = await asyncio.gather(
        agents.accept_order(PROVIDER, command, private("order-confirmation", "yes")),
        agents.reject_order(PROVIDER, command, private("order-confirmation", "no"), ""),
        return_exceptions=True,
    )
    assert sorted(isinstance(answer, Exception) for answer in answers) == [False, True]


async def test_a_foreign_command_is_not_there(deliveries: Deliveries) -> None:
    """Nobody reads or answers another provider's commands and leases."""
    lease = await deliveries.started()
    command = await deliveries.command_of(lease)
    agents = deliveries.store.agents
    assert await agents.command(OTHER, command) is None
    assert await agents.lease(OTHER, lease) is None
    assert not await agents.open_commands(OTHER)
    for refused in (
        agents.activate(OTHER, command, deliveries.delivery()),
        agents.fail(OTHER, command, "", "next"),
        agents.release(OTHER, command, deliveries.release()),
        agents.adopt_failed(OTHER, lease, "next"),
    ):
        with refusal("NOT_FOUND"):
            await refused
    assert await deliveries.state(lease) == "PROVISIONING"


async def test_a_result_of_another_kind_does_not_count(deliveries: Deliveries) -> None:
    """AGENT-RESULT-3: a receipt does not answer a provision, nor a grant a release."""
    lease = await deliveries.started()
    agents = deliveries.store.agents
    with refusal("TERMS"):
        await agents.release(PROVIDER, await deliveries.command_of(lease), deliveries.release())
    await deliveries.terminated(lease)
    with refusal("TERMS"):
        await agents.activate(PROVIDER, await deliveries.command_of(lease), deliveries.delivery())


async def test_a_grant_stands_and_is_not_exchanged(deliveries: Deliveries) -> None:
    """ACCESS-EPOCH-1: the same grant again is the same lease, another of its epoch is refused."""
    lease = await deliveries.started()
    command = await deliveries.command_of(lease)
    delivery = deliveries.delivery()
    agents = deliveries.store.agents
    first = await agents.activate(PROVIDER, command, delivery)
    assert (first.state, first.access_epoch) == ("ACTIVE", 1)
    assert await agents.activate(PROVIDER, command, delivery) == first
    with refusal("CONFLICT"):
        await agents.activate(PROVIDER, command, deliveries.delivery())


async def test_units_return_with_the_receipt_only(deliveries: Deliveries) -> None:
    """RELEASE-CAPACITY-1: not with the end of the interval, not with terminate, not with a failure."""
    lease = await deliveries.active(8)
    deliveries.market.clock.advance(hours=2)
    await deliveries.store.timers.end_leases(100)
    with refusal("CAPACITY_EXHAUSTED"):
        await deliveries.market.held(1)
    command = await deliveries.command_of(lease)
    release = deliveries.release()
    first = await deliveries.store.agents.release(PROVIDER, command, release)
    assert first.release_receipt_sha256 == release.receipt.sha256
    assert await deliveries.store.agents.release(PROVIDER, command, release) == first
    with refusal("CONFLICT"):
        await deliveries.store.agents.release(PROVIDER, command, deliveries.release())
    await deliveries.market.held(8)


async def test_an_event_is_kept_with_what_it_does(deliveries: Deliveries) -> None:
    """AGENT-EVENT-3: an event counts once, and a refused one leaves no trace."""
    lease = await deliveries.active()
    agents = deliveries.store.agents
    key = EventKey(PROVIDER, "event-1", sha256(b"it broke").digest())
    with refusal("TERMS"):
        early = deliveries.release(at_ms=deliveries.market.clock.ms - HOUR)
        await agents.event_released(key, lease, early)
    failed = await agents.event_failed(key, lease, "it broke", "release-1")
    assert failed.state == "FAILED"
    assert await agents.event_failed(key, lease, "it broke", "release-2") == failed
    assert await deliveries.command_of(lease) == "release-1"
    with refusal("CONFLICT"):
        await agents.event_failed(replace(key, body_hash=b"other"), lease, "", "release-3")


async def test_an_inventory_is_compared_by_name(deliveries: Deliveries) -> None:
    """Unknown, missing and reconciling leases are told apart, each provider for itself."""
    active, missing = await deliveries.active(), await deliveries.active()
    waiting = await deliveries.started()
    deliveries.market.clock.advance(minutes=10)
    await deliveries.store.timers.provision_deadlines(100)
    ended = await deliveries.released()
    found = await deliveries.store.agents.compare_inventory(
        PROVIDER, [active, waiting, ended, "crex://x/y/z"]
    )
    assert set(found.unknown) == {ended, "crex://x/y/z"}
    assert found.missing == (missing,)
    assert [view.lease.name for view in found.reconciling] == [waiting]
    foreign = await deliveries.store.agents.compare_inventory(OTHER, [active])
    assert (foreign.unknown, foreign.missing, foreign.reconciling) == ((active,), (), ())
    for _ in range(2):
        await deliveries.store.agents.quarantine(PROVIDER, found.unknown)


async def test_terminate_is_remembered(deliveries: Deliveries) -> None:
    """IDEMPOTENCY-REPLAY-1: the same request gives the first outcome, also after the lease moved on."""
    lease = await deliveries.active()
    mutation = deliveries.market.mutation(CONSUMER, request_id="end-the-lease")

    first = await deliveries.store.leases.terminate(
        mutation, lease, etag="", reason="", command_id="release-1"
    )
    await deliveries.store.agents.release(PROVIDER, "release-1", deliveries.release())
    again = await deliveries.store.leases.terminate(
        mutation, lease, etag="", reason="", command_id="release-2"
    )
    assert (first.replayed, again.replayed) == (False, True)
    assert again.outcome == first.outcome
