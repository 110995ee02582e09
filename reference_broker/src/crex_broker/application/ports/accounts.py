"""Accounts between sellers and buyers in the store: what was billed and paid, and periods closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crex_broker.application.ports.documents import NewDocument
from crex_broker.application.ports.invoices import InvoicePapers
from crex_broker.application.ports.requests import Mutation, Remembered
from crex_broker.application.ports.usage import KeptDocument


@dataclass(frozen=True, slots=True)
class KeptPayment:
    """A payment; fields as in `crex.v1.Payment`, its time in milliseconds."""

    invoice: str
    currency: str
    amount: str
    time_ms: int
    reference: str


@dataclass(frozen=True, slots=True)
class AccountPapers:
    """All that one seller billed to one buyer, under whichever account, at one instant.

    Attributes:
        invoices: Invoices with everything that came after them, in the order in which they came.
        payments: Payments, in the order in which they were recorded.
        closes: Period closes of the one account that was asked for, by ascending period.
        version: Changes with whatever is issued, and with each close.
    """

    invoices: tuple[InvoicePapers, ...]
    payments: tuple[KeptPayment, ...]
    closes: tuple[KeptDocument, ...]
    version: str


@dataclass(frozen=True, slots=True)
class NewClose:
    """A period close that was compared with everything issued.

    Attributes:
        document: The close.
        buyer: Authority that pays.
        account: The buyer's account.
        start_ms: Start of its period.
        end_ms: End of its period.
        version: `AccountPapers.version` against which it was judged.
    """

    document: NewDocument
    buyer: str
    account: str
    start_ms: int
    end_ms: int
    version: str


@dataclass(frozen=True, slots=True)
class Closed:
    """A period close that is kept."""

    sha256: str


class AccountStore(Protocol):
    """Accounts, read whole: what they come to is computed by whoever asks."""

    async def papers(self, seller: str, buyer: str, account: str) -> AccountPapers:
        """Gives everything between a seller and a buyer, and the closes of an account."""
        ...

    async def close(self, mutation: Mutation, close: NewClose) -> Remembered[Closed]:
        """Keeps a period close of `mutation.party`, the seller. The same bytes again change nothing.

        Raises:
            CrexError: REQUEST_ID_REUSED, NAME_EXISTS; CONFLICT where its period has not ended in the store's
                time (BILLING-CLOSE-1); ETAG_MISMATCH where anything was issued since it was judged.
        """
        ...
