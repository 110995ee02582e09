"""A description as people read it: what, how much, from where, and what is not stated and why."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

from crex.describe.host import HostDescription
from crex.describe.report import Finding, Kind
from crex.documents import convert
from crex.v1 import (
    Accelerator,
    Cpu,
    Fabric,
    Memory,
    NetworkInterface,
    NumaDomain,
    Provenance,
    StorageTier,
)

Row = tuple[str, str, str]

_BINARY = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_KINDS = {
    Kind.CONTRADICTION: "Sources disagree",
    Kind.LIMITED: "Less than the hardware has",
    Kind.LEFT_OUT: "Not stated",
}
_FEATURES_SHOWN = 6


def render(description: HostDescription, *, width: int = 110) -> str:
    """Writes a description as a table of at most `width` columns, with its report below."""
    node = description.node
    rows: list[Row] = []
    if node.HasField("cpu"):
        rows += _cpu_rows(node.cpu)
    if node.HasField("memory"):
        rows.append(("Memory", _memory(node.memory), _source(node.memory.provenance)))
    rows += [("Memory domain", _domain(one), _source(one.provenance)) for one in node.numa]
    rows += [("Accelerator", _accelerator(one), _source(one.provenance)) for one in node.accelerators]
    if "accelerators" in description.closed_lists and not node.accelerators:
        rows.append(("Accelerator", "none", "PCI bus"))
    rows += [("Storage", _storage(one), _source(one.provenance)) for one in node.storage]
    rows += [("Network", _network(one), _source(one.provenance)) for one in node.network]
    rows += [("Fabric", _fabric(one), _source(one.provenance)) for one in node.fabrics]
    if node.HasField("virtualization"):
        where = node.virtualization
        kind = where.kind.replace("-", " ") + (f" on {where.technology}" if where.technology else "")
        rows.append(("Runs as", kind, _source(where.provenance)))
    rows += [("Protected", f"{one.technology}, {one.role}", _source(one.provenance)) for one in node.tee]
    rows += [("Software", f"{one.name} {one.version}".rstrip(), "") for one in description.software]
    return "\n".join([*_table(rows, width), *_report(description.report, width)]) + "\n"


def to_json(description: HostDescription) -> dict[str, Any]:
    """Gives a description as a JSON value: its messages in strict form, and the report beside them."""
    return {
        "node": convert.to_json(description.node),
        "software": [convert.to_json(one) for one in description.software],
        "closedLists": list(description.closed_lists),
        "report": [
            {"kind": one.kind.value, "what": one.what, "where": one.where, "why": one.why}
            for one in description.report
        ],
    }


def size(value: int) -> str:
    """Writes bytes in the largest binary unit that leaves at least 1, with one decimal at most: 23.5 GiB."""
    power = min((value.bit_length() - 1) // 10, len(_BINARY) - 1) if value > 0 else 0
    tenths = (value * 10 + (1 << 10 * power) // 2) >> 10 * power
    whole, tenth = divmod(tenths, 10)
    return f"{whole}.{tenth} {_BINARY[power]}" if tenth else f"{whole} {_BINARY[power]}"


def rate(bits_per_s: int) -> str:
    """Writes a line rate in the largest decimal unit that divides it: `25 Gbit/s`."""
    for factor, unit in ((10**9, "Gbit/s"), (10**6, "Mbit/s"), (10**3, "kbit/s")):
        if bits_per_s and bits_per_s % factor == 0:
            return f"{bits_per_s // factor} {unit}"
    return f"{bits_per_s} bit/s"


def _cpu_rows(cpu: Cpu) -> Iterator[Row]:
    sources = _parts(cpu.provenance)
    name = " ".join(filter(None, [cpu.model or cpu.vendor or "unnamed", f"({cpu.isa_level or cpu.isa})"]))
    yield "Processor", name, sources.get("model, features", _source(cpu.provenance))
    yield (
        "CPUs",
        f"{cpu.schedulable_cpus} on which work can be scheduled",
        sources.get("schedulable_cpus", ""),
    )
    parts = [
        _count(cpu.sockets, "socket") if cpu.HasField("sockets") else "",
        _count(cpu.physical_cores, "core") if cpu.HasField("physical_cores") else "",
        _count(cpu.threads_per_core, "thread") + " per core" if cpu.HasField("threads_per_core") else "",
        f"{cpu.base_mhz} MHz base clock" if cpu.HasField("base_mhz") else "",
    ]
    if any(parts):
        yield "", ", ".join(filter(None, parts)), sources.get("sockets, cores", "")
    features = list(cpu.enabled_features)
    if features:
        shown = " ".join(features[-_FEATURES_SHOWN:])
        yield "Features", f"{len(features)}: … {shown}" if len(features) > _FEATURES_SHOWN else shown, ""


def _memory(memory: Memory) -> str:
    parts = [size(memory.capacity_bytes)]
    if memory.HasField("usable_bytes") and memory.usable_bytes != memory.capacity_bytes:
        parts.append(f"{size(memory.usable_bytes)} usable")
    if memory.type:
        parts.append(memory.type)
    if memory.HasField("ecc"):
        parts.append("ECC" if memory.ecc else "no ECC")
    return ", ".join(parts)


def _accelerator(device: Accelerator) -> str:
    parts = [f"{device.count} × {device.product}"]
    if device.HasField("memory"):
        parts.append(f"{size(device.memory.capacity_bytes)} each")
    if device.HasField("pci"):
        parts.append(f"PCI {device.pci.vendor}:{device.pci.device}")
    if device.HasField("runtime"):
        parts.append(f"{device.runtime.family} {device.runtime.version}".rstrip())
    if device.partition_profiles:
        parts.append("cut into " + ", ".join(profile.name for profile in device.partition_profiles))
    return ", ".join(parts)


def _storage(tier: StorageTier) -> str:
    return f"{tier.count} × {size(tier.capacity_bytes)} {tier.medium}" + (
        f", {tier.locality}" if tier.locality else ""
    )


def _network(interface: NetworkInterface) -> str:
    speed = rate(interface.bits_per_s) if interface.HasField("bits_per_s") else "rate unknown"
    return f"{interface.count} × {interface.technology}, {speed}" + (", RDMA" if interface.rdma else "")


def _domain(domain: NumaDomain) -> str:
    parts = [_count(domain.schedulable_cpus, "CPU")] if domain.HasField("schedulable_cpus") else []
    if domain.HasField("memory_bytes"):
        parts.append(size(domain.memory_bytes))
    return f"{domain.count} × {', '.join(parts) or 'not stated'}"


def _fabric(fabric: Fabric) -> str:
    parts = [fabric.technology]
    if fabric.HasField("endpoint_bits_per_s"):
        parts.append(f"{rate(fabric.endpoint_bits_per_s)} each direction")
    if fabric.HasField("domain_size"):
        parts.append(f"{fabric.domain_size} joined {fabric.topology.replace('-', ' ')}".rstrip())
    return ", ".join(parts)


def _source(origin: Provenance) -> str:
    """Says where a figure was read; what was inferred says so."""
    return ("inferred from " if origin.basis == "estimated" else "") + origin.method


def _parts(origin: Provenance) -> dict[str, str]:
    """Splits what the processor probe writes, `figures: file; …`, to show each beside its figure."""
    pairs = (part.partition(": ") for part in origin.method.split("; "))
    return {figures: file for figures, _, file in pairs}


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("s" if number != 1 else "")


def _table(rows: list[Row], width: int) -> Iterator[str]:
    label = max((_columns(row[0]) for row in rows), default=0) + 2
    value = min(max((_columns(row[1]) for row in rows), default=0) + 2, width * 2 // 5)
    for name, text, source in rows:
        left = _pad(name, label)
        lines = _wrap(text, value - 2)
        sources = _wrap(source, max(width - label - value, 20))
        for index in range(max(len(lines), len(sources))):
            middle = _pad(lines[index] if index < len(lines) else "", value)
            right = sources[index] if index < len(sources) else ""
            yield (left + middle + right).rstrip()
            left = " " * label


def _report(findings: tuple[Finding, ...], width: int) -> Iterator[str]:
    for kind, title in _KINDS.items():
        chosen = [finding for finding in findings if finding.kind is kind]
        if not chosen:
            continue
        yield ""
        yield f"{title}:"
        for finding in chosen:
            first, *rest = _wrap(str(finding), width - 4)
            yield f"  - {first}"
            yield from (f"    {line}" for line in rest)


def _columns(text: str) -> int:
    """Columns that a text takes in a terminal: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def _pad(text: str, columns: int) -> str:
    return text + " " * max(columns - _columns(text), 1 if text else columns)


def _wrap(text: str, columns: int) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if _columns(joined) <= columns or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines
