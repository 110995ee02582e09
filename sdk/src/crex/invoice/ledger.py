"""An invoice with the notes on it, exactly: what was rated, what was settled, and what is owed (invoice.md).

An invoice is never changed, nor is a note. What is owed is what the period was last rated to, less what
settlements took back; everything issued sums to it, to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import TypeAlias

from crex.decimals import Money, counted
from crex.documents import convert, reader
from crex.errors import CrexError
from crex.invoice.money import money_of
from crex.rating.corrections import Issued, nothing_owed
from crex.rating.digest import rating_digest
from crex.rating.engine import Rating
from crex.rating.lines import Line, key_order
from crex.rating.plan import Plan
from crex.rating.taxes import Tax, taxes_of
from crex.trust import merkle
from crex.trust.verified import Verified
from crex.v1 import Correction, CreditNote, DebitNote, Invoice, InvoiceLine, InvoiceTax, Pin
from crex.v1 import Money as MoneyMessage

Note: TypeAlias = CreditNote | DebitNote

USAGE, CANCELLATION, SETTLEMENT = "usage", "cancellation", "settlement"


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


@dataclass(frozen=True, slots=True)
class Ledger:
    """An invoice and its notes so far, as their documents state them.

    Attributes:
        invoice: The invoice.
        plan: The governing plan, by whose tax rules taxes are computed.
        issued: What the invoice and each note state.
        notes: The notes, first to last.
        lines: Lines of what the period was last rated to: the invoice and the notes of reason `usage`
            together.
        settled: What settlements took back, by line key.
        cancelled: Whether all was taken back, after which no note follows (NOTE-LAST-1).
    """

    invoice: Verified[Invoice]
    plan: Plan
    issued: tuple[Issued, ...]
    notes: tuple[Verified[Note], ...]
    lines: tuple[Line, ...]
    settled: Mapping[str, Money] = field(default_factory=lambda: MappingProxyType({}))
    cancelled: bool = False

    @classmethod
    def of(
        cls,
        invoice: Verified[Invoice],
        lines: Sequence[bytes],
        plan: Plan,
        notes: Iterable[SignedNote] = (),
    ) -> Ledger:
        """Reads an invoice and its notes.

        Args:
            invoice: The invoice.
            lines: Exact bytes of its lines.
            plan: The plan in force as its period begins, or else the first that comes into force in it.
            notes: Notes on it, first to last.

        Raises:
            CrexError: SUBJECT: lines are not those that were signed for (INVOICE-LINES-1), or a note is on
                another invoice or does not continue the notes before it (NOTE-PIN-1). INCOMPLETE: the invoice
                is provisional (INVOICE-PROVISIONAL-1). CONFLICT: a note follows a cancellation (NOTE-LAST-1).
            DocumentError: A line is not in strict form or breaks the contract.
        """
        message = invoice.message
        if message.provisional:
            raise _refused(
                "INCOMPLETE",
                "INVOICE-PROVISIONAL-1",
                f"{invoice.id} is provisional: nothing is owed by it, so there is nothing to correct. Issue "
                "the invoice of the sealed period",
            )
        first = issued_of(
            invoice.id, lines, message.lines_root, message.line_count, message.taxes, message.net_total,
            message.total,
        )  # fmt: skip
        ledger = cls(invoice, plan, (first,), (), first.lines)
        for note in notes:
            ledger = ledger.noted(note)
        return ledger

    @property
    def rated(self) -> Rating:
        """What the period was last rated to."""
        return rating_of(self.plan, self.lines)

    @property
    def owed(self) -> Rating:
        """What is owed after the notes so far."""
        if self.cancelled:
            return nothing_owed(self.plan.billed_currency)
        return self.after()

    @property
    def pins(self) -> list[Pin]:
        """The notes so far."""
        return [note.pin for note in self.notes]

    def after(self, *, rated: Rating | None = None, settled: Mapping[str, Money] | None = None) -> Rating:
        """Returns what is owed once more is known (NOTE-SETTLE-1).

        Args:
            rated: What the period is rated to now; nothing: as it was.
            settled: By line key, what else is not owed any more; nothing: no more than was settled.

        Raises:
            CrexError: TERMS: no line has a key that is settled (NOTE-REASON-1).
        """
        taken = added(self.settled, settled or {})
        if not taken:
            return self.rated if rated is None else rated
        lines = self.lines if rated is None else rated.lines
        return rating_of(self.plan, summed(lines, self._taken(taken)))

    def _taken(self, settled: Mapping[str, Money]) -> Iterator[Line]:
        """Yields what settlements took back as differences of lines."""
        known = {line.key: line for one in self.issued for line in one.lines}
        for key, amount in settled.items():
            if key not in known:
                raise _refused(
                    "TERMS",
                    "NOTE-REASON-1",
                    f"No line of {self.invoice.id} or its notes has the key {key}, of which {amount} is "
                    "settled",
                )
            yield replace(known[key], quantity=Fraction(0), exact_amount=-amount.value, amount=-amount)

    def follow(self, note: Correction, name: str) -> None:
        """Checks that a note may follow those so far.

        Raises:
            CrexError: SUBJECT (NOTE-PIN-1) or CONFLICT (NOTE-LAST-1).
        """
        if self.cancelled:
            raise _refused(
                "CONFLICT",
                "NOTE-LAST-1",
                f"{name} follows the cancellation of {self.invoice.id}, by which all was taken back for good",
            )
        if note.invoice != self.invoice.pin:
            raise _refused(
                "SUBJECT",
                "NOTE-PIN-1",
                f"{name} corrects {note.invoice.id} with SHA-256 {note.invoice.sha256}, not "
                f"{self.invoice.id}",
            )
        if list(note.earlier_notes) != self.pins:
            raise _refused(
                "SUBJECT",
                "NOTE-PIN-1",
                f"{name} pins {len(note.earlier_notes)} earlier notes, and these are not the "
                f"{len(self.notes)} that were issued on {self.invoice.id} before. What is owed can only be "
                "told with all of them, first to last",
            )

    def noted(self, note: SignedNote) -> Ledger:
        """Returns the ledger with one more note, as its document states it.

        Raises:
            CrexError: As `of`.
        """
        stated, name = note.correction, note.note.id
        self.follow(stated, name)
        more = issued_of(
            name, note.lines, stated.lines_root, stated.line_count, stated.taxes, stated.net_total,
            stated.total,
        )  # fmt: skip
        ledger = replace(self, issued=(*self.issued, more), notes=(*self.notes, note.note))
        if stated.reason == CANCELLATION:
            return replace(ledger, cancelled=True)
        if stated.reason == SETTLEMENT:
            return replace(ledger, settled=added(self.settled, {one.key: -one.amount for one in more.lines}))
        return replace(ledger, lines=tuple(summed(self.lines, more.lines)))


def rating_of(plan: Plan, lines: Iterable[Line]) -> Rating:
    """Returns lines with the taxes, totals and digest that they come to (RATE-TAX-1, RATE-TOTAL-1).

    Args:
        plan: The governing plan.
        lines: Lines in any order.
    """
    ordered = tuple(sorted(lines, key=key_order))
    taxes = taxes_of(plan, ordered)
    due = sum(tax.amount.minor for tax in taxes)
    net = sum(line.amount.minor for line in ordered) - (due if plan.tax_included else 0)
    net_total, total = (Money(plan.billed_currency, minor) for minor in (net, net + due))
    digest = rating_digest(ordered, net_total, total, taxes)
    return Rating(lines=ordered, net_total=net_total, total=total, digest=digest, taxes=taxes)


def issued_of(
    name: str,
    bodies: Sequence[bytes],
    root: str,
    count: int,
    taxes: Iterable[InvoiceTax],
    net_total: MoneyMessage,
    total: MoneyMessage,
) -> Issued:
    """Reads what an invoice or a note states.

    Raises:
        CrexError: SUBJECT: the lines are not those that it was signed for (INVOICE-LINES-1).
        DocumentError: A line is not in strict form or breaks the contract.
    """
    if len(bodies) != count or merkle.root(bodies).hex() != root:
        raise _refused(
            "SUBJECT",
            "INVOICE-LINES-1",
            f"What came with {name} ({counted(len(bodies), 'line')}) is not what it was signed for. Fetch "
            "its lines again, byte for byte",
        )
    return Issued(
        lines=tuple(
            Line.of(convert.to_message(reader.read(body, InvoiceLine), InvoiceLine)) for body in bodies
        ),
        taxes=tuple(map(Tax.of, taxes)),
        net_total=money_of(net_total),
        total=money_of(total),
    )


def summed(lines: Iterable[Line], more: Iterable[Line]) -> Iterator[Line]:
    """Yields lines with differences added by key; a line that comes to nothing at all is left out."""
    sums = {line.key: line for line in lines}
    for line in more:
        known = sums.get(line.key)
        sums[line.key] = (
            line
            if known is None
            else replace(
                line,
                quantity=known.quantity + line.quantity,
                exact_amount=known.exact_amount + line.exact_amount,
                amount=known.amount + line.amount,
            )
        )
    for line in sums.values():
        if line.quantity or line.exact_amount or line.amount.minor:
            yield line


def added(amounts: Mapping[str, Money], more: Mapping[str, Money]) -> dict[str, Money]:
    """Returns amounts by key, summed."""
    sums = dict(amounts)
    for key, amount in more.items():
        sums[key] = sums[key] + amount if key in sums else amount
    return sums


def _refused(reason: str, requirement: str, message: str) -> CrexError:
    return CrexError(reason, f"{message} ({requirement}).", details={"requirement": requirement})
