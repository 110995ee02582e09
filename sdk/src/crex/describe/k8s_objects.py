"""Kubernetes objects in files: single ones, lists, and streams of YAML documents; each object is a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from crex.describe.importing import Import
from crex.describe.members import Members, kind_of
from crex.describe.sources import Parsed, Source, read_json, read_yaml
from crex.describe.values import clean

NODE: Final = "Node"
SLICE: Final = "ResourceSlice"
FEATURE: Final = "NodeFeature"
# Kinds that are read, by the group of their API; the core group has no name.
_READ: Final = {(NODE, ""), (SLICE, "resource.k8s.io"), (FEATURE, "nfd.k8s-sigs.io")}
# What people give beside them, and why it is no supply.
_OTHERS: Final = {
    "ResourceClaim": "a claim is what somebody asks for, not what there is",
    "ResourceClaimTemplate": "a claim is what somebody asks for, not what there is",
    "DeviceClass": "a device class is a way to ask for devices, not a device",
    "ResourceClass": "a resource class is a way to ask for devices, not a device",
    "NodeFeatureRule": "a rule for labels says nothing about a node",
    "NodeFeatureGroup": "a group of nodes says nothing about a node",
}


@dataclass(frozen=True, slots=True)
class Object:
    """One object of a kind that is read.

    Attributes:
        kind: Its kind.
        row: Its row in the books.
        members: The object.
        metadata: Its metadata; empty where it has none.
        name: Its name; empty where it has none.
    """

    kind: str
    row: str
    members: Members
    metadata: Members
    name: str

    @property
    def uid(self) -> str:
        """Its identifier, unique over time; empty where it has none."""
        return self.metadata.text("uid") or ""

    @property
    def version(self) -> str:
        """The version of its API, `v1beta1` of `resource.k8s.io/v1beta1`."""
        return (self.members.text("apiVersion") or "").rpartition("/")[2]


def read_objects(sources: Sequence[Source], books: Import) -> list[Object]:
    """Reads the objects of all sources; begins a row for each, and ends those that are not read."""
    found: list[Object] = []
    for source in sources:
        before = len(found)
        seen = False
        for value, place, problem in _values(source):
            seen = True
            if problem:
                books.leave_out(books.row(place), problem)
            else:
                found.extend(_objects(value, place, books))
        if not seen and len(found) == before:
            books.leave_out(books.row(source.name), "it is empty")
    return found


def _values(source: Source) -> Iterator[tuple[object, str, str]]:
    """Gives each value of a source with its place, or why there is none."""
    if source.problem:
        yield None, source.name, source.problem
        return
    text = source.text.lstrip()
    if text[:1] in ("{", "["):
        parsed = read_json(source)
        yield parsed.value, f"{source.name}: $", parsed.problem
        return
    documents = [one for one in read_yaml(source) if one != Parsed(None)]
    # A number that is cut short is another number. kubectl ends every line, also the last.
    if documents and not source.text.endswith("\n") and not documents[-1].problem:
        documents[-1] = Parsed(None, "its last line does not end: it may be cut, and was not read")
    for number, parsed in enumerate(documents, start=1):
        place = f"{source.name}: document {number}: $" if len(documents) > 1 else f"{source.name}: $"
        yield parsed.value, place, parsed.problem


def _objects(value: object, place: str, books: Import) -> Iterator[Object]:
    """Gives the objects that are read of a value: an object, a list of them, or an object that is a list."""
    if isinstance(value, list):
        for index, element in enumerate(value):
            yield from _objects(element, f"{place}[{index}]", books)
        return
    members = Members.of(value, place, books.report)
    if members is None:
        books.leave_out(books.row(place), f"it is {kind_of(value)}, no Kubernetes object")
        return
    kind = members.text("kind") or ""
    if kind.endswith("List") and isinstance(members.raw("items"), list):
        # Lists of one kind, as the API itself gives them, leave kind and version out of their elements.
        yield from _elements(members, kind.removesuffix("List"), books)
        return
    found = _object(members, kind, members.text("apiVersion") or "", books)
    if found is not None:
        yield found


def _elements(members: Members, kind: str, books: Import) -> Iterator[Object]:
    version = members.text("apiVersion") or ""
    items = members.items("items")
    if not items:
        books.leave_out(books.row(members.where), "the list is empty")
    for index, element in enumerate(items):
        place = f"{members.where}.items[{index}]"
        one = Members.of(element, place, books.report)
        if one is None:
            books.leave_out(books.row(place), f"it is {kind_of(element)}, no Kubernetes object")
            continue
        own_kind = one.text("kind") if one.has("kind") else kind
        own_version = one.text("apiVersion") if one.has("apiVersion") else version
        found = _object(one, own_kind or "", own_version or "", books)
        if found is not None:
            yield found


def _object(members: Members, kind: str, version: str, books: Import) -> Object | None:
    metadata = members.mapping("metadata") or Members({}, members.place("metadata"), books.report)
    name = metadata.text("name") or ""
    shown = clean(f"{kind} {name}", 128)
    row = books.row(f"{members.where} ({shown})" if shown else members.where)
    group = version.rpartition("/")[0]
    if (kind, group) in _READ:
        if name:
            return Object(kind, row, members, metadata, name)
        books.leave_out(row, "it has no name")
    elif not kind:
        books.leave_out(row, "it states no kind; it is no Kubernetes object")
    elif kind in _OTHERS:
        books.leave_out(row, _OTHERS[kind])
    else:
        shown_kind = clean(f"{kind} of {version}" if version else kind, 128)
        books.leave_out(row, f"a {shown_kind} does not say what a node has")
    return None
