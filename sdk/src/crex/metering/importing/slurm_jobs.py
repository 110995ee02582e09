"""A job of Slurm, from whichever form it was read, and what it says was used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from crex.describe.report import Report
from crex.describe.values import clean
from crex.metering.importing.uses import Found, Use
from crex.metering.span import Span

_KIB_PER_MIB: Final = 1024
_MEMORY: Final = re.compile(r"([0-9]{1,15})([KMGTP]?)")
# In KiB; a number without a unit is in MiB.
_SIZES: Final = {"K": 1, "": 1024, "M": 1024, "G": 1024**2, "T": 1024**3, "P": 1024**4}
# States after which nothing is used any more.
_ENDED: Final = frozenset(
    {
        "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "OUT_OF_MEMORY", "BOOT_FAIL",
        "DEADLINE", "REVOKED",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job that has ended.

    Attributes:
        name: Its number.
        row: Its row.
        start_ms, end_ms: When it ran.
        elapsed: Seconds for which it ran; without those for which it was suspended.
        suspended: Seconds for which it was suspended.
        cpu_time: Processor seconds that it used.
        cpu_allocated: Processors that it was given × seconds, as Slurm states the product.
        cpus: Processors that it was given, by every statement of them.
        gpus: GPUs that it was given.
        memory_mib: Memory that it was given.
        energy: Joules that it took.
        labels: Whose it was.
    """

    name: str
    row: str
    start_ms: int
    end_ms: int
    elapsed: Fraction | None
    suspended: Fraction | None
    cpu_time: Fraction | None
    cpu_allocated: Fraction | None
    cpus: frozenset[Fraction]
    gpus: Fraction | None
    memory_mib: Fraction | None
    energy: Fraction | None
    labels: tuple[tuple[str, str], ...]


def is_ended(state: str) -> bool:
    """Tells whether a job in a state has ended."""
    return state in _ENDED


def not_ended(state: str) -> str:
    """Says why nothing is stated of a job in a state in which it has not ended."""
    return f"it is {clean(state, 40) or 'in no state'}, and what it used is known when it has ended"


def memory_mib(text: str) -> Fraction | None:
    """Reads an amount of memory; nothing for one that was rounded, such as `3.91G`."""
    match = _MEMORY.fullmatch(text)
    return Fraction(int(match[1]) * _SIZES[match[2]], _KIB_PER_MIB) if match is not None else None


def found_of(job: Job, report: Report) -> Found | str:
    """Says what a job used; or why nothing can be said."""
    if job.end_ms < job.start_ms:
        return "it ended before it started"
    span = Span(job.start_ms, job.end_ms)
    if job.elapsed is None:
        return "it does not state how long it ran"
    ran = span.seconds - (job.suspended or 0)
    if job.elapsed > span.seconds or (job.suspended is not None and job.elapsed != ran):
        return f"it ran {job.elapsed} s, which is not from its start to its end less what it was suspended"
    if not job.elapsed:
        return "it never ran"
    uses = tuple(
        Use(
            dimension=dimension,
            unit=unit,
            span=span,
            quantity=quantity,
            method=f"sacct {field}, job {job.name}",
            rows=(job.row,),
            labels=job.labels,
        )
        for dimension, unit, quantity, field in _figures(job, job.elapsed, report)
    )
    cluster = dict(job.labels).get("Cluster", "")
    return Found(key=f"job {job.name} of {cluster or 'the cluster'} from {span}", row=job.row, uses=uses)


def _figures(job: Job, elapsed: Fraction, report: Report) -> Iterator[tuple[str, str, Fraction, str]]:
    """Gives dimension, unit, quantity and field of all that is certain."""
    yield "wall-time", "s", elapsed, "Elapsed"
    if job.cpu_time:
        yield "cpu-time", "s", job.cpu_time, "TotalCPU"
    else:
        why = "it is absent or 0, which Slurm also prints where nothing gathers it"
        report.leave_out("TotalCPU", job.row, why)
    allocated = {cpus * elapsed for cpus in job.cpus}
    if job.cpu_allocated is not None:
        allocated.add(job.cpu_allocated)
    if len(allocated) == 1:
        yield "allocated-cpu-time", "s", allocated.pop(), "AllocCPUS × Elapsed"
    elif allocated:
        report.contradict("AllocCPUS", job.row, "CPUs × Elapsed and CPUTimeRAW differ; neither is stated")
    if job.gpus:
        yield "allocated-gpu-time", "s", job.gpus * elapsed, "AllocTRES gres/gpu × Elapsed"
    if job.memory_mib:
        kib_s = job.memory_mib * _KIB_PER_MIB * elapsed
        yield "allocated-memory-time", "kib-s", kib_s, "AllocTRES mem × Elapsed"
    if job.energy:
        yield "energy", "j", job.energy, "ConsumedEnergyRaw"
