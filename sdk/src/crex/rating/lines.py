"""Lines: what is billed, exact and rounded once, each under its own key (rate/1, steps 15 to 17 and 23)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

from crex.decimals import Money, format_rational, parse_rational
from crex.errors import InvalidScalar, RatingError
from crex.rating.bill import Bill
from crex.rating.charges import Charge, Factor
from crex.rating.multiplier import Multiplier
from crex.rating.plan import Plan
from crex.v1 import InvoiceLine, LineFactor, Pin, Rational
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
        order: Name of the order; nothing: the line is of the account.
        lease: Name of the lease; nothing: the line is of the account.
        component: Component of the plan; nothing where none prices the use, or the line is of none.
        tier: Tier of the component, from 1; nothing where there is none.
        plan: The price plan.
        dimension: Dimension token.
        unit: Unit token.
        quantity: Billed quantity, exact: unit-seconds or unit-months for TIME and GAUGE_TIME, units for
            COUNT; 1 for adjustments.
        unit_price: Price of `per_quantity`, as it is written; nothing on an unpriced line, an adjustment, and
            a line priced by a series.
        per_quantity: The divisor, as it is written; nothing where no price is written, or one without.
        exact_amount: quantity × unit_price ÷ per_quantity, plus flat_price, times each factor.
        amount: The exact amount, rounded once.
        unpriced: Whether no component prices the use (RATE-UNPRICED-1).
        flat_price: Fixed amount of the tier, as the plan writes it; nothing where there is none.
        factors: What the exact amount was multiplied by, in order (RATE-FACTOR-1).
        commitment: Part of a commitment, `<id>:used`, `<id>:unused` or `<id>:upfront`; nothing: none.
        adjustment: `minimum`, `maximum` or the identifier of a credit; nothing: the line bills use.
        account: The account, on a line of the account; nothing: the line is of a lease.
        tax_category: Tax category; nothing: no tax.
        series: Price series that priced it; nothing: none.
    """

    key: str
    order: str | None
    lease: str | None
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
    unpriced: bool = False
    flat_price: str | None = None
    factors: tuple[Factor, ...] = ()
    commitment: str | None = None
    adjustment: str | None = None
    account: str | None = None
    tax_category: str | None = None
    series: str | None = None

    @classmethod
    def of(cls, message: InvoiceLine) -> Self:
        """Returns the line that an invoice or a note carries, in strict form.

        Raises:
            InvalidScalar: A number of it is not in lowest terms, or not of its currency.
        """

        def stated(member: str) -> str | None:
            return getattr(message, member) if message.HasField(member) else None  # type: ignore[arg-type]

        return cls(
            key=message.key,
            order=stated("order"),
            lease=stated("lease"),
            component=stated("component"),
            tier=message.tier if message.HasField("tier") else None,
            plan=message.price_plan,
            dimension=message.dimension,
            unit=message.unit,
            quantity=_fraction(message.quantity),
            unit_price=stated("unit_price"),
            per_quantity=stated("per_quantity"),
            exact_amount=_fraction(message.exact_amount),
            amount=Money.parse(message.amount.currency, message.amount.amount),
            unpriced=message.unpriced,
            flat_price=stated("flat_price"),
            factors=tuple(Factor(one.id, _fraction(one.value)) for one in message.factors),
            commitment=stated("commitment"),
            adjustment=stated("adjustment"),
            account=stated("account"),
            tax_category=stated("tax_category"),
            series=stated("series"),
        )

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
            flat_price=self.flat_price,
            factors=[LineFactor(id=one.id, value=rational(one.value)) for one in self.factors],
            commitment=self.commitment,
            adjustment=self.adjustment,
            account=self.account,
            tax_category=self.tax_category,
            series=self.series,
        )

    def adjusted(self, adjustment: str, minor: int) -> Line:
        """Returns the line of an adjustment made to this one (rating.md, Adjustments).

        Args:
            adjustment: `maximum` or the identifier of a credit.
            minor: By how much, in minor units; below zero lowers.

        Raises:
            RatingError: LIMIT if the amount has more than 18 integer digits.
        """
        before, _, _ = self.key.rpartition(_SEPARATOR)
        amount = money(self.amount.currency, minor, f"Adjustment {adjustment}")
        return replace(
            self,
            key=f"{before}{_SEPARATOR}{adjustment}",
            quantity=Fraction(1),
            unit_price=None,
            per_quantity=None,
            exact_amount=amount.value,
            amount=amount,
            unpriced=False,
            flat_price=None,
            factors=(),
            adjustment=adjustment,
            series=None,
        )


def line_of(charge: Charge, multiplier: Multiplier, bill: Bill) -> Line:
    """Returns the line of a charge, rounded once (RATE-ROUND-1).

    Raises:
        RatingError: LIMIT if the amount has more than 18 integer digits.
    """
    factors = () if charge.unpriced else tuple(multiplier.factors(charge))
    exact = charge.exact
    for factor in factors[len(charge.factors) :]:
        exact *= factor.value
    component, lease, plan = charge.component, charge.lease, charge.plan
    dimension, unit = charge.use
    return Line(
        key=line_key(
            order=lease.order if lease else "",
            owner=lease.name if lease else bill.account or "",
            component=f"{dimension}{_UNPRICED}{unit}"
            if charge.unpriced
            else component.id
            if component
            else "",
            plan=plan,
            tier=charge.tier,
            commitment=charge.commitment or "",
        ),
        order=lease.order if lease else None,
        lease=lease.name if lease else None,
        component=component.id if component else None,
        tier=charge.tier,
        plan=plan.pin,
        dimension=dimension,
        unit=unit,
        quantity=charge.quantity,
        unit_price=charge.unit_price,
        per_quantity=charge.per_quantity,
        exact_amount=exact,
        amount=_rounded(plan.billed_currency, exact, component.id if component else dimension),
        unpriced=charge.unpriced,
        flat_price=charge.flat_price,
        factors=factors,
        commitment=charge.commitment,
        account=None if lease else bill.account,
        tax_category=_tax_category(charge),
        series=charge.series if charge.commitment is None else None,
    )


def line_key(
    *,
    order: str,
    owner: str,
    component: str,
    plan: Plan,
    tier: int | None,
    commitment: str = "",
    adjustment: str = "",
) -> str:
    """Returns the key of a line: seven texts, empty where it has none (RATE-KEY-1)."""
    number = "" if tier is None else str(tier)
    return _SEPARATOR.join((order, owner, component, plan.pin.sha256, number, commitment, adjustment))


def key_order(line: Line) -> bytes:
    """Returns what lines are sorted by: the UTF-8 bytes of their keys."""
    return line.key.encode()


def rational(value: Fraction) -> Rational:
    """Returns a number as a message, in lowest terms."""
    num, den = format_rational(value)
    return Rational(num=num, den=den)


def money(currency: str, minor: int, what: str) -> Money:
    """Returns an amount in minor units.

    Raises:
        RatingError: LIMIT if it has more than 18 integer digits.
    """
    try:
        return Money(currency, minor)
    except InvalidScalar as error:
        raise _too_large(what, currency) from error


def _tax_category(charge: Charge) -> str | None:
    """Returns the component's category, or that of lines without one (RATE-TAX-1)."""
    if charge.component is not None:
        return charge.component.tax_category
    return None if charge.unpriced else charge.plan.adjustment_tax_category


def _fraction(message: Rational) -> Fraction:
    return parse_rational(message.num, message.den)


def _rounded(currency: str, exact: Fraction, component: str) -> Money:
    """Rounds a line, the one time it is rounded (step 17, RATE-ROUND-1)."""
    try:
        return Money.rounded(currency, exact)
    except InvalidScalar as error:
        raise _too_large(f"Component {component}", currency) from error


def _too_large(what: str, currency: str) -> RatingError:
    return RatingError(
        "LIMIT",
        f"{what} comes to an amount of more than 18 integer digits in {currency}, which no invoice can "
        "state. Check the plan's price and divisor against the metered quantity (step 17).",
        details={"step": "17", "requirement": "RATE-ROUND-1"},
    )
