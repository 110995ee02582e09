"""An invoice opened again with everything that came after it, as the SDK reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from google.protobuf.message import Message

from crex import v1
from crex.accounts.account import Billed, Paper
from crex.decimals import Money
from crex.disputes.case import Case, document_ms, payable
from crex.documents.times import format_time, from_ms
from crex.errors import CrexError
from crex.invoice import SignedNote
from crex.invoice.standing import Note, Standing
from crex.trust.verified import Verified
from crex_broker.application.context import Context
from crex_broker.application.ports.invoices import InvoicePapers, KeptDispute
from crex_broker.application.sold_leases import reopen, reopen_any


@dataclass(frozen=True, slots=True)
class OpenedInvoice:
    """An invoice, its notes and its disputes, each verified as of when it came.

    Attributes:
        papers: What it was opened from.
        billed: The invoice as an account holds it.
        last: The document on it that says it was issued last.
        digests: Digests of the invoice and of everything on it.
    """

    papers: InvoicePapers
    billed: Billed
    last: Verified[Message]
    digests: frozenset[str]

    @classmethod
    def of(cls, context: Context, papers: InvoicePapers) -> OpenedInvoice:
        """Opens an invoice and everything on it; takes time, so it may run beside the event loop.

        Raises:
            CrexError: The reasons of verification, where a key was revoked as of a time before its document
                came.
        """
        invoice = reopen(context, papers.document, v1.Invoice)
        notes = [
            SignedNote(cast("Verified[Note]", reopen_any(context, note.document)), note.lines)
            for note in papers.notes
        ]
        disputes = [
            (reopen(context, kept.document, v1.Dispute), _papers(context, kept)) for kept in papers.disputes
        ]
        every: list[Verified[Message]] = [cast("Verified[Message]", invoice), *[note.note for note in notes]]
        for dispute, replies in disputes:
            every += [dispute, *replies]
        return cls(
            papers=papers,
            billed=Billed.of(Standing.of(invoice, papers.lines), notes, disputes),
            last=max(every, key=document_ms),
            digests=frozenset(each.digest for each in every),
        )

    @property
    def standing(self) -> Standing:
        """The invoice with all its notes."""
        return self.billed.standing(self._after)

    @property
    def cases(self) -> tuple[Case, ...]:
        """Its disputes with all their papers, in order of issue."""
        return self.billed.cases(self._after)

    @property
    def _after(self) -> int:
        return document_ms(self.last) + 1

    def check_later(self, document: Verified[Message]) -> None:
        """Requires that a document was issued after everything that is here, if it is new.

        Raises:
            CrexError: CONFLICT (BILLING-SEQUENCE-1).
        """
        last_ms = document_ms(self.last)
        if document.digest in self.digests or document_ms(document) > last_ms:
            return
        raise CrexError(
            "CONFLICT",
            f"{document.id} says that it was issued no later than {self.last.id}, which came before it, at "
            f"{format_time(from_ms(last_ms))}. Issue it anew with a later time (BILLING-SEQUENCE-1).",
            details={"document": self.last.id, "requirement": "BILLING-SEQUENCE-1"},
        )


def withheld(standing: Standing, cases: Iterable[Case]) -> Money:
    """Gives what disputes keep from being payable, with its taxes (DISPUTE-PAYABLE-1)."""
    found = payable(standing, cases)
    return found.owed - found.payable


def _papers(context: Context, kept: KeptDispute) -> tuple[Paper, ...]:
    return tuple([cast("Paper", reopen_any(context, paper)) for paper in kept.papers])
