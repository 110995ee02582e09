"""The documents of a small market: site, nodes, a pool of them, a plan, an offer, an allotment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from google.protobuf.duration_pb2 import Duration

from crex import v1
from crex.documents.convert import to_timestamp
from reference_broker.tests.exchange import BROKER, PROVIDER, Exchange, pin, signer


class Desk(Protocol):
    """Where documents are written: a market in this process, or a party of a broker elsewhere."""

    def header(self, authority: str, kind: str, name: str, revision: int = 1, **more: Any) -> v1.Header:
        """A header issued now."""
        ...

    def at(self, **after: float) -> datetime:
        """A time relative to now."""
        ...


@dataclass
class Goods:
    """What one provider sells here; envelopes and names.

    Attributes:
        provider: Who sells.
        resource: The class of one unit.
        plan: The price plan.
        pool: Name of the pool.
        offer: The offer.
        offer_id: Its name.
    """

    provider: str
    resource: v1.Envelope
    plan: v1.Envelope
    pool: str
    offer: v1.Envelope
    offer_id: str

    def item(self, quantity: int = 1) -> v1.HoldRequestItem:
        """One line of a hold."""
        return v1.HoldRequestItem(
            offer_id=self.offer_id,
            offer_sha256=pin(self.offer, self.offer_id).sha256,
            quantity=quantity,
        )


def site(exchange: Desk, authority: str = PROVIDER, name: str = "north", revision: int = 1) -> v1.Site:
    """A site in Norway."""
    return v1.Site(header=exchange.header(authority, "site", name, revision), country="NO")


def node_class(exchange: Desk, authority: str = PROVIDER, name: str = "node") -> v1.ComputeResource:
    """A class of nodes."""
    return v1.ComputeResource(
        header=exchange.header(authority, "resource", name),
        kind="node-class",
        site_id=f"crex://{authority}/site/north",
        node=v1.NodeClass(),
    )


def pool(
    exchange: Desk,
    authority: str = PROVIDER,
    name: str = "nodes",
    *,
    revision: int = 1,
    unit: str = "node",
    draws: Sequence[tuple[str, int]] = (),
) -> v1.ComputeResource:
    """A pool of nodes, drawing on base pools by name."""
    return v1.ComputeResource(
        header=exchange.header(authority, "pool", name, revision),
        kind="pool",
        site_id=f"crex://{authority}/site/north",
        pool=v1.Pool(
            unit=f"crex://{authority}/resource/{unit}",
            draws=[
                v1.PoolDraw(base_pool=f"crex://{authority}/pool/{base}", units_per_unit=units)
                for base, units in draws
            ],
        ),
    )


def price_plan(
    exchange: Desk, authority: str = PROVIDER, name: str = "hourly", price: str = "2.99"
) -> v1.PricePlan:
    """A plan per unit and hour, in euros."""
    return v1.PricePlan(
        header=exchange.header(authority, "plan", name),
        currency="EUR",
        time_zone="Europe/Oslo",
        effective_start=to_timestamp(exchange.at(days=-30)),
        components=[
            v1.PriceComponent(
                id="unit-hour",
                dimension="compute-unit",
                unit="unit",
                kind=v1.ComponentKind.COMPONENT_KIND_TIME,
                per_quantity="3600",
                model=v1.TierModel.TIER_MODEL_UNIT,
                tiers=[v1.PriceTier(unit_price=price)],
            )
        ],
    )


def offer(
    exchange: Desk,
    resource: v1.Pin,
    plan: v1.Pin,
    *,
    authority: str = PROVIDER,
    name: str = "nodes",
    revision: int = 1,
    pool_id: str | None = None,
    until: datetime | None = None,
    terms: v1.OfferTerms | None = None,
    **more: Any,
) -> v1.Offer:
    """An offer for a day, on demand."""
    until = until or exchange.at(hours=24)
    return v1.Offer(
        header=exchange.header(authority, "offer", name, revision, valid_until=to_timestamp(until)),
        resource=resource,
        price_plan=plan,
        pool=pool_id,
        terms=terms or v1.OfferTerms(mode="on-demand", acceptance_period=Duration(seconds=60)),
        interfaces=["ssh"],
        **more,
    )


def allotment(
    exchange: Desk,
    pool_id: str,
    windows: Sequence[tuple[datetime, datetime, int]],
    *,
    authority: str = PROVIDER,
    name: str = "nodes",
    revision: int = 1,
    broker: str = BROKER,
) -> v1.Allotment:
    """An allotment of windows."""
    return v1.Allotment(
        header=exchange.header(authority, "allotment", name, revision),
        pool=pool_id,
        broker=broker,
        windows=[
            v1.AllotmentWindow(start=to_timestamp(start), end=to_timestamp(end), quantity=quantity)
            for start, end, quantity in windows
        ],
    )


async def grant(exchange: Exchange, document: v1.Allotment) -> v1.GrantAllotmentResponse:
    """Signs and grants an allotment."""
    authority = document.header.issuer
    request = v1.GrantAllotmentRequest(
        request_id=exchange.request_id(), envelope=signer(authority).sign_document(document)
    )
    response: v1.GrantAllotmentResponse = await exchange.call(
        "MarketService/GrantAllotment", request, authority
    )
    return response


async def stock(
    exchange: Exchange,
    *,
    authority: str = PROVIDER,
    units: int = 8,
    terms: v1.OfferTerms | None = None,
    priced: v1.PricePlan | None = None,
    **more: Any,
) -> Goods:
    """Publishes everything that is needed to sell `units` nodes for two days, from an hour ago."""
    await exchange.publish(site(exchange, authority), authority)
    resource = await exchange.publish(node_class(exchange, authority), authority)
    await exchange.publish(pool(exchange, authority), authority)
    plan = await exchange.publish(priced or price_plan(exchange, authority), authority)
    pool_id = f"crex://{authority}/pool/nodes"
    document = offer(
        exchange,
        pin(resource, f"crex://{authority}/resource/node"),
        pin(plan, f"crex://{authority}/plan/hourly"),
        authority=authority,
        pool_id=pool_id,
        terms=terms,
        **more,
    )
    envelope = await exchange.publish(document, authority)
    if units:
        window = (exchange.at(hours=-1), exchange.at(days=2), units)
        await grant(exchange, allotment(exchange, pool_id, [window], authority=authority))
    return Goods(authority, resource, plan, pool_id, envelope, f"crex://{authority}/offer/nodes")


def order_document(
    exchange: Desk,
    hold: v1.CreateHoldResponse,
    request_id: str,
    *,
    consumer: str,
    name: str | None = None,
    spend_limit: v1.Money | None = None,
    **more: Any,
) -> v1.OrderDocument:
    """The consumer's order for all of a hold."""
    receipt = hold.hold_receipt
    order = hold.order
    receipt_id = order.name.replace("/order/", "/hold-receipt/")
    return v1.OrderDocument(
        header=exchange.header(consumer, "order", name or order.name.rpartition("/")[2]),
        hold_receipt=pin(receipt, receipt_id),
        audience=more.pop("audience", order.provider),
        nonce=more.pop("nonce", request_id),
        items=more.pop("items", None)
        or [
            v1.OrderItem(
                offer=v1.Pin(id=line.offer, revision=1, sha256=line.offer_sha256),
                quantity=line.quantity,
                interval=order.interval,
            )
            for line in order.lines
        ],
        spend_limit=spend_limit,
        access_key=b"\x09" + bytes(31),
        interface=more.pop("interface", "ssh"),
        **more,
    )
