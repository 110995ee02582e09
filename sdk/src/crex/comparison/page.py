"""A comparison as one page that needs nothing else: no script, no font, no picture from elsewhere.

The chart is inline SVG. Plans are told apart by the pattern of their lines and a letter at their ends, never
by colour alone; every number of it stands in a table below. Names of plans are a stranger's words: all text
is escaped, and the page's own policy lets nothing be loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from typing import Final

from crex.comparison.figures import amount, exact, hours, place
from crex.comparison.report import begins, break_even, demand_in_words, rates_in_words, remark, rows
from crex.comparison.table import Compared, Comparison

# The drawing's own units; it is scaled to the page.
_WIDTH, _HEIGHT = 860, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 110, 60, 20, 66
# Width of a character where the screen is narrow and they are drawn larger, and the most room for labels.
_CHARACTER: Final = 17
_WIDEST: Final = 260
_GRID: Final = 4
# So that the letters of 16 lines fit one above the other.
_LETTER_HEIGHT: Final = 20
# Patterns of lines, and colours of enough contrast on white and on black; no two of 16 lines have both alike.
_DASHES: Final = ("", "8 4", "2 4", "12 4 2 4")
_COLOURS: Final = ("#1668c4", "#b3470f", "#1c7d4d", "#8a3ea8")
_STYLE: Final = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}
caption{text-align:left;font-weight:600;padding:.25rem 0}
th,td{padding:.25rem .75rem;border-bottom:1px solid #8888;text-align:left}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
th[scope=row]{font-weight:400;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
figure{margin:1rem 0}
figcaption{overflow-wrap:anywhere}
svg{width:100%;height:auto}
svg text{fill:currentColor;font-size:13px}
.grid{stroke:currentColor;stroke-opacity:.25}
@media(max-width:40rem){
body{margin:1rem auto}
li,p{overflow-wrap:anywhere}
th,td{padding:.25rem .4rem}
th[scope=row]{min-width:8rem}
svg text{font-size:26px}
.between{display:none}
polyline{stroke-width:4}
}
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
    frame = _Frame.of(comparison.lengths[-1], low, high, currency)
    yield from _axes(frame, currency)
    lines = [_Line.of(comparison, one, frame) for one in sorted(plans, key=lambda plan: plan.letter)]
    places = _apart([line.end[1] for line in lines])
    for number, (line, beside) in enumerate(zip(lines, places, strict=True)):
        yield from _drawn(line, number, beside)
    yield "</svg>\n<figcaption>"
    yield "; ".join(f"{one.letter}: {escape(one.name)}" for one in plans)
    yield "</figcaption>\n</figure>"


def _known(comparison: Comparison, one: Compared) -> list[Fraction]:
    found = (one.at(index) for index in range(len(comparison.lengths)))
    return [cost for cost in found if cost is not None]


@dataclass(frozen=True, slots=True)
class _Frame:
    """The axes of a chart: what stands where."""

    left: int
    last: int
    low: Fraction
    high: Fraction

    @classmethod
    def of(cls, last: int, low: Fraction, high: Fraction, currency: str) -> _Frame:
        """Leaves as much room on the left as the labels of costs need."""
        longest = max(len(amount(currency, value)) for value in (low, high))
        return cls(min(max(_LEFT, longest * _CHARACTER + 8), _WIDEST), last, low, high)

    def x(self, length: int) -> int:
        """Where a length stands."""
        across = _WIDTH - self.left - _RIGHT
        return self.left + place(Fraction(length), Fraction(0), Fraction(self.last), across)

    def y(self, cost: Fraction) -> int:
        """Where a cost stands."""
        return _HEIGHT - _BOTTOM - place(cost, self.low, self.high, _HEIGHT - _TOP - _BOTTOM)


@dataclass(frozen=True, slots=True)
class _Line:
    """The line of a plan: its parts, since it is broken where there is no price, and where it ends."""

    letter: str
    parts: tuple[str, ...]
    end: tuple[int, int]

    @classmethod
    def of(cls, comparison: Comparison, one: Compared, frame: _Frame) -> _Line:
        """Gives the line of a plan."""
        parts: list[list[str]] = [[]]
        end = (frame.left, _HEIGHT - _BOTTOM)
        for index, length in enumerate(comparison.lengths):
            cost = one.at(index)
            if cost is None:
                parts.append([])
                continue
            end = frame.x(length), frame.y(cost)
            parts[-1].append(f"{end[0]},{end[1]}")
        return cls(one.letter, tuple(" ".join(part) for part in parts if part), end)


def _axes(frame: _Frame, currency: str) -> Iterator[str]:
    for step in range(_GRID + 1):
        value = frame.low + (frame.high - frame.low) * step / _GRID
        at = frame.y(value)
        yield f'<line class="grid" x1="{frame.left}" y1="{at}" x2="{_WIDTH - _RIGHT}" y2="{at}"/>'
        label = escape(amount(currency, value))
        yield f'<text x="{frame.left - 8}" y="{at + 4}" text-anchor="end">{label}</text>'
    for step in range(_GRID + 1):
        length = frame.last * step // _GRID
        between = ' class="between"' if step % 2 else ""
        where = f'x="{frame.x(length)}" y="{_HEIGHT - _BOTTOM + 28}" text-anchor="middle"'
        yield f"<text{between} {where}>{escape(hours(length))}</text>"
    yield (
        f'<text x="{frame.left}" y="{_HEIGHT - 8}">length of the demand</text>'
        f'<line class="grid" x1="{frame.left}" y1="{_TOP}" x2="{frame.left}" y2="{_HEIGHT - _BOTTOM}"/>'
    )


def _apart(wanted: Sequence[int]) -> list[int]:
    """Gives letters places near those that are wanted, none upon another, all within the chart."""
    order = sorted(range(len(wanted)), key=lambda index: (wanted[index], index))
    places = dict(enumerate(wanted))
    free = _TOP
    for index in order:
        places[index] = max(places[index], free)
        free = places[index] + _LETTER_HEIGHT
    free = _HEIGHT - _BOTTOM
    for index in reversed(order):
        places[index] = min(places[index], free)
        free = places[index] - _LETTER_HEIGHT
    return [places[index] for index in range(len(wanted))]


def _drawn(line: _Line, number: int, beside: int) -> Iterator[str]:
    dash = _DASHES[number % len(_DASHES)]
    pattern = f' stroke-dasharray="{dash}"' if dash else ""
    colour = _COLOURS[(number + number // len(_DASHES)) % len(_COLOURS)]
    for points in line.parts:
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{pattern}/>'
    yield f'<text x="{line.end[0] + 8}" y="{beside + 4}" font-weight="700">{line.letter}</text>'


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
    told = list(filter(None, map(remark, comparison.plans)))
    if told:
        yield "<h2>Remarks</h2>\n<ul>"
        yield from (f"<li>{escape(line)}</li>" for line in told)
        yield "</ul>"
