"""The contract of `AttestationStore`, and of the judgements of `OfferStore`."""

from __future__ import annotations

from crex_broker.application.ports.attestations import AttestationFacts
from crex_broker.application.ports.offers import Verdict
from crex_broker.application.ports.requests import Mutation
from reference_broker.tests.contract.market import OFFER, SITE, Market, document, refusal
from reference_broker.tests.exchange import BROKER, CONSUMER, OTHER, PROVIDER

TRUST = f"crex://{PROVIDER}/trust/main"
LIST = f"crex://{PROVIDER}/status-list/a"
SHA256 = "0f" * 32


async def attest(
    market: Market,
    name: str,
    *subjects: str,
    revision: int = 1,
    predicate: str = "compliance",
    end_ms: int | None = None,
    mutation: Mutation | None = None,
) -> str:
    """Publishes an attestation of OTHER; gives its digest."""
    new = document("attestation", f"crex://{OTHER}/attestation/{name}", revision)
    facts = AttestationFacts(subjects or (SITE,), predicate, end_ms)
    done = await market.store.attestations.publish(mutation or market.mutation(OTHER), new, facts)
    return done.outcome.sha256


async def about(market: Market, *subjects: str) -> list[tuple[str, int]]:
    """Last part of the name and revision of what is about some subjects."""
    found = await market.store.attestations.about(subjects)
    return [(each.id.rpartition("/")[2], each.revision) for each in found]


async def void(market: Market) -> list[str]:
    """The provider's void offers."""
    found = await market.store.offers.void(PROVIDER, after_id="", now_ms=market.clock.ms, limit=10)
    return [each.void_reason for each in found]


async def test_attestations_are_found_by_any_of_their_subjects(market: Market) -> None:
    """LIST-ATTEST-1: by name or digest, each once, by ascending name."""
    await attest(market, "b", SITE, TRUST)
    await attest(market, "a", SHA256, SITE)
    await attest(market, "c", TRUST)
    assert await about(market, SITE) == [("a", 1), ("b", 1)]
    assert await about(market, SHA256) == [("a", 1)]
    assert await about(market, SITE, TRUST, SHA256, "crex://nobody.example/site/x") == [
        ("a", 1),
        ("b", 1),
        ("c", 1),
    ]
    assert await about(market) == []


async def test_a_higher_revision_takes_the_place_of_the_lower(market: Market) -> None:
    """LIST-ATTEST-1, MARKET-REVISION-1: with its own subjects; a lower one is refused afterwards."""
    await attest(market, "a", SITE)
    await attest(market, "a", TRUST, revision=3)
    assert (await about(market, SITE), await about(market, TRUST)) == ([], [("a", 3)])
    with refusal("REVISION_CONFLICT"):
        await attest(market, "a", SITE, revision=2)
    assert await about(market, TRUST) == [("a", 3)]


async def test_the_same_attestation_again_changes_nothing(market: Market) -> None:
    """MARKET-PUBLISH-1, IDEMPOTENCY-REPLAY-1: the lower revision again does not come back."""
    mutation = market.mutation(OTHER)
    first = await attest(market, "a", SITE, mutation=mutation)
    assert await attest(market, "a", SITE, mutation=mutation) == first
    await attest(market, "a", SITE, revision=2)
    assert await attest(market, "a", SITE) == first
    assert await about(market, SITE) == [("a", 2)]


async def test_pages_go_by_name_and_leave_out_what_ended(market: Market) -> None:
    """LIST-ATTEST-1, MARKET-PAGE-2: in parts, by predicate, until the end of validity."""
    for at in range(5):
        await attest(market, f"a{at}", SITE, predicate="capacity" if at == 2 else "compliance")
    await attest(market, "a5", SITE, end_ms=market.clock.ms + 1)
    store, now_ms = market.store.attestations, market.clock.ms
    first = await store.page(SITE, predicate="", after_id="", limit=4, now_ms=now_ms)
    rest = await store.page(SITE, predicate="", after_id=first.next_id or "", limit=4, now_ms=now_ms)
    names = [each.document.id.rpartition("/")[2] for each in (*first.attestations, *rest.attestations)]
    assert (names, rest.next_id) == ([f"a{at}" for at in range(6)], None)
    assert first.attestations[0].create_ms == now_ms
    later = await store.page(SITE, predicate="", after_id="", limit=9, now_ms=now_ms + 1)
    assert len(later.attestations) == 5
    one = await store.page(SITE, predicate="capacity", after_id="", limit=9, now_ms=now_ms)
    assert [each.document.id.rpartition("/")[2] for each in one.attestations] == ["a2"]


async def test_the_highest_revision_of_each_list_is_given_at_start(market: Market) -> None:
    """PUBLISH-STATUS-1: what a broker takes back when it starts."""
    lists = [document("status-list", LIST, revision) for revision in (1, 2)]
    other = document("status-list", LIST + "2")
    for each in (*lists, other):
        await market.store.attestations.publish_status(market.mutation(PROVIDER), each)
    assert list(await market.store.attestations.status_lists()) == [lists[1].envelope, other.envelope]


async def test_a_trust_document_of_a_party_is_kept_in_order(market: Market) -> None:
    """PUBLISH-TRUST-1: the enrolment says its revision; an older one, and a stranger's, are refused."""
    store = market.store.attestations
    second = document("trust-document", TRUST, 2)
    await store.publish_trust(market.mutation(PROVIDER), second, (PROVIDER,))
    parties = {each.authority: each for each in await market.store.parties.parties()}
    assert (parties[PROVIDER].trust_revision, parties[PROVIDER].trust_sha256) == (2, second.sha256)
    with refusal("TRUST_ROLLBACK"):
        await store.publish_trust(market.mutation(PROVIDER), document("trust-document", TRUST, 1), ())
    with refusal("NAME_EXISTS"):
        other = document("trust-document", TRUST, 2, body="other")
        await store.publish_trust(market.mutation(PROVIDER), other, ())
    with refusal("ISSUER"):
        stranger = document("trust-document", "crex://stranger.example/trust/main")
        await store.publish_trust(market.mutation(BROKER), stranger, ())


async def test_what_changes_the_ground_marks_offers(market: Market) -> None:
    """OFFER-VOID-1: a trust document and a status list ask for a judgement of their issuer's offers."""
    offers, attestations = market.store.offers, market.store.attestations
    assert await offers.to_judge(market.clock.ms, 10) == []
    await attestations.publish_status(market.mutation(PROVIDER), document("status-list", LIST))
    (first,) = await offers.to_judge(market.clock.ms, 10)
    assert first.record.id == OFFER
    assert [each.id for each in first.documents][:1] == [OFFER]
    assert {each.id for each in first.documents} > {SITE}
    await offers.judged([Verdict(OFFER, first.mark, "", None)])
    assert await offers.to_judge(market.clock.ms, 10) == []
    trust = document("trust-document", f"crex://{CONSUMER}/trust/main", 2)
    await attestations.publish_trust(market.mutation(CONSUMER), trust, (CONSUMER,))
    assert await offers.to_judge(market.clock.ms, 10) == []
    trust = document("trust-document", TRUST, 2)
    await attestations.publish_trust(market.mutation(PROVIDER), trust, (PROVIDER,))
    assert [each.mark for each in await offers.to_judge(market.clock.ms, 10)] == [first.mark + 1]


async def test_a_marked_offer_is_not_held_before_it_is_judged(market: Market) -> None:
    """OFFER-VOID-1: between the change and the judgement nothing is sold."""
    await market.store.attestations.publish_status(market.mutation(PROVIDER), document("status-list", LIST))
    with refusal("OFFER_CHANGED"):
        await market.store.orders.create_hold(market.mutation(CONSUMER), market.hold())
    (offer,) = await market.store.offers.to_judge(market.clock.ms, 10)
    await market.store.offers.judged([Verdict(OFFER, offer.mark, "", market.clock.ms + 60_000)])
    await market.store.orders.create_hold(market.mutation(CONSUMER), market.hold())
    assert (await market.store.timers.due())["offer-judgement"] == market.clock.ms + 60_000


async def test_a_void_offer_says_why_and_is_revised(market: Market) -> None:
    """OFFER-VOID-1, OFFER-VOID-2: EXPIRED by the event void, listed with its reason, back by a revision."""
    offers = market.store.offers
    await market.store.attestations.publish_status(market.mutation(PROVIDER), document("status-list", LIST))
    (offer,) = await offers.to_judge(market.clock.ms, 10)
    (gone,) = await offers.judged([Verdict(OFFER, offer.mark, "REVOKED: it was taken back.", None)])
    assert (gone.state, gone.version, gone.void_reason) == ("EXPIRED", 2, "REVOKED: it was taken back.")
    assert await void(market) == ["REVOKED: it was taken back."]
    now_ms = market.clock.ms
    assert await offers.void(OTHER, after_id="", now_ms=now_ms, limit=10) == []
    assert await offers.void(PROVIDER, after_id=OFFER, now_ms=now_ms, limit=10) == []
    assert await offers.void(PROVIDER, after_id="", now_ms=gone.expire_ms, limit=10) == []
    assert (await offers.offers(provider="", after_id="", limit=10)).offers == ()
    with refusal("EXPIRED"):
        await market.store.orders.create_hold(market.mutation(CONSUMER), market.hold())
    await market.publish_offer(revision=2)
    assert await void(market) == []


async def test_a_judgement_of_yesterdays_ground_counts_for_nothing(market: Market) -> None:
    """OFFER-VOID-1: what changed while a judgement was made is judged again."""
    offers, attestations = market.store.offers, market.store.attestations
    await attestations.publish_status(market.mutation(PROVIDER), document("status-list", LIST))
    (offer,) = await offers.to_judge(market.clock.ms, 10)
    await attestations.publish_status(market.mutation(PROVIDER), document("status-list", LIST, 2))
    assert await offers.judged([Verdict(OFFER, offer.mark, "REVOKED: it was taken back.", None)]) == []
    (again,) = await offers.to_judge(market.clock.ms, 10)
    assert again.mark == offer.mark + 1


async def test_a_paused_offer_is_judged_too(market: Market) -> None:
    """OFFER-VOID-1: a paused offer could be resumed; a withdrawn one is over."""
    offers = market.store.offers
    await offers.change_state(market.mutation(PROVIDER), OFFER, "pause", "")
    await market.store.attestations.publish_status(market.mutation(PROVIDER), document("status-list", LIST))
    (offer,) = await offers.to_judge(market.clock.ms, 10)
    await offers.change_state(market.mutation(PROVIDER), OFFER, "withdraw", "")
    assert await offers.judged([Verdict(OFFER, offer.mark, "REVOKED: it was taken back.", None)]) == []
    assert await offers.to_judge(market.clock.ms, 10) == []


async def test_an_offer_judged_by_an_older_trust_document_is_refused(market: Market) -> None:
    """OFFER-VOID-1: what was verified before the keys changed is verified again before it is kept."""
    trust = document("trust-document", TRUST, 2)
    await market.store.attestations.publish_trust(market.mutation(PROVIDER), trust, (PROVIDER,))
    with refusal("ETAG_MISMATCH"):
        await market.publish_offer(revision=2, judged_by=1)
    done = await market.publish_offer(revision=2, judged_by=2)
    assert done.outcome.offer is not None
