"""An invoice of March that is to be corrected: the sale, its usage, and notes signed one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import orjson
from google.protobuf.duration_pb2 import Duration

from crex.decimals import Money
from crex.documents import convert, reader
from crex.invoice import Basis, InvoiceDraft, Sale
from crex.invoice.ledger import Ledger
from crex.invoice.notes import NoteDraft, cancel, correct, settle
from crex.invoice.report import NoteReport
from crex.invoice.standing import SignedNote
from crex.invoice.verify_notes import verify_notes
from crex.metering import Record, build_record
from crex.trust.verified import Verified
from crex.v1 import Correction, Header, Invoice, Pin, TaxRule, UsageRecord
from sdk.tests.invoice.samples import (
    NOW,
    PROVIDER,
    Documents,
    Usage,
    World,
    draft,
    header,
    march,
    two_months,
)

RULING = Pin(id="crex://broker.example/ruling/1", revision=1, sha256="c" * 64)


def taxed(horizon: timedelta | None = timedelta(days=90), *, included: bool = False) -> Documents:
    """A sale whose lines bear 19 % tax, and whose usage may be corrected for 90 days."""
    documents = Documents()
    plan = documents.plan
    for component in plan.components:
        component.tax_category = "standard"
    plan.taxes.append(TaxRule(category="standard", rate="0.19", jurisdiction="de"))
    if included:
        plan.tax_included = True
    if horizon is not None:
        documents.offer.terms.correction_horizon.CopyFrom(Duration(seconds=int(horizon.total_seconds())))
    return documents


@dataclass
class Corrected:
    """An invoice of March, issued, and what came since."""

    world: World
    sale: Sale
    usage: Usage
    made: InvoiceDraft
    invoice: Verified[Invoice]
    notes: list[SignedNote] = field(default_factory=list)
    hours: int = 0

    @classmethod
    def of(cls, world: World, documents: Documents | None = None) -> Corrected:
        """March sealed and billed, April sealed too."""
        sale = (documents or taxed()).signed(world).sale()
        usage = two_months(world, sale)
        made = draft(sale, usage.batches[:2])
        return cls(world, sale, usage, made, world.signed(made.message, NOW))

    @property
    def basis(self) -> Basis:
        """All batches so far."""
        return Basis.of(self.sale, self.usage.batches)

    @property
    def ledger(self) -> Ledger:
        """The invoice with its notes."""
        return Ledger.of(self.invoice, self.made.lines, self.sale.plan, self.notes)

    @property
    def final(self) -> Pin:
        """The batch that sealed March."""
        return self.usage.batches[1].batch.pin

    def latest(self, meter: str = "cpu") -> Record:
        """The record of March's last number of a meter, in its highest revision."""
        found = [
            build_record(convert.to_message(reader.read(body, UsageRecord), UsageRecord))
            for sealed in self.usage.batches
            if sealed.batch.message.period == march().message()
            for body in sealed.bodies or ()
        ]
        return max((one for one in found if one.meter_id == meter), key=lambda one: (one.seq, one.revision))

    def revise(self, quantity: str, *, meter: str = "cpu") -> None:
        """Corrects March's last number of a meter."""
        value = orjson.loads(self.latest(meter).body)
        value |= {"quantity": quantity, "revision": str(int(value["revision"]) + 1)}
        value.pop("readings", None)
        self.correct([build_record(convert.to_message(value, UsageRecord))])

    def correct(self, records: Iterable[Record]) -> None:
        """Signs a batch that corrects March."""
        self.usage.seal(records, march(), final=False, corrects=self.final, at=self.later())

    def later(self) -> datetime:
        """An hour after whatever was last."""
        self.hours += 1
        return NOW + timedelta(hours=self.hours)

    def header(self) -> Header:
        """The header of the next note."""
        return header(PROVIDER, f"note/n{self.hours}", self.later())

    def sign(self, made: NoteDraft) -> SignedNote:
        """Signs a note."""
        return SignedNote(self.world.signed(made.message, NOW + timedelta(hours=self.hours)), made.lines)

    def issue(self, made: NoteDraft | None) -> SignedNote:
        """Signs a note and keeps it."""
        assert made is not None
        self.notes.append(self.sign(made))
        return self.notes[-1]

    def by_usage(self) -> NoteDraft | None:
        """The note that usage makes necessary."""
        return correct(self.ledger, self.basis, header=self.header())

    def by_cancellation(self) -> NoteDraft:
        """The note that takes all back."""
        return cancel(self.ledger, header=self.header())

    def by_settlement(self, amounts: Mapping[str, Money], settles: Pin = RULING) -> NoteDraft:
        """The note that carries out a ruling."""
        return settle(self.ledger, amounts, settles=settles, header=self.header())

    def reports(
        self, notes: Iterable[SignedNote] | None = None, amounts: Mapping[str, Money] | None = None
    ) -> list[NoteReport]:
        """What a buyer finds of the notes."""
        start = Ledger.of(self.invoice, self.made.lines, self.sale.plan)
        given = self.notes if notes is None else notes
        return verify_notes(start, given, self.basis, settlements={RULING.sha256: amounts or {}})

    def key(self, component: str, tier: int = 1) -> str:
        """The key of a line."""
        lines = self.made.rating.lines
        return next(one.key for one in lines if (one.component, one.tier) == (component, tier))

    def issued(self) -> tuple[Decimal, Decimal]:
        """Net total and total of everything issued."""
        stated: list[Invoice | Correction] = [self.made.message]
        stated += [note.correction for note in self.notes]
        return (
            sum((Decimal(one.net_total.amount) for one in stated), Decimal(0)),
            sum((Decimal(one.total.amount) for one in stated), Decimal(0)),
        )
