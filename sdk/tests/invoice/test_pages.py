"""An invoice as a page, as a table, and beside another: exact, and harmless whatever the seller wrote."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.decimals import Money
from crex.invoice.report import Check, Difference, InvoiceReport
from crex.invoice.views import page as html_report
from crex.invoice.views.difference import Side, as_text, changes
from crex.invoice.views.page import to_html
from crex.invoice.views.table import COLUMNS, harmless_cell, to_csv
from crex.v1 import Correction, CreditNote, Invoice, InvoiceLine, LineFactor, PricePlan, Rational
from sdk.tests.invoice.ledger import Books, eur, line
from sdk.tests.rating.samples import component, plan_message

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>&'
VOID = {"meta", "br"}


@pytest.fixture(scope="module")
def invoice() -> Invoice:
    """An invoice of 100.00 and 10.05, with 22.01 of tax."""
    return Books().invoice({"gpu": eur("100.00"), "disk": eur("10.05")})[0].message


def lines() -> list[InvoiceLine]:
    """Its lines."""
    return [line("disk", eur("10.05")), line("gpu", eur("100.00"))]


class Page(HTMLParser):
    """What a page holds, and that every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Checks that it closes what was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keeps a text."""
        self.words.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of the elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]


def contrast(first: str, second: str) -> float:
    """The contrast of two colours (WCAG 2.2)."""

    def light(colour: str) -> float:
        parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(first), light(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_a_page_stands_by_itself(invoice: Invoice) -> None:
    """No script, nothing fetched, a language, headers of tables, a line that unfolds for each line."""
    page = Page(to_html(invoice, lines()))
    assert page.named("html") == [{"lang": "en"}]
    assert not page.named("script")
    assert not page.named("link")
    assert not page.named("img")
    assert not [attributes for _, attributes in page.elements if {"src", "href", "onclick"} & set(attributes)]
    policy = next(one for one in page.named("meta") if "http-equiv" in one)["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert len(page.named("details")) == len(page.named("summary")) == 2
    assert all(one.get("scope") in ("col", "row") for one in page.named("th"))
    assert len(page.named("caption")) == len(page.named("table")) == 2
    text = " ".join(page.words)
    assert "100.00 EUR" in text
    assert "Tax vat, de, 20 %" in text
    assert "without recomputing" in text


def test_colours_can_be_read() -> None:
    """Each ink has a contrast of seven or more on paper and on the shade of the totals."""
    inks = (html_report.INK, html_report.FAINT, html_report.LINK, html_report.GOOD, html_report.BAD)
    grounds = (html_report.PAPER, html_report.SHADE)
    assert min(contrast(ink, ground) for ink in inks for ground in grounds) >= 7


def test_a_page_shows_how_it_was_recomputed(invoice: Invoice) -> None:
    """What holds and what does not, and every difference."""
    report = InvoiceReport(
        name="i",
        checks=(Check("lines", "2 lines", passed=True), Check("totals", "1 differences", passed=False)),
        differences=(Difference("total", "1 EUR", "2 EUR", "Because.", "RATE-TOTAL-1"),),
        rating=None,
    )
    text = " ".join(Page(to_html(invoice, lines(), report=report)).words)
    assert "Do not pay or accept it" in text
    assert "does not hold" in text
    assert "total: stated 1 EUR, recomputed 2 EUR. Because." in text


def test_held_time_has_its_unit(invoice: Invoice) -> None:
    """With the price plan a quantity of held units is one of unit-seconds."""
    plan: PricePlan = plan_message(component([(None, "1")], id="gpu"))
    page = Page(to_html(invoice, lines(), plans={"2" * 64: plan}))
    assert "1 unit·s" in " ".join(page.words)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_text_leaves_its_place(text: str) -> None:
    """Whatever a seller writes is text: no element more, no attribute more."""
    hostile = [line("gpu", eur("1.00"))]
    for member in ("component", "dimension", "unit", "lease", "account", "adjustment", "key", "series"):
        setattr(hostile[0], member, text + HOSTILE)
    stated = Invoice(seller=text + HOSTILE, buyer=text + HOSTILE, account=HOSTILE, lease=text + HOSTILE)
    stated.header.id = text + HOSTILE
    for name in ("net_total", "total"):
        getattr(stated, name).CopyFrom(hostile[0].amount)
    page = Page(to_html(stated, hostile))
    assert not {"script", "img"} & {name for name, _ in page.elements}
    assert not [each for _, each in page.elements if "onerror" in each]


def test_a_table_sums_to_the_total(invoice: Invoice) -> None:
    """A row for each line and tax, then the totals; exact amounts and their rounding side by side."""
    rows = list(csv.DictReader(io.StringIO(to_csv(invoice, lines()))))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["kind"] for row in rows] == ["line", "line", "tax", "net total", "total"]
    cents = [int(row["amount"].replace(".", "")) for row in rows]
    assert sum(cents[:3]) == cents[4]
    assert (rows[2]["rate"], rows[2]["quantity"], rows[2]["exact_amount"]) == ("0.2", "110.05", "22.01")


def test_a_table_goes_on_with_the_notes(invoice: Invoice) -> None:
    """Rows of a note follow under its name, so that the totals sum to what is owed."""
    taken = line("gpu", eur("-1.00"))
    note = CreditNote(correction=Correction(net_total=taken.amount, total=taken.amount))
    note.header.id = "crex://p.example.cn/credit-note/n1"
    rows = list(csv.DictReader(io.StringIO(to_csv(invoice, lines(), [(note, [taken])]))))
    assert [(row["kind"], row["note"]) for row in rows[-3:]] == [
        (kind, note.header.id) for kind in ("line", "net total", "total")
    ]
    assert {row["invoice"] for row in rows} == {invoice.header.id}
    assert {row["note"] for row in rows[:-3]} == {""}


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        " =1",
        "\r\n=1",
        "＝1",
        "\u3000=1",
        "\xa0@x",
        "|cmd",
        "%00",
        "\tx",
        "-2+3+cmd|' /C calc'!A0",
    ],
)
def test_a_text_is_no_formula(text: str) -> None:
    """What a spreadsheet takes for a formula gets an apostrophe before it."""
    assert harmless_cell(text) == f"'{text}"


def test_plain_texts_and_numbers_stay(invoice: Invoice) -> None:
    """Names, tokens and amounts below zero are written as they are; a fraction below zero is a text."""
    for text in ("crex://a/b/c", "gpu", "", "a=b", "1"):
        assert harmless_cell(text) == text
    credit = line("gpu", eur("-1.00"))
    credit.quantity.CopyFrom(Rational(num="-1", den="3"))
    credit.factors.append(LineFactor(id="credit:x", value=Rational(num="9", den="10")))
    credit.component = "=HYPERLINK(1)"
    row = next(csv.DictReader(io.StringIO(to_csv(invoice, [credit]))))
    assert row["amount"] == "-1.00"
    assert row["exact_amount"] in ("-1", "-1.00")
    assert row["quantity"] == "'-1/3"
    assert row["factors"] == "credit:x=9/10"
    assert row["component"] == "'=HYPERLINK(1)"


def test_bills_are_compared_line_by_line(invoice: Invoice) -> None:
    """Every line, tax and total that differs, with both sides' arithmetic and how far they are apart."""
    first = Side.of(invoice, lines())
    books = Books()
    other = books.invoice({"gpu": eur("90.00"), "net": Money("EUR", 1)})[0].message
    second = Side.of(other, [line("gpu", eur("90.00")), line("net", Money("EUR", 1))])
    found = changes(first, second)
    assert [(each.place, each.apart) for each in found] == [
        ("line", "-10.05 EUR"),
        ("line", "-10.00 EUR"),
        ("line", "0.01 EUR"),
        ("tax", "-4.01 EUR"),
        ("net total", "-20.04 EUR"),
        ("total", "-24.05 EUR"),
    ]
    assert found[1].members == ("unitPrice", "exactAmount", "amount")
    text = as_text(first, second, found)
    assert "1 unit × 100 EUR ÷ 1 unit = 100 → 100.00 EUR" in text
    assert "B - A = -24.05 EUR" in text
    assert "6 differences." in text
    assert changes(first, first) == []
    assert "the same, line by line" in as_text(first, first, [])
    assert found[0].as_json()["second"] is None
