"""One invoice for all leases of an account whose plan sums over it (BILLING-ACCOUNT-1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from crex import v1
from crex.decimals import Money
from crex.errors import CrexError
from crex.invoice import Basis, InvoiceDraft, Ledger, build, correct, verify
from crex.invoice.basis import SoldUsage
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.bill import Bill, revised
from reference_broker.tests.documents import price_plan
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER, signer
from reference_broker.tests.trade import Trade


def summed(trade: Trade) -> v1.PricePlan:
    """Two unit-hours at 2.99, and what all leases of the account use beyond at 1."""
    plan = price_plan(trade)
    component = plan.components[0]
    component.model = v1.TierModel.TIER_MODEL_GRADUATED
    component.tiers[0].up_to = "7200"
    component.tiers.append(v1.PriceTier(unit_price="1"))
    component.accumulator.scope = v1.AccumulatorScope.ACCUMULATOR_SCOPE_ACCOUNT
    component.accumulator.reset = v1.AccumulatorReset.ACCUMULATOR_RESET_PERIOD
    return plan


def committed(trade: Trade) -> v1.PricePlan:
    """One unit of each hour at half the price, used or not."""
    plan = price_plan(trade)
    plan.commitments.append(
        v1.Commitment(
            id="half",
            kind=v1.CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY,
            amount="1",
            price="1.5",
            per_quantity="3600",
            eligible=["unit-hour"],
        )
    )
    return plan


@dataclass
class Together:
    """The books of several leases, and the invoice of all of them."""

    trade: Trade
    bills: Sequence[Bill]
    envelope: v1.Envelope | None = None

    @classmethod
    async def used(
        cls, trade: Trade, agent: PlayedAgent, plan: v1.PricePlan | None = None, leases: int = 2, **more: Any
    ) -> Together:
        """Sells two units for an hour, as often as told, and seals their usage."""
        plan = plan or summed(trade)
        return cls(trade, [await Bill.sealed(trade, agent, priced=plan, **more) for _ in range(leases)])

    async def basis(self) -> Basis:
        """What the bill is computed from."""
        leases = [SoldUsage(await bill.books.sale(), bill.books.batches) for bill in self.bills]
        return Basis.of_account(leases)

    async def draft(self, name: str = "account") -> InvoiceDraft:
        """The invoice."""
        return build(
            await self.basis(),
            header=self.trade.header(PROVIDER, "invoice", name),
            due_time=self.trade.clock.now() + timedelta(days=30),
        )

    async def issue(self, draft: InvoiceDraft, **more: Any) -> v1.IssueInvoiceResponse:
        """Signs and issues it."""
        self.envelope = signer(PROVIDER).sign_document(draft.message)
        response: v1.IssueInvoiceResponse = await self.trade.call(
            "BillingService/IssueInvoice",
            v1.IssueInvoiceRequest(
                request_id=more.pop("request_id", "") or self.trade.request_id(),
                invoice=self.envelope,
                lines=draft.lines,
            ),
            PROVIDER,
        )
        return response

    async def refused(self, draft: InvoiceDraft | None = None) -> CrexError:
        """The error by which it is refused."""
        with pytest.raises(CrexError) as caught:
            await self.issue(draft or await self.draft())
        return caught.value

    def ended(self) -> None:
        """Lets the whole billing period end."""
        self.trade.clock.advance(days=32)

    @property
    def orders(self) -> list[str]:
        """The orders, by lease."""
        return [bill.books.lease.order for bill in self.bills]

    async def counted(self) -> list[tuple[tuple[str, str], ...]]:
        """What counts against the spend limit of each order."""
        invoices = self.trade.store.invoices
        return [await invoices.billed_before(order, "another") for order in self.orders]


async def test_all_leases_of_an_account_are_billed_once(trade: Trade, agent: PlayedAgent) -> None:
    """BILLING-ACCOUNT-1: one invoice over two orders, which both parties recompute and nobody else sees."""
    both = await Together.used(trade, agent)
    early = await both.refused()
    assert (early.reason, early.details["requirement"]) == ("INCOMPLETE", "BILLING-ACCOUNT-1")
    both.ended()
    draft = await both.draft()
    done = await both.issue(draft, request_id="issue-0001")
    assert (done.invoice.total.amount, done.invoice.lease) == ("7.98", "")
    assert await both.counted() == [(("EUR", "0.00"),), (("EUR", "0.00"),)]  # all lines are the account's
    again = await both.issue(draft, request_id="issue-0001")
    assert (again.invoice, again.replayed) == (done.invoice, True)
    assert (await both.issue(draft)).invoice == done.invoice
    second = await both.refused(await both.draft("once-more"))
    assert (second.reason, second.details["invoice"]) == ("NAME_EXISTS", done.invoice.id)
    for party in (CONSUMER, PROVIDER):
        got = await trade.call(
            "BillingService/GetInvoice", v1.GetInvoiceRequest(invoice_id=done.invoice.id), party
        )
        opened = both.bills[0].books.opened(got.invoice, v1.Invoice)
        assert verify(opened, list(got.lines), await both.basis()).ok
        for bill in both.bills:
            request = v1.ListInvoicesRequest(lease=bill.books.lease.name)
            listed = await trade.call("BillingService/ListInvoices", request, party)
            assert [each.id for each in listed.invoices] == [done.invoice.id]
    with pytest.raises(CrexError) as hidden:
        await trade.call("BillingService/GetInvoice", v1.GetInvoiceRequest(invoice_id=done.invoice.id), OTHER)
    assert hidden.value.reason == "NOT_FOUND"


async def test_a_commitment_is_billed(trade: Trade, agent: PlayedAgent) -> None:
    """RATE-COMMITMENT-1, ORDER-SPEND-1: a commitment covers an account; an order counts by its own lines."""
    both = await Together.used(trade, agent, committed(trade))
    both.ended()
    draft = await both.draft()
    assert any(line.commitment for line in draft.rating.lines)
    done = await both.issue(draft)
    assert done.invoice.total.amount == draft.rating.total.amount
    own = [sum(one.amount.minor for one in draft.rating.lines if one.order == each) for each in both.orders]
    assert await both.counted() == [(("EUR", Money("EUR", minor).amount),) for minor in own]
    assert any(own)


async def test_a_lease_is_not_left_out(trade: Trade, agent: PlayedAgent) -> None:
    """BILLING-ACCOUNT-1: no lease of the account is passed over of which no usage came."""
    both = await Together.used(trade, agent)
    late = await trade.active(agent, end=trade.at(hours=1))
    both.ended()
    refused = await both.refused()
    assert (refused.reason, refused.details["lease"]) == ("INCOMPLETE", late)
    assert "not there" in refused.message


async def test_a_sealed_lease_is_not_left_out(trade: Trade, agent: PlayedAgent) -> None:
    """BILLING-ACCOUNT-1: what the account used under the plan is billed together or not at all."""
    both = await Together.used(trade, agent)
    both.ended()
    for kept, missing in ((0, 1), (1, 0)):
        part = replace(both, bills=[both.bills[kept]])
        refused = await part.refused()
        assert (refused.reason, refused.details["requirement"]) == ("TERMS", "BILLING-ACCOUNT-1")
        assert refused.details["lease"] == both.bills[missing].books.lease.name


async def test_another_account_is_billed_by_itself(trade: Trade, agent: PlayedAgent) -> None:
    """BILLING-ACCOUNT-1: leases of one buyer that are of two accounts do not add up."""
    ours = await Together.used(trade, agent, leases=1)
    theirs = await Together.used(trade, agent, leases=1, account="research")
    ours.ended()
    assert (await ours.issue(await ours.draft("ours"))).invoice.total.amount == "5.98"
    assert (await theirs.issue(await theirs.draft("theirs"))).invoice.total.amount == "5.98"


async def test_a_lease_is_not_billed_alone_under_such_a_plan(trade: Trade, agent: PlayedAgent) -> None:
    """INVOICE-SCOPE-1: an invoice of a lease is none of its account."""
    both = await Together.used(trade, agent, leases=1)
    both.ended()
    draft = await both.draft()
    draft.message.lease = draft.message.leases[0]
    draft.message.ClearField("leases")
    assert (await both.refused(draft)).reason == "TERMS"


async def test_open_usage_is_not_billed(trade: Trade, agent: PlayedAgent) -> None:
    """BILLING-ISSUE-1: the lease whose usage is not sealed is named."""
    both = await Together.used(trade, agent)
    draft = await both.draft()
    stranger = both.bills[1].books.lease.name
    trade.store.writer.run_blocking(
        lambda tx: tx.connection.execute(
            "UPDATE usage_periods SET state = 'SEALED_INCOMPLETE' WHERE lease = ?", (stranger,)
        )
    )
    both.ended()
    refused = await both.refused(draft)
    assert (refused.reason, refused.details["lease"]) == ("INCOMPLETE", stranger)


async def test_what_comes_after_it(trade: Trade, agent: PlayedAgent) -> None:
    """BILLING-NOTE-1: corrected usage of one lease, its note, and a dispute of the bill of an account."""
    both = await Together.used(trade, agent, horizon=timedelta(days=60))
    both.ended()
    draft = await both.draft()
    issued = await both.issue(draft)
    first = both.bills[0]
    assert both.envelope is not None
    first.envelope, first.draft, first.record = both.envelope, draft, issued.invoice
    await first.amend(first.correction([revised(first.records[0], "1")]))
    plan = (await first.books.sale()).plan
    ledger = Ledger.of(first.opened(both.envelope, v1.Invoice), draft.lines, plan)
    header = first.header("note")
    note = correct(ledger, await both.basis(), header=header)
    assert note is not None
    done = await first.note(note)
    assert (done.note.type, done.note.total.amount) == ("credit-note", "-1.00")
    assert done.invoice.owed.amount == "6.98"
    await first.disputed("1.00")
    await first.answered("1.00")
    await first.replied("agree")
    settled = await first.note(await first.settlement())
    assert settled.invoice.owed.amount == "5.98"
    assert settled.invoice.state == v1.InvoiceState.INVOICE_STATE_CREDITED
    paid = await first.books.paid(settled.invoice)
    assert (paid.invoice.paid.amount, paid.invoice.payable.amount) == ("5.98", "0.00")
