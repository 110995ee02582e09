"""Three parties on one machine, and the bill of one lease from its usage to the close of the month.

`python billing.py PLAN USAGE FOLDER` signs the documents of a sale, bills the records of USAGE by PLAN, and
writes a bundle after each thing that happens: the bill, a correction, a dispute, its settlement.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from crex import v1
from crex.accounts.account import Account, Billed
from crex.accounts.close import build_close, check_close
from crex.bundles.bundle import BatchPapers, BilledPapers, Bundle, SalePapers, to_json
from crex.decimals import Money
from crex.disputes.case import Case
from crex.disputes.papers import Objection, build_answer, build_dispute, build_reply
from crex.documents import convert, reader
from crex.documents.times import from_ms, parse_time
from crex.invoice import Basis, Ledger, NoteDraft, Sale, SealedBatch, SignedNote, build, correct, settle
from crex.invoice.standing import Standing
from crex.metering import Chain, Record, Span, build_batch, build_record, parse_record, verify_batch
from crex.metering.span import ms_timestamp
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import to_json as envelope
from crex.trust.identity import Identity
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope

M = TypeVar("M", bound=Message)

PROVIDER, CONSUMER, BROKER = "provider.example", "consumer.example", "broker.example"
LEASE, ORDER = f"crex://{BROKER}/lease/l1", f"crex://{BROKER}/order/o1"
FOUNDED, SOLD = parse_time("2026-02-01T00:00:00Z"), parse_time("2026-02-28T12:00:00Z")
LEASED = Span.between(parse_time("2026-03-01T00:00:00Z"), parse_time("2026-03-03T00:00:00Z"))
BILLED, DUE = parse_time("2026-04-01T08:00:00Z"), parse_time("2026-05-01T00:00:00Z")
APRIL = Span.between(parse_time("2026-04-01T00:00:00Z"), parse_time("2026-05-01T00:00:00Z"))


@dataclass
class Parties:
    """Identities that trust each other; every document comes an hour after the one before it."""

    identities: dict[str, Identity] = field(default_factory=dict)
    trust: TrustDirectory = field(default_factory=TrustDirectory)
    now: datetime = SOLD

    @classmethod
    def founded(cls) -> Parties:
        """Makes a provider, a consumer and a broker."""
        parties = cls()
        for name, role in ((PROVIDER, "provider"), (CONSUMER, "consumer"), (BROKER, "broker")):
            parties.identities[name] = Identity.create(name, roles=[role], now=FOUNDED)
            parties.trust.pin(parties.identities[name].trust_document, now=FOUNDED)
        return parties

    def header(self, issuer: str, path: str, **more: Any) -> v1.Header:
        """Returns the header of the next document."""
        self.now += timedelta(hours=1)
        name = f"crex://{issuer}/{path}"
        return v1.Header(id=name, revision=1, issuer=issuer, issued_at=convert.to_timestamp(self.now), **more)

    def sign(self, message: M) -> Verified[M]:
        """Signs a document as its issuer, and opens it as everybody else does."""
        issuer: str = message.header.issuer  # type: ignore[attr-defined]  # documents have a header
        return open_envelope(
            self.identities[issuer].sign_document(message), type(message), self.trust, now=self.now
        )


def sell(parties: Parties, plan: v1.PricePlan) -> tuple[Sale, SalePapers]:
    """Signs price plan, offer, hold and order of a lease of two units."""
    soon = convert.to_timestamp(SOLD + timedelta(days=1))
    price = parties.sign(plan)
    offer = parties.sign(
        v1.Offer(
            header=parties.header(PROVIDER, "offer/f1", valid_until=soon),
            resource=price.pin,  # stands for a description: a bill does not look at it
            price_plan=price.pin,
            terms=v1.OfferTerms(mode="on-demand", correction_horizon=Duration(seconds=90 * 24 * 3600)),
            interfaces=["ssh"],
        )
    )
    hold = parties.sign(
        v1.HoldReceipt(
            header=parties.header(BROKER, "hold-receipt/h1", valid_until=soon),
            order=ORDER,
            consumer=CONSUMER,
            provider=PROVIDER,
            items=[v1.HoldItem(offer=offer.pin, quantity=2, lease=LEASE)],
            interval=LEASED.message(),
            expire_time=soon,
        )
    )
    order = parties.sign(
        v1.OrderDocument(
            header=parties.header(CONSUMER, "order-document/d1"),
            hold_receipt=hold.pin,
            audience=PROVIDER,
            nonce="request-0001",
            items=[v1.OrderItem(offer=offer.pin, quantity=2, interval=LEASED.message())],
            access_key=bytes([9]) + bytes(31),
            interface="ssh",
        )
    )
    sale = Sale.of(LEASE, hold_receipt=hold, order=order, offer=offer, price_plan=price)
    return sale, SalePapers(
        hold_receipt=envelope(hold.envelope),
        order=envelope(order.envelope),
        offer=envelope(offer.envelope),
        price_plan=envelope(price.envelope),
    )


@dataclass
class Meter:
    """The provider's signed usage of the lease."""

    parties: Parties
    sale: Sale
    chain: Chain = field(default_factory=lambda: Chain(LEASE))
    batches: list[SealedBatch] = field(default_factory=list)

    def seal(self, records: Iterable[Record], period: Span, **more: Any) -> None:
        """Signs the next batch of records."""
        header = self.parties.header(PROVIDER, f"usage-batch/b{len(self.batches) + 1}")
        made = build_batch(
            self.chain, records, header=header, order=self.sale.order.pin, period=period, **more
        )
        batch = self.parties.sign(made.message)
        self.chain, _ = verify_batch(self.chain, batch, made.bodies)
        self.batches.append(SealedBatch(batch, made.bodies))


def corrected(record: Record, quantity: str) -> Record:
    """Returns the next revision of a record."""
    message = convert.to_message(reader.read(record.body, v1.UsageRecord), v1.UsageRecord)
    message.quantity = quantity
    message.revision += 1
    return build_record(message)


def main(plan_file: str, usage_file: str, folder: str) -> None:
    """Plays it all, and writes what each step leaves behind."""
    parties, papers = Parties.founded(), Path(folder)
    plan = convert.to_message(reader.read(Path(plan_file).read_bytes(), v1.PricePlan), v1.PricePlan)
    records = [parse_record(line) for line in Path(usage_file).read_bytes().splitlines()]
    papers.mkdir()
    for name, identity in parties.identities.items():
        (papers / f"{name}.trust").write_bytes(envelope(identity.trust_document))
    sale, sale_papers = sell(parties, plan)
    (papers / "price-plan.json").write_bytes(sale_papers.price_plan)

    # March is metered and sealed: the lease ended on its third day, so its period ends there.
    parties.now, meter = BILLED, Meter(parties, sale)
    meter.seal(records, LEASED, events=[event("ACTIVATED", LEASED.start_ms)], final=True)
    made = build(Basis.of(sale, meter.batches), header=parties.header(PROVIDER, "invoice/i1"), due_time=DUE)
    invoice = parties.sign(made.message)
    bill = Bundle(
        BilledPapers(envelope(invoice.envelope), made.lines),
        (sale_papers,),
        batches(meter),
    )
    write(papers / "bill.json", bill)

    # A week later the provider finds that it counted half a terabyte too much, and corrects the record.
    wrong = next(record for record in records if record.dimension == "egress")
    meter.seal([corrected(wrong, "300")], LEASED, corrects=meter.batches[0].batch.pin)
    ledger = Ledger.of(invoice, made.lines, sale.plan)
    note = correct(ledger, Basis.of(sale, meter.batches), header=parties.header(PROVIDER, "note/n1"))
    first = signed(parties, note)
    noted = replace(bill, batches=batches(meter), notes=(billed(first),))
    write(papers / "corrected.json", noted)

    # The consumer objects to 20.00 of the GPUs' line; the provider gives way to 15.00; the consumer agrees.
    standing = Standing.of(invoice, made.lines, [first])
    key = next(line.key for line in made.rating.lines if line.component == "gpu")
    dispute = parties.sign(
        build_dispute(
            standing,
            [Objection(key, Money.parse("EUR", "20.00"), "quantity", "four hours stood still")],
            header=parties.header(CONSUMER, "dispute/d1"),
            answer_by=BILLED + timedelta(days=14),
        )
    )
    case = Case.opened(dispute, standing)
    write(papers / "disputed.json", replace(noted, disputes=((envelope(dispute.envelope),),)))
    answer = parties.sign(
        build_answer(
            case, {key: Money.parse("EUR", "15.00")}, header=parties.header(PROVIDER, "dispute-answer/a1")
        )
    )
    case = case.answered(answer)
    reply = parties.sign(build_reply(case, "agree", header=parties.header(CONSUMER, "dispute-reply/r1")))
    case = case.replied(reply)

    # What was agreed is carried out by a credit note, and nothing is open any more.
    ledger = ledger.noted(first)
    settling = settle(
        ledger, case.settlement(), settles=answer.pin, header=parties.header(PROVIDER, "note/n2")
    )
    second = signed(parties, settling)
    settled = replace(
        noted,
        notes=(billed(first), billed(second)),
        disputes=(tuple(envelope(each.envelope) for each in (dispute, answer, reply)),),
    )
    (papers / "account").mkdir()
    write(papers / "account" / "settled.json", settled)

    # In May the provider closes April: these documents were issued, and no others.
    every = Billed.of(Standing.of(invoice, made.lines), [first, second], [(dispute, (answer, reply))])
    account = Account.of([every])
    parties.now = from_ms(APRIL.end_ms)
    close = parties.sign(build_close(account, APRIL, header=parties.header(PROVIDER, "period-close/c1")))
    documents = check_close(close, account).documents
    print(f"{close.id} closes April: {', '.join(each.id for each in documents)}")


def event(kind: str, at_ms: int) -> v1.ServiceEvent:
    """Returns a service event."""
    number = v1.ServiceEventKind.Value(f"SERVICE_EVENT_KIND_{kind}")
    return v1.ServiceEvent(kind=number, at=ms_timestamp(at_ms))


def signed(parties: Parties, note: NoteDraft | None) -> SignedNote:
    """Signs a note."""
    if note is None:
        raise SystemExit("The correction changes nothing of the bill.")
    return SignedNote(parties.sign(note.message), note.lines)


def billed(note: SignedNote) -> BilledPapers:
    """Returns a note as it travels."""
    return BilledPapers(envelope(note.note.envelope), tuple(note.lines))


def batches(meter: Meter) -> tuple[BatchPapers, ...]:
    """Returns the batches so far as they travel."""
    return tuple(
        BatchPapers(envelope(each.batch.envelope), tuple(each.bodies or ())) for each in meter.batches
    )


def write(path: Path, bundle: Bundle) -> None:
    """Writes a bundle, and says so."""
    path.write_bytes(to_json(bundle))
    print(f"wrote {path}")


if __name__ == "__main__":
    arguments: Sequence[str] = sys.argv[1:]
    if len(arguments) != 3:
        raise SystemExit("usage: billing.py PLAN USAGE FOLDER")
    main(*arguments)
