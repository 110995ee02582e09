"""The gRPC server: every service of the contract, health and reflection, over mutual TLS and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import grpc
import grpc.aio
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from crex import v1
from crex.errors import CrexError
from crex.trust.certificates import TlsCredential
from crex_broker.application.caller import Caller
from crex_broker.rpc.pipeline import Pipeline, UnaryUseCase
from crex_broker.rpc.roles import METHOD_ROLES

# 10,000 usage records of 8 KiB do not fit, nor need they: a batch that large is split.
_MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.max_concurrent_streams", 1024),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Not `min_recv_ping_…`, which gRPC ignores without a word.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    # Two brokers on one port would share its connections by chance.
    ("grpc.so_reuseport", 0),
)
CONNECT: Final = "/crex.v1.ProviderAgentService/Connect"


class Serves(Protocol):
    """The broker behind the server."""

    unary: Mapping[str, UnaryUseCase]

    def connect(
        self, caller: Caller, requests: AsyncIterator[v1.ConnectRequest]
    ) -> AsyncGenerator[v1.ConnectResponse, None]:
        """Serves one stream of a provider's agent."""
        ...


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen.

    Attributes:
        host: Address or name.
        port: Port; 0 for a free one.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Tls:
    """What the server presents, and under which roots it lets peers shake hands.

    Attributes:
        credential: Gives the broker's certificate and key as they stand.
        peer_roots_pem: Gives the roots of every enrolled party. Both are read anew at each handshake, and
            called from a thread of the gRPC library.
    """

    credential: Callable[[], TlsCredential]
    peer_roots_pem: Callable[[], bytes]


class RpcServer:
    """Serves one broker at one address."""

    def __init__(self, broker: Serves, pipeline: Pipeline, tls: Tls) -> None:
        self._pipeline = pipeline
        self._server = grpc.aio.server(options=_OPTIONS)
        self._health = health.aio.HealthServicer()
        self._mutual = _credentials(tls, mutual=True)
        self._one_sided = _credentials(tls, mutual=False)
        services = list(_services())
        for service in services:
            handlers = {method.name: _handler(method, broker, pipeline) for method in service.methods}
            generic = grpc.method_handlers_generic_handler(service.full_name, handlers)
            self._server.add_generic_rpc_handlers((generic,))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._names = [service.full_name for service in services]
        reflection.enable_server_reflection(
            (*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server
        )
        self._server.add_generic_rpc_handlers((_Unknown(pipeline),))

    async def start(self, address: Address, tokens: Address | None = None) -> tuple[int, int]:
        """Listens and serves.

        Args:
            address: Where to listen for callers who present a certificate.
            tokens: Where to listen for those whose TLS ends at a proxy. None: nowhere.

        Returns:
            The ports; 0 for one that is not.

        Raises:
            CrexError: LIMIT, where the address cannot be listened at.
        """
        bound = self._listen(address, self._mutual)
        proxied = 0 if tokens is None else self._listen(tokens, self._one_sided)
        await self._server.start()
        await self._tell_health(health_pb2.HealthCheckResponse.SERVING)
        return bound, proxied

    def _listen(self, address: Address, credentials: grpc.ServerCredentials) -> int:
        try:
            return int(self._server.add_secure_port(str(address), credentials))
        except RuntimeError as error:
            raise CrexError(
                "LIMIT",
                f"Cannot listen at {address}: another program uses the port, or the address is not this "
                "machine's. Choose another (`--port` of dev, `listen` and `listen_tokens` in the "
                "configuration of serve), or stop the other program.",
            ) from error

    async def stop(self, grace_s: float) -> None:
        """Drains: health says NOT_SERVING, no new mutation begins, calls under way may end in the grace."""
        until = time.monotonic() + grace_s
        self._pipeline.drain()
        await self._tell_health(health_pb2.HealthCheckResponse.NOT_SERVING)
        # gRPC's own stop turns new calls away without a reason, so the broker listens until its work is done.
        await self._pipeline.ended(grace_s)
        await self._server.stop(max(0.0, until - time.monotonic()))

    async def _tell_health(self, status: Any) -> None:
        for name in ("", *self._names):
            await self._health.set(name, status)


class _Unknown(grpc.GenericRpcHandler):
    """Answers methods of no known service like those that are not served, reason and all (ERROR-REASON-1)."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        """Gives the handler that refuses."""
        return grpc.unary_unary_rpc_method_handler(self._pipeline.unsupported(handler_call_details.method))


def _services() -> Iterable[ServiceDescriptor]:
    names = {method.split("/")[1] for method in METHOD_ROLES}
    _ = (
        v1.ConnectRequest,
        v1.EnrolRequest,
        v1.AppendUsageRequest,
        v1.SearchOffersRequest,
    )  # registers the files
    _ = v1.GetLeaseRequest, v1.CreateHoldRequest, v1.IssueTokenRequest, v1.GetCheckpointRequest
    return [descriptor_pool.Default().FindServiceByName(name) for name in sorted(names)]


def _handler(method: MethodDescriptor, broker: Serves, pipeline: Pipeline) -> grpc.RpcMethodHandler[Any, Any]:
    path = f"/{method.containing_service.full_name}/{method.name}"
    request = message_factory.GetMessageClass(method.input_type)
    response = message_factory.GetMessageClass(method.output_type)
    # Requests stay bytes: the pipeline decodes them, once it knows the caller.
    codec: dict[str, Any] = {"response_serializer": response.SerializeToString}
    if path == CONNECT:
        return grpc.stream_stream_rpc_method_handler(pipeline.stream(path, broker.connect, request), **codec)
    use_case = broker.unary.get(path)
    if use_case is None:
        return grpc.unary_unary_rpc_method_handler(pipeline.unsupported(path))
    read_only = method.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS
    handler = pipeline.unary(path, use_case, request, read_only=read_only)
    return grpc.unary_unary_rpc_method_handler(handler, **codec)


def _credentials(tls: Tls, *, mutual: bool) -> grpc.ServerCredentials:
    """Makes credentials that follow the broker's certificate and, where mutual, the roots of its peers."""

    def current() -> tuple[TlsCredential, bytes]:
        return tls.credential(), tls.peer_roots_pem() if mutual else b""

    shaken_under = current()
    lock = threading.Lock()

    def configuration(credential: TlsCredential, roots: bytes) -> Any:
        pair = (credential.key_pem, credential.chain_pem)
        return grpc.ssl_server_certificate_configuration([pair], root_certificates=roots or None)

    def if_changed() -> Any | None:
        # Nothing means "as before". A new configuration replaces what handshakes under way are using: where
        # one is given at every handshake, many at once fail, or end the process inside the library.
        nonlocal shaken_under
        now = current()
        with lock:
            if now == shaken_under:
                return None
            shaken_under = now
        return configuration(*now)

    return grpc.dynamic_ssl_server_credentials(
        configuration(*shaken_under),
        if_changed,  # type: ignore[arg-type]  # the stub forgets that None is allowed
        require_client_authentication=mutual,
    )
