"""Steps 16 and 18 to 20 of `rate/1`: percentages, bounds, fixed credits and promised levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import floor

from conformance.tests.independent import bill as bills
from conformance.tests.independent import forms, lines
from conformance.tests.independent.bill import Bill, Lease, Plan, Value, ms


def credits_of(bill: Bill, plan: Plan, kind: str) -> list[Value]:
    """The credits of a kind that have not expired, in the order in which they apply."""
    return sorted(
        (
            it
            for it in plan.value.get("credits", ())
            if it["kind"] == f"CREDIT_KIND_{kind}" and ("expires" not in it or ms(it["expires"]) > bill.begin)
        ),
        key=lambda it: (it.get("priority", 0), it["id"].encode()),
    )


def _in_basis(credit: Value, line: lines.Line) -> bool:
    return not credit.get("basis") or line.component in credit["basis"]


def percentages(bill: Bill, found: Iterable[lines.Line]) -> None:
    """Step 16: multiplies each line of use, parts of commitments aside."""
    for line in found:
        for credit in credits_of(bill, line.plan, "PERCENT"):
            if _in_basis(credit, line) and not line.commitment:
                line.multiply(f"credit:{credit['id']}", 1 - Fraction(credit["percent"]) / 100)


def made(bill: Bill, found: list[lines.Line]) -> tuple[list[lines.Line], dict[str, Fraction]]:
    """Steps 18 to 20: the lines of all adjustments, and what fixed credits used, in minor units."""
    plan, adjusted = bill.governing, list[lines.Line]()
    adjusted += _maximum(bill, plan, found)
    adjusted += (short := _minimum(bill, plan, found))
    found = [*found, *short]
    spent = {}
    for credit in credits_of(bill, plan, "FIXED"):
        opens = bills.opening(bill, credit=credit["id"])
        left = max(Fraction(0), Fraction(credit["amount"]["amount"]) - opens / _scale(bill))
        basis = [line for line in found if _in_basis(credit, line)]
        taken = min(left, sum((max(line.net, Fraction(0)) for line in basis), Fraction(0)))
        adjusted += _lowered(bill, credit["id"], basis, taken)
        spent[credit["id"]] = opens + taken * _scale(bill)
    for credit in plan.value.get("credits", ()):
        if credit["kind"] == "CREDIT_KIND_FIXED":
            spent.setdefault(credit["id"], bills.opening(bill, credit=credit["id"]))
    for credit in credits_of(bill, plan, "SLA"):
        adjusted += _promise(bill, credit, found)
    return adjusted, {it: value for it, value in spent.items() if value}


def _scale(bill: Bill) -> int:
    return int(10 ** forms.MINOR_DIGITS[bill.billed])


def _maximum(bill: Bill, plan: Plan, found: list[lines.Line]) -> list[lines.Line]:
    if "maximum" not in plan.value:
        return []
    net = sum((line.net for line in found), Fraction(0))
    beyond = net - Fraction(plan.value["maximum"]["amount"])
    return _lowered(bill, "maximum", found, beyond) if beyond > 0 else []


def _minimum(bill: Bill, plan: Plan, found: list[lines.Line]) -> list[lines.Line]:
    used = any(bill.used(lease)[0] < bill.used(lease)[1] for lease in bill.leases)
    net = sum((line.net for line in found), Fraction(0))
    if "minimum" not in plan.value or not used:
        return []
    short = Fraction(plan.value["minimum"]["amount"]) - net
    if short <= 0:
        return []
    line = lines.Line(
        *(plan, "" if bill.account else bill.leases[0].name, "minimum", "period", Fraction(1), short),
        adjustment="minimum",
        category=plan.value.get("adjustmentTaxCategory", ""),
        net=short,
    )
    return [line]


def _lowered(bill: Bill, name: str, basis: list[lines.Line], amount: Fraction) -> list[lines.Line]:
    """RATE-ALLOCATE-1: lowers lines by an amount, in proportion to their nets above zero."""
    above = [line for line in basis if line.net > 0]
    total = sum((line.net for line in above), Fraction(0))
    units = amount * _scale(bill)
    exact = {lines.key(bill, line): units * line.net / total for line in above}
    shares = {key: floor(share) for key, share in exact.items()}
    by_remainder = sorted(exact, key=lambda key: (shares[key] - exact[key], key.encode()))
    for key in by_remainder[: int(units) - sum(shares.values())]:
        shares[key] += 1
    return list(_shares(bill, name, above, shares))


def _shares(bill: Bill, name: str, above: list[lines.Line], shares: dict[str, int]) -> Iterator[lines.Line]:
    for line in above:
        share = Fraction(shares[lines.key(bill, line)], _scale(bill))
        line.net -= share
        if share:
            yield lines.Line(
                *(line.plan, line.lease, line.dimension, line.unit, Fraction(1), -share),
                component=line.component,
                tier=line.tier,
                commitment=line.commitment,
                adjustment=name,
                category=line.category,
            )


def _promise(bill: Bill, credit: Value, found: list[lines.Line]) -> list[lines.Line]:
    """RATE-SLA-1 and RATE-SLA-2."""
    left = Fraction(credit["cap"]["amount"]) if "cap" in credit else None
    adjusted = []
    for lease in sorted(bill.leases, key=lambda it: it.name.encode()):
        percent = _percent(bill, credit, lease)
        basis = [line for line in found if line.lease == lease.name and _in_basis(credit, line)]
        nets = sum((max(line.net, Fraction(0)) for line in basis), Fraction(0))
        amount = lines.rounded(nets * percent / 100, bill.billed)
        if left is not None:
            amount = min(amount, left)
            left -= amount
        if amount > 0:
            adjusted += _lowered(bill, credit["id"], basis, amount)
    return adjusted


def _percent(bill: Bill, credit: Value, lease: Lease) -> Fraction:
    """The percentage of the lowest threshold that the share without outage is below."""
    start, end = bill.used(lease)
    if start >= end:
        return Fraction(0)
    out, at = 0, start
    for begins, ends in sorted(lease.outages):
        out += max(0, min(ends, end) - max(begins, at))
        at = max(at, min(ends, end))
    share = 1 - Fraction(out, end - start)
    broken = [it for it in credit["sla"]["thresholds"] if share < Fraction(it["below"])]
    return Fraction(broken[-1]["percent"]) if broken else Fraction(0)
