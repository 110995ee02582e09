"""Machines as lstopo writes them: hwloc XML of versions 1 to 3.

An object is a Machine with everything below it. What hwloc writes in sizes is bytes for memory, and KiB for
devices (https://www.open-mpi.org/projects/hwloc/doc/).

Not read, on purpose: network cards, because nothing tells a virtual function from a card; kinds of memory and
their bandwidths, which hwloc guesses or which hold for one of its users only; disks whose name does not tell
their medium.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from crex.describe.hwloc_cpu import describe_cpu, set_memory
from crex.describe.hwloc_devices import describe_disks, describe_gpus, describe_links, report_network
from crex.describe.hwloc_objects import infos_of, look, machines
from crex.describe.importing import Import, Imported
from crex.describe.machines import Told, add_machines
from crex.describe.policy import propose_name
from crex.describe.report import Report
from crex.describe.sources import Source, parse_xml
from crex.describe.values import clean
from crex.v1 import ComputeResource, NodeClass, Software

# Names that many machines have.
_NO_HOST: Final = frozenset({"", "localhost", "(none)"})
_SYNTHETIC: Final = "SyntheticDescription"


@dataclass(frozen=True, slots=True)
class Hwloc:
    """The importer of lstopo's XML."""

    name: str = "hwloc"
    about: str = "machines as lstopo writes them (hwloc XML)"
    commands: Sequence[Sequence[str]] = (("lstopo-no-graphics", "--of", "xml", "-"),)

    def read(self, sources: Sequence[Source]) -> Imported:
        """Reads topologies; a row is a machine."""
        books = Import()
        hosts: dict[str, Told] = {}
        found: list[Told] = []
        for source in sources:
            root, problem = (None, source.problem) if source.problem else parse_xml(source)
            if root is None or root.tag != "topology" or not list(machines(root)):
                books.leave_out(books.row(source.name), problem or "it is no topology of hwloc")
                continue
            for machine in machines(root):
                row = books.row(source.name)
                made = describe_topology(machine, root, row, books.report)
                if isinstance(made, str):
                    books.leave_out(row, made)
                    continue
                told, host = _told(made, machine, root, row), _host(machine, root)
                first = hosts.setdefault(host, told) if host is not None else told
                if first is told:
                    found.append(told)
                    continue
                books.leave_out(row, f"it is the host {host}, which {first.rows[0]} tells")
                if first.body != told.body:
                    why = f"{first.rows[0]} says otherwise of {host}, and is believed"
                    books.report.contradict("node", row, why)
        add_machines(found, books)
        return books.done()


def describe_topology(machine: ET.Element, root: ET.Element, row: str, report: Report) -> NodeClass | str:
    """Describes a machine of a topology; or says why nothing can be stated of it.

    Args:
        machine: The object of type Machine.
        root: The whole topology.
        row: Its place.
        report: Takes what is not stated.
    """
    seen = look(machine, root, row, report)
    if isinstance(seen, str):
        return seen
    if _SYNTHETIC in seen.infos:
        return "it is synthetic: somebody made it up, and there is no such machine"
    node = NodeClass()
    cpu = describe_cpu(seen)
    if cpu is not None:
        node.cpu.CopyFrom(cpu)
    set_memory(node, seen)
    node.accelerators.extend(describe_gpus(seen))
    node.storage.extend(describe_disks(seen))
    report_network(seen)
    if node.accelerators:
        gpus = sum(one.count for one in node.accelerators)
        node.fabrics.extend(describe_links(root, gpus, seen))
    return node if node.ListFields() else "nothing of it can be stated"


def _host(machine: ET.Element, root: ET.Element) -> str | None:
    """Gives the name of a host; nothing where it has none of its own."""
    name = clean({**infos_of(root), **infos_of(machine)}.get("HostName"), 253) or ""
    return None if name.partition(".")[0].lower() in _NO_HOST else name


def _told(node: NodeClass, machine: ET.Element, root: ET.Element, row: str) -> Told:
    infos = {**infos_of(root), **infos_of(machine)}
    shown = clean(" ".join(filter(None, (infos.get("DMISysVendor"), infos.get("DMIProductName")))))
    body = ComputeResource(kind="node-class", node=node, display_names={"en": shown} if shown else {})
    release = clean(infos.get("OSRelease"), 128)
    if infos.get("OSName") == "Linux" and release:
        body.software.append(Software(name="linux", version=release))
    host = _host(machine, root)
    name = host or PurePosixPath(row).name.partition(".")[0]
    return Told(name=propose_name(name) or "machine", body=body, rows=(row,), certain=host is not None)


IMPORTER: Final = Hwloc()
