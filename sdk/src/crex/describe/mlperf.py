"""Systems and results of MLPerf: system descriptions (JSON) and tables of results (CSV, TSV, JSON).

A system description is what a submitter says of a kind of node, in the members that MLCommons' submission
rules ask for; values are free text throughout (https://github.com/mlcommons/policies). A result joins the
description of its system by name, and carries its round and the day on which that was published, from the
registry of suites: when it was run no table says.

Not read, on purpose: capacities in GB or TB, of which nobody says whether they are 10^9 or 2^30 bytes; cores,
which some count per processor and others per node; power results.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final

from crex import registry
from crex.decimals import format_decimal, round_half_away
from crex.describe.importing import Draft, Import, Imported
from crex.describe.members import Members, kind_of
from crex.describe.report import Report
from crex.describe.sources import Source, read_json, read_table
from crex.describe.tables import whole_rows
from crex.describe.values import ESTIMATED, clean, provenance, token, whole
from crex.documents.convert import to_timestamp
from crex.v1 import (
    Accelerator,
    Benchmark,
    BenchmarkScope,
    ComputeResource,
    Cpu,
    DeviceMemory,
    Memory,
    NodeClass,
)

_SOURCE: Final = "MLPerf system description"
_NOTHING: Final = frozenset({"", "-", "n/a", "na", "none", "not available", "not detected"})
_BINARY: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?(Ki|Mi|Gi|Ti)B", re.IGNORECASE)
_POWERS: Final = {"ki": 10, "mi": 20, "gi": 30, "ti": 40}
_AMOUNT: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,30})?|[0-9]{1,3}(?:,[0-9]{3}){1,4}(?:\.[0-9]{1,12})?")
# Digits after the point that a document can state (SCALAR-DECIMAL-1).
_DIGITS: Final = 12
_MOST_RESULTS: Final = 256
_MOST_NODES: Final = 10**6

# Words of a name that say that it is a slice of a device: MIG and vGPU of NVIDIA, partition modes of AMD.
_SLICES: Final = re.compile(r"\b(?:MIG|vGPUs?|DPX|TPX|QPX|CPX)\b|[0-9]g\.[0-9]{1,3}gb", re.IGNORECASE)

# What a processor's name says of its instruction set; everything else says nothing.
_ISAS: Final = {
    "xeon": "x86-64",
    "epyc": "x86-64",
    "ryzen": "x86-64",
    "core(tm)": "x86-64",
    "neoverse": "aarch64",
    "grace": "aarch64",
    "altra": "aarch64",
    "graviton": "aarch64",
    "cortex-a": "aarch64",
}
# Makers by the first words of a product's name, with what such a product is.
_PRODUCTS: Final = (
    ("nvidia ", "nvidia", "gpu"),
    ("amd instinct", "amd", "gpu"),
    ("amd radeon", "amd", "gpu"),
    ("intel gaudi", "intel", "npu"),
    ("intel® gaudi", "intel", "npu"),
    ("intel(r) gaudi", "intel", "npu"),
    ("habana gaudi", "intel", "npu"),
    ("intel data center gpu", "intel", "gpu"),
    ("google tpu", "google", "tpu"),
    ("tpu-v", "google", "tpu"),
    ("tpu v", "google", "tpu"),
    ("huawei ascend", "huawei", "npu"),
    ("qualcomm cloud ai", "qualcomm", "npu"),
    ("graphcore ", "graphcore", "ipu"),
)
_UNITS: Final = {
    "tokens/s": ("tokens-per-s", True),
    "samples/s": ("samples-per-s", True),
    "queries/s": ("queries-per-s", True),
    "latency (ms)": ("ms", False),
    "ms": ("ms", False),
    "minutes": ("min", False),
    "latency (min)": ("min", False),
}
# Columns by what they state; names differ between the submission checker and the published tables.
_COLUMNS: Final = {
    "organization": ("organization", "submitter"),
    "system": ("systemname", "system name", "system name (click + for details)", "system", "system_name"),
    "model": ("mlperfmodel", "model mlc", "benchmark", "benchmark mlc"),
    "scenario": ("scenario",),
    "result": ("result", "performance_result", "avg. result at system name", "avg. result"),
    "units": ("units", "performance_units", "unit"),
    "version": ("version", "round", "mlperf version"),
    "division": ("division",),
    "errors": ("errors",),
    "inferred": ("inferred",),
    "nodes": ("number_of_nodes", "# of nodes"),
    "accelerators": ("accelerators_per_node",),
}
# What the submission checker marks a result with, and what that means.
_MARKS: Final = {
    "errors": "the checker found errors in it",
    "inferred": "it was not measured: the checker inferred it from another scenario",
}
_NEEDED: Final = ("system", "model", "result", "units", "version")


@dataclass(slots=True)
class _System:
    """One kind of node of a described system.

    Attributes:
        submitter: Who described it, in lower case; may be empty.
        name: Name of the system.
        row: Place of its description.
        draft: What is said of it.
        body: The body of the draft.
        nodes: How many of it the system has; None: not stated.
        alone: Whether the system has no other kind of node.
        told: Metrics that are told already.
    """

    submitter: str
    name: str
    row: str
    draft: Draft
    body: ComputeResource
    nodes: int | None
    alone: bool
    told: set[tuple[str, ...]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class MLPerf:
    """The importer of systems and results of MLPerf."""

    name: str = "mlperf"
    about: str = "MLPerf system descriptions and result summaries"
    commands: Sequence[Sequence[str]] = ()

    def read(self, sources: Sequence[Source]) -> Imported:
        """Reads descriptions and results together; a row is a kind of node, or a result."""
        books = Import()
        systems: list[_System] = []
        results: list[tuple[str, Mapping[str, str]]] = []
        for source in sources:
            if source.problem or not source.text.strip():
                books.leave_out(books.row(source.name), source.problem or "it is empty")
            elif source.text.lstrip()[0] in "{[":
                _json(source, books, systems, results)
            else:
                _table(source, books, results)
        for row, cells in results:
            _result(row, cells, systems, books)
        for draft in _counted(systems, books.report):
            books.add(draft)
        return books.done()


def _counted(systems: Sequence[_System], report: Report) -> Iterator[Draft]:
    """Gives the drafts; without a number where others of the submitter are of equal nodes.

    Submitters describe the same machines once for each framework and each number of nodes that ran.
    """
    keys = [(one.submitter, one.body.node.SerializeToString(deterministic=True)) for one in systems]
    told = Counter(keys)
    for system, key in zip(systems, keys, strict=True):
        if told[key] > 1 and system.nodes is not None:
            why = f"{told[key]} descriptions are of equal nodes, which may be the same machines: no pool"
            report.leave_out("number of nodes", system.row, why)
            yield replace(system.draft, count=None)
        else:
            yield system.draft


def _json(
    source: Source, books: Import, systems: list[_System], results: list[tuple[str, Mapping[str, str]]]
) -> None:
    parsed = read_json(source)
    values = parsed.value if isinstance(parsed.value, list) else [parsed.value]
    if parsed.problem or not values:
        books.leave_out(books.row(source.name), parsed.problem or "it is an empty list")
        return
    for at, value in enumerate(values):
        place = f"{source.name}: $" + (f"[{at}]" if isinstance(parsed.value, list) else "")
        one = Members.of(value, place, books.report)
        if one is None:
            books.leave_out(books.row(place), f"it is {kind_of(value)}, not an object")
        elif one.has("system_name") and (one.has("number_of_nodes") or one.has("node_types")):
            _describe(one, books, systems)
        elif one.has("SystemName") and one.has("Result"):
            cells = {str(name).lower(): str(one.raw(str(name))) for name in one.value}
            results.append((books.row(place), cells))
        else:
            books.leave_out(books.row(place), "it is neither a system description nor a result")


def _describe(system: Members, books: Import, systems: list[_System]) -> None:
    """Describes a system: of one kind of node in older descriptions, of several in newer ones."""
    types = system.mappings("node_types") if system.has("node_types") else [system]
    if not types:
        books.leave_out(books.row(system.where), "it has no kinds of nodes")
    name = _text(system, "system_name") or ""
    submitter = (_text(system, "submitter") or _text(system, "submitter_org_names") or "").lower()
    for part in types:
        row = books.row(part.where)
        nodes = part.whole("number_of_nodes", low=1, high=_MOST_NODES)
        node = _node(part, part is not system, books.report)
        if not node.ListFields():
            books.leave_out(row, "nothing of it can be stated")
            continue
        body = ComputeResource(kind="node-class", node=node)
        shown = clean(name)
        if shown:
            body.display_names["en"] = shown
        draft = Draft(name=token(name[:60]) or "mlperf-node", body=body, rows=(row,), count=nodes)
        systems.append(_System(submitter, name, row, draft, body, nodes, len(types) == 1))


def _node(part: Members, newer: bool, report: Report) -> NodeClass:
    info = part.mappings("accelerator_info") if part.has("accelerator_info") else [part]
    node = NodeClass(
        accelerators=[one for one in (_accelerator(each, report) for each in info) if one is not None]
    )
    memory = _bytes(part, "host_memory_capacity", report)
    if memory is not None:
        node.memory.CopyFrom(
            Memory(capacity_bytes=memory, provenance=provenance(f"{_SOURCE}: host_memory_capacity"))
        )
    cpu = _cpu(part, newer, report)
    if cpu is not None:
        node.cpu.CopyFrom(cpu)
    return node


def _cpu(part: Members, newer: bool, report: Report) -> Cpu | None:
    """Describes the processors, where it is known how many CPUs a node has to schedule on.

    Newer descriptions count those of a node. In older ones some submitters counted those of one processor:
    two Xeon 8480+ of 56 cores have "112", and 224 CPUs. With one processor in a node the two are the same.
    """
    model = _text(part, "host_processor_model_name")
    if model is None:
        return None
    count = (
        part.whole("host_processor_vcpu_count", low=1) if _text(part, "host_processor_vcpu_count") else None
    )
    if count is not None and not newer and _count(part, "host_processors_per_node") != 1:
        why = f"{count} are stated, of one processor or of all: descriptions of this age do not say"
        report.leave_out("node.cpu", part.where, why)
        return None
    isas = {isa for word, isa in _ISAS.items() if word in model.lower()}
    if count is None or len(isas) != 1:
        why = "it does not say how many CPUs there are (host_processor_vcpu_count); cores are no such count"
        if count is not None:
            why = f"the name {model[:60]!r} does not tell the instruction set"
        report.leave_out("node.cpu", part.where, why)
        return None
    return Cpu(
        isa=isas.pop(),
        model=model,
        sockets=_count(part, "host_processors_per_node"),
        schedulable_cpus=count,
        provenance=provenance(f"{_SOURCE}: host_processor_*; isa by the name", ESTIMATED),
    )


def _accelerator(part: Members, report: Report) -> Accelerator | None:
    name = _text(part, "accelerator_model_name")
    count = _count(part, "accelerators_per_node")
    if name is None or not count:
        if name is not None:
            report.leave_out(
                "node.accelerators", part.where, f"it does not say how many {name[:60]} a node has"
            )
        return None
    lowered = name.lower()
    known = next(((maker, kind) for start, maker, kind in _PRODUCTS if lowered.startswith(start)), None)
    if known is None:
        report.leave_out("node.accelerators", part.where, f"the name {name[:60]!r} does not tell its maker")
        return None
    if _SLICES.search(name):
        report.leave_out(
            "node.accelerators", part.where, f"{name[:60]!r} is a slice of a device, not a device"
        )
        return None
    memory = _bytes(part, "accelerator_memory_capacity", report)
    return Accelerator(
        accelerator_class=known[1],
        vendor=known[0],
        product=name,
        count=count,
        memory=DeviceMemory(capacity_bytes=memory) if memory is not None else None,
        provenance=provenance(f"{_SOURCE}: accelerator_*; maker and class by the name", ESTIMATED),
    )


def _count(part: Members, name: str) -> int | None:
    value = part.raw(name)
    if isinstance(value, str) and value.strip().lower() in _NOTHING:
        return None
    return part.whole(name, high=_MOST_NODES) if part.has(name) else None


def _bytes(part: Members, name: str, report: Report) -> int | None:
    """Gives a capacity in bytes where its unit is a binary one; GB may be either (trap 2)."""
    text = _text(part, name)
    if text is None:
        return None
    match = _BINARY.fullmatch(text)
    if match is None:
        why = f"{text[:40]!r} does not say whether it counts 10^9 or 2^30 bytes"
        report.leave_out(name, part.where, why)
        return None
    exact = Fraction(match[1]) * (1 << _POWERS[match[2].lower()])
    return int(exact) if exact.denominator == 1 and exact > 0 else None


def _text(part: Members, name: str) -> str | None:
    """Gives a text that says something; numbers as they are written."""
    value = part.raw(name)
    text = clean(str(value)) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    lowered = (text or "").lower()
    return None if lowered in _NOTHING or lowered.startswith(("not detected", "insert ")) else text


def _table(source: Source, books: Import, results: list[tuple[str, Mapping[str, str]]]) -> None:
    _, head = next(read_table(source), (0, []))
    names = [" ".join(cell.lower().split()) for cell in head]
    missing = [what for what in _NEEDED if not set(_COLUMNS[what]) & set(names)]
    twice = sorted(name for what in _COLUMNS.values() for name in what if names.count(name) > 1)
    if twice:
        books.leave_out(books.row(source.name), f"its first line has several columns {twice[0]}")
        return
    if missing:
        books.leave_out(books.row(source.name), f"its first line has no column for {', '.join(missing)}")
        return
    results.extend(whole_rows(source, names, books))


def _result(row: str, cells: Mapping[str, str], systems: Sequence[_System], books: Import) -> None:
    made = _benchmark({what: _cell(cells, names) for what, names in _COLUMNS.items()})
    if isinstance(made, str):
        books.leave_out(row, made)
        return
    name, submitter = _cell(cells, _COLUMNS["system"]), _cell(cells, _COLUMNS["organization"]).lower()
    found = [
        one
        for one in systems
        if one.name == name and (not submitter or not one.submitter or one.submitter == submitter)
    ]
    if len(found) != 1 or not found[0].alone:
        many = "several descriptions" if found else "no description"
        books.leave_out(row, f"the input has {many} of the system {name[:80]!r}")
        return
    system = found[0]
    other = _other(cells, system)
    if other:
        books.leave_out(row, f"it is of {other}; the description in {system.row} says otherwise")
        return
    key = (made.suite, made.version, made.metric, made.division)
    body = system.body
    if key in system.told or len(body.benchmarks) == _MOST_RESULTS:
        told = "is told already" if key in system.told else f"is beyond the {_MOST_RESULTS} of one document"
        books.leave_out(row, f"a result in {made.metric} of this system {told}")
        return
    system.told.add(key)
    made.scope.CopyFrom(BenchmarkScope(count=system.nodes or 1))
    body.benchmarks.append(made)
    system.draft = replace(system.draft, rows=(*system.draft.rows, row))


def _other(cells: Mapping[str, str], system: _System) -> str:
    """Says what a result was run on, where it is not what the description of its system has."""
    devices = system.body.node.accelerators
    described = {"nodes": system.nodes, "accelerators": devices[0].count if len(devices) == 1 else None}
    for what, number in described.items():
        stated = whole(_cell(cells, _COLUMNS[what]), low=1)
        if stated is not None and number is not None and stated != number:
            return f"{stated} {what}"
    return ""


def _benchmark(stated: Mapping[str, str]) -> Benchmark | str:
    """Makes a result; or says why it is none."""
    for what, why in _MARKS.items():
        if stated[what] not in ("", "0"):
            return why
    unit = _UNITS.get(stated["units"].lower())
    if unit is None:
        return f"its unit {stated['units'][:40]!r} is not known"
    suite = "mlperf-training" if unit[0] == "min" else "mlperf-inference"
    if _AMOUNT.fullmatch(stated["result"]) is None:
        return f"its result {stated['result'][:40]!r} is no number"
    scenario = stated["scenario"] if suite == "mlperf-inference" else "time to train"
    metric = token(f"{stated['model']} {scenario}") if stated["model"] and scenario else None
    if metric is None:
        return "it does not say of which model and scenario it is"
    version = stated["version"].lower().removeprefix("v")
    published = next(_published(suite, version), None)
    if published is None:
        return f"nothing is known of a round {stated['version'][:20]!r} of {suite}"
    value = Fraction(round_half_away(Fraction(stated["result"].replace(",", "")), _DIGITS), 10**_DIGITS)
    return Benchmark(
        suite=suite,
        version=version,
        metric=metric,
        unit=unit[0],
        value=format_decimal(value),
        higher_is_better=unit[1],
        division=clean(stated["division"], 64),
        published_at=to_timestamp(published),
    )


def _published(suite: str, version: str) -> Iterator[datetime]:
    for one in registry.load("benchmark-suites")[suite].members["editions"]:
        if one["version"] == version:
            yield datetime.fromisoformat(one["published"]).replace(tzinfo=UTC)


def _cell(cells: Mapping[str, str], names: Sequence[str]) -> str:
    return next((cells[name].strip() for name in names if cells.get(name)), "")


IMPORTER: Final = MLPerf()
