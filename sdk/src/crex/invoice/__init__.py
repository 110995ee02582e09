"""Invoices: made from sealed usage, recomputed to the last digit, accepted, and shown (invoice.md)."""

from crex.invoice.acceptance import build_acceptance, check_acceptance
from crex.invoice.basis import Basis, SoldUsage
from crex.invoice.build import InvoiceDraft, build, pages
from crex.invoice.render import render
from crex.invoice.report import Check, Difference, InvoiceReport
from crex.invoice.sale import Sale, SaleError
from crex.invoice.usage import PeriodUsage, SealedBatch, collect
from crex.invoice.verify import verify

__all__ = [
    "Basis",
    "Check",
    "Difference",
    "InvoiceDraft",
    "InvoiceReport",
    "PeriodUsage",
    "Sale",
    "SaleError",
    "SealedBatch",
    "SoldUsage",
    "build",
    "build_acceptance",
    "check_acceptance",
    "collect",
    "pages",
    "render",
    "verify",
]
