"""What a note states: the differences between what is owed and everything issued before (rate/1, step 24).

Differences are taken of rounded amounts and never rounded themselves, so an invoice and its notes always sum
to what is owed, to the last digit. Of taxes the cumulative ones are compared: taxes on a note's lines would
be rounded once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol

from crex.decimals import Money
from crex.errors import RatingError
from crex.metering.span import show_ms
from crex.rating.digest import rating_digest
from crex.rating.engine import Rating
from crex.rating.lines import Line, key_order
from crex.rating.taxes import Tax, tax_order


class Billed(Protocol):
    """What an invoice or a note states: a `Rating` is, and `Differences` and `Issued` are."""

    @property
    def lines(self) -> tuple[Line, ...]:
        """Lines."""

    @property
    def taxes(self) -> tuple[Tax, ...]:
        """Taxes."""

    @property
    def net_total(self) -> Money:
        """Net total."""

    @property
    def total(self) -> Money:
        """Total."""


@dataclass(frozen=True, slots=True)
class Issued:
    """An invoice or a note as it was issued, read back from its messages (`Line.of`, `Tax.of`)."""

    lines: tuple[Line, ...]
    taxes: tuple[Tax, ...]
    net_total: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Differences:
    """What a note states.

    Attributes:
        lines: Differences by line, by ascending bytes of keys; none is without a difference.
        taxes: Differences of cumulative taxes, by ascending bytes of keys.
        net_total: Difference of the net totals.
        total: Difference of the totals.
        digest: Rating digest of what is owed after the note.
    """

    lines: tuple[Line, ...]
    taxes: tuple[Tax, ...]
    net_total: Money
    total: Money
    digest: str

    @property
    def empty(self) -> bool:
        """Whether there is nothing to correct."""
        return not (self.lines or self.taxes or self.net_total.minor or self.total.minor)

    @property
    def credit(self) -> bool:
        """Whether it is a credit note rather than a debit note (NOTE-SIGN-1)."""
        return self.total.minor <= 0


def differences(owed: Rating, issued: Sequence[Billed]) -> Differences:
    """Returns what a note must state so that everything issued sums to what is owed (RATE-CORRECT-1).

    Args:
        owed: The whole period rated again under the invoice's pins, with the usage that then counts; after a
            cancellation `nothing_owed`.
        issued: The invoice and the notes on it so far, in their order.

    Returns:
        Differences of lines, of cumulative taxes (RATE-CORRECT-2) and of totals. A line has the price,
        factors and further members of the line as it is owed, or as it was billed last where nothing is owed.
    """
    net_total, total = owed.net_total, owed.total
    for one in issued:
        net_total, total = net_total - one.net_total, total - one.total
    return Differences(
        lines=_lines(owed, issued),
        taxes=_taxes(owed, issued),
        net_total=net_total,
        total=total,
        digest=owed.digest,
    )


def nothing_owed(currency: str) -> Rating:
    """Returns what is owed after a cancellation: no line, no tax, totals of zero."""
    nothing = Money(currency, 0)
    return Rating(lines=(), net_total=nothing, total=nothing, digest=rating_digest((), nothing, nothing))


def check_horizon(period_end_ms: int, received_ms: int, horizon_ms: int) -> None:
    """Refuses usage that comes too late to correct a period (RATE-CORRECT-3).

    Args:
        period_end_ms: When the billing period ended, in milliseconds since 1970.
        received_ms: When the usage came.
        horizon_ms: The offer's correction horizon; 0 where it states none.

    Raises:
        RatingError: TERMS if it came later than the horizon after the period's end.
    """
    last = period_end_ms + horizon_ms
    if received_ms > last:
        raise RatingError(
            "TERMS",
            f"The usage came at {show_ms(received_ms)}; the offer allows corrections of this period until "
            f"{show_ms(last)}. What was billed stands; settle the rest between the parties (step 24, "
            "RATE-CORRECT-3).",
            details={"step": "24", "requirement": "RATE-CORRECT-3", "until": show_ms(last)},
        )


def _lines(owed: Rating, issued: Sequence[Billed]) -> tuple[Line, ...]:
    before: dict[str, tuple[Line, Fraction, Fraction, Money]] = {}
    for line in (line for one in issued for line in one.lines):
        known = before.get(line.key)
        quantity, exact, amount = line.quantity, line.exact_amount, line.amount
        if known is not None:
            quantity, exact, amount = quantity + known[1], exact + known[2], amount + known[3]
        before[line.key] = line, quantity, exact, amount
    found: list[Line] = []
    for line in owed.lines:
        if line.key in before:
            _, quantity, exact, amount = before.pop(line.key)
            found += _changed(line, line.quantity - quantity, line.exact_amount - exact, line.amount - amount)
        else:
            found.append(line)
    for line, quantity, exact, amount in before.values():
        found += _changed(line, -quantity, -exact, -amount)
    return tuple(sorted(found, key=key_order))


def _changed(line: Line, quantity: Fraction, exact: Fraction, amount: Money) -> list[Line]:
    if not (quantity or exact or amount.minor):
        return []
    return [replace(line, quantity=quantity, exact_amount=exact, amount=amount)]


def _taxes(owed: Rating, issued: Sequence[Billed]) -> tuple[Tax, ...]:
    found: dict[str, Tax] = {tax.key: tax for tax in owed.taxes}
    for tax in (tax for one in issued for tax in one.taxes):
        due = found.get(tax.key)
        nothing = Money(tax.amount.currency, 0)
        base, exact, amount = (
            (nothing, Fraction(0), nothing) if due is None else (due.base, due.exact_amount, due.amount)
        )
        found[tax.key] = replace(
            tax,
            base=base - tax.base,
            exact_amount=exact - tax.exact_amount,
            amount=amount - tax.amount,
        )
    changed = (one for one in found.values() if one.base.minor or one.exact_amount or one.amount.minor)
    return tuple(sorted(changed, key=tax_order))
