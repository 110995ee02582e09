"""The measurements, on this machine and with tiny sizes: what they give, and what if they cannot."""

from __future__ import annotations

import os
import re
from fractions import Fraction
from pathlib import Path

import pytest

from crex import registry, v1
from crex.attest import disk, matrix, memory, network, suite
from crex.attest.crew import Crew, CrewError
from crex.attest.figures import Measured
from crex.attest.host import Host
from crex.documents import convert, reader
from crex.documents.times import SystemClock
from crex.errors import CrexError
from sdk.tests.attest.hosts import here, recorded

ROOT = Path(__file__).parents[3]
TINY = suite.Sizes(memory_bytes=1 << 20, matrix=64, disk_bytes=4 << 20)
MEMBERS = r"`([a-z0-9-]+)`"


@pytest.fixture(scope="module")
def host() -> Host:
    """This machine, one CPU of it."""
    return here()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a real file system, where there is one."""
    return tmp_path_factory.mktemp("disk")


def metrics(measured: Measured) -> set[tuple[str, str]]:
    """Gives what was measured."""
    assert all(sample > 0 for figure in measured.figures for sample in figure.samples)
    return {figure.key for figure in measured.figures}


def test_memory_is_measured(host: Host) -> None:
    """Copy and triad are measured, and the conditions tell the size of the arrays."""
    measured = memory.measure(host, 0.1, array_bytes=1 << 20)
    assert metrics(measured) == {("memory-copy", ""), ("memory-triad", "")}
    assert dict(measured.conditions)["memory-array"].startswith("1 MiB each")


def test_matrices_are_measured_in_formats_that_a_library_computes(host: Host) -> None:
    """fp64 and fp32 are measured by numpy; what nothing here computes is named, and never emulated."""
    measured = matrix.measure(host, 0.2, size=64)
    assert metrics(measured) >= {("dense-matrix", "fp64"), ("dense-matrix", "fp32")}
    assert "numpy" in dict(measured.conditions)["numpy-library"]
    named = {figure.number_format for figure in measured.figures}
    gaps = " ".join(map(str, measured.gaps))
    assert all(each in named or each in gaps for each in ("bf16", "fp16", "int8"))


def test_the_disk_is_measured_and_left_as_it_was(host: Host, place: Path) -> None:
    """Four figures, conditions that tell of caches, and no file that stays behind."""
    measured = disk.measure(host, 0.4, folder=place, file_bytes=2 << 20, queue=3)
    if measured.gaps and "in memory" in str(measured.gaps[0]):
        pytest.skip("the folder of the tests lies in memory")
    assert {metric for metric, _ in metrics(measured)} == {
        "read-iops", "write-iops", "read-bandwidth", "write-bandwidth",
    }  # fmt: skip
    assert "cache" in dict(measured.conditions)["disk-cache"]
    assert dict(measured.conditions)["disk-queue"].startswith("3 operations")
    assert list(place.iterdir()) == []


def test_a_disk_in_memory_is_none(tmp_path: Path) -> None:
    """A folder in memory is not measured, and the reason says what to do."""
    machine = recorded(tmp_path / "tree", {"proc/self/mountinfo": "21 1 0:5 / / rw - tmpfs tmpfs rw\n"})
    (gap,) = disk.measure(machine, 1, folder=tmp_path).gaps
    assert "lies in memory (tmpfs)" in str(gap)


@pytest.mark.parametrize(
    ("kind", "direct", "says"),
    [
        ("ext4", True, "page cache passed by"),
        ("zfs", True, "whether zfs keeps a cache"),
        ("", True, "whether this file system keeps a cache"),
        ("ext4", False, "cannot be excluded"),
    ],
)
def test_what_is_known_of_caches(kind: str, direct: bool, says: str) -> None:
    """The conditions claim no more than is known: some file systems take O_DIRECT and cache all the same."""
    assert says in disk._cache(kind, direct)


def test_a_folder_that_cannot_be_written(host: Host, tmp_path: Path) -> None:
    """A folder that is missing is a gap with its name, not an error."""
    (gap,) = disk.measure(host, 1, folder=tmp_path / "missing").gaps
    assert "missing" in str(gap)


def test_a_file_system_that_refuses_to_pass_by_its_cache(host: Host, place: Path) -> None:
    """Without O_DIRECT the figures stand, from a file that the kernel was asked to forget."""
    path = place / "plain"
    path.touch()
    try:
        assert disk._fill(path, 2 << 20, False, 5) == 2 << 20
        figures, gaps = disk._figures(host, path, 2 << 20, False, 0.2, 2)
    finally:
        path.unlink()
    assert len(figures) == 4
    assert gaps == []


def test_loopback_is_measured_apart(host: Host) -> None:
    """Throughput and round trip have names of their own, and the conditions say what they are not."""
    measured = network.measure(host, 0.2, exchanges=10)
    assert metrics(measured) == {("loopback-throughput", ""), ("loopback-round-trip", "")}
    assert "nothing about a network" in dict(measured.conditions)["loopback"]


def test_a_crew_works_at_the_same_time(host: Host) -> None:
    """A sample of two processes has the work of both; the first does not count."""
    job = {"kind": "memory-copy", "bytes": 4096, "cpus": list(host.cpus)}
    with Crew([job, job]) as crew:
        assert [sample.amount for sample in crew.samples(0, least=2)] == [4 * 4096] * 2
        assert crew.facts == [{}, {}]


@pytest.mark.parametrize(
    ("job", "says"),
    [
        ({"kind": "nonsense"}, "KeyError"),
        ({"kind": "disk", "path": "/nonexistent", "direct": False, "mode": "read"}, "FileNotFoundError"),
        ({"kind": "matrix", "library": "numpy", "format": "fp3", "size": 8, "device": "cpu"}, "KeyError"),
        ({"kind": "memory-copy", "bytes": 1 << 62}, "Error"),
    ],
)
def test_a_job_that_cannot_be_done_says_why(job: dict[str, object], says: str) -> None:
    """A process that fails is told of in words, and leaves nothing running."""
    crew = Crew([job])
    with pytest.raises(CrewError, match=says), crew:
        pass
    assert crew._processes == []


def test_a_process_that_does_not_answer() -> None:
    """Whoever waits for a process that is stuck gives up, and ends it."""
    crew = Crew([{"kind": "loopback-client", "mode": "B", "port": 1, "seconds": 1}], patience_s=0.01)
    with pytest.raises(CrewError, match="did not answer within"), crew:
        crew.sample()


def test_a_process_that_dies(host: Host) -> None:
    """A process that was killed is a reason, not a hang."""
    with Crew([{"kind": "memory-copy", "bytes": 4096, "cpus": list(host.cpus)}]) as crew:
        crew._processes[0].kill()
        crew._processes[0].wait()
        with pytest.raises(CrewError, match="ended without an answer"):
            crew.sample()


@pytest.fixture(scope="module")
def outcome(host: Host, place: Path) -> suite.Outcome:
    """A run of the whole set, as short as it gets."""
    sizes = suite.Sizes(memory_bytes=1 << 20, matrix=64, disk_bytes=2 << 20, disk_folder=place)
    return suite.run(host, SystemClock(), seconds=0.2, sizes=sizes)


@pytest.mark.slow
def test_the_suite_gives_a_valid_predicate(outcome: suite.Outcome) -> None:
    """A run of the whole set is a benchmark that the contract takes, with all that it says where it was."""
    reader.check(convert.to_json(outcome.predicate), v1.BenchmarkPredicate)
    assert (outcome.predicate.suite, outcome.predicate.suite_version) == ("crex-host", "1")
    assert re.fullmatch("[0-9a-f]{64}", outcome.predicate.harness_sha256)
    assert {"cpus", "memory-array", "matrix-size"} <= {one.name for one in outcome.predicate.conditions}


def test_one_measurement_alone(host: Host) -> None:
    """Only what is asked for is measured, and each measurement is told of before it begins."""
    told: list[str] = []
    outcome = suite.run(host, SystemClock(), only=("memory",), seconds=0.1, sizes=TINY, progress=told.append)
    assert {result.metric for result in outcome.predicate.results} == {"memory-copy", "memory-triad"}
    assert told == ["memory"]


def test_an_unknown_measurement(host: Host) -> None:
    """A name that is no measurement is answered with those that there are."""
    with pytest.raises(CrexError, match="Choose among memory, matrix, disk, network"):
        suite.run(host, SystemClock(), only=("sound",))


def test_nothing_measured_is_no_benchmark(host: Host, tmp_path: Path) -> None:
    """Where nothing could be measured there is no predicate, and the reasons are told."""
    sizes = suite.Sizes(disk_folder=tmp_path / "missing")
    with pytest.raises(CrexError, match=r"Nothing could be measured: disk: .*missing"):
        suite.run(host, SystemClock(), only=("disk",), sizes=sizes)


def test_a_clock_that_stands_still(host: Host) -> None:
    """A run has a beginning and an end even where the clock does not move."""

    class Still:
        def now(self) -> object:
            return SystemClock().now().replace(hour=1, minute=2, second=3, microsecond=0)

    outcome = suite.run(host, Still(), only=("memory",), seconds=0.05, sizes=TINY)  # type: ignore[arg-type]
    reader.check(convert.to_json(outcome.predicate), v1.BenchmarkPredicate)


@pytest.mark.slow
def test_everything_that_the_suite_writes_is_listed(outcome: suite.Outcome) -> None:
    """Suite, metrics, units, formats and conditions stand on the page of tokens."""
    rows = (ROOT / "proto/spec/tokens.md").read_text("utf-8").splitlines()
    listed = {
        field: set(re.findall(MEMBERS, row.split("|")[1]))
        for row in rows
        for field in re.findall(r"`(Benchmark\w+\.\w+)`", row)
    }
    predicate = outcome.predicate
    assert predicate.suite in listed["BenchmarkPredicate.suite"]
    assert {one.name for one in predicate.conditions} <= listed["BenchmarkCondition.name"]
    assert {one.metric for one in predicate.results} <= listed["BenchmarkResult.metric"]
    assert {one.unit for one in predicate.results} <= listed["BenchmarkResult.unit"]
    formats = {one.number_format for one in predicate.results} - {""}
    assert formats <= listed["BenchmarkResult.number_format"]


@pytest.mark.slow
def test_units_and_metrics_are_registered(outcome: suite.Outcome) -> None:
    """Every figure of the suite has its metric in the registry, with the unit that it is in."""
    listed = registry.load("benchmark-metrics")
    for result in outcome.predicate.results:
        assert listed[result.metric].members["unit"] == result.unit
        assert "crex-host" in listed[result.metric].members["suites"]


def test_processes_import_the_same_package() -> None:
    """A process measures with the programs whose digest is stated, whatever else is installed."""
    from crex.attest.crew import _import_path

    first = Path(_import_path().split(os.pathsep)[0])
    assert (first / "crex" / "attest" / "worker.py").is_file()


def test_a_sample_is_an_exact_number() -> None:
    """A rate is a fraction of whole numbers, also where no time seems to have passed."""
    from crex.attest.crew import Sample

    assert Sample(3, 2).rate == Fraction(3 * 10**9, 2)
    assert Sample(3, 0).rate == 3 * 10**9
