"""A broker as its operator runs it: a process of its own, and parties that reach it over mutual TLS."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, cast

import grpc
from cryptography.hazmat.primitives.serialization import Encoding

from crex import v1
from crex.client import AsyncClient, Client, RetryPolicy, credentials
from crex.client._errors import FailedCall
from crex.documents.convert import to_timestamp
from crex.documents.times import SystemClock
from crex.trust.certificates import TlsCredential
from crex.trust.envelope import to_json
from crex.trust.identity import Identity
from crex.trust.identity_files import save_identity
from crex.trust.trust_record import TrustRecord
from crex_broker.production import enrol_offline
from reference_broker.tests import documents
from reference_broker.tests.exchange import pin

BROKER = "broker.example"
_PATIENCE_S = 30.0
_POLL_S = 0.02
NO_RETRY = RetryPolicy(attempts=1)


@dataclass
class WireParty:
    """A party: its identity, and how it reaches the broker.

    Attributes:
        identity: Its keys.
        broker: Identity of the broker; only its TLS roots are used.
        target: Address of the broker.
    """

    identity: Identity
    broker: Identity
    target: str

    @property
    def authority(self) -> str:
        """Its authority."""
        return self.identity.authority

    def credentials(self, tls: TlsCredential | None = None) -> grpc.ChannelCredentials:
        """Its channel credentials; with another certificate where one is given."""
        tls = tls or self.identity.tls
        roots = roots_pem(self.broker.trust)
        return credentials(certificate_pem=tls.chain_pem, key_pem=tls.key_pem, server_roots_pem=roots)

    def client(self) -> Client:
        """A blocking client that never tries twice."""
        return Client(self.target, self.credentials(), retry=NO_RETRY)

    def async_client(self) -> AsyncClient:
        """An asynchronous client that never tries twice."""
        return AsyncClient(self.target, self.credentials(), retry=NO_RETRY)

    def header(self, authority: str, kind: str, name: str, revision: int = 1, **more: Any) -> v1.Header:
        """A header issued now."""
        return v1.Header(
            id=f"crex://{authority}/{kind}/{name}",
            revision=revision,
            issuer=authority,
            issued_at=to_timestamp(self.at()),
            **more,
        )

    def at(self, **after: float) -> datetime:
        """A time relative to now, in whole milliseconds."""
        then = SystemClock().now() + timedelta(**after)
        return then.replace(microsecond=then.microsecond // 1000 * 1000)

    def interval(self, start: datetime, end: datetime) -> v1.Interval:
        """An interval between two times."""
        return v1.Interval(start=to_timestamp(start), end=to_timestamp(end))

    def hold_request(
        self, goods: documents.Goods, quantity: int = 1, *, start: datetime, end: datetime
    ) -> v1.CreateHoldRequest:
        """A request to hold units, under a new identifier."""
        return v1.CreateHoldRequest(
            request_id=request_id(), items=[goods.item(quantity)], interval=self.interval(start, end)
        )

    def commit_request(self, hold: v1.CreateHoldResponse) -> v1.CommitOrderRequest:
        """A request to commit a hold by this party's signature, under a new identifier."""
        nonce = request_id()
        document = documents.order_document(self, hold, nonce, consumer=self.authority)
        envelope = self.identity.sign_document(document)
        return v1.CommitOrderRequest(request_id=nonce, order=hold.order.name, envelope=envelope)


@dataclass
class Operation:
    """A broker in a folder: stopped, running, killed and started again.

    Attributes:
        folder: Its identity, store, configuration and log.
        identity: The broker's identity.
        port: Port on loopback, the same after every start.
    """

    folder: Path
    identity: Identity
    port: int
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @classmethod
    def prepare(cls, folder: Path, *, more: str = "") -> Self:
        """Makes identity and configuration; `more` is added to the configuration."""
        identity = Identity.create(
            BROKER,
            roles=("broker", "arbiter"),
            program="broker",
            hosts=("127.0.0.1",),
            now=SystemClock().now(),
        )
        save_identity(identity, folder / "identity")
        operation = cls(folder, identity, free_port())
        operation.configuration.write_text(
            'identity = "identity"\ndatabase = "broker.sqlite"\n'
            f'listen = "127.0.0.1:{operation.port}"\n{more}',
            "utf-8",
        )
        return operation

    @property
    def configuration(self) -> Path:
        """The configuration file."""
        return self.folder / "broker.toml"

    @property
    def database(self) -> Path:
        """The store."""
        return self.folder / "broker.sqlite"

    @property
    def log(self) -> Path:
        """What it wrote."""
        return self.folder / "broker.log"

    @property
    def pid(self) -> int:
        """Its process number."""
        assert self._process is not None
        return self._process.pid

    def party(self, authority: str, roles: Sequence[str], *, jurisdictions: Sequence[str] = ()) -> WireParty:
        """Makes a party and enrols it, while the broker is stopped; an auditor for countries."""
        signs = [role for role in roles if role != "admin"]
        identity = Identity.create(authority, roles=signs, now=SystemClock().now())
        file = self.folder / f"{authority}.json"
        file.write_bytes(to_json(identity.trust_document))
        enrolled = enrol_offline(
            self.identity, self.database, file, roles, clock=SystemClock(), jurisdictions=jurisdictions
        )
        asyncio.run(enrolled)
        return WireParty(identity, self.identity, f"127.0.0.1:{self.port}")

    @property
    def operator(self) -> WireParty:
        """The broker's operator, who acts by the broker's own identity."""
        return WireParty(self.identity, self.identity, f"127.0.0.1:{self.port}")

    def start(self) -> None:
        """Starts the process and waits until it says that it listens."""
        said = self.folder / "broker.out"
        with self.log.open("ab") as log, said.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "crex_broker.main", "serve", "--config", str(self.configuration)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                env={**os.environ, "GRPC_VERBOSITY": "NONE"},
            )
        until = time.monotonic() + _PATIENCE_S
        while b" listens at " not in said.read_bytes():
            assert self._process.poll() is None, self.log.read_text("utf-8")[-2000:]
            assert time.monotonic() < until, "the broker did not start in time"
            time.sleep(_POLL_S)

    def kill(self) -> None:
        """Ends it as a power cut would: kill -9."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def terminate(self) -> int:
        """Asks it to end (SIGTERM) and gives its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """Waits for its end and gives its exit code."""
        assert self._process is not None
        return self._process.wait(_PATIENCE_S)

    def close(self) -> None:
        """Ends it on every way out."""
        if self._process is not None and self._process.poll() is None:
            self.kill()


def publish(provider: WireParty, units: int, *, days: int = 2) -> documents.Goods:
    """Publishes what it takes to sell so many units, from an hour ago on."""
    with provider.client() as client:

        def send(document: v1.Site | v1.ComputeResource | v1.PricePlan | v1.Offer) -> v1.Envelope:
            envelope = provider.identity.sign_document(document)
            client.publish_document(v1.PublishDocumentRequest(request_id=request_id(), envelope=envelope))
            return envelope

        name = provider.authority
        send(documents.site(provider, name))
        resource = send(documents.node_class(provider, name))
        send(documents.pool(provider, name))
        plan = send(documents.price_plan(provider, name))
        pool = f"crex://{name}/pool/nodes"
        offer = send(
            documents.offer(
                provider,
                pin(resource, f"crex://{name}/resource/node"),
                pin(plan, f"crex://{name}/plan/hourly"),
                authority=name,
                pool_id=pool,
            )
        )
        windows = [(provider.at(hours=-1), provider.at(days=days), units)]
        grant = documents.allotment(provider, pool, windows, authority=name, broker=BROKER)
        client.grant_allotment(
            v1.GrantAllotmentRequest(request_id=request_id(), envelope=provider.identity.sign_document(grant))
        )
    return documents.Goods(name, resource, plan, pool, offer, f"crex://{name}/offer/nodes")


def roots_pem(trust: TrustRecord) -> bytes:
    """The TLS roots of an authority."""
    return b"".join(root.public_bytes(Encoding.PEM) for root in trust.tls_roots)


def request_id() -> str:
    """A new request identifier."""
    return secrets.token_urlsafe(12)


def failed(error: grpc.RpcError) -> FailedCall:
    """The call that an error of the library is."""
    return cast("FailedCall", error)


def free_port() -> int:
    """A port of this machine on which nothing listens now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
