"""The access interface of one lease on this machine: HTTPS on 127.0.0.1, one bearer token.

A process of its own for each lease, `python -m crex.agent.loopback.server FOLDER`, so that it goes on when
the agent is killed, and the agent adopts it again. `FOLDER/lease.json` (0600) says what it serves; once it
listens, `FOLDER/server.json` says where. SIGTERM ends the programs, then the server.

| request | answer |
|---|---|
| `GET /v1/lease` | CPUs, confinement, CPU time and the other meters so far |
| `POST /v1/runs` `{"argv": [...], "files": {name: base64}, "stdin": base64}` | `201 {"id": …}` |
| `GET /v1/runs/<id>` | exit code (null while it runs), outputs (base64), wall and CPU time |
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
import signal
import ssl
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final

from crex.agent.loopback.confinement import (
    Confinement,
    CpuMeter,
    Limits,
    become_subreaper,
    group_of,
)
from crex.agent.loopback.metering import LeaseMeters
from crex.agent.loopback.runner import Run, Runner
from crex.agent.loopback.servers import claim
from crex.agent.meters.wall import start_of
from crex.describe.machine import Machine
from crex.errors import CrexError

ADDRESS: Final = "127.0.0.1"
MAX_BODY_BYTES: Final = 8 << 20
_SOCKET_PATIENCE_S: Final = 10
_ARGV_MAX: Final = 256
_LENGTH: Final = re.compile("[0-9]{1,9}")


class LeaseServer(ThreadingHTTPServer):
    """Serves one lease."""

    daemon_threads = True

    def __init__(
        self,
        lease: dict[str, Any],
        runner: Runner,
        confinement: Confinement,
        meter: CpuMeter,
        meters: LeaseMeters,
    ) -> None:
        super().__init__((ADDRESS, 0), _Handler)
        self.lease = lease
        self.runner = runner
        self.confinement = confinement
        self.meter = meter
        self.meters = meters
        self._tls = _tls_context(lease["certificate_pem"], lease["key_pem"])

    def get_request(self) -> tuple[ssl.SSLSocket, Any]:
        """Accepts a connection; its handshake happens in the connection's own thread, with patience."""
        connection, address = self.socket.accept()
        connection.settimeout(_SOCKET_PATIENCE_S)
        wrapped = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return wrapped, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Lets a connection that failed end without a trace: the caller is not trusted to fill a log."""


class _Handler(BaseHTTPRequestHandler):
    server: LeaseServer
    server_version = "crex-exec"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout: ClassVar[int] = _SOCKET_PATIENCE_S

    def do_GET(self) -> None:
        """Answers a read."""
        if not self._is_admitted():
            return
        if self.path == "/v1/lease":
            self._answer(HTTPStatus.OK, self._facts())
            return
        run = self.server.runner.get(self.path.removeprefix("/v1/runs/"))
        if run is None:
            self._refuse(HTTPStatus.NOT_FOUND, "There is no such run.")
            return
        self._answer(HTTPStatus.OK, _run_json(run))

    def do_POST(self) -> None:
        """Starts a program."""
        if not self._is_admitted():
            return
        if self.path != "/v1/runs":
            self._refuse(HTTPStatus.NOT_FOUND, "Programs are started at /v1/runs.")
            return
        length = self.headers.get("Content-Length", "")
        if not _LENGTH.fullmatch(length) or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._refuse(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"State a length of at most {MAX_BODY_BYTES} bytes."
            )
            return
        try:
            argv, files, stdin = _program(self.rfile.read(int(length)))
            run = self.server.runner.start(argv, files, stdin)
        except CrexError as error:
            code = HTTPStatus.CONFLICT if error.reason == "LIMIT" else HTTPStatus.BAD_REQUEST
            self._refuse(code, error.message)
            return
        self._answer(HTTPStatus.CREATED, {"id": run.id})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Logs nothing: paths and headers are the consumer's business."""

    def _is_admitted(self) -> bool:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        given = hashlib.sha256(token.encode()).hexdigest()
        if scheme == "Bearer" and hmac.compare_digest(given, self.server.lease["token_sha256"]):
            return True
        self.close_connection = True
        self._refuse(HTTPStatus.UNAUTHORIZED, "The token is not that of this lease.")
        return False

    def _facts(self) -> dict[str, Any]:
        server = self.server
        return {
            "lease": server.lease["lease"],
            "cpus": server.confinement.cpus,
            "confinement": server.confinement.kind,
            "cpuMs": server.meter.read_ms(),
            "method": CpuMeter.METHOD,
            "meters": server.meters.to_json(),
        }

    def _refuse(self, code: HTTPStatus, message: str) -> None:
        self._answer(code, {"error": message})

    def _answer(self, code: HTTPStatus, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(folder: Path) -> int:
    """Serves the lease of a folder until SIGTERM; gives EX_OK, or EX_TEMPFAIL where another serves it."""
    lock = claim(folder)
    if lock is None:
        return os.EX_TEMPFAIL
    os.dup(lock.fileno())  # never closed: the lock is free when this process is gone, not a moment before
    if not (folder / "lease.json").exists():
        return os.EX_OK  # released before this process came to serve it
    with lock:
        return _serve(folder)


def _serve(folder: Path) -> int:
    lease = json.loads((folder / "lease.json").read_text("utf-8"))
    become_subreaper()
    confinement = Confinement(group_of(folder), lease["cpus"])
    meter = CpuMeter()
    meters = LeaseMeters(lease["cpus"])
    meters.keep_looking()
    runner = Runner(folder, confinement, meter, Limits(**lease.get("limits", {})))
    server = LeaseServer(lease, runner, confinement, meter, meters)

    def stop(_number: int, _frame: object) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _write_whole(
        folder / "server.json",
        {
            "pid": os.getpid(),
            "start_ticks": start_of(Machine(), os.getpid()),
            "port": server.server_address[1],
        },
    )
    server.serve_forever(poll_interval=0.1)
    runner.close()
    confinement.remove()
    ended = {"cpu_ms": meter.read_ms(), "units": lease["units"], "meters": meters.to_json()}
    _write_whole(folder / "ended.json", ended)
    return 0


def _program(body: bytes) -> tuple[list[str], dict[str, bytes], bytes]:
    try:
        value = json.loads(body)
        argv, files, stdin = value["argv"], value.get("files", {}), value.get("stdin", "")
        is_argv = isinstance(argv, list) and argv and all(isinstance(part, str) for part in argv)
        if not is_argv or len(argv) > _ARGV_MAX or any("\0" in part for part in argv):
            raise CrexError(
                "SCHEMA", f"`argv` is a list of 1 to {_ARGV_MAX} texts without NUL: the program first."
            )
        decoded = {str(name): base64.b64decode(text, validate=True) for name, text in files.items()}
        return argv, decoded, base64.b64decode(stdin, validate=True)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        raise CrexError(
            "SCHEMA", 'Send JSON: {"argv": [...], "files": {name: base64}, "stdin": base64}.'
        ) from error


def _run_json(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "exitCode": run.exit_code,
        "seconds": run.seconds,
        "cpuMs": run.cpu_ms,
        "stdout": base64.b64encode(run.stdout).decode(),
        "stderr": base64.b64encode(run.stderr).decode(),
        "dropped": run.dropped,
    }


def _tls_context(certificate_pem: str, key_pem: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # The library reads keys from files only; this one lies in the lease's own 0700 folder, as lease.json
    # does.
    path = Path(f"/proc/self/fd/{_memory_file(certificate_pem + key_pem)}")
    context.load_cert_chain(path)
    return context


def _memory_file(text: str) -> int:
    number = os.memfd_create("tls")
    os.write(number, text.encode())
    os.lseek(number, 0, os.SEEK_SET)
    return number


def _write_whole(path: Path, value: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


if __name__ == "__main__":
    raise SystemExit(serve(Path(sys.argv[1])))
