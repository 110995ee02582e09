"""The account of a buyer at a seller: invoices with their notes, payments, disputes (statements.md).

An account is read from documents, and decides nothing: what an invoice owes, what was paid for it, and how
its disputes stand, at any instant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from crex.decimals import Money
from crex.disputes.case import Case, document_ms
from crex.errors import CrexError
from crex.invoice.standing import SignedNote, Standing
from crex.trust.verified import Verified
from crex.v1 import Dispute, DisputeAnswer, DisputeReply, Invoice, Ruling

# What comes of a dispute.
Paper: TypeAlias = Verified[DisputeAnswer] | Verified[DisputeReply] | Verified[Ruling]


class BooksError(CrexError):
    """Documents or payments of an account contradict each other."""


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment, as a party keeps it in its own books.

    Attributes:
        reference: Its reference; one payment each (STATEMENT-PAYMENT-1).
        amount: What was paid; below zero where it went back.
        time_ms: When, in milliseconds since 1970.
        invoice: Name of the invoice that is paid; empty: a payment on account.
    """

    reference: str
    amount: Money
    time_ms: int
    invoice: str = ""


@dataclass(frozen=True, slots=True)
class DisputePapers:
    """A dispute that was opened, and what came of it.

    Attributes:
        opened: The dispute, as it was opened.
        papers: Answer, replies and ruling, in any order.
    """

    opened: Case
    papers: tuple[Paper, ...] = ()

    def at(self, before_ms: int, notes: Sequence[SignedNote] = ()) -> Case:
        """Returns how it stands at an instant, by the papers that were issued before it.

        Raises:
            DisputeError: A paper does not fit, or comes when the state does not allow it.
        """
        case = self.opened
        for paper in sorted(self.papers, key=lambda each: (document_ms(each), each.id)):
            if document_ms(paper) >= before_ms:
                break
            message = paper.message
            if isinstance(message, DisputeAnswer):
                case = case.answered(paper, notes)  # type: ignore[arg-type]  # its message was looked at
            elif isinstance(message, DisputeReply):
                case = case.replied(paper)  # type: ignore[arg-type]  # its message was looked at
            else:
                case = case.ruled(paper)  # type: ignore[arg-type]  # its message was looked at
        return case.at(before_ms)


@dataclass(frozen=True, slots=True)
class Billed:
    """One invoice with all that came after it.

    Attributes:
        base: The invoice, without notes.
        notes: Notes on it, first to last.
        disputes: Its disputes, in any order.
    """

    base: Standing
    notes: tuple[SignedNote, ...] = ()
    disputes: tuple[DisputePapers, ...] = ()

    @classmethod
    def of(
        cls,
        base: Standing,
        notes: Iterable[SignedNote] = (),
        disputes: Iterable[tuple[Verified[Dispute], tuple[Paper, ...]]] = (),
    ) -> Billed:
        """Returns an invoice with its notes and disputes, each dispute opened on what stood then.

        Args:
            base: The invoice, without notes.
            notes: Notes on it, first to last.
            disputes: Each dispute with what came of it, in any order.

        Raises:
            CrexError: Notes or disputes do not fit together.
        """
        billed = cls(base, tuple(notes))
        for dispute, papers in sorted(disputes, key=lambda each: (document_ms(each[0]), each[0].id)):
            at = document_ms(dispute)
            others = [each.at(at, billed.notes) for each in billed.disputes]
            case = Case.opened(dispute, billed.standing(at), others)
            billed = replace(billed, disputes=(*billed.disputes, DisputePapers(case, papers)))
        return billed

    @property
    def invoice(self) -> Verified[Invoice]:
        """The invoice."""
        return self.base.invoice

    def standing(self, before_ms: int) -> Standing:
        """Returns how it stands with the notes that were issued before an instant.

        Raises:
            CrexError: SUBJECT: a note does not follow the notes before it (NOTE-PIN-1).
        """
        found = self.base
        for note in self.notes:
            if document_ms(note.note) < before_ms:
                found = found.noted(note)
        return found

    def cases(self, before_ms: int) -> tuple[Case, ...]:
        """Returns its disputes that were opened before an instant, as they stand then, in order of issue."""
        opened = [each for each in self.disputes if document_ms(each.opened.dispute) < before_ms]
        opened.sort(key=lambda each: (document_ms(each.opened.dispute), each.opened.dispute.id))
        return tuple(each.at(before_ms, self.notes) for each in opened)


@dataclass(frozen=True, slots=True)
class Account:
    """All that was billed to one account of a buyer by one seller, and all that was paid.

    Attributes:
        seller: Authority that is paid.
        buyer: Authority that pays.
        account: The buyer's account.
        billed: Invoices by the order of their issue, then of their names.
        payments: Payments by time, then by reference.
    """

    seller: str
    buyer: str
    account: str
    billed: tuple[Billed, ...]
    payments: tuple[Paid, ...]

    @classmethod
    def of(
        cls,
        billed: Iterable[Billed],
        payments: Iterable[Paid] = (),
        *,
        parties: tuple[str, str, str] | None = None,
    ) -> Account:
        """Returns an account; provisional invoices are left out.

        Args:
            billed: Invoices with what came after them, in any order.
            payments: Payments, in any order; one that is given twice counts once.
            parties: Seller, buyer and account; unset: those of the first invoice.

        Raises:
            BooksError: TERMS: an invoice is of another account. CONFLICT: an invoice comes twice, or one
                reference names two payments (STATEMENT-PAYMENT-1). REFERENCE_MISSING: a payment is for an
                invoice that is not there, or in another currency than the invoice (TERMS); or there is no
                invoice to tell the account from.
        """
        kept = sorted(
            (each for each in billed if not each.invoice.message.provisional),
            key=lambda each: (document_ms(each.invoice), each.invoice.id.encode()),
        )
        if parties is None and not kept:
            raise BooksError(
                "REFERENCE_MISSING",
                "There is no invoice, so nothing tells whose account this is. Give one, or name seller, "
                "buyer and account.",
            )
        parties = parties or _parties(kept[0].invoice.message)
        known: dict[str, Billed] = {}
        for each in kept:
            if _parties(each.invoice.message) != parties:
                raise BooksError(
                    "TERMS",
                    f"{each.invoice.id} is of {' / '.join(_parties(each.invoice.message))}, not of "
                    f"{' / '.join(parties)}. Give the invoices of one account.",
                )
            if each.invoice.id in known:
                raise BooksError(
                    "CONFLICT", f"{each.invoice.id} comes twice. Give it once, with all notes on it."
                )
            known[each.invoice.id] = each
        return cls(*parties, tuple(kept), _payments(payments, known))


def _parties(invoice: Invoice) -> tuple[str, str, str]:
    return invoice.seller, invoice.buyer, invoice.account


def _payments(payments: Iterable[Paid], billed: Mapping[str, Billed]) -> tuple[Paid, ...]:
    known: dict[str, Paid] = {}
    for paid in payments:
        if known.setdefault(paid.reference, paid) != paid:
            raise BooksError(
                "CONFLICT",
                f"Two payments have the reference {paid.reference!r} and differ: "
                f"{known[paid.reference].amount} and {paid.amount}. Which of them was made cannot be told; "
                "correct the books. (STATEMENT-PAYMENT-1)",
                details={"requirement": "STATEMENT-PAYMENT-1"},
            )
        if not paid.invoice:
            continue
        invoice = billed.get(paid.invoice)
        if invoice is None:
            raise BooksError(
                "REFERENCE_MISSING",
                f"The payment {paid.reference!r} is for {paid.invoice}, which is not among the invoices. "
                "Give the invoice too.",
            )
        if invoice.base.total.currency != paid.amount.currency:
            raise BooksError(
                "TERMS",
                f"The payment {paid.reference!r} of {paid.amount} is for {paid.invoice}, which is billed in "
                f"{invoice.base.total.currency}. State what of the invoice it paid, in the invoice's "
                "currency.",
            )
    return tuple(sorted(known.values(), key=lambda each: (each.time_ms, each.reference)))
