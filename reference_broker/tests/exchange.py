"""A whole market over a real store, without a network: identities, documents, and the use cases by method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from crex import v1
from crex.documents.convert import to_timestamp
from crex.documents.times import to_ms
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import digest
from crex.trust.identity import Identity
from crex_broker.application.access_tokens import AccessTokens
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.limits import Limits
from crex_broker.application.market import admin_cases, discovery_cases, market_cases
from crex_broker.application.offer_documents import OfferDocuments
from crex_broker.index.offers import ColumnIndex
from crex_broker.storage.sqlite.store import SqliteStore

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
BROKER = "broker.example"
PROVIDER = "provider.example"
CONSUMER = "consumer.example"
OTHER = "other.example"
ARBITER = "arbiter.example"
PUBLISHER = "publisher.example"


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now

    def now(self) -> datetime:
        """Gives the time it was set to."""
        return self._now

    def advance(self, **by: float) -> None:
        """Moves it; backwards where the amount is negative."""
        self._now += timedelta(**by)

    @property
    def ms(self) -> int:
        """The time in milliseconds."""
        return to_ms(self._now)


@cache
def identity(authority: str, *roles: str) -> Identity:
    """An identity that is made once for all tests: keys are slow and hold no state."""
    return Identity.create(authority, roles=roles, now=NOW - timedelta(days=1))


def signer(authority: str) -> Identity:
    """The identity of one of the market's parties; OTHER is both a provider and a consumer."""
    roles = {
        BROKER: ("broker", "arbiter"),
        PROVIDER: ("provider",),
        CONSUMER: ("consumer",),
        ARBITER: ("arbiter",),
        PUBLISHER: ("publisher",),
    }
    return identity(authority, *roles.get(authority, ("provider", "consumer")))


def caller(authority: str) -> Caller:
    """A caller with every role."""
    return Caller(authority, frozenset({"provider", "consumer", "arbiter", "publisher", "admin"}))


def pin(envelope: v1.Envelope, id_: str, revision: int = 1) -> v1.Pin:
    """The pin of a signed document."""
    return v1.Pin(id=id_, revision=revision, sha256=digest(envelope.payload))


@dataclass
class Exchange:
    """One broker's use cases over one database.

    Attributes:
        store: The real SQLite store.
        context: Surroundings of the use cases.
        clock: The one clock of everything.
        cases: Use cases by path.
    """

    store: SqliteStore
    context: Context
    clock: ManualClock
    cases: Mapping[str, Any]
    _requests: int = 0

    @classmethod
    def open(cls, path: Path, *, clock: ManualClock | None = None, limits: Limits | None = None) -> Exchange:
        """Opens the database, new or used."""
        clock = clock or ManualClock()
        store = SqliteStore(path, authority=BROKER, clock=clock)
        context = Context(
            signer=signer(BROKER),
            store=store,
            trust=TrustDirectory(),
            index=ColumnIndex(),
            offers=OfferDocuments(store.documents, BROKER),
            clock=clock,
            limits=limits or Limits(),
            tokens=AccessTokens(store.secret("tokens"), BROKER, clock),
        )
        cases = {**market_cases(context), **discovery_cases(context), **admin_cases(context)}
        return cls(store, context, clock, cases)

    def close(self) -> None:
        """Closes the store."""
        self.store.close()

    def request_id(self) -> str:
        """A request identifier that was not used before."""
        self._requests += 1
        return f"request-{self._requests:06d}"

    async def call(self, method: str, request: Message, authority: str) -> Any:
        """Calls one method, such as `MarketService/CreateHold`."""
        return await self.cases[f"/crex.v1.{method}"](caller(authority), request)

    async def enrol(self, *authorities: str) -> None:
        """Enrols parties as providers and consumers, the arbiter and the publisher as what they are."""
        for authority in authorities:
            request = v1.EnrolRequest(
                request_id=self.request_id(),
                trust_document=signer(authority).trust_document,
                roles={ARBITER: ["arbiter"], PUBLISHER: ["publisher"]}.get(
                    authority, ["provider", "consumer"]
                ),
            )
            await self.call("AdminService/Enrol", request, BROKER)

    def header(self, authority: str, kind: str, name: str, revision: int = 1, **more: Any) -> v1.Header:
        """A header issued now."""
        return v1.Header(
            id=f"crex://{authority}/{kind}/{name}",
            revision=revision,
            issuer=authority,
            issued_at=to_timestamp(self.clock.now()),
            **more,
        )

    async def publish(self, document: Message, authority: str = PROVIDER) -> v1.Envelope:
        """Signs and publishes a document; gives its envelope."""
        envelope = signer(authority).sign_document(document)
        request = v1.PublishDocumentRequest(request_id=self.request_id(), envelope=envelope)
        await self.call("MarketService/PublishDocument", request, authority)
        return envelope

    def at(self, **after: float) -> datetime:
        """A time relative to now."""
        return self.clock.now() + timedelta(**after)

    def interval(self, start: datetime, end: datetime) -> v1.Interval:
        """An interval between two times."""
        return v1.Interval(start=to_timestamp(start), end=to_timestamp(end))
