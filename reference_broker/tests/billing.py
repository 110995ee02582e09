"""A provider's book-keeping, played: meters, signed batches and invoices by the SDK, sent to the broker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from google.protobuf.message import Message

from crex import v1
from crex.documents import strict
from crex.documents.times import parse_time
from crex.invoice import Basis, InvoiceDraft, Sale, SealedBatch, build
from crex.metering.batch import BatchDraft, build_batch
from crex.metering.chain import Chain
from crex.metering.meter import HoldingMeter, MeterInfo
from crex.metering.record import Record
from crex.metering.span import Span, ms_timestamp
from crex.rating.tzdata import period_at
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope
from reference_broker.tests.agent import pin_of
from reference_broker.tests.exchange import CONSUMER, PROVIDER, signer
from reference_broker.tests.trade import Trade

T = TypeVar("T", bound=Message)
ACTIVATED = v1.ServiceEventKind.SERVICE_EVENT_KIND_ACTIVATED
TERMINATED = v1.ServiceEventKind.SERVICE_EVENT_KIND_TERMINATED


@dataclass
class Books:
    """What a provider keeps of one lease.

    Attributes:
        trade: The market.
        lease: The lease as it was when the books were opened.
        order: The market's order with its documents.
        chain: The batches so far.
        meter: The one meter of the lease.
        sent: Every batch that was accepted, with its records.
        series: Revisions of price series, signed, by which bills are made.
        successors: Plans that took the place of the one that was sold, signed, first to last.
    """

    trade: Trade
    lease: v1.Lease
    order: v1.GetOrderResponse
    chain: Chain
    meter: HoldingMeter
    sent: list[tuple[v1.Envelope, Sequence[bytes]]] = field(default_factory=list)
    series: list[v1.Envelope] = field(default_factory=list)
    successors: list[v1.Envelope] = field(default_factory=list)

    @classmethod
    async def open(cls, trade: Trade, lease: str, meter_id: str = "units") -> Books:
        """Opens the books of a lease that was delivered."""
        read = await trade.lease(lease, PROVIDER)
        order = await trade.call("MarketService/GetOrder", v1.GetOrderRequest(order=read.order), PROVIDER)
        info = MeterInfo(
            meter_id=meter_id,
            lease=lease,
            resource=f"crex://{PROVIDER}/resource/node",
            dimension="compute-unit",
            unit="unit",
        )
        begun = read.activated_at.ToDatetime(tzinfo=trade.clock.now().tzinfo)
        return cls(trade, read, order, Chain(lease), HoldingMeter.start(info, begun))

    @property
    def period(self) -> Span:
        """The billing period of now."""
        return period_at("Europe/Oslo", self.trade.clock.now(), 1)[0]

    def read(self, *, units: int | None = None, at: datetime | None = None) -> list[Record]:
        """Reads the meter."""
        return self.meter.read(at or self.trade.clock.now(), self.lease.quantity if units is None else units)

    def event(self, kind: v1.ServiceEventKind.ValueType, at: datetime | None = None) -> v1.ServiceEvent:
        """A service event: activation when it happened, else now."""
        if at is None and kind == ACTIVATED:
            return v1.ServiceEvent(kind=kind, at=self.lease.activated_at)
        instant = at or self.trade.clock.now()
        return v1.ServiceEvent(kind=kind, at=ms_timestamp(int(instant.timestamp() * 1000)))

    def draft(self, records: Sequence[Record] = (), **more: Any) -> BatchDraft:
        """The next batch; the first states the activation."""
        if "events" not in more:
            more["events"] = [] if self.chain.pins else [self.event(ACTIVATED)]
        number = len(self.chain.pins) + 1
        name = more.pop("name", f"{self.lease.name.rpartition('/')[2]}-{number}")
        return build_batch(
            self.chain,
            records,
            header=more.pop("header", None) or self.trade.header(PROVIDER, "usage", name),
            order=more.pop("order", None) or pin_of(self.order.order_document),
            period=more.pop("period", None) or self.period,
            **more,
        )

    async def append(self, records: Sequence[Record] = (), **more: Any) -> v1.UsagePeriod:
        """Sends the next batch."""
        return await self.send(self.draft(records, **more))

    async def seal(self, records: Sequence[Record] = (), **more: Any) -> v1.UsagePeriod:
        """Sends the final batch of the period."""
        return await self.send(self.draft(records, final=True, **more))

    async def send(self, draft: BatchDraft, **changed: Any) -> v1.UsagePeriod:
        """Signs and sends a batch, and goes on from it once it is accepted."""
        envelope = signer(PROVIDER).sign_document(draft.message)
        usage = await self.deliver(envelope, draft.bodies, final=draft.message.final, **changed)
        self.chain = self.chain.follow(draft.message, pin_of(envelope))
        self.sent.append((envelope, draft.bodies))
        return usage

    async def deliver(
        self,
        envelope: v1.Envelope,
        bodies: Sequence[bytes],
        *,
        final: bool = False,
        by: str = PROVIDER,
        request_id: str = "",
    ) -> v1.UsagePeriod:
        """Sends a signed batch as it is."""
        request_id = request_id or self.trade.request_id()
        if final:
            seal = v1.SealUsageRequest(request_id=request_id, batch=envelope, records=bodies)
            sealed: v1.SealUsageResponse = await self.trade.call("BillingService/SealUsage", seal, by)
            return sealed.usage
        append = v1.AppendUsageRequest(request_id=request_id, batch=envelope, records=bodies)
        appended: v1.AppendUsageResponse = await self.trade.call("BillingService/AppendUsage", append, by)
        return appended.usage

    def correction(self, records: Sequence[Record], *, header: v1.Header) -> BatchDraft:
        """A batch that corrects the sealed period."""
        sealed = self.chain.sealed[-1]
        return build_batch(
            self.chain,
            records,
            header=header,
            order=pin_of(self.order.order_document),
            period=sealed.period,
            corrects=sealed.final,
        )

    async def amend(
        self,
        draft: BatchDraft,
        *,
        request_id: str = "",
        records: Sequence[bytes] | None = None,
        by: str = PROVIDER,
    ) -> v1.AmendUsageResponse:
        """Signs and sends a correcting batch, and goes on from it once it is accepted."""
        envelope = signer(PROVIDER).sign_document(draft.message)
        request = v1.AmendUsageRequest(
            request_id=request_id or self.trade.request_id(),
            batch=envelope,
            records=draft.bodies if records is None else records,
        )
        response: v1.AmendUsageResponse = await self.trade.call("BillingService/AmendUsage", request, by)
        if pin_of(envelope) not in self.chain.pins:
            follows = self.chain.follow(draft.message, pin_of(envelope))
            self.chain = follows.learn(self.chain, draft.message, draft.records)
            self.sent.append((envelope, draft.bodies))
        return response

    def opened(self, envelope: v1.Envelope, document: type[T]) -> Verified[T]:
        """A document as of when it was issued, for it may have expired since."""
        issued = parse_time(strict.loads(envelope.payload)["header"]["issuedAt"])
        return open_envelope(envelope, document, self.trade.context.trust, now=issued)

    async def sale(self) -> Sale:
        """What was sold, from its documents."""
        goods = await self.trade.goods()
        return Sale.of(
            self.lease.name,
            hold_receipt=self.opened(self.order.hold_receipt, v1.HoldReceipt),
            order=self.opened(self.order.order_document, v1.OrderDocument),
            offer=self.opened(goods.offer, v1.Offer),
            price_plan=self.opened(goods.plan, v1.PricePlan),
            successors=[self.opened(each, v1.PricePlan) for each in self.successors],
        )

    @property
    def batches(self) -> list[SealedBatch]:
        """Every batch that was accepted, as bills read it."""
        return [SealedBatch(self.opened(envelope, v1.UsageBatch), bodies) for envelope, bodies in self.sent]

    async def basis(self, after: InvoiceDraft | None = None) -> Basis:
        """What bills are computed from, where one was issued for the period before, after that."""
        earlier = None if after is None else signer(PROVIDER).sign_document(after.message)
        return Basis.of(
            await self.sale(),
            self.batches,
            series=[self.opened(envelope, v1.PriceSeries) for envelope in self.series],
            earlier=None if earlier is None else self.opened(earlier, v1.Invoice),
        )

    async def invoice(
        self, name: str = "", *, after: InvoiceDraft | None = None, **more: Any
    ) -> InvoiceDraft:
        """The invoice of the last sealed period, after that of the period before."""
        id_ = name or self.lease.name.rpartition("/")[2]
        return build(
            await self.basis(after),
            header=self.trade.header(PROVIDER, "invoice", id_),
            due_time=self.trade.clock.now() + timedelta(days=30),
            **more,
        )

    async def issue(
        self, draft: InvoiceDraft, *, lines: Sequence[bytes] | None = None, request_id: str = ""
    ) -> v1.IssueInvoiceResponse:
        """Signs and issues an invoice."""
        request = v1.IssueInvoiceRequest(
            request_id=request_id or self.trade.request_id(),
            invoice=signer(PROVIDER).sign_document(draft.message),
            lines=draft.lines if lines is None else lines,
        )
        response: v1.IssueInvoiceResponse = await self.trade.call(
            "BillingService/IssueInvoice", request, PROVIDER
        )
        return response

    async def accept(
        self, record: v1.InvoiceRecord, digest: str, *, name: str = "ok", by: str = CONSUMER
    ) -> v1.AcceptInvoiceResponse:
        """Accepts an invoice as its buyer, or as somebody else."""
        document = v1.InvoiceAcceptance(
            header=self.trade.header(by, "acceptance", name),
            invoice=v1.Pin(id=record.id, revision=1, sha256=record.sha256),
            rating_digest=digest,
        )
        request = v1.AcceptInvoiceRequest(
            request_id=self.trade.request_id(), acceptance=signer(by).sign_document(document)
        )
        response: v1.AcceptInvoiceResponse = await self.trade.call(
            "BillingService/AcceptInvoice", request, by
        )
        return response

    async def paid(self, record: v1.InvoiceRecord, by: str = PROVIDER) -> v1.RecordPaymentResponse:
        """Says that an invoice was paid."""
        request = v1.RecordPaymentRequest(
            request_id=self.trade.request_id(), invoice_id=record.id, payment_reference="transfer 7"
        )
        response: v1.RecordPaymentResponse = await self.trade.call(
            "BillingService/RecordPayment", request, by
        )
        return response
