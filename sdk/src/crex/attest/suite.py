"""The set `crex-host`, version 1: what is measured, for how long, under which conditions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import crex
from crex import v1
from crex.attest import disk, matrix, memory, network
from crex.attest.declared import NOTHING, Comparison
from crex.attest.figures import Figure, Gap, Measured, together
from crex.attest.host import Host, conditions_before, temperature
from crex.documents.convert import to_timestamp
from crex.documents.times import Clock
from crex.errors import CrexError

SUITE: Final = "crex-host"
VERSION: Final = "1"
SECONDS: Final = 20.0
# The measurements in their order, with their share of the time in per cent.
SHARES: Final = {"memory": 20, "matrix": 30, "disk": 40, "network": 10}
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of what is measured with; unset: those of the suite.

    Attributes:
        memory_bytes: Of one array.
        matrix: Rows and columns.
        disk_bytes: Of the file.
        disk_queue: Operations under way at the same time.
        disk_folder: Where the file lies.
    """

    memory_bytes: int | None = None
    matrix: int | None = None
    disk_bytes: int = disk.FILE_BYTES
    disk_queue: int = disk.QUEUE
    disk_folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of the suite gave.

    Attributes:
        predicate: The predicate, to be attested.
        figures: The figures, in order.
        gaps: What was not measured, and why.
    """

    predicate: v1.BenchmarkPredicate
    figures: tuple[Figure, ...]
    gaps: tuple[Gap, ...]


def run(
    host: Host,
    clock: Clock,
    *,
    only: Collection[str] = (),
    seconds: float = SECONDS,
    sizes: Sizes | None = None,
    comparison: Comparison = NOTHING,
    progress: Progress = lambda _: None,
) -> Outcome:
    """Measures the host.

    Args:
        host: The host.
        clock: Tells when it began and ended.
        only: Names of measurements, of `SHARES`; none: all.
        seconds: For how long, all together, without the time to prepare.
        sizes: Other sizes than those of the suite, which the conditions then state.
        comparison: What the subject declares.
        progress: Is told what is being measured.

    Raises:
        CrexError: SCHEMA: a measurement is not known; NOT_FOUND: nothing at all could be measured.
    """
    chosen = _chosen(only)
    shares = sum(SHARES[name] for name in chosen)
    sizes = sizes or Sizes()
    conditions = conditions_before(host)
    start = clock.now()
    parts = []
    for name in chosen:
        progress(name)
        parts.append(_measure(name, host, seconds * SHARES[name] / shares, sizes))
    end = clock.now()
    measured = together(parts)
    if not measured.figures:
        why = "; ".join(map(str, measured.gaps))
        raise CrexError(
            "NOT_FOUND", f"Nothing could be measured: {why}. Mend one of these, and run it again."
        )
    after = temperature(host.machine)
    conditions += [*measured.conditions, *([("temperature-after", after)] if after else [])]
    predicate = v1.BenchmarkPredicate(
        suite=SUITE,
        suite_version=VERSION,
        harness=f"crex {crex.__version__}",
        harness_sha256=harness_digest(),
        ran=v1.Interval(start=to_timestamp(start), end=to_timestamp(_after(start, end))),
        conditions=[v1.BenchmarkCondition(name=name, value=value) for name, value in conditions],
        results=[comparison.result(figure) for figure in measured.figures],
    )
    return Outcome(predicate, measured.figures, measured.gaps)


def harness_digest() -> str:
    """Gives SHA-256 over the programs of the suite: name, 0, length, 0 and bytes of each, by name."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        data = path.read_bytes()
        digest.update(f"{path.name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def _chosen(only: Collection[str]) -> list[str]:
    unknown = [name for name in only if name not in SHARES]
    if unknown:
        raise CrexError(
            "SCHEMA", f"There is no measurement {unknown[0]!r}. Choose among {', '.join(SHARES)}."
        )
    return [name for name in SHARES if not only or name in only]


def _measure(name: str, host: Host, seconds: float, sizes: Sizes) -> Measured:
    if name == "memory":
        return memory.measure(host, seconds, array_bytes=sizes.memory_bytes)
    if name == "matrix":
        return matrix.measure(host, seconds, size=sizes.matrix)
    if name == "network":
        return network.measure(host, seconds)
    return disk.measure(
        host, seconds, folder=sizes.disk_folder, file_bytes=sizes.disk_bytes, queue=sizes.disk_queue
    )


def _after(start: datetime, end: datetime) -> datetime:
    """An interval ends after it starts, even where the clock stood still or was set back."""
    if end > start:
        return end
    return datetime.fromtimestamp(int(start.timestamp()) + 1, UTC)
