"""Invoices in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crex.decimals import Money
from crex.errors import CrexError
from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.orders import LastTransition
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.application.ports.usage import KeptDocument, LeaseUsed


@dataclass(frozen=True, slots=True)
class InvoiceSnapshot:
    """An invoice at one instant; fields as in `crex.v1.InvoiceRecord`, times in milliseconds.

    Attributes:
        currency: Currency of the total.
        total: Amount payable, as the document writes it.
        rating_digest: Digest of the rating table.
        deadline_ms: When it counts as accepted.
        acceptance_sha256: Digest of the consumer's acceptance; empty before it came.
        owed: Amount with all notes; empty: the total. What is empty by default was remembered by an edition
            that knew neither notes nor disputes.
        withheld: What its disputes keep from being payable; empty: nothing.
        paid: What was paid; empty: nothing.
        owed_digest: Rating digest of what is owed; empty: the invoice's.
        note_count: Number of notes on it.
        open_disputes: Number of its disputes that are open.
        outcome: How its disputes ended since it was last ISSUED: `resolved`, `credited`, or empty.
        acceptance_ms: Time that the consumer has to answer.
        lease_count: Leases that are billed together, of which `lease` is the first; 0: `lease` alone.
    """

    id: str
    state: str
    version: int
    sha256: str
    seller: str
    buyer: str
    lease: str
    currency: str
    total: str
    rating_digest: str
    deadline_ms: int
    acceptance_sha256: str
    create_ms: int
    update_ms: int
    last: LastTransition
    owed: str = ""
    withheld: str = ""
    paid: str = ""
    owed_digest: str = ""
    note_count: int = 0
    open_disputes: int = 0
    outcome: str = ""
    acceptance_ms: int = 0
    lease_count: int = 0

    @property
    def owed_money(self) -> Money:
        """What the invoice and its notes come to."""
        return Money.parse(self.currency, self.owed or self.total)

    @property
    def withheld_money(self) -> Money:
        """What its disputes keep from being payable."""
        return Money.parse(self.currency, self.withheld) if self.withheld else Money(self.currency, 0)

    @property
    def paid_money(self) -> Money:
        """What was paid."""
        return Money.parse(self.currency, self.paid) if self.paid else Money(self.currency, 0)

    @property
    def payable(self) -> Money:
        """What is still to be paid, not below zero (STATEMENT-PAYABLE-1)."""
        left = self.owed_money - self.withheld_money - self.paid_money
        return left if left.minor > 0 else Money(self.currency, 0)

    @property
    def digest_owed(self) -> str:
        """Rating digest of what is owed: of the last note, or else of the invoice."""
        return self.owed_digest or self.rating_digest


@dataclass(frozen=True, slots=True)
class OrderPart:
    """What of an invoice counts against the spend limit of one order.

    Attributes:
        order: The order.
        owed: What it comes to, with all notes.
        billed_before: The other invoices of the order that counted, as `billed_before` gave them; nothing
            where the limit is not asked.
    """

    order: str
    owed: str
    billed_before: tuple[tuple[str, str], ...] | None


@dataclass(frozen=True, slots=True)
class Together:
    """By what leases of an account were found to be all that are billed together.

    Attributes:
        used: All leases between the two parties that were used in the period, with the versions of their
            usage, as `UsageStore.used_in` gave them; those billed are all of them that belong together.
        until_ms: End of the whole billing period.
    """

    used: tuple[LeaseUsed, ...]
    until_ms: int


@dataclass(frozen=True, slots=True)
class NewInvoice:
    """An invoice that was recomputed and found right.

    Attributes:
        document: The invoice.
        lines: Exact bytes of its lines, in the order of its tree.
        leases: Each lease that it bills, and the version of its period's usage that it was recomputed from;
            by ascending name.
        start_ms: Start of the billed period.
        end_ms: End of the billed period.
        orders: What counts against each of their orders.
        buyer: Authority that pays.
        currency: Currency of the total.
        total: Amount payable.
        rating_digest: Digest of the rating table.
        acceptance_ms: Time that the consumer has to answer.
        account: The buyer's account.
        issued_ms: When it was issued, by its header.
        together: Set where its leases are those of an account that are billed together.
    """

    document: NewDocument
    lines: tuple[bytes, ...]
    leases: tuple[tuple[str, int], ...]
    start_ms: int
    end_ms: int
    orders: tuple[OrderPart, ...]
    buyer: str
    currency: str
    total: str
    rating_digest: str
    acceptance_ms: int
    account: str
    issued_ms: int
    together: Together | None = None

    @property
    def lease(self) -> str:
        """The lease that it bills; of several the first."""
        return self.leases[0][0]


@dataclass(frozen=True, slots=True)
class NewPayment:
    """A payment that the seller records.

    Attributes:
        reference: Its reference; one payment each between seller and buyer (BILLING-PAY-3).
        amount: What was paid; nothing: all that is payable.
        time_ms: When it was paid; nothing: now.
    """

    reference: str
    amount: Money | None
    time_ms: int | None


@dataclass(frozen=True, slots=True)
class KeptNote:
    """A note with the exact bytes of its lines."""

    document: KeptDocument
    lines: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class KeptDispute:
    """A dispute, and its answer, replies and ruling in the order in which they came."""

    document: KeptDocument
    papers: tuple[KeptDocument, ...]


@dataclass(frozen=True, slots=True)
class InvoicePapers:
    """An invoice with everything that came after it, at one instant.

    Attributes:
        invoice: The invoice.
        document: Its document.
        lines: Exact bytes of its lines.
        notes: Notes on it, first to last.
        disputes: Its disputes, in the order in which they were opened.
    """

    invoice: InvoiceSnapshot
    document: KeptDocument
    lines: tuple[bytes, ...]
    notes: tuple[KeptNote, ...]
    disputes: tuple[KeptDispute, ...]


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """A part of a list, newest first; `next_seq` is where the next part begins, nothing at the end."""

    invoices: tuple[InvoiceSnapshot, ...]
    next_seq: int | None


@dataclass(frozen=True, slots=True)
class LinePage:
    """An invoice with a part of its lines.

    Attributes:
        invoice: The invoice.
        document: Its document.
        acceptance: The consumer's acceptance, `crex.v1.Envelope`, serialised; nothing before it came.
        lines: Exact bytes of the lines of this part.
        next_number: Number of the first line of the next part; nothing at the end.
    """

    invoice: InvoiceSnapshot
    document: KeptDocument
    acceptance: bytes | None
    lines: tuple[bytes, ...]
    next_number: int | None


class InvoiceStore(Protocol):
    """Invoices and their lines. Who is no party to an invoice finds nothing."""

    async def issue(self, mutation: Mutation, invoice: NewInvoice) -> Remembered[InvoiceSnapshot]:
        """Keeps an invoice of `mutation.party` with its lines. The same bytes again change nothing.

        Raises:
            CrexError: REQUEST_ID_REUSED, NOT_FOUND, INCOMPLETE, NAME_EXISTS (the period has an invoice, or
                the name is taken; BILLING-ONE-1), CONFLICT (its time of issue is closed; BILLING-CLOSE-2).
        """
        ...

    async def papers(self, party: str, id_: str) -> InvoicePapers | None:
        """Gives an invoice that `party` may read, with everything that came after it."""
        ...

    async def papers_of_period(self, lease: str, start_ms: int) -> InvoicePapers | None:
        """Gives the invoice of a period with everything that came after it, whoever asks."""
        ...

    async def billed_before(self, order: str, invoice_sha256: str) -> tuple[tuple[str, str], ...]:
        """Gives currency and amount owed of every other invoice of an order's leases, oldest first."""
        ...

    async def invoice(
        self, party: str, id_: str, *, from_number: int, limit: int, max_bytes: int
    ) -> LinePage | None:
        """Gives an invoice that `party` may read, with a part of its lines.

        Args:
            party: Seller or buyer of the invoice, or arbiter of a dispute of it (BILLING-DISPUTE-5).
            id_: Its name.
            from_number: Number of the first line to give.
            limit: Most lines to give.
            max_bytes: Most bytes of invoice, acceptance and lines; one line is given in any case
                (BILLING-LIST-2).
        """
        ...

    async def invoices(
        self, party: str, *, state: str, lease: str, before_seq: int | None, limit: int
    ) -> InvoicePage:
        """Gives a part of `party`'s invoices, newest first.

        Args:
            party: Seller or buyer of the invoices.
            state: Only invoices in this state; empty: in any.
            lease: Only invoices of this lease; empty: of any.
            before_seq: `next_seq` of the part before; nothing for the first.
            limit: Most invoices to give.
        """
        ...

    async def by_digest(self, party: str, sha256: str) -> tuple[InvoiceSnapshot, KeptDocument] | None:
        """Gives the invoice with this digest, if `party` is seller or buyer."""
        ...

    async def accept(
        self, mutation: Mutation, invoice: str, acceptance: NewDocument, *, rating_digest: str
    ) -> Remembered[InvoiceSnapshot]:
        """Accepts an invoice of which `mutation.party` is the buyer.

        Raises:
            CrexError: REQUEST_ID_REUSED, NOT_FOUND, NOT_A_PARTY, NAME_EXISTS, ILLEGAL_TRANSITION;
                RATING_DIFFERS where what is owed has another digest (BILLING-ACCEPT-1).
        """
        ...

    async def record_payment(
        self, mutation: Mutation, invoice: str, payment: NewPayment
    ) -> Remembered[InvoiceSnapshot]:
        """Records that an invoice of which `mutation.party` is the seller was paid (BILLING-PAY-1).

        The same payment under the same reference again changes nothing.

        Raises:
            CrexError: REQUEST_ID_REUSED, NOT_FOUND, NOT_A_PARTY, ILLEGAL_TRANSITION; TERMS (BILLING-PAY-2);
                CONFLICT where the reference is another payment's (BILLING-PAY-3).
        """
        ...


def invoice_not_found(id_: str) -> CrexError:
    """Gives the error for an invoice that is not there, or not the caller's (BILLING-PARTY-1)."""
    return CrexError(
        "NOT_FOUND",
        f"You have no invoice {id_}. Check the name, and that you call as its seller or its buyer.",
        details={"name": id_},
    )
