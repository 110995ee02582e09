"""What hwloc says of this host, held against what its files say: a second source, never a first one."""

from __future__ import annotations

from crex.describe.hwloc import IMPORTER, describe_topology
from crex.describe.hwloc_objects import machines
from crex.describe.machine import Machine
from crex.describe.report import Report
from crex.describe.sources import Source, parse_xml
from crex.v1 import NodeClass

_SHOWN = " ".join(IMPORTER.commands[0])
# Figures that both have: the part of the node, and its field.
_BOTH = (
    ("cpu", "schedulable_cpus"),
    ("cpu", "sockets"),
    ("cpu", "physical_cores"),
    ("cpu", "threads_per_core"),
)


def compare_hwloc(machine: Machine, node: NodeClass, report: Report) -> None:
    """Reports what hwloc sees otherwise; nothing where there is no hwloc."""
    output = machine.run(IMPORTER.commands[0])
    root, _ = parse_xml(Source(_SHOWN, output.text.encode())) if not output.status else (None, "")
    seen = next(machines(root), None) if root is not None else None
    if root is None or seen is None:
        return
    found = describe_topology(seen, root, _SHOWN, Report())
    if not isinstance(found, NodeClass):
        return
    for part, field in _BOTH:
        ours, theirs = getattr(node, part), getattr(found, part)
        if not ours.HasField(field) or not theirs.HasField(field):
            continue
        here, there = getattr(ours, field), getattr(theirs, field)
        if here != there:
            why = f"it says {there}, and the kernel's files {here}; they are believed"
            report.contradict(f"node.{part}.{field}", _SHOWN, why)
    named = sum(one.count for one in found.accelerators)
    listed = sum(one.count for one in node.accelerators)
    if named and named != listed:
        why = f"it names {named} GPUs, and {listed} are described; these are believed"
        report.contradict("node.accelerators", _SHOWN, why)
