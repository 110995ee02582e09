"""Searches a view: the best offers for a demand, in the order of the reference (MATCH-ORDER-1).

Without an explanation most of a search is not to look. Offers of one currency stand by ascending bound of
their price; they are judged in runs, and the search ends once no later offer can cost less than the last of
those found: their bounds lie above its price. Conditions are tried one after the other on what is left, the
cheap ones first. With preferences, alternatives or further quantities more is judged, by the same means.
"""

from __future__ import annotations

import heapq
from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from crex import v1
from crex.demand.explain import Condition
from crex.demand.matching import Order, order_of
from crex.demand.nodes import Compare, ElementNode, Group, descend
from crex.demand.paths import Root
from crex.demand.preferences import score
from crex.demand.price import PlanPricer
from crex.demand.query import Query
from crex.demand.terms import Term
from crex.metering.span import ms_timestamp
from crex_broker.index.batch import Judge
from crex_broker.index.columns import Flags, Ints
from crex_broker.index.corpus import Entry
from crex_broker.index.prices import Prices, margin
from crex_broker.index.segment import Segment
from crex_broker.index.truths import TRUE

# Offers of the first run; every next one is four times as long, up to the last figure.
_FIRST_RUN: Final = 8192
_LONGEST_RUN: Final = 131_072


@dataclass(frozen=True, slots=True)
class View:
    """What a reader sees: two segments at one change.

    Attributes:
        segments: Segments, and how many of their offers there are for this reader.
        change: Number of the last change that it sees.
    """

    segments: tuple[tuple[Segment, int], ...]
    change: int


@dataclass(frozen=True, slots=True)
class Found:
    """An offer that matches: where it is, and what orders it."""

    segment: Segment
    row: int
    alternative: int


class Search:
    """One query over one view."""

    def __init__(self, view: View, query: Query, now_ms: int, pricer: PlanPricer) -> None:
        self.view = view
        self.query = query
        self.now_ms = now_ms
        self.pricer = pricer
        self.prices = Prices(query, pricer)
        self._order = [_cheapest_first(conditions) for conditions in query.alternatives]

    # --- all that match ---

    def everything(self) -> Iterator[tuple[Segment, Ints]]:
        """Gives the offers of the view, by segment."""
        for segment, rows in self.view.segments:
            yield segment, segment.there(rows, self.view.change, self.now_ms)

    def met(self, segment: Segment, rows: Ints, alternative: int) -> Flags:
        """Tells which offers meet a requirement; conditions are tried on what is left."""
        left = np.arange(len(rows), dtype=np.int64)
        conditions = self.query.alternatives[alternative]
        for number in self._order[alternative]:
            if not len(left):
                break
            truths = Judge(segment, rows[left], self.query, self.prices).truths(conditions[number])
            left = left[truths == TRUE]
        found = np.zeros(len(rows), np.bool_)
        found[left] = True
        return found

    def count(self) -> int:
        """Counts the offers that match."""
        total = 0
        for segment, rows in self.everything():
            left = rows
            for alternative in range(len(self.query.alternatives)):
                met = self.met(segment, left, alternative)
                total += int(met.sum())
                left = left[~met]
        return total

    # --- the best of them ---

    def best(self, limit: int) -> list[v1.Candidate]:
        """Gives the first candidates."""
        if self.query.preferences:
            return self._best_liked(limit)
        found: list[v1.Candidate] = []
        for alternative in range(len(self.query.alternatives)):
            if len(found) < limit:
                found += self._best_of(alternative, limit - len(found))
        return found

    def _best_of(self, alternative: int, limit: int) -> list[v1.Candidate]:
        """Gives the first matches of one requirement that meet none before it."""
        known: list[v1.Candidate] = []
        unknown: list[tuple[bytes, Segment, int]] = []
        for currencies in self._currencies():
            known += self._known(alternative, currencies, limit - len(known), unknown)
            if len(known) >= limit:
                return known
        # Those whose price is not known: by name alone.
        for segment, rows in self._other():
            unknown += [
                (segment.entry(int(row)).id_bytes, segment, int(row))
                for row in self._of(segment, rows, alternative)
            ]
        first = heapq.nsmallest(limit - len(known), unknown, key=lambda one: one[0])
        return known + [self.candidate(segment, row, alternative) for _, segment, row in first]

    def _known(
        self,
        alternative: int,
        currencies: Sequence[str],
        limit: int,
        unknown: list[tuple[bytes, Segment, int]],
    ) -> list[v1.Candidate]:
        """Gives the cheapest offers among those of some currencies that are compared with each other."""
        best = _Best(limit)
        runs = [run for currency in currencies for run in self._runs(currency)]
        heapq.heapify(runs)
        while runs and not best.settled(runs[0].bound):
            run = heapq.heappop(runs)
            self._take(run, alternative, best, unknown)
            following = run.following()
            if following is not None:
                heapq.heappush(runs, following)
        return [self.candidate(segment, row, alternative) for segment, row in best.found()]

    def _take(
        self, run: _Run, alternative: int, best: _Best, unknown: list[tuple[bytes, Segment, int]]
    ) -> None:
        """Takes in the offers of a run, up to where no later one can come among the best."""
        segment = run.segment
        rows = self._of(segment, run.rows(self), alternative)
        bounds = np.full(len(rows), -np.inf)
        if segment.sorted and run.scale is not None:
            bounds = segment.bounds(rows) * run.scale
        for row, bound in zip(rows.tolist(), bounds.tolist(), strict=True):
            if best.settled(bound):
                return
            entry = segment.entry(row)
            price = self.prices.of(entry, segment.corpus)
            if price.exact is None:
                unknown.append((entry.id_bytes, segment, row))
            else:
                best.add(price.exact, entry, segment, row)

    def _of(self, segment: Segment, rows: Ints, alternative: int) -> Ints:
        """Gives those of some offers that meet a requirement and none before it."""
        left = rows[self.met(segment, rows, alternative)]
        for earlier in range(alternative):
            left = left[~self.met(segment, left, earlier)]
        return left

    def _currencies(self) -> list[list[str]]:
        """Gives the currencies whose prices count: those that are compared together, in order."""
        names = {str(word) for segment, _ in self.view.segments for word in _currency_words(segment)}
        counting = sorted(name for name in names if self.prices.factor(name) is not None)
        if self.query.want.demand.currency:
            return [counting]
        return [[name] for name in counting]

    def _runs(self, currency: str) -> Iterator[_Run]:
        """Gives the first run of each segment that has offers in a currency."""
        scale = self.prices.scale(currency)
        for segment, rows in self.view.segments:
            if segment.sorted:
                begin, end = segment.currencies.get(currency, (0, 0))
                if begin < end:
                    yield _Run.at(segment, begin, end, scale, _FIRST_RUN)
            else:
                yield _Run(float("-inf"), segment, 0, rows, rows, scale, currency)

    def _other(self) -> Iterator[tuple[Segment, Ints]]:
        """Gives the offers in currencies whose prices do not count."""
        for segment, rows in self.everything():
            words = [str(word) for word in _currency_words(segment)]
            counts = np.array([self.prices.factor(word) is not None for word in words] + [False])
            codes = segment.corpus.plan_table.codes("currency").values.data[segment.plans(rows)]
            yield segment, rows[~counts[np.minimum(codes, len(words))]]

    def candidate(
        self, segment: Segment, row: int, alternative: int, points: int | None = None
    ) -> v1.Candidate:
        """Makes the candidate of an offer; the reference makes the same (`Match.candidate`)."""
        entry, corpus = segment.entry(row), segment.corpus
        found = v1.Candidate(
            offer_id=entry.id,
            revision=entry.revision,
            sha256=entry.offer,
            holdable=entry.granted is not None,
            alternative=alternative,
            score=points,
        )
        if self.query.want.window is not None:
            found.start.CopyFrom(ms_timestamp(self.prices.time(entry, corpus).start_ms))
        self.prices.of(entry, corpus).into(found)
        return found

    def _best_liked(self, limit: int) -> list[v1.Candidate]:
        """Gives the first candidates where preferences order them: every match gets its score."""
        candidates: list[v1.Candidate] = []
        for alternative in range(len(self.query.alternatives)):
            liked: list[tuple[Order, Segment, int, int]] = []
            for segment, rows in self.everything():
                met = self._of(segment, rows, alternative)
                for row, points in zip(met.tolist(), self._scores(segment, met), strict=True):
                    entry = segment.entry(row)
                    order = order_of(
                        alternative, points, self.prices.of(entry, segment.corpus), entry.id_bytes
                    )
                    liked.append((order, segment, row, points))
            first = heapq.nsmallest(limit - len(candidates), liked, key=lambda one: one[0])
            candidates += [
                self.candidate(segment, row, alternative, points) for _, segment, row, points in first
            ]
            if len(candidates) >= limit:
                break
        return candidates

    def _scores(self, segment: Segment, rows: Ints) -> list[int]:
        """Gives the scores of some offers."""
        corpus = segment.corpus
        return [
            score(self.query.preferences, self.prices.around(segment.entry(row), corpus)[0])
            for row in rows.tolist()
        ]


def _currency_words(segment: Segment) -> Sequence[object]:
    return segment.corpus.plan_table.codes("currency").words


@dataclass(eq=False, slots=True)
class _Run:
    """Offers of one currency that are judged next, and those that follow them.

    Attributes:
        bound: What none of them costs less than, in the demand's currency; minus infinity where nobody knows.
        segment: Where they are.
        begin: First row.
        end: Row after the last.
        last: Row after the last offer of the currency.
        scale: What bounds are multiplied by; None: they say nothing.
        currency: Only offers of this currency, in a segment that is not sorted.
    """

    bound: float
    segment: Segment
    begin: int
    end: int
    last: int
    scale: float | None
    currency: str = ""

    @classmethod
    def at(cls, segment: Segment, begin: int, last: int, scale: float | None, length: int) -> _Run:
        """Gives the run that begins at a row."""
        bound = float("-inf")
        if scale is not None:
            bound = float(segment.bounds(slice(begin, begin + 1))[0]) * scale
        return cls(bound, segment, begin, min(begin + length, last), last, scale)

    def __lt__(self, other: _Run) -> bool:
        return self.bound < other.bound

    def rows(self, search: Search) -> Ints:
        """Gives the offers of the run that the reader sees."""
        view, segment = search.view, self.segment
        rows = np.arange(self.begin, self.end, dtype=np.int64)
        rows = rows[segment.alive(rows, view.change, search.now_ms)]
        if self.currency:
            column = segment.corpus.plan_table.codes("currency")
            rows = rows[column.values.data[segment.plans(rows)] == column.known(self.currency)]
        return rows

    def following(self) -> _Run | None:
        """Gives the next run; None after the last."""
        if self.end >= self.last:
            return None
        length = min(4 * (self.end - self.begin), _LONGEST_RUN)
        return _Run.at(self.segment, self.end, self.last, self.scale, length)


class _Best:
    """The cheapest offers so far, equal prices by name."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._found: list[tuple[Fraction, bytes, int, Segment, int]] = []
        self._last = float("inf")

    def add(self, price: Fraction, entry: Entry, segment: Segment, row: int) -> None:
        """Takes an offer in."""
        # Names differ, so nothing after them is ever compared.
        new = price, entry.id_bytes, id(segment), segment, row
        # The usual case, because offers come in the order of their bounds.
        is_last = not self._found or self._found[-1] < new
        if len(self._found) < self._limit:
            if is_last:
                self._found.append(new)
            else:
                insort(self._found, new)
        elif is_last:
            return
        else:
            insort(self._found, new)
            del self._found[self._limit :]
        if len(self._found) == self._limit:
            last = float(self._found[-1][0]) if self._found else 0.0
            self._last = last + margin(last)

    def settled(self, bound: float) -> bool:
        """Tells whether nothing that costs at least `bound`, as a rounded figure, can come among the best.

        Both are rounded; only where they lie apart by more than that is the order certain.
        """
        return self._last < bound - margin(bound) if self._limit else True

    def found(self) -> list[tuple[Segment, int]]:
        """Gives the offers, the cheapest first."""
        return [(segment, row) for _, _, _, segment, row in self._found]


def _cheapest_first(conditions: Sequence[Condition]) -> list[int]:
    """Orders conditions by what it takes to judge them."""
    return sorted(range(len(conditions)), key=lambda number: (_effort(conditions[number]), number))


def _effort(condition: Condition) -> int:
    if isinstance(condition, Term):
        return 9 if condition is Term.CONSTRAINTS else 0
    effort = 0
    for node in descend(condition):
        if isinstance(node, Compare):
            effort += 8 if node.path.root is Root.PRICE else 3 if node.path.repeated else 1
        elif isinstance(node, (ElementNode, Group)):
            effort += 4
    return effort
