"""The documents behind an order or a lease, verified before the agent acts on them (AGENT-VERIFY-1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crex import v1
from crex.agent.hooks import LeaseOrder
from crex.documents.times import from_ms
from crex.errors import CrexError
from crex.invoice.sale import Sale
from crex.trust.directory import TrustDirectory
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope


class DocumentSource(Protocol):
    """Where published documents are had by digest: a client of the broker is one."""

    async def get_document(self, request: v1.GetDocumentRequest) -> v1.GetDocumentResponse:
        """Gives a document."""
        ...


@dataclass(frozen=True, slots=True)
class Committed:
    """An order as its two signatures state it: the broker's on what is held, the consumer's on buying it."""

    hold: Verified[v1.HoldReceipt]
    order: Verified[v1.OrderDocument]


def open_committed(
    hold_receipt: v1.Envelope,
    order_document: v1.Envelope,
    trust: TrustDirectory,
    *,
    provider: str,
    broker: str,
    now: datetime,
) -> Committed:
    """Verifies an order that a command carries.

    The hold is judged for the time at which the consumer committed it: later it has always expired.

    Args:
        hold_receipt: The broker's hold receipt.
        order_document: The consumer's order document.
        trust: The pinned trust documents.
        provider: The agent's own authority.
        broker: The broker's authority.
        now: The time, in the broker's clock.

    Raises:
        CrexError: The reasons of verification; AUDIENCE where it is for another provider; SUBJECT where the
        order
            pins another hold; TERMS where they contradict each other.
    """
    order = open_envelope(order_document, v1.OrderDocument, trust, now=now, audience=provider)
    committed = min(now, from_ms(order.message.header.issued_at.ToMilliseconds()))
    hold = open_envelope(
        hold_receipt,
        v1.HoldReceipt,
        trust,
        now=committed,
        expected_issuer=broker,
        expected=order.message.hold_receipt,
    )
    if hold.message.provider != provider or hold.message.consumer != order.issuer:
        raise CrexError(
            "TERMS",
            f"The hold is of {hold.message.consumer} at {hold.message.provider}; the order is of "
            f"{order.issuer} at {provider}. Nothing is delivered on documents that do not belong together.",
        )
    return Committed(hold, order)


async def fetch_sale(
    lease: str, committed: Committed, client: DocumentSource, trust: TrustDirectory, *, provider: str
) -> tuple[Sale, v1.Envelope, v1.Envelope]:
    """Fetches offer and price plan of a lease by digest, and verifies that they belong together.

    Returns:
        The sale, and the envelopes of offer and price plan.

    Raises:
        CrexError: They cannot be had, or are not those that the order pins.
    """
    item = next((item for item in committed.hold.message.items if item.lease == lease), None)
    if item is None:
        raise CrexError("TERMS", f"The hold receipt names no lease {lease}.")
    offer_envelope = await _document(client, item.offer.sha256)
    at = from_ms(committed.hold.message.header.issued_at.ToMilliseconds())
    offer = open_envelope(
        offer_envelope, v1.Offer, trust, now=at, expected_issuer=provider, expected=item.offer
    )
    plan_envelope = await _document(client, offer.message.price_plan.sha256)
    sale = sale_of(lease, committed, offer_envelope, plan_envelope, trust)
    return sale, offer_envelope, plan_envelope


def sale_of(
    lease: str, committed: Committed, offer: v1.Envelope, price_plan: v1.Envelope, trust: TrustDirectory
) -> Sale:
    """Gives the sale of a lease from its documents, each verified for the time at which it was made."""
    at = from_ms(committed.hold.message.header.issued_at.ToMilliseconds())
    return Sale.of(
        lease,
        hold_receipt=committed.hold,
        order=committed.order,
        offer=open_envelope(offer, v1.Offer, trust, now=at),
        price_plan=open_envelope(price_plan, v1.PricePlan, trust, now=at),
    )


def lease_order(lease: str, committed: Committed, resource: str) -> LeaseOrder:
    """Gives what the hooks need to know of a lease."""
    hold, order = committed.hold.message, committed.order.message
    item = next(item for item in hold.items if item.lease == lease)
    return LeaseOrder(
        lease=lease,
        order=hold.order,
        consumer=hold.consumer,
        offer=item.offer.id,
        resource=resource,
        units=item.quantity,
        start=from_ms(hold.interval.start.ToMilliseconds()),
        end=from_ms(hold.interval.end.ToMilliseconds()),
        interface=order.interface,
    )


async def _document(client: DocumentSource, sha256: str) -> v1.Envelope:
    return (await client.get_document(v1.GetDocumentRequest(sha256=sha256))).envelope
