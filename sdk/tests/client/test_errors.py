"""What a client makes of the status that a server, honest or not, ends a call with."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.any_pb2 import Any as PackedAny
from google.rpc import error_details_pb2, status_pb2

from crex.client._errors import NoTokenError, remote_error
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


class Unavailable(Ended):
    """A call that the gRPC library ended with these words."""

    def __init__(self, text: str) -> None:
        super().__init__(())
        self._text = text

    def code(self) -> grpc.StatusCode:
        """The status code."""
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str | None:
        """The words."""
        return self._text


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


_TLS = "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Tls handshake failed "
_SSL = f"{_TLS}(TSI_PROTOCOL_FAILURE): SSL_ERROR_SSL: error:1000007d:SSL routines:OPENSSL_internal:"
_CLOSED = "failed to connect to all addresses; last error: UNAVAILABLE: ipv4:127.0.0.1:1: "


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{_SSL}CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate: OK", "crex trust pin"),
        (f"{_SSL}CERTIFICATE_VERIFY_FAILED: certificate has expired: OK", "has ended"),
        ("Custom verification check failed with error: Hostname Verification Check failed.", "another host"),
        (f"{_SSL}TLSV1_ALERT_UNKNOWN_CA: OK", "crex-broker enrol"),
        (f"{_SSL}SSLV3_ALERT_CERTIFICATE_EXPIRED: OK", "crex key rotate tls"),
        (f"{_SSL}WRONG_VERSION_NUMBER: Invalid certificate verification context: OK", "speaks no TLS"),
    ],
)
def test_a_handshake_that_fails_for_good_is_explained_and_not_tried_again(text: str, told: str) -> None:
    """ERROR-RETRY-1: what only a person can mend is told at once, with what to do."""
    error = remote_error(Unavailable(text), "b.example:8443", _METHOD)
    assert (error.code, error.reason) == ("UNAVAILABLE", "UNAVAILABLE")
    assert told in error.message
    assert "b.example:8443" in error.message
    assert text in error.message
    assert RetryPolicy().delay_s(error, 1) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{_CLOSED}Socket closed", "crex-broker enrol"),
        (f"{_CLOSED}recvmsg:Connection reset by peer", "crex trust export"),
        (f"{_CLOSED}Unwrap failed (TSI_DATA_CORRUPTED)", "--proxy-roots"),
        (f"{_SSL}TLSV1_ALERT_INTERNAL_ERROR: OK", "could be reached"),
        (f"{_CLOSED}Failed to connect to remote host: Connection refused", "that it runs"),
        ("", "no answer"),
    ],
)
def test_what_may_pass_is_tried_again_and_names_both_causes(text: str, told: str) -> None:
    """ERROR-RETRY-1: a connection that closes may be a restart, or the end of whom the broker turns away."""
    error = remote_error(Unavailable(text), "b.example:8443", _METHOD)
    assert told in error.message
    assert RetryPolicy().delay_s(error, 1) is not None


def test_a_refused_token_is_told_as_the_broker_told_it() -> None:
    """ERROR-REASON-1: gRPC makes UNAVAILABLE of it; reason and code come back."""
    info = PackedAny()
    info.Pack(error_details_pb2.ErrorInfo(reason="CERTIFICATE", domain="crex", metadata={"authority": "a.b"}))
    status = status_pb2.Status(code=16, message="a.b is not enrolled here.", details=[info])
    refused = NoTokenError(Ended(((_KEY, status.SerializeToString()),)))
    text = f"Getting metadata from plugin failed with error: {refused}"
    error = remote_error(Unavailable(text), "x:1", _METHOD)
    assert (error.code, error.reason) == ("UNAUTHENTICATED", "CERTIFICATE")
    assert error.message == "a.b is not enrolled here."
    assert error.details["authority"] == "a.b"
    assert RetryPolicy().delay_s(error, 1) is None


@pytest.mark.parametrize("packed_status", ["", "!", "AAAA", "/////w==", "CAA="])
def test_words_that_only_look_like_a_refused_token_are_words(packed_status: str) -> None:
    """Nonsense in the words of a server is an error like any other, never a crash."""
    error = remote_error(Unavailable(f"crex-status {packed_status}"), "x:1", _METHOD)
    assert error.code == "UNAVAILABLE"


def test_no_token_because_nobody_answered_is_no_answer() -> None:
    """ERROR-RETRY-1: a broker that is away when it is asked for a token is asked again."""
    refused = NoTokenError(Unavailable(f"{_CLOSED}Connection refused"))
    error = remote_error(Unavailable(f"Getting metadata … error: {refused}"), "x:1", _METHOD)
    assert error.code == "UNAVAILABLE"
    assert "could be reached" in error.message
    assert RetryPolicy().delay_s(error, 1) is not None
