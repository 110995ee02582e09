"""What one offer presents to a requirement: the documents it brings together, and the way to their values.

Documents are the verified bodies in strict JSON form, as `crex.trust` opens them. A document that is not at
hand is simply not stated: its paths are UNKNOWN, never false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Final, TypeAlias

from crex.demand.paths import Path, Root, Step
from crex.documents.times import parse_time
from crex.errors import InvalidScalar
from crex.metering.span import Span

Json: TypeAlias = Mapping[str, object]

_NOTHING: Final[Json] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferView:
    """Represents one offer with the documents it cites.

    Attributes:
        offer: Body of the offer.
        resource: Body of the resource that the offer pins.
        unit: Body of the resource that one unit of the pool is, where `resource` is a pool; else not needed.
        site: Body of the site of the unit.
        plan: Body of the price plan that the offer pins.
        sha256: Digest of the offer's body; empty if not known.
        holdable: Whether whoever searches can hold the offer (it has an allotment of the pool).
        availability: `Availability` messages of the offer, complete; None: not known here (AVAIL-CLOSED-1).
    """

    offer: Json
    resource: Json = field(default_factory=dict)
    unit: Json | None = None
    site: Json = field(default_factory=dict)
    plan: Json = field(default_factory=dict)
    sha256: str = ""
    holdable: bool = False
    availability: tuple[Json, ...] | None = None

    @property
    def offer_id(self) -> str:
        """Name of the offer; empty if it states none."""
        return _text(_message(self.offer, "header"), "id")

    @property
    def of_unit(self) -> Json:
        """Body of the resource that one unit is: the pool's unit where the offer's resource is a pool."""
        if "pool" in self.resource:
            return self.unit if self.unit is not None else _NOTHING
        return self.resource


@dataclass(frozen=True, slots=True)
class Lists:
    """Which lists of a document are complete (REQ-OPEN-1).

    Attributes:
        closed: JSON paths of the lists that the document names in `closedLists`.
        all_closed: Whether every list of the document is complete, as an offer's are (REQ-CLOSED-1).
    """

    closed: frozenset[str] = frozenset()
    all_closed: bool = False

    def are_closed(self, place: str) -> bool:
        """Tells whether the list at a JSON path is complete."""
        return self.all_closed or place in self.closed


# What a demand does not state of its consumer is not known; its quantities are all there are.
_DEMAND_LISTS: Final = Lists(frozenset({"quantities"}))
_ALL_CLOSED: Final = Lists(all_closed=True)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a document: a message, and what governs the values below it.

    Attributes:
        message: The message here.
        place: JSON path of the message in its document, without indexes; empty at the root.
        lists: Which lists of the document are complete.
        basis: Basis of the nearest enclosing message that has one; None: not stated.
        assurance: Likewise its assurance.
    """

    message: Json
    place: str = ""
    lists: Lists = Lists()
    basis: str | None = None
    assurance: str | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """What one way along a path led to.

    Attributes:
        raw: The value in JSON form: a scalar, or the message of `cursor`.
        cursor: The message reached, or the one that the scalar is a member of.
    """

    raw: object
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Represents what an evaluation needs beside the requirement.

    Attributes:
        view: The offer.
        now: Instant of the evaluation: claims that do not hold then count as missing (REQ-CLAIM-1).
        price: Exact price of the demand in the demand's currency; None: unknown.
        time: When the demand wants the units; None: no demand is given (REQ-COVERS-2).
        demand: What the demand says of itself, for the constraints of the offer; see
            `crex.demand.offer_constraints`.
    """

    view: OfferView
    now: datetime
    price: Fraction | None = None
    time: Span | None = None
    demand: Json = field(default_factory=dict)

    def root(self, path: Path) -> Cursor | None:
        """Gives the place where a path that begins at the offer begins; None where it is not stated."""
        view = self.view
        starts: dict[Root, Callable[[], Cursor | None]] = {
            Root.NODE: lambda: _node_class(view.of_unit),
            Root.RESOURCE: lambda: _at_root(view.of_unit),
            Root.POOL: lambda: _pool(view.resource),
            Root.SITE: lambda: _at_root(view.site),
            Root.PLAN: lambda: Cursor(view.plan, lists=_ALL_CLOSED),
            Root.OFFER: lambda: Cursor(view.offer, lists=_ALL_CLOSED),
            Root.AVAILABILITY: lambda: _availability(view.availability),
            Root.DEMAND: lambda: Cursor(self.demand, lists=_DEMAND_LISTS),
        }
        return starts[path.root]()

    def follow(self, path: Path, start: Cursor | None, *, dense: bool) -> Iterator[Reached | None]:
        """Follows a path to everything it leads to.

        Args:
            path: The path.
            start: The element for paths that begin at an element; None for those that begin at the offer.
            dense: Whether rates other than dense ones are passed over (REQ-DENSE-1).

        Yields:
            What was reached; and None for each place where something may be that is not stated: an absent
            member, the rest of an open list, a claim that does not hold.
        """
        if path.root is Root.PRICE:
            yield None if self.price is None else Reached(self.price, Cursor(_NOTHING))
            return
        cursor = start if path.root is Root.ELEMENT else self.root(path)
        if cursor is None:
            yield None
        else:
            yield from self._follow(path.steps, cursor, dense)

    def _follow(self, steps: tuple[Step, ...], cursor: Cursor, dense: bool) -> Iterator[Reached | None]:
        if not steps:
            yield Reached(cursor.message, cursor)
            return
        step, rest = steps[0], steps[1:]
        stated = cursor.message.get(step.member)
        place = f"{cursor.place}.{step.member}" if cursor.place else step.member
        if not step.repeated:
            if stated is None:
                yield None
            else:
                yield from self._enter(step, rest, stated, place, cursor, dense)
            return
        for element in stated if isinstance(stated, list) else ():
            sparsity = element.get("sparsity", "") if dense and step.message == "Rate" else "dense"
            if sparsity == "":
                yield None
            elif sparsity == "dense":
                yield from self._enter(step, rest, element, place, cursor, dense)
        if not cursor.lists.are_closed(place):
            yield None

    def _enter(
        self, step: Step, rest: tuple[Step, ...], stated: object, place: str, cursor: Cursor, dense: bool
    ) -> Iterator[Reached | None]:
        if not step.message:
            yield Reached(stated, cursor) if not rest else None
        elif not isinstance(stated, Mapping) or (
            step.message == "ComplianceClaim" and not self._holds(stated)
        ):
            yield None
        else:
            basis = _optional_text(stated, step.basis) if step.basis else cursor.basis
            assurance = _optional_text(stated, (step.assurance,)) if step.assurance else cursor.assurance
            yield from self._follow(rest, Cursor(stated, place, cursor.lists, basis, assurance), dense)

    def _holds(self, claim: Json) -> bool:
        """Tells whether a compliance claim is valid now and covers the resource, its site or its pool."""
        view, valid, scope = self.view, _message(claim, "valid"), claim.get("scopeIds")
        try:
            start, end = parse_time(_text(valid, "start")), parse_time(_text(valid, "end"))
        except InvalidScalar:
            return False
        documents = (view.of_unit, view.resource, view.site)
        names = {_text(_message(document, "header"), "id") for document in documents}
        names = (names | {_text(view.offer, "pool")}) - {""}
        return start <= self.now < end and isinstance(scope, list) and not names.isdisjoint(map(str, scope))


def _node_class(resource: Json) -> Cursor | None:
    """Gives the node class of a unit: a node's own, or the contents of a partition."""
    for place, fields in (("node", ("node",)), ("partition.contents", ("partition", "contents"))):
        message: object = resource
        for name in fields:
            message = message.get(name) if isinstance(message, Mapping) else None
        if isinstance(message, Mapping):
            return Cursor(message, place, _lists(resource))
    return None


def _pool(resource: Json) -> Cursor | None:
    pool = resource.get("pool")
    return Cursor(pool, "pool", _lists(resource)) if isinstance(pool, Mapping) else None


def _availability(entries: tuple[Json, ...] | None) -> Cursor | None:
    return None if entries is None else Cursor({"availability": list(entries)}, lists=_ALL_CLOSED)


def _at_root(document: Json) -> Cursor | None:
    return Cursor(document, lists=_lists(document)) if document else None


def _lists(document: Json) -> Lists:
    closed = document.get("closedLists")
    return Lists(frozenset(map(str, closed))) if isinstance(closed, list) else Lists()


def _message(parent: Json, member: str) -> Json:
    value = parent.get(member)
    return value if isinstance(value, Mapping) else _NOTHING


def _text(parent: Json, member: str) -> str:
    value = parent.get(member)
    return value if isinstance(value, str) else ""


def _optional_text(message: Json, members: tuple[str, ...]) -> str | None:
    for member in members[:-1]:
        message = _message(message, member)
    return _text(message, members[-1]) or None
