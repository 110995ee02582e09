"""Lines: what is billed, exact and rounded once, each under its own key (rate/1, steps 15, 17 and 23)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from crex.decimals import Money, format_rational
from crex.errors import InvalidScalar, RatingError
from crex.rating.plan import Component, Plan, Tier
from crex.rating.plan_rules import Use
from crex.rating.terms import LeaseTerms
from crex.v1 import InvoiceLine, Pin, Rational
from crex.v1 import Money as MoneyMessage

# Between the parts of a line key; no name, token, digest or identifier can contain it (RATE-KEY-1).
_SEPARATOR = "|"
# Between dimension and unit in the key of an unpriced line; no component identifier can contain it.
_UNPRICED = ":"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill.

    Attributes:
        key: What it is for, unique within the bill.
        order: Name of the order.
        lease: Name of the lease.
        component: Component of the plan; nothing where none prices the use.
        tier: Tier of the component, from 1; nothing where there is no component.
        plan: The price plan.
        dimension: Dimension token.
        unit: Unit token.
        quantity: Billed quantity, exact: unit-seconds for TIME, units for COUNT.
        unit_price: Price of `per_quantity`, as the plan writes it; nothing on an unpriced line.
        per_quantity: The divisor, as the plan writes it; nothing on an unpriced line.
        exact_amount: quantity × unit_price ÷ per_quantity.
        amount: The exact amount, rounded once.
    """

    key: str
    order: str
    lease: str
    component: str | None
    tier: int | None
    plan: Pin
    dimension: str
    unit: str
    quantity: Fraction
    unit_price: str | None
    per_quantity: str | None
    exact_amount: Fraction
    amount: Money

    @property
    def unpriced(self) -> bool:
        """Whether no component prices the use (RATE-UNPRICED-1)."""
        return self.component is None

    def message(self) -> InvoiceLine:
        """Returns the line as an invoice carries it."""
        return InvoiceLine(
            key=self.key,
            order=self.order,
            lease=self.lease,
            component=self.component,
            tier=self.tier,
            price_plan=self.plan,
            dimension=self.dimension,
            unit=self.unit,
            quantity=rational(self.quantity),
            unit_price=self.unit_price,
            per_quantity=self.per_quantity,
            exact_amount=rational(self.exact_amount),
            amount=MoneyMessage(currency=self.amount.currency, amount=self.amount.amount),
            unpriced=True if self.unpriced else None,
        )


def priced_line(
    plan: Plan, lease: LeaseTerms, component: Component, number: int, tier: Tier, part: Fraction
) -> Line:
    """Returns the line of one tier of a component.

    Raises:
        RatingError: LIMIT if the amount has more than 18 integer digits.
    """
    # Step 15, RATE-AMOUNT-1: one exact quotient, no rounding on the way.
    exact = part * tier.unit_price / component.per_quantity
    return Line(
        key=line_key(lease, plan, component.id, str(number)),
        order=lease.order,
        lease=lease.name,
        component=component.id,
        tier=number,
        plan=plan.pin,
        dimension=component.dimension,
        unit=component.unit,
        quantity=part,
        unit_price=tier.price_text,
        per_quantity=component.per_text,
        exact_amount=exact,
        amount=_rounded(plan.currency, exact, component.id),
    )


def unpriced_line(plan: Plan, lease: LeaseTerms, use: Use, quantity: Fraction) -> Line:
    """Returns the line of use that no component prices: its amount is 0, and it says so (RATE-UNPRICED-1)."""
    dimension, unit = use
    return Line(
        key=line_key(lease, plan, f"{dimension}{_UNPRICED}{unit}", ""),
        order=lease.order,
        lease=lease.name,
        component=None,
        tier=None,
        plan=plan.pin,
        dimension=dimension,
        unit=unit,
        quantity=quantity,
        unit_price=None,
        per_quantity=None,
        exact_amount=Fraction(0),
        amount=Money(plan.currency, 0),
    )


def line_key(lease: LeaseTerms, plan: Plan, component: str, tier: str) -> str:
    """Returns order, lease, component, plan digest, tier, commitment part and adjustment (RATE-KEY-1).

    This edition has neither commitments nor adjustments: the last two parts are empty.
    """
    return _SEPARATOR.join((lease.order, lease.name, component, plan.pin.sha256, tier, "", ""))


def rational(value: Fraction) -> Rational:
    """Returns a number as a message, in lowest terms."""
    num, den = format_rational(value)
    return Rational(num=num, den=den)


def _rounded(currency: str, exact: Fraction, component: str) -> Money:
    """Rounds a line, the one time it is rounded (step 17, RATE-ROUND-1)."""
    try:
        return Money.rounded(currency, exact)
    except InvalidScalar as error:
        raise RatingError(
            "LIMIT",
            f"Component {component} comes to an amount of more than 18 integer digits in {currency}, which "
            "no invoice can state. Check the plan's price and divisor against the metered quantity (step "
            "17).",
            details={"step": "17", "requirement": "RATE-ROUND-1", "component": component},
        ) from error
