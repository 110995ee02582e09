"""An invoice as it stands: everything issued on it, read from its documents, and what that sums to.

Notes state differences under the keys of the invoice's lines, so a sum by key is what is owed. A part of it,
such as what is not disputed, bears the taxes of a part: they are computed on sums, as those of a bill are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

from crex.decimals import Money, counted, parse_decimal
from crex.documents import convert, reader
from crex.errors import CrexError
from crex.invoice.money import money_of
from crex.rating.corrections import Issued
from crex.rating.lines import Line
from crex.rating.taxes import Tax
from crex.trust import merkle
from crex.trust.verified import Verified
from crex.v1 import Correction, CreditNote, DebitNote, Invoice, InvoiceLine, Pin

Note: TypeAlias = CreditNote | DebitNote

CANCELLATION = "cancellation"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A signed note with the exact bytes of its lines.

    Attributes:
        note: The note.
        lines: Its lines, in line-key order.
    """

    note: Verified[Note]
    lines: Sequence[bytes]

    @property
    def correction(self) -> Correction:
        """What it corrects, and by how much."""
        return self.note.message.correction

    def read(self) -> Issued:
        """Reads what it states.

        Raises:
            CrexError: SUBJECT: the lines are not those that it was signed for (INVOICE-LINES-1).
            DocumentError: A line is not in strict form or breaks the contract.
        """
        return _issued(self.note.id, self.lines, self.correction)


@dataclass(frozen=True, slots=True)
class StandingLine:
    """What one line key comes to.

    Attributes:
        key: The key.
        amount: Sum of the amounts.
        category: Tax category; empty: no tax.
    """

    key: str
    amount: Money
    category: str


@dataclass(frozen=True, slots=True)
class Standing:
    """An invoice with the notes on it, up to some moment.

    Attributes:
        invoice: The invoice.
        issued: What the invoice and then each note state.
        lines: What each key comes to.
        total: What is owed.
        tax_included: Whether the amounts of lines have the taxes in them.
        notes: The notes, in the order in which they were issued.
    """

    invoice: Verified[Invoice]
    issued: tuple[Issued, ...]
    lines: Mapping[str, StandingLine]
    total: Money
    tax_included: bool
    notes: tuple[SignedNote, ...] = ()

    @classmethod
    def of(
        cls,
        invoice: Verified[Invoice],
        bodies: Sequence[bytes],
        notes: Iterable[SignedNote] = (),
        *,
        tax_included: bool | None = None,
    ) -> Standing:
        """Reads an invoice and its notes.

        Args:
            invoice: The invoice.
            bodies: Exact bytes of its lines.
            notes: Notes on it, first to last.
            tax_included: `taxIncluded` of the price plan; unset: what the figures of the invoice say.

        Raises:
            CrexError: SUBJECT: lines are not those that were signed for (INVOICE-LINES-1), or a note is on
                another invoice or does not continue the notes before it (NOTE-PIN-1). CONFLICT: a note
                follows a cancellation (NOTE-LAST-1).
            DocumentError: A line is not in strict form or breaks the contract.
        """
        first = _issued(invoice.id, bodies, invoice.message)
        lines = _add({}, first.lines)
        included = _included(first.taxes, lines) if tax_included is None else tax_included
        standing = cls(invoice, (first,), lines, first.total, included)
        for note in notes:
            standing = standing.noted(note)
        return standing

    def noted(self, note: SignedNote) -> Standing:
        """Returns how it stands after one more note.

        Raises:
            CrexError: As `of`.
        """
        self.follow(note.correction, note.note.id)
        more = note.read()
        return replace(
            self,
            issued=(*self.issued, more),
            lines=_add(self.lines, more.lines),
            total=self.total + more.total,
            notes=(*self.notes, note),
        )

    def follow(self, note: Correction, name: str) -> None:
        """Checks that a note may follow those so far.

        Raises:
            CrexError: SUBJECT (NOTE-PIN-1) or CONFLICT (NOTE-LAST-1).
        """
        if self.cancelled:
            raise refused(
                "CONFLICT",
                "NOTE-LAST-1",
                f"{name} follows the cancellation of {self.invoice.id}, by which all was taken back for good",
            )
        if note.invoice != self.invoice.pin:
            raise refused(
                "SUBJECT",
                "NOTE-PIN-1",
                f"{name} corrects {note.invoice.id} with SHA-256 {note.invoice.sha256}, not "
                f"{self.invoice.id} as it is given",
            )
        if tuple(note.earlier_notes) != self.pins:
            raise refused(
                "SUBJECT",
                "NOTE-PIN-1",
                f"{name} pins {counted(len(note.earlier_notes), 'earlier note')}, and these are not the "
                f"{len(self.notes)} that were issued on {self.invoice.id} before. What is owed can only be "
                "told with all of them, first to last",
            )

    @property
    def cancelled(self) -> bool:
        """Whether all was taken back, after which no note follows (NOTE-LAST-1)."""
        return bool(self.notes) and self.notes[-1].correction.reason == CANCELLATION

    @property
    def pins(self) -> tuple[Pin, ...]:
        """Pins of the notes."""
        return tuple(each.note.pin for each in self.notes)

    @property
    def rates(self) -> list[tuple[str, Fraction]]:
        """Category and rate of each tax once; two jurisdictions may have the same."""
        found = {tax.key: tax for one in self.issued for tax in one.taxes}
        return [(tax.category, parse_decimal(tax.rate)) for tax in found.values()]

    def part(self, lowered: Mapping[str, Money]) -> Money:
        """Returns the total of a part: of all but what some lines are lowered by (DISPUTE-TAX-1).

        Args:
            lowered: By how much, by line key.
        """
        total = self.total
        less: dict[str, Fraction] = {}
        for key, amount in lowered.items():
            total -= amount
            category = self.lines[key].category
            less[category] = less.get(category, Fraction(0)) + amount.value
        if self.tax_included:
            return total
        for category, rate in self.rates:
            if category in less:
                whole = _of_category(self.lines, category)
                before = Money.rounded(total.currency, whole * rate)
                after = Money.rounded(total.currency, (whole - less[category]) * rate)
                total -= before - after
        return total


def _issued(name: str, bodies: Sequence[bytes], stated: Invoice | Correction) -> Issued:
    if len(bodies) != stated.line_count or merkle.root(bodies).hex() != stated.lines_root:
        raise refused(
            "SUBJECT",
            "INVOICE-LINES-1",
            f"The {counted(len(bodies), 'line')} that came with {name} are not those that it was signed for. "
            "Fetch its lines again, byte for byte",
        )
    return Issued(
        lines=tuple(
            Line.of(convert.to_message(reader.read(body, InvoiceLine), InvoiceLine)) for body in bodies
        ),
        taxes=tuple(map(Tax.of, stated.taxes)),
        net_total=money_of(stated.net_total),
        total=money_of(stated.total),
    )


def _add(known: Mapping[str, StandingLine], lines: Iterable[Line]) -> dict[str, StandingLine]:
    sums = dict(known)
    for line in lines:
        category, before = line.tax_category or "", sums.get(line.key)
        amount = line.amount if before is None else before.amount + line.amount
        sums[line.key] = StandingLine(line.key, amount, (before and before.category) or category)
    return sums


def _of_category(lines: Mapping[str, StandingLine], category: str) -> Fraction:
    return sum((line.amount.value for line in lines.values() if line.category == category), Fraction(0))


def _included(taxes: Iterable[Tax], lines: Mapping[str, StandingLine]) -> bool:
    """Reads from the figures whether prices include tax: the exact tax tells, even where it rounds to 0."""
    for tax in taxes:
        rate = parse_decimal(tax.rate)
        whole = _of_category(lines, tax.category)
        if rate and whole:
            return tax.exact_amount * (1 + rate) == whole * rate  # RATE-TAX-2; on top it is whole × rate
    return False


def refused(reason: str, requirement: str, message: str) -> CrexError:
    """Returns the error of a broken rule of invoices and notes; the message ends before its full stop."""
    return CrexError(reason, f"{message} ({requirement}).", details={"requirement": requirement})
