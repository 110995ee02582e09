"""A job: bills in parts, each finished whole or not at all, so that a crash loses and doubles nothing.

A part is some bills that follow each other, with about as many records as fit the memory. It is rated in a
folder of its own, which gets its name, in one step and after all of it is on disk, when the part is done.
Whoever runs the same job again goes on with the parts that have no folder yet. When all have, their files are
joined.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from crex.bulk import intake, output, plain
from crex.bulk.bills import BillSet, NamedBill
from crex.bulk.columns import kinds_of
from crex.bulk.engine import Plan, lease_results, outcomes
from crex.bulk.extras import require
from crex.bulk.reduce import STEPS, Meters, find_meters, load_grids, reduce
from crex.bulk.session import Limits, Session, Source
from crex.errors import CrexError
from crex.trust.files import write_whole

ENGINES: Final = ("reference", "duckdb", "spark")
# What a part has at most, but for one bill that has more: records, cells with sums, bills.
RECORDS_OF_PART: Final = 32_000_000
CELLS_OF_PART: Final = 4_000_000
BILLS_OF_PART: Final = 20_000
_PACKAGES: Final = {"reference": (), "duckdb": ("duckdb",), "spark": ("pyspark.sql",)}
_FORM: Final = 1  # of the files of an unfinished job


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be rated, and how.

    Attributes:
        bills: The bills.
        bills_sha256: Digest of the inputs that they were made of.
        usage: Files of records: Parquet, or JSON Lines.
        folder: Where the results go; what is unfinished waits there too.
        engine: One of `ENGINES`.
        format: One of `output.FORMATS`.
        limits: What the engine may use.
        parts: Into how many parts the job is divided; nothing: as many as its records ask for.
        spark_master: Where Spark runs; nothing: on this machine.
    """

    bills: BillSet
    bills_sha256: str
    usage: Sequence[Path]
    folder: Path
    engine: str = "duckdb"
    format: str = "json"
    limits: Limits = field(default_factory=Limits)
    parts: int | None = None
    spark_master: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a job.

    Attributes:
        bills: How many bills there are.
        refused: How many of them cannot be rated.
        incomplete: How many lack records.
        lines: How many lines the others have.
        records: How many records were read.
        strays: Leases of records that no bill has, and how many records are of them.
        files: The results.
    """

    bills: int
    refused: int
    incomplete: int
    lines: int
    records: int
    strays: Sequence[tuple[str, int]]
    files: Sequence[Path]

    def value(self) -> dict[str, Any]:
        """Returns it as JSON."""
        return {
            "bills": self.bills,
            "refused": self.refused,
            "incomplete": self.incomplete,
            "lines": self.lines,
            "records": self.records,
            "strays": [{"lease": lease, "records": records} for lease, records in self.strays],
            "files": [one.name for one in self.files],
        }


Progress = Callable[[str, int, int], None]


def run(job: Job, progress: Progress | None = None) -> Report:
    """Carries a job out, or what is left of it.

    Args:
        job: The job.
        progress: Called with what is being done, how much of it is, and how much there is.

    Raises:
        CrexError: CONFLICT if the folder holds another job, or one that is running; otherwise what is wrong
            with the inputs, or what the engine cannot do.
    """
    progress = progress or _say_nothing
    job.folder.mkdir(parents=True, exist_ok=True)
    with _alone(job.folder):
        work = job.folder / "work"
        _begin(job, work)
        done = job.folder / "report.json"
        if not done.exists():
            tables = _tables(job, work, progress)
            _rate(job, work, tables, progress)
            progress("joining the parts", 0, 1)
            _finish(job, work)
        shutil.rmtree(work, ignore_errors=True)
        return _report(job, json.loads(done.read_bytes()))


def _say_nothing(*_: object) -> None:
    pass


def _begin(job: Job, work: Path) -> None:
    """Notes what the job is, or checks that it is the one that was begun here."""
    pins = {
        "form": _FORM,
        "engine": job.engine,
        "format": job.format,
        "bills": job.bills_sha256,
        "parts": job.parts,
        "usage": [_pin(path) for path in job.usage],
    }
    note = job.folder / "job.json"
    if note.exists():
        if json.loads(note.read_bytes()) != pins:
            raise CrexError(
                "CONFLICT",
                "The folder holds another job: other bills, plans, usage (name, size or time of change), "
                "engine or format. Name another folder with -o, or delete this one.",
                source=str(job.folder),
            )
    else:
        write_whole(note, json.dumps(pins, indent=2).encode())
    work.mkdir(exist_ok=True)
    for left in work.glob(".*"):  # of a process that was killed
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def _pin(path: Path) -> dict[str, Any]:
    try:
        found = path.stat()
    except OSError as error:
        raise CrexError(
            "NOT_FOUND", f"The file cannot be read ({error.strerror}).", source=str(path)
        ) from error
    return {"path": str(path.absolute()), "size": found.st_size, "changed_ns": found.st_mtime_ns}


def _tables(job: Job, work: Path, progress: Progress) -> list[Path]:
    """Returns the usage as Parquet files; what comes as JSON Lines is converted, each file once."""
    found = []
    for number, path in enumerate(job.usage):
        if path.suffix == ".parquet":
            kinds_of(path)
            found.append(path)
            continue
        table = work / f"records-{number:05d}.parquet"
        if not table.exists():
            size = max(1, path.stat().st_size)
            with intake.RecordTable(table) as target:
                for read in intake.convert(path, target):
                    progress(f"reading {path.name}", min(read, size), size)
            _settle(table)
        found.append(table)
    return found


def _rate(job: Job, work: Path, tables: Sequence[Path], progress: Progress) -> None:
    if job.engine == "reference":
        _rate_plainly(job, work, tables, progress)
        return
    session = _session(job, work)
    try:
        session.read(_sources(tables))
        progress("looking through the records", 0, 1)
        _rate_by_sql(job, work, session, progress)
    finally:
        session.close()


def _rate_plainly(job: Job, work: Path, tables: Sequence[Path], progress: Progress) -> None:
    usage = plain.read(tables)
    parts = _note_parts(work, lambda: even_parts([(0, 1)] * len(job.bills.bills), job.parts))
    for number, (first, last) in enumerate(parts):
        progress("rating", first, len(job.bills.bills))
        if not _part(work, number).exists():
            with _new_part(work, number) as folder:
                mine = plain.outcomes(job.bills, usage, job.bills.bills[first:last])
                _note(folder, output.write(folder, mine, job.format))
    _note_totals(work, usage.count, plain.strays(job.bills, usage))


def _rate_by_sql(job: Job, work: Path, session: Session, progress: Progress) -> None:
    plan = Plan.of(job.bills)
    meters = find_meters(session, job.bills)
    load_grids(session, plan.grids)
    parts = _note_parts(work, lambda: even_parts(_loads(plan, meters), job.parts))
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress("rating", done, len(parts) * STEPS)

    for number, (first, last) in enumerate(parts):
        if _part(work, number).exists():
            done += STEPS
            continue
        with _new_part(work, number) as folder:
            mine = job.bills.bills[first:last]
            _note(folder, _rate_part(job, session, plan, meters, mine, folder, step, copy=len(parts) > 1))
    _note_totals(work, meters.records, meters.strays)


def _rate_part(
    job: Job,
    session: Session,
    plan: Plan,
    meters: Meters,
    bills: Sequence[NamedBill],
    folder: Path,
    step: Callable[[], None],
    *,
    copy: bool,
) -> dict[str, int]:
    slots = [slot for one in bills for slot in plan.by_bill.get(one.name, ())]
    numbers = {slot.number for slot in slots}
    faults = [fault for fault in meters.faults if fault.slot in numbers]
    mine = meters.of({slot.lease for slot in slots})
    reduced = reduce(session, mine, slots, plan.grids, plan.active, step, copy=copy)
    results = lease_results(reduced, faults)
    return output.write(folder, outcomes(plan, bills, results), job.format)


def _loads(plan: Plan, meters: Meters) -> list[tuple[int, int]]:
    """Returns how many records each bill has, and how many cells it may have sums in, in their order."""
    columns = (meters.table.column(name).to_pylist() for name in ("lease", "records"))
    by_lease: dict[str, int] = {}
    for lease, records in zip(*columns, strict=True):
        by_lease[lease] = by_lease.get(lease, 0) + records
    found = []
    for one in plan.bills.bills:
        profile = plan.grids.profile(one)
        cells = sum(len(plan.grids.cells(grid)) for grid in profile.grids.values())
        records = sum(by_lease.get(use.terms.name, 0) for use in one.bill.leases)
        found.append((records, cells * len(one.bill.leases)))
    return found


def even_parts(loads: Sequence[tuple[int, int]], parts: int | None = None) -> list[tuple[int, int]]:
    """Divides bills into parts.

    Args:
        loads: Records and cells of each bill.
        parts: How many parts, about; nothing: as few as keep each within bounds.

    Returns:
        Of each part the first bill, and the one after its last.
    """
    most_records, most_cells, most_bills = RECORDS_OF_PART, CELLS_OF_PART, BILLS_OF_PART
    if parts:
        most_records = min(most_records, sum(records for records, _ in loads) // parts + 1)
        most_bills = min(most_bills, -(-len(loads) // parts))
    found, first, records, cells = [], 0, 0, 0
    for place, (more_records, more_cells) in enumerate(loads):
        full = records + more_records > most_records or cells + more_cells > most_cells
        if place > first and (full or place - first >= most_bills):
            found.append((first, place))
            first, records, cells = place, 0, 0
        records, cells = records + more_records, cells + more_cells
    return [*found, (first, len(loads))]


def _note_parts(work: Path, divide: Callable[[], list[tuple[int, int]]]) -> list[tuple[int, int]]:
    note = work / "parts.json"
    if not note.exists():
        write_whole(note, json.dumps(divide()).encode())
    return [(first, last) for first, last in json.loads(note.read_bytes())]


def _note_totals(work: Path, records: int, strays: Sequence[tuple[str, int]]) -> None:
    write_whole(work / "totals.json", json.dumps({"records": records, "strays": list(strays)}).encode())


def _note(folder: Path, counts: dict[str, int]) -> None:
    (folder / "counts.json").write_text(json.dumps(counts))


def _part(work: Path, number: int) -> Path:
    return work / f"part-{number:05d}"


@contextmanager
def _new_part(work: Path, number: int) -> Iterator[Path]:
    """Gives a folder for a part, which gets its name when all in it is on disk."""
    folder = _part(work, number)
    unfinished = folder.with_name(f".{folder.name}")
    unfinished.mkdir()
    yield unfinished
    for one in unfinished.iterdir():
        _settle(one)
    _settle(unfinished)
    unfinished.rename(folder)
    _settle(work)


def _finish(job: Job, work: Path) -> None:
    parts = sorted(work.glob("part-*"))
    totals = json.loads((work / "totals.json").read_bytes())
    counts: dict[str, int] = {}
    for part in parts:
        for name, value in json.loads((part / "counts.json").read_bytes()).items():
            counts[name] = counts.get(name, 0) + value
    files = output.file_names(job.format)
    for name in files:
        target = job.folder / name
        temporary = job.folder / f".{name}.tmp"
        output.join([part / name for part in parts], temporary)
        _settle(temporary)
        temporary.replace(target)
    report = {**counts, **totals, "files": files}
    _settle(job.folder)
    write_whole(
        job.folder / "report.json", (json.dumps(report, indent=2, ensure_ascii=False) + "\n").encode()
    )


def _report(job: Job, value: dict[str, Any]) -> Report:
    return Report(
        bills=value["bills"],
        refused=value["refused"],
        incomplete=value["incomplete"],
        lines=value["lines"],
        records=value["records"],
        strays=tuple((lease, records) for lease, records in value["strays"]),
        files=tuple(job.folder / name for name in value["files"]),
    )


def _settle(path: Path) -> None:
    """Waits until a file or folder is on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CrexError(
                "CONFLICT",
                "Another process works at this job. Wait for it, or name another folder with -o.",
                source=str(folder),
            ) from error
        yield


def _session(job: Job, work: Path) -> Session:
    spill = job.limits.spill or work / ".spill"
    limits = Limits(job.limits.memory, job.limits.threads, spill)
    if job.engine == "spark":
        from crex.bulk.spark import SparkSession

        return SparkSession(limits, master=job.spark_master)
    from crex.bulk.duck import DuckSession

    return DuckSession(limits)


def _sources(tables: Sequence[Path]) -> list[Source]:
    groups: dict[tuple[tuple[str, str], ...], list[Path]] = {}
    for path in tables:
        groups.setdefault(tuple(sorted(kinds_of(path).items())), []).append(path)
    return [Source(dict(kinds), paths) for kinds, paths in groups.items()]


def digest_of(texts: Sequence[bytes]) -> str:
    """Returns the digest of what bills are made of, each part with its length."""
    found = sha256()
    for text in texts:
        found.update(len(text).to_bytes(8, "big") + text)
    return found.hexdigest()


def require_engine(engine: str) -> None:
    """Imports what an engine needs, before anything is begun.

    Raises:
        CrexError: NOT_FOUND, with the command that installs it.
    """
    for module in ("pyarrow", *_PACKAGES[engine]):
        require(module)
