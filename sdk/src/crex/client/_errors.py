"""Turns the status of an RPC into a `RemoteError` (errors.md, ERROR-REASON-1)."""

from __future__ import annotations

from typing import Protocol

import grpc
from google.protobuf.any_pb2 import Any as PackedAny
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from crex.errors import RemoteError, Violation

_DETAILS_KEY = "grpc-status-details-bin"
DOMAIN = "crex"


class FailedCall(Protocol):
    """What `grpc.RpcError` and `grpc.aio.AioRpcError` have in common."""

    def code(self) -> grpc.StatusCode:
        """Status code of the call."""

    def details(self) -> str | None:
        """Message of the status."""

    def trailing_metadata(self) -> object:
        """Trailing metadata: pairs of key and value."""


def remote_error(call: FailedCall, target: str, method: str) -> RemoteError:
    """Builds the error of a failed call.

    Args:
        call: The failed call.
        target: Address that was called, `host:port`.
        method: Full name of the method, `/crex.v1.MarketService/CreateHold`.

    Returns:
        An error with the server's reason; where the server stated none (it was not reached, or is not a CREX
        server), the reason is the status code's name.
    """
    code = call.code()
    status = _status(call)
    reason, details, violations, retry_after_ms = code.name, {"method": method}, [], None
    for packed in status.details if status else ():
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        retry = error_details_pb2.RetryInfo()
        if _unpacked(packed, info) and info.domain == DOMAIN:
            reason = info.reason
            details.update(info.metadata)
        elif _unpacked(packed, bad):
            violations += [
                Violation(path=field.field, message=field.description, requirement=field.reason)
                for field in bad.field_violations
            ]
        elif _unpacked(packed, retry):
            retry_after_ms = retry.retry_delay.ToMilliseconds()
    return RemoteError(
        reason,
        _message(call, code, target, stated=status is not None),
        code=code.name,
        retry_after_ms=retry_after_ms,
        violations=violations,
        source=target,
        details=details,
    )


def _unpacked(packed: PackedAny, into: Message) -> bool:
    """Unpacks a detail; says no where it is another, or its bytes are none: servers are strangers, too."""
    try:
        return packed.TypeName() == into.DESCRIPTOR.full_name and packed.Unpack(into)
    except DecodeError:
        return False


def _status(call: FailedCall) -> status_pb2.Status | None:
    metadata = call.trailing_metadata()
    if not isinstance(metadata, tuple | list) and not hasattr(metadata, "__iter__"):
        return None
    for key, value in metadata:
        if key == _DETAILS_KEY and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                return None
    return None


def _message(call: FailedCall, code: grpc.StatusCode, target: str, *, stated: bool) -> str:
    text = (call.details() or "").strip()
    if stated and text:
        return text
    if code is grpc.StatusCode.UNAVAILABLE:
        return (
            f"no CREX server could be reached at {target}: {text or 'no answer'}. "
            "Check the address, that it runs, and that its certificate comes from the pinned TLS roots"
        )
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return (
            f"{target} did not answer in time. The request may have been carried out: "
            "send it again under the same request id"
        )
    return text or f"{target} answered {code.name} without a reason"
