"""Instruction sets: tokens, levels and makers, as facts with their sources."""

from __future__ import annotations

from collections.abc import Collection

# Machine names of the kernel (uname -m, /proc/sys/kernel/arch) to registered tokens.
_ISA_BY_MACHINE = {
    "x86_64": "x86-64",
    "amd64": "x86-64",
    "aarch64": "aarch64",
    "arm64": "aarch64",
    "riscv64": "riscv64",
    "loongarch64": "loongarch64",
    "ppc64le": "ppc64le",
    "ppc64": "ppc64",
    "s390x": "s390x",
    "i686": "x86-32",
    "i586": "x86-32",
    "i386": "x86-32",
    "armv7l": "armv7",
    "armv8l": "armv7",
    "riscv32": "riscv32",
}

# The levels of the x86-64 psABI (https://gitlab.com/x86-psABIs/x86-64-ABI, "Micro-Architecture Levels"), in
# the words of /proc/cpuinfo: SSE3 is pni, CMPXCHG16B cx16, LAHF-SAHF lahf_lm, LZCNT abm; OSFXSR is implied by
# fxsr and OSXSAVE by xsave, since Linux hides both where it does not enable them.
_X86_LEVELS: tuple[tuple[str, frozenset[str]], ...] = (
    ("x86-64-v1", frozenset(["lm", "cmov", "cx8", "fpu", "fxsr", "mmx", "syscall", "sse", "sse2"])),
    ("x86-64-v2", frozenset(["cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"])),
    ("x86-64-v3", frozenset(["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"])),
    ("x86-64-v4", frozenset(["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"])),
)

# CPUID vendor strings (x86) and MIDR implementer codes (Arm, main ID register) to maker tokens.
_X86_VENDORS = {
    "GenuineIntel": "intel",
    "AuthenticAMD": "amd",
    "HygonGenuine": "hygon",
    "CentaurHauls": "centaur",
    "Shanghai": "zhaoxin",
}
_ARM_VENDORS = {
    0x41: "arm",
    0x42: "broadcom",
    0x43: "cavium",
    0x46: "fujitsu",
    0x48: "hisilicon",
    0x4E: "nvidia",
    0x50: "applied-micro",
    0x51: "qualcomm",
    0x53: "samsung",
    0x56: "marvell",
    0x61: "apple",
    0x6D: "microsoft",
    0x70: "phytium",
    0xC0: "ampere",
}


def isa_of_machine(name: str | None) -> str | None:
    """Gives the token of an instruction set by the kernel's name for it; nothing if the name is not known."""
    return _ISA_BY_MACHINE.get((name or "").strip().lower())


def x86_level(flags: Collection[str]) -> str | None:
    """Gives the highest psABI level of which every flag is there; nothing if not even the first is."""
    have = set(flags)
    level: str | None = None
    for name, needed in _X86_LEVELS:
        if not needed <= have:
            break
        level = name
    return level


def x86_vendor(text: str | None) -> str | None:
    """Gives the maker by the CPUID vendor string; nothing if it is not known."""
    return _X86_VENDORS.get((text or "").strip())


def arm_vendor(implementer: int | None) -> str | None:
    """Gives the maker by the implementer code of the main ID register; nothing if it is not known."""
    return _ARM_VENDORS.get(implementer) if implementer is not None else None
