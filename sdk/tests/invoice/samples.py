"""A sale from hold to sealed usage, every document signed and opened, from which the invoice tests begin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from google.protobuf.message import Message

from crex.documents import convert
from crex.documents.times import parse_time
from crex.invoice import Basis, InvoiceDraft, Sale, SealedBatch, build
from crex.metering import (
    Chain,
    CountingMeter,
    HoldingMeter,
    MeterInfo,
    Record,
    Span,
    build_batch,
    verify_batch,
)
from crex.rating import period_at
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope
from crex.v1 import (
    GapMarker,
    Header,
    HoldItem,
    HoldReceipt,
    Invoice,
    Money,
    Offer,
    OfferTerms,
    OrderDocument,
    OrderItem,
    Pin,
    PricePlan,
    ServiceEvent,
    UsageBatch,
)
from sdk.tests.rating.samples import activated, component, counted, plan_message, terminated

M = TypeVar("M", bound=Message)

PROVIDER, CONSUMER, BROKER = "provider.example", "consumer.example", "broker.example"
PUBLISHER = "exchange.example"
LEASE, ORDER = f"crex://{BROKER}/lease/l1", f"crex://{BROKER}/order/o1"
RESOURCE = f"crex://{PROVIDER}/compute-resource/r1"
# The parties were set up in winter; the lease runs over the change to summer time and into April.
BEGINNING = parse_time("2026-01-02T00:00:00Z")
SOLD, NOW = parse_time("2026-03-28T12:00:00Z"), parse_time("2026-06-01T12:00:00Z")
START, END = parse_time("2026-03-28T13:00:00Z"), parse_time("2026-04-03T13:00:00Z")
SOON = convert.to_timestamp(SOLD + timedelta(hours=1))
DUE = parse_time("2026-05-15T00:00:00Z")
QUANTITY = 4
# A component with tiers that both months reach, and one that counts, in steps.
PRICED = (
    component([("86400", "2.99"), (None, "1.995")], id="cores"),
    counted("0.0125", id="cpu", dimension="cpu-time", unit="s", per="60", step="1", minimum="10"),
)


def header(issuer: str, path: str, at: datetime = SOLD, **members: object) -> Header:
    """A header of the first revision."""
    return Header(
        id=f"crex://{issuer}/{path}",
        revision=1,
        issuer=issuer,
        issued_at=convert.to_timestamp(at),
        **members,  # type: ignore[arg-type]  # whichever member a test sets
    )


def interval(start: datetime = START, end: datetime = END) -> Span:
    """The interval that is leased."""
    return Span.between(start, end)


@dataclass
class World:
    """Parties that trust each other's documents."""

    provider: Identity
    consumer: Identity
    broker: Identity
    publisher: Identity
    trust: TrustDirectory = field(default_factory=TrustDirectory)

    @classmethod
    def new(cls) -> World:
        """Parties with new keys."""
        world = cls(
            Identity.create(PROVIDER, roles=["provider"], now=BEGINNING),
            Identity.create(CONSUMER, roles=["consumer"], now=BEGINNING),
            Identity.create(BROKER, roles=["broker"], now=BEGINNING),
            Identity.create(PUBLISHER, roles=["publisher"], now=BEGINNING),
        )
        for party in (world.provider, world.consumer, world.broker, world.publisher):
            world.trust.pin(party.trust_document, now=BEGINNING)
        return world

    def signed(self, message: M, at: datetime = SOLD) -> Verified[M]:
        """A document, signed by its issuer and opened at a time."""
        issuer: str = message.header.issuer  # type: ignore[attr-defined]  # documents have a header
        parties = (self.provider, self.consumer, self.broker, self.publisher)
        party = next(one for one in parties if one.authority == issuer)
        return open_envelope(party.sign_document(message), type(message), self.trust, now=at)


@dataclass
class Documents:
    """The messages of a sale, before they are signed, so that a test may change one."""

    plan: PricePlan = field(default_factory=lambda: plan_message(*PRICED))
    offer: Offer = field(
        default_factory=lambda: Offer(
            header=header(PROVIDER, "offer/f1", valid_until=SOON),
            terms=OfferTerms(mode="on-demand"),
            interfaces=["ssh"],
        )
    )
    hold: HoldReceipt = field(
        default_factory=lambda: HoldReceipt(
            header=header(BROKER, "hold-receipt/h1", valid_until=SOON),
            order=ORDER,
            consumer=CONSUMER,
            provider=PROVIDER,
            items=[HoldItem(quantity=QUANTITY, lease=LEASE)],
            interval=interval().message(),
            expire_time=SOON,
        )
    )
    order: OrderDocument = field(
        default_factory=lambda: OrderDocument(
            header=header(CONSUMER, "order-document/d1"),
            audience=PROVIDER,
            nonce="request-0001",
            items=[OrderItem(quantity=QUANTITY, interval=interval().message())],
            access_key=bytes([9]) + bytes(31),
            interface="ssh",
        )
    )

    def named(self, lease: str) -> Documents:
        """The same for another lease of another order, such as `l2`."""
        self.offer.header.id += lease
        self.hold.header.id += lease
        self.hold.order = f"crex://{BROKER}/order/{lease}"
        self.hold.items[0].lease = f"crex://{BROKER}/lease/{lease}"
        self.order.header.id += lease
        return self

    def limit(self, amount: str, currency: str = "EUR") -> Documents:
        """The same with a spend limit."""
        self.order.spend_limit.CopyFrom(Money(currency=currency, amount=amount))
        return self

    def signed(self, world: World) -> Signed:
        """All of them, each pinning the one that it is about."""
        plan = world.signed(self.plan)
        self.offer.resource.CopyFrom(plan.pin)  # any pin: billing does not look at the resource
        self.offer.price_plan.CopyFrom(plan.pin)
        offer = world.signed(self.offer)
        self.hold.items[0].offer.CopyFrom(offer.pin)
        hold = world.signed(self.hold)
        self.order.hold_receipt.CopyFrom(hold.pin)
        if not self.order.items[0].HasField("offer"):
            self.order.items[0].offer.CopyFrom(offer.pin)
        return Signed(plan, offer, hold, world.signed(self.order))


@dataclass(frozen=True)
class Signed:
    """The verified documents of a sale."""

    plan: Verified[PricePlan]
    offer: Verified[Offer]
    hold: Verified[HoldReceipt]
    order: Verified[OrderDocument]

    def sale(self, lease: str = LEASE, successors: Sequence[Verified[PricePlan]] = ()) -> Sale:
        """The sale of the lease."""
        return Sale.of(
            lease,
            hold_receipt=self.hold,
            order=self.order,
            offer=self.offer,
            price_plan=self.plan,
            successors=successors,
        )


@dataclass
class Usage:
    """A provider's metering of the lease: two meters, a chain of batches."""

    world: World
    sale: Sale
    chain: Chain = field(init=False)
    batches: list[SealedBatch] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chain = Chain(self.sale.lease)

        def info(meter: str, dimension: str, unit: str) -> MeterInfo:
            return MeterInfo(meter, self.sale.lease, RESOURCE, dimension, unit)

        self.units = HoldingMeter.start(info("units", "compute-unit", "unit"), START)
        self.cpu = CountingMeter.start(info("cpu", "cpu-time", "s"), START, 0)

    def read(self, at: datetime, counter: int) -> list[Record]:
        """Records of both meters since the last reading."""
        return [*self.units.read(at, QUANTITY), *self.cpu.read(at, counter)]

    def seal(
        self,
        records: Iterable[Record],
        period: Span,
        *,
        events: Sequence[ServiceEvent] = (),
        gaps: Sequence[GapMarker] = (),
        final: bool = True,
        corrects: Pin | None = None,
        at: datetime = NOW,
    ) -> Verified[UsageBatch]:
        """Signs the next batch."""
        draft = build_batch(
            self.chain,
            records,
            header=header(PROVIDER, f"usage-batch/{self.sale.lease[-2:]}-b{len(self.batches) + 1}", at),
            order=self.sale.order.pin,
            period=period,
            events=events,
            gaps=gaps,
            final=final,
            corrects=corrects,
        )
        batch = self.world.signed(draft.message, at)
        self.chain, _ = verify_batch(self.chain, batch, draft.bodies)
        self.batches.append(SealedBatch(batch, draft.bodies))
        return batch


def march() -> Span:
    """The billing period in which the lease begins: local March, an hour short."""
    return period_at("Europe/Berlin", START, 1)[0]


def april() -> Span:
    """The billing period in which it ends."""
    return period_at("Europe/Berlin", END, 1)[0]


def two_months(world: World, sale: Sale, *, read_at: datetime | None = None) -> Usage:
    """Usage over two billing periods: March whole, April closed early by the end of the lease.

    Args:
        world: The parties.
        sale: What was sold.
        read_at: A time in April at which the meters are read too.
    """
    usage = Usage(world, sale)
    first, second = march(), april()
    turn = parse_time("2026-03-31T22:00:00Z")  # midnight in Berlin
    early = usage.read(parse_time("2026-03-29T00:00:00Z"), 1000)
    usage.seal(early, first, events=[activated(START)], final=False)
    usage.seal(usage.read(turn, 5000), first)
    between = [] if read_at is None else usage.read(read_at, 5003)
    usage.seal(
        [*between, *usage.read(END, 5007)],
        Span(second.start_ms, interval().end_ms),
        events=[terminated(END)],
    )
    return usage


def draft(sale: Sale, batches: Sequence[SealedBatch], **more: object) -> InvoiceDraft:
    """The invoice of the last period."""
    return build(Basis.of(sale, batches), header=header(PROVIDER, "invoice/i1", NOW), due_time=DUE, **more)  # type: ignore[arg-type]  # zone


def signed_invoice(world: World, message: Invoice) -> Verified[Invoice]:
    """An invoice, signed by the provider."""
    return world.signed(message, NOW)
