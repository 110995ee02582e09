"""The price of one demand under the plans of the offers: exact, each computed once, and only where needed."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from crex.demand.price import DemandPrice, PlanPricer, in_currency, place_of
from crex.demand.query import Query
from crex.demand.view import OfferView, Surroundings
from crex.metering.span import Span
from crex_broker.index.columns import Flags, Ints
from crex_broker.index.corpus import Corpus, Entry
from crex_broker.index.segment import Segment

# How far a price in floating point may be off, relatively: it is a product of at most four roundings, each of
# less than 2^-52. What lies within is computed exactly.
_MARGIN: Final = 1e-12
# Amounts from which money may not be able to state them (SCALAR-MONEY-1): 18 digits, and some room.
_MOST: Final = 1e17
_NO_OFFER: Final = OfferView(offer={})

Floats = npt.NDArray[np.float64]


class Prices:
    """Prices of one query."""

    def __init__(self, query: Query, pricer: PlanPricer) -> None:
        self._query = query
        self._pricer = pricer
        self._known: dict[tuple[int, int, str, tuple[str, bool] | None], DemandPrice] = {}
        demand = query.want.demand
        self._simple = not demand.quantities
        self._held = demand.count * query.want.seconds
        self._time = None if query.want.window is not None else query.want.time_at(_NO_OFFER)

    def time(self, entry: Entry, corpus: Corpus) -> Span:
        """Gives the time that is wanted of an offer."""
        if self._time is not None:
            return self._time
        availability = corpus.listing(entry)
        return self._query.want.time_at(OfferView(offer={}, availability=availability))

    def of(self, entry: Entry, corpus: Corpus) -> DemandPrice:
        """Gives the price of the demand under the plan of an offer, in the demand's currency."""
        time = self.time(entry, corpus)
        place = place_of(corpus.body(entry.offer)) if corpus.plans[entry.plan_row].of_offer else None
        key = (entry.plan_row, time.start_ms, entry.plan, place)
        price = self._known.get(key)
        if price is None:
            price = self._known[key] = self._price(entry, corpus, time)
        return price

    def _price(self, entry: Entry, corpus: Corpus, time: Span) -> DemandPrice:
        facts, demand = corpus.plans[entry.plan_row], self._query.want.demand
        if self._simple and facts.rate is not None and facts.applies(time.start_ms, time.end_ms):
            found = DemandPrice(facts.rate * self._held, facts.currency)
        else:
            found = self._raw(entry, corpus)
        return in_currency(found, demand.currency, self._query.rates)

    def around(self, entry: Entry, corpus: Corpus) -> tuple[Surroundings, DemandPrice]:
        """Brings an offer and the demand together."""
        return self._query.around(corpus.view(entry), lambda *_, **__: self._raw(entry, corpus))

    def _raw(self, entry: Entry, corpus: Corpus) -> DemandPrice:
        """Gives the price in the plan's currency, as a pricer does."""
        time = self.time(entry, corpus)
        offer = corpus.body(entry.offer) if corpus.plans[entry.plan_row].of_offer else {}
        return self._pricer(self._query.want.demand, corpus.body(entry.plan), offer, time=time)

    def factor(self, currency: str) -> Fraction | None:
        """Gives what a price in a currency is multiplied by; None where it does not count (DEMAND-FX-1)."""
        wanted = self._query.want.demand.currency
        if not wanted or currency == wanted:
            return Fraction(1)
        return self._query.rates.get(currency)

    def scale(self, currency: str) -> float | None:
        """Gives what a bound is multiplied by to bound the price; None where no bound holds.

        The bound is per unit and second; quantities that are demanded beside the count may take its place.
        """
        factor = self.factor(currency)
        if factor is None or not self._simple:
            return None
        return float(factor * self._query.want.demand.count * self._query.want.seconds)

    def between(self, segment: Segment, rows: Ints) -> tuple[Floats, Floats, Flags]:
        """Gives a lower and an upper bound of the price of each offer, and whether they hold.

        They hold where the price is linear, known, and of an amount that money can state for certain.
        """
        count = len(rows)
        low, high, known = np.zeros(count), np.zeros(count), np.zeros(count, np.bool_)
        if not self._simple or self._time is None:
            return low, high, known
        plans, table, time = segment.plans(rows), segment.corpus.plan_table, self._time
        column = table.codes("currency")
        scales = [self.scale(str(word)) for word in column.words]
        factors = np.array(
            [*(np.nan if one is None else one for one in scales), np.nan]
        )  # the last: none stated
        price = table.bound.data[plans] * factors[column.values.data[plans]]
        certain = table.linear.data[plans] & (table.start.data[plans] <= time.start_ms)
        certain &= time.end_ms <= table.end.data[plans]
        price[~certain] = np.nan
        known = np.isfinite(price) & (np.abs(price) < _MOST)
        price = np.where(known, price, 0.0)
        margin = np.abs(price) * _MARGIN
        return price - margin, price + margin, known


def margin(price: float) -> float:
    """Gives how far a bound of a price in floating point may be off."""
    return abs(price) * _MARGIN
