"""A demand, checked and resolved at one instant: all that matching needs to know of it.

Whoever matches compiles the demand once and judges every offer by the same `Query`: the SDK one by one, a
broker's index column by column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Final

from crex import v1
from crex.decimals import parse_rational
from crex.demand.checker import check
from crex.demand.explain import Condition, conditions
from crex.demand.nodes import Compare, Node, descend
from crex.demand.offer_constraints import demand_body
from crex.demand.paths import Root
from crex.demand.preferences import Wish, check_preferences
from crex.demand.price import DemandPrice, Pricer, in_currency
from crex.demand.terms import Wanted, wanted
from crex.demand.view import OfferView, Surroundings
from crex.errors import InvalidScalar, RequirementError, Violation

MAX_ALTERNATIVES: Final = 8


@dataclass(frozen=True, slots=True)
class Query:
    """A demand that can be matched.

    Attributes:
        want: What is wanted, resolved.
        alternatives: Conditions of the demand's requirement and of each of its alternatives, in order; each
            ends with the terms of the offer.
        preferences: What is liked.
        rates: Units of the demand's currency for one unit of others.
    """

    want: Wanted
    alternatives: tuple[tuple[Condition, ...], ...]
    preferences: tuple[Wish, ...]
    rates: Mapping[str, Fraction]

    def wanting(self, want: Wanted) -> Query:
        """Gives the same for another count or duration."""
        return replace(self, want=want)

    def around(self, view: OfferView, price_of: Pricer) -> tuple[Surroundings, DemandPrice]:
        """Brings an offer and the demand together: the time that is wanted of it, and what that costs."""
        want, demand = self.want, self.want.demand
        time = want.time_at(view)
        price = DemandPrice.unknown("the offer's price plan is not at hand")
        if view.plan:
            found = price_of(demand, view.plan, view.offer, time=time)
            price = in_currency(found, demand.currency, self.rates)
        body = demand_body(
            count=want.count,
            time=time,
            currency=demand.currency,
            quantities=demand.quantities,
            properties=demand.properties,
        )
        return Surroundings(view, want.now, price.exact, time, body), price


def compile_demand(demand: v1.Demand, *, now: datetime) -> Query:
    """Checks a demand and resolves it at an instant.

    Raises:
        RequirementError: The demand cannot be used; see `crex.demand.checker`, `crex.demand.terms.wanted`,
            `crex.demand.preferences` and the rules cited here. Places in alternatives begin with
            `$.alternatives[n]`.
    """
    want = wanted(demand, now=now)
    rates = _rates(demand)
    nodes = tuple(_nodes(demand))
    preferences = check_preferences(demand.preferences)
    _refuse_price_without_currency(demand, nodes, preferences)
    return Query(want, tuple(conditions(node) for node in nodes), preferences, rates)


def _nodes(demand: v1.Demand) -> Iterator[Node | None]:
    """Gives the requirement and its alternatives, checked (DEMAND-ALTERNATIVE-1)."""
    if len(demand.alternatives) > MAX_ALTERNATIVES:
        message = f"{len(demand.alternatives)} alternatives, of at most {MAX_ALTERNATIVES}"
        raise _refused("$.alternatives", message, "DEMAND-ALTERNATIVE-1", "join some with `or`")
    yield check(demand.requirement) if demand.HasField("requirement") else None
    for index, alternative in enumerate(demand.alternatives):
        try:
            yield check(alternative)
        except RequirementError as error:
            place = f"$.alternatives[{index}]"
            moved = [replace(one, path=place + one.path.removeprefix("$")) for one in error.violations]
            raise RequirementError(error.reason, error.message, violations=moved) from None


def _rates(demand: v1.Demand) -> dict[str, Fraction]:
    """Reads the rates of exchange (DEMAND-FX-1)."""
    rates: dict[str, Fraction] = {}
    for index, entry in enumerate(demand.fx):
        place, message, fix = f"$.fx[{index}]", "", "state one rate, above zero, for each other currency"
        try:
            rate = parse_rational(entry.rate.num, entry.rate.den)
        except InvalidScalar as error:
            rate, message = Fraction(0), error.message
        if not demand.currency:
            message, fix = "a rate of exchange, and the demand states no currency", "state the currency"
        elif entry.currency == demand.currency or entry.currency in rates:
            message = f"a second rate for {entry.currency}, or one for the demand's own currency"
        elif rate <= 0:
            message = message or "the rate is not above zero"
        if message:
            raise _refused(place, message, "DEMAND-FX-1", fix)
        rates[entry.currency] = rate
    return rates


def _refuse_price_without_currency(
    demand: v1.Demand, nodes: tuple[Node | None, ...], preferences: tuple[Wish, ...]
) -> None:
    """Refuses to compare prices where nobody says in which currency (DEMAND-CURRENCY-2)."""
    if demand.currency:
        return
    parts = (part for node in nodes if node is not None for part in descend(node))
    compared = any(isinstance(part, Compare) and part.path.root is Root.PRICE for part in parts)
    if compared or any(wish.path.root is Root.PRICE for wish in preferences):
        message = "`price` is compared, and the demand states no currency"
        raise _refused(
            "$.currency", message, "DEMAND-CURRENCY-2", "state the currency of the demand, such as CNY"
        )


def _refused(place: str, message: str, requirement: str, fix: str) -> RequirementError:
    violation = Violation(place, message, requirement, fix)
    return RequirementError("SCHEMA", f"The demand cannot be used: {message}.", violations=[violation])
