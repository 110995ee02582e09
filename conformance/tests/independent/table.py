"""The rating table and its digest, written from RATE-DIGEST-1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any


def digest(lines: Iterable[Mapping[str, Any]], plan: Mapping[str, Any], net_total: str) -> str:
    """The digest of the table of some lines in the order of their keys, then `net` and `total`."""
    currency = plan["currency"]
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
    rows += [[kind, *[""] * 9, currency, net_total, ""] for kind in ("net", "total")]
    parts = [_text("rate-1"), len(rows).to_bytes(8, "big")]
    parts += [_text(column) for row in rows for column in row]
    return sha256(b"".join(parts)).hexdigest()


def _text(text: str) -> bytes:
    content = text.encode()
    return len(content).to_bytes(4, "big") + content
