"""GPUs and slices among a node's generic resources: `gpu:nvidia_h100:4(S:0-1),gpu:a100_1g.10gb:7,shard:8`.

The type is a text that the site chose, or that Slurm took from the driver: the device's name in lower case
with `_` for a space (gpu_common_underscorify_tolower), and for a slice the name with its profile
(gpu_nvml.c). So a type states no memory and no form factor. What it says of the maker is inferred (basis
`estimated`): where it begins with the name of a maker or of a line of products, or is nothing but the
designation of one product.

Trackable resources (CfgTRES) count the same devices a second time, if the site has Slurm track them
(AccountingStorageTRES in slurm.conf(5); it does not by default).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from crex.describe.grouping import group
from crex.describe.report import Report
from crex.describe.slurm_records import GRES, TRACKED, Record, tracked
from crex.describe.values import ESTIMATED, clean, provenance, whole
from crex.v1 import Accelerator

GPU: Final = "gpu"
_TRACKED_GPU: Final = "gres/gpu"
# More devices than any node holds: a number beyond is a broken one.
_MOST_DEVICES: Final = 1024
_COUNT: Final = re.compile(r"([0-9]{1,9})")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,62}")
# Profiles of MIG, with computing slices (1c.) and attributes (+me) as NVIDIA writes them, and types of vGPUs,
# such as `a100-20c`, which a driver in a guest gives as the name of a device.
_MIG: Final = re.compile(r"(?:.*[_-])?((?:[0-9]c\.)?[0-9]{1,2}g\.[0-9]{1,3}gb(?:[+-]me(?:\.[a-z]+)?)?)")
_VGPU: Final = re.compile(r".*-(?:[0-9]{1,2}-)?[0-9]{1,3}[abcq]")
# Makers of GPUs, and lines of products that carry the trade mark of one.
_MAKERS: Final = {
    "nvidia": "nvidia",
    "tesla": "nvidia",
    "quadro": "nvidia",
    "geforce": "nvidia",
    "amd": "amd",
    "instinct": "amd",
    "radeon": "amd",
    "intel": "intel",
    "metax": "metax",
    "iluvatar": "iluvatar",
}
# Designations that only one maker's product has. Whole words: `a1000` is not `a100`.
_PRODUCTS: Final = {
    "nvidia": "a2 a10 a16 a30 a40 a100 a800 b100 b200 b300 gb200 gb300 gh200 h20 h100 h200 h800 k40 k80 l4 "
    "l20 l40 l40s p4 p40 p100 t4 v100 v100s gtx1080 gtx1080ti rtx2080 rtx2080ti rtx3080 rtx3090 rtx4090 "
    "rtx5090 rtx6000 rtx8000",
    "amd": "mi50 mi60 mi100 mi210 mi250 mi250x mi300a mi300x mi308x mi325x mi350x mi355x",
}
_DESIGNATIONS: Final = {word: maker for maker, words in _PRODUCTS.items() for word in words.split()}
_SHARES: Final = ("shard", "mps")


@dataclass(frozen=True, slots=True)
class Part:
    """Slices of one type on a node.

    Attributes:
        kind: The type, as it stands there.
        profile: The profile within it.
        count: How many the node has.
    """

    kind: str
    profile: str
    count: int


@dataclass(frozen=True, slots=True)
class _Item:
    """A generic resource: its name, its type, which may be empty, and how many; None: not stated."""

    name: str
    kind: str
    count: int | None


def tracks_gpus(record: Record) -> bool:
    """Tells whether Slurm tracks GPUs in general, by what it says of one node."""
    return _TRACKED_GPU in tracked(record)


def describe_gres(
    record: Record, counted: bool, tracking: bool, report: Report
) -> tuple[list[Accelerator], tuple[Part, ...]]:
    """Gives the whole GPUs of a node, and its slices.

    Args:
        record: What is said of the node.
        counted: Whether the number of its GPUs can be believed at all.
        tracking: Whether Slurm tracks GPUs on this cluster.
        report: Takes what is not stated.
    """
    gpus: list[_Item] = []
    for item in _items(record, report):
        if item.name == GPU:
            gpus.append(item)
        else:
            _report_other(item, report)
    if not _agrees(gpus, record, tracking, report) or not counted:
        return [], ()
    devices: list[Accelerator] = []
    parts: dict[str, Part] = {}
    for item in gpus:
        count = item.count
        if count is None or count > _MOST_DEVICES:
            said = f"{count}, more than a node can have" if count is not None else "no number"
            report.leave_out("GPUs", record.where, f"{clean(item.kind, 60) or 'gpu'} has {said}")
        elif count and (slices := _MIG.fullmatch(item.kind.lower())):
            before = parts[item.kind].count if item.kind in parts else 0
            parts[item.kind] = Part(item.kind, slices[1], before + count)
        elif count and (device := _device(item.kind, count, record, report)) is not None:
            devices.append(device)
    if parts:
        why = "slices are documents of kind partition-class; the GPUs that they are slices of are not counted"
        report.leave_out("GPUs that are cut by MIG", record.where, why)
    return group(devices), tuple(parts.values())


def _items(record: Record, report: Report) -> Iterator[_Item]:
    for text in filter(None, record.texts.get(GRES, "").split(",")):
        name, *rest = (part for part in text.split(":") if part != "no_consume")
        last = _COUNT.fullmatch(rest[-1]) if rest else None
        kind = ":".join(rest[:-1] if last else rest)
        if _NAME.fullmatch(name) and ":" not in kind:
            yield _Item(name, kind, whole(last[1]) if last else None)
        else:
            report.leave_out("generic resources", record.where, f"{clean(text, 80)!r} is no generic resource")


def _report_other(item: _Item, report: Report) -> None:
    """Reports resources that are no GPUs, once for all nodes."""
    if item.name in _SHARES:
        why = "shares of GPUs, which are counted themselves"
    else:
        why = "a word of the site; nothing says what one of it is"
    report.leave_out(item.name, f"`{GRES}` of nodes", why)


def _agrees(gpus: list[_Item], record: Record, tracking: bool, report: Report) -> bool:
    """Compares the GPUs among generic resources with those among trackable ones."""
    counts = tracked(record)
    if TRACKED not in record.texts or (not tracking and _TRACKED_GPU not in counts):
        if any(item.count for item in gpus):
            why = "GPUs are not tracked or this is not shown, so that nothing confirms their number"
            report.limit("GPUs", f"`{TRACKED}` of nodes", why)
        typed = {name for name in counts if name.startswith(f"{_TRACKED_GPU}:")}
    else:
        typed = {name for name in counts if name.startswith(_TRACKED_GPU)} | {_TRACKED_GPU}
    if GRES not in record.texts and any(counts.get(name) for name in typed):
        report.leave_out("GPUs", record.where, "they are tracked, and no generic resources are stated")
        return False
    for name in sorted(typed - {"gres/gpumem", "gres/gpuutil"}):
        kind = name.removeprefix(_TRACKED_GPU).removeprefix(":")
        stated = sum(item.count or 0 for item in gpus if kind in ("", item.kind))
        if whole(counts.get(name, "0")) != stated:
            amount = clean(counts.get(name), 40) or "none"
            why = f"`{GRES}` has {stated} of {name}, and `{TRACKED}` {amount}; none is stated"
            report.contradict("GPUs", record.where, why)
            return False
    return True


def _device(kind: str, count: int, record: Record, report: Report) -> Accelerator | None:
    if not kind:
        report.leave_out("GPUs", record.where, f"it has {count}, and no type says which they are")
        return None
    if _VGPU.fullmatch(kind.lower()):
        why = f"{count} of {clean(kind, 60)!r}, which is the name of vGPUs: slices, and no GPUs"
        report.leave_out("GPUs", record.where, why)
        return None
    maker = _maker(kind.lower())
    if maker is None:
        why = f"{count} of the type {clean(kind, 60)!r}, which does not say who makes them"
        report.leave_out("GPUs", record.where, why)
        return None
    field_name, tool = record.said[GRES]
    return Accelerator(
        accelerator_class=GPU,
        vendor=maker,
        product=clean(kind),
        count=count,
        provenance=provenance(f"`{field_name}` of {tool}; vendor: by its type", ESTIMATED),
    )


def _maker(kind: str) -> str | None:
    first = re.match(r"[a-z0-9]*", kind)
    return _MAKERS.get(first[0] if first else "") or _DESIGNATIONS.get(kind)
