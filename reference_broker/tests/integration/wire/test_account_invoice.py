"""A lease whose plan sums over an account, over the wire: sealed by its agent, billed after its period."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from crex import v1
from crex.cli.bundle_fetch import fetch_sale
from crex.cli.party import Customer
from crex.documents import strict
from crex.documents.times import SystemClock, parse_time
from crex.errors import RemoteError
from crex.invoice import Basis, SealedBatch, build
from crex.invoice.basis import SoldUsage
from crex.trust.identity_files import open_pins
from crex.trust.verify import open_envelope
from reference_broker.tests.command_line import Sale, sell
from reference_broker.tests.wire import BROKER, request_id


def over_account(plan: dict[str, Any]) -> None:
    """Prices the first hour of all leases of an account together, and what comes after it at half."""
    units = plan["components"][0]
    units["model"] = "TIER_MODEL_GRADUATED"
    units["tiers"] = [{"unitPrice": "3600", "upTo": "3600"}, {"unitPrice": "1800"}]
    units["accumulator"] = {"scope": "ACCUMULATOR_SCOPE_ACCOUNT", "reset": "ACCUMULATOR_RESET_PERIOD"}
    units.pop("granularity", None)


@pytest.fixture(scope="module")
def summed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sale]:
    """A sale under such a plan, whose usage is sealed."""
    with sell(tmp_path_factory.mktemp("summed"), summed=over_account) as made:
        yield made


def test_an_account_is_billed_after_its_period(summed: Sale) -> None:
    """BILLING-ACCOUNT-1: the provider makes the bill, and the broker takes it once no lease can follow."""
    party = summed.party(summed.provider)
    home = summed.provider.home / summed.provider.authority
    with party.client() as client:
        trust = open_pins(party.identity, home, now=SystemClock().now())
        customer = Customer(party.identity, trust, home, BROKER, party.target, client)
        sale = fetch_sale(customer, summed.lease)
        listed = client.list_usage(v1.ListUsageRequest(lease=summed.lease))
        batches = []
        for each in listed.batches:
            issued = parse_time(strict.loads(each.batch.payload)["header"]["issuedAt"])
            batch = open_envelope(each.batch, v1.UsageBatch, trust, now=issued)
            batches.append(SealedBatch(batch, tuple(each.records)))
        draft = build(
            Basis.of_account([SoldUsage(sale, batches)]),
            header=party.header(party.authority, "invoice", "account"),
            due_time=party.at() + timedelta(days=30),
        )
        assert list(draft.message.leases) == [summed.lease]
        request = v1.IssueInvoiceRequest(
            request_id=request_id(),
            invoice=party.identity.sign_document(draft.message),
            lines=draft.lines,
        )
        with pytest.raises(RemoteError) as refused:
            client.issue_invoice(request)
    assert (refused.value.reason, refused.value.details["requirement"]) == ("INCOMPLETE", "BILLING-ACCOUNT-1")
    assert refused.value.details["account"] == summed.consumer.authority
    assert summed.consumer("invoice", "list") == []


def test_nobody_else_bills_it(summed: Sale) -> None:
    """BILLING-PARTY-1: another provider is told that there is no such lease."""
    other, owner = summed.party(summed.other), summed.party(summed.provider)
    pin = v1.Pin(id=summed.order, revision=1, sha256="0" * 64)
    nothing = v1.Money(currency="EUR", amount="0.00")
    invoice = v1.Invoice(
        header=other.header(other.authority, "invoice", "stolen"),
        orders=[pin],
        price_plans=[pin],
        usage_batches=[pin],
        seller=other.authority,
        buyer=summed.consumer.authority,
        account=summed.consumer.authority,
        leases=[summed.lease],
        period=owner.interval(owner.at(days=-1), owner.at()),
        due_time=owner.interval(owner.at(), owner.at(days=9)).end,
        currency="EUR",
        lines_root="0" * 64,
        line_count=0,
        net_total=nothing,
        total=nothing,
        algorithm="rate-1",
        rating_digest="0" * 64,
        tz_transitions=[v1.TzTransition(time_zone="UTC", utc=owner.interval(owner.at(), owner.at()).start)],
    )
    invoice.tz_transitions[0].offset_s = 0
    request = v1.IssueInvoiceRequest(
        request_id=request_id(), invoice=other.identity.sign_document(invoice), lines=[]
    )
    with other.client() as client, pytest.raises(RemoteError) as refused:
        client.issue_invoice(request)
    assert refused.value.reason == "NOT_FOUND"
