"""What a client makes of the status that a server, honest or not, ends a call with."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.any_pb2 import Any as PackedAny
from google.rpc import error_details_pb2, status_pb2

from crex.client._errors import remote_error
from crex.client._retry import RetryPolicy
from crex.errors import RemoteError

_KEY = "grpc-status-details-bin"
_METHOD = "/crex.v1.DiscoveryService/GetServerInfo"


class Ended:
    """A call that ended with these trailers."""

    def __init__(self, trailers: object) -> None:
        self._trailers = trailers

    def code(self) -> grpc.StatusCode:
        """The status code."""
        return grpc.StatusCode.INVALID_ARGUMENT

    def details(self) -> str | None:
        """The message."""
        return "no"

    def trailing_metadata(self) -> object:
        """The trailers."""
        return self._trailers


def packed(*details: PackedAny) -> object:
    """Trailers with a status of these details."""
    return ((_KEY, status_pb2.Status(code=3, message="no", details=details).SerializeToString()),)


def garbage(message: str) -> PackedAny:
    """A detail whose bytes are not what it says it is."""
    return PackedAny(type_url=f"type.googleapis.com/google.rpc.{message}", value=b"\xff\xff\xff")


@pytest.mark.parametrize(
    "trailers",
    [
        None,
        (),
        ((_KEY, b"\xff\xff"),),
        ((_KEY, "text"),),
        packed(garbage("ErrorInfo")),
        packed(garbage("BadRequest"), garbage("RetryInfo")),
        packed(PackedAny(type_url="nonsense", value=b"\0")),
    ],
)
def test_a_status_that_cannot_be_read_leaves_the_code(trailers: object) -> None:
    """A server that sends nonsense makes an error like any other, never a crash."""
    error = remote_error(Ended(trailers), "127.0.0.1:1", _METHOD)
    assert (error.code, error.reason) == ("INVALID_ARGUMENT", "INVALID_ARGUMENT")


def test_a_reason_beside_nonsense_is_read() -> None:
    """One detail that cannot be read does not hide the others."""
    info = PackedAny()
    info.Pack(error_details_pb2.ErrorInfo(reason="SCHEMA", domain="crex"))
    assert remote_error(Ended(packed(garbage("BadRequest"), info)), "x:1", _METHOD).reason == "SCHEMA"


def test_an_unknown_reason_counts_as_its_status_code() -> None:
    """VERSION-REASON-1: the reason of a later edition is told, and what is done follows the code alone."""
    info = PackedAny()
    info.Pack(error_details_pb2.ErrorInfo(reason="REASON_OF_TOMORROW", domain="crex"))
    error = remote_error(Ended(packed(info)), "x:1", _METHOD)
    assert (error.reason, error.code) == ("REASON_OF_TOMORROW", "INVALID_ARGUMENT")
    assert RetryPolicy().delay_s(error, 1) is None
    away = RemoteError("REASON_OF_TOMORROW", "away", code="UNAVAILABLE")
    assert RetryPolicy().delay_s(away, 1) is not None
