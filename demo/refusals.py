"""The unhappy path, shown: each attempt must be refused, and for its own reason, or the demo fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration

from crex import v1
from crex.documents.convert import to_timestamp
from crex.errors import CrexError
from crex.trust.verify import open_envelope
from demo.goods import Goods
from demo.party import Party, request_id
from demo.sale import Bought, Found, order_document
from demo.story import DemoFailed, Step, Story

_INTERVAL: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One attempt, and why it was refused."""

    attempt: str
    reason: str
    message: str


def refuse_all(story: Story, consumer: Party, goods: Goods, found: Found, bought: Bought) -> list[Refusal]:
    """Tries what must not succeed; gives what was said."""
    refusals: list[Refusal] = []

    @contextmanager
    def refused(attempt: str, reason: str) -> Iterator[Step]:
        with story.step(attempt) as step:
            try:
                yield step
            except CrexError as error:
                if error.reason != reason:
                    raise DemoFailed(f"refused with {error.reason}, not {reason}: {error.message}") from error
                refusals.append(Refusal(attempt, error.reason, error.message))
                step.say(f"refused, {error.reason}")
                step.add(error.message)
                return
            raise DemoFailed(f"it was accepted; it must be refused with {reason}")

    with refused("one byte of the signed order is flipped", "SIGNATURE"):
        _open_flipped(consumer, bought.request.envelope)
    with refused("the signed order is sent again under another request id", "REPLAY"):
        _again(consumer, bought)
    with refused("a hold is committed after it expired", "HOLD_EXPIRED"):
        _commit_late(consumer, found)
    with refused(f"{goods.units + 1} cores are wanted where there are {goods.units}", "CAPACITY_EXHAUSTED"):
        _hold(consumer, found, quantity=goods.units + 1, ttl_s=30)
    return refusals


def _open_flipped(consumer: Party, envelope: v1.Envelope) -> None:
    flipped = v1.Envelope()
    flipped.CopyFrom(envelope)
    body = bytearray(flipped.payload)
    place = body.index(b'"quantity":"1"') + len(b'"quantity":"')
    body[place] ^= 0b11  # "1" becomes "2": still strict JSON, still the schema, another order
    flipped.payload = bytes(body)
    open_envelope(flipped, v1.OrderDocument, consumer.trust, now=consumer.now())


def _again(consumer: Party, bought: Bought) -> None:
    again = v1.CommitOrderRequest()
    again.CopyFrom(bought.request)
    again.request_id = request_id()
    consumer.client.commit_order(again)


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
