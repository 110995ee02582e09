"""Documents put together for an export: each class of nodes with its site and how many nodes there are.

Only a class of nodes says what machines have. A slice of a machine is never told as a machine or a device
(EXPORT-SLICE-1); a cluster, a pool and a service have nothing but what the classes behind them have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import Message

from crex.export.exporting import Document, Export, place
from crex.v1 import ComputeResource, NodeClass, Provenance, Site

ESTIMATED: Final = "estimated"

# Why a resource of another kind is not written (EXPORT-SLICE-1).
_OTHERS: Final = {
    "partition-class": "it is a slice of another resource; a slice is neither a machine nor a device",
    "cluster": "it has no machines but those of the classes that it names; give their documents",
    "service": "it has no machines but those of the resources behind it; give their documents",
}
# Members of which every exporter tells, or which say nothing of a machine.
_ALWAYS: Final = frozenset({"header", "kind", "siteId"})


@dataclass(frozen=True, slots=True)
class Described:
    """A class of nodes with what other documents say of it.

    Attributes:
        resource: Its document.
        site: The document of its site; None: it is not given.
        nodes: How many such nodes there are; None: no pool says so, or several do.
        where: Place of the resource's document in the books.
        site_where: Place of the site's document; empty: it is not given.
        pools: Places of the documents of its pools.
    """

    resource: ComputeResource
    site: Site | None
    nodes: int | None
    where: str
    site_where: str
    pools: tuple[str, ...]

    @property
    def id(self) -> str:
        """Name of the resource."""
        return self.resource.header.id

    @property
    def revision(self) -> int:
        """Revision of its document."""
        return self.resource.header.revision

    @property
    def sources(self) -> tuple[str, ...]:
        """Places of all documents of which something is told."""
        return self.where, *filter(None, (self.site_where,)), *self.pools

    @property
    def node(self) -> NodeClass:
        """What one node has."""
        return self.resource.node


def gather(documents: Sequence[Document], books: Export) -> tuple[Described, ...]:
    """Gives the classes of nodes, in the order of the documents; everything else has its outcome then."""
    chosen = _newest(documents, books)
    sites = {one.header.id: (where, one) for where, one in chosen if isinstance(one, Site)}
    resources = [(where, one) for where, one in chosen if isinstance(one, ComputeResource)]
    classes = {one.header.id for _, one in resources if _is_class(one)}
    pools = _pools(resources, classes, books)
    for where, _ in sites.values():
        books.unless_told(where, "no resource that is written stands there")
    found: list[Described] = []
    for where, one in resources:
        if one.header.id not in classes:
            if one.kind != "pool":
                books.leave_out(where, _OTHERS.get(one.kind, f"what a {one.kind} is is not known here"))
            continue
        site_where, site = sites.get(one.site_id, ("", None))
        counted = pools.get(one.header.id, [])
        nodes = counted[0][1] if len(counted) == 1 else None
        found.append(Described(one, site, nodes, where, site_where, tuple(pool for pool, _ in counted)))
        if site is None:
            why = f"the document of the site {one.site_id} is not given"
            books.report.leave_out("what its site says", where, why)
    return tuple(found)


def is_estimated(provenance: Provenance) -> bool:
    """Tells whether figures were inferred (EXPORT-BASIS-1)."""
    return provenance.basis == ESTIMATED


def leave_unsaid(message: Message, said: Iterable[str], where: str, books: Export, why: str) -> None:
    """Reports every member that a target does not say (EXPORT-SAY-1).

    Args:
        message: A resource or a site.
        said: Paths of members that are said, or reported elsewhere; with everything in them. A list has the
            path of its elements.
        where: Place of the document.
        books: Takes the findings.
        why: Why the others are not said.
    """
    for path in dict.fromkeys(_unsaid(message, frozenset({*said, *_ALWAYS}), "")):
        books.report.leave_out(path, where, why)


def _unsaid(message: Message, said: frozenset[str], above: str) -> Iterator[str]:
    for descriptor, value in message.ListFields():
        path = f"{above}{descriptor.json_name}"
        if path in said:
            continue
        if not any(one.startswith(f"{path}.") for one in said):
            yield path
            continue
        for one in [value] if isinstance(value, Message) else value:
            yield from _unsaid(one, said, f"{path}.")


def _newest(documents: Sequence[Document], books: Export) -> list[tuple[str, Document]]:
    """Gives one document of each name: that of the highest revision (EXPORT-NEWEST-1)."""
    by_name: dict[str, list[tuple[str, Document]]] = {}
    for one in documents:
        by_name.setdefault(one.header.id, []).append((books.begin(place(one)), one))
    found: list[tuple[str, Document]] = []
    for same in by_name.values():
        revision = max(one.header.revision for _, one in same)
        highest = [(where, one) for where, one in same if one.header.revision == revision]
        for where, one in same:
            if one.header.revision < revision:
                books.leave_out(where, f"revision {revision} of it is given as well")
        if any(one != highest[0][1] for _, one in highest):
            for where, _ in highest:
                books.leave_out(where, "documents of this name and revision differ; none is believed")
            continue
        for where, _ in highest[1:]:
            books.leave_out(where, "it is given twice")
        found.append(highest[0])
    return found


def _is_class(resource: ComputeResource) -> bool:
    return resource.kind == "node-class" and resource.HasField("node")


def _pools(
    resources: Iterable[tuple[str, ComputeResource]], classes: set[str], books: Export
) -> dict[str, list[tuple[str, int | None]]]:
    """Gives the pools of each class that is given: their place, and how many units they have."""
    found: dict[str, list[tuple[str, int | None]]] = {}
    for where, one in resources:
        if one.kind != "pool":
            continue
        if one.pool.unit not in classes:
            books.leave_out(
                where, f"the document of its unit {one.pool.unit} is not given, or no class of nodes"
            )
            continue
        books.unless_told(where, "the class that it counts is not written")
        units = one.pool.total_units if one.pool.HasField("total_units") else None
        found.setdefault(one.pool.unit, []).append((where, units))
    return found
