"""Bills by prices and exchange rates that a publisher publishes here (BILLING-SERIES-*)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crex import v1
from crex.errors import CrexError
from crex.invoice import Basis, verify
from crex.trust import merkle
from crex.trust.envelope import digest
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.bill import Bill
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER, PUBLISHER, pin, signer
from reference_broker.tests.series import RATES, SPOT, exchanged_plan, rate, spot, spot_plan
from reference_broker.tests.trade import Trade


async def refused(bill: Bill) -> CrexError:
    """The error by which the bill's invoice is refused."""
    with pytest.raises(CrexError) as caught:
        await bill.issue()
    return caught.value


async def half_hours(trade: Trade, agent: PlayedAgent) -> tuple[Bill, v1.Envelope, v1.Envelope]:
    """Two units used for an hour at the spot price, and two revisions for half an hour each, signed.

    The price is 2 in the first half hour and 9 in the second, of which 5 is charged.
    """
    await trade.enrol(PUBLISHER)
    start, middle, end = trade.at(), trade.at(minutes=30), trade.at(hours=1)
    first, second = (
        signer(PUBLISHER).sign_document(made)
        for made in (
            spot(trade, (start, "2"), end=middle),
            spot(trade, (middle, "9"), end=end, revision=2),
        )
    )
    bill = await Bill.sealed(trade, agent, priced=spot_plan(trade), series=[first, second])
    return bill, first, second


async def publish(trade: Trade, envelope: v1.Envelope, by: str = PUBLISHER) -> None:
    """Publishes a signed document."""
    request = v1.PublishDocumentRequest(request_id=trade.request_id(), envelope=envelope)
    await trade.call("MarketService/PublishDocument", request, by)


async def test_a_bill_pins_every_revision_of_its_period(trade: Trade, agent: PlayedAgent) -> None:
    """BILLING-SERIES-3, RATE-SERIES-2: nothing is issued before it is published; 9 is charged as 5."""
    bill, first, second = await half_hours(trade, agent)
    await publish(trade, first)
    missing = await refused(bill)
    assert (missing.reason, missing.details["requirement"]) == ("REFERENCE_MISSING", "BILLING-SERIES-3")
    assert missing.details["id"] == SPOT
    assert "Have its publisher publish it here first" in missing.message
    await publish(trade, second)
    issued = await bill.issue()
    assert issued.total.amount == "7.00"
    assert list(bill.draft.message.series_points) == [pin(first, SPOT), pin(second, SPOT, 2)]
    for envelope in (first, second):
        for party in (CONSUMER, PROVIDER, OTHER):
            read = await trade.call(
                "DiscoveryService/GetDocument", v1.GetDocumentRequest(sha256=digest(envelope.payload)), party
            )
            assert read.envelope == envelope


async def test_a_bill_that_leaves_a_revision_out_has_no_price(trade: Trade, agent: PlayedAgent) -> None:
    """RATE-SERIES-1: what is pinned is all that there is; use without a price is not billed."""
    bill, first, second = await half_hours(trade, agent)
    await publish(trade, first)
    await publish(trade, second)
    bill.draft = await bill.books.invoice()
    del bill.draft.message.series_points[1]
    with pytest.raises(CrexError) as caught:
        await bill.books.issue(bill.draft)
    assert (caught.value.reason, "states nothing for" in caught.value.message) == ("INCOMPLETE", True)


async def test_a_bill_by_a_wrong_point(trade: Trade, agent: PlayedAgent) -> None:
    """BILLING-ISSUE-2: prices are those of the series that was published, not those of the bill."""
    bill, first, second = await half_hours(trade, agent)
    await publish(trade, first)
    await publish(trade, second)
    wrong = spot(trade, (trade.at(hours=-1), "3"), end=trade.at(minutes=-30))
    bill.books.series = [signer(PUBLISHER).sign_document(wrong), second]
    draft = await bill.books.invoice()
    assert draft.rating.total.amount == "8.00"
    draft.message.series_points[0].CopyFrom(pin(first, SPOT))
    with pytest.raises(CrexError) as caught:
        await bill.books.issue(draft)
    assert caught.value.reason == "RATING_DIFFERS"
    bill.books.series = [first, second]
    assert (await bill.issue()).total.amount == "7.00"


async def test_another_document_is_no_series(trade: Trade, agent: PlayedAgent) -> None:
    """BILLING-SERIES-3: neither public documents of other types nor private ones pass for a series."""
    bill, first, second = await half_hours(trade, agent)
    await publish(trade, first)
    await publish(trade, second)
    for strange in ((await trade.goods()).plan, bill.books.order.order_document):
        draft = await bill.books.invoice()
        draft.message.series_points[0].sha256 = digest(strange.payload)
        with pytest.raises(CrexError) as caught:
            await bill.books.issue(draft)
        assert caught.value.reason == "REFERENCE_MISSING"


async def test_corrected_usage_is_priced_by_the_same_points(trade: Trade, agent: PlayedAgent) -> None:
    """BILLING-NOTE-1: a note on such an invoice is recomputed by the series that the invoice pins."""
    bill, first, second = await half_hours(trade, agent)
    await publish(trade, first)
    await publish(trade, second)
    await bill.issue()
    await bill.corrected("1")
    note = await bill.note(await bill.usage_note())
    assert (note.note.type, note.note.total.amount) == ("credit-note", "-3.50")
    assert note.invoice.owed.amount == "3.50"
    await bill.disputed("1.00")
    await bill.answered("1.00")
    await bill.replied("agree")
    settled = await bill.note(await bill.settlement())
    assert settled.invoice.owed.amount == "2.50"


async def test_a_bill_in_another_currency(trade: Trade, agent: PlayedAgent) -> None:
    """RATE-EXCHANGE-1: what is priced in euros is billed in yuan at the rate that was published."""
    await trade.enrol(PUBLISHER)
    rates = signer(PUBLISHER).sign_document(rate(trade, trade.at(days=-2), trade.at(days=2), "15", "2"))
    bill = await Bill.sealed(trade, agent, priced=exchanged_plan(trade), series=[rates])
    assert (await refused(bill)).reason == "REFERENCE_MISSING"
    await publish(trade, rates)
    issued = await bill.issue()
    assert (issued.total.currency, issued.total.amount) == ("CNY", "44.85")
    assert list(bill.draft.message.series_points) == [pin(rates, RATES)]


async def test_the_buyer_recomputes_it(trade: Trade, agent: PlayedAgent) -> None:
    """INVOICE-VERIFY-1: from what the broker gives to a buyer the same bill comes out."""
    bill, first, second = await half_hours(trade, agent)
    await publish(trade, first)
    await publish(trade, second)
    await bill.issue()
    opened = bill.books.opened
    fetched = []
    for each in bill.draft.message.series_points:
        request = v1.GetDocumentRequest(ref=f"{each.id}@{each.revision}")
        read = await trade.call("DiscoveryService/GetDocument", request, CONSUMER)
        fetched.append(opened(read.envelope, v1.PriceSeries))
    basis = Basis.of(await bill.books.sale(), bill.books.batches, series=fetched)
    assert verify(opened(bill.envelope, v1.Invoice), bill.draft.lines, basis).ok


async def test_lines_of_another_price_under_their_own_root(trade: Trade, agent: PlayedAgent) -> None:
    """BILLING-ISSUE-2: a line with another amount is refused however well it is signed."""
    bill, first, second = await half_hours(trade, agent)
    await publish(trade, first)
    await publish(trade, second)
    draft = await bill.books.invoice()
    lines = [line.replace(b'"7.00"', b'"9.00"') for line in draft.lines]
    draft.message.lines_root = merkle.root(lines).hex()
    with pytest.raises(CrexError) as caught:
        await bill.books.issue(replace(draft, lines=tuple(lines)))
    assert caught.value.reason == "RATING_DIFFERS"
