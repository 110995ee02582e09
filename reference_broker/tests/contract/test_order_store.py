"""The contract of `OrderStore`: capacity, time, idempotency, isolation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crex.errors import CrexError
from crex_broker.application.ports.offers import PoolFacts
from crex_broker.application.ports.orders import OrderSnapshot
from reference_broker.tests.contract.market import (
    HOUR,
    NODE,
    OFFER,
    POOL,
    Market,
    document,
    refusal,
)
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER


async def test_a_hold_takes_units_until_none_are_left(market: Market) -> None:
    """CAP-INSTANT-1: what is held is not free; the refusal says how many are, and where."""
    order = await market.held(5)
    assert (order.state, order.version, order.last.event) == ("HELD", 1, "hold")
    with pytest.raises(CrexError) as refused:
        await market.held(4)
    assert refused.value.reason == "CAPACITY_EXHAUSTED"
    assert refused.value.details["free"] == "3"
    assert refused.value.details["pool"] == POOL
    await market.held(3)


async def test_intervals_that_only_touch_do_not_compete(market: Market) -> None:
    """SCALAR-INTERVAL-1: all units of one hour and all of the next can both be held."""
    await market.held(8, start=0, end=HOUR)
    await market.held(8, start=HOUR, end=2 * HOUR)
    with refusal("CAPACITY_EXHAUSTED"):
        await market.held(1, start=HOUR - 1, end=HOUR + 1)


async def test_a_hold_past_the_last_window_is_refused(market: Market) -> None:
    """CAP-WINDOW-2: one millisecond beyond the allotment is too long."""
    await market.held(1, start=47 * HOUR, end=48 * HOUR)
    with refusal("CAPACITY_EXHAUSTED"):
        await market.held(1, start=47 * HOUR, end=48 * HOUR + 1)


async def test_a_repeated_request_gets_the_first_result_and_takes_nothing(market: Market) -> None:
    """IDEMPOTENCY-REPLAY-1: the outcome is the first one's, whatever the second would have done."""
    mutation = market.mutation(CONSUMER, request_id="same-request")
    first = await market.store.orders.create_hold(mutation, market.hold(5))
    again = await market.store.orders.create_hold(mutation, market.hold(5))
    assert (first.replayed, again.replayed) == (False, True)
    assert again.outcome == first.outcome
    assert await market.store.requests.recall(mutation, OrderSnapshot) == first.outcome
    await market.held(3)


async def test_an_identifier_with_another_body_is_refused(market: Market) -> None:
    """IDEMPOTENCY-BODY-1: the same identifier never means two things; another party or method may use it."""
    mutation = market.mutation(CONSUMER, request_id="same-request")
    await market.store.orders.create_hold(mutation, market.hold())
    other = replace(mutation, body_hash=b"other")
    with refusal("REQUEST_ID_REUSED"):
        await market.store.orders.create_hold(other, market.hold())
    with refusal("REQUEST_ID_REUSED"):
        await market.store.requests.recall(other, OrderSnapshot)
    for foreign in (replace(other, party=OTHER), replace(other, method="N")):
        done = await market.store.orders.create_hold(foreign, market.hold(consumer=foreign.party))
        assert not done.replayed


async def test_a_refusal_is_not_remembered_and_leaves_nothing(market: Market) -> None:
    """IDEMPOTENCY-COMMIT-1: after a refusal the same request may succeed."""
    blocking = await market.held(8)
    mutation = market.mutation(CONSUMER, request_id="same-request")
    with refusal("CAPACITY_EXHAUSTED"):
        await market.store.orders.create_hold(mutation, market.hold(8))
    assert await market.store.requests.recall(mutation, OrderSnapshot) is None
    await market.store.orders.release_hold(market.mutation(CONSUMER), blocking.name, "")
    done = await market.store.orders.create_hold(mutation, market.hold(8))
    assert not done.replayed


async def test_a_lapsed_hold_is_swept_by_the_next_one(market: Market) -> None:
    """HOLD-EXPIRE-1: at its expiry a hold ends, and its units are free at once."""
    lapsed = await market.held(8, ttl=1000)
    market.clock.advance(milliseconds=999)
    with refusal("CAPACITY_EXHAUSTED"):
        await market.held(1)
    market.clock.advance(milliseconds=1)
    await market.held(8)
    after = await market.store.orders.order(CONSUMER, lapsed.name)
    assert after is not None
    assert (after.state, after.last.event) == ("EXPIRED", "ttl")


async def test_the_timer_ends_lapsed_holds_and_no_others(market: Market) -> None:
    """STATE-ORDER-1, event ttl: only holds whose time is over end, a limited number at once."""
    short = [await market.held(1, ttl=1000) for _ in range(3)]
    long = await market.held(1, ttl=9000)
    assert list(await market.store.orders.expire_holds(10)) == []
    market.clock.advance(seconds=1)
    ended = [*await market.store.orders.expire_holds(2), *await market.store.orders.expire_holds(2)]
    assert sorted(ended) == sorted(order.name for order in short)
    kept = await market.store.orders.order(CONSUMER, long.name)
    assert kept is not None
    assert kept.state == "HELD"


@pytest.mark.parametrize(
    ("event", "reason"), [("pause", "ILLEGAL_TRANSITION"), ("withdraw", "ILLEGAL_TRANSITION")]
)
async def test_an_offer_that_is_not_on_sale_cannot_be_held(market: Market, event: str, reason: str) -> None:
    """HOLD-OFFER-1: paused and withdrawn offers are not held."""
    await market.store.offers.change_state(market.mutation(PROVIDER), OFFER, event, "")
    with refusal(reason):
        await market.held()


async def test_an_offer_that_changed_or_ended_cannot_be_held(market: Market) -> None:
    """HOLD-OFFER-1: an older revision is OFFER_CHANGED, an offer past its end is EXPIRED."""
    await market.publish_offer(revision=2, hours=1)
    with refusal("OFFER_CHANGED"):
        await market.held()
    await market.held(offer_revision=2)
    market.clock.advance(hours=1)
    with refusal("EXPIRED"):
        await market.held(offer_revision=2)


async def test_a_hold_that_was_prepared_too_long_ago_is_refused(market: Market) -> None:
    """HOLD-EXPIRE-1: what the receipt says must still be true in the store's time."""
    new = market.hold(ttl=1000)
    market.clock.advance(seconds=1)
    with refusal("HOLD_EXPIRED"):
        await market.store.orders.create_hold(market.mutation(CONSUMER), new)
    with refusal("TERMS"):
        await market.held(start=-60_001)


async def test_the_limit_of_live_holds_counts_live_ones_only(market: Market) -> None:
    """HOLD-LIMIT-1: released, committed and lapsed holds make room; another consumer has its own."""
    first = await market.held(limit=2)
    second = await market.held(limit=2)
    with refusal("HOLD_LIMIT"):
        await market.held(limit=2)
    await market.held(limit=2, consumer=OTHER)
    await market.store.orders.release_hold(market.mutation(CONSUMER), first.name, "")
    await market.held(limit=2)
    await market.store.orders.commit_order(market.mutation(CONSUMER), market.commit(second))
    await market.held(limit=2)
    with refusal("HOLD_LIMIT"):
        await market.held(limit=2)
    market.clock.advance(minutes=1)
    await market.held(limit=1)


async def test_several_offers_of_one_pool_are_added_up(market: Market) -> None:
    """CAP-INSTANT-1: two lines of one hold compete with each other."""
    other = OFFER + "-2"
    await market.publish_offer(other)
    with refusal("CAPACITY_EXHAUSTED"):
        await market.held(5, offers=((OFFER, POOL), (other, POOL)))
    order = await market.held(4, offers=((OFFER, POOL), (other, POOL)))
    assert [line.offer for line in order.lines] == [OFFER, other]


async def test_pools_that_share_a_base_pool_share_its_units(market: Market) -> None:
    """CAP-DRAW-1: a hold claims every base pool, and none is ever claimed beyond its allotment."""
    for name, units in (("half", 4), ("whole", 8)):
        pool = f"crex://{PROVIDER}/pool/{name}"
        await market.publish(document("compute-resource", pool), pool=PoolFacts(NODE, ((POOL, units),)))
        await market.grant((0, 48 * HOUR, 100), pool=pool)
        await market.publish_offer(f"crex://{PROVIDER}/offer/{name}", pool=pool)
    half = (f"crex://{PROVIDER}/offer/half", f"crex://{PROVIDER}/pool/half")
    whole = (f"crex://{PROVIDER}/offer/whole", f"crex://{PROVIDER}/pool/whole")
    order = await market.held(1, offers=(half,))
    with refusal("CAPACITY_EXHAUSTED"):
        await market.held(1, offers=(whole,))
    await market.held(4)
    with refusal("CAPACITY_EXHAUSTED"):
        await market.held(1, offers=(half,))
    await market.store.orders.release_hold(market.mutation(CONSUMER), order.name, "")
    await market.held(4)


async def test_a_release_gives_the_units_back_and_may_be_repeated(market: Market) -> None:
    """STATE-ORDER-1: release again changes nothing; afterwards no commit is possible."""
    order = await market.held(8)
    orders = market.store.orders
    released = (await orders.release_hold(market.mutation(CONSUMER), order.name, "v1")).outcome
    assert (released.state, released.version) == ("RELEASED", 2)
    again = (await orders.release_hold(market.mutation(CONSUMER), order.name, "")).outcome
    assert again == released
    with refusal("ILLEGAL_TRANSITION"):
        await orders.commit_order(market.mutation(CONSUMER), market.commit(order))
    await market.held(8)


async def test_a_stale_etag_changes_nothing(market: Market) -> None:
    """ORDER-ETAG-1: a caller who read an older version is told so."""
    order = await market.held()
    with refusal("ETAG_MISMATCH"):
        await market.store.orders.release_hold(market.mutation(CONSUMER), order.name, "v2")


async def test_a_commit_keeps_the_units_and_sets_the_providers_deadline(market: Market) -> None:
    """STATE-ORDER-1, event commit: the hold no longer lapses."""
    order = await market.committed(8)
    assert order.state == "COMMITTING"
    assert order.expire_ms == market.clock.ms + 60_000
    market.clock.advance(minutes=10)
    assert list(await market.store.orders.expire_holds(10)) == []
    with refusal("CAPACITY_EXHAUSTED"):
        await market.held(1)


async def test_units_of_an_order_past_its_end_stay_taken(market: Market) -> None:
    """CAP-RELEASE-1: its end passing frees nothing, for any later interval; nor does a cut below it stand."""
    await market.committed(8, start=0, end=HOUR)
    await market.held(8, start=HOUR, end=2 * HOUR, ttl=1)
    market.clock.advance(hours=1)
    for start in (0, 5 * HOUR):
        with refusal("CAPACITY_EXHAUSTED"):
            await market.held(1, start=start, end=start + HOUR)
    with refusal("CAPACITY_EXHAUSTED"):
        await market.grant((-HOUR, 47 * HOUR, 7), revision=2)
    await market.grant((-HOUR, 47 * HOUR, 9), revision=2)
    await market.held(1, start=5 * HOUR, end=6 * HOUR)


async def test_a_commit_at_the_expiry_is_too_late(market: Market) -> None:
    """HOLD-EXPIRE-1: the last instant at which a hold can be committed is before its expiry, swept or not."""
    orders = market.store.orders
    in_time, late = await market.held(ttl=1000), await market.held(ttl=1000)
    market.clock.advance(milliseconds=999)
    await orders.commit_order(market.mutation(CONSUMER), market.commit(in_time))
    market.clock.advance(milliseconds=1)
    with refusal("HOLD_EXPIRED"):
        await orders.commit_order(market.mutation(CONSUMER), market.commit(late))
    await orders.expire_holds(10)
    with refusal("HOLD_EXPIRED"):
        await orders.commit_order(market.mutation(CONSUMER), market.commit(late))


async def test_a_signed_document_commits_once(market: Market) -> None:
    """ORDER-NONCE-1: under another request it is a REPLAY; another document for the same order is illegal."""
    order = await market.held()
    orders = market.store.orders
    mutation = market.mutation(CONSUMER)
    commit = market.commit(order)
    first = await orders.commit_order(mutation, commit)
    assert (await orders.commit_order(mutation, commit)).outcome == first.outcome
    with refusal("REPLAY"):
        await orders.commit_order(market.mutation(CONSUMER), commit)
    second = replace(commit, document=replace(commit.document, sha256="0" * 64, id=commit.document.id + "-2"))
    with refusal("ILLEGAL_TRANSITION"):
        await orders.commit_order(market.mutation(CONSUMER), second)


async def test_a_stranger_sees_and_changes_nothing(market: Market) -> None:
    """ORDER-PARTY-1: for others an order is not there; the provider sees it and may not act on it."""
    order = await market.held()
    orders = market.store.orders
    assert await orders.order(OTHER, order.name) is None
    assert (await orders.orders(OTHER, state="", before="", limit=10)).orders == ()
    for act in (orders.release_hold, orders.cancel_order):
        with refusal("NOT_FOUND"):
            await act(market.mutation(OTHER), order.name, "")
        with refusal("NOT_A_PARTY"):
            await act(market.mutation(PROVIDER), order.name, "")
    with refusal("NOT_FOUND"):
        await orders.commit_order(market.mutation(OTHER), market.commit(order))
    assert await orders.order(PROVIDER, order.name) == order


async def test_lists_give_every_order_once_newest_first(market: Market) -> None:
    """MARKET-PAGE-2: pages join without gap or repetition, also while new orders come."""
    orders = market.store.orders
    made = [(await market.held(ttl=60_000)).name for _ in range(5)]
    await orders.release_hold(market.mutation(CONSUMER), made[1], "")
    seen: list[str] = []
    before = ""
    while True:
        page = await orders.orders(CONSUMER, state="HELD", before=before, limit=2)
        seen += [order.name for order in page.orders]
        if page.before is None:
            break
        before = page.before
        await market.held()
    assert seen == [made[4], made[3], made[2], made[0]]
    everything = await orders.orders(PROVIDER, state="", before="", limit=100)
    assert everything.before is None
    assert {*made} <= {order.name for order in everything.orders}
