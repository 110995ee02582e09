"""The asynchronous client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from crex import v1
from crex.client._async_calls import AsyncCalls
from crex.client._channel import CHANNEL_OPTIONS
from crex.client._errors import remote_error
from crex.client._retry import RetryPolicy

ResponseT = TypeVar("ResponseT", bound=Message)


class AsyncClient(AsyncCalls):
    """A client of one broker on asyncio: one coroutine per unary method, and the agent's stream.

    The channel is always mutual TLS. Calls that found no server are made again by the retry policy.
    """

    def __init__(
        self,
        target: str,
        credentials: grpc.ChannelCredentials,
        *,
        timeout_s: float = 30.0,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Makes a client; nothing is sent before the first call.

        Args:
            target: Address of the broker, `host:port`.
            credentials: From `crex.client.credentials`.
            timeout_s: Time in seconds that a call may take, unless the call says otherwise.
            retry: When failed calls are made again.
        """
        self.target = target
        self._timeout_s = timeout_s
        self._retry = retry or RetryPolicy()
        self._channel = grpc.aio.secure_channel(target, credentials, options=CHANNEL_OPTIONS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the channel; calls under way are cancelled."""
        await self._channel.close()

    async def connect_agent(
        self, requests: AsyncIterator[v1.ConnectRequest]
    ) -> AsyncIterator[v1.ConnectResponse]:
        """Opens the provider agent's stream (agent.md). Not repeated here: the agent runtime connects again.

        Raises:
            RemoteError: The broker refused the stream, ended it with an error, or could not be reached.
        """
        method = "/crex.v1.ProviderAgentService/Connect"
        stream = self._channel.stream_stream(
            method,
            request_serializer=v1.ConnectRequest.SerializeToString,
            response_deserializer=v1.ConnectResponse.FromString,
        )
        try:
            async for response in stream(requests):
                yield response
        except grpc.aio.AioRpcError as error:
            raise remote_error(error, self.target, method) from None

    async def _call(
        self, method: str, request: Message, response: type[ResponseT], timeout_s: float | None
    ) -> ResponseT:
        call = self._channel.unary_unary(
            method,
            request_serializer=type(request).SerializeToString,
            response_deserializer=response.FromString,
        )
        attempt = 0
        while True:
            attempt += 1
            try:
                return await call(request, timeout=timeout_s or self._timeout_s)
            except grpc.aio.AioRpcError as error:
                failure = remote_error(error, self.target, method)
            pause_s = self._retry.delay_s(failure, attempt)
            if pause_s is None:
                raise failure
            await asyncio.sleep(pause_s)
