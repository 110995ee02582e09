"""Lists of the longest names: every response is one that any client takes, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from crex import v1
from crex_broker.application.paging import MAX_PAGE_BYTES, fitting, fitting_page
from crex_broker.application.search_offers import cut
from reference_broker.tests.contract.market import POOL, Market
from reference_broker.tests.exchange import CONSUMER, PROVIDER, Exchange

_LINES = 16
_ORDERS = 280
_OFFERS = [f"crex://{PROVIDER}/offer/{'x' * 770}{at:02d}" for at in range(_LINES)]


@pytest_asyncio.fixture
async def market(tmp_path: Path) -> AsyncIterator[Exchange]:
    """A broker with orders of sixteen lines of offers whose names have 800 characters."""
    exchange = Exchange.open(tmp_path / "broker.db")
    market = Market(exchange.store, exchange.clock)
    await market.open(units=_LINES * _ORDERS)
    for offer in _OFFERS:
        await market.publish_offer(offer)
    lines = [(offer, POOL) for offer in _OFFERS]
    await asyncio.gather(*(market.held(offers=lines) for _ in range(_ORDERS)))
    yield exchange
    exchange.close()


async def test_no_response_is_over_3_mib_and_every_order_comes_once(market: Exchange) -> None:
    """MARKET-PAGE-3: a page of 1000 orders of 14 KiB each is cut, and the token goes on where it was cut."""
    for party in (CONSUMER, PROVIDER):
        seen: list[str] = []
        token, pages = "", 0
        while True:
            request = v1.ListOrdersRequest(page_size=1000, page_token=token)
            response = await market.call("MarketService/ListOrders", request, party)
            assert response.ByteSize() <= MAX_PAGE_BYTES
            seen += [order.name for order in response.orders]
            token, pages = response.next_page_token, pages + 1
            if not token:
                break
        assert pages == 2
        assert len(seen) == len(set(seen)) == _ORDERS
        assert seen == sorted(seen, reverse=True)


async def test_a_page_is_read_again_until_it_fits() -> None:
    """MARKET-PAGE-3: one element comes in any case, so that a list never stands still."""
    texts = ["x" * 2_000_000, "y" * 2_000_000, "z", "w" * 3_500_000, "v"]
    asked: list[int] = []

    async def read(limit: int) -> list[str]:
        asked.append(limit)
        return texts[at : at + limit]

    pages: list[list[str]] = []
    at = 0
    while at < len(texts):
        page, messages = await fitting_page(read, lambda page: [v1.Order(name=one) for one in page], 10)
        assert [one.name for one in messages] == page
        pages.append(page)
        at += len(page)
    assert pages == [texts[:1], texts[1:3], texts[3:4], texts[4:]]
    assert asked == [10, 1, 10, 2, 10, 1, 10]


def test_the_count_is_exact_about_what_fits() -> None:
    """MARKET-PAGE-3: as many elements are given as fit, up to a few hundred; none where none need be."""
    orders = [v1.Order(name="x" * 10_000)] * 1000
    count = fitting(orders)
    size = v1.ListOrdersResponse(orders=orders[:count], next_page_token="t" * 1024).ByteSize()
    assert MAX_PAGE_BYTES - 20_000 < size <= MAX_PAGE_BYTES
    assert fitting([], 0) == 0
    assert fitting(orders, 10) == 1
    assert fitting(orders, 10, least=0) == 0


def test_an_answer_to_a_search_is_cut() -> None:
    """DISCOVERY-SIZE-1: rejections go first and are told as capped; the cheapest candidates stay."""
    long = "x" * 60_000
    response = v1.SearchOffersResponse(
        candidates=[v1.Candidate(offer_id=f"{at}", price_unknown_reason=long) for at in range(100)],
        explanation=v1.MatchExplanation(
            considered=120,
            rejections=[v1.Rejection(offer_id=f"{at}", required=long, found=long) for at in range(20)],
            constraints=[v1.ConstraintCount(constraint=long, fails=at) for at in range(64)],
            relaxation=v1.Relaxation(constraint=long * 10),
        ),
    )
    cut(response)
    assert response.ByteSize() <= MAX_PAGE_BYTES
    assert [int(one.offer_id) for one in response.candidates] == list(range(len(response.candidates)))
    assert len(response.candidates) > 20
    assert 0 < len(response.explanation.rejections) < 20
    assert response.explanation.rejections_capped
    assert response.explanation.considered == 120


def test_an_answer_that_fits_is_left_alone() -> None:
    """DISCOVERY-SIZE-1: nothing is left out of an answer that any client takes."""
    response = v1.SearchOffersResponse(
        candidates=[v1.Candidate(offer_id=f"{at}") for at in range(1000)],
        explanation=v1.MatchExplanation(constraints=[v1.ConstraintCount(constraint="x" * 500_000)]),
    )
    whole = response.SerializeToString()
    cut(response)
    assert response.SerializeToString() == whole
