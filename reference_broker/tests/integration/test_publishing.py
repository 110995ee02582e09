"""PublishDocument, GrantAllotment and the states of offers, through the use cases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.message import Message

from crex import v1
from crex.documents import convert
from crex.documents.convert import to_timestamp
from crex.documents.types import DocumentType
from crex.errors import CrexError
from crex.trust.envelope import digest
from crex_broker.application.caller import Caller
from reference_broker.tests.documents import (
    allotment,
    grant,
    node_class,
    offer,
    pool,
    price_plan,
    site,
    stock,
)
from reference_broker.tests.exchange import CONSUMER, OTHER, PROVIDER, PUBLISHER, Exchange, pin, signer
from reference_broker.tests.series import SPOT, exchanged_plan, spot, spot_plan


def _refusal(reason: str) -> Any:
    return pytest.raises(CrexError, match=rf"\({reason}\)|'{reason}'")


async def _publish(exchange: Exchange, envelope: v1.Envelope, authority: str = PROVIDER) -> Any:
    request = v1.PublishDocumentRequest(request_id=exchange.request_id(), envelope=envelope)
    return await exchange.call("MarketService/PublishDocument", request, authority)


async def test_a_published_document_can_be_read_by_name_and_by_digest(exchange: Exchange) -> None:
    """MARKET-PUBLISH-1: what is read back is what was signed, byte for byte, for everyone."""
    envelope = await exchange.publish(site(exchange))
    name = f"crex://{PROVIDER}/site/north"
    sha256 = digest(envelope.payload)
    for request in (
        v1.GetDocumentRequest(ref=name),
        v1.GetDocumentRequest(ref=f"{name}@1"),
        v1.GetDocumentRequest(ref=f"{name}@sha256:{sha256}"),
        v1.GetDocumentRequest(sha256=sha256),
    ):
        read = await exchange.call("DiscoveryService/GetDocument", request, CONSUMER)
        assert read.envelope == envelope
    for ref in (f"{name}@2", f"crex://{PROVIDER}/site/south@sha256:{sha256}"):
        with _refusal("NOT_FOUND"):
            await exchange.call("DiscoveryService/GetDocument", v1.GetDocumentRequest(ref=ref), CONSUMER)


async def test_the_same_request_again_is_answered_as_the_first_time(exchange: Exchange) -> None:
    """IDEMPOTENCY-REPLAY-1: also when the offer has changed since and its key is refused today."""
    goods = await stock(exchange)
    request = v1.PublishDocumentRequest(
        request_id="the-same-request",
        envelope=signer(PROVIDER).sign_document(
            offer(
                exchange,
                pin(goods.resource, f"crex://{PROVIDER}/resource/node"),
                pin(goods.plan, f"crex://{PROVIDER}/plan/hourly"),
                name="second",
                pool_id=goods.pool,
            )
        ),
    )
    first = await exchange.call("MarketService/PublishDocument", request, PROVIDER)
    withdraw = v1.WithdrawOfferRequest(request_id=exchange.request_id(), offer_id=first.offer.id)
    await exchange.call("MarketService/WithdrawOffer", withdraw, PROVIDER)
    exchange.clock.advance(days=400)  # the trust document has ended: nothing of this party verifies
    again = await exchange.call("MarketService/PublishDocument", request, PROVIDER)
    assert again.replayed
    again.replayed = False
    assert again == first


async def test_an_unknown_member_of_a_descriptive_document_is_ignored_with_a_warning(
    exchange: Exchange,
) -> None:
    """DOC-UNKNOWN-1: the publisher is told what was ignored and what may have been meant."""
    body = convert.dump(site(exchange)).replace(b'"country":', b'"contry":')
    envelope = signer(PROVIDER).sign_body(body, DocumentType.of(v1.Site))
    response = await _publish(exchange, envelope)
    assert len(response.warnings) == 1
    assert "country" in response.warnings[0]


async def test_a_document_of_another_authority_is_not_published(exchange: Exchange) -> None:
    """MARKET-ISSUER-1: a party presents its own documents only, however well they are signed."""
    envelope = signer(PROVIDER).sign_document(site(exchange))
    with _refusal("NOT_A_PARTY"):
        await _publish(exchange, envelope, OTHER)


async def test_an_altered_or_misdirected_document_is_refused_with_its_own_reason(exchange: Exchange) -> None:
    """ENV-TYPE-1 and the steps of trust.md: type, signature, signer, time and size each have a reason."""
    envelope = signer(PROVIDER).sign_document(site(exchange))
    altered = v1.Envelope()
    altered.CopyFrom(envelope)
    altered.payload = envelope.payload.replace(b"NO", b"SE")
    with _refusal("SIGNATURE"):
        await _publish(exchange, altered)
    altered.CopyFrom(envelope)
    altered.payload_type = envelope.payload_type.replace("site", "offer")
    with _refusal("SIGNATURE"):
        await _publish(exchange, altered)
    altered.payload_type = envelope.payload_type.replace("site", "invoice")
    with _refusal("TYPE"):
        await _publish(exchange, altered)
    altered.CopyFrom(envelope)
    altered.payload = b"x" * 1_048_577
    with _refusal("LIMIT"):
        await _publish(exchange, altered)
    late = site(exchange, name="late")
    late.header.issued_at.CopyFrom(to_timestamp(exchange.at(seconds=61)))
    with _refusal("NOT_YET"):
        await _publish(exchange, signer(PROVIDER).sign_document(late))


async def test_references_must_be_here_and_be_the_ones_that_are_pinned(exchange: Exchange) -> None:
    """OFFER-PIN-1, DESC-SITE-1, CAP-POOL-1: site, resource, plan and pool come before what cites them."""
    with _refusal("REFERENCE_MISSING"):
        await exchange.publish(node_class(exchange))
    await exchange.publish(site(exchange))
    resource = await exchange.publish(node_class(exchange))
    plan = signer(PROVIDER).sign_document(price_plan(exchange))
    resource_pin = pin(resource, f"crex://{PROVIDER}/resource/node")
    plan_pin = pin(plan, f"crex://{PROVIDER}/plan/hourly")
    with _refusal("REFERENCE_MISSING"):
        await exchange.publish(offer(exchange, resource_pin, plan_pin))
    await _publish(exchange, plan)
    with _refusal("SUBJECT"):
        wrong = v1.Pin(id=plan_pin.id, revision=1, sha256="0" * 64)
        await exchange.publish(offer(exchange, resource_pin, wrong))
    with _refusal("REFERENCE_MISSING"):
        await exchange.publish(
            offer(exchange, resource_pin, plan_pin, pool_id=f"crex://{PROVIDER}/pool/none")
        )
    await exchange.publish(offer(exchange, resource_pin, plan_pin))


@pytest.mark.parametrize("form", ["node", "partition", "pool"])
async def test_processors_are_sold_with_their_allocation(exchange: Exchange, form: str) -> None:
    """DESC-CPU-3: an offer of processors stands only where a buyer is told who else uses them."""
    cpu = v1.Cpu(isa="x86-64", schedulable_cpus=8)
    unit = node_class(exchange)
    if form == "partition":
        unit.kind = "partition-class"
        sliced = v1.Partition(of_resource=f"crex://{PROVIDER}/resource/whole", contents=v1.NodeClass(cpu=cpu))
        unit.partition.CopyFrom(sliced)
    else:
        unit.node.cpu.CopyFrom(cpu)
    await exchange.publish(site(exchange))
    plan = pin(await exchange.publish(price_plan(exchange)), f"crex://{PROVIDER}/plan/hourly")

    async def sell(unit: v1.ComputeResource) -> v1.Envelope:
        sold = pin(await exchange.publish(unit), unit.header.id)
        if form == "pool":
            stocked = pool(exchange, revision=unit.header.revision)
            sold = pin(await exchange.publish(stocked), stocked.header.id)
        sold.revision = unit.header.revision
        return await exchange.publish(offer(exchange, sold, plan))

    with _refusal("TERMS") as refused:
        await sell(unit)
    (violation,) = refused.value.violations
    assert violation.requirement == "DESC-CPU-3"
    assert violation.path.endswith("cpu.allocation")
    unit.header.revision = 2
    contents = unit.partition.contents if form == "partition" else unit.node
    contents.cpu.allocation = "shared"
    await sell(unit)


async def test_an_offer_beyond_the_brokers_limits_is_refused(exchange: Exchange) -> None:
    """OFFER-VALIDITY-1: an offer stands fifteen minutes to a day, unless the broker says otherwise."""
    goods = await stock(exchange)
    resource = pin(goods.resource, f"crex://{PROVIDER}/resource/node")
    plan = pin(goods.plan, f"crex://{PROVIDER}/plan/hourly")
    for valid in (timedelta(minutes=14), timedelta(hours=24, milliseconds=1)):
        with _refusal("TERMS"):
            until = exchange.clock.now() + valid
            await exchange.publish(offer(exchange, resource, plan, name="other", until=until))


async def test_a_plan_that_cannot_be_rated_is_refused_when_it_is_published(exchange: Exchange) -> None:
    """PRICE-TIER-2: what nobody could bill by is not taken in."""
    plan = price_plan(exchange)
    plan.components.append(plan.components[0])
    with _refusal("SCHEMA"):
        await exchange.publish(plan)


async def test_a_plan_that_cannot_be_billed_here_is_refused(exchange: Exchange) -> None:
    """BILLING-PLAN-1: prices and rates that nobody here publishes are no ground for a bill."""
    component = price_plan(exchange).components[0]
    changes: tuple[tuple[dict[str, Any], int], ...] = (
        ({"exchange": v1.Exchange(currency="CNY", series="crex://b.example/s/x", publisher="b.example")}, 1),
        ({"components": [_by_series(component)]}, 1),
        ({"commitments": [_commitment(component.id)]}, 0),
        ({"components": [_over_account(component)]}, 0),
    )
    for revision, (change, refusals) in enumerate(changes, start=1):
        plan = price_plan(exchange)
        plan.header.revision = revision
        if "components" in change:
            plan.ClearField("components")
        plan.MergeFrom(v1.PricePlan(**change))
        if not refusals:
            await exchange.publish(plan)
            continue
        with _refusal("TERMS") as refused:
            await exchange.publish(plan)
        assert [each.requirement for each in refused.value.violations] == ["BILLING-PLAN-1"]


def _commitment(component: str) -> v1.Commitment:
    return v1.Commitment(
        id="year",
        kind=v1.CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY,
        amount="1",
        price="1",
        per_quantity="3600",
        eligible=[component],
    )


def _over_account(component: v1.PriceComponent) -> v1.PriceComponent:
    changed = v1.PriceComponent()
    changed.CopyFrom(component)
    changed.accumulator.scope = v1.AccumulatorScope.ACCUMULATOR_SCOPE_ACCOUNT
    changed.accumulator.reset = v1.AccumulatorReset.ACCUMULATOR_RESET_PERIOD
    return changed


def _by_series(component: v1.PriceComponent) -> v1.PriceComponent:
    changed = v1.PriceComponent()
    changed.CopyFrom(component)
    changed.price_series.id, changed.price_series.publisher = "crex://b.example/s/x", "b.example"
    changed.price_series.max_unit_price = "9"
    return changed


async def test_a_plan_by_series_is_published_once_its_publisher_is_enrolled(exchange: Exchange) -> None:
    """BILLING-PLAN-1: prices and exchange rates may come from whoever is enrolled to publish them."""
    for plan in (spot_plan(exchange), exchanged_plan(exchange)):
        plan.header.revision = 2 if plan.HasField("exchange") else 1
        with _refusal("TERMS") as refused:
            await exchange.publish(plan)
        assert refused.value.violations[0].path.endswith(".publisher")
        assert "enrol" in (refused.value.violations[0].fix or "")
    await exchange.enrol(PUBLISHER)
    for plan in (spot_plan(exchange), exchanged_plan(exchange)):
        plan.header.revision = 2 if plan.HasField("exchange") else 1
        await exchange.publish(plan)


async def test_each_publishes_what_its_role_is_for(exchange: Exchange) -> None:
    """BILLING-SERIES-1: a publisher publishes series and nothing else, a provider all but series."""
    await exchange.enrol(PUBLISHER)
    series = spot(exchange, (exchange.at(), "2"), end=exchange.at(hours=1))
    cases = (
        (PUBLISHER, "publisher", series, None),
        (PUBLISHER, "provider", series, "ROLE"),
        (PROVIDER, "provider", site(exchange), None),
        (PROVIDER, "publisher", site(exchange), "ROLE"),
    )
    for authority, role, document, reason in cases:
        request = v1.PublishDocumentRequest(
            request_id=exchange.request_id(), envelope=signer(authority).sign_document(document)
        )
        call = exchange.cases["/crex.v1.MarketService/PublishDocument"](
            Caller(authority, frozenset({role})), request
        )
        if reason is None:
            await call
            continue
        with _refusal(reason) as refused:
            await call
        assert refused.value.details["requirement"] == "BILLING-SERIES-1"


async def test_a_series_is_its_publishers(exchange: Exchange) -> None:
    """MARKET-ISSUER-1: nobody else sends it, and no key that does not sign series signs it."""
    await exchange.enrol(PUBLISHER)
    series = spot(exchange, (exchange.at(), "2"), end=exchange.at(hours=1))
    envelope = signer(PUBLISHER).sign_document(series)
    with _refusal("NOT_A_PARTY"):
        await _publish(exchange, envelope, PROVIDER)
    own = v1.PriceSeries()
    own.CopyFrom(series)
    own.header.id, own.header.issuer = f"crex://{PROVIDER}/price-series/spot", PROVIDER
    provider = signer(PROVIDER)
    with pytest.raises(CrexError):
        await _publish(exchange, provider.sign_document(own))


async def test_every_revision_of_a_series_stays(exchange: Exchange) -> None:
    """BILLING-SERIES-2: a revision adds times and replaces none; one that contradicts is refused."""
    await exchange.enrol(PUBLISHER)
    start, turn, end = exchange.at(), exchange.at(hours=1), exchange.at(hours=2)
    first = await exchange.publish(spot(exchange, (start, "2"), end=turn), PUBLISHER)
    wrong = spot(exchange, (start, "2"), (exchange.at(minutes=59), "3"), end=end, revision=2)
    with _refusal("CONFLICT") as refused:
        await exchange.publish(wrong, PUBLISHER)
    assert refused.value.details["requirement"] == "BILLING-SERIES-2"
    assert refused.value.details["at"] == "2026-03-01T08:59:00Z"
    second = await exchange.publish(spot(exchange, (start, "2"), (turn, "3"), end=end, revision=2), PUBLISHER)
    await exchange.publish(spot(exchange, (start, "9"), end=end, name="other"), PUBLISHER)
    again = await _publish(exchange, first, PUBLISHER)
    assert again.sha256 == digest(first.payload)
    for ref, envelope in ((f"{SPOT}@1", first), (f"{SPOT}@2", second), (SPOT, second)):
        read = await exchange.call("DiscoveryService/GetDocument", v1.GetDocumentRequest(ref=ref), CONSUMER)
        assert read.envelope == envelope


async def test_a_series_that_nothing_can_be_priced_by_is_refused(exchange: Exchange) -> None:
    """SERIES-POINT-1: what breaks a rule of series is not taken in."""
    await exchange.enrol(PUBLISHER)
    series = spot(exchange, (exchange.at(), "2"), end=exchange.at(hours=1))
    series.points[0].start.CopyFrom(to_timestamp(exchange.at(minutes=1)))
    with _refusal("SCHEMA") as refused:
        await exchange.publish(series, PUBLISHER)
    assert refused.value.violations[0].requirement == "SERIES-POINT-1"


async def test_a_pool_names_each_base_pool_once(exchange: Exchange) -> None:
    """CAP-DRAW-1: two entries for one base pool are refused with their place."""
    await exchange.publish(site(exchange))
    await exchange.publish(node_class(exchange))
    await exchange.publish(pool(exchange, name="base"))
    await exchange.publish(pool(exchange, name="half", draws=[("base", 1)]))
    with _refusal("SCHEMA"):
        await exchange.publish(pool(exchange, name="twice", draws=[("base", 1), ("base", 2)]))


async def test_an_allotment_is_for_this_broker_and_of_ones_own_pool(exchange: Exchange) -> None:
    """CAP-ALLOTMENT-1, CAP-ALLOTMENT-2, CAP-WINDOW-1: broker, provider and windows are checked."""
    goods = await stock(exchange, units=0)
    window = (exchange.at(), exchange.at(hours=1), 8)
    with _refusal("AUDIENCE"):
        await grant(exchange, allotment(exchange, goods.pool, [window], broker="another.example"))
    with _refusal("SCHEMA"):
        await grant(exchange, allotment(exchange, goods.pool, [window, window]))
    with _refusal("NOT_A_PARTY"):
        await grant(exchange, allotment(exchange, goods.pool, [window], authority=OTHER))
    with _refusal("REFERENCE_MISSING"):
        await grant(exchange, allotment(exchange, goods.pool + "-2", [window]))
    done = await grant(exchange, allotment(exchange, goods.pool, [window]))
    assert [(w.quantity, w.start, w.end) for w in done.windows] == [
        (8, to_timestamp(window[0]), to_timestamp(window[1]))
    ]


@pytest.mark.parametrize(
    ("method", "request_of", "state"),
    [
        ("PauseOffer", v1.PauseOfferRequest, v1.OfferState.OFFER_STATE_PAUSED),
        ("WithdrawOffer", v1.WithdrawOfferRequest, v1.OfferState.OFFER_STATE_WITHDRAWN),
    ],
)
async def test_an_offer_off_sale_is_neither_listed_nor_found(
    exchange: Exchange, method: str, request_of: type[Any], state: int
) -> None:
    """STATE-OFFER-1: pausing and withdrawing take an offer out of lists before the call returns."""
    goods = await stock(exchange)
    request: Message = request_of(request_id=exchange.request_id(), offer_id=goods.offer_id)
    response = await exchange.call(f"MarketService/{method}", request, PROVIDER)
    assert response.offer.state == state
    listed = await exchange.call("DiscoveryService/ListOffers", v1.ListOffersRequest(), CONSUMER)
    assert not listed.offers
    again = await exchange.call(f"MarketService/{method}", request, PROVIDER)
    assert again.replayed
    assert again.offer == response.offer


async def test_a_paused_offer_comes_back(exchange: Exchange) -> None:
    """STATE-OFFER-1: resuming puts an offer back into lists and search."""
    goods = await stock(exchange)
    for method, request_of in (("PauseOffer", v1.PauseOfferRequest), ("ResumeOffer", v1.ResumeOfferRequest)):
        request = request_of(request_id=exchange.request_id(), offer_id=goods.offer_id)
        await exchange.call(f"MarketService/{method}", request, PROVIDER)
    listed = await exchange.call("DiscoveryService/ListOffers", v1.ListOffersRequest(), CONSUMER)
    assert [found.id for found in listed.offers] == [goods.offer_id]
