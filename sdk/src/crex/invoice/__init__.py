"""Invoices and notes: made from sealed usage, recomputed to the last digit, accepted, shown (invoice.md)."""

from crex.invoice.acceptance import build_acceptance, check_acceptance
from crex.invoice.basis import Basis, SoldUsage
from crex.invoice.build import InvoiceDraft, build, pages
from crex.invoice.ledger import Ledger
from crex.invoice.notes import NoteDraft, cancel, correct, settle
from crex.invoice.report import Check, Difference, InvoiceReport, NoteReport
from crex.invoice.sale import Sale, SaleError
from crex.invoice.standing import SignedNote, Standing
from crex.invoice.usage import PeriodUsage, SealedBatch, collect
from crex.invoice.verify import verify
from crex.invoice.verify_notes import verify_notes
from crex.invoice.views.text import render

__all__ = [
    "Basis",
    "Check",
    "Difference",
    "InvoiceDraft",
    "InvoiceReport",
    "Ledger",
    "NoteDraft",
    "NoteReport",
    "PeriodUsage",
    "Sale",
    "SaleError",
    "SealedBatch",
    "SignedNote",
    "SoldUsage",
    "Standing",
    "build",
    "build_acceptance",
    "cancel",
    "check_acceptance",
    "collect",
    "correct",
    "pages",
    "render",
    "settle",
    "verify",
    "verify_notes",
]
