"""What makes two requests the same, and how the second gets the first one's result (IDEMPOTENCY-*)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from crex import v1
from crex.errors import CrexError
from crex_broker.application.caller import Caller
from crex_broker.application.ports.requests import Mutation, Remembered, RequestStore

T = TypeVar("T")

_ENVELOPE: Final = v1.Envelope.DESCRIPTOR.full_name


def mutation_of(caller: Caller, method: str, request: Any) -> Mutation:
    """Gives the identity of a request that changes something.

    Args:
        caller: Who calls.
        method: Name of the method, such as `MarketService.CreateHold`.
        request: The request; it has a `request_id`.
    """
    return Mutation(caller.authority, method, request.request_id, body_hash(request))


def body_hash(request: Message) -> bytes:
    """Gives SHA-256 over a request's meaning: its fields and payloads, not its identifier, not signatures.

    A document that is signed again says the same; some algorithms never make the same signature twice
    (IDEMPOTENCY-BODY-1).
    """
    meaning = type(request)()
    meaning.CopyFrom(request)
    meaning.ClearField("request_id")
    for field, value in meaning.ListFields():
        if field.message_type is None or field.message_type.full_name != _ENVELOPE:
            continue
        for envelope in value if field.is_repeated else (value,):
            envelope.ClearField("signatures")
    return sha256(meaning.SerializeToString(deterministic=True)).digest()


async def answered(
    requests: RequestStore, mutation: Mutation, kind: type[T], work: Callable[[], Awaitable[Remembered[T]]]
) -> Remembered[T]:
    """Does `work`; where that is refused, the result of the same request's first time still counts.

    What was accepted once may be refused today: keys end, offers change, a disk fills. A caller that lost the
    answer and asks again must get it all the same (IDEMPOTENCY-REPLAY-1). Looking it up only after a refusal
    keeps the common path free of it.

    Raises:
        CrexError: What `work` raised, or REQUEST_ID_REUSED.
    """
    try:
        return await work()
    except CrexError as refusal:
        if refusal.reason == "REQUEST_ID_REUSED":
            raise
        outcome = await requests.recall(mutation, kind)
        if outcome is None:
            raise
        return Remembered(outcome, replayed=True)
