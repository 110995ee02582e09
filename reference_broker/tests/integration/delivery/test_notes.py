"""Notes at the broker: recomputed from everything issued before, one after the other (BILLING-NOTE-*)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from crex import v1
from crex.documents import convert
from crex.documents.reader import read
from crex.errors import CrexError
from crex.invoice import NoteDraft
from crex.metering.record import build_record
from crex.trust import merkle
from crex.trust.envelope import digest
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.bill import Bill, revised, taxed_plan
from reference_broker.tests.documents import price_plan
from reference_broker.tests.exchange import ARBITER, CONSUMER, OTHER, PROVIDER, signer
from reference_broker.tests.trade import Trade

State = v1.InvoiceState


async def refused(bill: Bill, draft: NoteDraft, **more: object) -> CrexError:
    """The error by which a note is refused."""
    with pytest.raises(CrexError) as caught:
        await bill.note(draft, **more)
    return caught.value


async def test_corrected_usage_is_credited_and_debited(trade: Trade, agent: PlayedAgent) -> None:
    """Each note changes what is owed by its difference, and both parties read it with its lines."""
    bill = await Bill.of(trade, agent)
    assert (bill.record.owed.amount, bill.record.payable.amount) == ("5.98", "5.98")
    await bill.corrected("1")
    credit = await bill.note(await bill.usage_note())
    assert (credit.note.type, credit.note.total.amount, credit.note.number) == ("credit-note", "-2.99", 1)
    assert (credit.invoice.owed.amount, credit.invoice.note_count) == ("2.99", 1)
    assert credit.invoice.state == State.INVOICE_STATE_ISSUED
    await bill.corrected("1.5", 3)
    draft = await bill.usage_note()
    debit = await bill.note(draft)
    assert (debit.note.type, debit.note.total.amount, debit.note.reason) == ("debit-note", "1.50", "usage")
    assert debit.invoice.owed.amount == "4.49"
    assert debit.invoice.rating_digest == draft.differences.digest
    for party in (CONSUMER, PROVIDER):
        listed = await trade.call(
            "BillingService/ListNotes", v1.ListNotesRequest(invoice_id=bill.record.id), party
        )
        assert list(listed.notes) == [credit.note, debit.note]
        read = await trade.call("BillingService/GetNote", v1.GetNoteRequest(note_id=debit.note.id), party)
        assert read.record == debit.note
        assert digest(read.note.payload) == debit.note.sha256
        assert tuple(read.lines) == draft.lines
        assert await bill.invoice(party) == debit.invoice


async def test_taxes_are_of_the_sum(trade: Trade, agent: PlayedAgent) -> None:
    """A note on a taxed invoice states the difference of cumulative taxes (RATE-CORRECT-2)."""
    bill = await Bill.of(trade, agent, priced=taxed_plan(trade))
    assert bill.record.total.amount == "7.18"
    await bill.corrected("1")
    noted = await bill.note(await bill.usage_note())
    assert (noted.note.total.amount, noted.invoice.owed.amount) == ("-3.59", "3.59")


async def test_all_is_taken_back(trade: Trade, agent: PlayedAgent) -> None:
    """After a cancellation nothing is owed, and nothing is issued on the invoice any more (NOTE-LAST-1)."""
    bill = await Bill.of(trade, agent)
    draft = await bill.cancellation()
    noted = await bill.note(draft)
    assert (noted.note.reason, noted.invoice.owed.amount) == ("cancellation", "0.00")
    await bill.accept()
    await trade.tick()
    settled = await bill.invoice()
    assert (settled.state, settled.last_transition.event) == (State.INVOICE_STATE_SETTLED, "covered")
    bill.notes.clear()
    error = await refused(bill, await bill.cancellation())
    assert error.reason == "CONFLICT"


async def test_a_note_of_another_amount_is_refused(trade: Trade, agent: PlayedAgent) -> None:
    """Whatever differs from the recomputation is refused, and the answer names the line (BILLING-NOTE-1)."""
    bill = await Bill.of(trade, agent)
    await bill.corrected("1")
    draft = await bill.usage_note()
    assert (await refused(bill, draft, lines=[draft.lines[0] + b" "])).reason == "SUBJECT"
    more = draft.lines[0].replace(b'"-2.99"', b'"-2.98"')
    assert isinstance(draft.message, v1.CreditNote)
    wrong = v1.CreditNote()
    wrong.CopyFrom(draft.message)
    wrong.correction.lines_root = merkle.root([more]).hex()
    error = await refused(bill, replace(draft, message=wrong, lines=(more,)))
    assert error.reason == "RATING_DIFFERS"
    assert bill.key in str(error)
    for field in ("total", "net_total"):
        wrong.CopyFrom(draft.message)
        getattr(wrong.correction, field).amount = "-2.98"
        assert (await refused(bill, replace(draft, message=wrong))).reason == "RATING_DIFFERS", field
    wrong.CopyFrom(draft.message)
    wrong.correction.rating_digest = "0" * 64
    assert (await refused(bill, replace(draft, message=wrong))).reason == "RATING_DIFFERS"
    debit = v1.DebitNote(header=draft.message.header, correction=draft.message.correction)
    assert (await refused(bill, replace(draft, message=debit))).reason == "TERMS"
    wrong.CopyFrom(draft.message)
    wrong.correction.buyer = OTHER
    assert (await refused(bill, replace(draft, message=wrong))).reason == "TERMS"
    assert (await bill.invoice()).note_count == 0
    await bill.note(draft)


async def test_a_note_needs_its_usage(trade: Trade, agent: PlayedAgent) -> None:
    """A correction that is not here cannot be billed, nor one that a note leaves out (BILLING-NOTE-1)."""
    bill = await Bill.of(trade, agent)
    await bill.corrected("1")
    draft = await bill.usage_note()
    await bill.corrected("1.5", 3)
    late = await bill.usage_note()
    # Batches that had been issued by then had to be pinned; one that came since makes another note.
    await bill.note(draft)
    header = late.message.header
    bill.later()
    again = await bill.usage_note()
    assert again.message.correction.earlier_notes
    error = await refused(bill, late)
    assert error.reason == "CONFLICT"
    assert header.id != again.message.header.id
    assert (await bill.note(again)).invoice.owed.amount == "4.49"


async def test_of_two_notes_at_once_one_stands(trade: Trade, agent: PlayedAgent) -> None:
    """Both were made from the same state; the second is told of the first (BILLING-NOTE-2)."""
    bill = await Bill.of(trade, agent)
    await bill.corrected("1")
    drafts = [await bill.usage_note(), await bill.cancellation()]
    requests = [
        v1.IssueNoteRequest(
            request_id=trade.request_id(),
            note=signer(PROVIDER).sign_document(draft.message),
            lines=draft.lines,
        )
        for draft in drafts
    ]
    results = await asyncio.gather(
        *[trade.call("BillingService/IssueNote", request, PROVIDER) for request in requests],
        return_exceptions=True,
    )
    (lost,) = [each for each in results if isinstance(each, CrexError)]
    (stands,) = [each for each in results if not isinstance(each, BaseException)]
    assert (lost.reason, lost.details["requirement"]) == ("CONFLICT", "BILLING-NOTE-2")
    assert lost.details["note"] == stands.note.id
    assert (await bill.invoice()) == stands.invoice


async def test_a_note_counts_once(trade: Trade, agent: PlayedAgent) -> None:
    """The same request is replayed; the same bytes under another identifier change nothing."""
    bill = await Bill.of(trade, agent)
    await bill.corrected("1")
    draft = await bill.usage_note()
    first = await bill.note(draft, request_id="note-00001")
    again = await bill.note(draft, request_id="note-00001")
    assert (again.note, again.invoice, again.replayed) == (first.note, first.invoice, True)
    anew = await bill.note(draft)
    assert (anew.note, anew.invoice, anew.replayed) == (first.note, first.invoice, False)
    assert (await refused(bill, draft, lines=[b"{}"])).reason == "CONFLICT"


async def test_notes_are_issued_in_order_of_time(trade: Trade, agent: PlayedAgent) -> None:
    """A note that is dated before what is here would be read in another order (BILLING-SEQUENCE-1)."""
    bill = await Bill.of(trade, agent)
    early = bill.header("note")
    await bill.corrected("1")
    await bill.note(await bill.usage_note())
    draft = await bill.cancellation()
    draft.message.header.CopyFrom(early)
    error = await refused(bill, draft)
    assert (error.reason, error.details["requirement"]) == ("CONFLICT", "BILLING-SEQUENCE-1")


async def test_a_note_is_there_for_the_parties_only(trade: Trade, agent: PlayedAgent) -> None:
    """Nobody else issues, reads or lists notes (BILLING-PARTY-1, BILLING-SIGNER-1)."""
    bill = await Bill.of(trade, agent)
    await bill.corrected("1")
    draft = await bill.usage_note()
    noted = await bill.note(draft)
    for party in (OTHER, ARBITER):
        for method, read_ in (
            ("GetNote", v1.GetNoteRequest(note_id=noted.note.id)),
            ("ListNotes", v1.ListNotesRequest(invoice_id=bill.record.id)),
        ):
            with pytest.raises(CrexError) as caught:
                await trade.call(f"BillingService/{method}", read_, party)
            assert caught.value.reason == "NOT_FOUND"
    assert isinstance(draft.message, v1.CreditNote)
    foreign = v1.CreditNote()
    foreign.CopyFrom(draft.message)
    foreign.header.CopyFrom(trade.header(OTHER, "note", "foreign"))
    request = v1.IssueNoteRequest(
        request_id=trade.request_id(), note=signer(OTHER).sign_document(foreign), lines=draft.lines
    )
    for party, reason in ((OTHER, "NOT_FOUND"), (CONSUMER, "NOT_A_PARTY")):
        with pytest.raises(CrexError) as caught:
            await trade.call("BillingService/IssueNote", request, party)
        assert caught.value.reason == reason
    request.note.CopyFrom(signer(PROVIDER).sign_document(bill.draft.message))
    with pytest.raises(CrexError) as caught:
        await trade.call("BillingService/IssueNote", request, PROVIDER)
    assert caught.value.reason == "TYPE"


async def test_an_order_stays_below_its_limit_with_notes(trade: Trade, agent: PlayedAgent) -> None:
    """A debit note that goes beyond what the consumer signed for is refused (BILLING-NOTE-3)."""
    plan = price_plan(trade, PROVIDER)
    plan.components.append(
        v1.PriceComponent(
            id="energy",
            dimension="energy",
            unit="j",
            kind=v1.ComponentKind.COMPONENT_KIND_COUNT,
            per_quantity="1",
            model=v1.TierModel.TIER_MODEL_UNIT,
            tiers=[v1.PriceTier(unit_price="1")],
        )
    )
    limit = v1.Money(currency="EUR", amount="35.88")  # what the units come to when they are ordered
    bill = await Bill.of(trade, agent, priced=plan, spend_limit=limit)
    assert bill.record.owed.amount == "5.98"
    used = convert.to_message(read(bill.records[0].body, v1.UsageRecord), v1.UsageRecord)
    used.meter_id, used.dimension, used.unit, used.quantity = "energy", "energy", "j", "30"
    await bill.amend(bill.correction([build_record(used)]))
    error = await refused(bill, await bill.usage_note())
    assert (error.reason, error.details["spent"]) == ("BUDGET_EXCEEDED", "35.98")
    await bill.amend(bill.correction([revised(build_record(used), "29.9")]))
    assert (await bill.note(await bill.usage_note())).invoice.owed.amount == "35.88"


async def test_a_debit_note_opens_the_invoice_again(trade: Trade, agent: PlayedAgent) -> None:
    """The buyer owes more than it agreed to, so its time to answer begins anew (BILLING-NOTE-4)."""
    bill = await Bill.of(trade, agent)
    await bill.corrected("1")
    await bill.note(await bill.usage_note())
    await bill.accept()
    assert (await bill.pay()).state == State.INVOICE_STATE_SETTLED
    await bill.corrected("2", 3)
    trade.clock.advance(days=2)
    noted = await bill.note(await bill.usage_note())
    assert noted.invoice.state == State.INVOICE_STATE_ISSUED
    assert (noted.invoice.owed.amount, noted.invoice.payable.amount) == ("5.98", "2.99")
    deadline = noted.invoice.acceptance_deadline.ToMilliseconds()
    assert deadline == trade.clock.ms + 14 * 24 * 3_600_000
    with pytest.raises(CrexError) as caught:
        await bill.accept(digest=bill.draft.message.rating_digest[::-1])
    assert caught.value.reason == "RATING_DIFFERS"
    assert (await bill.accept()).state == State.INVOICE_STATE_ACCEPTED
    assert (await bill.pay()).state == State.INVOICE_STATE_SETTLED


async def test_a_bill_that_changed_is_not_accepted(trade: Trade, agent: PlayedAgent) -> None:
    """An acceptance states the digest of what is owed now, notes and all (BILLING-ACCEPT-1)."""
    bill = await Bill.of(trade, agent)
    await bill.corrected("1")
    await bill.note(await bill.usage_note())
    with pytest.raises(CrexError) as caught:
        await bill.accept(digest=bill.draft.message.rating_digest)
    assert caught.value.reason == "RATING_DIFFERS"
    assert (await bill.accept()).state == State.INVOICE_STATE_ACCEPTED
