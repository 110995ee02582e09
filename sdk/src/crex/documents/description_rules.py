"""Rules of description.md that relate several members, which a schema cannot state.

Each rule reads one message in strict JSON form that its schema accepts, and gives every contradiction with
its place. What is absent is unknown and contradicts nothing. `RULES` has them by message, in the form in
which `crex.documents.semantics` takes rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from crex import registry
from crex.documents.fields import descriptor_of, field_by_member
from crex.documents.paths import json_path
from crex.documents.rules import Json, Path, Rule, at_most, rates, whole_number
from crex.errors import Violation
from crex.v1 import ComputeResource, Site

_BODY_BY_KIND = {
    "node-class": "node",
    "partition-class": "partition",
    "cluster": "cluster",
    "pool": "pool",
    "service": "service",
}


def _resource(resource: Json, path: Path) -> Iterator[Violation]:
    """The five registered kinds each have their body (DESC-KIND-1); private kinds may have any."""
    wanted = _BODY_BY_KIND.get(resource["kind"])
    if wanted is not None and wanted not in resource:
        body = next((name for name in _BODY_BY_KIND.values() if name in resource), "none")
        found = f'"{resource["kind"]}" has the body `{wanted}`, this document has `{body}`'
        fix = "correct the kind, or the name of the body"
        yield Violation(json_path((*path, "kind")), found, "DESC-KIND-1", fix)
    yield from _itself(resource, path)
    yield from closed_lists(resource, path, ComputeResource)


def _itself(resource: Json, path: Path) -> Iterator[Violation]:
    """No resource is a part, a unit or a relative of itself (DESC-SELF-1)."""
    own = resource["header"]["id"]
    for place, name in _cited(resource):
        if name == own:
            found = f"it names this document itself, {json_path((*path, 'header', 'id'))}"
            yield Violation(json_path((*path, *place)), found, "DESC-SELF-1", "name another resource")


def _cited(resource: Json) -> Iterator[tuple[Path, str | None]]:
    """Gives the resources that a resource is a part of, is made of or is related to, each with its place."""
    if "partition" in resource:
        yield ("partition", "ofResource"), resource["partition"].get("ofResource")
    if "pool" in resource:
        yield ("pool", "unit"), resource["pool"].get("unit")
        for at, one in enumerate(resource["pool"].get("draws", ())):
            yield ("pool", "draws", at, "basePool"), one["basePool"]
    for at, one in enumerate(resource.get("relations", ())):
        yield ("relations", at, "target"), one["target"]
    if "cluster" in resource:
        for at, one in enumerate(resource["cluster"].get("members", ())):
            yield ("cluster", "members", at, "resource"), one["resource"]
    if "service" in resource:
        for at, one in enumerate(resource["service"].get("backedBy", ())):
            yield ("service", "backedBy", at), one


def _site(site: Json, path: Path) -> Iterator[Violation]:
    country, subdivision = site.get("country"), site.get("subdivision")
    if country is not None and subdivision is not None and not subdivision.startswith(f"{country}-"):
        found = f'"{subdivision}" is no subdivision of {country}'
        fix = "ISO 3166-2 codes begin with the code of the country"
        yield Violation(json_path((*path, "subdivision")), found, "DESC-COUNTRY-2", fix)
    stated = [name for name in ("latitudeMicrodegrees", "longitudeMicrodegrees") if name in site]
    if len(stated) == 1:
        found, fix = "one coordinate alone is no place", "state both or neither"
        yield Violation(json_path((*path, stated[0])), found, "DESC-POSITION-1", fix)
    yield from closed_lists(site, path, Site)


def closed_lists(document: Json, path: Path, message: type[Message]) -> Iterator[Violation]:
    """A closed list is a list of this type of document (DESC-CLOSED-2)."""
    for index, name in enumerate(document.get("closedLists", ())):
        if not _names_a_list(name, descriptor_of(message)):
            place = json_path((*path, "closedLists", index))
            found = f'"{name}" is no list of {message.DESCRIPTOR.name}'
            fix = "write the members from the root, as in `node.accelerators`"
            yield Violation(place, found, "DESC-CLOSED-2", fix)


@lru_cache(maxsize=1024)  # strangers choose the names
def _names_a_list(name: str, message: Descriptor) -> bool:
    *outer, last = name.split(".")
    current: Descriptor | None = message
    for member in outer:
        field = field_by_member(current).get(member) if current is not None else None
        current = field.message if field is not None and not field.is_map else None
    field = field_by_member(current).get(last) if current is not None else None
    return field is not None and field.repeated


def _cpu(cpu: Json, path: Path) -> Iterator[Violation]:
    """Every socket has a core, and cores × threads hold all that can be scheduled (DESC-CPU-4)."""
    cores, threads = whole_number(cpu, "physicalCores"), whole_number(cpu, "threadsPerCore")
    yield from at_most(cpu, "sockets", cores, (*path, "physicalCores"), path, "DESC-CPU-4")
    schedulable = whole_number(cpu, "schedulableCpus")
    if (
        cores is not None
        and threads is not None
        and schedulable is not None
        and schedulable > cores * threads
    ):
        product = f"{json_path((*path, 'physicalCores'))} × {json_path((*path, 'threadsPerCore'))}"
        found = f"it is {schedulable}, and {product} is {cores * threads}"
        fix = "correct whichever is wrong"
        yield Violation(json_path((*path, "schedulableCpus")), found, "DESC-CPU-4", fix)
    yield from rates(cpu, path)


def _memory(memory: Json, path: Path) -> Iterator[Violation]:
    capacity = whole_number(memory, "capacityBytes")
    yield from at_most(memory, "usableBytes", capacity, (*path, "capacityBytes"), path, "DESC-BYTES-2")


def _accelerator(device: Json, path: Path) -> Iterator[Violation]:
    """A slice is no larger than its device, and has a name of its own (DESC-BYTES-2, DESC-PROFILE-1)."""
    capacity = whole_number(device.get("memory", {}), "capacityBytes")
    device_at = (*path, "memory", "capacityBytes")
    names: dict[str, int] = {}
    for index, profile in enumerate(device.get("partitionProfiles", ())):
        place = (*path, "partitionProfiles", index)
        yield from at_most(profile, "usableMemoryBytes", capacity, device_at, place, "DESC-BYTES-2")
        earlier = names.setdefault(profile["name"], index)
        if earlier != index:
            before = json_path((*path, "partitionProfiles", earlier, "name"))
            found = f'"{profile["name"]}" is the name of {before} already'
            fix = "give every profile a name of its own"
            yield Violation(json_path((*place, "name")), found, "DESC-PROFILE-1", fix)
    yield from rates(device, path)


def _node(node: Json, path: Path) -> Iterator[Violation]:
    """The domains of memory hold no more than the node (DESC-NUMA-1)."""
    domains = node.get("numa", ())
    for member, whole, what in (
        ("memoryBytes", ("memory", "capacityBytes"), "memory"),
        ("schedulableCpus", ("cpu", "schedulableCpus"), "CPUs"),
    ):
        limit = whole_number(node.get(whole[0], {}), whole[1])
        together = sum((whole_number(one, member) or 0) * int(one["count"]) for one in domains)
        if limit is not None and together > limit:
            found = (
                f"the domains have {together} {what} together, and {json_path((*path, *whole))} is {limit}"
            )
            yield Violation(json_path((*path, "numa")), found, "DESC-NUMA-1", "correct whichever is wrong")


def _cluster(cluster: Json, path: Path) -> Iterator[Violation]:
    """A class of nodes is a member once (DESC-CLUSTER-1)."""
    known: dict[str, str] = {}
    for index, member in enumerate(cluster.get("members", ())):
        here = json_path((*path, "members", index, "resource"))
        earlier = known.setdefault(member["resource"], here)
        if earlier != here:
            found = f"{member['resource']} is the member {earlier} already"
            yield Violation(here, found, "DESC-CLUSTER-1", "add the nodes of one class up in one member")


def _storage(tier: Json, path: Path) -> Iterator[Violation]:
    """Operations per second mean nothing without block size and queue depth (DESC-STORAGE-2)."""
    missing = [f"`{name}`" for name in ("blockBytes", "queueDepth") if name not in tier]
    for rate in ("readIops", "writeIops"):
        if rate in tier and missing:
            found = f"it holds at no stated {' and '.join(missing)}"
            fix = f"state {' and '.join(missing)}, or leave the rate out"
            yield Violation(json_path((*path, rate)), found, "DESC-STORAGE-2", fix)


def _energy(metric: Json, path: Path) -> Iterator[Violation]:
    """A registered figure is within what it can be (DESC-ENERGY-2)."""
    known = registry.load("energy-metrics").entries.get(metric["metric"])
    if known is None:
        return
    value, least, most = int(metric["valueMicro"]), known.whole("minMicro"), known.whole("maxMicro")
    if (least is not None and value < least) or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"between {least} and {most}"
        found = f"it is {value}, and {known.token} in {known.members['unit']}, times 10^6, is {bounds}"
        fix = "check the unit; a figure in per cent or for another metric is no such value"
        yield Violation(json_path((*path, "valueMicro")), found, "DESC-ENERGY-2", fix)


RULES: Mapping[str, Rule] = {
    "crex.v1.Accelerator": _accelerator,
    "crex.v1.Cluster": _cluster,
    "crex.v1.ComputeResource": _resource,
    "crex.v1.Cpu": _cpu,
    "crex.v1.DeviceMemory": _memory,
    "crex.v1.EnergyMetric": _energy,
    "crex.v1.Memory": _memory,
    "crex.v1.NodeClass": _node,
    "crex.v1.Site": _site,
    "crex.v1.StorageTier": _storage,
}
