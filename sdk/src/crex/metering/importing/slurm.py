"""What jobs used, as Slurm's accounting states it: `sacct --json`, and `sacct -P` with its first line.

A job is a row; its steps are part of it. Jobs that have not ended are left out, for what they use is not
known yet. Times in text are those of the cluster's clocks, in a zone that they do not name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from crex.describe.report import Report
from crex.describe.sources import Source, read_table
from crex.describe.tables import whole_rows
from crex.describe.values import clean, whole
from crex.metering.importing import slurm_json
from crex.metering.importing.slurm_jobs import Job, found_of, is_ended, memory_mib, not_ended
from crex.metering.importing.times import clock_seconds, instant_ms
from crex.metering.importing.uses import Found, UsageImport, UsageImported, settle

_BAR: Final = "|"
_NEEDED: Final = ("start", "end", "state")
_LABELS: Final = ("Cluster", "Account", "User", "Partition", "QOS", "JobID")
# Joins the name of a job with the number of a step.
_STEP: Final = "."


class SlurmUsageImporter:
    """Reads jobs of Slurm."""

    name = "slurm"
    about = "jobs as `sacct --json` or `sacct -P` states them"
    commands: Sequence[Sequence[str]] = ()

    def read(self, sources: Sequence[Source], zone: ZoneInfo | None) -> UsageImported:
        """Reads jobs."""
        books = UsageImport()
        found: list[Found] = []
        for source in sources:
            if source.text.lstrip()[:1] == "{":
                found += slurm_json.read_jobs(source, books)
            elif source.problem:
                books.leave_out(books.row(source.name), source.problem)
            else:
                found += _read_table(source, books, zone)
        settle(found, books)
        return books.done()


USAGE_IMPORTER: Final = SlurmUsageImporter()


def _read_table(source: Source, books: UsageImport, zone: ZoneInfo | None) -> Iterator[Found]:
    _, head = next(read_table(source, _BAR, quoted=False), (0, []))
    names = [name.lower() for name in head]
    missing = [name for name in _NEEDED if name not in names]
    if missing or not {"jobid", "jobidraw"} & set(names):
        lacking = ", ".join(missing) or "jobid"
        why = f"its first line names no {lacking}: give what `sacct -P` prints, with its first line"
        books.leave_out(books.row(source.name), why)
        return
    if len(set(filter(None, names))) < len(list(filter(None, names))):
        books.leave_out(books.row(source.name), "its first line names a column twice")
        return
    for row, cells in whole_rows(source, names, books, _BAR, quoted=False):
        job = _job(cells, row, books.report, zone)
        yield from books.told(row, job if isinstance(job, str) else found_of(job, books.report))


def _job(cells: Mapping[str, str], row: str, report: Report, zone: ZoneInfo | None) -> Job | str:
    name = clean(cells.get("jobidraw") or cells.get("jobid"), 80) or ""
    if not name:
        return "it names no job"
    if _STEP in name or _STEP in cells.get("jobid", ""):
        return "a step is part of its job, whose line has it"
    # Slurm writes `CANCELLED by 1000` for who did it.
    if not is_ended(cells["state"].partition(" ")[0]):
        return not_ended(cells["state"])
    times = []
    for column in ("start", "end"):
        if cells[column] in ("Unknown", "None", ""):
            return "it never ran"
        at = instant_ms(cells[column], zone)
        if isinstance(at, str):
            return at
        times.append(at)
    elapsed = _seconds(cells, "elapsedraw", "elapsed")
    allocated = _resources(cells.get("alloctres", ""), row, report)
    cpus = [whole(cells[column]) for column in ("alloccpus", "ncpus") if cells.get(column)]
    energy = whole(cells.get("consumedenergyraw"))
    return Job(
        name=name,
        row=row,
        start_ms=times[0],
        end_ms=times[1],
        elapsed=elapsed,
        suspended=_seconds(cells, "suspendedraw", "suspended"),
        cpu_time=_seconds(cells, "totalcpu"),
        cpu_allocated=_seconds(cells, "cputimeraw", "cputime"),
        cpus=frozenset(Fraction(one) for one in (*cpus, allocated.get("cpu")) if one is not None),
        gpus=allocated.get("gres/gpu"),
        memory_mib=allocated.get("mem"),
        energy=Fraction(energy) if energy is not None else None,
        labels=tuple((name, cells[name.lower()]) for name in _LABELS if cells.get(name.lower())),
    )


def _seconds(cells: Mapping[str, str], *columns: str) -> Fraction | None:
    """Reads a length from the first column that has one: whole seconds, or hours, minutes and seconds."""
    for column in columns:
        text = cells.get(column, "")
        seconds = whole(text)
        if seconds is not None:
            return Fraction(seconds)
        if text:
            return clock_seconds(text)
    return None


def _resources(text: str, row: str, report: Report) -> dict[str, Fraction]:
    """Reads `billing=4,cpu=4,gres/gpu=2,gres/gpu:a100=2,mem=16G,node=1`."""
    found: dict[str, Fraction] = {}
    typed: Fraction | None = None
    for part in filter(None, text.split(",")):
        name, _, amount = part.partition("=")
        count = whole(amount)
        if name == "mem":
            mib = memory_mib(amount)
            if mib is None:
                why = f"{clean(amount, 40)!r} is no whole number of mebibytes: Slurm rounds what it prints"
                report.leave_out("AllocTRES mem", row, f"{why}; `sacct --noconvert` does not")
            else:
                found["mem"] = mib
        elif count is not None and name in ("cpu", "gres/gpu"):
            found[name] = Fraction(count)
        elif count is not None and name.startswith("gres/gpu:"):
            typed = (typed or Fraction(0)) + count
    if typed is not None and found.setdefault("gres/gpu", typed) != typed:
        del found["gres/gpu"]
        report.contradict("AllocTRES gres/gpu", row, f"there are {typed} GPUs by type; none are stated")
    return found
