"""What a Node object says of its machine: processors, memory, software, and what it advertises."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from crex.describe.isa import isa_of_machine
from crex.describe.k8s_devices import Advertised
from crex.describe.k8s_features import Features
from crex.describe.k8s_objects import Object
from crex.describe.k8s_quantity import amount
from crex.describe.members import Members
from crex.describe.report import Report
from crex.describe.values import clean, provenance
from crex.v1 import Cpu, Memory, Software

# More than any kernel can be built for.
_MOST_CPUS: Final = 65536
# Architectures as Go names them, where the kernel does otherwise.
_GO_NAMES: Final = {"386": "i386", "loong64": "loongarch64"}
_ARCH_LABEL: Final = "kubernetes.io/arch"
# Nodes behind which is no machine: https://virtual-kubelet.io, https://kwok.sigs.k8s.io.
_NO_MACHINE: Final = {
    "virtual-kubelet": "it stands for a service, and what it advertises is a limit that somebody set",
    "kwok": "it is simulated",
}


def refusal(node: Object) -> str:
    """Says why a Node is no machine; empty where it is one."""
    labels = node.metadata.mapping("labels")
    annotations = node.metadata.mapping("annotations")
    kind = labels.text("type") if labels is not None and labels.has("type") else ""
    if annotations is not None and annotations.has("kwok.x-k8s.io/node"):
        kind = "kwok"
    return _NO_MACHINE.get(kind or "", "")


@dataclass(frozen=True, slots=True)
class Machine:
    """What a Node object says.

    Attributes:
        advertised: Its labels and resources.
        cpu: Processors, if they can be stated.
        memory: Main memory, if it can be stated.
        software: What runs it.
    """

    advertised: Advertised
    cpu: Cpu | None
    memory: Memory | None
    software: tuple[Software, ...]


def read_labels(metadata: Members) -> dict[str, str]:
    """Reads the labels of an object."""
    labels = metadata.mapping("labels")
    texts = {name: labels.text(name) for name in labels.names()} if labels is not None else {}
    return {name: text for name, text in texts.items() if text is not None}


def read_node(node: Object, labels: dict[str, str], features: Features, report: Report) -> Machine:
    """Reads a Node object."""
    where = node.members.where
    status = node.members.mapping("status") or Members({}, node.members.place("status"), report)
    info = status.mapping("nodeInfo") or Members({}, status.place("nodeInfo"), report)
    capacity = _amounts(status, "capacity")
    # NodeStatus of the API: "Allocatable represents the resources of a node that are available for
    # scheduling. Defaults to Capacity." It is capacity less what the kubelet keeps for the system.
    allocatable = _amounts(status, "allocatable") if status.has("allocatable") else capacity
    annotations = node.metadata.mapping("annotations")
    advertised = Advertised(
        labels,
        frozenset(annotations.names()) if annotations is not None else frozenset(),
        capacity,
        allocatable,
        where,
    )
    _report_state(node, status, report)
    _report_unread(labels, capacity, report)
    return Machine(
        advertised,
        _cpu(_isa(info, labels, where, report), advertised, features, report),
        _memory(advertised, report),
        tuple(_software(info)),
    )


def _amounts(status: Members, name: str) -> dict[str, Fraction]:
    resources = status.mapping(name)
    found = {one: amount(resources, one) for one in resources.names()} if resources is not None else {}
    return {one: value for one, value in found.items() if value is not None}


def _isa(info: Members, labels: dict[str, str], where: str, report: Report) -> str | None:
    stated, label = info.text("architecture"), labels.get(_ARCH_LABEL)
    if stated and label and stated != label:
        why = f"nodeInfo says {clean(stated, 40)!r}, its label {clean(label, 40)!r}; neither is believed"
        report.contradict("architecture", where, why)
        return None
    name = stated or label or ""
    isa = isa_of_machine(_GO_NAMES.get(name, name))
    if isa is None:
        why = f"{clean(name, 40)!r} is no instruction set that is known" if name else "it states none"
        report.leave_out("architecture", where, why)
    return isa


def _cpu(isa: str | None, node: Advertised, features: Features, report: Report) -> Cpu | None:
    """Describes the processors.

    Capacity is the number of CPUs that are online; what is kept for the system is never given to work, so
    that the CPUs on which work can be scheduled are what is allocatable, rounded down (DESC-CPU-2).
    """
    capacity, free = (amounts.get("cpu") for amounts in (node.capacity, node.allocatable))
    where = f"{node.where}.status"
    if free is None or not 1 <= free <= _MOST_CPUS:
        report.leave_out("cpu", where, "allocatable states no number of CPUs of at least one")
        return None
    if capacity is not None and capacity < free:
        report.contradict(
            "cpu", where, f"{float(free)} of {float(capacity)} are allocatable; neither is stated"
        )
        return None
    if isa is None:
        report.leave_out("cpu", where, f"{int(free)} CPUs of an instruction set that is not known")
        return None
    if capacity is not None and int(free) < capacity:
        why = f"{float(free)} of {float(capacity)} CPUs can be given to work; {int(free)} are stated"
        report.limit("cpu", f"{where}.allocatable", why)
    level = features.isa_level if isa == "x86-64" else None
    method = "schedulable_cpus: status.allocatable, isa: status.nodeInfo or label kubernetes.io/arch of Node"
    if level or features.cpu_vendor:
        method += "; vendor, isa_level: NFD"
    return Cpu(
        isa=isa,
        isa_level=level,
        vendor=features.cpu_vendor,
        schedulable_cpus=int(free),
        provenance=provenance(method),
    )


def _memory(node: Advertised, report: Report) -> Memory | None:
    """Describes the memory: capacity is what the kernel has (MemTotal), allocatable what work can have."""
    capacity, free = (amounts.get("memory") for amounts in (node.capacity, node.allocatable))
    where = f"{node.where}.status"
    if capacity is None or capacity.denominator != 1 or capacity < 1:
        report.leave_out("memory", where, "capacity states no whole number of bytes")
        return None
    memory = Memory(
        capacity_bytes=int(capacity),
        provenance=provenance("status.capacity and status.allocatable of Node"),
    )
    if free is not None and free <= capacity:
        memory.usable_bytes = int(free)
    elif free is not None:
        why = f"{int(free)} of {int(capacity)} bytes are allocatable; only the capacity is stated"
        report.contradict("memory", where, why)
    return memory


def _software(info: Members) -> list[Software]:
    """Lists kernel, kubelet and the runtime of containers, which is written `containerd://1.7.2`."""
    found: list[Software] = []
    kernel, system = clean(info.text("kernelVersion"), 128), info.text("operatingSystem")
    if kernel and system == "linux":
        found.append(Software(name="linux", version=kernel))
    runtime, _, version = (info.text("containerRuntimeVersion") or "").partition("://")
    for name, text in (("kubelet", info.text("kubeletVersion")), (runtime, version)):
        shown, number = clean(name, 128), clean(text, 128)
        if shown and number:
            found.append(Software(name=shown.lower(), version=number))
    return found


def _report_state(node: Object, status: Members, report: Report) -> None:
    """Reports that a node takes no work at present, which does not change what it is."""
    spec = node.members.mapping("spec")
    if spec is not None and spec.raw("unschedulable") is True:
        report.limit(
            "node", spec.place("unschedulable"), "it takes no new work at present; it is described as it is"
        )
    for condition in status.mappings("conditions"):
        if condition.text("type") == "Ready" and condition.text("status") != "True":
            said = clean(condition.text("status"), 40) or "nothing"
            report.limit("node", condition.where, f"Ready is {said!r}; it is described as it is")


def _report_unread(labels: dict[str, str], capacity: dict[str, Fraction], report: Report) -> None:
    """Reports, once for all nodes, what is told and has no place in a description."""
    if "topology.kubernetes.io/region" in labels:
        why = "a region's name is its provider's alias; site and country are the provider's to state"
        report.leave_out("site", "label topology.kubernetes.io/region of Node", why)
    if capacity.get("ephemeral-storage"):
        why = "it states how large the file system for work is, and not on what medium it lies"
        report.leave_out("storage", "status.capacity `ephemeral-storage` of Node", why)
