"""Attestations at a broker: who publishes them, what is listed, and what no longer stands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio

from crex import v1
from crex.documents import strict
from crex.trust.status_book import StatusListBuilder
from crex_broker.application.caller import Caller
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER, Exchange, identity, signer
from reference_broker.tests.trade import Trade
from reference_broker.tests.vouching import ATTESTER, Vouched, attestation, opened_trade, refused, send


@pytest_asyncio.fixture
async def trade(tmp_path: Path) -> AsyncIterator[Trade]:
    """A market with an attester pinned, and goods on sale."""
    opened = await opened_trade(tmp_path / "broker.db")
    yield opened
    opened.close()


async def attested(exchange: Exchange, subject: str, by: str = CONSUMER, **more: Any) -> list[str]:
    """Names of the attestations about a subject."""
    request = v1.ListAttestationsRequest(subject=subject, **more)
    found = await exchange.call("DiscoveryService/ListAttestations", request, by)
    return [_name(envelope) for envelope in found.attestations]


def _name(envelope: v1.Envelope) -> str:

    return str(strict.loads(envelope.payload)["header"]["id"])


def _sign(document: v1.Attestation, role: str = "attester") -> v1.Envelope:
    return identity(document.header.issuer, role).sign_document(document)


async def test_a_subject_publishes_what_an_attester_says(trade: Trade) -> None:
    """PUBLISH-ATTEST-1, LIST-ATTEST-1: an attester hands it over, its subject publishes it, all find it."""
    site = f"crex://{PROVIDER}/site/north"
    envelope = _sign(attestation(trade, ATTESTER, [site, f"crex://{PROVIDER}/trust/main"]))
    await send(trade, envelope, PROVIDER)
    name = f"crex://{ATTESTER}/attestation/a"
    assert await attested(trade, site) == [name]
    assert await attested(trade, f"crex://{PROVIDER}/trust/main") == [name]
    assert await attested(trade, site, predicate_type="compliance") == []
    assert await attested(trade, site, predicate_type="example.org/walked-through") == [name]
    (stored,) = await trade.store.attestations.about([site, "0" * 64])
    assert v1.Envelope.FromString(stored.envelope) == envelope


async def test_strangers_attestations_are_refused(trade: Trade) -> None:
    """PUBLISH-ATTEST-1: of an issuer that is not pinned, and by somebody whom it does not concern."""
    site = f"crex://{PROVIDER}/site/north"
    stranger = identity("stranger.example", "attester")
    unknown = stranger.sign_document(attestation(trade, "stranger.example", [site]))
    await refused(send(trade, unknown, PROVIDER), "ISSUER")
    await refused(send(trade, _sign(attestation(trade, ATTESTER, [site])), OTHER), "NOT_A_PARTY")
    await send(trade, _sign(attestation(trade, ATTESTER, [site])), ATTESTER)
    assert await attested(trade, site) == [f"crex://{ATTESTER}/attestation/a"]


async def test_an_attester_publishes_nothing_that_is_sold(trade: Trade) -> None:
    """BILLING-SERIES-1, PUBLISH-ATTEST-1: the role of everybody does not open the market."""
    document = attestation(trade, ATTESTER, [f"crex://{PROVIDER}/site/north"])
    request = v1.PublishDocumentRequest(request_id=trade.request_id(), envelope=_sign(document))
    case = trade.cases["/crex.v1.MarketService/PublishDocument"]
    await case(Caller(ATTESTER, frozenset({"attester"})), request)
    site = v1.Site(header=trade.header(PROVIDER, "site", "south"), country="NO")
    request = v1.PublishDocumentRequest(
        request_id=trade.request_id(), envelope=signer(PROVIDER).sign_document(site)
    )
    await refused(case(Caller(PROVIDER, frozenset({"attester"})), request), "ROLE")


async def test_the_highest_revision_that_stands_is_listed(trade: Trade) -> None:
    """LIST-ATTEST-1: superseded and ended attestations, and those of a fallen key, are not listed."""
    site, other = f"crex://{PROVIDER}/site/north", f"crex://{PROVIDER}/site/south"
    await send(trade, _sign(attestation(trade, ATTESTER, [site])), ATTESTER)
    await send(trade, _sign(attestation(trade, ATTESTER, [other], revision=2)), ATTESTER)
    assert (await attested(trade, site), await attested(trade, other)) == (
        [],
        [f"crex://{ATTESTER}/attestation/a"],
    )
    older = attestation(trade, ATTESTER, [site], name="b", revision=2)
    await send(trade, _sign(older), ATTESTER)
    await refused(
        send(trade, _sign(attestation(trade, ATTESTER, [site], name="b")), ATTESTER), "REVISION_CONFLICT"
    )
    await send(trade, _sign(attestation(trade, ATTESTER, [other], name="b", revision=3)), ATTESTER)
    short = attestation(trade, ATTESTER, [site], name="short", until=trade.at(hours=1))
    await send(trade, _sign(short), ATTESTER)
    assert await attested(trade, site) == [f"crex://{ATTESTER}/attestation/short"]
    trade.clock.advance(hours=1)
    assert await attested(trade, site) == []
    vouched = Vouched(trade, ATTESTER, identity(ATTESTER, "attester"))
    await vouched.revoke_signing_key(trade.clock.now() - timedelta(hours=2))
    assert await attested(trade, other) == []


async def test_a_revoked_attestation_is_not_listed(trade: Trade) -> None:
    """LIST-ATTEST-1: an attester's status list takes its attestation back."""
    name = f"crex://{ATTESTER}/status-list/a"
    vouched = Vouched(trade, ATTESTER, identity(ATTESTER, "attester"))
    await vouched.publish(lambda draft: draft.add_status_list(name))
    book = StatusListBuilder(name)
    place = book.allot()

    async def publish_list() -> None:
        built = book.build(now=trade.clock.now())
        await send(trade, identity(ATTESTER, "attester").sign_document(built), ATTESTER)

    await publish_list()
    site = f"crex://{PROVIDER}/site/north"
    await send(trade, _sign(attestation(trade, ATTESTER, [site], status=place)), ATTESTER)
    assert await attested(trade, site) == [f"crex://{ATTESTER}/attestation/a"]
    book.revoke(place.index, reason="withdrawn")
    await publish_list()
    assert await attested(trade, site) == []
    again = attestation(trade, ATTESTER, [site], revision=2, status=place)
    await refused(send(trade, _sign(again), ATTESTER), "REVOKED")


async def test_attestations_are_paged(trade: Trade) -> None:
    """MARKET-PAGE-1, MARKET-PAGE-2: every attestation once, by name; a token is good for its list alone."""
    site = f"crex://{PROVIDER}/site/north"
    for at in range(7):
        await send(trade, _sign(attestation(trade, ATTESTER, [site], name=f"a{at}")), ATTESTER)
    request, found = v1.ListAttestationsRequest(subject=site, page_size=3), []
    while True:
        page = await trade.call("DiscoveryService/ListAttestations", request, CONSUMER)
        found += [_name(envelope) for envelope in page.attestations]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert found == [f"crex://{ATTESTER}/attestation/a{at}" for at in range(7)]
    other = v1.ListAttestationsRequest(subject=f"crex://{PROVIDER}/site/south", page_token=request.page_token)
    await refused(trade.call("DiscoveryService/ListAttestations", other, CONSUMER), "PAGE_TOKEN_MISMATCH")
