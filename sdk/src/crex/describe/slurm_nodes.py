"""What a node of Slurm is, from what is said of it.

Slurm's figures are those of its configuration, which are held against the machine when slurmd registers it:
a node that has less is INVAL or drained, with a reason of Slurm's own words, and then such a figure is not
believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Final

from crex.describe.isa import isa_of_machine
from crex.describe.report import Report
from crex.describe.slurm_gres import GPU, Part, describe_gres
from crex.describe.slurm_records import (
    ARCHITECTURE,
    CORES,
    CORES_KEPT,
    CPUS,
    CPUS_KEPT,
    DISK,
    EFFECTIVE,
    MEMORY,
    MEMORY_KEPT,
    SOCKETS,
    SYSTEM,
    THREADS,
    VERSION,
    Record,
    tracked,
)
from crex.describe.values import ESTIMATED, NOMINAL, clean, cpu_list, provenance
from crex.v1 import ComputeResource, Cpu, Memory, NodeClass, Software

# slurm.conf(5): "Size of real memory on the node in mebibytes"; older editions say "megabytes", and slurmd
# divides by 1048576 (get_memory in src/slurmd/slurmd/get_mach_stat.c). MemSpecLimit and sinfo likewise.
_MIB: Final = 1 << 20
# slurm.conf(5): RealMemory, CPUs and all that CPUs is the product of are 1 where nobody configured them.
_UNSET: Final = 1
# Trackable memory is written in MiB with a suffix of powers of 1024 (convert_num_unit).
_SUFFIXES: Final = {"K": -1, "M": 0, "G": 1, "T": 2, "P": 3}
# Words of Slurm's own reasons (validate_node_specs, _node_config_validate), and the figure that each is of.
_LESS: Final = {
    "Low RealMemory": MEMORY,
    "Low socket*core*thread count": CPUS,
    "Low CPUs": CPUS,
    "gres/gpu count reported lower than configured": GPU,
    "Low TmpDisk": DISK,
}
_INVALID: Final = frozenset({"INVAL", "INVALID_REG"})
# States in which a node takes no work (sinfo(1), NODE STATE CODES), in full and as sinfo shortens them.
_UNUSABLE: Final = frozenset(
    {
        *(
            "DOWN",
            "DRAIN",
            "DRAINED",
            "DRAINING",
            "DRNG",
            "ERROR",
            "FAIL",
            "FAILING",
            "FAILG",
            "NOT_RESPONDING",
        ),
        *("MAINT", "MAINTENANCE", "REBOOT_ISSUED", "UNKNOWN", "UNK", "INVAL", "INVALID_REG"),
    }
)
_FUTURE: Final = frozenset({"FUTURE", "FUTR"})
_POWERED_DOWN: Final = frozenset({"POWERED_DOWN", "POWERED_DN", "POW_DN", "POWER_DOWN", "POWERING_DOWN"})


@dataclass(frozen=True, slots=True)
class Described:
    """A node.

    Attributes:
        record: What is said of it.
        body: What it is.
        parts: Slices of its GPUs.
        there: Whether it is there, or only configured.
    """

    record: Record
    body: ComputeResource
    parts: tuple[Part, ...]
    there: bool

    def key(self) -> tuple[object, ...]:
        """Gives what is the same for equal nodes."""
        return self.body.SerializeToString(deterministic=True), self.parts


def describe_node(record: Record, tracking: bool, report: Report) -> Described | str:
    """Describes a node; or says why nothing of it can be.

    Args:
        record: What is said of it.
        tracking: Whether Slurm tracks GPUs on its cluster.
        report: Takes what is not stated.
    """
    less = {figure for words, figure in _LESS.items() if any(words in one for one in record.reasons)}
    if record.states & _INVALID and not less:
        return "it registered with less than what is configured (INVAL), so that no figure can be believed"
    for figure in sorted(less):
        why = "the node has less than what is configured, as its reason says; this is not stated"
        report.contradict(figure, record.where, why)
    node = NodeClass()
    cpu = _cpu(record, report) if CPUS not in less else None
    if cpu is not None:
        node.cpu.CopyFrom(cpu)
    memory = _memory(record, report) if MEMORY not in less else None
    if memory is not None:
        node.memory.CopyFrom(memory)
    devices, parts = describe_gres(record, GPU not in less, tracking, report)
    node.accelerators.extend(devices[:64])
    if not node.ByteSize() and not parts:
        return "nothing of it could be stated; the findings say why"
    body = ComputeResource(kind="node-class", node=node, software=_software(record))
    _report_unread(record, report)
    return Described(record, body, parts, _is_there(record, report))


def _is_there(record: Record, report: Report) -> bool:
    """Tells whether a node is there; reports a state in which it cannot be used.

    The state does not change what a node is. But a FUTURE one "need not exist" (slurm.conf(5)), and one of a
    cloud is made when it is powered up.
    """
    shown = "+".join(sorted(record.states)) or "none"
    if record.states & _FUTURE or ("CLOUD" in record.states and record.states & _POWERED_DOWN):
        why = (
            f"its state is {shown}: it is configured, and need not be there; it is described and not counted"
        )
        report.limit(f"node {record.name}", record.where, why)
        return False
    if record.states & _UNUSABLE:
        why = f"its state is {shown}: it takes no work at present; it is described as what it is"
        report.limit(f"node {record.name}", record.where, why)
    return True


def _cpu(record: Record, report: Report) -> Cpu | None:
    numbers = record.numbers
    total = numbers.get(CPUS)
    if not total:
        report.leave_out("cpu", record.where, "it does not say how many CPUs it has")
        return None
    if total == _UNSET and numbers.get(MEMORY) == _UNSET:
        report.leave_out(
            "cpu", record.where, f"`{CPUS}` and `{MEMORY}` are 1, as where nobody configured them"
        )
        return None
    isa = _isa(record, total, report)
    usable = _usable(record, total, report)
    if isa is None or usable is None:
        return None
    schedulable, basis = usable
    shape = _shape(record, total, report)
    if isinstance(shape, str):
        report.contradict("cpu", record.where, shape)
        return None
    cores, threads = shape
    if schedulable < total:
        why = f"{schedulable} of {total} CPUs are for jobs; the others are kept for the system"
        report.limit("cpu", record.where, why)
    method = record.method(ARCHITECTURE, CPUS, EFFECTIVE, CPUS_KEPT, SOCKETS, CORES, THREADS)
    return Cpu(
        isa=isa,
        physical_cores=cores,
        threads_per_core=threads,
        schedulable_cpus=schedulable,
        provenance=provenance(method, basis),
    )


def _isa(record: Record, total: int, report: Report) -> str | None:
    stated = record.texts.get(ARCHITECTURE)
    isa = isa_of_machine(stated)
    if isa is None:
        said = f"the architecture {clean(stated, 40)!r}, which is not known" if stated else "no architecture"
        report.leave_out("cpu", record.where, f"{total} CPUs; it states {said}")
    return isa


def _usable(record: Record, total: int, report: Report) -> tuple[int, str] | None:
    """Gives the CPUs that jobs can have, and on what that rests; core specialization keeps some of them."""
    usable, basis = record.numbers.get(EFFECTIVE), NOMINAL
    kept = record.texts.get(CPUS_KEPT)
    if usable is None and kept is not None:
        # Before 22.05 only the list of the others is stated.
        listed = cpu_list(kept)
        usable, basis = total - len(listed) if listed is not None else None, ESTIMATED
    elif usable is None and not record.numbers.get(CORES_KEPT):
        usable = total
    if usable is None:
        why = f"some of {total} CPUs are kept for the system, and how many is not stated"
        report.leave_out("cpu", record.where, why)
        return None
    if not 1 <= usable <= total:
        report.contradict("cpu", record.where, f"{usable} of {total} CPUs are for jobs; neither is stated")
        return None
    counted = tracked(record).get("cpu")
    if counted is not None and counted not in (str(usable), str(total)):
        why = f"it has {total} CPUs, and `CfgTRES` {clean(counted, 40)}; neither is stated"
        report.contradict("cpu", record.where, why)
        return None
    return usable, basis


def _shape(record: Record, total: int, report: Report) -> tuple[int | None, int | None] | str:
    """Gives cores and threads of a core; or says why they contradict the number of CPUs.

    slurm.conf(5), CPUs: "It can be set to the total number of sockets …, cores or threads"; Slurm refuses any
    other number. `Sockets` of what is printed counts those of all boards.
    """
    sockets, cores, threads = (record.numbers.get(one) for one in (SOCKETS, CORES, THREADS))
    if not sockets or not cores or not threads:
        report.leave_out("cores", record.where, "it does not state sockets, cores and threads")
        return None, None
    products = (prod((sockets, cores, threads)), sockets * cores, sockets)
    if total not in products:
        return f"{total} CPUs are neither {sockets} sockets, {products[1]} cores nor {products[0]} threads"
    if sockets > 1 and cores == threads == 1:
        why = f"{sockets} sockets of one core and one thread are what Slurm has where only CPUs is configured"
        report.leave_out("cores", record.where, why)
        return None, None
    # SlurmdParameters=numa_node_as_socket and l3cache_as_socket (slurm.conf(5), Sockets).
    report.leave_out(
        "sockets", f"`{SOCKETS}` of nodes", "Slurm can be told to take memory domains or caches for sockets"
    )
    if total != products[0]:
        unit = "cores" if total == products[1] else "sockets"
        why = f"Slurm counts {unit} as CPUs here, {total} of {products[0]} threads; {total} are stated"
        report.limit("cpu", record.where, why)
    return products[1], threads


def _memory(record: Record, report: Report) -> Memory | None:
    size = record.numbers.get(MEMORY)
    if not size or size == _UNSET:
        why = f"`{MEMORY}` is 1, its default" if size else "it states none"
        report.leave_out("memory", record.where, why)
        return None
    counted = tracked(record).get("mem")
    if counted is not None and not _same(counted, size):
        why = f"it has {size} MiB, and `CfgTRES` {clean(counted, 40)}; neither is stated"
        report.contradict("memory", record.where, why)
        return None
    memory = Memory(capacity_bytes=size * _MIB, provenance=provenance(record.method(MEMORY, MEMORY_KEPT)))
    kept = record.numbers.get(MEMORY_KEPT)
    if kept and kept < size:
        memory.usable_bytes = (size - kept) * _MIB
    elif kept:
        why = f"{kept} of {size} MiB are kept for the system; only the whole is stated"
        report.contradict("usable memory", record.where, why)
    return memory


def _same(text: str, mebibytes: int) -> bool:
    """Tells whether memory as trackable resources have it, such as `500000M` or `62.50G`, is so much."""
    digits, suffix = (text[:-1], text[-1]) if text[-1:].isalpha() else (text, "M")
    whole_part, _, fraction = digits.partition(".")
    power = _SUFFIXES.get(suffix)
    if power is None or not (whole_part + fraction).isdecimal() or len(digits) > 20:
        return False
    # In units of the last digit, times 1024 so that K is whole; what follows that digit was rounded off.
    unit = 1 << 10 * (power + 1)
    scale = int("1" + "0" * len(fraction))
    difference = abs(int(whole_part + fraction) * unit - mebibytes * 1024 * scale)
    return difference * 2 <= unit if fraction else difference == 0


def _software(record: Record) -> list[Software]:
    """Lists the kernel, of what uname says (`Linux 5.14.0-427.el9.x86_64 #1 SMP …`), and slurmd."""
    found: list[Software] = []
    system = (record.texts.get(SYSTEM) or "").split()
    if len(system) > 1 and system[0] == "Linux":
        found.append(Software(name="linux", version=clean(system[1], 128)))
    version = clean(record.texts.get(VERSION), 128)
    if version:
        found.append(Software(name="slurmd", version=version))
    return found


def _report_unread(record: Record, report: Report) -> None:
    """Reports, once for all nodes, what is told and has no place in a description."""
    if "features" in record.unread:
        report.leave_out("features", "features of nodes", "they are words of the site")
    if "partitions" in record.unread:
        report.leave_out("partitions", "partitions of nodes", "they say who may use a node, not what it is")
    if record.numbers.get(DISK):
        why = "it is the size of a file system for work, and not on what medium it lies"
        report.leave_out("storage", f"`{DISK}` of nodes", why)
