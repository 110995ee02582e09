"""The use cases of LeaseService and BillingService by path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crex_broker.application.accept_invoice import AcceptInvoice
from crex_broker.application.append_usage import AppendUsage, SealUsage
from crex_broker.application.context import Context
from crex_broker.application.get_access import GetAccess
from crex_broker.application.get_invoice import GetInvoice
from crex_broker.application.get_lease import GetLease
from crex_broker.application.issue_invoice import IssueInvoice
from crex_broker.application.list_invoices import ListInvoices
from crex_broker.application.list_leases import ListLeases
from crex_broker.application.list_usage import ListUsage
from crex_broker.application.record_payment import RecordPayment
from crex_broker.application.sold_leases import SoldLeases
from crex_broker.application.terminate_lease import TerminateLease
from crex_broker.application.use_case import UnaryUseCase

_LEASE: Final = "/crex.v1.LeaseService"
_BILLING: Final = "/crex.v1.BillingService"


def lease_cases(context: Context) -> Mapping[str, UnaryUseCase]:
    """Gives the use cases of LeaseService."""
    return {
        f"{_LEASE}/GetLease": GetLease(context),
        f"{_LEASE}/ListLeases": ListLeases(context),
        f"{_LEASE}/TerminateLease": TerminateLease(context),
        f"{_LEASE}/GetAccess": GetAccess(context),
    }


def billing_cases(context: Context) -> Mapping[str, UnaryUseCase]:
    """Gives the use cases of BillingService."""
    sold = SoldLeases(context)
    return {
        f"{_BILLING}/AppendUsage": AppendUsage(context, sold),
        f"{_BILLING}/SealUsage": SealUsage(context, sold),
        f"{_BILLING}/ListUsage": ListUsage(context),
        f"{_BILLING}/IssueInvoice": IssueInvoice(context, sold),
        f"{_BILLING}/GetInvoice": GetInvoice(context),
        f"{_BILLING}/ListInvoices": ListInvoices(context),
        f"{_BILLING}/AcceptInvoice": AcceptInvoice(context),
        f"{_BILLING}/RecordPayment": RecordPayment(context),
    }
