"""Devices of a node as device plugins and their labels tell them: whole ones, slices, shares.

A device plugin makes the node advertise a number of some resource. What one of it is, is not said there: a
whole GPU, a slice of one (MIG), or a share of its time. So devices are counted only where labels tell, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from crex.describe.plausible import fits_name
from crex.describe.report import Report
from crex.describe.values import clean, provenance, token, whole
from crex.v1 import Accelerator, AcceleratorRuntime, DeviceMemory, PartitionProfile, PciId

# More devices than any node holds: a number beyond is a broken one.
MOST_DEVICES: Final = 1024
MIB: Final = 1 << 20

# Labels of GPU feature discovery (GFD):
# https://github.com/NVIDIA/k8s-device-plugin/blob/main/docs/gpu-feature-discovery/README.md
_GPU: Final = "nvidia.com/gpu"
_GFD: Final = "labels nvidia.com/gpu.*"
_SHARED: Final = "-SHARED"
_MIG: Final = re.compile(r"nvidia\.com/mig-([0-9a-z.]{1,60}?)(?:\.(count|memory|multiprocessors|replicas))?")
_AMD: Final = "amd.com/gpu"
_AMD_PARTITION: Final = "amd.com/compute-memory-partition"
_AMD_CAN_PARTITION: Final = "amd.com/compute-partitioning-supported"
_AMD_SLICE: Final = re.compile(r"amd\.com/([a-z]{3}_nps[0-9])")
_HAMI: Final = re.compile(r"hami\.io/node-.*register.*")


@dataclass(frozen=True, slots=True)
class _Plugin:
    """A resource of which one unit is a whole device, unless something says otherwise."""

    accelerator_class: str
    vendor: str
    # Labels that name the product; the first that is there counts.
    products: tuple[str, ...]
    # Labels by whose presence units are slices or shares of devices.
    divided_by: tuple[str, ...] = ()


# https://cloud.google.com/kubernetes-engine/docs/concepts/gpus, …/tpus; the labels and resources of Ascend's
# plugin: https://www.hiascend.com/document (MindCluster, "node.kubernetes.io/npu.chip.name").
_PLUGINS: Final = {
    _GPU: _Plugin(
        "gpu",
        "nvidia",
        ("cloud.google.com/gke-accelerator",),
        ("cloud.google.com/gke-gpu-sharing-strategy", "cloud.google.com/gke-gpu-partition-size"),
    ),
    "google.com/tpu": _Plugin("tpu", "google", ("cloud.google.com/gke-tpu-accelerator",)),
    "huawei.com/Ascend310": _Plugin("npu", "huawei", ("node.kubernetes.io/npu.chip.name",)),
    "huawei.com/Ascend310P": _Plugin("npu", "huawei", ("node.kubernetes.io/npu.chip.name",)),
    "huawei.com/Ascend910": _Plugin("npu", "huawei", ("node.kubernetes.io/npu.chip.name",)),
}
# Resources of the core API and of storage and networking, which are no devices.
_CORE: Final = frozenset({"cpu", "memory", "ephemeral-storage", "pods"})


@dataclass(frozen=True, slots=True)
class Part:
    """A kind of partition on a node.

    Attributes:
        profile: Its name.
        count: How many there are at present; None: what is listed are possibilities that exclude each other.
        source: What says so.
    """

    profile: str
    count: int | None
    source: str


@dataclass(frozen=True, slots=True)
class Devices:
    """Devices of one node.

    Attributes:
        accelerators: Whole devices, told apart by kind.
        parts: Partitions of them, each profile once.
        driver: Version of the NVIDIA driver.
    """

    accelerators: tuple[Accelerator, ...] = ()
    parts: tuple[Part, ...] = ()
    driver: str | None = None


@dataclass(frozen=True, slots=True)
class Advertised:
    """What a node advertises.

    Attributes:
        labels: Its labels.
        annotations: Names of its annotations.
        capacity: Amounts by resource.
        allocatable: Amounts by resource that work can have.
        where: Place of the node in the input.
    """

    labels: Mapping[str, str]
    annotations: frozenset[str] = frozenset()
    capacity: Mapping[str, Fraction] = field(default_factory=dict)
    allocatable: Mapping[str, Fraction] = field(default_factory=dict)
    where: str = ""


def read_devices(node: Advertised, report: Report) -> Devices:
    """Reads the devices that device plugins and labels tell of."""
    found: list[Accelerator] = []
    shared = any(_HAMI.fullmatch(name) for name in node.annotations)
    nvidia, parts = _nvidia(node, report)
    found.extend(nvidia)
    for resource, plugin in _PLUGINS.items():
        if not (resource == _GPU and f"{_GPU}.count" in node.labels):
            found.extend(_plain(node, resource, plugin, shared, report))
    found.extend(_amd(node, shared, report))
    amd_parts = [
        Part(match[1], count, f"status.capacity `{name}` of Node")
        for name in node.capacity
        if (match := _AMD_SLICE.fullmatch(name)) and (count := _count(node, name, report))
        if not match[1].startswith("spx")
    ]
    _report_others(node, report)
    driver = clean(node.labels.get("nvidia.com/cuda.driver-version.full"), 128)
    return Devices(tuple(found), (*parts, *amd_parts), driver)


def _count(node: Advertised, resource: str, report: Report) -> int | None:
    """Gives how many of a resource there are; nothing where there are none, or more than can be."""
    amount = node.capacity.get(resource)
    if not amount:
        return None
    if amount.denominator != 1 or amount > MOST_DEVICES:
        why = f"it is {float(amount)}, which is no number of devices of one node"
        report.leave_out(resource, f"{node.where}.status.capacity", why)
        return None
    free = node.allocatable.get(resource, amount)
    if free < amount:
        why = f"{int(free)} of {int(amount)} can be given to work; all are stated"
        report.limit(resource, f"{node.where}.status.allocatable", why)
    return int(amount)


def _nvidia(node: Advertised, report: Report) -> tuple[list[Accelerator], list[Part]]:
    """Reads what GFD says; nothing where it runs not."""
    labels = node.labels
    parts, profiles = _mig(node, report)
    if f"{_GPU}.count" not in labels:
        return [], parts
    count = whole(labels[f"{_GPU}.count"], high=MOST_DEVICES)
    product = clean(labels.get(f"{_GPU}.product"))
    if count is None or product is None:
        report.leave_out(_GPU, node.where, "its labels state no product, or no number that a node can have")
        return [], parts
    if product.endswith("MIG-INVALID"):
        report.leave_out(
            _GPU, node.where, f"its label says {product!r}: how its devices are cut is inconsistent"
        )
        return [], parts
    if f"{_GPU}.slices.gi" in labels:
        return [], [*parts, *_all_cut(node, product, count, report)]
    if count == 0 or not _agrees(node, count, bool(parts), report):
        return [], parts
    device = Accelerator(
        accelerator_class="gpu",
        vendor="nvidia",
        product=product.removesuffix(_SHARED),
        architecture=_family(labels),
        count=count,
        partition_profiles=profiles,
        provenance=provenance(f"{_GFD} of Node"),
    )
    mebibytes = whole(labels.get(f"{_GPU}.memory"), low=1, high=1 << 32)
    what = f"memory of {product}"
    # Documented as "Mb"; it is NVML's total divided by 1024 * 1024 (internal/resource/nvml-device.go).
    if mebibytes is None:
        report.leave_out(what, node.where, f"its label {_GPU}.memory states none")
    elif fits_name(product, mebibytes * MIB, what, node.where, report):
        device.memory.CopyFrom(DeviceMemory(capacity_bytes=mebibytes * MIB))
    version = _cuda(labels)
    if version:
        device.runtime.CopyFrom(AcceleratorRuntime(family="cuda", version=version))
    for profile in device.partition_profiles:
        if device.HasField("memory") and profile.usable_memory_bytes > device.memory.capacity_bytes:
            why = f"{profile.usable_memory_bytes} bytes, more than its device has; not stated"
            report.contradict(f"memory of {profile.name}", node.where, why)
            profile.ClearField("usable_memory_bytes")
    return [device], parts


def _family(labels: Mapping[str, str]) -> str | None:
    family = token(labels.get(f"{_GPU}.family"))
    return family if family != "undefined" else None


def _cuda(labels: Mapping[str, str]) -> str | None:
    full = clean(labels.get("nvidia.com/cuda.runtime-version.full"), 64)
    major, minor = (whole(labels.get(f"nvidia.com/cuda.runtime.{one}")) for one in ("major", "minor"))
    return full or (f"{major}.{minor}" if major is not None and minor is not None else None)


def _agrees(node: Advertised, count: int, cut: bool, report: Report) -> bool:
    """Compares the devices that the labels count with those that the node advertises."""
    advertised = _count(node, _GPU, report)
    replicas = whole(node.labels.get(f"{_GPU}.replicas"), high=MOST_DEVICES) or 1
    if replicas > 1:
        strategy = clean(node.labels.get(f"{_GPU}.sharing-strategy"), 40) or "time-slicing"
        why = f"each is advertised as {replicas} shares ({strategy}); only whole devices are counted"
        report.leave_out(f"shares of {_GPU}", node.where, why)
    shares = node.capacity.get(f"{_GPU}.shared")
    if advertised is None and shares:
        advertised = int(shares)
    # In the strategy `mixed` the labels count devices that are cut, too, which the node does not advertise.
    low = 1 if cut else count * replicas
    if advertised is not None and not low <= advertised <= count * replicas:
        why = (
            f"labels count {count} devices of one product in {replicas} shares each, the node advertises "
            f"{advertised}: other devices or other shares are among them; none are stated"
        )
        report.contradict(_GPU, node.where, why)
        return False
    return True


def _all_cut(node: Advertised, product: str, count: int, report: Report) -> list[Part]:
    """Reads labels of the strategy `single`: all devices are cut alike, and labels speak of the slices."""
    _, found, profile = product.removesuffix(_SHARED).partition("-MIG-")
    if not found or not profile or count == 0:
        report.leave_out(_GPU, node.where, f"its label says {product!r}, which names no profile of MIG")
        return []
    why = (
        f"labels speak of {count} MIG slices {profile}, not of the devices that they are slices of; these "
        "and their memory are not stated"
    )
    report.leave_out(_GPU, node.where, why)
    replicas = whole(node.labels.get(f"{_GPU}.replicas"), high=MOST_DEVICES) or 1
    advertised = _count(node, _GPU, report)
    if advertised is not None and advertised != count * replicas:
        why = f"labels count {count} slices {profile}, the node advertises {advertised}; no number is stated"
        report.contradict(_GPU, node.where, why)
        return [Part(profile, None, f"{_GFD} of Node")]
    return [Part(profile, count, f"{_GFD} of Node")]


def _mig(node: Advertised, report: Report) -> tuple[list[Part], list[PartitionProfile]]:
    """Reads resources and labels of the strategy `mixed`, which has a set for each profile."""
    said: dict[str, dict[str, int]] = {}
    for name, text in node.labels.items():
        match = _MIG.fullmatch(name)
        value = whole(text, high=1 << 32)
        if match and match[2] and value is not None:
            said.setdefault(match[1], {})[match[2]] = value
    for name in node.capacity:
        match = _MIG.fullmatch(name)
        count = _count(node, name, report) if match and not match[2] else None
        if match and count is not None:
            said.setdefault(match[1], {})["advertised"] = count
    parts, profiles = [], []
    for profile, figures in sorted(said.items())[:64]:
        count = figures.get("count", figures.get("advertised"))
        replicas = figures.get("replicas") or 1
        if not count or count > MOST_DEVICES:
            continue
        if replicas > 1:
            why = f"each slice is advertised as {replicas} shares; only slices are counted"
            report.leave_out(f"shares of {profile}", node.where, why)
        advertised = figures.get("advertised", count * replicas)
        number: int | None = count
        if advertised != count * replicas:
            why = f"labels count {count}, the node advertises {advertised}; no number is stated"
            report.contradict(f"slices {profile}", node.where, why)
            number = None
        parts.append(Part(profile, number, f"nvidia.com/mig-{profile} of Node"))
        profiles.append(
            PartitionProfile(
                name=profile,
                usable_memory_bytes=figures["memory"] * MIB if figures.get("memory") else None,
                compute_units=figures.get("multiprocessors") or None,
                isolation="hardware",  # what MIG is by its maker's definition
            )
        )
    return parts, profiles


def _plain(
    node: Advertised, resource: str, plugin: _Plugin, shared: bool, report: Report
) -> list[Accelerator]:
    """Reads a resource whose units are devices, and whose product a label names."""
    count = _count(node, resource, report)
    if count is None:
        return []
    divided = next((name for name in plugin.divided_by if name in node.labels), None)
    if divided or shared or any(other.startswith(f"{resource}-") for other in node.capacity):
        why = f"units are slices or shares of devices ({divided or 'as other resources or annotations say'})"
        report.leave_out(resource, node.where, f"{count} {why}; devices are not counted by them")
        return []
    product = next((clean(node.labels[name]) for name in plugin.products if name in node.labels), None)
    if product is None:
        report.leave_out(resource, node.where, f"it has {count}, and no label says which product they are")
        return []
    return [
        Accelerator(
            accelerator_class=plugin.accelerator_class,
            vendor=plugin.vendor,
            product=product,
            count=count,
            provenance=provenance(f"status.capacity `{resource}` and label of Node"),
        )
    ]


def _amd(node: Advertised, shared: bool, report: Report) -> list[Accelerator]:
    """Reads what AMD's labeller says: https://instinct.docs.amd.com/projects/k8s-device-plugin."""
    count = _count(node, _AMD, report)
    labels = node.labels
    if count is None:
        return []
    partition = labels.get(_AMD_PARTITION, "spx" if labels.get(_AMD_CAN_PARTITION) == "false" else "")
    if shared or not partition.startswith("spx"):
        said = f"{_AMD_PARTITION} says {partition!r}" if partition else "no label says whether they are cut"
        report.leave_out(_AMD, node.where, f"it has {count}; {said}, and a partition is no device")
        return []
    product = clean(labels.get(f"{_AMD}.product-name"))
    if product is None:
        report.leave_out(_AMD, node.where, f"it has {count}, and no label says which product they are")
        return []
    device = Accelerator(
        accelerator_class="gpu",
        vendor="amd",
        product=product,
        count=count,
        provenance=provenance(f"status.capacity `{_AMD}` and labels {_AMD}.* of Node"),
    )
    identifier = labels.get(f"{_AMD}.device-id", "").lower()
    if re.fullmatch(r"[0-9a-f]{4}", identifier):
        device.pci.CopyFrom(PciId(vendor="1002", device=identifier))
    if f"{_AMD}.vram" in labels:
        # The labeller rounds to whole GiB and writes G (cmd/k8s-node-labeller/main.go).
        report.leave_out(
            f"memory of {product}", f"label {_AMD}.vram", "the labeller rounds it; it is not exact"
        )
    return [device]


def _report_others(node: Advertised, report: Report) -> None:
    """Reports resources of which nothing says what one of them is; once for each, not for each node."""
    for name in sorted(node.capacity):
        known = name in _CORE or name in _PLUGINS or name in (_AMD, f"{_GPU}.shared")
        if known or not node.capacity[name] or _MIG.fullmatch(name) or _AMD_SLICE.fullmatch(name):
            continue
        if name.startswith("hugepages-"):
            why = "memory of the node that is set apart; it is within capacity, and not within what is usable"
        elif name.startswith("attachable-volumes-"):
            why = "a number of volumes, not of devices"
        else:
            why = "nothing says what one of it is"
        report.leave_out(name, "status.capacity of Node", why)
