"""Bills over a change of price plan: by the plan that was sold, and then by the one that supersedes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crex import v1
from crex.documents.convert import to_timestamp
from crex.errors import CrexError
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.bill import Bill
from reference_broker.tests.documents import price_plan
from reference_broker.tests.exchange import PROVIDER, pin
from reference_broker.tests.integration.delivery.test_account_invoices import Together, summed
from reference_broker.tests.trade import Trade


def ending(trade: Trade, plan: v1.PricePlan) -> v1.PricePlan:
    """The plan, with an end in half an hour."""
    plan.effective_end.CopyFrom(to_timestamp(trade.at(minutes=30)))
    return plan


async def successor(trade: Trade, first: v1.PricePlan, price: str) -> v1.Envelope:
    """Publishes the plan that begins where the first one, which was sold, ends."""
    goods, plan = await trade.goods(), v1.PricePlan()
    plan.CopyFrom(first)
    plan.header.CopyFrom(trade.header(PROVIDER, "plan", "later"))
    plan.ClearField("effective_end")
    plan.effective_start.CopyFrom(first.effective_end)
    plan.supersedes.CopyFrom(pin(goods.plan, first.header.id))
    for tier in plan.components[0].tiers:
        tier.unit_price = price
    return await trade.publish(plan)


async def test_a_lease_goes_on_under_the_plan_that_follows(trade: Trade, agent: PlayedAgent) -> None:
    """PRICE-SUPERSEDES-1: half an hour at 2.99 and half an hour at 1, and not as if there were one plan."""
    plan = ending(trade, price_plan(trade))
    bill = await Bill.sealed(trade, agent, priced=plan)
    bill.books.successors = [await successor(trade, plan, "1")]
    draft = await bill.books.invoice()
    assert len(draft.message.price_plans) == 2
    stranger = v1.Invoice()
    stranger.CopyFrom(draft.message)
    stranger.price_plans[1].sha256 = "0" * 64
    with pytest.raises(CrexError) as refused:
        await bill.books.issue(replace(draft, message=stranger))
    assert refused.value.reason in {"SUBJECT", "RATING_DIFFERS"}
    issued = await bill.issue()
    assert issued.total.amount == "3.99"


async def test_an_account_is_billed_over_a_chain_of_plans(trade: Trade, agent: PlayedAgent) -> None:
    """BILLING-ACCOUNT-1: leases belong together where one's plan supersedes the other's."""
    plan = ending(trade, summed(trade))
    both = await Together.used(trade, agent, plan)
    later = await successor(trade, plan, "1")
    for bill in both.bills:
        bill.books.successors = [later]
    both.ended()
    alone = replace(both, bills=both.bills[:1])
    refused = await alone.refused()
    assert (refused.reason, refused.details["lease"]) == ("TERMS", both.bills[1].books.lease.name)
    draft = await both.draft()
    assert len(draft.message.price_plans) == 2
    done = await both.issue(draft)
    assert done.invoice.total.amount == "5.99"  # a unit-hour at 2.99, and three under the later plan at 1
