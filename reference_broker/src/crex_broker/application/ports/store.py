"""The ports together, as one store offers them."""

from __future__ import annotations

from typing import Protocol

from crex_broker.application.ports.accounts import AccountStore
from crex_broker.application.ports.agents import AgentStore
from crex_broker.application.ports.allotments import AllotmentStore
from crex_broker.application.ports.attestations import AttestationStore
from crex_broker.application.ports.disputes import DisputeStore
from crex_broker.application.ports.documents import DocumentStore
from crex_broker.application.ports.invoices import InvoiceStore
from crex_broker.application.ports.leases import LeaseStore
from crex_broker.application.ports.log import LogStore
from crex_broker.application.ports.notes import NoteStore
from crex_broker.application.ports.offers import OfferStore
from crex_broker.application.ports.orders import OrderStore
from crex_broker.application.ports.parties import PartyStore
from crex_broker.application.ports.requests import RequestStore
from crex_broker.application.ports.timers import TimerStore
from crex_broker.application.ports.usage import UsageStore


class Store(Protocol):
    """One store behind every port; its objects see each other's writes."""

    @property
    def accounts(self) -> AccountStore:
        """What stands between sellers and buyers."""
        ...

    @property
    def agents(self) -> AgentStore:
        """What providers are told to do, and what they answer."""
        ...

    @property
    def allotments(self) -> AllotmentStore:
        """What may be sold of each pool."""
        ...

    @property
    def attestations(self) -> AttestationStore:
        """Attestations, status lists and new trust documents."""
        ...

    @property
    def disputes(self) -> DisputeStore:
        """Disputes."""
        ...

    @property
    def documents(self) -> DocumentStore:
        """Signed documents."""
        ...

    @property
    def invoices(self) -> InvoiceStore:
        """Invoices."""
        ...

    @property
    def leases(self) -> LeaseStore:
        """Leases."""
        ...

    @property
    def log(self) -> LogStore:
        """The log of what was accepted."""
        ...

    @property
    def notes(self) -> NoteStore:
        """Notes on invoices."""
        ...

    @property
    def offers(self) -> OfferStore:
        """Publishing and offers."""
        ...

    @property
    def orders(self) -> OrderStore:
        """Holds and orders."""
        ...

    @property
    def parties(self) -> PartyStore:
        """Who is enrolled."""
        ...

    @property
    def requests(self) -> RequestStore:
        """Requests that were answered before."""
        ...

    @property
    def timers(self) -> TimerStore:
        """What happens by itself."""
        ...

    @property
    def usage(self) -> UsageStore:
        """Usage."""
        ...

    def secret(self, purpose: str) -> bytes:
        """Gives 32 random bytes that stay the same for this store and purpose (page tokens)."""
        ...
