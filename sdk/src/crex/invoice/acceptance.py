"""Accepting an invoice: only one that was recomputed, and by the digest that came out (invoice.md)."""

from __future__ import annotations

from collections.abc import Iterable

from crex.errors import CrexError
from crex.invoice.report import InvoiceReport, NoteReport
from crex.trust.verified import Verified
from crex.v1 import Header, Invoice, InvoiceAcceptance


def build_acceptance(
    invoice: Verified[Invoice], report: InvoiceReport, *, header: Header, notes: Iterable[NoteReport] = ()
) -> InvoiceAcceptance:
    """Returns the acceptance to be signed.

    Args:
        invoice: The invoice.
        report: Its recomputation.
        header: The acceptance's header; its issuer is the buyer.
        notes: The recomputation of each note on the invoice, first to last.

    Raises:
        RatingError: The invoice or a note is not what its inputs come to (ACCEPT-DIGEST-1).
        CrexError: INCOMPLETE: it is provisional, and nobody has to pay it (INVOICE-PROVISIONAL-1).
    """
    if invoice.message.provisional:
        raise _refused(
            "INCOMPLETE",
            "INVOICE-PROVISIONAL-1",
            f"{invoice.id} is provisional: usage is still incomplete, and nothing is owed by it. Wait for "
            "the invoice of the sealed period.",
        )
    owed = report.require()
    for note in notes:
        owed = note.require()
    return InvoiceAcceptance(header=header, invoice=invoice.pin, rating_digest=owed.digest)


def check_acceptance(
    acceptance: Verified[InvoiceAcceptance], invoice: Verified[Invoice], *, owed_digest: str | None = None
) -> None:
    """Checks that an acceptance is of this invoice, by its buyer, and agrees on the digest.

    Args:
        acceptance: The acceptance.
        invoice: The invoice.
        owed_digest: Rating digest of the last note on the invoice; unset: there is none.

    Raises:
        CrexError: SUBJECT if it pins another invoice (ACCEPT-INVOICE-1), NOT_A_PARTY if the buyer did not
            issue it, RATING_DIFFERS if it states another digest (ACCEPT-DIGEST-1).
    """
    stated, billed = acceptance.message, invoice.message
    if stated.invoice != invoice.pin:
        raise _refused(
            "SUBJECT",
            "ACCEPT-INVOICE-1",
            f"{acceptance.id} accepts {stated.invoice.id}@{stated.invoice.revision} with SHA-256 "
            f"{stated.invoice.sha256}, not this invoice. Accept the invoice that was issued.",
        )
    if acceptance.issuer != billed.buyer:
        raise _refused(
            "NOT_A_PARTY",
            "ACCEPT-INVOICE-1",
            f"{acceptance.id} is issued by {acceptance.issuer}, but {billed.buyer} pays. Only the buyer "
            "accepts.",
        )
    expected = billed.rating_digest if owed_digest is None else owed_digest
    if stated.rating_digest != expected:
        raise _refused(
            "RATING_DIFFERS",
            "ACCEPT-DIGEST-1",
            f"{acceptance.id} states rating digest {stated.rating_digest}, and what is owed has "
            f"{expected}. Buyer and seller computed different bills; recompute, and show each "
            "other the lines.",
        )


def _refused(reason: str, requirement: str, message: str) -> CrexError:
    return CrexError(reason, f"{message} ({requirement})", details={"requirement": requirement})
