"""How a comparison is shown: numbers, the chart of a terminal, the page, a plan in words."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from crex.comparison import Comparison, compare
from crex.comparison.chart import LEAST, columns, draw
from crex.comparison.figures import amount, exact, hours, length, place
from crex.comparison.page import page
from crex.comparison.table import lengths_up_to
from crex.comparison.words import explain
from crex.v1 import PriceTier, Restrictions, TaxRule
from sdk.tests.comparison.samples import (
    COUNT,
    DAY,
    GAUGE,
    GRADUATED,
    HOUR,
    always,
    begin,
    component,
    demanded,
    message,
    plan,
    ready,
    reserved,
)


@cache
def pair() -> Comparison:
    """By the hour beside a reservation, over three years."""
    plans = [plan(component("2.99")), ready(reserved())]
    return compare(plans, demanded(365 * DAY), always(begin()), lengths_up_to(1096 * DAY, 40))


@pytest.mark.parametrize(
    ("currency", "value", "shown"),
    [
        ("EUR", Fraction(5, 1000), "0.01"),
        ("EUR", Fraction(-5, 1000), "-0.01"),
        ("JPY", Fraction(3, 2), "2"),
        ("KWD", Fraction(3, 2000), "0.002"),
        ("EUR", Fraction(10**20), "100000000000000000000.00"),
    ],
)
def test_amounts_have_the_digits_of_their_currency(currency: str, value: Fraction, shown: str) -> None:
    """Amounts are rounded as bills round, ties away from zero, however large they are."""
    assert amount(currency, value) == shown


def test_numbers_for_people() -> None:
    """Exact numbers are decimals where they can be; lengths are hours, minutes and seconds."""
    assert (exact(Fraction(1, 8)), exact(Fraction(1, 3))) == ("0.125", "1/3")
    assert length(9131 * HOUR + 46 * 60_000 + 21_500) == "9131 h 46 min 21.5 s"
    assert (length(0), length(60_000), hours(5_400_000), hours(HOUR)) == ("0 h", "1 min", "1.5 h", "1 h")
    assert place(Fraction(5), Fraction(5), Fraction(5), 9) == 0
    assert [place(Fraction(at), Fraction(0), Fraction(4), 8) for at in (0, 1, 4)] == [0, 2, 8]


def test_a_chart_is_of_plain_characters() -> None:
    """Letters on a grid, as wide as there are lengths, with a cost and an hour at each end."""
    found = pair()
    (plans,) = found.by_currency.values()
    drawn = draw(found, plans, "EUR")
    assert drawn[0] == "EUR"
    assert drawn[1].lstrip().startswith("78648.96")
    assert drawn[1].endswith("A") or drawn[1].endswith("AA")
    assert any("BBBB" in line for line in drawn)
    assert "*" in "".join(drawn)
    assert drawn[-1].split() == ["0", "13152", "h", "26304", "h"]
    assert "\x1b" not in "".join(drawn)
    grid = [line.split("│")[-1].split("┤")[-1] for line in drawn[1:-2]]
    assert max(map(len, grid)) == 40


def test_a_chart_fits_the_terminal() -> None:
    """A narrow terminal gets the least, a wide one more, and none too many."""
    assert columns(20, 10) == LEAST
    assert columns(80, 14) == 64
    assert columns(500, 14) == 96


def test_a_plan_that_pays_is_drawn_below_zero() -> None:
    """Costs below zero have their place, too."""
    found = compare([plan(component("-1"))], demanded(), always(begin()), lengths_up_to(10 * HOUR, 20))
    (plans,) = found.by_currency.values()
    drawn = draw(found, plans, "EUR")
    assert drawn[1].lstrip().startswith("0.00")
    assert drawn[-3].lstrip().startswith("-10.00")


class Reader(HTMLParser):
    """Reads a page strictly: every element that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element."""
        self.found.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element that closes itself."""
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Closes an element."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Notes text."""
        self.text += data


def read(text: str) -> Reader:
    """Reads a page."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def test_the_page_needs_nothing_else() -> None:
    """No script, no address, no font: only its own elements, under a policy that loads nothing."""
    found = read(page(pair()))
    assert {tag for tag, _ in found.found}.isdisjoint({"script", "link", "img", "iframe", "object", "image"})
    names = {name for _, attributes in found.found for name in attributes}
    assert names.isdisjoint({"src", "href", "onload", "onclick", "style", "xlink:href"})
    policy = next(one for tag, one in found.found if tag == "meta" and "http-equiv" in one)
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert "url(" not in page(pair())


def test_the_page_is_read_without_seeing() -> None:
    """A language, one main part, headed tables with captions, a chart with title and description."""
    found = read(page(pair()))
    tags = [tag for tag, _ in found.found]
    assert ("html", {"lang": "en"}) in found.found
    assert [tags.count(one) for one in ("main", "h1", "caption", "table")] == [1, 1, 2, 2]
    svg = next(one for tag, one in found.found if tag == "svg")
    assert svg["role"] == "img"
    named = (svg["aria-labelledby"] or "").split()
    assert named == [one["id"] for tag, one in found.found if tag in ("title", "desc") and "id" in one]
    assert all(one.get("scope") in ("col", "row") for tag, one in found.found if tag == "th")
    assert "A crex://provider.example/price-plan/p1; B crex" in found.text


def test_lines_are_told_apart_without_colour() -> None:
    """No two of 16 lines have pattern and colour alike, neighbours differ in both, each has its letter."""
    plans = [plan(component(str(at + 1)), name=f"p{at}") for at in range(16)]
    found = read(page(compare(plans, demanded(), always(begin()), lengths_up_to(10 * HOUR, 20))))
    drawn = [(one.get("stroke-dasharray"), one["stroke"]) for tag, one in found.found if tag == "polyline"]
    assert len(set(drawn)) == 16
    assert all(one[0] != two[0] and one[1] != two[1] for one, two in pairwise(drawn) if one[0])
    places = [
        int(one["y"] or 0) for tag, one in found.found if tag == "text" and one.get("font-weight") == "700"
    ]
    assert len(places) == 16
    assert all(abs(one - two) >= 16 for at, one in enumerate(places) for two in places[:at])


def test_letters_stay_on_the_chart() -> None:
    """Where one plan is dear and fifteen cost about the same, every letter is on the drawing, apart."""
    prices = ["1000", *map(str, range(1, 16))]
    plans = [plan(component(price), name=f"p{at}") for at, price in enumerate(prices)]
    found = read(page(compare(plans, demanded(), always(begin()), lengths_up_to(10 * HOUR, 20))))
    drawn = [one for tag, one in found.found if tag == "text" and one.get("font-weight") == "700"]
    places = sorted(int(one["y"] or 0) for one in drawn)
    assert (len(places), places[0] > 0, places[-1] < 400) == (16, True, True)
    assert all(two - one >= 16 for one, two in pairwise(places))


def test_labels_of_large_amounts_have_room() -> None:
    """The longer the labels of costs are, the further right the chart begins."""
    small, large = (
        read(page(compare([plan(component(price))], demanded(), always(begin()), lengths_up_to(HOUR, 16))))
        for price in ("1", "123456789012")
    )
    lefts = [next(one["x1"] for tag, one in each.found if tag == "line") for each in (small, large)]
    assert lefts == ["110", "260"]


def test_every_number_of_the_chart_stands_in_a_table() -> None:
    """The table has a row for each length, with each plan's cost or that it has no price."""
    short = ready(reserved(months=12))
    found = compare(
        [plan(component("2.99")), short], demanded(), always(begin()), lengths_up_to(400 * DAY, 16)
    )
    text = page(found)
    rows = re.findall(r'<tr><th scope="row">([0-9.]+)</th>(.*?)</tr>', text)
    assert [row[0] for row in rows] == [str(600 * at) for at in range(1, 17)]
    assert rows[-1][1] == '<td class="n">28704.00</td><td class="n">no price</td>'
    assert text.count("<polyline") == 2


def test_a_strangers_name_is_text() -> None:
    """What looks like markup in a region or a reason stays text."""
    hostile = compare(
        [plan(), plan(component("1", dimension="a.example/b", unit="a.example/c"), name="x")],
        demanded(HOUR),
        always(begin()),
        lengths_up_to(HOUR, 16),
    )
    assert "&lt;" not in page(hostile)
    plans = (replace(hostile.plans[0], problem="<script>alert(1)</script>"), *hostile.plans[1:])
    text = page(replace(hostile, plans=plans))
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_a_plan_in_words() -> None:
    """Dimensions, tiers, months, restrictions, commitments and taxes are said."""
    tiers = [PriceTier(up_to="10", unit_price="0"), PriceTier(unit_price="0.0255")]
    storage = component(
        "",
        id="storage",
        dimension="storage",
        unit="gibibyte",
        kind=GAUGE,
        model=GRADUATED,
        per_quantity="1",
        time_unit="month",
        tiers=tiers,
    )
    night = component("0.5", id="night", restrictions=Restrictions(local_start="22:00", days=["sat"]))
    calls = component(
        "3", id="calls", dimension="request", unit="request", kind=COUNT, per_quantity="1000000"
    )
    rule = TaxRule(category="standard", rate="0.19", jurisdiction="de")
    said = "\n".join(explain(message(night, storage, calls, taxes=[rule])))
    for line in (
        "crex://provider.example/price-plan/p1, revision 1",
        "applies from 2026-01-01T00:00:00Z",
        "in EUR, prices are without tax; billing periods begin at midnight in UTC",
        "0.5 EUR for 1 unit × hour",
        "only from 22:00 to 24:00 local time, on sat",
        "up to 10 gibibyte × calendar month: 0 EUR for 1 gibibyte × calendar month",
        "beyond: 0.0255 EUR for 1 gibibyte × calendar month",
        "3 EUR for 1000000 request",
        "tax on standard in de: 19 %",
    ):
        assert line in said
    committed = "\n".join(explain(reserved()))
    assert "commitment reserved: 1 in every hour at 1 EUR for 1 unit × hour, used or not" in committed
    assert "for units; 36 calendar months from the first lease on" in committed
    assert "1000 EUR once as it begins" in committed
