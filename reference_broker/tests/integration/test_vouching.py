"""What vouches for stored offers, and what becomes of them when it falls."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio
from google.protobuf.message import Message

from crex import v1
from crex.documents import convert, strict
from crex.documents.types import DocumentType
from crex.trust.authoring import own_record
from crex.trust.certificates import CertificateAuthority
from crex.trust.envelope import sign
from crex.trust.keys import LocalSigningKey
from crex.trust.status_book import StatusListBuilder
from crex.trust.trust_draft import TrustDraft, sign_draft
from reference_broker.tests.documents import Goods, node_class, offer, price_plan, site, stock
from reference_broker.tests.exchange import (
    BROKER,
    CONSUMER,
    OTHER,
    PROVIDER,
    Exchange,
    ManualClock,
    identity,
    pin,
    signer,
)
from reference_broker.tests.trade import Trade
from reference_broker.tests.vouching import Vouched, opened_trade, refused, send, signing_keyid, status_list

ROOT = Path(__file__).resolve().parents[3]
LIST = f"crex://{PROVIDER}/status-list/a"
OFFER = f"crex://{PROVIDER}/offer/nodes"


@pytest_asyncio.fixture
async def trade(tmp_path: Path) -> AsyncIterator[Trade]:
    """A market with timers, an attester pinned, and goods on sale."""
    opened = await opened_trade(tmp_path / "broker.db")
    yield opened
    opened.close()


async def searched(exchange: Exchange) -> list[str]:
    """Names of the offers that a search finds."""
    found = await exchange.call(
        "DiscoveryService/SearchOffers", v1.SearchOffersRequest(demand=demand(exchange)), CONSUMER
    )
    return [candidate.offer_id for candidate in found.candidates]


def demand(exchange: Exchange) -> v1.Demand:
    """A demand that the goods meet."""
    return v1.Demand(count=1, interval=exchange.interval(exchange.at(hours=1), exchange.at(hours=2)))


async def hold(exchange: Exchange, goods: Goods) -> Any:
    """Holds one unit."""
    request = v1.CreateHoldRequest(
        request_id=exchange.request_id(),
        items=[goods.item()],
        interval=exchange.interval(exchange.at(hours=1), exchange.at(hours=2)),
    )
    return await exchange.call("MarketService/CreateHold", request, CONSUMER)


async def listed(exchange: Exchange, by: str = PROVIDER, size: int = 0) -> list[v1.OfferRecord]:
    """The offers of the provider, as somebody sees them."""
    request, found = v1.ListOffersRequest(provider=PROVIDER, page_size=size), []
    while True:
        page = await exchange.call("DiscoveryService/ListOffers", request, by)
        found += page.offers
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


async def void(trade: Trade, reason: str) -> None:
    """Expects the offer to be off sale, and to say why."""
    assert await searched(trade) == []
    assert await listed(trade, CONSUMER) == []
    (record,) = await listed(trade)
    assert (record.state, record.void_reason.partition(":")[0]) == (v1.OfferState.OFFER_STATE_EXPIRED, reason)
    told = await refused(hold(trade, await trade.goods()), "REVOKED" if reason == "REVOKED" else "EXPIRED")
    assert reason in str(told)


async def stands(trade: Trade) -> None:
    """Expects the offer to be on sale."""
    assert await searched(trade) == [OFFER]
    (record,) = await listed(trade)
    assert (record.state, record.void_reason) == (v1.OfferState.OFFER_STATE_PUBLISHED, "")
    await hold(trade, await trade.goods())


# --- trust documents ---


async def test_a_party_publishes_its_next_trust_document(trade: Trade) -> None:
    """PUBLISH-TRUST-1: N+1 is judged by N; it is shown by name, and the enrolment says its revision."""
    vouched = Vouched(trade, CONSUMER)
    envelope = await vouched.publish()
    assert trade.context.trust.current(CONSUMER) is not None
    parties = {party.authority: party for party in await trade.store.parties.parties()}
    assert parties[CONSUMER].trust_revision == 2
    shown = await trade.call(
        "DiscoveryService/GetDocument",
        v1.GetDocumentRequest(ref=f"crex://{CONSUMER}/trust/main"),
        PROVIDER,
    )
    assert shown.envelope == envelope


async def test_the_same_trust_document_again_changes_nothing(trade: Trade) -> None:
    """MARKET-PUBLISH-1: publishing again is no rollback; the same request gives the first result."""
    vouched = Vouched(trade, CONSUMER)
    envelope = vouched.next()
    first = await send(trade, envelope, CONSUMER, request_id="request-same-1")
    assert (await send(trade, envelope, CONSUMER, request_id="request-same-1")).replayed
    again = await send(trade, envelope, CONSUMER)
    assert (again.sha256, again.replayed) == (first.sha256, False)


async def test_an_older_trust_document_and_other_bytes_are_refused(trade: Trade) -> None:
    """PUBLISH-TRUST-1: an older revision, other bytes of the pinned one, and a revision too far ahead."""
    vouched = Vouched(trade, CONSUMER)
    ahead = Vouched(trade, CONSUMER)
    ahead.record = own_record(signer(CONSUMER).trust_document, ahead.next())
    await refused(send(trade, ahead.next(), CONSUMER), "TRUST_STALE")
    other = vouched.next(days=20)
    await vouched.publish()
    await refused(send(trade, other, CONSUMER), "TRUST_ROLLBACK")
    await refused(send(trade, signer(CONSUMER).trust_document, CONSUMER), "TRUST_ROLLBACK")


async def test_the_roots_before_must_sign(trade: Trade) -> None:
    """PUBLISH-TRUST-1: a revision that only a new root signed is not the party's word."""
    stranger = identity("stranger.example", "consumer").root
    assert stranger is not None
    now = trade.clock.now()
    draft = TrustDraft.after(signer(CONSUMER).trust, now=now, valid_until=now + timedelta(days=1))
    draft.add_root(stranger.public_key, begins=now)
    await refused(send(trade, sign_draft(draft.body(), [stranger]), CONSUMER), "THRESHOLD")


async def test_anothers_trust_document_is_refused(trade: Trade) -> None:
    """PUBLISH-TRUST-1: a party publishes its own; the broker's comes with its identity."""
    await refused(send(trade, Vouched(trade, OTHER).next(), CONSUMER), "ISSUER_MISMATCH")
    await refused(send(trade, signer(BROKER).trust_document, BROKER), "NOT_A_PARTY")


async def test_a_root_of_anothers_name_is_refused(trade: Trade) -> None:
    """CHANNEL-ROOTS-2: neither may a party that is enrolled take another's root name."""
    now = trade.clock.now()
    pem = CertificateAuthority.create(PROVIDER, now=now).pem
    vouched = Vouched(trade, CONSUMER)
    await refused(send(trade, vouched.next(lambda draft: draft.add_tls_root(pem)), CONSUMER), "CONFLICT")
    assert trade.context.trust.current(CONSUMER) == vouched.record


# --- keys ---


async def test_an_offer_accepted_before_the_revocation_stands(trade: Trade) -> None:
    """OFFER-VOID-1: the broker's own record proves that it had the offer before the key fell."""
    trade.clock.advance(minutes=5)
    await Vouched(trade, PROVIDER).revoke_signing_key(trade.clock.now())
    await stands(trade)


async def test_a_back_dated_revocation_voids_what_came_after_it(trade: Trade) -> None:
    """OFFER-VOID-1, OFFER-VOID-2: at once, with the reason; holds and leases that were made stand."""
    held = await hold(trade, await trade.goods())
    trade.clock.advance(minutes=5)
    await Vouched(trade, PROVIDER).revoke_signing_key(trade.clock.now() - timedelta(hours=1))
    await void(trade, "KEY_REVOKED")
    assert await trade.order_state(held.order.name) == "HELD"


async def test_a_void_offer_is_put_on_sale_again_by_a_higher_revision(trade: Trade) -> None:
    """OFFER-VOID-1: documents signed anew under a key that stands bring the offer back."""
    goods = await trade.goods()
    vouched = Vouched(trade, PROVIDER)
    trade.clock.advance(minutes=5)
    key = LocalSigningKey.generate()
    now = trade.clock.now()
    fallen = signing_keyid(vouched.identity)

    def rotate(draft: Any) -> None:
        use = sorted(vouched.record.keys[fallen].use)
        draft.add_key(key.public_key, use, begins=now)
        draft.revoke_key(fallen, now - timedelta(hours=1))

    await vouched.publish(rotate)
    await void(trade, "KEY_REVOKED")

    async def signed(document: Message) -> v1.Envelope:
        envelope = sign(document, DocumentType.of(type(document)), [key])
        await send(trade, envelope, PROVIDER)
        return envelope

    def revised(document: Message, revision: int) -> Message:
        document.header.revision = revision  # type: ignore[attr-defined]
        return document

    def new_offer(revision: int, goods: Goods, of: int) -> v1.Offer:
        node = pin(goods.resource, f"crex://{PROVIDER}/resource/node", of)
        plan = pin(goods.plan, f"crex://{PROVIDER}/plan/hourly", of)
        return offer(trade, node, plan, pool_id=goods.pool, revision=revision)

    # Of the offer alone it does not help: the node and the plan are still the fallen key's.
    goods.offer = await signed(new_offer(2, goods, 1))
    await void(trade, "KEY_REVOKED")
    await signed(revised(site(trade), 2))
    goods.resource = await signed(revised(node_class(trade), 2))
    goods.plan = await signed(revised(price_plan(trade), 2))
    goods.offer = await signed(new_offer(3, goods, 2))
    await stands(trade)


async def test_the_end_of_a_trust_document_voids_offers_by_time(trade: Trade) -> None:
    """OFFER-VOID-1: a timer takes an offer from sale when its provider's trust document ends."""
    await Vouched(trade, PROVIDER).publish(days=1 / 24)
    await stands(trade)
    trade.clock.advance(hours=1)
    await trade.tick()
    await void(trade, "TRUST_STALE")


async def test_a_provider_without_a_root_sells_nothing(trade: Trade) -> None:
    """OFFER-VOID-1: whose last TLS root is gone cannot answer for an offer."""
    vouched = Vouched(trade, PROVIDER)
    root = vouched.identity.tls_root
    assert root is not None
    await vouched.publish(lambda draft: draft.remove_tls_root(root.pem))
    await void(trade, "CERTIFICATE")


async def test_enrolling_anew_judges_too(trade: Trade) -> None:
    """OFFER-VOID-1: a trust document that the operator brings counts like one that the party publishes."""
    trade.clock.advance(minutes=5)
    vouched = Vouched(trade, PROVIDER)
    envelope = vouched.next(
        lambda draft: draft.revoke_key(
            signing_keyid(vouched.identity), trade.clock.now() - timedelta(hours=1)
        )
    )
    request = v1.EnrolRequest(
        request_id=trade.request_id(), trust_document=envelope, roles=["provider", "consumer"]
    )
    await trade.call("AdminService/Enrol", request, BROKER)
    await void(trade, "KEY_REVOKED")


async def test_void_offers_are_paged_before_those_on_sale(trade: Trade) -> None:
    """OFFER-VOID-2, MARKET-PAGE-2: each offer once, whatever the size of a page."""
    goods = await trade.goods()
    for at in range(4):
        await trade.publish(
            offer(
                trade,
                pin(goods.resource, f"crex://{PROVIDER}/resource/node"),
                pin(goods.plan, f"crex://{PROVIDER}/plan/hourly"),
                name=f"more-{at}",
            )
        )
    trade.clock.advance(minutes=5)
    vouched, key = Vouched(trade, PROVIDER), LocalSigningKey.generate()
    fallen, now = signing_keyid(vouched.identity), trade.clock.now()

    def rotate(draft: TrustDraft) -> None:
        draft.add_key(key.public_key, sorted(vouched.record.keys[fallen].use), begins=now)
        draft.revoke_key(fallen, now - timedelta(hours=1))

    await vouched.publish(rotate)
    for document in (site(trade), node_class(trade), price_plan(trade)):
        document.header.revision = 2
        await send(trade, sign(document, DocumentType.of(type(document)), [key]), PROVIDER)
        if isinstance(document, v1.ComputeResource):
            goods.resource = sign(document, DocumentType.of(type(document)), [key])
        if isinstance(document, v1.PricePlan):
            goods.plan = sign(document, DocumentType.of(type(document)), [key])
    again = offer(
        trade,
        pin(goods.resource, f"crex://{PROVIDER}/resource/node", 2),
        pin(goods.plan, f"crex://{PROVIDER}/plan/hourly", 2),
        name="more-1",
        revision=2,
    )
    await send(trade, sign(again, DocumentType.of(v1.Offer), [key]), PROVIDER)
    for size in (0, 1, 2, 3):
        found = await listed(trade, size=size)
        assert [one.id.rpartition("/")[2] for one in found] == [
            "more-0",
            "more-2",
            "more-3",
            "nodes",
            "more-1",
        ]
        assert [bool(one.void_reason) for one in found] == [True, True, True, True, False]
        assert [one.id.rpartition("/")[2] for one in await listed(trade, CONSUMER, size)] == ["more-1"]


async def test_others_offers_stand(trade: Trade) -> None:
    """OFFER-VOID-1: one party's keys are nothing to another's offers."""
    await stock(trade, authority=OTHER)
    trade.clock.advance(minutes=5)
    await Vouched(trade, PROVIDER).revoke_signing_key(trade.clock.now() - timedelta(hours=1))
    assert await searched(trade) == [f"crex://{OTHER}/offer/nodes"]


# --- status lists ---


def _revocable(trade: Trade, goods: Goods, status: v1.StatusReference, revision: int = 2) -> v1.Offer:
    """The next revision of the offer of some goods, which a status list can take back."""
    node = pin(goods.resource, f"crex://{PROVIDER}/resource/node")
    plan = pin(goods.plan, f"crex://{PROVIDER}/plan/hourly")
    new = offer(trade, node, plan, pool_id=goods.pool, revision=revision)
    new.header.status.CopyFrom(status)
    return new


async def _with_status(trade: Trade) -> tuple[StatusListBuilder, Goods]:
    """A provider with a status list, whose offer, in its second revision, can be taken back by it."""
    goods = await trade.goods()
    await Vouched(trade, PROVIDER).publish(lambda draft: draft.add_status_list(LIST))
    book = StatusListBuilder(LIST)
    place = book.allot()
    await send(trade, status_list(trade, book), PROVIDER)
    goods.offer = await trade.publish(_revocable(trade, goods, place))
    return book, goods


def _place(goods: Goods) -> int:
    return int(convert.to_message(strict.loads(goods.offer.payload), v1.Offer).header.status.index)


async def test_a_status_list_takes_an_offer_back(trade: Trade) -> None:
    """OFFER-VOID-1, PUBLISH-STATUS-1: the issuer's list revokes its offer, before the call returns."""
    book, goods = await _with_status(trade)
    await stands(trade)
    book.revoke(_place(goods), reason="withdrawn")
    await send(trade, status_list(trade, book), PROVIDER)
    await void(trade, "REVOKED")


async def test_a_revocation_in_the_future_takes_an_offer_back_by_time(trade: Trade) -> None:
    """OFFER-VOID-1, STATUS-TIME-1: what is given notice of holds until then, and a timer ends it."""
    book, goods = await _with_status(trade)
    book.revoke(_place(goods), since=trade.at(hours=1))
    await send(trade, status_list(trade, book), PROVIDER)
    await stands(trade)
    trade.clock.advance(hours=1)
    await trade.tick()
    await void(trade, "REVOKED")


async def test_an_offer_is_not_held_without_a_young_list(trade: Trade) -> None:
    """STATUS-CLOSED-1: once the list is too old, a hold is refused; a new list helps."""
    book, goods = await _with_status(trade)
    trade.clock.advance(hours=23, minutes=30)
    status = v1.StatusReference(list=LIST, index=_place(goods))
    goods.offer = await trade.publish(_revocable(trade, goods, status, 3))
    await hold(trade, goods)
    trade.clock.advance(minutes=31)
    await refused(hold(trade, goods), "STATUS_STALE")
    await send(trade, status_list(trade, book), PROVIDER)
    await hold(trade, goods)


async def test_an_offer_without_its_list_is_refused(trade: Trade) -> None:
    """STATUS-CLOSED-1: nobody publishes what could be revoked where nobody can look."""
    goods = await trade.goods()
    new = _revocable(trade, goods, v1.StatusReference(list=LIST, index=1))
    await refused(trade.publish(new), "STATUS_STALE")
    await stands(trade)


async def test_lists_that_count_for_nothing_are_refused(trade: Trade) -> None:
    """PUBLISH-STATUS-1: one that no trust document names, and a rollback; anybody brings the present one."""
    book = StatusListBuilder(LIST)
    first = status_list(trade, book)
    await refused(send(trade, first, PROVIDER), "STATUS_STALE")
    await Vouched(trade, PROVIDER).publish(lambda draft: draft.add_status_list(LIST))
    second = status_list(trade, book)
    await send(trade, second, CONSUMER)
    await refused(send(trade, first, PROVIDER), "TRUST_ROLLBACK")
    shown = await trade.call("DiscoveryService/GetDocument", v1.GetDocumentRequest(ref=LIST), CONSUMER)
    assert shown.envelope == second


# --- over restarts ---

_WORK = """
import asyncio, os, pathlib, signal, sys
from datetime import timedelta
from crex_broker.application import trust_intake
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER
from reference_broker.tests.trade import Trade
from reference_broker.tests.vouching import Vouched

async def killed(_context):
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    trade = Trade.open(pathlib.Path(sys.argv[1]))
    await trade.enrol(PROVIDER, CONSUMER, OTHER)
    await trade.goods()
    trade.clock.advance(minutes=5)
    trust_intake.judge_offers = killed
    await Vouched(trade, PROVIDER).revoke_signing_key(trade.clock.now() - timedelta(hours=1))

asyncio.run(main())
"""


async def test_killed_between_publishing_and_judging(tmp_path: Path) -> None:
    """OFFER-VOID-1: what was to be judged is judged at the next start, and is not held before that."""
    path = tmp_path / "broker.db"
    process = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", _WORK, str(path)], cwd=ROOT, capture_output=True, check=False
    )
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()
    clock = ManualClock()
    clock.advance(minutes=6)
    trade = Trade.open(path, clock=clock)
    assert isinstance(trade, Trade)
    try:
        for envelope in await trade.store.parties.trust_documents():
            trade.context.trust.restore(v1.Envelope.FromString(envelope))
        trade.context.index.load(await trade.store.offers.standing(None))
        await trade.tick()
        assert await searched(trade) == []
        (record,) = await listed(trade)
        assert record.void_reason.startswith("KEY_REVOKED: ")
    finally:
        trade.close()
