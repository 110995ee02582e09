"""What was paid upfront for a commitment, spread over its term (DiscountHandling-A-008, A-010).

The share of a bill is `upfrontPrice` × the part of the term that lies in its period ÷ the term. It is divided
among the used and unused parts by quantity. The term is what the plan states, or what it reckons from the
intervals of the billed leases. Where those are not known, what a bill charges upfront is spread over its own
parts alone, so that costs still sum to what was paid. Notes spread nothing: the sum over a period's parts
does not change with its usage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from crex.focus.bill import Bill, decimal
from crex.focus.charges import Factors, commitment_units, committed_quantity
from crex.invoice.arithmetic import exact
from crex.metering.span import Span
from crex.rating.layout import months_later
from crex.v1 import Commitment, CommitmentKind, ComponentKind, InvoiceLine, PriceComponent

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Amortized:
    """What was paid upfront, spread.

    Attributes:
        shares: By key of a used or unused line: what of it that line bears, in the billed currency.
        spread: Keys of the upfront lines whose costs are spread.
        bought: By key of an upfront line: what it bought over the term, in the commitment's smallest unit.
    """

    shares: dict[str, Fraction] = field(default_factory=dict)
    spread: set[str] = field(default_factory=set)
    bought: dict[str, Fraction] = field(default_factory=dict)


def amortized(bill: Bill) -> Amortized:
    """Spreads what was paid upfront for the commitments of a bill."""
    result = Amortized()
    if bill.is_note:
        return result
    for commitment, lines in _by_commitment(bill):
        upfront = next((line for line in lines if line.commitment.endswith(":upfront")), None)
        parts = [line for line in lines if line is not upfront]
        term = _term(bill, commitment)
        if upfront is not None:
            component = bill.component_of(bill.plan(upfront), commitment.eligible[0], upfront)
            result.bought[upfront.key] = _bought(commitment, component, term, bill.period)
            if parts:
                result.spread.add(upfront.key)
        if term is None:
            cost = exact(upfront.exact_amount) if upfront is not None else Fraction(0)
        else:
            exchange = Factors.of(lines[0]).exchange
            cost = decimal(commitment.upfront_price) * exchange * _within(term, bill.period)
        if not parts or not cost:
            continue
        quantities = [
            committed_quantity(line, commitment, commitment_units(bill, line, commitment)) for line in parts
        ]
        whole = sum(quantities, Fraction(0))
        for line, quantity in zip(parts, quantities, strict=True):
            share = quantity / whole if whole else Fraction(1, len(parts))
            result.shares[line.key] = cost * share
    return result


def _by_commitment(bill: Bill) -> Iterator[tuple[Commitment, list[InvoiceLine]]]:
    found: dict[tuple[str, str], tuple[Commitment, list[InvoiceLine]]] = {}
    for line in bill.lines:
        commitment = None if line.adjustment else bill.commitment(line)
        if commitment is not None:
            _, lines = found.setdefault((line.price_plan.sha256, commitment.id), (commitment, []))
            lines.append(line)
    yield from found.values()


def _term(bill: Bill, commitment: Commitment) -> Span | None:
    """When a commitment is in force (rating.md, Commitments); nothing where that is not known."""
    if commitment.HasField("term"):
        return Span.of(commitment.term)
    intervals = [bill.leases[name].interval for name in bill.billed_leases() if name in bill.leases]
    known = [each for each in intervals if each is not None]
    if not known or len(known) < len(list(bill.billed_leases())):
        return None
    start = min(each.start_ms for each in known)
    if commitment.HasField("term_months"):
        return Span(start, months_later(start, commitment.term_months))
    return Span(start, max(each.end_ms for each in known))


def _within(term: Span, period: Span) -> Fraction:
    start, end = max(term.start_ms, period.start_ms), min(term.end_ms, period.end_ms)
    return Fraction(max(0, end - start), term.end_ms - term.start_ms) if not term.empty else Fraction(0)


def _bought(commitment: Commitment, component: PriceComponent, term: Span | None, period: Span) -> Fraction:
    """What can be used over the term (CommitmentDiscountQuantity-C-011), or as much in the period."""
    amount, length = decimal(commitment.amount), (term or period).seconds
    if commitment.kind == CommitmentKind.COMMITMENT_KIND_PERIOD_SPEND or component.time_unit == "month":
        return amount * length / period.seconds
    if component.kind == ComponentKind.COMPONENT_KIND_COUNT:  # an amount in every hour
        return amount * length / _HOUR
    return amount * length
