"""Invoices at the broker: recomputed before they stand, accepted by digest, settled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from google.protobuf.duration_pb2 import Duration

from crex import v1
from crex.documents.times import from_ms, to_ms
from crex.errors import CrexError
from crex.invoice import InvoiceDraft
from crex.metering.span import Span
from crex.rating.tzdata import period_at
from crex.trust import merkle
from crex.trust.envelope import digest
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.billing import ACTIVATED, TERMINATED, Books
from reference_broker.tests.documents import price_plan
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER, signer
from reference_broker.tests.trade import Trade

State = v1.InvoiceState


async def sealed(trade: Trade, agent: PlayedAgent, **ordered: object) -> Books:
    """The books of a lease of two units that was used for an hour, and then released and sealed."""
    lease = await trade.active(agent, end=trade.at(hours=6), **ordered)
    trade.clock.advance(hours=1)
    kept = await Books.open(trade, lease)
    records = kept.read()
    await trade.terminate(lease)
    agent.release(await agent.command("release"), readings=[kept.meter.reading])
    await agent.settled()
    period = kept.period
    closed = type(period)(period.start_ms, trade.clock.ms)
    await kept.seal(records, events=[kept.event(ACTIVATED), kept.event(TERMINATED)], period=closed)
    return kept


async def issue_refused(kept: Books, draft: InvoiceDraft, **more: object) -> CrexError:
    """The error by which an invoice is refused."""
    with pytest.raises(CrexError) as caught:
        await kept.issue(draft, **more)  # type: ignore[arg-type]
    return caught.value


async def test_an_invoice_is_recomputed_accepted_and_settled(trade: Trade, agent: PlayedAgent) -> None:
    """From sealed usage to a payment, each step by the party whose word it is."""
    kept = await sealed(trade, agent)
    draft = await kept.invoice()
    assert draft.message.total.amount == "5.98"  # two units, one hour, 2.99 an hour each
    issued = (await kept.issue(draft)).invoice
    assert issued.state == State.INVOICE_STATE_ISSUED
    assert (issued.seller, issued.buyer, issued.lease) == (PROVIDER, CONSUMER, kept.lease.name)
    accepted = (await kept.accept(issued, draft.message.rating_digest)).invoice
    assert accepted.state == State.INVOICE_STATE_ACCEPTED
    settled = (await kept.paid(issued)).invoice
    assert settled.state == State.INVOICE_STATE_SETTLED
    for party in (CONSUMER, PROVIDER):
        request = v1.GetInvoiceRequest(invoice_id=issued.id)
        read = await trade.call("BillingService/GetInvoice", request, party)
        assert read.record == settled
        assert digest(read.invoice.payload) == issued.sha256
        assert tuple(read.lines) == draft.lines
        assert read.acceptance.payload


async def test_an_invoice_is_there_for_its_parties_only(trade: Trade, agent: PlayedAgent) -> None:
    """Nobody else reads, lists, accepts or settles an invoice (BILLING-PARTY-1, BILLING-PAY-1)."""
    kept = await sealed(trade, agent)
    draft = await kept.invoice()
    issued = (await kept.issue(draft)).invoice
    with pytest.raises(CrexError) as caught:
        await trade.call("BillingService/GetInvoice", v1.GetInvoiceRequest(invoice_id=issued.id), OTHER)
    assert caught.value.reason == "NOT_FOUND"
    listed = await trade.call("BillingService/ListInvoices", v1.ListInvoicesRequest(), OTHER)
    assert not listed.invoices
    with pytest.raises(CrexError) as caught:
        await kept.accept(issued, draft.message.rating_digest, by=OTHER)
    assert caught.value.reason == "NOT_FOUND"
    with pytest.raises(CrexError) as caught:
        await kept.paid(issued, OTHER)
    assert caught.value.reason == "NOT_FOUND"
    with pytest.raises(CrexError) as caught:
        await kept.paid(issued, CONSUMER)
    assert caught.value.reason == "NOT_A_PARTY"
    foreign = v1.Invoice()
    foreign.CopyFrom(draft.message)
    foreign.header.CopyFrom(trade.header(OTHER, "invoice", "foreign"))
    request = v1.IssueInvoiceRequest(
        request_id=trade.request_id(), invoice=signer(OTHER).sign_document(foreign), lines=draft.lines
    )
    for party, reason in ((OTHER, "NOT_FOUND"), (PROVIDER, "NOT_A_PARTY")):
        with pytest.raises(CrexError) as caught:
            await trade.call("BillingService/IssueInvoice", request, party)
        assert caught.value.reason == reason


async def test_a_cent_more_is_refused_by_its_line(trade: Trade, agent: PlayedAgent) -> None:
    """Whatever differs from the recomputation is refused, and the answer names the line (BILLING-ISSUE-2)."""
    kept = await sealed(trade, agent)
    draft = await kept.invoice()
    dearer = draft.lines[0].replace(b'"5.98"', b'"5.99"')
    error = await issue_refused(kept, draft, lines=[dearer])
    assert error.reason == "SUBJECT"
    for field, value in (("total", "5.99"), ("net_total", "5.97")):
        wrong = v1.Invoice()
        wrong.CopyFrom(draft.message)
        getattr(wrong, field).amount = value
        error = await issue_refused(kept, replace(draft, message=wrong))
        assert error.reason == "RATING_DIFFERS", field
    consistent = v1.Invoice()
    consistent.CopyFrom(draft.message)
    consistent.lines_root = merkle.root([dearer]).hex()
    error = await issue_refused(kept, replace(draft, message=consistent, lines=(dearer,)))
    assert error.reason == "RATING_DIFFERS"
    assert "5.99" in str(error)
    assert draft.rating.lines[0].key in str(error)


async def test_an_invoice_is_of_this_sale(trade: Trade, agent: PlayedAgent) -> None:
    """Other parties, accounts, orders, plans, batches or periods are refused (BILLING-ISSUE-3)."""
    kept = await sealed(trade, agent)
    draft = await kept.invoice()
    changes: dict[str, Callable[[v1.Invoice], None]] = {
        "seller": lambda invoice: setattr(invoice, "seller", OTHER),
        "buyer": lambda invoice: setattr(invoice, "buyer", OTHER),
        "account": lambda invoice: setattr(invoice, "account", "somebody else's"),
        "order": lambda invoice: setattr(invoice.orders[0], "sha256", "0" * 64),
        "plan": lambda invoice: setattr(invoice.price_plans[0], "sha256", "0" * 64),
        "batches": lambda invoice: setattr(invoice.usage_batches[0], "sha256", "0" * 64),
        "end": lambda invoice: setattr(invoice.period.end, "seconds", invoice.period.end.seconds + 1),
        "digest": lambda invoice: setattr(invoice, "rating_digest", "0" * 64),
    }
    for what, change in changes.items():
        wrong = v1.Invoice()
        wrong.CopyFrom(draft.message)
        change(wrong)
        error = await issue_refused(kept, replace(draft, message=wrong))
        assert error.reason in ("TERMS", "SUBJECT", "RATING_DIFFERS"), what
    wrong = v1.Invoice()
    wrong.CopyFrom(draft.message)
    wrong.period.start.seconds += 1
    assert (await issue_refused(kept, replace(draft, message=wrong))).reason == "INCOMPLETE"
    assert (await kept.issue(draft)).invoice.state == State.INVOICE_STATE_ISSUED


async def test_open_usage_is_not_billed(trade: Trade, agent: PlayedAgent) -> None:
    """An invoice before the period is sealed is refused as INCOMPLETE (BILLING-ISSUE-1)."""
    kept = await sealed(trade, agent)
    draft = await kept.invoice()
    other = await trade.active(agent, quantity=1, end=trade.at(hours=6))
    trade.clock.advance(minutes=1)
    open_books = await Books.open(trade, other)
    await open_books.append(open_books.read())
    wrong = v1.Invoice()
    wrong.CopyFrom(draft.message)
    wrong.lease = other
    error = await issue_refused(kept, replace(draft, message=wrong))
    assert error.reason == "INCOMPLETE"
    assert error.details["current_state"] == "OPEN"


async def test_a_period_is_billed_once(trade: Trade, agent: PlayedAgent) -> None:
    """The same invoice again is the same result; another one for the period is refused (BILLING-ONE-1)."""
    kept = await sealed(trade, agent)
    draft = await kept.invoice()
    first = await kept.issue(draft, request_id="issue-00001")
    again = await kept.issue(draft, request_id="issue-00001")
    assert again.replayed
    assert again.invoice == first.invoice
    assert (await kept.issue(draft)).invoice == first.invoice
    other = await kept.invoice("another-name")
    assert (await issue_refused(kept, other)).reason == "NAME_EXISTS"


async def test_an_order_stays_below_its_spend_limit(trade: Trade, agent: PlayedAgent) -> None:
    """All leases of an order together cost at most what its consumer signed for (ORDER-SPEND-1)."""
    limit = v1.Money(
        currency="EUR", amount="35.88"
    )  # what two units for six hours come to when they are ordered
    kept = await sealed(trade, agent, spend_limit=limit)
    assert (await kept.issue(await kept.invoice())).invoice.total.amount == "5.98"


async def test_an_acceptance_agrees_on_the_digest(trade: Trade, agent: PlayedAgent) -> None:
    """Another digest, another invoice and another signer accept nothing (BILLING-ACCEPT-1)."""
    kept = await sealed(trade, agent)
    draft = await kept.invoice()
    issued = (await kept.issue(draft)).invoice
    with pytest.raises(CrexError) as caught:
        await kept.accept(issued, "0" * 64)
    assert caught.value.reason == "RATING_DIFFERS"
    unknown = v1.InvoiceRecord(id=issued.id, sha256="0" * 64)
    with pytest.raises(CrexError) as caught:
        await kept.accept(unknown, draft.message.rating_digest)
    assert caught.value.reason == "NOT_FOUND"
    await kept.accept(issued, draft.message.rating_digest)
    again = await kept.accept(issued, draft.message.rating_digest, name="once-more")
    assert again.invoice.state == State.INVOICE_STATE_ACCEPTED


async def test_silence_counts_as_acceptance(trade: Trade, agent: PlayedAgent) -> None:
    """After the acceptance period an invoice is DEEMED_ACCEPTED, and can be settled (BILLING-TIMEOUT-1)."""
    kept = await sealed(trade, agent)
    draft = await kept.invoice()
    issued = (await kept.issue(draft)).invoice
    with pytest.raises(CrexError) as caught:
        await kept.paid(issued)
    assert caught.value.reason == "ILLEGAL_TRANSITION"
    trade.clock.advance(days=14)
    await trade.tick()
    request = v1.ListInvoicesRequest(state=State.INVOICE_STATE_DEEMED_ACCEPTED, lease=kept.lease.name)
    listed = await trade.call("BillingService/ListInvoices", request, CONSUMER)
    assert [invoice.id for invoice in listed.invoices] == [issued.id]
    with pytest.raises(CrexError) as caught:
        await kept.accept(issued, draft.message.rating_digest)
    assert caught.value.reason == "ILLEGAL_TRANSITION"
    assert (await kept.paid(issued)).invoice.state == State.INVOICE_STATE_SETTLED


async def test_lines_come_in_pages(trade: Trade, agent: PlayedAgent) -> None:
    """GetInvoice gives lines in their order, and no token of another invoice opens a page."""
    kept = await sealed(trade, agent)
    issued = (await kept.issue(await kept.invoice())).invoice
    request = v1.GetInvoiceRequest(invoice_id=issued.id, page_size=1)
    page = await trade.call("BillingService/GetInvoice", request, CONSUMER)
    assert len(page.lines) == 1
    assert not page.next_page_token
    request.page_token = "bm90LWEtdG9rZW4"
    with pytest.raises(CrexError) as caught:
        await trade.call("BillingService/GetInvoice", request, CONSUMER)
    assert caught.value.reason == "PAGE_TOKEN_MISMATCH"


async def test_a_provisional_invoice_is_not_issued(trade: Trade, agent: PlayedAgent) -> None:
    """Nobody owes a forecast, and a bill of an account is none of a lease (INVOICE-PROVISIONAL-1)."""
    kept = await sealed(trade, agent)
    draft = await kept.invoice()
    draft.message.provisional = True
    refused = await issue_refused(kept, draft)
    assert (refused.reason, refused.details["requirement"]) == ("INCOMPLETE", "INVOICE-PROVISIONAL-1")
    draft.message.ClearField("provisional")
    draft.message.leases.append(draft.message.lease)
    refused = await issue_refused(kept, draft)
    assert (refused.reason, refused.details["requirement"]) == ("TERMS", "INVOICE-SCOPE-1")


async def test_tiers_go_on_from_the_invoice_before(trade: Trade, agent: PlayedAgent) -> None:
    """Where tiers are counted over the term, the invoice before is found and held to (RATE-OPENING-1)."""
    tomorrow = (trade.clock.now().astimezone(ZoneInfo("Europe/Oslo")) + timedelta(days=1)).date()
    plan = price_plan(trade)
    component = plan.components[0]
    component.model = v1.TierModel.TIER_MODEL_GRADUATED
    component.tiers[0].up_to = "3600"
    component.tiers.append(v1.PriceTier(unit_price="1"))
    component.accumulator.scope = v1.AccumulatorScope.ACCUMULATOR_SCOPE_LEASE
    component.accumulator.reset = v1.AccumulatorReset.ACCUMULATOR_RESET_TERM
    terms = v1.OfferTerms(mode="on-demand", acceptance_period=Duration(seconds=60))
    terms.billing_anchor_day = tomorrow.day
    await trade.goods(priced=plan, terms=terms)
    lease = await trade.active(agent, end=trade.at(hours=30))
    kept = await Books.open(trade, lease)
    first, _ = period_at("Europe/Oslo", trade.clock.now(), tomorrow.day)
    turn = from_ms(first.end_ms)
    trade.clock.advance(hours=25)
    await kept.seal(kept.read(at=turn), period=first)
    march = await kept.invoice("first")
    await kept.issue(march)
    second, _ = period_at("Europe/Oslo", trade.clock.now(), tomorrow.day)
    trade.clock.advance(hours=6)
    records = kept.read(at=trade.at(hours=-1))
    await trade.tick()
    ended = kept.event(TERMINATED, trade.at(hours=-1))
    await kept.seal(records, events=[ended], period=Span(second.start_ms, to_ms(trade.at(hours=-1))))
    april = await kept.invoice("second", after=march)
    assert [line.tier for line in april.rating.lines] == [2]
    stranger = v1.Invoice()
    stranger.CopyFrom(april.message)
    stranger.earlier_invoices[0].sha256 = "0" * 64
    refused = await issue_refused(kept, replace(april, message=stranger))
    assert (refused.reason, refused.details["requirement"]) == ("SUBJECT", "RATE-OPENING-1")
    stranger.ClearField("earlier_invoices")
    stranger.ClearField("openings")
    refused = await issue_refused(kept, replace(april, message=stranger))
    assert refused.reason == "INCOMPLETE"
    await kept.issue(april)
