"""A run of offers as columns: what decides where an offer stands, and when it came and went.

Every change has a number. An offer is there for a reader whose view has the number n where it came at or
before n and went after it; nothing else of a row ever changes. So a view is two segments and a number:
readers take it without waiting, and whoever writes never waits for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from crex_broker.index.columns import Flags, Growing, Ints
from crex_broker.index.corpus import ROOTS, Corpus, Entry

# Goes at no change so far.
STAYS: Final = (1 << 63) - 1
_FIRST: Final = 256


class Segment:
    """Offers in the order in which they were added.

    Attributes:
        corpus: The documents that they stand on.
        rows: Number of offers.
        entries: The offers.
        went: Number of the change with which each went.
        expire: End of validity of each, in milliseconds.
        bound: Bound of its plan; see `Facts.bound`.
        plan: Number of its plan.
        odd: Whether its truths are left to the evaluator.
        constrained: Whether it asks something of demands.
        roots: Its rows in the tables of `ROOTS`.
        has_odd: Whether there is any such offer.
        sorted: Whether offers of one currency follow each other by ascending bound.
        currencies: Where each currency begins and ends, if they are sorted.
    """

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.rows = 0
        self._room = _FIRST
        self._entries = np.empty(_FIRST, dtype=object)
        self._went = Growing(np.int64, STAYS, _FIRST)
        self._expire = Growing(np.int64, 0, _FIRST)
        self._bound = Growing(np.float64, 0, _FIRST)
        self._plan = Growing(np.int64, 0, _FIRST)
        self._odd = Growing(np.bool_, 0, _FIRST)
        self._constrained = Growing(np.bool_, 0, _FIRST)
        self._roots = tuple(Growing(np.int64, -1, _FIRST) for _ in ROOTS)
        self.has_odd = False
        self.sorted = False
        self.currencies: dict[str, tuple[int, int]] = {}

    def add(self, entry: Entry) -> int:
        """Adds an offer; gives its row."""
        row = self.rows
        if row == self._room:
            self._room *= 2
            larger = np.empty(self._room, dtype=object)
            larger[:row] = self._entries
            self._entries = larger
        facts = self.corpus.plans[entry.plan_row]
        self._entries[row] = entry
        self._went.set(row, STAYS)
        self._expire.set(row, entry.expire_ms)
        self._bound.reserve(row + 1)
        self._bound.data[row] = facts.bound
        self._plan.set(row, entry.plan_row)
        self._odd.set(row, entry.odd)
        self.has_odd = self.has_odd or entry.odd
        self._constrained.set(row, entry.constrained)
        for growing, number in zip(self._roots, entry.rows, strict=True):
            growing.set(row, number)
        self.rows = row + 1
        return row

    def remove(self, row: int, change: int) -> None:
        """Lets an offer go with a change."""
        self._went.data[row] = change

    def entry(self, row: int) -> Entry:
        """Gives an offer."""
        found: Entry = self._entries[row]
        return found

    def ids(self, rows: Ints) -> list[bytes]:
        """Gives the names of some offers, as bytes."""
        entries = self._entries
        return [entries[row].id_bytes for row in rows.tolist()]

    def living(self, rows: int, change: int) -> Iterator[Entry]:
        """Gives, of the first rows, the offers that a view of some change has."""
        for row in np.flatnonzero(self._went.data[:rows] > change):
            yield self._entries[row]

    def there(self, rows: int, change: int, now_ms: int) -> Ints:
        """Gives, of the first rows, those that a view of some change has and that have not expired."""
        went, expire = self._went.data[:rows], self._expire.data[:rows]
        return np.flatnonzero((went > change) & (expire > now_ms))

    def alive(self, rows: Ints, change: int, now_ms: int) -> Flags:
        """Tells which of some rows a view of some change has and have not expired."""
        found: Flags = (self._went.data[rows] > change) & (self._expire.data[rows] > now_ms)
        return found

    def bounds(self, rows: Ints | slice) -> npt.NDArray[np.float64]:
        """Gives the bounds of some rows."""
        found: npt.NDArray[np.float64] = self._bound.data[rows]
        return found

    def plans(self, rows: Ints) -> Ints:
        """Gives the numbers of the plans of some rows."""
        found: Ints = self._plan.data[rows]
        return found

    def odd(self, rows: Ints) -> Flags:
        """Tells which of some rows are left to the evaluator."""
        found: Flags = self._odd.data[rows]
        return found

    def constrained(self, rows: Ints) -> Flags:
        """Tells which of some rows ask something of demands."""
        found: Flags = self._constrained.data[rows]
        return found

    def root(self, number: int, rows: Ints) -> Ints:
        """Gives the rows in the table of a root, by its place in `ROOTS`."""
        found: Ints = self._roots[number].data[rows]
        return found

    @property
    def nbytes(self) -> int:
        """Memory of the columns and of the entries; what CPython adds to each is estimated."""
        growing = (
            self._went,
            self._expire,
            self._bound,
            self._plan,
            self._odd,
            self._constrained,
            *self._roots,
        )
        return sum(one.nbytes for one in growing) + self.rows * (_ENTRY_BYTES + 8)


# A tuple of sixteen, the name of the offer twice, the set of names, the tuple of rows; digests are shared.
_ENTRY_BYTES: Final = 168 + 250 + 216 + 88


def in_price_order(entries: Iterable[Entry], corpus: Corpus) -> Segment:
    """Makes a segment in which the offers of each currency stand by ascending bound."""
    everyone = list(entries)
    facts = [corpus.plans[entry.plan_row] for entry in everyone]
    order = sorted(range(len(everyone)), key=lambda at: (facts[at].currency, facts[at].bound))
    segment = Segment(corpus)
    begin, current = 0, ""
    for at in order:
        if facts[at].currency != current:
            if segment.rows > begin:
                segment.currencies[current] = (begin, segment.rows)
            begin, current = segment.rows, facts[at].currency
        segment.add(everyone[at])
    if segment.rows > begin:
        segment.currencies[current] = (begin, segment.rows)
    segment.sorted = True
    return segment
