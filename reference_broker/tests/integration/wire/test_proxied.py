"""Callers whose TLS ends at a proxy: a real proxy that ends TLS, and a broker behind it."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from crex import v1
from crex.cli.main import main
from crex.client import Client, proxied_credentials
from crex.client._errors import remote_error
from crex.documents.times import SystemClock
from crex.errors import RemoteError
from crex.trust.certificates import CertificateAuthority
from crex.trust.identity import Identity
from crex.trust.identity_files import open_pins, save_identity
from reference_broker.tests.wire import (
    BROKER,
    NO_RETRY,
    Operation,
    WireParty,
    failed,
    free_port,
    publish,
    roots_pem,
)

INFO = "/crex.v1.DiscoveryService/GetServerInfo"
_CHUNK = 65_536


class Proxy:
    """Ends the TLS of its callers and opens another to the broker, and sees every byte between."""

    def __init__(self, folder: Path, target_port: int, broker: Identity) -> None:
        self.port = free_port()
        self.seen = bytearray()
        root = CertificateAuthority.create("proxy.example", now=SystemClock().now())
        leaf = root.issue("proxy", now=SystemClock().now(), hosts=["127.0.0.1"])
        self.roots_pem = root.pem.encode()
        pair = folder / "proxy.pem"
        pair.write_bytes(leaf.key_pem + leaf.chain_pem)
        self._server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server_tls.load_cert_chain(pair)
        self._server_tls.set_alpn_protocols(["h2"])
        self._client_tls = ssl.create_default_context(cadata=roots_pem(broker.trust).decode())
        self._client_tls.set_alpn_protocols(["h2"])
        self._target_port = target_port
        self._stop: Callable[[], None] = lambda: None
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    def start(self) -> None:
        """Begins to serve."""
        self._thread.start()
        assert self._started.wait(10)

    def close(self) -> None:
        """Ends."""
        self._stop()
        self._thread.join(10)

    async def _main(self) -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(stopped.set)

        self._stop = stop
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._server_tls)
        self._started.set()
        await stopped.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # aborted transports close in the next round

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(
            "127.0.0.1", self._target_port, ssl=self._client_tls, server_hostname="127.0.0.1"
        )
        try:
            await asyncio.wait(
                [asyncio.create_task(self._pump(*ends)) for ends in ((reader, back), (there, writer))],
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            back.transport.abort()
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ssl.SSLError):
            while chunk := await reader.read(_CHUNK):
                self.seen += chunk
                writer.write(chunk)
                await writer.drain()


@dataclass(frozen=True)
class Behind:
    """A broker behind a proxy, and a party of it."""

    operation: Operation
    consumer: WireParty
    stranger: Identity
    proxy: Proxy

    def client(self, identity: Identity) -> Client:
        """A client of a party that reaches the broker through the proxy only."""
        target = f"127.0.0.1:{self.proxy.port}"
        credentials = proxied_credentials(
            target,
            broker=BROKER,
            certificate_pem=identity.tls.chain_pem,
            key_pem=identity.tls.key_pem,
            proxy_roots_pem=self.proxy.roots_pem,
        )
        return Client(target, credentials, retry=NO_RETRY)

    def bare(self, metadata: tuple[tuple[str, str], ...]) -> RemoteError:
        """The refusal of a call through the proxy that carries this and nothing else."""
        target = f"127.0.0.1:{self.proxy.port}"
        tls = grpc.ssl_channel_credentials(self.proxy.roots_pem)
        with grpc.secure_channel(target, tls) as channel, pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(INFO, bytes, bytes)(b"", metadata=metadata, timeout=10)
        return remote_error(failed(caught.value), target, INFO)


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """A broker that listens for proxies too, and one proxy before it."""
    folder = tmp_path_factory.mktemp("behind")
    port = free_port()
    operation = Operation.prepare(folder, more=f'listen_tokens = "127.0.0.1:{port}"\n')
    consumer = operation.party("consumer.example", ["consumer"])
    provider = operation.party("provider.example", ["provider"])
    stranger = Identity.create("stranger.example", roles=["consumer"], now=SystemClock().now())
    operation.start()
    proxy = Proxy(folder, port, operation.identity)
    try:
        publish(provider, 4)
        proxy.start()
        yield Behind(operation, consumer, stranger, proxy)
        proxy.close()
    finally:
        operation.close()


def test_a_party_is_served_through_a_proxy(behind: Behind) -> None:
    """TOKEN-PROOF-1: many calls by one token, as the party that the certificate names."""
    with behind.client(behind.consumer.identity) as client:
        for _ in range(3):
            assert client.get_server_info(v1.GetServerInfoRequest()).authority == BROKER
        with pytest.raises(RemoteError) as caught:
            client.pause_offer(v1.PauseOfferRequest(request_id="request-1", offer_id="crex://a.b/offer/x"))
    assert caught.value.reason == "ROLE"
    assert "consumer.example is enrolled here as consumer" in caught.value.message


def test_commands_go_through_a_proxy(
    behind: Behind, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--proxy-roots` is all that a person adds where TLS ends at a proxy."""
    identity = behind.consumer.identity
    folder = tmp_path / identity.authority
    save_identity(identity, folder)
    open_pins(identity, folder, now=SystemClock().now()).pin(
        behind.operation.identity.trust_document, now=SystemClock().now()
    )
    roots = tmp_path / "proxy.pem"
    roots.write_bytes(behind.proxy.roots_pem)
    there = ["--home", str(tmp_path), "--broker", f"127.0.0.1:{behind.proxy.port}"]
    assert main([*there, "--proxy-roots", str(roots), "server"]) == 0
    assert BROKER in capsys.readouterr().out
    assert main([*there, "--proxy-roots", str(tmp_path / "none.pem"), "server"]) != 0
    assert "none.pem" in capsys.readouterr().err


def test_who_is_not_enrolled_gets_no_token(behind: Behind) -> None:
    """A certificate of nobody is refused, proof or not, and its holder is told what the broker says."""
    with behind.client(behind.stranger) as client, pytest.raises(RemoteError) as caught:
        client.get_server_info(v1.GetServerInfoRequest())
    assert (caught.value.code, caught.value.reason) == ("UNAUTHENTICATED", "CERTIFICATE")
    assert caught.value.message.startswith("The peer's certificate is refused: it names stranger.example")


def test_a_certificate_without_its_key_opens_nothing(behind: Behind) -> None:
    """TOKEN-PROOF-1: neither a token nor a certificate is of use to whoever saw it on its way."""
    with behind.client(behind.consumer.identity) as client:
        client.get_server_info(v1.GetServerInfoRequest())
    # What the proxy saw of the call is compressed by HTTP/2; it holds no private key in any case.
    key = behind.consumer.identity.tls.key_pem
    assert key not in bytes(behind.proxy.seen)
    assert behind.bare(()).reason == "CERTIFICATE"
    assert behind.bare((("crex-token", "x"), ("crex-proof", "y"))).reason == "TOKEN"
    assert behind.bare((("crex-certificate", "AAAA"), ("crex-proof", "y"))).reason == "CERTIFICATE"


def test_the_port_for_certificates_takes_no_token(behind: Behind) -> None:
    """On the port of mutual TLS nobody without a certificate shakes hands."""
    roots = roots_pem(behind.operation.identity.trust)
    with grpc.secure_channel(
        f"127.0.0.1:{behind.operation.port}", grpc.ssl_channel_credentials(roots)
    ) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(INFO, bytes, bytes)(b"", timeout=10)
        assert failed(caught.value).code() is grpc.StatusCode.UNAVAILABLE


def test_no_token_and_no_proof_stands_in_the_log(behind: Behind) -> None:
    """The operator's log names callers and methods, and nothing by which one could call."""
    with behind.client(behind.consumer.identity) as client:
        client.get_server_info(v1.GetServerInfoRequest())
    log = behind.operation.log.read_text("utf-8")
    assert "consumer.example" in log
    assert "eyJ" not in log  # how every JSON Web Token begins
