"""Two bills held against each other, line by line, with the arithmetic of both.

Either may be an invoice, or what it was recomputed to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from crex.decimals import counted
from crex.documents import convert
from crex.invoice.arithmetic import equation, tax_equation
from crex.invoice.money import money_message, money_of, show_money
from crex.rating.engine import Rating
from crex.v1 import Invoice, InvoiceLine, InvoiceTax
from crex.v1 import Money as MoneyMessage


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: an invoice, or what it was recomputed to.

    Attributes:
        name: What it is, for people.
        lines: Its lines.
        taxes: Its taxes.
        net_total: Its net total.
        total: Its total.
    """

    name: str
    lines: Sequence[InvoiceLine]
    taxes: Sequence[InvoiceTax]
    net_total: MoneyMessage
    total: MoneyMessage

    @classmethod
    def of(cls, invoice: Invoice, lines: Sequence[InvoiceLine], name: str = "") -> Side:
        """Returns an invoice as it is stated."""
        title = name or f"{invoice.header.id}, revision {invoice.header.revision}"
        return cls(title, lines, invoice.taxes, invoice.net_total, invoice.total)

    @classmethod
    def recomputed(cls, rating: Rating) -> Side:
        """Returns what usage and prices come to."""
        return cls(
            "what its pinned inputs come to",
            [line.message() for line in rating.lines],
            [tax.message() for tax in rating.taxes],
            money_message(rating.net_total),
            money_message(rating.total),
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs.

    Attributes:
        place: `line`, `tax`, `net total` or `total`.
        key: Key of the line or the tax; empty for totals.
        first: What the first bill states, for people; empty: it has nothing there.
        second: What the second bill states; empty: it has nothing there.
        members: Members that differ, where both have it.
        apart: Amount of the second less that of the first, for people; empty where currencies differ.
    """

    place: str
    key: str
    first: str
    second: str
    members: tuple[str, ...]
    apart: str

    def as_json(self) -> dict[str, Any]:
        """Returns it for programs."""
        value: dict[str, Any] = {"place": self.place}
        if self.key:
            value["key"] = self.key
        return value | {
            "first": self.first or None,
            "second": self.second or None,
            "members": list(self.members),
            "apart": self.apart or None,
        }


def changes(first: Side, second: Side) -> list[Change]:
    """Returns everything in which two bills differ: lines by key, taxes, totals."""
    found = [
        *_compare("line", _by_key(first.lines), _by_key(second.lines)),
        *_compare("tax", _taxes(first.taxes), _taxes(second.taxes)),
    ]
    for place, ours, theirs in (
        ("net total", first.net_total, second.net_total),
        ("total", first.total, second.total),
    ):
        if ours != theirs:
            found.append(
                Change(place, "", show_money(ours), show_money(theirs), ("amount",), _apart(ours, theirs))
            )
    return found


def as_text(first: Side, second: Side, found: Iterable[Change]) -> str:
    """Returns differences for people, each with the arithmetic of both sides."""
    lines = [f"A  {first.name}", f"B  {second.name}"]
    every = list(found)
    for change in every:
        lines += ["", f"{change.place} {change.key}".rstrip()]
        lines += [f"  A  {change.first or 'nothing'}", f"  B  {change.second or 'nothing'}"]
        if change.members:
            lines.append(f"  differs in {', '.join(change.members)}")
        if change.apart:
            lines.append(f"  B - A = {change.apart}")
    lines += ["", f"{counted(len(every), 'difference')}." if every else "They are the same, line by line."]
    return "\n".join(lines)


def _compare(
    place: str, first: dict[str, InvoiceLine] | dict[str, InvoiceTax], second: dict[str, Any]
) -> Iterator[Change]:
    for key in sorted({*first, *second}, key=str.encode):
        ours, theirs = first.get(key), second.get(key)
        if ours is not None and theirs is not None:
            if ours == theirs:
                continue
            mine, other = convert.to_json(ours), convert.to_json(theirs)
            members = tuple(
                name for name in dict.fromkeys([*mine, *other]) if mine.get(name) != other.get(name)
            )
            yield Change(
                place, key, _shown(ours), _shown(theirs), members, _apart(ours.amount, theirs.amount)
            )
        elif ours is not None:
            nothing = MoneyMessage(currency=ours.amount.currency)
            yield Change(place, key, _shown(ours), "", (), _apart(ours.amount, nothing))
        elif theirs is not None:
            nothing = MoneyMessage(currency=theirs.amount.currency)
            yield Change(place, key, "", _shown(theirs), (), _apart(nothing, theirs.amount))


def _by_key(lines: Iterable[InvoiceLine]) -> dict[str, InvoiceLine]:
    return {line.key: line for line in lines}


def _taxes(taxes: Iterable[InvoiceTax]) -> dict[str, InvoiceTax]:
    return {f"{t.category}|{t.jurisdiction}|{t.rate}|{t.exemption_code}": t for t in taxes}


def _shown(part: InvoiceLine | InvoiceTax) -> str:
    if isinstance(part, InvoiceLine):
        return equation(part)
    return tax_equation(part)


def _apart(first: MoneyMessage, second: MoneyMessage) -> str:
    if first.currency != second.currency:
        return ""
    if not first.amount:
        return str(money_of(second))
    if not second.amount:
        return str(-money_of(first))
    return str(money_of(second) - money_of(first))
