"""What a published document means to the broker: what it cites, the pool or the offer that it is."""

from __future__ import annotations

from typing import Any

from crex import v1
from crex.documents import strict
from crex.errors import CrexError, RatingError, Violation
from crex.rating.plan import Plan
from crex.trust.verified import Verified
from crex_broker.application.billable import check_billable
from crex_broker.application.limits import Limits
from crex_broker.application.opening import new_document
from crex_broker.application.ports.documents import DocumentStore, StoredDocument
from crex_broker.application.ports.offers import DocumentPin, OfferFacts, PoolFacts, Publication
from crex_broker.application.times import ms_of
from crex_broker.domain.terms import check_offer, check_partition, check_sold

# What PublishDocument takes, by the message of the type.
PUBLISHED = (v1.Site, v1.ComputeResource, v1.NetworkLink, v1.PricePlan, v1.Offer)


def publication_of(opened: Verified[Any], limits: Limits) -> Publication:
    """Gives what a verified document means.

    Raises:
        CrexError: TERMS or SCHEMA where it cannot be sold from as it is.
    """
    message = opened.message
    if isinstance(message, v1.ComputeResource):
        return _resource(opened, message)
    if isinstance(message, v1.PricePlan):
        return _plan(opened, message)
    if isinstance(message, v1.Offer):
        return _offer(opened, message, limits)
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


def _plan(opened: Verified[Any], plan: v1.PricePlan) -> Publication:
    try:
        Plan.of(plan)
    except RatingError as error:
        error.source = opened.id
        raise
    check_billable(opened.id, plan)
    return Publication(new_document(opened))


def _offer(opened: Verified[Any], offer: v1.Offer, limits: Limits) -> Publication:
    check_offer(offer, min_ms=limits.min_offer_ms, max_ms=limits.max_offer_ms)
    cites = (
        _pin("compute-resource", offer.resource, "resource"),
        _pin("price-plan", offer.price_plan, "pricePlan"),
    )
    facts = OfferFacts(
        pool=offer.pool if offer.HasField("pool") else None,
        unit=offer.resource.id,
        expire_ms=ms_of(offer.header.valid_until, "$.header.validUntil"),
    )
    return Publication(new_document(opened), cites, offer=facts)


def _pin(type_: str, pin: v1.Pin, field: str) -> DocumentPin:
    return DocumentPin(type_, pin.id, field, pin.revision, pin.sha256)
