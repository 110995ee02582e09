"""The two clients, their errors and their retries."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from datetime import UTC, datetime

import grpc
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from google.protobuf.any_pb2 import Any as PackedAny
from google.rpc import error_details_pb2, status_pb2

from crex import v1
from crex.client import AsyncClient, Client, RetryPolicy, credentials
from crex.client._async_calls import AsyncCalls
from crex.client._sync_calls import Calls
from crex.errors import RemoteError
from crex.trust.identity import Identity

NOW = datetime.now(UTC)
SERVER = Identity.create("b.example.org", roles=("broker",), hosts=("127.0.0.1",), now=NOW)
CALLER = Identity.create("c.example.org", roles=("consumer",), now=NOW)
METHOD = "/crex.v1.MarketService/GetOrder"
Handler = Callable[[v1.GetOrderRequest, grpc.ServicerContext], v1.GetOrderResponse]


def roots(identity: Identity) -> bytes:
    """The TLS roots of an authority, PEM."""
    return b"".join(root.public_bytes(Encoding.PEM) for root in identity.trust.tls_roots)


def channel(server: Identity = SERVER) -> grpc.ChannelCredentials:
    """The caller's credentials for a server."""
    return credentials(
        certificate_pem=CALLER.tls.chain_pem, key_pem=CALLER.tls.key_pem, server_roots_pem=roots(server)
    )


@contextmanager
def serving(handler: Handler) -> Iterator[str]:
    """A server that answers GetOrder as it is told; gives its address."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    pair = [(SERVER.tls.key_pem, SERVER.tls.chain_pem)]
    tls = grpc.ssl_server_credentials(pair, roots(CALLER), require_client_auth=True)
    method = grpc.unary_unary_rpc_method_handler(
        handler,
        request_deserializer=v1.GetOrderRequest.FromString,
        response_serializer=v1.GetOrderResponse.SerializeToString,
    )
    handlers = grpc.method_handlers_generic_handler("crex.v1.MarketService", {"GetOrder": method})
    server.add_generic_rpc_handlers((handlers,))
    port = server.add_secure_port("127.0.0.1:0", tls)
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def refuse(context: grpc.ServicerContext, code: grpc.StatusCode, reason: str, retry_ms: int = 0) -> None:
    """Refuses a call as a broker does."""
    status = status_pb2.Status(code=code.value[0], message="It is so.")
    info = error_details_pb2.ErrorInfo(reason=reason, domain="crex", metadata={"free": "2"})
    bad = error_details_pb2.BadRequest()
    bad.field_violations.add(field="$.a", description="it is wrong", reason="NAME-FORM-1")
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromMilliseconds(retry_ms)
    for detail in (info, bad, *([retry] if retry_ms else [])):
        packed = PackedAny()
        packed.Pack(detail)
        status.details.append(packed)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, "It is so.")


def test_neither_client_lacks_what_the_other_has() -> None:
    """Both clients have the same methods with the same requests and responses."""

    def methods(kind: type) -> dict[str, list[str]]:
        public = {name: one for name, one in vars(kind).items() if not name.startswith("_")}
        return {
            name: [str(parameter) for parameter in inspect.signature(one).parameters.values()]
            + [str(inspect.signature(one).return_annotation)]
            for name, one in public.items()
        }

    assert methods(Calls) == methods(AsyncCalls)
    assert len(methods(Calls)) == 51
    assert all(inspect.iscoroutinefunction(getattr(AsyncClient, name)) for name in methods(AsyncCalls))


def test_a_response_comes_back() -> None:
    """A call reaches the server over mutual TLS and gives its response."""

    def handler(request: v1.GetOrderRequest, _context: grpc.ServicerContext) -> v1.GetOrderResponse:
        return v1.GetOrderResponse(order=v1.Order(name=request.order))

    with serving(handler) as target, Client(target, channel()) as client:
        response = client.get_order(v1.GetOrderRequest(order="crex://b.example.org/order/x"))
    assert response.order.name == "crex://b.example.org/order/x"


async def test_an_error_carries_everything_that_the_server_said() -> None:
    """Reason, code, places, facts and pause of a refusal arrive, in either client."""

    def handler(_request: v1.GetOrderRequest, context: grpc.ServicerContext) -> v1.GetOrderResponse:
        refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, "CAPACITY_EXHAUSTED", retry_ms=1500)
        return v1.GetOrderResponse()

    with serving(handler) as target:
        with Client(target, channel()) as client, pytest.raises(RemoteError) as blocking:
            client.get_order(v1.GetOrderRequest())
        async with AsyncClient(target, channel()) as other:
            with pytest.raises(RemoteError) as asynchronous:
                await other.get_order(v1.GetOrderRequest())
    for error in (blocking.value, asynchronous.value):
        assert (error.reason, error.code) == ("CAPACITY_EXHAUSTED", "RESOURCE_EXHAUSTED")
        assert (error.message, error.source) == ("It is so.", target)
        assert error.retry_after_ms == 1500
        assert dict(error.details) == {"free": "2", "method": METHOD}
        (violation,) = error.violations
        assert (violation.path, violation.requirement) == ("$.a", "NAME-FORM-1")


def test_unavailable_is_tried_again_and_nothing_else() -> None:
    """ERROR-RETRY-1: a call is repeated where it found no server; every other refusal is final."""
    calls: list[str] = []
    lock = threading.Lock()

    def handler(request: v1.GetOrderRequest, context: grpc.ServicerContext) -> v1.GetOrderResponse:
        with lock:
            calls.append(request.order)
            count = calls.count(request.order)
        if request.order == "later" and count < 3:
            refuse(context, grpc.StatusCode.UNAVAILABLE, "DRAINING")
        if request.order == "never":
            refuse(context, grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
        return v1.GetOrderResponse()

    retry = RetryPolicy(attempts=5, first_delay_s=0.001, max_delay_s=0.002)
    with serving(handler) as target, Client(target, channel(), retry=retry) as client:
        client.get_order(v1.GetOrderRequest(order="later"))
        with pytest.raises(RemoteError):
            client.get_order(v1.GetOrderRequest(order="never"))
    assert calls == ["later", "later", "later", "never"]


def test_a_deadline_is_told_with_what_to_do() -> None:
    """After a deadline nobody knows whether the request was carried out; the error says to repeat its id."""
    ended = threading.Event()

    def handler(_request: v1.GetOrderRequest, _context: grpc.ServicerContext) -> v1.GetOrderResponse:
        ended.wait(10)
        return v1.GetOrderResponse()

    with serving(handler) as target, Client(target, channel()) as client:
        with pytest.raises(RemoteError) as late:
            client.get_order(v1.GetOrderRequest(), timeout_s=0.2)
        ended.set()
    assert late.value.code == "DEADLINE_EXCEEDED"
    assert "same request id" in late.value.message


def test_a_server_under_another_root_is_not_believed() -> None:
    """A server whose certificate is not under the pinned roots of the broker gets nothing to see."""
    impostor = Identity.create("b.example.org", roles=("broker",), hosts=("127.0.0.1",), now=NOW)

    def handler(_request: v1.GetOrderRequest, _context: grpc.ServicerContext) -> v1.GetOrderResponse:
        return v1.GetOrderResponse()

    with (
        serving(handler) as target,
        Client(target, channel(impostor), retry=RetryPolicy(attempts=1)) as client,
        pytest.raises(RemoteError) as refused,
    ):
        client.get_order(v1.GetOrderRequest())
    assert refused.value.code == "UNAVAILABLE"
    assert "not under the TLS roots pinned for this broker" in refused.value.message
    assert RetryPolicy().delay_s(refused.value, 1) is None, "it stays so"


def test_pauses_double_up_to_the_bound() -> None:
    """The longest pause doubles with each failure, is bounded, and ends with the attempts."""
    policy = RetryPolicy(attempts=5, first_delay_s=1.0, max_delay_s=3.0)
    gone = RemoteError("UNAVAILABLE", "gone", code="UNAVAILABLE")
    for attempt, longest in ((1, 1.0), (2, 2.0), (3, 3.0), (4, 3.0)):
        pauses = [policy.delay_s(gone, attempt) for _ in range(50)]
        assert all(pause is not None and 0 <= pause <= longest for pause in pauses)
    assert policy.delay_s(gone, 5) is None
    assert policy.delay_s(RemoteError("NOT_FOUND", "no", code="NOT_FOUND"), 1) is None
