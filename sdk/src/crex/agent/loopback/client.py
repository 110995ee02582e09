"""Uses a lease through its loopback interface: the consumer's side."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from crex import v1
from crex.errors import RemoteError

_POLL_S: Final = 0.1
_ANSWER_MAX: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a program.

    Attributes:
        exit_code: Its exit code; negative for the signal that ended it.
        stdout, stderr: Its outputs, bounded by the provider.
        seconds: Wall time.
        cpu_ms: CPU time in milliseconds, as the provider's operating system counted.
        dropped: Bytes of output beyond the bound.
    """

    exit_code: int
    stdout: bytes
    stderr: bytes
    seconds: float
    cpu_ms: int
    dropped: int


class LeaseClient:
    """Talks to the interface of one lease, by the credential that was sealed to the consumer."""

    def __init__(self, credential: v1.AccessCredential, *, timeout_s: float = 30.0) -> None:
        parts = urlsplit(credential.endpoint)
        if parts.scheme != "https" or not parts.hostname:
            raise RemoteError(
                "SCHEMA",
                f"The endpoint {credential.endpoint!r} is not https; a lease is never used without TLS.",
            )
        self._host, self._port = parts.hostname, parts.port or 443
        self._secret = credential.secret
        self._timeout_s = timeout_s
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_3
        self._context.load_verify_locations(cadata="".join(credential.tls_roots))

    def facts(self) -> dict[str, Any]:
        """Asks what the lease is: its CPUs, how it is confined, CPU time so far."""
        return self._ask("GET", "/v1/lease")

    def run(
        self,
        argv: Sequence[str],
        *,
        files: Mapping[str, bytes] | None = None,
        stdin: bytes = b"",
        wait_s: float = 3600.0,
    ) -> Outcome:
        """Runs a program in the lease and waits for its end.

        Args:
            argv: Program and arguments; `python` is the provider's interpreter.
            files: Files for its working folder, by plain name.
            stdin: What it reads.
            wait_s: Longest wait in seconds.

        Raises:
            RemoteError: The interface refused it, cannot be reached, or the program did not end in time.
        """
        encoded = {name: base64.b64encode(content).decode() for name, content in (files or {}).items()}
        body = {"argv": list(argv), "files": encoded, "stdin": base64.b64encode(stdin).decode()}
        run_id = self._ask("POST", "/v1/runs", body)["id"]
        until = time.monotonic() + wait_s
        while (answer := self._ask("GET", f"/v1/runs/{run_id}"))["exitCode"] is None:
            if time.monotonic() > until:
                raise RemoteError(
                    "INCOMPLETE", f"The program did not end within {wait_s:g} s.", code="DEADLINE_EXCEEDED"
                )
            time.sleep(_POLL_S)
        return Outcome(
            exit_code=answer["exitCode"],
            stdout=base64.b64decode(answer["stdout"]),
            stderr=base64.b64decode(answer["stderr"]),
            seconds=answer["seconds"],
            cpu_ms=answer["cpuMs"],
            dropped=answer["dropped"],
        )

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        target = f"{self._host}:{self._port}"
        connection = http.client.HTTPSConnection(
            self._host, self._port, timeout=self._timeout_s, context=self._context
        )
        try:
            connection.request(
                method,
                path,
                body=None if body is None else json.dumps(body).encode(),
                headers={"Authorization": f"Bearer {self._secret}"},
            )
            response = connection.getresponse()
            answer = json.loads(response.read(_ANSWER_MAX))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise RemoteError(
                "PROVIDER_UNREACHABLE",
                f"The lease does not answer ({error}). It may have ended; `crex lease show` tells.",
                code="UNAVAILABLE",
                source=target,
            ) from error
        finally:
            connection.close()
        if not isinstance(answer, dict) or response.status >= http.client.BAD_REQUEST:
            message = answer.get("error", "no reason") if isinstance(answer, dict) else "no reason"
            raise RemoteError(
                "NOT_A_PARTY", f"The lease refused: {message}", code=str(response.status), source=target
            )
        return answer
