"""Two tenants never see each other's business: every method, tried by a party that has no part in a sale.

The other party is enrolled as a provider and a consumer, knows every name, and holds its own keys. The table
names every method of the contract: one that is added without a line here fails the first test.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, TypeVar

import pytest
from google.protobuf.message import Message

from crex import v1
from crex.documents import convert
from crex.documents.convert import to_timestamp
from crex.documents.reader import read
from crex.documents.types import DocumentType
from crex.errors import RemoteError
from crex.trust.envelope import digest, record_id
from crex_broker.rpc.roles import METHOD_ROLES
from reference_broker.tests.command_line import OTHER, Sale
from reference_broker.tests.documents import site
from reference_broker.tests.wire import WireParty, request_id

M = TypeVar("M", bound=Message)
Build = Callable[[Sale], Message]
PUBLIC: Final = "public"
HIDDEN: Final = "NOT_FOUND"
NOT_ITS_OWN: Final = "NOT_A_PARTY"


def as_own(sale: Sale, document: M, kind: str) -> v1.Envelope:
    """Signs a copy of a document of the sale as the other party's own."""
    own = sale.party(sale.other)
    copy = type(document).FromString(document.SerializeToString())
    header: v1.Header = copy.header  # type: ignore[attr-defined]
    for member in ("stream", "sequence", "prev"):  # of a stream of the one who issued the original
        header.ClearField(member)
    header.id, header.issuer = f"crex://{OTHER}/{kind}/{request_id().lower().strip('-_')}x", OTHER
    header.issued_at.CopyFrom(to_timestamp(own.at()))
    if isinstance(copy, v1.Invoice):
        copy.seller = OTHER
    return own.identity.sign_document(copy)


def opened(envelope: v1.Envelope, kind: type[M]) -> M:
    """Reads a document of the sale."""
    return convert.to_message(read(envelope.payload, kind), kind)


def order_of(sale: Sale) -> v1.GetOrderResponse:
    """The order as its consumer sees it."""
    with sale.party(sale.consumer).client() as client:
        return client.get_order(v1.GetOrderRequest(order=sale.order))


def batch_of(sale: Sale) -> v1.BatchWithRecords:
    """The usage as its consumer sees it."""
    with sale.party(sale.consumer).client() as client:
        return client.list_usage(v1.ListUsageRequest(lease=sale.lease)).batches[0]


def invoice_of(sale: Sale) -> v1.GetInvoiceResponse:
    """The invoice as its consumer sees it."""
    with sale.party(sale.consumer).client() as client:
        return client.get_invoice(v1.GetInvoiceRequest(invoice_id=sale.invoice))


def own_commit(sale: Sale) -> v1.CommitOrderRequest:
    """The other party's own order for what somebody else holds."""
    nonce = request_id()
    document = opened(order_of(sale).order_document, v1.OrderDocument)
    document.nonce = nonce
    return v1.CommitOrderRequest(request_id=nonce, order=sale.order, envelope=as_own(sale, document, "order"))


def own_batch(sale: Sale, *, final: bool) -> tuple[v1.Envelope, list[bytes]]:
    """The other party's own batch of usage for somebody else's lease."""
    entry = batch_of(sale)
    document = opened(entry.batch, v1.UsageBatch)
    document.final = final
    return as_own(sale, document, "usage-batch"), list(entry.records)


def own_append(sale: Sale) -> v1.AppendUsageRequest:
    """Such a batch, of a period that goes on."""
    batch, records = own_batch(sale, final=False)
    return v1.AppendUsageRequest(request_id=request_id(), batch=batch, records=records)


def own_seal(sale: Sale) -> v1.SealUsageRequest:
    """Such a batch, the last of its period."""
    batch, records = own_batch(sale, final=True)
    return v1.SealUsageRequest(request_id=request_id(), batch=batch, records=records)


def own_amendment(sale: Sale) -> v1.AmendUsageRequest:
    """The other party's own correction of somebody else's usage."""
    entry = batch_of(sale)
    document = opened(entry.batch, v1.UsageBatch)
    for field in ("final", "service_events", "gaps"):
        document.ClearField(field)
    document.corrects.CopyFrom(v1.Pin(id=document.header.id, revision=1, sha256=digest(entry.batch.payload)))
    return v1.AmendUsageRequest(
        request_id=request_id(), batch=as_own(sale, document, "usage-batch"), records=entry.records
    )


def own_note(sale: Sale) -> v1.IssueNoteRequest:
    """The other party's own note on somebody else's invoice."""
    response = invoice_of(sale)
    billed = opened(response.invoice, v1.Invoice)
    nothing = v1.Money(currency=billed.currency, amount="0.00")
    document = v1.CreditNote(
        header=v1.Header(revision=1),
        correction=v1.Correction(
            invoice=v1.Pin(id=sale.invoice, revision=1, sha256=digest(response.invoice.payload)),
            reason="cancellation",
            seller=OTHER,
            buyer=billed.buyer,
            period=billed.period,
            currency=billed.currency,
            lines_root=billed.lines_root,
            line_count=billed.line_count,
            net_total=nothing,
            total=nothing,
            rating_digest=billed.rating_digest,
        ),
    )
    return v1.IssueNoteRequest(
        request_id=request_id(), note=as_own(sale, document, "note"), lines=response.lines
    )


def own_dispute(sale: Sale) -> v1.Envelope:
    """The other party's own dispute of somebody else's invoice."""
    envelope = invoice_of(sale).invoice
    cent = v1.Money(currency=opened(envelope, v1.Invoice).currency, amount="0.01")
    document = v1.Dispute(
        header=v1.Header(revision=1),
        invoice=v1.Pin(id=sale.invoice, revision=1, sha256=digest(envelope.payload)),
        lines=[v1.DisputedLine(key="units", disputed=cent, reason="price")],
        disputed=cent,
        undisputed=cent,
        answer_by=to_timestamp(sale.party(sale.other).at(days=8)),
    )
    return as_own(sale, document, "dispute")


def no_dispute(sale: Sale) -> v1.Pin:
    """A pin of a dispute that is nobody's."""
    return v1.Pin(id=sale.invoice.replace("/invoice/", "/dispute/"), revision=1, sha256="0" * 64)


def own_answer(sale: Sale) -> v1.Envelope:
    """The other party's own answer to a dispute that it has no part in."""
    line = v1.AnsweredLine(key="units", conceded=v1.Money(currency="EUR", amount="0.01"))
    document = v1.DisputeAnswer(header=v1.Header(revision=1), dispute=no_dispute(sale), lines=[line])
    return as_own(sale, document, "dispute-answer")


def own_reply(sale: Sale, step: str) -> v1.Envelope:
    """The other party's own step in a dispute that it has no part in."""
    document = v1.DisputeReply(header=v1.Header(revision=1), dispute=no_dispute(sale), step=step)
    return as_own(sale, document, "dispute-reply")


def own_close(sale: Sale) -> v1.ClosePeriodRequest:
    """The other party's own close of what somebody else issued."""
    own, billed = sale.party(sale.other), opened(invoice_of(sale).invoice, v1.Invoice)
    document = v1.PeriodClose(
        header=v1.Header(revision=1),
        counterparty=billed.buyer,
        account=billed.account,
        period=own.interval(own.at(days=-1), own.at(seconds=-1)),
        invoice_count=1,
        credit_note_count=0,
        debit_note_count=0,
        documents_root=billed.lines_root,
    )
    return v1.ClosePeriodRequest(request_id=request_id(), close=as_own(sale, document, "period-close"))


def own_acceptance(sale: Sale) -> v1.Envelope:
    """The other party's own acceptance of somebody else's invoice."""
    envelope = invoice_of(sale).invoice
    acceptance = v1.InvoiceAcceptance(
        header=v1.Header(revision=1),
        invoice=v1.Pin(id=sale.invoice, revision=1, sha256=digest(envelope.payload)),
        rating_digest=opened(envelope, v1.Invoice).rating_digest,
    )
    return as_own(sale, acceptance, "invoice-acceptance")


def own_invoice(sale: Sale) -> v1.IssueInvoiceRequest:
    """The other party's own bill for somebody else's lease."""
    response = invoice_of(sale)
    document = opened(response.invoice, v1.Invoice)
    return v1.IssueInvoiceRequest(
        request_id=request_id(), invoice=as_own(sale, document, "invoice"), lines=response.lines
    )


def own_series(sale: Sale) -> v1.PublishDocumentRequest:
    """Prices that the other party states, who is no publisher: it has no key that signs such a document."""
    own = sale.party(sale.other)
    envelope = own.identity.sign_document(site(own, OTHER))
    envelope.payload_type = DocumentType.of(v1.PriceSeries).payload_type
    return v1.PublishDocumentRequest(request_id=request_id(), envelope=envelope)


def own_allotment(sale: Sale) -> v1.GrantAllotmentRequest:
    """The other party's own allotment of somebody else's pool."""
    own = sale.party(sale.other)
    document = v1.Allotment(
        header=own.header(OTHER, "allotment", "stolen"),
        pool=sale.pool,
        broker="broker.example",
        windows=[
            v1.AllotmentWindow(start=to_timestamp(own.at()), end=to_timestamp(own.at(hours=1)), quantity=100)
        ],
    )
    return v1.GrantAllotmentRequest(request_id=request_id(), envelope=own.identity.sign_document(document))


# Each method with the requests that name what is not the caller's, and the answer that there must be.
TABLE: Final[dict[str, list[tuple[Build, str]]]] = {
    "DiscoveryService/GetServerInfo": [(lambda sale: v1.GetServerInfoRequest(), PUBLIC)],
    "DiscoveryService/GetDocument": [
        (lambda sale: v1.GetDocumentRequest(sha256=order_of(sale).order.hold_receipt_sha256), HIDDEN),
        (lambda sale: v1.GetDocumentRequest(sha256=order_of(sale).order.order_document_sha256), HIDDEN),
        (lambda sale: v1.GetDocumentRequest(sha256=order_of(sale).order.order_confirmation_sha256), HIDDEN),
        (lambda sale: v1.GetDocumentRequest(sha256=invoice_of(sale).record.sha256), HIDDEN),
        (lambda sale: v1.GetDocumentRequest(ref=sale.invoice), HIDDEN),
    ],
    "DiscoveryService/ListAttestations": [
        (lambda sale: v1.ListAttestationsRequest(subject=sale.offer), PUBLIC)
    ],
    "DiscoveryService/ListOffers": [(lambda sale: v1.ListOffersRequest(), PUBLIC)],
    "DiscoveryService/SearchOffers": [
        (lambda sale: v1.SearchOffersRequest(demand=v1.Demand()), "SCHEMA"),
    ],
    "MarketService/PublishDocument": [
        (
            lambda sale: v1.PublishDocumentRequest(request_id=request_id(), envelope=offer_of(sale)),
            NOT_ITS_OWN,
        ),
        (own_series, "ROLE"),
    ],
    "MarketService/PauseOffer": [
        (lambda sale: v1.PauseOfferRequest(request_id=request_id(), offer_id=sale.offer), HIDDEN)
    ],
    "MarketService/ResumeOffer": [
        (lambda sale: v1.ResumeOfferRequest(request_id=request_id(), offer_id=sale.offer), HIDDEN)
    ],
    "MarketService/WithdrawOffer": [
        (lambda sale: v1.WithdrawOfferRequest(request_id=request_id(), offer_id=sale.offer), HIDDEN)
    ],
    "MarketService/GrantAllotment": [(own_allotment, NOT_ITS_OWN)],
    "MarketService/CreateHold": [(lambda sale: v1.CreateHoldRequest(), "SCHEMA")],
    "MarketService/ReleaseHold": [
        (lambda sale: v1.ReleaseHoldRequest(request_id=request_id(), order=sale.order), HIDDEN)
    ],
    "MarketService/CommitOrder": [
        (own_commit, HIDDEN),
        (
            lambda sale: v1.CommitOrderRequest(
                request_id=request_id(), order=sale.order, envelope=order_of(sale).order_document
            ),
            HIDDEN,
        ),
    ],
    "MarketService/CancelOrder": [
        (lambda sale: v1.CancelOrderRequest(request_id=request_id(), order=sale.order), HIDDEN)
    ],
    "MarketService/GetOrder": [(lambda sale: v1.GetOrderRequest(order=sale.order), HIDDEN)],
    "MarketService/ListOrders": [(lambda sale: v1.ListOrdersRequest(), "orders")],
    "LeaseService/GetLease": [(lambda sale: v1.GetLeaseRequest(lease=sale.lease), HIDDEN)],
    "LeaseService/ListLeases": [
        (lambda sale: v1.ListLeasesRequest(), "leases"),
        (lambda sale: v1.ListLeasesRequest(order=sale.order), "leases"),
    ],
    "LeaseService/TerminateLease": [
        (lambda sale: v1.TerminateLeaseRequest(request_id=request_id(), lease=sale.lease), HIDDEN)
    ],
    "LeaseService/GetAccess": [(lambda sale: v1.GetAccessRequest(lease=sale.lease), HIDDEN)],
    "ProviderAgentService/Connect": [],  # a stream: tried below
    "BillingService/AppendUsage": [(own_append, HIDDEN)],
    "BillingService/SealUsage": [(own_seal, HIDDEN)],
    "BillingService/ListUsage": [(lambda sale: v1.ListUsageRequest(lease=sale.lease), HIDDEN)],
    "BillingService/IssueInvoice": [(own_invoice, HIDDEN)],
    "BillingService/GetInvoice": [(lambda sale: v1.GetInvoiceRequest(invoice_id=sale.invoice), HIDDEN)],
    "BillingService/ListInvoices": [
        (lambda sale: v1.ListInvoicesRequest(), "invoices"),
        (lambda sale: v1.ListInvoicesRequest(lease=sale.lease), "invoices"),
    ],
    "BillingService/AcceptInvoice": [
        (
            lambda sale: v1.AcceptInvoiceRequest(request_id=request_id(), acceptance=own_acceptance(sale)),
            HIDDEN,
        )
    ],
    "BillingService/RecordPayment": [
        (
            lambda sale: v1.RecordPaymentRequest(
                request_id=request_id(), invoice_id=sale.invoice, payment_reference="stolen"
            ),
            HIDDEN,
        )
    ],
    "BillingService/AmendUsage": [(own_amendment, HIDDEN)],
    "BillingService/IssueNote": [(own_note, HIDDEN)],
    "BillingService/GetNote": [(lambda sale: v1.GetNoteRequest(note_id=sale.invoice), HIDDEN)],
    "BillingService/ListNotes": [(lambda sale: v1.ListNotesRequest(invoice_id=sale.invoice), HIDDEN)],
    "BillingService/OpenDispute": [
        (lambda sale: v1.OpenDisputeRequest(request_id=request_id(), dispute=own_dispute(sale)), HIDDEN)
    ],
    "BillingService/GetDispute": [(lambda sale: v1.GetDisputeRequest(dispute_id=sale.invoice), HIDDEN)],
    "BillingService/ListDisputes": [
        (lambda sale: v1.ListDisputesRequest(), "disputes"),
        (lambda sale: v1.ListDisputesRequest(invoice_id=sale.invoice), "disputes"),
    ],
    "BillingService/AnswerDispute": [
        (lambda sale: v1.AnswerDisputeRequest(request_id=request_id(), answer=own_answer(sale)), HIDDEN)
    ],
    "BillingService/AgreeDispute": [
        (lambda sale: v1.AgreeDisputeRequest(request_id=request_id(), reply=own_reply(sale, "agree")), HIDDEN)
    ],
    "BillingService/EscalateDispute": [
        (
            lambda sale: v1.EscalateDisputeRequest(
                request_id=request_id(), reply=own_reply(sale, "escalate")
            ),
            HIDDEN,
        )
    ],
    "BillingService/WithdrawDispute": [
        (
            lambda sale: v1.WithdrawDisputeRequest(
                request_id=request_id(), reply=own_reply(sale, "withdraw")
            ),
            HIDDEN,
        )
    ],
    "BillingService/RuleDispute": [
        (lambda sale: v1.RuleDisputeRequest(request_id=request_id(), ruling=own_answer(sale)), "ROLE")
    ],
    "BillingService/ClosePeriod": [(own_close, "SUBJECT")],
    "BillingService/GetStatement": [
        (
            lambda sale: v1.GetStatementRequest(
                seller=sale.provider.authority,
                buyer=sale.consumer.authority,
                period=sale.party(sale.other).interval(
                    sale.party(sale.other).at(days=-1), sale.party(sale.other).at()
                ),
            ),
            HIDDEN,
        )
    ],
    "ChannelService/IssueToken": [(lambda sale: v1.IssueTokenRequest(), PUBLIC)],
    "TransparencyService/GetCheckpoint": [(lambda sale: v1.GetCheckpointRequest(), PUBLIC)],
    "TransparencyService/GetReceipt": [
        (lambda sale: v1.GetReceiptRequest(order=sale.order), HIDDEN),
        (lambda sale: v1.GetReceiptRequest(document_sha256=record_id(order_of(sale).order_document)), HIDDEN),
        (lambda sale: v1.GetReceiptRequest(document_sha256=record_id(invoice_of(sale).invoice)), HIDDEN),
        (lambda sale: v1.GetReceiptRequest(step_sha256=step_of(sale)), HIDDEN),
    ],
    "TransparencyService/GetInclusionProof": [(lambda sale: v1.GetInclusionProofRequest(index=0), PUBLIC)],
    "TransparencyService/GetConsistencyProof": [
        (lambda sale: v1.GetConsistencyProofRequest(**{"from": 1}), PUBLIC)
    ],
    "TransparencyService/ListEntries": [(lambda sale: v1.ListEntriesRequest(start=0), PUBLIC)],
    "TransparencyService/AddCosignature": [
        (lambda sale: v1.AddCosignatureRequest(request_id=request_id(), checkpoint="x"), "ROLE")
    ],
    "TransparencyService/ListRecords": [(lambda sale: v1.ListRecordsRequest(), "ROLE")],
    "AdminService/Enrol": [
        (
            lambda sale: v1.EnrolRequest(
                request_id=request_id(),
                trust_document=sale.party(sale.other).identity.trust_document,
                roles=["admin"],
            ),
            "ROLE",
        )
    ],
}


def offer_of(sale: Sale) -> v1.Envelope:
    """The provider's own offer, as anybody gets it."""
    with sale.party(sale.other).client() as client:
        return client.get_document(v1.GetDocumentRequest(ref=sale.offer)).envelope


def step_of(sale: Sale) -> str:
    """The digest of the last step of the order, which a timer took, as its consumer gets it."""
    with sale.party(sale.consumer).client() as client:
        receipts = client.get_receipt(v1.GetReceiptRequest(order=sale.order)).receipts
    return digest(opened(receipts[-1], v1.Receipt).step)


def answer(party: WireParty, method: str, request: Message) -> Any:
    """Calls a method by its full name; gives its response, or the refusal."""
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in method.split("/")[1])
    with party.client() as client:
        try:
            return getattr(client, name.lstrip("_"))(request)
        except RemoteError as error:
            return error


def test_every_method_is_tried() -> None:
    """The table names each method of the contract, so that none is added without being tried here."""
    assert {f"/crex.v1.{method}" for method in TABLE} == set(METHOD_ROLES)


@pytest.mark.parametrize("method", sorted(TABLE))
def test_a_stranger_learns_nothing(sale: Sale, method: str) -> None:
    """CHANNEL-TENANT-1: what is not the caller's is not there, and no list shows it."""
    for build, expected in TABLE[method]:
        got = answer(sale.party(sale.other), method, build(sale))
        if expected in ("orders", "leases", "invoices", "disputes"):
            assert not isinstance(got, RemoteError), got
            assert list(getattr(got, expected)) == []
        elif expected == PUBLIC:
            assert not isinstance(got, RemoteError), got
        else:
            assert isinstance(got, RemoteError), (expected, got)
            assert got.reason == expected, got


def connect(sale: Sale, hello: v1.AgentHello, *more: v1.ConnectRequest) -> list[v1.ConnectResponse]:
    """Opens an agent's stream as the other party; gives as many answers as messages were sent."""

    async def requests() -> AsyncIterator[v1.ConnectRequest]:
        yield v1.ConnectRequest(seq=1, hello=hello)
        for message in more:
            yield message
        await asyncio.Event().wait()  # until the stream is closed

    async def answers() -> list[v1.ConnectResponse]:
        async with sale.party(sale.other).async_client() as client:
            stream = client.connect_agent(requests())
            return [await anext(stream) for _ in range(1 + len(more))]

    return asyncio.run(answers())


def test_a_strangers_agent_cannot_serve_anothers_pool(sale: Sale) -> None:
    """AGENT-POOL-1: another provider's pool is not there for an agent that names it."""
    with pytest.raises(RemoteError) as refused:
        connect(sale, v1.AgentHello(instance="stranger", pools=[sale.pool]))
    assert refused.value.reason == "NOT_FOUND"


def test_a_strangers_agent_cannot_speak_of_anothers_lease(sale: Sale) -> None:
    """CHANNEL-TENANT-1: an event about another provider's lease is refused, and changes nothing."""
    event = v1.AgentEvent(event_id="stolen-1", lease=sale.lease, failed=v1.CommandFailure(message="stolen"))
    welcome, ack = connect(sale, v1.AgentHello(instance="stranger"), v1.ConnectRequest(seq=2, event=event))
    assert welcome.HasField("welcome")
    assert v1.ErrorReason.Name(ack.event_ack.refused) == "ERROR_REASON_NOT_FOUND"
    assert sale.consumer("lease", "show", sale.lease)["state"] == "LEASE_STATE_RELEASED"
