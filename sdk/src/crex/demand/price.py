"""The price of a demand: what its time, count and quantities cost under an offer's plan (DEMAND-PRICE-1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Protocol

from crex import v1
from crex.decimals import Money, format_rational
from crex.decimals.currencies import EXPONENTS
from crex.demand.view import Json
from crex.documents.convert import to_message
from crex.errors import CrexError, InvalidScalar
from crex.metering.span import Span
from crex.rating import INTERRUPTIBLE_MODE, Plan, UnknownPrice, price_of_demand

# Plans that a pricer keeps ready; a plan is small, and a search prices few plans for many offers.
_READY_PLANS: Final = 4096
# Amounts below this have fewer than 18 digits, however they are rounded (SCALAR-MONEY-1).
_CERTAIN: Final = 10**17
_NO_RATES: Final[Mapping[str, Fraction]] = {}


@dataclass(frozen=True, slots=True)
class DemandPrice:
    """Represents the price of one demand under one plan.

    Attributes:
        exact: The exact price in `currency`, unrounded; None: unknown.
        currency: Currency of the plan; empty where that is not known either.
        unknown_reason: Why the price is unknown, for people; empty: it is known.
    """

    exact: Fraction | None
    currency: str = ""
    unknown_reason: str = ""

    @classmethod
    def unknown(cls, reason: str, currency: str = "") -> DemandPrice:
        """Gives an unknown price; it is never 0 (DEMAND-PRICE-2)."""
        return cls(None, currency, reason)

    def into(self, candidate: v1.Candidate) -> None:
        """Writes the price into a candidate: exact, and rounded once, ties away from zero."""
        if self.exact is None:
            candidate.price_unknown_reason = self.unknown_reason
            return
        rounded = Money.rounded(self.currency, self.exact)
        candidate.price.currency, candidate.price.amount = rounded.currency, rounded.amount
        candidate.exact_price.num, candidate.exact_price.den = format_rational(self.exact)


class Pricer(Protocol):
    """Computes the price of a demand under a plan."""

    def __call__(self, demand: v1.Demand, plan: Json, offer: Json, /, *, time: Span) -> DemandPrice:
        """Gives the price, in the plan's currency.

        Args:
            demand: What is to be bought.
            plan: Body of the price plan.
            offer: Body of the offer.
            time: When it is wanted of this offer.
        """
        ...


def in_currency(price: DemandPrice, wanted: str, rates: Mapping[str, Fraction] = _NO_RATES) -> DemandPrice:
    """Converts a price into the wanted currency, or makes it unknown (DEMAND-FX-1, DEMAND-CURRENCY-1).

    Args:
        price: The price in the plan's currency.
        wanted: The demand's currency; empty: any.
        rates: Units of the wanted currency for one unit of others.
    """
    if price.exact is None:
        return price
    if wanted and price.currency != wanted:
        rate = rates.get(price.currency)
        if rate is None:
            reason = f"priced in {price.currency}; the demand asks for {wanted}"
            return DemandPrice.unknown(reason, price.currency)
        return _expressible(DemandPrice(price.exact * rate, wanted))
    return _expressible(price)


def _expressible(price: DemandPrice) -> DemandPrice:
    """Makes an amount unknown that no money can state."""
    if price.currency in EXPONENTS and -_CERTAIN < (price.exact or 0) < _CERTAIN:
        return price
    try:
        Money.rounded(price.currency, price.exact or Fraction(0))
    except InvalidScalar as error:
        return DemandPrice.unknown(error.message, price.currency)
    return price


def place_of(offer: Json) -> tuple[str, bool]:
    """Gives what of an offer's terms restrictions of a plan ask for (RATE-RESTRICTION-1).

    Returns:
        Its region, empty where it states none, and whether it is interruptible.
    """
    terms = offer.get("terms")
    stated = terms if isinstance(terms, Mapping) else {}
    return str(stated.get("region", "")), stated.get("mode") == INTERRUPTIBLE_MODE


class PlanPricer:
    """Prices demands by the rules of rating (DEMAND-PRICE-1).

    It keeps the plans it has met ready. A plan is known again by the object that holds its body, so a body
    must not be changed after it was priced.
    """

    def __init__(self) -> None:
        self._ready: dict[int, tuple[Json, Plan]] = {}

    def __call__(self, demand: v1.Demand, plan: Json, offer: Json, /, *, time: Span) -> DemandPrice:
        """Gives the price of a demand; see `Pricer`."""
        currency = str(plan.get("currency", ""))
        region, interruptible = place_of(offer)
        try:
            price = price_of_demand(
                self._plan(plan),
                demand.count,
                time.seconds,
                demand.quantities,
                interval=time,
                region=region,
                interruptible=interruptible,
            )
        except CrexError as error:
            return DemandPrice.unknown(f"the price plan cannot be used: {error.message}", currency)
        if isinstance(price, UnknownPrice):
            return DemandPrice.unknown(price.reason, currency)
        return DemandPrice(price, currency)

    def _plan(self, body: Json) -> Plan:
        known = self._ready.get(id(body))
        if known is not None:
            return known[1]
        plan = Plan.of(to_message(dict(body), v1.PricePlan))
        if len(self._ready) >= _READY_PLANS:
            self._ready.clear()
        self._ready[id(body)] = body, plan
        return plan
