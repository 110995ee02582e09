"""GetServerInfo, SearchOffers, Enrol, and a broker that starts again."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from crex import v1
from crex.demand.text import parse
from crex.errors import CrexError
from crex_broker.application.broker import Broker
from crex_broker.application.caller import Caller
from crex_broker.application.market import admin_cases, discovery_cases, market_cases
from reference_broker.tests.documents import allotment, grant, offer, price_plan, site, stock
from reference_broker.tests.exchange import BROKER, CONSUMER, OTHER, PROVIDER, Exchange, pin, signer


class _NoAgents:
    """Streams of nobody."""

    async def connect(
        self, caller: Caller, requests: AsyncIterator[v1.ConnectRequest]
    ) -> AsyncGenerator[v1.ConnectResponse, None]:
        """Serves nothing."""
        for response in list[v1.ConnectResponse]():
            yield response

    async def drain(self) -> None:
        """Has nobody to ask."""


class _NoTimers:
    """Nothing happens by itself."""

    async def start(self) -> None:
        """Starts nothing."""

    async def close(self) -> None:
        """Ends nothing."""


def _broker(exchange: Exchange) -> Broker:
    return Broker(exchange.context, (market_cases, discovery_cases, admin_cases), _NoAgents(), _NoTimers())


async def _search(exchange: Exchange, text: str = "", *, count: int = 1, **more: Any) -> Any:
    demand = v1.Demand(
        interval=exchange.interval(exchange.at(), exchange.at(hours=2)), count=count, currency="EUR"
    )
    if text:
        demand.requirement.CopyFrom(parse(text))
    request = v1.SearchOffersRequest(demand=demand, **more)
    return await exchange.call("DiscoveryService/SearchOffers", request, CONSUMER)


async def test_a_new_offer_is_found_before_its_publication_returns(exchange: Exchange) -> None:
    """OFFER-SEARCHABLE-1: with its price for this demand, and whether it can be held here."""
    goods = await stock(exchange, units=0)
    (found,) = (await _search(exchange, count=3)).candidates
    assert found.offer_id == goods.offer_id
    assert (found.price.currency, found.price.amount) == ("EUR", "17.94")
    assert not found.holdable
    window = (exchange.at(), exchange.at(days=1), 8)
    await grant(exchange, allotment(exchange, goods.pool, [window]))
    (found,) = (await _search(exchange)).candidates
    assert found.holdable


async def test_a_new_revision_of_a_site_changes_what_is_found(exchange: Exchange) -> None:
    """OFFER-SEARCHABLE-1: sites are cited by name, so the newest one counts at once."""
    await stock(exchange)
    assert len((await _search(exchange, "site.country = NO")).candidates) == 1
    moved = site(exchange, revision=2)
    moved.country = "SE"
    await exchange.publish(moved)
    assert not (await _search(exchange, "site.country = NO")).candidates
    assert len((await _search(exchange, "site.country = SE")).candidates) == 1


async def test_what_does_not_match_is_explained(exchange: Exchange) -> None:
    """MATCH-ORDER-1: cheapest first; the others are told what was required and what was found."""
    goods = await stock(exchange)
    cheap = await exchange.publish(price_plan(exchange, name="cheap", price="1"))
    resource = pin(goods.resource, f"crex://{PROVIDER}/resource/node")
    await exchange.publish(
        offer(exchange, resource, pin(cheap, f"crex://{PROVIDER}/plan/cheap"), name="cheap")
    )
    found = await _search(exchange)
    assert [c.offer_id for c in found.candidates] == [f"crex://{PROVIDER}/offer/cheap", goods.offer_id]
    found = await _search(exchange, max_candidates=1)
    assert [c.offer_id for c in found.candidates] == [f"crex://{PROVIDER}/offer/cheap"]
    found = await _search(exchange, "site.country in [SE, DK]", explain=True)
    assert not found.candidates
    assert found.explanation.considered == 2
    assert {rejection.found for rejection in found.explanation.rejections} == {"NO"}


async def test_an_offer_past_its_end_is_not_found_even_before_its_timer_has_run(exchange: Exchange) -> None:
    """STATE-OFFER-1: what has ended is not offered."""
    await stock(exchange)
    exchange.clock.advance(hours=24)
    assert not (await _search(exchange)).candidates


async def test_a_demand_that_cannot_be_understood_is_refused(exchange: Exchange) -> None:
    """REQ-PATH-1: a path that does not exist is an error, never an empty answer."""
    demand = v1.Demand(count=1, interval=exchange.interval(exchange.at(), exchange.at(hours=1)))
    demand.requirement.constraint.path = "site.contry"
    demand.requirement.constraint.op = v1.ConstraintOperator.CONSTRAINT_OPERATOR_EXISTS
    with pytest.raises(CrexError, match=r"site\.country"):
        await exchange.call("DiscoveryService/SearchOffers", v1.SearchOffersRequest(demand=demand), CONSUMER)


async def test_the_server_says_what_it_is_and_serves(exchange: Exchange) -> None:
    """DISCOVERY-INFO-1: every method it serves is listed, and the limits are those that apply."""
    broker = _broker(exchange)
    info: Any = await broker.unary["/crex.v1.DiscoveryService/GetServerInfo"](
        Caller(CONSUMER, frozenset()), v1.GetServerInfoRequest()
    )
    assert info.authority == BROKER
    served = {f"/{method.rpartition('.')[0]}/{method.rpartition('.')[2]}" for method in info.methods}
    assert served == {*broker.unary, "/crex.v1.ProviderAgentService/Connect"}
    assert "application/vnd.crex.offer.v1+json" in info.document_types
    assert info.limits.max_hold_seconds == 900
    assert info.trust_document == signer(BROKER).trust_document


async def test_a_restarted_broker_knows_what_it_knew(exchange: Exchange, tmp_path: Path) -> None:
    """Parties, pinned trust documents, offers and orders are read back; nothing has to be told again."""
    goods = await stock(exchange)
    request = v1.CreateHoldRequest(
        request_id="hold-request",
        items=[goods.item(8)],
        interval=exchange.interval(exchange.at(), exchange.at(hours=1)),
    )
    hold = await exchange.call("MarketService/CreateHold", request, CONSUMER)
    exchange.close()
    again = Exchange.open(tmp_path / "broker.db", clock=exchange.clock)
    broker = _broker(again)
    try:
        await broker.start()
        assert broker.roles(CONSUMER) == {"provider", "consumer"}
        assert broker.roles("stranger.example") == frozenset()
        assert len((await _search(again)).candidates) == 1
        replayed = await again.call("MarketService/CreateHold", request, CONSUMER)
        assert replayed.replayed
        assert replayed.hold_receipt == hold.hold_receipt
        with pytest.raises(CrexError, match="CAPACITY_EXHAUSTED"):
            await again.call(
                "MarketService/CreateHold",
                v1.CreateHoldRequest(
                    request_id="more-request", items=[goods.item()], interval=request.interval
                ),
                OTHER,
            )
        await again.publish(site(again, name="south"))
    finally:
        again.close()


async def test_enrolment_grants_known_roles_only_and_may_be_repeated(exchange: Exchange) -> None:
    """CHANNEL-ROLE-1: an unknown role is refused with its place; enrolling again replaces the roles."""
    document = signer(OTHER).trust_document
    with pytest.raises(CrexError, match="SCHEMA") as refused:
        await exchange.call(
            "AdminService/Enrol",
            v1.EnrolRequest(request_id="enrol-one", trust_document=document, roles=["provider", "king"]),
            BROKER,
        )
    assert refused.value.violations[0].path == "$.roles[1]"
    done = await exchange.call(
        "AdminService/Enrol",
        v1.EnrolRequest(request_id="enrol-two", trust_document=document, roles=["admin"]),
        BROKER,
    )
    assert list(done.party.roles) == ["admin"]
    assert exchange.context.roles.of(OTHER) == {"admin"}


async def test_a_trust_document_that_does_not_verify_enrols_nobody(exchange: Exchange) -> None:
    """TRUST-THRESHOLD-1: an altered trust document is refused, and its party stays unknown."""
    document = signer("stranger.example").trust_document
    document.payload = document.payload.replace(b"stranger.example", b"another1.example")
    with pytest.raises(CrexError):
        await exchange.call(
            "AdminService/Enrol",
            v1.EnrolRequest(request_id="enrol-one", trust_document=document, roles=["provider"]),
            BROKER,
        )
    assert exchange.context.trust.current("another1.example") is None
    assert exchange.context.roles.of("another1.example") == frozenset()
