"""Accounts at the broker: payments once each, periods closed for good, statements from documents."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from crex import v1
from crex.accounts.account import Account, Billed, DisputePapers, Paid
from crex.accounts.close import build_close
from crex.accounts.statement import statement
from crex.documents.convert import to_timestamp
from crex.documents.times import from_ms
from crex.errors import CrexError
from crex.invoice.standing import Standing
from crex.metering.span import Span
from crex.trust.envelope import digest
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.bill import Bill, eur
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER, signer
from reference_broker.tests.trade import Trade

State = v1.InvoiceState


async def payment_refused(bill: Bill, amount: str = "", **more: object) -> CrexError:
    """The error by which a payment is refused."""
    with pytest.raises(CrexError) as caught:
        await bill.pay(amount, **more)  # type: ignore[arg-type]
    return caught.value


def account_of(bill: Bill, *payments: Paid) -> Account:
    """The account as a party reads it from its own papers."""
    invoice = bill.opened(bill.envelope, v1.Invoice)
    disputes = () if bill.case is None else (DisputePapers(bill.case),)
    billed = Billed(Standing.of(invoice, bill.draft.lines), tuple(bill.notes), disputes)
    return Account.of([billed], payments)


async def stated(trade: Trade, period: Span, by: str = CONSUMER, **more: str) -> v1.GetStatementResponse:
    """The broker's statement."""
    request = v1.GetStatementRequest(seller=PROVIDER, buyer=CONSUMER, period=period.message(), **more)
    response: v1.GetStatementResponse = await trade.call("BillingService/GetStatement", request, by)
    return response


async def closed(
    bill: Bill, account: Account, period: Span, previous: v1.Envelope | None = None
) -> v1.Envelope:
    """Closes a period of the account; gives the signed close."""
    before = None if previous is None else bill.opened(previous, v1.PeriodClose)
    document = build_close(account, period, header=bill.header("period-close"), previous=before)
    return await send_close(bill, document)


async def send_close(bill: Bill, document: v1.PeriodClose, by: str = PROVIDER) -> v1.Envelope:
    """Signs and sends a close."""
    envelope = signer(by).sign_document(document)
    request = v1.ClosePeriodRequest(request_id=bill.trade.request_id(), close=envelope)
    response: v1.ClosePeriodResponse = await bill.trade.call("BillingService/ClosePeriod", request, by)
    assert response.sha256 == digest(envelope.payload)
    return envelope


async def test_an_invoice_is_paid_in_parts(trade: Trade, agent: PlayedAgent) -> None:
    """Each part lowers what is payable, and the last one settles the invoice (BILLING-PAY-2)."""
    bill = await Bill.of(trade, agent)
    assert (await payment_refused(bill, "1.00")).reason == "ILLEGAL_TRANSITION"
    await bill.accept()
    paid = await bill.pay("1.00")
    assert (paid.state, paid.paid.amount, paid.payable.amount) == (
        State.INVOICE_STATE_ACCEPTED,
        "1.00",
        "4.98",
    )
    assert (await bill.pay()).state == State.INVOICE_STATE_SETTLED
    assert (await payment_refused(bill, "1.00")).reason == "ILLEGAL_TRANSITION"


async def test_a_payment_is_above_zero_and_in_the_invoices_currency(trade: Trade, agent: PlayedAgent) -> None:
    """Nothing else is a payment of an invoice, nor one of the future (BILLING-PAY-2)."""
    bill = await Bill.of(trade, agent)
    await bill.accept()
    for amount in ("0.00", "-1.00"):
        assert (await payment_refused(bill, amount)).reason == "TERMS", amount
    ahead = to_timestamp(trade.at(seconds=301))
    assert (await payment_refused(bill, "1.00", payment_time=ahead)).reason == "TERMS"
    request = v1.RecordPaymentRequest(
        request_id=trade.request_id(),
        invoice_id=bill.record.id,
        payment_reference="x",
        amount=v1.Money(currency="USD", amount="1.00"),
    )
    with pytest.raises(CrexError) as caught:
        await trade.call("BillingService/RecordPayment", request, PROVIDER)
    assert caught.value.reason == "TERMS"
    assert (await bill.invoice()).paid.amount == "0.00"


async def test_a_reference_names_one_payment(trade: Trade, agent: PlayedAgent) -> None:
    """The same payment again changes nothing; another one needs a reference of its own (BILLING-PAY-3)."""
    bill = await Bill.of(trade, agent)
    await bill.accept()
    first = await bill.pay("1.00", reference="wire 1")
    assert await bill.pay("1.00", reference="wire 1") == first
    error = await payment_refused(bill, "2.00", reference="wire 1")
    assert (error.reason, error.details["requirement"]) == ("CONFLICT", "BILLING-PAY-3")
    results = await asyncio.gather(*[bill.pay("1.00", reference="wire 2") for _ in range(3)])
    assert {each.paid.amount for each in results} == {"2.00"}


async def test_a_statement_is_what_a_party_computes_itself(trade: Trade, agent: PlayedAgent) -> None:
    """Invoice, note, dispute and payment, to both parties the same, byte for byte (BILLING-STATEMENT-1)."""
    bill = await Bill.of(trade, agent)
    await bill.corrected("1.5")
    await bill.note(await bill.usage_note())
    await bill.disputed("1.00")
    paid_ms = trade.clock.ms
    await bill.pay("2.00", reference="wire 7", payment_time=to_timestamp(from_ms(paid_ms)))
    bill.later()
    account = account_of(bill, Paid("wire 7", eur("2.00"), paid_ms, bill.record.id))
    everything = Span(0, trade.clock.ms)
    response = await stated(trade, everything)
    assert response.statement == statement(account, everything)
    assert await stated(trade, everything, PROVIDER) == response
    (balance,) = response.statement.balances
    assert (balance.closing.amount, balance.disputed.amount, balance.payable.amount) == (
        "2.49",
        "1.00",
        "1.49",
    )
    half = Span(0, account.billed[0].invoice.message.header.issued_at.ToMilliseconds() + 1)
    assert (await stated(trade, half)).statement == statement(account, half)
    assert not (await stated(trade, everything, account="another one")).statement.entries


async def test_a_statement_is_for_its_parties(trade: Trade, agent: PlayedAgent) -> None:
    """Nobody reads the account of others (BILLING-PARTY-1)."""
    await Bill.of(trade, agent)
    with pytest.raises(CrexError) as caught:
        await stated(trade, Span(0, trade.clock.ms), OTHER)
    assert caught.value.reason == "NOT_FOUND"
    backwards = v1.Interval(start=to_timestamp(trade.at()), end=to_timestamp(trade.at(hours=-1)))
    request = v1.GetStatementRequest(seller=PROVIDER, buyer=CONSUMER, period=backwards)
    with pytest.raises(CrexError) as caught:
        await trade.call("BillingService/GetStatement", request, CONSUMER)
    assert caught.value.reason == "SCHEMA"


async def test_periods_are_closed_one_after_the_other(trade: Trade, agent: PlayedAgent) -> None:
    """A close follows the one before, and both come with the statement (BILLING-CLOSE-1)."""
    bill = await Bill.of(trade, agent)
    begun = trade.clock.ms - 1000
    bill.later()
    account = account_of(bill)
    first = await closed(bill, account, Span(begun, trade.clock.ms))
    await send_close(bill, bill.opened(first, v1.PeriodClose).message)
    again = build_close(account, Span(begun, trade.clock.ms), header=bill.header("period-close"))
    with pytest.raises(CrexError) as caught:
        await send_close(bill, again)
    assert (caught.value.reason, caught.value.details["requirement"]) == ("SUBJECT", "CLOSE-CHAIN-1")
    await bill.corrected("1")
    await bill.note(await bill.usage_note())
    bill.later()
    account = account_of(bill)
    end_ms = Span.of(bill.opened(first, v1.PeriodClose).message.period).end_ms
    second = await closed(bill, account, Span(end_ms, trade.clock.ms), first)
    response = await stated(trade, Span(0, trade.clock.ms))
    assert list(response.closes) == [first, second]
    response = await stated(trade, Span(end_ms, trade.clock.ms))
    assert list(response.closes) == [second]


async def test_a_close_that_differs_is_refused(trade: Trade, agent: PlayedAgent) -> None:
    """Other counts, roots or totals than what was issued here close nothing (BILLING-CLOSE-1)."""
    bill = await Bill.of(trade, agent)
    begun = trade.clock.ms - 1000
    bill.later()
    account = account_of(bill)
    good = build_close(account, Span(begun, trade.clock.ms), header=bill.header("period-close"))

    def changed(field: str) -> v1.PeriodClose:
        close = v1.PeriodClose()
        close.CopyFrom(good)
        if field == "total":
            close.totals[0].total.amount = "5.97"
        elif field == "documents_root":
            close.documents_root = "0" * 64
        else:
            close.invoice_count = 2
        return close

    for field, reason in (("invoice_count", "SUBJECT"), ("documents_root", "SUBJECT"), ("total", "TERMS")):
        with pytest.raises(CrexError) as caught:
            await send_close(bill, changed(field))
        assert caught.value.reason == reason, field
    ahead = v1.PeriodClose()
    ahead.CopyFrom(good)
    ahead.period.end.CopyFrom(to_timestamp(trade.at(hours=1)))
    with pytest.raises(CrexError) as caught:
        await send_close(bill, ahead)
    assert (caught.value.reason, caught.value.details["requirement"]) == ("CONFLICT", "BILLING-CLOSE-1")
    await send_close(bill, good)


async def test_nothing_is_issued_in_a_closed_period(trade: Trade, agent: PlayedAgent) -> None:
    """What says that it was issued before the end of a close is refused (BILLING-CLOSE-2)."""
    bill = await Bill.of(trade, agent)
    begun = trade.clock.ms - 1000
    await bill.corrected("1")
    draft = await bill.usage_note()
    bill.later()
    await closed(bill, account_of(bill), Span(begun, trade.clock.ms))
    with pytest.raises(CrexError) as caught:
        await bill.note(draft)
    assert (caught.value.reason, caught.value.details["requirement"]) == ("CONFLICT", "BILLING-CLOSE-2")
    trade.clock.advance(seconds=timedelta(minutes=1).seconds)
    await bill.note(await bill.usage_note())
