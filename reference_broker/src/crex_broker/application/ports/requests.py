"""Requests that change something, and how their results are remembered (IDEMPOTENCY-*)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mutation:
    """Identifies one request that changes something.

    Attributes:
        party: Authority of the caller.
        method: Full name of the method, such as `crex.v1.MarketService.CreateHold`.
        request_id: The caller's identifier; unique per party and method (IDEMPOTENCY-SCOPE-1).
        body_hash: SHA-256 over the request's meaning (IDEMPOTENCY-BODY-1).
    """

    party: str
    method: str
    request_id: str
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Remembered(Generic[T]):
    """What a mutation came to.

    Every port method that takes a `Mutation` returns this. It looks the request up first: found with the same
    body, it gives the outcome of the first time; found with another, it raises REQUEST_ID_REUSED. Only what
    is committed is remembered: a refusal leaves nothing behind.

    Attributes:
        outcome: The outcome; of a repeated request exactly that of the first.
        replayed: Whether it is the outcome of an earlier call.
    """

    outcome: T
    replayed: bool


class RequestStore(Protocol):
    """Requests that were answered before."""

    async def recall(self, mutation: Mutation, kind: type[T]) -> T | None:
        """Gives the outcome of a request that was done before; nothing if it was not.

        Args:
            mutation: The request.
            kind: Type of its outcome.

        Raises:
            CrexError: REQUEST_ID_REUSED.
        """
        ...
