"""What happens around every call, in this order (RPC-ORDER-1).

1. Request identifier: taken from `x-request-id` where it is well-formed, else made; it stands in the log
   and in every error. The broker's time is sent as `crex-server-time`.
2. Authentication: the certificate, of the channel or behind a token, becomes a caller.
3. Authorisation: one of the caller's roles may call the method.
4. Rate: the caller has not asked for more than it may.
5. Drain: a broker that is ending its work begins no new mutation.
6. Request check: the bytes are a message of the method's type, and keep its constraints. No one who is not
   known has bytes decoded.
7. The use case.
8. Errors: a `CrexError` becomes its status; anything else is a defect, logged, and told as INTERNAL.
9. The log line.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from types import TracebackType
from typing import Any, NoReturn, Protocol, Self

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from crex.documents.requests import check_request
from crex.documents.times import Clock, format_time
from crex.errors import CrexError, DocumentError, Violation
from crex_broker.application.caller import Caller
from crex_broker.rpc.codes import CODES, internal_error, status_of
from crex_broker.rpc.rates import Rates
from crex_broker.rpc.roles import require_role

_log = logging.getLogger("crex_broker.rpc")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")

Context = grpc.aio.ServicerContext[Any, Any]
UnaryUseCase = Callable[[Caller, Any], Awaitable[Message]]
StreamUseCase = Callable[[Caller, AsyncIterator[Any]], AsyncGenerator[Message, None]]


class Identifies(Protocol):
    """Tells who calls."""

    def caller(self, context: Context, method: str) -> Caller:
        """Identifies the party behind a call, or refuses it with CERTIFICATE or TOKEN."""
        ...

    def again(self, caller: Caller) -> Caller:
        """Judges the certificate of a stream anew, or refuses it; tells its present roles."""
        ...


class Pipeline:
    """Wraps use cases into gRPC handlers."""

    def __init__(self, identifies: Identifies, clock: Clock, rates: Rates) -> None:
        self._identifies = identifies
        self._clock = clock
        self._rates = rates
        self._draining = False
        self._under_way: set[asyncio.Task[Any]] = set()

    def drain(self) -> None:
        """Refuses new mutations from now on (RPC-DRAIN-1); reads and calls under way go on."""
        self._draining = True

    async def ended(self, grace_s: float) -> None:
        """Waits until the calls that are under way now have ended, so many seconds at most."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=grace_s)

    def unary(
        self, method: str, use_case: UnaryUseCase, takes: type[Message], *, read_only: bool
    ) -> Callable[[bytes, Context], Awaitable[Message]]:
        """Makes the handler of a unary method, whose request is of the class `takes`."""

        async def handle(encoded: bytes, context: Context) -> Message:
            async with self._begun(method, context) as call:
                call.greet(self._clock)
                caller = self._admit(call, len(encoded), read_only=read_only)
                return await use_case(caller, _read(encoded, takes))

        return handle

    def stream(
        self, method: str, use_case: StreamUseCase, takes: type[Message]
    ) -> Callable[[AsyncIterator[bytes], Context], AsyncIterator[Message]]:
        """Makes the handler of a bidirectional method; every message has the certificate verified again."""

        async def handle(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[Message]:
            async with self._begun(method, context) as call:
                call.greet(self._clock)
                caller = self._admit(call, 0, read_only=False)
                checked = self._checked(method, requests, caller, takes)
                # Closed here, not whenever it is collected: what a lost stream held is free at once.
                with self._rates.stream(caller.authority):
                    async with aclosing(use_case(caller, checked)) as responses:
                        async for response in responses:
                            yield response

        return handle

    def unsupported(self, method: str) -> Callable[[bytes, Context], Awaitable[bytes]]:
        """Makes the handler of a method that is not served: authenticated like any other, then refused."""

        async def handle(_request: bytes, context: Context) -> bytes:
            async with _Call(method, context) as call:
                call.authority = self._identifies.caller(context, method).authority
                self._rates.charge(call.authority, 0)
                raise CrexError(
                    "UNSUPPORTED_METHOD",
                    f"This broker does not serve {method}. GetServerInfo lists what it serves.",
                    details={"method": method},
                )

        return handle

    def _begun(self, method: str, context: Context) -> _Call:
        task = asyncio.current_task()  # gRPC gives each call its own; it ends when the answer is sent
        if task is not None:
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return _Call(method, context)

    def _admit(self, call: _Call, size: int, *, read_only: bool) -> Caller:
        caller = self._identifies.caller(call.context, call.method)
        call.authority = caller.authority
        require_role(call.method, caller.authority, caller.roles)
        self._rates.charge(caller.authority, size)
        if self._draining and not read_only:
            raise CrexError("DRAINING", "The broker is ending its work. Send the same request again soon.")
        return caller

    async def _checked(
        self, method: str, requests: AsyncIterator[bytes], caller: Caller, takes: type[Message]
    ) -> AsyncIterator[Message]:
        async for encoded in requests:
            # By the present time, trust document and enrolment, not those of the stream's beginning
            # (CHANNEL-RECHECK-1): an agent that says nothing for three heartbeats is gone, so it happens at
            # least once a minute.
            require_role(method, caller.authority, self._identifies.again(caller).roles)
            self._rates.charge(caller.authority, len(encoded))
            yield _read(encoded, takes)


class _Call:
    """One call: its identifier, who made it, and how it ended, which leaving its context tells and logs."""

    def __init__(self, method: str, context: Context) -> None:
        self.method = method
        self.context = context
        self.authority = ""
        self.request_id = _request_id(context)
        self._began = time.perf_counter()
        self._trailer: tuple[tuple[str, str], ...] = ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Answers a refusal with its status and a defect with INTERNAL; what ends the task goes on."""
        if error is None:
            self.log("OK", "")
        elif isinstance(error, CrexError):
            await self.refuse(error)
        elif isinstance(error, asyncio.CancelledError | GeneratorExit):
            self.log("CANCELLED", "")
        elif isinstance(error, Exception):
            _log.error("defect in %s, request %s", self.method, self.request_id, exc_info=error)
            await self.refuse(internal_error())

    def greet(self, clock: Clock) -> None:
        """Notes the request identifier and the broker's time, to be sent at the end of the call.

        They are trailing metadata: sending them ahead would cost an unary call as much as all its checks.
        """
        self._trailer = (("x-request-id", self.request_id), ("crex-server-time", format_time(clock.now())))
        self.context.set_trailing_metadata(self._trailer)

    async def refuse(self, error: CrexError) -> NoReturn:
        """Ends the call with the status of an error; gRPC does so by raising."""
        code = CODES.get(error.reason, grpc.StatusCode.INTERNAL)
        status = status_of(error, self.request_id)
        self.log(code.name, error.reason)
        details = (("grpc-status-details-bin", status.SerializeToString()), *self._trailer)
        await self.context.abort(code, status.message, trailing_metadata=details)

    def log(self, code: str, reason: str) -> None:
        """Writes the call's log line: facts, and nothing of what the caller sent but its identifier."""
        facts = {
            "method": self.method,
            "authority": self.authority,
            "code": code,
            "reason": reason,
            "request_id": self.request_id,
            "ms": round((time.perf_counter() - self._began) * 1000, 3),
        }
        _log.info("call", extra={"facts": {key: value for key, value in facts.items() if value != ""}})


def _read(encoded: bytes, takes: type[Message]) -> Message:
    """Decodes and checks a request (RPC-REQUEST-1).

    gRPC would decode it before the caller is known, and answer bytes that are none with UNKNOWN, no reason,
    and its own words.
    """
    try:
        request = takes.FromString(encoded)
    except DecodeError:
        name = takes.DESCRIPTOR.name
        message = f"the bytes are no {name}"
        fix = "Encode the request by the contract in proto/crex/v1; texts are UTF-8."
        violation = Violation("$", message, "RPC-REQUEST-1", fix)
        raise DocumentError(
            "SCHEMA", f"{name} cannot be decoded: {message}. {fix}", violations=[violation]
        ) from None
    check_request(request)
    return request


def _request_id(context: Context) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == "x-request-id" and isinstance(value, str) and _REQUEST_ID.fullmatch(value):
            return value
    return secrets.token_urlsafe(12)
