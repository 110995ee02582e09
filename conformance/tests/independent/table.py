"""The rating table and its digest, written from RATE-DIGEST-1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from hashlib import sha256
from typing import Any

Value = Mapping[str, Any]


def digest(lines: Iterable[Value], taxes: Iterable[Value], currency: str, net_total: str, total: str) -> str:
    """The digest of the table.

    Args:
        lines: In the order of their keys, each with `key` and, where it states them, prices.
        taxes: In the order of theirs, as vectors state them.
        currency: The billed currency.
        net_total: As text.
        total: As text.
    """
    rows = [
        [
            *("line", line["key"], line["dimension"], line["unit"]),
            *(line["quantity"]["num"], line["quantity"]["den"]),
            *(line.get("unit_price", ""), line.get("per_quantity", "")),
            *(line["exact_amount"]["num"], line["exact_amount"]["den"]),
            *(currency, line["amount"], "1" if line.get("unpriced") else ""),
        ]
        for line in lines
    ]
    rows += [_tax(tax, currency) for tax in taxes]
    rows += [["net", *[""] * 9, currency, net_total, ""], ["total", *[""] * 9, currency, total, ""]]
    parts = [_text("rate-1"), len(rows).to_bytes(8, "big")]
    parts += [_text(column) for row in rows for column in row]
    return sha256(b"".join(parts)).hexdigest()


def _tax(tax: Value, currency: str) -> list[str]:
    base = Fraction(tax["base"])
    key = "|".join([tax["category"], tax["jurisdiction"], tax["rate"], tax.get("exemption_code", "")])
    exact = tax["exact_amount"]
    return [
        *("tax", key, "", "", str(base.numerator), str(base.denominator), tax["rate"], "1"),
        *(exact["num"], exact["den"], currency, tax["amount"], ""),
    ]


def _text(text: str) -> bytes:
    content = text.encode()
    return len(content).to_bytes(4, "big") + content
