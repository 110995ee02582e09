"""Objects of the store as the contract's messages; the same snapshot always gives the same message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from crex import v1
from crex.v1.state_tables import MACHINES
from crex_broker.application.ports.documents import StoredDocument
from crex_broker.application.ports.offers import OfferSnapshot
from crex_broker.application.ports.orders import LastTransition, OrderSnapshot
from crex_broker.application.ports.parties import PartySnapshot
from crex_broker.application.times import timestamp
from crex_broker.domain.etags import etag_of

_ORDER_STATES: Final = {name: v1.OrderState.Value(f"ORDER_STATE_{name}") for name in MACHINES["order"].states}
_OFFER_STATES: Final = {name: v1.OfferState.Value(f"OFFER_STATE_{name}") for name in MACHINES["offer"].states}


def order_message(order: OrderSnapshot) -> v1.Order:
    """Gives an order as the contract writes it."""
    return v1.Order(
        name=order.name,
        state=_ORDER_STATES[order.state],
        etag=etag_of(order.version),
        consumer=order.consumer,
        provider=order.provider,
        lines=[
            v1.OrderLine(
                offer=line.offer, offer_sha256=line.offer_sha256, quantity=line.quantity, lease=line.lease
            )
            for line in order.lines
        ],
        interval=v1.Interval(start=timestamp(order.start_ms), end=timestamp(order.end_ms)),
        hold_receipt_sha256=order.hold_receipt_sha256,
        order_document_sha256=order.order_document_sha256,
        order_confirmation_sha256=order.order_confirmation_sha256,
        create_time=timestamp(order.create_ms),
        update_time=timestamp(order.update_ms),
        expire_time=timestamp(order.expire_ms),
        last_transition=transition_message(order.last),
    )


def transition_message(last: LastTransition) -> v1.Transition:
    """Gives the last step of an object as the contract writes it."""
    return v1.Transition(event=last.event, actor=last.actor, reason=last.reason, time=timestamp(last.time_ms))


def offer_message(offer: OfferSnapshot, available: Iterable[v1.Availability] = ()) -> v1.OfferRecord:
    """Gives the record of an offer as the contract writes it; in listings with its availability."""
    return v1.OfferRecord(
        id=offer.id,
        state=_OFFER_STATES[offer.state],
        etag=etag_of(offer.version),
        sha256=offer.sha256,
        revision=offer.revision,
        create_time=timestamp(offer.create_ms),
        update_time=timestamp(offer.update_ms),
        expire_time=timestamp(offer.expire_ms),
        void_reason=offer.void_reason,
        availability=available,
    )


def party_message(party: PartySnapshot) -> v1.Party:
    """Gives an enrolled party as the contract writes it."""
    return v1.Party(
        authority=party.authority,
        roles=party.roles,
        trust_revision=party.trust_revision,
        trust_sha256=party.trust_sha256,
        create_time=timestamp(party.create_ms),
        update_time=timestamp(party.update_ms),
        jurisdictions=party.jurisdictions,
    )


def envelope_message(document: StoredDocument | None) -> v1.Envelope | None:
    """Gives a kept document in its envelope, the bytes as they were signed; nothing where there is none."""
    return None if document is None else v1.Envelope.FromString(document.envelope)
