"""What every use case may ask for: the ports and facts of one running broker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from crex import v1
from crex.documents.times import Clock
from crex.trust.directory import TrustDirectory
from crex.trust.status_lists import StatusLists
from crex_broker.application.access_tokens import AccessTokens
from crex_broker.application.bell import Bell
from crex_broker.application.limits import Limits
from crex_broker.application.offer_documents import OfferDocuments
from crex_broker.application.ports.offer_index import OfferIndex
from crex_broker.application.ports.published_log import PublishedLog
from crex_broker.application.ports.store import Store
from crex_broker.application.roles import Roles
from crex_broker.application.signing import Signs


class Signer(Signs, Protocol):
    """Signs documents of the broker; `crex.trust.identity.Identity` is one."""

    @property
    def authority(self) -> str:
        """The broker's authority."""
        ...

    @property
    def trust_document(self) -> v1.Envelope:
        """The broker's signed trust document."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The surroundings of the use cases of one broker.

    Attributes:
        signer: The broker's identity.
        store: The ports.
        trust: The pinned trust documents of everyone enrolled.
        roles: The roles of everyone enrolled.
        index: The offers that can be searched.
        offers: Offer documents, by digest.
        clock: Time outside transactions; inside, the store's own time counts.
        status: The status lists that were published here.
        limits: Limits and defaults.
        tokens: Issues short tokens, and knows them again.
        log: The log that the world is shown; nothing: this broker publishes none, and promises none.
        witnesses: Authorities whose co-signatures the log takes in.
        commands: Rings with a provider's authority when there is a new command for it.
        due: Rings with `TIMERS` when something may be due earlier than the timers know.
    """

    signer: Signer
    store: Store
    trust: TrustDirectory
    index: OfferIndex
    offers: OfferDocuments
    clock: Clock
    tokens: AccessTokens
    status: StatusLists = field(default_factory=StatusLists)
    limits: Limits = field(default_factory=Limits)
    roles: Roles = field(default_factory=Roles)
    log: PublishedLog | None = None
    witnesses: tuple[str, ...] = ()
    commands: Bell = field(default_factory=Bell)
    due: Bell = field(default_factory=Bell)

    @property
    def authority(self) -> str:
        """The broker's own authority."""
        return self.signer.authority
