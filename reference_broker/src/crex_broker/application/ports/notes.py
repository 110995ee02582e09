"""Notes on invoices in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crex.errors import CrexError
from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.invoices import InvoiceSnapshot, OrderPart
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.application.ports.usage import KeptDocument


@dataclass(frozen=True, slots=True)
class NoteSnapshot:
    """A note; fields as in `crex.v1.NoteRecord`, times in milliseconds."""

    id: str
    revision: int
    sha256: str
    type: str
    invoice: str
    number: int
    reason: str
    currency: str
    total: str
    create_ms: int


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note that was recomputed and found right.

    Attributes:
        document: The note.
        lines: Exact bytes of its lines, in the order of its tree.
        invoice: Name of the invoice.
        invoice_version: Version of the invoice against which it was judged.
        usages: Each lease, and the version of its period's usage from which it was recomputed; nothing where
            usage is not its reason.
        orders: What counts against each order after it; the other invoices of an order only where it owes
            more than before.
        reason: Its reason.
        currency: Currency of the total.
        total: Difference of the totals.
        owed: What is owed after it.
        withheld: What disputes then keep from being payable.
        owed_digest: Rating digest of what is owed after it.
        event: credit or debit.
        account: The buyer's account.
        issued_ms: When it was issued, by its header.
    """

    document: NewDocument
    lines: tuple[bytes, ...]
    invoice: str
    invoice_version: int
    usages: tuple[tuple[str, int], ...]
    orders: tuple[OrderPart, ...]
    reason: str
    currency: str
    total: str
    owed: str
    withheld: str
    owed_digest: str
    event: str
    account: str
    issued_ms: int


@dataclass(frozen=True, slots=True)
class NoteIssued:
    """A note that was kept, and the invoice after it."""

    note: NoteSnapshot
    invoice: InvoiceSnapshot


@dataclass(frozen=True, slots=True)
class NotePage:
    """A part of the notes on an invoice, first to last; `next_number` is where the next part begins."""

    notes: tuple[NoteSnapshot, ...]
    next_number: int | None


@dataclass(frozen=True, slots=True)
class NoteLinePage:
    """A note with a part of its lines.

    Attributes:
        note: The note.
        document: Its document.
        lines: Exact bytes of the lines of this part.
        next_number: Number of the first line of the next part; nothing at the end.
    """

    note: NoteSnapshot
    document: KeptDocument
    lines: tuple[bytes, ...]
    next_number: int | None


class NoteStore(Protocol):
    """Notes and their lines. Who may not read an invoice finds none of its notes."""

    async def issue(self, mutation: Mutation, note: NewNote) -> Remembered[NoteIssued]:
        """Keeps a note of `mutation.party`, the seller, with its lines. The same bytes again change nothing.

        Raises:
            CrexError: REQUEST_ID_REUSED, NOT_FOUND, NAME_EXISTS, ILLEGAL_TRANSITION; ETAG_MISMATCH where
                invoice, usage or the order's other invoices changed since it was judged; CONFLICT where its
                time of issue is closed (BILLING-CLOSE-2).
        """
        ...

    async def note(
        self, party: str, id_: str, *, from_number: int, limit: int, max_bytes: int
    ) -> NoteLinePage | None:
        """Gives a note on an invoice that `party` may read, with a part of its lines.

        Args:
            party: Who asks.
            id_: Name of the note.
            from_number: Number of the first line to give.
            limit: Most lines to give.
            max_bytes: Most bytes of note and lines; one line is given in any case (BILLING-LIST-2).
        """
        ...

    async def notes(self, party: str, invoice: str, *, from_number: int, limit: int) -> NotePage | None:
        """Gives a part of the notes on an invoice; nothing where `party` may not read the invoice."""
        ...


def note_not_found(id_: str) -> CrexError:
    """Gives the error for a note that is not there, or not the caller's (BILLING-PARTY-1)."""
    return CrexError(
        "NOT_FOUND",
        f"You have no note {id_}. Check the name, and that you call as seller or buyer of its invoice.",
        details={"name": id_},
    )
