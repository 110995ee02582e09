"""Values in texts that a machine wrote: whole numbers, lists of CPUs, tokens, text fit for a document.

Each gives nothing for what it cannot read; the caller reports it. Python's own `int` is never used on such
texts: it takes "1_000", "+5" and digits of other scripts.
"""

from __future__ import annotations

import re
import unicodedata

from crex.decimals.ranges import INT64_MAX
from crex.v1 import Provenance

# The largest number of CPUs that Linux can be built for is 8192 on x86-64; 65536 leaves room for others.
_MOST_CPUS = 65536

# What a figure rests on (DESC-PROVENANCE-1): the system's own statement, or what was inferred from one.
NOMINAL = "nominal"
ESTIMATED = "estimated"

_WHOLE = re.compile(r"[0-9]{1,19}")
_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]{1,16})")
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_LONGEST_METHOD = 512


def whole(text: str | None, *, low: int = 0, high: int = INT64_MAX) -> int | None:
    """Reads a whole number in ASCII digits within [low, high]; nothing for anything else."""
    if text is None or _WHOLE.fullmatch(text.strip(" \t\n")) is None:
        return None
    value = int(text)
    return value if low <= value <= high else None


def hexadecimal(text: str | None) -> int | None:
    """Reads a hexadecimal number of at most 16 digits, with or without 0x; nothing for anything else."""
    match = _HEX.fullmatch(text.strip()) if text is not None else None
    return int(match[1], 16) if match else None


def cpu_list(text: str | None) -> frozenset[int] | None:
    """Reads a kernel list of CPUs such as `0-3,8`; nothing if it is none or reaches beyond CPU 65535."""
    if text is None or not text.strip():
        return None
    cpus: set[int] = set()
    for part in text.strip().split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            return None
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last or last >= _MOST_CPUS:
            return None
        cpus.update(range(first, last + 1))
    return frozenset(cpus)


def show_cpus(cpus: frozenset[int]) -> str:
    """Writes a list of CPUs as the kernel does, `0-3,8`."""
    parts: list[str] = []
    run: list[int] = []
    for cpu in [*sorted(cpus), None]:
        if run and (cpu is None or cpu != run[-1] + 1):
            parts.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
            run = []
        if cpu is not None:
            run.append(cpu)
    return ",".join(parts)


def clean(text: str | None, limit: int = 256) -> str | None:
    """Gives a text fit for a document: no control characters, single spaces, at most `limit` code points."""
    if text is None:
        return None
    visible = "".join(" " if unicodedata.category(char).startswith("C") else char for char in text)
    return " ".join(visible.split())[:limit].rstrip() or None


def token(text: str | None) -> str | None:
    """Gives a kebab-case token for a name such as `Ada Lovelace`; nothing if no letter or digit is in it."""
    words = re.findall(r"[a-z0-9]+", (text or "").lower())
    made = "-".join(words)
    return made if made and len(made) <= 63 else None


def provenance(method: str, basis: str = NOMINAL) -> Provenance:
    """States where figures come from: what they rest on, and the files or commands."""
    return Provenance(basis=basis, method=clean(method, _LONGEST_METHOD))
