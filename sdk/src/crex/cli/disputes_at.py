"""An invoice and its disputes as they stand at the broker, opened and ready for the next document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from google.protobuf.message import Message

from crex import v1
from crex.bundles.opening import OpenedBundle
from crex.cli.invoice_source import Source, fetch_source
from crex.cli.party import Customer, now
from crex.disputes.case import Case, Payable, document_ms, payable
from crex.documents.convert import to_timestamp
from crex.documents.times import from_ms, to_ms
from crex.errors import CrexError
from crex.invoice.ledger import Ledger
from crex.invoice.standing import Standing
from crex.trust.verified import Verified

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class InvoiceAt:
    """An invoice with everything that came after it.

    Attributes:
        customer: Who reads it.
        source: What came from the broker, verified.
    """

    customer: Customer
    source: Source

    @classmethod
    def fetch(cls, customer: Customer, invoice_id: str, *, judging: bool = False) -> Self:
        """Fetches an invoice.

        Args:
            customer: Who reads it.
            invoice_id: Its name.
            judging: Whether an arbiter reads it, to whom the broker shows no sale.

        Raises:
            CrexError: There is none, or an envelope does not verify.
        """
        return cls(customer, fetch_source(customer, invoice_id, judging=judging))

    @property
    def opened(self) -> OpenedBundle:
        """The same, verified."""
        return self.source.opened

    @property
    def last_ms(self) -> int:
        """When the last document of it was issued, in milliseconds since 1970."""
        return max(map(document_ms, self._documents()))

    @property
    def standing(self) -> Standing:
        """The invoice with all notes on it."""
        return self.opened.billed().standing(self._until)

    @property
    def cases(self) -> tuple[Case, ...]:
        """Its disputes as they stand."""
        return self.opened.billed().cases(self._until)

    def ledger(self) -> Ledger:
        """Returns the invoice and its notes, as the next note is made from them.

        Raises:
            CrexError: The sales are not given, or a note does not follow those before it.
        """
        opened = self.opened
        return Ledger.of_basis(opened.invoice, opened.lines, opened.basis, opened.notes)

    def payable(self) -> Payable:
        """Returns what of it is owed, and what is payable, payments aside."""
        billed, until = self.opened.billed(), self._until
        return payable(billed.standing(until), billed.cases(until))

    def recomputed(self) -> str:
        """Recomputes the invoice and its notes; says what came out."""
        report, notes = self.source.recompute()
        wrong = [each for each in (report, *notes) if not each.ok]
        if not wrong:
            return f"Recomputed {self.standing.total}, the same to the last digit."
        return "\n".join(f"Recomputed, and {each.name} is wrong:\n{each}" for each in wrong)

    def note(self, name: str) -> v1.Pin:
        """Returns the pin of a note on it.

        Raises:
            CrexError: NOT_FOUND.
        """
        for each in self.opened.notes:
            if each.note.id == name:
                return each.note.pin
        raise CrexError("NOT_FOUND", f"There is no note {name} on {self.opened.invoice.id}.")

    def header(self, kind: str, name: str | None = None) -> v1.Header:
        """Makes the header of a document about it, later than every document before (BILLING-SEQUENCE-1)."""
        header = self.customer.header(kind, name)
        earliest = from_ms(self.last_ms) + timedelta(milliseconds=1)
        if now() < earliest:
            header.issued_at.CopyFrom(to_timestamp(earliest))
        return header

    @property
    def _until(self) -> int:
        """The first instant after now, and after every document: clocks of parties differ."""
        return max(to_ms(now()), self.last_ms) + 1

    def _documents(self) -> Iterator[Verified[Message]]:
        opened = self.opened
        yield opened.invoice
        for note in opened.notes:
            yield note.note
        for dispute, papers in opened.disputes:
            yield dispute
            yield from papers


@dataclass(frozen=True, slots=True)
class DisputeAt:
    """One dispute, as it stands.

    Attributes:
        record: How it stands at the broker.
        invoice: Its invoice.
        case: How it stands by its documents.
        papers: Answer, replies and ruling.
    """

    record: v1.DisputeRecord
    invoice: InvoiceAt
    case: Case
    papers: tuple[Verified[Message], ...]

    @classmethod
    def fetch(cls, customer: Customer, dispute_id: str, *, judging: bool = False) -> Self:
        """Fetches a dispute with its invoice.

        Raises:
            CrexError: There is none, or an envelope does not verify.
        """
        record = customer.client.get_dispute(v1.GetDisputeRequest(dispute_id=dispute_id)).record
        invoice = InvoiceAt.fetch(customer, record.invoice, judging=judging)
        papers = {dispute.digest: came for dispute, came in invoice.opened.disputes}
        for case in invoice.cases:
            if case.dispute.id == dispute_id:
                return cls(record, invoice, case, papers[case.dispute.digest])
        raise CrexError(
            "SUBJECT",
            f"The broker says that {dispute_id} is of {record.invoice}, and it is not among its disputes. "
            "Ask its operator.",
            source=customer.target,
        )
