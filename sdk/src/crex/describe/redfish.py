"""Systems of Redfish trees and mockups (DMTF DSP0266, DSP0268): what firmware and management processors say.

Rows are ComputerSystem resources; everything else is a part of one, reached by its links. A system that only
its collection names, and what is no Redfish resource at all, are rows that are left out. Nothing is asked of
a live service.

Not read, on purpose: readings of power, temperature and energy (an EnergyMetric has an interval and a
boundary), serial numbers, asset tags and `SKU` (some makers put a serial number there), firmware settings,
`TDPWatts` of a processor (which is not its board's), and resource blocks, which are no systems.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from crex.describe.importing import Draft, Import, Imported
from crex.describe.machines import capped
from crex.describe.policy import propose_name
from crex.describe.redfish_accelerators import describe_accelerators
from crex.describe.redfish_cpu import describe_cpu
from crex.describe.redfish_devices import describe_network, describe_storage
from crex.describe.redfish_memory import describe_memory
from crex.describe.redfish_parts import System
from crex.describe.redfish_tree import (
    MOST_LINKED,
    Linked,
    Resource,
    Scope,
    Tree,
    address,
    identity,
    read_tree,
)
from crex.describe.report import Report
from crex.describe.sources import Source
from crex.describe.values import clean, provenance
from crex.v1 import ComputeResource, NodeClass, Virtualization

_SYSTEM: Final = "ComputerSystem"
# DSP0268, ComputerSystem.SystemType: what is no node, with the reason.
_NO_NODES: Final = {
    "DPU": "it is a data processing unit, a part of another system",
    "OS": "it is an operating system, not what it runs on",
}
_VIRTUALIZATION: Final = {"Physical": "bare-metal", "Virtual": "virtual-machine"}
# Parts that a reader may miss in a description.
_EXPECTED: Final = ("Processor", "Memory", "Drive", "NetworkAdapter")
_PIECES: Final = frozenset({"Core", "Thread", "Partition"})


@dataclass(frozen=True, slots=True)
class Redfish:
    """The importer of Redfish trees."""

    name: str = "redfish"
    about: str = "systems of a Redfish tree or mockup"
    commands: tuple[tuple[str, ...], ...] = ()

    def read(self, sources: Sequence[Source]) -> Imported:
        """Reads the systems of all sources together."""
        books = Import()
        tree = read_tree(sources, books)
        rows = _rows(tree, books)
        systems = [(row, _gather(tree, one)) for row, one in rows]
        places = Counter(part.place for _, one in systems for part in one.parts())
        shared = frozenset(place for place, count in places.items() if count > 1)
        described: dict[bytes, _Equal] = {}
        for row, system in systems:
            _describe(row, system.without(shared, books.report), books, described)
        for one in described.values():
            books.add(_draft(one, books.report))
        _report_unlinked(tree, books.report)
        imported = books.done()
        return imported if imported.rows or not sources else _nothing(tree, sources, books.report)


def _nothing(tree: Tree, sources: Sequence[Source], report: Report) -> Imported:
    """Says that there is no system in an input of which everything could be read."""
    books = Import(report)
    what = sources[0].name + (f" and {len(sources) - 1} more" if len(sources) > 1 else "")
    books.leave_out(books.row(what), f"none of its {len(tree.resources)} Redfish resources is a {_SYSTEM}")
    return books.done()


def _rows(tree: Tree, books: Import) -> list[tuple[str, Resource]]:
    """Begins a row for each system, and ends those that are not described."""
    rows: list[tuple[str, Resource]] = []
    known: dict[tuple[object, ...], str] = {}
    systems = tree.of_kind(_SYSTEM)
    # What stands expanded in something else may be less than the resource itself.
    for system in sorted(systems, key=lambda one: one.inline):
        row = books.row(_shown(system))
        names: list[tuple[object, ...]] = [(system.scope, system.uri)]
        if any(identity(system)):
            names.append((system.uri, *identity(system)))
        told = next((known[name] for name in names if name in known), None)
        refusal = _refusal(system) or (f"it is told already: {told}" if told else "")
        if refusal:
            books.leave_out(row, refusal)
            continue
        rows.append((row, system))
        known.update(dict.fromkeys(names, row))
    named = {(one.scope, one.uri) for one in systems}
    alone = {one.uri for one in systems if one.alone}
    for collection in tree.of_kind(f"{_SYSTEM}Collection"):
        for index, why in _missing(tree, collection, named, alone):
            books.leave_out(books.row(f"{collection.place}.Members[{index}]"), why)
    return rows


def _shown(system: Resource) -> str:
    uri = clean(system.uri, 160)
    return f"{system.place} ({uri})" if uri else system.place


def _refusal(system: Resource) -> str:
    """Says why a system is no node; nothing if it is one."""
    if system.template:
        return "it only says how a system may be composed"
    status = system.members.mapping("Status")
    if status is not None and status.text("State") == "Absent":
        return "its state is 'Absent': it is not there"
    return _NO_NODES.get(system.members.text("SystemType") or "", "")


def _missing(
    tree: Tree, collection: Resource, named: Collection[tuple[Scope, str]], alone: Collection[str]
) -> Iterator[tuple[int, str]]:
    """Gives the places of systems that a collection names and that are not in the input, and why.

    Args:
        tree: The tree.
        collection: The collection.
        named: Services and addresses of all systems.
        alone: Addresses of those that are set apart from their services.
    """
    members = collection.members
    values = members.items("Members")
    tree.check_count(members, "Members", len(values))
    for index, value in enumerate(values[:MOST_LINKED]):
        uri = address(value)
        if (collection.scope, uri) in named or uri in alone:
            continue
        found = tree.find(collection, value)
        if isinstance(found, str):
            yield index, f"a system is named; {found}"
        elif found.kind != _SYSTEM:
            yield index, f"it is a {found.kind}, no {_SYSTEM}"
    if len(values) > MOST_LINKED:
        yield MOST_LINKED, f"it and {len(values) - MOST_LINKED - 1} after it are not looked for"


def _gather(tree: Tree, system: Resource) -> System:
    """Follows the links of a system to its parts."""
    storage = tree.listed(system, "Storage", "Storage")
    interfaces = tree.listed(system, "NetworkInterfaces", "NetworkInterface")
    ports = [_ports(tree, one) for one in interfaces.resources]
    logical = Linked()
    # Where a system names adapters, their ports are the hardware, and these may be the same once more.
    if not interfaces.stated or (interfaces.complete and not interfaces.resources):
        logical = tree.listed(system, "EthernetInterfaces", "EthernetInterface")
    functions, devices = _functions(tree, system)
    return System(
        resource=system,
        tree=tree,
        virtual=system.members.text("SystemType") == "Virtual",
        processors=tree.listed(system, "Processors", "Processor"),
        modules=tree.listed(system, "Memory", "Memory"),
        storage=storage,
        drives=_joined([tree.listed(one, "Drives", "Drive") for one in storage.resources]),
        ports=_joined(ports),
        ethernet=logical,
        functions=functions,
        devices=devices,
    )


def _joined(several: Sequence[Linked]) -> Linked:
    found = {one.place: one for linked in several for one in linked.resources}
    return Linked(
        tuple(found.values()),
        any(linked.stated for linked in several),
        all(linked.complete for linked in several),
    )


def _ports(tree: Tree, interface: Resource) -> Linked:
    """Gives the ports of an adapter; of the interface itself where the adapter is not in the input."""
    adapters = tree.one(interface, "Links.NetworkAdapter", "NetworkAdapter").resources
    owner = adapters[0] if adapters else interface
    for name, kind in (("Ports", "Port"), ("NetworkPorts", "NetworkPort")):
        linked = tree.listed(owner, name, kind)
        if linked.stated:
            return linked
    return Linked()


def _functions(tree: Tree, system: Resource) -> tuple[Linked, dict[str, str]]:
    """Gives the PCIe functions of a system, and which device each is a function of."""
    devices: dict[str, str] = {}
    several = [tree.listed(system, "PCIeFunctions", "PCIeFunction")]
    for device in tree.listed(system, "PCIeDevices", "PCIeDevice").resources:
        for path in ("PCIeFunctions", "Links.PCIeFunctions"):
            linked = tree.listed(device, path, "PCIeFunction")
            several.append(linked)
            devices.update({one.place: device.place for one in linked.resources})
    return _joined(several), devices


@dataclass(frozen=True, slots=True)
class _Equal:
    """Systems of which the same is stated.

    Attributes:
        body: What is stated.
        rows: Their rows.
        resources: The systems, in the order of their rows.
    """

    body: ComputeResource
    rows: list[str] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)


def _draft(equal: _Equal, report: Report) -> Draft:
    """Makes one draft of equal systems; it counts them where they are certainly that many."""
    count = len(equal.rows) if _are_several(equal.resources, report) else None
    return Draft(name=_name(equal.resources[0]), body=equal.body, rows=tuple(equal.rows), count=count)


def _are_several(equal: Sequence[Resource], report: Report) -> bool:
    """Tells whether equal systems are that many machines, and not one that several files tell."""
    places = Counter(one.uri for one in equal)
    for one in equal:
        if places[one.uri] > 1 and not any(identity(one)):
            why = "not all equal systems of several services state a UUID or serial number: some may be one"
            report.leave_out("number of machines", one.place, why)
            return False
    return True


def _describe(row: str, system: System, books: Import, described: dict[bytes, _Equal]) -> None:
    """Describes a system, among those of which the same is stated."""
    report, place = books.report, system.resource.place
    node = NodeClass(
        cpu=describe_cpu(system, report),
        memory=describe_memory(system, report),
        accelerators=capped(describe_accelerators(system, report), "node.accelerators", place, report),
        storage=capped(describe_storage(system, report), "node.storage", place, report),
        network=capped(describe_network(system, report), "node.network", place, report),
    )
    if not node.ListFields():
        books.leave_out(row, "nothing that it has could be stated; the findings say why")
        return
    if node.accelerators and not node.HasField("cpu"):
        why = "it has accelerators and no CPUs: it may be a board of another system, which is described apart"
        report.leave_out("the system around it", place, why)
    _set_virtualization(node, system)
    body = ComputeResource(kind="node-class", node=node)
    named = _display_name(system.resource)
    if named:
        body.display_names["en"] = named
    key = body.SerializeToString(deterministic=True)
    equal = described.setdefault(key, _Equal(body))
    equal.rows.append(row)
    equal.resources.append(system.resource)


def _set_virtualization(node: NodeClass, system: System) -> None:
    stated = system.resource.members.text("SystemType")
    kind = _VIRTUALIZATION.get(stated or "")
    if kind is not None:
        source = provenance("`SystemType` of ComputerSystem")
        node.virtualization.CopyFrom(Virtualization(kind=kind, provenance=source))
    elif stated is not None:
        why = f"`SystemType` is {clean(stated, 40)!r}, which does not say on what it runs"
        system.resource.members.report.leave_out("node.virtualization", system.resource.place, why)


def _display_name(system: Resource) -> str | None:
    """Gives maker and model as one text, for people."""
    words = (clean(system.members.text(name), 80) for name in ("Manufacturer", "Model", "SubModel"))
    return clean(" ".join(word for word in words if word))


def _name(system: Resource) -> str:
    """Proposes a name: the host's, else the identifier of the resource."""
    candidates = (system.members.text("HostName"), system.members.text("Id"), system.uri.rpartition("/")[2])
    return next((name for one in candidates if (name := propose_name(one))), "system")


def _report_unlinked(tree: Tree, report: Report) -> None:
    """Reports parts of which no system is known: they may be what a description lacks."""
    for kind in _EXPECTED:
        left = [one for one in tree.of_kind(kind) if one.place not in tree.used and not _piece(one)]
        if left:
            why = "no system that is described links to them; they are described nowhere"
            report.leave_out(f"{len(left)} × {kind}", left[0].place, why)
    blocks = tree.of_kind("ResourceBlock")
    if blocks:
        why = "a block is what systems are composed of, and no system"
        report.leave_out(f"{len(blocks)} × ResourceBlock", blocks[0].place, why)


def _piece(resource: Resource) -> bool:
    return resource.members.text("ProcessorType") in _PIECES


IMPORTER: Final = Redfish()
