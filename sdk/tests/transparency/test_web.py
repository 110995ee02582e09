"""A log on a real web server, in a process of its own, and what a server can do to its readers."""

import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from crex.errors import CrexError
from crex.resolve.fetch import Fetcher, Via
from crex.transparency.audit import Evidence
from crex.transparency.auditor import audit_log
from crex.transparency.client import LogClient
from crex.transparency.findings import Kind
from crex.transparency.source import TileSource, WebTiles
from crex.transparency.views import compare_views, read_view
from crex.trust.certificates import CertificateAuthority
from sdk.tests.transparency.lying_log import BROKER, LOG_KEY, NOW, ORIGIN, Log, some_leaves, with_leaf

# Serves a folder over TLS. With `fork`, every second reader of the checkpoint gets another tree's.
SERVER = """
import http.server, pathlib, ssl, sys
folder, chain, key, fork = sys.argv[1:]
reads = opened = 0
class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, directory=folder, **kwargs)
    protocol_version = "HTTP/1.1"
    def setup(self):
        global opened
        opened += 1
        super().setup()
    def log_message(self, *args):
        pass
    def send_error(self, code, message=None, explain=None):
        self.send_response(code)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"none")
    def do_GET(self):
        global reads
        if self.path == "/checkpoint" and fork:
            reads += 1
            if reads % 2 == 0:
                self.path = "/other"
        if self.path == "/opened":
            pathlib.Path(folder, "opened").write_text(str(opened))
        if self.path == "/bye":
            self.close_connection = True
            self.path = "/checkpoint"
        super().do_GET()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(chain, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"""
KEYS = [LOG_KEY.verifier]
LEAVES = some_leaves(700)


@contextmanager
def served(folder: Path, tls: Path, *, fork: bool = False) -> Iterator[TileSource]:
    """A log that a process of its own serves, and its reader."""
    authority = CertificateAuthority.create(BROKER, now=NOW)
    credential = authority.issue("web", now=NOW, hosts=[BROKER])
    tls.mkdir()
    (tls / "chain.pem").write_bytes(credential.chain_pem)
    (tls / "key.pem").write_bytes(credential.key_pem)
    arguments = [str(folder), str(tls / "chain.pem"), str(tls / "key.pem"), "fork" if fork else ""]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        context = ssl.create_default_context(cadata=authority.pem)
        with closing(Fetcher(context=context, via=Via("127.0.0.1", port)).keep(BROKER)) as kept:
            yield TileSource(WebTiles(f"https://{BROKER}", lambda path: kept.get(f"/{path}")))
    finally:
        process.kill()
        process.communicate()


def test_a_log_on_a_web_server(tmp_path: Path) -> None:
    """A log that any web server serves is followed and audited over HTTPS (LOG-TILE-1)."""
    honest = Log(LEAVES)
    honest.folder(tmp_path / "log")
    with served(tmp_path / "log", tmp_path / "tls") as source:
        reader = LogClient(tmp_path / "state", ORIGIN, KEYS)
        reader.advance(Log(LEAVES[:300]))
        view = reader.advance(source).view
        audit = audit_log(view, source, Evidence(views=[Log(LEAVES[:300]).view()]), now=NOW)
        assert (audit.findings, audit.rebuilt, audit.past) == ([], True, 1)
        (tmp_path / "log" / "tile" / "0" / "001").write_bytes(b"short")
        audit = audit_log(view, source, Evidence(), now=NOW)
        assert [finding.kind for finding in audit.findings] == [Kind.TILE]


def test_one_connection_for_an_audit(tmp_path: Path) -> None:
    """All files of a log come over one connection, missing ones too; one that was closed is opened anew."""
    honest = Log(LEAVES)
    honest.folder(tmp_path / "log")
    with served(tmp_path / "log", tmp_path / "tls") as source:
        view = read_view(source, KEYS, origin=ORIGIN)
        assert audit_log(view, source, Evidence(), now=NOW).rebuilt
        assert source.reader.read("tile/0/999") is None
        assert source.reader.read("opened") == b"1"
        # The server ends the connection while nothing is asked, and says so to nobody.
        for expected in (b"2", b"3"):
            assert source.reader.read("bye") is not None
            assert source.reader.read("opened") == expected


def test_a_server_that_shows_each_reader_another_tree(tmp_path: Path) -> None:
    """Two readers of a server that forks find out when they compare (AUDIT-VIEWS-1)."""
    Log(LEAVES).folder(tmp_path / "log")
    fork = Log(with_leaf(LEAVES, 650, LEAVES[0]))
    (tmp_path / "log" / "other").write_text(fork.checkpoint())
    with served(tmp_path / "log", tmp_path / "tls", fork=True) as source:
        views = [read_view(source, KEYS, origin=ORIGIN) for _ in range(2)]
        with pytest.raises(CrexError) as caught:
            compare_views(views[0], views[1], [source])
    assert caught.value.details["finding"] == Kind.FORK


def test_a_server_that_is_gone(tmp_path: Path) -> None:
    """A server that nobody reaches is no liar: the error says that it cannot be read."""
    Log(LEAVES).folder(tmp_path / "log")
    with served(tmp_path / "log", tmp_path / "tls") as source:
        pass
    with pytest.raises(CrexError) as caught:
        read_view(source, KEYS, origin=ORIGIN)
    assert "finding" not in caught.value.details
