"""The contract of `OfferStore` and `DocumentStore`: revisions, references, states, who may read."""

from __future__ import annotations

import pytest

from crex_broker.application.ports.offers import DocumentPin, OfferFacts, PoolFacts, SeriesFacts
from reference_broker.tests.contract.market import (
    NODE,
    OFFER,
    PLAN,
    POOL,
    SITE,
    Market,
    document,
    refusal,
)
from reference_broker.tests.exchange import BROKER, CONSUMER, OTHER, PROVIDER, PUBLISHER


async def test_the_same_bytes_again_change_nothing(market: Market) -> None:
    """MARKET-PUBLISH-1: publishing again, under any request, gives the offer as it stands."""
    await market.store.offers.change_state(market.mutation(PROVIDER), OFFER, "pause", "")
    again = await market.publish_offer()
    assert again.outcome.offer is not None
    assert (again.outcome.offer.state, again.outcome.offer.version) == ("PAUSED", 2)


async def test_a_revision_never_changes(market: Market) -> None:
    """MARKET-NAME-1: other bytes of a published revision, or another type under its name, are refused."""
    with refusal("NAME_EXISTS"):
        await market.publish_offer(body="other")
    with refusal("NAME_EXISTS"):
        await market.publish(document("price-plan", SITE, 2))


async def test_revisions_only_go_up(market: Market) -> None:
    """MARKET-REVISION-1, VERSION-REVISION-1: below the one that stands is refused; gaps are allowed."""
    await market.publish_offer(revision=5)
    with refusal("REVISION_CONFLICT"):
        await market.publish_offer(revision=3)
    done = await market.publish_offer(revision=6)
    assert done.outcome.offer is not None
    assert (done.outcome.offer.revision, done.outcome.offer.state) == (6, "PUBLISHED")


async def test_revisions_of_a_series_are_found_by_the_time_that_they_cover(market: Market) -> None:
    """BILLING-SERIES-2: all of them stay; an end is no instant of an interval."""
    name = f"crex://{PUBLISHER}/price-series/spot"
    spans = ((0, 10), (10, 20), (5, 15))
    revisions = [document("price-series", name, at) for at in range(1, 4)]
    for new, (start, end) in zip(revisions, spans, strict=True):
        await market.publish(new, series=SeriesFacts(start, end, new.revision - 1))
    await market.publish(
        document("price-series", f"{name}-2"),
        series=SeriesFacts(0, 100, 0),
    )
    for span, wanted in (((0, 5), [1]), ((10, 12), [2, 3]), ((0, 20), [1, 2, 3]), ((20, 30), [])):
        found = await market.store.documents.series(name, *span)
        assert [each.revision for each in found] == wanted
        assert all(each.envelope == revisions[each.revision - 1].envelope for each in found)


async def test_a_series_is_kept_only_as_it_was_judged(market: Market) -> None:
    """BILLING-SERIES-2: where another revision came meanwhile, it is judged anew."""
    name = f"crex://{PUBLISHER}/price-series/spot"
    first, third = document("price-series", name), document("price-series", name, 3)
    await market.publish(first, series=SeriesFacts(0, 10, 0))
    with refusal("ETAG_MISMATCH"):
        await market.publish(third, series=SeriesFacts(0, 10, 0))
    await market.publish(first, series=SeriesFacts(0, 10, 0))
    await market.publish(third, series=SeriesFacts(0, 10, 1))
    found = await market.store.documents.series(name, 0, 10)
    assert [each.revision for each in found] == [1, 3]


@pytest.mark.parametrize(
    ("pin", "reason"),
    [
        (DocumentPin("site", f"crex://{PROVIDER}/site/none", "siteId"), "REFERENCE_MISSING"),
        (DocumentPin("price-plan", NODE, "pricePlan", 1, "0" * 64), "REFERENCE_MISSING"),
        (DocumentPin("price-plan", PLAN, "pricePlan", 2, "0" * 64), "REFERENCE_MISSING"),
        (DocumentPin("price-plan", PLAN, "pricePlan", 1, "0" * 64), "SUBJECT"),
    ],
)
async def test_what_is_cited_must_be_here_byte_for_byte(
    market: Market, pin: DocumentPin, reason: str
) -> None:
    """OFFER-PIN-1: an absent name, type or revision is missing; another digest is another subject."""
    with refusal(reason):
        await market.publish(document("compute-resource", NODE + "-2"), cites=[pin])


async def test_a_provider_sells_only_what_it_published(market: Market) -> None:
    """OFFER-PIN-2, OFFER-POOL-1: documents and pools of another provider are not its own to sell."""
    with refusal("NOT_A_PARTY"):
        await market.publish(
            document("compute-resource", f"crex://{OTHER}/resource/node"),
            cites=[DocumentPin("site", SITE, "siteId")],
        )
    with refusal("NOT_A_PARTY"):
        await market.publish(
            document("offer", f"crex://{OTHER}/offer/nodes"),
            offer=OfferFacts(POOL, NODE, market.clock.ms + 1),
        )


async def test_an_offer_sells_what_its_pool_holds(market: Market) -> None:
    """OFFER-POOL-1: the pool must exist, and one unit of it be the offer's resource or the pool itself."""
    late = market.clock.ms + 1
    with refusal("REFERENCE_MISSING"):
        await market.publish(document("offer", OFFER + "-2"), offer=OfferFacts(POOL + "-2", NODE, late))
    with refusal("TERMS"):
        await market.publish(document("offer", OFFER + "-2"), offer=OfferFacts(POOL, NODE + "-2", late))
    await market.publish(document("offer", OFFER + "-2"), offer=OfferFacts(POOL, POOL, late))


async def test_base_pools_lie_one_level_deep(market: Market) -> None:
    """CAP-DRAW-2: a base pool exists, draws on nothing, and is not drawn upon by its own pools."""
    half = f"crex://{PROVIDER}/pool/half"
    with refusal("REFERENCE_MISSING"):
        await market.publish(document("compute-resource", half), pool=PoolFacts(NODE, ((POOL + "-2", 1),)))
    await market.publish(document("compute-resource", half), pool=PoolFacts(NODE, ((POOL, 1),)))
    with refusal("TERMS"):
        await market.publish(document("compute-resource", half + "-2"), pool=PoolFacts(NODE, ((half, 1),)))
    with refusal("TERMS"):
        await market.publish(document("compute-resource", POOL, 2), pool=PoolFacts(NODE, ((half, 1),)))


async def test_draws_do_not_change_under_live_claims(market: Market) -> None:
    """CAP-DRAW-3: while units of a pool are claimed, what they draw on stays; the rest may be revised."""
    base = f"crex://{PROVIDER}/pool/base"
    await market.publish(document("compute-resource", base), pool=PoolFacts(NODE, ()))
    order = await market.held()
    with refusal("TERMS"):
        await market.publish(document("compute-resource", POOL, 2), pool=PoolFacts(NODE, ((base, 1),)))
    await market.publish(document("compute-resource", POOL, 2), pool=PoolFacts(NODE, ()))
    await market.store.orders.release_hold(market.mutation(CONSUMER), order.name, "")
    await market.publish(document("compute-resource", POOL, 3), pool=PoolFacts(NODE, ((base, 1),)))


async def test_an_offer_is_paused_resumed_and_withdrawn_by_its_provider(market: Market) -> None:
    """STATE-OFFER-1: each step by the table, repeated without effect, and never by a stranger."""
    offers = market.store.offers

    async def change(event: str, party: str = PROVIDER, etag: str = "") -> tuple[str, int]:
        done = await offers.change_state(market.mutation(party), OFFER, event, etag)
        return done.outcome.state, done.outcome.version

    with refusal("NOT_FOUND"):
        await change("pause", OTHER)
    with refusal("ILLEGAL_TRANSITION"):
        await change("resume")
    assert await change("pause", etag="v1") == ("PAUSED", 2)
    assert await change("pause") == ("PAUSED", 2)
    with refusal("ETAG_MISMATCH"):
        await change("resume", etag="v1")
    assert await change("resume") == ("PUBLISHED", 3)
    assert await change("withdraw") == ("WITHDRAWN", 4)
    with refusal("ILLEGAL_TRANSITION"):
        await change("resume")
    with refusal("ILLEGAL_TRANSITION"):
        await market.publish_offer(revision=2)


async def test_an_offer_expires_and_a_new_revision_brings_it_back(market: Market) -> None:
    """STATE-OFFER-1, events expire and revise: before the timer has run as after it."""
    offers = market.store.offers
    market.clock.advance(hours=24)
    with refusal("ILLEGAL_TRANSITION"):
        await offers.change_state(market.mutation(PROVIDER), OFFER, "pause", "")
    (expired,) = await offers.expire_offers(10)
    assert (expired.id, expired.state) == (OFFER, "EXPIRED")
    assert list(await offers.expire_offers(10)) == []
    done = await market.publish_offer(revision=2)
    assert done.outcome.offer is not None
    assert done.outcome.offer.state == "PUBLISHED"
    market.clock.advance(hours=24)
    done = await market.publish_offer(revision=3)
    assert done.outcome.offer is not None
    assert (done.outcome.offer.state, done.outcome.offer.version) == ("PUBLISHED", 5)


async def test_lists_give_published_offers_by_name(market: Market) -> None:
    """DISCOVERY-LIST-1: pages join without gap; paused offers and other providers are left out."""
    offers = market.store.offers
    names = sorted(f"{OFFER}-{at}" for at in range(5))
    for name in reversed(names):
        await market.publish_offer(name)
    await offers.change_state(market.mutation(PROVIDER), names[2], "pause", "")
    seen: list[str] = []
    after = ""
    while True:
        page = await offers.offers(provider=PROVIDER, after_id=after, limit=2)
        seen += [offer.id for offer in page.offers]
        if page.next_id is None:
            break
        after = page.next_id
    assert seen == [OFFER, names[0], names[1], names[3], names[4]]
    assert (await offers.offers(provider=OTHER, after_id="", limit=9)).offers == ()
    assert len((await offers.offers(provider="", after_id="", limit=9)).offers) == 5


async def test_a_standing_offer_comes_with_what_it_stands_on(market: Market) -> None:
    """OFFER-SEARCHABLE-1: its pinned resource and plan, the newest site, and whether it can be held."""
    await market.publish(document("site", SITE, 2))
    (found,) = await market.store.offers.standing(OFFER)
    assert found.record.id == OFFER
    assert (found.resource.id, found.price_plan.id) == (NODE, PLAN)
    assert found.site is not None
    assert (found.site.id, found.site.revision) == (SITE, 2)
    assert found.holdable
    informing = OFFER + "-informs"
    await market.publish_offer(informing, pool=None)
    assert [offer.holdable for offer in await market.store.offers.standing(None)] == [True, False]
    assert sorted(await market.store.offers.standing_on(SITE)) == [OFFER, informing]
    assert list(await market.store.offers.standing_on(POOL)) == [OFFER]
    await market.store.offers.change_state(market.mutation(PROVIDER), OFFER, "pause", "")
    assert list(await market.store.offers.standing(OFFER)) == []


async def test_a_private_document_is_there_for_its_parties_only(market: Market) -> None:
    """DISCOVERY-PRIVATE-1: a hold receipt is not found by strangers, by digest or by name; an offer is."""
    order = await market.held()
    documents = market.store.documents
    receipt = order.name.replace("/order/", "/hold-receipt/")
    for party, seen in ((CONSUMER, True), (PROVIDER, True), (OTHER, False), (BROKER, False)):
        assert (await documents.by_digest(party, order.hold_receipt_sha256) is not None) == seen
        assert (await documents.by_name(party, receipt, None) is not None) == seen
        assert (await documents.by_name(party, receipt, 1) is not None) == seen
        assert await documents.by_name(party, OFFER, None) is not None
    assert await documents.by_name(CONSUMER, OFFER, 2) is None


async def test_a_name_without_revision_is_the_highest(market: Market) -> None:
    """DISCOVERY-DOCUMENT-1: older revisions stay readable by their number."""
    await market.publish_offer(revision=10)
    newest = await market.store.documents.by_name(CONSUMER, OFFER, None)
    oldest = await market.store.documents.by_name(CONSUMER, OFFER, 1)
    assert newest is not None
    assert oldest is not None
    assert (newest.revision, oldest.revision) == (10, 1)
    assert newest.envelope == document("offer", OFFER, 10).envelope
