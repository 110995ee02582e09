"""GPUs as `nvidia-smi -q -x` writes them, of machines other than this one.

A log is a machine: its GPUs are a node without processors, and the MIG devices of it are slices, documents of
their own. Which profile a slice has stands in what `nvidia-smi -L` prints; give it beside the one log that it
belongs to.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from crex.describe import nvidia
from crex.describe.grouping import group
from crex.describe.importing import Draft, Import, Imported
from crex.describe.policy import propose_name
from crex.describe.sources import Source
from crex.describe.values import clean, token
from crex.v1 import Accelerator, ComputeResource, NodeClass, Partition, Software

_LISTED: Final = "GPU "


@dataclass(frozen=True, slots=True)
class NvidiaSmi:
    """The importer of nvidia-smi's logs."""

    name: str = "nvidia-smi"
    about: str = "GPUs as `nvidia-smi -q -x` writes them"
    commands: Sequence[Sequence[str]] = (nvidia.COMMAND, nvidia.LIST)

    def read(self, sources: Sequence[Source]) -> Imported:
        """Reads logs; a row is a GPU or a MIG device."""
        books = Import()
        lists = [one for one in sources if one.text.startswith(_LISTED)]
        logs = [one for one in sources if one not in lists]
        joined = len(lists) == len(logs) == 1
        names = nvidia.mig_names(lists[0].text) if joined else {}
        for one in lists if not joined else ():
            why = "it belongs to one log; give both together, and no others"
            books.leave_out(books.row(one.name), why)
        for log in logs:
            _machine(log, names, books)
        return books.done()


def _machine(source: Source, names: Mapping[tuple[int, int], str], books: Import) -> None:
    root = nvidia.parse_log(source.text) if not source.problem else None
    gpus = nvidia.gpus_of(root) if root is not None else []
    if root is None or not gpus:
        said = clean(source.text.lstrip("\ufeff").partition("\n")[0], 80)
        why = source.problem or (f"it says {said!r}, and is no log with a GPU" if said else "it is empty")
        books.leave_out(books.row(source.name), why)
        return
    devices: list[Accelerator] = []
    rows: list[str] = []
    slices: list[tuple[str, str]] = []
    for position, gpu in enumerate(gpus):
        row = books.row(f"{source.name}: gpu {clean(gpu.get('id'), 32) or position}")
        made = nvidia.describe_gpu(root, gpu, position, False, names, books.report)
        pieces = [
            (books.row(f"{row}, MIG device {at}"), nvidia.index_of(one))
            for at, one in enumerate(nvidia.slices_of(gpu))
        ]
        if isinstance(made, str):
            books.leave_out(row, made)
            for place, _ in pieces:
                books.leave_out(place, "the device of which it is a slice is left out")
            continue
        devices.append(made)
        rows.append(row)
        for place, index in pieces:
            name = names.get((position, index)) if index is not None else None
            if name is None:
                books.leave_out(place, "nothing says which profile it has; `nvidia-smi -L` does")
            else:
                slices.append((name, place))
    _add(source, root, devices, rows, slices, books)


def _add(
    source: Source,
    root: ET.Element,
    devices: Sequence[Accelerator],
    rows: Sequence[str],
    slices: Sequence[tuple[str, str]],
    books: Import,
) -> None:
    if not devices:
        return
    name = propose_name(PurePosixPath(source.name).stem) or "node"
    driver = nvidia.driver_of(root)
    body = ComputeResource(kind="node-class", node=NodeClass(accelerators=group(devices)))
    if driver is not None:
        body.software.append(Software(name="nvidia-driver", version=driver))
    books.add(Draft(name=name, body=body, rows=tuple(rows)))
    for profile in dict.fromkeys(one for one, _ in slices):
        places = tuple(place for one, place in slices if one == profile)
        partition = ComputeResource(kind="partition-class", partition=Partition(profile=profile))
        shown = token(f"mig {profile}") or "mig"
        books.add(Draft(name=shown, body=partition, rows=places, count=len(places), part_of=name))


IMPORTER: Final = NvidiaSmi()
