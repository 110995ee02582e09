"""Disputes at the broker: the rest stays payable, each step is one party's (BILLING-DISPUTE-*)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from crex import v1
from crex.disputes.papers import build_answer, build_reply
from crex.errors import CrexError
from crex.trust.envelope import digest
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.bill import Bill, eur, taxed_plan
from reference_broker.tests.exchange import ARBITER, BROKER, CONSUMER, OTHER, PROVIDER, signer
from reference_broker.tests.trade import Trade

Invoice = v1.InvoiceState
State = v1.DisputeState


async def refused(awaited: Any) -> CrexError:
    """The error by which a step is refused."""
    with pytest.raises(CrexError) as caught:
        await awaited
    return caught.value


async def test_a_dispute_is_answered_and_agreed(trade: Trade, agent: PlayedAgent) -> None:
    """The rest is payable meanwhile, the settling note follows, and what is owed in the end is paid."""
    bill = await Bill.of(trade, agent)
    opened = await bill.disputed("2.00")
    assert opened.dispute.state == State.DISPUTE_STATE_OPEN
    assert (opened.invoice.state, opened.invoice.open_dispute_count) == (Invoice.INVOICE_STATE_DISPUTED, 1)
    assert (opened.invoice.withheld.amount, opened.invoice.payable.amount) == ("2.00", "3.98")
    paid = await bill.pay()
    assert (paid.state, paid.paid.amount) == (Invoice.INVOICE_STATE_DISPUTED, "3.98")
    assert paid.payable.amount == "0.00"
    answered = await bill.answered("1.50")
    assert answered.dispute.state == State.DISPUTE_STATE_ANSWERED
    agreed = await bill.replied("agree")
    assert agreed.dispute.state == State.DISPUTE_STATE_RESOLVED
    assert agreed.invoice.state == Invoice.INVOICE_STATE_CREDITED
    assert (agreed.invoice.withheld.amount, agreed.invoice.payable.amount) == ("1.50", "0.50")
    assert agreed.dispute.settled_by.sha256
    noted = await bill.note(await bill.settlement())
    assert (noted.note.reason, noted.note.total.amount) == ("settlement", "-1.50")
    assert (noted.invoice.owed.amount, noted.invoice.withheld.amount) == ("4.48", "0.00")
    assert (noted.invoice.state, noted.invoice.payable.amount) == (Invoice.INVOICE_STATE_CREDITED, "0.50")
    assert (await bill.pay()).state == Invoice.INVOICE_STATE_SETTLED


async def test_what_was_paid_before_counts(trade: Trade, agent: PlayedAgent) -> None:
    """Where the note that settles leaves nothing open, the invoice is settled by itself (BILLING-PAY-2)."""
    bill = await Bill.of(trade, agent)
    await bill.disputed("2.00")
    await bill.pay()
    await bill.answered("2.00")
    await bill.replied("agree")
    await trade.tick()
    assert (await bill.invoice()).state == Invoice.INVOICE_STATE_CREDITED
    await bill.note(await bill.settlement())
    await trade.tick()
    settled = await bill.invoice()
    assert (settled.state, settled.owed.amount) == (Invoice.INVOICE_STATE_SETTLED, "3.98")


async def test_taxes_are_withheld_with_what_is_disputed(trade: Trade, agent: PlayedAgent) -> None:
    """What is disputed is withheld with its tax (DISPUTE-PAYABLE-1, DISPUTE-TAX-1)."""
    bill = await Bill.of(trade, agent, priced=taxed_plan(trade))
    opened = await bill.disputed("2.00")
    assert opened.dispute.disputed.amount == "2.40"
    assert (opened.invoice.withheld.amount, opened.invoice.payable.amount) == ("2.40", "4.78")


async def test_a_dispute_is_withdrawn(trade: Trade, agent: PlayedAgent) -> None:
    """All is payable again, and the invoice waits for its acceptance as before (BILLING-DISPUTE-4)."""
    bill = await Bill.of(trade, agent)
    await bill.disputed("2.00")
    withdrawn = await bill.replied("withdraw")
    assert withdrawn.dispute.state == State.DISPUTE_STATE_WITHDRAWN
    assert withdrawn.invoice.state == Invoice.INVOICE_STATE_ISSUED
    assert withdrawn.invoice.payable.amount == "5.98"
    assert (await bill.accept()).state == Invoice.INVOICE_STATE_ACCEPTED


async def test_the_broker_rules_where_nobody_else_was_named(trade: Trade, agent: PlayedAgent) -> None:
    """An escalated dispute is decided by the broker's own signature alone (DISPUTE-ARBITER-1)."""
    bill = await Bill.of(trade, agent)
    await bill.disputed("2.00")
    await bill.answered("0.00")
    escalated = await bill.replied("escalate")
    assert (escalated.dispute.state, escalated.dispute.arbiter) == (State.DISPUTE_STATE_ESCALATED, BROKER)
    assert (await refused(bill.ruled("1.50", by=ARBITER))).reason == "NOT_FOUND"
    ruled = await bill.ruled("1.50")
    assert ruled.dispute.state == State.DISPUTE_STATE_RESOLVED
    assert ruled.invoice.state == Invoice.INVOICE_STATE_CREDITED
    noted = await bill.note(await bill.settlement())
    assert noted.invoice.owed.amount == "4.48"


async def test_a_ruling_for_the_seller_makes_the_invoice_accepted(trade: Trade, agent: PlayedAgent) -> None:
    """Where nothing is upheld nothing is credited (BILLING-DISPUTE-4)."""
    bill = await Bill.of(trade, agent)
    await bill.disputed("2.00")
    await bill.answered("0.00")
    await bill.replied("escalate")
    ruled = await bill.ruled("0.00")
    assert ruled.invoice.state == Invoice.INVOICE_STATE_ACCEPTED
    assert ruled.invoice.payable.amount == "5.98"
    assert (await bill.pay()).state == Invoice.INVOICE_STATE_SETTLED


async def test_silence_takes_a_dispute_to_the_arbiter(trade: Trade, agent: PlayedAgent) -> None:
    """When the time to answer has passed an answer comes too late (BILLING-DISPUTE-2)."""
    bill = await Bill.of(trade, agent)
    opened = await bill.disputed("2.00")
    due = await trade.store.timers.due()
    assert due["dispute-answer"] == opened.dispute.answer_by.ToMilliseconds()
    trade.clock.advance(days=7)
    assert bill.case is not None
    late = build_answer(bill.case, {bill.key: eur("1.00")}, header=bill.header("dispute-answer"))
    error = await refused(bill.step("AnswerDispute", "answer", late, by=PROVIDER))
    assert error.reason == "ILLEGAL_TRANSITION"
    await trade.tick()
    read = await trade.call(
        "BillingService/GetDispute", v1.GetDisputeRequest(dispute_id=opened.dispute.id), BROKER
    )
    assert read.record.state == State.DISPUTE_STATE_ESCALATED
    assert (read.record.last_transition.event, read.record.last_transition.actor) == ("deadline", BROKER)
    ruled = await bill.ruled("2.00")
    assert ruled.invoice.state == Invoice.INVOICE_STATE_CREDITED


async def test_an_answer_dated_back_is_late_by_the_store(trade: Trade, agent: PlayedAgent) -> None:
    """It is the store's time that ends the time to answer, whatever an answer says (BILLING-DISPUTE-2)."""
    bill = await Bill.of(trade, agent)
    await bill.disputed("2.00")
    assert bill.case is not None
    answer = build_answer(bill.case, {bill.key: eur("1.00")}, header=bill.header("dispute-answer"))
    trade.clock.advance(days=7)
    error = await refused(bill.step("AnswerDispute", "answer", answer, by=PROVIDER))
    assert (error.reason, error.details["current_state"]) == ("ILLEGAL_TRANSITION", "ESCALATED")


async def test_the_arbiter_that_both_accept_rules_and_reads(trade: Trade, agent: PlayedAgent) -> None:
    """From the escalation on it reads all that the dispute is about; nobody else does (BILLING-DISPUTE-5)."""
    bill = await Bill.of(trade, agent)
    await bill.disputed("2.00", arbiter=ARBITER)
    answered = await bill.answered("0.50", arbiter=ARBITER)
    assert answered.dispute.arbiter == ARBITER
    reads: list[tuple[str, Any]] = [
        ("GetDispute", v1.GetDisputeRequest(dispute_id=bill.dispute.id)),
        ("GetInvoice", v1.GetInvoiceRequest(invoice_id=bill.record.id)),
        ("ListNotes", v1.ListNotesRequest(invoice_id=bill.record.id)),
        ("ListUsage", v1.ListUsageRequest(lease=bill.books.lease.name)),
    ]
    for method, request in reads:
        assert (await refused(trade.call(f"BillingService/{method}", request, ARBITER))).reason == "NOT_FOUND"
    listed = await trade.call("BillingService/ListDisputes", v1.ListDisputesRequest(), ARBITER)
    assert not listed.disputes
    await bill.replied("escalate")
    for method, request in reads:
        await trade.call(f"BillingService/{method}", request, ARBITER)
        for party in (OTHER, BROKER):
            error = await refused(trade.call(f"BillingService/{method}", request, party))
            assert error.reason == "NOT_FOUND", (method, party)
    listed = await trade.call("BillingService/ListDisputes", v1.ListDisputesRequest(), ARBITER)
    assert [dispute.id for dispute in listed.disputes] == [bill.dispute.id]
    assert (await refused(bill.ruled("1.00"))).reason == "NOT_FOUND"
    ruled = await bill.ruled("1.00", by=ARBITER)
    assert ruled.dispute.state == State.DISPUTE_STATE_RESOLVED
    read = await trade.call("BillingService/GetDispute", reads[0][1], ARBITER)
    assert [digest(paper.payload) for paper in read.papers][-1] == ruled.dispute.settled_by.sha256
    assert len(read.papers) == 3


async def test_an_arbiter_is_somebody_who_can_rule(trade: Trade, agent: PlayedAgent) -> None:
    """Naming an authority that is not enrolled as arbiter is refused (BILLING-DISPUTE-6)."""
    bill = await Bill.of(trade, agent)
    await bill.disputed("2.00", arbiter=OTHER)
    error = await refused(bill.answered("0.50", arbiter=OTHER))
    assert (error.reason, error.details["requirement"]) == ("TERMS", "BILLING-DISPUTE-6")
    assert (await bill.answered("0.50", arbiter=ARBITER)).dispute.arbiter == BROKER


async def test_each_step_belongs_to_one_party(trade: Trade, agent: PlayedAgent) -> None:
    """Who is a party and takes another's step is refused, who is none finds nothing (DISPUTE-PARTY-1)."""
    bill = await Bill.of(trade, agent)
    mine = v1.OpenDisputeRequest(
        request_id=trade.request_id(), dispute=signer(CONSUMER).sign_document(bill.objection("2.00"))
    )
    error = await refused(trade.call("BillingService/OpenDispute", mine, PROVIDER))
    assert error.reason == "NOT_A_PARTY"
    foreign = bill.objection("2.00", by=OTHER)
    assert (await refused(bill.open(foreign, by=OTHER))).reason == "NOT_FOUND"
    await bill.disputed("2.00")
    assert (await refused(bill.answered("1.00", by=OTHER))).reason == "NOT_FOUND"
    assert (await refused(bill.replied("withdraw", by=OTHER))).reason == "NOT_FOUND"
    request = v1.GetDisputeRequest(dispute_id=bill.dispute.id)
    assert (await refused(trade.call("BillingService/GetDispute", request, OTHER))).reason == "NOT_FOUND"


async def test_a_dispute_is_judged_by_its_page(trade: Trade, agent: PlayedAgent) -> None:
    """Other amounts, totals and notes, and too little time, are refused (BILLING-DISPUTE-1)."""
    bill = await Bill.of(trade, agent)
    good = bill.objection("2.00")

    def changed(what: str, amount: str) -> v1.Dispute:
        document = v1.Dispute()
        document.CopyFrom(good)
        document.header.id += f"-{what}"
        target = document.lines[0].disputed if what == "line" else getattr(document, what)
        target.amount = amount
        return document

    for what, amount in (("line", "5.99"), ("line", "0.00"), ("disputed", "1.99"), ("undisputed", "3.99")):
        assert (await refused(bill.open(changed(what, amount)))).reason == "TERMS", what
    short = v1.Dispute()
    short.CopyFrom(good)
    short.answer_by.seconds -= 1
    assert (await refused(bill.open(short))).reason == "TERMS"
    await bill.corrected("1.5")
    await bill.note(await bill.usage_note())
    late = bill.objection("2.00")
    late.ClearField("notes")
    assert (await refused(bill.open(late))).reason == "SUBJECT"
    assert (await bill.invoice()).open_dispute_count == 0
    await bill.disputed("2.00")


async def test_answers_and_replies_are_judged_by_their_page(trade: Trade, agent: PlayedAgent) -> None:
    """An answer beyond the dispute and a reply of another step are refused (BILLING-DISPUTE-3)."""
    bill = await Bill.of(trade, agent)
    await bill.disputed("2.00")
    assert bill.case is not None
    answer = build_answer(bill.case, {bill.key: eur("2.00")}, header=bill.header("dispute-answer"))
    answer.lines[0].conceded.amount = "2.01"
    assert (await refused(bill.step("AnswerDispute", "answer", answer, by=PROVIDER))).reason == "TERMS"
    assert (await refused(bill.replied("agree"))).reason == "ILLEGAL_TRANSITION"
    await bill.answered("1.00")
    error = await refused(bill.replied("agree", step="escalate"))
    assert (error.reason, error.details["requirement"]) == ("TERMS", "BILLING-DISPUTE-3")
    reply = build_reply(bill.case, "agree", header=bill.header("dispute-reply", CONSUMER))
    reply.ClearField("answer")
    assert (await refused(bill.step("AgreeDispute", "reply", reply, by=CONSUMER))).reason == "SUBJECT"
    early = build_reply(bill.case, "agree", header=bill.header("dispute-reply", CONSUMER))
    early.header.issued_at.seconds -= 3600
    error = await refused(bill.step("AgreeDispute", "reply", early, by=CONSUMER))
    assert (error.reason, error.details["requirement"]) == ("CONFLICT", "BILLING-SEQUENCE-1")
    await bill.replied("agree")


async def test_a_line_is_in_one_open_dispute(trade: Trade, agent: PlayedAgent) -> None:
    """A second dispute of the line waits for the end of the first (DISPUTE-ONE-1)."""
    bill = await Bill.of(trade, agent)
    await bill.disputed("2.00")
    assert (await refused(bill.disputed("1.00"))).reason == "CONFLICT"
    await bill.replied("withdraw")
    await bill.disputed("1.00")


async def test_of_acceptance_and_dispute_one_stands(trade: Trade, agent: PlayedAgent) -> None:
    """Of two steps that meet, the first is taken and the second finds it taken (STATE-INVOICE-1)."""
    bill = await Bill.of(trade, agent)
    document = bill.objection("2.00")
    results = await asyncio.gather(
        bill.open(document), bill.accept(digest=bill.record.rating_digest), return_exceptions=True
    )
    (lost,) = [each for each in results if isinstance(each, CrexError)]
    assert lost.reason == "ILLEGAL_TRANSITION"
    state = (await bill.invoice()).state
    assert state in (Invoice.INVOICE_STATE_DISPUTED, Invoice.INVOICE_STATE_ACCEPTED)


async def test_of_agreement_and_escalation_one_stands(trade: Trade, agent: PlayedAgent) -> None:
    """A buyer that agrees and escalates at once has done one of the two (STATE-DISPUTE-1)."""
    bill = await Bill.of(trade, agent)
    await bill.disputed("2.00")
    await bill.answered("1.00")
    assert bill.case is not None
    requests: list[tuple[str, Any]] = []
    for reply in ("agree", "escalate"):
        document = build_reply(bill.case, reply, header=bill.header("dispute-reply", CONSUMER))
        request_type = getattr(v1, f"{reply.capitalize()}DisputeRequest")
        envelope = signer(CONSUMER).sign_document(document)
        request = request_type(request_id=trade.request_id(), reply=envelope)
        requests.append((f"BillingService/{reply.capitalize()}Dispute", request))
    results = await asyncio.gather(
        *[trade.call(method, request, CONSUMER) for method, request in requests], return_exceptions=True
    )
    (lost,) = [each for each in results if isinstance(each, CrexError)]
    assert lost.reason == "ILLEGAL_TRANSITION"
    assert lost.details["etag"]


async def test_a_step_is_taken_once(trade: Trade, agent: PlayedAgent) -> None:
    """The same request is replayed with the first result, the same document again changes nothing."""
    bill = await Bill.of(trade, agent)
    document = bill.objection("2.00")
    first = await bill.open(document, request_id="dispute-01")
    again = await bill.open(document, request_id="dispute-01")
    assert (again.dispute, again.invoice, again.replayed) == (first.dispute, first.invoice, True)
    anew = await bill.open(document)
    assert (anew.dispute, anew.invoice, anew.replayed) == (first.dispute, first.invoice, False)
    assert bill.case is not None
    answer = build_answer(bill.case, {bill.key: eur("1.00")}, header=bill.header("dispute-answer"))
    once = await bill.step("AnswerDispute", "answer", answer, by=PROVIDER, request_id="answer-01")
    twice = await bill.step("AnswerDispute", "answer", answer, by=PROVIDER, request_id="answer-01")
    assert (twice.dispute, twice.replayed) == (once.dispute, True)
    third = await bill.step("AnswerDispute", "answer", answer, by=PROVIDER)
    assert (third.dispute, third.replayed) == (once.dispute, False)
    other = build_answer(bill.case, {bill.key: eur("0.50")}, header=bill.header("dispute-answer"))
    error = await refused(bill.step("AnswerDispute", "answer", other, by=PROVIDER))
    assert error.reason == "ILLEGAL_TRANSITION"


async def test_a_credit_given_before_the_answer_settles(trade: Trade, agent: PlayedAgent) -> None:
    """A seller that corrected the usage meanwhile owes no second credit (DISPUTE-CREDIT-1)."""
    bill = await Bill.of(trade, agent)
    await bill.disputed("2.99")
    await bill.corrected("1")
    noted = await bill.note(await bill.usage_note())
    assert (noted.invoice.owed.amount, noted.invoice.withheld.amount) == ("2.99", "0.00")
    pin = bill.notes[-1].note.pin
    await bill.answered("2.99", credit_notes={bill.key: pin})
    agreed = await bill.replied("agree")
    assert agreed.invoice.state == Invoice.INVOICE_STATE_CREDITED
    assert (agreed.invoice.withheld.amount, agreed.invoice.payable.amount) == ("0.00", "2.99")
    assert (await bill.pay()).state == Invoice.INVOICE_STATE_SETTLED


async def test_a_debit_note_can_be_disputed(trade: Trade, agent: PlayedAgent) -> None:
    """An objection to a note is one to the lines that it changed, as they then stand (DISPUTE-PIN-1)."""
    bill = await Bill.of(trade, agent)
    await bill.corrected("1")
    await bill.note(await bill.usage_note())
    await bill.accept()
    assert (await refused(bill.disputed("1.00"))).reason == "ILLEGAL_TRANSITION"
    await bill.corrected("2", 3)
    await bill.note(await bill.usage_note())
    opened = await bill.disputed("2.99")
    assert opened.invoice.state == Invoice.INVOICE_STATE_DISPUTED
    assert opened.invoice.payable.amount == "2.99"
