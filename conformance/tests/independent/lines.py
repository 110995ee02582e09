"""Lines: exact amounts, factors, rounding, keys and how a line is stated; steps 15, 17 and 23 of `rate/1`."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from conformance.tests.independent import forms
from conformance.tests.independent.bill import Bill, Plan
from conformance.tests.independent.refusal import Refused


@dataclass
class Line:
    """One line on its way to the bill.

    Attributes:
        lease: Name of the lease; empty on a line of the account.
        place: Where its component stands in the plan's list, for the order of commitments.
        exact: Exact amount, with the factors applied so far.
        price, per: As the plan or the commitment writes them; empty where the line states none.
        net: Rounded amount and all adjustments made to it so far.
    """

    plan: Plan
    lease: str
    dimension: str
    unit: str
    quantity: Fraction
    exact: Fraction
    component: str = ""
    tier: int = 0
    place: int = 0
    price: str = ""
    per: str = ""
    commitment: str = ""
    adjustment: str = ""
    category: str = ""
    unpriced: bool = False
    factors: list[tuple[str, Fraction]] = field(default_factory=list)
    net: Fraction = Fraction(0)

    def multiply(self, identifier: str, factor: Fraction) -> None:
        """Applies a factor."""
        self.factors.append((identifier, factor))
        self.exact *= factor


def rounded(exact: Fraction, currency: str) -> Fraction:
    """Step 17: to the minor unit, ties away from zero."""
    scale = 10 ** forms.MINOR_DIGITS[currency]
    scaled = abs(exact) * scale
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole if exact > 0 else -whole, scale)


def key(bill: Bill, line: Line) -> str:
    """RATE-KEY-1."""
    order = next((it.value["order"] for it in bill.leases if it.name == line.lease), "")
    named, tier = line.component, str(line.tier or "")
    if line.unpriced:
        named = f"{line.dimension}:{line.unit}"
    holder = line.lease or bill.account
    columns = (order, holder, named, line.plan.sha256, tier, line.commitment, line.adjustment)
    return "|".join(columns)


def money(amount: Fraction, currency: str) -> str:
    """The text of an amount; refuses what no Money can state."""
    digits = forms.MINOR_DIGITS[currency]
    if abs(amount) >= 10**18:
        raise Refused("LIMIT", "an amount has more than 18 integer digits")
    minor = str(abs(round(amount * 10**digits))).rjust(digits + 1, "0")
    text = f"{minor[:-digits]}.{minor[-digits:]}" if digits else minor
    return f"-{text}" if amount < 0 else text


def stated(bill: Bill, line: Line) -> dict[str, Any]:
    """A line as vectors state it, with its key and prices, which only the table needs."""
    result: dict[str, Any] = {
        "key": key(bill, line),
        "unit_price": line.price,
        "per_quantity": line.per,
        "component": line.component,
        "tier": line.tier,
        "dimension": line.dimension,
        "unit": line.unit,
        "lease": line.lease if bill.several else "",
        "account": "" if line.lease else bill.account,
        "commitment": line.commitment,
        "adjustment": line.adjustment,
        "quantity": ratio(line.quantity),
        "exact_amount": ratio(line.exact),
        "amount": money(rounded(line.exact, bill.billed), bill.billed),
        "factors": [{"id": it, "value": ratio(value)} for it, value in line.factors],
        "unpriced": line.unpriced,
    }
    return {name: it for name, it in result.items() if it}


def ratio(number: Fraction) -> dict[str, str]:
    """A rational in lowest terms."""
    return {"num": str(number.numerator), "den": str(number.denominator)}
