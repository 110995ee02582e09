"""Plans, leases and records from which the rating tests build their cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from crex.documents import convert, reader
from crex.documents.times import parse_time
from crex.metering import Record, Span, build_record
from crex.metering.span import ms_timestamp
from crex.rating import LeaseTerms, Plan, Rating, rate
from crex.v1 import (
    ComponentKind,
    Granularity,
    Header,
    Money,
    Pin,
    PriceComponent,
    PricePlan,
    PriceTier,
    ServiceEvent,
    ServiceEventKind,
    TierModel,
    UsageRecord,
)

LEASE = "crex://broker.example/lease/l1"
ORDER = "crex://broker.example/order/o1"
RESOURCE = "crex://provider.example/compute-resource/r1"
PLAN_PIN = Pin(id="crex://provider.example/price-plan/p1", revision=1, sha256="1f" * 32)
START, END = parse_time("2026-03-01T00:00:00Z"), parse_time("2026-04-01T00:00:00Z")
PERIOD = Span.between(START, END)

TIME, COUNT = ComponentKind.COMPONENT_KIND_TIME, ComponentKind.COMPONENT_KIND_COUNT
GAUGE = ComponentKind.COMPONENT_KIND_GAUGE_TIME


def at(text: str) -> datetime:
    """A time of March 2026: day, hour and on, such as `05T08:00:00`; or a whole time."""
    return parse_time(text if text.endswith("Z") else f"2026-03-{text}Z")


def component(
    tiers: str | Iterable[tuple[str | None, str]] = "2.99",
    *,
    id: str = "gpu",  # noqa: A002 - the member's name
    kind: ComponentKind.ValueType = TIME,
    per: str = "3600",
    step: str | None = None,
    minimum: str | None = None,
    dimension: str = "compute-unit",
    unit: str = "unit",
    **more: Any,
) -> PriceComponent:
    """A component; one price is a UNIT component, a list of (up_to, price) a GRADUATED one."""
    unit_model = isinstance(tiers, str)
    listed = [(None, tiers)] if isinstance(tiers, str) else list(tiers)
    return PriceComponent(
        id=id,
        dimension=dimension,
        unit=unit,
        kind=kind,
        per_quantity=per,
        model=TierModel.TIER_MODEL_UNIT if unit_model else TierModel.TIER_MODEL_GRADUATED,
        tiers=[PriceTier(up_to=up_to, unit_price=price) for up_to, price in listed],
        granularity=Granularity(step=step, minimum=minimum) if step is not None else None,
        **more,
    )


def counted(tiers: str | Iterable[tuple[str | None, str]], **more: Any) -> PriceComponent:
    """A COUNT component that prices `tokens` of `output`, per 1 unless stated."""
    return component(tiers, **{"kind": COUNT, "per": "1", "dimension": "output", "unit": "tokens", **more})


def euros(amount: str) -> Money:
    """An amount in EUR."""
    return Money(currency="EUR", amount=amount)


def plan_message(
    *components: PriceComponent, currency: str = "EUR", end: datetime | None = None
) -> PricePlan:
    """A price plan in strict form."""
    message = PricePlan(
        header=Header(
            id=PLAN_PIN.id, revision=1, issuer="provider.example", issued_at=convert.to_timestamp(START)
        ),
        currency=currency,
        time_zone="Europe/Berlin",
        effective_start=convert.to_timestamp(parse_time("2026-01-01T00:00:00Z")),
        effective_end=convert.to_timestamp(end) if end is not None else None,
        components=components or [component()],
    )
    reader.read(convert.dump(message), PricePlan)
    return message


def plan(*components: PriceComponent, currency: str = "EUR", end: datetime | None = None) -> Plan:
    """A price plan ready for rating."""
    return Plan.of(plan_message(*components, currency=currency, end=end), PLAN_PIN)


def lease(quantity: int = 8, start: datetime = START, end: datetime = END) -> LeaseTerms:
    """A lease."""
    return LeaseTerms(LEASE, ORDER, quantity, Span.between(start, end))


def record(
    start: datetime,
    end: datetime,
    quantity: str = "1",
    *,
    seq: int = 1,
    revision: int = 1,
    meter: str = "units",
    dimension: str = "compute-unit",
    unit: str = "unit",
    **more: Any,
) -> Record:
    """A usage record of held units, unless stated otherwise."""
    return build_record(
        UsageRecord(
            meter_id=meter,
            seq=seq,
            revision=revision,
            lease=more.pop("lease", LEASE),
            resource=RESOURCE,
            dimension=dimension,
            start=convert.to_timestamp(start),
            end=convert.to_timestamp(end),
            quantity=quantity,
            unit=unit,
            **more,
        )
    )


def count(start: datetime, end: datetime, quantity: str, *, seq: int = 1, **more: Any) -> Record:
    """A usage record of counted output tokens."""
    return record(
        start, end, quantity, seq=seq, **{"meter": "tokens", "dimension": "output", "unit": "tokens", **more}
    )


def activated(when: datetime = START) -> ServiceEvent:
    """The event at which delivery began."""
    return ServiceEvent(kind=ServiceEventKind.SERVICE_EVENT_KIND_ACTIVATED, at=convert.to_timestamp(when))


def terminated(when: datetime) -> ServiceEvent:
    """The event at which use ended."""
    return ServiceEvent(kind=ServiceEventKind.SERVICE_EVENT_KIND_TERMINATED, at=convert.to_timestamp(when))


def bill(
    priced_by: Plan,
    records: Sequence[Record],
    *,
    of: LeaseTerms | None = None,
    period: Span = PERIOD,
    events: Sequence[ServiceEvent] | None = None,
    **more: Any,
) -> Rating:
    """Rates records in March 2026, the lease activated when its interval began."""
    terms = of or lease()
    begun = ServiceEvent(
        kind=ServiceEventKind.SERVICE_EVENT_KIND_ACTIVATED, at=ms_timestamp(terms.interval.start_ms)
    )
    return rate(priced_by, terms, period, records, [begun] if events is None else events, **more)


def amounts(rating: Rating) -> list[str]:
    """Amounts of the lines, in their order."""
    return [line.amount.amount for line in rating.lines]
