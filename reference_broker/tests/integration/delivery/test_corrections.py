"""Sealed usage is corrected in time, and nothing else of the lease moves (BILLING-AMEND-*)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crex import v1
from crex.errors import CrexError
from crex.metering.batch import BatchDraft
from crex.metering.span import ms_timestamp
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.bill import HORIZON, Bill, correctable, revised
from reference_broker.tests.billing import ACTIVATED, Books
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER, signer
from reference_broker.tests.trade import Trade

SEALED = v1.UsageState.USAGE_STATE_SEALED


async def refused(bill: Bill, draft: BatchDraft, **more: object) -> CrexError:
    """The error by which a correction is refused."""
    with pytest.raises(CrexError) as caught:
        await bill.amend(draft, **more)
    return caught.value


async def test_a_sealed_period_is_corrected(trade: Trade, agent: PlayedAgent) -> None:
    """The state stays, both parties read the batch, and the invoice that follows bills the correction."""
    bill = await Bill.sealed(trade, agent)
    usage = (await bill.corrected("1")).usage
    assert (usage.state, usage.batch_count, usage.record_count) == (SEALED, 2, 2)
    assert usage.last_transition.event == "amend"
    for party in (CONSUMER, PROVIDER):
        listed = await trade.call(
            "BillingService/ListUsage", v1.ListUsageRequest(lease=bill.books.lease.name), party
        )
        assert [(each.batch, list(each.records)) for each in listed.batches] == [
            (envelope, list(bodies)) for envelope, bodies in bill.books.sent
        ]
        assert list(listed.periods) == [usage]
    assert (await bill.issue()).total.amount == "2.99"


async def test_the_same_correction_counts_once(trade: Trade, agent: PlayedAgent) -> None:
    """A retry under the same identifier is replayed, the same bytes under another one change nothing."""
    bill = await Bill.sealed(trade, agent)
    draft = bill.correction([revised(bill.records[0], "1")])
    first = await bill.amend(draft, request_id="amend-0001")
    again = await bill.amend(draft, request_id="amend-0001")
    assert (again.usage, again.replayed) == (first.usage, True)
    anew = await bill.amend(draft)
    assert (anew.usage, anew.replayed) == (first.usage, False)
    other = revised(bill.records[0], "0")
    assert (await refused(bill, draft, records=[other.body])).reason == "CONFLICT"


async def test_a_correction_comes_within_the_horizon(trade: Trade, agent: PlayedAgent) -> None:
    """By the store's time and by the batch's own, and never where the offer allows none (BILLING-AMEND-2)."""
    bill = await Bill.sealed(trade, agent)
    ended_ms = bill.books.chain.sealed[-1].period.end_ms
    trade.clock.advance(days=HORIZON.days, seconds=-5)
    timely = bill.correction([revised(bill.records[0], "1")])
    trade.clock.advance(seconds=60)
    assert trade.clock.ms > ended_ms + HORIZON // timedelta(milliseconds=1)
    late = bill.correction([revised(bill.records[0], "1")])
    for draft in (timely, late):
        error = await refused(bill, draft)
        assert (error.reason, error.details["requirement"]) == ("TERMS", "BILLING-AMEND-2")


async def test_no_horizon_is_no_correction(trade: Trade, agent: PlayedAgent) -> None:
    """An offer without a correction horizon lets nothing be corrected (BILLING-AMEND-2)."""
    bill = await Bill.sealed(trade, agent, horizon=None)
    error = await refused(bill, bill.correction([revised(bill.records[0], "1")]))
    assert (error.reason, error.details["requirement"]) == ("TERMS", "BILLING-AMEND-2")


async def test_a_correction_is_not_dated_back(trade: Trade, agent: PlayedAgent) -> None:
    """What an invoice or a note would have had to pin is refused once these stand (BILLING-AMEND-3)."""
    bill = await Bill.sealed(trade, agent)
    header = bill.header("usage")
    bill.later()
    await bill.issue()
    early = bill.correction([revised(bill.records[0], "1")], header=header)
    error = await refused(bill, early)
    assert (error.reason, error.details["requirement"]) == ("CONFLICT", "BILLING-AMEND-3")
    await bill.corrected("1")
    header = bill.header("usage")
    bill.later()
    await bill.note(await bill.usage_note())
    error = await refused(bill, bill.correction([revised(bill.records[0], "0", 3)], header=header))
    assert (error.reason, error.details["requirement"]) == ("CONFLICT", "BILLING-AMEND-3")
    await bill.corrected("0", 3)


async def test_only_a_correction_is_amended(trade: Trade, agent: PlayedAgent) -> None:
    """AmendUsage takes batches that correct, and only of the lease's provider (BILLING-AMEND-1)."""
    bill = await Bill.sealed(trade, agent)
    draft = bill.correction([revised(bill.records[0], "1")])
    plain = v1.UsageBatch()
    plain.CopyFrom(draft.message)
    plain.ClearField("corrects")
    error = await refused(bill, BatchDraft(plain, draft.records))
    assert (error.reason, error.details["requirement"]) == ("TERMS", "BILLING-AMEND-1")
    request = v1.AmendUsageRequest(
        request_id=trade.request_id(),
        batch=signer(PROVIDER).sign_document(draft.message),
        records=draft.bodies,
    )
    for party in (OTHER, CONSUMER):
        with pytest.raises(CrexError) as caught:
            await trade.call("BillingService/AmendUsage", request, party)
        assert caught.value.reason == "NOT_A_PARTY"
    foreign = v1.UsageBatch()
    foreign.CopyFrom(draft.message)
    foreign.header.CopyFrom(trade.header(OTHER, "usage", "foreign"))
    request.batch.CopyFrom(signer(OTHER).sign_document(foreign))
    with pytest.raises(CrexError) as caught:
        await trade.call("BillingService/AmendUsage", request, OTHER)
    assert caught.value.reason == "NOT_FOUND"


async def test_a_correction_stays_within_what_was_sold(trade: Trade, agent: PlayedAgent) -> None:
    """No more units than were leased, in the highest revisions together (BILLING-BOUNDS-2)."""
    bill = await Bill.sealed(trade, agent)
    error = await refused(bill, bill.correction([revised(bill.records[0], "3")]))
    assert error.reason == "USAGE_OUT_OF_BOUNDS"
    await bill.corrected("1")
    await bill.corrected("2", 3)
    error = await refused(bill, bill.correction([revised(bill.records[0], "2.5", 4)]))
    assert error.reason == "USAGE_OUT_OF_BOUNDS"


async def test_an_open_period_is_not_touched(trade: Trade, agent: PlayedAgent) -> None:
    """While a period goes on an earlier one is corrected, and it goes on the same (BILLING-AMEND-4)."""
    trade.clock.advance(days=30, hours=12)  # half a day before a month ends in Oslo
    await trade.goods(terms=correctable())
    lease = await trade.active(agent, end=trade.at(hours=30))
    books = await Books.open(trade, lease)
    march = books.period
    edge = trade.clock.now() + timedelta(milliseconds=march.end_ms - trade.clock.ms)
    trade.clock.advance(hours=20)
    first = books.read(at=edge)
    await books.seal(first, events=[books.event(ACTIVATED)], period=march)
    bill = Bill(trade, books, first, await books.invoice(), v1.Envelope(), v1.InvoiceRecord())
    april = await books.append(books.read())
    corrected = (await bill.corrected("1")).usage
    assert corrected.period.start == ms_timestamp(march.start_ms)
    assert corrected.state == SEALED
    listed = await trade.call("BillingService/ListUsage", v1.ListUsageRequest(lease=lease), CONSUMER)
    assert list(listed.periods) == [corrected, april]
    trade.clock.advance(hours=1)
    assert (await books.seal(books.read())).state == SEALED
    listed = await trade.call("BillingService/ListUsage", v1.ListUsageRequest(lease=lease), CONSUMER)
    assert [period.batch_count for period in listed.periods] == [2, 2]
