"""The importer `slurm` on recorded answers, whole and damaged."""

from __future__ import annotations

from pathlib import Path

from crex.describe.slurm import IMPORTER
from crex.describe.sources import Source, open_sources
from sdk.tests.describe import mutations
from sdk.tests.describe.slurm_nodes import MIB, answer, body, node, only
from sdk.tests.describe.sound import check_sound

SLURM = "slurm-json"
RESPONSES = "telegraf-testdata/slurm/testcases"


def test_recorded_nodes_of_sinfo(real_data: Path) -> None:
    """Slurm 21.08: four equal nodes of 2 × 16 cores of 2 threads and 500000 MiB, one of which is down."""
    imported = IMPORTER.read(open_sources([real_data / SLURM / "sinfo_out.json"]))
    (draft,) = imported.drafts
    described = only(imported)
    assert (draft.name, draft.count, imported.rows, imported.left_out) == ("cs2", 4, 4, ())
    assert (described.cpu.schedulable_cpus, described.cpu.physical_cores) == (64, 32)
    assert described.memory.capacity_bytes == 524288000000
    assert [one.version for one in body(imported).software] == ["3.10.0-1160.80.1.el7.x86_64", "21.08.5"]
    assert [one.what for one in imported.findings if one.kind.value == "limited"] == [
        "node cs5.example.company.com"
    ]


def test_recorded_nodes_of_slurmrestd(real_data: Path) -> None:
    """Slurm 22.05: three nodes of 36 cores, two of which are drained, and one of which has 2 MiB more."""
    imported = IMPORTER.read(open_sources([real_data / RESPONSES / "gather/responses/nodes.json"]))
    assert [(draft.name, draft.count) for draft in imported.drafts] == [("naboo145", 2), ("naboo147", 1)]
    assert [body(imported, at).node.memory.capacity_bytes for at in range(2)] == [94791 * MIB, 94793 * MIB]
    assert {body(imported, at).node.cpu.schedulable_cpus for at in range(2)} == {36}
    assert (imported.rows, imported.left_out) == (3, ())


def test_recorded_lines_of_sinfo(real_data: Path) -> None:
    """Eight lines of four nodes, one of them in five partitions: memory, and CPUs of no architecture."""
    imported = IMPORTER.read(open_sources([real_data / SLURM / "sinfo_fallback.txt"]))
    assert [(draft.name, draft.count, len(draft.rows)) for draft in imported.drafts] == [
        ("cs156", 2, 2),
        ("cs25", 2, 6),
    ]
    assert [body(imported, at).node.memory.capacity_bytes for at in range(2)] == [770000 * MIB, 1000000 * MIB]
    assert (imported.rows, imported.left_out) == (8, ())
    assert [one.why for one in imported.findings] == ["64 CPUs; it states no architecture"] * 4


def test_recorded_answers_that_have_no_nodes(real_data: Path) -> None:
    """Jobs, statistics, licences, accounts, partitions and reservations are left out as what they are."""
    names = {
        f"{SLURM}/license_out.json": "licences",
        f"{SLURM}/sdiag.json": "statistics",
        f"{SLURM}/sdiag_2405.json": "statistics",
        f"{SLURM}/squeue_out.json": "jobs",
        f"{SLURM}/sacctmgr.txt": "neither JSON",
        f"{SLURM}/trace_info_body.json": "no nodes of Slurm",
        f"{RESPONSES}/panic/responses/nodes.json": "lists no node",
    }
    for case in ("gather", "panic"):
        for what, told in (("diag", "statistics"), ("jobs", "jobs"), ("partitions", "partitions")):
            names[f"{RESPONSES}/{case}/responses/{what}.json"] = told
        names[f"{RESPONSES}/{case}/responses/reservations.json"] = "reservations"
    for name, why in names.items():
        imported = IMPORTER.read(open_sources([real_data / name]))
        assert (imported.rows, imported.drafts) == (1, ())
        assert why in imported.left_out[0].why
    jobs = IMPORTER.read(open_sources([real_data / SLURM / "squeue_fallback.txt"]))
    assert (jobs.rows, len(jobs.left_out), jobs.drafts) == (9, 9, ())
    assert [one.why.startswith("it is a job") for one in jobs.left_out] == [True] * 6 + [False] * 3


def test_damaged_answers_end_in_a_report() -> None:
    """Cut anywhere they give no figure that the whole does not; changed anywhere they stay sound."""
    range_ = {"minimum": 64, "maximum": 64}
    line = {
        "nodes": {"nodes": ["n1", "n2"]},
        "cpus": range_,
        "memory": range_,
        "gres": {"total": "gpu:a100:4"},
    }
    sources = [
        Source("a.json", answer(node(name="x1"), node(name="x2", gres="gpu:1g.5gb:7", tres="")).encode()),
        Source("b.json", answer(line, field="sinfo").encode()),
    ]
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=9, pieces=250)


def test_damaged_recorded_answers_end_in_a_report(real_data: Path) -> None:
    """The same of recorded answers."""
    names = [
        f"{SLURM}/sinfo_out.json",
        f"{RESPONSES}/gather/responses/nodes.json",
        f"{SLURM}/sinfo_fallback.txt",
    ]
    sources = open_sources([real_data / name for name in names])
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=10, pieces=80)
