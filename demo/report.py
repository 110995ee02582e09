"""The report: one HTML file that needs nothing else, readable without scripts, in light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from demo.report_documents import chain, documents
from demo.report_market import market
from demo.report_style import STYLE
from demo.report_text import escape
from demo.result import Result

# Nothing is loaded from anywhere, whatever a document says.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def render(result: Result) -> str:
    """Writes the report.

    Args:
        result: What the demo came to.

    Returns:
        A whole HTML document. Every text of the result is escaped: documents come from anyone.
    """
    sections = (_headline, _story, market, chain, _bill, _refusals, _machine, documents)
    body = "".join(part for section in sections for part in section(result))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        "<title>CREX: one sale, end to end</title>"
        f"<style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )


def _headline(result: Result) -> Iterator[str]:
    verdict = "failed" if result.error else "verified"
    said = "Not everything verified" if result.error else "Everything verified"
    yield '<header><p class="kicker">CREX, the Compute Resource Exchange · one sale, end to end</p>'
    yield f'<h1 class="{verdict}">{said}</h1>'
    if result.error:
        yield f'<p class="error">{escape(result.error)}</p>'
    else:
        yield (
            '<p class="lead">This machine was described as it is and put on sale among public price facts. A '
            "buyer found one of its cores, ordered it by signature, ran a program on it, and recomputed the "
            f"bill of <strong>{escape(result.total)}</strong> to the last digit. What must not succeed was "
            "tried, and refused.</p>"
        )
    yield f'<p class="when">{escape(result.began)} · {result.seconds:.1f} s</p><dl class="tiles">'
    for value, label in _tiles(result):
        yield f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>"
    yield "</dl></header>"


def _tiles(result: Result) -> list[tuple[str, str]]:
    matched = sum(offer.matched for offer in result.offers)
    return [
        (str(matched), f"of {len(result.offers)} offers matched"),
        (str(result.program.get("gflops", "–")), "GFLOP/s on the leased core"),
        (result.total or "–", "billed and recomputed"),
        (str(len(result.documents)), "signed documents verified"),
        (str(len(result.refusals)), "attempts refused"),
    ]


def _story(result: Result) -> Iterator[str]:
    yield '<section id="story"><h2>What happened</h2>'
    for chapter, steps in groupby(result.steps, key=lambda step: step.chapter):
        yield f"<h3>{escape(chapter)}</h3><ol>"
        for step in steps:
            mark = "failed" if step.failed else "done"
            said = f'<span class="outcome">{escape(step.outcome)}</span>' if step.outcome else ""
            yield f'<li class="{mark}" value="{step.number}"><div class="row">'
            yield f"<span>{escape(step.title)}{': ' if said else ''}{said}</span>"
            yield f'<span class="seconds">{step.seconds:.2f} s</span></div>'
            if step.details:
                yield f"<pre>{escape(chr(10).join(step.details))}</pre>"
            yield "</li>"
        yield "</ol>"
    yield "</section>"


def _bill(result: Result) -> Iterator[str]:
    if not result.lines:
        return
    yield '<section id="bill"><h2>The bill</h2>'
    yield '<p>Every line unfolds to its arithmetic.</p><div class="bill">'
    for line in result.lines:
        yield (
            f"<details open><summary><span>{escape(line.component)}</span>"
            f'<span class="number">{escape(line.amount)}</span></summary>'
            f"<p>{escape(line.measured)}</p><p><code>{escape(line.equation)}</code></p>"
            f"<p>{escape(line.rounding)}</p>"
            f"<details><summary>the line as it was signed for</summary><pre>{escape(line.document)}</pre>"
            "</details></details>"
        )
    yield f'<p class="total"><span>Total</span><span class="number">{escape(result.total)}</span></p></div>'
    yield (
        "<p>Provider, broker and consumer each computed it from the same pinned inputs and came to the same "
        f"rating digest, <code>{escape(result.rating_digest)}</code>.</p></section>"
    )


def _refusals(result: Result) -> Iterator[str]:
    if not result.refusals:
        return
    yield '<section id="refusals"><h2>What must not succeed</h2>'
    yield "<p>Each was tried, and each was refused for its own reason.</p>"
    yield '<div class="scroll"><table><thead><tr><th>Attempt</th><th>Reason</th><th>What was said</th></tr>'
    yield "</thead><tbody>"
    for attempt, by, reason, message in result.refusals:
        yield (
            f'<tr><td class="attempt">{escape(attempt)}</td><td class="reason"><code>{escape(reason)}</code>'
            f"<br><small>by {escape(by)}</small></td><td>{escape(message)}</td></tr>"
        )
    yield "</tbody></table></div></section>"


def _machine(result: Result) -> Iterator[str]:
    if result.machine:
        yield '<section id="machine"><h2>The machine, as it says itself</h2>'
        yield "<p>Each figure with its source; what cannot be known is left out, with the reason.</p>"
        yield f"<details><summary>The whole description</summary><pre>{escape(result.machine)}</pre>"
        yield "</details></section>"
