"""A second opinion on bills: `rate/1`, written from proto/spec/rating.md alone.

It shares nothing with the SDK: no import, no structure, no reading of its code. It keeps everything in
fractions and refuses at the first step that fails. A test holds every billing vector against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from conformance.tests.independent import (
    adjustments,
    claims,
    commitments,
    lines,
    quantities,
    series,
    table,
    taxes,
    use,
)
from conformance.tests.independent import bill as bills


@dataclass
class Answer:
    """What use comes to, each part as vectors state it; lines with keys and prices."""

    lines: list[dict[str, Any]]
    taxes: list[dict[str, Any]]
    net_total: str
    total: str
    closings: list[dict[str, Any]]
    complete: bool
    rating_digest: str
    currency: str


def rate(given: Mapping[str, Any]) -> Answer:
    """Rates the input of a `billing.rate` vector.

    Raises:
        Refused: The input is refused; the reason is that of the first step that fails.
    """
    bill = bills.read(given)  # steps 1 and 2
    complete = claims.settle(bill)  # steps 3 to 5
    used = use.measured(bill)  # steps 7 to 10
    use.step_up(used.cells)  # step 11
    found = list(quantities.fees(bill))
    standing: quantities.Standing = {}
    for plan in bill.plans:  # steps 12 to 15
        found += commitments.hourly(bill, plan, used.cells)
        priced = [*quantities.priced(bill, plan, used.cells, standing)]
        found += commitments.spend(bill, plan, [it for it in priced if it.quantity])
    found += _unpriced(bill, used)
    if (rate := series.rate(bill)) is not None:
        for line in found:
            line.multiply("exchange", rate)
    adjustments.percentages(bill, found)  # step 16
    found = [line for line in found if line.quantity]  # step 25
    for line in found:  # step 17
        line.net = lines.rounded(line.exact, bill.billed)
    adjusted, spent = adjustments.made(bill, found)  # steps 18 to 20
    found += adjusted
    return _answer(bill, found, _closings(bill, standing, spent), complete)


def _unpriced(bill: bills.Bill, used: use.Use) -> list[lines.Line]:
    return [
        lines.Line(bill.governing, lease, *of, quantity, Fraction(0), unpriced=True)
        for (lease, of), quantity in used.unpriced.items()
    ]


def _closings(
    bill: bills.Bill, standing: quantities.Standing, spent: Mapping[str, Fraction]
) -> list[dict[str, Any]]:
    """By component and lease, then by credit."""
    stood = sorted(quantities.closings(bill, standing).items())
    accumulated = [
        {"component": component, **({"lease": lease} if lease else {}), "value": lines.ratio(value)}
        for (component, lease), value in stood
    ]
    return accumulated + [{"credit": it, "value": lines.ratio(spent[it])} for it in sorted(spent)]


def _answer(
    bill: bills.Bill, found: list[lines.Line], closings: list[dict[str, Any]], complete: bool
) -> Answer:
    due = taxes.due(bill, found)  # step 21
    net, total = (lines.money(it, bill.billed) for it in taxes.totals(bill, found, due))  # step 22
    stated = [lines.stated(bill, line) for line in found]
    stated.sort(key=lambda line: line["key"].encode())  # step 23
    levied = [taxes.stated(bill, tax) for tax in due]
    digest = table.digest(stated, levied, bill.billed, net, total)
    return Answer(stated, levied, net, total, closings, complete, digest, bill.billed)
