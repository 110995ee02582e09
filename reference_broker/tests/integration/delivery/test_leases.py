"""The life of a lease, from a confirmed order to units that are free again."""

from __future__ import annotations

import pytest

from crex import v1
from crex.errors import CrexError
from crex.trust.envelope import digest
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER
from reference_broker.tests.trade import Trade


async def test_a_lease_is_confirmed_delivered_used_and_released(trade: Trade, agent: PlayedAgent) -> None:
    """An accepted order becomes leases, each delivered by command, and its units return with the receipt."""
    order = await trade.order(3, lines=2)
    command = await agent.command("confirm")
    assert command.command_epoch == 1
    assert command.confirm.order == order.name
    agent.accept(command)
    await agent.settled()
    assert await trade.order_state(order.name) == "CONFIRMED"
    await trade.tick()
    for line in order.lines:
        command = await agent.command("provision")
        assert command.provision.lease.name == line.lease
        assert command.provision.terms.mode == "on-demand"
        agent.provision(command)
        await agent.settled()
        assert await trade.state(line.lease) == "ACTIVE"
    assert trade.claimed() == 6
    for line in order.lines:
        await trade.terminate(line.lease)
        command = await agent.command("release")
        assert command.command_epoch == 2
        assert trade.claimed() == (6 if line is order.lines[0] else 3)
        agent.release(command)
        await agent.settled()
        assert await trade.state(line.lease) == "RELEASED"
    assert trade.claimed() == 0
    await trade.tick()
    assert await trade.order_state(order.name) == "FULFILLED"


async def test_access_reaches_the_consumer_as_it_was_signed(trade: Trade, agent: PlayedAgent) -> None:
    """GetAccess gives the grant byte for byte, to the consumer only, once it came (ACCESS-READ-1)."""
    lease, command = await trade.provisioning(agent)
    request = v1.GetAccessRequest(lease=lease)
    with pytest.raises(CrexError) as refused:
        await trade.call("LeaseService/GetAccess", request, CONSUMER)
    assert refused.value.reason == "ILLEGAL_TRANSITION"
    provisioned = agent.provisioned(command)
    agent.answer(command, provisioned=provisioned)
    await agent.settled()
    response = await trade.call("LeaseService/GetAccess", request, CONSUMER)
    assert response.access_grant == provisioned.access_grant
    for stranger in (PROVIDER, OTHER):
        with pytest.raises(CrexError) as refused:
            await trade.call("LeaseService/GetAccess", request, stranger)
        assert refused.value.reason == "NOT_FOUND"


async def test_a_lease_is_there_for_its_parties_only(trade: Trade, agent: PlayedAgent) -> None:
    """Every method answers NOT_FOUND to who is no party, and both parties read the same (LEASE-PARTY-1)."""
    lease = await trade.active(agent)
    assert await trade.lease(lease, CONSUMER) == await trade.lease(lease, PROVIDER)
    with pytest.raises(CrexError) as refused:
        await trade.lease(lease, OTHER)
    assert refused.value.reason == "NOT_FOUND"
    with pytest.raises(CrexError) as refused:
        await trade.terminate(lease, OTHER)
    assert refused.value.reason == "NOT_FOUND"
    listed = await trade.call("LeaseService/ListLeases", v1.ListLeasesRequest(), OTHER)
    assert not listed.leases


async def test_leases_are_listed_newest_first_in_pages(trade: Trade, agent: PlayedAgent) -> None:
    """Pages follow each other by tokens that are good for their own list and caller only."""
    names = [await trade.scheduled(agent, quantity=1, start=trade.at(hours=2), end=trade.at(hours=3))]
    names += [await trade.scheduled(agent, quantity=1, start=trade.at(hours=2), end=trade.at(hours=3))]
    first = await trade.call("LeaseService/ListLeases", v1.ListLeasesRequest(page_size=1), CONSUMER)
    assert [lease.name for lease in first.leases] == names[1:]
    next_request = v1.ListLeasesRequest(page_size=1, page_token=first.next_page_token)
    second = await trade.call("LeaseService/ListLeases", next_request, CONSUMER)
    assert [lease.name for lease in second.leases] == names[:1]
    assert not second.next_page_token
    for caller, request in (
        (PROVIDER, next_request),
        (CONSUMER, v1.ListLeasesRequest(order="crex://a.example/order/x", page_token=first.next_page_token)),
    ):
        with pytest.raises(CrexError) as refused:
            await trade.call("LeaseService/ListLeases", request, caller)
        assert refused.value.reason == "PAGE_TOKEN_MISMATCH"


async def test_a_lease_that_never_started_frees_its_units_at_once(trade: Trade, agent: PlayedAgent) -> None:
    """Terminating a SCHEDULED lease releases it without a receipt (LEASE-TERMINATE-1, LEASE-FULFIL-1)."""
    lease = await trade.scheduled(agent, start=trade.at(hours=2), end=trade.at(hours=3))
    ended = await trade.terminate(lease, PROVIDER, reason="the rack moves")
    assert ended.state == v1.LeaseState.LEASE_STATE_RELEASED
    assert ended.last_transition.actor == PROVIDER
    assert ended.last_transition.reason == "the rack moves"
    assert trade.claimed() == 0
    await trade.tick()
    assert await trade.order_state(ended.order) == "FULFILLED"


async def test_terminating_twice_ends_once(trade: Trade, agent: PlayedAgent) -> None:
    """The same request gives the first result; another request on a lease that is ending changes nothing."""
    lease = await trade.active(agent)
    request = v1.TerminateLeaseRequest(request_id=trade.request_id(), lease=lease)
    first = await trade.call("LeaseService/TerminateLease", request, CONSUMER)
    again = await trade.call("LeaseService/TerminateLease", request, CONSUMER)
    assert again.replayed
    assert again.lease == first.lease
    other = await trade.terminate(lease, PROVIDER)
    assert other == first.lease
    await agent.command("release")
    assert await agent.settled() == []


async def test_a_stale_etag_ends_nothing(trade: Trade, agent: PlayedAgent) -> None:
    """TerminateLease with the etag of an older version is refused with the one that stands."""
    lease, command = await trade.provisioning(agent)
    read = await trade.lease(lease)
    agent.provision(command)
    await agent.settled()
    with pytest.raises(CrexError) as refused:
        await trade.terminate(lease, etag=read.etag)
    assert refused.value.reason == "ETAG_MISMATCH"
    assert refused.value.details["current_state"] == "ACTIVE"
    await trade.terminate(lease, etag=refused.value.details["etag"])


async def test_nothing_starts_before_its_interval(trade: Trade, agent: PlayedAgent) -> None:
    """A lease is delivered when its interval begins, and not before (LEASE-START-1)."""
    lease = await trade.scheduled(agent, start=trade.at(minutes=10), end=trade.at(hours=1))
    trade.clock.advance(minutes=9, seconds=59)
    await trade.tick()
    assert await trade.state(lease) == "SCHEDULED"
    trade.clock.advance(seconds=1)
    await trade.tick()
    assert await trade.state(lease) == "PROVISIONING"


async def test_a_lease_past_its_end_still_occupies_its_units(trade: Trade, agent: PlayedAgent) -> None:
    """Until it is released its units are not free; their next lease waits (LEASE-END-1, LEASE-OCCUPY-1)."""
    overdue = await trade.active(agent, quantity=8)
    following = await trade.scheduled(agent, quantity=8, start=trade.at(hours=1), end=trade.at(hours=2))
    trade.clock.advance(hours=1)
    await trade.tick()
    assert await trade.state(overdue) == "RELEASING"
    assert await trade.state(following) == "DELAYED"
    release = await agent.command("release")
    with pytest.raises(CrexError) as refused:
        await trade.order(1, start=trade.at(hours=3), end=trade.at(hours=4))
    assert refused.value.reason == "CAPACITY_EXHAUSTED"
    trade.clock.advance(minutes=30)
    await trade.tick()
    assert await trade.state(following) == "DELAYED"
    agent.release(release)
    await agent.settled()
    await trade.tick()
    assert await trade.state(following) == "PROVISIONING"
    assert (await agent.command("provision")).provision.lease.name == following


async def test_waiting_leases_share_what_is_free(trade: Trade, agent: PlayedAgent) -> None:
    """Of two leases that wait, the one that fits starts; none is told to start on occupied units."""
    overdue = await trade.active(agent, quantity=4)
    hour = {"start": trade.at(hours=1), "end": trade.at(hours=2)}
    first = await trade.scheduled(agent, quantity=4, **hour)
    second = await trade.scheduled(agent, quantity=4, **hour)
    trade.clock.advance(hours=1)
    await trade.tick()
    assert [await trade.state(name) for name in (overdue, first, second)] == [
        "RELEASING",
        "PROVISIONING",
        "DELAYED",
    ]


async def test_the_release_receipt_is_kept_as_it_was_signed(trade: Trade, agent: PlayedAgent) -> None:
    """GetLease gives the receipt byte for byte once the lease is released."""
    lease = await trade.active(agent)
    await trade.terminate(lease)
    command = await agent.command("release")
    receipt = agent.receipt(lease, command.release.order_document)
    agent.answer(command, release_receipt=receipt)
    await agent.settled()
    response = await trade.call("LeaseService/GetLease", v1.GetLeaseRequest(lease=lease), CONSUMER)
    assert response.release_receipt == receipt
    assert response.lease.release_receipt_sha256 == digest(receipt.payload)
    assert response.lease.ended_at == response.lease.terminated_at
