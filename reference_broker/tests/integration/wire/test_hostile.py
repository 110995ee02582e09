"""What a hostile stranger sends: bytes that are no message, and refusals that would not fit back."""

import socket
from collections.abc import Iterator

import grpc
import pytest
from google.protobuf.message import Message

from crex import v1
from crex.client._errors import remote_error
from crex.errors import RemoteError
from reference_broker.tests.integration.wire.conftest import Market
from reference_broker.tests.wire import WireParty, failed

_HOLD = "/crex.v1.MarketService/CreateHold"
_CONNECT = "/crex.v1.ProviderAgentService/Connect"
_GARBAGE = [
    b"\xff" * 50,
    b"\x0a\x20abc",  # cut off
    b"\x0a\x04\xff\xfe\xfd\xfc",  # text that is no UTF-8
    b"\x0b" * 300,  # groups in groups
    b"\x22" + b"\x80" * 9 + b"\x01",  # a length of 2⁶³
]


@pytest.fixture(params=_GARBAGE, ids=["garbage", "cut", "no-utf8", "groups", "endless"])
def garbage(request: pytest.FixtureRequest) -> bytes:
    """Bytes that are no message."""
    encoded: bytes = request.param
    return encoded


def refused(party: WireParty, method: str, encoded: bytes) -> RemoteError:
    """How the broker refuses these bytes."""
    with (
        grpc.secure_channel(party.target, party.credentials()) as channel,
        pytest.raises(grpc.RpcError) as no,
    ):
        channel.unary_unary(method, _as_is, _as_is)(encoded, timeout=10)
    return remote_error(failed(no.value), party.target, method)


def test_bytes_that_are_no_message_are_refused_with_a_reason(market: Market, garbage: bytes) -> None:
    """RPC-REQUEST-1: what cannot be decoded is SCHEMA, in the broker's words."""
    refusal = refused(market.consumer, _HOLD, garbage)
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "SCHEMA")
    assert refusal.violations[0].requirement == "RPC-REQUEST-1"
    assert "CreateHoldRequest" in refusal.message


def test_nothing_is_decoded_for_who_may_not_call(market: Market, garbage: bytes) -> None:
    """RPC-ORDER-1: the role is checked before the bytes are looked at."""
    assert refused(market.provider, _HOLD, garbage).reason == "ROLE"


def test_a_stream_of_bytes_that_are_no_message_is_refused(market: Market, garbage: bytes) -> None:
    """RPC-REQUEST-1 holds on streams, before and after the hello."""
    hello = v1.ConnectRequest(seq=1, hello=v1.AgentHello(instance="rack-1"))
    for said in ([garbage], [hello.SerializeToString(), garbage]):
        party = market.other
        with grpc.secure_channel(party.target, party.credentials()) as channel:
            stream = channel.stream_stream(_CONNECT, _as_is, v1.ConnectResponse.FromString)
            with pytest.raises(grpc.RpcError) as no:
                _drain(stream(iter(said), timeout=10))
        assert remote_error(failed(no.value), party.target, _CONNECT).reason == "SCHEMA"


def test_a_refusal_that_repeats_a_long_text_keeps_its_reason(market: Market) -> None:
    """ERROR-REASON-1: a method's name of 5,000 characters does not push the reason out of the trailers."""
    assert refused(market.consumer, "/" + "x" * 5000, b"").reason == "UNSUPPORTED_METHOD"


def test_the_log_has_no_traceback_for_what_strangers_send(market: Market, garbage: bytes) -> None:
    """A traceback in the log is a defect of the broker, not of a caller."""
    refused(market.consumer, _HOLD, garbage)
    assert "Traceback" not in market.operation.log.read_text("utf-8")


def _as_is(encoded: bytes) -> bytes:
    return encoded


def _drain(responses: Iterator[Message]) -> None:
    for _ in responses:
        pass


def test_strangers_who_connect_and_leave_end_nothing(market: Market) -> None:
    """Hundreds of connections that never say a word, gone at once, leave the broker at work."""
    host, _, port = market.consumer.target.rpartition(":")
    for _ in range(3):
        idle = [socket.create_connection((host, int(port))) for _ in range(400)]
        with market.consumer.client() as client:
            client.get_server_info(v1.GetServerInfoRequest())
        for connection in idle:
            connection.close()
    with market.consumer.client() as client:
        client.get_server_info(v1.GetServerInfoRequest())
