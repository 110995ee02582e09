"""What a resource declares of itself, beside what was measured (BENCH-DECLARED-1, BENCH-TOLERANCE-1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from crex import v1
from crex.attest import disk, matrix
from crex.attest.figures import Figure
from crex.decimals import format_decimal

Json = Mapping[str, Any]

# Share of a declared figure that a measurement must reach, by the basis of the declaration. What a maker
# states is a peak that no program reaches; what was measured or promised is what a buyer may expect.
TOLERANCE: Final[Mapping[str, Fraction]] = {
    "nominal": Fraction(1, 2),
    "estimated": Fraction(1, 2),
    "sla": Fraction(9, 10),
    "measured-provider": Fraction(9, 10),
    "measured-third-party": Fraction(9, 10),
}
_ELSE: Final = Fraction(1, 2)
_BASIS: Final = "nominal"
_GIGA, _MEGA, _KILO = 10**9, 10**6, 10**3
_STORAGE: Final = (
    ("readIops", "read-iops", 1),
    ("writeIops", "write-iops", 1),
    ("readBytesPerS", "read-bandwidth", _MEGA),
    ("writeBytesPerS", "write-bandwidth", _MEGA),
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """A figure that a resource declares of itself.

    Attributes:
        key: Metric and number format that it is held against.
        value: The figure, in the unit of the metric.
        path: JSON path of it in the document.
        basis: Basis token of its provenance.
    """

    key: tuple[str, str]
    value: Fraction
    path: str
    basis: str

    @property
    def least(self) -> Fraction:
        """What a measurement must reach, in the unit of the metric."""
        return self.value * TOLERANCE.get(self.basis, _ELSE)

    def contradicted_by(self, figure: Figure) -> bool:
        """Tells whether a measurement contradicts it."""
        return figure.median < self.least


@dataclass(frozen=True, slots=True)
class Comparison:
    """Declarations of a resource that a measurement can be held against.

    Attributes:
        declarations: By metric and number format.
        notes: What is declared and not compared, and why, for people.
    """

    declarations: Mapping[tuple[str, str], Declaration]
    notes: tuple[str, ...] = ()

    def result(self, figure: Figure) -> v1.BenchmarkResult:
        """Gives a figure as it stands in the predicate, beside what is declared."""
        message = figure.message()
        declared = self.declarations.get(figure.key)
        if declared is not None:
            message.declared = format_decimal(declared.value)
            message.declared_at = declared.path
            message.contradicts = declared.contradicted_by(figure)
        return message


NOTHING: Final = Comparison({})


def declarations(resource: Json, cpus: int, *, queue: int = disk.QUEUE) -> Comparison:
    """Gives what a resource declares of a node, as far as `crex-host` measures it.

    Args:
        resource: A ComputeResource in strict JSON form, valid against the contract.
        cpus: CPUs on which was measured. Fewer than the node has: figures of its CPUs and its memory are
            not compared, for a part of a node does not reach what the whole does.
        queue: Operations under way at the same time in the measurement of the disk.
    """
    path, node = _node(resource)
    if not node:
        return Comparison({}, ("the resource describes no node; nothing is compared",))
    found: list[Declaration] = []
    notes: list[str] = []
    whole = int(node.get("cpu", {}).get("schedulableCpus", cpus))
    if cpus < whole:
        notes.append(
            f"{cpus} of the {whole} CPUs that {path}.cpu.schedulableCpus declares were measured on: memory "
            "and CPUs are not compared"
        )
    else:
        found += _memory(node, path)
        found += _rates(node.get("cpu", {}), f"{path}.cpu", matrix.CPU_METRIC)
    devices = node.get("accelerators", ())
    if len(devices) == 1:
        found += _rates(devices[0], f"{path}.accelerators[0]", matrix.DEVICE_METRIC)
    elif devices:
        notes.append(f"{path}.accelerators has several kinds; which one was measured is not known")
    found += _storage(node, path, queue, notes)
    return Comparison({each.key: each for each in reversed(found)}, tuple(notes))


def _node(resource: Json) -> tuple[str, Json]:
    if "node" in resource:
        return "$.node", resource["node"]
    return "$.partition.contents", resource.get("partition", {}).get("contents", {})


def _memory(node: Json, path: str) -> Iterator[Declaration]:
    memory = node.get("memory", {})
    if "bandwidthBytesPerS" in memory:
        value = Fraction(int(memory["bandwidthBytesPerS"]), _GIGA)
        for metric in ("memory-copy", "memory-triad"):
            yield Declaration((metric, ""), value, f"{path}.memory.bandwidthBytesPerS", _basis(memory))


def _rates(device: Json, path: str, metric: str) -> Iterator[Declaration]:
    """Gives dense rates; of one format that of the matrix unit before that of the vector unit."""
    rates = list(enumerate(device.get("rates", ())))
    for index, rate in sorted(rates, key=lambda each: each[1]["unit"] != "matrix"):
        if rate["sparsity"] == "dense" and rate["unit"] in ("matrix", "vector"):
            value = Fraction(int(rate["mopsPerS"]), _KILO)
            yield Declaration(
                (metric, rate["numberFormat"]), value, f"{path}.rates[{index}].mopsPerS", _basis(rate)
            )


def _storage(node: Json, path: str, queue: int, notes: list[str]) -> list[Declaration]:
    """Gives rates of the one local tier; operations only at the block and queue of the measurement."""
    tiers = [
        (index, tier)
        for index, tier in enumerate(node.get("storage", ()))
        if tier.get("locality", "node-local") == "node-local" and any(name in tier for name, *_ in _STORAGE)
    ]
    if len(tiers) > 1:
        notes.append(f"{path}.storage has rates of several tiers; on which the file lay is not known")
        return []
    found: list[Declaration] = []
    for index, tier in tiers:
        here = f"{path}.storage[{index}]"
        same = (int(tier.get("blockBytes", 0)), int(tier.get("queueDepth", 0))) == (disk.BLOCK, queue)
        for member, metric, scale in _STORAGE:
            if member not in tier:
                continue
            if metric.endswith("-iops") and not same:
                notes.append(
                    f"{here}.{member} holds at another block size or queue depth than {disk.BLOCK} bytes and "
                    f"{queue}: not compared"
                )
                continue
            value = Fraction(int(tier[member]), scale)
            found.append(Declaration((metric, ""), value, f"{here}.{member}", _basis(tier)))
    return found


def _basis(value: Json) -> str:
    return str(value.get("provenance", {}).get("basis", _BASIS))


def queue_depth(resource: Json) -> int:
    """Gives the queue depth at which a tier declares its operations; that of the suite otherwise."""
    _, node = _node(resource)
    depths = {
        int(tier["queueDepth"])
        for tier in node.get("storage", ())
        if int(tier.get("blockBytes", 0)) == disk.BLOCK and "queueDepth" in tier
    }
    return min(depths) if len(depths) == 1 and 1 <= min(depths) <= disk.MOST_QUEUE else disk.QUEUE
