"""An invoice at the broker and everything that may come after it: corrections, notes, disputes, payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from crex import v1
from crex.decimals import Money
from crex.disputes.case import Case
from crex.disputes.papers import Objection, build_answer, build_dispute, build_reply, build_ruling
from crex.documents import convert
from crex.documents.reader import read
from crex.invoice import (
    InvoiceDraft,
    Ledger,
    NoteDraft,
    SignedNote,
    cancel,
    correct,
    settle,
)
from crex.invoice.standing import Standing
from crex.metering.batch import BatchDraft
from crex.metering.record import Record, build_record
from crex.metering.span import Span
from crex.trust.verified import Verified
from reference_broker.tests.agent import PlayedAgent
from reference_broker.tests.billing import ACTIVATED, TERMINATED, Books
from reference_broker.tests.documents import price_plan
from reference_broker.tests.exchange import BROKER, CONSUMER, PROVIDER, signer
from reference_broker.tests.trade import Trade

HORIZON = timedelta(days=30)


def revised(record: Record, quantity: str, revision: int = 2) -> Record:
    """A record under a higher revision, with another quantity."""
    message = convert.to_message(read(record.body, v1.UsageRecord), v1.UsageRecord)
    message.revision, message.quantity = revision, quantity
    return build_record(message)


def eur(amount: str) -> Money:
    """An amount in euros."""
    return Money.parse("EUR", amount)


def correctable(horizon: timedelta | None = HORIZON) -> v1.OfferTerms:
    """Terms of an offer whose usage may be corrected for some time."""
    terms = v1.OfferTerms(mode="on-demand", acceptance_period=Duration(seconds=60))
    if horizon is not None:
        terms.correction_horizon.FromTimedelta(horizon)
    return terms


@dataclass
class Bill:
    """One invoice, its books, and what was issued on it.

    Attributes:
        trade: The market.
        books: The books of its lease.
        records: Records of the period, as they were sealed.
        draft: The invoice.
        envelope: The invoice, signed.
        record: The invoice object, as the last answer gave it.
        notes: Notes that were issued, each signed with its lines.
        case: The dispute that was opened last.
        dispute: Its object, as the last answer gave it.
    """

    trade: Trade
    books: Books
    records: list[Record]
    draft: InvoiceDraft
    envelope: v1.Envelope
    record: v1.InvoiceRecord
    notes: list[SignedNote] = field(default_factory=list)
    case: Case | None = None
    dispute: v1.DisputeRecord = field(default_factory=v1.DisputeRecord)
    _names: int = 0

    @classmethod
    async def of(
        cls,
        trade: Trade,
        agent: PlayedAgent,
        *,
        horizon: timedelta | None = HORIZON,
        priced: v1.PricePlan | None = None,
        **ordered: Any,
    ) -> Bill:
        """Sells two units for an hour, seals their usage and issues the invoice: 5.98 EUR."""
        bill = await cls.sealed(trade, agent, horizon=horizon, priced=priced, **ordered)
        await bill.issue()
        return bill

    @classmethod
    async def sealed(
        cls,
        trade: Trade,
        agent: PlayedAgent,
        *,
        horizon: timedelta | None = HORIZON,
        priced: v1.PricePlan | None = None,
        series: Sequence[v1.Envelope] = (),
        **ordered: Any,
    ) -> Bill:
        """The same without the invoice."""
        await trade.goods(terms=correctable(horizon), priced=priced)
        lease = await trade.active(agent, end=trade.at(hours=6), **ordered)
        trade.clock.advance(hours=1)
        books = await Books.open(trade, lease)
        books.series += series
        records = books.read()
        await trade.terminate(lease)
        agent.release(await agent.command("release"), readings=[books.meter.reading])
        await agent.settled()
        period = Span(books.period.start_ms, trade.clock.ms)
        await books.seal(records, events=[books.event(ACTIVATED), books.event(TERMINATED)], period=period)
        draft = await books.invoice()
        envelope = signer(PROVIDER).sign_document(draft.message)
        return cls(trade, books, records, draft, envelope, v1.InvoiceRecord())

    async def issue(self) -> v1.InvoiceRecord:
        """Issues the invoice, made of all usage there is."""
        self.draft = await self.books.invoice()
        self.envelope = signer(PROVIDER).sign_document(self.draft.message)
        self.record = (await self.books.issue(self.draft)).invoice
        return self.record

    @property
    def key(self) -> str:
        """The key of the invoice's greatest line: that of the units."""
        return max(self.draft.rating.lines, key=lambda line: line.amount.minor).key

    @property
    def other_key(self) -> str:
        """The key of the invoice's smallest line."""
        return min(self.draft.rating.lines, key=lambda line: line.amount.minor).key

    def later(self) -> None:
        """Lets a second pass: whatever is issued on an invoice is issued after all that came before."""
        self.trade.clock.advance(seconds=1)

    def name(self, kind: str) -> str:
        """A name for a document that was not used before."""
        self._names += 1
        return f"{self.books.lease.name.rpartition('/')[2]}-{kind}-{self._names}"

    def header(self, kind: str, by: str = PROVIDER) -> v1.Header:
        """A header issued a second after everything before."""
        self.later()
        return self.trade.header(by, kind, self.name(kind))

    # Corrections of usage.

    def correction(self, records: list[Record], *, header: v1.Header | None = None) -> BatchDraft:
        """A batch that corrects the sealed period."""
        return self.books.correction(records, header=header or self.header("usage"))

    async def amend(self, draft: BatchDraft, **more: Any) -> v1.AmendUsageResponse:
        """Signs and sends a correcting batch, and goes on from it once it is accepted."""
        return await self.books.amend(draft, **more)

    async def corrected(self, quantity: str, revision: int = 2) -> v1.AmendUsageResponse:
        """Corrects the one record of the period to another quantity."""
        return await self.amend(self.correction([revised(self.records[0], quantity, revision)]))

    # Notes.

    async def ledger(self) -> Ledger:
        """The invoice and the notes so far."""
        sale = await self.books.sale()
        return Ledger.of(self.opened(self.envelope, v1.Invoice), self.draft.lines, sale.plan, self.notes)

    async def usage_note(self) -> NoteDraft:
        """The note that corrected usage makes necessary."""
        header = self.header("note")
        draft = correct(await self.ledger(), await self.books.basis(), header=header)
        assert draft is not None
        return draft

    async def cancellation(self) -> NoteDraft:
        """The note that takes all back."""
        header = self.header("note")
        return cancel(await self.ledger(), header=header)

    async def settlement(self) -> NoteDraft:
        """The note that carries out the last dispute."""
        header = self.header("note")
        assert self.case is not None
        assert self.case.settled_by is not None
        amounts, settles = self.case.settlement(), self.case.settled_by
        return settle(await self.ledger(), amounts, settles=settles, header=header)

    async def note(self, draft: NoteDraft, **more: Any) -> v1.IssueNoteResponse:
        """Signs and issues a note, and goes on from it once it is accepted."""
        envelope = more.pop("envelope", None) or signer(PROVIDER).sign_document(draft.message)
        request = v1.IssueNoteRequest(
            request_id=more.pop("request_id", "") or self.trade.request_id(),
            note=envelope,
            lines=more.pop("lines", draft.lines),
        )
        response: v1.IssueNoteResponse = await self.trade.call(
            "BillingService/IssueNote", request, more.pop("by", PROVIDER)
        )
        signed = SignedNote(self.opened(envelope, type(draft.message)), draft.lines)
        if signed.note.digest not in {each.note.digest for each in self.notes}:
            self.notes.append(signed)
        self.record = response.invoice
        return response

    @property
    def standing(self) -> Standing:
        """The invoice with its notes."""
        return Standing.of(self.opened(self.envelope, v1.Invoice), self.draft.lines, self.notes)

    # Disputes.

    def objection(
        self, amount: str, *, key: str = "", arbiter: str | None = None, days: float = 7, by: str = CONSUMER
    ) -> v1.Dispute:
        """A dispute of the invoice's line."""
        header = self.header("dispute", by)
        return build_dispute(
            self.standing,
            [Objection(key or self.key, eur(amount), "quantity", "Our own meter shows less.")],
            header=header,
            answer_by=self.trade.clock.now() + timedelta(days=days),
            arbiter=arbiter,
        )

    async def disputed(self, amount: str = "2.00", **more: Any) -> v1.OpenDisputeResponse:
        """Opens a dispute of the line."""
        return await self.open(self.objection(amount, **more))

    async def open(self, document: v1.Dispute, **more: Any) -> v1.OpenDisputeResponse:
        """Signs and opens a dispute."""
        by = more.pop("by", CONSUMER)
        envelope = signer(by).sign_document(document)
        request = v1.OpenDisputeRequest(
            request_id=more.pop("request_id", "") or self.trade.request_id(), dispute=envelope
        )
        response: v1.OpenDisputeResponse = await self.trade.call("BillingService/OpenDispute", request, by)
        self.case = Case.opened(self.opened(envelope, v1.Dispute), self.standing)
        self._took(response)
        return response

    async def answered(self, conceded: str = "1.00", **more: Any) -> v1.AnswerDisputeResponse:
        """Answers the dispute."""
        assert self.case is not None
        by = more.pop("by", PROVIDER)
        header = self.header("dispute-answer", by)
        key = self.case.keys[0]
        document = build_answer(self.case, {key: eur(conceded)}, header=header, **more)
        response: v1.AnswerDisputeResponse = await self.step("AnswerDispute", "answer", document, by=by)
        return response

    async def replied(self, reply: str, **more: Any) -> Any:
        """Agrees, escalates or withdraws."""
        assert self.case is not None
        by = more.pop("by", CONSUMER)
        header = self.header("dispute-reply", by)
        document = build_reply(self.case, more.pop("step", reply), header=header)
        return await self.step(f"{reply.capitalize()}Dispute", "reply", document, by=by)

    async def ruled(self, upheld: str = "1.50", *, by: str = BROKER) -> v1.RuleDisputeResponse:
        """Rules on the dispute."""
        assert self.case is not None
        header = self.header("ruling", by)
        document = build_ruling(self.case, {self.case.keys[0]: eur(upheld)}, header=header)
        response: v1.RuleDisputeResponse = await self.step("RuleDispute", "ruling", document, by=by)
        return response

    async def step(
        self, method: str, member: str, document: Message, *, by: str, request_id: str = ""
    ) -> Any:
        """Signs and sends the document of a step, and goes on from it once it is accepted."""
        envelope = signer(by).sign_document(document)
        request_type: Any = getattr(v1, f"{method}Request")
        request = request_type(**{"request_id": request_id or self.trade.request_id(), member: envelope})
        response: Any = await self.trade.call(f"BillingService/{method}", request, by)
        assert self.case is not None
        opened: Any = self.opened(envelope, type(document))
        case = self.case.at(self.trade.clock.ms)
        if isinstance(document, v1.DisputeAnswer):
            self.case = case.answered(opened, self.notes)
        elif isinstance(document, v1.DisputeReply):
            self.case = case.replied(opened)
        else:
            self.case = case.ruled(opened)
        self._took(response)
        return response

    def _took(self, response: Any) -> None:
        self.dispute, self.record = response.dispute, response.invoice

    # What is read.

    def opened(self, envelope: v1.Envelope, document: type[Any]) -> Verified[Any]:
        """A document as of when it was issued."""
        return self.books.opened(envelope, document)

    async def invoice(self, by: str = CONSUMER) -> v1.InvoiceRecord:
        """The invoice as it stands."""
        request = v1.GetInvoiceRequest(invoice_id=self.draft.message.header.id)
        response: v1.GetInvoiceResponse = await self.trade.call("BillingService/GetInvoice", request, by)
        return response.record

    async def accept(self, **more: Any) -> v1.InvoiceRecord:
        """Accepts the invoice by what is owed."""
        digest = more.pop("digest", "") or self.record.rating_digest
        name = self.name("acceptance")
        self.record = (await self.books.accept(self.record, digest, name=name, **more)).invoice
        return self.record

    async def pay(self, amount: str = "", *, reference: str = "", **more: Any) -> v1.InvoiceRecord:
        """Records a payment, all that is payable unless an amount is given."""
        request = v1.RecordPaymentRequest(
            request_id=more.pop("request_id", "") or self.trade.request_id(),
            invoice_id=self.record.id,
            payment_reference=reference or self.name("transfer"),
            amount=v1.Money(currency="EUR", amount=amount) if amount else None,
            **more,
        )
        response: v1.RecordPaymentResponse = await self.trade.call(
            "BillingService/RecordPayment", request, PROVIDER
        )
        self.record = response.invoice
        return self.record


def plan_with_fee(trade: Trade) -> v1.PricePlan:
    """The market's price plan, with a fee of one euro for each period: a second line."""
    plan = price_plan(trade, PROVIDER)
    plan.components.append(
        v1.PriceComponent(
            id="fee",
            dimension="base-fee",
            unit="period",
            kind=v1.ComponentKind.COMPONENT_KIND_FLAT,
            per_quantity="1",
            model=v1.TierModel.TIER_MODEL_UNIT,
            tiers=[v1.PriceTier(unit_price="1")],
        )
    )
    return plan


def taxed_plan(trade: Trade, rate: str = "0.2") -> v1.PricePlan:
    """The market's price plan, with a tax."""
    plan = price_plan(trade, PROVIDER)
    plan.components[0].tax_category = "standard"
    plan.taxes.append(v1.TaxRule(category="standard", rate=rate, jurisdiction="no"))
    return plan
