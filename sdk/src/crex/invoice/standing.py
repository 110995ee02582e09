"""An invoice as it stands: its lines, taxes and total together with the notes on it (disputes.md).

Notes state differences under the keys of the invoice's lines, so a sum by key is what is owed. A part of it,
such as what is not disputed, bears the taxes of a part: they are computed on sums, as those of a bill are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeAlias

from crex.decimals import Money, counted, parse_decimal
from crex.documents import convert, reader
from crex.errors import CrexError
from crex.invoice.money import money_of as money_of  # noqa: PLC0414 - the broker still reads it here
from crex.metering.span import timestamp_ms
from crex.trust import merkle
from crex.trust.verified import Verified
from crex.v1 import Correction, CreditNote, DebitNote, Invoice, InvoiceLine, InvoiceTax, Pin

Note: TypeAlias = CreditNote | DebitNote


@dataclass(frozen=True, slots=True)
class NotedLines:
    """A note with its lines.

    Attributes:
        note: The note.
        lines: Its lines: differences by key.
    """

    note: Verified[Note]
    lines: tuple[InvoiceLine, ...]

    @classmethod
    def of(cls, note: Verified[Note], bodies: Sequence[bytes]) -> NotedLines:
        """Reads the lines of a note from their exact bytes.

        Raises:
            CrexError: SUBJECT: they are not those that it was signed for (INVOICE-LINES-1).
            DocumentError: One is not in strict form or breaks the contract.
        """
        message = note.message.correction
        return cls(note, _lines(note.id, bodies, message.lines_root, message.line_count))

    @property
    def correction(self) -> Correction:
        """What it corrects, and by how much."""
        return self.note.message.correction


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
        notes: The notes, in the order in which they were issued.
        lines: What each key comes to.
        total: What is owed.
        tax_included: Whether the amounts of lines have the taxes in them.
        rates: Category and rate of each tax.
    """

    invoice: Verified[Invoice]
    lines: Mapping[str, StandingLine]
    total: Money
    tax_included: bool
    rates: tuple[tuple[str, Fraction], ...]
    notes: tuple[NotedLines, ...] = ()
    _taxes: tuple[InvoiceTax, ...] = field(default=(), repr=False)

    @classmethod
    def of(
        cls,
        invoice: Verified[Invoice],
        bodies: Sequence[bytes],
        notes: Iterable[NotedLines] = (),
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
            CrexError: SUBJECT: the lines are not those that the invoice was signed for (INVOICE-LINES-1), or
                a note is on another invoice or does not continue the notes before it (NOTE-PIN-1).
            DocumentError: A line is not in strict form or breaks the contract.
        """
        message = invoice.message
        lines = _lines(invoice.id, bodies, message.lines_root, message.line_count)
        taxes = tuple(message.taxes)
        sums = _add({}, lines, message.currency)
        included = _included(taxes, sums) if tax_included is None else tax_included
        start = cls(
            invoice=invoice,
            lines=sums,
            total=money_of(message.total),
            tax_included=included,
            rates=_rates(taxes),
            _taxes=taxes,
        )
        for note in notes:
            start = start.noted(note)
        return start

    def noted(self, note: NotedLines) -> Standing:
        """Returns how it stands after one more note.

        Raises:
            CrexError: SUBJECT: the note is on another invoice, or does not continue the notes before it
                (NOTE-PIN-1).
        """
        message = note.correction
        if message.invoice != self.invoice.pin:
            raise _subject(note, f"corrects {message.invoice.id}, not {self.invoice.id} as it is given")
        if list(message.earlier_notes) != [*self.pins]:
            raise _subject(
                note,
                f"pins {counted(len(message.earlier_notes), 'earlier note')} on {self.invoice.id}, and not "
                f"the {len(self.notes)} given before it",
            )
        taxes = (*self._taxes, *message.taxes)
        return replace(
            self,
            lines=_add(self.lines, note.lines, self.invoice.message.currency),
            total=self.total + money_of(message.total),
            rates=_rates(taxes),
            notes=(*self.notes, note),
            _taxes=taxes,
        )

    @property
    def pins(self) -> tuple[Pin, ...]:
        """Pins of the notes."""
        return tuple(each.note.pin for each in self.notes)

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
                whole = sum(
                    (line.amount.value for line in self.lines.values() if line.category == category),
                    Fraction(0),
                )
                before = Money.rounded(total.currency, whole * rate)
                after = Money.rounded(total.currency, (whole - less[category]) * rate)
                total -= before - after
        return total


def issued_ms(document: Verified[Invoice] | Verified[Note]) -> int:
    """Returns when an invoice or a note was issued, in milliseconds since 1970."""
    return timestamp_ms(document.message.header.issued_at)


def _lines(name: str, bodies: Sequence[bytes], root: str, count: int) -> tuple[InvoiceLine, ...]:
    if len(bodies) != count or merkle.root(bodies).hex() != root:
        raise CrexError(
            "SUBJECT",
            f"What came with {name} ({counted(len(bodies), 'line')}) is not what it was signed for. Fetch "
            "its lines again, byte for byte. (INVOICE-LINES-1)",
            details={"requirement": "INVOICE-LINES-1"},
        )
    return tuple(convert.to_message(reader.read(body, InvoiceLine), InvoiceLine) for body in bodies)


def _add(
    known: Mapping[str, StandingLine], lines: Iterable[InvoiceLine], currency: str
) -> dict[str, StandingLine]:
    sums = dict(known)
    for line in lines:
        amount = money_of(line.amount)
        before = sums.get(line.key, StandingLine(line.key, Money(currency, 0), line.tax_category))
        sums[line.key] = StandingLine(line.key, before.amount + amount, before.category or line.tax_category)
    return sums


def _rates(taxes: Iterable[InvoiceTax]) -> tuple[tuple[str, Fraction], ...]:
    """Returns category and rate of each tax once; two jurisdictions may have the same."""
    found: dict[tuple[str, ...], tuple[str, Fraction]] = {}
    for tax in taxes:
        key = (tax.category, tax.jurisdiction, tax.rate, tax.exemption_code)
        found[key] = (tax.category, parse_decimal(tax.rate))
    return tuple(found.values())


def _included(taxes: Iterable[InvoiceTax], lines: Mapping[str, StandingLine]) -> bool:
    """Reads from the figures whether prices include tax: then base and tax together are the lines' sum."""
    for tax in taxes:
        amount = money_of(tax.amount)
        whole = sum(line.amount.minor for line in lines.values() if line.category == tax.category)
        if amount.minor and money_of(tax.base).minor + amount.minor == whole:
            return True
    return False


def _subject(note: NotedLines, what: str) -> CrexError:
    return CrexError(
        "SUBJECT",
        f"{note.note.id} {what}. What is owed can only be told with all notes, first to last. (NOTE-PIN-1)",
        details={"requirement": "NOTE-PIN-1"},
    )
