"""The contract of `NoteStore`, `DisputeStore` and `AccountStore`: one order of events, each counted once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from crex.decimals import Money
from crex_broker.application.ports.accounts import NewClose
from crex_broker.application.ports.disputes import Disputed, DisputeStep, NewDispute
from crex_broker.application.ports.invoices import InvoiceSnapshot, NewInvoice, NewPayment, OrderPart
from crex_broker.application.ports.notes import NewNote, NoteIssued
from reference_broker.tests.contract.delivery import Deliveries, private
from reference_broker.tests.contract.market import HOUR, Market, refusal
from reference_broker.tests.exchange import ARBITER, BROKER, CONSUMER, OTHER, PROVIDER

WEEK = 7 * 24 * HOUR


class Bills(Deliveries):
    """A market in which an invoice is issued, and what comes after it."""

    invoice: InvoiceSnapshot
    new: NewInvoice

    async def issue(self) -> InvoiceSnapshot:
        """Bills the sealed period of a lease: 10.00 EUR."""
        usage = await self.append(await self.batch(await self.active(), event="seal"))
        sold = await self.store.leases.lease(PROVIDER, usage.lease)
        assert sold is not None
        self.new = NewInvoice(
            document=private("invoice", self.label()),
            lines=(b"a", b"b"),
            leases=((usage.lease, usage.version),),
            start_ms=usage.start_ms,
            end_ms=usage.end_ms,
            orders=(OrderPart(sold.order, "10.00", ()),),
            buyer=CONSUMER,
            currency="EUR",
            total="10.00",
            rating_digest="0" * 64,
            acceptance_ms=HOUR,
            account=CONSUMER,
            issued_ms=self.market.clock.ms,
        )
        self.invoice = (await self.store.invoices.issue(self.market.mutation(PROVIDER), self.new)).outcome
        return self.invoice

    def note(self, total: str = "-1.00", owed: str = "9.00", **more: Any) -> NewNote:
        """A note judged against the invoice as it was last seen."""
        type_ = "credit-note" if total.startswith("-") else "debit-note"
        values: dict[str, Any] = {
            "document": private(type_, self.label()),
            "lines": (b"x" * 900, b"y", b"z"),
            "invoice": self.invoice.id,
            "invoice_version": self.invoice.version,
            "usages": (),
            "orders": (OrderPart(self.new.orders[0].order, owed, more.pop("billed_before", None)),),
            "reason": "usage",
            "currency": "EUR",
            "total": total,
            "owed": owed,
            "withheld": "0.00",
            "owed_digest": "1" * 64,
            "event": "credit" if type_ == "credit-note" else "debit",
            "account": CONSUMER,
            "issued_ms": self.market.clock.ms,
        }
        return NewNote(**{**values, **more})

    async def noted(self, note: NewNote, **mutation: str) -> NoteIssued:
        """Keeps a note."""
        done = await self.store.notes.issue(self.market.mutation(PROVIDER, **mutation), note)
        self.invoice = done.outcome.invoice
        return done.outcome

    def dispute(self, **more: Any) -> NewDispute:
        """A dispute judged against the invoice as it was last seen."""
        values: dict[str, Any] = {
            "document": private("dispute", self.label(), by=CONSUMER),
            "invoice": self.invoice.id,
            "invoice_version": self.invoice.version,
            "arbiter": BROKER,
            "currency": "EUR",
            "disputed": "4.00",
            "withheld": "4.00",
            "answer_by_ms": self.market.clock.ms + WEEK,
        }
        return NewDispute(**{**values, **more})

    async def opened(self, dispute: NewDispute) -> Disputed:
        """Keeps a dispute."""
        done = (await self.store.disputes.open(self.market.mutation(CONSUMER), dispute)).outcome
        self.invoice = done.invoice
        return done

    def step(self, standing: Disputed, event: str, actor: str, **more: Any) -> DisputeStep:
        """A step of a dispute, judged against what stands."""
        values: dict[str, Any] = {
            "document": private("paper", self.label()),
            "dispute": standing.dispute.id,
            "dispute_version": standing.dispute.version,
            "invoice_version": self.invoice.version,
            "event": event,
            "actor": actor,
            "arbiter": BROKER,
            "settled": None,
            "withheld": "4.00",
            "granted": False,
        }
        return DisputeStep(**{**values, **more})

    async def stepped(self, step: DisputeStep, by: str) -> Disputed:
        """Takes a step of a dispute."""
        done = (await self.store.disputes.advance(self.market.mutation(by), step)).outcome
        self.invoice = done.invoice
        return done


@pytest.fixture
async def bills(market: Market) -> Bills:
    """An invoice that was issued."""
    made = Bills(market)
    await made.issue()
    return made


async def test_notes_come_back_as_they_were(bills: Bills) -> None:
    """BILLING-LIST-1: lines byte for byte, by number and size, to the parties of the invoice only."""
    first, second = bills.note(), None
    made = await bills.noted(first)
    second = await bills.noted(bills.note("0.50", "9.50"))
    assert (made.note.number, second.note.number, second.invoice.note_count) == (1, 2, 2)
    assert (second.invoice.owed, second.invoice.owed_digest) == ("9.50", "1" * 64)
    store = bills.store.notes
    for party in (PROVIDER, CONSUMER):
        found: list[bytes] = []
        number: int | None = 1
        while number is not None:
            page = await store.note(party, made.note.id, from_number=number, limit=2, max_bytes=500)
            assert page is not None
            found += page.lines
            number = page.next_number
        assert tuple(found) == first.lines
        listed = await store.notes(party, bills.invoice.id, from_number=1, limit=1)
        assert listed is not None
        assert (listed.notes, listed.next_number) == ((made.note,), 2)
    for party in (OTHER, ARBITER, BROKER):
        assert await store.note(party, made.note.id, from_number=1, limit=2, max_bytes=500) is None
        assert await store.notes(party, bills.invoice.id, from_number=1, limit=9) is None
    papers = await bills.store.invoices.papers(CONSUMER, bills.invoice.id)
    assert papers is not None
    assert [note.lines for note in papers.notes] == [first.lines, (b"x" * 900, b"y", b"z")]
    assert await bills.store.invoices.papers(OTHER, bills.invoice.id) is None


async def test_of_notes_that_meet_one_is_kept(bills: Bills) -> None:
    """BILLING-NOTE-2: what was judged against an older invoice is judged anew."""
    notes = [bills.note() for _ in range(4)]
    results = await asyncio.gather(
        *[bills.store.notes.issue(bills.market.mutation(PROVIDER), each) for each in notes],
        return_exceptions=True,
    )
    assert sum(isinstance(each, BaseException) for each in results) == 3
    with refusal("ETAG_MISMATCH"):
        await bills.noted(notes[-1])


async def test_a_note_is_kept_once(bills: Bills) -> None:
    """The same request is remembered, the same bytes change nothing, strangers find no invoice."""
    note = bills.note()
    mutation = bills.market.mutation(PROVIDER, request_id="note-once")
    first = await bills.store.notes.issue(mutation, note)
    again = await bills.store.notes.issue(mutation, note)
    assert (again.outcome, again.replayed) == (first.outcome, True)
    assert await bills.store.requests.recall(mutation, NoteIssued) == first.outcome
    anew = await bills.store.notes.issue(bills.market.mutation(PROVIDER), note)
    assert (anew.outcome, anew.replayed) == (first.outcome, False)
    for party in (OTHER, CONSUMER):
        with refusal("NOT_FOUND"):
            await bills.store.notes.issue(bills.market.mutation(party), note)


async def test_a_note_is_of_the_usage_and_the_order_that_stand(bills: Bills) -> None:
    """BILLING-NOTE-3: another version of the usage, or another bill of the order, is looked at again."""
    with refusal("ETAG_MISMATCH"):
        await bills.noted(bills.note(usages=((bills.new.lease, 99),)))
    with refusal("ETAG_MISMATCH"):
        await bills.noted(bills.note("0.50", "10.50", billed_before=(("EUR", "1.00"),)))
    await bills.noted(bills.note("0.50", "10.50", billed_before=()))
    others = await bills.store.invoices.billed_before(bills.new.orders[0].order, "another")
    assert others == (("EUR", "10.50"),)  # what is owed counts against a spend limit, notes and all


async def test_a_debit_note_begins_the_acceptance_anew(bills: Bills) -> None:
    """BILLING-NOTE-4: from the store's time, and a credit note moves no deadline."""
    deadline = bills.invoice.deadline_ms
    bills.market.clock.advance(minutes=30)
    assert (await bills.noted(bills.note())).invoice.deadline_ms == deadline
    debited = await bills.noted(bills.note("0.50", "9.50"))
    assert debited.invoice.deadline_ms == bills.market.clock.ms + HOUR


async def test_a_dispute_moves_with_its_invoice(bills: Bills) -> None:
    """BILLING-DISPUTE-4: opened, answered and agreed in one transaction each with what it entails."""
    opened = await bills.opened(bills.dispute())
    assert (opened.invoice.state, opened.invoice.withheld, opened.invoice.open_disputes) == (
        "DISPUTED",
        "4.00",
        1,
    )
    answered = await bills.stepped(bills.step(opened, "answer", "P"), PROVIDER)
    assert answered.invoice == opened.invoice
    agreed = await bills.stepped(
        bills.step(answered, "agree", "C", settled=("name", 1, "2" * 64), withheld="1.00", granted=True),
        CONSUMER,
    )
    assert (agreed.dispute.state, agreed.dispute.settled_sha256) == ("RESOLVED", "2" * 64)
    assert (agreed.invoice.state, agreed.invoice.withheld, agreed.invoice.outcome) == (
        "CREDITED",
        "1.00",
        "credited",
    )
    found = await bills.store.disputes.dispute(PROVIDER, agreed.dispute.id)
    assert found is not None
    assert (found.dispute, len(found.papers)) == (agreed.dispute, 2)


async def test_the_last_dispute_decides_by_all(bills: Bills) -> None:
    """BILLING-DISPUTE-4: while one is open the invoice stays; what one granted counts in the end."""
    first, second = await bills.opened(bills.dispute()), None
    second = await bills.opened(bills.dispute(withheld="8.00"))
    answered = await bills.stepped(bills.step(first, "answer", "P"), PROVIDER)
    ended = await bills.stepped(bills.step(answered, "agree", "C", granted=True), CONSUMER)
    assert (ended.invoice.state, ended.invoice.last.event) == ("DISPUTED", "closed")
    withdrawn = await bills.stepped(bills.step(second, "withdraw", "C"), CONSUMER)
    assert (withdrawn.invoice.state, withdrawn.invoice.last.event) == ("CREDITED", "credited")


async def test_a_step_is_judged_against_what_stands(bills: Bills) -> None:
    """Of steps that meet one is taken; the other is told so, or is judged anew (STATE-DISPUTE-1)."""
    opened = await bills.opened(bills.dispute())
    steps = [bills.step(opened, "answer", "P"), bills.step(opened, "withdraw", "C")]
    results = await asyncio.gather(
        bills.store.disputes.advance(bills.market.mutation(PROVIDER), steps[0]),
        bills.store.disputes.advance(bills.market.mutation(CONSUMER), steps[1]),
        return_exceptions=True,
    )
    assert sum(isinstance(each, BaseException) for each in results) == 1
    with refusal("NOT_FOUND"):
        await bills.stepped(bills.step(opened, "withdraw", "C"), OTHER)
    with refusal("ETAG_MISMATCH"):
        await bills.opened(bills.dispute(invoice_version=1))


async def test_a_late_answer_finds_the_deadline_passed(bills: Bills) -> None:
    """BILLING-DISPUTE-2: by the store's time, before the timer looked and after."""
    opened = await bills.opened(bills.dispute())
    bills.market.clock.advance(days=7)
    with refusal("ILLEGAL_TRANSITION"):
        await bills.stepped(bills.step(opened, "answer", "P"), PROVIDER)
    (moved,) = await bills.store.timers.dispute_answers(10)
    assert (moved.name, moved.state) == (opened.dispute.id, "ESCALATED")
    assert await bills.store.timers.dispute_answers(10) == []


async def test_only_the_arbiter_of_an_escalated_dispute_reads_it(bills: Bills) -> None:
    """BILLING-DISPUTE-5: before that, and for every other third party, nothing is there."""
    opened = await bills.opened(bills.dispute(arbiter=ARBITER))
    store, lease = bills.store, bills.new.lease

    async def readable(party: str) -> list[bool]:
        listed = await store.disputes.disputes(party, state="", invoice="", before_seq=None, limit=9)
        id_ = bills.invoice.id
        return [
            await store.disputes.dispute(party, opened.dispute.id) is not None,
            await store.disputes.by_digest(party, opened.dispute.sha256) is not None,
            bool(listed.disputes),
            await store.invoices.invoice(party, id_, from_number=1, limit=9, max_bytes=99) is not None,
            await store.usage.batches(party, lease, after_seq=0, limit=9, max_bytes=99) is not None,
        ]

    for party, before, after in ((CONSUMER, True, True), (ARBITER, False, True), (OTHER, False, False)):
        assert await readable(party) == [before] * 5
        if party == ARBITER:
            bills.market.clock.advance(days=7)
            await store.timers.dispute_answers(10)
        assert await readable(party) == [after] * 5


async def test_disputes_are_listed_newest_first(bills: Bills) -> None:
    """By state and by invoice, in parts, each once."""
    made = [(await bills.opened(bills.dispute())).dispute.id for _ in range(3)]
    store, seen, before = bills.store.disputes, list[str](), None
    while True:
        page = await store.disputes(CONSUMER, state="OPEN", invoice="", before_seq=before, limit=2)
        seen += [dispute.id for dispute in page.disputes]
        before = page.next_seq
        if before is None:
            break
    assert seen == made[::-1]
    for filter_ in ({"state": "ANSWERED", "invoice": ""}, {"state": "", "invoice": "another"}):
        page = await store.disputes(CONSUMER, **filter_, before_seq=None, limit=9)
        assert not page.disputes


async def test_a_payment_is_counted_once(bills: Bills) -> None:
    """BILLING-PAY-3: many that meet under one reference are one; others need references of their own."""
    store, market, id_ = bills.store.invoices, bills.market, bills.invoice.id
    acceptance = private("invoice-acceptance", "ok", by=CONSUMER)
    with refusal("RATING_DIFFERS"):
        await store.accept(market.mutation(CONSUMER), id_, acceptance, rating_digest="9" * 64)
    await store.accept(market.mutation(CONSUMER), id_, acceptance, rating_digest="0" * 64)
    part = NewPayment("wire 1", Money.parse("EUR", "3.00"), None)
    results = await asyncio.gather(
        *[store.record_payment(market.mutation(PROVIDER), id_, part) for _ in range(4)]
    )
    assert {each.outcome.paid for each in results} == {"3.00"}
    with refusal("CONFLICT"):
        other = replace(part, amount=Money.parse("EUR", "4.00"))
        await store.record_payment(market.mutation(PROVIDER), id_, other)
    rest = await store.record_payment(market.mutation(PROVIDER), id_, NewPayment("wire 2", None, None))
    assert (rest.outcome.state, rest.outcome.paid) == ("SETTLED", "10.00")
    papers = await bills.store.accounts.papers(PROVIDER, CONSUMER, CONSUMER)
    assert [(one.reference, one.amount) for one in papers.payments] == [
        ("wire 1", "3.00"),
        ("wire 2", "7.00"),
    ]


async def test_what_is_covered_is_settled_by_itself(bills: Bills) -> None:
    """BILLING-PAY-2: where nothing is owed any more, once the invoice is accepted."""
    await bills.noted(bills.note("-10.00", "0.00"))
    assert await bills.store.timers.covered_invoices(10) == []
    bills.market.clock.advance(hours=1)
    await bills.store.timers.invoice_acceptances(10)
    assert (await bills.store.timers.due())["invoice-covered"] == 0
    (moved,) = await bills.store.timers.covered_invoices(10)
    assert moved.state == "SETTLED"


async def test_a_close_is_of_all_that_was_issued(bills: Bills) -> None:
    """BILLING-CLOSE-1, BILLING-CLOSE-2: judged against what stands, after its end, and final."""
    papers = await bills.store.accounts.papers(PROVIDER, CONSUMER, CONSUMER)
    assert [each.invoice for each in papers.invoices] == [bills.invoice]
    close = NewClose(
        document=private("period-close", "first"),
        buyer=CONSUMER,
        account=CONSUMER,
        start_ms=0,
        end_ms=bills.market.clock.ms + 1,
        version=papers.version,
    )
    store, mutation = bills.store.accounts, bills.market.mutation
    with refusal("CONFLICT"):
        await store.close(mutation(PROVIDER), close)
    await bills.noted(bills.note())
    bills.market.clock.advance(seconds=1)
    with refusal("ETAG_MISMATCH"):
        await store.close(mutation(PROVIDER), close)
    version = (await store.papers(PROVIDER, CONSUMER, CONSUMER)).version
    done = await store.close(mutation(PROVIDER), replace(close, version=version))
    assert (await store.close(mutation(PROVIDER), close)).outcome == done.outcome
    again = await store.papers(PROVIDER, CONSUMER, CONSUMER)
    assert [kept.sha256 for kept in again.closes] == [close.document.sha256]
    assert not (await store.papers(PROVIDER, CONSUMER, "another")).closes
    with refusal("CONFLICT"):
        await bills.noted(bills.note(issued_ms=close.end_ms - 1))
    await bills.noted(bills.note(issued_ms=close.end_ms))
