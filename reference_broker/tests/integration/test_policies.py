"""Searching and holding by a trust policy (DEMAND-POLICY-1, HOLD-POLICY-1)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

from crex import v1
from crex.demand.rendering import render
from crex.errors import CrexError
from crex.trust.policies import parse_policy
from crex.trust.status_book import StatusListBuilder
from reference_broker.tests.documents import Goods, stock
from reference_broker.tests.exchange import BROKER, CONSUMER, OTHER, PROVIDER, identity, signer
from reference_broker.tests.trade import Trade
from reference_broker.tests.vouching import ATTESTER, Vouched, attestation, opened_trade, send

ROOT = "root.example"
MLPS_3 = [{"path": "scheme", "equals": "mlps"}, {"path": "level", "gte": "3"}]
CERTIFIED = {"predicateType": "compliance", "where": MLPS_3, "issuersAccreditedBy": ROOT}
DECLARED = {"predicateType": "compliance", "where": MLPS_3}
OFFER = f"crex://{PROVIDER}/offer/nodes"
PARTY = f"crex://{PROVIDER}/trust/main"


@pytest_asyncio.fixture
async def trade(tmp_path: Path) -> AsyncIterator[Trade]:
    """A market with an attester and an accrediting root pinned, and one provider's goods on sale."""
    opened = await opened_trade(tmp_path / "broker.db")
    request = v1.EnrolRequest(
        request_id=opened.request_id(),
        trust_document=identity(ROOT, "attester").trust_document,
        roles=["attester"],
    )
    await opened.call("AdminService/Enrol", request, BROKER)
    yield opened
    opened.close()


def policy(*clauses: dict[str, Any], **members: Any) -> v1.TrustPolicy:
    """A policy."""
    return parse_policy(orjson.dumps({"require": list(clauses), **members} if clauses else members))


def compliance(
    trade: Trade,
    issuer: str,
    subjects: Iterable[str],
    *,
    name: str = "mlps",
    revision: int = 1,
    level: int = 3,
    days: int = 30,
    status: v1.StatusReference | None = None,
) -> v1.Attestation:
    """A compliance attestation about some names."""
    stated = v1.CompliancePredicate(
        scheme="mlps", level=level, certificate="C-1", valid_from="2026-01-01", valid_to="2026-12-31"
    )
    until = trade.at(days=days)
    return attestation(
        trade,
        issuer,
        subjects,
        predicate=stated,
        name=name,
        revision=revision,
        status=status,
        until=until,
    )


def accreditation(trade: Trade, body: str) -> v1.Attestation:
    """The accreditation of a body by the root."""
    return attestation(
        trade,
        ROOT,
        [f"crex://{body}/trust/main"],
        predicate=v1.AccreditationPredicate(schemes=["mlps"]),
        name=body,
        until=trade.at(days=90),
    )


async def publish(trade: Trade, document: v1.Attestation) -> None:
    """Publishes an attestation of one of the attesters, or of a party."""
    issuer = document.header.issuer
    by = identity(issuer, "attester") if issuer in (ATTESTER, ROOT) else signer(issuer)
    await send(trade, by.sign_document(document), issuer)


async def search(trade: Trade, wanted: v1.TrustPolicy | None, **more: Any) -> v1.SearchOffersResponse:
    """Searches for an hour of one unit."""
    demand = v1.Demand(
        interval=trade.interval(trade.at(), trade.at(hours=1)), count=1, currency="EUR", policy=wanted
    )
    request = v1.SearchOffersRequest(demand=demand, **more)
    response: v1.SearchOffersResponse = await trade.call("DiscoveryService/SearchOffers", request, CONSUMER)
    return response


def names(response: v1.SearchOffersResponse) -> list[str]:
    """The offers that were found."""
    return [one.offer_id for one in response.candidates]


async def hold(trade: Trade, item: v1.HoldRequestItem, wanted: v1.TrustPolicy | None, **more: Any) -> Any:
    """Holds one unit for an hour."""
    request = v1.CreateHoldRequest(
        request_id=more.pop("request_id", None) or trade.request_id(),
        items=[item],
        interval=trade.interval(trade.at(), trade.at(hours=1)),
        policy=wanted,
    )
    return await trade.call("MarketService/CreateHold", request, CONSUMER)


async def item(trade: Trade) -> v1.HoldRequestItem:
    """One line of a hold of the offer as it stands."""
    (found,) = [one for one in (await search(trade, None)).candidates if one.offer_id == OFFER]
    return v1.HoldRequestItem(offer_id=OFFER, offer_sha256=found.sha256, quantity=1)


async def test_an_offer_that_fails_is_explained_by_its_clause(trade: Trade) -> None:
    """DEMAND-POLICY-1: a self-declared level is no certificate, and the answer says so in one line."""
    await publish(trade, compliance(trade, PROVIDER, [PARTY]))
    response = await search(trade, policy(CERTIFIED), explain=True)
    assert names(response) == []
    told = response.explanation
    assert (told.considered, told.matched) == (1, 0)
    (rejection,) = told.rejections
    assert rejection.offer_id == OFFER
    assert rejection.constraint == "policy.require[0]: MLPS ≥ 3 from a body accredited by root.example"
    assert rejection.required == "MLPS ≥ 3 from a body accredited by root.example"
    assert rejection.found == f"self-declared (level 3, {PROVIDER})"
    assert not rejection.unstated
    (count,) = told.constraints
    assert (count.constraint, count.fails, count.fails_alone) == (rejection.constraint, 1, 1)
    assert (told.relaxation.constraint, told.relaxation.would_match) == (rejection.constraint, 1)
    text = "\n".join(render(told))
    assert "leave it out: 1 offer would match" in text
    assert f"found self-declared (level 3, {PROVIDER})" in text


async def test_nothing_attested_is_not_stated(trade: Trade) -> None:
    """DEMAND-POLICY-1: an offer of which nobody attests anything states nothing."""
    response = await search(trade, policy(CERTIFIED), explain=True)
    assert response.explanation.rejections[0].unstated
    assert response.explanation.constraints[0].unstated == 1


@pytest.mark.parametrize(
    "subject",
    [OFFER, PARTY, f"crex://{PROVIDER}/site/north", f"crex://{PROVIDER}/resource/node"],
)
async def test_what_is_attested_of_an_offer(trade: Trade, subject: str) -> None:
    """DEMAND-POLICY-1, HOLD-POLICY-1: of itself, its resource, its site or its provider."""
    wanted = policy(CERTIFIED)
    await publish(trade, compliance(trade, ATTESTER, [subject]))
    assert names(await search(trade, wanted)) == []
    await publish(trade, accreditation(trade, ATTESTER))
    assert names(await search(trade, wanted)) == [OFFER]
    assert (await hold(trade, await item(trade), wanted)).order.name


@pytest.mark.parametrize("subject", [f"crex://{PROVIDER}/plan/hourly", f"crex://{OTHER}/trust/main"])
async def test_what_is_not_attested_of_an_offer(trade: Trade, subject: str) -> None:
    """DEMAND-POLICY-1: its price plan and other parties are not what is sold."""
    await publish(trade, compliance(trade, ATTESTER, [subject]))
    assert names(await search(trade, policy(DECLARED))) == []


async def test_an_attestation_of_the_very_bytes(trade: Trade) -> None:
    """DEMAND-POLICY-1: an attestation can name an offer by its digest alone."""
    wanted = await item(trade)
    document = compliance(trade, ATTESTER, [])
    document.subjects.add(sha256=wanted.offer_sha256)
    await publish(trade, document)
    assert names(await search(trade, policy(DECLARED))) == [OFFER]
    assert (await hold(trade, wanted, policy(DECLARED))).order.name


async def test_a_hold_by_a_policy_that_is_not_met(trade: Trade) -> None:
    """HOLD-POLICY-1: nothing is held, and the refusal tells the clause."""
    wanted = await item(trade)
    with pytest.raises(CrexError) as caught:
        await hold(trade, wanted, policy(CERTIFIED))
    assert caught.value.reason == "POLICY"
    assert caught.value.violations[0].path == "$.require[0]"
    assert "needs MLPS ≥ 3 from a body accredited by root.example; found: nothing" in caught.value.message
    assert (await hold(trade, wanted, None)).order.name


async def test_a_hold_is_replayed_as_it_was_judged(trade: Trade) -> None:
    """HOLD-POLICY-1: the same request again gives the same hold, whatever was revoked since."""
    book = StatusListBuilder(f"crex://{ATTESTER}/status-list/a")
    place = await revocable(trade, book)
    await publish(trade, compliance(trade, ATTESTER, [PARTY], status=place))
    wanted, id_ = await item(trade), trade.request_id()
    first = await hold(trade, wanted, policy(DECLARED), request_id=id_)
    book.revoke(place.index, since=trade.clock.now())
    await list_sent(trade, book)
    again = await hold(trade, wanted, policy(DECLARED), request_id=id_)
    assert again.replayed
    assert again.order.name == first.order.name


async def revocable(trade: Trade, book: StatusListBuilder) -> v1.StatusReference:
    """Lets the attester's trust document name its list, publishes the list, and gives a place in it."""
    vouched = Vouched(trade, ATTESTER, identity(ATTESTER, "attester"))
    await vouched.publish(lambda draft: draft.add_status_list(book.name))
    await list_sent(trade, book)
    return book.allot()


async def list_sent(trade: Trade, book: StatusListBuilder) -> None:
    """Publishes the next revision of a list."""
    envelope = identity(ATTESTER, "attester").sign_document(
        book.build(now=trade.clock.now(), valid_for=timedelta(days=7))
    )
    await send(trade, envelope, ATTESTER)


async def test_a_revoked_attestation_counts_no_more(trade: Trade) -> None:
    """DEMAND-POLICY-1: from the list that revokes it on, in search and hold, and the answer says so."""
    book = StatusListBuilder(f"crex://{ATTESTER}/status-list/a")
    place = await revocable(trade, book)
    await publish(trade, compliance(trade, ATTESTER, [PARTY], status=place))
    assert names(await search(trade, policy(DECLARED))) == [OFFER]
    book.revoke(place.index, since=trade.clock.now())
    trade.clock.advance(seconds=1)
    await list_sent(trade, book)
    response = await search(trade, policy(DECLARED), explain=True)
    assert names(response) == []
    assert "revoked as of" in response.explanation.rejections[0].found
    with pytest.raises(CrexError, match="revoked as of"):
        await hold(trade, await item(trade), policy(DECLARED))


async def test_an_attestation_ends(trade: Trade) -> None:
    """DEMAND-POLICY-1: what has expired since it was published does not count, though it is kept."""
    await stock_longer(trade)
    await publish(trade, compliance(trade, ATTESTER, [PARTY], days=1))
    assert OFFER in names(await search(trade, policy(DECLARED)))
    trade.clock.advance(days=1)
    response = await search(trade, policy(DECLARED), explain=True)
    assert names(response) == []


async def stock_longer(trade: Trade) -> None:
    """Another provider's goods, so that something is considered."""
    await stock(trade, authority=OTHER)


async def test_the_explanation_tells_who_is_not_accredited(trade: Trade) -> None:
    """DEMAND-POLICY-1: what was found is told with why it does not count."""
    await publish(trade, compliance(trade, ATTESTER, [PARTY]))
    await publish(trade, compliance(trade, OTHER, [f"crex://{OTHER}/trust/main"]))
    await stock(trade, authority=OTHER)
    response = await search(trade, policy(CERTIFIED, {"predicateType": "benchmark"}), explain=True)
    first, second = response.explanation.rejections
    assert (first.offer_id, second.offer_id) == (f"crex://{OTHER}/offer/nodes", OFFER)
    assert second.found == (
        f"certified (level 3, {ATTESTER}): not accredited by {ROOT} for mlps; "
        "and needs benchmark; found: nothing"
    )
    assert {one.constraint: (one.fails, one.fails_alone) for one in response.explanation.constraints} == {
        "policy.require[0]: MLPS ≥ 3 from a body accredited by root.example": (2, 0),
        "policy.require[1]: benchmark": (2, 0),
    }
    assert not response.explanation.HasField("relaxation")


async def test_only_what_meets_the_policy_is_found_in_order(trade: Trade) -> None:
    """DEMAND-POLICY-1: candidates keep their order, and the limit counts what meets the policy."""
    other: Goods = await stock(trade, authority=OTHER)
    await publish(trade, compliance(trade, ATTESTER, [f"crex://{OTHER}/trust/main"]))
    assert names(await search(trade, None)) == [other.offer_id, OFFER]
    assert names(await search(trade, policy(DECLARED), max_candidates=1)) == [other.offer_id]
    await publish(trade, compliance(trade, ATTESTER, [PARTY], name="second"))
    response = await search(trade, policy(DECLARED), explain=True)
    assert names(response) == [other.offer_id, OFFER]
    assert (response.explanation.considered, response.explanation.matched) == (2, 2)
    assert not response.explanation.rejections


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (v1.TrustPolicy(require=[v1.PolicyClause(predicate_type="complience")]), "did you mean"),
        (v1.TrustPolicy(signature_families=["quantum"]), "no family"),
    ],
)
async def test_a_policy_that_could_never_be_met_is_refused(
    trade: Trade, wanted: v1.TrustPolicy, reason: str
) -> None:
    """POLICY-CHECK-1: a slip of the pen is told, and does not pass for an empty market."""
    for work in (search(trade, wanted), hold(trade, await item(trade), wanted)):
        with pytest.raises(CrexError) as caught:
            await work
        assert caught.value.reason == "SCHEMA"
        assert reason in f"{caught.value.violations[0].message} {caught.value.violations[0].fix}"


async def test_families_of_an_offers_signature(trade: Trade) -> None:
    """POLICY-FAMILY-1: the families are those of the keys that signed the offer."""
    assert names(await search(trade, policy(signatureFamilies=["classical"]))) == [OFFER]
    response = await search(trade, policy(signatureFamilies=["post-quantum"]), explain=True)
    assert names(response) == []
    assert response.explanation.rejections[0].found == "classical"


async def test_a_policy_that_asks_for_the_log(trade: Trade) -> None:
    """POLICY-LOG-1, POLICY-QUORUM-1: shown by the broker's own checkpoints and their co-signatures."""
    wanted = policy(log={"required": True})
    assert names(await search(trade, wanted)) == []
    size = await trade.store.log.size()
    await trade.store.log.keep_checkpoint(size, bytes(32), "note", forget_ms=1 << 40)
    assert names(await search(trade, wanted)) == [OFFER]
    assert names(await search(trade, policy(log={"required": True, "logs": ["elsewhere.example"]}))) == []
    with pytest.raises(CrexError) as caught:
        await hold(trade, await item(trade), policy(log={"quorum": 1}))
    assert caught.value.reason == "QUORUM"


async def test_a_fallen_key_takes_its_attestations_along(trade: Trade) -> None:
    """DEMAND-POLICY-1: what a revoked key signed does not verify any more, and the answer says so."""
    await publish(trade, compliance(trade, ATTESTER, [PARTY]))
    assert names(await search(trade, policy(DECLARED))) == [OFFER]
    vouched = Vouched(trade, ATTESTER, identity(ATTESTER, "attester"))
    await vouched.revoke_signing_key(trade.clock.now())
    response = await search(trade, policy(DECLARED), explain=True)
    assert names(response) == []
    assert "does not verify (KEY_REVOKED)" in response.explanation.rejections[0].found


async def test_more_offers_than_are_judged_at_once(trade: Trade) -> None:
    """DEMAND-POLICY-1: the search goes on past the first matches until enough meet the policy."""
    from reference_broker.tests.documents import offer
    from reference_broker.tests.exchange import pin

    goods = await stock(trade, authority=OTHER)
    resource, plan = (f"crex://{OTHER}/resource/node", f"crex://{OTHER}/plan/hourly")
    for number in range(70):
        document = offer(
            trade, pin(goods.resource, resource), pin(goods.plan, plan), authority=OTHER, name=f"a{number:02}"
        )
        await trade.publish(document, OTHER)
    await publish(trade, compliance(trade, ATTESTER, [PARTY]))
    response = await search(trade, policy(DECLARED), max_candidates=1, explain=True)
    assert names(response) == [OFFER]
    assert (response.explanation.considered, response.explanation.matched) == (72, 1)
    assert response.explanation.constraints[0].fails == 71
    assert response.explanation.rejections_capped
    assert len(response.explanation.rejections) == 20
