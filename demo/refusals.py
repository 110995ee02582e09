"""The unhappy path, shown: each attempt must be refused, and for its own reason, or the demo fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration

from crex import v1
from crex.documents.convert import to_timestamp
from crex.errors import CrexError
from crex.trust.envelope import read_parts, sign_bytes
from crex.trust.log_proof import check_proof
from crex.trust.verify import open_envelope
from demo.goods import Goods
from demo.logged import Logged
from demo.party import Party, request_id
from demo.sale import Bought, Found, order_document
from demo.story import DemoFailed, Story

_SDK: Final = "the SDK"
_BROKER: Final = "the broker"
_INTERVAL: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One attempt, who refused it, and why.

    Attributes:
        attempt: What was tried.
        by: Who refused it: the reader's own SDK, or the broker.
        reason: The reason, an `ErrorReason` without its prefix.
        message: What was said.
    """

    attempt: str
    by: str
    reason: str
    message: str


class Attempts:
    """Tries what must not succeed, each in a step of the story.

    Attributes:
        refusals: What was refused so far.
    """

    def __init__(self, story: Story) -> None:
        self.refusals: list[Refusal] = []
        self._story = story

    def refused(self, attempt: str, reason: str, act: Callable[[], object], *, by: str = _BROKER) -> None:
        """Tries something.

        Raises:
            DemoFailed: It was accepted, or refused for another reason than its own.
        """
        with self._story.step(attempt) as step:
            try:
                act()
            except CrexError as error:
                if error.reason != reason:
                    raise DemoFailed(
                        f"{by} refused it with {error.reason}, not with {reason}: {error.message}"
                    ) from error
                self.refusals.append(Refusal(attempt, by, error.reason, error.message))
                step.say(f"{by} refuses, {error.reason}")
                step.add(error.message)
                return
            raise DemoFailed(f"{by} accepted it; it must be refused with {reason}")


def refuse_all(
    story: Story,
    consumer: Party,
    stranger: Party,
    goods: Goods,
    found: Found,
    bought: Bought,
    proven: Sequence[Logged],
) -> list[Refusal]:
    """Tries what must not succeed; gives what was said."""
    attempts = Attempts(story)
    order, name = bought.request.envelope, bought.request.order

    def send(envelope: v1.Envelope) -> None:
        request = v1.CommitOrderRequest(request_id=request_id(), order=name, envelope=envelope)
        consumer.client.commit_order(request)

    def read() -> None:
        open_envelope(flipped(order), v1.OrderDocument, consumer.trust, now=consumer.now())

    attempts.refused("one byte of the signed order is flipped, and it is read", "SIGNATURE", read, by=_SDK)
    attempts.refused("and it is sent", "SIGNATURE", lambda: send(flipped(order)))
    attempts.refused(
        "the proof of another document is shown for the order",
        "INCLUSION",
        lambda: swapped(proven, order, consumer),
        by=_SDK,
    )
    attempts.refused(
        "another document of this sale is sent as the order", "TYPE", lambda: send(bought.hold.envelope)
    )
    attempts.refused(
        "the order is signed with another party's key", "KEY_USE", lambda: send(forged(bought, stranger))
    )
    attempts.refused(
        "another party asks for the lease",
        "NOT_FOUND",
        lambda: stranger.client.get_lease(v1.GetLeaseRequest(lease=bought.lease)),
    )
    attempts.refused("the signed order is sent again under another request id", "REPLAY", lambda: send(order))
    attempts.refused(
        "a hold is committed after it expired", "HOLD_EXPIRED", lambda: _commit_late(consumer, found)
    )
    attempts.refused(
        f"{goods.units + 1} cores are wanted where there are {goods.units}",
        "CAPACITY_EXHAUSTED",
        lambda: _hold(consumer, found, quantity=goods.units + 1, ttl_s=30),
    )
    return attempts.refusals


def flipped(envelope: v1.Envelope) -> v1.Envelope:
    """Gives a signed order with one byte altered: still strict JSON, still the schema, another order."""
    altered = v1.Envelope()
    altered.CopyFrom(envelope)
    body = bytearray(altered.payload)
    place = body.index(b'"quantity":"1"') + len(b'"quantity":"')
    body[place] ^= 0b11  # "1" becomes "2"
    altered.payload = bytes(body)
    return altered


def swapped(proven: Sequence[Logged], order: v1.Envelope, consumer: Party) -> None:
    """Takes the proof of a document that is not the order for one of the order."""
    parts = read_parts(order)
    other = next(one for one in proven if one.parts.body != parts.body and not one.proof.HasField("salt"))
    check_proof(parts, other.proof, consumer.trust, None)


def forged(bought: Bought, stranger: Party) -> v1.Envelope:
    """Gives the consumer's very order, signed with the keys of someone else."""
    return sign_bytes(
        bought.request.envelope.payload_type, bought.order.body, stranger.identity.signing.values()
    )


def _commit_late(consumer: Party, found: Found) -> None:
    envelope = _hold(consumer, found, quantity=1, ttl_s=1)
    hold = open_envelope(envelope, v1.HoldReceipt, consumer.trust, now=consumer.now())
    document, nonce = order_document(consumer, hold), request_id()
    document.nonce = nonce
    expires = hold.message.expire_time.ToMilliseconds() / 1000
    _wait(lambda: consumer.now().timestamp() > expires)
    signed = consumer.identity.sign_document(document)
    consumer.client.commit_order(
        v1.CommitOrderRequest(request_id=nonce, order=hold.message.order, envelope=signed)
    )


def _hold(consumer: Party, found: Found, *, quantity: int, ttl_s: int) -> v1.Envelope:
    now = consumer.now()
    item = v1.HoldRequestItem(
        offer_id=found.offer.offer_id, offer_sha256=found.offer.sha256, quantity=quantity
    )
    request = v1.CreateHoldRequest(
        request_id=request_id(),
        items=[item],
        interval=v1.Interval(start=to_timestamp(now), end=to_timestamp(now + _INTERVAL)),
        ttl=Duration(seconds=ttl_s),
    )
    return consumer.client.create_hold(request).hold_receipt


def _wait(until: Callable[[], bool]) -> None:
    while not until():
        time.sleep(0.05)
