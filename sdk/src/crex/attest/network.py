"""The loopback interface: bytes per second over TCP, and the time of one exchange, between two processes.

It says what the host's network software does and nothing about a network, so its figures have names of their
own and are never held against what a resource declares of its interfaces.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Final

from crex.attest.crew import Crew, CrewError
from crex.attest.figures import Figure, Gap, Measured
from crex.attest.host import Host
from crex.attest.jobs import Job, Prepared

_ADDRESS: Final = "127.0.0.1"
_BULK, _ECHO = b"B", b"E"
_BUFFER: Final = 1 << 20
_EXCHANGES: Final = 500
_SAMPLE_S: Final = 0.1
# Samples into which the time for both figures falls apart at least.
_LEAST_PARTS: Final = 8
_MEGA: Final = 10**6
_COUNT_BYTES: Final = 8


def measure(host: Host, seconds: float, *, exchanges: int = _EXCHANGES) -> Measured:
    """Measures throughput and round trip.

    Args:
        host: The host.
        seconds: How long to measure.
        exchanges: Exchanges of one sample of the round trip.
    """
    figures: list[Figure] = []
    gaps: list[Gap] = []
    try:
        with Crew([{"kind": "loopback-server", "cpus": [host.cpus[-1]]}]) as server:
            port = server.facts[0]["port"]
            for mode in (_BULK, _ECHO):
                job = {
                    "kind": "loopback-client", "cpus": [host.cpus[0]], "port": port, "mode": mode.decode(),
                    "seconds": min(_SAMPLE_S, seconds / _LEAST_PARTS), "exchanges": exchanges,
                }  # fmt: skip
                with Crew([job]) as client:
                    samples = client.samples(seconds / 2)
                if mode == _BULK:
                    rates = tuple(sample.rate / _MEGA for sample in samples)
                    figures.append(Figure("loopback-throughput", "mb-per-s", rates, about="loopback, TCP"))
                else:
                    times = tuple(_MEGA / sample.rate for sample in samples)
                    figures.append(Figure("loopback-round-trip", "us", times, about="loopback, one exchange"))
    except CrewError as error:
        gaps.append(Gap("loopback", str(error)))
    conditions = (("loopback", "two processes of this host over 127.0.0.1; says nothing about a network"),)
    return Measured(tuple(figures), conditions if figures else (), tuple(gaps))


def prepare(job: Job) -> Prepared:
    """Prepares one of the two ends; the amount is bytes or exchanges."""
    if job["kind"] == "loopback-server":
        listener = socket.create_server((_ADDRESS, 0))
        threading.Thread(target=_serve, args=(listener,), daemon=True).start()
        return Prepared(lambda: 0, {"port": listener.getsockname()[1]})
    if job["mode"] == _ECHO.decode():
        line = _connect(job["port"], _ECHO)
        return Prepared(lambda: _exchange(line, job["exchanges"]))
    return Prepared(lambda: _send(job["port"], job["seconds"]))


def _serve(listener: socket.socket) -> None:
    while True:
        line, _ = listener.accept()
        with contextlib.suppress(OSError), line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if line.recv(1) == _BULK:
                _take(line)
            else:
                while byte := line.recv(1):
                    line.sendall(byte)


def _take(line: socket.socket) -> None:
    """Counts what comes until the other end has sent all, and answers with the number."""
    buffer, count = bytearray(_BUFFER), 0
    while taken := line.recv_into(buffer):
        count += taken
    line.sendall(count.to_bytes(_COUNT_BYTES, "big"))


def _send(port: int, seconds: float) -> int:
    until = time.monotonic() + seconds
    buffer = bytes(_BUFFER)
    with _connect(port, _BULK) as line:
        while time.monotonic() < until:
            line.sendall(buffer)
        line.shutdown(socket.SHUT_WR)
        return int.from_bytes(_exactly(line, _COUNT_BYTES), "big")


def _exchange(line: socket.socket, exchanges: int) -> int:
    for _ in range(exchanges):
        line.sendall(b"x")
        _exactly(line, 1)
    return exchanges


def _exactly(line: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = line.recv(size - len(data))
        if not more:
            raise ConnectionError("the other end closed")
        data += more
    return data


def _connect(port: int, mode: bytes) -> socket.socket:
    line = socket.create_connection((_ADDRESS, port), timeout=30)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.sendall(mode)
    return line
