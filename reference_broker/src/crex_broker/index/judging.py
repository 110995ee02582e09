"""A search that a trust policy goes on from: what matches otherwise, each offer with what it is attested by.

The policy itself is judged elsewhere (application/judge_policy.py): whoever judges asks for the matches in
their order, as many as it needs, and words what the policy stopped. A search without a policy comes nowhere
near here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crex import v1
from crex.demand.price import PlanPricer
from crex.demand.query import Query
from crex.names import authority_of
from crex.trust.policies.subject import PolicySubject, SubjectPin
from crex_broker.application.ports.offer_index import MatchedOffer
from crex_broker.index.corpus import Corpus, Entry
from crex_broker.index.explaining import explain as explained
from crex_broker.index.search import Search, View
from crex_broker.index.segment import Segment


class _Recorded(Search):
    """A search that keeps where its candidates are."""

    def __init__(self, view: View, query: Query, now_ms: int, pricer: PlanPricer) -> None:
        super().__init__(view, query, now_ms, pricer)
        self.found: dict[str, tuple[Entry, Corpus]] = {}

    def candidate(
        self, segment: Segment, row: int, alternative: int, points: int | None = None
    ) -> v1.Candidate:
        entry = segment.entry(row)
        self.found[entry.id] = entry, segment.corpus
        return super().candidate(segment, row, alternative, points)


class ColumnMatches:
    """`OfferMatches` over one view of the columns: every call sees the same offers at the same instant."""

    def __init__(self, view: View, query: Query, now_ms: int, pricer: PlanPricer) -> None:
        self._search = _Recorded(view, query, now_ms, pricer)
        self._pins: dict[str, SubjectPin] = {}

    def best(self, limit: int) -> list[v1.Candidate]:
        """Gives the first matches; more of them begin with the same."""
        return self._search.best(limit)

    def matched(self, candidate: v1.Candidate) -> MatchedOffer:
        """Gives what an offer of `best` is attested by."""
        entry, corpus = self._search.found[candidate.offer_id]
        return self._matched(entry, corpus, candidate.alternative)

    def every(self) -> Sequence[MatchedOffer]:
        """Gives every match, in no order; prices are not computed."""
        return list(self._every())

    def explain(self) -> v1.MatchExplanation:
        """Explains the offers that do not match, whatever the policy says of the others."""
        return explained(self._search)

    def _every(self) -> Iterator[MatchedOffer]:
        search = self._search
        for segment, rows in search.everything():
            left = rows
            for alternative in range(len(search.query.alternatives)):
                met = search.met(segment, left, alternative)
                for row in left[met].tolist():
                    yield self._matched(segment.entry(row), segment.corpus, alternative)
                left = left[~met]

    def _matched(self, entry: Entry, corpus: Corpus, alternative: int) -> MatchedOffer:
        behind = [
            self._pin(sha256, corpus)
            for sha256 in dict.fromkeys((entry.resource, entry.unit, entry.site))
            if sha256
        ]
        subject = PolicySubject.of_documents(
            authority_of(entry.id), SubjectPin(entry.id, entry.revision, entry.offer), *behind
        )
        return MatchedOffer(entry.id, entry.offer, alternative, subject)

    def _pin(self, sha256: str, corpus: Corpus) -> SubjectPin:
        pin = self._pins.get(sha256)
        if pin is None:
            header: dict[str, Any] = corpus.body(sha256)["header"]
            pin = self._pins[sha256] = SubjectPin(header["id"], int(header["revision"]), sha256)
        return pin
