"""`crex describe host`: this machine as it really is.

    from crex.describe import host

    description = host.describe()          # this machine
    description.node                       # crex.v1.NodeClass
    description.report                     # what is not stated, and why

Nothing is guessed and no figure is without its source (DESC-PROVENANCE-1). What a host cannot know about
itself, such as its site or how its CPUs are allocated, is not here: `policy` asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crex.describe.accelerators import describe_accelerators
from crex.describe.cgroups import read_limits
from crex.describe.cpu import Schedule, describe_cpu, read_schedule
from crex.describe.cpuinfo import read_cpuinfo
from crex.describe.host_hwloc import compare_hwloc
from crex.describe.machine import Machine, Runner
from crex.describe.memory import describe_memory
from crex.describe.network import describe_network
from crex.describe.numa import describe_numa
from crex.describe.nvlink import describe_nvlink
from crex.describe.report import Finding, Report
from crex.describe.software import describe_software
from crex.describe.storage import describe_storage
from crex.describe.surroundings import read_surroundings
from crex.describe.tee import describe_tee
from crex.describe.values import clean
from crex.v1 import NodeClass, Software


@dataclass(frozen=True, slots=True)
class HostDescription:
    """A machine, described.

    Attributes:
        node: The machine in the words of the contract; every figure carries its provenance.
        software: Software that is present.
        closed_lists: Lists that are complete, as paths within `node`: `cpu.enabledFeatures` (DESC-CLOSED-1).
        schedule: On which CPUs work can be scheduled here, and what decided it.
        host_name: The machine's own name, for proposing a document name; in no document by itself.
        report: What is not stated, and why.
    """

    node: NodeClass
    software: tuple[Software, ...]
    closed_lists: tuple[str, ...]
    schedule: Schedule
    host_name: str | None
    report: tuple[Finding, ...]


def describe(root: str | Path = "/", runner: Runner | None = None) -> HostDescription:
    """Describes the machine whose files lie under `root`.

    Args:
        root: Folder that holds its /proc, /sys, /dev, /etc and /run.
        runner: Runs its commands. Unset: this machine's own where `root` is `/`, none otherwise.

    Returns:
        The description. It never fails: what cannot be read is in the report.
    """
    machine, report = Machine(root, runner), Report()
    info = read_cpuinfo(machine, report)
    flags = frozenset(info.flags("flags")[0])
    around = read_surroundings(machine, flags, report)
    limits = read_limits(machine, report)
    schedule = read_schedule(machine, info, limits, report)
    cpu, features_complete = describe_cpu(machine, info, schedule, around, report)
    memory = describe_memory(machine, limits, around, report)
    accelerators = describe_accelerators(machine, around, report)
    node = NodeClass(
        cpu=cpu,
        memory=memory,
        numa=describe_numa(machine, schedule, memory, around, report),
        accelerators=accelerators.elements,
        storage=describe_storage(machine, around, report),
        network=describe_network(machine, around, report),
        fabrics=describe_nvlink(machine, around.contained, report),
        virtualization=around.message(),
        tee=describe_tee(machine, flags, around, report),
    )
    compare_hwloc(machine, node, report)
    closed = (("accelerators", accelerators.complete), ("cpu.enabledFeatures", features_complete))
    return HostDescription(
        node=node,
        software=tuple(describe_software(machine, accelerators.driver, report)),
        closed_lists=tuple(name for name, complete in closed if complete),
        schedule=schedule,
        host_name=clean(machine.text("/proc/sys/kernel/hostname"), 253),
        report=report.findings,
    )
