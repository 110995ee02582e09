"""An invoice for people: every line unfolds to its arithmetic (invoice.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from crex.invoice.arithmetic import equation, exact, rounding, show
from crex.metering.span import Span, show_ms, timestamp_ms
from crex.v1 import ComponentKind, Invoice, InvoiceLine, PriceComponent, PricePlan, TierModel

_HOUR = 3600
_TIME = ComponentKind.COMPONENT_KIND_TIME


def render(invoice: Invoice, lines: Sequence[InvoiceLine], plan: PricePlan | None = None) -> str:
    """Returns an invoice as text, each line with quantity, price, tier, exact amount and rounding.

    Args:
        invoice: The invoice.
        lines: Its lines.
        plan: Its price plan; with it, units and tiers are named. Without it, they stay as the lines state
        them.
    """
    components = {component.id: component for component in plan.components} if plan is not None else {}
    text = [*_head(invoice, plan), ""]
    for number, line in enumerate(lines, start=1):
        text += [*_line(number, line, components), ""]
    text += _foot(invoice)
    return "\n".join(text) + "\n"


def _head(invoice: Invoice, plan: PricePlan | None) -> Iterator[str]:
    period = Span.of(invoice.period)
    yield f"Invoice {invoice.header.id}, revision {invoice.header.revision}"
    yield f"  from     {invoice.seller}"
    account = "" if invoice.account == invoice.buyer else f", account {invoice.account}"
    yield f"  to       {invoice.buyer}{account}"
    yield f"  lease    {invoice.lease}"
    hours = show(period.seconds / _HOUR)
    zone = f", local months of {plan.time_zone}" if plan is not None else ""
    yield f"  period   {show_ms(period.start_ms)} until {show_ms(period.end_ms)} ({hours} h{zone})"
    yield f"  due      {show_ms(timestamp_ms(invoice.due_time))}"


def _line(number: int, line: InvoiceLine, components: Mapping[str, PriceComponent]) -> Iterator[str]:
    component = components.get(line.component)
    held = component is not None and component.kind == _TIME
    unit = f"{line.unit}·s" if held else line.unit
    what = f"component {line.component}" if line.component else "no component prices it"
    yield f"{number}. {line.dimension} in {line.unit}: {what}{_tier(line, component, unit)}"
    quantity = exact(line.quantity)
    hours = f" = {show(quantity / _HOUR)} {line.unit}·h" if held else ""
    yield f"     quantity   {show(quantity)} {unit}{hours}"
    if not line.unpriced:
        yield f"     price      {line.unit_price} {line.amount.currency} per {line.per_quantity} {unit}"
    yield f"     arithmetic {equation(line, unit)}"
    yield f"     rounding   {rounding(line)}"
    yield f"     amount     {line.amount.amount} {line.amount.currency}"


def _tier(line: InvoiceLine, component: PriceComponent | None, unit: str) -> str:
    if component is None or component.model == TierModel.TIER_MODEL_UNIT or not line.tier:
        return ""
    tiers = component.tiers
    low = tiers[line.tier - 2].up_to if line.tier > 1 else "0"
    tier = tiers[line.tier - 1]
    high = f"up to and including {tier.up_to}" if tier.HasField("up_to") else "without end"
    return f", tier {line.tier} (above {low}, {high} {unit})"


def _foot(invoice: Invoice) -> Iterator[str]:
    total = f"{invoice.total.amount} {invoice.total.currency}"
    yield f"Total        {total}, the sum of {invoice.line_count} line(s)"
    yield f"Algorithm    {invoice.algorithm}"
    yield f"Rating       {invoice.rating_digest}"
    yield f"Lines        {invoice.lines_root}"
