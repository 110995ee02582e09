"""An account between a seller and a buyer, opened again from everything that the broker has of it."""

from __future__ import annotations

from dataclasses import dataclass

from crex import v1
from crex.accounts.account import Account, Paid
from crex.decimals import Money
from crex.trust.verified import Verified
from crex_broker.application.context import Context
from crex_broker.application.opened_invoices import OpenedInvoice
from crex_broker.application.ports.accounts import AccountPapers
from crex_broker.application.sold_leases import reopen


@dataclass(frozen=True, slots=True)
class OpenedAccount:
    """An account, and the periods of it that are closed.

    Attributes:
        account: All that was billed to it, and all that was paid.
        closes: Its period closes, by ascending period.
    """

    account: Account
    closes: tuple[Verified[v1.PeriodClose], ...]

    @classmethod
    def of(
        cls, context: Context, papers: AccountPapers, *, seller: str, buyer: str, account: str
    ) -> OpenedAccount:
        """Opens an account; takes time, so it may run beside the event loop.

        Raises:
            CrexError: The reasons of verification, where a key was revoked as of a time before its document
                came.
        """
        billed = []
        for each in papers.invoices:
            opened = OpenedInvoice.of(context, each).billed
            if opened.invoice.message.account == account:
                billed.append(opened)
        names = {each.invoice.id for each in billed}
        paid = [
            Paid(one.reference, Money.parse(one.currency, one.amount), one.time_ms, one.invoice)
            for one in papers.payments
            if one.invoice in names
        ]
        return cls(
            Account.of(billed, paid, parties=(seller, buyer, account)),
            tuple([reopen(context, kept, v1.PeriodClose) for kept in papers.closes]),
        )
