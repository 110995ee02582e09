"""Random offers as a store gives them to the index, and the same offers as the evaluator sees them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from crex import v1
from crex.demand import OfferView, format_preference, parse, parse_preference
from crex.demand.paths import demand_registry
from crex.documents.convert import to_json
from crex.errors import RequirementError
from crex_broker.application.ports.documents import StoredDocument
from crex_broker.application.ports.offers import OfferSnapshot, StandingOffer
from crex_broker.domain.availability import availability
from crex_broker.domain.capacity import Window
from sdk.tests.demand import strategies as worlds
from sdk.tests.demand.offers import plan

NOW = worlds.NOW
DAY_MS = 86_400_000
NOW_MS = int(NOW.timestamp() * 1000)


def document(kind: str, body: dict[str, Any]) -> StoredDocument:
    """Gives a document as the store keeps it."""
    payload = json.dumps(body).encode()
    envelope = v1.Envelope(payload=payload).SerializeToString()
    name = str(body.get("header", {}).get("id", ""))
    return StoredDocument(kind, name, 1, hashlib.sha256(payload).hexdigest(), "p.example.cn", envelope)


def standing(
    offer: dict[str, Any],
    resource: dict[str, Any],
    site: dict[str, Any] | None,
    priced: dict[str, Any],
    *,
    unit: dict[str, Any] | None = None,
    granted: tuple[Window, ...] | None = None,
    version: int = 1,
    expire_ms: int = NOW_MS + DAY_MS,
) -> StandingOffer:
    """Gives an offer with its documents as the store gives them."""
    kept = document("offer", offer)
    record = OfferSnapshot(
        id=kept.id,
        provider="p.example.cn",
        state="PUBLISHED",
        version=version,
        revision=1,
        sha256=kept.sha256,
        pool=offer.get("pool"),
        create_ms=0,
        update_ms=0,
        expire_ms=expire_ms,
    )
    return StandingOffer(
        record,
        kept,
        document("compute-resource", resource),
        None if unit is None else document("compute-resource", unit),
        None if site is None else document("site", site),
        document("price-plan", priced),
        granted,
    )


def view_of(offer: StandingOffer) -> OfferView:
    """Gives what the evaluator is shown of an offer, put together without the index."""

    def body(kept: StoredDocument | None) -> dict[str, Any]:
        return {} if kept is None else json.loads(v1.Envelope.FromString(kept.envelope).payload)

    stated = body(offer.offer)
    terms = stated.get("terms", {})
    listed = None
    if offer.granted is not None:
        listed = availability(
            offer.granted, mode=terms.get("mode", ""), max_duration=terms.get("maxDuration", "")
        )
    return OfferView(
        offer=stated,
        resource=body(offer.resource),
        unit=None if offer.unit is None else body(offer.unit),
        site=body(offer.site),
        plan=body(offer.price_plan),
        sha256=offer.record.sha256,
        holdable=offer.holdable,
        availability=listed,
    )


PRICES = ["1", "1.5", "2", "0.000000000001", "999999999999999999"]
CONSTRAINTS = [
    "count >= 2",
    "duration <= 1d",
    "currency = USD",
    "properties{name = end-use and values = research}",
    "not (properties.name = sector)",
]


FEES = st.sampled_from(["-3600", "0", "36000"])
_SHAPES = ["tiers", "steps", "count", "two", "late", "odd", "month", "level", "package", "flat", "fee"]
_SHAPES += ["window", "region", "mode", "series", "minimum", "maximum"]
_RESTRICTED: dict[str, dict[str, Any]] = {
    "window": {"localStart": "08:00", "localEnd": "20:00", "days": ["mon"]},
    "region": {"region": "north"},
    "mode": {"interruptible": True},
}
_KINDS: dict[str, dict[str, Any]] = {
    "month": {"timeUnit": "month", "perQuantity": "1"},
    "level": {"kind": "COMPONENT_KIND_GAUGE_TIME"},
    "package": {"model": "TIER_MODEL_PACKAGE", "perQuantity": "100000"},
    "flat": {"tiers": [{"unitPrice": "1", "flatPrice": "-100"}]},
    "series": {
        "priceSeries": {
            "id": "crex://p.example.cn/price-series/spot",
            "publisher": "p.example.cn",
            "maxUnitPrice": "9",
        }
    },
}
_CREDIT = {"id": "less", "kind": "CREDIT_KIND_PERCENT", "percent": "12.5"}
# What a plan may state beside its components, one of them at a time.
_BESIDE: list[dict[str, Any]] = [
    {"credits": [_CREDIT]},
    {"credits": [{**_CREDIT, "expires": "2026-02-01T00:00:00Z"}]},
    {"credits": [{**_CREDIT, "percent": "100"}, {**_CREDIT, "id": "more", "priority": 1}]},
    {"taxIncluded": True, "taxes": [{"category": "vat", "rate": "0.19", "jurisdiction": "de"}]},
    {"taxes": [{"category": "vat", "rate": "0.19", "jurisdiction": "de"}]},
    {
        "commitments": [
            {
                "id": "spend",
                "kind": "COMMITMENT_KIND_PERIOD_SPEND",
                "amount": "9",
                "price": "8",
                "eligible": ["unit"],
            }
        ]
    },
    {
        "exchange": {
            "currency": "JPY",
            "series": "crex://p.example.cn/price-series/yen",
            "publisher": "p.example.cn",
        }
    },
]


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    """Gives price plans of every shape that a price may take: linear, tiered, restricted, too late."""
    body = plan(price=draw(st.sampled_from(PRICES)), currency=draw(st.sampled_from(["USD", "EUR", "CNY"])))
    [component] = body["components"]
    shape = draw(st.sampled_from(["linear"] * 4 + [*_SHAPES, "beside"]))
    component["taxCategory"] = "vat"  # taxed only where the plan has a rule
    if shape == "beside":
        body |= draw(st.sampled_from(_BESIDE))
    elif shape in _RESTRICTED:
        body["components"].insert(0, {**component, "id": "first", "restrictions": _RESTRICTED[shape]})
        if draw(st.booleans()):
            body["components"][0]["tiers"] = [{"unitPrice": draw(st.sampled_from(["0.5", "1.7"]))}]
    elif shape in _KINDS:
        component |= _KINDS[shape]
    elif shape == "fee":
        kind = draw(st.sampled_from(["COMPONENT_KIND_FLAT", "COMPONENT_KIND_ONE_OFF"]))
        fee = {"dimension": "base", "unit": "fee", "kind": kind, "tiers": [{"unitPrice": draw(FEES)}]}
        body["components"].append({**component, "id": "fee", **fee})
    elif shape == "tiers":
        component["model"] = draw(st.sampled_from(["TIER_MODEL_GRADUATED", "TIER_MODEL_VOLUME"]))
        component["tiers"] = [{"upTo": "7200", "unitPrice": "3"}, *component["tiers"]]
    elif shape == "steps":
        component["granularity"] = {"step": "86400", "minimum": draw(st.sampled_from(["86400", "172800"]))}
    elif shape in ("count", "two"):
        other = {**component, "id": "other", "dimension": "egress", "unit": "byte"}
        other |= {"kind": "COMPONENT_KIND_COUNT" if shape == "count" else "COMPONENT_KIND_TIME"}
        body["components"].append(other)
    elif shape == "late":
        body["effectiveStart"] = "2026-03-01T00:00:01Z"
    elif shape in ("minimum", "maximum"):
        body[shape] = {"currency": body["currency"], "amount": draw(st.sampled_from(["0.00", "50.00"]))}
    elif shape == "odd":
        component["perQuantity"] = "0"
    return body


@st.composite
def offers(draw: st.DrawFn, number: int) -> StandingOffer:
    """Gives an offer over random documents; many of them share some."""
    world = draw(worlds.worlds)
    body: dict[str, Any] = {
        "header": {
            "id": f"crex://p.example.cn/offer/{draw(st.sampled_from('abc'))}{number}",
            "revision": "1",
            "issuer": "p.example.cn",
            "validUntil": draw(st.sampled_from(["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"])),
        },
        **world.offer,
    }
    for member in ("minQuantity", "maxQuantity", "stepQuantity"):
        if draw(st.integers(0, 3)) == 0:
            body[member] = str(draw(st.integers(1, 3)))
    for member in ("minDuration", "maxDuration"):
        if draw(st.integers(0, 5)) == 0:
            body["terms"] = {**body["terms"], member: draw(st.sampled_from(["3600s", "86400s", "172800s"]))}
    if draw(st.booleans()):
        body["terms"] = {**body["terms"], "region": draw(st.sampled_from(["north", "south"]))}
    if draw(st.integers(0, 5)) == 0:
        body["offerConstraints"] = to_json(parse(draw(st.sampled_from(CONSTRAINTS)), demand_registry()))
    resource, unit = world.resource, None
    if draw(st.integers(0, 3)) == 0:
        body["pool"] = "crex://p.example.cn/pool/p"
        resource = {
            "header": {"id": "crex://p.example.cn/pool/p"},
            "kind": "pool",
            "pool": {"unit": worlds.RESOURCE_ID, "totalUnits": str(draw(st.integers(1, 3)))},
        }
        unit = world.resource if draw(st.integers(0, 3)) else None
    windows = st.lists(
        st.tuples(st.integers(-1, 3), st.integers(0, 3)), max_size=3, unique_by=lambda one: one[0]
    )
    granted = None
    if draw(st.booleans()):
        granted = tuple(
            Window(NOW_MS + day * DAY_MS, NOW_MS + (day + 1) * DAY_MS, units)
            for day, units in sorted(draw(windows))
        )
    return standing(
        body,
        resource,
        world.site if draw(st.integers(0, 5)) else None,
        draw(plans()),
        unit=unit,
        granted=granted,
        expire_ms=NOW_MS + draw(st.sampled_from([0, 1, DAY_MS])),
    )


@st.composite
def markets(draw: st.DrawFn, most: int = 8) -> list[StandingOffer]:
    """Gives some offers; of each name there is one."""
    count = draw(st.integers(0, most))
    return [draw(offers(number)) for number in range(count)]


PREFERENCES = [
    "maximize cpu.schedulable_cpus from 0 to 3",
    "minimize price from 0 to 100000 weight 2",
    "maximize accelerators.memory.capacity_bytes from 1 to 3 weight 3",
    "minimize site.energy.value_micro where {metric = pue} from 1 to 3",
    "maximize accelerators.rates.mops_per_s from 1 to 3 basis [sla]",
]


@st.composite
def demands(draw: st.DrawFn) -> v1.Demand:
    """Gives demands of every kind: times, counts, currencies, alternatives, preferences, properties."""
    demand = v1.Demand(
        count=draw(st.integers(1, 3)), currency=draw(st.sampled_from(["", "USD", "USD", "CNY"]))
    )
    if draw(st.integers(0, 9)):
        demand.requirement.CopyFrom(draw(worlds.requirements()))
    time = draw(st.sampled_from(["duration", "duration", "interval", "window"]))
    length_s = draw(st.sampled_from([3600, 86400, 172800]))
    if time == "duration":
        demand.duration.seconds = length_s
    elif time == "interval":
        demand.interval.start.seconds = NOW_MS // 1000
        demand.interval.end.seconds = NOW_MS // 1000 + length_s
    else:
        demand.window.duration.seconds = length_s
        demand.window.earliest.seconds = NOW_MS // 1000 - 86400
        demand.window.latest.seconds = NOW_MS // 1000 + draw(st.sampled_from([172800, 3 * 86400]))
    if draw(st.integers(0, 3)) == 0:
        demand.alternatives.extend(draw(st.lists(worlds.requirements(), min_size=1, max_size=2)))
    if draw(st.integers(0, 3)) == 0:
        texts = draw(st.lists(st.sampled_from(PREFERENCES), min_size=1, max_size=3, unique=True))
        demand.preferences.extend(parse_preference(text) for text in texts)
    if draw(st.integers(0, 3)) == 0:
        quantity = draw(st.sampled_from([("egress", "byte"), ("compute-unit", "unit")]))
        demand.quantities.append(v1.DemandQuantity(dimension=quantity[0], unit=quantity[1], quantity="5"))
    if demand.currency and draw(st.integers(0, 2)) == 0:
        rate = v1.Rational(num=str(draw(st.integers(1, 3))), den="1")
        demand.fx.append(v1.ExchangeRate(currency="EUR", rate=rate))
    if draw(st.booleans()):
        demand.properties.append(v1.DemandProperty(name="end-use", values=["research"]))
    return demand


def is_usable(demand: v1.Demand) -> bool:
    """Tells whether a random demand keeps the limits of the language."""
    from crex.demand.query import compile_demand

    try:
        compile_demand(demand, now=NOW)
    except RequirementError:
        return False
    return True


def shown(demand: v1.Demand, offers_: Sequence[StandingOffer]) -> str:
    """Writes what a failure is about, to be read."""
    lines = [str(demand), *(format_preference(one) for one in demand.preferences)]
    return "\n".join(
        [*lines, *(json.dumps(to_json(one)) for one in [demand]), *(str(one.record) for one in offers_)]
    )
