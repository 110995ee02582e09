"""A web server that means harm holds nobody up, fills no memory, and leads into no private network."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from crex.errors import CrexError, RemoteError
from crex.resolve import Fetcher, Via
from crex.resolve.fetch import MAX_BYTES, is_public
from sdk.tests.resolve.web import serve

AUTHORITY = "p.example.cn"
OK = b"HTTP/1.1 200 OK\r\n"
PATIENCE_S = 0.6
# Far above the patience, far below what the attacks would take.
BOUND_S = 8.0
BLOCK = b"x" * 65536


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:0:127.0.0.1",
        "::127.0.0.1",
        "::7f00:1",
        "::ffff:169.254.169.254",
        "::ffff:100.64.0.1",
        "::ffff:0.0.0.0",
        "::ffff:8.8.8.8%eth0",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::a00:1",
        "2002:a00:1::",
        "2002:808:808::1",
        "2001:0:a00:1::1",
        "2001:20::1",
        "3fff::1",
        "100::1",
        "fec0::1",
        "fd00:ec2::254",
        "5f00::1",
        "ff02::1",
        "ff0e::1",
        "4000::1",
        "2606:4700:4700::1111%1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "127.0.0.1 ",
        "127.255.255.255",
        "0.1.2.3",
        "100.127.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "192.88.99.1",
        "240.0.0.1",
    ],
)
def test_addresses_in_disguise(address: str) -> None:
    """RESOLVE-FETCH-1: no spelling of a private address passes for a public one."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "::ffff:8.8.8.8", "2001:4860:4860::8888", "100.128.0.1"])
def test_public_addresses(address: str) -> None:
    """What anybody may have is public, in either spelling."""
    assert is_public(address)


def test_the_name_is_looked_up_once() -> None:
    """RESOLVE-FETCH-1: a name that leads elsewhere a moment later leads nobody there (rebinding)."""
    asked: list[str] = []

    def lookup(host: str, port: int) -> list[str]:
        asked.append(host)
        assert port == 443
        return ["192.0.2.1"] if len(asked) == 1 else ["127.0.0.1"]

    with pytest.raises(CrexError, match="no public address"):
        Fetcher(lookup=lookup).get(AUTHORITY, "/x")
    assert asked == [AUTHORITY]


def test_a_look_up_that_never_ends() -> None:
    """The deadline holds for the system's resolver, too."""
    ended = threading.Event()

    def lookup(host: str, port: int) -> list[str]:
        ended.wait(30)
        return ["8.8.8.8"]

    began = time.monotonic()
    with pytest.raises(RemoteError, match="looked up in time"):
        Fetcher(lookup=lookup, patience_s=PATIENCE_S).get(AUTHORITY, "/x")
    ended.set()
    assert time.monotonic() - began < BOUND_S


def test_a_resolver_that_fails() -> None:
    """What the resolver says is told, as unreachable."""

    def lookup(host: str, port: int) -> list[str]:
        raise socket.gaierror("Name or service not known")

    with pytest.raises(RemoteError, match="not known"):
        Fetcher(lookup=lookup).get(AUTHORITY, "/x")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "p.example.cn:8443", "p.example.cn/x", ""]
)
def test_a_host_that_is_no_authority(host: str) -> None:
    """Only DNS names are asked; no address, port or path hides in one."""

    def lookup(host: str, port: int) -> list[str]:
        raise AssertionError(host)

    with pytest.raises(CrexError) as refused:
        Fetcher(lookup=lookup).get(host, "/x")
    assert refused.value.reason == "TYPE"


def _drip(secured: ssl.SSLSocket, first: bytes, then: bytes) -> None:
    secured.sendall(first)
    while True:
        time.sleep(0.02)
        secured.sendall(then)


def _flood(secured: ssl.SSLSocket, first: bytes, then: bytes) -> None:
    secured.sendall(first)
    for _ in range(4096):
        secured.sendall(then)


@pytest.mark.parametrize(
    "answer",
    [
        lambda secured: _drip(secured, b"", b"H"),
        lambda secured: _drip(secured, OK + b"X-Slow: ", b"x"),
        lambda secured: _drip(secured, OK, b"X-A: b\r\n"),
        lambda secured: _drip(secured, OK + b"Content-Length: 100000\r\n\r\n", b"x"),
        lambda secured: _drip(secured, OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        lambda secured: _drip(secured, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        lambda secured: time.sleep(30),
    ],
    ids=["status", "header", "headers", "body", "chunks", "interim", "silence"],
)
def test_slowness_ends_with_the_patience(tmp_path: Path, answer: Callable[[ssl.SSLSocket], None]) -> None:
    """RESOLVE-FETCH-1: one deadline for everything, wherever the server dawdles."""
    began = time.monotonic()
    with serve(AUTHORITY, tmp_path, answer) as server, pytest.raises(CrexError) as refused:
        server.fetcher(patience_s=PATIENCE_S).get(AUTHORITY, "/x")
    assert refused.value.reason in ("PROVIDER_UNREACHABLE", "LIMIT")
    assert time.monotonic() - began < BOUND_S


def test_a_handshake_that_stalls(tmp_path: Path) -> None:
    """RESOLVE-FETCH-1: a server that takes the connection and says nothing of TLS is given up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        began = time.monotonic()
        via = Via("127.0.0.1", listener.getsockname()[1])
        with pytest.raises(RemoteError):
            Fetcher(via=via, patience_s=PATIENCE_S).get(AUTHORITY, "/x")
        assert time.monotonic() - began < BOUND_S


@pytest.mark.parametrize(
    "answer",
    [
        lambda secured: _flood(secured, b"", BLOCK),
        lambda secured: _flood(secured, OK + b"X-Long: ", BLOCK),
        lambda secured: _flood(secured, OK, b"X-Header: " + b"y" * 60000 + b"\r\n"),
        lambda secured: _flood(secured, OK + b"\r\n", BLOCK),
        lambda secured: _flood(
            secured, OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"e" * 60000 + b"\r\nx\r\n"
        ),
        lambda secured: _flood(
            secured, OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"Trailer: " + b"t" * 60000 + b"\r\n"
        ),
        lambda secured: _flood(secured, b"", b"HTTP/1.1 100 Continue\r\nX: " + b"z" * 60000 + b"\r\n\r\n"),
        lambda secured: _flood(secured, OK + b"Content-Length: 99999999999\r\n\r\n", BLOCK),
    ],
    ids=["status", "header", "headers", "body", "extensions", "trailers", "interim", "length"],
)
def test_a_flood_is_not_drunk(tmp_path: Path, answer: Callable[[ssl.SSLSocket], None]) -> None:
    """RESOLVE-FETCH-1: whatever part of the answer is endless, little more than a file is read of it."""
    began = time.monotonic()
    with serve(AUTHORITY, tmp_path, answer) as server, pytest.raises(CrexError) as refused:
        server.fetcher().get(AUTHORITY, "/x")
    assert refused.value.reason in ("PROVIDER_UNREACHABLE", "LIMIT")
    assert time.monotonic() - began < BOUND_S


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "br", "GZIP, gzip"])
def test_a_bomb_is_not_opened(tmp_path: Path, coding: str) -> None:
    """Nobody asked for a compressed file, so none is decompressed."""
    bomb = gzip.compress(bytes(64 << 20))
    answer = OK + f"Content-Encoding: {coding}\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb
    with (
        serve(AUTHORITY, tmp_path, lambda secured: secured.sendall(answer)) as server,
        pytest.raises(CrexError, match="compressed") as refused,
    ):
        server.fetcher().get(AUTHORITY, "/x")
    assert refused.value.reason == "TYPE"


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    """What ends before its stated length is no file."""
    answer = OK + b"Content-Length: 10\r\n\r\n12345"
    with (
        serve(AUTHORITY, tmp_path, lambda secured: secured.sendall(answer)) as server,
        pytest.raises(RemoteError),
    ):
        server.fetcher().get(AUTHORITY, "/x")


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 5\r\n\r\n12345",
        OK + b"\r\n12345",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Encoding: identity\r\n\r\n12345",
    ],
)
def test_honest_answers(tmp_path: Path, answer: bytes) -> None:
    """A file comes whole, however it is framed."""
    with serve(AUTHORITY, tmp_path, lambda secured: secured.sendall(answer)) as server:
        assert server.fetcher().get(AUTHORITY, "/x") == b"12345"


def test_the_largest_file(tmp_path: Path) -> None:
    """A file of exactly the greatest size is read, one byte more is not."""
    sizes = iter((MAX_BYTES, MAX_BYTES + 1))
    with serve(AUTHORITY, tmp_path, lambda one: one.sendall(OK + b"\r\n" + bytes(next(sizes)))) as server:
        assert len(server.fetcher(patience_s=30).get(AUTHORITY, "/x")) == MAX_BYTES
        with pytest.raises(CrexError, match="LIMIT"):
            server.fetcher(patience_s=30).get(AUTHORITY, "/x")


def test_nothing_but_the_path_is_sent(tmp_path: Path) -> None:
    """No cookie, credential or name of this machine goes to a host that somebody else named."""
    with serve(AUTHORITY, tmp_path, lambda secured: secured.sendall(OK + b"\r\nx")) as server:
        server.fetcher().get(AUTHORITY, "/x")
        lines = b"".join(server.heard).decode().split("\r\n")
    assert lines[0] == "GET /x HTTP/1.1"
    assert sorted(line.partition(":")[0] for line in lines[1:] if line) == [
        "Accept", "Accept-Encoding", "Connection", "Host",
    ]  # fmt: skip
    assert "Accept-Encoding: identity" in lines


KEPT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("second", "reason", "connections"),
    [
        (b"", None, 2),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "PROVIDER_UNREACHABLE", 1),
        (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "TYPE", 1),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "LIMIT", 1),
        (b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno", "NOT_FOUND", 1),
        (b"HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\nno", "NOT_FOUND", 1),
        (b"HTTP/1.1 404 No\r\nContent-Length: 99999999\r\n\r\n", "NOT_FOUND", 1),
    ],
    ids=[
        "closed while idle",
        "cut off",
        "redirect",
        "too large",
        "missing",
        "missing, cut off",
        "missing, huge",
    ],
)
def test_a_kept_connection(tmp_path: Path, second: bytes, reason: str | None, connections: int) -> None:
    """What holds for one file holds for the next over the same connection (RESOLVE-FETCH-1).

    Only where the connection was closed before a byte of the answer is it asked once more over a new one.
    """

    def answer(secured: ssl.SSLSocket) -> None:
        secured.sendall(KEPT)
        if second:
            secured.recv(65536)
            secured.sendall(second)

    with serve(AUTHORITY, tmp_path, answer) as server, closing(server.fetcher().keep(AUTHORITY)) as kept:
        assert kept.get("/a") == b"ok"
        if reason is None:
            assert kept.get("/b") == b"ok"
        else:
            with pytest.raises(CrexError) as caught:
                kept.get("/b")
            assert caught.value.reason == reason
        assert len(server.heard) == connections
        # Whatever came, the next file is to be had.
        assert kept.get("/c") == b"ok"


def test_a_new_connection_that_is_closed_is_not_tried_again(tmp_path: Path) -> None:
    """A server that never answers is asked once, not twice."""
    with (
        serve(AUTHORITY, tmp_path, lambda _: None) as server,
        closing(server.fetcher().keep(AUTHORITY)) as kept,
    ):
        with pytest.raises(RemoteError, match="cannot be read"):
            kept.get("/a")
        assert len(server.heard) == 1
