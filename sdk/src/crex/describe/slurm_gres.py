"""GPUs among a node's generic resources: `gpu:a100:4(S:0-1),gpu:nvidia_a100_1g.10gb:7,shard:8`.

The type is a word that the site chose, or that Slurm took from the driver (gres.conf(5), Type, AutoDetect).
What it tells of the maker is inferred, so such an element's basis is `estimated`; a type that tells no maker
is left out.
"""

from __future__ import annotations

import re
from typing import Final

from crex.describe.grouping import group
from crex.describe.report import Report
from crex.describe.slurm_records import Record
from crex.describe.values import ESTIMATED, clean, provenance
from crex.v1 import Accelerator

_ITEM: Final = re.compile(r"([a-z_]+)(?::([A-Za-z][A-Za-z0-9_.+-]*))?(?::([0-9]{1,6}))?(?:\([^)]*\))?")
_SPLIT: Final = re.compile(r",(?![^(]*\))")
_SLICE: Final = re.compile(r"[0-9]g\.[0-9]{1,3}gb")
_NOTHING: Final = frozenset({"", "(null)", "N/A"})
# Words that begin the types of one maker: names of companies, of lines of products, and of products.
_MAKERS: Final = (
    (
        re.compile(
            r"nvidia|tesla|quadro|geforce|rtx|gtx|[vp]100|k[48]0|t4|[ahlb](?:2|4|10|16|30|40|100|200)s?|gh200|gb200"
        ),
        "nvidia",
    ),
    (re.compile(r"amd|instinct|radeon|mi[0-9]{2,3}[ax]?"), "amd"),
    (re.compile(r"gaudi[23]?|hl-?[0-9]"), "intel"),
)


def describe_gres(record: Record, report: Report) -> tuple[list[Accelerator], list[tuple[str, int]]]:
    """Gives the whole GPUs of a node, and its slices by profile with their number."""
    devices: list[Accelerator] = []
    slices: dict[str, int] = {}
    counted = 0
    for item in _SPLIT.split(record.gres) if record.gres not in _NOTHING else ():
        match = _ITEM.fullmatch(item.strip())
        if match is None or match[1] != "gpu":
            _other(item, match, record, report)
            continue
        kind, count = match[2], int(match[3] or 1)
        counted += count
        if kind is not None and (profile := _SLICE.search(kind)):
            slices[profile[0]] = slices.get(profile[0], 0) + count
        elif count and (device := _device(kind, count, record, report)) is not None:
            devices.append(device)
    if record.tres_gpus is not None and record.tres_gpus != counted:
        why = f"its generic resources have {counted} GPUs, and its trackable ones {record.tres_gpus}"
        report.contradict("node.accelerators", record.row, why)
        return [], []
    return group(devices), list(slices.items())


def _other(item: str, match: re.Match[str] | None, record: Record, report: Report) -> None:
    if match is None:
        report.leave_out("node.accelerators", record.row, f"{clean(item, 60)!r} is no generic resource")
    elif match[1] in ("shard", "mps"):
        report.leave_out(match[1], "Slurm: Gres", "it is a share of GPUs, which are counted themselves")
    else:
        report.leave_out(match[1], "Slurm: Gres", "a resource of the site; nothing says what it is")


def _device(kind: str | None, count: int, record: Record, report: Report) -> Accelerator | None:
    if kind is None:
        report.leave_out(
            "node.accelerators", record.row, f"it has {count} GPUs and does not say of what type"
        )
        return None
    words = kind.lower()
    makers = {maker for pattern, maker in _MAKERS if re.match(rf"(?:{pattern.pattern})(?![a-z0-9])", words)}
    if len(makers) != 1:
        report.leave_out("node.accelerators", record.row, f"the type {kind!r} does not tell the maker")
        return None
    return Accelerator(
        accelerator_class="gpu",
        vendor=makers.pop(),
        product=kind,
        count=count,
        provenance=provenance("Slurm: Gres; maker by the type", ESTIMATED),
    )
