"""Comparing the lines of an invoice with recomputed ones: equal bytes, or which line differs in what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from google.protobuf.message import Message

from crex.documents import convert, reader
from crex.errors import CrexError
from crex.invoice.arithmetic import equation
from crex.invoice.report import Difference
from crex.rating.lines import Line
from crex.v1 import InvoiceLine, Pin

# Members compared one by one where the bytes of a line differ, and the requirement that each falls under.
_MEMBERS = (
    ("quantity", "RATE-SUM-1"),
    ("unitPrice", "RATE-TIER-1"),
    ("perQuantity", "RATE-AMOUNT-1"),
    ("exactAmount", "RATE-AMOUNT-1"),
    ("amount", "RATE-ROUND-1"),
    ("unpriced", "RATE-UNPRICED-1"),
    ("flatPrice", "RATE-FLAT-1"),
    ("factors", "RATE-FACTOR-1"),
    ("series", "RATE-SERIES-1"),
    ("taxCategory", "RATE-TAX-1"),
)


@dataclass(frozen=True, slots=True)
class _Words:
    """How a line too many and a line too few are explained, and by which requirements."""

    extra: str
    extra_requirement: str
    lacking: str
    lacking_requirement: str


_OF_INVOICES = _Words(
    "Nothing was used that it could bill.", "RATE-KEY-1", "The use is not billed.", "INVOICE-LINES-1"
)
_OF_NOTES = _Words(
    "What is owed under this key did not change.",
    "RATE-CORRECT-1",
    "What is owed under this key changed.",
    "RATE-CORRECT-1",
)


def compare_lines(
    theirs: Sequence[bytes], ours: Sequence[bytes], lines: Sequence[Line], *, note: bool = False
) -> list[Difference]:
    """Returns the differences between the lines of an invoice or a note and recomputed ones.

    Args:
        theirs: Exact bytes of its lines.
        ours: Exact bytes of the recomputed lines.
        lines: The recomputed lines.
        note: Whether they are of a note: differences rather than use.
    """
    if list(theirs) == list(ours):
        return []
    expected = {line.key: (line, body) for line, body in zip(lines, ours, strict=True)}
    found = list(_differences(theirs, expected, _OF_NOTES if note else _OF_INVOICES))
    if not found:
        why = "Lines are ordered by the bytes of their keys."
        found.append(Difference("lines", "another order", "ascending keys", why, "INVOICE-LINES-1"))
    return found


def compare_pins(
    place: str,
    stated: Sequence[Pin],
    expected: Sequence[Pin],
    requirement: str = "INVOICE-PIN-1",
    reason: str = "SUBJECT",
) -> list[Difference]:
    """Returns the difference between pinned documents and those that must be pinned, if there is one."""
    if list(stated) == list(expected):
        return []
    why = "A bill pins exactly the documents that it is computed from, in their order."
    return [Difference(place, _show_pins(stated), _show_pins(expected), why, requirement, reason)]


def compare_messages(
    place: str, stated: Sequence[Message], expected: Sequence[Message], why: str, requirement: str
) -> list[Difference]:
    """Returns a difference for each place of a list at which two messages, or one and none, differ."""
    return [
        Difference(f"{place}[{index}]", _show_message(theirs), _show_message(ours), why, requirement)
        for index, (theirs, ours) in enumerate(zip_longest(stated, expected))
        if theirs != ours
    ]


def _differences(
    theirs: Sequence[bytes], expected: Mapping[str, tuple[Line, bytes]], words: _Words
) -> Iterator[Difference]:
    seen: set[str] = set()
    for index, body in enumerate(theirs):
        try:
            stated = convert.to_message(reader.read(body, InvoiceLine), InvoiceLine)
        except CrexError as error:
            place = f"lines[{index}]"
            yield Difference(place, "bytes that are no line", "", str(error), "INVOICE-LINES-1", error.reason)
            continue
        place = f"line {stated.key}"
        if stated.key in seen:
            yield Difference(place, "the line twice", "it once", "A key names one line.", "RATE-KEY-1")
        elif stated.key not in expected:
            yield Difference(place, equation(stated), "", words.extra, words.extra_requirement)
        else:
            yield from _compare(place, stated, body, *expected[stated.key])
        seen.add(stated.key)
    for key, (line, _) in expected.items():
        if key not in seen:
            ours = equation(line.message())
            yield Difference(f"line {key}", "", ours, words.lacking, words.lacking_requirement)


def _compare(place: str, stated: InvoiceLine, body: bytes, line: Line, ours: bytes) -> Iterator[Difference]:
    if body == ours:
        return
    message = line.message()
    theirs_json, ours_json = convert.to_json(stated), convert.to_json(message)
    found = False
    for member, requirement in _MEMBERS:
        their, our = theirs_json.get(member), ours_json.get(member)
        if their != our:
            found = True
            yield Difference(
                f"{place}, {member}", _show(their), _show(our), f"{equation(message)}.", requirement
            )
    if not found:
        others = sorted(
            member
            for member in theirs_json.keys() | ours_json.keys()
            if theirs_json.get(member) != ours_json.get(member)
        )
        what = ", ".join(others) or "the spelling of its bytes"
        theirs = body.decode() if len(body) <= 2 * len(ours) else f"{len(body)} bytes"
        yield Difference(place, theirs, ours.decode(), f"They differ in {what}.", "INVOICE-LINES-1")


def _show_pins(pins: Sequence[Pin]) -> str:
    shown = ", ".join(f"{pin.id}@{pin.revision} ({pin.sha256[:12]}…)" for pin in pins[:3])
    return shown + (f" and {len(pins) - 3} more" if len(pins) > 3 else "")


def _show_message(message: Message | None) -> str:
    return "" if message is None else convert.dump(message).decode()


def _show(value: object) -> str:
    if isinstance(value, dict):
        if "num" in value:
            return f"{value['num']}/{value['den']}"
        return f"{value.get('amount')} {value.get('currency')}"
    if isinstance(value, list):
        return ", ".join(f"{each['id']} {_show(each['value'])}" for each in value)
    return "" if value is None else str(value)
