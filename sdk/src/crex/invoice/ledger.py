"""An invoice with the notes on it, exactly: what was rated, what was settled, and what is owed (invoice.md).

An invoice is never changed, nor is a note. What is owed is what the period was last rated to, less what
settlements took back; everything issued sums to it, to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType

from crex.decimals import Money
from crex.invoice.basis import Basis
from crex.invoice.standing import SignedNote, Standing, refused
from crex.metering.span import timestamp_ms
from crex.rating.corrections import Issued, nothing_owed
from crex.rating.digest import rating_digest
from crex.rating.engine import Rating
from crex.rating.lines import Line, key_order
from crex.rating.plan import Plan
from crex.rating.taxes import taxes_of
from crex.trust.verified import Verified
from crex.v1 import Invoice

USAGE, SETTLEMENT = "usage", "settlement"


@dataclass(frozen=True, slots=True)
class Ledger:
    """An invoice and its notes so far, under the plan by which they were computed.

    Attributes:
        standing: The invoice and its notes, as their documents state them.
        plan: The governing plan, by whose tax rules taxes are computed.
        lines: Lines of what the period was last rated to: the invoice and the notes of reason `usage`
            together.
        settled: What settlements took back, by line key.
    """

    standing: Standing
    plan: Plan
    lines: tuple[Line, ...]
    settled: Mapping[str, Money] = field(default_factory=lambda: MappingProxyType({}))

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
            CrexError: As `Standing.of`; INCOMPLETE: the invoice is provisional (INVOICE-PROVISIONAL-1).
            DocumentError: A line is not in strict form or breaks the contract.
        """
        if invoice.message.provisional:
            raise refused(
                "INCOMPLETE",
                "INVOICE-PROVISIONAL-1",
                f"{invoice.id} is provisional: nothing is owed by it, so there is nothing to correct. Issue "
                "the invoice of the sealed period",
            )
        standing = Standing.of(invoice, lines, tax_included=plan.tax_included)
        ledger = cls(standing, plan, standing.issued[0].lines)
        for note in notes:
            ledger = ledger.noted(note)
        return ledger

    @classmethod
    def of_basis(
        cls,
        invoice: Verified[Invoice],
        lines: Sequence[bytes],
        basis: Basis,
        notes: Iterable[SignedNote] = (),
    ) -> Ledger:
        """Reads an invoice and its notes, with the governing plan from what the invoice is computed from.

        Args:
            invoice: The invoice.
            lines: Exact bytes of its lines.
            basis: What it is to be computed from.
            notes: Notes on it, first to last.

        Raises:
            CrexError: As `Basis.matter` and `of`.
        """
        message = invoice.message
        until_ms = timestamp_ms(message.header.issued_at)
        matter = basis.matter(pinned=message.usage_batches, until_ms=until_ms)
        return cls.of(invoice, lines, matter.plans[0], notes)

    @property
    def invoice(self) -> Verified[Invoice]:
        """The invoice."""
        return self.standing.invoice

    @property
    def issued(self) -> tuple[Issued, ...]:
        """What the invoice and then each note state."""
        return self.standing.issued

    @property
    def rated(self) -> Rating:
        """What the period was last rated to."""
        return rating_of(self.plan, self.lines)

    @property
    def owed(self) -> Rating:
        """What is owed after the notes so far."""
        if self.standing.cancelled:
            return nothing_owed(self.plan.billed_currency)
        return self.after()

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
                raise refused(
                    "TERMS",
                    "NOTE-REASON-1",
                    f"No line of {self.invoice.id} or its notes has the key {key}, of which {amount} is "
                    "settled",
                )
            yield replace(known[key], quantity=Fraction(0), exact_amount=-amount.value, amount=-amount)

    def noted(self, note: SignedNote) -> Ledger:
        """Returns the ledger with one more note, as its document states it.

        Raises:
            CrexError: As `of`.
        """
        standing = self.standing.noted(note)
        more = standing.issued[-1].lines
        ledger = replace(self, standing=standing)
        if note.correction.reason == USAGE:
            return replace(ledger, lines=tuple(summed(self.lines, more)))
        if note.correction.reason == SETTLEMENT:
            return replace(ledger, settled=added(self.settled, {one.key: -one.amount for one in more}))
        return ledger


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
