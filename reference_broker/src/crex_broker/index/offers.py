"""The offers that can be searched, in memory, matched by the one evaluator of the SDK."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from crex import v1
from crex.demand.matching import match
from crex.demand.price import PlanPricer
from crex.demand.view import OfferView
from crex.documents import strict
from crex.documents.convert import to_timestamp
from crex.documents.times import to_ms
from crex_broker.application.ports.documents import StoredDocument
from crex_broker.application.ports.offers import StandingOffer

# Parsed bodies that several offers share.
_SHARED: Final = 20_000


class _Entry(NamedTuple):
    version: int
    expire_ms: int
    view: OfferView


class MemoryIndex:
    """`OfferIndex` in memory: every published offer as the evaluator wants it."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        # Latest version of offers that were taken out: an older read must not bring them back.
        self._removed: dict[str, int] = {}
        self._bodies: dict[str, dict[str, Any]] = {}
        self._pricer = PlanPricer()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, offer: StandingOffer) -> None:
        """Takes in an offer that stands; an older state than the one it has changes nothing."""
        record = offer.record
        known = self._entries.get(record.id)
        if known is not None and known.version > record.version:
            return
        if self._removed.get(record.id, 0) >= record.version:
            return
        self._removed.pop(record.id, None)
        self._entries[record.id] = _Entry(record.version, record.expire_ms, self._view(offer))

    def remove(self, id_: str, version: int) -> None:
        """Takes an offer out, unless it has a later state than `version`."""
        known = self._entries.get(id_)
        if known is not None and known.version > version:
            return
        self._entries.pop(id_, None)
        self._removed[id_] = max(version, self._removed.get(id_, 0))

    def load(self, offers: Iterable[StandingOffer]) -> None:
        """Takes in all offers that stand, at start."""
        for offer in offers:
            self.put(offer)

    def search(
        self, demand: v1.Demand, *, limit: int, explain: bool, now: datetime
    ) -> v1.SearchOffersResponse:
        """Matches a demand against every offer that has not expired.

        Raises:
            RequirementError: The demand cannot be understood.
        """
        now_ms = to_ms(now)
        # Copied in one step, because offers may come and go while another thread searches.
        entries = list(self._entries.values())
        views = [entry.view for entry in entries if entry.expire_ms > now_ms]
        result = match(demand, views, now=now, price_of=self._pricer, explain=explain)
        return v1.SearchOffersResponse(
            candidates=[found.candidate for found in result.matches[:limit]],
            explanation=result.explanation,
            as_of=to_timestamp(now),
        )

    def _view(self, offer: StandingOffer) -> OfferView:
        return OfferView(
            offer=_body(offer.offer),
            resource=self._shared(offer.resource),
            unit=None if offer.unit is None else self._shared(offer.unit),
            site={} if offer.site is None else self._shared(offer.site),
            plan=self._shared(offer.price_plan),
            sha256=offer.record.sha256,
            holdable=offer.holdable,
        )

    def _shared(self, document: StoredDocument) -> dict[str, Any]:
        body = self._bodies.get(document.sha256)
        if body is None:
            if len(self._bodies) >= _SHARED:
                self._bodies.clear()
            body = self._bodies[document.sha256] = _body(document)
        return body


def _body(document: StoredDocument) -> dict[str, Any]:
    body: dict[str, Any] = strict.loads(v1.Envelope.FromString(document.envelope).payload)
    return body
