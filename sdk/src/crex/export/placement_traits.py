"""Traits of OpenStack Placement: those of os-traits that mean what a document says, and custom ones.

Facts: https://docs.openstack.org/os-traits/ and the source of os-traits; how Nova reads processors is
`CPU_TRAITS_MAPPING` in nova/virt/libvirt/utils.py, in the names of libvirt. A standard trait is used where
one means the same, and otherwise a custom one from a token, by a rule that never gives two tokens one trait.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from crex.describe.report import Report
from crex.export.gathering import is_estimated
from crex.v1 import Cpu, DeviceMemory, Memory, NodeClass

LONGEST: Final = 255
_PREFIX: Final = "CUSTOM_CREX_"
_PLAIN: Final = re.compile(r"[A-Za-z0-9-]+")

# By instruction set. os-traits has none for riscv64, loongarch64 and sw64 as hardware.
_ARCHITECTURES: Final = {
    "x86-64": "HW_ARCH_X86_64",
    "x86-32": "HW_ARCH_I686",
    "aarch64": "HW_ARCH_AARCH64",
    "armv7": "HW_ARCH_ARMV7",
    "ppc64le": "HW_ARCH_PPC64LE",
    "ppc64": "HW_ARCH_PPC64",
    "s390x": "HW_ARCH_S390X",
    "mips64": "HW_ARCH_MIPS64",
    "sparc64": "HW_ARCH_SPARC64",
}
# Features of x86 by the names of Linux (/proc/cpuinfo); what follows HW_CPU_X86_.
_X86: Final = {
    "3dnow": ("3DNOW",),
    "abm": ("ABM",),
    "aes": ("AESNI",),
    "amx_bf16": ("AMXBF16",),
    "amx_int8": ("AMXINT8",),
    "amx_tile": ("AMXTILE",),
    "avx": ("AVX",),
    "avx2": ("AVX2",),
    "avx512_bitalg": ("AVX512BITALG",),
    "avx512_vbmi2": ("AVX512VBMI2",),
    "avx512_vnni": ("AVX512VNNI",),
    "avx512_vpopcntdq": ("AVX512VPOPCNTDQ",),
    "avx512bw": ("AVX512BW",),
    "avx512cd": ("AVX512CD",),
    "avx512dq": ("AVX512DQ",),
    "avx512er": ("AVX512ER",),
    "avx512f": ("AVX512F",),
    "avx512ifma": ("AVX512IFMA",),
    "avx512pf": ("AVX512PF",),
    "avx512vbmi": ("AVX512VBMI",),
    "avx512vl": ("AVX512VL",),
    "bmi1": ("BMI",),
    "bmi2": ("BMI2",),
    "f16c": ("F16C",),
    "fma": ("FMA3",),
    "fma4": ("FMA4",),
    "mmx": ("MMX",),
    "mpx": ("MPX",),
    "pclmulqdq": ("CLMUL",),
    "pdpe1gb": ("PDPE1GB",),
    "pni": ("SSE3",),
    "sha_ni": ("SHA",),
    "sse": ("SSE",),
    "sse2": ("SSE2",),
    "sse4_1": ("SSE41",),
    "sse4_2": ("SSE42",),
    "sse4a": ("SSE4A",),
    "ssse3": ("SSSE3",),
    "stibp": ("STIBP",),
    "svm": ("SVM", "AMD_SVM"),
    "tbm": ("TBM",),
    "vmx": ("VMX", "INTEL_VMX"),
    "xop": ("XOP",),
}
# These exist without AVX-512 as well, and the trait means the form within it.
_WITHIN_AVX512: Final = {"gfni": "AVX512GFNI", "vaes": "AVX512VAES", "vpclmulqdq": "AVX512VPCLMULQDQ"}
# What follows HW_CPU_AARCH64_; os-traits has the names of Linux in capitals.
_AARCH64: Final = frozenset(
    {
        "aes",
        "asimd",
        "asimddp",
        "asimdhp",
        "asimdrdm",
        "atomics",
        "cpuid",
        "crc32",
        "dcpop",
        "evtstrm",
        "fcma",
        "fp",
        "fphp",
        "jscvt",
        "lrcpc",
        "pmull",
        "sha1",
        "sha2",
        "sha3",
        "sha512",
        "sm3",
        "sm4",
        "sve",
    }
)
# Environments that a node can start.
_PROTECTED: Final = {
    "amd-sev": "HW_CPU_X86_AMD_SEV",
    "amd-sev-es": "HW_CPU_X86_AMD_SEV_ES",
    "amd-sev-snp": "HW_CPU_X86_AMD_SEV_SNP",
    "intel-tdx": "HW_CPU_X86_INTEL_TDX",
    "intel-sgx": "HW_CPU_X86_SGX",
}


@dataclass(slots=True)
class Traits:
    """Traits of one provider while they are collected."""

    where: str
    report: Report
    names: set[str] = field(default_factory=set)

    def add(self, *names: str) -> None:
        """Adds traits of os-traits."""
        self.names.update(names)

    def say(self, what: str, value: str, path: str) -> None:
        """Says a token by a custom trait; reports one that cannot be said without being altered.

        Args:
            what: What the token is of, such as `cpu vendor`.
            value: The token, in small letters or in capitals; empty: nothing to say.
            path: Member of the document that says it.
        """
        if not value:
            return
        name = custom(what, value)
        if name is None:
            why = f"a trait cannot name {value}: it has letters, digits and _, and at most {LONGEST}"
            self.report.leave_out(path, self.where, why)
        else:
            self.names.add(name)

    def say_ecc(self, what: str, memory: Memory | DeviceMemory, path: str) -> None:
        """Says that a memory corrects errors; reports that it does not."""
        if memory.ecc:
            self.say(what, "ecc", path)
        elif memory.HasField("ecc"):
            why = "it corrects no errors, and that a trait is absent says nothing"
            self.report.leave_out(path, self.where, why)


def custom(*words: str) -> str | None:
    """Gives a custom name, such as `CUSTOM_CREX_CPU_VENDOR_AMD`; None: a word cannot be said exactly."""
    if not all(_PLAIN.fullmatch(word.replace(" ", "-")) for word in words):
        return None
    name = _PREFIX + "_".join(words).upper().replace("-", "_").replace(" ", "_")
    return name if len(name) <= LONGEST else None


def add_processors(cpu: Cpu, traits: Traits) -> None:
    """Adds what processors are; how many is for an inventory."""
    if cpu.isa in _ARCHITECTURES:
        traits.add(_ARCHITECTURES[cpu.isa])
    else:
        traits.say("instruction set", cpu.isa, "node.cpu.isa")
    traits.say("isa level", cpu.isa_level, "node.cpu.isaLevel")
    traits.say("cpu vendor", cpu.vendor, "node.cpu.vendor")
    if cpu.threads_per_core > 1:
        traits.add("HW_CPU_HYPERTHREADING")
    known = dict(_features(cpu))
    for names in known.values():
        traits.add(*names)
    nameless = sorted(set(cpu.enabled_features) - set(known))
    if nameless:
        why = f"{len(nameless)} have no trait: {', '.join(nameless)}"
        traits.report.leave_out("node.cpu.enabledFeatures", traits.where, why)


def _features(cpu: Cpu) -> Iterator[tuple[str, tuple[str, ...]]]:
    features = set(cpu.enabled_features)
    for feature in features:
        if cpu.isa in ("x86-64", "x86-32"):
            names = _X86.get(feature, ())
            if feature in _WITHIN_AVX512 and "avx512f" in features:
                names = (_WITHIN_AVX512[feature],)
            if names:
                yield feature, tuple(f"HW_CPU_X86_{name}" for name in names)
        elif cpu.isa == "aarch64" and feature in _AARCH64:
            yield feature, (f"HW_CPU_AARCH64_{feature.upper()}",)


def add_protection(node: NodeClass, traits: Traits, estimated: str) -> None:
    """Adds the trusted execution environments that a node can start.

    Args:
        node: The node.
        traits: Takes them.
        estimated: Why an estimated one is not said.
    """
    for index, one in enumerate(node.tee):
        if is_estimated(one.provenance):
            why = estimated
        elif one.role == "host" and one.technology in _PROTECTED:
            traits.add(_PROTECTED[one.technology])
            continue
        else:
            said = f"the role {one.role}" if one.role else "a role that is not stated"
            why = f"no trait says {one.technology} in {said}, only what a node can start"
        traits.report.leave_out("node.tee", f"{traits.where} tee[{index}]", why)
