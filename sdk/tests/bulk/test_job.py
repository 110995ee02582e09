"""Jobs: results that hang on the bills alone, and that survive a process which is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from crex.bulk import job as jobs
from crex.bulk.job import Job, even_parts, run
from crex.bulk.session import Limits
from crex.errors import CrexError
from sdk.benchmarks import bulk_usage

RECORDS = 40_000


@pytest.fixture(scope="module")
def usage(tmp_path_factory: pytest.TempPathFactory) -> bulk_usage.Usage:
    """A small month: nine leases, some records twice, some corrected."""
    return bulk_usage.write(tmp_path_factory.mktemp("usage") / "usage.parquet", RECORDS)


def job(usage: bulk_usage.Usage, folder: Path, **more: object) -> Job:
    """The job of this usage."""
    given = {"engine": "duckdb", "limits": Limits(memory=1 << 29, threads=2), "parts": 4, **more}
    return Job(
        bills=bulk_usage.bills(usage.leases),
        bills_sha256="",
        usage=[usage.path],
        folder=folder,
        **given,  # type: ignore[arg-type]
    )


def contents(folder: Path) -> dict[str, bytes]:
    """The results of a job."""
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".jsonl", ".parquet")
    }


@pytest.mark.parametrize("form", ["json", "parquet"])
def test_parts_and_engines_change_no_byte(usage: bulk_usage.Usage, tmp_path: Path, form: str) -> None:
    """However many parts a job has, and by either engine, its lines and digests are the same."""
    whole = run(job(usage, tmp_path / "whole", parts=1, format=form))
    run(job(usage, tmp_path / "parts", parts=4, format=form))
    assert (whole.bills, whole.refused, whole.records) == (usage.leases, 0, usage.records)
    if form == "json":
        run(job(usage, tmp_path / "reference", engine="reference", parts=2, format=form))
        assert (
            contents(tmp_path / "whole") == contents(tmp_path / "parts") == contents(tmp_path / "reference")
        )
    else:
        tables = [pq.read_table(tmp_path / name / "lines.parquet") for name in ("whole", "parts")]
        assert tables[0].equals(tables[1])
        assert tables[0].num_rows == whole.lines


# Rates the usage of this test, in a process of its own that may be killed.
_PROGRAM = """
import sys
from pathlib import Path
from sdk.benchmarks import bulk_usage
from sdk.tests.bulk.test_job import job
from crex.bulk.job import run

usage = bulk_usage.Usage(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
run(job(usage, Path(sys.argv[4]), format=sys.argv[5]), lambda *at: print(*at, flush=True))
"""


def killed_after(usage: bulk_usage.Usage, folder: Path, form: str, steps: int | str) -> bool:
    """Runs the job in a process and kills it after so many steps, or at one; whether it was killed."""
    arguments = [str(usage.path), str(usage.records), str(usage.leases), str(folder), form]
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for number, line in enumerate(process.stdout, start=1):
            if number == steps or (isinstance(steps, str) and line.startswith(steps)):
                break
        process.send_signal(signal.SIGKILL)
        process.stdout.read()
    return process.returncode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "parquet"])
def test_killed_again_and_again(usage: bulk_usage.Usage, tmp_path: Path, form: str) -> None:
    """A process that is killed at ever later steps, and begun anew, ends with the very same bytes."""
    run(job(usage, tmp_path / "calm", format=form))
    folder, kills, parts = tmp_path / "killed", 0, []
    for steps in (1, 9, 24, 27, "joining"):
        kills += killed_after(usage, folder, form, steps)
        parts.append(len(list((folder / "work").glob("part-*"))))
    assert kills >= 4
    assert parts[:4] == sorted(parts[:4])
    assert 0 < parts[2] < 4, parts
    run(job(usage, folder, format=form))
    assert contents(folder) == contents(tmp_path / "calm")
    assert json.loads((folder / "report.json").read_bytes())["records"] == usage.records
    assert not (folder / "work").exists()


def test_a_finished_job_is_not_done_again(usage: bulk_usage.Usage, tmp_path: Path) -> None:
    """The same job in the same folder gives its report at once, and touches no file."""
    first = run(job(usage, tmp_path))
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.jsonl")}
    assert run(job(usage, tmp_path)) == first
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.jsonl")} == before


def test_another_job_in_the_folder(usage: bulk_usage.Usage, tmp_path: Path) -> None:
    """A folder that holds another job is refused: its parts would be mixed."""
    run(job(usage, tmp_path))
    with pytest.raises(CrexError, match="another job") as refused:
        run(job(usage, tmp_path, format="parquet"))
    assert refused.value.reason == "CONFLICT"


def test_two_processes_at_one_job(usage: bulk_usage.Usage, tmp_path: Path) -> None:
    """A job at which a process works is refused to another."""
    with jobs._alone(tmp_path), pytest.raises(CrexError, match="Another process") as refused:
        run(job(usage, tmp_path))
    assert refused.value.reason == "CONFLICT"


def test_changed_usage_is_another_job(usage: bulk_usage.Usage, tmp_path: Path) -> None:
    """Usage that was written anew is not mixed with what was rated of the old."""
    copy = bulk_usage.Usage(tmp_path / "usage.parquet", usage.records, usage.leases)
    copy.path.write_bytes(usage.path.read_bytes())
    run(job(copy, tmp_path / "out"))
    os.utime(copy.path, ns=(1, 1))
    with pytest.raises(CrexError, match="another job"):
        run(job(copy, tmp_path / "out"))


def test_even_parts() -> None:
    """Parts follow each other, have about as many records, and no bill is cut."""
    assert even_parts([(10, 1)] * 10, 5) == [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)]
    assert even_parts([(jobs.RECORDS_OF_PART * 2, 1), (1, 1)]) == [(0, 1), (1, 2)]
    assert even_parts([(1, jobs.CELLS_OF_PART), (1, jobs.CELLS_OF_PART)]) == [(0, 1), (1, 2)]
    assert even_parts([], 3) == [(0, 0)]
