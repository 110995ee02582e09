"""The channel: who is known on it, and what else it answers."""

from datetime import timedelta

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from crex import v1
from crex.client import Client
from crex.client._errors import remote_error
from crex.documents.times import SystemClock
from crex.errors import RemoteError
from crex.trust.certificates import CertificateAuthority, TlsCredential
from crex.trust.identity import Identity
from reference_broker.tests.integration.wire.conftest import Market
from reference_broker.tests.wire import NO_RETRY, WireParty, failed, roots_pem


def refusal(market: Market, credentials: grpc.ChannelCredentials) -> RemoteError:
    """What a caller with these credentials is told."""
    with (
        Client(market.consumer.target, credentials, retry=NO_RETRY, timeout_s=10) as client,
        pytest.raises(RemoteError) as refused,
    ):
        client.get_server_info(v1.GetServerInfoRequest())
    return refused.value


def forged(by: WireParty, name: str) -> TlsCredential:
    """A certificate for a name, issued under the root of another party."""
    root = by.identity.tls_root
    assert root is not None
    return CertificateAuthority(name, root.certificate, root.private).issue("main", now=SystemClock().now())


def test_an_enrolled_party_is_answered(market: Market) -> None:
    """The broker says who it is and lists every method that it serves."""
    with market.consumer.client() as client:
        info = client.get_server_info(v1.GetServerInfoRequest())
    assert info.authority == "broker.example"
    assert "crex.v1.MarketService.CreateHold" in info.methods
    now = SystemClock().now()
    assert abs(info.server_time.ToDatetime(tzinfo=now.tzinfo) - now) < timedelta(seconds=60)


def test_a_certificate_of_another_partys_root_is_refused(market: Market) -> None:
    """CHANNEL-ROOTS-1: an enrolled party's root cannot mint another enrolled party's name."""
    refused = refusal(market, market.consumer.credentials(forged(market.other, "consumer.example")))
    assert (refused.reason, refused.code) == ("CERTIFICATE", "UNAUTHENTICATED")
    assert "consumer.example" in refused.message


def test_a_party_that_is_not_enrolled_is_refused(market: Market) -> None:
    """A certificate under a root that the broker does not know does not get through the handshake."""
    stranger = Identity.create("stranger.example", roles=("consumer",), now=SystemClock().now())
    party = WireParty(stranger, market.operation.identity, market.consumer.target)
    refused = refusal(market, party.credentials())
    assert refused.code == "UNAVAILABLE"
    assert "enrolled" in refused.message


def test_a_name_that_is_not_enrolled_is_refused_under_a_known_root(market: Market) -> None:
    """CHANNEL-ROLE-1: an enrolled party's root gives nobody a role under a name that is not enrolled."""
    credentials = market.other.credentials(forged(market.other, "stranger.example"))
    assert refusal(market, credentials).reason == "CERTIFICATE"


def test_a_certificate_that_ended_is_refused(market: Market) -> None:
    """CHANNEL-RECHECK-1: a certificate is judged by the present time."""
    root = market.consumer.identity.tls_root
    assert root is not None
    ended = root.issue("main", now=SystemClock().now() - timedelta(days=3), valid_for=timedelta(days=1))
    assert refusal(market, market.consumer.credentials(ended)).code in ("UNAVAILABLE", "UNAUTHENTICATED")


def test_without_a_certificate_there_is_no_channel(market: Market) -> None:
    """TLS is mutual: a caller without a certificate is refused."""
    pem = roots_pem(market.operation.identity.trust)
    assert refusal(market, grpc.ssl_channel_credentials(pem)).code == "UNAVAILABLE"


def test_without_tls_there_is_nothing(market: Market) -> None:
    """A caller that speaks no TLS gets no answer."""
    with grpc.insecure_channel(market.consumer.target) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary("/crex.v1.DiscoveryService/GetServerInfo", bytes, bytes)(b"", timeout=10)
    assert failed(refused.value).code() is grpc.StatusCode.UNAVAILABLE


def test_health_is_told_by_service(market: Market) -> None:
    """The health service answers for the whole server and for each service."""
    with grpc.secure_channel(market.consumer.target, market.consumer.credentials()) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check", bytes, bytes)
        for service in ("", "crex.v1.MarketService", "crex.v1.ProviderAgentService"):
            request = health_pb2.HealthCheckRequest(service=service).SerializeToString()
            answer = health_pb2.HealthCheckResponse.FromString(check(request, timeout=10))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_lists_the_services(market: Market) -> None:
    """Reflection names every service of the contract, so that generic tools work."""
    with grpc.secure_channel(market.consumer.target, market.consumer.credentials()) as channel:
        path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
        request = reflection_pb2.ServerReflectionRequest(list_services="").SerializeToString()
        stream = channel.stream_stream(path, bytes, bytes)(iter([request]), timeout=10)
        answer = reflection_pb2.ServerReflectionResponse.FromString(next(iter(stream)))
    names = {service.name for service in answer.list_services_response.service}
    assert {"crex.v1.MarketService", "crex.v1.BillingService", "grpc.health.v1.Health"} <= names


def test_an_unknown_method_is_refused_with_a_reason(market: Market) -> None:
    """ERROR-REASON-1: a method that nobody serves is UNSUPPORTED_METHOD, not a bare UNIMPLEMENTED."""
    with grpc.secure_channel(market.consumer.target, market.consumer.credentials()) as channel:
        for path in ("/crex.v1.MarketService/SellTheBroker", "/crex.v9.Other/Call"):
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary(path, bytes, bytes)(b"", timeout=10)
            error = remote_error(failed(refused.value), "", path)
            assert (error.reason, error.code) == ("UNSUPPORTED_METHOD", "UNIMPLEMENTED")


def test_a_call_is_told_its_identifier_and_the_brokers_time(market: Market) -> None:
    """The identifier that a caller sends comes back; a malformed one is replaced."""
    with grpc.secure_channel(market.consumer.target, market.consumer.credentials()) as channel:
        method = channel.unary_unary("/crex.v1.DiscoveryService/GetServerInfo", bytes, bytes)
        for sent, kept in (("my-request-0001", True), ("no", False)):
            _, call = method.with_call(b"", timeout=10, metadata=(("x-request-id", sent),))
            said = dict(call.trailing_metadata() or ())
            assert (said["x-request-id"] == sent) is kept
            assert str(said["crex-server-time"]).endswith("Z")
