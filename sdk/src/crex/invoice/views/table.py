"""An invoice as rows for spreadsheets: a row for each line and each tax, then the totals (invoice.md).

The notes on it follow in the same way, each under its name, so that the rows of one kind sum to what is owed.

A spreadsheet takes a cell that begins with certain characters for a formula, and most texts of an invoice
come from the seller. Such texts get an apostrophe before them; numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from crex.decimals import show
from crex.invoice.arithmetic import exact
from crex.v1 import Correction, CreditNote, DebitNote, Invoice, InvoiceLine, InvoiceTax, Rational
from crex.v1 import Money as MoneyMessage

COLUMNS: Final = (
    "kind", "invoice", "note", "order", "lease", "account", "key", "component", "tier", "commitment",
    "adjustment", "dimension", "unit", "quantity", "list_unit_price", "per_quantity", "flat_price", "series",
    "factors", "exact_amount", "amount", "currency", "tax_category", "jurisdiction", "rate",
)  # fmt: skip
# What spreadsheets take for the beginning of a formula, full-width forms with them (OWASP, CSV injection).
_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%")
_BLANK: Final = " \t\r\n\x0b\x0c\xa0\u3000\ufeff"


def to_csv(
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    notes: Iterable[tuple[CreditNote | DebitNote, Sequence[InvoiceLine]]] = (),
) -> str:
    """Returns an invoice as CSV: RFC 4180 with bare line feeds, one header row.

    Args:
        invoice: The invoice.
        lines: Its lines.
        notes: The notes on it with their lines, first to last.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    name = harmless_cell(invoice.header.id)
    for row in _rows(invoice, lines):
        writer.writerow({**row, "invoice": name})
    for note, changed in notes:
        of = {"invoice": name, "note": harmless_cell(note.header.id)}
        for row in _rows(note.correction, changed):
            writer.writerow({**row, **of})
    return buffer.getvalue()


def harmless_cell(text: str) -> str:
    """Returns a text that no spreadsheet takes for a formula."""
    bare = text.lstrip(_BLANK)
    if bare.startswith(_FORMULA) or text[:1] in ("\t", "\r", "\n"):
        return f"'{text}"
    return text


def _rows(stated: Invoice | Correction, lines: Iterable[InvoiceLine]) -> Iterable[dict[str, str]]:
    for line in lines:
        texts = {
            "order": line.order,
            "lease": line.lease,
            "account": line.account,
            "key": line.key,
            "component": line.component,
            "commitment": line.commitment,
            "adjustment": line.adjustment,
            "dimension": line.dimension,
            "unit": line.unit,
            "series": line.series,
            "factors": " ".join(f"{one.id}={one.value.num}/{one.value.den}" for one in line.factors),
            "tax_category": line.tax_category,
        }
        yield {
            "kind": "line",
            **_texts(texts),
            "tier": str(line.tier or ""),
            "quantity": _number(line.quantity),
            "list_unit_price": line.unit_price,
            "per_quantity": line.per_quantity,
            "flat_price": line.flat_price,
            "exact_amount": _number(line.exact_amount),
            **_amount(line.amount),
        }
    yield from map(_tax, stated.taxes)
    yield {"kind": "net total", **_amount(stated.net_total)}
    yield {"kind": "total", **_amount(stated.total)}


def _tax(tax: InvoiceTax) -> dict[str, str]:
    texts = {"tax_category": tax.category, "jurisdiction": tax.jurisdiction}
    return {
        "kind": "tax",
        **_texts(texts),
        "rate": tax.rate,
        "quantity": tax.base.amount,
        "unit": tax.base.currency,
        "exact_amount": _number(tax.exact_amount),
        **_amount(tax.amount),
    }


def _texts(texts: dict[str, str]) -> dict[str, str]:
    return {name: harmless_cell(text) for name, text in texts.items()}


def _number(value: Rational) -> str:
    """A decimal where it ends; else the fraction, as a text, of which no spreadsheet makes a formula."""
    text = show(exact(value))
    return text if "/" not in text else harmless_cell(f"{value.num}/{value.den}")


def _amount(amount: MoneyMessage) -> dict[str, str]:
    return {"amount": amount.amount, "currency": amount.currency}
