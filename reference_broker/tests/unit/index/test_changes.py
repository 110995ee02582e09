"""What is published, changed and taken back is what the next search sees; nothing else."""

from __future__ import annotations

import random
import threading
from dataclasses import replace

from crex import v1
from crex.demand import parse
from crex_broker.application.ports.offers import StandingOffer
from crex_broker.domain.capacity import Window
from crex_broker.index.offers import ColumnIndex
from reference_broker.benchmarks.synthetic_offers import NOW_MS, offers
from reference_broker.tests.unit.index.standing import DAY_MS
from sdk.tests.demand.offers import NOW

MARKET = [offer for offer, _ in offers(600, own_documents=True)]


def everything() -> v1.Demand:
    """Gives a demand that every offer meets."""
    demand = v1.Demand(count=1, currency="USD")
    demand.duration.seconds = 3600
    return demand


def names(index: ColumnIndex) -> list[str]:
    """Gives the names of all offers, in order of price."""
    found = index.search(everything(), limit=1000, explain=False, now=NOW).candidates
    return [one.offer_id for one in found]


def newer(offer: StandingOffer, version: int, expire_ms: int = NOW_MS + DAY_MS) -> StandingOffer:
    """Gives a later state of an offer."""
    return replace(offer, record=replace(offer.record, version=version, expire_ms=expire_ms))


def test_an_offer_is_found_by_the_next_search() -> None:
    """What was put is there, before and after a merge."""
    index = ColumnIndex(background=False)
    index.load(MARKET[:5])
    index.put(MARKET[5])
    assert len(index) == 6
    before = names(index)
    index.merge()
    assert sorted(before) == sorted(one.record.id for one in MARKET[:6])
    assert names(index) == before


def test_a_removed_offer_is_not_found() -> None:
    """What was taken out is gone, from either segment, and comes back only with a later state."""
    index = ColumnIndex(background=False)
    index.load(MARKET[:3])
    index.put(MARKET[3])
    for offer in (MARKET[0], MARKET[3]):
        index.remove(offer.record.id, 2)
        index.put(newer(offer, 1))
        index.put(newer(offer, 2))
    assert sorted(names(index)) == sorted(one.record.id for one in MARKET[1:3])
    index.merge()
    index.put(newer(MARKET[0], 3))
    assert MARKET[0].record.id in names(index)


def test_an_older_state_changes_nothing() -> None:
    """A removal that was overtaken by a later state takes nothing out."""
    index = ColumnIndex(background=False)
    index.put(newer(MARKET[0], 5))
    index.remove(MARKET[0].record.id, 4)
    index.put(newer(MARKET[0], 3, expire_ms=0))
    assert names(index) == [MARKET[0].record.id]


def test_an_expired_offer_is_not_found() -> None:
    """An offer is there until its last millisecond."""
    index = ColumnIndex(background=False)
    index.put(newer(MARKET[0], 1, expire_ms=NOW_MS))
    index.put(newer(MARKET[1], 1, expire_ms=NOW_MS + 1))
    assert names(index) == [MARKET[1].record.id]
    explained = index.search(everything(), limit=1, explain=True, now=NOW).explanation
    assert explained.considered == 1


def test_what_stands_behind_an_offer_may_change() -> None:
    """An allotment that is granted later makes the same state of an offer holdable."""
    index = ColumnIndex(background=False)
    index.put(MARKET[0])
    index.put(replace(MARKET[0], granted=(Window(NOW_MS, NOW_MS + DAY_MS, 8),)))
    demand = everything()
    demand.requirement.CopyFrom(parse("availability{quantity >= 8 and interval covers demand}"))
    [found] = index.search(demand, limit=5, explain=False, now=NOW).candidates
    assert found.holdable


def test_documents_of_offers_that_are_gone_are_forgotten() -> None:
    """After many revisions the index keeps the documents of the offers that stand, and few others."""
    index = ColumnIndex(background=False)
    index.load(MARKET[:10])
    for turn in range(2, 5):
        for number, (offer, _) in enumerate(offers(3000, own_documents=True, seed=turn)):
            id_, version = MARKET[number % 10].record.id, turn * 10_000 + number
            index.put(replace(offer, record=replace(offer.record, id=id_, version=version)))
    index.merge()
    assert len(index) == 10
    assert index.documents < 2 * (10 * 4 + 2048) + 4
    assert len(names(index)) == 10


def test_searches_and_changes_at_once() -> None:
    """While a thread publishes and withdraws, every search sees all that stays, in order, and none twice."""
    index = ColumnIndex()
    stays, changes = MARKET[:300], MARKET[300:]
    index.load(stays)
    kept = names(index)
    ended = threading.Event()
    draw = random.Random(7)

    def churn() -> None:
        for version in range(1, 9000):
            offer = draw.choice(changes)
            if draw.random() < 0.6:
                index.put(newer(offer, version))
            else:
                index.remove(offer.record.id, version)
        ended.set()

    thread = threading.Thread(target=churn)
    thread.start()
    seen = 0
    while not ended.is_set() or seen < 3:
        found = names(index)
        assert len(set(found)) == len(found)
        known = set(kept)
        assert [name for name in found if name in known] == kept
        seen += 1
    thread.join()
    present = names(index)
    index.merge()
    assert names(index) == present


def test_a_published_offer_is_seen_at_once() -> None:
    """Whoever searches after `put` returned finds the offer, whatever merges at that moment."""
    index = ColumnIndex()
    index.load(MARKET[:100])
    for version, offer in enumerate(MARKET[100:400], start=1):
        index.put(newer(offer, version))
        if version % 50 == 0:
            index.merge()
        assert offer.record.id in names(index)
