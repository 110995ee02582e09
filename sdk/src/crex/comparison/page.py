"""A comparison as one page that needs nothing else: no script, no font, no picture from elsewhere.

The chart is inline SVG. Plans are told apart by the pattern of their lines and a letter at their ends, never
by colour alone; every number of it stands in a table below. Names of plans are a stranger's words: all text
is escaped, and the page's own policy lets nothing be loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from html import escape
from typing import Final

from crex.comparison.figures import amount, exact, hours, place
from crex.comparison.report import begins, break_even, demand_in_words, rates_in_words, rows, uses
from crex.comparison.table import Compared, Comparison

# The drawing's own units; it is scaled to the page.
_WIDTH, _HEIGHT = 860, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 110, 40, 20, 50
_GRID: Final = 5
_LETTER_HEIGHT: Final = 16
# Patterns of lines, and colours of enough contrast on white and on black; no two of 16 lines have both alike.
_DASHES: Final = ("", "8 4", "2 4", "12 4 2 4")
_COLOURS: Final = ("#1668c4", "#b3470f", "#1c7d4d", "#8a3ea8")
_STYLE: Final = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}
caption{text-align:left;font-weight:600;padding:.25rem 0}
th,td{padding:.25rem .75rem;border-bottom:1px solid #8888;text-align:left}
.n{text-align:right;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
svg{width:100%;height:auto}
svg text{fill:currentColor;font-size:13px}
.grid{stroke:currentColor;stroke-opacity:.25}
"""


def page(comparison: Comparison) -> str:
    """Writes the page."""
    return "\n".join(_page(comparison)) + "\n"


def _page(comparison: Comparison) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
    yield f"<title>Price comparison</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>"
    yield "<h1>Price comparison</h1>"
    yield f"<p>{escape(demand_in_words(comparison))}, {escape(begins(comparison))}.</p>"
    yield from (f"<p>{escape(line)}.</p>" for line in rates_in_words(comparison))
    for currency, plans in comparison.by_currency.items():
        yield f"<section>\n<h2>{escape(currency)}</h2>"
        yield from _costs(plans, currency)
        if len(plans) > 1:
            yield "<ul>"
            yield from (f"<li>{escape(line)}</li>" for line in break_even(comparison, plans))
            yield "</ul>"
        yield from _chart(comparison, plans, currency)
        yield from _points(comparison, plans, currency)
        yield "</section>"
    if len(comparison.by_currency) > 1:
        yield "<p>Amounts of different currencies are not compared.</p>"
    yield from _rest(comparison)
    yield "</main>\n</body>\n</html>"


def _costs(plans: tuple[Compared, ...], currency: str) -> Iterator[str]:
    yield '<div class="scroll"><table>\n<caption>Cost of the demand</caption>'
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Line", "Plan"))
    heads += "".join(
        f'<th scope="col" class="n">{head}</th>' for head in (f"Cost ({escape(currency)})", "Exact", "Billed")
    )
    yield f"<thead><tr>{heads}</tr></thead>\n<tbody>"
    for letter, name, *numbers in rows(plans, currency):
        cells = "".join(f'<td class="n">{escape(number)}</td>' for number in numbers)
        yield f'<tr><td>{letter}</td><th scope="row">{escape(name)}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _chart(comparison: Comparison, plans: Sequence[Compared], currency: str) -> Iterator[str]:
    known = [cost for one in plans for cost in _known(comparison, one)]
    if not known:
        return
    low, high = min(Fraction(0), *known), max(Fraction(0), *known)
    title, about = f"t-{currency}", f"d-{currency}"
    yield f'<figure>\n<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="{title} {about}">'
    yield f'<title id="{title}">Cost against length, in {escape(currency)}</title>'
    named = "; ".join(f"{one.letter} {one.name}" for one in plans)
    told = " ".join(break_even(comparison, tuple(plans))) if len(plans) > 1 else ""
    yield f'<desc id="{about}">{escape(f"Lines: {named}. {told} The table below has every number.")}</desc>'
    yield from _axes(comparison, currency, low, high)
    taken: list[int] = []
    for number, one in enumerate(sorted(plans, key=lambda plan: plan.letter)):
        yield from _line(comparison, one, number, (low, high), taken)
    yield "</svg>\n<figcaption>"
    yield "; ".join(f"{one.letter}: {escape(one.name)}" for one in plans)
    yield "</figcaption>\n</figure>"


def _known(comparison: Comparison, one: Compared) -> list[Fraction]:
    found = (one.at(index) for index in range(len(comparison.lengths)))
    return [cost for cost in found if cost is not None]


def _axes(comparison: Comparison, currency: str, low: Fraction, high: Fraction) -> Iterator[str]:
    for step in range(_GRID + 1):
        value = low + (high - low) * step / _GRID
        at = _y(value, low, high)
        yield f'<line class="grid" x1="{_LEFT}" y1="{at}" x2="{_WIDTH - _RIGHT}" y2="{at}"/>'
        label = escape(amount(currency, value))
        yield f'<text x="{_LEFT - 8}" y="{at + 4}" text-anchor="end">{label}</text>'
    last = comparison.lengths[-1]
    for step in range(_GRID + 1):
        at = _x(last * step // _GRID, last)
        label = escape(hours(last * step // _GRID))
        yield f'<text x="{at}" y="{_HEIGHT - _BOTTOM + 20}" text-anchor="middle">{label}</text>'
    yield (
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">length of the demand</text>'
        f'<line class="grid" x1="{_LEFT}" y1="{_TOP}" x2="{_LEFT}" y2="{_HEIGHT - _BOTTOM}"/>'
    )


def _line(
    comparison: Comparison, one: Compared, number: int, bounds: tuple[Fraction, Fraction], taken: list[int]
) -> Iterator[str]:
    """Draws a plan, with its letter where no other stands; where it has no price, the line is broken."""
    last = comparison.lengths[-1]
    parts: list[list[str]] = [[]]
    end = (0, 0)
    for index, length in enumerate(comparison.lengths):
        cost = one.at(index)
        if cost is None:
            parts.append([])
            continue
        end = _x(length, last), _y(cost, *bounds)
        parts[-1].append(f"{end[0]},{end[1]}")
    dash = _DASHES[number % len(_DASHES)]
    pattern = f' stroke-dasharray="{dash}"' if dash else ""
    colour = _COLOURS[(number + number // len(_DASHES)) % len(_COLOURS)]
    for points in filter(None, parts):
        drawn = " ".join(points)
        yield f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"{pattern}/>'
    beside = end[1]
    while any(abs(beside - other) < _LETTER_HEIGHT for other in taken):
        beside += 1
    taken.append(beside)
    yield f'<text x="{end[0] + 8}" y="{beside + 4}" font-weight="700">{one.letter}</text>'


def _x(length: int, last: int) -> int:
    return _LEFT + place(Fraction(length), Fraction(0), Fraction(last), _WIDTH - _LEFT - _RIGHT)


def _y(cost: Fraction, low: Fraction, high: Fraction) -> int:
    return _HEIGHT - _BOTTOM - place(cost, low, high, _HEIGHT - _TOP - _BOTTOM)


def _points(comparison: Comparison, plans: Sequence[Compared], currency: str) -> Iterator[str]:
    yield "<details>\n<summary>Every number of the chart</summary>"
    yield f'<div class="scroll"><table>\n<caption>Cost in {escape(currency)} by length</caption>'
    heads = "".join(f'<th scope="col" class="n">{one.letter}</th>' for one in plans)
    yield f'<thead><tr><th scope="col">Hours</th>{heads}</tr></thead>\n<tbody>'
    for index, length in enumerate(comparison.lengths):
        costs = (one.at(index) for one in plans)
        cells = "".join(
            f'<td class="n">{"no price" if cost is None else amount(currency, cost)}</td>' for cost in costs
        )
        yield f'<tr><th scope="row">{escape(exact(Fraction(length, 3_600_000)))}</th>{cells}</tr>'
    yield "</tbody></table></div>\n</details>"


def _rest(comparison: Comparison) -> Iterator[str]:
    told = [
        f"{one.letter} {one.name} cannot be compared: {one.problem}"
        if one.problem
        else f"{one.letter} also prices {uses(one.beside)}, of which nothing is demanded."
        for one in comparison.plans
        if one.problem or one.beside
    ]
    if told:
        yield "<h2>Remarks</h2>\n<ul>"
        yield from (f"<li>{escape(line)}</li>" for line in told)
        yield "</ul>"
