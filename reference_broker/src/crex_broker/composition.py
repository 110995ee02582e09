"""Puts one broker together, from its identity to its listening socket, and takes it apart again."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from crex.documents.times import Clock
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.peer import PeerVerifier
from crex_broker.application.access_tokens import AccessTokens
from crex_broker.application.assembly import broker_of
from crex_broker.application.broker import Broker
from crex_broker.application.context import Context
from crex_broker.application.limits import Limits
from crex_broker.application.live_identity import LiveIdentity
from crex_broker.application.offer_documents import OfferDocuments
from crex_broker.application.roles import ADMIN, Roles
from crex_broker.index.offers import ColumnIndex
from crex_broker.log.publisher import LogPublisher
from crex_broker.log.settings import LogSettings
from crex_broker.rpc.authentication import Authenticator
from crex_broker.rpc.pipeline import Pipeline
from crex_broker.rpc.rates import RateLimits, Rates
from crex_broker.rpc.server import Address, RpcServer, Tls
from crex_broker.storage.sqlite.store import SqliteStore

_log = logging.getLogger("crex_broker")


@dataclass(frozen=True, slots=True)
class OpenBroker:
    """A broker over its store, not yet serving anyone.

    Attributes:
        context: The surroundings of its use cases.
        broker: Its use cases.
        live: Its identity, as it stands.
    """

    context: Context
    broker: Broker
    live: LiveIdentity
    _store: SqliteStore
    _publisher: LogPublisher | None

    def rotate(self, identity: Identity, pins: TrustDirectory) -> None:
        """Goes on with a newer identity, without an end of the service (CHANNEL-ROTATE-1).

        Args:
            identity: The identity, read anew.
            pins: The pinned trust documents beside it, its own versions among them.

        Raises:
            CrexError: It is another authority's, older, or does not follow; the present one then stays.
        """
        known = self.live.identity.trust.revision
        later = (pins.version(identity.authority, n) for n in range(known + 1, identity.trust.revision + 1))
        versions = [record for record in later if record is not None]
        self.live.replace(identity, versions, self.context.trust)

    async def close(self) -> None:
        """Lets what runs end and closes the store."""
        await self.broker.close()
        if self._publisher is not None:
            await self._publisher.close()
        self._store.close()


@dataclass(frozen=True, slots=True)
class RunningBroker:
    """A broker that serves.

    Attributes:
        opened: The broker.
        port: The port it listens at.
        token_port: The port it listens at for callers whose TLS ends at a proxy; 0: none.
    """

    opened: OpenBroker
    port: int
    token_port: int
    _server: RpcServer

    async def stop(self, grace_s: float) -> None:
        """Drains, lets calls under way end within the grace, and closes the store."""
        await self.opened.broker.drain()
        await self._server.stop(grace_s)
        await self.opened.close()


async def open_broker(
    identity: Identity, database: Path, *, limits: Limits, clock: Clock, log: LogSettings | None = None
) -> OpenBroker:
    """Opens a broker over its store; whoever holds the broker's identity is its operator, and so its admin.

    Args:
        identity: Its keys, trust document and certificate.
        database: Its SQLite file; made where there is none.
        limits: Limits of the exchange.
        clock: The host's clock.
        log: Where the log is published. None: it is not, as for work on a broker that does not serve; what is
            accepted meanwhile is published when it serves again.

    Raises:
        CrexError: The store or the log cannot be used; CHECKPOINT where the store does not contain what the
            log has shown. With what to do.
    """
    store = SqliteStore(database, authority=identity.authority, clock=clock)
    opened = AsyncExitStack()
    try:
        trust = TrustDirectory()
        trust.pin(identity.trust_document, now=clock.now())
        live = LiveIdentity(identity)
        publisher = _publisher(live, store, log, clock)
        context = Context(
            signer=live,
            store=store,
            trust=trust,
            index=ColumnIndex(),
            offers=OfferDocuments(store.documents, identity.authority),
            clock=clock,
            limits=limits,
            tokens=AccessTokens(store.secret("tokens"), identity.authority, clock),
            log=publisher,
            witnesses=() if log is None else log.witnesses,
        )
        broker = broker_of(context)
        if publisher is not None:
            await publisher.start()
            opened.push_async_callback(publisher.close)
        await broker.start()
    except BaseException:
        await opened.aclose()
        store.close()
        raise
    return OpenBroker(context, broker, live, store, publisher)


def _publisher(
    live: LiveIdentity, store: SqliteStore, log: LogSettings | None, clock: Clock
) -> LogPublisher | None:
    if log is None:
        return None
    identity = live.identity
    first = identity.log
    if first is None:
        _log.warning(
            "the identity of %s has no key for a log (an older edition made it): the log is kept, but not "
            "published, and no receipts are given; run `crex --home FOLDER key rotate log`, where FOLDER "
            "holds the identity's folder",
            identity.authority,
        )
        return None
    return LogPublisher(
        store.log, lambda: live.identity.log or first, log.folder, clock, earlier=identity.trust.logs
    )


async def serve_broker(
    opened: OpenBroker,
    address: Address,
    *,
    tokens: Address | None = None,
    rates: RateLimits | None = None,
) -> RunningBroker:
    """Makes an open broker listen; closes it where the address cannot be used.

    Args:
        opened: The broker.
        address: Where to listen.
        tokens: Where to listen for callers whose TLS ends at a proxy. None: nowhere.
        rates: What each party may ask. None: the defaults.

    Raises:
        CrexError: The address cannot be used; with what to do.
    """
    context, live = opened.context, opened.live
    enrolled = _Enrolled(context.roles, live.authority)
    authenticator = Authenticator(PeerVerifier(context.trust), enrolled, context.clock, context.tokens)
    pipeline = Pipeline(authenticator, context.clock, Rates(rates or RateLimits()))
    roots = _PeerRoots(context.trust, enrolled)
    server = RpcServer(opened.broker, pipeline, Tls(lambda: live.tls, roots.pem))
    try:
        port, token_port = await server.start(address, tokens)
    except BaseException:
        await opened.close()
        raise
    _log.info("%s listens at %s:%d", live.authority, address.host, port)
    return RunningBroker(opened, port, token_port, server)


class _Enrolled:
    """Everyone enrolled, and the operator: whoever holds the broker's own identity, who is its admin."""

    def __init__(self, roles: Roles, broker: str) -> None:
        self._roles = roles
        self._broker = broker

    def of(self, authority: str) -> frozenset[str]:
        """Gives the roles of an authority."""
        roles = self._roles.of(authority)
        return roles | {ADMIN} if authority == self._broker else roles

    def everyone(self) -> tuple[str, ...]:
        """Gives everyone who may shake hands."""
        return (self._broker, *self._roles.everyone())


class _PeerRoots:
    """The TLS roots of everyone enrolled, for the handshake; each call then checks the party's own."""

    def __init__(self, trust: TrustDirectory, enrolled: _Enrolled) -> None:
        self._trust = trust
        self._enrolled = enrolled
        self._known: tuple[tuple[str, int], ...] = ()
        self._pem = b""

    def pem(self) -> bytes:
        """Gives the roots as one PEM text."""
        found = (self._trust.current(name) for name in self._enrolled.everyone())
        records = [record for record in found if record is not None]
        key = tuple((record.authority, record.revision) for record in records)
        if key != self._known:
            certificates = (one for record in records for one in record.tls_roots)
            self._pem = b"".join(one.public_bytes(Encoding.PEM) for one in certificates)
            self._known = key
        return self._pem
