"""A Redfish tree in files: which resources there are, and where their links lead.

A tree comes as a folder with one `index.json` for each address (as DMTF publishes mockups, DSP2043), as JSON
Lines with one resource a line (bare, or as `{"path": …, "doc": …}`), as single resources, or as collections
whose members are expanded. Links (`@odata.id`, DSP0266) are followed within one service only: every service
has a `/redfish/v1/Systems/1`. Which files belong to one service is seen from their paths, or from standing in
one file of JSON Lines.

Nothing here raises for what a tree may look like: a link to nothing, to itself or to a thing of another type,
and a list that is longer or shorter than it says, are findings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Final

from crex.describe.importing import Import
from crex.describe.members import Members, kind_of
from crex.describe.report import Report
from crex.describe.sources import Parsed, Source, read_json, read_json_lines
from crex.describe.values import clean

# More members than any collection of a machine has: what follows is not read.
MOST_LINKED: Final = 4096
_ROOT: Final = ("redfish", "v1")
_INDEX: Final = "index.json"
# Kinds of scopes.
_FOLDER: Final = "folder"
_LINES: Final = "lines"
_ALONE: Final = "alone"
# `#Processor.v1_22_0.Processor`, `#ProcessorCollection.ProcessorCollection` (DSP0266, "Type property").
_TYPE: Final = re.compile(r"#?[A-Za-z0-9_]+(?:\.v?[0-9_]+)*\.([A-Za-z0-9_]+)")
# What tells that a resource only says how one may be created (DSP0266, "Collection capabilities").
_TEMPLATE: Final = ("@Redfish.RequiredOnCreate", "@Redfish.OptionalOnCreate")

Scope = tuple[object, ...]
Segments = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource.

    Attributes:
        kind: What it is, by its `@odata.type`: `Processor`.
        members: The resource with its place in the input.
        uri: Its own `@odata.id` without a slash at the end; empty where it states none.
        scope: The service that it belongs to.
        inline: Whether it stands expanded within another resource.
    """

    kind: str
    members: Members
    uri: str
    scope: Scope
    inline: bool = False

    @property
    def place(self) -> str:
        """Its place in the input, which no other resource has."""
        return self.members.where

    @property
    def alone(self) -> bool:
        """Whether it is set apart from all others, because nothing says which of them are its parts."""
        return self.scope[0] == _ALONE

    @property
    def template(self) -> bool:
        """Whether it only says how a resource of its kind is created."""
        return any(name.endswith(_TEMPLATE) for name in self.members.value if isinstance(name, str))

    def within(self, path: str) -> tuple[Members | None, str]:
        """Gives the object that holds the last member of a path such as `Links.Chassis`, and its name."""
        *steps, name = path.split(".")
        members: Members | None = self.members
        for step in steps:
            members = members.mapping(step) if members is not None else None
        return members, name


@dataclass(frozen=True, slots=True)
class Linked:
    """What a member links to.

    Attributes:
        resources: What could be read of it, each once.
        stated: Whether there is such a member.
        complete: Whether all of it could be read.
    """

    resources: tuple[Resource, ...] = ()
    stated: bool = False
    complete: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    """A value of the input that may be a resource: where it stands, and the path that it has as a file."""

    value: Any
    place: str
    group: Scope
    path: str = ""


class Tree:
    """The resources of an input."""

    def __init__(
        self,
        resources: Sequence[Resource],
        at: Mapping[tuple[Scope, str], Resource],
        lost: frozenset[tuple[Scope, str]],
    ):
        """Takes resources, and what the paths of files tell.

        Args:
            resources: The resources.
            at: Which of them lies at an address of a service, as far as paths tell.
            lost: Addresses at which something lies that is broken.
        """
        self.resources = tuple(resources)
        self.used: set[str] = set()  # places of what links led to
        self._lost = lost
        self._at = at
        self._named: dict[tuple[Scope, str], list[Resource]] = {}
        for one in resources:
            self._named.setdefault((one.scope, one.uri), []).append(one)

    def of_kind(self, kind: str) -> tuple[Resource, ...]:
        """Gives the resources of a kind, in the order of the input."""
        return tuple(one for one in self.resources if one.kind == kind)

    def one(self, origin: Resource, path: str, kind: str) -> Linked:
        """Follows a single link."""
        members, name = origin.within(path)
        if members is None or not members.has(name):
            return Linked()
        return self._follow(origin, [members.raw(name)], members.place(name), (kind,))

    def listed(self, origin: Resource, path: str, *kinds: str) -> Linked:
        """Follows a list of links, or the link to a collection and from there to its members."""
        members, name = origin.within(path)
        if members is None or not members.has(name):
            return Linked()
        if isinstance(members.raw(name), list):
            return self._members(origin, members, name, kinds)
        collection = self._follow(
            origin, [members.raw(name)], members.place(name), (f"{kinds[0]}Collection",)
        )
        for one in collection.resources:
            return self._members(one, one.members, "Members", kinds)
        return Linked(stated=True)

    def find(self, origin: Resource, value: object) -> Resource | str:
        """Gives the resource that a link leads to, or says why there is none."""
        if not isinstance(value, dict):
            return f"{kind_of(value)} is no link"
        uri = address(value)
        if not uri:
            return "a link without @odata.id"
        if (resource := self._at.get((origin.scope, uri))) is not None:
            return resource
        named = self._named.get((origin.scope, uri), [])
        named = [one for one in named if not one.inline] or named
        if not named:
            return f"{clean(uri, 160)} is not in the input"
        if any(other.members.value != named[0].members.value for other in named):
            return f"{clean(uri, 160)} is in the input {len(named)} times, each time different"
        return named[0]

    def may_be_lost(self, origin: Resource, name: str) -> bool:
        """Tells whether what a link should lead to may have been in the input, and is broken or cut off.

        Lines can be cut off without a trace; a file is whole, or it is broken.
        """
        below = address(origin.members.raw(name))
        return origin.scope[0] == _LINES or any(
            scope == origin.scope and uri.startswith(below) for scope, uri in self._lost
        )

    def check_count(self, members: Members, name: str, listed: int) -> bool:
        """Compares a list with how many elements it is said to have; tells whether none is missing."""
        stated = members.whole(f"{name}@odata.count")
        if stated is None or stated == listed:
            return True
        what = "the list is believed" if stated < listed else "the rest is not in the input"
        why = f"it is said to have {stated} elements and has {listed}; {what}"
        members.report.contradict(name, members.where, why)
        return stated < listed

    def _members(self, origin: Resource, members: Members, name: str, kinds: tuple[str, ...]) -> Linked:
        values = members.items(name)
        linked = self._follow(origin, values, members.place(name), kinds)
        counted = self.check_count(members, name, len(values))
        complete = linked.complete and counted and isinstance(members.raw(name), list)
        if members.has(f"{name}@odata.nextLink"):
            members.report.leave_out(
                name, members.where, "it goes on elsewhere (nextLink), which is not read"
            )
            complete = False
        return Linked(linked.resources, True, complete)

    def _follow(
        self, origin: Resource, values: Sequence[object], place: str, kinds: tuple[str, ...]
    ) -> Linked:
        report = origin.members.report
        found: dict[str, Resource] = {}
        failed: list[str] = []
        for value in values[:MOST_LINKED]:
            target = self.find(origin, value)
            if isinstance(target, str):
                failed.append(target)
            elif target.kind not in kinds:
                failed.append(
                    f"{clean(target.uri, 160) or target.place} is a {target.kind}, not a {kinds[0]}"
                )
            elif target.place in found:
                report.leave_out(
                    target.kind, place, f"{clean(target.uri, 160)} is named twice; it counts once"
                )
            else:
                found[target.place] = target
        if len(values) > MOST_LINKED:
            failed.append(f"{len(values) - MOST_LINKED} beyond the first {MOST_LINKED} are not read")
        if failed:
            count = f"{len(failed)} of {len(values)}" if len(values) > 1 else "1"
            report.leave_out(f"{count} {kinds[0]}", place, "; ".join(failed[:3]) + (" …" * (len(failed) > 3)))
        self.used.update(found)
        return Linked(tuple(found.values()), True, not failed)


def read_tree(sources: Sequence[Source], books: Import) -> Tree:
    """Reads the resources of all sources; a file or line that is none is a row that is left out."""
    entries: list[_Entry] = []
    broken: list[_Entry] = []
    for number, (group, source) in enumerate(_grouped(sources)):
        for entry, problem in _entries(source, (_FOLDER, group), (_LINES, number)):
            refusal = problem or _refusal(entry.value)
            if refusal:
                books.leave_out(books.row(entry.place), refusal)
            else:
                entries.append(entry)
            if problem:
                broken.append(entry)
    return _index(entries, broken, books.report)


def _grouped(sources: Sequence[Source]) -> Iterator[tuple[int, Source]]:
    """Numbers the folders that sources are from: within one, files come in order of their paths."""
    group, last = 0, PurePosixPath()
    for source in sources:
        path = PurePosixPath(source.folder)
        if source.folder and path <= last:
            group += 1
        last = path if source.folder else last
        yield group, source


def _entries(source: Source, folder: Scope, lines: Scope) -> Iterator[tuple[_Entry, str]]:
    """Gives the values of a source, each with why it cannot be read; empty if it can.

    Args:
        source: The source.
        folder: What it belongs to if it is one file of several.
        lines: What it belongs to if it holds several resources, all of one service unless paths say
            otherwise.
    """
    nothing = _Entry(None, source.name, folder if source.folder else lines, source.folder)
    if source.problem:
        yield nothing, source.problem
    if not source.text.strip():
        if not source.problem:
            yield nothing, "it is empty"
        return
    parsed = read_json(source)
    if not parsed.problem:
        # One line of what was a file of lines is left with its path.
        single = isinstance(parsed.value, dict) and "doc" not in parsed.value
        group = folder if single else lines
        yield from _elements(parsed.value, f"{source.name}: $", group, source.folder)
        return
    values = list(read_json_lines(source))
    if not any(_is_line(one) for _, one in values):
        yield nothing, parsed.problem
        return
    for number, one in values:
        place = f"{source.name}: line {number}: $"
        if one.problem:
            yield _Entry(None, place, lines), one.problem
        else:
            yield from _elements(one.value, place, lines, "")


def _is_line(parsed: Parsed) -> bool:
    return isinstance(parsed.value, dict) and ("@odata.type" in parsed.value or "doc" in parsed.value)


def _elements(value: object, place: str, group: Scope, path: str) -> Iterator[tuple[_Entry, str]]:
    if isinstance(value, list):
        for index, element in enumerate(value):
            yield from _elements(element, f"{place}[{index}]", group, "")
    elif isinstance(value, dict) and "doc" in value and isinstance(value.get("path"), str):
        yield _Entry(value["doc"], f"{place}.doc", group, value["path"]), ""
    else:
        yield _Entry(value, place, group, path), ""


def _refusal(value: object) -> str:
    """Says why a value is no Redfish resource; nothing if it is one."""
    if not isinstance(value, dict):
        return f"it is {kind_of(value)}, no Redfish resource"
    if isinstance(value.get("error"), dict) and "@odata.type" not in value:
        message = value["error"].get("message")
        said = clean(message, 120) if isinstance(message, str) else None
        return f"it is an answer of a service that failed: {said or 'no message'}"
    if "@odata.type" not in value:
        return "it states no @odata.type; it is no Redfish resource"
    if _kind(value) is None:
        return f"its @odata.type is {kind_of(value['@odata.type'])}, which is none of Redfish"
    return ""


def _kind(value: dict[object, object]) -> str | None:
    stated = value.get("@odata.type")
    match = _TYPE.fullmatch(stated) if isinstance(stated, str) and len(stated) < 256 else None
    return match[1] if match else None


def address(value: object) -> str:
    """Gives the `@odata.id` of a resource or a link, without a slash at the end; empty where it has none."""
    uri = value.get("@odata.id") if isinstance(value, dict) else None
    return uri.rstrip("/") if isinstance(uri, str) else ""


def _index(entries: Sequence[_Entry], broken: Sequence[_Entry], report: Report) -> Tree:
    resources: list[Resource] = []
    at: dict[tuple[Scope, str], Resource] = {}
    prefixes = {(entry.group, prefix) for entry in entries if (prefix := _prefix(entry)) is not None}
    taken: set[str] = set()
    for entry in entries:
        prefix = _prefix(entry)
        if prefix is None:
            prefix = _nearest(entry, prefixes)
        scope = (*entry.group, prefix)
        place = _unique(entry.place, taken)
        resource = _resource(entry.value, place, scope, report)
        resources.append(resource)
        resources.extend(
            _resource(value, where, scope, report, inline=True)
            for value, where in _inline(entry.value, place)
        )
        if prefix is None:
            continue
        uri = _uri(entry, prefix)
        first = at.setdefault((scope, uri), resource)
        if first.members.value != resource.members.value:
            why = f"{first.place} lies at {clean(uri, 160)}, too, and differs; the first is believed"
            report.contradict(resource.kind, resource.place, why)
        if resource.uri and resource.uri != uri:
            why = f"it says {clean(resource.uri, 160)} and lies at {clean(uri, 160)}; the latter is believed"
            report.contradict("@odata.id", resource.place, why)
    return Tree(tuple(_apart(resources, report)), at, frozenset(_lost(broken, prefixes)))


def _lost(broken: Sequence[_Entry], prefixes: set[tuple[Scope, Segments]]) -> Iterator[tuple[Scope, str]]:
    """Gives the addresses of broken files, by their paths."""
    for entry in broken:
        prefix = _nearest(entry, prefixes)
        if prefix is not None:
            yield (*entry.group, prefix), _uri(entry, prefix)


def _uri(entry: _Entry, prefix: Segments) -> str:
    return "/".join(("", *_ROOT, *_segments(entry.path)[len(prefix) :]))


def _resource(
    value: dict[object, object], where: str, scope: Scope, report: Report, *, inline: bool = False
) -> Resource:
    return Resource(_kind(value) or "", Members(value, where, report), address(value), scope, inline)


def _unique(place: str, taken: set[str]) -> str:
    found, again = place, 1
    while found in taken:
        again += 1
        found = f"{place} ({again})"
    taken.add(found)
    return found


def _inline(value: object, place: str) -> Iterator[tuple[dict[object, object], str]]:
    """Gives the resources that stand expanded within a value, each with its place."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in inner:
        where = f"{place}[{name}]" if isinstance(value, list) else f"{place}.{name}"
        if isinstance(member, dict) and isinstance(member.get("@odata.id"), str) and _kind(member):
            yield member, where
        if isinstance(member, (dict, list)):
            yield from _inline(member, where)


def _segments(path: str) -> Segments:
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if parts and parts[-1] == _INDEX:
        parts.pop()
    elif parts:
        parts[-1] = parts[-1].removesuffix(".json")
    return tuple(parts)


def _prefix(entry: _Entry) -> Segments | None:
    """Gives the folder that is `/redfish/v1` where the path of a file ends as the address in it does."""
    steps = tuple(address(entry.value).split("/"))[1:]
    path = _segments(entry.path)
    if not entry.path or steps[:2] != _ROOT:
        return None
    tail = steps[2:]
    if not tail:
        return path if entry.path.endswith(_INDEX) else None
    return path[: -len(tail)] if path[-len(tail) :] == tail else None


def _nearest(entry: _Entry, prefixes: set[tuple[Scope, Segments]]) -> Segments | None:
    """Gives the longest folder that is `/redfish/v1` for other files and lies above this one."""
    path = _segments(entry.path)
    if not entry.path:
        return None
    above = (path[:length] for length in range(len(path), -1, -1))
    return next((prefix for prefix in above if (entry.group, prefix) in prefixes), None)


def _apart(resources: Sequence[Resource], report: Report) -> Iterator[Resource]:
    """Sets apart systems of several services in one heap: nothing says whose parts are whose."""
    systems: dict[tuple[Scope, str], set[tuple[str | None, ...]]] = {}
    for one in resources:
        if one.kind == "ComputerSystem" and one.scope[-1] is None and any(identity(one)):
            systems.setdefault((one.scope, one.uri), set()).add(identity(one))
    for one in resources:
        if one.kind == "ComputerSystem" and len(systems.get((one.scope, one.uri), ())) > 1:
            why = (
                f"several systems are {clean(one.uri, 160)}, each of another service; "
                "its links are not followed. Keep the files of each service in a folder of their own"
            )
            report.leave_out("parts of a system", one.place, why)
            yield replace(one, scope=(_ALONE, one.place))
        else:
            yield one


def identity(system: Resource) -> tuple[str | None, ...]:
    """Gives what tells a machine from others."""
    return system.members.text("UUID"), system.members.text("SerialNumber")
