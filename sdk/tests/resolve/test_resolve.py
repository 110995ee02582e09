"""Names are resolved to what their authority serves, and to nothing else."""

from __future__ import annotations

import http.server
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crex import v1
from crex.errors import CrexError, RemoteError, TrustError
from crex.names import Ref
from crex.resolve import Fetcher, Via, path_of, resolve, url_of
from crex.resolve.fetch import MAX_BYTES, is_public
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import digest, to_json
from crex.trust.identity import Identity
from sdk.tests.resolve.web import certificate_for

NOW = datetime.now(UTC)
AUTHORITY = "p.example.cn"
NAME = f"crex://{AUTHORITY}/site/a"


class Files:
    """Files in memory, as a source."""

    def __init__(self, **files: bytes) -> None:
        self.files = files

    def get(self, host: str, path: str) -> bytes:
        """Gives a file by the end of its path."""
        return self.files[path.rpartition("/")[2]]


@pytest.fixture(scope="module")
def provider() -> Identity:
    """Gives an identity whose documents are served."""
    return Identity.create(AUTHORITY, roles=("provider",), now=NOW)


@pytest.fixture(scope="module")
def trust(provider: Identity) -> TrustDirectory:
    """Gives a directory that pinned it."""
    directory = TrustDirectory()
    directory.pin(provider.trust_document, now=NOW)
    return directory


def site(provider: Identity, revision: int = 1, name: str = "a") -> v1.Envelope:
    """Gives a signed site."""
    header = v1.Header(id=f"crex://{AUTHORITY}/site/{name}", revision=revision, issuer=AUTHORITY)
    header.issued_at.FromDatetime(NOW.replace(microsecond=0))
    return provider.sign_document(v1.Site(header=header, country="CN"))


@pytest.mark.parametrize(
    ("ref", "path"),
    [
        (NAME, "/.well-known/crex/site/a.json"),
        (f"{NAME}@7", "/.well-known/crex/site/a@7.json"),
        (f"{NAME}/pool/h100-sxm", "/.well-known/crex/site/a/pool/h100-sxm.json"),
        (f"{NAME}@sha256:{'0' * 64}", f"/.well-known/crex/site/a@sha256:{'0' * 64}.json"),
    ],
)
def test_where_a_document_lies(ref: str, path: str) -> None:
    """RESOLVE-URL-1: the path is made of the name alone."""
    assert path_of(Ref.parse(ref)) == path
    assert url_of(Ref.parse(ref)) == f"https://{AUTHORITY}{path}"


def test_a_document_is_verified_and_given(provider: Identity, trust: TrustDirectory) -> None:
    """The newest, a revision and a digest lead to the same verified document."""
    envelope = site(provider, 7)
    sha256 = digest(envelope.payload)
    names = {"a.json": "", "a@7.json": "@7", f"a@sha256:{sha256}.json": f"@sha256:{sha256}"}
    files = Files(**dict.fromkeys(names, to_json(envelope)))
    for version in names.values():
        found = resolve(Ref.parse(NAME + version), trust, now=NOW, source=files)
        assert (found.document.id, found.document.revision) == (NAME, 7)


@pytest.mark.parametrize(
    ("ref", "revision", "name"),
    [(NAME, 1, "b"), (f"{NAME}@2", 1, "a"), (f"{NAME}@sha256:{'0' * 64}", 1, "a")],
)
def test_another_document_is_refused(
    provider: Identity, trust: TrustDirectory, ref: str, revision: int, name: str
) -> None:
    """RESOLVE-NAME-1: what lies there must be what was asked for."""
    data = to_json(site(provider, revision, name))
    files = Files(**{path_of(Ref.parse(ref)).rpartition("/")[2]: data})
    with pytest.raises(CrexError, match="SUBJECT"):
        resolve(Ref.parse(ref), trust, now=NOW, source=files)


def test_what_does_not_verify_is_refused(provider: Identity, trust: TrustDirectory) -> None:
    """RESOLVE-VERIFY-1: a changed byte, another signer, a party that nobody pinned."""
    envelope = site(provider)
    changed = v1.Envelope()
    changed.CopyFrom(envelope)
    changed.payload = envelope.payload.replace(b"CN", b"SG")
    stranger = Identity.create(AUTHORITY, roles=("provider",), now=NOW)
    for data in (to_json(changed), to_json(site(stranger)), b"{}", b"", b"<html>not here</html>"):
        with pytest.raises(CrexError) as refused:
            resolve(Ref.parse(NAME), trust, now=NOW, source=Files(**{"a.json": data}))
        assert refused.value.source == url_of(Ref.parse(NAME))
    with pytest.raises(TrustError):
        resolve(Ref.parse(NAME), TrustDirectory(), now=NOW, source=Files(**{"a.json": to_json(envelope)}))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.5.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b:1::1",
        "2002:7f00:0001::1",
        "2001:db8::1",
        "not an address",
        "",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    """RESOLVE-FETCH-1: loopback, private, shared, multicast, mapped and tunnelled ones are none."""
    assert not is_public(address)
    with pytest.raises((CrexError, RemoteError)):
        Fetcher(lookup=lambda host, port: [address] if address else []).get(AUTHORITY, "/x")


def test_one_private_address_among_public_ones_is_enough() -> None:
    """A host that leads to both is refused before anybody is called."""
    assert is_public("1.1.1.1")
    assert is_public("2606:4700:4700::1111")
    with pytest.raises(CrexError, match="no public address"):
        Fetcher(lookup=lambda host, port: ["1.1.1.1", "10.0.0.1"]).get(AUTHORITY, "/x")


# --- over a real connection ---


@dataclass
class Web:
    """A web server of the authority on this machine.

    Attributes:
        via: Where it listens.
        roots: Certificate that it is known by.
        answers: Status and body by path; a callable writes the answer itself.
    """

    via: Via
    roots: Path
    answers: dict[str, Any] = field(default_factory=dict)

    def fetcher(self, **more: Any) -> Fetcher:
        """Gives a fetcher that connects to it."""
        return Fetcher(context=ssl.create_default_context(cafile=str(self.roots)), via=self.via, **more)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """Serves HTTPS under a certificate for the authority."""
    folder = tmp_path_factory.mktemp("web")
    certificate, key = certificate_for(AUTHORITY, folder)
    answers: dict[str, Any] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path, (404, b""))
            if callable(answer):
                answer(self)
                return
            status, body = answer
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Web(Via("127.0.0.1", server.server_address[1]), certificate, answers)
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_is_fetched(web: Web, provider: Identity, trust: TrustDirectory) -> None:
    """Over TLS, under the authority's own name, from the address that was named."""
    web.answers["/.well-known/crex/site/a.json"] = 200, to_json(site(provider))
    found = resolve(Ref.parse(NAME), trust, now=NOW, source=web.fetcher())
    assert found.document.json["country"] == "CN"


@pytest.mark.parametrize(
    ("status", "reason"),
    [(302, "TYPE"), (404, "NOT_FOUND"), (410, "NOT_FOUND"), (500, "TYPE"), (204, "TYPE")],
)
def test_other_answers_are_refused(web: Web, status: int, reason: str) -> None:
    """A redirect, a missing file and an error are each told for what they are, and not followed."""
    web.answers["/x"] = status, b""
    with pytest.raises(CrexError) as refused:
        web.fetcher().get(AUTHORITY, "/x")
    assert refused.value.reason == reason


def test_a_file_that_is_too_large_is_refused(web: Web) -> None:
    """Reading ends soon after the limit, whatever the server says of its size."""

    def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(MAX_BYTES // 1024 + 1000):
                handler.wfile.write(b"x" * 1024)
        except OSError:
            pass

    web.answers["/endless"] = endless
    with pytest.raises(CrexError, match="LIMIT"):
        web.fetcher().get(AUTHORITY, "/endless")


def test_a_server_that_trickles_is_given_up(web: Web) -> None:
    """A byte now and then does not hold a resolver for ever."""
    ended = threading.Event()

    def trickle(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not ended.wait(0.05):
                handler.wfile.write(b"x")
        except OSError:
            pass

    web.answers["/trickle"] = trickle
    began = time.monotonic()
    with pytest.raises(RemoteError, match="UNREACHABLE"):
        web.fetcher(patience_s=0.5).get(AUTHORITY, "/trickle")
    ended.set()
    assert time.monotonic() - began < 30


def test_another_hosts_certificate_is_refused(web: Web) -> None:
    """Who answers under another name is not believed."""
    with pytest.raises(RemoteError, match="UNREACHABLE"):
        web.fetcher().get("other.example", "/x")


def test_nobody_there() -> None:
    """A port where nobody listens is told in one sentence."""
    with pytest.raises(RemoteError, match="Check the name"):
        Fetcher(via=Via("127.0.0.1", 1)).get(AUTHORITY, "/x")
