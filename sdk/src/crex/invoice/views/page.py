"""An invoice as one page of HTML that stands by itself: no script, nothing fetched, every line unfolds.

Names in an invoice come from the seller, so every text is escaped, and the page says that nothing of it may
run or be fetched. Lines unfold by `details`, which keyboards and screen readers know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Final

from crex.decimals import counted, show
from crex.invoice.arithmetic import equation, exact, percentage, rounding, tax_equation
from crex.invoice.money import show_money
from crex.invoice.report import Check, Report
from crex.invoice.views.conditions import conditions
from crex.invoice.views.line_words import title_of, unit_of
from crex.metering.span import Span, show_ms, timestamp_ms
from crex.v1 import Invoice, InvoiceLine, InvoiceTax, PriceComponent, PricePlan
from crex.v1 import Money as MoneyMessage

# Colours with a contrast of 7 or more on their ground (WCAG 2.2, 1.4.6); a test computes it.
INK, PAPER, FAINT, SHADE, LINK = "#1b1b1f", "#ffffff", "#4a4a55", "#f1f1f4", "#0b3d91"
GOOD, BAD = "#0b4f1e", "#8a1014"
_STYLE: Final = f"""
:root {{ color-scheme: light; }}
body {{ margin: 2rem auto; max-width: 70rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif;
  color: {INK}; background: {PAPER}; }}
h1 {{ font-size: 1.5rem; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.2rem; margin-top: 2rem; }}
table {{ border-collapse: collapse; width: 100%; }}
caption {{ text-align: left; color: {FAINT}; padding-bottom: .5rem; }}
th, td {{ text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid {FAINT}; }}
th[scope=row] {{ font-weight: normal; }}
tfoot th, tfoot td {{ font-weight: bold; background: {SHADE}; }}
.number {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }}
.also {{ color: {FAINT}; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0; }}
dt {{ color: {FAINT}; }}
dd {{ margin: 0; overflow-wrap: anywhere; }}
code {{ font-size: .9rem; overflow-wrap: anywhere; }}
summary {{ cursor: pointer; color: {LINK}; }}
summary:focus-visible {{ outline: 3px solid {LINK}; outline-offset: 2px; }}
.good {{ color: {GOOD}; }}
.bad {{ color: {BAD}; font-weight: bold; }}
@media (max-width: 40rem) {{
  body {{ margin: 1rem auto; }}
  h1 {{ font-size: 1.3rem; }}
  ul {{ padding-left: 1.2rem; overflow-wrap: anywhere; }}
  table dl {{ grid-template-columns: 1fr; gap: 0; }}
  table dd {{ margin-bottom: .4rem; }}
  /* A row is a small grid: what it is over its whole width, its figures below. */
  thead {{ display: none; }}
  tr {{ display: grid; grid-template-columns: 2rem 1fr auto; border-bottom: 1px solid {FAINT}; }}
  th, td {{ border: 0; padding: .3rem .2rem; overflow-wrap: anywhere; }}
  .number {{ white-space: normal; }}
  tbody th {{ grid-column: 2 / -1; }}
  tbody td:nth-child(3) {{ grid-column: 2; text-align: left; }}
  tbody td:nth-child(4) {{ grid-column: 3; }}
  tfoot th {{ grid-column: 1 / 3; }}
  .taxes th, .taxes td, .taxes td:nth-child(3) {{ grid-column: 1 / -1; }}
}}
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_HOUR: Final = 3600


def to_html(
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    *,
    plans: Mapping[str, PricePlan] | None = None,
    report: Report | None = None,
    after: Sequence[tuple[str, str]] = (),
) -> str:
    """Returns the page.

    Args:
        invoice: The invoice.
        lines: Its lines.
        plans: Its price plans by the SHA-256 of their bodies; with them, quantities of held time have their
            unit.
        report: Its recomputation; unset: the page says that it was not recomputed.
        after: What came after it, as names with texts: notes, disputes, and what is payable now.
    """
    title = f"Invoice {invoice.header.id}"
    body = [
        f"<h1>{escape(title)}</h1>",
        *_head(invoice),
        *(["<h2>After the invoice</h2>", _facts(after)] if after else []),
        *_verdict(report),
        *_lines(invoice, lines, plans or {}),
        *_taxes(invoice.taxes),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _head(invoice: Invoice) -> Iterator[str]:
    period = Span.of(invoice.period)
    leases = ", ".join(invoice.leases) or invoice.lease
    facts = [
        ("From", invoice.seller),
        (
            "To",
            invoice.buyer
            if invoice.account == invoice.buyer
            else f"{invoice.buyer}, account {invoice.account}",
        ),
        ("Lease" if not invoice.leases else "Leases", leases),
        ("Period", f"{show_ms(period.start_ms)} until {show_ms(period.end_ms)}"),
        ("Due", show_ms(timestamp_ms(invoice.due_time))),
        ("Total", show_money(invoice.total)),
        ("Rating digest", invoice.rating_digest),
        ("Algorithm", invoice.algorithm),
    ]
    if invoice.provisional:
        facts.insert(0, ("Provisional", "Usage is incomplete: a forecast, which nobody has to pay."))
    yield _facts(facts)


def _verdict(report: Report | None) -> Iterator[str]:
    yield "<h2>Recomputation</h2>"
    if report is None:
        yield "<p>This page was made without recomputing the invoice.</p>"
        return
    if report.ok:
        yield '<p class="good">Recomputed from its pinned inputs: right to the last digit.</p>'
    else:
        yield '<p class="bad">Wrong: it is not what its pinned inputs come to. Do not pay or accept it.</p>'
    yield f"<ul>{''.join(map(_check, report.checks))}</ul>"
    if report.differences:
        yield "<h3>Differences</h3><ul>"
        yield from (f"<li>{escape(str(each))}</li>" for each in report.differences)
        yield "</ul>"


def _check(check: Check) -> str:
    mark = '<span class="good">holds</span>' if check.passed else '<span class="bad">does not hold</span>'
    return f"<li>{escape(check.name)}: {escape(check.finding)} ({mark})</li>"


def _lines(invoice: Invoice, lines: Sequence[InvoiceLine], plans: Mapping[str, PricePlan]) -> Iterator[str]:
    components = {
        (sha256, component.id): component for sha256, plan in plans.items() for component in plan.components
    }
    yield '<h2 id="lines">Lines</h2>'
    yield '<table aria-labelledby="lines">'
    yield f"<caption>{counted(len(lines), 'line')}. Each unfolds to its arithmetic.</caption>"
    yield (
        '<thead><tr><th scope="col">No.</th><th scope="col">Line</th>'
        '<th scope="col" class="number">Quantity</th>'
        '<th scope="col" class="number">Amount</th></tr></thead><tbody>'
    )
    for number, line in enumerate(lines, start=1):
        component = components.get((line.price_plan.sha256, line.component))
        yield _line(number, line, component, plans.get(line.price_plan.sha256))
    yield "</tbody><tfoot>"
    yield _foot("Net total", invoice.net_total)
    for tax in invoice.taxes:
        yield _foot(f"Tax {tax.category}, {tax.jurisdiction}, {percentage(tax.rate)}", tax.amount)
    yield _foot("Total", invoice.total)
    yield "</tfoot></table>"


def _line(number: int, line: InvoiceLine, component: PriceComponent | None, plan: PricePlan | None) -> str:
    unit = unit_of(line, component, plan)
    currency = plan.currency if plan is not None else None
    title = title_of(line, component, unit) or line.dimension
    facts = [("Dimension", f"{line.dimension} in {line.unit}")]
    for name, text in (
        ("Tier", str(line.tier or "") if component is None else ""),
        ("Flat price", line.flat_price and f"{line.flat_price} {currency or line.amount.currency}"),
        ("Price series", line.series),
        ("Factors", ", ".join(f"{one.id}: {show(exact(one.value))}" for one in line.factors)),
        ("Applies", conditions(component, plan.time_zone) if component and plan else ""),
        ("Lease", line.lease),
        ("Account", line.account),
        ("Tax category", line.tax_category),
        ("Arithmetic", equation(line, unit, currency=currency)),
        ("Rounding", rounding(line)),
        ("Price plan", f"{line.price_plan.id}, revision {line.price_plan.revision}"),
        ("Key", line.key),
    ):
        if text:
            facts.append((name, text))
    summary = f"<summary>{escape(title.removeprefix('component '))}</summary>"
    return (
        f'<tr><td>{number}</td><th scope="row"><details>{summary}{_facts(facts)}</details></th>'
        f'<td class="number">{_quantity(line, unit)}</td>'
        f'<td class="number">{escape(show_money(line.amount))}</td></tr>'
    )


def _quantity(line: InvoiceLine, unit: str) -> str:
    """The quantity of a line, of seconds in hours, too; an adjustment has none."""
    if line.HasField("adjustment"):
        return ""
    quantity = exact(line.quantity)
    told = escape(f"{show(quantity)} {unit}")
    if unit != f"{line.unit}·s":
        return told
    return f'{told}<br><span class="also">{escape(f"= {show(quantity / _HOUR)} {line.unit}·h")}</span>'


def _taxes(taxes: Sequence[InvoiceTax]) -> Iterator[str]:
    if not taxes:
        return
    yield '<h2 id="taxes">Taxes</h2><table class="taxes" aria-labelledby="taxes">'
    yield "<caption>Each is computed once, on the sum of the rounded lines of its category.</caption>"
    yield (
        '<thead><tr><th scope="col">Tax</th><th scope="col">Arithmetic</th>'
        '<th scope="col" class="number">Amount</th></tr></thead><tbody>'
    )
    for tax in taxes:
        yield (
            f'<tr><th scope="row">{escape(f"{tax.category}, {tax.jurisdiction}")}</th>'
            f"<td>{escape(tax_equation(tax))}</td>"
            f'<td class="number">{escape(show_money(tax.amount))}</td></tr>'
        )
    yield "</tbody></table>"


def _foot(what: str, amount: MoneyMessage) -> str:
    return (
        f'<tr><th scope="row" colspan="3">{escape(what)}</th>'
        f'<td class="number">{escape(show_money(amount))}</td></tr>'
    )


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts)
    return f"<dl>{rows}</dl>"
