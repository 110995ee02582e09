"""What node-feature-discovery (NFD) says of a node, by its labels on Nodes and in its NodeFeature objects.

Facts: https://kubernetes-sigs.github.io/node-feature-discovery/stable/usage/features.html. A label
`feature.node.kubernetes.io/cpu-model.vendor_id` is the element `vendor_id` of the attribute set `cpu.model`
of a NodeFeature. Of several objects for one node the one later in the order of their names stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from crex.describe.isa import x86_level
from crex.describe.k8s_objects import Object
from crex.describe.members import Members
from crex.describe.report import Report
from crex.describe.values import clean, provenance
from crex.v1 import Software, TrustedExecution, Virtualization

PREFIX: Final = "feature.node.kubernetes.io/"
NODE_NAME: Final = "nfd.node.kubernetes.io/node-name"
_LABELS: Final = f"{PREFIX}*"
_CPUID: Final = "cpu-cpuid."

# Makers as NFD writes them, in the words of the library that reads CPUID for it (klauspost/cpuid).
_MAKERS: Final = {
    "AMCC": "applied-micro",
    "AMD": "amd",
    "ARM": "arm",
    "Ampere": "ampere",
    "Apple": "apple",
    "Broadcom": "broadcom",
    "Cavium": "cavium",
    "Fujitsu": "fujitsu",
    "Hygon": "hygon",
    "Intel": "intel",
    "Marvell": "marvell",
    "NVIDIA": "nvidia",
    "Qualcomm": "qualcomm",
}
# Names of CPUID flags there, and in /proc/cpuinfo, in whose words the levels of x86-64 are told.
_FLAGS: Final = {
    "AVX": "avx",
    "AVX2": "avx2",
    "AVX512BW": "avx512bw",
    "AVX512CD": "avx512cd",
    "AVX512DQ": "avx512dq",
    "AVX512F": "avx512f",
    "AVX512VL": "avx512vl",
    "BMI1": "bmi1",
    "BMI2": "bmi2",
    "CMOV": "cmov",
    "CMPXCHG8": "cx8",
    "CX16": "cx16",
    "F16C": "f16c",
    "FMA3": "fma",
    "FXSR": "fxsr",
    "LAHF": "lahf_lm",
    "LZCNT": "abm",
    "MMX": "mmx",
    "MOVBE": "movbe",
    "OSXSAVE": "xsave",
    "POPCNT": "popcnt",
    "SSE": "sse",
    "SSE2": "sse2",
    "SSE3": "pni",
    "SSE4": "sse4_1",
    "SSE42": "sse4_2",
    "SSSE3": "ssse3",
    "SYSCALL": "syscall",
    "X87": "fpu",
}
# Features that say that a trusted execution environment is switched on: technology and role.
_TEE: Final = {
    "cpu-security.sev.enabled": ("amd-sev", "host"),
    "cpu-security.sev.es.enabled": ("amd-sev-es", "host"),
    "cpu-security.sev.snp.enabled": ("amd-sev-snp", "host"),
    "cpu-security.sgx.enabled": ("intel-sgx", "host"),
    "cpu-security.tdx.enabled": ("intel-tdx", "host"),
    "cpu-security.tdx.protected": ("intel-tdx", "guest"),
}
_HYPERVISOR: Final = "cpu-cpuid.HYPERVISOR"
_KERNEL: Final = "kernel-version.full"
_SYSTEM: Final = ("system-os_release.ID", "system-os_release.VERSION_ID")
_READ: Final = frozenset({"cpu-model.vendor_id", _HYPERVISOR, _KERNEL, *_SYSTEM, *_TEE})
# What NFD says that is not stated, by the beginning of its name, and why.
_UNREAD: Final = {
    _CPUID: ("cpu.enabledFeatures", "NFD writes flags in words of its own, and not all of them are enabled"),
    "memory-nv": ("NVDIMM", "NFD does not say how much of it there is"),
    "network-sriov": ("network", "NFD says what interfaces can do, and not which there are"),
    "pci-": ("PCI devices", "NFD does not tell devices from slices (SR-IOV) of them"),
    "storage-nonrotationaldisk": ("storage", "NFD does not say how many disks there are, nor how large"),
}


@dataclass(frozen=True, slots=True)
class Features:
    """Features of one node.

    Attributes:
        values: Value by name, in the form of the labels and without their prefix.
        labels: All labels that NodeFeature objects ask for, with their prefixes.
        objects: Rows of NodeFeature objects that say something that a description has.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    objects: frozenset[str] = frozenset()

    def is_true(self, name: str) -> bool:
        """Tells whether a feature is there and true; absent ones are not known."""
        return self.values.get(name) == "true"

    @property
    def cpu_vendor(self) -> str | None:
        """Maker of the processors."""
        return _MAKERS.get(self.values.get("cpu-model.vendor_id", ""))

    @property
    def isa_level(self) -> str | None:
        """Level of x86-64 of which every flag is named.

        NFD names AVX and what builds on it only where the operating system saves its registers. Labels leave
        out most flags of the lower levels unless told otherwise, so that only NodeFeature objects give one.
        """
        flags = {_FLAGS[name] for name in _FLAGS if self.is_true(_CPUID + name)}
        return x86_level(flags | {"lm"})


def read_features(labels: Mapping[str, str], objects: Iterable[Object], report: Report) -> Features:
    """Reads the features of one node.

    Args:
        labels: Labels of the Node; empty where it is not in the input.
        objects: NodeFeature objects about it.
        report: Takes what contradicts.
    """
    values: dict[str, str] = {}
    asked: dict[str, str] = {}
    useful: set[str] = set()
    for one in sorted(objects, key=lambda item: (item.name, item.metadata.text("namespace") or "")):
        spec = one.members.mapping("spec")
        found, wanted = (_elements(spec), _wanted(spec)) if spec is not None else ({}, {})
        own = {name.removeprefix(PREFIX): value for name, value in wanted.items() if name.startswith(PREFIX)}
        values |= found | own
        asked |= wanted
        if any(
            name in _READ or name.startswith((_CPUID, "nvidia.com/", "amd.com/"))
            for name in found | own | wanted
        ):
            useful.add(one.row)
    for name, value in labels.items():
        short = name.removeprefix(PREFIX)
        if short == name:
            continue
        if values.get(short, value) != value and short in _READ:
            why = f"the Node says {value!r}, its NodeFeature {values[short]!r}; neither is stated"
            report.contradict(short, name, why)
            del values[short]
            continue
        values[short] = value
    for beginning, (what, why) in _UNREAD.items():
        if any(name.startswith(beginning) for name in values):
            report.leave_out(what, f"{_LABELS} of NFD", why)
    return Features(values, asked, frozenset(useful))


def _elements(spec: Members) -> dict[str, str]:
    """Gives flags and attributes in the form of labels: `id` of `cpu.model` is `cpu-model.id`."""
    found: dict[str, str] = {}
    features = spec.mapping("features")
    for kind in ("flags", "attributes"):
        sets = features.mapping(kind) if features is not None else None
        for set_name in sets.names() if sets is not None else ():
            one = sets.mapping(set_name) if sets is not None else None
            elements = one.mapping("elements") if one is not None else None
            for name in elements.names() if elements is not None else ():
                value = "true" if kind == "flags" else elements.text(name) if elements is not None else None
                if value is not None:
                    found[f"{set_name.replace('.', '-', 1)}.{name}"] = value
    return found


def _wanted(spec: Members) -> dict[str, str]:
    """Gives the labels that a NodeFeature asks for; a name without prefix has that of NFD."""
    labels = spec.mapping("labels")
    texts = {name: labels.text(name) for name in labels.names()} if labels is not None else {}
    bare = {PREFIX + name: value for name, value in texts.items() if "/" not in name}
    named = {name: value for name, value in texts.items() if "/" in name}
    return {name: value for name, value in (bare | named).items() if value is not None}


def describe_tee(features: Features) -> list[TrustedExecution]:
    """Describes the trusted execution environments that are switched on."""
    return [
        TrustedExecution(technology=technology, role=role, provenance=provenance(f"{name} of NFD"))
        for name, (technology, role) in _TEE.items()
        if features.is_true(name)
    ]


def describe_virtualization(features: Features) -> Virtualization | None:
    """Says that a node is a virtual machine; that it is none is never said."""
    if not features.is_true(_HYPERVISOR):
        return None
    return Virtualization(kind="virtual-machine", provenance=provenance(f"{_HYPERVISOR} of NFD"))


def describe_system(features: Features) -> list[Software]:
    """Lists kernel and distribution."""
    found: list[Software] = []
    kernel = clean(features.values.get(_KERNEL), 128)
    if kernel:
        found.append(Software(name="linux", version=kernel))
    name, version = (clean(features.values.get(one), 128) for one in _SYSTEM)
    if name:
        found.append(Software(name=name.lower(), version=version))
    return found
