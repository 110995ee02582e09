"""Notes, and the shape of a vector of `billing.correct`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from conformance.tests.independent import table
from conformance.tests.vectors import billing_lines
from conformance.tests.vectors.billing_cases import (
    Value,
    as_json,
)
from conformance.tests.vectors.billing_lines import Line, Tax
from conformance.tests.vectors.one_change import changed


@dataclass(frozen=True)
class Note:
    """One note.

    Attributes:
        lines: Differences of lines, in any order.
        total: Difference of totals; at or below zero it is a credit note.
        owed: The lines that are owed after it, by which the digest is computed, in any order.
        owed_total: What is then owed.
        taxes, owed_taxes: Differences of taxes, and the taxes that are owed.
        net, owed_net: Where these are other than the totals.
    """

    lines: Sequence[Line]
    total: str
    owed: Sequence[Line]
    owed_total: str
    taxes: Sequence[Tax] = ()
    owed_taxes: Sequence[Tax] = ()
    net: str = ""
    owed_net: str = ""

    def stated(self, given: Value) -> Value:
        """The note in a vector."""
        rows, owed = (
            sorted((line.row(given) for line in lines), key=lambda row: str(row["key"]).encode())
            for lines in (self.lines, self.owed)
        )
        return {
            "kind": "credit-note" if self.total.startswith("-") or float(self.total) == 0 else "debit-note",
            "lines": [billing_lines.stated(row) for row in rows],
            "taxes": [tax.stated() for tax in self.taxes],
            "net_total": self.net or self.total,
            "total": self.total,
            "rating_digest": table.digest(
                owed,
                [tax.stated() for tax in self.owed_taxes],
                billing_lines.billed(given),
                self.owed_net or self.owed_total,
                self.owed_total,
            ),
        }


@dataclass(frozen=True)
class CorrectionCase:
    """One vector of `billing.correct`; members as of Case."""

    id: str
    requirements: Sequence[str]
    why: str
    input: Value
    notes: Sequence[Note] = ()
    reason: str = ""
    base: str = ""
    change: str = ""

    def as_json(self) -> bytes:
        """The vector's file."""
        return as_json(self, "billing.correct", {"notes": [it.stated(self.input) for it in self.notes]})

    def but(
        self,
        id: str,  # noqa: A002 - the member's name
        requirement: str,
        where: str,
        value: Any,
        notes: Sequence[Note],
        why: str,
        reason: str = "",
    ) -> CorrectionCase:
        """Gives the vector that is one change away; refused where a reason is given."""
        given, change = changed(self.input, where, value)
        return CorrectionCase(id, requirement.split(), why, given, notes, reason, self.id, change)


def later(given: Value, *lists: list[Value], **members: Any) -> Value:
    """The input: what was billed, and what came after it, list by list."""
    return {**given, "later": list(lists), **members}


def again(record: Value, revision: str, **members: str) -> Value:
    """A higher revision of a record."""
    return {**record, "revision": revision, **members}


def less(line: Line) -> Line:
    """A line that is taken back."""
    return replace(line, quantity=f"-{line.quantity}", exact=f"-{line.exact}", amount=f"-{line.amount}")
