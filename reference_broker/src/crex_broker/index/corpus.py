"""The documents behind the offers: their bytes, each once, and what they state, in tables.

A document that many offers stand on is kept and taken apart once. Bytes are parsed again only for the few
offers that an answer names.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, NamedTuple, TypeAlias

from crex import v1
from crex.demand.matching import revision_of
from crex.demand.paths import Root
from crex.demand.view import OfferView
from crex.documents import strict
from crex_broker.application.ports.documents import StoredDocument
from crex_broker.application.ports.offers import StandingOffer
from crex_broker.domain.availability import availability
from crex_broker.domain.capacity import Window
from crex_broker.index.plans import Facts, PlanTable, facts_of
from crex_broker.index.shred import Shredder, closed_below
from crex_broker.index.tables import Table

Json = dict[str, Any]

# Parsed bodies that are kept at hand.
_PARSED: Final = 4096
NO_ROW: Final = -1
# Roots that have tables, in the order of `Entry.rows`.
ROOTS: Final = (Root.NODE, Root.RESOURCE, Root.POOL, Root.SITE, Root.OFFER, Root.AVAILABILITY)


class Entry(NamedTuple):
    """One offer as the index keeps it.

    Attributes:
        id: Name of the offer.
        id_bytes: The same as bytes, by which offers are ordered.
        version: Version of its state.
        expire_ms: End of its validity.
        revision: Revision of the offer document.
        offer: Digest of the offer; likewise the documents behind it, empty where there is none.
        resource: The resource that it pins.
        unit: The unit of its pool.
        site: The site.
        plan: The price plan.
        names: Names that a compliance claim may cover.
        granted: What is granted of its pool; None: it cannot be held here.
        available: Its availability, by number; NO_ROW where nothing is known.
        constrained: Whether it asks something of demands.
        rows: Its rows in the tables of `ROOTS`.
        plan_row: Number of its plan's facts.
        odd: Whether its truths are left to the evaluator.
    """

    id: str
    id_bytes: bytes
    version: int
    expire_ms: int
    revision: int
    offer: str
    resource: str
    unit: str
    site: str
    plan: str
    names: frozenset[str]
    granted: tuple[Window, ...] | None
    available: int
    constrained: bool
    rows: tuple[int, ...]
    plan_row: int
    odd: bool


@dataclass(frozen=True, slots=True)
class _Unit:
    """Rows of a resource document in the tables of its node, of itself and of its pool."""

    node: int
    resource: int
    pool: int
    odd: bool
    is_pool: bool


_NO_UNIT: Final = _Unit(NO_ROW, NO_ROW, NO_ROW, odd=False, is_pool=False)

# Digest and bytes of a document.
_Source: TypeAlias = tuple[str, bytes]


class _Sources(NamedTuple):
    """The documents of one offer."""

    offer: _Source
    resource: _Source
    unit: _Source | None
    site: _Source | None
    plan: _Source


def _payload(document: StoredDocument) -> _Source:
    return document.sha256, v1.Envelope.FromString(document.envelope).payload


class Corpus:
    """Documents, taken apart. Only one thread adds; any may read."""

    def __init__(self) -> None:
        self._shredders: Final = {
            Root.NODE: Shredder("NodeClass"),
            Root.RESOURCE: Shredder("ComputeResource"),
            Root.POOL: Shredder("Pool"),
            Root.SITE: Shredder("Site"),
            Root.OFFER: Shredder("Offer", all_closed=True),
            Root.AVAILABILITY: Shredder("OfferRecord", all_closed=True),
        }
        self._units: dict[str, _Unit] = {}
        self._offers: dict[str, int] = {}
        self._sites: dict[str, int] = {}
        self._plans: dict[str, int] = {}
        self._available: dict[tuple[Any, ...], int] = {}
        self._listings: list[tuple[Json, ...]] = []
        self._bytes: dict[str, bytes] = {}
        self._parsed: OrderedDict[str, Json] = OrderedDict()
        self._lock = Lock()
        self.plans: list[Facts] = []
        self.plan_table: Final = PlanTable()

    def table(self, root: Root) -> Shredder:
        """Gives what was taken apart at a root."""
        return self._shredders[root]

    def add(self, offer: StandingOffer) -> Entry:
        """Takes an offer and its documents in."""
        record, kept = offer.record, (offer.resource, offer.unit, offer.site)
        names = frozenset(one.id for one in kept if one is not None)
        sources = _Sources(
            offer=_payload(offer.offer),
            resource=_payload(offer.resource),
            unit=None if offer.unit is None else _payload(offer.unit),
            site=None if offer.site is None else _payload(offer.site),
            plan=_payload(offer.price_plan),
        )
        return self._add(record.id, record.version, record.expire_ms, names, offer.granted, sources)

    def adopt(self, entry: Entry, other: Corpus) -> Entry:
        """Takes an offer and its documents over from another corpus."""
        sources = _Sources(
            offer=(entry.offer, other.payload(entry.offer)),
            resource=(entry.resource, other.payload(entry.resource)),
            unit=(entry.unit, other.payload(entry.unit)) if entry.unit else None,
            site=(entry.site, other.payload(entry.site)) if entry.site else None,
            plan=(entry.plan, other.payload(entry.plan)),
        )
        return self._add(entry.id, entry.version, entry.expire_ms, entry.names, entry.granted, sources)

    def _add(
        self,
        id_: str,
        version: int,
        expire_ms: int,
        names: frozenset[str],
        granted: tuple[Window, ...] | None,
        sources: _Sources,
    ) -> Entry:
        body = self._keep(sources.offer)
        resource = self._unit(sources.resource)
        unit = resource
        if resource.is_pool:
            unit = _NO_UNIT if sources.unit is None else self._unit(sources.unit)
        site = NO_ROW if sources.site is None else self._site(sources.site)
        row = self._offers.get(sources.offer[0])
        if row is None:
            row = self._offers[sources.offer[0]] = self._shredders[Root.OFFER].add(body)
        available = self._availability(granted, body)
        rows = (unit.node, unit.resource, resource.pool, site, row, available)
        return Entry(
            id=id_,
            id_bytes=id_.encode(),
            version=version,
            expire_ms=expire_ms,
            revision=revision_of(body),
            offer=sources.offer[0],
            resource=sources.resource[0],
            unit=sources.unit[0] if sources.unit else "",
            site=sources.site[0] if sources.site else "",
            plan=sources.plan[0],
            names=(names | {str(body.get("pool", ""))}) - {""},
            granted=granted,
            available=available,
            constrained="offerConstraints" in body,
            rows=rows,
            plan_row=self._plan(sources.plan),
            odd=resource.odd or unit.odd or self._is_odd(rows),
        )

    def view(self, entry: Entry) -> OfferView:
        """Gives an offer with its documents, as the evaluator wants it."""
        return OfferView(
            offer=self.body(entry.offer),
            resource=self.body(entry.resource),
            unit=self.body(entry.unit) if entry.unit else None,
            site=self.body(entry.site) if entry.site else {},
            plan=self.body(entry.plan),
            sha256=entry.offer,
            holdable=entry.granted is not None,
            availability=self.listing(entry),
        )

    def listing(self, entry: Entry) -> tuple[Json, ...] | None:
        """Gives the availability of an offer; None where nothing is known."""
        return None if entry.available == NO_ROW else self._listings[entry.available]

    def body(self, sha256: str) -> Json:
        """Gives a document's body; the same object while it is at hand."""
        with self._lock:
            body = self._parsed.get(sha256)
            if body is not None:
                self._parsed.move_to_end(sha256)
                return body
        body = dict(strict.loads(self._bytes[sha256]))
        with self._lock:
            self._parsed[sha256] = body
            if len(self._parsed) > _PARSED:
                self._parsed.popitem(last=False)
        return body

    def payload(self, sha256: str) -> bytes:
        """Gives the bytes of a document."""
        return self._bytes[sha256]

    def _keep(self, source: _Source) -> Json:
        """Keeps the bytes of a document; gives its body."""
        payload = self._bytes.setdefault(*source)
        body: Json = strict.loads(payload)
        return body

    def _unit(self, source: _Source) -> _Unit:
        known = self._units.get(source[0])
        if known is not None:
            return known
        body = self._keep(source)
        resource = self._shredders[Root.RESOURCE].add(body, closed_below(body, ""))
        node, place = _node_class(body)
        node_row = pool_row = NO_ROW
        if node is not None:
            node_row = self._shredders[Root.NODE].add(node, closed_below(body, place))
        pool = body.get("pool")
        if isinstance(pool, Mapping):
            pool_row = self._shredders[Root.POOL].add(pool, closed_below(body, "pool."))
        odd = self._is_odd((node_row, resource, pool_row))
        unit = _Unit(node_row, resource, pool_row, odd=odd, is_pool="pool" in body)
        self._units[source[0]] = unit
        return unit

    def _site(self, source: _Source) -> int:
        known = self._sites.get(source[0])
        if known is None:
            body = self._keep(source)
            known = self._shredders[Root.SITE].add(body, closed_below(body, ""))
            self._sites[source[0]] = known
        return known

    def _plan(self, source: _Source) -> int:
        known = self._plans.get(source[0])
        if known is None:
            known = len(self.plans)
            facts = facts_of(self._keep(source))
            self.plan_table.put(facts)
            self.plans.append(facts)
            self._plans[source[0]] = known
        return known

    def _availability(self, granted: tuple[Window, ...] | None, body: Json) -> int:
        """Gives the number of what may be sold of an offer, and when (AVAIL-CLOSED-1)."""
        if granted is None:
            return NO_ROW
        terms = body.get("terms")
        stated = terms if isinstance(terms, Mapping) else {}
        mode, longest = str(stated.get("mode", "")), str(stated.get("maxDuration", ""))
        key = (granted, mode, longest)
        known = self._available.get(key)
        if known is None:
            listing = availability(granted, mode=mode, max_duration=longest)
            known = self._shredders[Root.AVAILABILITY].add({"availability": list(listing)})
            self._listings.append(listing)
            self._available[key] = known
        return known

    def _is_odd(self, rows: Sequence[int]) -> bool:
        return any(row in self._shredders[root].odd for root, row in zip(ROOTS, rows, strict=False))

    @property
    def documents(self) -> int:
        """Documents that are kept, those that no offer stands on any more among them."""
        return len(self._bytes)

    @property
    def nbytes(self) -> int:
        """Memory of the tables and of the documents' bytes; what CPython adds to each is estimated."""
        tables: list[Table] = [shredder.table for shredder in self._shredders.values()]
        bodies = sum(len(payload) + _OBJECT_BYTES for payload in self._bytes.values())
        return sum(table.nbytes for table in tables) + bodies


# A bytes object, a digest as text, and their places in a dictionary.
_OBJECT_BYTES: Final = 33 + 113 + 100


def _node_class(resource: Json) -> tuple[Json | None, str]:
    """Gives the node class of a unit, a node's own or the contents of a partition, and its place."""
    node = resource.get("node")
    if isinstance(node, Mapping):
        return dict(node), "node."
    partition = resource.get("partition")
    contents = partition.get("contents") if isinstance(partition, Mapping) else None
    return (dict(contents), "partition.contents.") if isinstance(contents, Mapping) else (None, "")
