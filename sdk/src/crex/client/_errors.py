"""Turns the status of an RPC into a `RemoteError` (errors.md, ERROR-REASON-1)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import Final, Protocol

import grpc
from google.protobuf.any_pb2 import Any as PackedAny
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from crex.client._unreached import unreached
from crex.errors import RemoteError, Violation

_DETAILS_KEY: Final = "grpc-status-details-bin"
DOMAIN: Final = "crex"
# Detail of an error that no repetition heals: why no server answered.
LASTING: Final = "lasting"
# Begins the status in the words of `NoTokenError`.
_CARRIED: Final = "crex-status "
_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


class FailedCall(Protocol):
    """What `grpc.RpcError` and `grpc.aio.AioRpcError` have in common."""

    def code(self) -> grpc.StatusCode:
        """Status code of the call."""

    def details(self) -> str | None:
        """Message of the status."""

    def trailing_metadata(self) -> object:
        """Trailing metadata: pairs of key and value."""


class NoTokenError(Exception):
    """The broker gave no token for a call through a proxy.

    gRPC makes of every error of a plug-in the status UNAVAILABLE and keeps its words alone. So they hold the
    status that the broker gave, for `remote_error` to find.
    """

    def __init__(self, call: FailedCall) -> None:
        code, text = call.code(), call.details() or ""
        status = _status(call) or status_pb2.Status(code=code.value[0], message=text)
        packed = b64encode(status.SerializeToString()).decode("ascii")
        super().__init__(f"{code.name} {text} {_CARRIED}{packed}")


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
    refused = _refused_token(call)
    code, status = (call.code(), _status(call)) if refused is None else (_CODES[refused.code], refused)
    text = ((call.details() if refused is None else refused.message) or "").strip()
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
    stated = text != "" and status is not None and len(status.details) > 0
    message, lasting = (text, False) if stated else _message(text, code, target)
    if lasting:
        details[LASTING] = "true"
    return RemoteError(
        reason,
        message,
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


def _refused_token(call: FailedCall) -> status_pb2.Status | None:
    """Gives the status by which the broker refused a token; nothing where the call ended otherwise."""
    _, found, packed = (call.details() or "").rpartition(_CARRIED)
    if not found or call.code() is not grpc.StatusCode.UNAVAILABLE:
        return None
    try:
        status = status_pb2.Status.FromString(b64decode(packed.split()[0]))
    except (Base64Error, DecodeError, ValueError, IndexError):
        return None
    return status if status.code in _CODES and status.code else None


def _message(text: str, code: grpc.StatusCode, target: str) -> tuple[str, bool]:
    """Says what no server said, and whether it stays so."""
    if code is grpc.StatusCode.UNAVAILABLE:
        return unreached(target, text)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return (
            f"{target} did not answer in time. The request may have been carried out: "
            "send it again under the same request id"
        ), False
    return text or f"{target} answered {code.name} without a reason", False
