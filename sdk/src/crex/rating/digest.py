"""The rating table and its digest: equal bills have equal digests (rate/1, step 23; RATE-DIGEST-1).

The table is bytes that any language writes the same way::

    text   = length of its UTF-8 in bytes, as four bytes, big end first ‖ its UTF-8
    row    = the text of each of its 13 columns, in order
    table  = text "rate-1" ‖ number of rows, as eight bytes, big end first ‖ rows

Columns: kind, key, dimension, unit, quantity numerator, quantity denominator, unit price, per quantity, exact
numerator, exact denominator, currency, amount, unpriced. A column that a row has no value for is the empty
text.

Rows: first the lines (kind `line`), by ascending bytes of their keys' UTF-8; then the taxes (kind `tax`), by
those of theirs; then `net`, the sum of the rounded lines; then `total`, what is payable. The table holds
nothing of the invoice's header: two invoices of the same use at the same prices have one digest, whenever
they were issued.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from crex.decimals import Money, format_rational
from crex.rating.lines import Line, key_order
from crex.rating.taxes import Tax, tax_order

# The algorithm that an invoice names (RATE-VERSION-1).
ALGORITHM = "rate-1"

_LENGTH_BYTES = 4
_COUNT_BYTES = 8
_COLUMNS = 13


def rating_table(lines: Sequence[Line], net_total: Money, total: Money, taxes: Sequence[Tax] = ()) -> bytes:
    """Returns the bytes of the rating table.

    Args:
        lines: Lines in any order.
        net_total: Sum of the rounded lines, less the taxes that prices include.
        total: What is payable.
        taxes: Taxes in any order.
    """
    rows = [_line_row(line) for line in sorted(lines, key=key_order)]
    rows += [_tax_row(tax) for tax in sorted(taxes, key=tax_order)]
    rows.append(_sum_row("net", net_total))
    rows.append(_sum_row("total", total))
    head = _text(ALGORITHM) + len(rows).to_bytes(_COUNT_BYTES, "big")
    return head + b"".join(rows)


def rating_digest(lines: Sequence[Line], net_total: Money, total: Money, taxes: Sequence[Tax] = ()) -> str:
    """Returns the SHA-256 of the rating table, lowercase hexadecimal."""
    return sha256(rating_table(lines, net_total, total, taxes)).hexdigest()


def _line_row(line: Line) -> bytes:
    return _row(
        "line",
        line.key,
        line.dimension,
        line.unit,
        *format_rational(line.quantity),
        line.unit_price or "",
        line.per_quantity or "",
        *format_rational(line.exact_amount),
        line.amount.currency,
        line.amount.amount,
        "1" if line.unpriced else "",
    )


def _tax_row(tax: Tax) -> bytes:
    return _row(
        "tax",
        tax.key,
        "",
        "",
        *format_rational(tax.base.value),
        tax.rate,
        "1",
        *format_rational(tax.exact_amount),
        tax.amount.currency,
        tax.amount.amount,
        "",
    )


def _sum_row(kind: str, amount: Money) -> bytes:
    return _row(kind, *[""] * (_COLUMNS - 4), amount.currency, amount.amount, "")


def _row(*columns: str) -> bytes:
    return b"".join(map(_text, columns))


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(_LENGTH_BYTES, "big") + encoded
