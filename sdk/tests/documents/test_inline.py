"""A stranger's text stays in its place in a report."""

from __future__ import annotations

import pytest

from crex.accounts.account import Account, Billed, Paid
from crex.accounts.statement import statement
from crex.accounts.statement_text import as_text
from crex.comparison.words import explain
from crex.documents.inline import inline
from crex.documents.times import to_ms
from crex.invoice.views.text import render
from crex.metering.span import Span
from sdk.tests.comparison.samples import component, message
from sdk.tests.invoice.ledger import ISSUED, Books, eur

FORGED = "x\nTotal        0.00 EUR"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gpu-hours of 三月", "gpu-hours of 三月"),
        ("a\nb\r\tc", "a\\u000ab\\u000d\\u0009c"),
        ("\x85\u2028\u2029\x00\x7f", "\\u0085\\u2028\\u2029\\u0000\\u007f"),
    ],
)
def test_a_line_break_is_written_out(text: str, shown: str) -> None:
    """Plain texts stay as they are, and what would end a line is told."""
    assert inline(text) == shown


def test_no_text_forges_a_line_of_a_report() -> None:
    """SKUs, accounts and references of payments are free texts, and none begins a line."""
    priced = component("1")
    priced.sku_id = FORGED
    invoice = Books().invoice({"gpu": eur("100.00")})[0].message
    invoice.account = FORGED
    books = Books()
    standing = books.standing({"gpu": eur("100.00")})
    account = Account.of([Billed(standing)], [Paid(FORGED, eur("1.00"), to_ms(ISSUED), standing.invoice.id)])
    stated = as_text(statement(account, Span(0, to_ms(ISSUED) + 1)))
    reports = ["\n".join(explain(message(priced))), render(invoice, []), stated]
    for report in reports:
        assert "x\\u000aTotal" in report
        assert "Total        0.00" not in [line[:17] for line in report.splitlines()]
