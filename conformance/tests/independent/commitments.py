"""Step 13 of `rate/1`: what a buyer has bound itself to, hour by hour or by the period."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from conformance.tests.independent import bill as bills
from conformance.tests.independent import clock, lines
from conformance.tests.independent.bill import Bill, Plan, Value
from conformance.tests.independent.use import HELD, Cell


def ordered(plan: Plan, kind: str) -> list[Value]:
    """The commitments of a kind, by priority and then by the bytes of their identifiers."""
    return sorted(
        (it for it in plan.value.get("commitments", ()) if it["kind"] == f"COMMITMENT_KIND_{kind}"),
        key=lambda it: (it.get("priority", 0), it["id"].encode()),
    )


def hourly(bill: Bill, plan: Plan, cells: list[Cell]) -> Iterator[lines.Line]:
    """Covers the plan's cells hour by hour, and states used, unused and upfront lines."""
    for commitment in ordered(plan, "HOURLY_QUANTITY"):
        yield from _hours(bill, plan, commitment, cells)
    for kind in ("HOURLY_QUANTITY", "PERIOD_SPEND"):
        for commitment in ordered(plan, kind):
            start, end = clock.term(bill, plan, commitment)
            if bill.begin <= start < bill.end and start < end and "upfrontPrice" in commitment:
                yield _upfront(plan, commitment)


def _hours(bill: Bill, plan: Plan, commitment: Value, cells: list[Cell]) -> Iterator[lines.Line]:
    names = [it["id"] for it in plan.value["components"]]
    eligible = [it for it in cells if it.plan is plan and it.component["id"] in commitment["eligible"]]
    eligible.sort(key=lambda it: (names.index(it.component["id"]), it.lease.name.encode(), it.start))
    start, end = clock.term(bill, plan, commitment)
    start, end = max(start, bill.begin), min(end, bill.end)
    of = plan.component(commitment["eligible"][0]) or {}
    held = of["kind"].removeprefix("COMPONENT_KIND_") in HELD
    used: dict[tuple[str, str], Fraction] = {}
    unused = Fraction(0)
    begin = start // clock.HOUR * clock.HOUR
    for hour in range(begin, end if start < end else begin, clock.HOUR):
        seconds = Fraction(min(end, hour + clock.HOUR) - max(start, hour), 1000)
        room = Fraction(commitment["amount"]) * (seconds if held else seconds / 3600)
        for cell in eligible:
            if cell.start // clock.HOUR * clock.HOUR != hour:
                continue
            taken = min(room, cell.quantity)
            holder = (cell.lease.name, cell.component["id"])
            used[holder] = used.get(holder, Fraction(0)) + taken
            cell.quantity -= taken
            room -= taken
        unused += room
    for (lease, component), quantity in used.items():
        category = (plan.component(component) or {}).get("taxCategory", "")
        yield _part(plan, commitment, "used", of, quantity, lease, component, category)
    category = plan.value.get("adjustmentTaxCategory", "")
    yield _part(plan, commitment, "unused", of, unused, "", "", category)


def _part(
    plan: Plan,
    commitment: Value,
    part: str,
    of: Value,
    quantity: Fraction,
    lease: str,
    component: str,
    category: str,
) -> lines.Line:
    price, per = commitment["price"], commitment["perQuantity"]
    return lines.Line(
        plan,
        lease,
        *bills.measure(of),
        quantity,
        quantity * Fraction(price) / Fraction(per),
        component=component,
        price=price,
        per=per,
        commitment=f"{commitment['id']}:{part}",
        category=category,
    )


def _upfront(plan: Plan, commitment: Value) -> lines.Line:
    price = commitment["upfrontPrice"]
    return lines.Line(
        *(plan, "", "commitment", "term", Fraction(1), Fraction(price)),
        price=price,
        per="1",
        commitment=f"{commitment['id']}:upfront",
        category=plan.value.get("adjustmentTaxCategory", ""),
    )


def spend(bill: Bill, plan: Plan, priced: list[lines.Line]) -> list[lines.Line]:
    """Covers priced lines by what was committed to be spent; gives all lines, split where one is covered."""
    for commitment in ordered(plan, "PERIOD_SPEND"):
        start, end = clock.term(bill, plan, commitment)
        force = max(0, min(end, bill.whole[1]) - max(start, bill.whole[0]))
        amount = Fraction(commitment["amount"])
        left = amount * Fraction(force, bill.whole[1] - bill.whole[0])
        factor = Fraction(commitment["price"]) / amount
        after = []
        for line in sorted(priced, key=_order):
            if line.plan is not plan or line.component not in commitment["eligible"] or line.commitment:
                after.append(line)
                continue
            share = min(Fraction(1), left / line.exact) if line.exact > 0 else Fraction(0)
            left -= share * line.exact
            after += _split(line, commitment["id"], share, factor)
        priced = [*after, _unspent(plan, commitment, left)]
    return priced


def _order(line: lines.Line) -> tuple[int, bytes, int]:
    """Components in list order, leases by name, then tiers."""
    return line.place, line.lease.encode(), line.tier


def _split(line: lines.Line, identifier: str, share: Fraction, factor: Fraction) -> list[lines.Line]:
    covered, rest = vars(line) | {"factors": []}, vars(line) | {"factors": []}
    covered |= {"quantity": line.quantity * share, "exact": line.exact * share}
    rest |= {"quantity": line.quantity - covered["quantity"], "exact": line.exact - covered["exact"]}
    used = lines.Line(**covered | {"commitment": f"{identifier}:used"})
    used.multiply(f"commitment:{identifier}", factor)
    return [used, lines.Line(**rest)]


def _unspent(plan: Plan, commitment: Value, left: Fraction) -> lines.Line:
    price, per = commitment["price"], commitment["amount"]
    return lines.Line(
        *(plan, "", "spend", plan.value["currency"].lower(), left),
        left * Fraction(price) / Fraction(per),
        price=price,
        per=per,
        commitment=f"{commitment['id']}:unused",
        category=plan.value.get("adjustmentTaxCategory", ""),
    )
