"""An invoice or a note for people: every line unfolds to its arithmetic (invoice.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crex.decimals import Money, counted, show
from crex.documents.inline import inline
from crex.invoice.arithmetic import equation, exact, percentage, rounding, tax_equation
from crex.invoice.money import money_of, show_money
from crex.invoice.views.conditions import conditions, step_words
from crex.invoice.views.line_words import title_of, unit_of
from crex.metering.span import Span, show_ms, timestamp_ms
from crex.v1 import (
    AccumulatorValue,
    Correction,
    CreditNote,
    DebitNote,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Pin,
    PriceComponent,
    PricePlan,
    PriceSeries,
)

_HOUR = 3600
# Points of a series that are listed beside a line.
_POINTS = 48


def render(
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    plan: PricePlan | None = None,
    *,
    plans: Mapping[str, PricePlan] | None = None,
    series: Iterable[PriceSeries] = (),
) -> str:
    """Returns an invoice as text, each line with quantity, price, tier, exact amount and rounding.

    Args:
        invoice: The invoice.
        lines: Its lines.
        plan: Its price plan; with it, units, tiers and conditions are named. Without it, they stay as the
            lines state them.
        plans: Its price plans by the SHA-256 of their bodies, where it has several.
        series: Its price series; with them, the points that priced a line are listed.
    """
    papers = _Papers(
        plan, plans or {}, tuple(series), Span.of(invoice.period), note=False, together=bool(invoice.leases)
    )
    text = [*_head(invoice, papers), ""]
    for number, line in enumerate(lines, start=1):
        text += [*_line(number, line, papers), ""]
    text += _foot(invoice, papers)
    return "\n".join(text) + "\n"


def render_note(
    note: CreditNote | DebitNote,
    lines: Sequence[InvoiceLine],
    plan: PricePlan | None = None,
    *,
    plans: Mapping[str, PricePlan] | None = None,
) -> str:
    """Returns a note as text: what it corrects and why, and each difference.

    Args:
        note: The note.
        lines: Its lines.
        plan: The invoice's price plan.
        plans: Its price plans by the SHA-256 of their bodies, where it has several.
    """
    stated = note.correction
    papers = _Papers(plan, plans or {}, (), Span.of(stated.period), note=True, together=True)
    text = [*_note_head(note), ""]
    for number, line in enumerate(lines, start=1):
        text += [*_line(number, line, papers), ""]
    text += [f"Net total    {show_money(stated.net_total)}", *_taxes(stated.taxes, note=True)]
    text.append(
        f"Total        {show_money(stated.total)}, the sum of "
        f"{counted(stated.line_count, 'difference')} and taxes"
    )
    text.append(f"Rating       {stated.rating_digest}, of what is owed after it")
    text.append(f"Lines        {stated.lines_root}")
    return "\n".join(text) + "\n"


@dataclass(frozen=True, slots=True)
class _Papers:
    """What is known beside the lines."""

    plan: PricePlan | None
    plans: Mapping[str, PricePlan]
    series: tuple[PriceSeries, ...]
    period: Span
    note: bool
    together: bool = False
    known: dict[tuple[str, str], PriceComponent | None] = field(default_factory=dict)

    @property
    def governing(self) -> PricePlan | None:
        """The plan whose credits, taxes and zone count."""
        return self.plan or next(iter(self.plans.values()), None)

    def plan_of(self, pin: Pin) -> PricePlan | None:
        """The plan that a line pins."""
        return self.plans.get(pin.sha256, self.plan)

    def component_of(self, line: InvoiceLine) -> PriceComponent | None:
        """The component that a line names."""
        key = line.price_plan.sha256, line.component
        if key not in self.known:
            plan = self.plan_of(line.price_plan)
            components = plan.components if plan is not None else ()
            self.known[key] = next((one for one in components if one.id == line.component), None)
        return self.known[key]


def _head(invoice: Invoice, papers: _Papers) -> Iterator[str]:
    period, plan = papers.period, papers.governing
    yield f"Invoice {invoice.header.id}, revision {invoice.header.revision}"
    if invoice.provisional:
        yield "  PROVISIONAL: usage is incomplete. A forecast, which nobody has to pay."
    yield f"  from     {invoice.seller}"
    account = "" if invoice.account == invoice.buyer else f", account {inline(invoice.account)}"
    yield f"  to       {invoice.buyer}{account}"
    if invoice.lease:
        yield f"  lease    {invoice.lease}"
    for index, lease in enumerate(invoice.leases):
        yield f"  {'leases' if index == 0 else '      '}   {lease}"
    hours = show(period.seconds / _HOUR)
    zone = f", local months of {plan.time_zone}" if plan is not None else ""
    yield f"  period   {show_ms(period.start_ms)} until {show_ms(period.end_ms)} ({hours} h{zone})"
    yield f"  due      {show_ms(timestamp_ms(invoice.due_time))}"


def _note_head(note: CreditNote | DebitNote) -> Iterator[str]:
    stated, kind = note.correction, "Credit note" if isinstance(note, CreditNote) else "Debit note"
    yield f"{kind} {note.header.id}, revision {note.header.revision}"
    yield f"  from     {stated.seller}"
    yield f"  to       {stated.buyer}"
    yield f"  corrects {stated.invoice.id}, after {counted(len(stated.earlier_notes), 'earlier note')}"
    yield f"  because  {_reason(stated)}"
    yield f"  period   {Span.of(stated.period)}"
    if stated.HasField("due_time"):
        yield f"  due      {show_ms(timestamp_ms(stated.due_time))}"


def _reason(stated: Correction) -> str:
    if stated.reason == "usage":
        return (
            f"usage was corrected: rated again from {counted(len(stated.usage_batches), 'batch', 'batches')}"
        )
    if stated.reason == "settlement":
        return f"a dispute was settled by {stated.settles.id}"
    return "all that was billed is taken back"


def _line(number: int, line: InvoiceLine, papers: _Papers) -> Iterator[str]:
    component, plan = papers.component_of(line), papers.plan_of(line.price_plan)
    unit = unit_of(line, component, plan)
    what = title_of(line, component, unit) or "of no component"
    yield f"{number}. {line.dimension} in {line.unit}: {what}"
    if line.account:
        yield f"     account    {inline(line.account)}"
    if papers.together and line.lease:
        yield f"     lease      {line.lease}"
    if component is not None and plan is not None and not line.adjustment:
        yield from _terms(component, plan, unit)
    quantity = exact(line.quantity)
    if not line.HasField("adjustment"):
        held = unit == f"{line.unit}·s"
        hours = f" = {show(quantity / _HOUR)} {line.unit}·h" if held else ""
        yield f"     quantity   {show(quantity)} {unit}{hours}"
    currency = plan.currency if plan is not None else line.amount.currency
    if line.HasField("unit_price"):
        yield f"     price      {line.unit_price} {currency} per {line.per_quantity} {unit}"
    if line.HasField("flat_price"):
        yield f"     flat price {line.flat_price} {currency}, once"
    for factor in line.factors:
        yield f"     factor     {show(exact(factor.value))} by {factor.id}"
    if line.HasField("series"):
        yield from _points(line, component, papers)
    if line.HasField("tax_category"):
        yield f"     tax        category {line.tax_category}"
    known = plan.currency if plan is not None else None
    yield f"     arithmetic {equation(line, unit, currency=known, note=papers.note)}"
    yield f"     rounding   {rounding(line, note=papers.note)}"
    yield f"     amount     {show_money(line.amount)}"


def _terms(component: PriceComponent, plan: PricePlan, unit: str) -> Iterator[str]:
    words = conditions(component, plan.time_zone)
    if words:
        yield f"     applies    {words}"
    if component.HasField("granularity"):
        yield f"     billed     {step_words(component.granularity, unit)}"


def _points(line: InvoiceLine, component: PriceComponent | None, papers: _Papers) -> Iterator[str]:
    """Yields the points of a line's series that hold in the period."""
    yield f"     series     {line.series}"
    if component is not None and component.HasField("price_series"):
        most = f"{component.price_series.max_unit_price} per {component.per_quantity}"
        yield f"                beside {component.tiers[0].unit_price}; at most {most}"
    found = []
    for series in (one for one in papers.series if one.header.id == line.series):
        end = timestamp_ms(series.interval.end)
        starts = [*(timestamp_ms(point.start) for point in series.points[1:]), end]
        for point, until in zip(series.points, starts, strict=True):
            if Span(timestamp_ms(point.start), until).overlaps(papers.period):
                found.append((timestamp_ms(point.start), point.unit_price, series.currency))
    for start, price, currency in sorted(found)[:_POINTS]:
        yield f"                from {show_ms(start)}: {price} {currency}"
    if len(found) > _POINTS:
        yield f"                and {counted(len(found) - _POINTS, 'more point')}"


def _foot(invoice: Invoice, papers: _Papers) -> Iterator[str]:
    if invoice.taxes:
        yield f"Net total    {show_money(invoice.net_total)}, of {counted(invoice.line_count, 'line')}"
        yield from _taxes(invoice.taxes, note=False)
        yield f"Total        {show_money(invoice.total)}, net total and taxes"
    else:
        yield f"Total        {show_money(invoice.total)}, the sum of {counted(invoice.line_count, 'line')}"
    for value in invoice.closings:
        yield f"Carried over {_closing(value, papers.governing, invoice.currency)}"
    yield f"Algorithm    {invoice.algorithm}"
    yield f"Rating       {invoice.rating_digest}"
    yield f"Lines        {invoice.lines_root}"


def _taxes(taxes: Iterable[InvoiceTax], *, note: bool) -> Iterator[str]:
    for tax in taxes:
        what = f"{tax.category} in {tax.jurisdiction}, {percentage(tax.rate)}"
        yield f"Tax          {what}: {tax_equation(tax, note=note)}"


def _closing(value: AccumulatorValue, plan: PricePlan | None, currency: str) -> str:
    """Returns where an accumulator stands, or the balance of a credit."""
    number = exact(value.value)
    if not value.HasField("credit"):
        whose = value.lease or "the account"
        return f"component {value.component} of {whose} stands at {show(number)}"
    used = Money(currency, int(number))
    for credit in plan.credits if plan is not None else ():
        if credit.id == value.credit and credit.HasField("amount"):
            whole = money_of(credit.amount)
            return f"credit {value.credit}: {used.amount} of {whole} used, {whole - used} left"
    return f"credit {value.credit}: {used} used"
