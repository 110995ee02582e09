"""The use cases of LeaseService and BillingService by path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crex_broker.application.accept_invoice import AcceptInvoice
from crex_broker.application.accounts_billed import BilledAccounts
from crex_broker.application.agree_dispute import AgreeDispute
from crex_broker.application.amend_usage import AmendUsage
from crex_broker.application.answer_dispute import AnswerDispute
from crex_broker.application.append_usage import AppendUsage, SealUsage
from crex_broker.application.bill_bases import BillBases
from crex_broker.application.close_period import ClosePeriod
from crex_broker.application.context import Context
from crex_broker.application.dispute_steps import DisputeSteps
from crex_broker.application.escalate_dispute import EscalateDispute
from crex_broker.application.get_access import GetAccess
from crex_broker.application.get_dispute import GetDispute
from crex_broker.application.get_invoice import GetInvoice
from crex_broker.application.get_lease import GetLease
from crex_broker.application.get_note import GetNote
from crex_broker.application.get_statement import GetStatement
from crex_broker.application.issue_invoice import IssueInvoice
from crex_broker.application.issue_note import IssueNote
from crex_broker.application.list_disputes import ListDisputes
from crex_broker.application.list_invoices import ListInvoices
from crex_broker.application.list_leases import ListLeases
from crex_broker.application.list_notes import ListNotes
from crex_broker.application.list_usage import ListUsage
from crex_broker.application.open_dispute import OpenDispute
from crex_broker.application.record_payment import RecordPayment
from crex_broker.application.rule_dispute import RuleDispute
from crex_broker.application.sold_leases import SoldLeases
from crex_broker.application.terminate_lease import TerminateLease
from crex_broker.application.use_case import UnaryUseCase
from crex_broker.application.withdraw_dispute import WithdrawDispute

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
    bases = BillBases(context, sold)
    steps = DisputeSteps(context)
    return {
        f"{_BILLING}/AppendUsage": AppendUsage(context, sold),
        f"{_BILLING}/SealUsage": SealUsage(context, sold),
        f"{_BILLING}/AmendUsage": AmendUsage(context, sold),
        f"{_BILLING}/ListUsage": ListUsage(context),
        f"{_BILLING}/IssueInvoice": IssueInvoice(context, bases, BilledAccounts(context, sold)),
        f"{_BILLING}/GetInvoice": GetInvoice(context),
        f"{_BILLING}/ListInvoices": ListInvoices(context),
        f"{_BILLING}/AcceptInvoice": AcceptInvoice(context),
        f"{_BILLING}/RecordPayment": RecordPayment(context),
        f"{_BILLING}/IssueNote": IssueNote(context, bases),
        f"{_BILLING}/GetNote": GetNote(context),
        f"{_BILLING}/ListNotes": ListNotes(context),
        f"{_BILLING}/OpenDispute": OpenDispute(context),
        f"{_BILLING}/GetDispute": GetDispute(context),
        f"{_BILLING}/ListDisputes": ListDisputes(context),
        f"{_BILLING}/AnswerDispute": AnswerDispute(steps),
        f"{_BILLING}/AgreeDispute": AgreeDispute(steps),
        f"{_BILLING}/EscalateDispute": EscalateDispute(steps),
        f"{_BILLING}/WithdrawDispute": WithdrawDispute(steps),
        f"{_BILLING}/RuleDispute": RuleDispute(steps),
        f"{_BILLING}/ClosePeriod": ClosePeriod(context),
        f"{_BILLING}/GetStatement": GetStatement(context),
    }
