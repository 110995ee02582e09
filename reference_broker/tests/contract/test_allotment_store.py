"""The contract of `AllotmentStore` and `PartyStore`."""

from __future__ import annotations

import pytest

from crex.errors import CrexError
from crex_broker.application.ports.parties import Enrolment
from reference_broker.tests.contract.market import HOUR, POOL, Market, document, refusal
from reference_broker.tests.exchange import BROKER, CONSUMER, OTHER, PROVIDER


async def test_an_allotment_can_be_raised_and_cut_to_what_is_claimed(market: Market) -> None:
    """CAP-CUT-1: a cut below live claims is refused with the instant; exactly to them it stands."""
    await market.held(5, start=HOUR, end=2 * HOUR)
    with pytest.raises(CrexError) as refused:
        await market.grant((0, 48 * HOUR, 4), revision=2)
    assert refused.value.reason == "CAPACITY_EXHAUSTED"
    assert refused.value.details["at"] == "2026-03-01T09:00:00Z"
    done = await market.grant((0, HOUR, 0), (HOUR, 48 * HOUR, 5), revision=2)
    assert done.outcome.pool_gen > 1
    with refusal("CAPACITY_EXHAUSTED"):
        await market.held(1, start=HOUR, end=2 * HOUR)
    with refusal("CAPACITY_EXHAUSTED"):
        await market.held(1, start=0, end=HOUR)
    await market.grant((0, 48 * HOUR, 9), revision=3)
    await market.held(4, start=HOUR, end=2 * HOUR)


async def test_the_same_allotment_again_changes_nothing(market: Market) -> None:
    """CAP-ALLOTMENT-3: the bytes that stand may be granted again; an older revision may not."""
    again = await market.grant((0, 48 * HOUR, 8))
    assert [window.quantity for window in again.outcome.windows] == [8]
    await market.grant((0, 48 * HOUR, 9), revision=2)
    with refusal("REVISION_CONFLICT"):
        await market.grant((0, 48 * HOUR, 8))


async def test_only_the_pools_provider_grants(market: Market) -> None:
    """CAP-ALLOTMENT-1: a pool must be here, and be the caller's."""
    with refusal("NOT_A_PARTY"):
        await market.grant((0, HOUR, 8), revision=2, party=OTHER)
    with refusal("REFERENCE_MISSING"):
        await market.grant((0, HOUR, 8), pool=POOL + "-2")


async def test_enrolling_again_changes_roles_and_trust_document(market: Market) -> None:
    """CHANNEL-ROLE-1: an enrolment keeps its first time, and never takes an older trust document back."""
    parties = market.store.parties
    newer = document("trust-document", f"crex://{CONSUMER}/trust/main", 2)
    market.clock.advance(seconds=5)
    done = await parties.enrol(market.mutation(BROKER), Enrolment(CONSUMER, ("admin", "provider"), newer))
    assert done.outcome.roles == ("admin", "provider")
    assert done.outcome.update_ms == done.outcome.create_ms + 5000
    older = document("trust-document", f"crex://{CONSUMER}/trust/main", 1)
    with refusal("TRUST_ROLLBACK"):
        await parties.enrol(market.mutation(BROKER), Enrolment(CONSUMER, ("provider",), older))
    everyone = await parties.parties()
    assert [party.authority for party in everyone] == sorted([CONSUMER, OTHER, PROVIDER])
    assert everyone[0] == done.outcome
    assert newer.envelope in await parties.trust_documents()
    assert len(await parties.trust_documents()) == 4


async def test_a_secret_is_the_same_for_a_purpose_and_differs_between_them(market: Market) -> None:
    """MARKET-PAGE-1: tokens outlive a restart, and one purpose's secret tells nothing of another's."""
    assert market.store.secret("page-tokens") == market.store.secret("page-tokens")
    assert market.store.secret("page-tokens") != market.store.secret("other")
    assert len(market.store.secret("other")) == 32
