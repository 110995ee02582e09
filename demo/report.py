"""The report: one HTML file that needs nothing else, readable without scripts, in light and dark."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from html import escape
from itertools import groupby
from typing import Final

from demo.report_style import STYLE
from demo.result import DocumentRow, OfferRow, Result

# The documents of the sale itself, in the order in which they pin each other.
_CHAIN: Final = (
    ("site", "where the machine stands"),
    ("compute-resource", "what it is"),
    ("price-plan", "how use is priced"),
    ("allotment", "what the broker may sell"),
    ("offer", "the standing invitation; pins resource and plan"),
    ("hold-receipt", "the broker holds a core; pins the offer"),
    ("order-document", "the consumer commits; pins the hold and the offer"),
    ("order-confirmation", "the provider accepts; pins the order"),
    ("access-grant", "access, sealed to the consumer's key; pins the order"),
    ("usage-batch", "what was used, under a Merkle root; pins the order"),
    ("release-receipt", "the units are free again; pins the order"),
    ("invoice", "what is owed; pins order, plan and usage"),
    ("invoice-acceptance", "the consumer recomputed it; pins the invoice"),
)
_CATALOGUE: Final = "catalogue."
_BAR_HEIGHT: Final = 18
_CHART_WIDTH: Final = 720
_LABEL_WIDTH: Final = 300


def render(result: Result) -> str:
    """Writes the report.

    Args:
        result: What the demo came to.

    Returns:
        A whole HTML document. Every text of the result is escaped: documents come from anyone.
    """
    body = "".join(
        part
        for section in (_headline, _story, _offers, _chain, _bill, _refusals, _machine, _documents)
        for part in section(result)
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>CREX: one sale, end to end</title>"
        f"<style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )


def _headline(result: Result) -> Iterator[str]:
    verdict = "failed" if result.error else "verified"
    said = escape(result.error) if result.error else "Everything verified"
    yield '<header><p class="kicker">Compute Resource Exchange · one sale, end to end · 一笔算力交易</p>'
    yield f'<h1 class="{verdict}">{said}</h1><p class="lead">'
    if not result.error:
        yield (
            "A broker started, this machine was described and put on sale among public price facts, one of "
            "its cores was found, bought, delivered and used, and the bill of "
            f"<strong>{escape(result.total)}</strong> was recomputed by its buyer to the last digit. "
        )
    yield f"{escape(result.began)} · {result.seconds:.1f} s</p>"
    tiles = [
        (str(sum(offer.matched for offer in result.offers)), f"of {len(result.offers)} offers matched"),
        (str(len(result.documents)), "signed documents verified"),
        (str(result.program.get("gflops", "–")), "GFLOP/s on the leased core"),
        (result.total or "–", "billed and recomputed"),
        (str(len(result.refusals)), "attempts refused"),
    ]
    yield '<dl class="tiles">'
    for value, label in tiles:
        yield f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>"
    yield "</dl></header>"


def _story(result: Result) -> Iterator[str]:
    yield '<section id="story"><h2>What happened <small>经过</small></h2>'
    for chapter, steps in groupby(result.steps, key=lambda step: step.chapter):
        yield f"<h3>{escape(chapter)}</h3><ol>"
        for step in steps:
            mark = "failed" if step.failed else "done"
            said = f'<span class="outcome">{escape(step.outcome)}</span>' if step.outcome else ""
            yield f'<li class="{mark}" value="{step.number}">'
            yield f'<span class="seconds">{step.seconds:.2f} s</span>'
            yield f"<span>{escape(step.title)}{': ' if said else ''}{said}</span>"
            if step.details:
                yield f"<pre>{escape(chr(10).join(step.details))}</pre>"
            yield "</li>"
        yield "</ol>"
    yield "</section>"


def _offers(result: Result) -> Iterator[str]:
    if not result.offers:
        return
    yield '<section id="offers"><h2>The market <small>市场</small></h2>'
    yield f"<p>The demand: <code>{escape(result.demand)}</code>, one unit for ten minutes.</p>"
    yield _chart([offer for offer in result.offers if offer.price], result.currency)
    yield (
        '<div class="scroll"><table><thead><tr><th>Offer</th><th class="number">Ten minutes</th>'
        "<th>Answer</th><th>Source of the price</th></tr></thead><tbody>"
    )
    for offer in result.offers:
        answer = "<strong>matches</strong>" if offer.matched else escape(offer.why_not)
        source = escape(offer.source)
        link = (
            f'<a href="{source}">{source.split("/commit/")[0]}</a>' if source else "the provider's own plan"
        )
        price = f"{escape(offer.price)} {escape(result.currency)}" if offer.price else "–"
        yield (
            f'<tr class="{"match" if offer.matched else ""}"><td>{escape(offer.seller)}<br>'
            f"<small>{escape(offer.shape)}</small></td>"
            f'<td class="number">{price}</td><td>{answer}</td><td><small>{link}</small></td></tr>'
        )
    yield "</tbody></table></div>"
    yield (
        "<p><small>Prices of other sellers are public facts carried over one by one, signed by the catalogue "
        "of this demo and by no seller; none of them can be held.</small></p></section>"
    )


def _chart(offers: Iterable[OfferRow], currency: str) -> str:
    """Draws the price of the demand over the offers that have one, a bar each, on a scale of square roots."""
    shown = sorted(offers, key=lambda offer: Decimal(offer.price))
    if not shown:
        return ""
    most = max(Decimal(offer.price) for offer in shown).sqrt() or Decimal(1)
    room = _CHART_WIDTH - _LABEL_WIDTH - 90
    height = len(shown) * _BAR_HEIGHT + 4
    head = f'<figure><svg viewBox="0 0 {_CHART_WIDTH} {height}" role="img" '
    parts = [head + f'aria-label="Price of the demand by offer, in {escape(currency)}">']
    for number, offer in enumerate(shown):
        top = number * _BAR_HEIGHT
        width = max(1.0, float(Decimal(offer.price).sqrt() / most) * room)
        label = escape(f"{offer.seller} {offer.shape}"[:46])
        parts.append(
            f'<text x="{_LABEL_WIDTH - 8}" y="{top + 13}" class="label">{label}</text>'
            f'<rect x="{_LABEL_WIDTH}" y="{top + 3}" width="{width:.1f}" height="12" rx="2" '
            f'class="{"match" if offer.matched else "other"}"/>'
            f'<text x="{_LABEL_WIDTH + width + 6:.1f}" y="{top + 13}">{escape(offer.price)}</text>'
        )
    parts.append("</svg><figcaption>Price of this demand, in ")
    parts.append(f"{escape(currency)}; bars on a scale of square roots.</figcaption></figure>")
    return "".join(parts)


def _chain(result: Result) -> Iterator[str]:
    if not result.documents:
        return
    yield '<section id="chain"><h2>Who signed what <small>签名</small></h2>'
    yield "<p>References point one way: each document pins those before it by name, revision and digest.</p>"
    yield '<ol class="chain">'
    for kind, about in _CHAIN:
        for document in result.documents:
            if document.kind == kind and not document.issuer.startswith(_CATALOGUE):
                yield (
                    f'<li><a href="#{_anchor(document)}"><strong>{escape(kind)}</strong></a> '
                    f"<span>{escape(document.issuer)}</span> <small>{escape(about)}</small> "
                    f"<code>{escape(document.sha256[:12])}…</code></li>"
                )
    yield "</ol></section>"


def _bill(result: Result) -> Iterator[str]:
    if not result.lines:
        return
    yield '<section id="bill"><h2>The bill <small>账单</small></h2><table class="bill"><tbody>'
    for line in result.lines:
        yield (
            f"<tr><td><details><summary>{escape(line.component)}</summary><p><code>{escape(line.equation)}"
            f"</code></p><p><small>{escape(line.rounding)}</small></p></details></td>"
            f'<td class="number">{escape(line.amount)}</td></tr>'
        )
    yield f'</tbody><tfoot><tr><td>Total</td><td class="number">{escape(result.total)}</td></tr>'
    yield "</tfoot></table>"
    yield (
        "<p>Provider, broker and consumer each computed it from the same pinned inputs. Rating digest: "
        f"<code>{escape(result.rating_digest)}</code></p></section>"
    )


def _refusals(result: Result) -> Iterator[str]:
    if not result.refusals:
        return
    yield '<section id="refusals"><h2>What must not succeed <small>必须拒绝</small></h2>'
    yield "<table><thead><tr><th>Attempt</th><th>Reason</th><th>What was said</th></tr></thead><tbody>"
    for attempt, reason, message in result.refusals:
        yield (
            f"<tr><td>{escape(attempt)}</td><td><code>{escape(reason)}</code></td><td>{escape(message)}</td></tr>"
        )
    yield "</tbody></table></section>"


def _machine(result: Result) -> Iterator[str]:
    if result.machine:
        yield '<section id="machine"><h2>The machine, as it says itself <small>机器</small></h2>'
        yield f"<pre>{escape(result.machine)}</pre></section>"


def _documents(result: Result) -> Iterator[str]:
    if not result.documents:
        return
    yield '<section id="documents"><h2>Every document <small>全部文件</small></h2>'
    yield f"<p>As files in <code>{escape(result.folder)}</code>; each opens in a text editor.</p>"
    own = [document for document in result.documents if not document.issuer.startswith(_CATALOGUE)]
    facts = [document for document in result.documents if document.issuer.startswith(_CATALOGUE)]
    for document in own:
        yield from _document(document)
    if facts:
        yield f"<details><summary>{len(facts)} documents of the catalogue</summary>"
        for document in facts:
            yield from _document(document)
        yield "</details>"
    yield "</section>"


def _document(document: DocumentRow) -> Iterator[str]:
    yield f'<details id="{_anchor(document)}"><summary><strong>{escape(document.kind)}</strong> '
    yield f"<small>{escape(document.id)}</small></summary>"
    yield f"<p>Signed by {escape(document.issuer)} · SHA-256 <code>{escape(document.sha256)}</code></p>"
    yield '<ul class="checks">'
    for check in document.checks:
        yield f"<li>{escape(check)}</li>"
    yield f"</ul><pre>{escape(json.dumps(document.body, indent=2, ensure_ascii=False))}</pre></details>"


def _anchor(document: DocumentRow) -> str:
    return f"d-{escape(document.sha256[:16])}"
