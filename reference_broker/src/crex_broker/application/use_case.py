"""The shape of a use case and of a family of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from crex_broker.application.caller import Caller
from crex_broker.application.context import Context

# One method of the contract: takes who calls and the request, gives the response or raises `CrexError`.
UnaryUseCase = Callable[[Caller, Any], Awaitable[Message]]
# The use cases of one service, by the method's path.
Family = Callable[[Context], Mapping[str, UnaryUseCase]]
