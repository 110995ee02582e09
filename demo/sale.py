"""The sale, step by step: each function is one chapter and gives what the next one needs."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from google.protobuf.duration_pb2 import Duration

from crex import v1
from crex.agent.loopback.client import LeaseClient
from crex.demand import text
from crex.demand.rendering import render as render_explanation
from crex.describe.host import describe
from crex.describe.publish import documents_for_sale
from crex.describe.render import render as render_description
from crex.documents import convert
from crex.documents.convert import to_timestamp
from crex.documents.reader import read
from crex.errors import CrexError
from crex.invoice.acceptance import build_acceptance
from crex.invoice.basis import Basis
from crex.invoice.report import InvoiceReport
from crex.invoice.sale import Sale
from crex.invoice.usage import SealedBatch
from crex.invoice.verify import verify
from crex.trust.seal import access_info, open_sealed
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope
from demo import goods
from demo.party import Party, request_id
from demo.story import DemoFailed, Story

_LEASE: Final = timedelta(minutes=10)
_PATIENCE_S: Final = 40.0
_POLL_S: Final = 0.05
DEMAND: Final = (
    "cpu.schedulable_cpus >= 1 and cpu.isa in [x86-64, aarch64] and cpu.allocation = dedicated-core"
)


@dataclass(frozen=True, slots=True)
class Found:
    """What the search gave."""

    demand: v1.Demand
    offer: v1.Candidate
    candidates: list[v1.Candidate]
    explanation: v1.MatchExplanation


@dataclass(frozen=True, slots=True)
class Bought:
    """What was ordered."""

    hold: Verified[v1.HoldReceipt]
    order: Verified[v1.OrderDocument]
    request: v1.CommitOrderRequest
    lease: str


def publish_host(story: Story, provider: Party, broker: str) -> tuple[goods.Goods, str]:
    """The provider describes this machine and puts its cores on sale; gives also the description as text."""
    with story.step("the provider describes this machine as it is") as step:
        description = describe()
        cpu = description.node.cpu
        step.say(f"{cpu.model or cpu.isa}, {cpu.schedulable_cpus} CPUs schedulable")
        step.add(f"{len(description.report)} things that it cannot know are left out, each with its reason")
    with story.step("it signs site, machine, core and pool, and publishes them") as step:
        documents = documents_for_sale(
            description, goods.POLICY, authority=provider.authority, issued_at=provider.now()
        )
        pins = [provider.publish(document) for document in documents]
        step.say(f"{len(pins)} documents")
    until = provider.now() + timedelta(hours=2)
    with story.step("it signs a price plan and an offer") as step:
        plan = provider.publish(goods.price_plan(provider))
        offer = provider.publish(goods.offer(provider, documents, pins[2], plan, until))
        step.say("0.036 USD a core-hour, 0.0125 USD a CPU second beyond the first")
    with story.step("it grants the broker an allotment of its real cores") as step:
        units = len(documents.unit_cpus)
        document = goods.allotment(provider, documents.pool.header.id, broker, units, until)
        envelope = provider.identity.sign_document(document)
        provider.papers.keep(envelope)
        provider.client.grant_allotment(v1.GrantAllotmentRequest(request_id=request_id(), envelope=envelope))
        step.say(f"{units} core{'' if units == 1 else 's'} may be sold, never more")
    cpus = tuple(min(unit) for unit in documents.unit_cpus)
    sold = goods.Goods(offer, documents.pool.header.id, units, cpus)
    return sold, render_description(description)


def search(story: Story, consumer: Party) -> Found:
    """The consumer says what it needs, in words, and gets the right offers and the reason for every other."""
    with story.step("the consumer says what it needs, and asks for the reason of every no") as step:
        demand = v1.Demand(
            requirement=text.parse(DEMAND),
            duration=Duration(seconds=int(_LEASE.total_seconds())),
            count=1,
            currency=goods.CURRENCY,
        )
        response = consumer.client.search_offers(
            v1.SearchOffersRequest(demand=demand, max_candidates=50, explain=True)
        )
        explanation = response.explanation
        step.say(f"{explanation.matched} of {explanation.considered} offers match")
        step.add(DEMAND)
        for line in render_explanation(explanation)[1:9]:
            step.add(line)
    best = next((candidate for candidate in response.candidates if candidate.holdable), None)
    if best is None:
        raise DemoFailed("no offer that matches can be held")
    return Found(demand, best, list(response.candidates), explanation)


def buy(story: Story, consumer: Party, broker: str, found: Found) -> Bought:
    """The consumer holds a core and commits to it by its signature."""
    now = consumer.now()
    with story.step("it holds one core; the broker signs what it holds") as step:
        request = v1.CreateHoldRequest(
            request_id=request_id(),
            items=[
                v1.HoldRequestItem(offer_id=found.offer.offer_id, offer_sha256=found.offer.sha256, quantity=1)
            ],
            interval=v1.Interval(start=to_timestamp(now), end=to_timestamp(now + _LEASE)),
        )
        response = consumer.client.create_hold(request)
        consumer.papers.keep(response.hold_receipt)
        hold = open_envelope(
            response.hold_receipt, v1.HoldReceipt, consumer.trust, now=consumer.now(), expected_issuer=broker
        )
        step.say(f"{hold.message.order} until {hold.message.expire_time.ToJsonString()}")
    with story.step("it signs the order and commits it") as step:
        document, nonce = order_document(consumer, hold), request_id()
        document.nonce = nonce
        envelope = consumer.identity.sign_document(document)
        consumer.papers.keep(envelope)
        commit = v1.CommitOrderRequest(request_id=nonce, order=hold.message.order, envelope=envelope)
        consumer.client.commit_order(commit)
        order = open_envelope(envelope, v1.OrderDocument, consumer.trust, now=consumer.now())
        step.say("at most 1.00 USD, access sealed to the consumer's own key")
    return Bought(hold, order, commit, hold.message.items[0].lease)


def order_document(consumer: Party, hold: Verified[v1.HoldReceipt]) -> v1.OrderDocument:
    """Makes the order that commits a hold; the nonce is the request's to set."""
    message = hold.message
    access = consumer.identity.access
    if access is None:
        raise DemoFailed("the consumer has no access key")
    return v1.OrderDocument(
        header=consumer.header("order"),
        hold_receipt=hold.pin,
        audience=message.provider,
        items=[
            v1.OrderItem(offer=item.offer, quantity=item.quantity, interval=message.interval)
            for item in message.items
        ],
        spend_limit=v1.Money(currency=goods.CURRENCY, amount="1.00"),
        access_key=access.raw,
        interface=f"{message.provider}/exec",
    )


def use(story: Story, consumer: Party, bought: Bought) -> dict[str, Any]:
    """The agent delivers, and the consumer runs its program on the leased core."""
    with story.step("the provider's agent confirms and delivers") as step:
        lease = wait_for_lease(consumer, bought.lease, "LEASE_STATE_ACTIVE")
        step.say(f"active since {lease.activated_at.ToJsonString()}")
        order = consumer.client.get_order(v1.GetOrderRequest(order=bought.hold.message.order))
        consumer.papers.keep(order.order_confirmation)
        open_envelope(
            order.order_confirmation,
            v1.OrderConfirmation,
            consumer.trust,
            now=consumer.now(),
            expected_issuer=bought.hold.message.provider,
        )
    with story.step("the consumer opens the sealed access; the broker cannot") as step:
        envelope = consumer.client.get_access(v1.GetAccessRequest(lease=bought.lease)).access_grant
        consumer.papers.keep(envelope)
        credential = open_access(consumer, bought, envelope)
        client = LeaseClient(credential)
        facts = client.facts()
        step.say(f"{credential.endpoint}, CPUs {facts['cpus']}, confined by {facts['confinement']}")
    with story.step("it runs a dense linear-algebra program through it") as step:
        source = Path(__file__).with_name("program.py").read_bytes()
        outcome = client.run(["python", "program.py"], files={"program.py": source}, wait_s=60)
        if outcome.exit_code != 0:
            raise DemoFailed(f"the program ended with {outcome.exit_code}: {outcome.stderr.decode()[-300:]}")
        result: dict[str, Any] = json.loads(outcome.stdout)
        if not result["correct"]:
            raise DemoFailed(f"the solutions are wrong: residual {result['worst_residual']}")
        if not set(result["cpus_used"]) <= set(facts["cpus"]) == set(result["cpus_allowed"]):
            raise DemoFailed(f"it ran on CPUs {result['cpus_used']}, leased are {facts['cpus']}")
        cpus = ", ".join(map(str, result["cpus_used"]))
        step.say(f"{result['systems']} systems of {result['size']} unknowns, {result['gflops']} GFLOP/s")
        step.add(
            f"every solution is right; it ran on CPU {cpus} only, {outcome.cpu_ms / 1000:.2f} s of CPU time"
        )
    return result


def open_access(consumer: Party, bought: Bought, envelope: v1.Envelope) -> v1.AccessCredential:
    """Verifies an access grant and opens what is sealed in it."""
    grant = open_envelope(
        envelope,
        v1.AccessGrant,
        consumer.trust,
        now=consumer.now(),
        expected_issuer=bought.hold.message.provider,
    ).message
    key = consumer.identity.access
    if key is None or grant.order != bought.order.pin or grant.lease != bought.lease:
        raise DemoFailed("the access grant is not of this order")
    info = access_info(grant.lease, grant.access_epoch)
    plain = open_sealed(key, info, grant.enc, grant.ciphertext)
    return convert.to_message(read(plain, v1.AccessCredential), v1.AccessCredential)


def settle(
    story: Story, consumer: Party, bought: Bought
) -> tuple[Verified[v1.Invoice], InvoiceReport, list[bytes]]:
    """The lease ends; usage is sealed, billed, recomputed and accepted."""
    with story.step("the consumer ends the lease; the provider signs that its units are free") as step:
        time.sleep(1.2)  # one more reading of the meters, so that the bill needs no estimate
        consumer.client.terminate_lease(
            v1.TerminateLeaseRequest(request_id=request_id(), lease=bought.lease, reason="done")
        )
        wait_for_lease(consumer, bought.lease, "LEASE_STATE_RELEASED")
        receipt = consumer.client.get_lease(v1.GetLeaseRequest(lease=bought.lease)).release_receipt
        consumer.papers.keep(receipt)
        opened = open_envelope(
            receipt,
            v1.ReleaseReceipt,
            consumer.trust,
            now=consumer.now(),
            expected_issuer=bought.hold.message.provider,
        )
        ended = opened.message.ended_at.ToJsonString()
        read = [one for one in opened.message.final_readings if one.meter_id == "cpu-time"]
        if not read:
            raise DemoFailed("the release receipt states no last reading of the CPU time")
        step.say(f"ended {ended}, {read[0].total} {read[0].unit} of CPU time by its last reading")
    with story.step("usage, metered by the operating system, is sealed and signed") as step:
        batches = wait_for_batches(consumer, bought)
        count = sum(len(batch.bodies or ()) for batch in batches)
        step.say(f"{count} records in {len(batches)} signed batch{'es' if len(batches) > 1 else ''}")
    with story.step("the provider issues the invoice; the broker recomputed it first") as step:
        invoice, lines = wait_for_invoice(consumer, bought)
        step.say(f"{invoice.message.total.amount} {invoice.message.currency} in {len(lines)} lines")
    with story.step("the consumer recomputes it from usage, plan and order") as step:
        report = verify(invoice, lines, Basis.of(fetch_sale(consumer, bought), batches))
        rating = report.require()
        step.say(f"the same to the last digit, rating digest {rating.digest[:16]}…")
    with story.step("it accepts the invoice by its signature") as step:
        acceptance = build_acceptance(invoice, report, header=consumer.header("invoice-acceptance"))
        envelope = consumer.identity.sign_document(acceptance)
        consumer.papers.keep(envelope)
        record = consumer.client.accept_invoice(
            v1.AcceptInvoiceRequest(request_id=request_id(), acceptance=envelope)
        ).invoice
        step.say(v1.InvoiceState.Name(record.state).removeprefix("INVOICE_STATE_").lower())
    return invoice, report, lines


def fetch_sale(consumer: Party, bought: Bought) -> Sale:
    """Fetches offer and price plan by their digests, and verifies that they belong together."""
    at = bought.hold.message.header.issued_at.ToDatetime(tzinfo=consumer.now().tzinfo)
    item = bought.hold.message.items[0]

    def fetch(sha256: str) -> v1.Envelope:
        envelope = consumer.client.get_document(v1.GetDocumentRequest(sha256=sha256)).envelope
        consumer.papers.keep(envelope)
        return envelope

    offer = open_envelope(fetch(item.offer.sha256), v1.Offer, consumer.trust, now=at, expected=item.offer)
    pin = offer.message.price_plan
    plan = open_envelope(fetch(pin.sha256), v1.PricePlan, consumer.trust, now=at, expected=pin)
    return Sale.of(bought.lease, hold_receipt=bought.hold, order=bought.order, offer=offer, price_plan=plan)


def wait_for_lease(consumer: Party, name: str, state: str) -> v1.Lease:
    """Waits until a lease is in a state."""
    until, lease = time.monotonic() + _PATIENCE_S, v1.Lease()
    while time.monotonic() < until:
        try:
            lease = consumer.client.get_lease(v1.GetLeaseRequest(lease=name)).lease
        except CrexError as error:
            if error.reason != "NOT_FOUND":  # made when the provider accepts
                raise
        if v1.LeaseState.Name(lease.state) == state:
            return lease
        if lease.state == v1.LeaseState.LEASE_STATE_FAILED and state == "LEASE_STATE_ACTIVE":
            raise DemoFailed("the lease failed; the provider could not deliver it")
        time.sleep(_POLL_S)
    raise DemoFailed(f"the lease is {v1.LeaseState.Name(lease.state)} after {_PATIENCE_S:g} s, not {state}")


def wait_for_batches(consumer: Party, bought: Bought) -> list[SealedBatch]:
    """Waits until usage is sealed; gives the verified batches with their records."""
    until = time.monotonic() + _PATIENCE_S
    request = v1.ListUsageRequest(lease=bought.lease)
    response = consumer.client.list_usage(request)
    sealed = v1.UsageState.USAGE_STATE_SEALED
    while not any(period.state == sealed for period in response.periods):
        if time.monotonic() > until:
            raise DemoFailed("usage was not sealed in time")
        time.sleep(_POLL_S)
        response = consumer.client.list_usage(request)
    batches = []
    for item in response.batches:
        consumer.papers.keep(item.batch)
        consumer.papers.keep_bodies(item.batch, "records", item.records)
        batch = open_envelope(
            item.batch,
            v1.UsageBatch,
            consumer.trust,
            now=consumer.now(),
            expected_issuer=bought.hold.message.provider,
        )
        batches.append(SealedBatch(batch, list(item.records)))
    return batches


def wait_for_invoice(consumer: Party, bought: Bought) -> tuple[Verified[v1.Invoice], list[bytes]]:
    """Waits for the invoice of the lease; gives it with its exact lines."""
    until = time.monotonic() + _PATIENCE_S
    request = v1.ListInvoicesRequest(lease=bought.lease)
    while not (found := consumer.client.list_invoices(request).invoices):
        if time.monotonic() > until:
            raise DemoFailed("no invoice came in time")
        time.sleep(_POLL_S)
    lines: list[bytes] = []
    token = ""
    while True:
        response = consumer.client.get_invoice(v1.GetInvoiceRequest(invoice_id=found[0].id, page_token=token))
        lines += response.lines
        token = response.next_page_token
        if not token:
            break
    consumer.papers.keep(response.invoice)
    consumer.papers.keep_bodies(response.invoice, "lines", lines)
    invoice = open_envelope(
        response.invoice,
        v1.Invoice,
        consumer.trust,
        now=consumer.now(),
        expected_issuer=bought.hold.message.provider,
    )
    return invoice, lines
