"""Prices and exchange rates that a publisher states, and plans that name them."""

from __future__ import annotations

from datetime import datetime

from crex import v1
from crex.documents.convert import to_timestamp
from reference_broker.tests.documents import Desk, price_plan
from reference_broker.tests.exchange import PUBLISHER

SPOT = f"crex://{PUBLISHER}/price-series/spot"
RATES = f"crex://{PUBLISHER}/price-series/eur-cny"


def spot(
    desk: Desk, *points: tuple[datetime, str], end: datetime, revision: int = 1, name: str = "spot"
) -> v1.PriceSeries:
    """Prices in euros, each from its time on."""
    return v1.PriceSeries(
        header=desk.header(PUBLISHER, "price-series", name, revision),
        currency="EUR",
        interval=v1.Interval(start=to_timestamp(points[0][0]), end=to_timestamp(end)),
        points=[v1.PricePoint(start=to_timestamp(at), unit_price=price) for at, price in points],
    )


def rate(desk: Desk, start: datetime, end: datetime, num: str, den: str = "1") -> v1.PriceSeries:
    """What a euro is worth in yuan."""
    at = to_timestamp(start)
    return v1.PriceSeries(
        header=desk.header(PUBLISHER, "price-series", "eur-cny"),
        currency="CNY",
        base_currency="EUR",
        interval=v1.Interval(start=at, end=to_timestamp(end)),
        points=[v1.PricePoint(start=at, rate=v1.Rational(num=num, den=den))],
    )


def by_series(component: v1.PriceComponent, most: str = "5") -> None:
    """Lets a component be priced by the spot series, at no more than `most`."""
    component.price_series.CopyFrom(v1.PriceSeriesRef(id=SPOT, publisher=PUBLISHER, max_unit_price=most))
    component.tiers[0].unit_price = "0"


def spot_plan(desk: Desk, most: str = "5") -> v1.PricePlan:
    """A plan per unit and hour at the spot price, which is charged at `most` at most."""
    plan = price_plan(desk)
    by_series(plan.components[0], most)
    return plan


def exchanged_plan(desk: Desk) -> v1.PricePlan:
    """A plan in euros that is billed in yuan."""
    plan = price_plan(desk)
    plan.exchange.CopyFrom(v1.Exchange(currency="CNY", series=RATES, publisher=PUBLISHER))
    return plan
