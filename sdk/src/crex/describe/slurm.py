"""Nodes as Slurm states them: scontrol (text and JSON), slurmrestd, sinfo (JSON and tables).

    scontrol show node --json | crex describe slurm -

Slurm counts memory in MiB wherever it says "megabytes" (slurm.conf(5), RealMemory). A row is a node; nodes
that are alike are one document with their number. A node's state does not change what it is: one that is down
is described, one that is only planned (FUTURE) is not.

Not read, on purpose: features, which are words of the site; local disks (TmpDisk), whose medium nobody
states; partitions, which say who may use a node. Jobs, accounts and statistics are no supply.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crex.describe.importing import Draft, Import, Imported
from crex.describe.isa import isa_of_machine
from crex.describe.policy import propose_name
from crex.describe.report import Report
from crex.describe.slurm_gres import describe_gres
from crex.describe.slurm_records import Record, read_records
from crex.describe.sources import Source
from crex.describe.values import clean, provenance, token
from crex.v1 import ComputeResource, Cpu, Memory, NodeClass, Partition, Software

_MIB: Final = 1 << 20
# What slurmd reports of a node that nobody configured (slurm.conf(5), RealMemory: default 1).
_UNSET_MEMORY: Final = 1


@dataclass(slots=True)
class _Alike:
    """Nodes that are alike.

    Attributes:
        name: Name of the first of them.
        body: What each of them is.
        slices: Profiles of MIG devices of one node, with their number.
        rows: Their rows.
    """

    name: str
    body: ComputeResource
    slices: tuple[tuple[str, int], ...]
    rows: list[str]


@dataclass(frozen=True, slots=True)
class Slurm:
    """The importer of what Slurm says of its nodes."""

    name: str = "slurm"
    about: str = "nodes as scontrol, slurmrestd or sinfo state them"
    commands: Sequence[Sequence[str]] = (("scontrol", "show", "node", "--json"),)

    def read(self, sources: Sequence[Source]) -> Imported:
        """Reads nodes of one cluster; its files belong together."""
        books = Import()
        alike: dict[bytes, _Alike] = {}
        known: dict[str, bytes] = {}
        for record in read_records(sources, books):
            _take(record, alike, known, books)
        for one in alike.values():
            name = propose_name(one.name) or "node"
            books.add(Draft(name=name, body=one.body, rows=tuple(one.rows), count=len(one.rows)))
            for profile, count in one.slices:
                body = ComputeResource(kind="partition-class", partition=Partition(profile=profile))
                shown = token(f"gpu {profile}") or "gpu-slice"
                books.add(
                    Draft(
                        name=shown,
                        body=body,
                        rows=tuple(one.rows),
                        count=count * len(one.rows),
                        part_of=name,
                    )
                )
        return books.done()


def _take(record: Record, alike: dict[bytes, _Alike], known: dict[str, bytes], books: Import) -> None:
    report = books.report
    if "FUTURE" in record.states:
        books.leave_out(record.row, "its state is FUTURE: it is planned, and not there")
        return
    node = NodeClass()
    cpu = _cpu(record, report)
    if cpu is not None:
        node.cpu.CopyFrom(cpu)
    memory = _memory(record, report)
    if memory is not None:
        node.memory.CopyFrom(memory)
    devices, slices = describe_gres(record, report)
    node.accelerators.extend(devices)
    if not node.ListFields() and not slices:
        books.leave_out(record.row, "nothing of it can be stated")
        return
    if record.features:
        report.leave_out("features", "Slurm: Features", "they are words of the site")
    if record.disk:
        report.leave_out("node.storage", "Slurm: TmpDisk", "it does not say of what medium the disk is")
    body = ComputeResource(kind="node-class", node=node)
    if record.kernel:
        body.software.append(Software(name="linux", version=clean(record.kernel, 128)))
    key = body.SerializeToString(deterministic=True) + repr(slices).encode()
    if record.name in known:
        same = (
            "as it was told already"
            if known[record.name] == key
            else "otherwise than before, which is believed"
        )
        books.leave_out(record.row, f"node {record.name} is told again, {same}")
        return
    known[record.name] = key
    alike.setdefault(key, _Alike(record.name, body, tuple(slices), [])).rows.append(record.row)


def _cpu(record: Record, report: Report) -> Cpu | None:
    """Describes the processors; nothing where CPUs are no threads, because then an OS counts otherwise."""
    isa = isa_of_machine(record.architecture)
    if isa is None:
        why = (
            f"its architecture is {record.architecture!r}"
            if record.architecture
            else "it states no architecture"
        )
        report.leave_out("node.cpu", record.row, why)
        return None
    if record.cpus is None:
        report.leave_out("node.cpu", record.row, "it does not say how many CPUs it has")
        return None
    threads = _product(record.sockets, record.cores, record.threads)
    if threads is not None and threads != record.cpus:
        why = f"it has {record.cpus} CPUs, and its sockets, cores and threads multiply to {threads}"
        report.contradict("node.cpu", record.row, why)
        return None
    effective = record.effective if record.effective is not None else record.cpus
    if not 0 < effective <= record.cpus:
        report.contradict("node.cpu", record.row, f"{effective} of {record.cpus} CPUs are effective")
        return None
    cores = _product(record.sockets, record.cores)
    return Cpu(
        isa=isa,
        sockets=record.sockets,
        physical_cores=cores,
        threads_per_core=record.threads,
        schedulable_cpus=effective,
        provenance=provenance("Slurm: Arch, CPUTot, CPUEfctv, Sockets, CoresPerSocket, ThreadsPerCore"),
    )


def _product(*numbers: int | None) -> int | None:
    total = 1
    for number in numbers:
        if number is None:
            return None
        total *= number
    return total


def _memory(record: Record, report: Report) -> Memory | None:
    if record.memory_mib is None or record.memory_mib == _UNSET_MEMORY:
        why = "RealMemory is 1, its default" if record.memory_mib else "it states no RealMemory"
        report.leave_out("node.memory", record.row, why)
        return None
    if record.tres_memory_mib is not None and record.tres_memory_mib != record.memory_mib:
        why = f"RealMemory is {record.memory_mib} MiB, and its trackable memory {record.tres_memory_mib}"
        report.contradict("node.memory", record.row, why)
        return None
    capacity = record.memory_mib * _MIB
    kept = (record.kept_mib or 0) * _MIB
    return Memory(
        capacity_bytes=capacity,
        usable_bytes=capacity - kept if 0 < kept <= capacity else None,
        provenance=provenance("Slurm: RealMemory, MemSpecLimit"),
    )


IMPORTER: Final = Slurm()
