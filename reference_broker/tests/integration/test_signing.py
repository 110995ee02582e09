"""Signing: at once by keys in memory, in a thread of its own by those in a token."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import orjson
import pytest

from crex import v1
from crex.documents.times import format_time
from crex.documents.types import DocumentType
from crex.errors import CrexError
from crex.trust.envelope import record_id
from crex.trust.identity import Identity
from crex_broker.application.context import Context
from crex_broker.application.get_receipt import GetReceipt
from crex_broker.application.live_identity import LiveIdentity
from crex_broker.application.market import market_cases
from crex_broker.application.receipts import with_receipts
from crex_broker.application.signing import sign
from reference_broker.tests.documents import stock
from reference_broker.tests.exchange import BROKER, CONSUMER, NOW, Exchange, caller, signer

RECEIPT = DocumentType.of(v1.Receipt)
_PATIENCE_S = 20.0


def body(number: int = 0) -> bytes:
    """A receipt of the broker."""
    header = {
        "id": f"crex://{BROKER}/receipt/{number}",
        "revision": "1",
        "issuer": BROKER,
        "issuedAt": format_time(NOW),
    }
    leaf = "A" * 43 + "="
    return orjson.dumps(
        {
            "header": header,
            "log": f"{BROKER}/log",
            "documentSha256": "0" * 64,
            "leaf": leaf,
            "index": str(number),
            "mergeBy": format_time(NOW),
        }
    )


class Token:
    """An identity whose keys lie in a token that signs only once it is let."""

    signs_in_memory = False

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self.let = threading.Event()
        self.threads: list[str] = []
        self.signed: list[bytes] = []

    @property
    def authority(self) -> str:
        """The broker's authority."""
        return self._identity.authority

    @property
    def trust_document(self) -> v1.Envelope:
        """The broker's trust document."""
        return self._identity.trust_document

    def sign_body(self, body: bytes, doctype: DocumentType, /) -> v1.Envelope:
        """Signs."""
        self.threads.append(threading.current_thread().name)
        if not self.let.wait(_PATIENCE_S):
            raise CrexError("IDENTITY", "The event loop waits for the token.")
        self.signed.append(body)
        return self._identity.sign_body(body, doctype)


class Away(Token):
    """A token that was pulled."""

    def sign_body(self, body: bytes, doctype: DocumentType, /) -> v1.Envelope:
        """Refuses, once it signed the receipt of a hold."""
        if doctype.token == "hold-receipt":
            return super().sign_body(body, doctype)
        raise CrexError("IDENTITY", "Put the token in.")


async def held(exchange: Exchange, token: Token) -> tuple[v1.CreateHoldResponse, Context]:
    """Holds at a broker that promises its log, and signs by a token."""
    goods = await stock(exchange)
    published: Any = object()  # nobody asks it for a checkpoint here
    context = replace(exchange.context, signer=token, log=published)
    hold = with_receipts(context, market_cases(context))["/crex.v1.MarketService/CreateHold"]
    request = v1.CreateHoldRequest(
        request_id="hold-request",
        items=[goods.item(1)],
        interval=exchange.interval(exchange.at(), exchange.at(hours=1)),
    )
    response: Any = await hold(caller(CONSUMER), request)
    return response, context


async def test_the_loop_goes_on_while_a_token_signs() -> None:
    """What lets the token sign comes from the loop, which is free meanwhile; and order is kept."""
    token = Token(signer(BROKER))
    bodies = [body(number) for number in range(5)]
    signing = [asyncio.create_task(sign(token, one, RECEIPT)) for one in bodies]
    await asyncio.sleep(0)  # all have begun
    assert not any(task.done() for task in signing)
    token.let.set()
    envelopes = await asyncio.gather(*signing)
    assert [envelope.payload for envelope in envelopes] == token.signed == bodies
    assert len(set(token.threads)) == 1
    assert token.threads[0] != threading.current_thread().name


async def test_a_key_in_memory_signs_at_once() -> None:
    """No thread and no turn of the loop lies between: a task that is only begun is done."""
    live = LiveIdentity(signer(BROKER))
    assert live.signs_in_memory
    coroutine = sign(live, body(), RECEIPT)
    with pytest.raises(StopIteration) as done:
        coroutine.send(None)
    assert done.value.value == signer(BROKER).sign_body(body(), RECEIPT)


async def test_a_token_that_is_away_refuses_as_it_would_at_once() -> None:
    """What the token says comes through the thread as it is."""
    with pytest.raises(CrexError, match="Put the token in"):
        await sign(Away(signer(BROKER)), body(), RECEIPT)


async def test_holds_and_receipts_are_signed_by_the_tokens_thread(exchange: Exchange) -> None:
    """RECEIPT-LOG-1: the hold, its receipt, and the same receipt asked for later: none on the event loop."""
    token = Token(signer(BROKER))
    token.let.set()
    response, context = await held(exchange, token)
    (receipt,) = response.receipts
    record = record_id(response.hold_receipt)
    again = await GetReceipt(context)(caller(CONSUMER), v1.GetReceiptRequest(document_sha256=record))
    assert list(again.receipts) == [receipt]
    assert len(token.threads) == 3
    assert threading.current_thread().name not in token.threads


async def test_what_is_done_is_answered_where_the_token_is_away_for_the_receipt(exchange: Exchange) -> None:
    """RECEIPT-LOG-1: the hold stands, and its receipt is to be had once the token is back."""
    token = Away(signer(BROKER))
    token.let.set()
    response, context = await held(exchange, token)
    assert response.order.state
    assert list(response.receipts) == []
    record = record_id(response.hold_receipt)
    back = replace(context, signer=signer(BROKER))
    found = await GetReceipt(back)(caller(CONSUMER), v1.GetReceiptRequest(document_sha256=record))
    assert len(found.receipts) == 1
