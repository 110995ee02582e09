"""Invoices, notes and disputes of small figures that a person can follow, signed by parties of the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TypeVar

from google.protobuf.message import Message

from crex.decimals import Money, format_rational, parse_decimal
from crex.disputes.case import Case
from crex.disputes.papers import Objection, build_answer, build_dispute, build_reply, build_ruling
from crex.documents import convert
from crex.documents.times import parse_time
from crex.invoice.standing import SignedNote, Standing
from crex.metering.span import Span
from crex.trust import merkle
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope
from crex.v1 import (
    Correction,
    CreditNote,
    DebitNote,
    Dispute,
    DisputeAnswer,
    DisputeReply,
    Header,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Pin,
    Rational,
    Ruling,
    TzTransition,
)
from crex.v1 import Money as MoneyMessage

M = TypeVar("M", bound=Message)

SELLER, BUYER, BROKER = "provider.example", "consumer.example", "broker.example"
ARBITER, STRANGER = "arbiter.example", "stranger.example"
BEGINNING, NOW = parse_time("2026-01-02T00:00:00Z"), parse_time("2026-09-01T00:00:00Z")
ISSUED, DUE = parse_time("2026-04-01T08:00:00Z"), parse_time("2026-04-30T00:00:00Z")
MARCH = Span.between(parse_time("2026-03-01T00:00:00Z"), parse_time("2026-04-01T00:00:00Z"))
APRIL = Span.between(parse_time("2026-04-01T00:00:00Z"), parse_time("2026-05-01T00:00:00Z"))
DAY = timedelta(days=1)
PLAN = Pin(id=f"crex://{SELLER}/price-plan/p1", revision=1, sha256="2" * 64)


def eur(amount: str) -> Money:
    """An amount in euros."""
    return Money.parse("EUR", amount)


def key(name: str) -> str:
    """The key of a line of a component."""
    return f"crex://{BROKER}/order/o1|crex://{BROKER}/lease/l1|{name}|{PLAN.sha256}|1||"


def money(amount: Money) -> MoneyMessage:
    """An amount as a message."""
    return MoneyMessage(currency=amount.currency, amount=amount.amount)


def line(name: str, amount: Money, category: str = "vat") -> InvoiceLine:
    """A line of one unit, whose price is its amount."""
    num, den = format_rational(amount.value)
    return InvoiceLine(
        key=key(name),
        order=f"crex://{BROKER}/order/o1",
        lease=f"crex://{BROKER}/lease/l1",
        component=name,
        tier=1,
        price_plan=PLAN,
        dimension="compute-unit",
        unit="unit",
        quantity=Rational(num="1", den="1"),
        unit_price=convert_amount(amount),
        per_quantity="1",
        exact_amount=Rational(num=num, den=den),
        amount=money(amount),
        tax_category=category or None,
    )


def convert_amount(amount: Money) -> str:
    """The decimal of an amount, without its trailing zeros."""
    text = amount.amount
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


@dataclass(frozen=True)
class Tax:
    """A tax of the plan, as these tests bill it."""

    rate: str = "0.2"
    category: str = "vat"
    included: bool = False

    def of(self, net: Money) -> Money:
        """The tax on a sum of lines."""
        rate = parse_decimal(self.rate)
        if self.included:
            return net - Money.rounded(net.currency, net.value / (1 + rate))
        return Money.rounded(net.currency, net.value * rate)

    def message(self, net: Money, before: Money | None = None) -> InvoiceTax:
        """The tax on a sum, or by how much it differs from that on another."""
        rate, nothing = parse_decimal(self.rate), Money(net.currency, 0)
        amount, base = self.of(net), net
        exact = net.value * rate / (1 + rate if self.included else 1)
        if self.included:
            base -= amount
        if before is not None:
            old, old_base = self.of(before), before - (self.of(before) if self.included else nothing)
            exact -= before.value * rate / (1 + rate if self.included else 1)
            amount, base = amount - old, base - old_base
        num, den = format_rational(exact)
        return InvoiceTax(
            category=self.category,
            jurisdiction="de",
            rate=self.rate,
            base=money(base),
            exact_amount=Rational(num=num, den=den),
            amount=money(amount),
        )


@dataclass
class Books:
    """Three parties and an arbiter, who trust each other, and the papers that they write."""

    tax: Tax | None = field(default_factory=Tax)
    parties: dict[str, Identity] = field(default_factory=dict)
    trust: TrustDirectory = field(default_factory=TrustDirectory)
    numbers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for authority, roles in (
            (SELLER, ["provider"]),
            (BUYER, ["consumer"]),
            (BROKER, ["broker", "arbiter"]),
            (ARBITER, ["arbiter"]),
            (STRANGER, ["provider", "consumer"]),
        ):
            self.parties[authority] = Identity.create(authority, roles=roles, now=BEGINNING)
            self.trust.pin(self.parties[authority].trust_document, now=BEGINNING)

    def header(self, issuer: str, kind: str, at: datetime) -> Header:
        """The header of the next document of a kind."""
        self.numbers[kind] = self.numbers.get(kind, 0) + 1
        return Header(
            id=f"crex://{issuer}/{kind}/{self.numbers[kind]:03}",
            revision=1,
            issuer=issuer,
            issued_at=convert.to_timestamp(at),
        )

    def signed(self, message: M) -> Verified[M]:
        """A document, signed by its issuer and opened."""
        issuer: str = message.header.issuer  # type: ignore[attr-defined]  # documents have a header
        envelope = self.parties[issuer].sign_document(message)
        return open_envelope(envelope, type(message), self.trust, now=NOW)

    def invoice(
        self,
        amounts: Mapping[str, Money],
        *,
        at: datetime = ISSUED,
        due: datetime = DUE,
        period: Span = MARCH,
        **members: object,
    ) -> tuple[Verified[Invoice], list[bytes]]:
        """An invoice of some lines, and the bytes of these."""
        lines = sorted((line(name, amount) for name, amount in amounts.items()), key=lambda each: each.key)
        currency = next(iter(amounts.values())).currency
        net = Money(currency, sum(amount.minor for amount in amounts.values()))
        tax = self.tax.of(net) if self.tax else Money(currency, 0)
        if self.tax and self.tax.included:
            net -= tax
        bodies = [convert.dump(each) for each in lines]
        message = Invoice(
            header=self.header(SELLER, "invoice", at),
            orders=[Pin(id=f"crex://{BUYER}/order/1", revision=1, sha256="5" * 64)],
            price_plans=[PLAN],
            usage_batches=[Pin(id=f"crex://{SELLER}/usage-batch/1", revision=1, sha256="7" * 64)],
            tz_transitions=[
                TzTransition(time_zone="Etc/UTC", utc=convert.to_timestamp(BEGINNING), offset_s=0)
            ],
            seller=SELLER,
            buyer=BUYER,
            account=BUYER,
            lease=f"crex://{BROKER}/lease/l1",
            period=period.message(),
            due_time=convert.to_timestamp(due),
            currency=currency,
            lines_root=merkle.root(bodies).hex(),
            line_count=len(bodies),
            net_total=money(net),
            total=money(net + tax),
            algorithm="rate-1",
            rating_digest="9" * 64,
            taxes=[self.tax.message(net + tax if self.tax.included else net)] if self.tax else [],
        )
        for name, value in members.items():
            setattr(message, name, value)
        return self.signed(message), bodies

    def standing(self, amounts: Mapping[str, Money]) -> Standing:
        """An invoice without notes."""
        return Standing.of(*self.invoice(amounts))

    def note(
        self,
        standing: Standing,
        amounts: Mapping[str, Money],
        *,
        at: datetime = ISSUED + 20 * DAY,
        reason: str = "usage",
        settles: Pin | None = None,
        due: datetime | None = None,
    ) -> SignedNote:
        """The next note on an invoice, by the differences of its lines."""
        currency = standing.total.currency
        whole = sum(each.amount.minor for each in standing.lines.values())
        change = sum(amount.minor for amount in amounts.values())
        before, after = Money(currency, whole), Money(currency, whole + change)
        net, total = Money(currency, change), Money(currency, change)
        taxes = []
        if self.tax:
            taxes = [self.tax.message(after, before)]
            difference = self.tax.of(after) - self.tax.of(before)
            net, total = (net - difference, total) if self.tax.included else (net, total + difference)
        lines = sorted((line(name, amount) for name, amount in amounts.items()), key=lambda each: each.key)
        bodies = [convert.dump(each) for each in lines]
        kind: type[CreditNote | DebitNote] = CreditNote if total.minor <= 0 else DebitNote
        correction = Correction(
            invoice=standing.invoice.pin,
            earlier_notes=standing.pins,
            reason=reason,
            usage_batches=[Pin(id=f"crex://{SELLER}/usage-batch/1", revision=1, sha256="7" * 64)]
            if reason == "usage"
            else [],
            settles=settles,
            seller=SELLER,
            buyer=BUYER,
            period=standing.invoice.message.period,
            currency=currency,
            lines_root=merkle.root(bodies).hex(),
            line_count=len(bodies),
            taxes=taxes,
            net_total=money(net),
            total=money(total),
            rating_digest="8" * 64,
            due_time=convert.to_timestamp(due) if due else None,
        )
        name = "credit-note" if kind is CreditNote else "debit-note"
        message = kind(header=self.header(SELLER, name, at), correction=correction)
        return SignedNote(self.signed(message), bodies)

    def dispute(
        self,
        standing: Standing,
        amounts: Mapping[str, Money],
        *,
        at: datetime = ISSUED + 2 * DAY,
        issuer: str = BUYER,
        days: int = 14,
        arbiter: str | None = None,
    ) -> Verified[Dispute]:
        """A dispute of some lines."""
        message = build_dispute(
            standing,
            [
                Objection(key(name), amount, "quantity", "Our meter shows less.")
                for name, amount in amounts.items()
            ],
            header=self.header(issuer, "dispute", at),
            answer_by=at + days * DAY,
            arbiter=arbiter,
        )
        return self.signed(message)

    def case(self, standing: Standing, amounts: Mapping[str, Money], **more: object) -> Case:
        """A dispute that was just opened."""
        return Case.opened(self.dispute(standing, amounts, **more), standing)  # type: ignore[arg-type]  # as above

    def answer(
        self,
        case: Case,
        amounts: Mapping[str, Money],
        *,
        at: datetime = ISSUED + 5 * DAY,
        issuer: str = SELLER,
        credit_notes: Mapping[str, Pin] | None = None,
        arbiter: str | None = None,
    ) -> Verified[DisputeAnswer]:
        """The seller's answer."""
        message = build_answer(
            case,
            {key(name): amount for name, amount in amounts.items()},
            header=self.header(issuer, "dispute-answer", at),
            credit_notes={key(name): pin for name, pin in (credit_notes or {}).items()},
            arbiter=arbiter,
        )
        return self.signed(message)

    def reply(self, case: Case, step: str, *, at: datetime = ISSUED + 6 * DAY) -> Verified[DisputeReply]:
        """The buyer's next step."""
        return self.signed(build_reply(case, step, header=self.header(BUYER, "dispute-reply", at)))

    def ruling(
        self,
        case: Case,
        amounts: Mapping[str, Money],
        *,
        at: datetime = ISSUED + 40 * DAY,
        issuer: str = BROKER,
    ) -> Verified[Ruling]:
        """The arbiter's ruling."""
        message = build_ruling(
            case,
            {key(name): amount for name, amount in amounts.items()},
            header=self.header(issuer, "ruling", at),
            text="The meters agree so far.",
        )
        return self.signed(message)


def total_of(amounts: Sequence[Money]) -> Fraction:
    """The sum of some amounts."""
    return sum((amount.value for amount in amounts), Fraction(0))
