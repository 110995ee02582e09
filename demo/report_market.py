"""The market in the report: every offer with its price, whether it matches, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from demo.report_text import anchor, escape
from demo.result import OfferRow, Result


def market(result: Result) -> Iterator[str]:
    """Writes the section; nothing where nothing was searched."""
    if not result.offers:
        return
    yield '<section id="market"><h2>The market</h2>'
    yield "<p>The buyer asked for one unit for ten minutes, of which:</p>"
    yield f'<pre class="demand">{escape(result.demand)}</pre>'
    yield (
        '<div class="scroll"><table class="offers"><thead><tr><th>Offer</th><th>Ten minutes cost</th>'
        "<th>Does it match?</th><th>Price read at</th></tr></thead><tbody>"
    )
    most = max((_root(offer) for offer in result.offers), default=Decimal(0)) or Decimal(1)
    for offer in result.offers:
        yield from _row(offer, result.currency, most)
    yield "</tbody></table></div>"
    yield f"<p><small>{escape(_sellers(result.offers))} Bars stand on a scale of square roots.</small></p>"
    yield "</section>"


def _row(offer: OfferRow, currency: str, most: Decimal) -> Iterator[str]:
    answer = "<strong>yes</strong>" if offer.matched else f"no: {escape(offer.why_not)}"
    price = "not priced"
    if offer.price:
        share = max(1, int(_root(offer) / most * 100))
        price = f"{escape(offer.price)} {escape(currency)}"
        price = f'<span class="bar" style="width:{share}%"></span><span class="amount">{price}</span>'
    yield (
        f'<tr class="{"match" if offer.matched else "other"}"><td><a href="#{anchor(offer.digest)}">'
        f"{escape(offer.seller)}</a> <small>{escape(offer.shape)}</small></td>"
        f'<td class="price">{price}</td><td>{answer}</td><td><small>{_source(offer.source)}</small></td></tr>'
    )


def _source(source: str) -> str:
    if not source:
        return "the provider's own plan"
    if not source.startswith("https://"):
        return escape(source)
    shown = source.removeprefix("https://").split("/commit/")[0]
    return f'<a href="{escape(source)}" rel="noreferrer">{escape(shown)}</a>'


def _sellers(offers: Iterable[OfferRow]) -> str:
    """Says what the offers of others are, where there are any."""
    if not any(offer.source for offer in offers):
        return ""
    return (
        "Prices of other sellers are public facts, carried over one by one and signed by the catalogue of "
        "this demo, by no seller; none of them can be held."
    )


def _root(offer: OfferRow) -> Decimal:
    return Decimal(offer.price or 0).sqrt()
