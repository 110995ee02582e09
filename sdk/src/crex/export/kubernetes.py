"""Kubernetes: the accelerators of a class of nodes as ResourceSlices of dynamic resource allocation (DRA).

Limits and grammar: https://kubernetes.io/docs/reference/kubernetes-api/resource/resource-slice-v1/ and
pkg/apis/resource/validation/validation.go of Kubernetes. A class of nodes is one pool. Documents name no
nodes, so the pool belongs to whatever nodes carry a label; its devices are those of one node, which is never
more than those nodes have together.

The driver's name is `crex.` and the authority of the document: a DNS name under a domain that belongs to
whoever says this. Attributes are of the driver's domain and therefore written without one; in a selector
`device.attributes[device.driver].architecture` means the same of every provider. Where names of NVIDIA's
driver mean what is meant here (`type`, `productName`, `architecture`, `memory`), they are used. Of the
standard attributes of Kubernetes (`resource.kubernetes.io/pcieRoot` and the like) no document knows any.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from crex.describe.report import Report
from crex.export.exporting import Document, Export, Exported, stem
from crex.export.gathering import Described, gather, leave_unsaid
from crex.export.rates import PATH, Claim, claims
from crex.names import Name
from crex.v1 import Accelerator

MOST_IN_SLICE: Final = 128
MOST_NAMES: Final = 32
LONGEST_NAME: Final = 32
LONGEST_TEXT: Final = 64
LONGEST_DRIVER: Final = 63
LONGEST_POOL: Final = 253
# More devices than this are no node's; it bounds what one document can make.
MOST_DEVICES: Final = 4096

_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_IDENTIFIER: Final = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{LONGEST_NAME - 1}}}")
# Longest class of a device that still leaves its name room for a number.
_LONGEST_PREFIX: Final = 50
_BINARY: Final = tuple((1024**power, f"{prefix}i") for power, prefix in reversed([*enumerate("KMGTPE", 1)]))
_SAID: Final = frozenset(
    {
        "node.accelerators.acceleratorClass",
        "node.accelerators.vendor",
        "node.accelerators.product",
        "node.accelerators.architecture",
        "node.accelerators.formFactor",
        "node.accelerators.pci",
        "node.accelerators.count",
        "node.accelerators.memory",
        "node.accelerators.rates.numberFormat",
        "node.accelerators.rates.unit",
        "node.accelerators.rates.sparsity",
        "node.accelerators.rates.mopsPerS",
        "node.accelerators.tdpWatts",
        "node.accelerators.runtime",
        "node.accelerators.partitionProfiles",
        "node.accelerators.provenance.basis",
    }
)
_SAID_OF_SITE: Final = frozenset({"country", "subdivision"})
_DEVICES: Final = "node.accelerators"
_NO_PLACE: Final = "a ResourceSlice has no place for it"

_Attribute: TypeAlias = dict[str, str | int | bool]


class KubernetesExporter:
    """Writes one List of ResourceSlices for each class of nodes that has accelerators."""

    name = "kubernetes"
    about = "ResourceSlices of accelerators for Kubernetes (JSON)"

    def write(self, documents: Sequence[Document]) -> Exported:
        """Writes a pool for each class of nodes."""
        books = Export()
        for one in gather(documents, books):
            _write(one, books)
        return books.done()


EXPORTER: Final = KubernetesExporter()


def _write(one: Described, books: Export) -> None:
    devices = sum(accelerator.count for accelerator in one.node.accelerators)
    driver = f"crex.{Name.parse(one.id).authority}"
    if not devices:
        books.leave_out(one.where, "it states no accelerators, and a ResourceSlice lists nothing else")
        return
    if devices > MOST_DEVICES:
        books.leave_out(one.where, f"its nodes have {devices} devices; at most {MOST_DEVICES} are written")
        return
    if len(driver) > LONGEST_DRIVER:
        why = f"the name of its driver, {driver}, would be longer than {LONGEST_DRIVER} characters"
        books.leave_out(one.where, why)
        return
    objects = _slices(one, driver, books.report)
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}, indent=2, ensure_ascii=False)
    books.tell(f"{stem(one.id)}.json", f"{text}\n".encode(), one.sources)
    leave_unsaid(one.resource, _SAID, one.where, books, _NO_PLACE)
    if one.site is not None:
        leave_unsaid(one.site, _SAID_OF_SITE, one.site_where, books, _NO_PLACE)
    if one.nodes != 1:
        known = "how many there are is not stated" if one.nodes is None else f"there are {one.nodes}"
        why = f"{known}; the slices tell of the devices of one, since no document names the nodes"
        books.report.limit("nodes", one.where, why)


def _slices(one: Described, driver: str, report: Report) -> list[dict[str, object]]:
    devices = list(_devices(one, report))
    chunks = [devices[at : at + MOST_IN_SLICE] for at in range(0, len(devices), MOST_IN_SLICE)]
    unique = stem(one.id)
    label = {"key": f"{driver}/resource", "operator": "In", "values": [unique]}
    pool = {
        "name": _pool(one, unique),
        "generation": one.revision,
        "resourceSliceCount": len(chunks),
    }
    return [
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceSlice",
            "metadata": {
                "name": f"{unique}-{number}",
                # Whole, where an attribute may have no room for it (EXPORT-ORIGIN-1).
                "annotations": {f"{driver}/id": one.id, f"{driver}/revision": str(one.revision)},
            },
            "spec": {
                "driver": driver,
                "pool": pool,
                "nodeSelector": {"nodeSelectorTerms": [{"matchExpressions": [label]}]},
                "devices": chunk,
            },
        }
        for number, chunk in enumerate(chunks)
    ]


def _pool(one: Described, unique: str) -> str:
    """Gives the pool's name: that of the resource, where it consists of DNS subdomains."""
    path = one.id.removeprefix("crex://")
    fits = len(path) <= LONGEST_POOL and all(_SUBDOMAIN.fullmatch(part) for part in path.split("/"))
    return path if fits else unique


def _devices(one: Described, report: Report) -> Iterator[dict[str, object]]:
    number = 0
    for index, accelerator in enumerate(one.node.accelerators):
        told = _tell(one, accelerator, f"{one.where} accelerators[{index}]", report)
        kind = accelerator.accelerator_class
        prefix = kind if len(kind) <= _LONGEST_PREFIX and _LABEL.fullmatch(kind) else "device"
        for _ in range(accelerator.count):
            yield {
                "name": f"{prefix}-{number}",
                "attributes": told.attributes,
                **({"capacity": told.capacity} if told.capacity else {}),
            }
            number += 1


@dataclass(slots=True)
class _Device:
    """One device while it is told, within the limits of the API (EXPORT-LIMIT-1)."""

    where: str
    report: Report
    attributes: dict[str, _Attribute] = field(default_factory=dict)
    capacity: dict[str, dict[str, str]] = field(default_factory=dict)

    def text(self, name: str, value: str, path: str) -> None:
        """States a text, whole or not at all."""
        size = len(value.encode())
        if size > LONGEST_TEXT:
            why = f"it has {size} bytes, and the value of the attribute {name} at most {LONGEST_TEXT}"
            self.report.leave_out(path, self.where, why)
        elif value:
            self.attributes[name] = {"string": value}

    def number(self, name: str, value: int | None) -> None:
        """States a whole number."""
        if value is not None:
            self.attributes[name] = {"int": value}

    def flag(self, name: str, value: bool | None) -> None:
        """States whether something is so."""
        if value is not None:
            self.attributes[name] = {"bool": value}

    def size(self, name: str, value: int | None) -> None:
        """States a capacity in bytes."""
        if value is not None:
            self.capacity[name] = {"value": quantity(value)}

    @property
    def room(self) -> int:
        """How many more names fit."""
        return MOST_NAMES - len(self.attributes) - len(self.capacity)


def _tell(one: Described, accelerator: Accelerator, where: str, report: Report) -> _Device:
    device = _Device(where, report)
    for name, member, value in (
        ("type", "acceleratorClass", accelerator.accelerator_class),
        ("vendor", "vendor", accelerator.vendor),
        ("productName", "product", accelerator.product),
        ("architecture", "architecture", accelerator.architecture),
        ("formFactor", "formFactor", accelerator.form_factor),
        ("runtimeFamily", "runtime.family", accelerator.runtime.family),
        ("runtimeVersion", "runtime.version", accelerator.runtime.version),
        ("basis", "provenance.basis", accelerator.provenance.basis),
        ("memoryType", "memory.type", accelerator.memory.type),
    ):
        device.text(name, value, f"{_DEVICES}.{member}")
    _tell_pci(device, accelerator)
    _tell_figures(device, accelerator)
    device.text("resource", one.id, "header.id")
    device.number("revision", one.revision)
    if one.site is not None:
        device.text("site", one.site.header.id, "siteId")
        device.text("country", one.site.country, "country")
        device.text("subdivision", one.site.subdivision, "subdivision")
    for profile in accelerator.partition_profiles:
        why = f"the partition {profile.name} is no device; the driver that cuts it publishes it"
        report.leave_out(f"{_DEVICES}.partitionProfiles", where, why)
    _tell_rates(device, accelerator)
    return device


def _tell_pci(device: _Device, accelerator: Accelerator) -> None:
    pci = accelerator.pci
    for name, member, digits in (
        ("vendorID", "vendor", pci.vendor),
        ("deviceID", "device", pci.device),
        ("subsystemVendorID", "subvendor", pci.subvendor),
        ("subsystemID", "subdevice", pci.subdevice),
    ):
        device.text(name, f"0x{digits}" if digits else "", f"{_DEVICES}.pci.{member}")


def _tell_figures(device: _Device, accelerator: Accelerator) -> None:
    device.number("tdpWatts", accelerator.tdp_watts if accelerator.HasField("tdp_watts") else None)
    memory = accelerator.memory
    if not accelerator.HasField("memory"):
        return
    device.size("memory", memory.capacity_bytes)
    device.size("usableMemory", memory.usable_bytes if memory.HasField("usable_bytes") else None)
    device.flag("memoryEcc", memory.ecc if memory.HasField("ecc") else None)
    stated = memory.HasField("bandwidth_bytes_per_s")
    device.number("memoryBandwidthBytesPerS", memory.bandwidth_bytes_per_s if stated else None)


def _tell_rates(device: _Device, accelerator: Accelerator) -> None:
    for claim in claims(accelerator.rates, device.where, device.report):
        name = rate_name(claim)
        if name is None:
            why = f"{claim} has no name that is an identifier of at most {LONGEST_NAME} characters"
        elif not device.room:
            why = f"{claim} has no room: a device has at most {MOST_NAMES} attributes and capacities"
        else:
            device.number(name, claim.mops_per_s)
            continue
        device.report.leave_out(PATH, device.where, why)


def rate_name(claim: Claim) -> str | None:
    """Gives the name of an attribute that is a rate, such as `bf16_matrix_dense_mops`; None: it has none.

    Read from its end it is unambiguous, so no two rates have one name, nor a rate with sparsity that of a
    dense one (EXPORT-RATE-1).
    """
    if claim.unit not in ("vector", "matrix"):
        return None
    name = f"{claim.number_format}-{claim.unit}-{claim.sparsity}-mops".replace("-", "_")
    return name if _IDENTIFIER.fullmatch(name) else None


def quantity(size: int) -> str:
    """Writes a number of bytes as Kubernetes does, exactly: `80Gi`, or all digits."""
    for factor, suffix in _BINARY:
        if size and size % factor == 0:
            return f"{size // factor}{suffix}"
    return str(size)
