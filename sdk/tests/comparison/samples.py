"""Plans and demands for tests of comparisons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crex.comparison import Course, Demanded, Setting
from crex.documents import convert, reader
from crex.documents.times import parse_time, to_ms
from crex.rating import Plan
from crex.v1 import (
    Commitment,
    CommitmentKind,
    ComponentKind,
    DemandQuantity,
    Header,
    Pin,
    PriceComponent,
    PricePlan,
    PriceTier,
    Restrictions,
    TierModel,
)

HOUR = 3_600_000
DAY = 24 * HOUR
TIME, COUNT = ComponentKind.COMPONENT_KIND_TIME, ComponentKind.COMPONENT_KIND_COUNT
GAUGE = ComponentKind.COMPONENT_KIND_GAUGE_TIME
FLAT, ONE_OFF = ComponentKind.COMPONENT_KIND_FLAT, ComponentKind.COMPONENT_KIND_ONE_OFF
GRADUATED = TierModel.TIER_MODEL_GRADUATED


def component(price: str, **more: Any) -> PriceComponent:
    """A price of one unit by the hour, unless stated otherwise."""
    members: dict[str, Any] = {
        "id": "units",
        "dimension": "compute-unit",
        "unit": "unit",
        "kind": TIME,
        "per_quantity": "3600",
        "model": TierModel.TIER_MODEL_UNIT,
        "tiers": [PriceTier(unit_price=price)],
    }
    return PriceComponent(**members | more)


def message(*components: PriceComponent, name: str = "p1", **more: Any) -> PricePlan:
    """A price plan in strict form, in euros and UTC unless stated otherwise."""
    header = Header(
        id=f"crex://provider.example/price-plan/{name}",
        revision=1,
        issuer="provider.example",
        issued_at=convert.to_timestamp(parse_time("2026-01-01T00:00:00Z")),
    )
    members: dict[str, Any] = {
        "header": header,
        "currency": "EUR",
        "time_zone": "UTC",
        "effective_start": convert.to_timestamp(parse_time("2026-01-01T00:00:00Z")),
        "components": components or [component("1")],
    }
    plan = PricePlan(**members | more)
    reader.read(convert.dump(plan), PricePlan)
    return plan


def plan(*components: PriceComponent, name: str = "p1", **more: Any) -> Plan:
    """A price plan ready for rating."""
    made = message(*components, name=name, **more)
    return Plan.of(made, Pin(id=made.header.id, revision=1, sha256="1f" * 32))


def reserved(*, price: str = "1", upfront: str = "1000", beyond: str = "2.5", months: int = 36) -> PricePlan:
    """A plan with a commitment to one unit for so many months."""
    held = component(beyond, restrictions=Restrictions(commitment_id="reserved"))
    commitment = Commitment(
        id="reserved",
        kind=CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY,
        amount="1",
        price=price,
        per_quantity="3600",
        eligible=["units"],
        term_months=months,
        upfront_price=upfront,
    )
    return message(held, name="reserved", commitments=[commitment])


def ready(made: PricePlan) -> Plan:
    """A plan ready for rating."""
    return Plan.of(made, Pin(id=made.header.id, revision=1, sha256="2f" * 32))


def demanded(length: int = 30 * DAY, count: int = 1, **quantities: str) -> Demanded:
    """A demand; quantities by `dimension__unit`, with underscores for hyphens."""
    found = []
    for name, amount in quantities.items():
        dimension, unit = name.replace("_", "-").split("--")
        found.append(DemandQuantity(dimension=dimension, unit=unit, quantity=amount))
    return Demanded.of(count, found, length)


def begin(text: str = "2026-03-01T00:00:00Z", anchor: int = 1) -> Setting:
    """When a demand begins."""
    return Setting(start_ms=to_ms(parse_time(text)), anchor_day=anchor)


def course(of: Plan, what: Demanded | None = None, setting: Setting | None = None) -> Course:
    """The cost of a demand under a plan."""
    return Course(of, what or demanded(), setting or begin())


def always(setting: Setting) -> Callable[[Plan], Setting]:
    """The same beginning under every plan."""
    return lambda _: setting
