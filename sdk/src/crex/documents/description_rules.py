"""Rules of description.md that relate several members, which a schema cannot state.

Each rule reads one message in strict JSON form that its schema accepts, and gives every contradiction with
its place. What is absent is unknown and contradicts nothing. `RULES` has them by message, in the form in
which `crex.documents.semantics` takes rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from crex.documents.fields import descriptor_of, field_by_member
from crex.documents.paths import json_path
from crex.errors import Violation
from crex.v1 import ComputeResource, Site

Json = dict[str, Any]
Path = tuple[str | int, ...]
Rule = Callable[[Json, Path], Iterator[Violation]]

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
    yield from _closed_lists(resource, path, ComputeResource)


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
    yield from _closed_lists(site, path, Site)


def _closed_lists(document: Json, path: Path, message: type[Message]) -> Iterator[Violation]:
    """A closed list is a list of this type of document (DESC-CLOSED-2)."""
    for index, name in enumerate(document.get("closedLists", ())):
        if not _names_a_list(name, descriptor_of(message)):
            place = json_path((*path, "closedLists", index))
            found = f'"{name}" is no list of {message.DESCRIPTOR.name}'
            fix = "write the members from the root, as in `node.accelerators`"
            yield Violation(place, found, "DESC-CLOSED-2", fix)


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
    cores, threads = _int(cpu, "physicalCores"), _int(cpu, "threadsPerCore")
    yield from _at_most(cpu, "sockets", cores, "physicalCores is", path, "DESC-CPU-4")
    most = cores * threads if cores is not None and threads is not None else None
    yield from _at_most(cpu, "schedulableCpus", most, "physicalCores × threadsPerCore is", path, "DESC-CPU-4")


def _memory(memory: Json, path: Path) -> Iterator[Violation]:
    capacity = _int(memory, "capacityBytes")
    yield from _at_most(memory, "usableBytes", capacity, "capacityBytes is", path, "DESC-BYTES-2")


def _accelerator(device: Json, path: Path) -> Iterator[Violation]:
    capacity = _int(device.get("memory", {}), "capacityBytes")
    for index, profile in enumerate(device.get("partitionProfiles", ())):
        place = (*path, "partitionProfiles", index)
        yield from _at_most(profile, "usableMemoryBytes", capacity, "the device has", place, "DESC-BYTES-2")


def _storage(tier: Json, path: Path) -> Iterator[Violation]:
    """Operations per second mean nothing without block size and queue depth (DESC-STORAGE-2)."""
    missing = [f"`{name}`" for name in ("blockBytes", "queueDepth") if name not in tier]
    for rate in ("readIops", "writeIops"):
        if rate in tier and missing:
            found = f"it holds at no stated {' and '.join(missing)}"
            fix = f"state {' and '.join(missing)}, or leave the rate out"
            yield Violation(json_path((*path, rate)), found, "DESC-STORAGE-2", fix)


def _at_most(
    value: Json, member: str, limit: int | None, limit_is: str, path: Path, requirement: str
) -> Iterator[Violation]:
    found = _int(value, member)
    if found is not None and limit is not None and found > limit:
        place = json_path((*path, member))
        yield Violation(
            place, f"it is {found}, {limit_is} {limit}", requirement, "correct whichever is wrong"
        )


def _int(value: Json, member: str) -> int | None:
    """Gives an int64 member, which the strict form writes as text."""
    return int(value[member]) if member in value else None


RULES: Mapping[str, Rule] = {
    "crex.v1.Accelerator": _accelerator,
    "crex.v1.ComputeResource": _resource,
    "crex.v1.Cpu": _cpu,
    "crex.v1.DeviceMemory": _memory,
    "crex.v1.Memory": _memory,
    "crex.v1.Site": _site,
    "crex.v1.StorageTier": _storage,
}
