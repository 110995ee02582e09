"""Kubernetes: Nodes, the devices that their drivers publish, and the features that are found on them.

A node's description is joined by its name from its Node object, the ResourceSlices of its drivers and the
NodeFeature objects about it. Nodes that are equal are told once, with their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from crex.describe.importing import Draft, Import, Imported, unused
from crex.describe.k8s_devices import Advertised, Devices, Part, read_devices
from crex.describe.k8s_features import (
    NODE_NAME,
    Features,
    describe_system,
    describe_tee,
    describe_virtualization,
    read_features,
)
from crex.describe.k8s_nodes import Machine, read_labels, read_node, refusal
from crex.describe.k8s_objects import FEATURE, NODE, SLICE, Object, read_objects
from crex.describe.k8s_slices import Published, choose_slices, compare, read_published
from crex.describe.report import Report
from crex.describe.sources import Source
from crex.describe.values import clean, token
from crex.v1 import ComputeResource, NodeClass, Partition, Software

_MOST_KINDS: Final = 64
_KUBECTL: Final = ("kubectl", "get")
_JSON: Final = ("-o", "json")


class K8sImporter:
    """Reads what `kubectl get -o json` or `-o yaml` prints."""

    name = "k8s"
    about = "Kubernetes Nodes, ResourceSlices and node features (JSON or YAML)"
    # One command each: a cluster without the API of one kind still answers for the others.
    commands = (
        (*_KUBECTL, "nodes", *_JSON),
        (*_KUBECTL, "resourceslices", *_JSON),
        (*_KUBECTL, "nodefeatures", "--all-namespaces", *_JSON),
    )

    def read(self, sources: Sequence[Source]) -> Imported:
        """Reads objects of one cluster together."""
        books = Import()
        hosts = _hosts(read_objects(sources, books), books)
        classes: dict[tuple[object, ...], list[_Described]] = {}
        unused: dict[str, str] = {}
        for host in hosts.values():
            described = _describe(host, unused, books.report)
            if described is not None:
                classes.setdefault(described.key(), []).append(described)
        names: set[str] = set()
        for equal in classes.values():
            _draft(equal, names, books)
        # A slice may speak of several nodes; it is left out where none of them has anything of it.
        used = {row for equal in classes.values() for one in equal for row in one.rows}
        for row, why in unused.items():
            if row not in used:
                books.leave_out(row, why)
        return books.done()


IMPORTER: Final = K8sImporter()


@dataclass(slots=True)
class _Host:
    """What the input has about one node."""

    name: str
    node: Object | None = None
    slices: list[Published] = field(default_factory=list)
    features: list[Object] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Described:
    """A node described.

    Attributes:
        name: Its name.
        body: The document.
        parts: Partitions of its devices.
        rows: Rows of the input that say so.
    """

    name: str
    body: ComputeResource
    parts: tuple[Part, ...]
    rows: tuple[str, ...]

    def key(self) -> tuple[object, ...]:
        """Gives what is the same for equal nodes."""
        return self.body.SerializeToString(deterministic=True), self.parts


def _hosts(objects: Sequence[Object], books: Import) -> dict[str, _Host]:
    """Joins objects by the node that they speak of."""
    hosts: dict[str, _Host] = {}
    refused: set[str] = set()
    for one in (one for one in objects if one.kind == NODE):
        why = refusal(one)
        host = hosts.setdefault(one.name, _Host(one.name))
        if why:
            refused.add(one.name)
            books.leave_out(one.row, why)
        elif host.node is None:
            host.node = one
        elif one.uid == host.node.uid:
            books.leave_out(one.row, f"it is told twice; the first is {host.node.row}")
        else:
            why = f"another node has this name ({host.node.row}); read each cluster by itself"
            books.leave_out(one.row, why)
    for published in choose_slices([one for one in objects if one.kind == SLICE], books):
        hosts.setdefault(published.node, _Host(published.node)).slices.append(published)
    for one in (one for one in objects if one.kind == FEATURE):
        labels = one.metadata.mapping("labels")
        name = labels.text(NODE_NAME) if labels is not None else None
        if name:
            hosts.setdefault(name, _Host(name)).features.append(one)
        else:
            books.leave_out(one.row, f"it names no node (label {NODE_NAME})")
    for name in refused:
        host = hosts[name]
        if host.node is None:
            del hosts[name]
            for row in _rows(host):
                books.leave_out(row, f"it is about {name}, which is no machine")
    return hosts


def _rows(host: _Host) -> list[str]:
    rows = [host.node.row] if host.node is not None else []
    rows += [one.object.row for one in host.slices] + [one.row for one in host.features]
    return list(dict.fromkeys(rows))


def _describe(host: _Host, unused: dict[str, str], report: Report) -> _Described | None:
    """Describes a node; rows that state nothing that a description has are noted with the reason."""
    labels = read_labels(host.node.metadata) if host.node is not None else {}
    features = read_features(labels, host.features, report)
    machine = read_node(host.node, labels, features, report) if host.node is not None else None
    # Where the Node is not in the input, the labels that were asked for it are the next best.
    advertised = (
        machine.advertised if machine is not None else Advertised(features.labels, where=f"node {host.name}")
    )
    plugged = read_devices(advertised, report)
    published, told = read_published(host.slices, report)
    where = advertised.where
    accelerators = compare(published, plugged, where, report)
    if len(accelerators) > _MOST_KINDS:
        report.leave_out("devices", where, f"more than {_MOST_KINDS} kinds; the others are not stated")
    body = ComputeResource(kind="node-class", node=NodeClass(accelerators=accelerators[:_MOST_KINDS]))
    virtualization = describe_virtualization(features)
    if virtualization is not None:
        body.node.virtualization.CopyFrom(virtualization)
    body.node.tee.extend(describe_tee(features))
    if machine is not None:
        _add_machine(body, machine)
    parts = _merge(published, plugged)
    if not body.node.ByteSize() and not parts:
        unused.update(dict.fromkeys(_rows(host), _nothing(host)))
        return None
    body.software.extend(_software(machine, features, plugged))
    told |= features.objects | ({host.node.row} if host.node is not None else set())
    rows = _rows(host)
    useless = [row for row in rows if row not in told]
    unused.update(dict.fromkeys(useless, "nothing of it could be stated; the findings say why"))
    return _Described(host.name, body, parts, tuple(row for row in rows if row in told))


def _nothing(host: _Host) -> str:
    if host.node is not None:
        return "it states no processors, memory or devices that could be described; the findings say why"
    return f"the node {clean(host.name, 80)!r} is not in this input, and this says nothing of its devices"


def _add_machine(body: ComputeResource, machine: Machine) -> None:
    if machine.cpu is not None:
        body.node.cpu.CopyFrom(machine.cpu)
    if machine.memory is not None:
        body.node.memory.CopyFrom(machine.memory)


def _merge(published: Devices, plugged: Devices) -> tuple[Part, ...]:
    """Gives the partitions; what a driver publishes stands before what a node advertises."""
    profiles = {part.profile for part in published.parts}
    return (*published.parts, *(part for part in plugged.parts if part.profile not in profiles))


def _software(machine: Machine | None, features: Features, plugged: Devices) -> list[Software]:
    found = {one.name: one for one in describe_system(features)}
    if machine is not None:
        found |= {one.name: one for one in machine.software}
    if plugged.driver:
        found["nvidia-driver"] = Software(name="nvidia-driver", version=plugged.driver)
    return [found[name] for name in sorted(found)]


def _draft(equal: Sequence[_Described], names: set[str], books: Import) -> None:
    """Makes the drafts of equal nodes: one for the node, one for each profile of partitions."""
    first = equal[0]
    name = _name(first.name, names)
    rows = tuple(row for one in equal for row in one.rows)
    books.add(Draft(name=name, body=first.body, rows=rows, count=len(equal)))
    for part in first.parts:
        body = ComputeResource(kind="partition-class", partition=Partition(profile=part.profile[:128]))
        count = part.count * len(equal) if part.count is not None else None
        part_name = _name(f"{name}-{part.profile}", names)
        books.add(Draft(name=part_name, body=body, rows=rows, count=count, part_of=name))


def _name(text: str, taken: set[str]) -> str:
    """Gives a name for a document that is not taken."""
    return unused(token(text) or token(text[-60:]) or "node", taken)
