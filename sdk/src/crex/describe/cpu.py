"""The processors: what they are, and on how many CPUs work can be scheduled here."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from fractions import Fraction

from crex.describe import cpuinfo, isa, lscpu
from crex.describe.cgroups import Limits
from crex.describe.cpuinfo import CpuInfo
from crex.describe.machine import Machine
from crex.describe.report import Report
from crex.describe.surroundings import Surroundings
from crex.describe.topology import FOLDER, Topology, read_topology
from crex.describe.values import clean, cpu_list, hexadecimal, provenance, show_cpus, whole
from crex.v1 import Cpu

_STATUS = "/proc/self/status"
_ONLINE = f"{FOLDER}/online"
_FEATURE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
_MOST_FEATURES = 512


@dataclass(frozen=True, slots=True)
class Schedule:
    """On which CPUs work can be scheduled here, and what decided it.

    Attributes:
        online: CPUs that the operating system runs.
        cpus: Those of them on which this process may run.
        count: How many CPUs' worth of work can run at once: `cpus`, or fewer under a quota of CPU time.
        cpu_time: CPU seconds per second that a quota grants; nothing without a quota.
        source: The file that decided `count`.
        topology: How the online CPUs lie on cores and sockets.
    """

    online: frozenset[int] = frozenset()
    cpus: frozenset[int] = frozenset()
    count: int = 0
    cpu_time: Fraction | None = None
    source: str = ""
    topology: Topology = field(default_factory=Topology)

    @property
    def limited(self) -> bool:
        """Whether less can be used here than the operating system runs."""
        return self.count < len(self.online)


def read_schedule(machine: Machine, info: CpuInfo, limits: Limits, report: Report) -> Schedule:
    """Finds the CPUs on which work can be scheduled: online, allowed to this process, within its quota."""
    online, source = _online(machine, info, report)
    if not online:
        return Schedule()
    cpus = online
    for allowed, path, what in (
        (cpu_list(_status_field(machine, "Cpus_allowed_list")), _STATUS, "the affinity of this process"),
        (limits.cpus, limits.cpus_source, "its control group"),
    ):
        if allowed is None or cpus <= allowed:
            continue
        if not cpus & allowed:
            report.contradict(
                "CPUs", path, f"{what} allows {show_cpus(allowed)}, none of which is online; not believed"
            )
            continue
        cpus, source = cpus & allowed, path
        report.limit("CPUs", path, f"{what} allows {len(cpus)} of {len(online)} CPUs that are online")
    count = len(cpus)
    quota = limits.cpu_time
    if quota is not None and quota < count:
        count, source = max(1, math.floor(quota)), limits.cpu_time_source
        share = f"{float(quota):g} CPU seconds per second"
        report.limit("CPUs", source, f"its control group grants {share}; {count} can be counted on")
    return Schedule(online, cpus, count, quota, source, read_topology(machine, info, online))


def describe_cpu(
    machine: Machine, info: CpuInfo, schedule: Schedule, around: Surroundings, report: Report
) -> tuple[Cpu | None, bool]:
    """Describes the processors, and tells whether the list of features is complete.

    Returns:
        The message, or nothing where the instruction set (DESC-CPU-1) or the number of CPUs (DESC-CPU-2) is
        unknown; and whether `enabled_features` names every feature that the operating system reports.
    """
    listed = lscpu.read_lscpu(machine, report)
    set_, isa_source = _isa(machine, info, listed)
    if set_ is None or not schedule.count:
        missing = "which CPUs are online" if set_ is not None else "what instruction set they have"
        report.leave_out("node.cpu", f"{cpuinfo.PATH}, {FOLDER}", f"nothing says {missing}")
        return None, False
    features, complete = _features(set_, info, report)
    cpu = Cpu(
        isa=set_,
        isa_level=isa.x86_level(features) if set_ == "x86-64" else None,
        vendor=_vendor(set_, info, report),
        model=_model(info, listed, report),
        schedulable_cpus=schedule.count,
        base_mhz=_base_mhz(machine, schedule, report),
        enabled_features=features,
    )
    sources = [
        f"schedulable_cpus: {schedule.source}",
        f"isa: {isa_source}",
        f"model, features: {cpuinfo.PATH}",
    ]
    if _set_topology(cpu, schedule, around, report):
        sources.append(f"sockets, cores: {schedule.topology.source}")
    if cpu.HasField("base_mhz"):
        sources.append("base_mhz: cpufreq, acpi_cppc")
    cpu.provenance.CopyFrom(provenance("; ".join(sources)))
    lscpu.cross_check(listed, schedule.online, schedule.topology, report)
    return cpu, complete


def _online(machine: Machine, info: CpuInfo, report: Report) -> tuple[frozenset[int], str]:
    online, listed = cpu_list(machine.text(_ONLINE)), frozenset(info.processors)
    if online is None:
        return listed, cpuinfo.PATH
    if listed and listed != online:
        report.contradict(
            "CPUs that are online",
            f"{_ONLINE}, {cpuinfo.PATH}",
            f"the first has {show_cpus(online)}, the second {show_cpus(listed)}; what both have is believed",
        )
        # A sandbox often hides CPUs in one of the two; what only one of them shows cannot be counted on.
        return online & listed or online, f"{_ONLINE}, {cpuinfo.PATH}"
    return online, _ONLINE


def _status_field(machine: Machine, key: str) -> str | None:
    for line in (machine.text(_STATUS) or "").splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return value.strip()
    return None


def _isa(machine: Machine, info: CpuInfo, listed: lscpu.Lscpu) -> tuple[str | None, str]:
    """Gives the instruction set by the kernel's word, else by lscpu's, else by the shape of /proc/cpuinfo."""
    arch = "/proc/sys/kernel/arch"
    by_kernel = isa.isa_of_machine(machine.text(arch))
    if by_kernel:
        return by_kernel, arch
    by_lscpu = isa.isa_of_machine(listed.get("Architecture"))
    if by_lscpu:
        return by_lscpu, "lscpu"
    return _isa_by_shape(info)


def _isa_by_shape(info: CpuInfo) -> tuple[str | None, str]:
    flags, _ = info.flags("flags")
    features, _ = info.flags("Features")
    if "lm" in flags:
        return "x86-64", f"{cpuinfo.PATH} flag lm"
    if "asimd" in features or "evtstrm" in features:
        return "aarch64", f"{cpuinfo.PATH} features"
    if (info.value("isa") or "").startswith("rv64"):
        return "riscv64", f"{cpuinfo.PATH} isa"
    if "loongarch64" in (info.value("ISA") or "").split():
        return "loongarch64", f"{cpuinfo.PATH} ISA"
    return None, ""


def _features(set_: str, info: CpuInfo, report: Report) -> tuple[list[str], bool]:
    """Gives the features that every processor has, and whether that is all there is to say."""
    if set_ == "riscv64":
        # `rv64imafdc_zicsr_…`: the base with its letters, then extensions.
        words, same = list(dict.fromkeys((info.value("isa") or "").split("_"))), len(info.values("isa")) <= 1
        words = [word for word in words if word]
    else:
        words, same = info.flags("flags")
        if not words:
            words, same = info.flags("Features")
    good = [word for word in words if _FEATURE.fullmatch(word)][:_MOST_FEATURES]
    if not same:
        report.leave_out(
            "features of some processors", cpuinfo.PATH, "processors differ; only what all share is stated"
        )
    if len(good) < len(words):
        odd = next((word for word in words if word not in good), "")
        report.leave_out(
            f"{len(words) - len(good)} features",
            cpuinfo.PATH,
            f"not words that a document can state: {clean(odd, 40)!r}",
        )
    return good, bool(good) and same and len(good) == len(words)


def _vendor(set_: str, info: CpuInfo, report: Report) -> str | None:
    if set_ in ("x86-64", "x86-32"):
        said, vendor = info.values("vendor_id"), isa.x86_vendor(info.value("vendor_id"))
    elif set_ in ("aarch64", "armv7"):
        said, vendor = (
            info.values("CPU implementer"),
            isa.arm_vendor(hexadecimal(info.value("CPU implementer"))),
        )
    elif set_ == "s390x":
        said, vendor = (
            info.values("vendor_id"),
            "ibm" if (info.value("vendor_id") or "").startswith("IBM") else None,
        )
    else:
        return None
    if len(said) > 1:
        report.leave_out("node.cpu.vendor", cpuinfo.PATH, "processors of several makers")
        return None
    if vendor is None:
        name = f"{clean(said[0], 40)!r} is a maker without a token" if said else "it names no maker"
        report.leave_out("node.cpu.vendor", cpuinfo.PATH, name)
    return vendor


def _model(info: CpuInfo, listed: lscpu.Lscpu, report: Report) -> str | None:
    models = [
        text for text in map(clean, info.values("model name", "Model Name", "cpu model", "cpu")) if text
    ]
    if len(models) > 1:
        report.leave_out("node.cpu.model", cpuinfo.PATH, f"processors of {len(models)} models")
        return None
    if models:
        return models[0]
    # Arm kernels give codes only; lscpu knows the names that belong to them.
    model = clean(listed.get("Model name"))
    if model is None or model == "-":
        report.leave_out("node.cpu.model", f"{cpuinfo.PATH}, lscpu", "neither names a model")
        return None
    return model


def _base_mhz(machine: Machine, schedule: Schedule, report: Report) -> int | None:
    """Gives the base clock where the firmware states it; the current clock and the model's name do not."""
    found: set[int] = set()
    for cpu in schedule.online:
        folder = f"{FOLDER}/cpu{cpu}"
        khz = whole(machine.text(f"{folder}/cpufreq/base_frequency"), low=1000)
        mhz = (
            khz // 1000
            if khz
            else whole(machine.text(f"{folder}/acpi_cppc/nominal_freq"), low=1, high=20_000)
        )
        if mhz is None:
            return None
        found.add(mhz)
    if len(found) > 1:
        clocks = " and ".join(str(mhz) for mhz in sorted(found))
        report.leave_out("node.cpu.base_mhz", FOLDER, f"cores differ: {clocks[:120]} MHz")
        return None
    return found.pop()


def _set_topology(cpu: Cpu, schedule: Schedule, around: Surroundings, report: Report) -> bool:
    """States sockets, cores and threads where they are those of the machine that is described."""
    topology = schedule.topology
    if not topology.cores:
        report.leave_out(
            "node.cpu.physical_cores", f"{FOLDER}, {cpuinfo.PATH}", "neither says which CPUs share a core"
        )
        return False
    shape = f"{topology.sockets or '?'} × {len(topology.cores)} × {topology.threads_per_core or '?'}"
    what = "sockets × cores × threads per core"
    if around.virtual and not around.contained:
        report.leave_out(
            what, topology.source, f"in a virtual machine they are as the hypervisor presents them: {shape}"
        )
        return False
    if around.contained:
        report.leave_out(what, topology.source, f"in a container they are those of its host: {shape}")
        return False
    cpu.physical_cores = len(topology.cores)
    if topology.sockets is not None:
        cpu.sockets = topology.sockets
    threads = topology.threads_per_core
    if threads is None:
        report.leave_out(
            "node.cpu.threads_per_core", topology.source, "cores differ in their number of threads"
        )
    else:
        cpu.threads_per_core = threads
    return True
