"""What a line costs in FOCUS's four ways: billed, effective, contracted, at list price; all exact.

    billed      the rounded amount of the line
    effective   its exact amount
    contracted  its exact amount without the factor of a commitment: what the agreed price comes to
    list        the list price times the quantity, or else the contracted cost without PERCENT credits

Costs come from the exact amounts that the bill signs for, not from a second computation. Only what a
commitment of kind HOURLY_QUANTITY covered is priced here, at the first tier of its component: what it would
have cost without the commitment is no number of the bill.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from crex.focus.bill import Bill, LeaseFacts, decimal, divisor, money
from crex.focus.units import PricingUnit, Units, units_of
from crex.invoice.arithmetic import exact
from crex.v1 import Commitment, CommitmentKind, ComponentKind, InvoiceLine, PriceComponent

_NONE = LeaseFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """The factors of a line, each 1 where the line has none of its kind."""

    exchange: Fraction
    commitment: Fraction
    credits: Fraction

    @classmethod
    def of(cls, line: InvoiceLine) -> Factors:
        """Reads the factors of a line."""
        return cls(
            exchange=_product(exact(each.value) for each in line.factors if each.id == "exchange"),
            commitment=_product(
                exact(each.value) for each in line.factors if each.id.startswith("commitment:")
            ),
            credits=_product(exact(each.value) for each in line.factors if each.id.startswith("credit:")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """The numbers of a line.

    Attributes:
        quantity: Billed quantity, as the line states it.
        units: Names of its units.
        amount: The rounded amount.
        effective: The exact amount.
        contracted: What the agreed price comes to.
        contracted_price: The agreed price of one pricing unit.
        listed: What the list price comes to.
        list_price: The list price of one pricing unit.
        factors: Factors of the line.
    """

    quantity: Fraction
    units: Units
    amount: Fraction
    effective: Fraction
    contracted: Fraction
    contracted_price: Fraction
    listed: Fraction
    list_price: Fraction
    factors: Factors

    @property
    def pricing_quantity(self) -> Fraction:
        """The quantity in pricing units."""
        return self.quantity / self.units.pricing.size


def charge_of(bill: Bill, line: InvoiceLine) -> Charge:
    """Returns the numbers of a line of use, of a fee, or of a part of a commitment.

    Raises:
        FocusError: The line's plan was not given, or is not the line's.
        InvalidScalar: A number of the line is not in its one spelling.
    """
    component, factors = bill.component(line), Factors.of(line)
    quantity, amount = exact(line.quantity), exact(line.exact_amount)
    held = bill.leases.get(line.lease, _NONE).held or ""
    if line.adjustment:  # of no quantity: it costs what it comes to, whichever way it is looked at
        units = Units(PricingUnit("Units", Fraction(1)), "Units")
        contracted = listed = money(line.amount, bill.body.currency)
        price = list_price = Fraction(0)
    elif component is None:
        units = _units_without(bill, line, held)
        price = _per_unit(line.unit_price, line.per_quantity, units.pricing) * factors.exchange
        contracted = listed = amount
        list_price = price
    else:
        units = component_units(component, held)
        listed, contracted, price, list_price = _priced(bill, line, component, factors, units.pricing)
    return Charge(
        quantity=quantity,
        units=units,
        amount=money(line.amount, bill.body.currency),
        effective=amount,
        contracted=contracted,
        contracted_price=price,
        listed=listed,
        list_price=list_price,
        factors=factors,
    )


def component_units(component: PriceComponent, held: str = "") -> Units:
    """Returns the names of a component's units."""
    return units_of(
        component.dimension,
        component.unit,
        component.kind,
        divisor(component.per_quantity),
        time_unit=component.time_unit or "s",
        held=held,
    )


def commitment_units(bill: Bill, line: InvoiceLine, commitment: Commitment) -> PricingUnit:
    """Returns the unit in which a commitment is measured: the plan's currency, or that of its components."""
    plan = bill.plan(line)
    if commitment.kind == CommitmentKind.COMMITMENT_KIND_PERIOD_SPEND:
        return PricingUnit(plan.currency, Fraction(1))
    component = bill.component_of(plan, commitment.eligible[0], line)
    held = bill.leases.get(line.lease, _NONE).held
    if held is None:  # an unused part is of no lease, and one commitment has one unit (C-008)
        held = next((facts.held for facts in bill.leases.values() if facts.held), None)
    return units_of(
        component.dimension,
        component.unit,
        component.kind,
        divisor(commitment.per_quantity),
        time_unit=component.time_unit or "s",
        held=held or "",
    ).pricing


def committed_quantity(line: InvoiceLine, commitment: Commitment, unit: PricingUnit) -> Fraction:
    """Returns how much of a commitment a part uses, or leaves unused, in its unit."""
    if commitment.kind == CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY or line.commitment.endswith(
        ":unused"
    ):
        return exact(line.quantity) / unit.size
    factors = Factors.of(line)
    whole = factors.commitment * factors.exchange * factors.credits
    return exact(line.exact_amount) / whole if whole else _gross(line)


def _priced(
    bill: Bill, line: InvoiceLine, component: PriceComponent, factors: Factors, pricing: PricingUnit
) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """Returns list cost, contracted cost, contracted price and list price of a component's line."""
    quantity, amount = exact(line.quantity) / pricing.size, exact(line.exact_amount)
    commitment = bill.commitment(line)
    fixed = bool(line.unit_price) and not line.flat_price
    agreed = _per_unit(line.unit_price, line.per_quantity, pricing) * factors.exchange
    if commitment is not None and commitment.kind == CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY:
        if not component.HasField("price_series"):
            agreed = _per_unit(component.tiers[0].unit_price, component.per_quantity, pricing)
            agreed *= factors.exchange
        contracted, price = agreed * quantity, agreed
        listed, list_price = contracted, price
    else:
        whole = factors.commitment * factors.credits
        before = amount / whole if whole else _gross(line) * factors.exchange
        contracted = before * factors.credits
        price = agreed * factors.credits if fixed else _ratio(contracted, quantity)
        listed, list_price = before, agreed if fixed else _ratio(before, quantity)
    if component.list_price:
        list_price = _per_unit(component.list_price, component.per_quantity, pricing) * factors.exchange
        listed = list_price * quantity
    return listed, contracted, price, list_price


def _units_without(bill: Bill, line: InvoiceLine, held: str) -> Units:
    """Units of a line that is of no component: an unpriced one, or a part of a commitment."""
    commitment = bill.commitment(line)
    if commitment is not None and line.commitment.endswith(":unused"):
        unit = commitment_units(bill, line, commitment)
        return Units(unit, unit.name)
    alike = [
        each
        for each in bill.plan(line).components
        if (each.dimension, each.unit) == (line.dimension, line.unit)
        and each.kind in (ComponentKind.COMPONENT_KIND_TIME, ComponentKind.COMPONENT_KIND_GAUGE_TIME)
    ]
    if alike:  # RATE-UNPRICED-1: then the quantity is in unit-seconds
        return component_units(alike[0], held)
    count = ComponentKind.COMPONENT_KIND_COUNT
    return units_of(line.dimension, line.unit, count, divisor(line.per_quantity), held=held)


def _gross(line: InvoiceLine) -> Fraction:
    """What a line comes to before its factors, in the plan's currency (RATE-AMOUNT-1)."""
    per = divisor(line.per_quantity)
    return exact(line.quantity) * decimal(line.unit_price) / per + decimal(line.flat_price)


def _per_unit(price: str, per_quantity: str, pricing: PricingUnit) -> Fraction:
    """The price of one pricing unit, of a price for `per_quantity`."""
    return decimal(price) * pricing.size / divisor(per_quantity)


def _ratio(cost: Fraction, quantity: Fraction) -> Fraction:
    return cost / quantity if quantity else Fraction(0)


def _product(values: Iterable[Fraction]) -> Fraction:
    result = Fraction(1)
    for value in values:
        result *= value
    return result
