"""The offers that can be searched, as columns (ADR 0019).

Whoever publishes adds to a short segment at the end and lets the older state of an offer go; whoever searches
takes both segments as they are at that instant and waits for nobody. When the short one has grown, a thread
puts the two together in price order, and the result takes their place.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from crex import v1
from crex.demand.price import PlanPricer
from crex.demand.query import compile_demand
from crex.documents.convert import to_timestamp
from crex.documents.times import to_ms
from crex_broker.application.ports.offers import StandingOffer
from crex_broker.index.corpus import Corpus, Entry
from crex_broker.index.explaining import explain as explained
from crex_broker.index.judging import ColumnMatches
from crex_broker.index.search import Search, View
from crex_broker.index.segment import Segment, in_price_order

_log = logging.getLogger("crex_broker")

# Offers that the short segment may have before it is merged: so many, or this part of those of the long one.
_SHORT: Final = 2048
_PART: Final = 16
# How many times as many documents as its offers stand on a corpus may have before it is made anew: documents
# of offers that are gone stay in it until then.
_WASTE: Final = 2


class ColumnIndex:
    """`OfferIndex` over columns: every published offer, in memory."""

    def __init__(self, *, background: bool = True) -> None:
        """Makes an empty index.

        Args:
            background: Whether segments are merged by a thread of their own rather than by whoever adds.
        """
        self._background = background
        self._lock = threading.Lock()
        self._change = 0
        self._corpus = Corpus()
        self._base = in_price_order((), self._corpus)
        self._short = Segment(self._corpus)
        # Where the present state of each offer is; the version of its last state, that of removed ones too.
        self._where: dict[str, tuple[Segment, int]] = {}
        self._versions: dict[str, int] = {}
        # Offers that changed since a merge began.
        self._touched: set[str] = set()
        self._merging: threading.Thread | None = None
        self._pricer = PlanPricer()

    def __len__(self) -> int:
        return len(self._where)

    @property
    def documents(self) -> int:
        """Documents that are kept, those that no offer stands on any more among them."""
        return self._corpus.documents

    @property
    def nbytes(self) -> int:
        """Memory of documents, tables and segments, as far as it can be told."""
        return self._corpus.nbytes + self._base.nbytes + self._short.nbytes

    def put(self, offer: StandingOffer) -> None:
        """Takes in an offer that stands; an older state than the one it has changes nothing."""
        with self._lock:
            self._put(offer)
            due = self._is_due()
        if due:
            self._start_merge()

    def _put(self, offer: StandingOffer) -> None:
        record = offer.record
        known = self._versions.get(record.id)
        # The same state again replaces itself: a document behind it may have changed.
        if known is not None and (
            known > record.version or (known == record.version and record.id not in self._where)
        ):
            return
        entry = self._corpus.add(offer)
        self._change += 1
        older = self._where.get(record.id)
        row = self._short.add(entry)
        if older is not None:
            older[0].remove(older[1], self._change)
        self._where[record.id] = self._short, row
        self._versions[record.id] = record.version
        self._touched.add(record.id)

    def remove(self, id_: str, version: int) -> None:
        """Takes an offer out, unless it has a later state than `version`."""
        with self._lock:
            if self._versions.get(id_, version) > version:
                return
            self._versions[id_] = version
            self._touched.add(id_)
            older = self._where.pop(id_, None)
            if older is not None:
                self._change += 1
                older[0].remove(older[1], self._change)

    def load(self, offers: Iterable[StandingOffer]) -> None:
        """Takes in all offers that stand, at start."""
        with self._lock:
            for offer in offers:
                self._put(offer)
        self.merge()

    def search(
        self, demand: v1.Demand, *, limit: int, explain: bool, now: datetime
    ) -> v1.SearchOffersResponse:
        """Matches a demand against every offer that has not expired.

        Raises:
            RequirementError: The demand cannot be understood.
        """
        query = compile_demand(demand, now=now)
        search = Search(self._view(), query, to_ms(now), self._pricer)
        return v1.SearchOffersResponse(
            candidates=search.best(limit),
            explanation=explained(search) if explain else None,
            as_of=to_timestamp(now),
        )

    def matches(self, demand: v1.Demand, *, now: datetime) -> ColumnMatches:
        """Begins a search that a policy goes on from.

        Raises:
            RequirementError: The demand cannot be understood.
        """
        query = compile_demand(demand, now=now)
        return ColumnMatches(self._view(), query, to_ms(now), self._pricer)

    def _view(self) -> View:
        with self._lock:
            segments = ((self._base, self._base.rows), (self._short, self._short.rows))
            return View(segments, self._change)

    # --- merging ---

    def _is_due(self) -> bool:
        return self._merging is None and self._short.rows > max(_SHORT, self._base.rows // _PART)

    def _start_merge(self) -> None:
        if not self._background:
            self.merge()
            return
        with self._lock:
            if self._merging is not None:
                return
            self._merging = threading.Thread(target=self._merge_quietly, name="crex-index", daemon=True)
            self._merging.start()

    def _merge_quietly(self) -> None:
        try:
            self.merge()
        except Exception:  # searches go on over the segments as they are
            _log.exception("the search index could not merge its segments")
        finally:
            with self._lock:
                self._merging = None

    def merge(self) -> None:
        """Puts both segments together in price order, and lets the result take their place."""
        with self._lock:
            segments = (self._base, self._base.rows), (self._short, self._short.rows)
            change, self._touched = self._change, set()
        living = [entry for segment, count in segments for entry in segment.living(count, change)]
        corpus = self._corpus
        if corpus.documents > _WASTE * (_documents(living) + _SHORT):
            corpus = Corpus()
            living = [corpus.adopt(entry, self._corpus) for entry in living]
        merged = in_price_order(living, corpus)
        where = {merged.entry(row).id: (merged, row) for row in range(merged.rows)}
        with self._lock:
            self._take_place(merged, where, begun=segments[1][1])

    def _take_place(self, merged: Segment, where: dict[str, tuple[Segment, int]], *, begun: int) -> None:
        """Lets a merged segment take the place of those that there are, with what has changed meanwhile.

        Args:
            merged: The segment.
            where: Where each offer is in it.
            begun: Offers of the short segment that are in it.
        """
        corpus, older = merged.corpus, self._corpus
        rest = Segment(corpus)
        for id_ in self._touched:
            stale, present = where.pop(id_, None), self._where.get(id_)
            if stale is not None:
                merged.remove(stale[1], 0)
            if present is not None and present[1] >= begun:
                entry = present[0].entry(present[1])
                where[id_] = rest, rest.add(entry if corpus is older else corpus.adopt(entry, older))
        self._base, self._short, self._where, self._corpus = merged, rest, where, corpus


def _documents(entries: Iterable[Entry]) -> int:
    """Counts the documents that some offers stand on."""
    shas = {sha for one in entries for sha in (one.offer, one.resource, one.unit, one.site, one.plan)}
    return len(shas - {""})
