"""What a published document means to the broker: what it cites, the pool, offer or series that it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from crex import v1
from crex.documents import convert, strict
from crex.errors import CrexError, RatingError, Violation
from crex.metering.span import Span
from crex.rating.plan import Plan
from crex.rating.series import Curve, Series
from crex.trust.verified import Verified
from crex_broker.application.billable import check_billable
from crex_broker.application.limits import Limits
from crex_broker.application.opening import new_document
from crex_broker.application.ports.documents import DocumentStore, StoredDocument
from crex_broker.application.ports.offers import (
    DocumentPin,
    OfferFacts,
    PoolFacts,
    Publication,
    SeriesFacts,
)
from crex_broker.application.roles import Roles
from crex_broker.application.times import ms_of
from crex_broker.domain.terms import check_offer, check_partition, check_sold

# What PublishDocument takes, by the message of the type.
PUBLISHED: Final = (
    v1.Site,
    v1.ComputeResource,
    v1.NetworkLink,
    v1.PricePlan,
    v1.PriceSeries,
    v1.Offer,
)


def publication_of(
    opened: Verified[Any], limits: Limits, roles: Roles, *, judge_ms: int | None = None
) -> Publication:
    """Gives what a verified document means.

    Args:
        opened: The document.
        limits: Limits of offers.
        roles: Who is enrolled here, and as what.
        judge_ms: From when on it must be judged again, where it is an offer.

    Raises:
        CrexError: TERMS or SCHEMA where it cannot be sold from as it is.
    """
    message = opened.message
    if isinstance(message, v1.ComputeResource):
        return _resource(opened, message)
    if isinstance(message, v1.PricePlan):
        return _plan(opened, message, roles)
    if isinstance(message, v1.Offer):
        return _offer(opened, message, limits, judge_ms)
    return Publication(new_document(opened))


async def check_goods(publication: Publication, documents: DocumentStore) -> None:
    """Refuses an offer of something that may not be sold as described (DESC-CPU-3, DESC-PARTITION-1).

    What it cites and is not here is refused by the store.

    Raises:
        CrexError: TERMS with the place in the description.
    """
    if publication.offer is None:
        return
    party = publication.document.issuer
    for pin in publication.cites:
        found = None
        if pin.type == "compute-resource":
            found = await documents.by_digest(party, pin.sha256)
        if found is None or found.type != pin.type:
            continue
        body = _body(found)
        if "pool" in body:
            unit = await documents.by_name(party, body["pool"]["unit"], None)
            body = {} if unit is None else _body(unit)
        check_sold(pin.id, body)
        whole = None
        if "partition" in body:
            whole = await documents.by_name(party, body["partition"]["ofResource"], None)
        if whole is not None and whole.type == pin.type:
            check_partition(pin.id, body, _body(whole))


async def judge_series(
    publication: Publication, opened: Verified[Any], documents: DocumentStore
) -> Publication:
    """Gives a publication that is a price series with what the store must know of it; any other as it is.

    Raises:
        CrexError: SCHEMA where it breaks a rule of series; CONFLICT where it states another value for an
            instant than a revision that is here (BILLING-SERIES-2).
    """
    message = opened.message
    if not isinstance(message, v1.PriceSeries):
        return publication
    span = Span.of(message.interval)
    newest = await documents.by_name(opened.issuer, opened.id, None)
    standing = await documents.series(opened.id, span.start_ms, span.end_ms)
    revisions = [convert.to_message(_body(each), v1.PriceSeries) for each in standing]
    try:
        Curve.of(opened.id, [Series.of(each) for each in (*revisions, message)])
    except RatingError as error:
        error.source = opened.id
        if error.reason != "CONFLICT":
            raise
        raise CrexError(
            "CONFLICT",
            f"Revision {opened.revision} of {opened.id} states another value for {error.details['at']} than "
            "a revision that is here, and bills may pin either. State there what stands, or publish the "
            "values as a series of another name (BILLING-SERIES-2).",
            details={"id": opened.id, "at": error.details["at"], "requirement": "BILLING-SERIES-2"},
        ) from None
    facts = SeriesFacts(span.start_ms, span.end_ms, 0 if newest is None else newest.revision)
    return replace(publication, series=facts)


def _body(document: StoredDocument) -> dict[str, Any]:
    body: dict[str, Any] = strict.loads(v1.Envelope.FromString(document.envelope).payload)
    return body


def _resource(opened: Verified[Any], resource: v1.ComputeResource) -> Publication:
    cites = [DocumentPin("site", resource.site_id, "siteId")]
    pool = None
    if resource.HasField("pool"):
        cites.append(DocumentPin("compute-resource", resource.pool.unit, "pool.unit"))
        draws = {draw.base_pool: draw.units_per_unit for draw in resource.pool.draws}
        if len(draws) < len(resource.pool.draws):
            violation = Violation(
                "$.pool.draws", "a base pool is named twice", "CAP-DRAW-1", "Add its units up in one entry."
            )
            raise CrexError("SCHEMA", f"The pool {opened.id} is not well formed", violations=[violation])
        pool = PoolFacts(resource.pool.unit, tuple(draws.items()))
    return Publication(new_document(opened), tuple(cites), pool=pool)


def _plan(opened: Verified[Any], plan: v1.PricePlan, roles: Roles) -> Publication:
    try:
        Plan.of(plan)
    except RatingError as error:
        error.source = opened.id
        raise
    check_billable(opened.id, plan, roles)
    return Publication(new_document(opened))


def _offer(opened: Verified[Any], offer: v1.Offer, limits: Limits, judge_ms: int | None) -> Publication:
    check_offer(offer, min_ms=limits.min_offer_ms, max_ms=limits.max_offer_ms)
    cites = (
        _pin("compute-resource", offer.resource, "resource"),
        _pin("price-plan", offer.price_plan, "pricePlan"),
    )
    facts = OfferFacts(
        pool=offer.pool if offer.HasField("pool") else None,
        unit=offer.resource.id,
        expire_ms=ms_of(offer.header.valid_until, "$.header.validUntil"),
        judged_by=opened.trust_revision,
        judge_ms=judge_ms,
    )
    return Publication(new_document(opened), cites, offer=facts)


def _pin(type_: str, pin: v1.Pin, field: str) -> DocumentPin:
    return DocumentPin(type_, pin.id, field, pin.revision, pin.sha256)
