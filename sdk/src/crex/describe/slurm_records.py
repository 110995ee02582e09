"""Records of nodes from everything that Slurm prints them in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crex.describe.importing import Import
from crex.describe.members import Members, as_whole, kind_of
from crex.describe.sources import Source, read_json
from crex.describe.values import whole

_MOST_NODES: Final = 200_000
_LARGEST: Final = 10**12
# Other answers of Slurm's interfaces: what their lists are of.
_NO_NODES: Final = {
    "jobs": "jobs, what somebody runs",
    "statistics": "statistics of the scheduler",
    "licenses": "licences",
    "partitions": "partitions, which say who may use nodes",
    "reservations": "reservations of nodes",
    "accounts": "accounts",
    "users": "users",
    "associations": "accounting associations",
    "qos": "qualities of service",
}
_START: Final = re.compile(r"^NodeName=", re.MULTILINE)
_PAIR: Final = re.compile(r"(?:^|\s)([A-Z][A-Za-z]*(?:/[a-z]+)?)=")
_MEMORY: Final = re.compile(r"([0-9]{1,15})(?:\.0+)?([KMGT])?")
_SCALE: Final = {"K": -1, None: 0, "M": 0, "G": 1, "T": 2}
_COLUMNS: Final = {
    "nodelist": "name",
    "nodes": "nodes",
    "cpus": "cpus",
    "memory": "memory",
    "s:c:t": "shape",
    "sockets": "sockets",
    "cores": "cores",
    "threads": "threads",
    "gres": "gres",
    "state": "state",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What Slurm says of one node.

    Attributes:
        row: Its place.
        name: Its name.
        architecture: As uname names it; may be empty.
        cpus: CPUs that Slurm counts; None: not stated, as with all numbers here.
        effective: Those of them that jobs may use.
        sockets: Sockets of the node.
        cores: Cores of a socket.
        threads: Threads of a core.
        memory_mib: RealMemory.
        tres_memory_mib: Memory among its trackable resources.
        kept_mib: Memory that is kept for the system.
        gres: Generic resources, as text.
        tres_gpus: GPUs among its trackable resources.
        states: Its states, in capitals.
        features: Whether it has features.
        disk: Whether it has a local disk.
        kernel: Version of the Linux kernel; may be empty.
    """

    row: str
    name: str
    architecture: str = ""
    cpus: int | None = None
    effective: int | None = None
    sockets: int | None = None
    cores: int | None = None
    threads: int | None = None
    memory_mib: int | None = None
    tres_memory_mib: int | None = None
    kept_mib: int | None = None
    gres: str = ""
    tres_gpus: int | None = None
    states: frozenset[str] = frozenset()
    features: bool = False
    disk: bool = False
    kernel: str = ""


def read_records(sources: Sequence[Source], books: Import) -> Iterator[Record]:
    """Gives the nodes of all inputs; what is none is left out here."""
    for source in sources:
        text = source.text.lstrip()
        if source.problem or not text:
            books.leave_out(books.row(source.name), source.problem or "it is empty")
        elif text[0] in "{[":
            yield from _json(source, books)
        elif _START.search(text):
            yield from _blocks(source, books)
        else:
            yield from _table(source, books)


def _json(source: Source, books: Import) -> Iterator[Record]:
    parsed = read_json(source)
    if parsed.problem:
        why = parsed.problem
        if "Extra data" in why:
            why = "it is one object a line, in a format of somebody's own; give `scontrol show node --json`"
        books.leave_out(books.row(source.name), why)
        return
    answer = Members.of(parsed.value, f"{source.name}: $", books.report)
    if answer is None:
        books.leave_out(books.row(source.name), f"it is {kind_of(parsed.value)}, not an answer of Slurm")
        return
    field = "sinfo" if answer.has("sinfo") else "nodes"
    if not answer.has(field):
        what = next((told for name, told in _NO_NODES.items() if answer.has(name)), "something else")
        books.leave_out(books.row(source.name), f"it lists no nodes; these are {what}")
        return
    entries = answer.items(field)
    if not entries:
        books.leave_out(books.row(source.name), "it lists no node")
    for at, value in enumerate(entries[:_MOST_NODES]):
        row = books.row(f"{answer.place(field)}[{at}]")
        one = Members.of(value, row, books.report)
        record = (_sinfo(one, row) if field == "sinfo" else _node(one, row)) if one is not None else None
        if record is None:
            what = "it names no node" if one is not None else f"it is {kind_of(value)}, not a node"
            books.leave_out(row, what if field == "nodes" else f"{what}, or nodes that differ")
        else:
            yield record


def _node(one: Members, row: str) -> Record | None:
    """Reads a node of scontrol or slurmrestd."""
    name = one.raw("name")
    if not isinstance(name, str) or not name:
        return None
    tres = _tres(one.raw("tres"))
    return Record(
        row=row,
        name=name,
        architecture=_word(one.raw("architecture")),
        cpus=_number(one, "cpus"),
        effective=_number(one, "effective_cpus"),
        sockets=_number(one, "sockets"),
        cores=_number(one, "cores"),
        threads=_number(one, "threads"),
        memory_mib=_number(one, "real_memory"),
        tres_memory_mib=_mib(tres.get("mem")),
        kept_mib=_number(one, "specialized_memory"),
        gres=_word(one.raw("gres")),
        tres_gpus=whole(tres.get("gres/gpu")),
        states=_states(one.raw("state"), one.raw("state_flags")),
        features=bool(one.raw("features")),
        disk=bool(_number(one, "temporary_disk")),
        kernel=_kernel(_word(one.raw("operating_system"))),
    )


def _sinfo(one: Members, row: str) -> Record | None:
    """Reads a line of `sinfo --json`: one node, or nothing, because for several it gives sums and ranges."""
    nodes = one.mapping("nodes")
    names = nodes.texts("nodes") if nodes is not None else []
    if len(names) != 1:
        return None
    gres = one.mapping("gres")
    return Record(
        row=row,
        name=names[0],
        cpus=_range(one, "cpus"),
        sockets=_range(one, "sockets"),
        cores=_range(one, "cores"),
        threads=_range(one, "threads"),
        memory_mib=_range(one, "memory"),
        gres=_word(gres.raw("total")) if gres is not None else "",
        states=_states(_within(one, "node", "state"), None),
    )


def _within(one: Members, name: str, member: str) -> object:
    inner = one.mapping(name) if one.has(name) else None
    return inner.raw(member) if inner is not None else None


def _range(one: Members, name: str) -> int | None:
    inner = one.mapping(name) if one.has(name) else None
    if inner is None:
        return None
    low, high = _number(inner, "minimum"), _number(inner, "maximum")
    return low if low == high else None


def _number(one: Members, name: str) -> int | None:
    """Reads a number: plain, or as `{"set": true, "infinite": false, "number": 4}`."""
    value = one.raw(name)
    if isinstance(value, dict):
        if value.get("set") is not True or value.get("infinite") is not False:
            return None
        value = value.get("number")
    if value is None:
        return None
    found = as_whole(value, high=_LARGEST)
    if found is None:
        one.report.leave_out(name, one.where, f"it is {kind_of(value)}, not a whole number")
    return found


def _states(*values: object) -> frozenset[str]:
    words: set[str] = set()
    for value in values:
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                words |= set(re.findall(r"[A-Z_]+", text.upper()))
    return frozenset(words)


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _kernel(system: str) -> str:
    words = system.split()
    return words[1] if len(words) > 1 and words[0] == "Linux" else ""


def _tres(value: object) -> dict[str, str]:
    """Reads trackable resources, `cpu=64,mem=500000M,gres/gpu=4`."""
    parts = value.split(",") if isinstance(value, str) else []
    return {name.strip(): amount.strip() for name, _, amount in (part.partition("=") for part in parts)}


def _mib(text: str | None) -> int | None:
    match = _MEMORY.fullmatch(text or "")
    if match is None:
        return None
    scale = _SCALE[match[2]]
    return int(match[1]) >> 10 if scale < 0 else int(match[1]) << 10 * scale


def _blocks(source: Source, books: Import) -> Iterator[Record]:
    """Reads what `scontrol show node` prints: a block for each node, `Name=value` within."""
    text = source.text.replace("\r\n", "\n")
    starts = [match.start() for match in _START.finditer(text)]
    for at, (start, end) in enumerate(zip(starts, [*starts[1:], len(text)], strict=True)):
        if at == _MOST_NODES:
            return
        block = text[start:end]
        pairs = _pairs(block)
        row = books.row(f"{source.name}: line {text.count(chr(10), 0, start) + 1}")
        name = pairs.get("NodeName", "")
        if not name:
            books.leave_out(row, "it names no node")
        elif not block.endswith("\n\n" if "\n" in block.rstrip("\n") else "\n"):
            books.leave_out(row, "no empty line follows it, so it may be cut")
        else:
            yield _block(name, pairs, row)


def _pairs(block: str) -> dict[str, str]:
    found: dict[str, str] = {}
    matches = list(_PAIR.finditer(block))
    for match, after in zip(matches, [*matches[1:], None], strict=True):
        value = block[match.end() : after.start() if after is not None else len(block)]
        found.setdefault(match[1], value.strip())
    return found


def _block(name: str, pairs: Mapping[str, str], row: str) -> Record:
    tres = _tres(pairs.get("CfgTRES"))
    number = {key: whole(value, high=_LARGEST) for key, value in pairs.items()}
    return Record(
        row=row,
        name=name,
        architecture=pairs.get("Arch", ""),
        cpus=number.get("CPUTot"),
        effective=number.get("CPUEfctv"),
        sockets=number.get("Sockets"),
        cores=number.get("CoresPerSocket"),
        threads=number.get("ThreadsPerCore"),
        memory_mib=number.get("RealMemory"),
        tres_memory_mib=_mib(tres.get("mem")),
        kept_mib=number.get("MemSpecLimit"),
        gres=pairs.get("Gres", ""),
        tres_gpus=whole(tres.get("gres/gpu")),
        states=_states(pairs.get("State")),
        features=pairs.get("AvailableFeatures", "(null)") != "(null)",
        disk=bool(number.get("TmpDisk")),
        kernel=_kernel(pairs.get("OS", "")),
    )


def _table(source: Source, books: Import) -> Iterator[Record]:
    """Reads a table of `sinfo -N` with a first line of names, a node a line."""
    lines = source.text.splitlines()
    head = lines[0].split() if lines else []
    columns = [_COLUMNS.get(name.lower(), "") for name in head]
    if "name" not in columns or not {"memory", "gres"} & set(columns):
        books.leave_out(
            books.row(source.name), "it is neither JSON, nor nodes of scontrol, nor a table of sinfo"
        )
        return
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split()
        if not cells:
            continue
        row = books.row(f"{source.name}: line {number}")
        stated = dict(zip(columns, cells, strict=False))
        if len(cells) != len(columns):
            books.leave_out(row, f"it has {len(cells)} cells, and the first line has {len(columns)}")
        elif number == len(lines) and not source.text.endswith("\n"):
            books.leave_out(row, "it ends without a line break, so it may be cut")
        elif "[" in stated["name"] or stated.get("nodes", "1") != "1":
            books.leave_out(
                row, "it is of several nodes, for which sinfo gives sums and ranges; use `sinfo -N`"
            )
        else:
            yield _line(stated, row)


def _line(stated: Mapping[str, str], row: str) -> Record:
    shape = stated.get("shape", "").split(":")
    sockets, cores, threads = (
        shape if len(shape) == 3 else (stated.get(name) for name in ("sockets", "cores", "threads"))
    )
    return Record(
        row=row,
        name=stated["name"],
        cpus=whole(stated.get("cpus")),
        sockets=whole(sockets),
        cores=whole(cores),
        threads=whole(threads),
        memory_mib=whole(stated.get("memory"), high=_LARGEST),
        gres=stated.get("gres", ""),
        states=_states(stated.get("state")),
    )
