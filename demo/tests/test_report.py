"""The report: everything is escaped, nothing is loaded, and a failure is told."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from demo.report import render
from demo.result import DocumentRow, LineRow, OfferRow, Result, StepRow

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&\x00\u202e\ud800</pre></style>"
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Reader(HTMLParser):
    """Reads a page: its elements, its links, its text, and whether each element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.places: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element."""
        self.names.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name in ("href", "src"):
                self.links.append(value or "")
            if name == "id":
                self.places.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        """Notes the end of an element."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Notes text."""
        self.text += data


def read(page: str) -> Reader:
    """Reads a page whole."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader


def result(text: str = "plain", **changed: Any) -> Result:
    """A result whose every text is the same."""
    values: dict[str, Any] = {
        "began": text,
        "seconds": 9.5,
        "demand": text,
        "currency": text,
        "machine": text,
        "steps": (
            StepRow(
                number=1,
                chapter=text,
                title=text,
                outcome=text,
                details=(text, text),
                seconds=0.1,
                failed=True,
            ),
        ),
        "offers": (
            OfferRow(
                id=text,
                digest="0" * 64,
                seller=text,
                shape=text,
                source=text,
                price="0.01",
                matched=False,
                why_not=text,
            ),
        ),
        "program": {"gflops": text},
        "total": text,
        "rating_digest": text,
        "lines": (
            LineRow(component=text, amount=text, measured=text, equation=text, rounding=text, document=text),
        ),
        "refusals": ((text, text, text, text),),
        "documents": (
            DocumentRow(
                path=text,
                kind=text,
                id=text,
                issuer=text,
                sha256="0" * 64,
                body={text: [text]},
                checks=(text,),
                leaves=(text,),
            ),
        ),
        "folder": text,
    }
    return Result(**{**values, **changed})


def test_every_text_is_escaped() -> None:
    """A document comes from anyone; whatever it says, the page has the same elements as with plain text."""
    plain, hostile = read(render(result())), read(render(result(EVIL)))
    assert hostile.names == plain.names
    assert hostile.attributes == plain.attributes
    assert "script" not in hostile.names
    assert "<script>alert(1)</script>" in hostile.text


def test_what_nobody_sees_is_shown() -> None:
    """Characters that turn the order of what is read, or end it, are shown by their numbers."""
    page = render(result(EVIL))
    assert not {"\x00", "\u202e", "\ud800"} & set(page)
    assert "\\u{202e}" in page


def test_only_https_sources_are_links() -> None:
    """A source that is code stays text."""
    row = result().offers[0]
    evil = OfferRow(
        **{**{name: getattr(row, name) for name in row.__slots__}, "source": "javascript:alert(1)"}
    )
    reader = read(render(result(offers=(evil,))))
    assert all(link.startswith("#") for link in reader.links)


def test_nothing_is_loaded() -> None:
    """The page needs no other file and no network, and says so to the browser."""
    page = render(result())
    reader = read(page)
    assert not reader.names & {"script", "link", "img", "iframe", "object"}
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_links_inside_lead_somewhere() -> None:
    """Every link within the page has its place, and no place is there twice."""
    reader = read(render(result()))
    inside = {link.removeprefix("#") for link in reader.links if link.startswith("#")}
    assert inside
    assert inside <= set(reader.places)
    assert len(set(reader.places)) == len(reader.places)


def test_a_failure_is_told() -> None:
    """A demo that failed says so first, and why."""
    page = read(render(result(error="the broker ended <by itself>"))).text
    assert "Not everything verified" in page
    assert "the broker ended <by itself>" in page
    assert "Everything verified" not in page


def test_a_demo_that_failed_at_once_has_a_report_too() -> None:
    """Sections of what never happened are left out."""
    reader = read(render(Result(began="now", seconds=0.1, error="no broker")))
    assert "no broker" in reader.text
    assert "The bill" not in reader.text
    assert "The market" not in reader.text


def test_every_step_of_verification_and_every_leaf_is_in_the_page() -> None:
    """A document unfolds to its checks, its content, and what it signs for by a root."""
    text = read(
        render(result("plain", refusals=(("an attempt", "the broker", "REPLAY", "a sentence"),)))
    ).text
    for part in ("under its Merkle root", "an attempt", "REPLAY", "by the broker", "a sentence"):
        assert part in text
