"""GPUs as `nvidia-smi -q -x` writes them, of machines other than this one.

A log is a machine: its GPUs are a node without processors, and the MIG devices of it are slices, documents of
their own. Which profile a slice has stands in what `nvidia-smi -L` prints; lists are joined with logs by the
UUIDs of the GPUs. By these, too, a GPU that two logs name is counted once.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from crex.describe import nvidia
from crex.describe.grouping import group
from crex.describe.importing import Import, Imported
from crex.describe.machines import Told, add_machines, capped, told_before
from crex.describe.policy import propose_name
from crex.describe.sources import Source
from crex.describe.values import clean
from crex.v1 import Accelerator, ComputeResource, NodeClass, Software

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
        logs = [one for one in sources if not one.text.startswith(_LISTED)]
        reader = _Reader(books, nvidia.mig_names([one.text for one in lists], books.report))
        add_machines([told for log in logs if (told := reader.machine(log)) is not None], books)
        for one in lists:
            if not any(uuid in one.text for uuid in reader.told):
                why = "it names no GPU of a log, and only a log (`nvidia-smi -q -x`) describes one"
                books.leave_out(books.row(one.name), why)
        return books.done()


@dataclass(slots=True)
class _Reader:
    """Reads the logs of one import.

    Attributes:
        books: The books of the import.
        names: Profiles of MIG devices, by UUID of the GPU and number of the slice.
        told: The row of each GPU, and what it is, by UUID.
    """

    books: Import
    names: Mapping[tuple[str, int], str]
    told: dict[str, tuple[str, Accelerator]] = field(default_factory=dict)

    def machine(self, source: Source) -> Told | None:
        """Reads a log; nothing where it tells no GPU."""
        root = nvidia.parse_log(source.text) if not source.problem else None
        gpus = nvidia.gpus_of(root) if root is not None else []
        if root is None or not gpus:
            said = clean(source.text.lstrip("\ufeff").partition("\n")[0], 80)
            why = source.problem or (f"it says {said!r}, and is no log with a GPU" if said else "it is empty")
            self.books.leave_out(self.books.row(source.name), why)
            return None
        again = nvidia.repeated(gpus)
        listed = nvidia.lists_all(root, gpus)
        partly = ""
        if listed is False:
            partly = (
                f"the log says {nvidia.attached_to(root)} GPUs are attached and lists {len(gpus)}, so it "
                "does not tell the machine; `nvidia-smi -q -x` without `-i` does"
            )
        devices: list[Accelerator] = []
        rows: list[str] = []
        slices: dict[str, list[str]] = {}
        for position, gpu in enumerate(gpus):
            row = self.books.row(f"{source.name}: gpu {clean(gpu.get('id'), 32) or position}")
            made = partly or again.get(position) or self._device(root, gpu, position, row)
            if isinstance(made, str):
                self.books.leave_out(row, made)
                self._slices(gpu, row, "the device of which it is a slice is left out")
                continue
            devices.append(made)
            rows.append(row)
            for profile, places in self._slices(gpu, row, "").items():
                slices.setdefault(profile, []).extend(places)
        known = all(nvidia.uuid_of(gpu) is not None for gpu in gpus)
        return (
            Told(
                name=propose_name(PurePosixPath(source.name).stem) or "node",
                body=_body(root, devices, source.name, self.books),
                rows=tuple(rows),
                certain=listed is True and known and len(devices) == len(gpus),
                slices={profile: tuple(places) for profile, places in slices.items()},
            )
            if devices
            else None
        )

    def _device(self, root: ET.Element, gpu: ET.Element, position: int, row: str) -> Accelerator | str:
        """Describes a GPU that no other log tells; or says why it is none."""
        made = nvidia.describe_gpu(root, gpu, position, False, self.names, self.books.report)
        uuid = nvidia.uuid_of(gpu)
        if isinstance(made, str) or uuid is None:
            return made
        what = nvidia.name_of(gpu, position)
        return told_before(self.told, uuid, made, what, row, self.books.report) or made

    def _slices(self, gpu: ET.Element, row: str, why: str) -> dict[str, list[str]]:
        """Gives the rows of the MIG devices of a GPU by profile; leaves out what has none, or all of them."""
        found: dict[str, list[str]] = {}
        told: set[str] = set()
        for at, piece in enumerate(nvidia.slices_of(gpu)):
            place = self.books.row(f"{row}, MIG device {at}")
            index = piece.findtext("index") or ""
            profile = nvidia.profile_of(gpu, piece, self.names)
            if why:
                self.books.leave_out(place, why)
            elif at >= nvidia.MOST_DEVICES:
                self.books.leave_out(place, f"no GPU has more than {nvidia.MOST_DEVICES} slices")
            elif not nvidia.is_cut(gpu):
                self.books.leave_out(place, "the log does not say that MIG is enabled on its GPU")
            elif profile is None:
                self.books.leave_out(place, "nothing says which profile it has; `nvidia-smi -L` does")
            elif index in told:
                self.books.leave_out(place, f"it has the number {index}, as one before")
            else:
                told.add(index)
                found.setdefault(profile, []).append(place)
        return found


def _body(root: ET.Element, devices: Sequence[Accelerator], where: str, books: Import) -> ComputeResource:
    kinds = capped(group(devices), "node.accelerators", where, books.report)
    body = ComputeResource(kind="node-class", node=NodeClass(accelerators=kinds))
    driver = nvidia.driver_of(root)
    if driver is not None:
        body.software.append(Software(name="nvidia-driver", version=driver))
    return body


IMPORTER: Final = NvidiaSmi()
