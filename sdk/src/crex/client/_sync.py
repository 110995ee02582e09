"""The blocking client: the same methods, generated from the same contract."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self, TypeVar, cast

import grpc
from google.protobuf.message import Message

from crex.client._channel import CHANNEL_OPTIONS
from crex.client._errors import FailedCall, remote_error
from crex.client._retry import RetryPolicy
from crex.client._sync_calls import Calls

ResponseT = TypeVar("ResponseT", bound=Message)


class Client(Calls):
    """A client of one broker that blocks: one method per unary method. Safe to share between threads.

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
        self._channel = grpc.secure_channel(target, credentials, options=CHANNEL_OPTIONS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the channel; calls under way are cancelled."""
        self._channel.close()

    def _call(
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
                return call(request, timeout=timeout_s or self._timeout_s)
            except grpc.RpcError as error:
                failure = remote_error(cast("FailedCall", error), self.target, method)
            pause_s = self._retry.delay_s(failure, attempt)
            if pause_s is None:
                raise failure
            time.sleep(pause_s)
