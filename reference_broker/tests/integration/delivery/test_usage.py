"""Usage at the broker: what is appended, sealed and refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crex import v1
from crex.documents.convert import to_timestamp
from crex.errors import CrexError
from crex.metering.batch import build_batch
from crex.metering.chain import Chain
from crex.metering.meter import HoldingMeter, MeterInfo
from crex.trust.envelope import digest
from reference_broker.tests.agent import PlayedAgent, pin_of
from reference_broker.tests.billing import ACTIVATED, TERMINATED, Books
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER, signer
from reference_broker.tests.trade import Trade

OPEN = v1.UsageState.USAGE_STATE_OPEN
SEALED = v1.UsageState.USAGE_STATE_SEALED


async def books(trade: Trade, agent: PlayedAgent, minutes: int = 10) -> Books:
    """The books of a lease of two units that has been in use for some minutes."""
    lease = await trade.active(agent, end=trade.at(hours=6))
    trade.clock.advance(minutes=minutes)
    return await Books.open(trade, lease)


async def refused(books: Books, *args: object, **more: object) -> CrexError:
    """The error by which the next batch is refused."""
    with pytest.raises(CrexError) as caught:
        await books.append(*args, **more)  # type: ignore[arg-type]
    return caught.value


async def test_usage_is_appended_and_sealed(trade: Trade, agent: PlayedAgent) -> None:
    """Batches are counted, the period is sealed with the final one, and both parties read the same bytes."""
    kept = await books(trade, agent)
    first = await kept.append(kept.read())
    assert (first.state, first.batch_count, first.record_count) == (OPEN, 1, 1)
    trade.clock.advance(minutes=10)
    last = await kept.seal(kept.read())
    assert (last.state, last.batch_count, last.record_count) == (SEALED, 2, 2)
    assert last.last_batch_sha256 == digest(kept.sent[-1][0].payload)
    for party in (CONSUMER, PROVIDER):
        request = v1.ListUsageRequest(lease=kept.lease.name)
        listed = await trade.call("BillingService/ListUsage", request, party)
        assert [(each.batch, list(each.records)) for each in listed.batches] == [
            (envelope, list(bodies)) for envelope, bodies in kept.sent
        ]
        assert list(listed.periods) == [last]
    with pytest.raises(CrexError) as caught:
        await trade.call("BillingService/ListUsage", v1.ListUsageRequest(lease=kept.lease.name), OTHER)
    assert caught.value.reason == "NOT_FOUND"


async def test_usage_is_listed_in_pages(trade: Trade, agent: PlayedAgent) -> None:
    """Pages give the chain in its order, each batch once."""
    kept = await books(trade, agent, 1)
    for _ in range(3):
        await kept.append(kept.read())
        trade.clock.advance(minutes=1)
    request = v1.ListUsageRequest(lease=kept.lease.name, page_size=2)
    first = await trade.call("BillingService/ListUsage", request, CONSUMER)
    request.page_token = first.next_page_token
    second = await trade.call("BillingService/ListUsage", request, CONSUMER)
    assert [each.batch for each in (*first.batches, *second.batches)] == [sent for sent, _ in kept.sent]
    assert not second.next_page_token


async def test_a_repeated_batch_gives_the_same_result(trade: Trade, agent: PlayedAgent) -> None:
    """The same bytes count once, under whatever request identifier they come (BILLING-DUPLICATE-1)."""
    kept = await books(trade, agent)
    draft = kept.draft(kept.read())
    envelope = signer(PROVIDER).sign_document(draft.message)
    first = await kept.deliver(envelope, draft.bodies, request_id="append-00001")
    assert await kept.deliver(envelope, draft.bodies, request_id="append-00001") == first
    assert await kept.deliver(envelope, draft.bodies) == first
    with pytest.raises(CrexError) as caught:
        await kept.deliver(envelope, [draft.bodies[0] + b" "])
    assert caught.value.reason == "CONFLICT"
    with pytest.raises(CrexError) as caught:
        await kept.deliver(envelope, [], request_id="append-00001")
    assert caught.value.reason == "REQUEST_ID_REUSED"


async def test_another_batch_under_a_known_name_is_refused(trade: Trade, agent: PlayedAgent) -> None:
    """A name and revision stand for one document (BILLING-DUPLICATE-2)."""
    kept = await books(trade, agent)
    await kept.append(kept.read(), name="the-name")
    trade.clock.advance(minutes=1)
    assert (await refused(kept, kept.read(), name="the-name")).reason == "NAME_EXISTS"


async def test_batches_follow_each_other(trade: Trade, agent: PlayedAgent) -> None:
    """A batch that leaves one out is a gap, one that claims a taken place a conflict (BILLING-CHAIN-1)."""
    kept = await books(trade, agent)
    left_out = kept.draft(kept.read())
    kept.chain = kept.chain.follow(
        left_out.message, v1.Pin(id=left_out.message.header.id, revision=1, sha256="0" * 64)
    )
    trade.clock.advance(minutes=1)
    assert (await refused(kept, kept.read())).reason == "USAGE_GAP"
    kept = await Books.open(trade, kept.lease.name)
    before = kept.chain
    await kept.append(kept.read())
    kept.chain = before
    assert (await refused(kept, [], name="other-first")).reason == "CONFLICT"


async def test_numbers_have_no_holes(trade: Trade, agent: PlayedAgent) -> None:
    """A missing number is refused with the one expected; a gap marker closes the hole (BILLING-SEQ-1)."""
    kept = await books(trade, agent)
    await kept.append(kept.read())
    trade.clock.advance(minutes=1)
    kept.read()
    trade.clock.advance(minutes=1)
    third = kept.read()
    kept.chain = _skipped(kept, 3)
    error = await refused(kept, third)
    assert error.reason == "USAGE_GAP"
    assert (error.details["meter_id"], error.details["expected_seq"]) == ("units", "2")
    kept.chain = _skipped(kept, 2)
    gap = v1.GapMarker(meter_id="units", first_seq=2, last_seq=2, reason="the disk was full")
    assert (await kept.append(third, gaps=[gap])).record_count == 2


async def test_a_number_that_comes_again_is_a_conflict(trade: Trade, agent: PlayedAgent) -> None:
    """What was billed once is not billed again under another batch."""
    kept = await books(trade, agent)
    records = kept.read()
    await kept.append(records)
    kept.chain = _skipped(kept, 1)
    assert (await refused(kept, records, events=[])).reason == "CONFLICT"


def _skipped(kept: Books, next_seq: int) -> Chain:
    return replace(kept.chain, next_seq={"units": next_seq})


async def test_records_that_were_not_signed_for_are_refused(trade: Trade, agent: PlayedAgent) -> None:
    """A flipped bit, a missing or a further record is not what the root stands for (BILLING-ROOT-1)."""
    kept = await books(trade, agent)
    draft = kept.draft(kept.read())
    envelope = signer(PROVIDER).sign_document(draft.message)
    (body,) = draft.bodies
    for wrong in ([], [body, body], [body[:-1] + b" }"], [body.replace(b'"2"', b'"1"')], [b"\xff"]):
        with pytest.raises(CrexError) as caught:
            await kept.deliver(envelope, wrong)
        assert caught.value.reason == "SUBJECT"
    assert (await kept.deliver(envelope, draft.bodies)).record_count == 1


async def test_usage_is_the_providers_word(trade: Trade, agent: PlayedAgent) -> None:
    """Nobody else sends a batch, and none is of another order (BILLING-SIGNER-1, BILLING-ORDER-1)."""
    kept = await books(trade, agent)
    draft = kept.draft(kept.read())
    envelope = signer(PROVIDER).sign_document(draft.message)
    for party in (CONSUMER, OTHER):
        with pytest.raises(CrexError) as caught:
            await kept.deliver(envelope, draft.bodies, by=party)
        assert caught.value.reason == "NOT_A_PARTY"
    foreign = v1.UsageBatch()
    foreign.CopyFrom(draft.message)
    foreign.header.CopyFrom(trade.header(OTHER, "usage", "foreign"))
    with pytest.raises(CrexError) as caught:
        await kept.deliver(signer(OTHER).sign_document(foreign), draft.bodies, by=OTHER)
    assert caught.value.reason == "NOT_FOUND"
    order = v1.Pin(id=draft.message.order.id, revision=1, sha256="1" * 64)
    assert (await refused(kept, [], order=order)).reason == "SUBJECT"


async def test_the_methods_are_not_exchanged(trade: Trade, agent: PlayedAgent) -> None:
    """A final batch is sealed and any other appended (BILLING-SEAL-1)."""
    kept = await books(trade, agent)
    for final in (True, False):
        draft = kept.draft([], final=final)
        envelope = signer(PROVIDER).sign_document(draft.message)
        with pytest.raises(CrexError) as caught:
            await kept.deliver(envelope, draft.bodies, final=not final)
        assert caught.value.reason == "TERMS"


async def test_use_outside_the_lease_is_refused(trade: Trade, agent: PlayedAgent) -> None:
    """Before activation, after the end, beyond now, above the quantity nothing counts (BILLING-BOUNDS-1)."""
    kept = await books(trade, agent)
    early = HoldingMeter.start(kept.meter.info, trade.at(minutes=-11))
    assert (await refused(kept, early.read(trade.at(), 2))).reason == "USAGE_OUT_OF_BOUNDS"
    assert (await refused(kept, kept.read(units=3))).reason == "USAGE_OUT_OF_BOUNDS"
    kept = await Books.open(trade, kept.lease.name)
    assert (await refused(kept, kept.read(at=trade.at(seconds=301)))).reason == "USAGE_OUT_OF_BOUNDS"
    kept = await Books.open(trade, kept.lease.name)
    assert (await kept.append(kept.read(at=trade.at(seconds=300)))).record_count == 1
    await trade.terminate(kept.lease.name)
    trade.clock.advance(minutes=10)
    assert (await refused(kept, kept.read())).reason == "USAGE_OUT_OF_BOUNDS"


async def test_meters_together_stay_within_the_quantity(trade: Trade, agent: PlayedAgent) -> None:
    """Two meters cannot hold the same units twice, in one batch or in two (BILLING-BOUNDS-2)."""
    kept = await books(trade, agent)
    second = HoldingMeter.start(
        MeterInfo("more", kept.lease.name, kept.meter.info.resource, "compute-unit", "unit"),
        trade.at(minutes=-10),
    )
    both = kept.read() + second.read(trade.at(), 1)
    assert (await refused(kept, both)).reason == "USAGE_OUT_OF_BOUNDS"
    await kept.append(both[:1])
    assert (await refused(kept, both[1:])).reason == "USAGE_OUT_OF_BOUNDS"


async def test_events_are_those_the_broker_knows(trade: Trade, agent: PlayedAgent) -> None:
    """Activation is when it was reported, and nothing ends outside the lease's use (BILLING-BOUNDS-3)."""
    kept = await books(trade, agent)
    wrong_start = kept.event(ACTIVATED, trade.at(minutes=-9))
    assert (await refused(kept, [], events=[wrong_start])).reason == "USAGE_OUT_OF_BOUNDS"
    begun = kept.event(ACTIVATED)
    too_late = kept.event(TERMINATED, trade.at(hours=7))
    assert (await refused(kept, [], events=[begun, too_late])).reason == "USAGE_OUT_OF_BOUNDS"
    before_a_record = kept.event(TERMINATED, trade.at(minutes=-5))
    assert (await refused(kept, kept.read(), events=[begun, before_a_record])).reason == "USAGE_OUT_OF_BOUNDS"


async def test_outages_lie_within_the_use(trade: Trade, agent: PlayedAgent) -> None:
    """An outage is kept with its end, and none lies outside the lease's use (BILLING-BOUNDS-3)."""
    kept = await books(trade, agent)
    begun = kept.event(ACTIVATED)

    def outage(start: int, until: int) -> v1.ServiceEvent:
        event = kept.event(v1.ServiceEventKind.SERVICE_EVENT_KIND_OUTAGE, trade.at(minutes=start))
        event.until.CopyFrom(to_timestamp(trade.at(minutes=until)))
        return event

    for wrong in ([outage(-11, -5), begun], [begun, outage(-5, 400)]):
        assert (await refused(kept, [], events=wrong)).reason in ("USAGE_OUT_OF_BOUNDS", "CONFLICT")
    await kept.append(kept.read(), events=[begun, outage(-5, -3)])
    assert (await refused(kept, [], events=[outage(-6, -1)])).reason == "CONFLICT"
    await kept.append([], events=[outage(-4, -1)])


async def test_a_correction_has_a_method_of_its_own(trade: Trade, agent: PlayedAgent) -> None:
    """What corrects a sealed period is refused where usage goes on (BILLING-AMEND-1)."""
    kept = await books(trade, agent)
    await kept.seal(kept.read())
    draft = build_batch(
        kept.chain,
        [],
        header=trade.header(PROVIDER, "usage", "late"),
        order=pin_of(kept.order.order_document),
        period=kept.period,
        corrects=kept.chain.last,
    )
    with pytest.raises(CrexError) as caught:
        await kept.send(draft)
    assert (caught.value.reason, caught.value.details["requirement"]) == ("TERMS", "BILLING-AMEND-1")


async def test_a_sealed_period_takes_no_more(trade: Trade, agent: PlayedAgent) -> None:
    """After the final batch the period takes nothing, however the batch is chained (BILLING-PERIOD-1)."""
    kept = await books(trade, agent)
    await kept.seal(kept.read())
    trade.clock.advance(minutes=1)
    sealed = kept.chain
    kept.chain = replace(sealed, final=False)
    assert (await refused(kept, kept.read())).reason == "CONFLICT"


async def test_the_last_readings_must_have_come(trade: Trade, agent: PlayedAgent) -> None:
    """A final batch that ends below the receipt's readings is refused as a gap (BILLING-SEAL-2)."""
    kept = await books(trade, agent)
    records = kept.read()
    await trade.terminate(kept.lease.name)
    command = await agent.command("release")
    reading = v1.MeterReading(meter_id="units", last_seq=2, total="1200", unit="unit")
    agent.release(command, readings=[reading])
    await agent.settled()
    ended = kept.event(TERMINATED)
    period = kept.period
    closed = type(period)(period.start_ms, trade.clock.ms)
    with pytest.raises(CrexError) as caught:
        await kept.seal(records, events=[kept.event(ACTIVATED), ended], period=closed)
    assert caught.value.reason == "USAGE_GAP"
    assert caught.value.details["expected_seq"] == "2"
    gap = v1.GapMarker(meter_id="units", first_seq=2, last_seq=2, reason="nothing was used")
    events = [kept.event(ACTIVATED), ended]
    sealed = await kept.seal(records, events=events, period=closed, gaps=[gap])
    assert sealed.state == SEALED


async def test_the_grace_ends(trade: Trade, agent: PlayedAgent) -> None:
    """Usage that is not sealed in time takes no more, and can still be sealed (BILLING-GRACE-1)."""
    kept = await books(trade, agent)
    await kept.append(kept.read())
    await trade.terminate(kept.lease.name)
    trade.clock.advance(days=1, seconds=-1)
    await trade.tick()
    request = v1.ListUsageRequest(lease=kept.lease.name)
    listed = await trade.call("BillingService/ListUsage", request, CONSUMER)
    assert listed.periods[0].state == OPEN
    trade.clock.advance(seconds=1)
    await trade.tick()
    listed = await trade.call("BillingService/ListUsage", request, CONSUMER)
    assert listed.periods[0].state == v1.UsageState.USAGE_STATE_SEALED_INCOMPLETE
    assert (await refused(kept, [])).reason == "ILLEGAL_TRANSITION"
    assert (await kept.seal([])).state == SEALED
