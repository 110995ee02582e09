"""Some offers of a segment, ready to be judged by the conditions of a query."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from functools import cached_property
from typing import Final

import numpy as np

from crex.demand.evaluator import truth
from crex.demand.explain import Condition, truth_of
from crex.demand.nodes import ORDERING, Compare, Node, Op
from crex.demand.paths import Root
from crex.demand.query import Query
from crex.demand.terms import Term
from crex.demand.view import OfferView, Surroundings
from crex.documents.times import to_ms
from crex.metering.span import Span
from crex_broker.index.columns import MISSING, Flags, IntColumn, Ints
from crex_broker.index.corpus import NO_ROW, ROOTS, Entry
from crex_broker.index.follow import Claims, Rows
from crex_broker.index.prices import Prices
from crex_broker.index.segment import Segment
from crex_broker.index.truths import FALSE, TRUE, UNKNOWN, Batch, Truths, stated, truths

_NO_OFFER: Final = OfferView(offer={})


class Judge:
    """Judges some offers of one segment."""

    def __init__(self, segment: Segment, rows: Ints, query: Query, prices: Prices) -> None:
        self.segment = segment
        self.rows = rows
        self._query = query
        self._prices = prices
        self._corpus = segment.corpus
        self._batch = Batch(
            count=len(rows),
            claims=Claims(to_ms(query.want.now), lambda number: self.entry(number).names),
            root=self._root,
            time=lambda: self._times,
            price=self._price_truths,
            singly=self._singly,
        )

    def entry(self, number: int) -> Entry:
        """Gives an offer by its number among those that are judged."""
        return self.segment.entry(int(self.rows[number]))

    def around(self, number: int) -> Surroundings:
        """Brings one offer and the demand together."""
        return self._prices.around(self.entry(number), self._corpus)[0]

    def truths(self, condition: Condition) -> Truths:
        """Gives the truth of a condition for every offer."""
        found = self._term(condition) if isinstance(condition, Term) else truths(condition, self._batch)
        if self.segment.has_odd:
            found = found.copy()
            for number in np.flatnonzero(self.segment.odd(self.rows)):
                found[number] = truth_of(condition, self.around(int(number)), self._query.want).value
        return found

    def states(self, node: Compare) -> Flags:
        """Tells which offers state a value at the path of a comparison that begins at the offer."""
        if node.path.root is Root.PRICE:
            numbers = range(len(self.rows))
            known = (
                self._prices.of(self.entry(number), self._corpus).exact is not None for number in numbers
            )
            return np.fromiter(known, np.bool_, len(self.rows))
        return stated(node, self._batch)

    def time(self, number: int) -> Span:
        """Gives the time that is wanted of one offer."""
        return self._prices.time(self.entry(number), self._corpus)

    # --- what the requirement asks ---

    def _root(self, root: Root) -> tuple[Rows, Flags]:
        if root is Root.PLAN:
            return self._plan_rows()
        table = self._corpus.table(root).table
        rows = self.segment.root(ROOTS.index(root), self.rows)
        stated, offers = rows != NO_ROW, np.arange(len(rows), dtype=np.int64)
        if not stated.all():
            offers = offers[stated]
            rows = rows[stated]
        return Rows(table, table, "", rows, rows, offers), stated

    def _plan_rows(self) -> tuple[Rows, Flags]:
        """Paths into a plan end at its currency, which has a table of its own."""
        table = self._corpus.plan_table
        rows, offers = self.segment.plans(self.rows), np.arange(len(self.rows), dtype=np.int64)
        return Rows(table, table, "", rows, rows, offers), np.ones(len(rows), np.bool_)

    @cached_property
    def _times(self) -> tuple[Ints, Ints]:
        want, count = self._query.want, len(self.rows)
        length_ms = want.duration // timedelta(milliseconds=1)
        if want.window is None:
            time = want.time_at(_NO_OFFER)
            return np.full(count, time.start_ms), np.full(count, time.end_ms)
        starts = np.fromiter(
            (self._prices.time(self.entry(number), self._corpus).start_ms for number in range(count)),
            np.int64,
            count,
        )
        return starts, starts + length_ms

    def _singly(self, node: Node) -> Truths:
        """Judges a node by the evaluator, once for all offers that stand on the same documents."""
        known: dict[object, int] = {}
        found = np.empty(len(self.rows), np.int8)
        for number in range(len(self.rows)):
            entry = self.entry(number)
            key = (entry.unit or entry.resource, entry.site, entry.names)
            if key not in known:
                known[key] = truth(node, self.around(number), None).value
            found[number] = known[key]
        return found

    def _price_truths(self, node: Compare) -> Truths:
        """Compares prices: by their bounds in floating point where these decide, else exactly."""
        low, high, known = self._prices.between(self.segment, self.rows)
        found = np.full(len(self.rows), UNKNOWN, np.int8)
        open_ = np.ones(len(self.rows), np.bool_)
        if node.op in ORDERING:
            operand = float(Fraction(_number(node.operands[0])))
            below, above = known & (high < operand), known & (low > operand)
            upper = node.op in (Op.LT, Op.LE)
            found[below], found[above] = (TRUE, FALSE) if upper else (FALSE, TRUE)
            open_ = ~(below | above)
        for number in np.flatnonzero(open_):
            price = self._prices.of(self.entry(int(number)), self._corpus)
            around = Surroundings(_NO_OFFER, self._query.want.now, price.exact)
            found[number] = truth(node, around, None).value
        return found

    # --- what the terms of the offer say ---

    def _term(self, term: Term) -> Truths:
        want = self._query.want
        if term is Term.QUANTITY:
            return self._quantity(want.count)
        if term is Term.DURATION:
            length_ms = want.duration // timedelta(milliseconds=1)
            shortest, longest = self._offer("terms.minDuration"), self._offer("terms.maxDuration")
            fits = (shortest == MISSING) | (shortest <= length_ms)
            return _truth(fits & ((longest == MISSING) | (length_ms <= longest)))
        if term is Term.VALIDITY:
            until = self._offer("header.validUntil")
            found = _truth(to_ms(want.now) < until)
            found[until == MISSING] = UNKNOWN
            return found
        found = np.full(len(self.rows), TRUE, np.int8)
        for number in np.flatnonzero(self.segment.constrained(self.rows)):
            found[number] = truth_of(term, self.around(int(number)), want).value
        return found

    def _quantity(self, count: int) -> Truths:
        """Tells which offers sell a number of units: a multiple of the step, from the least to the most."""
        least, most, step = (self._offer(name) for name in ("minQuantity", "maxQuantity", "stepQuantity"))
        steps = np.where(step > 0, step, 1)
        enough = count >= np.where(least > 0, least, 1)
        bounded = (most < 0) | (count <= most)  # what is missing is below 0, too
        return _truth(enough & bounded & (count % steps == 0))

    def _offer(self, path: str) -> Ints:
        """Gives a number that offers state; MISSING where they do not."""
        rows = self.segment.root(ROOTS.index(Root.OFFER), self.rows)
        column = self._corpus.table(Root.OFFER).table.columns.get(path)
        if not isinstance(column, IntColumn):
            return np.full(len(rows), MISSING, np.int64)
        found: Ints = column.values.data[rows]
        return found


def _truth(holds: Flags) -> Truths:
    found: Truths = holds.astype(np.int8) * np.int8(TRUE)
    return found


def _number(operand: object) -> int | Fraction:
    return operand if isinstance(operand, (int, Fraction)) else 0
