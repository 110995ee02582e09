"""A price plan in words: what it prices, by how much, when, and what has been committed to."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from crex import registry
from crex.comparison.figures import exact
from crex.decimals import parse_decimal
from crex.documents.inline import inline
from crex.v1 import (
    Commitment,
    CommitmentKind,
    ComponentKind,
    Credit,
    CreditKind,
    PriceComponent,
    PricePlan,
    Restrictions,
    TierModel,
)

_TIMES: Final[tuple[tuple[int, str], ...]] = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_TIMED: Final = (ComponentKind.COMPONENT_KIND_TIME, ComponentKind.COMPONENT_KIND_GAUGE_TIME)
_KINDS: Final = {
    ComponentKind.COMPONENT_KIND_TIME: "held, and no more than is leased",
    ComponentKind.COMPONENT_KIND_COUNT: "used, whenever",
    ComponentKind.COMPONENT_KIND_GAUGE_TIME: "held, as much as there is",
    ComponentKind.COMPONENT_KIND_FLAT: "once in every billing period of a lease",
    ComponentKind.COMPONENT_KIND_ONE_OFF: "once a lease",
}
_MODELS: Final = {
    TierModel.TIER_MODEL_GRADUATED: "each part of the quantity at its own price",
    TierModel.TIER_MODEL_VOLUME: "all of the quantity at the price that the total reaches",
    TierModel.TIER_MODEL_PACKAGE: "in whole packages, begun ones included",
}


def explain(plan: PricePlan) -> list[str]:
    """Says what a plan says, line by line."""
    return list(_lines(plan))


def _lines(plan: PricePlan) -> Iterator[str]:
    yield f"{plan.header.id}, revision {plan.header.revision}"
    end = f" until {plan.effective_end.ToJsonString()}" if plan.HasField("effective_end") else ""
    yield f"  applies from {plan.effective_start.ToJsonString()}{end}"
    tax = "prices include tax" if plan.tax_included else "prices are without tax"
    yield f"  in {plan.currency}, {tax}; billing periods begin at midnight in {plan.time_zone}"
    if plan.HasField("exchange"):
        yield f"  billed in {plan.exchange.currency}, by the rates of {plan.exchange.series}"
    for component in plan.components:
        yield from _component(component, plan.currency)
    for commitment in plan.commitments:
        yield from _commitment(commitment, plan)
    for credit in plan.credits:
        yield f"  credit {credit.id}: {_credit(credit)}"
    for rule in plan.taxes:
        percent = exact(parse_decimal(rule.rate) * 100)
        yield f"  tax on {rule.category} in {rule.jurisdiction}: {percent} %"
    for name in ("minimum", "maximum"):
        if plan.HasField(name):
            money = getattr(plan, name)
            word = "least" if name == "minimum" else "most"
            yield f"  at {word} {money.amount} {money.currency} a bill"
    if plan.HasField("supersedes"):
        yield f"  takes the place of {plan.supersedes.id}, revision {plan.supersedes.revision}"


def _component(component: PriceComponent, currency: str) -> Iterator[str]:
    known = registry.load("dimensions").entries.get(component.dimension)
    meaning = f" ({known.name.partition(' (')[0]})" if known is not None else ""
    sku = f", SKU {inline(component.sku_id)}" if component.sku_id else ""
    yield f"  {component.id}: {component.dimension} in {component.unit}{meaning}{sku}"
    model = _MODELS.get(component.model)
    yield f"    {_KINDS[component.kind]}{f'; {model}' if model else ''}"
    per = _per(component)
    for tier in component.tiers:
        bound = f"up to {_quantity(component, tier.up_to)}: " if tier.HasField("up_to") else ""
        bound = bound or ("beyond: " if len(component.tiers) > 1 else "")
        flat = f", and {tier.flat_price} once" if tier.HasField("flat_price") else ""
        yield f"    {bound}{tier.unit_price} {currency} {per}{flat}"
    if component.HasField("price_series"):
        series = component.price_series
        yield f"    plus the price by {series.id}, together at most {series.max_unit_price}"
    if component.HasField("granularity"):
        least = component.granularity.minimum or "0"
        yield f"    billed in steps of {component.granularity.step}, at least {least}"
    if component.HasField("restrictions"):
        yield f"    only {_restrictions(component.restrictions)}"


def _per(component: PriceComponent) -> str:
    """Says for how much a price is: `for one unit and hour`, `for 1000000 request`."""
    if component.kind not in _TIMED:
        flat = component.kind != ComponentKind.COMPONENT_KIND_COUNT
        return "each" if flat else f"for {component.per_quantity} {component.unit}"
    return f"for {_quantity(component, component.per_quantity)}"


def _quantity(component: PriceComponent, text: str) -> str:
    """Says how much a billed quantity is: of time, in the longest unit that divides it."""
    if component.kind not in _TIMED:
        return f"{text} {component.unit}"
    if component.time_unit == "month":
        return f"{text} {component.unit} × calendar month"
    value = parse_decimal(text)
    seconds, name = next(one for one in _TIMES if (value / one[0]).denominator == 1 or one[0] == 1)
    return f"{exact(value / seconds)} {component.unit} × {name}"


def _commitment(commitment: Commitment, plan: PricePlan) -> Iterator[str]:
    term = "as long as its leases"
    if commitment.HasField("term_months"):
        term = f"{commitment.term_months} calendar months from the first lease on"
    elif commitment.HasField("term"):
        term = f"{commitment.term.start.ToJsonString()} to {commitment.term.end.ToJsonString()}"
    if commitment.kind == CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY:
        component = next((one for one in plan.components if one.id in commitment.eligible), None)
        price = f"{commitment.price} {plan.currency}"
        per = f" for {_quantity(component, commitment.per_quantity)}" if component is not None else ""
        what = f"{commitment.amount} in every hour at {price}{per}"
    else:
        what = f"use worth {commitment.amount} {plan.currency} a billing period, for {commitment.price}"
    yield f"  commitment {commitment.id}: {what}, used or not"
    yield f"    for {', '.join(commitment.eligible)}; {term}"
    if commitment.HasField("upfront_price") and parse_decimal(commitment.upfront_price) > Fraction(0):
        yield f"    {commitment.upfront_price} {plan.currency} once as it begins"


def _credit(credit: Credit) -> str:
    basis = f" of {', '.join(credit.basis)}" if credit.basis else ""
    if credit.kind == CreditKind.CREDIT_KIND_PERCENT:
        return f"{credit.percent} %{basis}"
    if credit.kind == CreditKind.CREDIT_KIND_FIXED:
        return f"{credit.amount.amount} {credit.amount.currency} in all{basis}"
    steps = "; ".join(f"{one.percent} % below {one.below}" for one in credit.sla.thresholds)
    return f"where {credit.sla.metric} is short: {steps}{basis}"


def _restrictions(rules: Restrictions) -> str:
    said = []
    if rules.HasField("local_start") or rules.HasField("local_end"):
        said.append(f"from {rules.local_start or '00:00'} to {rules.local_end or '24:00'} local time")
    if rules.days:
        said.append(f"on {', '.join(rules.days)}")
    if rules.local_dates:
        said.append(f"on {len(rules.local_dates)} dates from {rules.local_dates[0]} on")
    if rules.HasField("region"):
        said.append(f"in {rules.region}")
    if rules.HasField("interruptible"):
        said.append("on spot capacity" if rules.interruptible else "on capacity that is not taken back")
    if rules.HasField("commitment_id"):
        said.append(f"while the commitment {rules.commitment_id} is in force")
    return ", ".join(said) or "always"
