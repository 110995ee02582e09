"""The importer `slurm` of usage: what jobs used, from `sacct -P` and `sacct --json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crex.describe.sources import open_sources
from crex.metering.importing.slurm import USAGE_IMPORTER
from sdk.tests.metering.importing.usages import check_books, check_damaged, read, said, why

HEAD = (
    "JobID|JobName|State|Start|End|Elapsed|TotalCPU|CPUTimeRAW|AllocCPUS|AllocTRES|ConsumedEnergyRaw|Account"
)
JOB = {
    "JobID": "42", "JobName": 'say "a"', "State": "COMPLETED", "Start": "2026-03-05T08:00:00",
    "End": "2026-03-05T09:00:00", "Elapsed": "01:00:00", "TotalCPU": "03:30:00.250", "CPUTimeRAW": "14400",
    "AllocCPUS": "4", "AllocTRES": "billing=4,cpu=4,gres/gpu:a100=2,gres/gpu=2,mem=16G,node=1",
    "ConsumedEnergyRaw": "900000", "Account": "physics",
}  # fmt: skip
SPAN = "2026-03-05T08:00:00Z/2026-03-05T09:00:00Z"
ALL = [
    ("wall-time", "3600 s", SPAN),
    ("cpu-time", "50401/4 s", SPAN),
    ("allocated-cpu-time", "14400 s", SPAN),
    ("allocated-gpu-time", "7200 s", SPAN),
    ("allocated-memory-time", f"{16 * 1024 * 1024 * 3600} kib-s", SPAN),
    ("energy", "900000 j", SPAN),
]


def table(*jobs: dict[str, str], end: str = "\n") -> str:
    """What `sacct -P` prints of jobs that differ from `JOB` in some columns."""
    names = HEAD.split("|")
    lines = ["|".join({**JOB, **job}[name] for name in names) for job in jobs]
    return "\n".join([HEAD, *lines]) + end


def answer(**members: Any) -> str:
    """What `sacct --json` prints of one job like `JOB`, with other members of its time, tres or itself."""
    job = {
        "job_id": 42,
        "account": "physics",
        "cluster": "c1",
        "state": {"current": ["COMPLETED"], "reason": "None"},
        "time": {
            "start": 1772697600,
            "end": 1772701200,
            "elapsed": 3600,
            "suspended": 0,
            "total": {"seconds": 12600, "microseconds": 250000},
        },
        "tres": {
            "allocated": [
                {"type": "cpu", "name": "", "id": 1, "count": 4},
                {"type": "mem", "name": "", "id": 2, "count": 16384},
                {"type": "gres", "name": "gpu", "id": 1001, "count": 2},
                {"type": "gres", "name": "gpu:a100", "id": 1002, "count": 2},
            ]
        },
    }
    for name, value in members.items():
        kept = job.get(name)
        job[name] = {**kept, **value} if isinstance(kept, dict) else value
    return json.dumps({"jobs": [job], "errors": []})


def test_a_job_in_text() -> None:
    """All that its line states, exactly: time, processors, GPUs, memory and energy."""
    imported = read(USAGE_IMPORTER, table({}))
    assert said(imported) == ALL
    assert dict(imported.drafts[0].labels) == {"Account": "physics", "JobID": "42"}
    assert imported.drafts[1].method == "sacct TotalCPU, job 42"


def test_a_job_in_json() -> None:
    """The same figures, from either way to write a number and a state."""
    assert said(read(USAGE_IMPORTER, answer(), zone=None)) == ALL[:-1]
    newer = {"set": True, "infinite": False, "number": 1772697600}
    assert said(read(USAGE_IMPORTER, answer(time={"start": newer}, state={"current": "TIMEOUT"}))) == ALL[:-1]


def test_times_are_those_of_the_cluster() -> None:
    """USAGE-IMPORT-2: without a zone nothing is stated; in one, an hour that came twice is left out."""
    assert "does not say in which time zone" in why(read(USAGE_IMPORTER, table({}), zone=None))[0]
    oslo = ZoneInfo("Europe/Oslo")
    assert (
        said(read(USAGE_IMPORTER, table({}), zone=oslo))[0][2] == "2026-03-05T07:00:00Z/2026-03-05T08:00:00Z"
    )
    twice = {"Start": "2026-10-25T02:30:00", "End": "2026-10-25T03:30:00"}
    assert "twice" in why(read(USAGE_IMPORTER, table(twice), zone=oslo))[0]
    over = {"Start": "2026-10-25T01:30:00", "End": "2026-10-25T03:30:00", "Elapsed": "03:00:00"}
    assert said(read(USAGE_IMPORTER, table({**over, "CPUTimeRAW": "43200"}), zone=oslo))[0][1] == "10800 s"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"JobID": "42.batch"}, "a step is part of its job"),
        ({"JobID": "42.0"}, "a step is part of its job"),
        ({"State": "RUNNING", "End": "Unknown"}, "it is RUNNING"),
        ({"State": "CANCELLED by 1000", "Start": "None"}, "it never ran"),
        ({"Elapsed": "00:00:00", "End": "2026-03-05T08:00:00"}, "it never ran"),
        ({"Elapsed": "01:00:01"}, "it ran 3601 s"),
        ({"Elapsed": ""}, "how long it ran"),
        ({"End": "2026-03-05T07:00:00"}, "ended before it started"),
        ({"JobName": "a|b"}, "13 cells"),
        ({"JobID": ""}, "names no job"),
    ],
)
def test_jobs_that_are_left_out(change: dict[str, str], reason: str) -> None:
    """With the reason; the job beside it stands."""
    imported = read(USAGE_IMPORTER, table(change, {"JobID": "43"}))
    assert len(imported.drafts) == len(ALL)
    assert reason in why(imported)[0]


@pytest.mark.parametrize(
    ("change", "dimension", "remark"),
    [
        ({"TotalCPU": "00:00:00"}, "cpu-time", "where nothing gathers it"),
        ({"AllocCPUS": "8"}, "allocated-cpu-time", "differ; neither is stated"),
        ({"AllocTRES": "cpu=4,gres/gpu=3,gres/gpu:a100=2,mem=16G"}, "allocated-gpu-time", "GPUs by type"),
        ({"AllocTRES": "cpu=4,gres/gpu=2,mem=15.63G"}, "allocated-memory-time", "rounds"),
        ({"ConsumedEnergyRaw": ""}, "energy", ""),
    ],
)
def test_figures_that_are_not_stated(change: dict[str, str], dimension: str, remark: str) -> None:
    """IMPORT-SECOND-1: what is contradicted, rounded or not gathered is absent, and the others stand."""
    imported = read(USAGE_IMPORTER, table(change))
    assert dimension not in {use.dimension for use in imported.drafts}
    assert len(imported.drafts) == len(ALL) - 1
    assert [remark in finding.why for finding in imported.findings] == ([True] if remark else [])


def test_a_job_that_was_suspended() -> None:
    """What Slurm takes off is taken off; a remainder that does not fit is believed by nobody."""
    job = answer(time={"elapsed": 3000, "suspended": 600})
    assert ("wall-time", "3000 s", SPAN) in said(read(USAGE_IMPORTER, job))
    assert "it ran 3000 s" in why(read(USAGE_IMPORTER, answer(time={"elapsed": 3000, "suspended": 1})))[0]


def test_a_job_that_stands_twice() -> None:
    """The same line again is the same job; another one of that job makes both doubtful (IMPORT-SECOND-1)."""
    twice = read(USAGE_IMPORTER, table({}), table({}))
    assert (said(twice), len(twice.left_out)) == (ALL, 1)
    differ = read(USAGE_IMPORTER, table({}), table({"TotalCPU": "00:01.000"}))
    assert (differ.drafts, len(differ.left_out)) == ((), 2)
    again = {"Start": "2026-03-05T10:00:00", "End": "2026-03-05T11:00:00"}
    assert len(read(USAGE_IMPORTER, table({}, again)).drafts) == 2 * len(ALL), "requeued: it ran twice"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("JobID|State\n42|COMPLETED\n", "names no start, end"),
        ("42|COMPLETED\n", "names no start, end, state"),
        (HEAD + "|State\n", "names a column twice"),
        (table({}, end=""), "may be cut"),
        ('{"jobs": 5', "not JSON"),
        ('{"nodes": []}', "no jobs"),
        ('{"jobs": [5]}', "no object"),
        ('{"jobs": [{"job_id": 1, "job_state": ["RUNNING"]}]}', "squeue"),
        (answer(state={"current": ["COMPLETED", "REQUEUED"]}), "it is REQUEUED"),
        (answer(time={"end": 0}), "it never ran"),
        (answer(time={"start": {"set": False, "number": 5}}), "it never ran"),
        ("", "names no start"),
    ],
)
def test_inputs_that_are_left_out(text: str, reason: str) -> None:
    """Answers of other tools, cut ones and none at all: the reason."""
    imported = read(USAGE_IMPORTER, text)
    assert imported.drafts == ()
    assert reason in why(imported)[0]


def test_lines_that_end_with_a_bar() -> None:
    """`sacct -p` ends each line with the separator."""
    text = "".join(f"{line}|\n" for line in table({}).splitlines())
    assert said(read(USAGE_IMPORTER, text)) == ALL


def test_damage() -> None:
    """IMPORT-DAMAGE-1: cut or changed, there is a report and no invented figure."""
    check_damaged(USAGE_IMPORTER, [table({}, {"JobID": "43"}), answer(job_id=44)], seed=2)


def test_recorded_answers_have_no_accounts(real_data: Path) -> None:
    """What sinfo, squeue and sdiag printed says nothing about what was used, and is left out."""
    imported = USAGE_IMPORTER.read(open_sources([real_data / "slurm-json"]), ZoneInfo("UTC"))
    check_books(imported)
    assert imported.drafts == ()
    assert imported.rows > 0
